"""Compressed files of any name, in any codec that a loader of models knows.

Loaders differ in how they choose: joblib by the first bytes, pandas by the name, and none needs both to agree. So
content decides, and the name adds what content alone does not show. Streams that stand one behind another are one
content, which is handed on under the file's name without the codec's suffix; so is whatever stands between and behind
them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanners.binary.codecs import CODECS, WEAK, holds, sniff
from scanners.binary.decompressors import Log
from scanners.binary.inflate import InflateSource
from scanners.facts import Anomaly, Unread
from scanners.scanner import HEAD, NotThisFormat, Sample, Scan, Scanner
from scanners.source import Slice, Source, Span

if TYPE_CHECKING:
    from scanners.facts import Fact

_TARS = frozenset(".tgz .tbz .tbz2 .txz .tlz .tzst".split())
_PLAIN = frozenset(".bz2 .gz .gzip .lz4 .lzma .xz .z .zlib .zst .zstd".split())
_LZMA = frozenset(".lzma .tlz .txz .xz".split())
_HELD = 32 << 20
"""Bytes of content up to which it is held and inflated once; what is longer, once to be counted and then to be read."""


def recognise(sample: Sample) -> bool:
    """Whether the content begins like a compressed stream."""
    return bool(sniff(sample.head))


def scan(source: Source, scan: Scan) -> None:
    """State what is in the content, beside and behind it."""
    parts = _parts(scan.name)
    head = source.read(0, min(HEAD, source.size))
    named = not _LZMA.isdisjoint(f".{part.lower()}" for part in parts[1:])
    codec = sniff(head) or ("lzma" if named and holds("lzma", head) else "")
    if not codec:
        raise NotThisFormat
    _Compressed(source, scan, codec).run(_content_name(parts))


def _parts(name: str) -> list[str]:
    return name.rpartition("/")[2].split(".")


def _content_name(parts: list[str]) -> str:
    """The name of what is in a file whose name has these parts."""
    first, *more = parts
    kept = ("tar" if f".{part.lower()}" in _TARS else part for part in more if f".{part.lower()}" not in _PLAIN)
    return ".".join((first, *kept)) or "content"


def _kept_name(source: Source) -> str:
    """The file name in a gzip header where it has a suffix, "" without."""
    head = source.read(0, min(HEAD, source.size))
    flags = head[3] if len(head) > 3 else 0
    at = 10 + (2 + int.from_bytes(head[10:12], "little") if flags & 4 else 0)
    name = head[at:].partition(b"\0")[0].decode("latin-1") if flags & 8 else ""
    return name if _suffix(name) else ""


def _suffix(name: str) -> str:
    return name.rpartition("/")[2].rpartition(".")[2].lower() if "." in name else ""


def _means_something(fact: Fact) -> bool:
    broken = isinstance(fact, Anomaly) and fact.code == "pickle.broken"
    return not (broken or isinstance(fact, Unread))


class _Compressed:
    """One file on its way to facts."""

    def __init__(self, source: Source, scan: Scan, codec: str) -> None:
        self.source, self.scan, self.codec = source, scan, codec
        self.log = Log()
        # All of it is read, and each round would inflate again what it had.
        source.want(Span(0, min(source.size, scan.budget.limits.inflated)))
        self.content = InflateSource(source, lambda: CODECS[codec](self.log), None, scan.budget, head=_HELD)

    def run(self, name: str) -> None:
        """State all there is to state."""
        content, scan, stated = self.content, self.scan, len(self.scan.facts)
        scan.format = self.codec
        if self.codec == "gzip" and (kept := _kept_name(self.source)) and _suffix(name) not in {"", _suffix(kept)}:
            scan.anomaly("compressed.name", repr(kept))
        explained = scan.inside(content, name)
        if self._is_chance(stated):
            raise NotThisFormat
        for place in sorted(self.log.wrong):
            scan.anomaly("compressed.checksum", offset=place)
        explained = self._asides() and explained
        if content.limit:
            scan.unread("limit", content.limit)
        elif content.broken:
            scan.unread("broken", content.broken, offset=content.place)
        elif explained:
            scan.account.examined(0, content.place)
        if not (content.limit or content.broken):
            self._tail(content.place)

    def _is_chance(self, stated: int) -> bool:
        """Whether a weak mark was not one: the stream is empty or unsound, and what came out of it means nothing."""
        sound = self.content.size and not (self.content.broken or self.log.wrong)
        return self.codec in WEAK and not sound and not any(map(_means_something, self.scan.facts[stated:]))

    def _asides(self) -> bool:
        """Hand on what decompressors step over; True where none of it is unexplained."""
        explained = not self.log.full
        if self.log.full:
            self.scan.unread("limit", f"more than {len(self.log.asides)} parts beside the content")
        for what, (start, stop) in self.log.asides.values():
            self.scan.anomaly("compressed.skipped", f"{what} of {stop - start} bytes", offset=start)
            explained = self.scan.inside(Slice(self.source, start, stop - start), f"skipped@{start}") and explained
        return explained

    def _tail(self, place: int) -> None:
        left = self.source.size - place
        if left:
            self.scan.anomaly("compressed.trailing", f"{left} bytes", offset=place)
            if self.scan.inside(Slice(self.source, place, left), f"tail@{place}"):
                self.scan.account.examined(place, self.source.size)


SCANNER = Scanner("compressed", 2, _PLAIN | _TARS, recognise, scan, whole=True)
