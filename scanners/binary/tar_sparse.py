"""Sparse files in tar archives: the map of what is stored, and the file that readers make of it.

GNU tar writes four kinds (GNU tar manual, "Sparse Formats"): a map in the header and in blocks behind it (type "S");
pax records, one for each number (0.0) or one for all (0.1); and lines of decimal numbers before the data (1.0).
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from scanners.binary.tar_records import BLOCK, decimal, numbers, values
from scanners.source import Span, bounded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from scanners.binary.tar_records import Records
    from scanners.source import Source

    Read = Callable[[int], bytes]
    # The block at an offset; fewer bytes at the end of the source.

_HEADER_MAP, _HEADER_PAIRS, _HEADER_MORE, _HEADER_SIZE = 386, 4, 482, slice(483, 495)
_BLOCK_PAIRS, _BLOCK_MORE = 21, 504
_MOST = 65_536
"""Blocks of a map, and pairs in it, that are read."""


class Sparse(NamedTuple):
    """Where the parts of a file lie, one behind the other from `start`, and where they belong."""

    parts: tuple[tuple[int, int], ...]
    """Offset in the file and length."""
    size: int
    """Bytes of the file with its holes."""
    start: int

    def sound(self, stop: int) -> bool:
        """Whether the parts go forward, and end with the stored data at `stop` and inside of the file."""
        at = total = 0
        for offset, length in self.parts:
            if offset < at or length < 0:
                return False
            at, total = offset + length, total + length
        return at <= self.size and self.start + total == stop

    @property
    def stored(self) -> int:
        """Bytes of all parts together."""
        return sum(length for _, length in self.parts)


def from_header(block: bytes, at: int, read: Read) -> Sparse | None:
    """The map that begins in the header `block` and goes on at `at`; None where it is longer than is read."""
    found = _pairs(block, _HEADER_MAP, _HEADER_PAIRS)
    more, count = bool(block[_HEADER_MORE]), 0
    while more:
        block_more = read(at)
        if len(block_more) < BLOCK or count == _MOST // _BLOCK_PAIRS:
            return None
        found += _pairs(block_more, 0, _BLOCK_PAIRS)
        more = bool(block_more[_BLOCK_MORE])
        at, count = at + BLOCK, count + 1
    return Sparse(tuple(found), numbers(block[_HEADER_SIZE])[0], at)


def _pairs(block: bytes, start: int, count: int) -> list[tuple[int, int]]:
    places = range(start, start + 24 * count, 24)
    found = [(numbers(block[at : at + 12])[0], numbers(block[at + 12 : at + 24])[0]) for at in places]
    return [pair for pair in found if any(pair)]


def is_sparse(records: Records) -> bool:
    """Whether pax records say that a file is sparse."""
    return any(key.startswith("GNU.sparse.") for key, _ in records)


def from_records(records: Records, at: int, read: Read) -> Sparse | None:
    """The map that pax records hold or announce, of data at `at`; None where it cannot be read."""
    sizes = [decimal(each) for key in ("realsize", "size") for each in values(records, f"GNU.sparse.{key}")]
    if len(set(sizes)) != 1 or sizes[0] is None:
        return None
    if values(records, "GNU.sparse.major") == ("1",):
        return _from_lines(sizes[0], at, read)
    listed = values(records, "GNU.sparse.map")
    ordered = [value for key, value in records if key in {"GNU.sparse.offset", "GNU.sparse.numbytes"}]
    parts = _paired([decimal(each) for each in (listed[0].split(",") if listed else ordered)])
    return None if parts is None else Sparse(parts, sizes[0], at)


def _paired(flat: Sequence[int | None]) -> tuple[tuple[int, int], ...] | None:
    known = [each for each in flat if each is not None]
    return None if len(known) != len(flat) or len(flat) % 2 else tuple(zip(known[::2], known[1::2], strict=True))


def _from_lines(size: int, at: int, read: Read) -> Sparse | None:
    """The map in front of the data: the number of pairs, then each number, a line each, filled up to a block."""
    found: list[int | None] = []
    rest = b""
    for count in range(1, _MOST):
        *lines, rest = (rest + read(at + (count - 1) * BLOCK)).split(b"\n")
        found += [decimal(line.decode("latin-1")) for line in lines]
        pairs = found[0] if found else 0
        if pairs is None or pairs > _MOST or len(rest) > BLOCK:
            return None
        if found and len(found) > 2 * pairs:
            parts = _paired(found[1 : 2 * pairs + 1])
            return None if parts is None else Sparse(parts, size, at + count * BLOCK)
    return None


class HoleSource:
    """A sparse file as readers unpack it: zeros where nothing is stored. The parts have to be sound."""

    def __init__(self, source: Source, sparse: Sparse) -> None:
        self._source = source
        self.size = sparse.size
        self._parts: list[tuple[int, int, int]] = []
        place = sparse.start
        for offset, length in sparse.parts:
            if length:
                self._parts.append((offset, offset + length, place))
            place += length

    def _stored(self, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
        """What is stored of [start, stop): offset, length, and the place in the source."""
        index = max(0, bisect_right(self._parts, (start, self.size, 0)) - 1)
        for begin, end, place in self._parts[index:]:
            if begin >= stop:
                return
            first, last = max(begin, start), min(end, stop)
            if first < last:
                yield first, last - first, place + first - begin

    def read(self, start: int, length: int) -> bytes:
        """Exactly `length` bytes from `start` of the file."""
        bounded(start, length, self.size)
        self.want(Span(start, start + length))
        data = bytearray(length)
        for offset, count, place in self._stored(start, start + length):
            data[offset - start : offset - start + count] = self._source.read(place, count)
        return bytes(data)

    def want(self, *spans: Span) -> None:
        """Ask for what is stored of these places."""
        stored = (part for span in spans for part in self._stored(*span))
        self._source.want(*(Span(place, place + count) for _, count, place in stored))
