"""Thrift's compact protocol, pulled apart field by field; what nobody asks for is stepped over and not kept.

    struct = {u8 step << 4 | type, the number where the step is 0, value}, 0     numbers are zigzag varints
    list   = u8 length << 4 | type, the length where it is 15, values            a text is a length and its bytes

Source: thrift/doc/specs/thrift-compact-protocol.md. Rule 1: nesting is bounded. Rule 2: whatever does not hold is
`Bent`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEPTH: Final = 32
_TRUE, _FALSE, _BYTE, _DOUBLE, _TEXT, _LIST, _SET, _MAP, _STRUCT, _UUID = 1, 2, 3, 7, 8, 9, 10, 11, 12, 13
_WIDTHS: Final = {_BYTE: 1, _DOUBLE: 8, _UUID: 16}


class Bent(Exception):  # noqa: N818 - a state of the bytes, not a mistake
    """These are no values of Thrift."""


class Compact:
    """A place in the bytes of a value."""

    def __init__(self, data: bytes) -> None:
        self._data, self.at = data, 0

    def fields(self) -> Iterator[tuple[int, int]]:
        """Number and type of each field of a struct; whoever iterates reads its value or skips it."""
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self.number()
            yield number, head & 15

    def items(self, kind: int) -> Iterator[int]:
        """The type of each value of a list; whoever iterates reads it or skips it."""
        if kind not in {_LIST, _SET}:
            raise Bent(f"type {kind} is no list")
        head = self._byte()
        for _ in range(self._varint() if head >> 4 == 15 else head >> 4):
            yield head & 15

    def number(self) -> int:
        """An integer."""
        value = self._varint()
        return value >> 1 ^ -(value & 1)

    def text(self) -> bytes:
        """A text or bytes."""
        return self._take(self._varint())

    def skip(self, kind: int, *, inside: bool = False, depth: int = _DEPTH) -> None:
        """Step over a value; `inside` of a list, where truth values have a byte."""
        if not depth:
            raise Bent("nested too deeply")
        if kind in {_TRUE, _FALSE}:
            self._take(inside)
        elif kind in _WIDTHS:
            self._take(_WIDTHS[kind])
        elif kind < _DOUBLE:
            self._varint()
        elif kind == _TEXT:
            self._take(self._varint())
        elif kind == _STRUCT:
            for _, each in self.fields():
                self.skip(each, depth=depth - 1)
        elif kind == _MAP:
            self._skip_map(depth - 1)
        else:
            for each in self.items(kind):
                self.skip(each, inside=True, depth=depth - 1)

    def _skip_map(self, depth: int) -> None:
        if count := self._varint():
            kinds = self._byte()
            for _ in range(count):
                self.skip(kinds >> 4, inside=True, depth=depth)
                self.skip(kinds & 15, inside=True, depth=depth)

    def _byte(self) -> int:
        return self._take(1)[0]

    def _take(self, length: int) -> bytes:
        data = self._data[self.at : self.at + length]
        if len(data) < length:
            raise Bent(f"{length} bytes at {self.at}")
        self.at += length
        return data

    def _varint(self) -> int:
        value = shift = 0
        while shift < 70:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7
        raise Bent(f"no number before {self.at}")
