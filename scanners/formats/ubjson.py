"""Universal Binary JSON, as XGBoost writes models (threats.md 7.8).

Source: https://ubjson.org/type-reference/, with the typed arrays of draft 12; XGBoost's reader is src/common/json.cc.
All numbers are big-endian. Nothing in a model is looked up outside of XGBoost's own lists, so what counts is that every
length holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanners.binary.layout import Bent, Layout, laid_out
from scanners.budget import LimitReached
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner

if TYPE_CHECKING:
    from scanners.source import Source

_WHOLE: Final = {b"i": 1, b"U": 1, b"I": 2, b"u": 2, b"l": 4, b"m": 4, b"L": 8, b"M": 8}
_WIDTHS: Final = {**_WHOLE, b"d": 4, b"D": 8, b"C": 1, b"Z": 0, b"T": 0, b"F": 0, b"N": 0}
_SIGNED: Final = frozenset((b"i", b"I", b"l", b"L"))
_TEXTS: Final = frozenset((b"S", b"H"))
_DEPTH_MOST: Final = 512
_ENDLESS: Final = -1
_CLOSES: Final = {True: b"}", False: b"]"}


def _opens(head: bytes) -> bool:
    return head[:1] == b"{" and head[1:2] in {*_WHOLE, b"$", b"#"} and b"\0" in head[:64]


def recognise(sample: Sample) -> bool:
    """Whether an object is opened whose first key has its length in binary."""
    return _opens(sample.head)


def scan(source: Source, scan: Scan) -> None:
    """Account for the model."""
    if not _opens(source.read(0, min(64, source.size))):
        raise NotThisFormat
    layout = Layout(source, scan, "big")
    laid_out(layout, _Walk(layout).read)


class _Walk:
    """All values of a file, one by one; nothing here recurses."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._open: list[tuple[bool, int, bytes]] = []
        """Of what is open: whether it is an object, how many values are to come, and their kind where it is one."""

    def read(self, layout: Layout) -> None:
        """One value, at any depth."""
        self._value(self._mark())
        while self._open:
            keyed, left, kind = self._open.pop()
            if left == 0:
                continue
            if left == _ENDLESS and layout.peek(1) == _CLOSES[keyed]:
                layout.take(1)
                continue
            self._open.append((keyed, left if left == _ENDLESS else left - 1, kind))
            if keyed:
                layout.data(self._length(), "a key")
            self._value(kind or self._mark())

    def _mark(self) -> bytes:
        while (mark := self._layout.take(1)) == b"N":
            pass
        return mark

    def _length(self) -> int:
        at, mark = self._layout.at, self._layout.take(1)
        if mark not in _WHOLE:
            raise Bent(f"a length of kind {mark!r}", at)
        return self._layout.number(_WHOLE[mark], signed=mark in _SIGNED)

    def _value(self, mark: bytes) -> None:
        layout = self._layout
        if mark in _WIDTHS:
            layout.take(_WIDTHS[mark])
        elif mark in _TEXTS:
            layout.data(self._length(), "a text")
        elif mark in (b"{", b"["):
            self._container(keyed=mark == b"{")
        else:
            raise Bent(f"a value of kind {mark!r}", layout.at - 1)

    def _container(self, *, keyed: bool) -> None:
        layout, kind, count = self._layout, b"", _ENDLESS
        if layout.peek(1) == b"$":
            layout.take(1)
            kind = layout.take(1)
        if layout.peek(1) == b"#":
            layout.take(1)
            at, count = layout.at, self._length()
            if not 0 <= count <= (layout.left if _WIDTHS.get(kind, 1) else 0):
                raise Bent(f"{count} values where {layout.left} bytes are left", at)
        elif kind:
            raise Bent("a typed array without a length", layout.at)
        if kind in _WIDTHS and not keyed:
            layout.data(count * _WIDTHS[kind], "an array")
            return
        if len(self._open) >= _DEPTH_MOST:
            raise LimitReached("depth", f"over {_DEPTH_MOST} objects and arrays in each other")
        self._open.append((keyed, count, kind))


SCANNER = Scanner("ubjson", 1, frozenset({".ubj"}), recognise, scan)
