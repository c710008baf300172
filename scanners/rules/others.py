"""Other repos that a file names: whether they are still what they were, and what they would do themselves.

No file's facts alone decide these: what stands behind a name is the Hub's to say, and changes. They are found where
the network is (audit/follow.py) and kept when facts are judged again. How names are taken over:
https://unit42.paloaltonetworks.com/model-namespace-reuse/ and
https://www.legitsecurity.com/blog/tens-of-thousands-of-developers-were-potentially-impacted-by-the-hugging-face-aijacking-attack
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.facts import Reference
from scanners.findings import SEVERITIES, Rule
from scanners.rules.files import NO_FILE, OTHER_POINTER, WRONG_HASH
from scanners.rules.surfaces import APP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scanners.facts import Fact
    from scanners.findings import Finding, Severity
    from scanners.rules.case import Case

_REUSE: Final = "https://unit42.paloaltonetworks.com/model-namespace-reuse/"
_PIN: Final = "Name the repository that you mean, with the commit that you have read."

MISSING: Final = Rule(
    "hub-repo-missing",
    "medium",
    "The file names a repository that is not there",
    "It is deleted or private, or there never was one. Whoever registers the name decides what is loaded in its place.",
    _PIN,
    (_REUSE,),
)
RENAMED: Final = Rule(
    "hub-repo-renamed",
    "medium",
    "The file names a repository that has moved",
    "The Hub sends on to where it is now, until somebody registers the old name anew.",
    _PIN,
    (_REUSE,),
)
LATER: Final = Rule(
    "hub-repo-registered-later",
    "high",
    "The file names a repository that is younger than the file",
    "What was meant was another one of this name, which is gone; somebody has registered the name since.",
    "Do not load it before you know who owns the repository now, and what the author meant.",
    (_REUSE,),
)
REACHED: Final = Rule(
    "hub-repo-reached",
    "medium",
    "Another repository, which this file names, would do harm or is unusual",
    "Loading the file loads that repository as well.",
    "Look at that repository's own findings before you load this one.",
    ("https://atlas.mitre.org/techniques/AML.T0010",),
)

ALIKE: Final = Rule(
    "hub-repo-lookalike",
    "medium",
    "The file names a repository whose owner is written almost like a well-known one",
    "Names are registered that differ from those of known organisations in a hyphen, or in a letter that looks the"
    " same.",
    _PIN,
    ("https://attack.mitre.org/techniques/T1583/001/", _REUSE),
)

RULES: Final[tuple[Rule, ...]] = (MISSING, RENAMED, LATER, REACHED, ALIKE)

KEPT: Final = frozenset(rule.id for rule in (MISSING, RENAMED, LATER, REACHED, WRONG_HASH, OTHER_POINTER, NO_FILE, APP))
"""Rules whose findings stored facts cannot bring back."""

_NAME: Final = r"[A-Za-z0-9](?:[\w.-]{0,94}[\w])?"
_NAMED: Final = re.compile(
    rf"(?:(dataset|space)s/)?({_NAME}/{_NAME})(?:@([\w./-]{{1,120}}))?(?::.*)?", re.ASCII | re.DOTALL
)
_CODE: Final = frozenset(("transformers.auto_map", "transformers.kernel"))
_SHOWN: Final = 10
"""Rules of another repo that are told through a file that names it."""


_OWNERS: Final = (
    "01-ai ai21labs allenai amazon apple baai baichuan-inc bartowski bigcode bigscience black-forest-labs cardiffnlp"
    " cognitivecomputations cohereforai coherelabs compvis cross-encoder databricks deepseek-ai distilbert eleutherai"
    " facebook facebookai google google-bert google-t5 huggingface huggingfaceh4 huggingfacetb hf-internal-testing"
    " ibm-granite internlm intfloat jinaai kernels-community laion lightricks lllyasviel lmstudio-community lmsys"
    " meta-llama microsoft minimaxai mistralai mixedbread-ai moonshotai mosaicml nomic-ai nousresearch nvidia openai"
    " openai-community openbmb opengvlab prosusai pyannote qwen runwayml salesforce sentence-transformers speechbrain"
    " stabilityai"
    " state-spaces tencent thebloke thudm tiiuae timm togethercomputer unsloth wan-ai xai-org zai-org".split()
)
"""Owners of what is most downloaded, in small letters."""


def _drawn(owner: str) -> str:
    """An owner's name as the eye takes it, without what parts words."""
    return re.sub(r"[-_.]", "", owner.casefold()).translate(str.maketrans("1i0", "llo")).replace("rn", "m")


_DRAWN: Final = {_drawn(owner): owner for owner in _OWNERS}


class Named(NamedTuple):
    """A repo as a file names it."""

    type: str
    id: str
    revision: str | None


def named(facts: Iterable[Fact]) -> dict[Named, bool]:
    """The other repos that a file names; true where it asks for their code."""
    found: dict[Named, bool] = {}
    for fact in facts:
        if isinstance(fact, Reference) and (one := _named(fact)):
            found[one] = found.get(one, False) or fact.kind in _CODE
    return found


def _named(fact: Reference) -> Named | None:
    match fact.kind:
        case "hub.repo" | "transformers.kernel":
            text = f"{fact.module}/{fact.name}"
        case "transformers.auto_map" if "--" in f"{fact.module}{fact.name}":
            text = f"{fact.module}.{fact.name}".lstrip(".").partition("--")[0]
        case _:
            return None
    match = _NAMED.fullmatch(text)
    return Named(match[1] or "model", match[2], match[3]) if match and "--" not in text and ".." not in text else None


def judge(case: Case) -> Iterator[Finding]:
    """Findings about names that are almost others."""
    for repo in named(case.references):
        owner = repo.id.partition("/")[0]
        known = _DRAWN.get(_drawn(owner))
        if known is not None and owner.casefold() not in _OWNERS:
            yield ALIKE.at(f"{ALIKE.title}: {repo.id}, where {known} may be meant", repository=repo.id)


def missing(repo: Named, *, code: bool, text: bool) -> Finding:
    """A finding for a repo that is not there; a program or a `text` may name a folder of whoever wrote it."""
    severity: Severity = "high" if code else "low" if text else MISSING.severity
    return MISSING.at(f"{MISSING.title}: {repo.id}", severity=severity, repository=repo.id)


def moved(repo: Named, now: str, *, text: bool) -> Finding | None:
    """A finding for a repo that answers under another name; letter case alone is none."""
    if repo.id.casefold() == now.casefold():
        return None
    same = repo.id.partition("/")[0] == now.partition("/")[0]
    return RENAMED.at(f"{RENAMED.title}: {repo.id} is {now}", severity="low" if same or text else None, repository=now)


def later(repo: Named, made: str, named_at: str, *, text: bool) -> Finding:
    """A finding for a repo that was made after the file that names it."""
    said = f"{LATER.title}: {repo.id} is of {made}, the file of {named_at}"
    return LATER.at(said, severity="medium" if text else None, repository=repo.id)


def reached(repo: str, commit: str, found: Iterable[tuple[str, Finding]]) -> Iterator[Finding]:
    """What is found in another repo, by path, as findings about the file that names it: the worst of each rule."""
    worst: dict[str, list[tuple[str, Finding]]] = {}
    for path, finding in sorted(found, key=lambda one: -SEVERITIES.index(one[1].severity)):
        if finding.severity != "low":
            worst.setdefault(finding.rule, []).append((path, finding))
    for rule, (first, *more) in list(worst.items())[:_SHOWN]:
        path, finding = first
        rest = f", and {len(more)} more" if more else ""
        yield REACHED.at(
            f"through {repo}: {path}: {finding.message}{rest}",
            severity=finding.severity,
            through=repo,
            commit=commit,
            rule=rule,
            path=path,
        )
