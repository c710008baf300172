"""The rules as text and as JSON: all in a list, or one explained."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec

from reports.escape import as_document
from scanners.findings import SEVERITIES
from scanners.rules.triggers import of_rule

if TYPE_CHECKING:
    from collections.abc import Collection

    from scanners.findings import Rule


@cache
def examples() -> dict[str, str]:
    """What each rule has said of a file, by its id: `make docs` writes them from the tests."""
    return msgspec.json.decode(files("reports").joinpath("examples.json").read_bytes(), type=dict[str, str])


def listing(rules: Collection[Rule]) -> str:
    """Three lines for each rule, worst first: severity, trigger, id and title; an example; the remedy."""
    widest = max((len(rule.id) for rule in rules), default=0)
    return "".join(
        f"{rule.severity:<8}  {of_rule(rule.id).trigger:<10}  {rule.id:<{widest}}  {rule.title}\n"
        f"{'':22}for example: {examples().get(rule.id, '')}\n"
        f"{'':22}{rule.remedy}\n"
        for rule in _ordered(rules)
    )


def explain(rule: Rule) -> str:
    """Everything that a rule says of itself."""
    reach = of_rule(rule.id)
    parts = [
        f"{rule.id} ({rule.severity})",
        rule.title,
        f"When\n{reach.trigger}, by {reach.call}",
        f"For example\n{examples().get(rule.id, '')}",
        f"What it means\n{rule.why}",
        f"What to do\n{rule.remedy}",
    ]
    if rule.references:
        parts.append("References\n" + "\n".join(rule.references))
    return "\n\n".join(parts) + "\n"


def as_json(rules: Collection[Rule]) -> str:
    """The rules as a JSON list, worst first."""
    return as_document([_told(rule) for rule in _ordered(rules)]) + "\n"


def _told(rule: Rule) -> dict[str, Any]:
    reach = of_rule(rule.id)
    return {
        "id": rule.id,
        "severity": rule.severity,
        "trigger": reach.trigger,
        "reach": reach.call,
        "title": rule.title,
        "why": rule.why,
        "example": examples().get(rule.id, ""),
        "remedy": rule.remedy,
        "references": rule.references,
    }


def _ordered(rules: Collection[Rule]) -> list[Rule]:
    return sorted(rules, key=lambda rule: (-SEVERITIES.index(rule.severity), rule.id))
