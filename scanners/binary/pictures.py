"""Where pictures are in their files: PNG, JPEG, GIF, BMP, ICO and TIFF, by the lengths and marks of their layouts.

Each walk takes a source and answers with the spans that belong to the picture; what is outside of them no decoder looks
at. `Bent` says that the layout does not hold.

Sources: PNG (ISO/IEC 15948, 5.3), JPEG (ITU-T T.81, B.1), GIF89a (18 to 27), BMP (BITMAPFILEHEADER, BITMAPINFOHEADER),
ICO (ICONDIRENTRY), TIFF 6.0 (section 2) and BigTIFF.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

from scanners.binary.cursor import Cursor
from scanners.budget import LimitReached
from scanners.source import Span

if TYPE_CHECKING:
    from scanners.source import Source


class Bent(Exception):  # noqa: N818 - a state of the file, not a mistake
    """The layout does not hold."""


_AT_ONCE: Final = 16 << 20
_SCANS_MOST: Final = 10_000
"""Of one JPEG; a progressive one has some ten."""
_DIRECTORIES_MOST: Final = 256
"""Of a TIFF; each may cost a round."""
_MARKER: Final = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")
"""What ends the coded data of a JPEG: a marker that is neither a stuffed zero nor a restart."""
_EOI, _SOS = 0xD9, 0xDA
_BARE: Final = frozenset((0x01, *range(0xD0, 0xD9)))
"""Markers of a JPEG without a length."""
_DIB: Final = frozenset((12, 40, 52, 56, 64, 108, 124))


def through(source: Source) -> Cursor:
    """A cursor over a file that is read from end to end: one round where it is of moderate size."""
    cursor = Cursor(source)
    cursor.expect(min(source.size, _AT_ONCE))
    return cursor


def png(source: Source) -> list[Span]:
    """Chunks: u32 length, four letters, data, u32 checksum; IHDR to IEND."""
    cursor, kind = through(source), b""
    cursor.at = 8
    while kind != b"IEND":
        if cursor.left < 12:
            raise Bent("no IEND")
        length, last = int.from_bytes(cursor.peek(4), "big"), kind
        kind = cursor.peek(8)[4:]
        if not kind.isalpha() or length > cursor.left - 12 or (not last and (kind, length) != (b"IHDR", 13)):
            raise Bent(f"no chunk at {cursor.at}")
        cursor.at += 12 + length
    return [Span(0, cursor.at)]


def jpeg(source: Source) -> list[Span]:
    """Segments, each a marker and a u16 length, and coded data behind SOS; one picture behind another."""
    cursor = through(source)
    while cursor.left >= 4 and cursor.peek(3) == b"\xff\xd8\xff":
        cursor.at += 2
        _picture(cursor)
    if not cursor.at:
        raise Bent("no picture")
    return [Span(0, cursor.at)]


def _picture(cursor: Cursor) -> None:
    scans = 0
    while scans < _SCANS_MOST:
        start, marker = cursor.take(2)
        if start != 0xFF:
            raise Bent(f"no marker at {cursor.at - 2}")
        if marker == 0xFF:
            cursor.at -= 1
        elif marker == _EOI:
            return
        elif marker not in _BARE:
            length = int.from_bytes(cursor.peek(2), "big")
            if length < 2 or length > cursor.left:
                raise Bent(f"a segment of {length} bytes at {cursor.at}")
            cursor.at += length
            if marker == _SOS:
                scans += 1
                _coded(cursor)
    raise LimitReached("parts", f"over {_SCANS_MOST} scans")


def _coded(cursor: Cursor) -> None:
    """Move to the marker behind coded data."""
    while cursor.left >= 2:
        piece = cursor.peek(min(1 << 16, cursor.left))
        if found := _MARKER.search(piece):
            cursor.at += found.end() - 2
            return
        # The last byte may be the first of a marker.
        cursor.at += len(piece) - 1
    raise Bent("no end of the picture")


def gif(source: Source) -> list[Span]:
    """A screen with colours, then extensions (0x21) and pictures (0x2C) of blocks of up to 255 bytes, to 0x3B."""
    cursor = through(source)
    cursor.at = 10
    _colours(cursor, cursor.take(3)[0])
    while (kind := cursor.take(1)[0]) != 0x3B:
        if kind == 0x2C:
            _colours(cursor, cursor.take(9)[8])
        elif kind != 0x21:
            raise Bent(f"no block at {cursor.at - 1}")
        cursor.at += 1
        while length := cursor.take(1)[0]:
            cursor.at += length
    return [Span(0, cursor.at)]


def _colours(cursor: Cursor, flags: int) -> None:
    if flags & 0x80:
        cursor.at += 3 << ((flags & 7) + 1)


def bmp(source: Source) -> list[Span]:
    """The header says how long the file is, and where the pixels begin."""
    size, zeros, pixels, header = struct.unpack("<IIII", source.read(2, 16))
    planes = int.from_bytes(source.read(22 if header == 12 else 26, 2), "little")
    if header not in _DIB or planes != 1 or zeros or not 14 + header <= pixels < size <= source.size:
        raise Bent("no bitmap")
    return [Span(0, size)]


def ico(source: Source) -> list[Span]:
    """A list of pictures, each with its size and its place."""
    count = int.from_bytes(source.read(4, 2), "little")
    spans = [Span(0, 6 + 16 * count)]
    for number in range(count):
        size, place = struct.unpack("<II", source.read(14 + 16 * number, 8))
        if place < spans[0].stop or not 12 <= size <= source.size - place:
            raise Bent("no picture where the list says")
        spans.append(Span(place, place + size))
    if not count:
        raise Bent("no pictures")
    return spans


# --- TIFF: directories of tags, each with its values or where they are ------------------------------------------------

_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_DIRECTORIES: Final = frozenset((330, 34665, 34853, 40965))
"""Tags whose values are places of directories: parts, Exif, GPS, interoperability."""
_DATA: Final = {273: 279, 324: 325, 513: 514}
"""Tags of places, and those of the lengths of what is there: strips, tiles, a thumbnail."""
_VALUES_MOST: Final = 1 << 20


class _Tiff:
    def __init__(self, source: Source) -> None:
        head = source.read(0, 16)
        self.source, self.little = source, head[:2] == b"II"
        self.big = self._int(head[2:4]) == 43
        self.word, self.entry = (8, 20) if self.big else (4, 12)
        self.spans = [Span(0, 16 if self.big else 8)]
        self.first = self._int(head[8:16] if self.big else head[4:8])

    def _int(self, data: bytes) -> int:
        return int.from_bytes(data, "little" if self.little else "big")

    def _take(self, start: int, length: int) -> bytes:
        if not 0 <= start <= self.source.size - length:
            raise Bent(f"{length} bytes at {start}")
        self.spans.append(Span(start, start + length))
        return self.source.read(start, length)

    def run(self) -> list[Span]:
        todo, seen = [self.first], set[int]()
        while todo:
            at = todo.pop()
            if at in seen:
                continue
            seen.add(at)
            if len(seen) > _DIRECTORIES_MOST:
                raise LimitReached("parts", f"over {_DIRECTORIES_MOST} directories")
            todo += self._directory(at)
        return self.spans

    def _directory(self, at: int) -> list[int]:
        """Take a directory; where others are."""
        lead = 8 if self.big else 2
        count = self._int(self._take(at, lead))
        rows = self._take(at + lead, count * self.entry + self.word)
        values = dict(self._values(rows[i * self.entry : (i + 1) * self.entry]) for i in range(count))
        for places, lengths in _DATA.items():
            for start, length in zip(values.get(places, ()), values.get(lengths, ()), strict=False):
                if start > self.source.size - length:
                    raise Bent(f"{length} bytes at {start}")
                self.spans.append(Span(start, start + length))
        following = self._int(rows[-self.word :])
        return [place for tag in _DIRECTORIES for place in values.get(tag, ())] + [following] * bool(following)

    def _values(self, row: bytes) -> tuple[int, list[int]]:
        """The tag, and its values where they are places or lengths."""
        tag, kind, count = self._int(row[:2]), self._int(row[2:4]), self._int(row[4 : -self.word])
        size = _SIZES.get(kind, 0)
        if count * size <= self.word:
            data = row[-self.word :]
        else:
            place = self._int(row[-self.word :])
            if place > self.source.size - count * size:
                raise Bent(f"the values of tag {tag}")
            self.spans.append(Span(place, place + count * size))
            if tag not in _DIRECTORIES and tag not in _DATA and tag not in _DATA.values():
                return tag, []
            if count > _VALUES_MOST:
                raise Bent(f"{count} values of tag {tag}")
            data = self.source.read(place, count * size)
        return tag, [self._int(data[i * size : (i + 1) * size]) for i in range(count if size in {2, 4, 8} else 0)]


def tiff(source: Source) -> list[Span]:
    """Everything that the directories lead to."""
    return _Tiff(source).run()
