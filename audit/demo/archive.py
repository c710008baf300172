"""Weight files put together by hand: what `torch.save` and safetensors would have written, and what they never would.

No model library is asked and nothing is pickled: a stream is assembled opcode by opcode, so that a harmful one can be
made without anything that could run it. Layouts: PyTorch's `caffe2/serialize/inline_container.cc` (a stored zip whose
local headers carry no sizes, members aligned to 64 bytes by an extra field `FB`, zip64 end records always) and
https://github.com/huggingface/safetensors#format.
"""

from __future__ import annotations

import json
import math
import struct
from typing import TYPE_CHECKING

from audit.demo.blobs import Content, SparseContent, crc32

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ALIGNMENT = 64
_FLAGS = 0x0808
"""Bit 3: sizes and CRC stand after the data. Bit 11: names are UTF-8."""
_WIDE = 0xFFFFFFFF
"""In a field of four bytes: too large for it, look in the zip64 extra field."""


def torch_archive(members: Sequence[tuple[str, Content]], prefix: str = "archive") -> SparseContent:
    """The archive that `torch.save` makes of these members, with those that it adds to all."""
    members = [
        *members[:1],
        (".format_version", b"1"),
        (".storage_alignment", b"64"),
        ("byteorder", b"little"),
        *members[1:],
        ("version", b"3\n"),
        (".data/serialization_id", b"0" * 40),
    ]
    pieces: list[tuple[int, bytes]] = []
    directory = b""
    at = 0
    for name, content in members:
        path = f"{prefix}/{name}".encode()
        size, crc, start = len(content), crc32(content), at
        wide = struct.pack("<HH", 1, 8 * ((size >= _WIDE) * 2 + (start >= _WIDE)))
        if size >= _WIDE:
            wide += struct.pack("<QQ", size, size)
        if start >= _WIDE:
            wide += struct.pack("<Q", start)
        wide = wide if len(wide) > 4 else b""
        padding = -(start + 30 + len(path) + len(wide) + 4) % _ALIGNMENT
        extra = wide + struct.pack("<2sH", b"FB", padding) + b"Z" * padding
        header = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 0, _FLAGS, 0, 0, 0, 0, 0, 0, len(path), len(extra))
        pieces.append((at, header + path + extra))
        at += len(header + path + extra)
        if isinstance(content, SparseContent):
            pieces.extend((at + offset, data) for offset, data in content.pieces)
        else:
            pieces.append((at, content))
        at += size
        trailer = struct.pack("<4sIQQ" if size >= _WIDE else "<4sIII", b"PK\7\10", crc, size, size)
        pieces.append((at, trailer))
        at += len(trailer)
        sizes = (crc, min(size, _WIDE), min(size, _WIDE), len(path), len(wide))
        directory += struct.pack("<4sHHHHHHIIIHH", b"PK\1\2", 0, 0, _FLAGS, 0, 0, 0, *sizes)
        directory += struct.pack("<HHHII", 0, 0, 0, 0, min(start, _WIDE)) + path + wide
    pieces.append((at, directory + _end(len(members), len(directory), at)))
    return SparseContent(at + len(pieces[-1][1]), tuple(pieces))


def _end(count: int, size: int, start: int) -> bytes:
    record = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start)
    locator = struct.pack("<4sIQI", b"PK\6\7", 0, start + size, 1)
    tail = (0, 0, count, count, size, min(start, _WIDE), 0)
    return record + locator + struct.pack("<4sHHHHIIH", b"PK\5\6", *tail)


def text(value: str) -> bytes:
    """BINUNICODE."""
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def integer(value: int) -> bytes:
    """The shortest opcode for a natural number."""
    if value < 1 << 8:
        return b"K" + bytes([value])
    if value < 1 << 31:
        return b"J" + struct.pack("<i", value)
    data = value.to_bytes(value.bit_length() // 8 + 1, "little")
    return b"\x8a" + bytes([len(data)]) + data


def named(module: str, name: str) -> bytes:
    """GLOBAL: import a module and take a name from it."""
    return f"c{module}\n{name}\n".encode()


def called(module: str, name: str, *arguments: bytes) -> bytes:
    """GLOBAL, a tuple of arguments, REDUCE: call it."""
    return named(module, name) + b"(" + b"".join(arguments) + b"tR"


def tensor(key: str, numel: int) -> bytes:
    """A one-dimensional float tensor over the whole of the storage `data/<key>`."""
    storage = (text("storage"), named("torch", "FloatStorage"), text(key), text("cpu"), integer(numel))
    return called(
        "torch._utils",
        "_rebuild_tensor_v2",
        b"(" + b"".join(storage) + b"tQ",  # BINPERSID
        integer(0),
        b"(" + integer(numel) + b"t",
        b"(" + integer(1) + b"t",
        b"\x89",  # NEWFALSE
        called("collections", "OrderedDict"),
    )


def state_dict(items: Mapping[str, bytes], *before_stop: bytes) -> bytes:
    """A pickle of protocol 2: an OrderedDict of assembled values, and whatever comes between it and its STOP."""
    filled = b"".join(text(name) + value for name, value in items.items())
    return b"\x80\x02" + called("collections", "OrderedDict") + b"(" + filled + b"u" + b"".join(before_stop) + b"."


def make_big_torch(size: int, *, call: bool, command: str = "echo hub-audit demo: this never runs") -> SparseContent:
    """A checkpoint of one tensor of `size` bytes, all zero, rounded down to whole floats.

    With `call` its pickle also calls `posix.system`, and drops the result.
    """
    numel = size // 4
    extra = (called("posix", "system", text(command)) + b"0",) if call else ()
    pickled = state_dict({"weight": tensor("0", numel)}, *extra)
    return torch_archive([("data.pkl", pickled), ("data/0", SparseContent(numel * 4))])


def safetensors(tensors: Mapping[str, tuple[int, ...]], metadata: Mapping[str, str] | None = None) -> bytes:
    """Float tensors of these shapes, filled with small numbers."""
    header: dict[str, object] = {"__metadata__": dict(metadata or {"format": "pt"})}
    data = b""
    for name, shape in tensors.items():
        count = math.prod(shape)
        start = len(data)
        data += struct.pack(f"<{count}f", *(at % 7 / 8 for at in range(count)))
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [start, len(data)]}
    packed = json.dumps(header, separators=(",", ":")).encode()
    packed += b" " * (-len(packed) % 8)
    return struct.pack("<Q", len(packed)) + packed + data
