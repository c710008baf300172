"""The rules as text: all in a list, or one explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanners.findings import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Collection

    from scanners.findings import Rule


def listing(rules: Collection[Rule]) -> str:
    """One line for each rule: severity, id, title; worst first."""
    widest = max((len(rule.id) for rule in rules), default=0)
    ordered = sorted(rules, key=lambda rule: (-SEVERITIES.index(rule.severity), rule.id))
    return "".join(f"{rule.severity:<8}  {rule.id:<{widest}}  {rule.title}\n" for rule in ordered)


def explain(rule: Rule) -> str:
    """Everything that a rule says of itself."""
    parts = [
        f"{rule.id} ({rule.severity})",
        rule.title,
        f"What it means\n{rule.why}",
        f"What to do\n{rule.remedy}",
    ]
    if rule.references:
        parts.append("References\n" + "\n".join(rule.references))
    return "\n\n".join(parts) + "\n"
