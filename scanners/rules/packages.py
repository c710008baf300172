"""What is installed: packages by their names, and the places that they come from.

An installer of packages runs code of theirs, so where they come from is who is trusted. Each rule's findings say what
makes it happen: a build, or somebody who follows the instructions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.findings import Rule
from scanners.rules.case import is_prose, leads_away, lowered, moment
from scanners.rules.package_names import mistaken_for
from scanners.rules.places import Place, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.facts import Opens
    from scanners.findings import Finding, Severity
    from scanners.rules.case import Case

_PIN: Final = "Install it from the index under its own name, or pin the commit and the hash that you have read."
_CONFUSION: Final = "https://medium.com/@alex.birsan/dependency-confusion-4a5d60fec610"

SOURCE: Final = Rule(
    "package-source",
    "medium",
    "A package comes from an address, not from an index",
    "Installing a package runs code of it. What lies at the address can change from one installation to the next.",
    _PIN,
    ("https://cwe.mitre.org/data/definitions/829.html", "https://attack.mitre.org/techniques/T1195/001/"),
)
INDEX: Final = Rule(
    "package-index",
    "medium",
    "Packages come from an index of somebody else's",
    "An installer takes the highest version that any of its indices has: whoever runs one of them can put any"
    " package in the place of any other.",
    _PIN,
    (_CONFUSION, "https://cwe.mitre.org/data/definitions/427.html"),
)
LOOKALIKE: Final = Rule(
    "package-lookalike",
    "medium",
    "A package has nearly the name of another",
    "One letter from a package that everybody knows is where names are registered to be installed by mistake.",
    "Check the name; install the package that was meant.",
    ("https://attack.mitre.org/techniques/T1195/001/", "https://cwe.mitre.org/data/definitions/1357.html"),
)

RULES: Final[tuple[Rule, ...]] = (SOURCE, INDEX, LOOKALIKE)

_OPTIONS: Final = frozenset(
    "--index-url --extra-index-url --find-links --index --default-index --channel --registry".split()
)
_COMMIT: Final = re.compile(
    r"@[0-9a-f]{40}(?:[#?]|\Z)|/(?:archive|tarball|raw|resolve)/[0-9a-f]{40}\b|#sha(?:256|512)="
)
_KNOWN: Final = re.compile(
    r"(?:git\+)?(?:https://|ssh://git@)?(?:www\.)?(?:git)?(?:github\.com|huggingface\.co|hf\.co"
    r"|gitlab\.com)[/:](?:spaces/)?(?:huggingface"
    r"|facebookresearch|openai|nvidia|nvlabs|pytorch|google|google-research|microsoft|meta-llama|stability-ai|compvis"
    r"|mosaicml|eleutherai|allenai|qwenlm|deepseek-ai|baidu|paddlepaddle|tensorflow|keras-team|jax-ml|apple"
    r"|amazon-science"
    r"|aws|intel|amd|rocm|unslothai|vllm-project|dao-ailab|tridao|thudm|opengvlab|open-mmlab|facebookincubator"
    r"|state-spaces"
    r"|hpcaitech|timdettmers|bitsandbytes-foundation|lm-sys|haotian-liu|xinntao|coqui-ai|m-bain|systran|snakers4"
    r"|speechbrain"
    r"|ggml-org|ggerganov|abetlen|autogptq|casper-hansen|turboderp|mistralai|ai-forever|nvidia-nemo|ultralytics)/",
    re.IGNORECASE,
)
"""Organisations whose sources are installed from their forges every day."""


def _source(opened: Opens) -> Severity | None:
    if opened.by == "local" or (opened.by == "--editable" and "://" not in opened.path):
        return "medium" if leads_away(opened.path) else None
    place = place_of(opened.path)
    if place is Place.BAD:
        return "high"
    if opened.by == "pre-commit" and place is Place.FORGE:
        return None  # Hooks of others have no other place to come from.
    if place is Place.ORDINARY:
        return None if _COMMIT.search(opened.path) and "sha" in opened.path else "medium"
    if place is Place.FORGE or place is Place.INSTALLER:
        if _COMMIT.search(opened.path):
            return None
        return "low" if _KNOWN.match(opened.path) else "medium"
    return None


def _index(opened: Opens) -> Severity | None:
    path = opened.path
    if opened.by == "--trusted-host":
        known = place_of(f"https://{path}") in {Place.INDEX, Place.OWN, Place.INSTALLER}
        return "low" if known else "medium"
    if "://" not in path:
        return None  # A channel by its name, a folder of wheels.
    place = place_of(path)
    if place is Place.BAD:
        # A mirror that everybody knows is named without encryption now and then.
        return "medium" if place_of(path.replace("http:", "https:", 1)) is Place.INDEX else "high"
    return "medium" if place in {Place.ORDINARY, Place.FORGE} else None


def judge(case: Case) -> Iterator[Finding]:
    """Findings about packages, each place and name once."""
    when, prose = moment(case.path), is_prose(case.path)
    told: set[tuple[str, str]] = set()
    for opened in case.opens:
        if opened.kind != "package.source" or (opened.by, opened.path) in told:
            continue
        told.add((opened.by, opened.path))
        chosen = INDEX if opened.by in {*_OPTIONS, "--trusted-host"} else SOURCE
        severity = _index(opened) if chosen is INDEX else _source(opened)
        if severity is None or (prose and severity == "low"):
            continue
        yield chosen.at(
            f"{chosen.title}: {opened.by + ' ' if opened.by not in {'', 'local'} else ''}{opened.path}",
            member=opened.member,
            severity=lowered(severity) if prose else severity,
            trigger=when,
            path=opened.path,
        )
    for reference in case.references:
        if reference.kind != "package" or reference.module != "pip" or ("", reference.name) in told:
            continue
        told.add(("", reference.name))
        if meant := mistaken_for(re.sub(r"[-_.]+", "-", reference.name).lower()):
            yield LOOKALIKE.at(
                f"{LOOKALIKE.title}: {reference.name}, where {meant} may be meant",
                member=reference.member,
                trigger=when,
                callee=reference.name,
            )
