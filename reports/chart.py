"""The geometry of the page's charts; the template draws them."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

WIDTH, HEIGHT, LEFT = 540, 220, 44
_BOTTOM, _TOP = 24, 8
_LABELS = 5
"""Weeks that are named below a chart, at most."""


class Bar(NamedTuple):
    """One part of a column, in units of the chart."""

    name: str
    x: float
    y: float
    width: float
    height: float


class Column(NamedTuple):
    """A week: what it counts, and how it is drawn."""

    week: date
    counts: Counter[str]
    bars: list[Bar]
    middle: float
    labelled: bool


class Columns(NamedTuple):
    """Stacked columns, one a week."""

    names: Sequence[str]
    columns: list[Column]
    ticks: list[tuple[int, float]]
    """Numbers along the axis, each with its height."""


def columns(weeks: Sequence[date], rows: Iterable[dict[str, Any]], names: Sequence[str]) -> Columns:
    """The counts of each week as columns; the first of the names lies at the bottom.

    The rows have `week`, `name` and `count`, also of names that are not drawn; a week without rows counts nothing.
    """
    counts: dict[date, Counter[str]] = {week: Counter() for week in weeks}
    for row in rows:
        counts[row["week"]][row["name"]] = row["count"]
    highest = max((sum(one[name] for name in names) for one in counts.values()), default=0)
    step = _step(highest)
    most = step * max(1, math.ceil(highest / step))
    scale = (HEIGHT - _BOTTOM - _TOP) / most
    pitch = (WIDTH - LEFT) / max(1, len(weeks))
    width = min(0.72 * pitch, 48)
    every = -(-len(weeks) // _LABELS) or 1
    drawn = []
    for at, week in enumerate(weeks):
        middle, height, bars = LEFT + (at + 0.5) * pitch, float(HEIGHT - _BOTTOM), []
        for name in names:
            part = counts[week][name] * scale
            height -= part
            if part:
                bars.append(Bar(name, round(middle - width / 2, 1), round(height, 2), round(width, 1), round(part, 2)))
        labelled = (len(weeks) - 1 - at) % every == 0
        drawn.append(Column(week, counts[week], bars, round(middle, 1), labelled))
    ticks = [(number, round(HEIGHT - _BOTTOM - number * scale, 1)) for number in range(0, most + 1, step)]
    return Columns(names, drawn, ticks)


def shares(row: dict[str, Any], names: Sequence[str], width: float) -> list[Bar]:
    """A row's counts of these names as one bar, in proportion to each other; something is never drawn as nothing."""
    total, x, bars = sum(row[name] for name in names), 0.0, []
    for name in names:
        if row[name]:
            part = max(1.5, width * row[name] / total)
            bars.append(Bar(name, round(x, 1), 0, round(part, 1), 0))
            x += part
    return bars


def spark(values: Sequence[int], width: float, height: float) -> str:
    """Values as the points of a line from the left to the right."""
    most, pitch = max(*values, 1), width / max(1, len(values) - 1)
    return " ".join(
        f"{round(at * pitch, 1):g},{round(height - 1 - (height - 2) * value / most, 1):g}"
        for at, value in enumerate(values)
    )


def _step(most: int) -> int:
    """The distance of about four round numbers up to `most`."""
    rough = max(1, most / 4)
    ten = 10 ** math.floor(math.log10(rough))
    return int(next(factor * ten for factor in (1, 2, 5, 10) if factor * ten >= rough)) or 1
