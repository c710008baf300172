"""Protocol buffers on the wire: an outline that a parser can hold, made without reading what is long.

    message = { varint (number << 3 | wire type), value }    values: varint | 8 bytes | varint length, bytes | 4 bytes

(https://protobuf.dev/programming-guides/encoding/). The outline is the same message with every long leaf left out,
so what the protobuf library makes of it differs from what it would make of the whole in these leaves and in nothing
else. Short messages are copied as they stand: how they merge, and what they mean, is the library's to say.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from scanners.binary.read_ahead import Ahead
from scanners.source import Span

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanners.source import Source

LONG: Final = 4096
"""Bytes of the longest leaf that is kept, and of the longest message that is copied without a look inside."""
DEPTH: Final = 100
"""Messages inside messages; the libraries of all languages refuse more."""
_HEADER: Final = 8
"""Bytes that are counted for a tag and a length, or a tag and a number."""
_TAG_MOST: Final = 5
_VARINT_MOST: Final = 10
_U32: Final = (1 << 32) - 1
_U64: Final = (1 << 64) - 1

_VARINT, _FIXED64, _LENGTH, _GROUP, _GROUP_END, _FIXED32 = range(6)
_FIXED: Final = {_FIXED64: 8, _FIXED32: 4}
# Of google.protobuf.FieldDescriptorProto.Type.
_PACKED: Final = {
    _VARINT: re.compile(rb"(?:[\x80-\xff]{0,8}[\x00-\x7f]|[\x80-\xff]{9}[\x00\x01])*+"),
    **{wire: re.compile(rb"(?:[\x00-\xff]{%d})*+" % length) for wire, length in _FIXED.items()},
}
"""Numbers of one field behind one another."""
_WIRE_TYPES: Final = {
    **dict.fromkeys((1, 6, 16), _FIXED64),
    **dict.fromkeys((2, 7, 15), _FIXED32),
    **dict.fromkeys((3, 4, 5, 8, 13, 14, 17, 18), _VARINT),
    **dict.fromkeys((9, 11, 12), _LENGTH),
}
_BYTES: Final = (9, 12)


class Outline(NamedTuple):
    """What is left of a message, and what was left out of it; all places are offsets in the source."""

    data: bytes
    """The message; a long leaf of bytes is replaced by a token, long numbers are gone."""
    leaves: dict[bytes, Span]
    """Tokens, and what they stand for. A forged one can only lead to a leaf that is there."""
    numbers: list[Span]
    """Long runs of numbers."""
    unknown: list[Span]
    """Fields that a message of this type does not have, in what was not copied."""
    broken: str
    """Why no parser takes the message whole, or "": what stands before that place is in the outline."""


class _Field(NamedTuple):
    wire: int
    packed: bool
    """Numbers may stand here one behind the other as well."""
    leaf: bool
    """It holds bytes."""
    message: Any
    """The descriptor of the message that it holds, else None."""


class _Broken(Exception):  # noqa: N818 - a state of the message, not a mistake
    """No parser goes on behind this place."""


def outline(source: Source, descriptor: Any, hold: Callable[[int], None], *, copied: int = LONG) -> Outline:
    """The outline of the message of type `descriptor` that the source holds from end to end.

    `hold` is told how many bytes are kept. With `copied` = 0 nothing is copied unseen, and what only the laxest
    parser takes is written as all of them take it.
    """
    walk = _Walk(source, hold, copied)
    data = walk.message(source.size, descriptor, 0)
    return Outline(data, walk.leaves, walk.numbers, walk.unknown, walk.broken)


class _Walk:
    def __init__(self, source: Source, hold: Callable[[int], None], copied: int) -> None:
        self._ahead = Ahead(source)
        self._hold, self._copied = hold, copied
        self._fields: dict[str, dict[int, _Field]] = {}
        self._kept = self._begin = 0
        self.leaves: dict[bytes, Span] = {}
        self.numbers: list[Span] = []
        self.unknown: list[Span] = []
        self.broken = ""

    def message(self, stop: int, descriptor: Any, depth: int) -> bytes:
        """The outline of the message from the present place to `stop`; where it breaks, of what is before that."""
        parts: list[bytes] = []
        self._begin = self._ahead.at
        try:
            self._records(parts, stop, descriptor, depth)
        except _Broken as broken:
            self.broken = self.broken or f"{broken} at {self._begin}"
        return b"".join(parts)

    def _records(self, parts: list[bytes], stop: int, descriptor: Any, depth: int) -> None:
        ahead = self._ahead
        if depth >= DEPTH:
            raise _Broken(f"nested deeper than {DEPTH}")
        fields = self._fields_of(descriptor)
        while ahead.at < stop and not self.broken:
            begin = self._begin = ahead.at
            # The fifth byte has more bits than a tag; C++ lets them fall.
            number, wire = divmod(self._varint(_TAG_MOST, stop) & _U32, 8)
            if number == 0:
                raise _Broken("field 0")
            field = fields.get(number)
            if field is None or not (wire == field.wire or (field.packed and wire == _LENGTH)):
                self._skip(wire, number, stop)
                self._note(self.unknown, begin, ahead.at)
            else:
                self._hold(self._kept)
                parts.append(_varint(number << 3 | wire) + self._value(field, wire, stop, depth))

    def _value(self, field: _Field, wire: int, stop: int, depth: int) -> bytes:
        ahead = self._ahead
        self._kept += _HEADER
        if wire != _LENGTH:
            if wire == _VARINT:
                # Of the tenth byte, C++ lets fall what there is no room for.
                return _varint(self._varint(_VARINT_MOST, stop) & _U64)
            return ahead.take(self._within(_FIXED[wire], ahead.at, stop))
        length = self._within(self._varint(_VARINT_MOST, stop), ahead.at, stop)
        if field.message is not None and length > self._copied:
            data = self.message(ahead.at + length, field.message, depth + 1)
        elif length <= LONG:
            self._kept += length
            data = ahead.take(length)
            if field.packed and not _PACKED[field.wire].fullmatch(data):
                raise _Broken("numbers that do not end with their field,")
        else:
            span = Span(ahead.at, ahead.at + length)
            ahead.step_over(length)
            if not field.leaf:
                self._note(self.numbers, *span)
                data = b""
            else:
                data = b"\xff\x00" + b"".join(each.to_bytes(8, "big") for each in span)
                self.leaves[data] = span
        return _varint(len(data)) + data

    @staticmethod
    def _note(spans: list[Span], start: int, stop: int) -> None:
        if spans and spans[-1].stop == start:
            start = spans.pop().start
        spans.append(Span(start, stop))

    def _within(self, length: int, at: int, stop: int) -> int:
        if length > stop - at:
            raise _Broken(f"{length} bytes where {stop - at} are left,")
        return length

    def _varint(self, most: int, stop: int) -> int:
        value = 0
        for index, byte in enumerate(self._ahead.peek(min(most, stop - self._ahead.at))):
            value |= (byte & 0x7F) << 7 * index
            if byte < 0x80:
                self._ahead.at += index + 1
                return value
        raise _Broken("a number without end")

    def _skip(self, wire: int, number: int, stop: int) -> None:
        """Step over a value; a group ends where its number does."""
        ahead, groups = self._ahead, []
        while True:
            if wire == _GROUP:
                groups.append(number)
                if len(groups) > DEPTH:
                    raise _Broken(f"nested deeper than {DEPTH}")
            elif wire == _GROUP_END:
                if not groups or groups.pop() != number:
                    raise _Broken("an end of a group that did not begin")
            elif wire == _VARINT:
                self._varint(_VARINT_MOST, stop)
            elif wire in (_FIXED64, _FIXED32, _LENGTH):
                length = self._varint(_VARINT_MOST, stop) if wire == _LENGTH else _FIXED[wire]
                ahead.step_over(self._within(length, ahead.at, stop))
            else:
                raise _Broken(f"wire type {wire}")
            if not groups:
                return
            if ahead.at >= stop:
                raise _Broken("a group without end")
            number, wire = divmod(self._varint(_TAG_MOST, stop) & _U32, 8)

    def _fields_of(self, descriptor: Any) -> dict[int, _Field]:
        fields = self._fields.get(descriptor.full_name)
        if fields is None:
            fields = {
                field.number: _Field(
                    _WIRE_TYPES[field.type],
                    field.is_repeated and _WIRE_TYPES[field.type] != _LENGTH,
                    field.type in _BYTES,
                    field.message_type,
                )
                for field in descriptor.fields
            }
            self._fields[descriptor.full_name] = fields
        return fields


def _varint(value: int) -> bytes:
    """The shortest form of a number."""
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)
