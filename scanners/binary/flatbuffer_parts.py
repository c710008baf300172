"""What the readers of formats that are FlatBuffers do alike: walk, say what is wrong, and account for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanners.binary.flatbuffer import Flatbuffer
from scanners.budget import LimitReached
from scanners.source import Slice, merge, subtract

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from scanners.binary.flatbuffer import Schema
    from scanners.scanner import Scan
    from scanners.source import Source, Span


def walked(source: Source, scan: Scan, described: Schema, root: str, keep: Iterable[str]) -> Flatbuffer:
    """The buffer, walked from its root; what is wrong with it is stated."""
    buffer = Flatbuffer(source, described, keep)
    try:
        buffer.walk(root)
    except LimitReached as reached:
        scan.unread("limit", str(reached))
    for trouble in buffer.troubles:
        scan.anomaly("flatbuffer.bounds", trouble)
        scan.unread("broken", trouble)
    for field in buffer.unknown:
        scan.unread("unknown", f"{field}, which no schema at hand has")
    return buffer


def account(source: Source, scan: Scan, buffer: Flatbuffer, known: Callable[[Span], bool] = lambda _: False) -> None:
    """Account for the buffer; what nothing in it leads to and is not `known` is handed on, and stated."""
    for gap in buffer.gaps():
        if known(gap):
            scan.account.examined(*gap)
            continue
        scan.anomaly("flatbuffer.gap", f"{gap.length} bytes", offset=gap.start)
        if scan.inside(Slice(source, gap.start, gap.length), f"gap@{gap.start}"):
            scan.account.examined(*gap)
    opaque = merge(buffer.opaque)
    for span in merge(buffer.inert):
        for part in subtract(span, opaque):
            scan.account.inert(*part)
    for span in merge(buffer.examined):
        for part in subtract(span, opaque):
            scan.account.examined(*part)
