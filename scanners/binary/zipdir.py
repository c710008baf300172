"""A zip archive's members, by every reading that some reader makes of it.

Readers disagree (threats.md 3.2): which end record counts, whether offsets are shifted by leading bytes, whether
zip64 values override, which name a member has, how its data is compressed. What follows takes them all.

Rule 1: nothing is chosen. Each reading that stands up becomes a member, and each disagreement a `Bend`.
Rule 2: no checksum, flag or size stops the reading.
Rule 3: every byte of structure that was read is in `Layout.structure`; what neither that nor a member covers is a gap.
Rule 4: all that is needed is asked for at once: directories in one round, local headers in the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scanners.binary import zip_records as zr
from scanners.binary.cursor import Cursor
from scanners.binary.zip_records import Bend, End, Entry
from scanners.budget import LimitReached
from scanners.source import Span, merge, subtract

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from scanners.budget import Budget
    from scanners.facts import AnomalyCode
    from scanners.source import Source

HELD_TAIL = 65_536
"""Bytes at the end of a file that are there from the start."""
_TAIL = 65_535 + zr.END_SIZE + 4096
"""Bytes at the end that readers search for the end record: miniz goes back in pieces of 4 KiB (miniz.c,
mz_zip_reader_locate_header_sig) and so looks further than a comment may be long."""
_ENDS_MOST = 64
_DIRECTORY_AT_ONCE = 8 << 20
_MEMBERS_MOST = 1_000_000
# A local header's extra field is not in the directory. Torch pads with it to 64 B.
_EXTRA_GUESS = 160
_DESCRIPTOR_MOST = 24
_UNIX_LINK = 0xA

Origin = str
"""`directory`; `local`, as the local header has it where that differs; `hidden`, in no directory."""


class Member(NamedTuple):
    """One reading of one member."""

    names: tuple[str, ...]
    """First the directory's own, then all others that some reader may know it by."""
    raw_name: bytes
    method: int
    flags: int
    crc: int
    compressed: int
    size: int
    header_offset: int
    data_offset: int
    stop: int
    """Where it ends, descriptor included; never past the end of the archive."""
    attributes: int
    origin: Origin

    @property
    def name(self) -> str:
        """The name that the directory gives it."""
        return self.names[0]

    @property
    def data(self) -> Span:
        """Where its data says that it is; may reach past the end of a broken archive."""
        return Span(self.data_offset, self.data_offset + self.compressed)


class Layout(NamedTuple):
    """All that a zip archive may be taken for."""

    members: list[Member]
    unplaced: list[Entry]
    """Directory entries whose local header is not where any reading says."""
    ends: list[End]
    bends: list[Bend]
    structure: list[Span]
    """Headers, descriptors, directories and end records, merged."""
    comments: list[Span]
    gaps: list[Span]
    shared: frozenset[int]
    """Indices of the members whose bytes another member, or the archive's structure, also covers."""


class Directory(NamedTuple):
    """The entries that stand one behind the other from `start`."""

    start: int
    stop: int
    entries: list[Entry]
    shifts: frozenset[int]
    """What to add to an entry's header offset, by the readings that led here."""


def plausible_ends(data: bytes, base: int, size: int) -> list[End]:
    """The end records in `data`, which starts at `base` of `size` bytes, that could describe what is before them."""
    ends: list[End] = []
    at = data.find(zr.END)
    while 0 <= at <= len(data) - zr.END_SIZE:
        end = zr.parse_end(data, at, base, size)
        # Python's zipfile goes by a zip64 record wherever its locator stands, asked for or not.
        wide = end.full or data.startswith(zr.LOCATOR64, max(0, at - zr.LOCATOR64_SIZE))
        if wide or (end.size <= end.offset and end.size >= zr.ENTRY_SIZE * min(1, end.entries)):
            ends.append(end)
        at = data.find(zr.END, at + 1)
    return ends


def read_layout(source: Source, budget: Budget, eager: Callable[[Entry], int]) -> Layout:
    """The layout of the archive in `source`; no ends and no members where it is none.

    `eager` says how many bytes of a member's data to ask for together with the local headers.
    """
    held = max(0, source.size - HELD_TAIL)
    wide = max(0, source.size - _TAIL)
    reader = _Reader(source, budget, plausible_ends(source.read(held, source.size - held), held, source.size))
    source.want(Span(wide, held), *reader.header_spans(eager))
    if wide < held:
        ends = plausible_ends(source.read(wide, source.size - wide), wide, source.size)
        if len(ends) > len(reader.ends):
            reader = _Reader(source, budget, ends)
            source.want(*reader.header_spans(eager))
    ends = _own(source, _Reader(source, budget, reader.ends[-1:]), reader.ends)
    return (reader if ends == reader.ends else _Reader(source, budget, ends)).layout()


def _own(source: Source, last: _Reader, ends: list[End]) -> list[End]:
    """The end records without those of archives that are stored inside members, which are read there."""
    if len(ends) < 2:
        return ends
    stored = [member.data for member in last.layout().members if member.method == zr.STORED]
    return [
        end
        for end in ends
        if not any(span.start <= end.offset - end.size and end.offset < span.stop for span in stored)
        or (end.start < end.offset and source.read(end.start, 4) == zr.ENTRY)
    ]


class _Reader:
    """One pass over an archive whose end records are known."""

    def __init__(self, source: Source, budget: Budget, ends: list[End]) -> None:
        if len(ends) > _ENDS_MOST:
            raise LimitReached("entries", f"over {_ENDS_MOST} end records")
        self.source, self.budget, self.ends = source, budget, ends
        self.bends: list[Bend] = []
        self.structure = [Span(end.offset, end.offset + zr.END_SIZE) for end in ends]
        self.directories = self._directories()
        self._members: dict[tuple[int, int, int, int], Member] = {}

    def layout(self) -> Layout:
        """The members behind the directories, and what is bent about them."""
        if len(self.ends) > 1:
            self._bend("zip.several-ends", f"{len(self.ends)} end records", offset=self.ends[0].offset)
        self.structure.extend(Span(d.start, d.stop) for d in self.directories)
        unplaced = [
            entry
            for directory in self.directories
            for entry in directory.entries
            if not self._place(entry, directory.shifts)
        ]
        for entry in unplaced:
            self._bend("zip.sizes", "no local header where the directory says", entry.names[0], entry.offset)
        members = sorted(self._members.values(), key=lambda m: (m.header_offset, m.origin))
        self._duplicates(members)
        structure = merge(self.structure)
        shared = _shared(members, structure, self.source.size)
        for index in sorted(shared):
            self._bend("zip.overlap", "", members[index].name, members[index].header_offset)
        comments = [Span(e.offset + zr.END_SIZE, e.stop) for e in self.ends if e.stop > e.offset + zr.END_SIZE]
        covered = merge([*structure, *comments, *(Span(m.header_offset, m.stop) for m in members)])
        gaps = subtract(Span(0, self.source.size), covered) if self.source.size else []
        return Layout(members, unplaced, self.ends, self.bends, structure, comments, gaps, frozenset(shared))

    def _bend(self, code: AnomalyCode, detail: str, name: str = "", offset: int | None = None) -> None:
        self.bends.append(Bend(code, detail, name, offset))

    # -- end records and directories

    def _directories(self) -> list[Directory]:
        """Every directory that an end record leads to, by any reading."""
        source = self.source
        claims: dict[int, list[End]] = {}
        ceilings: dict[int, int] = {}
        for end in self.ends:
            records, limits = self._records(end)
            for record in records:
                for start in {record.start, *(limit - record.size for limit in limits)}:
                    if 0 <= start < end.offset:
                        claims.setdefault(start, []).append(record)
                        ceilings[start] = max(ceilings.get(start, 0), end.offset)
        first = {start: min(_DIRECTORY_AT_ONCE, max(4, claims[start][0].size)) for start in claims}
        source.want(*(Span(start, min(ceilings[start], start + length)) for start, length in first.items()))
        directories: list[Directory] = []
        total, exact = 0, False
        for start in sorted(claims):
            if source.read(start, min(4, source.size - start)) != zr.ENTRY:
                continue
            stated = any(claim.start == start for claim in claims[start])
            if directories and start < directories[-1].stop:
                if exact and not stated:
                    continue  # Readers look where they are told first, and find a whole directory there.
                self._bend("zip.sizes", "a directory starts inside another", offset=start)
            entries, stop = self._entries(start, ceilings[start])
            if (total := total + len(entries)) > _MEMBERS_MOST:
                raise LimitReached("entries", f"over {_MEMBERS_MOST} members")
            if not (fits := any(zr.fits(claim, len(entries), stop - start) for claim in claims[start])):
                self._bend("zip.sizes", "directory and end record disagree in length", offset=start)
            if not stated:
                self._bend("zip.sizes", "the directory is not where the end record says", offset=start)
            exact = fits and stated
            shifts = frozenset({0, *(start - claim.start for claim in claims[start])})
            directories.append(Directory(start, stop, entries, shifts))
        return directories

    def _records(self, end: End) -> tuple[list[End], list[int]]:
        """The end record and its zip64 forms, and the offsets that the directory may end at."""
        limits = [end.offset]
        at = end.offset - zr.LOCATOR64_SIZE
        if at < 0 or self.source.read(at, 4) != zr.LOCATOR64:
            if end.full and end.entries != 0xFFFF:
                self._bend("zip.sizes", "the zip64 end record is missing", offset=end.offset)
            return [end], limits
        self.structure.append(Span(at, end.offset))
        stated = int.from_bytes(self.source.read(at + 8, 8), "little")
        wide: list[End] = []
        for place in dict.fromkeys((stated, at - zr.END64_SIZE)):
            if not 0 <= place <= at - zr.END64_SIZE:
                continue
            if found := zr.parse_end64(self.source.read(place, zr.END64_SIZE), place):
                wide.append(found)
                self.structure.append(Span(place, min(at, max(found.stop, place + zr.END64_SIZE))))
                limits.append(place)
        if all(record.offset != stated for record in wide):
            self._bend("zip.sizes", "the zip64 locator points elsewhere", offset=at)
        if len(wide) > 1:
            self._bend("zip.several-ends", "two zip64 end records", offset=at)
        if not all(zr.agree(end, record) for record in wide):
            self._bend("zip.sizes", "zip64 and short end record disagree", offset=end.offset)
        return (wide if end.full and wide else [end, *wide]), limits

    def _entries(self, start: int, ceiling: int) -> tuple[list[Entry], int]:
        """The entries that follow each other from `start`, and where they end."""
        entries: list[Entry] = []
        cursor = Cursor(self.source, start, ceiling)
        while cursor.left >= zr.ENTRY_SIZE:
            fixed = cursor.peek(zr.ENTRY_SIZE)
            if not fixed.startswith(zr.ENTRY):
                break
            length, offset = zr.entry_length(fixed), cursor.at
            if length > cursor.left:
                self._bend("zip.sizes", "the directory breaks off inside an entry", offset=offset)
                break
            readings, bends = zr.parse_entry(cursor.take(length), offset)
            entries.extend(readings)
            self.bends.extend(bends)
            self.budget.hold(cursor.at - start, "a zip directory")
        return entries, cursor.at

    # -- local headers

    def header_spans(self, eager: Callable[[Entry], int]) -> Iterable[Span]:
        """Where local headers and the descriptors before them should be, and the data that is wanted anyway."""
        for directory in self.directories:
            yield Span(directory.start - _DESCRIPTOR_MOST, directory.start)
            for entry in directory.entries:
                length = zr.LOCAL_SIZE + len(entry.raw_name) + _EXTRA_GUESS + eager(entry)
                for shift in directory.shifts:
                    at = entry.header + shift
                    yield Span(at - _DESCRIPTOR_MOST, at + length)

    def _place(self, entry: Entry, shifts: frozenset[int]) -> bool:
        """Add the entry's members, one for each reading whose local header is there."""
        placed = False
        for shift in shifts:
            at = entry.header + shift
            local = read_local(self.source, at)
            if local is not None:
                placed = True
                self.structure.append(Span(at, at + local.length))
                for member in self._readings(entry, local, at):
                    self._add(member)
        return placed

    def _add(self, member: Member) -> None:
        """Keep each distinct content once, under all its names."""
        key = (member.data_offset, member.method, member.compressed, member.size)
        known = self._members.get(key)
        if known is None:
            self._members[key] = member
        else:
            if known.origin == member.origin:
                self._bend("zip.overlap", "two entries share one local header", member.name, member.header_offset)
            names = tuple(dict.fromkeys((*known.names, *member.names)))
            self._members[key] = known._replace(names=names)

    def _readings(self, entry: Entry, local: zr.Local, at: int) -> list[Member]:
        """The member as the directory describes it, and as the local header does where that differs."""
        name, data, size = entry.names[0], at + local.length, self.source.size
        names = entry.names
        if entry.raw_name != local.raw_name:
            names = tuple(dict.fromkeys((*entry.names, *local.names)))
            self._bend("zip.local-mismatch", f"the local header says {local.names[0]!r}", name, at)
        if entry.flags & zr.FLAG_ENCRYPTED:
            self._bend("zip.encrypted", "", name, at)
        elif local.flags & zr.FLAG_ENCRYPTED:
            self._bend("zip.encrypted-local", "", name, at)
        if (entry.attributes >> 28) == _UNIX_LINK:
            self._bend("zip.symlink", "", name, entry.offset)
        if data + entry.compressed > size:
            self._bend("zip.sizes", "the data reaches past the end", name, at)
        streamed = bool((entry.flags | local.flags) & zr.FLAG_DESCRIPTOR)
        stop = min(size, data + entry.compressed)
        if streamed:
            end = stop + descriptor_length(self.source, stop, entry.crc, (entry.compressed, entry.size))
            self.structure.append(Span(stop, end))
            stop = end
        base = Member(
            names=names, raw_name=entry.raw_name, method=entry.method, flags=entry.flags, crc=entry.crc,
            compressed=entry.compressed, size=entry.size, header_offset=at, data_offset=data, stop=stop,
            attributes=entry.attributes, origin="directory",
        )  # fmt: skip
        readings = [base]
        silent = streamed and not any((local.crc, local.compressed, local.size))
        if not silent and local.crc != entry.crc:
            self._bend("zip.crc", "local header and directory disagree", name, at)
        if not silent and (local.compressed, local.size) != (entry.compressed, entry.size):
            self._bend("zip.sizes", "local header and directory disagree in size", name, at)
            readings.append(self._cut(base, local.method, local.compressed, local.size))
        if local.method != entry.method:
            self._bend("zip.local-mismatch", f"method {entry.method}, locally {local.method}", name, at)
            readings.append(self._cut(base, local.method, entry.compressed, entry.size))
        if entry.method == zr.STORED and entry.compressed != entry.size:
            self._bend("zip.sizes", "stored, with two different sizes", name, at)
            readings.append(self._cut(base, zr.STORED, entry.size, entry.size))
        return readings

    def _cut(self, member: Member, method: int, compressed: int, size: int) -> Member:
        """The member with another method and length."""
        stop = min(self.source.size, member.data_offset + compressed)
        return member._replace(method=method, compressed=compressed, size=size, stop=stop, origin="local")

    def _duplicates(self, members: list[Member]) -> None:
        seen: dict[str, int] = {}
        for member in members:
            if member.origin != "directory":
                continue
            for name in {zr.folded(name.replace("\\", "/")) for name in member.names}:
                if seen.setdefault(name, member.header_offset) != member.header_offset:
                    self._bend("zip.duplicate", f"also at {seen[name]}", member.name, member.header_offset)
                    break


def read_local(source: Source, at: int) -> zr.Local | None:
    """The local header at `at`, None where there is none."""
    if not 0 <= at <= source.size - zr.LOCAL_SIZE:
        return None
    fixed = source.read(at, zr.LOCAL_SIZE)
    length = zr.local_length(fixed)
    if not fixed.startswith(zr.LOCAL) or at + length > source.size:
        return None
    return zr.parse_local(fixed + source.read(at + zr.LOCAL_SIZE, length - zr.LOCAL_SIZE))


def descriptor_length(source: Source, at: int, crc: int, sizes: tuple[int, int]) -> int:
    """Length of the data descriptor at `at`: with or without signature, sizes of 4 or 8 bytes; 0 where none fits."""
    data = source.read(at, min(_DESCRIPTOR_MOST, source.size - at))
    signed = 4 if data.startswith(zr.DESCRIPTOR) else 0
    for width in (8, 4):
        for begin in dict.fromkeys((signed, 0)):
            stop = begin + 4 + 2 * width
            values = data[begin + 4 : begin + 4 + width], data[begin + 4 + width : stop]
            if len(data) >= stop and tuple(int.from_bytes(v, "little") for v in values) == sizes:
                return stop
    # A signature with values that fit nothing: the shortest form; what is behind it shows as a gap.
    return min(len(data), 16) if signed and data[4:8] == crc.to_bytes(4, "little") else 0


def _shared(members: list[Member], structure: list[Span], size: int) -> set[int]:
    """Indices of the members whose data another member or the archive's structure also covers."""
    found: set[int] = set()
    reach, last = -1, -1
    for index, member in enumerate(members):
        if member.origin != "directory":
            continue
        if member.header_offset < reach:
            found.update((index, last))
        if member.stop >= reach:
            reach, last = member.stop, index
        data = Span(member.data_offset, min(size, member.data.stop))
        if data.length and sum(part.length for part in subtract(data, structure)) != data.length:
            found.add(index)
    return found
