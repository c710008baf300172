"""Bytes on demand.

Rule 1: a scanner reads through a `Source` and through nothing else.
Rule 2: a source never waits. Where it lacks the bytes it raises `Missing`, the pipeline fetches them, and the
scanner runs again from its start. Scanners are pure, so the second run says what the first one would have said.
Rule 3: a read past the end is `Truncated`, never a short answer.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class Span(NamedTuple):
    """The half-open range of offsets [start, stop), in bytes."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """Number of bytes in the span."""
        return self.stop - self.start


class Missing(Exception):  # noqa: N818 - an answer to a read, not a mistake
    """The source knows of these bytes and does not hold them yet."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self.spans = tuple(spans)
        super().__init__(f"{len(self.spans)} spans are missing")


class Truncated(Exception):  # noqa: N818 - a state of the file, not a mistake
    """A read reached past the end of the source."""

    def __init__(self, start: int, length: int, size: int) -> None:
        self.start, self.length, self.size = start, length, size
        super().__init__(f"{length} bytes at {start} reach past the end at {size}")


class Source(Protocol):
    """Random access to the bytes of a blob, or of something inside it."""

    @property
    def size(self) -> int:
        """Number of bytes, known before any is read."""
        ...

    def read(self, start: int, length: int) -> bytes:
        """Exactly `length` bytes from `start`; raises `Missing` or `Truncated`."""
        ...

    def want(self, *spans: Span) -> None:
        """Ask for several places at once: raises one `Missing` for all of them that are not here."""
        ...


def bounded(start: int, length: int, size: int) -> None:
    """Refuse a read outside of `size` bytes; raises `Truncated`."""
    if start < 0 or length < 0 or start + length > size:
        raise Truncated(start, length, size)


class BytesSource:
    """A source whose bytes are all in memory."""

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self._data = memoryview(data)
        self.size = len(data)

    def read(self, start: int, length: int) -> bytes:
        """Exactly `length` bytes from `start`."""
        bounded(start, length, self.size)
        return bytes(self._data[start : start + length])

    def want(self, *spans: Span) -> None:
        """Nothing: all is here."""


class Slice:
    """A window [start, start + size) of another source, counted from its own zero."""

    def __init__(self, source: Source, start: int, size: int) -> None:
        bounded(start, size, source.size)
        self._source, self._start, self.size = source, start, size

    def read(self, start: int, length: int) -> bytes:
        """Exactly `length` bytes from `start` of the window."""
        bounded(start, length, self.size)
        return self._source.read(self._start + start, length)

    def want(self, *spans: Span) -> None:
        """Ask the source below for these places of the window, each cut off at its end."""
        self._source.want(*(Span(self._start + max(0, s.start), self._start + min(self.size, s.stop)) for s in spans))


class SparseSource:
    """A source that holds only some of its bytes, as a block cache does.

    `pread(offset, length)` is called only inside the spans that are held.
    """

    def __init__(self, pread: Callable[[int, int], bytes], size: int, held: Iterable[Span]) -> None:
        self._pread = pread
        self.size = size
        self._held = merge(held)

    def read(self, start: int, length: int) -> bytes:
        """Exactly `length` bytes from `start`, or `Missing` with the parts that are not held."""
        bounded(start, length, self.size)
        self.want(Span(start, start + length))
        data = self._pread(start, length)
        if len(data) != length:
            # The file shrank below us: the only honest word is that the bytes are not there.
            raise Truncated(start, length, start + len(data))
        return data

    def want(self, *spans: Span) -> None:
        """Raise one `Missing` for all that is not held of these spans."""
        gaps: list[Span] = []
        for span in spans:
            gaps.extend(subtract(Span(max(0, span.start), min(self.size, span.stop)), self._held))
        if gaps:
            raise Missing(merge(gaps))


def merge(spans: Iterable[Span]) -> list[Span]:
    """The same bytes as sorted, disjoint, non-touching, non-empty spans."""
    merged: list[Span] = []
    for start, stop in sorted(s for s in spans if s[0] < s[1]):
        if merged and start <= merged[-1].stop:
            if stop > merged[-1].stop:
                merged[-1] = Span(merged[-1].start, stop)
        else:
            merged.append(Span(start, stop))
    return merged


def subtract(span: Span, held: list[Span]) -> list[Span]:
    """What of `span` is in none of `held`, which is merged."""
    gaps: list[Span] = []
    at = span.start
    index = max(0, bisect_right(held, Span(at, at)) - 1)
    while at < span.stop and index < len(held):
        start, stop = held[index]
        if start >= span.stop:
            break
        if stop > at:
            if start > at:
                gaps.append(Span(at, start))
            at = max(at, stop)
        index += 1
    if at < span.stop:
        gaps.append(Span(at, span.stop))
    return gaps
