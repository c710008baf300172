"""Builders of compressed streams, as their writers make them and as none would."""

import bz2
import gzip
import lzma
import struct
import zlib

import lz4.frame
import zstandard

SKIPPABLE = 0x184D2A50


def zfile(data, *, padding=19, length=None):
    """What joblib wrote before 0.10; on Python 2 with one space more."""
    said = hex(len(data) if length is None else length).encode()
    return b"ZF" + said.ljust(padding) + zlib.compress(data)


def alone(data, *, properties=93, end_mark=True):
    """LZMA as .lzma files hold it: properties, dictionary size, content size or -1, a stream."""
    rest, lc = divmod(properties, 9)
    pb, lp = divmod(rest, 5)
    spec = {"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16, "lc": lc, "lp": lp, "pb": pb}
    raw = lzma.compress(data, lzma.FORMAT_RAW, filters=[spec])
    return struct.pack("<BIq", properties, 1 << 16, -1 if end_mark else len(data)) + raw


def zstd(data, **options):
    """One frame that says neither its size nor, unless asked, a checksum."""
    stream = zstandard.ZstdCompressor(**options).compressobj()
    return stream.compress(data) + stream.flush()


def lz4_frame(data, **options):
    """One frame in blocks of 64 KiB."""
    return lz4.frame.compress(data, store_size=False, block_size=lz4.frame.BLOCKSIZE_MAX64KB, **options)


def skippable(data, number=0):
    """A frame that zstd and lz4 step over."""
    return struct.pack("<II", SKIPPABLE + number, len(data)) + data


def gzip_member(data, *, extra=None, name=None, comment=None, check=False, crc=None):
    """A gzip member with any of the header's fields."""
    flags = 4 * (extra is not None) + 8 * (name is not None) + 16 * (comment is not None) + 2 * check
    head = b"\x1f\x8b\x08" + bytes([flags]) + bytes(6)
    if extra is not None:
        head += struct.pack("<H", len(extra)) + extra
    head += b"".join(field + b"\0" for field in (name, comment) if field is not None)
    head += b"\x12\x34" if check else b""
    codec = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = codec.compress(data) + codec.flush()
    return head + body + struct.pack("<II", zlib.crc32(data) if crc is None else crc, len(data))


CODECS = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "zfile": zfile,
    "bzip2": lambda data: bz2.compress(data, 1),
    "xz": lzma.compress,
    "lzma": alone,
    "zstd": zstd,
    "lz4": lz4_frame,
}
"""An ordinary writer of each codec, by the name that the scanner gives it."""
JOINED = {"gzip", "bzip2", "xz", "lzma", "zstd", "lz4"}
"""Codecs whose readers go on in a second stream."""
