"""Compound files of Microsoft (OLE): a file system in a file, of old Office documents, macros and installers.

    header of 512 bytes | sectors: a table of which follows which (FAT), a directory of 128 bytes an entry, streams

Source: [MS-CFB] 2.1 to 2.6. Only the directory is read: what a document carries is told by the names in it.
"""

from __future__ import annotations

import struct
from codecs import utf_16_le_decode  # a sealed process could not import the codec by its name
from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.budget import LimitReached
from scanners.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.source import Source

MARK: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SECTORS_MOST: Final = 4096
"""Of the directory; with sectors of 512 bytes 16,384 entries."""
_LAST: Final = 0xFFFFFFFA
"""Numbers of sectors above this one are marks."""
_ENTRY: Final = 128


class Bent(Exception):  # noqa: N818 - a state of the file, not a mistake
    """The directory cannot be followed."""


class Entry(NamedTuple):
    """An entry of the directory."""

    name: str
    kind: int
    """1 a folder, 2 a stream, 5 the root."""
    owner: bytes
    """The id of the class that reads it, 16 bytes."""


def entries(source: Source) -> Iterator[Entry]:
    """The directory; raises `Bent`."""
    if source.size < 512:
        raise Bent("no header")
    head = source.read(0, 512)
    shift, sector = int.from_bytes(head[30:32], "little"), int.from_bytes(head[48:52], "little")
    if shift not in {9, 12}:
        raise Bent(f"sectors of 2^{shift} bytes")
    tables = struct.unpack_from("<109I", head, 76)
    size, seen = 1 << shift, set[int]()
    while sector < _LAST:
        if sector in seen:
            raise Bent("a directory in a circle")
        seen.add(sector)
        if len(seen) > _SECTORS_MOST:
            raise LimitReached("parts", f"over {_SECTORS_MOST} sectors of a directory")
        yield from _named(_sector(source, sector, shift))
        # Tables of the tables are those of files past 6.8 MB; their directories are among what the first ones list.
        table, place = divmod(sector, size // 4)
        if table >= len(tables) or tables[table] >= _LAST:
            raise Bent("a directory beyond the first tables")
        sector = int.from_bytes(_sector(source, tables[table], shift)[4 * place : 4 * place + 4], "little")


def _sector(source: Source, number: int, shift: int) -> bytes:
    start = (number + 1) << shift
    if start >= source.size:
        raise Bent(f"sector {number} is not there")
    stop = min(source.size, start + (1 << shift))
    source.want(Span(start, stop))
    return source.read(start, stop - start).ljust(1 << shift, b"\0")


def _named(data: bytes) -> Iterator[Entry]:
    for at in range(0, len(data), _ENTRY):
        length, kind = struct.unpack_from("<HB", data, at + 64)
        if kind and 2 <= length <= 64:
            name, _ = utf_16_le_decode(data[at : at + length - 2], "backslashreplace", True)
            yield Entry(name, kind, data[at + 80 : at + 96])
