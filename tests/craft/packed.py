"""7z and RAR archives, byte by byte; nothing in them is compressed."""

import struct
import zlib
from dataclasses import dataclass


def sevenzip(*files, coder=b"\0", header=None, trailing=b""):
    """A 7z archive of (name, content) in one folder."""
    packed = b"".join(content for _, content in files)
    if header is None:
        header = _header(files, len(packed), coder)
    start = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(start)) + start + packed + header + trailing


def _number(value):
    return bytes((value,)) if value < 0x80 else b"\xff" + struct.pack("<Q", value)


def _header(files, packed, coder):
    count = _number(len(files))
    names = b"\0" + b"".join(name.encode("utf-16-le") + b"\0\0" for name, _ in files)
    sizes = b"".join(_number(len(content)) for _, content in files[:-1])
    return b"".join(
        (
            b"\x01\x04",
            b"\x06" + _number(0) + b"\x01\x09" + _number(packed) + b"\0",
            b"\x07\x0b\x01\0" + b"\x01" + bytes((len(coder),)) + coder + b"\x0c" + _number(packed) + b"\0",
            b"\x08\x0d" + count + b"\x09" * bool(sizes) + sizes + b"\0\0",
            b"\x05" + count + b"\x11" + _number(len(names)) + names + b"\0\0",
        )
    )


@dataclass(frozen=True)
class Packed:
    """A file of a RAR archive."""

    name: str
    content: bytes
    method: int = 0
    encrypted: bool = False


def rar5(*files, before=b"", end=True, trailing=b""):
    """A RAR archive of version 5."""
    made = b"Rar!\x1a\x07\x01\0" + _block(1, 0, b"\0") + before
    for each in files:
        name = each.name.encode()
        extra = b"\x02\x01\0" if each.encrypted else b""
        body = b"".join(
            (
                _vint(0), _vint(len(each.content)), _vint(0), _vint(each.method << 7), _vint(1), _vint(len(name)), name,
            )
        )  # fmt: skip
        made += _block(2, 2 | bool(extra), _vint(len(extra)) * bool(extra) + _vint(len(each.content)) + body + extra)
        made += each.content
    return made + (_block(5, 0, b"\0") if end else b"") + trailing


def _vint(value):
    made = b""
    while value > 127:
        made, value = made + bytes((value & 127 | 128,)), value >> 7
    return made + bytes((value,))


def _block(kind, flags, rest):
    body = _vint(kind) + _vint(flags) + rest
    body = _vint(len(body)) + body
    return struct.pack("<I", zlib.crc32(body)) + body


def crypt5():
    """The block after which all headers are encrypted."""
    return _block(4, 0, bytes(20))


def rar4(*files, flags=0, trailing=b""):
    """A RAR archive of version 4."""
    made = b"Rar!\x1a\x07\0" + struct.pack("<HBHH6x", 0, 0x73, flags, 13)
    for each in files:
        name = each.name.encode()
        about = struct.pack(
            "<HBHHIIBIIBBHI",
            0, 0x74, 0x8000 | 4 * each.encrypted, 32 + len(name), len(each.content), len(each.content), 3, 0, 0, 29,
            0x30 + each.method, len(name), 0,
        )  # fmt: skip
        made += about + name + each.content
    return made + struct.pack("<HBHH", 0, 0x7B, 0, 7) + trailing
