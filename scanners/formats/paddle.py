"""PaddlePaddle: programs of inference models as protocol buffers, and the weights beside them (threats.md 7.6).

    weights = { version u32 = 0, levels u64, { bytes u64, … } for each level,
                version u32 = 0, bytes u32, TensorDesc, numbers } for each tensor

(paddle/fluid/framework/dense_tensor_serialize.cc). Numbers are inert. Programs in JSON are read with other JSON;
`.pdparams` and `.pdopt` are pickles.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Final

from scanners.binary.engine_ops import Operators
from scanners.binary.messages import every, message_class, parse
from scanners.binary.read_ahead import Ahead
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import Truncated

if TYPE_CHECKING:
    from scanners.source import Source

_BEGIN: Final = b"\x08\0\x10"
"""How the first block begins: its number is 0, and it has a parent."""
_LEVELS_MOST: Final = 64
_LEVEL_MOST: Final = 1 << 20
"""Bytes of one level, which says where sequences begin."""
_DESCRIPTION_MOST: Final = 1024
_ZEROS: Final = 16
_BYTES: Final = {
    **dict.fromkeys((0, 20, 21, 32, 33), 1), **dict.fromkeys((1, 4, 22), 2), **dict.fromkeys((2, 5), 4),
    **dict.fromkeys((3, 6, 23), 8), 24: 16,
}  # fmt: skip
"""Of an element, by VarType.Type."""


def recognise(sample: Sample) -> bool:
    """Whether the first field is a block, as every writer puts it."""
    head = sample.head[:16]
    return head[:1] == b"\n" and _BEGIN in head[2:9]


def scan(source: Source, scan: Scan) -> None:
    """State the operators of a program."""
    parsed = parse(source, "paddle.ProgramDesc", scan.budget)
    operators = [each for each in every(parsed.message) if each.DESCRIPTOR.name == "OpDesc" and each.type]
    if not operators or not all(each.type.isascii() for each in operators):
        raise NotThisFormat
    parsed.account(scan, "ProgramDesc")
    stated = Operators(scan)
    for each in operators:
        op = parsed.text(source, each.type)
        stated.add("paddle.op", "pd_op", op)
        for attribute in each.attrs:
            for value in (attribute.s, *attribute.strings):
                stated.attribute(op, parsed.text(source, attribute.name), parsed.text(source, value))


# -- weights


def _are_weights(sample: Sample) -> bool:
    head = sample.head[: _ZEROS + 5]
    return len(head) == _ZEROS + 5 and not any(head[:_ZEROS]) and head[_ZEROS] >= 2 and head[-4:] == b"\0\0\0\x08"


def _scan_weights(source: Source, scan: Scan) -> None:
    """Walk from tensor to tensor."""
    ahead, number = Ahead(source), 0
    while ahead.at < source.size:
        place = ahead.at
        size = _header(ahead)
        if size is None and not number:
            raise NotThisFormat
        if size is None:
            scan.unread("broken", f"no tensor {number}", offset=place)
            return
        scan.account.examined(place, ahead.at)
        if size > source.size - ahead.at:
            raise Truncated(ahead.at, size, source.size)
        scan.account.inert(ahead.at, ahead.at + size)
        ahead.step_over(size)
        number += 1


def _header(ahead: Ahead) -> int | None:
    """The bytes of numbers behind the header that begins here, None where none does."""
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - heavy

    if any(ahead.take(4)) or (levels := int.from_bytes(ahead.take(8), "little")) > _LEVELS_MOST:
        return None
    for _ in range(levels):
        length = int.from_bytes(ahead.take(8), "little")
        if length > _LEVEL_MOST:
            return None
        ahead.take(length)
    if any(ahead.take(4)) or (length := int.from_bytes(ahead.take(4), "little")) > _DESCRIPTION_MOST:
        return None
    try:
        described = message_class("paddle.TensorDesc").FromString(ahead.take(length))
    except DecodeError:
        return None
    size = _BYTES.get(described.data_type)
    return None if size is None or min(described.dims, default=0) < 0 else size * prod(described.dims)


SCANNER = Scanner("paddle", 2, frozenset({".pdmodel", "__model__"}), recognise, scan)
WEIGHTS = Scanner("paddle.weights", 1, frozenset({".pdiparams", "__params__"}), _are_weights, _scan_weights)
