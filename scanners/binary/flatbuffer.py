"""FlatBuffers: tables of tables, walked from the root by a schema (https://flatbuffers.dev/internals/).

    file    = root offset (4), identifier (4), …          every number little-endian
    table   = distance back to its vtable (4), fields     a field that is an offset leads forward, counted from itself
    vtable  = bytes of itself (2), bytes of the table (2), place of each field in the table (2), 0 where it has none
    vector  = number of elements (4), elements            a text is a vector of bytes with a zero behind

Rule 1: what no path from the root reaches is read by no loader, as long as the schema knows every field that is set.
Rule 2: one level of tables is one round, however many they are. Rule 3: an offset that leads out of the file ends its
own path and no other, and is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.budget import LimitReached
from scanners.source import Span, merge, subtract

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scanners.source import Source

_AROUND: Final = 96
"""Bytes around a table that are asked for with its first: most vtables stand as near, and most tables are as short."""
_PARTS_MOST: Final = 1_000_000
"""Tables, vectors and texts that are followed, shared ones once; and elements of vectors of these."""
_TEXT_MOST: Final = 1 << 20
_TROUBLES_MOST: Final = 16
_PADDING_MOST: Final = 1 << 16
"""Bytes of a gap that may be nothing but zeros in front of what is aligned."""

Value = int | str | Span | list[int]
"""A number, unsigned; a text; where the elements of a vector of numbers stand; or where tables stand."""
Found = dict[str, list[dict[str, Value]]]
"""The tables of each name, each with its named fields that are set."""


class _Field(NamedTuple):
    name: str
    of: str
    """The table, "text", "" for numbers, "<Union>" for what the field before says, "?" for what nobody knows."""
    width: int
    """Bytes of a number, or of each element."""
    many: bool


class Schema(NamedTuple):
    """The tables of a format."""

    tables: Mapping[str, tuple[_Field, ...]]
    unions: Mapping[str, tuple[str, ...]]


def schema(text: str) -> Schema:
    """The schema that is written so, one table or union in a line.

        Table number=4 many=[8] words=text tables=[Other] kind=1 either=<Union> nameless=? 4
        <Union> Table 3

    A number is its bytes; in a union it is a table of so many numbers, of any width, and `@8` is 8 bytes of a struct.
    """
    tables: dict[str, tuple[_Field, ...]] = {}
    unions: dict[str, tuple[str, ...]] = {}
    for line in text.strip().splitlines():
        name, *words = line.split()
        if name.startswith("<"):
            unions[name] = tuple(words)
            tables |= {word: (_Field("", "", 1, many=False),) * int(word) for word in words if word.isdigit()}
        else:
            tables[name] = tuple(_field(word) for word in words)
    return Schema(tables, unions)


def _field(word: str) -> _Field:
    name, _, kind = word.rpartition("=")
    of = kind.strip("[]")
    return _Field(name, "" if of.isdigit() else of, int(of) if of.isdigit() else 4, many=kind.startswith("["))


class _Part(NamedTuple):
    """Something to be read: a table, a text, or a vector of either or of numbers."""

    field: _Field
    at: int
    into: dict[str, Value]
    """The fields of the table that it is named in."""


class Flatbuffer:
    """One buffer, walked."""

    def __init__(self, source: Source, described: Schema, keep: Iterable[str]) -> None:
        self._source, self._schema, self._keep = source, described, frozenset(keep)
        self.found: Found = {name: [] for name in self._keep}
        self.troubles: list[str] = []
        """Where the buffer contradicts itself; the first few."""
        self.unknown: list[str] = []
        """Fields that the schema does not have, and are set."""
        self.examined: list[Span] = []
        self.inert: list[Span] = []
        """Numbers: no loader interprets them as anything else."""
        self.opaque: list[Span] = []
        """What was handed on, and nobody could explain."""
        self._seen: set[tuple[str, bool, int]] = set()
        self._elements = 0

    def walk(self, root: str) -> None:
        """Read all that the root leads to; raises `Missing` and `LimitReached`."""
        start = self._number(0, 4)
        self.examined.append(Span(0, min(8, self._source.size)))
        level = [_Part(_Field("", root, 4, many=False), start, {})]
        while level:
            fresh = [part for part in level if self._is_new(part)]
            level = self._tables([part for part in fresh if not part.field.many and part.field.of != "text"])
            level += self._vectors([part for part in fresh if part.field.many or part.field.of == "text"])

    def gaps(self) -> list[Span]:
        """What nothing leads to and is not padding."""
        explained = merge([*self.examined, *self.inert, *self.opaque])
        gaps = subtract(Span(0, self._source.size), explained)
        self._source.want(*(gap for gap in gaps if gap.length <= _PADDING_MOST))
        left = []
        for gap in gaps:
            if gap.length <= _PADDING_MOST and not self._source.read(*_cut(gap)).strip(b"\0"):
                self.examined.append(gap)
            else:
                left.append(gap)
        return left

    def _is_new(self, part: _Part) -> bool:
        if not part.field.of or (part.field.of == "text" and not part.field.many):
            return True  # It leads nowhere, and each table that names it is told.
        key = (part.field.of, part.field.many, part.at)
        if key in self._seen:
            return False
        self._count(1)
        self._seen.add(key)
        return True

    def _count(self, more: int) -> None:
        self._elements += more
        if self._elements > _PARTS_MOST:
            raise LimitReached("parts", f"over {_PARTS_MOST} tables, texts and vectors")

    def _number(self, at: int, width: int) -> int:
        return int.from_bytes(self._source.read(at, width), "little")

    def _holds(self, start: int, length: int, what: str) -> bool:
        """Whether this is in the buffer; states that it is not."""
        if start >= 0 and start + length <= self._source.size:
            return True
        if len(self.troubles) < _TROUBLES_MOST:
            self.troubles.append(f"{what} of {length} bytes at {start} reaches out of the {self._source.size}")
        return False

    # -- tables

    def _tables(self, parts: list[_Part]) -> list[_Part]:
        """Read tables; what they lead to."""
        parts = [part for part in parts if self._holds(part.at, 4, part.field.of)]
        self._source.want(*(Span(part.at - _AROUND, part.at + _AROUND) for part in parts))
        placed: list[tuple[_Part, int]] = []
        for part in parts:
            back = int.from_bytes(self._source.read(part.at, 4), "little", signed=True)
            if self._holds(part.at - back, 4, f"the vtable of {part.field.of}"):
                placed.append((part, part.at - back))
        self._source.want(*(Span(at, at + 4) for _, at in placed))
        sized: list[tuple[_Part, int, int, int]] = []
        for part, at in placed:
            own, size = self._number(at, 2), self._number(at + 2, 2)
            whole = self._holds(at, own, f"the vtable of {part.field.of}") and self._holds(part.at, size, part.field.of)
            if own < 4 or own % 2 or size < 4:
                self._bend(f"the vtable of {part.field.of} at {at} is {own} bytes, for a table of {size}")
            elif whole:
                sized.append((part, at, own, size))
        self._source.want(*(Span(at, at + own) for _, at, own, _ in sized))
        self._source.want(*(Span(part.at, part.at + size) for part, _, _, size in sized))
        found: list[_Part] = []
        for part, at, own, size in sized:
            self.examined += [Span(at, at + own), Span(part.at, part.at + size)]
            found += self._fields(part, self._source.read(at + 4, own - 4), self._source.read(part.at, size))
        return found

    def _bend(self, trouble: str) -> None:
        if len(self.troubles) < _TROUBLES_MOST:
            self.troubles.append(trouble)

    def _fields(self, part: _Part, places: bytes, table: bytes) -> list[_Part]:
        """The fields of a table that lead on; those that are numbers are kept at once."""
        name = part.field.of
        fields = self._schema.tables[name]
        values: dict[str, Value] = {}
        if name in self._keep:
            self.found[name].append(values)
        found: list[_Part] = []
        kind = 0
        for slot in range(len(places) // 2):
            at = int.from_bytes(places[2 * slot : 2 * slot + 2], "little")
            if not at:
                kind = 0
                continue
            field = fields[slot] if slot < len(fields) else _Field("", "?", 4, many=False)
            number = table[at : at + (4 if field.many or field.of else field.width)]
            if at < 4 or at >= len(table) or not number:
                self._bend(f"field {slot} of {name} at {part.at} is not in it")
                continue
            before, kind = kind, int.from_bytes(number, "little")
            if field.of.startswith("<"):
                field = self._either(field, before)
            if field.of.startswith("@"):
                self._struct(part.at + at + kind, int(field.of[1:]))
            elif field.of == "?":
                self.unknown.append(f"field {slot} of {name} at {part.at}")
            elif field.many or field.of:
                found.append(_Part(field, part.at + at + kind, values))
            elif field.name:
                values[field.name] = kind
        return found

    def _struct(self, at: int, size: int) -> None:
        if self._holds(at, size, "a struct"):
            self.inert.append(Span(at, at + size))

    def _either(self, field: _Field, kind: int) -> _Field:
        """What a union is here: `kind` counts its members from 1."""
        members = self._schema.unions[field.of]
        return field._replace(of=members[kind - 1] if 0 < kind <= len(members) else "?")

    # -- vectors and texts

    def _vectors(self, parts: list[_Part]) -> list[_Part]:
        """Read vectors and texts; the tables and texts that they lead to."""
        parts = [part for part in parts if self._holds(part.at, 4, "a vector")]
        self._source.want(*(Span(part.at, part.at + _AROUND) for part in parts))
        sized: list[tuple[_Part, Span]] = []
        for part in parts:
            count, width = self._number(part.at, 4), part.field.width if part.field.many else 1
            if self._holds(part.at + 4, count * width, f"{part.field.name or part.field.of}, {count} elements"):
                sized.append((part, Span(part.at + 4, part.at + 4 + count * width)))
        self._source.want(*(span for part, span in sized if part.field.of and span.length <= _TEXT_MOST))
        found: list[_Part] = []
        for part, span in sized:
            self.examined.append(Span(part.at, span.start))
            if not part.field.of:
                self.inert.append(span)
                self._keep_value(part, span)
            elif part.field.many:
                found += self._offsets(part, span)
            else:
                self._text(part, span)
        return found

    def _text(self, part: _Part, span: Span) -> None:
        if span.length > _TEXT_MOST:
            raise LimitReached("text", f"{span.length} bytes at {span.start}")
        self._count(span.length // 64)
        self.examined.append(Span(span.start, span.stop + 1))
        text = self._source.read(*_cut(span)).decode("utf-8", "backslashreplace")
        kept = part.into.get(part.field.name)
        if part.field.name:
            part.into[part.field.name] = f"{kept}\n{text}" if isinstance(kept, str) else text

    def _offsets(self, part: _Part, span: Span) -> list[_Part]:
        """The elements of a vector of offsets."""
        self._count(span.length // 4)
        data = self._source.read(*_cut(span))
        self.examined.append(span)
        places = [span.start + at + int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]
        if part.field.of != "text":
            self._keep_value(part, places)
        return [_Part(part.field._replace(many=False), at, part.into) for at in places]

    @staticmethod
    def _keep_value(part: _Part, value: Value) -> None:
        if part.field.name:
            part.into[part.field.name] = value


def _cut(span: Span) -> tuple[int, int]:
    return span.start, span.length
