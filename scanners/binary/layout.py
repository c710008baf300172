"""Formats that are numbers, texts and long runs of data behind one another, each as long as what stands before it says.

What is read is examined; a run that is stepped over is inert, since its own length is all that a loader asks of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeVar

from scanners.binary.read_ahead import Ahead
from scanners.budget import LimitReached
from scanners.scanner import NotThisFormat
from scanners.source import Slice, Span, subtract

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanners.scanner import Scan
    from scanners.source import Source

T = TypeVar("T")
MANY: Final = 1_000_000
"""Things that a reader holds at once, at most."""
_SHORT: Final = 4096
"""Bytes of a run that is read all the same: stepping over it would save nothing."""
_NEAR: Final = 256
"""Bytes in which most texts end."""


class Bent(Exception):  # noqa: N818 - a state of the file, not a mistake
    """Nothing can be read behind this place."""

    def __init__(self, detail: str, at: int) -> None:
        self.detail, self.at = detail, at
        super().__init__(detail)


class Layout:
    """A place in a file that moves forward, and accounts for what it leaves behind."""

    def __init__(self, source: Source, scan: Scan, order: Literal["little", "big"] = "little") -> None:
        self.source, self.scan, self.order = source, scan, order
        self._ahead = Ahead(source)
        self._mark = 0

    @property
    def at(self) -> int:
        """The place."""
        return self._ahead.at

    @property
    def left(self) -> int:
        """Bytes between the place and the end of the file."""
        return self.source.size - self._ahead.at

    def holds(self, length: int, what: str) -> None:
        """Raise `Bent` where fewer bytes than that are left, or the length is negative."""
        if not 0 <= length <= self.left:
            raise Bent(f"{what} of {length} bytes where {self.left} are left", self.at)

    def peek(self, length: int) -> bytes:
        """The next `length` bytes, or as many as are left; the place stays."""
        return self._ahead.peek(min(length, self.left))

    def expect(self, length: int) -> None:
        """Ask for the next `length` bytes at once, or for all that are left; fewer or more may be read of them."""
        self.source.want(Span(self.at, min(self.source.size, self.at + length)))

    def take(self, length: int, what: str = "a value") -> bytes:
        """The next `length` bytes."""
        if not 0 <= length <= self.source.size - self._ahead.at:
            self.holds(length, what)
        return self._ahead.take(length)

    def number(self, width: int, *, signed: bool = False) -> int:
        """A whole number of `width` bytes."""
        return int.from_bytes(self.take(width, "a number"), self.order, signed=signed)

    def numbers(self, width: int, count: int) -> list[int]:
        """Several of them, signed."""
        return [self.number(width, signed=True) for _ in range(count)]

    def count(self, width: int, least: int, what: str) -> int:
        """How many things follow, each of `least` bytes or more."""
        at, count = self.at, self.number(width, signed=True)
        if count < 0 or count * least > self.left:
            raise Bent(f"{count} {what} where {self.left} bytes are left", at)
        return count

    def several(self, width: int, least: int, what: str) -> int:
        """A count of things that are held in memory; raises `LimitReached` over `MANY`."""
        count = self.count(width, least, what)
        if count > MANY:
            raise LimitReached(what, f"{count}, over {MANY}")
        return count

    def text(self, length: int, most: int, what: str) -> str:
        """A text of that many bytes."""
        if length > most:
            raise Bent(f"{what} of {length} bytes", self.at)
        return self.take(length, what).decode("utf-8", "backslashreplace")

    def text_until(self, end: bytes, most: int, what: str) -> str:
        """A text up to the byte `end`, which is stepped over."""
        length = self.peek(_NEAR).find(end)
        if length < 0 and (length := self.peek(most + 1).find(end)) < 0:
            raise Bent(f"{what} without end", self.at)
        text = self.text(length, most, what)
        self.take(1)
        return text

    def data(self, length: int, what: str) -> None:
        """Step over a run that nobody interprets."""
        self.holds(length, what)
        if length <= _SHORT:
            self._ahead.take(length)
            return
        begin = self.at
        self.scan.account.examined(self._mark, begin)
        self._ahead.step_over(length)
        self.scan.account.inert(begin, self.at)
        self._mark = self.at

    def inside(self, length: int, name: str) -> bool:
        """Hand on the next `length` bytes as a part, and step over them; True where all of it is explained."""
        self.holds(length, name)
        self.scan.account.examined(self._mark, self.at)
        known = self.scan.inside(Slice(self.source, self.at, length), name)
        self._mark = self.at if known else self.at + length
        self._ahead.step_over(length)
        return known

    def part(self, length: int, read: Callable[[Source, Scan], T]) -> T:
        """What `read` makes of the next `length` bytes, which accounts for them from a zero of their own."""
        self.holds(length, "a part")
        begin, child = self.at, self.scan.child(length, "")
        self.scan.account.examined(self._mark, begin)
        made = read(Slice(self.source, begin, length), child)
        examined, at = child.account.examined_spans(), 0
        for gap in [*child.account.unexplained_spans(), Span(length, length)]:
            for span in subtract(Span(at, gap.start), examined):
                self.scan.account.inert(begin + span.start, begin + span.stop)
            at = gap.stop
        for span in examined:
            self.scan.account.examined(begin + span.start, begin + span.stop)
        self._ahead.step_over(length)
        self._mark = self.at
        return made

    def finish(self) -> None:
        """Account for what was read; what follows is told, and handed on."""
        self.scan.account.examined(self._mark, self.at)
        if self.left:
            begin, size = self.at, self.source.size
            self.scan.anomaly("model.trailing", f"{self.left} bytes", offset=begin)
            if self.scan.inside(Slice(self.source, begin, self.left), f"tail@{begin}"):
                self.scan.account.examined(begin, size)


def laid_out(layout: Layout, read: Callable[[Layout], None], *, sure: bool = True) -> None:
    """Let `read` go through a file to the end of its format.

    Where it is `Bent` that is told, or it is `NotThisFormat`, unless the format is `sure`.
    """
    try:
        read(layout)
    except Bent as bent:
        if not sure:
            raise NotThisFormat from bent
        layout.scan.anomaly("model.bounds", bent.detail, offset=bent.at)
        layout.scan.unread("broken", bent.detail, offset=bent.at)
        return
    if not sure and layout.left:
        raise NotThisFormat
    layout.finish()
