"""The Hub's own verdicts beside ours, as the view `hub_comparison` holds them against each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from reports.escape import visible
from reports.lines import Piece, line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.lines import Line
    from reports.record import Audit, File

Alarmed = Literal["both", "only the Hub", "only hub-audit", "neither", "not scanned by the Hub"]

_FLAGGED = frozenset(("caution", "suspicious", "unsafe"))
_SHOWN = 20
"""Disagreements shown to people."""


class Beside(NamedTuple):
    """What the Hub says of the files of an audit."""

    scanned: int
    not_scanned: int
    disagreements: tuple[tuple[File, Alarmed], ...]


def alarmed(file: File) -> Alarmed:
    """Who alarms about a file. What the Hub has not scanned, or not to its end, is never safe."""
    status = file.hub[0].status if file.hub else ""
    ours = file.verdict in {"suspicious", "malicious"}
    if status in _FLAGGED:
        return "both" if ours else "only the Hub"
    if status == "safe":
        return "only hub-audit" if ours else "neither"
    return "not scanned by the Hub"


def beside(audit: Audit) -> Beside:
    """The comparison of an audit's files."""
    pairs = [(file, alarmed(file)) for file in audit.files]
    scanned = sum(who != "not scanned by the Hub" for _, who in pairs)
    differ = tuple(pair for pair in pairs if pair[1] in {"only the Hub", "only hub-audit"})
    return Beside(scanned, len(pairs) - scanned, differ)


def reasons(file: File) -> str:
    """What the Hub says of a file, with the scanners that are not content."""
    said = "; ".join(f"{one.scanner}: {one.message or one.status}" for one in file.hub[1:] if one.status in _FLAGGED)
    return f"{file.hub[0].status} ({said})" if said else file.hub[0].status


def as_lines(audit: Audit) -> Iterator[Line]:
    """The comparison for people: a count where the two agree, nothing where the Hub has scanned nothing."""
    told = beside(audit)
    if not told.scanned:
        return
    yield line()
    rest = f", {told.not_scanned} not scanned" if told.not_scanned else ""
    yield line(Piece("THE HUB'S OWN SCANNERS", "bold"), f"  {told.scanned} of {len(audit.files)} files{rest}")
    for file, who in told.disagreements[:_SHOWN]:
        yield line(Piece(visible(file.path), "cyan"), f"  {who} alarms", indent=2)
        yield line(visible(f"the Hub says {reasons(file)}, hub-audit says {file.verdict}"), indent=6)
    if len(told.disagreements) > _SHOWN:
        yield line(f"and {len(told.disagreements) - _SHOWN} more", indent=2)
