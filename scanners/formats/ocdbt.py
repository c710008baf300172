"""OCDBT, the database in which Orbax keeps checkpoints: a manifest, and nodes of a tree (threats.md 7.10).

    frame = magic (4), u64 length of all of it, u8 version, u8 compression (0: none, 1: zstd), body, CRC-32C (4)

Source: tensorstore/kvstore/ocdbt/format/. A body names the files of the database, relative to the manifest, and keeps
small values. Large values stand between the nodes of a data file, without a mark: only the tree knows where.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.binary.codecs import CODECS, sniff
from scanners.binary.decompressors import Log
from scanners.binary.inflate import InflateSource
from scanners.binary.layout import Bent, Layout, laid_out
from scanners.facts import Opens, clip
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import Slice

if TYPE_CHECKING:
    from scanners.source import Source

_MAGIC: Final = re.compile(rb"\x0c\xdb(?:\x3a\x2a|\x1b\xde|\x20\xde)")
_AROUND: Final = 18
"""Bytes of a frame that are not its body."""
_ZSTD: Final = 1
_AWAY: Final = re.compile(rb"(?:[\w.-]+/)*\.\./[\w./-]*")
_STATED_MOST: Final = 32


def recognise(sample: Sample) -> bool:
    """Whether a frame begins here."""
    return _MAGIC.match(sample.head) is not None


def scan(source: Source, scan: Scan) -> None:
    """State the paths that lead out of the database, and account for the frames."""
    if not _MAGIC.match(source.read(0, min(4, source.size))):
        raise NotThisFormat
    laid_out(Layout(source, scan), _frames)


def _frames(layout: Layout) -> None:
    while layout.left:
        begin = layout.at
        if not _MAGIC.fullmatch(layout.peek(4)):
            layout.scan.unread("unknown", f"{layout.left} bytes of values", offset=begin)
            layout.data(layout.left, "values")
            return
        layout.take(4)
        length = layout.number(8)
        version, compression = layout.number(1), layout.number(1)
        if length < _AROUND or version or compression > _ZSTD:
            raise Bent(f"a frame of {length} bytes, version {version}, compression {compression}", begin)
        layout.holds(length - _AROUND + 4, "a frame")
        layout.scan.budget.hold(length, "a frame")
        body = Slice(layout.source, layout.at, length - _AROUND)
        _body(body, compression, layout.scan)
        layout.take(length - _AROUND + 4)


def _body(body: Source, compression: int, scan: Scan) -> None:
    if compression:
        if sniff(body.read(0, min(16, body.size))) != "zstd":
            raise Bent("a body that is no zstd", 0)
        inflated = InflateSource(body, lambda: CODECS["zstd"](Log()), None, scan.budget)
        if inflated.limit or inflated.broken:
            scan.unread("limit" if inflated.limit else "broken", inflated.limit or inflated.broken)
        body = inflated
    scan.budget.hold(body.size, "a frame")
    for path in list(dict.fromkeys(_AWAY.findall(body.read(0, body.size))))[:_STATED_MOST]:
        scan.state(Opens("config.path", clip(path.decode()), "the database", member=scan.member))


SCANNER: Final = Scanner("ocdbt", 1, frozenset({".ocdbt"}), recognise, scan)
