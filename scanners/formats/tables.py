"""Tables of Apache Arrow and Parquet: what a reader is told of their columns; the columns themselves are inert.

    Arrow      messages: FF FF FF FF, u32 length, FlatBuffer, body; the first is the schema, a length of 0 ends them
    its file   "ARROW1" 00 00 | messages | FlatBuffer of the places of all | u32 length | "ARROW1"
    Parquet    "PAR1" | columns | a struct of Thrift that leads to all of them | u32 length | "PAR1"

A column may have a type that a library makes of a text in the schema, and pyarrow before 14.0.1 unpickled that text
(CVE-2023-47248). Parquet keeps Arrow's schema in base64. Sources: https://arrow.apache.org/docs/format/Columnar.html,
https://github.com/apache/parquet-format.
"""

from __future__ import annotations

import struct
from binascii import Error, a2b_base64
from typing import TYPE_CHECKING, Final

from scanners.binary.beside import state_beside
from scanners.binary.embedded import kind_of
from scanners.binary.flatbuffer_parts import walked
from scanners.binary.flatbuffer_schemas import ARROW as SCHEMA
from scanners.binary.read_ahead import Ahead
from scanners.binary.thrift import Bent, Compact
from scanners.facts import Opens, Reference, clip
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import BytesSource, Slice, Span, merge, subtract

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scanners.binary.flatbuffer import Flatbuffer, Value
    from scanners.source import Source

_FILE: Final = b"ARROW1"
_MESSAGE: Final = b"\xff\xff\xff\xff"
_END: Final = _MESSAGE + bytes(4)
_PARQUET: Final = (b"PAR1", b"PARE")
_KEPT: Final = "ARROW:schema"
_EXTENSION, _PICKLED = "ARROW:extension:name", "ARROW:extension:metadata"
_SCHEMA_HEADER: Final = 1
_FILLING: Final = b"\0\xff"
"""What Parquet and Arrow align with, and the mark of an end in Arrow."""
_PATHS_MOST: Final = 4096


# --- Arrow -----------------------------------------------------------------------------------------------------------


def _is_arrow(sample: Sample) -> bool:
    head = sample.head
    return head.startswith(_FILE) or (head.startswith(_MESSAGE) and _header(head[8:264])[0] == _SCHEMA_HEADER)


def _header(message: bytes) -> tuple[int, int]:
    """What a message is about, 0 where it is none, and the length of its body."""
    try:
        (root,) = struct.unpack_from("<I", message)
        vtable = root - struct.unpack_from("<i", message, root)[0]
        own, *places = struct.unpack_from("<6H", message, vtable)
        if own < 8 or vtable < 4:
            return 0, 0
        kind = message[root + places[2]] if places[2] else 0
        length = struct.unpack_from("<q", message, root + places[4])[0] if own >= 12 and places[4] else 0
    except (struct.error, IndexError):
        return 0, 0
    return (kind, length) if 0 < kind <= 5 and length >= 0 else (0, 0)


def _scan_arrow(source: Source, scan: Scan) -> None:
    if not _is_arrow(Sample(source.size, source.read(0, min(264, source.size)), b"")):
        raise NotThisFormat
    scan.format = "arrow"
    if source.read(0, 6) != _FILE:
        _messages(source, scan)
        return
    length = int.from_bytes(source.read(source.size - 10, 4), "little") if source.size >= 24 else 0
    start = source.size - 10 - length
    if start < 8 or source.read(source.size - 6, 6) != _FILE:
        scan.unread("broken", "no end of an Arrow file")
        return
    scan.account.examined(start, source.size)
    blocks = _schema(Slice(source, start, length), scan, "Footer", start)
    lists = [span for name in ("dictionaries", "records") for span in _spans(blocks.found["Footer"], name)]
    data = b"".join(source.read(start + span.start, span.length) for span in lists)
    places = [Span(at, at + meta + body) for at, meta, body in struct.iter_unpack("<qi4xq", data)]
    if any(place.start < 8 or place.stop > start or place.length < 0 for place in places):
        scan.unread("broken", "no record where the file says")
        return
    for place in places:
        scan.account.inert(*place)
    stop = max((place.stop for place in places), default=start)
    if source.read(stop, min(8, start - stop)) == _END:
        scan.account.examined(stop, stop + 8)
    # Whoever reads the file as a stream goes by the schema at its beginning.
    head = Slice(source, 8, start - 8)
    scan.account.examined(0, 8 + _first(head, scan))
    state_beside(source, scan, filling=_FILLING)


def _first(source: Source, scan: Scan) -> int:
    """Read the schema that a stream begins with; the bytes that it has."""
    length = int.from_bytes(source.read(4, 4), "little") if source.size >= 8 else 0
    if source.size < 8 + length or source.read(0, 4) != _MESSAGE:
        scan.unread("broken", "no schema at the beginning")
        return 0
    _schema(Slice(source, 8, length), scan, "Message", 8)
    return 8 + length


def _messages(source: Source, scan: Scan) -> None:
    """Walk a stream; the bodies are inert, and so is what is said of them."""
    ahead = Ahead(source)
    while source.size - ahead.at >= 8:
        start = ahead.at
        mark, length = struct.unpack("<4sI", ahead.take(8))
        if mark == _MESSAGE and not length:
            scan.account.examined(start, ahead.at)
            break
        whole = mark == _MESSAGE and length <= source.size - ahead.at
        kind, body = _header(ahead.peek(min(256, length))) if whole else (0, 0)
        if not kind or body > source.size - ahead.at - length:
            ahead.at = start
            break
        if kind == _SCHEMA_HEADER:
            _schema(Slice(source, ahead.at, length), scan, "Message", ahead.at)
        scan.account.examined(start, ahead.at + length)
        scan.account.inert(ahead.at + length, ahead.at + length + body)
        ahead.step_over(length + body)
    state_beside(source, scan, filling=_FILLING)


def _schema(part: Source, scan: Scan, root: str, at: int) -> Flatbuffer:
    """State what the schema at `at` has a library make, and hand on what it keeps for it."""
    scan.budget.hold(part.size, "a schema")
    part.want(Span(0, part.size))
    buffer = walked(part, scan, SCHEMA, root, ("Footer", "KeyValue"))
    for gap in buffer.gaps():
        scan.anomaly("flatbuffer.gap", f"{gap.length} bytes of a schema", offset=at + gap.start)
        scan.inside(Slice(part, gap.start, gap.length), f"gap@{at + gap.start}")
    for pair in buffer.found["KeyValue"]:
        key = str(pair.get("key", ""))
        for span in _spans([pair], "value"):
            _pair(key, Slice(part, span.start, span.length), scan, at + span.start)
    return buffer


def _spans(tables: Iterable[Mapping[str, Value]], name: str) -> list[Span]:
    return [value for table in tables if isinstance(value := table.get(name), Span)]


def _pair(key: str, value: Source, scan: Scan, at: int) -> None:
    """Look at what metadata says under a key."""
    if key == _EXTENSION:
        name = value.read(0, min(value.size, 512)).decode("utf-8", "backslashreplace")
        scan.state(Reference("arrow.extension", "", clip(name), "instantiated", member=scan.member, offset=at))
    elif key == _KEPT:
        _kept(value, scan, at)
    elif key == _PICKLED and value.size:
        scan.inside(value, f"type@{at}.pkl")
    elif kind_of(value):
        scan.inside(value, f"metadata@{at}")


def _kept(value: Source, scan: Scan, at: int) -> None:
    """Read the schema that Parquet keeps in base64."""
    scan.budget.hold(value.size, "a schema")
    try:
        data = a2b_base64(value.read(0, value.size))
    except Error:
        data = b""
    if not data.startswith(_MESSAGE):
        scan.unread("broken", "no Arrow schema", offset=at)
        return
    child = scan.child(len(data), f"schema@{at}")
    _first(BytesSource(data), child)


# --- Parquet ---------------------------------------------------------------------------------------------------------


def _is_parquet(sample: Sample) -> bool:
    return sample.head.startswith(_PARQUET) and sample.tail.endswith(_PARQUET)


def _scan_parquet(source: Source, scan: Scan) -> None:
    mark = source.read(source.size - 4, 4) if source.size >= 12 else b""
    if source.read(0, min(4, source.size)) != mark or mark not in _PARQUET:
        raise NotThisFormat
    scan.format = "parquet"
    if mark == b"PARE":
        scan.unread("encrypted", "the description of the columns")
        return
    length = int.from_bytes(source.read(source.size - 8, 4), "little")
    start = source.size - 8 - length
    if start < 4:
        scan.unread("broken", "no description of the columns")
        return
    scan.budget.hold(length, "the description of the columns")
    source.want(Span(start, source.size))
    scan.account.examined(0, 4)
    scan.account.examined(start, source.size)
    footer = _Footer(scan, start)
    try:
        footer.read(Compact(source.read(start, length)))
    except Bent as bent:
        scan.unread("broken", f"the description of the columns: {bent}", offset=start)
        return
    if len(footer.paths) > _PATHS_MOST:
        scan.unread("limit", f"{len(footer.paths)} files of columns, {_PATHS_MOST} are stated")
    if any(span.start < 4 or span.stop > start for span in footer.spans):
        scan.unread("broken", "no column where the description says")
        return
    known = merge(footer.spans)
    # A Bloom filter may say only where it begins: it reaches to what follows it.
    gaps = subtract(Span(4, start), known)
    blooms = [Span(bloom, gap.stop) for gap in gaps for bloom in footer.blooms if gap.start <= bloom < gap.stop]
    for span in (*known, *blooms):
        scan.account.inert(*span)
    state_beside(source, scan, filling=_FILLING)


class _Footer:
    """The description of a table: where its columns are, and what metadata it has."""

    def __init__(self, scan: Scan, at: int) -> None:
        self._scan, self._at = scan, at
        self.spans: list[Span] = []
        self.blooms: list[int] = []
        self.paths = set[bytes]()

    def read(self, value: Compact) -> None:
        """Read FileMetaData: field 4 are the row groups, 5 the metadata."""
        for number, kind in value.fields():
            if number == 4:
                for _ in value.items(kind):
                    self._group(value)
            elif number == 5:
                for _ in value.items(kind):
                    self._pair(value)
            else:
                value.skip(kind)

    def _group(self, value: Compact) -> None:
        for number, kind in value.fields():
            if number == 1:
                for _ in value.items(kind):
                    self._column(value)
            else:
                value.skip(kind)

    def _column(self, value: Compact) -> None:
        """ColumnChunk: 1 another file, 3 the column, 4 to 7 places and lengths of its indexes."""
        indexes, path, spans = [0] * 8, b"", list[Span]()
        for number, kind in value.fields():
            if number == 1:
                path = value.text()
            elif number == 3:
                spans = self._place(value)
            elif 4 <= number <= 7:
                indexes[number] = value.number()
            else:
                value.skip(kind)
        if path:
            if path not in self.paths and len(self.paths) < _PATHS_MOST:
                self._scan.state(Opens("parquet.file", clip(path.decode("utf-8", "replace")), member=self._scan.member))
            self.paths.add(path)
            return
        spans += (Span(indexes[at], indexes[at] + indexes[at + 1]) for at in (4, 6) if indexes[at])
        self.spans += spans

    def _place(self, value: Compact) -> list[Span]:
        """ColumnMetaData: 7 its length, 9 and 11 where pages and dictionary begin, 14 and 15 a Bloom filter."""
        found = dict.fromkeys((7, 9, 11, 14, 15), 0)
        for number, kind in value.fields():
            if number in found:
                found[number] = value.number()
            else:
                value.skip(kind)
        start = min(filter(None, (found[9], found[11])), default=0)
        if found[14] and found[15]:
            return [Span(start, start + found[7]), Span(found[14], found[14] + found[15])]
        self.blooms += [found[14]] * bool(found[14])
        return [Span(start, start + found[7])]

    def _pair(self, value: Compact) -> None:
        key = text = b""
        at = self._at
        for number, kind in value.fields():
            if number == 1:
                key = value.text()
            elif number == 2:
                text = value.text()
                at = self._at + value.at - len(text)
            else:
                value.skip(kind)
        _pair(key.decode("utf-8", "replace"), BytesSource(text), self._scan, at)


ARROW: Final = Scanner("arrow", 1, frozenset(), _is_arrow, _scan_arrow)
PARQUET: Final = Scanner("parquet", 1, frozenset(), _is_parquet, _scan_parquet)
