"""7z and RAR archives: what is in them, under which names, and the content as far as Python's own codecs make it.

No loader of models unpacks them: they get past scanners, and are unpacked by hand or by a script beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanners.binary import rar, sevenzip
from scanners.binary.beside import state_beside
from scanners.binary.inflate import InflateSource
from scanners.binary.zip_records import folded, name_troubles
from scanners.budget import LimitReached
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import Slice, Span, Truncated

if TYPE_CHECKING:
    from scanners.binary.sevenzip import Folder, Header
    from scanners.source import Source

_NAMES_MOST: Final = 4096
"""Members that are named one by one where nobody reads them."""
_ENCODED_MOST: Final = 4
"""Headers that hold how the next one is packed."""


class _Members:
    """What is said of members that are not read, and of names."""

    def __init__(self, scan: Scan) -> None:
        self._scan, self._stated = scan, 0
        self._names: set[str] = set()

    def name(self, name: str) -> None:
        """Look at a name."""
        for trouble in name_troubles((name,)):
            self._scan.anomaly("archive.name", trouble, member=name)
        if (alike := folded(name)) in self._names:
            self._scan.anomaly("archive.name", "another member has it too", member=name)
        self._names.add(alike)

    def encrypted(self, name: str) -> None:
        """State that nobody can read a member, or the names of all."""
        self._scan.anomaly("archive.encrypted", member=name)
        self._scan.unread("encrypted", "" if name else "the names of the members", member=name)

    def unread(self, name: str, why: str) -> None:
        """State that a member is not read."""
        self._stated += 1
        if self._stated <= _NAMES_MOST:
            self._scan.unread("codec", why, member=name)
        elif self._stated == _NAMES_MOST + 1:
            self._scan.unread("limit", f"more than {_NAMES_MOST} members that are not read")


# --- 7z --------------------------------------------------------------------------------------------------------------


def _scan_7z(source: Source, scan: Scan) -> None:
    if source.size < sevenzip.HEAD or source.read(0, 6) != sevenzip.MARK:
        raise NotThisFormat
    scan.format = "7z"
    members = _Members(scan)
    place = sevenzip.start(source.read(0, sevenzip.HEAD))
    if place.stop > source.size:
        scan.unread("broken", f"its header ends at {place.stop}, and {source.size} bytes are there")
        return
    known = [Span(0, sevenzip.HEAD), place]
    header = _header(source, scan, members, place, known)
    if header is None:
        return
    for span in known:
        scan.account.examined(*span)
    for name in header.names:
        members.name(name)
    names = iter([name for at, name in enumerate(header.names) if at not in header.empty])
    for folder in header.folders:
        known += folder.packed
        files = [(next(names, ""), size) for size in folder.files]
        if any(span.start < sevenzip.HEAD or span.stop > source.size for span in folder.packed):
            scan.unread("broken", "packed streams that reach past the end")
        elif _folder(source, scan, members, folder, files):
            for span in folder.packed:
                scan.account.examined(*span)
    state_beside(source, scan, known)


def _header(source: Source, scan: Scan, members: _Members, place: Span, known: list[Span]) -> Header | None:
    """The header, out of whatever it is packed in; states what speaks against it."""
    part: Source = Slice(source, place.start, place.length)
    try:
        for _ in range(_ENCODED_MOST):
            scan.budget.hold(part.size, "a header")
            part.want(Span(0, part.size))
            header = sevenzip.parse(part.read(0, part.size)) if part.size else sevenzip.EMPTY
            if not header.encoded:
                return header
            folder = header.folders[0]
            if any(coder.id == sevenzip.AES for coder in folder.coders):
                members.encrypted("")
                return None
            made = _made(source, scan, folder)
            if made is None:
                scan.unread("codec", "what the header is packed with")
                return None
            known += folder.packed
            part = made
    except (sevenzip.Bent, IndexError, Truncated) as bent:
        scan.unread("broken", f"the header: {bent}", offset=place.start)
        return None
    scan.unread("limit", "a header in a header in a header")
    return None


def _made(source: Source, scan: Scan, folder: Folder) -> Source | None:
    """The files of a folder, one behind another."""
    parts = [Slice(source, span.start, span.length) for span in folder.packed]
    if len(parts) == 1 and [coder.id for coder in folder.coders] == [sevenzip.COPY]:
        return parts[0]
    make = sevenzip.codec_of(folder)
    return InflateSource(parts[0], make, folder.size, scan.budget) if make else None


def _folder(source: Source, scan: Scan, members: _Members, folder: Folder, files: list[tuple[str, int]]) -> bool:
    """Read the files of a folder; whether nothing of them is unexplained."""
    if any(coder.id == sevenzip.AES for coder in folder.coders):
        for name, _ in files:
            members.encrypted(name)
        return False
    made = _made(source, scan, folder)
    if made is None:
        for name, _ in files:
            members.unread(name, f"7z methods {' '.join(coder.id.hex() for coder in folder.coders)}")
        return False
    at, explained = 0, True
    try:
        for name, size in files:
            explained = scan.inside(Slice(made, at, size), name or "content") and explained
            at += size
        if isinstance(made, InflateSource):
            made.drain()
    except Truncated as cut:
        scan.unread("broken", f"a packed stream: {cut}")
        return False
    except LimitReached as reached:
        scan.unread("limit", str(reached))
        return False
    return explained and (not isinstance(made, InflateSource) or made.consumed_all)


# --- RAR -------------------------------------------------------------------------------------------------------------


def _scan_rar(source: Source, scan: Scan) -> None:
    if source.size < 8 or source.read(0, 6) != rar.MARK:
        raise NotThisFormat
    scan.format = "rar"
    members = _Members(scan)
    known = [Span(0, 8 if source.read(6, 1) == b"\1" else 7)]
    try:
        for block in rar.blocks(source):
            known += [block.head, block.data]
            if block.name is None:
                if block.encrypted:
                    members.encrypted("")
                    return
                scan.account.examined(*block.data)
            else:
                members.name(block.name.replace("\\", "/"))
                _stored(source, scan, members, block)
    except (rar.Bent, Truncated) as bent:
        scan.unread("broken", str(bent))
        return
    for span in known[:1] + known[1::2]:
        scan.account.examined(*span)
    state_beside(source, scan, known)


def _stored(source: Source, scan: Scan, members: _Members, block: rar.Block) -> None:
    """Read a member that is kept as it is; name any other."""
    name = block.name or "content"
    if block.encrypted:
        members.encrypted(name)
    elif not block.stored:
        members.unread(name, "RAR's own compression")
    elif block.data.stop <= source.size and scan.inside(Slice(source, block.data.start, block.data.length), name):
        scan.account.examined(*block.data)


def _is_7z(sample: Sample) -> bool:
    return sample.head.startswith(sevenzip.MARK)


def _is_rar(sample: Sample) -> bool:
    return sample.head.startswith(rar.MARK)


SEVENZIP: Final = Scanner("7z", 1, frozenset(), _is_7z, _scan_7z)
RAR: Final = Scanner("rar", 1, frozenset(), _is_rar, _scan_rar)
