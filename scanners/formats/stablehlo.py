"""MLIR bytecode, as jax.export and StableHLO keep programs (threats.md 7.10).

    "MLïR", version, producer, 0 | sections: u8 kind (bit 7: aligned), length, alignment and padding where it is, data
    strings (0): count, lengths from the last to the first, texts with a zero each
    dialects (1): count, names; operations: count, groups of a dialect, a count and names

Numbers have as many bytes as their lowest bits say (https://mlir.llvm.org/docs/BytecodeFormat/). A program can only
name what stands among its strings, so these are read, and the other sections are not. jax.export keeps such a program
in a FlatBuffer without a mark, near its beginning.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.binary.flatbuffer_parts import account, walked
from scanners.binary.flatbuffer_schemas import JAX_EXPORT
from scanners.binary.layout import MANY, Bent, Layout, laid_out
from scanners.budget import LimitReached
from scanners.facts import Reference, clip, clip_name
from scanners.scanner import HEAD, NotThisFormat, Sample, Scan, Scanner
from scanners.source import Slice, Span

if TYPE_CHECKING:
    from scanners.source import Source

_MAGIC: Final = b"ML\xefR"
_NEEDED: Final = frozenset((0, 1, 4))
"""Strings, dialects, and the program itself."""
_LAST: Final = 8
_ALIGNED: Final = 0x80
_PADDING: Final = b"\xcb"
_COUNTED, _REGISTERED = 4, 5
"""The versions since which operations are counted, and say whether they are registered."""
_TEXT_MOST: Final = 1 << 20
_CALLS: Final = re.compile(r"custom_call(?:_v[0-9]+)?")
_TARGET: Final = re.compile(r"[A-Za-z_$][\w$.:]{2,127}")
_STATED_MOST: Final = 2048


def recognise(sample: Sample) -> bool:
    """Whether the magic is there."""
    return sample.head.startswith(_MAGIC)


def scan(source: Source, scan: Scan) -> None:
    """State the operations, and what they may call outside of the program."""
    if source.read(0, min(4, source.size)) != _MAGIC:
        raise NotThisFormat
    module = _Module(scan)
    laid_out(Layout(source, scan), module.read)
    module.state()


def _number(layout: Layout) -> int:
    first = layout.number(1)
    if not first:
        return layout.number(8)
    more = (first & -first).bit_length() - 1
    return int.from_bytes(bytes([first]) + layout.take(more), "little") >> more + 1


def _few(count: int, what: str) -> None:
    if count > MANY:
        raise LimitReached(what, f"{count}, over {MANY}")


class _Module:
    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._version = 0
        self._strings: list[str] = []
        # By number, since the strings come last.
        self._dialects: list[int] = []
        self._operations: list[tuple[int, int]] = []

    def read(self, layout: Layout) -> None:
        """All sections."""
        layout.take(4)
        self._version = _number(layout)
        layout.text_until(b"\0", 256, "a producer")
        kinds = set[int]()
        while layout.left:
            at, kind = layout.at, layout.number(1)
            length = _number(layout)
            if kind & _ALIGNED:
                alignment = _number(layout)
                while alignment and layout.at % alignment and layout.peek(1) == _PADDING:
                    layout.take(1)
            layout.holds(length, "a section")
            stop = layout.at + length
            kinds.add(kind & ~_ALIGNED)
            match kind & ~_ALIGNED:
                case 0:
                    self._texts(layout, stop)
                case 1:
                    self._named(layout, stop)
                case other if other <= _LAST:
                    layout.data(length, "a section")
                case other:
                    raise Bent(f"a section of kind {other}", at)
            if layout.at != stop:
                raise Bent(f"a section that ends at {stop} and is read to {layout.at}", at)
        if not kinds >= _NEEDED:
            raise Bent("a section is missing", layout.at)

    def _texts(self, layout: Layout, stop: int) -> None:
        count = _number(layout)
        layout.holds(count, "lengths")
        _few(count, "strings")
        layout.scan.budget.hold(stop - layout.at, "strings")
        lengths = [_number(layout) for _ in range(count)]
        self._strings = [layout.text(length, _TEXT_MOST, "a string").rstrip("\0") for length in reversed(lengths)]

    def _named(self, layout: Layout, stop: int) -> None:
        count = _number(layout)
        _few(count, "dialects")
        for _ in range(count):
            number = _number(layout)
            self._dialects.append(number >> 1)
            if number & 1:
                layout.take(1)
                layout.take(_number(layout))
        if self._version >= _COUNTED:
            _number(layout)
        while layout.at < stop:
            dialect = _number(layout)
            if dialect >= len(self._dialects):
                raise Bent(f"dialect {dialect} of {len(self._dialects)}", layout.at)
            count = _number(layout)
            _few(len(self._operations) + count, "operations")
            for _ in range(count):
                self._operations.append((self._dialects[dialect], _number(layout) >> (self._version >= _REGISTERED)))

    def _string(self, number: int) -> str:
        return self._strings[number] if number < len(self._strings) else f"string {number}"

    def state(self) -> None:
        """State what was seen."""
        operations = dict.fromkeys((self._string(dialect), self._string(name)) for dialect, name in self._operations)
        for dialect, name in list(operations)[:_STATED_MOST]:
            self._scan.state(Reference("hlo.op", clip(dialect), clip_name(name), "called", self._scan.member))
        if any(_CALLS.fullmatch(name) for _, name in operations):
            known = {part for operation in operations for part in operation}
            named = [text for text in dict.fromkeys(self._strings) if _TARGET.fullmatch(text) and text not in known]
            for name in named[:_STATED_MOST]:
                self._scan.state(Reference("hlo.call", "", clip_name(name), "possible", self._scan.member))
            if not named:
                self._scan.unread("broken", "a call of a function without a name")
            if len(named) > _STATED_MOST:
                self._scan.unread("limit", f"{len(named)} names, {_STATED_MOST} are stated")
        if len(operations) > _STATED_MOST:
            self._scan.unread("limit", f"{len(operations)} operations, {_STATED_MOST} are stated")


def _is_export(sample: Sample) -> bool:
    head = sample.head
    begin = head.find(_MAGIC)
    if begin < 8 or head[2:4] != b"\0\0" or b"StableHLO" not in head[begin : begin + 64]:
        return False
    # In front of a vector stands its length.
    return int.from_bytes(head[begin - 4 : begin], "little") <= sample.size - begin


def _scan_export(source: Source, scan: Scan) -> None:
    if not _is_export(Sample(source.size, source.read(0, min(HEAD, source.size)), b"")):
        raise NotThisFormat
    buffer = walked(source, scan, JAX_EXPORT, "Exported", ("Exported", "DisabledSafetyCheck"))
    for each in buffer.found["DisabledSafetyCheck"]:
        if name := str(each.get("target", "")):
            scan.state(Reference("hlo.call", "", clip_name(name), "called", scan.member))
    for each in buffer.found["Exported"]:
        if isinstance(span := each.get("module"), Span):
            known = scan.inside(Slice(source, span.start, span.length), f"module@{span.start}.mlirbc")
            (buffer.examined if known else buffer.opaque).append(span)
    account(source, scan, buffer)


EXPORT: Final = Scanner("jax.export", 1, frozenset(), _is_export, _scan_export)
SCANNER: Final = Scanner("stablehlo", 1, frozenset(), recognise, scan)
