"""The header of a 7z archive: what is packed, how, and under which names.

    7z BC AF 27 1C, version, checksum | where the header is, how long, its checksum | packed streams | header

A folder is what was packed together: one stream of all its files, one behind another, made by a chain of coders. The
header may itself be packed so. Source: 7zFormat.txt of the LZMA SDK 24; the ids of coders are in its Methods.txt.
"""

from __future__ import annotations

import lzma
from codecs import utf_16_le_decode  # a sealed process could not import the codec by its name
from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.binary import zip_records as zr
from scanners.binary.codecs import ZIP
from scanners.binary.decompressors import MEMORY_MOST, Buffered
from scanners.source import Span

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanners.binary.decompressors import Codec

MARK: Final = b"7z\xbc\xaf\x27\x1c"
HEAD: Final = 32
_PARTS_MOST: Final = 200_000
"""Files, folders, coders and streams of one header."""

(_END, _HEADER, _PROPERTIES, _MORE, _STREAMS, _FILES, _PACKED, _FOLDERS, _SUBSTREAMS, _SIZE, _CRC) = range(11)
_FOLDER, _UNPACKED, _COUNTS, _EMPTY, _NAMES, _ENCODED = 0x0B, 0x0C, 0x0D, 0x0E, 0x11, 0x17
AES: Final = bytes.fromhex("06f10701")
COPY: Final = b"\0"
_LZMA, _LZMA2 = bytes.fromhex("030101"), b"\x21"
_ZIP: Final = {
    bytes.fromhex("040108"): zr.DEFLATED,
    bytes.fromhex("040202"): zr.BZIP2,
    bytes.fromhex("04f71101"): zr.ZSTANDARD,
}
"""Coders that zip archives have too."""
_BRANCHES: Final = {
    bytes.fromhex("03030103"): lzma.FILTER_X86,
    bytes.fromhex("04"): lzma.FILTER_X86,
    bytes.fromhex("03030501"): lzma.FILTER_ARM,
    bytes.fromhex("07"): lzma.FILTER_ARM,
}
"""Coders that make addresses in machine code absolute and do nothing else."""


class Bent(Exception):  # noqa: N818 - a state of the archive, not a mistake
    """The header does not hold."""


class Coder(NamedTuple):
    """One step of a chain, with its settings."""

    id: bytes
    settings: bytes


class Folder(NamedTuple):
    """What was packed together."""

    coders: tuple[Coder, ...]
    """In the order in which they unpack, where each takes what the one before it makes."""
    simple: bool
    """They do."""
    packed: tuple[Span, ...]
    """Where in the file."""
    size: int
    """Bytes of all its files."""
    files: tuple[int, ...]
    """Bytes of each of its files."""


class Header(NamedTuple):
    """What is in the archive."""

    folders: tuple[Folder, ...]
    names: tuple[str, ...]
    """Of all files, in their order."""
    empty: frozenset[int]
    """Numbers of those that have no content: folders, and files of no bytes."""
    encoded: bool
    """This is not the header but how it is packed: as the only file of the only folder."""


EMPTY: Final = Header((), (), frozenset(), encoded=False)


def start(data: bytes) -> Span:
    """Where the header is, by the first 32 bytes."""
    offset, length = int.from_bytes(data[12:20], "little"), int.from_bytes(data[20:28], "little")
    return Span(HEAD + offset, HEAD + offset + length)


def codec_of(folder: Folder) -> Callable[[], Codec] | None:
    """What makes the files of a folder from its packed stream; None where nothing here does."""
    main, *branches = folder.coders
    if not folder.simple or len(folder.packed) != 1 or any(each.id not in _BRANCHES for each in branches):
        return None
    filters: list[dict[str, int]] = [{"id": _BRANCHES[each.id]} for each in reversed(branches)]
    if main.id in {_LZMA, _LZMA2}:
        if (last := _filter(main)) is None:
            return None
        chain = [*filters, last]
        return lambda: Buffered(lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=chain))
    return ZIP.get(_ZIP[main.id]) if main.id in _ZIP and not branches else None


def _filter(coder: Coder) -> dict[str, int] | None:
    settings = coder.settings
    if coder.id == _LZMA2:
        if len(settings) != 1 or settings[0] > 40:
            return None
        size = 0xFFFFFFFF if settings[0] == 40 else (2 | settings[0] & 1) << (settings[0] // 2 + 11)
        chosen = {"id": lzma.FILTER_LZMA2, "dict_size": size}
    else:
        if len(settings) != 5 or settings[0] >= 225:
            return None
        size, rest = int.from_bytes(settings[1:], "little"), settings[0] // 9
        chosen = {"id": lzma.FILTER_LZMA1, "lc": settings[0] % 9, "lp": rest % 5, "pb": rest // 5, "dict_size": size}
        if chosen["lc"] + chosen["lp"] > 4:
            return None
    return chosen | {"dict_size": max(4096, size)} if size <= MEMORY_MOST else None


def parse(data: bytes) -> Header:
    """The header; raises `Bent`."""
    return _Reader(data).header()


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at, self._parts = data, 0, 0

    # -- numbers

    def _take(self, length: int) -> bytes:
        data = self._data[self._at : self._at + length]
        if len(data) < length:
            raise Bent(f"{length} bytes at {self._at} of the header")
        self._at += length
        return data

    def _byte(self) -> int:
        return self._take(1)[0]

    def _number(self) -> int:
        first, mask, value = self._byte(), 0x80, 0
        for shift in range(0, 64, 8):
            if not first & mask:
                return value | (first & (mask - 1)) << shift
            value |= self._byte() << shift
            mask >>= 1
        return value

    def _count(self) -> int:
        """A number of things that are read one by one."""
        count = self._number()
        self._parts += count
        if self._parts > _PARTS_MOST:
            raise Bent(f"over {_PARTS_MOST} parts")
        return count

    def _expect(self, kind: int) -> None:
        if (found := self._byte()) != kind:
            raise Bent(f"{found:#x} where {kind:#x} should be")

    def _bits(self, count: int) -> list[bool]:
        data = self._take((count + 7) // 8)
        return [bool(data[at // 8] & 0x80 >> at % 8) for at in range(count)]

    def _checksums(self, count: int) -> list[bool]:
        """Which of the streams have a checksum."""
        known = [True] * count if self._byte() else self._bits(count)
        self._take(4 * sum(known))
        return known

    # -- structure

    def header(self) -> Header:
        kind = self._byte()
        if kind == _ENCODED:
            return Header(self._streams(), (), frozenset(), encoded=True)
        if kind != _HEADER:
            raise Bent(f"{kind:#x} begins the header")
        folders: tuple[Folder, ...] = ()
        names: tuple[str, ...] = ()
        empty = frozenset[int]()
        while (kind := self._byte()) != _END:
            if kind == _PROPERTIES:
                while self._byte():
                    self._take(self._number())
            elif kind == _MORE:
                self._streams()
            elif kind == _STREAMS:
                folders = self._streams()
            elif kind == _FILES:
                names, empty = self._files()
            else:
                raise Bent(f"{kind:#x} in the header")
        return Header(folders, names, empty, encoded=False)

    def _streams(self) -> tuple[Folder, ...]:
        packed: list[Span] = []
        folders: list[Folder] = []
        known: list[bool] = []
        while (kind := self._byte()) != _END:
            if kind == _PACKED:
                packed = self._packed()
            elif kind == _FOLDERS:
                folders, known = self._folders(packed)
            elif kind == _SUBSTREAMS:
                folders = self._substreams(folders, known)
            else:
                raise Bent(f"{kind:#x} among the streams")
        return tuple(folders)

    def _packed(self) -> list[Span]:
        at, count, spans = HEAD + self._number(), self._count(), list[Span]()
        while (kind := self._byte()) != _END:
            if kind == _SIZE:
                for _ in range(count):
                    length = self._number()
                    spans.append(Span(at, at + length))
                    at += length
            elif kind == _CRC:
                self._checksums(count)
            else:
                raise Bent(f"{kind:#x} among the packed streams")
        return spans

    def _folders(self, packed: list[Span]) -> tuple[list[Folder], list[bool]]:
        self._expect(_FOLDER)
        count = self._count()
        if self._byte():
            raise Bent("folders elsewhere")
        chains = [self._chain() for _ in range(count)]
        self._expect(_UNPACKED)
        folders, at = [], 0
        for coders, simple, outs, main, streams in chains:
            sizes = [self._number() for _ in range(outs)]
            size = sizes[main]
            folders.append(Folder(coders, simple, tuple(packed[at : at + streams]), size, (size,)))
            at += streams
        known = [False] * count
        while (kind := self._byte()) != _END:
            if kind != _CRC:
                raise Bent(f"{kind:#x} among the folders")
            known = self._checksums(count)
        return folders, known

    def _chain(self) -> tuple[tuple[Coder, ...], bool, int, int, int]:
        """Coders, whether they are a simple chain, the streams they make, the last of these, and those they take."""
        coders, ins, outs = list[Coder](), 0, 0
        simple = True
        for _ in range(self._count()):
            flags = self._byte()
            name = self._take(flags & 15)
            taken, made = (self._count(), self._count()) if flags & 0x10 else (1, 1)
            coders.append(Coder(name, self._take(self._number()) if flags & 0x20 else b""))
            ins, outs, simple = ins + taken, outs + made, simple and taken == made == 1
        if not coders or not outs:
            raise Bent("a folder without coders")
        bound = [(self._number(), self._number()) for _ in range(outs - 1)]
        streams = ins - len(bound)
        if streams > 1:
            for _ in range(streams):
                self._number()
        after = {out: taken for taken, out in bound}
        main = next((out for out in range(outs) if out not in after), 0)
        at = next((each for each in range(ins) if each not in after.values()), 0)
        order = [at]
        while simple and at in after and len(order) < len(coders):
            at = after[at]
            order.append(at)
        simple = simple and sorted(order) == list(range(len(coders)))
        chain = tuple(coders[each] for each in order) if simple else tuple(coders)
        return chain, simple, outs, main, max(0, streams)

    def _substreams(self, folders: list[Folder], known: list[bool]) -> list[Folder]:
        counts = [1] * len(folders)
        kind = self._byte()
        if kind == _COUNTS:
            counts = [self._count() for _ in folders]
            kind = self._byte()
        sizes = [[folder.size] * count for folder, count in zip(folders, counts, strict=True)]
        if kind == _SIZE:
            for folder, each in zip(folders, sizes, strict=True):
                each[:-1] = [self._number() for _ in each[1:]]
                each[-1:] = [folder.size - sum(each[:-1])] * bool(each)
            kind = self._byte()
        if kind == _CRC:
            alone = sum(count for count, has in zip(counts, known, strict=True) if not (has and count == 1))
            self._checksums(alone)
            kind = self._byte()
        if kind != _END or any(size < 0 for each in sizes for size in each):
            raise Bent(f"{kind:#x} among the files of folders")
        return [folder._replace(files=tuple(each)) for folder, each in zip(folders, sizes, strict=True)]

    def _files(self) -> tuple[tuple[str, ...], frozenset[int]]:
        count = self._count()
        names, empty = ("",) * count, frozenset[int]()
        while kind := self._byte():
            stop = self._number() + self._at
            if kind == _NAMES and not self._byte():
                spelled, _ = utf_16_le_decode(self._take(stop - self._at), "backslashreplace", True)
                names = tuple(spelled.split("\0")[:-1])
            elif kind == _EMPTY:
                empty = frozenset(at for at, is_empty in enumerate(self._bits(count)) if is_empty)
            self._at = max(self._at, stop)
        if len(names) != count:
            raise Bent(f"{len(names)} names for {count} files")
        return names, empty
