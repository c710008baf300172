"""GGUF: metadata, descriptions of tensors, and the tensors behind one another (threats.md 8.1).

    "GGUF" | u32 version | tensors, keys: two counts | keys: {text, u32 type, value}
    tensors: {text name, u32 n, n dimensions, u32 type, u64 offset} | padding | data, each tensor padded

    text = length, bytes                            array = u32 type, length, values

Counts, lengths and dimensions are u64, in version 1 u32; a file in big-endian order has its version so
(https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). The data is inert where the tensors cover it without hole
or overlap. Templates and long texts are handed on to those who read such texts.
"""

from __future__ import annotations

import re
import struct
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from scanners.binary.cursor import Cursor
from scanners.binary.ggml_types import TYPES
from scanners.budget import LimitReached
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import Slice, Span

if TYPE_CHECKING:
    from scanners.facts import AnomalyCode
    from scanners.source import Source

_MAGIC: Final = b"GGUF"
_WIDTHS: Final = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Bytes of a value by the number of its type."""
_U32, _BOOL, _TEXT, _ARRAY = 4, 7, 8, 9
_NESTED_MOST: Final = 4
_KEYS_MOST: Final = 65_536
_TENSORS_MOST: Final = 200_000
_KEY_MOST: Final = 65_535
_NAME_MOST: Final = 1024
_DIMS_MOST: Final = 4
_ALIGNMENT: Final = 32
_ALIGNMENT_MOST: Final = 1 << 20
_PADDING_MOST: Final = 4096
"""Bytes that fill up to an alignment, at most; more of them are looked at."""
_LONG: Final = 4096
"""Bytes of the longest text that is only stepped through."""
_TEMPLATE_MOST: Final = 65_536
"""Bytes of the longest text that is taken for a template by its content."""
_PARTS_MOST: Final = 64
_PIECE: Final = 65_536
_A_TEXT: Final = 20
"""Bytes of a text and its length in the lists that tokenizers have, about."""
_STATED_MOST: Final = 32
_TYPES_MOST: Final = 256
"""Numbers of types that are to come."""
_TEMPLATE: Final = re.compile(rb"\{[{%]")
_LINKED: Final = re.compile(r"general\.(?:.+\.)?(?:\w+_)?url(?:\..+)?", re.ASCII)
_KNOWN_HOST: Final = re.compile(r"\Z|https?://(?:[\w-]+\.)*(?:huggingface\.co|hf\.co|github\.com)(?:[/:?#]|\Z)")


class _Tensor(NamedTuple):
    begin: int
    end: int
    name: str


class _Bent(Exception):  # noqa: N818 - a state of the file, not a mistake
    """Nothing can be read behind this place."""

    def __init__(self, detail: str, at: int, value: int = 0, bits: int = 64) -> None:
        self.detail, self.at = detail, at
        self.code: AnomalyCode = "gguf.overflow" if value >= 1 << bits - 2 else "gguf.bounds"
        super().__init__(detail)


def recognise(sample: Sample) -> bool:
    """Whether a version stands behind the magic; in what is a text none does."""
    return _marked(sample.head)


def _marked(head: bytes) -> bool:
    return head.startswith(_MAGIC) and b"\0" in head[4:8]


def scan(source: Source, scan: Scan) -> None:
    """State what bends the format; account for metadata and tensors as far as they are proven."""
    head = source.read(0, min(8, source.size))
    if not _marked(head):
        raise NotThisFormat
    try:
        header = _Header(source, scan, head[4:])
        tensors = header.read()
    except _Bent as bent:
        scan.anomaly(bent.code, bent.detail, offset=bent.at)
        scan.unread("broken", bent.detail, offset=bent.at)
        return
    if tensors is not None:
        _layout(header, tensors, source, scan)


class _Header:
    """All that stands in front of the tensors."""

    def __init__(self, source: Source, scan: Scan, version: bytes) -> None:
        self._source, self._scan = source, scan
        self._order: Literal["big", "little"] = "big" if version[:2] == b"\0\0" else "little"
        number = int.from_bytes(version, self._order)
        if number not in (1, 2, 3):
            raise _Bent(f"version {number}", 4)
        self._wide = 4 if number == 1 else 8
        self._length = struct.Struct((">" if self._order == "big" else "<") + ("I" if self._wide == 4 else "Q"))
        self._cursor = Cursor(source, 8)
        self._parts = self._troubles = self._held = 0
        self._numbers: list[Span] = []
        self.alignment = _ALIGNMENT

    @property
    def stop(self) -> int:
        """Where the reader is; behind `read`, the end of the header."""
        return self._cursor.at

    def read(self) -> list[_Tensor] | None:
        """The tensors, None where one of them is not as the format asks."""
        tensors = self._count("tensors", self._wide + 4 + 4 + 8, _TENSORS_MOST)
        keys = self._count("keys", self._wide + 4 + 1, _KEYS_MOST)
        names: set[str] = set()
        for _ in range(keys):
            key = self._name("key", _KEY_MOST)
            self._once(key, names)
            self._value(key, self._number(4))
        names.clear()
        found = [self._tensor(names) for _ in range(tensors)]
        if self._troubles:
            self._scan.unread("broken", f"{self._troubles} keys and tensors are not as the format asks")
        at = 0
        for span in self._numbers:
            self._scan.account.examined(at, span.start)
            self._scan.account.inert(*span)
            at = span.stop
        self._scan.account.examined(at, self.stop)
        sound = [tensor for tensor in found if tensor is not None]
        return sound if len(sound) == len(found) and not self._troubles else None

    # -- numbers and texts

    def _number(self, width: int) -> int:
        self._holds(width, "a number")
        return int.from_bytes(self._cursor.take(width), self._order)

    def _holds(self, length: int, what: str) -> None:
        if length > self._cursor.left:
            raise _Bent(f"{what} of {length} bytes where {self._cursor.left} are left", self._cursor.at, length)

    def _count(self, what: str, least: int, most: int) -> int:
        """A number of things, each of `least` bytes or more; raises `LimitReached` over `most`."""
        at, count = self._cursor.at, self._number(self._wide)
        if count * least > self._cursor.left:
            raise _Bent(f"{count} {what} in a file of {self._source.size} bytes", at, count, 8 * self._wide)
        if count > most:
            raise LimitReached(what, f"{count}, over {most}")
        return count

    def _span(self, what: str) -> Span:
        """The place of a text, stepped over."""
        at, length = self._cursor.at, self._number(self._wide)
        if length > self._cursor.left:
            raise _Bent(f"{what} of {length} bytes where {self._cursor.left} are left", at, length, 8 * self._wide)
        self._cursor.at += length
        return Span(self._cursor.at - length, self._cursor.at)

    def _name(self, what: str, most: int) -> str:
        span = self._span(what)
        if span.length > most:
            raise _Bent(f"a {what} of {span.length} bytes", span.start)
        return self._again(span).decode("utf-8", "backslashreplace")

    def _again(self, span: Span) -> bytes:
        """What a text that was just stepped over says."""
        self._cursor.at = span.start
        return self._cursor.take(span.length)

    def _once(self, name: str, names: set[str]) -> None:
        self._held += len(name)
        self._scan.budget.hold(self._held, "names of keys and tensors")
        if name in names:
            self._trouble("gguf.duplicate", name)
        names.add(name)

    def _trouble(self, code: AnomalyCode, detail: str) -> None:
        self._troubles += 1
        if self._troubles <= _STATED_MOST:
            self._scan.anomaly(code, detail, offset=self._cursor.at)

    # -- metadata

    def _value(self, key: str, kind: int, depth: int = 0) -> None:
        """Step through a value; what a text says is looked at."""
        if kind == _TEXT:
            self._text(key)
        elif kind == _ARRAY:
            self._array(key, depth)
        elif kind in _WIDTHS:
            value = self._number(_WIDTHS[kind])
            if kind == _BOOL and value > 1:
                self._trouble("gguf.bounds", f"{key}: a truth value of {value}")
            if key == "general.alignment":
                self._align(kind, value)
        else:
            raise _Bent(f"{key}: a value of type {kind}", self._cursor.at, kind, 32)

    def _align(self, kind: int, value: int) -> None:
        if kind != _U32:
            raise _Bent(f"an alignment of type {kind}", self._cursor.at)
        if not 0 < value <= _ALIGNMENT_MOST or value & (value - 1):
            raise _Bent(f"an alignment of {value}", self._cursor.at, value, 32)
        self.alignment = value

    def _array(self, key: str, depth: int) -> None:
        kind, at = self._number(4), self._cursor.at
        count = self._number(self._wide)
        least = {_TEXT: self._wide, _ARRAY: 4 + self._wide}.get(kind) or _WIDTHS.get(kind)
        if least is None:
            raise _Bent(f"{key}: an array of type {kind}", at, kind, 32)
        if count * least > self._cursor.left:
            raise _Bent(f"{key}: an array of {count} values", at, count, 8 * self._wide)
        if kind == _TEXT:
            self._texts(key, count)
        elif kind == _ARRAY:
            self._trouble("gguf.bounds", f"{key}: an array of arrays")
            if depth >= _NESTED_MOST:
                raise _Bent(f"{key}: arrays {depth} deep", at)
            for _ in range(count):
                self._array(key, depth + 1)
        else:
            self._numbers.append(Span(self._cursor.at, self._cursor.at + count * least))
            self._cursor.at += count * least

    def _texts(self, key: str, count: int) -> None:
        """Step through many texts, as the words of a vocabulary are."""
        cursor, unpack, wide = self._cursor, self._length.unpack_from, self._wide
        cursor.expect(count * _A_TEXT)
        while count:
            data = cursor.peek(min(cursor.left, _PIECE))
            at = 0
            while count and at + wide <= len(data):
                (length,) = unpack(data, at)
                if length > _LONG or at + wide + length > len(data):
                    break
                at += wide + length
                count -= 1
            cursor.at += at
            if count:
                span = self._span(f"{key}: a text")
                count -= 1
                if span.length > _LONG:
                    self._hand_on(span, f"{key}@{span.start}")

    def _text(self, key: str) -> None:
        span = self._span(f"{key}: a text")
        text = self._again(span) if span.length <= _TEMPLATE_MOST else b""
        if key.startswith("tokenizer.chat_template") or _TEMPLATE.search(text):
            self._hand_on(span, f"{key}.jinja")
        elif span.length > _LONG:
            self._hand_on(span, key)
        elif _LINKED.fullmatch(key) and not _KNOWN_HOST.match(link := text.decode("utf-8", "backslashreplace")):
            self._scan.anomaly("gguf.link", f"{key}: {link}", offset=span.start)

    def _hand_on(self, span: Span, name: str) -> None:
        """Leave a text to those who read such texts."""
        self._parts += 1
        if self._parts <= _PARTS_MOST:
            self._scan.inside(Slice(self._source, span.start, span.length), name)
        elif self._parts == _PARTS_MOST + 1:
            self._scan.unread("limit", f"over {_PARTS_MOST} long texts", offset=span.start)

    # -- tensors

    def _tensor(self, names: set[str]) -> _Tensor | None:
        name = self._name("tensor's name", _NAME_MOST)
        self._once(name, names)
        count = self._number(4)
        if count > _DIMS_MOST:
            raise _Bent(f"{name}: {count} dimensions", self._cursor.at, count, 32)
        dims = [self._number(self._wide) for _ in range(count)]
        kind, offset = self._number(4), self._number(8)
        block = TYPES.get(kind)
        elements = 1
        for each in dims:
            elements *= each
        if not elements or elements >= 1 << 63:
            self._trouble("gguf.overflow" if elements else "gguf.bounds", f"{name}: a shape of {dims}")
        elif block is None and kind < _TYPES_MOST:
            self._scan.unread("unknown", f"{name} is of type {kind}, whose length is not known")
        elif block is None:
            self._trouble("gguf.bounds", f"{name}: type {kind}")
        elif (dims[0] if dims else 1) % block.elements:
            self._trouble("gguf.bounds", f"{name}: a shape of {dims} in blocks of {block.elements}")
        else:
            length = elements // block.elements * block.length
            if length + offset >= 1 << 62:
                self._trouble("gguf.overflow", f"{name}: {length} bytes at {offset}")
            else:
                return _Tensor(offset, offset + length, name)
        return None


def _layout(header: _Header, tensors: list[_Tensor], source: Source, scan: Scan) -> None:
    """Account for the data where the tensors cover it one by one, each at its alignment."""

    def padded(place: int) -> int:
        return -(-place // header.alignment) * header.alignment

    base = padded(header.stop)
    tensors.sort()
    holes: list[Span] = []
    troubles: list[tuple[int, str]] = []
    if base - header.stop > _PADDING_MOST and tensors:
        holes.append(Span(header.stop, base))
    for before, tensor in pairwise([_Tensor(0, 0, ""), *tensors]):
        if tensor.begin % header.alignment:
            troubles.append((tensor.begin, f"{tensor.name}: at {tensor.begin}, not aligned to {header.alignment}"))
        if tensor.begin < before.end:
            troubles.append((tensor.begin, f"{tensor.name}: overlaps {before.name}"))
        elif tensor.begin > padded(before.end):
            troubles.append((tensor.begin, f"{tensor.name}: a hole before it"))
        if tensor.begin - before.end > _PADDING_MOST or tensor.begin > padded(before.end):
            holes.append(Span(base + before.end, base + tensor.begin))
    stop = max((base + tensor.end for tensor in tensors), default=header.stop)
    if stop > source.size:
        troubles.append((0, f"tensors end at {stop} of {source.size}"))
    for begin, trouble in troubles[:_STATED_MOST]:
        scan.anomaly("gguf.offsets", trouble, offset=base + begin)
    if troubles:
        scan.unread("broken", "the tensors do not cover the data one by one", offset=base)
    elif source.size - stop <= padded(stop) - stop <= _PADDING_MOST:
        stop = source.size
    if not troubles:
        at = header.stop
        for hole in holes:
            scan.account.inert(at, hole.start)
            at = hole.stop
        scan.account.inert(at, stop)
    _aside(holes, stop, source, scan)


def _aside(holes: list[Span], stop: int, source: Source, scan: Scan) -> None:
    """Hand on what no tensor covers: `holes`, and what is behind the last one."""
    for hole in holes[:_PARTS_MOST]:
        if hole.stop <= source.size and scan.inside(Slice(source, hole.start, hole.length), f"gap@{hole.start}"):
            scan.account.examined(*hole)
    if stop < source.size:
        scan.anomaly("gguf.trailing", f"{source.size - stop} bytes behind the last tensor", offset=stop)
        if scan.inside(Slice(source, stop, source.size - stop), f"tail@{stop}"):
            scan.account.examined(stop, source.size)


SCANNER = Scanner("gguf", 1, frozenset({".gguf"}), recognise, scan)
