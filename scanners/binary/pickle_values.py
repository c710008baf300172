"""The values that the symbolic stack holds, and how they are shown to people.

A value is what is known of an object without making it. Constants are themselves (`None`, `bool`, `int`, `str`,
`bytes`, tuples); of everything else there is a class here. Containers keep only their first elements: what matters
is said when an opcode runs, not when the stream ends.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scanners.binary.pickle_lexer import Opaque, Payload

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT = 64
"""Elements that a container keeps; it still counts the rest."""
_SHOWN = 8
_DEPTH = 4
_IDENTIFIER = re.compile(r"[\x20-\x7e]{1,120}", re.ASCII)


class Global:
    """A name that an unpickler resolves: `module` and, in it, the dotted `name`; "" names the module itself."""

    __slots__ = ("module", "name")

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name

    @property
    def dotted(self) -> str:
        """The name as one path."""
        return f"{self.module}.{self.name}" if self.name else self.module


class Run:
    """A run of values on the stack that nobody has looked at: bytes [start, stop) of the stream."""

    __slots__ = ("_walk", "first", "start", "stop")

    def __init__(self, start: int, stop: int, first: int, walk: Walk) -> None:
        self.start, self.stop, self._walk = start, stop, walk
        self.first = first
        """The memo index of the first entry that it writes."""

    def unroll(self, stack: list[Value]) -> dict[int, Value]:
        """Do to a stack what the run does to it; the memo entries that it writes."""
        return self._walk(self, stack)


_MANY = 1 << 32
"""The count of a container of which not all is known."""
_NOTHING: list[Value] = []
# What every empty container keeps, and nobody adds to: ten million of them fit into ten megabytes of pickle.


def unrolled(values: list[Value], most: int = _MANY) -> list[Value]:
    """The values with those of the runs among them; no more than `most` if the values of the last run are left out."""
    stack: list[Value] = []
    for value in values:
        if len(stack) >= most:
            break
        if isinstance(value, Run):
            value.unroll(stack)
        else:
            stack.append(value)
    return stack


class _Container:
    """Keeps the first elements that are put into it, and unrolls the runs among them when it is asked."""

    __slots__ = ("_kept", "_lazy", "count")
    _most = KEPT

    def __init__(self, *, whole: bool = True) -> None:
        self._kept: list[Value] = _NOTHING
        self._lazy = False
        self.count = 0 if whole else _MANY

    def extend(self, values: list[Value]) -> None:
        """Add elements, keeping the first few."""
        self.count += len(values)
        room = self._most - len(self._kept)
        if room > 0:
            some = values[:room]
            if Run in map(type, some):
                if not self._lazy:
                    self.count += _MANY
                self._lazy = True
            self._kept = self._kept or []
            self._kept.extend(some)

    def _elements(self) -> list[Value]:
        if self._lazy:
            self._lazy = False
            values = unrolled(self._kept)
            if self.count - _MANY == len(self._kept) and len(values) <= self._most:
                self.count = len(values)  # no other was left out
            self._kept = values[: self._most]
        return self._kept

    def held(self) -> list[Value]:
        """The first elements, runs as they are."""
        return self._kept

    @property
    def full(self) -> bool:
        """Whether nothing more that is put into it is kept."""
        return len(self._kept) >= self._most

    def forget(self) -> None:
        """Keep none of the elements put in so far."""
        self._kept, self._lazy, self.count = _NOTHING, False, max(self.count, _MANY)

    @property
    def whole(self) -> bool:
        """Whether all that was put into it is known."""
        return self.count == len(self._elements())


class Items(_Container):
    """A list, set or frozenset."""

    __slots__ = ("kind",)

    def __init__(self, kind: str, *, whole: bool = True) -> None:
        self._kept, self._lazy, self.count = _NOTHING, False, 0 if whole else _MANY
        self.kind = kind

    @property
    def values(self) -> list[Value]:
        """The first elements."""
        return self._elements()


class Mapping(_Container):
    """A dict; its count is of keys and values."""

    __slots__ = ()
    _most = 2 * KEPT

    @property
    def pairs(self) -> list[tuple[Value, Value]]:
        """The first keys with their values."""
        flat = self._elements()
        return list(zip(flat[::2], flat[1::2], strict=False))

    def get(self, key: str) -> Value:
        """The value under a constant key, or `UNKNOWN`; of two under one key the later counts."""
        for name, value in reversed(self.pairs):
            if isinstance(name, str) and name == key:
                return value
        return UNKNOWN


class Result:
    """What a call gave: `callee(*arguments)`, or an instance made by `how` without a call of its own.

    `length` is the number of elements that iterating over it gives, where that is certain (pickle_growth.py).
    """

    __slots__ = ("arguments", "callee", "how", "length", "state")

    def __init__(self, callee: Value, arguments: tuple[Value, ...], how: str = "REDUCE", length: int = 0) -> None:
        self.callee, self.arguments, self.how, self.length = callee, arguments, how, length
        self.state: Value = None
        """What BUILD last put on it."""


class Partial:
    """`functools.partial(callee, *arguments)`: calling it calls `callee`."""

    __slots__ = ("arguments", "callee")

    def __init__(self, callee: Value, arguments: tuple[Value, ...]) -> None:
        self.callee, self.arguments = callee, arguments


class Getter:
    """`operator.attrgetter`, `itemgetter` or `methodcaller`: a function that looks a constant name up."""

    __slots__ = ("arguments", "kind", "name")

    def __init__(self, kind: str, name: str, arguments: tuple[Value, ...] = ()) -> None:
        self.kind, self.name, self.arguments = kind, name, arguments


class Persistent:
    """What the loader's hook gives for a persistent id."""

    __slots__ = ("id",)

    def __init__(self, identity: Value) -> None:
        self.id = identity


UNKNOWN = Opaque("unknown")
BUFFER = Opaque("buffer")
EXTENSION = Opaque("extension")
"""What a code stands for that a program may have put into the extension registry."""
FORGOTTEN = Opaque("forgotten")
"""A value past what is kept."""

Value = (
    None
    | bool
    | int
    | str
    | bytes
    | tuple["Value", ...]
    | Payload
    | Opaque
    | Global
    | Items
    | Mapping
    | Result
    | Partial
    | Getter
    | Persistent
    | Run
)
"""Whatever the stack holds."""

if TYPE_CHECKING:
    Walk = Callable[[Run, list[Value]], dict[int, Value]]


def show(value: Value, depth: int = _DEPTH, width: int = 80) -> str:
    """The value as Python would write it, cut to a bounded length."""
    match value:
        case str() | bytes():
            text = repr(value[: width + 1])
            return text if len(value) <= width else text[:width] + "…" + text[-1]
        case bool() | None:
            return repr(value)
        case int():
            return repr(value) if value.bit_length() <= 128 else "<number>"
        case Payload(text, _, length):
            return f"<{'text' if text else 'bytes'} of {length}>"
        case Opaque():
            return repr(value)
        case Global():
            return value.dotted
        case _:
            return "…" if depth <= 0 else _show_nested(value, depth - 1, width)


def _show_nested(value: Value, depth: int, width: int) -> str:
    match value:
        case tuple():
            inner = _join(value, len(value), depth, width)
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        case Items():
            inner = _join(tuple(value.values), value.count, depth, width)
            return f"[{inner}]" if value.kind == "list" else f"{value.kind}([{inner}])"
        case Mapping():
            pairs = ", ".join(f"{show(k, depth, width)}: {show(v, depth, width)}" for k, v in value.pairs[:_SHOWN])
            return f"{{{pairs}{', …' if value.count > 2 * _SHOWN else ''}}}"
        case Result():
            return f"{show(value.callee, depth, width)}({_join(value.arguments, len(value.arguments), depth, width)})"
        case Partial():
            return f"functools.partial{show((value.callee, *value.arguments), depth, width)}"
        case Getter():
            return f"operator.{value.kind}{show((value.name, *value.arguments), depth, width)}"
        case Persistent():
            return f"<persistent {show(value.id, depth, width)}>"
        case _:
            return "?"


def _join(values: tuple[Value, ...], count: int, depth: int, width: int) -> str:
    shown = ", ".join(show(value, depth, width) for value in values[:_SHOWN])
    return shown + (", …" if count > _SHOWN else "")


def outline(value: Value, depth: int = 3) -> str:
    """What makes two argument lists different for the rules: names and readable strings, not numbers and data."""
    match value:
        case str():
            return repr(value) if _IDENTIFIER.fullmatch(value) else "str"
        case bool() | None:
            return repr(value)
        case int():
            return "int"
        case bytes() | Payload():
            return "data"
        case Opaque():
            return value.kind
        case Global():
            return value.dotted
        case Persistent():
            return "persistent"
        case _ if depth <= 0:
            return "…"
        case tuple():
            return f"({','.join(outline(v, depth - 1) for v in value[:_SHOWN])})"
        case Items():
            return f"[{','.join(sorted({outline(v, depth - 1) for v in value.values[:_SHOWN]}))}]"
        case Mapping():
            return "{}" if not value.count else "{…}"
        case Result():
            return f"{outline(value.callee, depth - 1)}()"
        case _:
            return show(value, 1)


def strings_in(value: Value, found: list[str], depth: int = 6) -> None:
    """Collect the constant strings of a value, at any depth up to `depth`, at most 32."""
    if len(found) >= 32:
        return
    match value:
        case str():
            if value and value not in found:
                found.append(value)
        case bytes():
            text = value.decode("latin-1")
            if value and text.isprintable() and text not in found:
                found.append(text)
        case _ if depth <= 0:
            return
        case tuple():
            for part in value[:KEPT]:
                strings_in(part, found, depth - 1)
        case Items():
            for part in value.values:
                strings_in(part, found, depth - 1)
        case Mapping():
            for key, part in value.pairs:
                strings_in(key, found, depth - 1)
                strings_in(part, found, depth - 1)
        case Result() | Partial():
            strings_in(value.arguments, found, depth - 1)
        case Getter():
            strings_in((value.name, *value.arguments), found, depth - 1)
        case Persistent():
            return
        case _:
            return
