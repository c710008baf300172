"""Rules and the findings that they make.

A finding cannot be made without its rule: `rule.at(fact, …)` is the only way. A rule carries its own explanation,
which `audit rules`, the text report and SARIF all show.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from scanners.facts import clip

Severity = Literal["low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")
"""Ascending."""

Verdict = Literal["clean", "incomplete", "suspicious", "malicious"]
VERDICTS: tuple[Verdict, ...] = ("clean", "incomplete", "suspicious", "malicious")
"""Ascending: a repo's verdict is the greatest of its files'."""


_CWE = "https://cwe.mitre.org/data/definitions/"


class Finding(msgspec.Struct, frozen=True):
    """One thing that a rule found in one part of one blob."""

    rule: str
    severity: Severity
    message: str
    member: str = ""
    offset: int | None = None
    evidence: dict[str, str | int] = {}


class Rule(msgspec.Struct, frozen=True):
    """A kind of finding: its identity, its weight, and what a reader needs to know."""

    id: str
    """Lower case and hyphens; never used again for another meaning."""
    severity: Severity
    """The weight that it has unless `at` is told another."""
    title: str
    """One line that says what is found."""
    why: str
    """What it means for somebody who loads the file."""
    remedy: str
    """What to do."""
    references: tuple[str, ...] = ()
    """Advisories, specifications and papers."""

    @property
    def cwes(self) -> list[int]:
        """The weaknesses that its references name, as numbers of the Common Weakness Enumeration."""
        pages = (one.removeprefix(_CWE) for one in self.references if one.startswith(_CWE))
        return [int(page.removesuffix(".html")) for page in pages]

    def at(
        self,
        message: str,
        *,
        member: str = "",
        offset: int | None = None,
        severity: Severity | None = None,
        **evidence: str | int | None,
    ) -> Finding:
        """A finding of this rule; `evidence` that is None is left out."""
        return Finding(
            self.id,
            severity or self.severity,
            clip(message, 1024),
            member,
            offset,
            {key: value for key, value in evidence.items() if value is not None},
        )


def verdict(severities: set[Severity], *, complete: bool) -> Verdict:
    """The verdict of a file, by the contract."""
    if severities & {"critical", "high"}:
        return "malicious"
    if "medium" in severities:
        return "suspicious"
    return "clean" if complete else "incomplete"
