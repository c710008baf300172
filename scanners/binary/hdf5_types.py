"""Datatypes and dataspaces of HDF5, as far as they tell what data says (specification 3.0, IV.A.2.b, IV.A.2.d).

What a program reads out of data and acts on is text, or leads to something: strings, bytes, and references to objects.
Numbers are stepped over.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.binary.hdf5_file import Broken
from scanners.binary.hdf5_heaps import GlobalId

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.binary.hdf5_file import Fields, File

_NUMBER, _FLOAT, _TIME, _STRING, _BITS, _OPAQUE, _COMPOUND, _REFERENCE, _ENUM, _VARIABLE, _ARRAY, _COMPLEX = range(12)
_PROPERTIES: Final = {_NUMBER: 4, _FLOAT: 12, _TIME: 2, _STRING: 0, _BITS: 4}
"""Bytes of the properties that say nothing of interest."""
_DEPTH: Final = 32
_RANK_MOST: Final = 32
"""Of a dataspace: H5S_MAX_RANK of libhdf5."""


class Kind(Enum):
    """What an element may say."""

    NUMBERS = 1
    BYTES = 2
    """An opaque element, or a number of one byte: many of them are a text."""
    TEXT = 3
    VARIABLE = 4
    """Many elements of a base type, in the global heap."""
    OBJECT = 5
    """A reference to an object."""
    REGION = 6
    """A reference to a part of a dataset: what it leads to is in the global heap."""
    SEVERAL = 7
    """Members, each of a type of its own."""


class Type(NamedTuple):
    """A datatype."""

    kind: Kind
    size: int
    members: tuple[tuple[int, Type], ...] = ()
    """Offset and type of what is inside of one that holds several; the base type of a variable one."""
    times: int = 1
    """How often the members come, one behind the other: of an array."""

    @property
    def speaks(self) -> bool:
        """Whether an element holds more than numbers."""
        if self.kind is Kind.SEVERAL:
            return any(member.speaks for _, member in self.members)
        return self.kind is not Kind.NUMBERS

    @property
    def leads(self) -> bool:
        """Whether an element may lead to an object."""
        return self.kind in {Kind.OBJECT, Kind.REGION} or any(member.leads for _, member in self.members)


def read_type(fields: Fields, depth: int = _DEPTH) -> Type:
    """The datatype that a message describes; the fields stand behind it."""
    if not depth:
        raise Broken("a datatype that is nested too deeply")
    head = fields.number(1)
    version, kind = head >> 4, head & 0x0F
    bits, size = fields.number(3), fields.number(4)
    if kind in _PROPERTIES:
        fields.take(_PROPERTIES[kind])
        text = kind == _STRING
        return Type(Kind.TEXT if text else Kind.BYTES if kind == _NUMBER and size == 1 else Kind.NUMBERS, size)
    match kind:
        case 5:
            fields.take(bits & 0xFF)
            return Type(Kind.BYTES, size)
        case 6:
            members = tuple(_member(fields, version, size, depth) for _ in range(bits & 0xFFFF))
            return Type(Kind.SEVERAL, size, members)
        case 7:
            # h5py has no type for the references of HDF5 1.12, so nothing follows them.
            return Type({0: Kind.OBJECT, 1: Kind.REGION}.get(bits & 0x0F, Kind.NUMBERS), size)
        case 8:
            base = read_type(fields, depth - 1)
            for _ in range(bits & 0xFFFF):
                _name(fields, version)
            fields.take(base.size * (bits & 0xFFFF))
            return Type(Kind.NUMBERS, size)
        case 9:
            base = read_type(fields, depth - 1)
            return Type(Kind.VARIABLE, size, ((0, Type(Kind.TEXT, 1) if bits & 0x0F == 1 else base),))
        case 10:
            return _array(fields, version, size, depth)
        case 11:
            read_type(fields, depth - 1)
            return Type(Kind.NUMBERS, size)
        case _:
            raise Broken(f"a datatype of class {kind}")


def _name(fields: Fields, version: int) -> None:
    """Step over a name, which older versions pad to a multiple of eight bytes."""
    length = len(fields.text()) + 1
    if version < 3:
        fields.take(-length % 8)


def _member(fields: Fields, version: int, size: int, depth: int) -> tuple[int, Type]:
    _name(fields, version)
    offset = fields.number(4 if version < 3 else max(1, (size.bit_length() + 7) // 8))
    count = 1
    if version == 1:
        rank = fields.number(1)
        fields.take(11)
        sizes = [fields.number(4) for _ in range(4)]
        for each in sizes[:rank]:
            count *= each
    member = read_type(fields, depth - 1)
    if count != 1:
        member = Type(Kind.SEVERAL, member.size * count, ((0, member),), count)
    return offset, member


def _array(fields: Fields, version: int, size: int, depth: int) -> Type:
    rank, count = fields.number(1), 1
    if version < 3:
        fields.take(3)
    for _ in range(rank):
        count *= fields.number(4)
    if version < 3:
        fields.take(4 * rank)
    base = read_type(fields, depth - 1)
    if base.kind in {Kind.BYTES, Kind.NUMBERS}:
        return Type(base.kind, size)
    return Type(Kind.SEVERAL, size, ((0, base),), count)


def read_shape(fields: Fields) -> tuple[int, ...] | None:
    """The dimensions of a dataspace, none of a single element, None where it has no elements at all."""
    version, rank = fields.number(1), fields.number(1)
    fields.take(1)
    if version not in {1, 2} or rank > _RANK_MOST:
        raise Broken("no dataspace")
    kind = fields.number(1)
    if version == 1:
        fields.take(4)
    elif kind == 2:
        return None
    return tuple(fields.length() for _ in range(rank))


class Element(NamedTuple):
    """Something that a piece of data says: a text, or where more of it is."""

    text: bytes = b""
    object: int | None = None
    """The address of an object."""
    stored: GlobalId | None = None
    """An object of the global heap."""
    type: Type = Type(Kind.NUMBERS, 0)
    """Of what is in the global heap."""
    length: int = 0
    """How many of them."""


def elements(file: File, kind: Type, data: bytes, count: int) -> Iterator[Element]:
    """What `count` elements of a type say, one behind the other; bytes and numbers of one byte are one text."""
    if kind.kind is Kind.BYTES:
        yield Element(data[: kind.size * count])
        return
    if not kind.speaks or not kind.size:
        return
    for number in range(min(count, len(data) // kind.size)):
        yield from _element(file, kind, data[number * kind.size : (number + 1) * kind.size])


def _element(file: File, kind: Type, data: bytes) -> Iterator[Element]:
    if kind.kind is Kind.SEVERAL:
        for offset, member in kind.members:
            yield from elements(file, member, data[offset:], kind.times)
        return
    if kind.kind is Kind.TEXT:
        yield Element(data)
        return
    fields = file.fields(data)
    length = fields.number(4) if kind.kind is Kind.VARIABLE else 0
    address = fields.address()
    if not address:
        return
    if kind.kind is Kind.OBJECT:
        yield Element(object=address)
        return
    stored = GlobalId(address, fields.number(4))
    if kind.kind is Kind.REGION:
        yield Element(stored=stored, type=Type(Kind.OBJECT, file.offset_size), length=1)
    elif length:
        base = kind.members[0][1]
        yield Element(stored=stored, type=Type(Kind.BYTES, 1) if base.kind is Kind.TEXT else base, length=length)
