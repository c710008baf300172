"""Where sound, film and fonts are in their files: RIFF and its kin, boxes, EBML, frames, pages, tables.

Each walk is as those of `scanners.binary.pictures`: what it answers with belongs to the content. Decoders of FLAC and
Ogg look for the next frame in whatever they do not know, so all up to the last one is the stream's.

Sources: RIFF (Microsoft, 1991) and RF64 (EBU Tech 3306), AIFF 1.3, ISO/IEC 14496-12 (4.2), RFC 8794 (EBML), RFC 9639
(FLAC), RFC 3533 (Ogg), ISO/IEC 11172-3 (2.4.1.3) and ID3v2.4, OpenType 1.9 (table directory), WOFF 1 and 2.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

from scanners.binary.pictures import Bent
from scanners.binary.read_ahead import Ahead
from scanners.source import Span

if TYPE_CHECKING:
    from scanners.source import Source

_PARTS_MOST: Final = 65_536
_FONTS_MOST: Final = 256
_SIGNATURES: Final = frozenset((b"jP  ", b"JXL "))
_FIRST_BOXES: Final = frozenset((b"ftyp", *_SIGNATURES))
"""Boxes of which a file has one."""
_OPEN: Final = frozenset((0, 0xFFFFFFFF))
"""Sizes of a RIFF whose writer could not go back."""


def riff(source: Source) -> list[Span]:
    """`RIFF`, u32 size, form and chunks; a film goes on in another one behind it."""
    at = 0
    while at <= source.size - 12 and source.read(at, 4) in {b"RIFF", b"RF64"} and (not at or _goes_on(source, at)):
        size = int.from_bytes(source.read(at + 4, 4), "little")
        at = source.size if size in _OPEN else at + 8 + size + size % 2
    if not 0 < at <= source.size + 1:
        raise Bent(f"{at} bytes, and {source.size} are there")
    return [Span(0, min(at, source.size))]


def _goes_on(source: Source, at: int) -> bool:
    return source.read(at + 8, 4) == b"AVIX"


def aiff(source: Source) -> list[Span]:
    """`FORM`, u32 size, form and chunks."""
    stop = 8 + int.from_bytes(source.read(4, 4), "big")
    if stop > source.size:
        raise Bent(f"{stop} bytes, and {source.size} are there")
    return [Span(0, stop + stop % 2)]


def boxes(source: Source) -> list[Span]:
    """Boxes: u32 length, four letters; 1 stands for a u64 behind them, 0 for all the rest."""
    ahead, first = Ahead(source), set[bytes]()
    for _ in range(_PARTS_MOST):
        left = source.size - ahead.at
        if left < 8:
            break
        length, kind = struct.unpack(">I4s", ahead.peek(8))
        if length == 1 and left >= 16:
            length = int.from_bytes(ahead.peek(16)[8:], "big")
        if not kind.replace(b"\xa9", b"c").replace(b" ", b"c").isalnum() or 0 < length < 8 or length > left:
            break
        if kind in first or (ahead.at and kind in _SIGNATURES):
            break
        first |= {kind} & _FIRST_BOXES
        ahead.step_over(length or left)
    if not ahead.at:
        raise Bent("no box")
    return [Span(0, ahead.at)]


def ebml(source: Source) -> list[Span]:
    """Elements: a number of a kind and one of a length, each as long as its first bits say; a header, then segments."""
    at = segments = 0
    while at < source.size - 2 and (at == 0 or source.read(at, 1) in b"\x18\xec\xbf"):
        _, at = _vint(source, at)
        length, at = _vint(source, at)
        at = source.size if length < 0 else at + length
        segments += 1
    if at > source.size or segments < 2:
        raise Bent(f"{at} bytes, and {source.size} are there")
    return [Span(0, at)]


def _vint(source: Source, at: int) -> tuple[int, int]:
    """The number at a place, -1 where all its bits are set, and the place behind it."""
    first = source.read(at, 1)[0]
    if not first:
        raise Bent(f"no number at {at}")
    more = 8 - first.bit_length()
    value = int.from_bytes(source.read(at, more + 1), "big") & ((1 << (7 * (more + 1))) - 1)
    return -1 if value == (1 << (7 * (more + 1))) - 1 else value, at + more + 1


def flac(source: Source) -> list[Span]:
    """Blocks about the stream: u8 kind, the last one marked, u24 length; then frames."""
    at, last = 4, False
    while not last:
        kind, length = source.read(at, 1)[0], int.from_bytes(source.read(at + 1, 3), "big")
        if at == 4 and (kind & 0x7F, length) != (0, 34):
            raise Bent("no description of the stream")
        at, last = at + 4 + length, kind >= 0x80
    if at < source.size and source.read(at, 2) not in _SYNCS:
        raise Bent(f"no frame at {at}")
    stop = source.size - _TAG * (source.size > _TAG and source.read(source.size - _TAG, 3) == b"TAG")
    begin = max(at, stop - _FRAME_MOST)
    tail = source.read(begin, stop - begin)
    if at < stop and not any(_checks(tail[match.start() :]) for match in _SYNC.finditer(tail)):
        raise Bent("no frame ends with the file")
    return [Span(0, source.size)]


def _checks(frame: bytes) -> bool:
    """Whether the last two bytes of a frame are the checksum of those before."""
    checksum = 0
    for byte in frame:
        checksum = checksum << 8 & 0xFFFF ^ _CRC16[checksum >> 8 ^ byte]
    return checksum == 0


def _crc16(byte: int) -> int:
    checksum = byte << 8
    for _ in range(8):
        checksum = checksum << 1 ^ (0x18005 if checksum & 0x8000 else 0)
    return checksum


_CRC16: Final = tuple(map(_crc16, range(256)))
_SYNCS: Final = frozenset((b"\xff\xf8", b"\xff\xf9"))
_SYNC: Final = re.compile(rb"\xff[\xf8\xf9]")
_FRAME_MOST: Final = 131_072
"""Bytes at the end in which the last frame begins; of honest ones few have a quarter of it."""
_TAG: Final = 128
"""Bytes of a tag of the first version, behind whatever there is."""


def ogg(source: Source) -> list[Span]:
    """Pages: `OggS`, 22 bytes, a count, and as many lengths, whose sum is that of the data."""
    at = 0
    for _ in range(2):
        at = _page(source, at) if at < source.size else at
    tail = max(at, source.size - 65_536)
    last = source.read(tail, source.size - tail).rfind(b"OggS\0")
    return [Span(0, _page(source, tail + last) if last >= 0 else source.size)]


def _page(source: Source, at: int) -> int:
    head = source.read(at, 27)
    if head[:5] != b"OggS\0":
        raise Bent(f"no page at {at}")
    return min(source.size, at + 27 + head[26] + sum(source.read(at + 27, head[26])))


_RATES: Final = {
    3: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Kilobits a second of a frame of layer 3, of MPEG 1 and of the others."""
_SAMPLES: Final = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_APE: Final = 32
"""Bytes of the header of an APE tag, which says how many follow."""
_FRAMES: Final = 4
"""Frames in a row that are no accident."""


def mp3(source: Source) -> list[Span]:
    """Tags that say how long they are, then frames that say how long they are."""
    at = 0
    while at <= source.size - 10 and source.read(at, 3) == b"ID3":
        size = source.read(at + 6, 4)
        if max(size) >= 0x80:
            raise Bent("no tag")
        at += 10 + sum(byte << shift for byte, shift in zip(size, (21, 14, 7, 0), strict=True))
    ahead, frames = Ahead(source), 0
    ahead.step_over(at)
    while ahead.at <= source.size - 4 and (length := _frame(ahead.peek(4))):
        ahead.step_over(min(length, source.size - ahead.at))
        frames += 1
    if frames < _FRAMES:
        raise Bent("no frames")
    left = source.size - ahead.at
    tagged = left == _TAG and ahead.peek(3) == b"TAG"
    if left >= _APE and ahead.peek(8) == b"APETAGEX":
        length = _APE + int.from_bytes(ahead.peek(16)[12:], "little")
        tagged = left in {length, length + _TAG}
    return [Span(0, source.size if tagged else ahead.at)]


def _frame(head: bytes) -> int:
    """Bytes of a frame of layer 3, 0 where none begins."""
    version, rate, samples = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if head[0] != 0xFF or head[1] & 0xE6 != 0xE2 or version == 1 or not 0 < rate < 15 or samples == 3:
        return 0
    bits = _RATES[3 if version == 3 else 2][rate] * (144_000 if version == 3 else 72_000)
    return bits // _SAMPLES[version][samples] + (head[2] >> 1 & 1)


def sfnt(source: Source, at: int = 0) -> list[Span]:
    """A count of tables, and of each its letters, a checksum, where it is and how long."""
    count = int.from_bytes(source.read(at + 4, 2), "big")
    spans = [Span(at, at + 12 + 16 * count)]
    for number in range(count):
        tag, start, length = struct.unpack(">4s4xII", source.read(at + 12 + 16 * number, 16))
        if not (tag.isascii() and tag.decode("ascii").isprintable()) or start > source.size - length:
            raise Bent("no table where the list says")
        spans.append(Span(start, start + length + -length % 4))
    if not count:
        raise Bent("no tables")
    return spans


def fonts(source: Source) -> list[Span]:
    """Several fonts: a count, where the list of each is, and tables that they may share."""
    count = int.from_bytes(source.read(8, 4), "big")
    if not 0 < count <= _FONTS_MOST:
        raise Bent(f"{count} fonts")
    places = struct.unpack(f">{count}I", source.read(12, 4 * count))
    # Behind them may stand where a signature is.
    return [Span(0, 24 + 4 * count), *(span for place in places for span in sfnt(source, place))]


def woff(source: Source) -> list[Span]:
    """The header says how long the file is."""
    size = int.from_bytes(source.read(8, 4), "big")
    if not 44 <= size <= source.size:
        raise Bent(f"{size} bytes, and {source.size} are there")
    return [Span(0, size)]
