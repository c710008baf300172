"""What a dataset and a Space run that a model does not, and when: the same file weighs differently in each.

Sources: datasets' loader (`NAME/NAME.py`, until 4.0 with trust_remote_code), its `data_files` (fsspec URLs, chained by
`::`); huggingface.co/docs/hub/spaces-config-reference (`sdk`, `app_file`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from scanners.facts import Reference
from scanners.findings import SEVERITIES, Rule
from scanners.rules.python_code import FETCHES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scanners.facts import Fact
    from scanners.findings import Finding, Severity
    from scanners.rules.case import Case

ELSEWHERE: Final = Rule(
    "dataset-data-elsewhere",
    "medium",
    "The dataset takes its data from elsewhere",
    "Loading it opens an address, or a path of the machine that loads it: nothing of what lies there was examined, and"
    " it can be exchanged at any time.",
    "Look at where it leads; load a dataset that brings its own files.",
    (
        "https://huggingface.co/docs/hub/datasets-manual-configuration",
        "https://cwe.mitre.org/data/definitions/918.html",
    ),
)
SCRIPT: Final = Rule(
    "dataset-script",
    "medium",
    "The dataset has a script that loads it",
    "Releases of datasets before 4.0 run it: with `trust_remote_code=True`, before 2.20 without a question.",
    "Read the script, or load the files that the Hub has converted (refs/convert/parquet).",
    ("https://github.com/huggingface/datasets/releases/tag/4.0.0", "https://arxiv.org/abs/2409.09368"),
)
APP: Final = Rule(
    "space-app-disguised",
    "medium",
    "The Space starts a program that is not named like one",
    "`app_file` in the card names it. Whoever reads the repository, or scans it by names, takes it for something else.",
    "Read it as the program that it is before you run the Space.",
    ("https://huggingface.co/docs/hub/spaces-config-reference",),
)

RULES: Final[tuple[Rule, ...]] = (ELSEWHERE, SCRIPT, APP)

_BY_HAND: Final[dict[str, Severity]] = {
    "python-runs-programs": "medium",
    "python-loads-native-code": "medium",
    "python-tampers": "medium",
    "python-reaches-out": "low",
    "python-trusts-remote-code": "low",
    "python-deletes-files": "low",
}
"""What a program may weigh at most that somebody starts, and that is no part of a model: programs do such things."""
_LOADER: Final = "datasets.load_dataset(trust_remote_code=True), datasets before 4.0"
_PROGRAMS: Final = (".py", ".html", ".htm")


def judge(case: Case) -> Iterator[Finding]:
    """Findings about what the card of a dataset names."""
    for path in dict.fromkeys(opened.path for opened in case.opens if opened.kind == "dataset.data-file"):
        yield ELSEWHERE.at(f"{ELSEWHERE.title}: {path}", path=path)


def placed(findings: Iterable[Finding], path: str, kind: str, repo: str) -> list[Finding]:
    """The findings about a file of a dataset or a Space, as they weigh there, and those that only its place makes."""
    found = list(findings)
    if kind == "dataset" and path == f"{repo.rpartition('/')[2]}.py":
        found = [_from(finding, "load", _LOADER) for finding in found]
        return [*found, SCRIPT.at(f"{SCRIPT.title}: {path}", reach=_LOADER)]
    by = "python FILE" if kind == "dataset" else "python FILE, which the Hub does when the Space starts"
    return [_by_hand(finding, by) if finding.rule.startswith("python-") else finding for finding in found]


def app(facts: Iterable[Fact]) -> str | None:
    """The program that the card of a Space names, where its name does not say that it is one."""
    named = (fact.name for fact in facts if isinstance(fact, Reference) and fact.kind == "space.app")
    return next((name for name in named if name and not name.lower().endswith(_PROGRAMS)), None)


def disguised(path: str) -> Finding:
    """A finding about the program of a Space."""
    return APP.at(f"{APP.title}: {path}")


def _by_hand(finding: Finding, by: str) -> Finding:
    most = _BY_HAND.get(finding.rule)
    if finding.evidence.get("when") not in {"import", "load"} or FETCHES.search(finding.message):
        return finding
    severity = finding.severity if most is None else min(finding.severity, most, key=SEVERITIES.index)
    return msgspec.structs.replace(_from(finding, "manual run", by), severity=severity)


def _from(finding: Finding, trigger: str, reach: str) -> Finding:
    if finding.evidence.get("when") not in {"import", "load"}:
        return finding
    return msgspec.structs.replace(finding, evidence=finding.evidence | {"trigger": trigger, "reach": reach})
