"""A reader of marshal, CPython's own format for code, over every version that occurs in model files.

    object  := type [reference flag 0x80] body        all numbers are little-endian
    'i' 4 bytes   'l' digits of 15 bits   's' length, bytes   'u' length, UTF-8   ')' one-byte length, objects
    'c' the fields of a code object, which differ by version   'r' the number of an object that was flagged before

Nothing is made: code becomes a `Code`, whatever else has no meaning here becomes `OTHER`. The version that wrote the
data is not in it, so each layout of code objects is tried, and those that hold are all kept: what one interpreter
refuses another may load. As in `marshal.loads`, bytes behind the object mean nothing.

Sources: CPython's Python/marshal.c of 2.7, 3.7, 3.10, 3.11 and 3.14.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from scanners.binary.bytecode import Code, Layout, texts_in
from scanners.budget import LimitReached

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")

OTHER: Final = object()
"""A value that does not matter: an ellipsis, a dict, a slice."""
_DEPTH: Final = 100
"""Objects in objects; honest code has a dozen."""
_OBJECTS: Final = 1_000_000
_DIGITS: Final = 4096
"""Digits of 15 bits in one number."""
_SINGLE: Final = {ord("N"): None, ord("F"): False, ord("T"): True, ord("S"): OTHER, ord("."): OTHER}
_REFERENCE: Final = 0x80
_CODE: Final = ord("c")
_REFERRED: Final = ord("r")
_NULL: Final = ord("0")
"""What ends a dict, in the place of a key or of a value."""
_COUNTS: Final[dict[Layout, str]] = {
    "2.7": "argcount nlocals stacksize flags",
    "3.0": "argcount kwonlyargcount nlocals stacksize flags",
    "3.8": "argcount posonlyargcount kwonlyargcount nlocals stacksize flags",
    "3.11": "argcount posonlyargcount kwonlyargcount stacksize flags",
}
_KIND_LOCAL, _KIND_CELL, _KIND_FREE = 0x20, 0x40, 0x80


class BrokenMarshal(Exception):  # noqa: N818 - a state of the data, not a mistake
    """No version of Python reads this."""


class Unmarshalled(NamedTuple):
    """What one layout makes of the data."""

    codes: tuple[Code, ...]
    """All code objects in it, the inner ones before those that hold them."""
    stop: int
    """Offset behind the object."""
    limit: str = ""
    """The limit that was hit, where there may be more code than this."""


def plausible(data: bytes) -> bool:
    """Whether the data begin like a code object of any version, by its counts and by the bytes that follow them."""
    return bool(data) and data[0] & 0x7F == _CODE and any(_begins(data, 1, layout) for layout in _COUNTS)


def _begins(data: bytes, at: int, layout: Layout) -> bool:
    stop = at + 4 * len(_COUNTS[layout].split())
    if len(data) <= stop or data[stop] & 0x7F not in b"sr":
        return False
    counts = struct.unpack_from(f"<{(stop - at) // 4}I", data, at)
    return all(count < 1 << 16 for count in counts[:-1])


def read(data: bytes, start: int = 0) -> tuple[Unmarshalled, ...]:
    """What is in the object at `start`, by each layout that holds; raises `BrokenMarshal` where none does."""
    found: list[Unmarshalled] = []
    why = ""
    for layout in _COUNTS:
        reader = _Reader(data, start, layout)
        limit = ""
        try:
            reader.value()
        except BrokenMarshal as broken:
            why = str(broken)
            continue
        except LimitReached as reached:
            limit = str(reached)
        result = Unmarshalled(tuple(reader.codes), reader.at, limit)
        if result.codes or result not in found:
            found.append(result)
    if not found:
        raise BrokenMarshal(why)
    return tuple(found)


class _Reader:
    """One walk over the data by one layout."""

    def __init__(self, data: bytes, at: int, layout: Layout) -> None:
        self._data, self.at, self._layout = data, at, layout
        self._depth = self._objects = 0
        self._references: list[object] = []
        self._interned: list[object] = []
        self._kinds = self._table()
        self.codes: list[Code] = []

    def _table(self) -> dict[str, Callable[[], object]]:
        return {
            "i": self._long,
            "I": lambda: int.from_bytes(self._take(8), "little", signed=True),
            "l": self._digits,
            "f": self._text_float,
            "g": self._float,
            "x": self._text_complex,
            "y": self._complex,
            "s": self._bytes,
            "t": self._intern,
            "u": lambda: _utf8(self._bytes()),
            "a": lambda: self._bytes().decode("latin-1"),
            "A": lambda: self._bytes().decode("latin-1"),
            "z": lambda: self._take(self._byte()).decode("latin-1"),
            "Z": lambda: self._take(self._byte()).decode("latin-1"),
            "(": lambda: self._items(self._long()),
            "[": lambda: self._items(self._long()),
            "<": lambda: self._items(self._long()),
            ">": lambda: self._items(self._long()),
            ")": lambda: self._items(self._byte()),
            ":": lambda: self._items(3) and OTHER,
            "{": self._dict,
            "r": self._referred,
            "R": self._interned_before,
            "c": self._code,
        }

    def _take(self, length: int) -> bytes:
        if length < 0 or self.at + length > len(self._data):
            raise BrokenMarshal(f"{length} bytes at {self.at} reach past the end")
        self.at += length
        return self._data[self.at - length : self.at]

    def _byte(self) -> int:
        return self._take(1)[0]

    def _long(self) -> int:
        return int.from_bytes(self._take(4), "little", signed=True)

    def value(self) -> object:
        """The next object."""
        first = self._byte()
        kind, flagged = first & ~_REFERENCE, first & _REFERENCE
        if kind in _SINGLE:
            return _SINGLE[kind]
        read = self._kinds.get(chr(kind))
        if read is None or (flagged and self._layout == "2.7"):
            raise BrokenMarshal(f"0x{first:02x} is no type")
        self._objects += 1
        if self._objects > _OBJECTS or self._depth >= _DEPTH:
            limit = "deep" if self._depth >= _DEPTH else "many"
            raise LimitReached("marshal", f"too {limit} objects")
        place = len(self._references)
        flagged = flagged and kind != _REFERRED
        if flagged:
            # An object that refers to itself before it is whole is made by no writer.
            self._references.append(BrokenMarshal)
        self._depth += 1
        value = read()
        self._depth -= 1
        if flagged:
            self._references[place] = value
        return value

    def _reference(self, known: list[object]) -> object:
        index = self._long()
        if not 0 <= index < len(known) or known[index] is BrokenMarshal:
            raise BrokenMarshal(f"there is no object {index}")
        return known[index]

    def _referred(self) -> object:
        return self._reference(self._references)

    def _interned_before(self) -> object:
        return self._reference(self._interned)

    def _digits(self) -> int:
        count = self._long()
        if abs(count) > _DIGITS:
            raise LimitReached("marshal", f"a number of {abs(count)} digits")
        digits = struct.unpack(f"<{abs(count)}H", self._take(2 * abs(count)))
        value: int = sum((digit & 0x7FFF) << (15 * place) for place, digit in enumerate(digits))
        return -value if count < 0 else value

    def _float(self) -> float:
        return float(struct.unpack("<d", self._take(8))[0])

    def _text_float(self) -> float:
        try:
            return float(self._take(self._byte()))
        except ValueError:
            raise BrokenMarshal("a number that is none") from None

    def _complex(self) -> object:
        self._take(16)
        return OTHER

    def _text_complex(self) -> object:
        self._text_float()
        self._text_float()
        return OTHER

    def _bytes(self) -> bytes:
        return self._take(self._long())

    def _intern(self) -> object:
        data = self._bytes()
        if self._layout != "2.7":
            return _utf8(data)
        self._interned.append(data)
        return data

    def _items(self, count: int) -> tuple[object, ...]:
        if not 0 <= count <= len(self._data) - self.at:
            raise BrokenMarshal(f"{count} objects are more than there are bytes")
        return tuple([self.value() for _ in range(count)])

    def _dict(self) -> object:
        while self.at < len(self._data) and self._data[self.at] & ~_REFERENCE != _NULL:
            self.value()
        self._byte()
        return OTHER

    def _code(self) -> Code:
        counts = {name: self._long() for name in _COUNTS[self._layout].split()}
        code, constants, names = self._is(bytes), self._is(tuple), self._texts()
        handlers = b""
        if self._layout == "3.11":
            local, kinds = self._texts(), self._is(bytes)
            if len(local) != len(kinds):
                raise BrokenMarshal("not every variable has a kind")
            free = sum(bool(kind & _KIND_FREE) for kind in kinds)
            cells = sum(bool(kind & _KIND_CELL) for kind in kinds)
            count = sum(bool(kind & _KIND_LOCAL) for kind in kinds)
            filename, name, qualified = self._text(), self._text(), self._text()
            self._long()
            self._is(bytes)
            handlers = self._is(bytes)
        else:
            self._texts()
            free, cells, count = len(self._texts()), len(self._texts()), counts["nlocals"]
            filename, name = self._text(), self._text()
            qualified = name
            self._long()
            self._is(bytes)
        made = Code(
            layout=self._layout,
            name=qualified,
            filename=filename,
            arguments=counts["argcount"] + counts.get("kwonlyargcount", 0),
            locals=count,
            stack=counts["stacksize"],
            flags=counts["flags"],
            code=code,
            constants=constants,
            names=names,
            cells=cells,
            free=free,
            handlers=bool(handlers),
            texts=texts_in(constants),
        )
        self.codes.append(made)
        return made

    def _is(self, kind: type[_T]) -> _T:
        value = self.value()
        if not isinstance(value, kind):
            raise BrokenMarshal(f"a field of a code object is no {kind.__name__}")
        return value

    def _text(self) -> str:
        value = self.value()
        if isinstance(value, bytes) and self._layout == "2.7":
            return value.decode("latin-1")
        if not isinstance(value, str):
            raise BrokenMarshal("a name is no text")
        return value

    def _texts(self) -> tuple[str, ...]:
        values = self._is(tuple)
        if self._layout == "2.7":
            values = tuple([value.decode("latin-1") if isinstance(value, bytes) else value for value in values])
        if not all(isinstance(value, str) for value in values):
            raise BrokenMarshal("a name is no text")
        return values


def _utf8(data: bytes) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise BrokenMarshal("a text is no UTF-8") from None
