"""The chunks of an HDF5 dataset, by each of the indexes that there are (specification 3.0, III.A, VII)."""

from __future__ import annotations

import zlib
from math import prod
from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.binary.hdf5_file import Broken, Fields, Unsupported
from scanners.binary.hdf5_layout import Index
from scanners.binary.hdf5_trees import bound, leaves, records
from scanners.budget import LimitReached

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scanners.binary.hdf5_file import File
    from scanners.binary.hdf5_layout import Filter, Layout

_CHUNKS: Final = 1
"""The kind of a B-tree of version 1 over chunks."""
_CHUNKS_MOST: Final = 4 << 20
_MASK: Final = 4
DEFLATE, SHUFFLE, FLETCHER32 = 1, 2, 3
"""Filters that are undone here."""


class Chunk(NamedTuple):
    """A piece of raw data."""

    address: int
    length: int
    mask: int
    """The filters that it does without, by their places in the pipeline."""


def chunks(file: File, layout: Layout, shape: tuple[int, ...], *, filtered: bool) -> list[Chunk]:
    """All chunks that there are, in the order of their index."""
    if layout.address is None:
        return []
    plain = Chunk(layout.address, layout.chunk_length, 0)
    match layout.indexed:
        case Index.TREE:
            found = _by_tree(file, layout, layout.address)
        case Index.SINGLE:
            found = [plain if layout.length is None else Chunk(layout.address, layout.length, layout.mask)]
        case Index.IMPLICIT:
            count = prod(-(-size // part) for size, part in zip(shape, layout.chunk, strict=True))
            # They lie one behind the other: together they are one piece.
            found = [Chunk(layout.address, layout.chunk_length * count, 0)]
        case Index.FIXED_ARRAY:
            found = list(_fixed(file, layout, layout.address))
        case Index.EXTENSIBLE_ARRAY:
            found = list(_extensible(file, layout, layout.address))
        case Index.NEW_TREE:
            found = _by_new_tree(file, layout, layout.address, filtered=filtered)
    if len(found) > _CHUNKS_MOST:
        raise LimitReached("chunks", f"over {_CHUNKS_MOST} chunks in one dataset")
    return found


def _by_tree(file: File, layout: Layout, address: int) -> list[Chunk]:
    found: list[Chunk] = []
    for child in leaves(file, address, _CHUNKS, 8 + 8 * (len(layout.chunk) + 1), file.chunk_internal):
        length, mask = int.from_bytes(child.key[:4], "little"), int.from_bytes(child.key[4:8], "little")
        found.append(Chunk(child.address, length, mask))
    return found


def _by_new_tree(file: File, layout: Layout, address: int, *, filtered: bool) -> list[Chunk]:
    found: list[Chunk] = []
    scaled = 8 * len(layout.chunk)
    for record in records(file, address).records:
        chunk = _entry(file.fields(record[: len(record) - scaled]), layout, filtered=filtered)
        if chunk is not None:
            found.append(chunk)
    return found


def _entry(fields: Fields, layout: Layout, *, filtered: bool) -> Chunk | None:
    """The chunk that an index describes: its place, and if it is filtered its length and mask."""
    address = fields.address()
    if address is None:
        return None
    if not filtered:
        return Chunk(address, layout.chunk_length, 0)
    return Chunk(address, fields.number(fields.left - _MASK), fields.number(_MASK))


def _entries(file: File, data: bytes, size: int, layout: Layout, *, filtered: bool) -> Iterator[Chunk]:
    for at in range(0, len(data) - size + 1, size):
        chunk = _entry(file.fields(data[at : at + size]), layout, filtered=filtered)
        if chunk is not None:
            yield chunk


class _Array(NamedTuple):
    """What the blocks of an array have in common."""

    filtered: bool
    size: int
    """Bytes of an entry."""
    page: int
    """Entries of a page: what has more of them is paged, with a checksum behind each page."""

    def length(self, prefix: int, entries: int) -> int:
        """Bytes of a block that is not paged."""
        return prefix + entries * self.size + 4

    def pages(self, entries: int) -> int:
        return -(-entries // self.page) if entries > self.page else 0


def _array(client: int, size: int, page_bits: int, file: File) -> _Array:
    least = file.offset_size + (1 + _MASK if client else 0)
    if client > 1 or not least <= size <= file.offset_size + 8 + _MASK or page_bits > 63:
        raise Broken("an array of impossible entries")
    return _Array(bool(client), size, 1 << page_bits)


def _is_set(bitmap: bytes, number: int) -> bool:
    return bool(bitmap[number // 8] & (0x80 >> number % 8))


def _paged(file: File, layout: Layout, array: _Array, blocks: Sequence[tuple[int, int, bytes]]) -> Iterator[Chunk]:
    """The chunks in paged blocks, of which place, entries and the bitmap of the pages in use are given."""
    places: list[tuple[int, int]] = []
    for at, entries, bitmap in blocks:
        for number in range(array.pages(entries)):
            if _is_set(bitmap, number):
                here = min(array.page, entries - number * array.page)
                places.append((at + number * (array.page * array.size + 4), here * array.size + 4))
    bound(len(places))
    for page in file.get_all(places):
        yield from _entries(file, page.data[:-4], array.size, layout, filtered=array.filtered)


def _fixed(file: File, layout: Layout, address: int) -> Iterator[Chunk]:
    header = file.get(address, 12 + file.length_size + file.offset_size)
    header.expect(b"FAHD\0")
    array = _array(header.number(1), header.number(1), header.number(1), file)
    entries, block = header.length(), header.address()
    if block is None:
        return
    prefix = 6 + file.offset_size
    if not array.pages(entries):
        data = file.get(block, array.length(prefix, entries))
        data.expect(b"FADB\0")
        yield from _entries(file, data.data[prefix:-4], array.size, layout, filtered=array.filtered)
        return
    length = prefix + -(-array.pages(entries) // 8) + 4
    data = file.get(block, length)
    data.expect(b"FADB\0")
    yield from _paged(file, layout, array, [(block + length, entries, data.data[prefix:-4])])


def _extensible(file: File, layout: Layout, address: int) -> Iterator[Chunk]:
    """An array in blocks that grow: some below its index block, the others below secondary blocks."""
    header = file.get(address, 16 + 6 * file.length_size + file.offset_size)
    header.expect(b"EAHD\0")
    client, size, bits = header.number(1), header.number(1), header.number(1)
    first, least, pointers, page_bits = (header.number(1) for _ in range(4))
    array = _array(client, size, page_bits, file)
    header.take(6 * file.length_size)
    index = header.address()
    if index is None:
        return
    if bits > 64 or not least or not pointers:
        raise Broken("an array of impossible blocks")
    groups = max(0, bits - least.bit_length() + 2)
    shapes = [(1 << number // 2, (1 << (number + 1) // 2) * least) for number in range(groups)]
    """Number of data blocks of each group, and entries of each of them."""
    below = 2 * (pointers.bit_length() - 1)
    sizes = [entries for count, entries in shapes[:below] for _ in range(count)]
    width, prefix = file.offset_size, 6 + file.offset_size
    inner = file.get(index, prefix + first * array.size + (len(sizes) + max(0, groups - below)) * width + 4)
    inner.expect(b"EAIB\0")
    inner.take(prefix - 5)
    yield from _entries(file, inner.take(first * array.size), array.size, layout, filtered=array.filtered)
    blocks = [(place, entries, b"") for entries in sizes if (place := inner.address()) is not None]
    prefix += -(-bits // 8)
    wanted: list[tuple[int, int]] = []
    secondary: list[tuple[int, int, int]] = []
    for count, entries in shapes[below:]:
        place, bitmap = inner.address(), -(-array.pages(entries) // 8)
        if place is not None:
            wanted.append((place, prefix + count * (bitmap + width) + 4))
            secondary.append((count, entries, bitmap))
    for (count, entries, bitmap), fields in zip(secondary, file.get_all(wanted), strict=True):
        fields.expect(b"EASB\0")
        fields.take(prefix - 5)
        maps = [fields.take(bitmap) for _ in range(count)]
        places = [fields.address() for _ in range(count)]
        blocks += [(at, entries, used) for at, used in zip(places, maps, strict=True) if at is not None]
    bound(len(blocks))
    whole = [(at, array.length(prefix, entries)) for at, entries, used in blocks if not used]
    for data in file.get_all(whole):
        data.expect(b"EADB\0")
        yield from _entries(file, data.data[prefix:-4], array.size, layout, filtered=array.filtered)
    paged = [(at + prefix + 4, entries, used) for at, entries, used in blocks if used]
    for block in file.get_all([(at - prefix - 4, prefix + 4) for at, _, _ in paged]):
        block.expect(b"EADB\0")
    yield from _paged(file, layout, array, paged)


def decoded(file: File, data: bytes, chunk: Chunk, filters: list[Filter], most: int) -> bytes:
    """The content of a chunk, at most `most` bytes; raises `Unsupported` where a filter is not known here."""
    for place in range(len(filters) - 1, -1, -1):
        if chunk.mask >> place & 1:
            continue
        number, values = filters[place]
        if number == DEFLATE:
            inflate = zlib.decompressobj()
            try:
                inflated = inflate.decompress(data, most)
            except zlib.error as error:
                raise Broken(f"a chunk does not inflate: {error}") from error
            file.budget.inflate(len(inflated), made=len(inflated), compressed=len(data))
            data = inflated
        elif number == SHUFFLE:
            width = values[0] if values else 1
            count = len(data) // width if width else 0
            if width > 1 and count:
                whole = bytearray(count * width)
                for byte in range(width):
                    whole[byte::width] = data[byte * count : (byte + 1) * count]
                data = bytes(whole) + data[count * width :]
        elif number == FLETCHER32:
            data = data[:-4]
        else:
            raise Unsupported(f"filter {number}")
    return data
