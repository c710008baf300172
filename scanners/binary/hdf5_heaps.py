"""Heaps of HDF5: names, texts of any length, and many small objects (specification 3.0, III.D, III.E, III.G)."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.binary.hdf5_file import Broken, Unsupported
from scanners.binary.hdf5_trees import bound, records

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scanners.binary.hdf5_file import Fields, File

_COLLECTION: Final = 4096
"""Bytes that a collection of the global heap has at least."""
_ROWS_MOST: Final = 64
_HUGE, _TINY = 1, 2


def local_heap(file: File, address: int) -> tuple[int, int]:
    """Where the data of the local heap at `address` is, and its length: names by their offsets."""
    header = file.get(address, local_heap_length(file))
    header.expect(b"HEAP\0")
    header.take(3)
    length = header.length()
    header.take(file.length_size)
    return header.place(), length


def local_heap_length(file: File) -> int:
    """Bytes of the header of a local heap."""
    return 8 + 2 * file.length_size + file.offset_size


class GlobalId(NamedTuple):
    """An object of the global heap: the collection and its number there."""

    collection: int
    number: int


def global_objects(file: File, ids: Iterable[GlobalId]) -> dict[GlobalId, bytes]:
    """The objects of the global heap, those that are not there left out."""
    ids = set(ids)
    new = sorted({each.collection for each in ids} - file.collections.keys())
    file.want(*((address, _COLLECTION) for address in new))
    lengths: list[tuple[int, int]] = []
    for address in new:
        header = file.fields(file.read(address, 8 + file.length_size))
        header.expect(b"GCOL\1")
        header.take(3)
        lengths.append((address, header.length()))
    for (address, _), fields in zip(lengths, file.get_all(lengths), strict=True):
        file.collections[address] = _index(fields, address, 8 + file.length_size)
    found = {each: file.collections[each.collection].get(each.number) for each in ids}
    return {each: file.read(*place) for each, place in found.items() if place is not None}


def _index(fields: Fields, address: int, start: int) -> dict[int, tuple[int, int]]:
    """Where the objects of a collection are, by number."""
    fields.at = start
    places: dict[int, tuple[int, int]] = {}
    while fields.left >= start:
        index = fields.number(2)
        fields.take(6)
        length = fields.length()
        if index == 0:
            # All that is left is free space.
            break
        places.setdefault(index, (address + fields.at, length))
        fields.take(length)
        fields.take(min(fields.left, -length % 8))
    return places


class _Block(NamedTuple):
    offset: int
    """In the address space of the heap, its own header counted in."""
    data: bytes


class FractalHeap(NamedTuple):
    """A heap whose blocks double in size, all of them read."""

    file: File
    offset_width: int
    length_width: int
    blocks: list[_Block]
    huge: dict[int, tuple[int, int]]
    """Place and length of the objects that have no room in a block, by key."""
    huge_direct: bool
    """Heap ids hold place and length of such objects themselves."""

    def objects(self, ids: list[bytes]) -> list[bytes]:
        """The objects that these heap ids name."""
        if not all(ids):
            raise Broken("a heap id that is empty")
        places = [self._huge(each) if each[0] >> 4 & 3 == _HUGE else None for each in ids]
        large = self.file.get_all([place for place in places if place])
        following = iter(large)
        return [next(following).data if place else self._small(each) for each, place in zip(ids, places, strict=True)]

    def _huge(self, heap_id: bytes) -> tuple[int, int]:
        fields = self.file.fields(heap_id[1:])
        if self.huge_direct:
            return fields.place(), fields.length()
        place = self.huge.get(int.from_bytes(fields.take(min(fields.left, 8)), "little"))
        if place is None:
            raise Broken("a huge object that is not there")
        return place

    def _small(self, heap_id: bytes) -> bytes:
        fields = self.file.fields(heap_id)
        first = fields.number(1)
        if first >> 4 & 3 == _TINY:
            # Ids longer than 18 bytes would say the length in 12 bits; writers make none.
            return fields.take((first & 0x0F) + 1)
        offset, length = fields.number(self.offset_width), fields.number(self.length_width)
        at = bisect_right(self.blocks, offset, key=lambda block: block.offset) - 1
        if at < 0 or first >> 4 & 3:
            raise Broken("a heap id that leads nowhere")
        inside = self.file.fields(self.blocks[at].data)
        inside.take(offset - self.blocks[at].offset)
        return inside.take(length)


class _Shape(NamedTuple):
    """The doubling table: what size the blocks of a row have."""

    address: int
    width: int
    start: int
    most: int
    """Bytes of the largest direct block."""
    offset_width: int

    def size(self, row: int) -> int:
        return self.start << max(0, row - 1)

    @property
    def direct_rows(self) -> int:
        return (self.most // self.start).bit_length() + 1


def open_heap(file: File, address: int) -> FractalHeap:
    """Read the fractal heap at `address`."""
    offsets, lengths = file.offset_size, file.length_size
    header = file.get(address, 26 + 3 * offsets + 12 * lengths)
    header.expect(b"FRHP\0")
    id_length, filters = header.number(2), header.number(2)
    if filters:
        raise Unsupported("a heap whose blocks are compressed")
    header.take(1)
    managed_most = header.number(4)
    header.take(lengths)
    huge_tree = header.address()
    header.take(lengths + offsets + 8 * lengths)
    width, start, most = header.number(2), header.length(), header.length()
    bits = header.number(2)
    header.take(2)
    root, rows = header.address(), header.number(2)
    if not width or not start or most < start or rows > _ROWS_MOST:
        raise Broken("a heap of impossible blocks")
    shape = _Shape(address, width, start, most, -(-bits // 8))
    blocks = [] if root is None else (_blocks(file, shape, root, rows))
    huge: dict[int, tuple[int, int]] = {}
    if huge_tree is not None:
        for record in records(file, huge_tree).records:
            fields = file.fields(record)
            place = fields.place(), fields.length()
            if fields.left:
                huge[fields.length()] = place
    length_width = (min(managed_most, most).bit_length() + 6) // 8
    direct = offsets + lengths <= id_length - 1
    return FractalHeap(file, shape.offset_width, length_width, blocks, huge, direct)


def _blocks(file: File, shape: _Shape, root: int, rows: int) -> list[_Block]:
    """All direct blocks, in the order of their offsets: one round for each level of indirect ones."""
    direct: list[tuple[int, int, int]] = []
    level: list[tuple[int, int, int]] = [(0, root, rows)] if rows else []
    if not rows:
        direct.append((0, root, shape.start))
    while level:
        bound(len(level) + len(direct))
        prefix = 5 + file.offset_size + shape.offset_width
        places = [(place, prefix + file.offset_size * shape.width * count + 4) for _, place, count in level]
        below: list[tuple[int, int, int]] = []
        for node, (offset, _, count) in zip(file.get_all(places), level, strict=True):
            node.expect(b"FHIB\0")
            node.take(prefix - 5)
            for row in range(count):
                size = shape.size(row)
                for _ in range(shape.width):
                    child = node.address()
                    if child is not None and row < shape.direct_rows:
                        direct.append((offset, child, size))
                    elif child is not None:
                        below.append((offset, child, (size // (shape.start * shape.width)).bit_length()))
                    offset += size  # noqa: PLW2901 - the place in the heap moves on with its blocks
        level = below
    file.budget.hold(sum(size for _, _, size in direct), "an HDF5 heap")
    read = file.get_all([(place, size) for _, place, size in direct])
    for block in read:
        block.expect(b"FHDB\0")
    return sorted(_Block(offset, block.data) for (offset, _, _), block in zip(direct, read, strict=True))
