"""Risk over time in a few lines of text: one bar a week."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from reports.escape import visible
from scanners.findings import SEVERITIES

if TYPE_CHECKING:
    from reports.query import Table

_MARKS = {"critical": "#", "high": "+", "medium": "-", "low": "."}
_LEVELS = " ▁▂▃▄▅▆▇█"
_WIDEST = 40
"""Columns of the longest bar."""


def trend_text(table: Table) -> str:
    """The findings of each week by severity.

    The rows are those of the view `trend`, or any others with its columns `week`, `severity` and `findings`; counts
    of one week and severity are added up.
    """
    week, severity, findings = (table.columns.index(name) for name in ("week", "severity", "findings"))
    weeks: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in table.rows:
        weeks[str(row[week])][row[severity]] += int(row[findings])
    if not weeks:
        return "No findings yet.\n"
    worst_first = SEVERITIES[::-1]
    most = max(counts.total() for counts in weeks.values())
    names = "  ".join(f"{name:>8}" for name in worst_first)
    lines = [f"{'week of':<10}  {names}"]
    for day, counts in sorted(weeks.items()):
        numbers = "  ".join(f"{counts[name]:>8}" for name in worst_first)
        bar = "".join(_MARKS[name] * _columns(counts[name], most) for name in worst_first)
        lines.append(f"{visible(day):<10}  {numbers}  {bar}".rstrip())
    lines.append(f"{'':<10}  {'  '.join(f'{_MARKS[name]:>8}' for name in worst_first)}")
    return "".join(f"{line}\n" for line in lines)


def groups_text(table: Table, by: str) -> str:
    """The findings of each week by the column `by`: a line for each of its values, those with the most now first.

    The other columns are `week` and `findings`; the bars of one line are in proportion to each other.
    """
    week, group, findings = (table.columns.index(name) for name in ("week", by, "findings"))
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in table.rows:
        counts[str(row[group] or "-")][str(row[week])] += int(row[findings])
    if not counts:
        return "No findings yet.\n"
    weeks = sorted({day for one in counts.values() for day in one})
    rows = sorted(counts.items(), key=lambda item: (-item[1][weeks[-1]], -item[1].total(), item[0]))
    width = max(len(visible(name)) for name, _ in rows)
    lines = [f"{by:<{width}}  {'now':>7}  {'before':>7}  {weeks[0]} to {weeks[-1]}"]
    for name, one in rows:
        now, before = one[weeks[-1]], one[weeks[-2]] if len(weeks) > 1 else 0
        bars = "".join(_LEVELS[-(-one[day] * (len(_LEVELS) - 1) // max(one.values()))] for day in weeks)
        lines.append(f"{visible(name):<{width}}  {now:>7}  {before:>7}  {bars}".rstrip())
    return "".join(f"{line}\n" for line in lines)


def _columns(count: int, most: int) -> int:
    """The length of a bar: in proportion, but never nothing for something."""
    return max(1, round(count * _WIDEST / max(most, _WIDEST))) if count else 0
