"""The blocks of a RAR archive: what is in it, under which names, and where; nothing is unpacked.

    5: "Rar!" 1A 07 01 00 | blocks: u32 checksum, length, kind, flags, {length of extra}, {length of data}, …
    4: "Rar!" 1A 07 00    | blocks: u16 checksum, u8 kind, u16 flags, u16 length, {u32 length of data}, …

Numbers of 5 are of 7 bits a byte. Sources: https://www.rarlab.com/technote.htm, and technote.txt of RAR 4.20.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.binary.read_ahead import Ahead
from scanners.budget import LimitReached
from scanners.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.source import Source

MARK: Final = b"Rar!\x1a\x07"
_BLOCKS_MOST: Final = 200_000
_HEAD_MOST: Final = 2 << 20
"""Bytes of a block's header, by the note."""
_FILE, _SERVICE, _CRYPT, _LAST = 2, 3, 4, 5
_FILE4, _MAIN4, _LAST4 = 0x74, 0x73, 0x7B
_STORED4: Final = 0x30


class Bent(Exception):  # noqa: N818 - a state of the archive, not a mistake
    """No block where one should be."""


class Block(NamedTuple):
    """A block."""

    name: str | None
    """Of the file; None where it is no file."""
    head: Span
    data: Span
    stored: bool
    """The data is the file as it is."""
    encrypted: bool
    """The data; of a block that is no file, all that follows."""


def blocks(source: Source) -> Iterator[Block]:
    """The blocks, to the one that ends the archive; raises `Bent` and `Truncated`."""
    ahead = Ahead(source)
    newer = ahead.take(7)[6] == 1
    ahead.at += newer
    for _ in range(_BLOCKS_MOST):
        block, last = _newer(ahead) if newer else _older(ahead)
        yield block
        if last or (block.encrypted and block.name is None):
            return
        if block.data.stop > source.size:
            raise Bent("the data reaches past the end")
        ahead.step_over(block.data.length)
    raise LimitReached("members", f"over {_BLOCKS_MOST} blocks")


class _Numbers:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def next(self) -> int:
        value = shift = 0
        while self.at < len(self.data) and shift < 64:
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
        raise Bent("no number")


def _newer(ahead: Ahead) -> tuple[Block, bool]:
    start = ahead.at
    size = _Numbers(ahead.peek(7)[4:])
    length = size.next()
    if length > _HEAD_MOST:
        raise Bent(f"a header of {length} bytes")
    ahead.at += 4 + size.at
    head = _Numbers(ahead.take(length))
    kind, flags = head.next(), head.next()
    extra = head.next() if flags & 1 else 0
    data = Span(ahead.at, ahead.at + (head.next() if flags & 2 else 0))
    place = Span(start, ahead.at)
    if kind not in {_FILE, _SERVICE}:
        return Block(None, place, data, stored=False, encrypted=kind == _CRYPT), kind == _LAST
    about = head.next()
    head.next()
    head.next()
    head.at += 4 * (bool(about & 2) + bool(about & 4))
    packing = head.next()
    head.next()
    length = head.next()
    name = head.data[head.at : head.at + length]
    # The first kind of record in the extra area is that of encryption.
    encrypted = bool(extra) and _first_record(head.data[len(head.data) - extra :]) == 1
    stored = packing >> 7 & 7 == 0
    shown = name.decode("utf-8", "backslashreplace") if kind == _FILE else None
    return Block(shown, place, data, stored=stored, encrypted=encrypted and kind == _FILE), False


def _first_record(extra: bytes) -> int:
    record = _Numbers(extra)
    record.next()
    return record.next()


def _older(ahead: Ahead) -> tuple[Block, bool]:
    start = ahead.at
    kind, flags, length = struct.unpack("<2xBHH", ahead.peek(7))
    if not 0x72 <= kind <= 0x7B or length < 7:
        raise Bent(f"no block at {start}")
    head = ahead.take(length)
    long = kind == _FILE4 or flags & 0x8000
    added = int.from_bytes(head[7:11], "little") if long else 0
    if kind != _FILE4:
        encrypted = kind == _MAIN4 and bool(flags & 0x80)
        data = Span(ahead.at, ahead.at + added)
        return Block(None, Span(start, ahead.at), data, stored=False, encrypted=encrypted), kind == _LAST4
    if length < 32:
        raise Bent(f"a file's header of {length} bytes")
    method, size = head[25], int.from_bytes(head[26:28], "little")
    at = 40 if flags & 0x100 else 32
    added += int.from_bytes(head[32:36], "little") << 32 if flags & 0x100 else 0
    name = head[at : at + size].partition(b"\0")[0].decode("utf-8", "backslashreplace")
    data = Span(ahead.at, ahead.at + added)
    return Block(name, Span(start, ahead.at), data, stored=method == _STORED4, encrypted=bool(flags & 4)), False
