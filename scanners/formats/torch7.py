"""Torch7's `.t7`: numbers, texts, tables, tensors, objects of classes, and functions (threats.md 7.12).

    object = i32 type, then: 0 nil | 1 number: double | 2 text: i32 length, bytes | 5 truth: i32
             3 table: i32 index, i32 size, keys and values | 4 object: i32 index, version, class, what its class writes
             6, 7, 8 function: i32 index (not of 6), text of dumped bytecode, object of upvalues

An index that came before stands for what it stood for. As text, whatever is written at once is a line. Source:
File.lua, Tensor.lua and generic/Storage.c of torch7. A function is bytecode of Lua, which is not checked when it is
loaded and reaches the whole process when it is called.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.binary.layout import MANY, Bent, Layout, laid_out
from scanners.budget import LimitReached
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanners.source import Source

_WIDTHS: Final = {"Byte": 1, "Char": 1, "Short": 2, "Half": 2, "Int": 4, "Long": 8, "Float": 4, "Double": 8}
_ARRAYED: Final = re.compile(r"torch\.(?:Cuda)?(Byte|Char|Short|Half|Int|Long|Float|Double|)(Tensor|Storage)")
_VERSION: Final = re.compile(r"V -?[0-9]+")
_HEAD: Final = re.compile(
    rb"[\3\4]\0\0\0\x01\0\0\0(?:[\1-\x20]\0\0\0(?:V [0-9]+|torch\.|nn\.)|..\0\0[\1-\5]\0\0\0)", re.DOTALL
)
"""A first object that is a table or of a class, as it stands in nearly every file."""
_TEXT_HEAD: Final = re.compile(rb"[34]\n1\n[0-9]{1,9}\n(?:V [0-9]+|[1-5]|torch\.\w+|nn\.\w+)\n")
_DIGITS: Final = re.compile(r"-?[0-9]+")
_DIGITS_MOST: Final = 24
_NUMERIC: Final = re.compile(rb"[0-9a-fA-FxnNiIpP+. -]*")
"""Numbers as C writes them, "nan" and "inf" among them."""
_PIECE: Final = 65_536
_NAME_MOST: Final = 512
_DIMS_MOST: Final = 64
_STATED_MOST: Final = 32


def recognise(sample: Sample) -> bool:
    """Whether the first object is a table or of a class."""
    return bool(_HEAD.match(sample.head) or _TEXT_HEAD.match(sample.head))


def scan(source: Source, scan: Scan) -> None:
    """State the functions, and account for the rest."""
    head = source.read(0, min(64, source.size))
    sure = scan.name.lower().endswith(".t7")
    lines = _TEXT_HEAD.match(head) is not None
    if not lines and not _HEAD.match(head) and not (sure and re.match(rb"[\0-\x08]\0\0\0", head)):
        raise NotThisFormat
    layout = Layout(source, scan)
    sure = sure or (not lines and (head[8:9] in b"\1\2\3\4\5" or b"V 1" in head))
    laid_out(layout, _Walk(_Lines(layout) if lines else _Numbers(layout)).read, sure=sure)


class _Numbers:
    """What a file is made of, as torch.DiskFile writes it in binary."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    def number(self, width: int) -> int:
        """A whole number."""
        return self.layout.number(width, signed=True)

    def count(self, least: int, what: str) -> int:
        """How many things follow, each of `least` bytes or more."""
        return self.layout.count(4, least, what)

    def step_over(self, count: int, width: int) -> None:
        """Numbers of that width that are written at once."""
        self.layout.data(count * width, "numbers")

    def end(self) -> None:
        """What stands behind letters that are written at once."""


class _Lines(_Numbers):
    """The same, written as text: what is written at once is a line."""

    def number(self, width: int) -> int:  # noqa: ARG002 - as its base
        """A whole number."""
        at, text = self.layout.at, self.layout.text_until(b"\n", _DIGITS_MOST, "a number")
        if not _DIGITS.fullmatch(text):
            raise Bent(f"{text!r} in place of a number", at)
        return int(text)

    def count(self, least: int, what: str) -> int:
        """How many things follow."""
        at, count = self.layout.at, self.number(4)
        if not 0 <= count * min(2, least) <= self.layout.left:
            raise Bent(f"{count} {what} where {self.layout.left} bytes are left", at)
        return count

    def step_over(self, count: int, width: int) -> None:
        """Numbers that are written at once; of one byte they are letters."""
        if width == 1:
            self.layout.data(count, "letters")
        length = -1
        while count and width > 1 and length < 0:
            piece = self.layout.peek(_PIECE)
            length = piece.find(b"\n")
            if not piece or _NUMERIC.fullmatch(piece if length < 0 else piece[:length]) is None:
                raise Bent("no line of numbers", self.layout.at)
            self.layout.take(len(piece) if length < 0 else length)
        if count:
            self.end()

    def end(self) -> None:
        """The end of a line."""
        if self.layout.take(1) != b"\n":
            raise Bent("no end of a line", self.layout.at - 1)


class _Walk:
    """All objects of a file; nothing here recurses."""

    def __init__(self, reads: _Numbers) -> None:
        self._reads, self._layout = reads, reads.layout
        self._todo: list[Callable[[], None]] = []
        self._seen: set[int] = set()
        self._functions = 0

    def read(self, _: Layout) -> None:
        """The first object, and all that is in it."""
        self._todo.append(self._object)
        while self._todo:
            self._todo.pop()()

    def _several(self, count: int) -> None:
        """Read `count` objects, and ask for the next only when its time has come."""
        if len(self._todo) > MANY:
            raise LimitReached("depth", f"over {MANY} objects in each other")
        if count > 1:
            self._todo.append(lambda: self._several(count - 1))
        if count > 0:
            self._todo.append(self._object)

    def _object(self) -> None:
        reads, at = self._reads, self._layout.at
        match reads.number(4):
            case 0:
                pass
            case 1:
                reads.step_over(1, 8)
            case 2:
                self._layout.data(reads.count(1, "characters"), "a text")
                reads.end()
            case 3:
                if self._new():
                    self._several(2 * reads.count(8, "entries"))
            case 4:
                if self._new():
                    self._of_class()
            case 5:
                reads.step_over(1, 4)
            case 6:
                self._function(at)
            case 7 | 8:
                if self._new():
                    self._function(at)
            case kind:
                raise Bent(f"an object of type {kind}", at)

    def _new(self) -> bool:
        index = self._reads.number(4)
        known = index in self._seen
        self._seen.add(index)
        if len(self._seen) > MANY:
            raise LimitReached("objects", f"over {MANY}")
        return not known

    def _function(self, at: int) -> None:
        layout = self._layout
        length = self._reads.count(1, "bytes of a function")
        self._functions += 1
        if self._functions <= _STATED_MOST:
            layout.scan.anomaly("torch7.function", f"{length} bytes of Lua's bytecode", offset=at)
        layout.inside(length, f"function@{layout.at}.luac")
        self._reads.end()
        self._several(1)

    def _name(self, what: str) -> str:
        name = self._layout.text(self._reads.count(1, "characters"), _NAME_MOST, what)
        self._reads.end()
        return name

    def _of_class(self) -> None:
        reads, name = self._reads, self._name("a version")
        if _VERSION.fullmatch(name):
            name = self._name("a class")
        found = _ARRAYED.fullmatch(name)
        if found is None:
            # Classes that write themselves in another way than as a table end up bent, and are told.
            self._several(1)
        elif found[2] == "Storage":
            reads.step_over(reads.number(8), _WIDTHS.get(found[1], 4))
        else:
            dims = reads.count(16, "dimensions")
            if dims > _DIMS_MOST:
                raise Bent(f"{dims} dimensions", self._layout.at)
            for count in (dims, dims, 1):
                reads.step_over(count, 8)
            self._several(1)


SCANNER = Scanner("torch7", 2, frozenset({".t7"}), recognise, scan)
