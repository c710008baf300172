"""Tar archives, and the torch archives of old among them.

Every member is handed on by content and name, by every reading that some reader may take (scanners/binary/tar_walk.py),
under the name of every link to it, and from behind the end of the archive as well.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from scanners.binary import tar_records as tr
from scanners.binary import tar_sparse, torch_tar
from scanners.binary.tar_paths import Links, plain
from scanners.binary.tar_sparse import HoleSource
from scanners.binary.tar_walk import read_layout
from scanners.binary.zip_records import folded, name_troubles
from scanners.budget import LimitReached
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import Missing, Slice, Source, Span, merge, subtract

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanners.binary.tar_walk import Member
    from scanners.facts import AnomalyCode

_BENDS_MOST = 64
_ALIASES_MOST = 256
"""Links whose targets are scanned again under the link's name."""
_SETUID = 0o6000
_SPARSE_FLOOR, _SPARSE_RATIO = 1 << 30, 200
"""A file of holes is a bomb from so many bytes on, at so many times what is stored."""


def recognise(sample: Sample) -> bool:
    """Whether the first block is a header, or says that it is one."""
    block = sample.head[: tr.BLOCK]
    return tr.fits(block) or tr.has_magic(block)


def scan(source: Source, scan: Scan) -> None:
    """State what is in the archive."""
    block = source.read(0, min(tr.BLOCK, source.size))
    if not (tr.fits(block) or tr.has_magic(block) or not block.strip(b"\0")):
        raise NotThisFormat
    _Archive(source, scan).run()


class _Archive:
    """One archive on its way to facts."""

    def __init__(self, source: Source, scan: Scan) -> None:
        self.source, self.scan = source, scan
        self.layout = read_layout(source)
        self.members = self.layout.members
        self._good = list(self.layout.structure)
        self._bad: list[Span] = []
        self._missing: list[Span] = []
        self._counts: Counter[AnomalyCode] = Counter()
        self._escaped: set[tuple[str, str]] = set()
        self._torch = {plain(name) for member in self.members for name in member.names} >= torch_tar.MEMBERS

    def run(self) -> None:
        """State all there is to state; one `Missing` for all that any member lacked."""
        layout = self.layout
        if layout.gaps and not self.members:
            raise NotThisFormat
        self.scan.format = "torch.tar" if self._torch else "tar"
        for bend in layout.bends:
            self._say(bend.code, bend.detail, bend.name, bend.offset)
        for detail in layout.broken:
            self.scan.unread("broken", detail)
        for detail in layout.limits:
            self.scan.unread("limit", detail)
        self._names()
        for gap in layout.gaps:
            name = f"{'trailing' if gap.hidden else 'gap'}@{gap.span.start}"
            self._try(gap.span, self._inside, gap.span, name)
        for member in self.members:
            self._contents(member)
        self._aliases()
        if self._missing:
            raise Missing(merge(self._missing))
        for code, count in self._counts.items():
            if count > _BENDS_MOST:
                self.scan.anomaly(code, f"{count} in all, {_BENDS_MOST} are stated")
        bad = merge(self._bad)
        for span in merge(self._good):
            for part in subtract(span, bad):
                self.scan.account.examined(*part)

    def _say(self, code: AnomalyCode, detail: str = "", member: str = "", offset: int | None = None) -> None:
        """State what is bent, up to so many times of one kind."""
        self._counts[code] += 1
        if self._counts[code] <= _BENDS_MOST:
            self.scan.anomaly(code, detail, offset=offset, member=member)

    # -- names

    def _names(self) -> None:
        """State which members unpack to elsewhere, or over one another."""
        if hidden := [member for member in self.members if member.hidden]:
            self._say("tar.hidden", f"{len(hidden)} from here on", hidden[0].names[0], hidden[0].at)
        links = Links()
        seen: set[str] = set()
        alike: set[str] = set()
        for member in self.members:
            for name in (*member.names, *member.others):
                for trouble in name_troubles((name,)):
                    self._say("tar.name", trouble, name, member.at)
            if member.kind in tr.DEVICES:
                self._say("tar.device", "", member.names[0], member.at)
            if member.kind not in tr.DATALESS and member.mode & _SETUID:
                self._say("tar.setuid", oct(member.mode), member.names[0], member.at)
            for name in member.names:
                self._leads(member, plain(name), links)
            name = plain(member.names[0])
            if member.kind != tr.DIRECTORY:
                if name in seen:
                    self._say("tar.duplicate", "", member.names[0], member.at)
                elif folded(name) in alike:
                    self._say("tar.case", "", member.names[0], member.at)
                seen.add(name)
                alike.add(folded(name))
        for name, target in links.all():
            # Again with all links in place: what one leads to may be a link that was made after it.
            self._escapes(links, name, target)

    def _leads(self, member: Member, name: str, links: Links) -> None:
        """State where a member of that plain name is written through a link; take up the links that it makes."""
        folder = name.rpartition("/")[0]
        written = folder if member.kind in {tr.LINK, tr.SYMLINK} else name
        lands = links.resolve(written)
        if lands != Links().resolve(written):
            self._say("tar.escape" if lands is None else "tar.through", "", name, member.at)
        if member.kind == tr.SYMLINK:
            for target in member.targets:
                links.add(name, target)
                self._escapes(links, name, target, member.at)
        elif member.kind == tr.LINK:
            for target in member.targets:
                if links.resolve(target) is None:
                    self._say("tar.escape", f"to '{target}'", name, member.at)
                if (further := links.target(plain(target))) is not None:
                    # A second name of a symbolic link leads on from its own folder.
                    links.add(name, further)

    def _escapes(self, links: Links, name: str, target: str, at: int | None = None) -> None:
        """State that a symbolic link leaves the archive, if it does and this was not stated."""
        if (name, target) not in self._escaped and links.resolve(target, name.rpartition("/")[0]) is None:
            self._escaped.add((name, target))
            self._say("tar.escape", f"to '{target}'", name, at)

    # -- contents

    def _try(self, span: Span, content: Callable[..., bool], *about: object) -> None:
        """Scan the part at `span` by `content(*about)`; what it lacks is asked for together with what others lack."""
        try:
            explained = content(*about)
        except Missing as missing:
            self._missing.extend(missing.spans)
            return
        (self._good if explained else self._bad).append(span)

    def _contents(self, member: Member, names: tuple[str, ...] = ()) -> None:
        """Scan the data of a member by each of its readings, under its names or those of links to it."""
        for size in member.sizes:
            stop = min(self.source.size, member.start + size)
            for name in names or member.names:
                self._try(Span(member.start, stop), self._content, member, stop, name)

    def _content(self, member: Member, stop: int, name: str) -> bool:
        span = Span(member.start, stop)
        if not span.length:
            return True
        if not (member.block or member.records):
            return self._inside(span, name)
        sparse = self._sparse(member)
        if sparse is None or not sparse.sound(stop):
            self.scan.unread("broken", "a map of holes that does not fit the file", member=name)
            return self._inside(span, name)
        if sparse.size == sparse.stored == span.length:
            return self._inside(span, name)
        if sparse.size > max(_SPARSE_FLOOR, _SPARSE_RATIO * sparse.stored):
            self._say("tar.sparse", f"{sparse.stored} of {sparse.size} bytes are stored", name, member.at)
        # Readers that know of no holes take what is stored for the file.
        explained = self._inside(span, member.others[0] if member.records and member.others else name)
        try:
            self.scan.budget.inflate(sparse.size - sparse.stored, made=sparse.size, compressed=sparse.stored)
        except LimitReached as reached:
            self.scan.unread("limit", str(reached), member=name)
            return False
        return self._part(HoleSource(self.source, sparse), name) and explained

    def _sparse(self, member: Member) -> tar_sparse.Sparse | None:
        def read(at: int) -> bytes:
            return self.source.read(at, max(0, min(tr.BLOCK, self.source.size - at)))

        if member.block:
            return tar_sparse.from_header(member.block, member.at + tr.BLOCK, read)
        return tar_sparse.from_records(member.records, member.start, read)

    def _inside(self, span: Span, name: str) -> bool:
        return self._part(Slice(self.source, span.start, span.length), name)

    def _part(self, part: Source, name: str) -> bool:
        """Scan a part; True when nothing of it is unexplained."""
        if not (self._torch and plain(name) in torch_tar.MEMBERS):
            return self.scan.inside(part, name)
        child = self.scan.child(part.size, name)
        torch_tar.scan(part, child, plain(name))
        return not child.account.unexplained_spans()

    def _aliases(self) -> None:
        """Scan what links lead to under the links' names as well: loaders that go by name follow them."""
        files = {plain(name): member for member in self.members if member.sizes for name in member.names}
        links = Links()
        for member in self.members:
            if member.kind == tr.SYMLINK and member.targets:
                links.add(plain(member.names[0]), member.targets[0])
        count = 0
        for member in self.members:
            if member.kind not in {tr.LINK, tr.SYMLINK}:
                continue
            for target in member.targets:
                folder = plain(member.names[0]).rpartition("/")[0] if member.kind == tr.SYMLINK else ""
                found = files.get(links.resolve(target, folder) or "")
                if found is None or _suffix(member.names[0]) == _suffix(found.names[0]):
                    continue
                count += 1
                if count > _ALIASES_MOST:
                    self.scan.unread("limit", f"more than {_ALIASES_MOST} links with other endings than their targets")
                    return
                self._contents(found, member.names)


def _suffix(name: str) -> str:
    """All of a name that loaders may go by: its endings, or the whole where it has none."""
    last = name.rpartition("/")[2].lower()
    return last.partition(".")[2] or last


SCANNER = Scanner("tar", 2, frozenset({".tar", ".nemo"}), recognise, scan)
