"""MXNet: files of arrays (threats.md 7.7). Graphs are JSON, and read with other JSON.

    file  = { 0x112 u64, 0 u64, count u64, arrays, count u64, { bytes u64, name } for each name }
    array = { mark u32, storage i32, [shape of the storage], shape, device i32 i32, type i32,
              [{ type i32, shape } for each index], numbers, [numbers of each index] }
    shape = { count u32, i64 for each dimension }

(src/ndarray/ndarray.cc of 1.9). What stands in brackets is that of sparse arrays; the older mark has no storage, and
arrays of before 0.9 have the shape in its place, in 32 bits. Numbers are inert.
"""

from __future__ import annotations

import struct
from math import prod
from typing import TYPE_CHECKING, Final

from scanners.binary.read_ahead import Ahead
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import Truncated

if TYPE_CHECKING:
    from scanners.source import Source

_MARK: Final = (0x112).to_bytes(8, "little") + bytes(8)
_V1: Final = 0xF993FAC8
_STORED: Final = frozenset((0xF993FAC9, 0xF993FACA))
_NUMPY: Final = 0xF993FACA
"""As in NumPy, an array without dimensions is a number, and one that was never filled has less than none."""
_INDICES: Final = {0: 0, 1: 1, 2: 2}
"""Arrays of indices by the kind of storage: dense, rows, compressed rows."""
_BYTES: Final = {0: 4, 1: 8, 2: 2, 3: 1, 4: 4, 5: 1, 6: 8, 7: 1, 8: 2, 9: 2, 10: 4, 11: 8, 12: 2}
"""Of an element, by mshadow's TypeFlag."""
_DIMS_MOST: Final = 32
_NAME_MOST: Final = 65_536


class _Broken(Exception):  # noqa: N818 - a state of the file, not a mistake
    """No array stands here."""


def recognise(sample: Sample) -> bool:
    """Whether the head is the mark of a list of arrays."""
    return sample.head.startswith(_MARK)


def scan(source: Source, scan: Scan) -> None:
    """Walk from array to array, and over their names."""
    ahead = Ahead(source)
    if source.size < 2 * len(_MARK) or ahead.take(len(_MARK)) != _MARK:
        raise NotThisFormat
    place = 0
    try:
        for _ in range(_u64(ahead)):
            sizes = _header(ahead)
            scan.account.examined(place, ahead.at)
            if sum(sizes) > source.size - ahead.at:
                raise Truncated(ahead.at, sum(sizes), source.size)
            scan.account.inert(ahead.at, ahead.at + sum(sizes))
            ahead.step_over(sum(sizes))
            place = ahead.at
        for _ in range(_u64(ahead)):
            ahead.take(min(_u64(ahead), _NAME_MOST))
            scan.account.examined(place, ahead.at)
            place = ahead.at
    except _Broken:
        scan.unread("broken", "no array, and no name of one", offset=place)
        return
    scan.account.examined(place, ahead.at)


def _u64(ahead: Ahead) -> int:
    return int.from_bytes(ahead.take(8), "little")


def _i32(ahead: Ahead) -> int:
    return int.from_bytes(ahead.take(4), "little", signed=True)


def _shape(ahead: Ahead, count: int, width: str = "q") -> int:
    """The elements of a shape of so many dimensions."""
    if not 0 <= count <= _DIMS_MOST:
        raise _Broken
    dims = struct.unpack(f"<{count}{width}", ahead.take(count * struct.calcsize(width)))
    if min(dims, default=0) < 0:
        raise _Broken
    return prod(dims)


def _bytes(kind: int) -> int:
    if kind not in _BYTES:
        raise _Broken
    return _BYTES[kind]


def _header(ahead: Ahead) -> list[int]:
    """The bytes of numbers of the array that begins here, and of its indices."""
    mark = int.from_bytes(ahead.take(4), "little")
    indices, stored = 0, None
    if mark in _STORED:
        storage = _i32(ahead)
        if storage not in _INDICES:
            raise _Broken
        if indices := _INDICES[storage]:
            stored = _shape(ahead, _i32(ahead))
    count = _i32(ahead) if mark in {*_STORED, _V1} else mark
    if count < 0 if mark == _NUMPY else count == 0:
        return []
    elements = _shape(ahead, count, "q" if mark in {*_STORED, _V1} else "I")
    ahead.take(8)
    width = _bytes(_i32(ahead))
    beside = [_bytes(_i32(ahead)) * _shape(ahead, _i32(ahead)) for _ in range(indices)]
    return [width * (elements if stored is None else stored), *beside]


SCANNER = Scanner("mxnet", 1, frozenset(), recognise, scan)
