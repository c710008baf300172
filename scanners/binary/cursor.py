"""A place in a source that moves forward.

Reading a long part piece by piece costs as many rounds as the part has doublings: each time the bytes run out, the
cursor asks for twice as many as before. Memory is one piece.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from scanners.source import Span, Truncated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.source import Source

PIECE = 1 << 20
"""Bytes held at once, unless one read asks for more."""
_ASK = 1 << 16
_ASK_MOST = 64 << 20


class Window(ABC):
    """A place in a source, and the bytes from there on that are held."""

    def __init__(self, source: Source, start: int = 0) -> None:
        self._source = source
        self.at = self._base = start
        self._data = b""

    def peek(self, length: int) -> bytes:
        """The next `length` bytes; the place stays."""
        begin = self.at - self._base
        if begin + length > len(self._data):
            self._fill(length)
            begin = 0
        return self._data[begin : begin + length]

    def take(self, length: int) -> bytes:
        """The next `length` bytes; the place moves behind them."""
        data = self.peek(length)
        self.at += length
        return data

    @abstractmethod
    def _fill(self, length: int) -> None:
        """Hold `length` bytes or more from the place on; raises `Missing`, and `Truncated` past the end."""

    def _hold(self, length: int) -> None:
        self._base, self._data = self.at, self._source.read(self.at, length)


class Cursor(Window):
    """Reads [start, stop) of a source forward; raises `Missing`, and `Truncated` past `stop`."""

    def __init__(self, source: Source, start: int = 0, stop: int | None = None) -> None:
        super().__init__(source, start)
        self._stop = source.size if stop is None else min(stop, source.size)
        self._asked = start
        self._ask = _ASK

    @property
    def left(self) -> int:
        """Bytes between the present place and the end."""
        return max(0, self._stop - self.at)

    def expect(self, length: int) -> None:
        """Ask for the next `length` bytes at once, or for all that are left; fewer or more may be read of them."""
        stop = min(self._stop, self.at + length)
        if stop > self._asked:
            self._ask = max(self._ask, min(_ASK_MOST, length // 2))
            self._source.want(Span(self.at, stop))
            self._asked = stop

    def pieces(self) -> Iterator[bytes]:
        """All that is left, in pieces."""
        while self.left:
            yield self.take(min(PIECE, self.left))

    def _fill(self, length: int) -> None:
        if length > self.left:
            raise Truncated(self.at, length, self._stop)
        if self.at + length > self._asked:
            self._asked = min(self._stop, self.at + max(length, self._ask))
            self._ask = min(_ASK_MOST, self._ask * 2)
            self._source.want(Span(self.at, self._asked))
        self._hold(min(max(length, PIECE), self._asked - self.at))
