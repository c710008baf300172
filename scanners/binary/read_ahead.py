"""Reading forward through a file that is mostly stepped over.

Where a format keeps long runs of numbers between short descriptions, each description says where the next one stands,
and asking for them one by one costs a round trip each. So whoever steps over a run asks for more than the next place:
for windows that grow, and, since models are made of layers that look like each other, for the places where the next
descriptions stand if the lengths go on as they did the last time they looked like this. A wrong guess costs some
bytes, never the truth.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.binary.cursor import PIECE, Window
from scanners.source import Missing, Span, Truncated

if TYPE_CHECKING:
    from scanners.source import Source

_ASK: Final = 65_536
"""Bytes asked for at once at the beginning: as many as come with the first look at a file."""
_LAND: Final = 16_384
"""Bytes asked for behind a run; a quarter more for each run before, so that rounds grow with the root of the size."""
_ASK_MOST: Final = 4 << 20
_LITTLE: Final = 512
"""Bytes that a guess reaches before and behind its place."""
_ALIKE: Final = 256
"""Bytes by which two lengths may differ that are taken for the same."""
_LOOK: Final = 512
"""Runs looked back at."""
_GUESSES: Final = 512
"""Places guessed at once, at most."""


class _Step(NamedTuple):
    length: int
    """Bytes from the end of a run to the end of the next."""
    read: int
    """Bytes of them that were read."""

    def like(self, other: _Step) -> bool:
        return abs(self.length - other.length) <= _ALIKE and abs(self.read - other.read) <= _ALIKE


class Ahead(Window):
    """A place in a source that moves forward, by reading or by stepping over."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._asked, self._ask = 0, _ASK
        self._landed = [0]
        """The place at the beginning, and behind each run that was stepped over."""
        self._read: list[int] = []
        """Bytes read from each of them to the next run."""

    def step_over(self, length: int) -> None:
        """Move on by `length` bytes unread; asks for nothing."""
        if length > _LAND:
            self._read.append(self.at - self._landed[-1])
            self._landed.append(self.at + length)
            self._ask = min(_ASK_MOST, _LAND + _LAND * len(self._landed) // 4)
        self.at += length

    def _fill(self, length: int) -> None:
        if self.at + length > self._source.size:
            raise Truncated(self.at, length, self._source.size)
        if self.at + length > self._asked:
            self._asked = self._reach(length)
        self._hold(min(max(length, PIECE), self._asked - self.at))

    def _reach(self, length: int) -> int:
        """The end of what is there from the present place on; raises `Missing` if that is not `length` bytes."""
        for size in (max(length, self._ask), max(length, _LITTLE), length):
            stop = min(self._source.size, self.at + size)
            try:
                self._source.want(Span(self.at, stop))
            except Missing:
                continue
            if size == self._ask:
                self._ask = min(_ASK_MOST, 2 * self._ask)
            return stop
        self._source.want(Span(self.at, self.at + max(length, self._ask)), *self._guesses())
        return self.at + length

    def _guesses(self) -> list[Span]:
        """Where the next descriptions stand if the lengths repeat."""
        if self.at != self._landed[-1] or not self._read:
            return []
        steps = [_Step(b - a, read) for (a, b), read in zip(pairwise(self._landed), self._read, strict=True)]
        begin, alike = _last_time(steps)
        spans, place = [], self.at
        for number in range(min(_GUESSES, 2 + 4 * alike)):
            steps.append(steps[begin + number])
            place += steps[-1].length
            if place >= self._source.size:
                break
            slack = _LITTLE + 8 * number
            spans.append(Span(place - slack, place + steps[begin + number + 1].read + slack))
        return spans


def _last_time(steps: list[_Step]) -> tuple[int, int]:
    """Where to go on copying: behind the last place whose steps before it are like the newest ones, for longest.

    How many are alike comes with it. Where none is, the newest step is taken to repeat.
    """
    newest = len(steps) - 1
    begin, alike = newest, 0
    for place in range(newest, max(0, newest - _LOOK), -1):
        count = 0
        while count < place and count < _LOOK and steps[place - 1 - count].like(steps[newest - count]):
            count += 1
        if count > alike:
            begin, alike = place, count
    return begin, alike
