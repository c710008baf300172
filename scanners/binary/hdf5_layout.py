"""Where the raw data of an HDF5 dataset is, and what was done to it (specification 3.0, IV.A.2.h, i, l; III.F)."""

from __future__ import annotations

from enum import Enum
from math import prod
from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.binary.hdf5_file import Broken, Unsupported
from scanners.binary.hdf5_heaps import GlobalId, global_objects, local_heap
from scanners.binary.hdf5_links import shown

if TYPE_CHECKING:
    from scanners.binary.hdf5_file import Fields, File

_DIMENSIONS_MOST: Final = 33
_SAME_FILE: Final = "."


class Stored(Enum):
    """How raw data is stored."""

    COMPACT = 0
    CONTIGUOUS = 1
    CHUNKED = 2
    VIRTUAL = 3


class Index(Enum):
    """How the chunks of a dataset are found."""

    TREE = 0
    """A B-tree of version 1."""
    SINGLE = 1
    IMPLICIT = 2
    FIXED_ARRAY = 3
    EXTENSIBLE_ARRAY = 4
    NEW_TREE = 5
    """A B-tree of version 2."""


class Layout(NamedTuple):
    """Where raw data is."""

    stored: Stored
    address: int | None = None
    """Of the data, or of the index of its chunks; None while there is none."""
    length: int | None = None
    """Of contiguous data or of a single compressed chunk; None where shape and type say it."""
    data: bytes = b""
    """Compact data."""
    chunk: tuple[int, ...] = ()
    """Dimensions of a chunk, the size of an element left out."""
    chunk_length: int = 0
    """Bytes of a chunk before any filter."""
    indexed: Index = Index.TREE
    mask: int = 0
    """The filters that a single chunk does without."""
    heap: GlobalId | None = None
    """Where a virtual dataset lists its sources."""


def read_layout(file: File, data: bytes) -> Layout:
    """The layout that a message describes."""
    fields = file.fields(data)
    version = fields.number(1)
    if version in {1, 2}:
        return _first(fields)
    if version not in {3, 4, 5}:
        raise Unsupported(f"a data layout of version {version}")
    match fields.number(1):
        case 0:
            return Layout(Stored.COMPACT, data=fields.take(fields.number(2)))
        case 1:
            return Layout(Stored.CONTIGUOUS, fields.address(), fields.length())
        case 2 if version == 3:
            rank, address = fields.number(1), fields.address()
            return _chunked(address, [fields.number(4) for _ in range(rank)])
        case 2:
            return _newer(fields)
        case 3:
            address = fields.address()
            return Layout(Stored.VIRTUAL, heap=None if address is None else GlobalId(address, fields.number(4)))
        case other:
            raise Unsupported(f"a data layout of class {other}")


def _first(fields: Fields) -> Layout:
    rank, kind = fields.number(1), fields.number(1)
    fields.take(5)
    address = fields.address() if kind else None
    dimensions = [fields.number(4) for _ in range(rank)]
    match kind:
        case 0:
            return Layout(Stored.COMPACT, data=fields.take(fields.number(4)))
        case 1:
            return Layout(Stored.CONTIGUOUS, address)
        case 2:
            return _chunked(address, dimensions)
        case _:
            raise Unsupported(f"a data layout of class {kind}")


def _chunked(
    address: int | None, dimensions: list[int], index: Index = Index.TREE, *, length: int | None = None, mask: int = 0
) -> Layout:
    if not 2 <= len(dimensions) <= _DIMENSIONS_MOST or 0 in dimensions:
        raise Broken("a chunk of impossible dimensions")
    return Layout(
        Stored.CHUNKED, address, length,
        chunk=tuple(dimensions[:-1]), chunk_length=prod(dimensions), indexed=index, mask=mask,
    )  # fmt: skip


def _newer(fields: Fields) -> Layout:
    flags, rank, width = fields.number(1), fields.number(1), fields.number(1)
    dimensions = [fields.number(width) for _ in range(rank)]
    kind = fields.number(1)
    if not 1 <= kind < len(Index):
        raise Unsupported(f"an index of chunks of kind {kind}")
    index, length, mask = Index(kind), None, 0
    if index is Index.SINGLE and flags & 2:
        length, mask = fields.length(), fields.number(4)
    # The parameters stand in the header of the index once more.
    fields.take({Index.FIXED_ARRAY: 1, Index.EXTENSIBLE_ARRAY: 5, Index.NEW_TREE: 6}.get(index, 0))
    return _chunked(fields.address(), dimensions, index, length=length, mask=mask)


class Filter(NamedTuple):
    """One step of a filter pipeline, in the order in which it was done when the data was written."""

    id: int
    values: tuple[int, ...]


def read_filters(file: File, data: bytes) -> list[Filter]:
    """The filters that a message describes."""
    fields = file.fields(data)
    version, count = fields.number(1), fields.number(1)
    if version not in {1, 2}:
        raise Unsupported(f"a filter pipeline of version {version}")
    if version == 1:
        fields.take(6)
    found: list[Filter] = []
    for _ in range(count):
        number = fields.number(2)
        named = fields.number(2) if version == 1 or number >= 256 else 0
        fields.take(2)
        values = fields.number(2)
        fields.take(named + (-named % 8 if version == 1 else 0))
        found.append(Filter(number, tuple(fields.number(4) for _ in range(values))))
        if version == 1 and values % 2:
            fields.take(4)
    return found


def external_files(file: File, data: bytes) -> list[str]:
    """The files that hold the data of a dataset, by the message that lists them."""
    fields = file.fields(data)
    fields.take(6)
    used, heap = fields.number(2), fields.place()
    text = file.fields(file.get(*local_heap(file, heap)).data)
    found: list[str] = []
    for _ in range(used):
        text.at = 0
        text.take(fields.length())
        found.append(shown(text.text()))
        fields.take(2 * file.length_size)
    return found


def virtual_sources(file: File, heap: GlobalId) -> list[str]:
    """The files that a virtual dataset is put together from, itself left out."""
    data = global_objects(file, [heap]).get(heap)
    if data is None:
        raise Broken("a virtual dataset without its sources")
    fields = file.fields(data)
    version, count = fields.number(1), fields.length()
    if version > 1:
        raise Unsupported(f"a list of virtual sources of version {version}")
    files: list[str] = []
    for number in range(count):
        flags = fields.number(1) if version else 0
        if flags & 0x04:
            files.append(_SAME_FILE)
        elif flags & 0x01:
            origin = fields.length()
            if origin >= number:
                raise Broken("a virtual source that comes from a later one")
            files.append(files[origin])
        else:
            files.append(shown(fields.text()))
        if flags & 0x02:
            fields.length()
        else:
            fields.text()
        _selection(fields)
        _selection(fields)
    return [each for each in dict.fromkeys(files) if each != _SAME_FILE]


def _selection(fields: Fields) -> None:
    """Step over a selection of elements (Appendix C.3)."""
    kind, version = fields.number(4), fields.number(4)
    if kind in {0, 3}:
        fields.take(8)
    elif version == 1:
        fields.take(4)
        fields.take(fields.number(4))
    elif kind == 2 and version == 2:
        fields.take(1)
        fields.take(fields.number(4))
    elif kind in {1, 2} and version in {2, 3}:
        regular = kind == 2 and fields.number(1) & 1
        width, rank = fields.number(1), fields.number(4)
        if regular:
            fields.take(4 * rank * width)
        else:
            fields.take(fields.number(width) * rank * (1 if kind == 1 else 2) * width)
    else:
        raise Unsupported(f"a selection of kind {kind} and version {version}")
