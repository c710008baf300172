"""What lies beside the parts of a file that its layout leads to: a place to keep something for a second step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanners.source import Slice, Span, merge, subtract

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scanners.scanner import Scan
    from scanners.source import Source

_FILLING_MOST: Final = 1 << 20
"""Bytes up to which a gap is read to see whether it is only filled up."""


def state_beside(
    source: Source, scan: Scan, known: Iterable[Span] | None = None, *, filling: bytes = b"\0", slack: int = 0
) -> None:
    """State and hand on what no part covers, but for `filling` and gaps of up to `slack` bytes.

    Parts are those that are `known`, or else those that the account explains.
    """
    whole = Span(0, source.size)
    for gap in scan.account.unexplained_spans() if known is None else subtract(whole, merge(known)):
        part = Slice(source, gap.start, gap.length)
        fills = gap.length <= slack or (gap.length <= _FILLING_MOST and not part.read(0, gap.length).strip(filling))
        if not fills:
            scan.anomaly("file.beside", f"{gap.length} bytes", offset=gap.start)
        if fills or scan.inside(part, f"beside@{gap.start}"):
            scan.account.examined(*gap)
