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
_ASK, _ASK_MOST = 4096, 64 << 20
"""Bytes asked for at the end of each archive, most directories being shorter; and at most, of a chain that is read
through because its archives are short."""
_SKIPPED = 4 << 20
"""Bytes of an archive that are worth a round trip if they need not be fetched yet."""


class _Link(NamedTuple):
    span: Span
    claims: tuple[tuple[bytes, int], ...]
    """What the archive says that it holds where: a mark, and an offset from its beginning."""


def links(source: Source) -> list[Span]:
    """The archives that fill the source, first to last; none where it is not two or more of them."""
    found: list[_Link] = []
    stop, asked, ask = source.size, source.size, _ASK
    while stop:
        if stop - _ENDS < asked:
            # With the end of an archive comes the beginning of the one behind it.
            asked = max(0, stop - ask)
            source.want(Span(asked, min(source.size, stop + len(zr.LOCAL))))
        link = _link(source, stop)
        if link is None or not _begins(source, found):
            return []
        found.append(link)
        if stop - link.span.start > _SKIPPED:
            ask = _ASK
        elif link.span.start <= asked:
            ask = min(ask * 8, _ASK_MOST)
        stop = link.span.start
        if len(found) > _LINKS_MOST:
            raise LimitReached("entries", f"over {_LINKS_MOST} archives in one file")
    if not _begins(source, found):
        return []
    true = {link.span.start + at for link in found for _, at in link.claims}
    source.want(*(Span(at, at + 4) for link in found for _, at in link.claims))
    for link in found:
        for mark, at in link.claims:
            if at not in true and source.read(at, 4) == mark:
                return []
    return [link.span for link in reversed(found)] if len(found) > 1 else []


def _begins(source: Source, found: list[_Link]) -> bool:
    """Whether the archive that was found last begins with a member; where none was, all is well."""
    return not found or source.read(found[-1].span.start, len(zr.LOCAL)) == zr.LOCAL


def _link(source: Source, stop: int) -> _Link | None:
    """The archive that ends at `stop`, None where none does."""
    base = max(0, stop - _ENDS)
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
    if end.stop != stop or not 0 <= start < stop:
        return None
    return _Link(Span(start, stop), tuple(claims))
