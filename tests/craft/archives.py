"""A zip writer that lies on request: local headers, directory and end records are written independently.

`archive(Part("a/data.pkl", b"…"), Part("a/version", b"3", local_name="b"), trailing=b"…")` is honest but for what it
is told; every field that a part does not set follows from its data.
"""

import struct
import zlib
from dataclasses import dataclass, replace

from tests.craft.pickles import HARMLESS, asm, op

STORED, DEFLATED, BZIP2, LZMA = 0, 8, 12, 14


@dataclass(frozen=True)
class Part:
    """One member; None in a field stands for the honest value."""

    name: str | bytes
    data: bytes = b""
    method: int = STORED
    flags: int = 0
    crc: int | None = None
    """In the directory and in the local header."""
    size: int | None = None
    """Inflated size, in the directory and in the local header."""
    compressed: int | None = None
    offset: int | None = None
    """Where the directory says that the local header is."""
    attributes: int = 0
    extra: bytes = b""
    """Extra fields in the directory."""
    local_name: str | bytes | None = None
    local_flags: int | None = None
    local_method: int | None = None
    local_sizes: tuple[int, int] | None = None
    """Compressed and inflated size in the local header."""
    local_crc: int | None = None
    local_extra: bytes = b""
    descriptor: bytes = b""
    """Written behind the data as it is; see `described`."""
    before: bytes = b""
    """Bytes that belong to nothing, before the local header."""
    raw: bytes | None = None
    """The compressed data, as it is."""
    listed: bool = True
    """Whether the directory has it."""
    present: bool = True
    """Whether it has a local header and data."""

    @property
    def packed(self):
        if self.raw is not None:
            return self.raw
        if self.method == DEFLATED:
            codec = zlib.compressobj(6, zlib.DEFLATED, -15)
            return codec.compress(self.data) + codec.flush()
        return self.data


def encoded(name):
    return name if isinstance(name, bytes) else name.encode()


def or_else(value, honest):
    return honest if value is None else value


def described(part, *, signed=True, width=4):
    """The part as a writer makes it that knows sizes only afterwards: flag 3, zeros, a descriptor."""
    form = "<IQQ" if width == 8 else "<III"
    crc = or_else(part.crc, zlib.crc32(part.data))
    tail = struct.pack(form, crc, len(part.packed), len(part.data))
    return replace(
        part,
        flags=part.flags | 0x0008,
        local_sizes=(0, 0),
        local_crc=0,
        descriptor=(b"PK\x07\x08" if signed else b"") + tail,
    )


def local_header(part):
    name = encoded(or_else(part.local_name, part.name))
    compressed, size = or_else(
        part.local_sizes, (or_else(part.compressed, len(part.packed)), or_else(part.size, len(part.data)))
    )
    crc = or_else(part.local_crc, or_else(part.crc, zlib.crc32(part.data)))
    return (
        struct.pack(
            "<4sHHHHHIIIHH",
            b"PK\x03\x04",
            20,
            or_else(part.local_flags, part.flags),
            or_else(part.local_method, part.method),
            0,
            0x21,
            crc,
            min(compressed, 0xFFFFFFFF),
            min(size, 0xFFFFFFFF),
            len(name),
            len(part.local_extra),
        )
        + name
        + part.local_extra
    )


def directory_entry(part, offset):
    name = encoded(part.name)
    return (
        struct.pack(
            "<4sHHHHHHIIIHHHHHII",
            b"PK\x01\x02",
            20,
            20,
            part.flags,
            part.method,
            0,
            0x21,
            or_else(part.crc, zlib.crc32(part.data)),
            or_else(part.compressed, len(part.packed)),
            or_else(part.size, len(part.data)),
            len(name),
            len(part.extra),
            0,
            0,
            0,
            part.attributes,
            or_else(part.offset, offset),
        )
        + name
        + part.extra
    )


def end_record(entries, size, start, comment=b""):
    return struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, entries, entries, size, start, len(comment)) + comment


def end_records64(entries, size, start, at, locator=None):
    """A zip64 end record that stands at `at`, and its locator."""
    wide = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, entries, entries, size, start)
    return wide + struct.pack("<4sIQI", b"PK\x06\x07", 0, or_else(locator, at), 1)


def archive(*parts, leading=b"", shift=0, zip64=False, comment=b"", between=b"", trailing=b"", **end):
    """An archive; `shift` is added to all offsets that it states, `between` stands before the directory.

    `end` may set `entries`, `length` and `start` of the end record, and `locator` of the zip64 one.
    """
    made = bytearray(leading)
    offsets = []
    for part in parts:
        made += part.before
        offsets.append(len(made) + shift)
        if part.present:
            made += local_header(part) + part.packed + part.descriptor
    made += between
    start = len(made)
    listed = [directory_entry(part, at) for part, at in zip(parts, offsets, strict=True) if part.listed]
    directory = b"".join(listed)
    made += directory
    stated = (
        end.get("entries", len(listed)),
        end.get("length", len(directory)),
        end.get("start", start + shift),
    )
    if zip64:
        made += end_records64(len(listed), len(directory), start + shift, len(made), end.get("locator"))
    made += end_record(*stated, comment) + trailing
    return bytes(made)


def zip64_extra(*values):
    return struct.pack(f"<HH{len(values)}Q", 1, 8 * len(values), *values)


def padding(length):
    """The extra field that torch aligns data with."""
    return struct.pack("<2sH", b"FB", length) + b"Z" * length


BENIGN = asm(op("PROTO", 4), "EMPTY_DICT", "STOP")
PAYLOAD = asm(
    op("PROTO", 4), op("GLOBAL", ("posix", "system")), op("SHORT_BINUNICODE", HARMLESS), "TUPLE1", "REDUCE", "STOP"
)
VERSION = Part("a/version", b"3\n")


def torch(*parts, **more):
    """An archive that is torch's by its version."""
    return archive(*parts, VERSION, **more)


def data(content, **more):
    """The pickle of such an archive."""
    return Part("a/data.pkl", content, **more)
