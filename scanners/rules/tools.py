"""What the tools of developers run and fetch by themselves: git, editors, agents, Python's own start."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.findings import Rule
from scanners.rules.case import leads_away, told
from scanners.rules.places import Place, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.anomalies import AnomalyCode
    from scanners.facts import Opens
    from scanners.findings import Finding, Severity
    from scanners.rules.case import Case

GIT: Final = Rule(
    "git-place",
    "medium",
    "Git is told to fetch from, or to run, something of its own",
    "A clone with submodules fetches from the addresses that the repository names; `ext::` and `update = !` are"
    " commands.",
    "Clone without submodules, and read what they name first.",
    ("https://nvd.nist.gov/vuln/detail/CVE-2018-17456", "https://git-scm.com/docs/gitmodules"),
)

ANOMALIES: Final[dict[AnomalyCode, Rule]] = {
    "python.path-file": Rule(
        "python-path-file",
        "medium",
        "A path file has every Python run something as it starts",
        "Where a `.pth` file lies in a folder of packages, each of its lines that begins with `import` runs whenever"
        " any"
        " Python starts there.",
        "Do not copy it into an environment.",
        ("https://docs.python.org/3/library/site.html", "https://attack.mitre.org/techniques/T1546/018/"),
    ),
}
"""The rule that speaks of each thing that runs by itself."""

RULES: Final[tuple[Rule, ...]] = (GIT, *ANOMALIES.values())

_COMMAND: Final = re.compile(r"ext::|-|!|fd::")


def _git(opened: Opens) -> Severity | None:
    if _COMMAND.match(opened.path):
        return "high"
    if opened.by == "filter":
        return "low"
    if opened.by == "path":
        return "medium" if leads_away(opened.path) else None
    place = place_of(opened.path)
    if place is Place.BAD:
        return "medium"
    return "medium" if opened.path.startswith(("/", "file:")) else "low"


def judge(case: Case) -> Iterator[Finding]:
    """Findings about what runs by itself."""
    for opened in case.opens:
        if opened.kind == "git.place" and (severity := _git(opened)) is not None:
            yield GIT.at(
                f"{GIT.title}: {opened.by} is {opened.path}", member=opened.member, severity=severity, path=opened.path
            )
    for fact in case.anomalies:
        if rule := ANOMALIES.get(fact.code):
            yield rule.at(told(rule, fact), member=fact.member, offset=fact.offset)
