"""Mutants of a file: bent byte by byte, or within what it is packed in, so that lengths and checksums still fit."""

import base64
import binascii
import bz2
import gzip
import io
import json
import lzma
import re
import struct
import warnings
import zipfile
import zlib

import lz4.frame
import zstandard

MOST = 1 << 20
"""Bytes unpacked of one part: some samples are bombs."""
_LONG = 100_000
"""Bytes of a piece that is there over and over: what takes the square of its length takes long enough to be seen."""
_DEEPEST = 4
"""Packings within packings that are unpacked."""
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{24,}={0,2}")
_WORDS = [
    *(b"\0" * 8, b"\xff" * 8, b"\x7f" + b"\xff" * 7, b"\x80", b"\0", b"\xff", b"PK\x03\x04", b"\x80\x04"),
    *(b'"', b"{", b"]", b"[" * 3000, b"(" * 3000, b"{{", b"{%", b"\n", b"\x80\x04N.", b"'''", b"\xed\xa0\x80"),
]
_VALUES = [None, True, -1, 0, 1 << 70, 1e308, "", "x" * 2000, "__class__", "../../x", "a:b", [], {}, [[]], {"": {}}]


def bend(chance, data, others, depth=0):
    """A mutant of some bytes; `others` are files whose pieces may come into it."""
    if depth < _DEEPEST and chance.random() < 0.7:
        for within in chance.sample(_PACKINGS, len(_PACKINGS)):
            made = within(chance, data, lambda part: bend(chance, part, others, depth + 1))
            if made is not None:
                return made
    return _bytes(chance, data, others)


def _bytes(chance, data, others):
    made = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        at = chance.randrange(len(made) + 1)
        match chance.randrange(10):
            case 0 if made:
                made[at % len(made)] = chance.randrange(256)
            case 1 if made:
                made[at % len(made)] ^= 1 << chance.randrange(8)
            case 2:
                del made[at:]
            case 3:
                del made[at : at + chance.randrange(1, 64)]
            case 4:
                made[at : at + chance.choice((0, 1, 4, 8))] = chance.choice(_WORDS)
            case 5:
                other = chance.choice(others)
                start = chance.randrange(len(other) + 1)
                made[at:at] = other[start : start + chance.randrange(1, 512)]
            case 6:
                piece = made[at : at + chance.randrange(1, 256)]
                made[at:at] = piece * chance.choice((1, 2, 100, _LONG // max(1, len(piece))))
            case 7:
                stop = next((n + 1 for n in range(at, min(at + 10, len(made))) if made[n] < 128), at)
                made[at:stop] = _varint(_other(chance, _varint_at(made, at)[0], len(made)))
            case _:
                width, order = chance.choice((2, 4, 8)), chance.choice(("little", "big"))
                value = _other(chance, int.from_bytes(made[at : at + width], order), len(made))
                made[at : at + width] = (value % (1 << (8 * width))).to_bytes(width, order)
    return bytes(made)


def _other(chance, value, size):
    """A number in place of another, in a file of that size."""
    ends = [1 << bits for bits in (7, 8, 15, 16, 31, 32, 63)]
    return chance.choice((value + 1, value - 1, value * 2, -value, 0, size, size - 1, (1 << 64) - 1, *ends)) % (1 << 64)


def _varint(value):
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    return bytes((*made, value))


def _varint_at(data, at):
    """The number there, and where it ends; 0 and no end where there is none."""
    value = 0
    for place in range(at, min(at + 10, len(data))):
        value |= (data[place] & 127) << 7 * (place - at)
        if data[place] < 128:
            return value, place + 1
    return 0, None


def _rearranged(chance, parts, bent):
    """The same parts, one of them bent, twice there, gone or elsewhere."""
    at, parts = chance.randrange(len(parts)), list(parts)
    match chance.randrange(6):
        case 0:
            parts.insert(chance.randrange(len(parts)), parts[at])
        case 1:
            del parts[at]
        case 2:
            parts.insert(chance.randrange(len(parts)), parts.pop(at))
        case _:
            parts[at] = bent(parts[at])
    return parts


def fields(data):
    """Keys and values of a protobuf message; None where it is none."""
    found, at = [], 0
    while at < len(data):
        key, at = _varint_at(data, at)
        if at is None or not 0 < key >> 3 < 10_000:
            return None
        start, length = at, {1: 8, 5: 4}.get(key & 7)
        if key & 7 == 0:
            value, at = _varint_at(data, at)
        elif key & 7 == 2:
            length, start = _varint_at(data, at)
        if at is None or start is None or (key & 7 and (length is None or start + length > len(data))):
            return None
        if key & 7:
            value, at = data[start : start + length], start + length
        found.append((key, value))
    return found


def _message(chance, data, bend_part):
    """A protobuf message, its lengths made to fit."""
    found = fields(data)
    if not found:
        return None

    def bent(field):
        key, value = field
        if isinstance(value, int):
            return key, _other(chance, value, len(data))
        return key, bend_part(value)[: {1: 8, 5: 4}.get(key & 7)]

    made = bytearray()
    for key, value in _rearranged(chance, found, bent):
        made += _varint(key)
        made += _varint(value if isinstance(value, int) else len(value)) if key & 7 in {0, 2} else b""
        made += b"" if isinstance(value, int) else value
    return bytes(made)


def _zip(chance, data, bend_part):
    """A zip archive, its members packed again."""
    if b"PK\x05\x06" not in data:
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [(info, archive.open(info).read(MOST)) for info in archive.infolist() if not info.is_dir()]
    except Exception:  # noqa: BLE001 - a bent archive is bent as bytes
        return None
    if not members:
        return None
    made = io.BytesIO()
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(made, "w") as archive:
        for info, content in _rearranged(chance, members, lambda member: (member[0], bend_part(member[1]))):
            archive.writestr(info.filename, content, info.compress_type if info.compress_type in {0, 8} else 8)
    return made.getvalue()


def _read(library):
    def unpack(data):
        with library.open(io.BytesIO(data)) as file:
            return file.read(MOST)

    return unpack


_CODECS = {
    b"\x1f\x8b": (_read(gzip), gzip.compress),
    b"BZh": (_read(bz2), bz2.compress),
    b"\xfd7zXZ": (_read(lzma), lzma.compress),
    b"\x5d\0\0": (_read(lzma), lambda data: lzma.compress(data, lzma.FORMAT_ALONE)),
    b"\x28\xb5\x2f\xfd": (_read(zstandard), zstandard.compress),
    b"\x04\x22\x4d\x18": (_read(lz4.frame), lz4.frame.compress),
    b"\x78": (lambda data: zlib.decompressobj().decompress(data, MOST), zlib.compress),
}


def _compressed(_, data, bend_part):
    """A compressed stream, compressed again."""
    for magic, (unpack, pack) in _CODECS.items():
        if data.startswith(magic):
            try:
                return pack(bend_part(unpack(data)))
            except (OSError, EOFError, ValueError, RuntimeError, lzma.LZMAError, zlib.error, zstandard.ZstdError):
                return None
    return None


def _tar(chance, data, _):
    """A tar archive, one of its headers bent and its checksum made to fit."""
    starts = [at for at in range(0, len(data) - 511, 512) if _tar_sum(data[at : at + 512]) == data[at + 148 : at + 154]]
    if not starts:
        return None
    at = chance.choice(starts)
    block = bytearray(data[at : at + 512])
    place, length = chance.choice(
        ((0, 100), (100, 8), (124, 12), (136, 12), (156, 1), (157, 100), (257, 8), (345, 155))
    )
    block[place : place + length] = chance.choice(
        (
            *(bytes(length), b"\xff" * length, b"7" * length, (b"%o" % chance.randrange(4096)).ljust(length, b"\0")),
            *(b"\x80".ljust(length - 1, b"\0") + b"\xff", chance.choice(b"0123456789ABDEFIJKLMNRSTVWXgx\0").to_bytes(1, "big")),
        )
    )[:length].ljust(length, b"\0")  # fmt: skip
    block[148:156] = _tar_sum(block) + b"\0 "
    return data[:at] + bytes(block) + data[at + 512 :]


def _tar_sum(block):
    return b"%06o" % (sum(block) - sum(block[148:156]) + 8 * 32)


def _base64(chance, data, bend_part):
    """A text in Base64 within the file."""
    found = list(_BASE64.finditer(data))
    if not found:
        return None
    match = chance.choice(found)
    try:
        inner = base64.b64decode(match[0], validate=True)
    except binascii.Error:
        return None
    return data[: match.start()] + base64.b64encode(bend_part(inner)) + data[match.end() :]


class _Pairs(list):
    """The keys and values of a JSON object, as often as they are there."""


def _json(chance, data, bend_part):
    """A JSON document; one behind its length, as that of safetensors, gets the new one."""
    length = int.from_bytes(data[:8], "little")
    if data[8:9] == b"{" and length <= len(data) - 8:
        made = _json(chance, data[8 : 8 + length], bend_part)
        return None if made is None else struct.pack("<Q", len(made)) + made + data[8 + length :]
    if data[:1] not in {b"{", b"["}:
        return None
    try:
        document = json.loads(data, object_pairs_hook=_Pairs)
        return _written(_bent_value(chance, document, bend_part)).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return None


def _bent_value(chance, value, bend_part):
    if chance.random() < 0.15 or not value or isinstance(value, (bool, float)):
        return chance.choice(_VALUES)
    match value:
        case int():
            return _other(chance, value, len(str(value)))
        case str():
            return bend_part(value.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")
        case _Pairs():
            at = chance.randrange(len(value))
            key, inner = value[at]
            if chance.random() < 0.3:
                return _Pairs(_rearranged(chance, value, lambda pair: (chance.choice(value)[0], pair[1])))
            bent = (key, _bent_value(chance, inner, bend_part))
            return _Pairs([*value[:at], bent, *value[at + 1 :]])
        case _:
            return _rearranged(chance, value, lambda item: _bent_value(chance, item, bend_part))


def _written(value):
    match value:
        case _Pairs():
            return "{" + ",".join(f"{json.dumps(key)}:{_written(inner)}" for key, inner in value) + "}"
        case list():
            return "[" + ",".join(map(_written, value)) + "]"
    return json.dumps(value)


_PACKINGS = (_zip, _compressed, _tar, _base64, _json, _message, lambda *_: None)
"""Of each what packs the bent parts again, None where it is not that; the last leaves some to be bent as bytes."""
