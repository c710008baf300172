"""What of an HDF5 file no structure leads to: a user block, free space, and bytes behind the end.

Honest files have free space: what was deleted, moved or grown leaves its old bytes behind, and blocks of metadata are
padded. Once everything that leads anywhere was followed, no program that reads HDF5 gets there, as none makes more of
raw data than numbers. So it is inert like raw data, unless somebody hid a file there: what begins like one is read as
one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanners.binary.codecs import CODECS
from scanners.binary.embedded import hand_on, kind_of
from scanners.facts import Anomaly, Unread
from scanners.source import Missing, Slice, Span, merge

if TYPE_CHECKING:
    from scanners.facts import AnomalyCode, Fact
    from scanners.scanner import Scan
    from scanners.source import Source

_GAPS_MOST: Final = 8192
_LOOK: Final = 4096
"""Bytes at the beginning of a gap in which a file may begin: zeros may stand before it."""


def explain(source: Source, scan: Scan, used: Span, *, whole: bool) -> None:
    """Account for what is left; `used` lies between user block and tail, `whole` says that all was followed."""
    gaps = scan.account.unexplained_spans()
    inside = [Span(max(gap.start, used.start), min(gap.stop, used.stop)) for gap in gaps]
    inside = [gap for gap in inside if gap.start < gap.stop] if whole else []
    outside = [Span(0, used.start), Span(used.stop, source.size)]
    source.want(*(Span(gap.start, min(gap.stop, gap.start + _LOOK)) for gap in (*outside, *inside[:_GAPS_MOST])))
    missing: list[Span] = []
    parts: list[tuple[Span, AnomalyCode, str]] = [
        (outside[0], "hdf5.user-block", "userblock"),
        (outside[1], "hdf5.trailing", f"tail@{used.stop}"),
        *((gap, "hdf5.gap", f"gap@{gap.start}") for gap in inside[:_GAPS_MOST]),
    ]
    for gap, code, name in parts:
        try:
            _look(source, scan, gap, code, name)
        except Missing as more:
            missing.extend(more.spans)
    if missing:
        raise Missing(merge(missing))
    if len(inside) > _GAPS_MOST:
        scan.unread("limit", f"{len(inside)} gaps, {_GAPS_MOST} were looked at", offset=inside[_GAPS_MOST].start)


def _look(source: Source, scan: Scan, gap: Span, code: AnomalyCode, name: str) -> None:
    """Read what begins like a file; the rest is inert. Outside of the file, that there is something is worth a word."""
    if gap.start >= gap.stop:
        return
    head = source.read(gap.start, min(_LOOK, gap.length))
    zeros = len(head) - len(head.lstrip(b"\0"))
    if zeros == len(head):
        end = max(gap.start, gap.stop - _LOOK)
        if code == "hdf5.trailing" and any(source.read(end, gap.stop - end)):
            scan.anomaly(code, f"data, {gap.length} bytes", offset=gap.start)
        scan.account.inert(*gap)
        return
    part = Slice(source, gap.start + zeros, gap.length - zeros)
    kind, known, explained, stated = kind_of(part), "", True, len(scan.facts)
    if kind or code != "hdf5.gap":
        # A script is a text to us, and a program to a shell.
        known, explained = hand_on(scan, part, kind or "text", name)
    if kind in CODECS and all(map(_is_data, scan.facts[stated:])):
        # Chunks that were deleted are compressed numbers, and something else follows on them.
        del scan.facts[stated:]
        known = ""
    if known or code != "hdf5.gap":
        scan.anomaly(code, f"{known or 'data'}, {gap.length} bytes", offset=gap.start)
    if explained or not known:
        scan.account.inert(*gap)


def _is_data(fact: Fact) -> bool:
    return isinstance(fact, Unread) or (isinstance(fact, Anomaly) and fact.code.startswith("compressed."))
