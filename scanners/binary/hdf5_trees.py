"""B-trees of HDF5, read level by level (specification 3.0, III.A)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.binary.hdf5_file import Broken
from scanners.budget import LimitReached

if TYPE_CHECKING:
    from scanners.binary.hdf5_file import File

_NODES_MOST: Final = 65_536
"""Nodes of one tree: over two million chunks."""
_DEPTH_MOST: Final = 64
_PREFIX: Final = 10
"""Bytes of a node of version 2 besides records and pointers: signature, version, type, checksum."""


class Child(NamedTuple):
    """What a leaf of a tree of version 1 leads to."""

    key: bytes
    address: int


def bound(nodes: int) -> None:
    """Refuse an index of too many nodes; raises `LimitReached`."""
    if nodes > _NODES_MOST:
        raise LimitReached("nodes", f"over {_NODES_MOST} nodes in one index")


def node_length(file: File, key: int, half: int) -> int:
    """Bytes of a node of version 1 that has keys of `key` bytes and up to twice `half` children."""
    return 8 + 2 * file.offset_size + 2 * half * (key + file.offset_size) + key


def leaves(file: File, address: int, kind: int, key: int, half: int) -> list[Child]:
    """What a B-tree of version 1 leads to."""
    length = node_length(file, key, half)
    places, stands, total = [address], -1, 0
    while True:
        total += len(places)
        bound(total)
        children: list[Child] = []
        for node in file.get_all([(place, length) for place in places]):
            node.expect(b"TREE" + bytes([kind]))
            level, used = node.number(1), node.number(2)
            stands = level if stands < 0 else stands
            if level != stands or used > 2 * half:
                raise Broken("a node of a B-tree is not where it belongs")
            node.take(2 * file.offset_size)
            children.extend(Child(node.take(key), node.place()) for _ in range(used))
        if stands <= 0:
            return children
        places = [child.address for child in children]
        stands -= 1


class Records(NamedTuple):
    """All that a B-tree of version 2 holds."""

    kind: int
    records: list[bytes]


def records(file: File, address: int) -> Records:
    """The records of a B-tree of version 2, whatever they mean."""
    header = file.get(address, 22 + file.offset_size + file.length_size)
    header.expect(b"BTHD\0")
    kind, size, width, depth = header.number(1), header.number(4), header.number(2), header.number(2)
    header.take(2)
    root, count = header.address(), header.number(2)
    if not width or size <= _PREFIX or depth > _DEPTH_MOST:
        raise Broken("a B-tree of impossible nodes")
    found: list[bytes] = []
    level = [(root, count)] if root is not None else []
    total = 0
    counts, totals = _widths(file, size, width, depth)
    for above in range(depth, -1, -1):
        total += len(level)
        bound(total)
        nodes = file.get_all([(place, size) for place, _ in level])
        below: list[tuple[int, int]] = []
        for node, (_, held) in zip(nodes, level, strict=True):
            node.expect(b"BTIN\0" if above else b"BTLF\0")
            node.take(1)
            found.extend(node.take(width) for _ in range(held))
            for _ in range(held + 1 if above else 0):
                child, held_there = node.place(), node.number(counts)
                node.take(totals[above])
                below.append((child, held_there))
        level = below
    return Records(kind, found)


def _widths(file: File, size: int, width: int, depth: int) -> tuple[int, list[int]]:
    """Bytes of a number of records in a node's pointers, and by level those of a number of records below."""
    most = (size - _PREFIX) // width
    counts = _bytes_for(most)
    below, totals = most, [0]
    for level in range(1, depth + 1):
        totals.append(0 if level == 1 else _bytes_for(below))
        pointer = file.offset_size + counts + totals[level]
        most = (size - _PREFIX - pointer) // (width + pointer)
        below = (most + 1) * below + most
    return counts, totals


def _bytes_for(most: int) -> int:
    """Bytes of a number up to `most`."""
    return max(1, (most.bit_length() + 7) // 8)
