"""MessagePack: the parameters of Flax and Haiku, and what spaCy and thinc keep (threats.md 7.10).

Source: https://github.com/msgpack/msgpack/blob/master/spec.md. Flax writes arrays and scalars as extensions, each of
which is MessagePack again (flax/serialization.py): 1 is an array, 2 a complex number, 3 a scalar of NumPy.
msgpack-numpy writes arrays as maps with their raw data, which of an array of objects is a pickle: so every run of bytes
that begins like a format of its own is handed on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.binary.embedded import HEAD, LEAST, begins_like, hand_on, kind_of
from scanners.binary.layout import Bent, Layout, laid_out
from scanners.budget import LimitReached
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import Slice

if TYPE_CHECKING:
    from scanners.source import Source

_MAP: Final = re.compile(
    rb"(?:[\x81-\x8f]|\xde..|\xdf....)(?:[\xa1-\xbf]|\xd9.|\xda..|\xc4.)[\w./ -]{1,31}(?:[\x80-\xdf]|[\w./ -]|\Z)",
    re.DOTALL,
)
"""How a map begins whose first key is a text."""
_PLAIN: Final = re.compile(rb"[\x00-\x7f\xe0-\xff\xc0\xc2\xc3]+")
"""Values of one byte: small numbers, nil, truth values."""
_PIECE: Final = 4096
_SPACY: Final = frozenset(("key2row", "lookups.bin", "patterns"))
"""Files of pipelines that need not be maps of texts."""
_HOLDS: Final = re.compile(rb"[\x81-\x9f\xc4-\xc9\xd4-\xd8\xdc-\xdf]|\x80\Z")
"""How a value begins that holds others, or data; or a map of nothing, which by content could be a pickle cut off."""
_WIDTHS: Final = {0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2,
                  0xD2: 4, 0xD3: 8}  # fmt: skip
"""Bytes of a number by its mark."""
_ARRAY, _COMPLEX, _SCALAR, _TIMESTAMP = 1, 2, 3, -1
_FLAX: Final = frozenset((_ARRAY, _COMPLEX, _SCALAR))
_DEPTH_MOST: Final = 512
_STATED_MOST: Final = 32
_PARTS_MOST: Final = 64


def recognise(sample: Sample) -> bool:
    """Whether the head is a map that begins with a text."""
    return _MAP.match(sample.head) is not None


def scan(source: Source, scan: Scan) -> None:
    """State the extensions that no library of models has, and what is in runs of bytes."""
    head = source.read(0, min(64, source.size))
    name = scan.name.rpartition("/")[2].lower()
    sure = (name.endswith(".msgpack") or name in _SPACY) and _HOLDS.match(head) is not None
    if not sure and not recognise(Sample(source.size, head, b"")):
        raise NotThisFormat
    layout = Layout(source, scan, "big")
    laid_out(layout, _Walk(layout).read, sure=sure)


class _Walk:
    """All values of a file, one by one; nothing here recurses."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._open: list[tuple[int, int]] = []
        """Of what is open: how many values are still to come, and where it has to end, 0 where nothing says."""
        self._extensions: set[int] = set()
        self._parts = 0

    def read(self, layout: Layout) -> None:
        """One value, at any depth."""
        self._push(1)
        while self._open:
            left, end = self._open.pop()
            if left:
                plain = _PLAIN.match(layout.peek(min(left, _PIECE)))
                if plain is None:
                    self._open.append((left - 1, end))
                    self._value()
                else:
                    layout.take(plain.end())
                    self._open.append((left - plain.end(), end))
            elif end and layout.at != end:
                raise Bent(f"an extension that ends at {end}, and its value at {layout.at}", layout.at)

    def _push(self, count: int, end: int = 0) -> None:
        if len(self._open) > _DEPTH_MOST:
            raise LimitReached("depth", f"over {_DEPTH_MOST} maps and arrays in each other")
        self._open.append((count, end))

    def _value(self) -> None:
        layout, at = self._layout, self._layout.at
        mark = layout.number(1)
        if mark in _WIDTHS:
            layout.take(_WIDTHS[mark])
        elif mark < 0x90 or mark in (0xDE, 0xDF):
            self._holding(2 * (mark & 15 if mark < 0x90 else layout.number(2 << (mark - 0xDE))))
        elif mark < 0xA0 or mark in (0xDC, 0xDD):
            self._holding(mark & 15 if mark < 0xA0 else layout.number(2 << (mark - 0xDC)))
        elif mark < 0xC0 or 0xD9 <= mark <= 0xDB:
            layout.data(mark & 31 if mark < 0xC0 else layout.number(1 << (mark - 0xD9)), "a text")
        elif 0xC4 <= mark <= 0xC6:
            self._bytes(layout.number(1 << (mark - 0xC4)))
        elif 0xC7 <= mark <= 0xC9:
            self._extension(layout.number(1 << (mark - 0xC7)))
        elif 0xD4 <= mark <= 0xD8:
            self._extension(1 << (mark - 0xD4))
        else:
            raise Bent("a value of no kind", at)

    def _holding(self, count: int) -> None:
        if count > self._layout.left:
            raise Bent(f"{count} values where {self._layout.left} bytes are left", self._layout.at)
        self._push(count)

    def _bytes(self, length: int) -> None:
        layout = self._layout
        layout.holds(length, "bytes")
        # The elements of an array of Flax are numbers, whatever they look like.
        if not any(end for _, end in self._open) and length >= LEAST and begins_like(layout.peek(min(HEAD, length))):
            content = Slice(layout.source, layout.at, length)
            if kind := kind_of(content):
                self._parts += 1
                if self._parts > _PARTS_MOST:
                    raise LimitReached("parts", f"over {_PARTS_MOST} files in runs of bytes")
                hand_on(layout.scan, content, kind, f"bytes@{layout.at}")
        layout.data(length, "bytes")

    def _extension(self, length: int) -> None:
        layout = self._layout
        kind = layout.number(1, signed=True)
        layout.holds(length, "an extension")
        if kind in _FLAX and length:
            self._push(1, layout.at + length)
            return
        if kind != _TIMESTAMP and kind not in self._extensions and len(self._extensions) < _STATED_MOST:
            self._extensions.add(kind)
            layout.scan.anomaly("msgpack.extension", f"type {kind}, {length} bytes", offset=layout.at)
        if kind == _TIMESTAMP:
            layout.take(length)
        else:
            layout.inside(length, f"extension@{layout.at}")


SCANNER = Scanner("msgpack", 1, frozenset({".msgpack", *_SPACY}), recognise, scan)
