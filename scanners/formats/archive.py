"""Zip archives, and the torch archives among them.

Every member is handed on by content and name, under every name and by every reading that some reader may take
(scanners/binary/zipdir.py). Of a torch archive, a storage is left unread where the pickle beside it proves it inert
(scanners/binary/torch_records.py).
"""

from __future__ import annotations

import zlib
from collections import Counter
from typing import TYPE_CHECKING

from scanners.binary import torch_records as torch
from scanners.binary import zip_records as zr
from scanners.binary.codecs import ZIP
from scanners.binary.embedded import kind_of
from scanners.binary.inflate import InflateSource
from scanners.binary.skops import RAW, SCHEMA
from scanners.binary.tar_paths import Links
from scanners.binary.tar_walk import wraps
from scanners.binary.torch_parts import TorchParts
from scanners.binary.zip_chain import links
from scanners.binary.zip_gaps import hidden_members
from scanners.binary.zip_records import Bend
from scanners.binary.zipdir import Member, plausible_ends, read_layout
from scanners.budget import LimitReached
from scanners.facts import Storage
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import BytesSource, Missing, Slice, Source, Span, Truncated, merge, subtract

if TYPE_CHECKING:
    from scanners.binary.zip_records import Entry
    from scanners.facts import AnomalyCode

_EAGER = 256 * 1024
"""Members up to this many bytes are asked for with the local headers, and their checksums verified."""
_GAPS_MOST = 256
_UNIX_LINK = 0xA
_TARGET_MOST = 4096
"""Bytes of a link's target, by Linux."""
_BENDS_MOST = 64
_CHAINED = ".distcp"
_KERAS = frozenset(("config.json", "metadata.json"))
"""What Keras 3 puts beside the weights of a model (keras/src/saving/saving_lib.py)."""
_STARTS = (zr.LOCAL, zr.END, zr.DESCRIPTOR + zr.LOCAL)


def recognise(sample: Sample) -> bool:
    """Whether the content starts or ends like an archive."""
    if sample.head.startswith(_STARTS):
        return True
    return bool(plausible_ends(sample.tail, sample.size - len(sample.tail), sample.size))


def scan(source: Source, scan: Scan) -> None:
    """State what is in the archive, or in each of a chain of them."""
    chain = links(source) if _CHAINED in scan.name.casefold() else []
    if not chain:
        _Archive(source, scan).run()
        return
    scan.format = "torch.dcp"
    missing: list[Span] = []
    for span in chain:
        try:
            if scan.inside(Slice(source, span.start, span.length), f"item@{span.start}"):
                scan.account.examined(*span)
        except Missing as more:
            missing.extend(more.spans)
    if missing:
        raise Missing(merge(missing))


def _eager(entry: Entry) -> int:
    return 0 if entry.compressed > _EAGER or torch.storage_of(entry.names[0]) else entry.compressed


def _is_model(part: Source) -> bool:
    """Whether it is a TFLite model, of which the archive holds the labels: its own reader reads it with this file."""
    return part.size >= 8 and part.read(4, 4) == b"TFL3"


class _Archive:
    """One archive on its way to facts."""

    def __init__(self, source: Source, scan: Scan) -> None:
        self.source, self.scan = source, scan
        self.layout = read_layout(source, scan.budget, _eager)
        self.members = list(self.layout.members)
        self._missing: list[Span] = []
        self._good: list[Span] = []
        self._bad: list[Span] = []
        self._inert: list[Span] = []
        self._torch: TorchParts | None = None
        self._constants: set[str] = set()
        """Members that are read as bytes."""
        self._searched = 0
        self._counts: Counter[str] = Counter()
        self._last: dict[str, Bend] = {}

    def run(self) -> None:
        """State all there is to state; one `Missing` for all that any member lacked."""
        layout = self.layout
        if self._is_tar():
            raise NotThisFormat
        if not (layout.members or layout.unplaced or self._empty()):
            if not self.source.read(0, min(4, self.source.size)).startswith(zr.LOCAL):
                raise NotThisFormat
            self.members.extend(hidden_members(self.source, self._searchable()))
            if not self.members:
                raise NotThisFormat
            self.scan.unread("broken", "no end record that leads to a directory")
        for bend in layout.bends:
            self._bend(bend)
        self._good.extend(layout.structure)
        for entry in layout.unplaced:
            self.scan.unread("broken", "no local header where the directory says", member=entry.names[0])
        self._gaps()
        for member in self.members:
            if member.origin == "hidden":
                self._say("zip.hidden", member=member.name, offset=member.header_offset)
                self._good.append(Span(member.header_offset, member.data_offset))
        self._contents()
        for span in self._inert:
            for part in subtract(span, merge(self._bad)) if self._bad else (span,):
                self.scan.account.inert(*part)
        for bend in self._last.values():
            self.scan.anomaly(bend.code, f"{self._counts[bend.code]} in all, {_BENDS_MOST} are stated")
        bad = merge(self._bad)
        for span in merge(self._good):
            for part in subtract(span, bad):
                self.scan.account.examined(*part)

    def _is_tar(self) -> bool:
        """Whether this is the content of members of a tar archive, which are read as such."""
        layout = self.layout
        if layout.unplaced or self.source.read(0, min(4, self.source.size)) == zr.LOCAL:
            return False
        parts = [*(member.header_offset for member in layout.members), *(span.start for span in layout.structure)]
        return wraps(self.source, [end.offset for end in layout.ends], parts)

    def _empty(self) -> bool:
        """Whether this is an archive of no members and nothing else."""
        ends = self.layout.ends
        return len(ends) == 1 and ends[0].entries == 0 and ends[0].offset in (0, zr.END64_SIZE + zr.LOCATOR64_SIZE)

    def _searchable(self) -> Span:
        """What of an archive without a directory is searched for local headers."""
        stop = min(self.source.size, self.scan.budget.limits.whole)
        self._searched = stop
        return Span(0, stop)

    def _say(self, code: AnomalyCode, detail: str = "", *, member: str = "", offset: int | None = None) -> None:
        self._bend(Bend(code, detail, member, offset))

    def _bend(self, bend: Bend) -> None:
        """State what is bent, up to so many times of one kind; the rest is counted."""
        self._counts[bend.code] += 1
        if self._counts[bend.code] <= _BENDS_MOST:
            self.scan.anomaly(bend.code, bend.detail, offset=bend.offset, member=bend.name)
        else:
            self._last[bend.code] = bend

    # -- bytes outside of members

    def _gaps(self) -> None:
        # An end record in a comment is known to whoever read the comment, and has been looked at with its own.
        for span in () if self.scan.name.startswith("comment@") else self.layout.comments:
            self._gap(span, "comment")
        if not self.layout.members:
            return
        if len(self.layout.gaps) > _GAPS_MOST:
            self.scan.unread("limit", f"{len(self.layout.gaps)} gaps, {_GAPS_MOST} were read")
        for span in self.layout.gaps[:_GAPS_MOST]:
            last = span.stop == self.source.size
            self._gap(span, "leading" if span.start == 0 else "trailing" if last else "gap")

    def _gap(self, span: Span, kind: str) -> None:
        """Look at bytes that belong to no member and no header."""
        part = Slice(self.source, span.start, span.length)
        self._searched += span.length
        searched = self._searched <= self.scan.budget.limits.whole
        try:
            data = part.read(0, span.length) if searched else part.read(0, min(4, span.length))
            if (searched and not data.strip(b"\0")) or (kind == "leading" and _is_model(part)):
                self._good.append(span)
                return
            if kind == "leading":
                self._say("zip.leading", f"{span.length} bytes", offset=span.start)
            elif kind == "trailing":
                self._say("zip.trailing", f"{span.length} bytes", offset=span.start)
            elif kind == "gap":
                self._say("zip.gap", f"{span.length} bytes", offset=span.start)
            explained = self.scan.inside(part, kind if kind == "leading" else f"{kind}@{span.start}")
        except Missing as missing:
            self._missing.extend(missing.spans)
            return
        if explained:
            self._good.append(span)
        elif searched and not data.startswith(zr.LOCAL):
            # What starts like an archive was searched as one.
            self.members.extend(hidden_members(self.source, span))

    # -- members

    def _contents(self) -> None:
        shape = torch.shape(name for member in self.members for name in member.names)
        keras = {name for member in self.members for name in member.names} >= _KERAS
        self.scan.format = shape.format or ("keras" if keras else "zip")
        if shape.format:
            if len(shape.prefixes) > 1:
                self._say("torch.prefixes", ", ".join(shape.prefixes))
            for name in shape.odd_case:
                self._say("torch.case", member=name)
            names = dict.fromkeys(name for member in self.members for name in member.names)
            self._torch = TorchParts(self.scan, shape.format, names)
        storages: list[tuple[int, Member]] = []
        # What loaders run first and what is small comes first: what bombs leave of the budget is not for them.
        order = sorted(enumerate(self.members), key=lambda each: (not torch.is_pickle(each[1].name), each[1].size))
        order.sort(key=lambda each: each[1].name != SCHEMA)
        for index, member in order:
            if self._torch and member.origin == "directory" and self._torch.holds_numbers(member.name):
                storages.append((index, member))
            else:
                self._try(member)
        if self._missing:
            raise Missing(merge(self._missing))
        if self._torch:
            self._torch.state()
        for index, member in storages:
            if self._proven(index, member):
                self._inert.append(member.data)
            else:
                self._try(member)
        if self._missing:
            raise Missing(merge(self._missing))

    def _proven(self, index: int, member: Member) -> bool:
        """Whether every loader takes the storage for raw numbers; states what speaks against it."""
        lengths = self._torch.lengths(member.name) if self._torch else set()
        if member.method != zr.STORED:
            self._say("torch.storage-compressed", member=member.name, offset=member.header_offset)
        if not lengths:
            self._say("torch.storage-orphan", member=member.name, offset=member.header_offset)
        elif lengths != {member.size} and torch.PICKLED not in lengths:
            self._say("torch.storage-size", f"{member.size} bytes", member=member.name)
        return (
            lengths == {member.size}
            and member.method == zr.STORED
            and member.compressed == member.size
            and member.data.stop <= self.source.size
            and not member.flags & zr.FLAG_ENCRYPTED
            and len(member.names) == 1
            and index not in self.layout.shared
        )

    def _try(self, member: Member) -> None:
        """Scan a member; what it lacks is asked for together with what others lack."""
        try:
            explained = self._content(member)
        except Missing as missing:
            self._missing.extend(missing.spans)
            return
        data = Span(member.data_offset, min(self.source.size, member.data.stop))
        (self._good if explained else self._bad).append(data)

    def _content(self, member: Member) -> bool:
        """Scan what is in a member; True when nothing of it is unexplained."""
        stored = min(member.compressed, self.source.size - member.data_offset)
        part: Source = Slice(self.source, member.data_offset, stored)
        whole = stored == member.compressed
        if not whole:
            self.scan.unread("broken", "the data reaches past the end", member=member.name)
        if member.origin == "directory" and member.flags & zr.FLAG_ENCRYPTED and not self._plain(member, part):
            self.scan.unread("encrypted", "", member=member.name)
            return False
        if member.method == zr.STORED:
            return self._stored(member, part) and whole
        if member.method not in ZIP:
            self.scan.unread("codec", f"zip method {member.method}", member=member.name)
            return False
        return self._inflated(member, part) and whole

    def _plain(self, member: Member, part: Source) -> bool:
        """Whether a member that is marked as encrypted is not: its checksum is that of the bytes as they are."""
        if member.method != zr.STORED or part.size > self.scan.budget.limits.whole:
            return False
        return zlib.crc32(part.read(0, part.size)) == member.crc

    def _stored(self, member: Member, part: Source) -> bool:
        if part.size <= _EAGER and member.origin == "directory":
            data = part.read(0, part.size)
            if zlib.crc32(data) != member.crc:
                self._say("zip.crc", "of the data", member=member.name, offset=member.header_offset)
            if part.size <= torch.NOTE_MOST and all(torch.is_note(name, data) for name in member.names):
                return True
        return self._named(part, member)

    def _inflated(self, member: Member, part: Source) -> bool:
        """Inflate and scan; when the stream is not as long as was said, again with its true length."""
        inflated = InflateSource(part, ZIP[member.method], member.size, self.scan.budget)
        try:
            try:
                explained = self._named(inflated, member)
            except Truncated:
                explained = False
            length, crc = inflated.drain()
            if length != member.size:
                if member.origin != "hidden":
                    self._say("zip.sizes", f"{member.size} bytes said, {length} there", member=member.name)
                again = InflateSource(part, ZIP[member.method], length, self.scan.budget)
                explained = self._named(again, member)
        except LimitReached as reached:
            # What the first bytes would do is known even where the rest is not.
            self._named(BytesSource(inflated.head), member)
            self.scan.unread("limit", str(reached), member=member.name)
            return False
        if inflated.broken:
            self.scan.unread("broken", inflated.broken, member=member.name)
            return False
        if member.origin != "directory":
            return explained
        if crc != member.crc:
            self._say("zip.crc", "of the data", member=member.name, offset=member.header_offset)
        if not inflated.consumed_all:
            self._say("zip.sizes", "bytes behind the compressed stream", member=member.name)
            return False
        return explained

    def _named(self, part: Source, member: Member) -> bool:
        """Scan a part under each of its member's names; True when under each nothing is unexplained."""
        read = self._torch.read if self._torch else self.scan.inside
        if member.name in self._constants and not kind_of(part):
            return True
        explained, stated = True, len(self.scan.facts)
        if member.attributes >> 28 == _UNIX_LINK and part.size <= _TARGET_MOST:
            target = part.read(0, part.size).decode("utf-8", "backslashreplace")
            if Links().resolve(target, member.name.rpartition("/")[0]) is None:
                self._say("zip.escape", f"to {target!r}", member=member.name)
        for name in member.names:
            explained = read(part, name) and explained
        if member.name == SCHEMA:
            self._constants.update(
                fact.key for fact in self.scan.facts[stated:] if isinstance(fact, Storage) and fact.type == RAW
            )
        return explained


SCANNER = Scanner(
    "zip", 6, frozenset({".zip", ".npz", ".keras", ".whl", ".jar", ".mar", ".pt2", _CHAINED}), recognise, scan
)
