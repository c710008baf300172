"""The members of a tar archive, found from header to header by every way that some reader takes.

A tar has no index: where one header ends, its size says where the next one is. Rule 1: where readers understand a
size differently, the walk goes on at each place that holds a header. Rule 2: it goes on behind the zero blocks that
end an archive, since some readers do, and behind what is no header, at the next block that is one. Rule 3: short
members are read through, in windows that grow, and long ones are stepped over, one read for each.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from scanners.binary import tar_records as tr
from scanners.binary import tar_sparse
from scanners.binary.zip_records import Bend
from scanners.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scanners.binary.tar_records import Header, Records
    from scanners.source import Source

_HEADERS_MOST = 500_000
_FORKS_MOST = 64
_NOTES_MOST = 1 << 20
"""Bytes of one extended header or long name that are read."""
_HUGE = 8**11
"""The first size that 11 octal digits do not hold: from here on the header says something else than the pax record."""
_ASK = 1 << 16
_ASK_MOST = 64 << 20
_READ_THROUGH = 40
"""Asks in which an archive of small members is read through, whatever its size."""
_SKIPPED = 4 << 20
"""Bytes of a member that are worth a round trip if they need not be fetched."""
_BEHIND = 1 << 16
"""Bytes before a header that are asked for with it: the end of the member before, which its reader will look at."""
_NO_RECORDS: Records = ()


class Member(NamedTuple):
    """One member, by all its readings."""

    names: tuple[str, ...]
    """The names that readers unpack it to."""
    others: tuple[str, ...]
    """What readers take for its name that do not know pax records or GNU's long names."""
    kind: str
    at: int
    """Offset of its header."""
    start: int
    """Offset of its data."""
    sizes: tuple[int, ...]
    """Bytes of its data; none where it has none to any reader."""
    targets: tuple[str, ...]
    """Where a link leads."""
    mode: int
    hidden: bool
    """It stands behind the end of the archive, or behind something that is no header."""
    block: bytes = b""
    """The header of a file that is sparse in GNU's old way."""
    records: Records = ()
    """The pax records of a file that is sparse in GNU's new ways."""


class Gap(NamedTuple):
    """Bytes that belong to no member and no header."""

    span: Span
    hidden: bool
    """Whether they stand behind the end of the archive."""


class _Place(NamedTuple):
    """Where a reader goes on, with what it has read for the next header and for all that follow."""

    at: int
    hidden: bool = False
    order: int = 0
    pending: Records = ()
    shared: Records = ()


class Layout:
    """What the walk found; `broken` and `limits` say what was not read, and why."""

    def __init__(self) -> None:
        self.members: list[Member] = []
        self.structure: list[Span] = []
        self.gaps: list[Gap] = []
        self.bends: list[Bend] = []
        self.broken: list[str] = []
        self.limits: list[str] = []


class _Blocks:
    """Reads a source mostly forward, and asks for windows that grow where it is read through."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._window = Span(0, 0)
        self._ask = _ASK // 2
        self._base, self._data = 0, b""

    def read(self, at: int, length: int = tr.BLOCK) -> bytes:
        """The bytes at `at`, fewer only at the end of the source."""
        length = min(length, self._source.size - at)
        if length <= 0:
            return b""
        begin = at - self._base
        if begin < 0 or begin + length > len(self._data):
            self._fill(at, length)
            begin = 0
        return self._data[begin : begin + length]

    def _fill(self, at: int, length: int) -> None:
        size = self._source.size
        if not self._window.start <= at <= at + length <= self._window.stop:
            self._grow(at)
            start = max(at - _BEHIND, self._window.stop) if at > self._window.stop else at
            self._window = Span(start, min(size, at + max(length, self._ask)))
            self._source.want(self._window)
        self._base = at
        self._data = self._source.read(at, max(length, min(_ASK, self._window.stop - at)))

    def _grow(self, at: int) -> None:
        """Choose how much to ask for at `at`."""
        if 0 <= at - self._window.stop < self._ask:
            self._ask = min(self._ask * 2, max(_ASK_MOST, self._source.size // _READ_THROUGH))
        elif at - self._window.stop < _SKIPPED:
            self._ask = min(self._ask * 8, _ASK_MOST)
        else:
            self._ask = _ASK


def read_layout(source: Source) -> Layout:
    """Everything that some reader may take for a part of the archive."""
    walk = _Walk(source)
    walk.run()
    return walk.layout


def wraps(source: Source, ends: Iterable[int], parts: Iterable[int]) -> bool:
    """Whether the source is a tar archive, and what seems to be another archive is the content of its members.

    All its `ends` lie in the data of members, and all its `parts` in the same ones: they are read as members then.
    """
    block = source.read(0, min(tr.BLOCK, source.size))
    if not tr.fits(block):
        return False
    members = read_layout(source).members
    spans = sorted(Span(member.start, member.start + size) for member in members for size in member.sizes if size)

    def holder(at: int) -> int:
        index = bisect_right(spans, at, key=lambda span: span.start) - 1
        return index if index >= 0 and at < spans[index].stop else -1

    holders = {holder(at) for at in ends}
    return bool(holders) and -1 not in holders and holders >= {holder(at) for at in parts}


class _Walk:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.layout = Layout()
        self._blocks = _Blocks(source)
        self._places = [_Place(0)]
        self._order = count(1)
        self._headers = self._forks = 0
        self._kept = 0
        self._ended = False

    def run(self) -> None:
        """Follow every chain of headers to its end."""
        seen: set[tuple[Records, Records]] = set()
        last = -1
        while self._places:
            place = heapq.heappop(self._places)
            if place.at != last:
                seen, last = set(), place.at
            if (place.pending, place.shared) in seen:
                continue
            seen.add((place.pending, place.shared))
            if self._headers == _HEADERS_MOST:
                self.layout.limits.append(f"more than {_HEADERS_MOST} headers")
                return
            self._headers += 1
            self._step(place)
        if self._forks > _FORKS_MOST:
            self.layout.limits.append(f"readers of this archive part more than {_FORKS_MOST} times")
        if not self._ended:
            self.layout.broken.append("no end mark: the archive may be cut off")

    def _push(self, place: _Place) -> None:
        if place.at < self.source.size:
            heapq.heappush(self._places, place._replace(order=next(self._order)))

    def _bend(self, bend: Bend) -> None:
        self.layout.bends.append(bend)

    def _explain(self, start: int, stop: int) -> None:
        spans = self.layout.structure
        if spans and spans[-1].stop == start:
            spans[-1] = Span(spans[-1].start, stop)
        else:
            spans.append(Span(start, stop))

    def _step(self, place: _Place) -> None:
        block = self._blocks.read(place.at)
        header = tr.parse(block)
        if header is None:
            if block.strip(b"\0"):
                self._search(place, block)
            else:
                self._zeros(place)
            return
        self._ended = False
        self._explain(place.at, place.at + tr.BLOCK)
        if header.odd:
            self._bend(Bend("tar.sizes", "a field that is no number to some readers", header.names[0], place.at))
            self._forks += 1
            if self._forks <= _FORKS_MOST:
                # To Python's tarfile it is no header at all.
                self._push(_Place(self._next_header(place.at + tr.BLOCK), hidden=True, shared=place.shared))
        if header.kind in tr.NOTES:
            self._note(place, header)
        else:
            self._member(place, header)

    # -- what is no header

    def _zeros(self, place: _Place) -> None:
        """Go on behind the zero blocks that end an archive."""
        self._ended = True
        at = place.at
        while piece := self._blocks.read(at, _ASK):
            if rest := piece.lstrip(b"\0"):
                at += (len(piece) - len(rest)) // tr.BLOCK * tr.BLOCK
                break
            at += len(piece)
        self._explain(place.at, at)
        self._push(_Place(at, hidden=True, shared=place.shared))

    def _search(self, place: _Place, block: bytes) -> None:
        """Go on at the next header, as readers do that skip what they do not understand."""
        why = "a header whose checksum is wrong" if tr.has_magic(block) else "no header"
        at = self._next_header(place.at + tr.BLOCK)
        self.layout.gaps.append(Gap(Span(place.at, at), place.hidden))
        if place.hidden:
            self._bend(Bend("tar.trailing", f"{at - place.at} bytes", "", place.at))
        else:
            self._bend(Bend("tar.checksum", f"{why} where one should be", "", place.at))
        self._push(_Place(at, hidden=True, shared=place.shared))

    def _next_header(self, at: int) -> int:
        """The first block from `at` on that is a header; the end of the source if there is none."""
        while (block := self._blocks.read(at)) and not tr.fits(block):
            at += tr.BLOCK
        return min(at, self.source.size)

    # -- headers

    def _note(self, place: _Place, header: Header) -> None:
        """Take up a long name or an extended header, which speaks of the headers to come."""
        start, size = place.at + tr.BLOCK, max(0, header.sizes[0])
        self._kept += min(size, _NOTES_MOST)
        if size > _NOTES_MOST or self._kept > 64 * _NOTES_MOST:
            self.layout.limits.append(f"an extended header of {size} bytes")
            data = b""
        else:
            data = self._blocks.read(start, _padded(size))  # Python's tarfile reads on in the padding
            self._explain(start, min(start + size, self.source.size))
        pending, shared = place.pending, place.shared
        if header.kind in tr.LONG:
            pending += tuple(
                (tr.LONG[header.kind], name) for name in dict.fromkeys((tr.text(data), tr.text(data[:size])))
            )
        else:
            records, sound = tr.pax_records(data)
            if not sound:
                self._bend(Bend("tar.sizes", "an extended header that readers split differently", "", place.at))
            if header.kind == tr.GLOBAL:
                shared += records
            else:
                pending += records
        self._onward(
            place, [start + max(0, size) for size in header.sizes], _Place(0, place.hidden, 0, pending, shared)
        )

    def _member(self, place: _Place, header: Header) -> None:
        records = place.shared + place.pending
        paths = (*tr.values(records, "GNU.sparse.name"), *tr.values(records, "path"))
        names = paths or header.names[:1]
        first = start = place.at + tr.BLOCK
        sizes = self._sizes(place, header, records)
        stops = [start + size for size in (*sizes, *header.sizes)]
        sparse = header.kind == "S"
        if sparse:
            found = tar_sparse.from_header(header.block, start, self._blocks.read)
            start = found.start if found else start
            self._explain(first, start)
            stops = [*(start + size for size in sizes), *stops]
        elif header.kind in tr.DATALESS:
            stops = [start, *(stop for stop in stops if stop != start)]
            if len(stops) == 1 or tr.fits(block := self._blocks.read(start)) or not block.strip(b"\0"):
                sizes = ()
        self.layout.members.append(
            Member(
                names,
                tuple(name for name in header.names if name not in names),
                header.kind,
                place.at,
                start,
                sizes,
                tuple(filter(None, (*tr.values(records, "linkpath"), header.target))),
                header.mode,
                place.hidden,
                header.block if sparse else b"",
                records if tar_sparse.is_sparse(records) else (),
            )
        )
        self._onward(place, stops, _Place(0, place.hidden, 0, _NO_RECORDS, place.shared))

    def _sizes(self, place: _Place, header: Header, records: Records) -> tuple[int, ...]:
        """The sizes that readers find, in the header and in pax records; states where they differ."""
        stated = tr.values(records, "size")
        known = [size for value in stated if (size := tr.decimal(value)) is not None]
        readings = known if known and (header.sizes == (0,) or known[0] >= _HUGE) else [*known, *header.sizes]
        sizes = tuple(dict.fromkeys(size for size in readings if size >= 0))
        if len(sizes) != 1 or len(known) != len(stated) or min(readings) < 0:
            shown = ", ".join(map(str, readings[:4]))
            self._bend(Bend("tar.sizes", f"sizes that readers read differently: {shown}", header.names[0], place.at))
        return sizes or (0,)

    def _onward(self, place: _Place, stops: list[int], then: _Place) -> None:
        """Go on behind each end of the data at which some reader finds a header; the first is the usual one."""
        ends = list(dict.fromkeys(stop for stop in stops if stop >= 0))
        if len(ends) > 1:
            fitting = [stop for stop in ends if tr.fits(self._blocks.read(_padded(stop)))]
            zero = [stop for stop in ends if self._is_zero(_padded(stop))]
            ends = fitting or zero[:1] or ends[:1]
            self._forks += len(ends) - 1
            if len(ends) > 1:
                shown = " or ".join(str(_padded(stop)) for stop in ends)
                self._bend(Bend("tar.sizes", f"readers find the next member at {shown}", "", place.at))
                ends = ends if self._forks <= _FORKS_MOST else ends[:1]
        for stop in ends:
            if stop > self.source.size:
                self.layout.broken.append(f"the data at {place.at} reaches past the end")
                continue
            padding = self._blocks.read(stop, _padded(stop) - stop)
            if padding.strip(b"\0"):
                self._bend(Bend("tar.padding", "", "", stop))
            else:
                self._explain(stop, stop + len(padding))
            self._push(then._replace(at=_padded(stop)))

    def _is_zero(self, at: int) -> bool:
        block = self._blocks.read(at)
        return bool(block) and not block.strip(b"\0")


def _padded(stop: int) -> int:
    """The end of the block that ends at `stop` or holds it."""
    return -(-stop // tr.BLOCK) * tr.BLOCK
