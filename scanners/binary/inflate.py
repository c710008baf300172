"""A compressed part as a source: inflated while it is read, never held whole.

Rule 1: memory is the beginning, the end and one window of the output (`HEAD`, `TAIL`, `KEEP`), however large the part.
A read behind the window inflates again: deflate from the nearest of a few snapshots, the others from the start.
Rule 2: every byte made is counted against the budget, also one that is made twice.
Rule 3: a stream that breaks or ends early is `Truncated` at that place, and `broken` says why. Every byte that can be
made of it is: near a break the steps become small, since a step that fails loses what it made.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from scanners.binary.cursor import Cursor
from scanners.binary.decompressors import Corrupt, CutOff
from scanners.budget import LimitReached
from scanners.source import Truncated, bounded

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanners.binary.decompressors import Codec
    from scanners.budget import Budget
    from scanners.source import Source, Span

KEEP = 8 << 20
"""Bytes of output that stay at hand behind the present place."""
HEAD = 1 << 20
"""Bytes of output that are kept from the start, since every look at a part begins there."""
TAIL = 1 << 20
"""Bytes of output that are kept from the end, once it was reached: recognition looks there, and zip readers begin."""
_STEPS = {1 << 20: 1 << 10, 1 << 10: 1}
"""Bytes made at once: the most, and what follows where a step fails."""
_OUT = max(_STEPS)
_SNAPSHOTS = 32


class InflateSource:
    """The inflated bytes of a compressed part: `size` of them by what its container says, or all that there are.

    Without a `size` the part is inflated to its end at once, to count; a limit that is hit then is kept as `limit`, and
    the source ends there. With one, reads end at `size`, and `drain` tells what the stream really holds.
    """

    def __init__(
        self, source: Source, make: Callable[[], Codec], size: int | None, budget: Budget, *, head: int = HEAD
    ) -> None:
        self.broken = ""
        """Why the stream could not be read further, "" while nothing is wrong."""
        self.limit = ""
        """The limit that counting hit."""
        self.place = 0
        """Where in the compressed part the stream ends or breaks, once that is reached."""
        self._source, self._make, self._budget, self._said = source, make, budget, size
        self._snapshots: list[tuple[int, int, Codec]] = []
        self._every = KEEP
        self._head, self._head_most = bytearray(), head
        self._tail = b""
        self._seen = 0
        """The furthest place of the stream that was made."""
        self._end: int | None = None
        """The last place that can be made, once it was reached."""
        self._most, self._sure = _OUT, 0
        """Bytes made in one step, past the place up to which no step fails."""
        self._crc = 0
        self._rewind(0)
        self.size = self._count() if size is None else size

    def read(self, start: int, length: int) -> bytes:
        """Exactly `length` bytes from `start`."""
        bounded(start, length, self.size)
        if length > KEEP:
            self._budget.hold(length, "an inflated part")
        if start + length <= len(self._head):
            return bytes(memoryview(self._head)[start : start + length])
        if self._end is not None and (before := start - self._end + len(self._tail)) >= 0:
            if start + length > self._end:
                raise Truncated(start, length, self._end)
            return self._tail[before : before + length]
        if start < self._base:
            self._rewind(start)
        while self._made < start + length:
            # What a long read has asked for stays, whatever the window's length.
            if not self._step(min(start, self._made)):
                raise Truncated(start, length, self._made)
        return bytes(self._window[start - self._base : start + length - self._base])

    def want(self, *spans: Span) -> None:
        """Nothing: which compressed bytes these are is known only once all before them are inflated."""

    def drain(self) -> tuple[int, int]:
        """Inflate to the end of the stream: how many bytes it holds, and their CRC-32."""
        if self._end is None and self._made < self._seen:
            self._rewind(self._seen)
        while self._end is None:
            self._step(self._made)
        return self._seen, self._crc

    @property
    def head(self) -> bytes:
        """The first bytes of the stream, as far as they were made."""
        return bytes(self._head)

    @property
    def consumed_all(self) -> bool:
        """After `drain`: whether the stream ended, and only where its compressed part ends."""
        return not self.broken and self.place == self._source.size

    def _count(self) -> int:
        try:
            self.drain()
        except LimitReached as reached:
            self.limit = str(reached)
            self._stop("")
        return self._seen

    def _rewind(self, start: int) -> None:
        """Go to the nearest snapshot at or before `start`."""
        at, place, codec = 0, 0, None
        for made, consumed, state in self._snapshots:
            if made <= start:
                at, place, codec = made, consumed, state.copy()
        self._codec = self._make() if codec is None else codec
        self._base = self._made = at
        self._window = bytearray()
        self._in = Cursor(self._source, place)

    def _step(self, keep_from: int) -> bool:
        """Make some more output; False at the end of the stream."""
        if self._made == self._end:
            return False
        sure = self._sure - self._made
        try:
            made = self._codec.step(self._in, min(_OUT, sure) if sure > 0 else self._most)
        except (CutOff, Truncated):
            # LZMA streams need not mark their end: there the size alone says it.
            self._stop("" if self._made == self._said else "the compressed data ends before its stream does")
            return False
        except Corrupt as error:
            if self._most not in _STEPS:
                self._stop(str(error))
                return False
            self._most, self._sure = _STEPS[self._most], self._made
            self._rewind(keep_from)
            return True
        if made:
            self._accept(made, keep_from)
            self._budget.inflate(len(made), made=self._made, compressed=self._source.size)
        if self._codec.ended:
            self._stop("")
        return True

    def _stop(self, why: str) -> None:
        """The end, or the furthest that one can get."""
        if self._end is None:
            self._end, self.broken, self.place = self._made, why, self._in.at
            self._tail = bytes(memoryview(self._window)[-TAIL:])

    def _accept(self, made: bytes, keep_from: int) -> None:
        if self._made + len(made) > self._seen:
            fresh = made[max(0, self._seen - self._made) :]
            self._crc = zlib.crc32(fresh, self._crc)
            self._head += fresh[: max(0, self._head_most - self._seen)]
            self._seen = self._made + len(made)
        self._made += len(made)
        self._window += made
        surplus = min(len(self._window) - KEEP, keep_from - self._base)
        if surplus > KEEP:
            del self._window[:surplus]
            self._base += surplus
        last = self._snapshots[-1][0] if self._snapshots else 0
        if self._made - last >= self._every and (state := self._codec.copy()):
            self._snapshots.append((self._made, self._in.at, state))
            if len(self._snapshots) > _SNAPSHOTS:
                self._snapshots = self._snapshots[1::2]
                self._every *= 2
