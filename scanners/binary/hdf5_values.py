"""Attributes and datasets of HDF5, and what their data says (specification 3.0, IV.A.2.m, IV.A.2.v)."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.binary import hdf5_headers as headers
from scanners.binary.hdf5_chunks import Chunk, chunks, decoded
from scanners.binary.hdf5_file import Broken
from scanners.binary.hdf5_heaps import global_objects, open_heap
from scanners.binary.hdf5_layout import Filter, Layout, Stored, read_filters, read_layout
from scanners.binary.hdf5_links import shown
from scanners.binary.hdf5_trees import records
from scanners.binary.hdf5_types import Element, Kind, Type, elements, read_shape, read_type
from scanners.budget import LimitReached

if TYPE_CHECKING:
    from scanners.binary.hdf5_file import File

_TREES: Final = frozenset((8, 9))
"""The kinds of B-trees over attributes: by name, and by order of creation."""
_IN_HEAP: Final = b"\x03\x01"
"""How a shared message begins whose content is in a heap."""
_ELEMENTS_MOST: Final = 1 << 20
_ONCE: Final = (headers.DATASPACE, headers.DATATYPE, headers.LAYOUT, headers.FILTERS, headers.EXTERNAL)
_LEVELS: Final = 8
"""How deep texts of a variable length may stand in one another."""


class Value(NamedTuple):
    """What data says."""

    texts: list[bytes]
    objects: list[int]
    """The addresses of the objects that it refers to."""


class Attribute(NamedTuple):
    """A name, and data of a type."""

    name: str
    type: Type
    elements: int
    data: bytes


def attributes(file: File, messages: list[headers.Message]) -> list[tuple[int, bytes]]:
    """The attribute messages of an object, wherever they are kept: flags and content."""
    found = [(each.flags, each.data) for each in messages if each.kind == headers.ATTRIBUTE]
    for message in messages:
        if message.kind != headers.ATTRIBUTE_INFO:
            continue
        fields = file.fields(message.data)
        fields.take(1)
        flags = fields.number(1)
        fields.take(2 if flags & 1 else 0)
        heap, trees = fields.address(), [fields.address() for _ in range(2 if flags & 2 else 1)]
        ids: dict[tuple[bytes, bool], None] = {}
        for tree in trees:
            if heap is None or tree is None:
                continue
            index = records(file, tree)
            if index.kind not in _TREES or any(len(record) < 9 for record in index.records):
                raise Broken("an index of attributes that is none")
            ids.update({(record[:8], bool(record[8] & headers.SHARED)): None for record in index.records})
        if heap is None or not ids:
            continue
        # One that objects share is in another heap.
        found += [(headers.SHARED, _IN_HEAP + each) for each, shared in ids if shared]
        own = [each for each, shared in ids if not shared]
        found += [(0, data) for data in open_heap(file, heap).objects(own)]
    return found


def read_attribute(file: File, flags: int, data: bytes) -> Attribute:
    """The attribute that a message describes."""
    if flags & headers.SHARED:
        data = headers.shared(file, headers.ATTRIBUTE, data)
    fields = file.fields(data)
    version, shares = fields.number(1), fields.number(1)
    if version not in {1, 2, 3}:
        raise Broken(f"an attribute of version {version}")
    lengths = [fields.number(2) for _ in range(3)]
    fields.take(1 if version == 3 else 0)
    parts: list[bytes] = []
    for length in lengths:
        parts.append(fields.take(length))
        fields.take(-length % 8 if version == 1 else 0)
    name, kind, space = parts
    if version > 1 and shares & 1:
        kind = headers.shared(file, headers.DATATYPE, kind)
    if version > 1 and shares & 2:
        space = headers.shared(file, headers.DATASPACE, space)
    shape = read_shape(file.fields(space))
    count = 0 if shape is None else prod(shape)
    type_ = read_type(file.fields(kind))
    return Attribute(shown(name), type_, count, fields.take(min(fields.left, type_.size * count)))


class Dataset(NamedTuple):
    """Where the data of a dataset is, and what it is."""

    type: Type
    shape: tuple[int, ...]
    layout: Layout
    filters: list[Filter]

    @property
    def elements(self) -> int:
        """Number of its elements."""
        return prod(self.shape)

    @property
    def length(self) -> int:
        """Bytes of all its elements."""
        return self.elements * self.type.size


def read_dataset(file: File, messages: list[headers.Message]) -> Dataset | None:
    """The dataset that an object is, None where it is none or has no elements."""
    found = {message.kind: message for message in messages}
    if headers.LAYOUT not in found:
        return None
    kinds = [message.kind for message in messages]
    if any(kinds.count(kind) > 1 for kind in _ONCE):
        raise Broken("two messages say the same of a dataset")
    if not {headers.DATATYPE, headers.DATASPACE} <= found.keys():
        raise Broken("a dataset without a type or without a shape")
    shape = read_shape(file.fields(headers.resolved(file, found[headers.DATASPACE])))
    layout = read_layout(file, headers.resolved(file, found[headers.LAYOUT]))
    kind = read_type(file.fields(headers.resolved(file, found[headers.DATATYPE])))
    filters: list[Filter] = []
    if headers.FILTERS in found:
        filters = read_filters(file, headers.resolved(file, found[headers.FILTERS]))
    return Dataset(kind, (0,) if shape is None else shape, layout, filters)


def pieces(file: File, dataset: Dataset) -> list[Chunk]:
    """Where the raw data of a dataset is in the file, all of it accounted for."""
    layout = dataset.layout
    found: list[Chunk] = []
    if layout.stored is Stored.CHUNKED:
        found = chunks(file, layout, dataset.shape, filtered=bool(dataset.filters))
    elif layout.stored is Stored.CONTIGUOUS and layout.address is not None:
        found = [Chunk(layout.address, dataset.length if layout.length is None else layout.length, 0)]
    for piece in found:
        file.raw(piece.address, piece.length)
    return found


def content(file: File, dataset: Dataset, parts: list[Chunk]) -> bytes:
    """The raw data in these pieces, one behind the other; of one dimension it is in its order."""
    if dataset.layout.stored is Stored.COMPACT:
        return dataset.layout.data
    length = max(dataset.layout.chunk_length, sum(part.length for part in parts))
    file.budget.hold(length, "the data of an HDF5 dataset")
    file.want(*((part.address, part.length) for part in parts))
    made: list[bytes] = []
    length = 0
    for part in parts:
        data = file.read(part.address, part.length)
        if dataset.filters:
            data = decoded(file, data, part, dataset.filters, dataset.layout.chunk_length + 4 * len(dataset.filters))
        made.append(data)
        length += len(data)
        file.budget.hold(length, "the data of an HDF5 dataset")
    return b"".join(made)[: max(dataset.length, 0)] if len(dataset.shape) <= 1 else b"".join(made)


def value(file: File, kind: Type, data: bytes, count: int) -> Value:
    """What so many elements of a type say."""
    found = Value([], [])
    todo = _bounded(file, kind, data, count)
    for _ in range(_LEVELS):
        stored = global_objects(file, [each.stored for each in todo if each.stored])
        below: list[Element] = []
        for each in todo:
            if each.object is not None:
                found.objects.append(each.object)
            elif each.stored is None:
                found.texts.append(each.text)
            elif each.stored in stored:
                below += _bounded(file, each.type, stored[each.stored], each.length)
        if not below:
            return found
        todo = below
    raise LimitReached("depth", f"texts in texts, {_LEVELS} levels deep")


def _bounded(file: File, kind: Type, data: bytes, count: int) -> list[Element]:
    if kind.speaks and count > _ELEMENTS_MOST and kind.kind is not Kind.BYTES:
        raise LimitReached("elements", f"{count} elements, over {_ELEMENTS_MOST}")
    return list(elements(file, kind, data, count))
