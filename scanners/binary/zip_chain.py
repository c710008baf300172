"""Archives one behind the other in one file, as torch's distributed checkpoints keep their tensors.

A `.distcp` file holds a whole torch.save archive for each item, at an offset that `.metadata` knows
(torch/distributed/checkpoint/filesystem.py, _write_item). Each archive counts its offsets from its own beginning, so
the chain is found from its end: an end record says how far in front of it its archive begins.

Rule: it is a chain only if no end record means anything when its offsets are counted from the start of the file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scanners.binary import zip_records as zr
from scanners.budget import LimitReached
from scanners.source import Span

if TYPE_CHECKING:
    from scanners.source import Source

_ENDS = zr.END64_SIZE + zr.LOCATOR64_SIZE + zr.END_SIZE
_LINKS_MOST = 65_536
_ASK = 4096
"""Bytes asked for at the end of each archive: most directories are shorter."""


class _Link(NamedTuple):
    span: Span
    claims: tuple[tuple[bytes, int], ...]
    """What the archive says that it holds where: a mark, and an offset from its beginning."""


def links(source: Source) -> list[Span]:
    """The archives that fill the source, first to last; none where it is not two or more of them."""
    found: list[_Link] = []
    stop = source.size
    while stop:
        link = _link(source, stop)
        if link is None:
            return []
        found.append(link)
        stop = link.span.start
        if len(found) > _LINKS_MOST:
            raise LimitReached("entries", f"over {_LINKS_MOST} archives in one file")
    true = {link.span.start + at for link in found for _, at in link.claims}
    source.want(*(Span(at, at + 4) for link in found for _, at in link.claims))
    for link in found:
        for mark, at in link.claims:
            if at not in true and source.read(at, 4) == mark:
                return []
    return [link.span for link in reversed(found)] if len(found) > 1 else []


def _link(source: Source, stop: int) -> _Link | None:
    """The archive that ends at `stop`, None where none does."""
    base = max(0, stop - _ENDS)
    source.want(Span(max(0, stop - _ASK), stop))
    data = source.read(base, stop - base)
    at = len(data) - zr.END_SIZE
    if at < 0 or not data.startswith(zr.END, at):
        return None
    end = zr.parse_end(data, at, base, source.size)
    directory, size, claims = end.start, end.size, [(zr.ENTRY, end.start)]
    top = end.offset
    if data.startswith(zr.LOCATOR64, at - zr.LOCATOR64_SIZE) and at >= zr.LOCATOR64_SIZE:
        wide = zr.parse_end64(data, base) if len(data) == _ENDS else None
        if wide is None or not zr.agree(end, wide):
            return None
        directory, size, top = wide.start, wide.size, wide.offset
        stated = int.from_bytes(data[at - 12 : at - 4], "little")
        claims = [(zr.ENTRY, directory), (zr.END64, stated)]
        if stated != directory + size:
            return None
    start = top - size - directory
    if end.stop != stop or not 0 <= start < stop or source.read(start, 4) != zr.LOCAL:
        return None
    return _Link(Span(start, stop), tuple(claims))
