"""What files and members of archives are compressed with, and how that is told from their first bytes.

Streams that stand one behind another are one content, as their readers join them.

    gzip     RFC 1952: 1F 8B 08, header fields, deflate, CRC-32 and size; members one behind another
    zlib     RFC 1950: two bytes, deflate, Adler-32; readers take one stream
    zfile    joblib before 0.10: "ZF", the size in hexadecimal padded to 19 or 20 characters, one zlib stream
    bzip2    "BZh", a digit, blocks; streams one behind another
    xz, lzma tukaani.org/xz/xz-file-format.txt and the older .lzma: Python reads both and either behind the other
    zstd     RFC 8878: frames, and skippable frames that readers step over
    lz4      lz4_Frame_format.md: the same with other frames
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from typing import TYPE_CHECKING

from scanners.binary import zip_records as zr
from scanners.binary.cursor import Cursor
from scanners.binary.decompressors import (
    MEMORY_MOST,
    TAKEN,
    Buffered,
    Check,
    Checked,
    Corrupt,
    CutOff,
    Deflate,
    Log,
    Streams,
    ZipLzma,
    Zstd,
)
from scanners.source import BytesSource, Truncated

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanners.binary.decompressors import Codec

_TRIAL = 512
"""Compressed bytes in which a weak mark has to make sense. Readers in Python lose 8 KiB and more where a stream breaks,
so nothing of one that breaks so early is ever loaded."""

_GZIP = b"\x1f\x8b\x08"
_BZIP2_BLOCKS = (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")
_XZ = b"\xfd7zXZ\x00"
_ALONE = b"\x5d\x00"
_ALONE_HEAD = 13
_ZSTD = b"\x28\xb5\x2f\xfd"
_LZ4 = b"\x04\x22\x4d\x18"
_SKIPPABLE = b"\x2a\x4d\x18"
"""Bytes 1 to 3 of a skippable frame; byte 0 is 50 to 5F."""
_ZFILE = b"ZF"
_ZFILE_HEAD = 21
_CRC = Check(0, zlib.crc32, lambda crc, made: crc.to_bytes(4, "little") + (made & 0xFFFFFFFF).to_bytes(4, "little"))
_ADLER = Check(1, zlib.adler32, lambda adler, _made: adler.to_bytes(4, "big"))


def _skip(cursor: Cursor, length: int) -> None:
    if length > cursor.left:
        raise Truncated(cursor.at, length, cursor.at + cursor.left)
    cursor.at += length


def _skip_text(cursor: Cursor) -> None:
    """Step over a text and the zero byte at its end."""
    while True:
        piece = cursor.peek(min(TAKEN, cursor.left) or 1)
        length = piece.find(b"\0") + 1
        cursor.at += length or len(piece)
        if length:
            return


def _head(cursor: Cursor, length: int) -> bytes:
    return cursor.peek(min(length, cursor.left))


def _gzip(log: Log) -> Codec:
    def opening(cursor: Cursor) -> Codec | None:
        if _head(cursor, 3) != _GZIP:
            return None
        flags = cursor.take(10)[3]
        start = cursor.at
        if flags & 4:
            start = cursor.at + 2
            _skip(cursor, int.from_bytes(cursor.take(2), "little"))
            log.aside("extra field", start, cursor.at)
        for flag, what in ((8, "name"), (16, "comment")):
            if flags & flag:
                start = cursor.at
                _skip_text(cursor)
                log.aside(what, start, cursor.at - 1)
        if flags & 2:
            # Over the header; Python steps over it and so does this.
            _skip(cursor, 2)
        return Checked(log, _CRC)

    return Streams(opening)


def _zlib(log: Log) -> Codec:
    def opening(cursor: Cursor) -> Codec | None:
        if cursor.at:
            return None
        cursor.take(_zfile_prefix(_head(cursor, _ZFILE_HEAD + 1)) + 2)
        return Checked(log, _ADLER)

    return Streams(opening)


def _bzip2(_log: Log) -> Codec:
    return Streams(lambda cursor: Buffered(bz2.BZ2Decompressor()) if _is_bzip2(_head(cursor, 10)) else None)


def _lzma(_log: Log) -> Codec:
    def opening(cursor: Cursor) -> Codec | None:
        # The first is taken for granted: by its name, it may have other properties than `_ALONE` stands for.
        head = _head(cursor, _TRIAL)
        if cursor.at and not head.startswith(_XZ) and (len(head) <= _ALONE_HEAD or not holds("lzma", head)):
            return None
        return Buffered(lzma.LZMADecompressor(lzma.FORMAT_AUTO, memlimit=MEMORY_MOST))

    return Streams(opening)


def _frames(log: Log) -> Codec:
    def opening(cursor: Cursor) -> Codec | None:
        while True:
            mark = _head(cursor, 4)
            if mark == _ZSTD:
                return Zstd(log)
            if mark == _LZ4:
                import lz4.frame  # noqa: PLC0415 - loaded by few files, and before the seal by `load_libraries`

                return Buffered(lz4.frame.LZ4FrameDecompressor())
            if not _is_skippable(mark):
                return None
            start = cursor.at + 8
            _skip(cursor, int.from_bytes(cursor.take(8)[4:], "little"))
            log.aside("skippable frame", start, cursor.at)

    return Streams(opening)


CODECS: dict[str, Callable[[Log], Codec]] = {
    "gzip": _gzip,
    "bzip2": _bzip2,
    "xz": _lzma,
    "lzma": _lzma,
    "zstd": _frames,
    "lz4": _frames,
    "zfile": _zlib,
    "zlib": _zlib,
}
"""What files are compressed with, by the names that `sniff` gives."""
WEAK = frozenset({"lzma", "zlib"})
"""Codecs whose marks are so short that other content begins like them."""

ZIP: dict[int, Callable[[], Codec]] = {
    zr.DEFLATED: Deflate,
    zr.BZIP2: lambda: Buffered(bz2.BZ2Decompressor()),
    zr.LZMA: ZipLzma,
    zr.ZSTANDARD: lambda: _frames(Log()),
    zr.XZ: lambda: _lzma(Log()),
}
"""What members of zip archives are compressed with, by method (APPNOTE.TXT, 4.4.5)."""


def sniff(head: bytes) -> str:
    """Which of `CODECS` the first bytes of some content call for, "" for none.

    Marks that say little are tried on the first of the bytes; more of them than 512 are of no use.
    """
    if head.startswith(_GZIP):
        return "gzip"
    if _is_bzip2(head):
        return "bzip2"
    if head.startswith(_XZ):
        return "xz"
    if head.startswith(_LZ4):
        return "lz4"
    if head.startswith(_ZSTD) or _is_skippable(head):
        return "zstd"
    if _is_zlib(head[_zfile_prefix(head) :]) and holds("zlib", head):
        return "zfile" if head.startswith(_ZFILE) else "zlib"
    if head.startswith(_ALONE) and holds("lzma", head):
        return "lzma"
    return ""


def _is_bzip2(head: bytes) -> bool:
    return head.startswith(b"BZh") and head[3:4].isdigit() and head[4:10] in _BZIP2_BLOCKS


def _is_skippable(head: bytes) -> bool:
    return head[1:4] == _SKIPPABLE and head[0] >> 4 == 5


def _is_zlib(head: bytes) -> bool:
    """Whether two bytes are a zlib header that needs no dictionary."""
    if len(head) < 2 or (head[0] << 8 | head[1]) % 31:
        return False
    return head[0] & 15 == 8 and head[0] >> 4 <= 7 and not head[1] & 32


def _zfile_prefix(head: bytes) -> int:
    """Bytes before the zlib stream of a zfile; 0 where this is none."""
    if not head.startswith(_ZFILE):
        return 0
    try:
        int(head[len(_ZFILE) : _ZFILE_HEAD], 16)
    except ValueError:
        return 0
    # Python 2 wrote one character more.
    return _ZFILE_HEAD + (head[_ZFILE_HEAD : _ZFILE_HEAD + 1] == b" ")


def holds(name: str, head: bytes) -> bool:
    """Whether the beginning of a stream makes sense to one of `CODECS`; 512 bytes of it are looked at."""
    codec, cursor = CODECS[name](Log()), Cursor(BytesSource(head[:_TRIAL]))
    try:
        for _ in range(3):
            codec.step(cursor, _TRIAL)
    except (CutOff, Truncated):
        return True
    except Corrupt:
        return False
    return True


def load_libraries() -> None:
    """Import the codecs that are not Python's own: a sealed process could not."""
    import lz4.frame  # noqa: F401, PLC0415
    import zstandard  # noqa: F401, PLC0415
