"""Members that no directory lists, found by their local headers in bytes that nothing else explains.

Readers that stream (libarchive, Java's ZipInputStream) see them; torch and Python's zipfile do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanners.binary import zip_records as zr
from scanners.binary.zipdir import Member, read_local

if TYPE_CHECKING:
    from scanners.source import Source, Span

_NAME_MOST = 4096
_METHOD_MOST = 99


def hidden_members(source: Source, gap: Span) -> list[Member]:
    """The members whose local headers stand in `gap`, one behind the other; the gap is held in memory."""
    data = source.read(gap.start, gap.length)
    members: list[Member] = []
    at = data.find(zr.LOCAL)
    while at >= 0:
        member = _member(source, gap, data, gap.start + at)
        if member is not None:
            members.append(member)
        at = data.find(zr.LOCAL, at + 4 if member is None else max(at + 4, member.stop - gap.start))
    return members


def _member(source: Source, gap: Span, data: bytes, at: int) -> Member | None:
    local = read_local(source, at)
    if local is None or at + local.length > gap.stop or not local.raw_name or len(local.raw_name) > _NAME_MOST:
        return None
    if local.method > _METHOD_MOST or not local.names[0].replace("\0", "").isprintable():
        return None
    start, length = at + local.length, local.compressed
    if local.flags & zr.FLAG_DESCRIPTOR and not length:
        length = _streamed_length(data, start - gap.start)
    stop = min(gap.stop, start + length)
    return Member(
        names=local.names, raw_name=local.raw_name, method=local.method, flags=local.flags, crc=local.crc,
        compressed=stop - start, size=local.size or stop - start, header_offset=at, data_offset=start, stop=stop,
        attributes=0, origin="hidden",
    )  # fmt: skip


def _streamed_length(data: bytes, start: int) -> int:
    """Length of the data that begins at `data[start:]`, by the descriptor that says so, else by what comes next."""
    at = data.find(zr.DESCRIPTOR, start)
    while at >= 0:
        for width in (4, 8):
            if int.from_bytes(data[at + 8 : at + 8 + width], "little") == at - start:
                return at - start
        at = data.find(zr.DESCRIPTOR, at + 4)
    following = data.find(zr.LOCAL, start)
    return (following if following >= 0 else len(data)) - start
