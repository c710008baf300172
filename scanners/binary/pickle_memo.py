"""The memo of a stream, in bounded memory.

A large pickle memoizes millions of values and asks for few of them again. Names, and the first values of any kind,
are kept. What lies in a run is found by walking the run when somebody asks; what is past all that is `FORGOTTEN`.

An index that the stream merely claims costs nothing, where CPython would allocate up to it (threats.md 2.2).
"""

from __future__ import annotations

import copy
from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING

from scanners.binary.pickle_values import FORGOTTEN, UNKNOWN, Getter, Global, Partial, Run
from scanners.binary.pickle_weight import lighten
from scanners.budget import LimitReached

if TYPE_CHECKING:
    from scanners.binary.pickle_values import Value, Walk

_KEPT = 100_000
"""Values of any kind that are kept."""
_NAMES = 1 << 18
"""Names and short texts kept beside them."""
_NEWEST = 1024
"""Values that may still be in the making, and come before all others."""
_ODD = 1_000_000
"""Entries out of order, and runs."""
_AGAIN = 1 << 23
"""Bytes of runs that are walked for the sake of what was asked for."""
_MOST = 1 << 14
"""Bytes of runs, one behind the other, that are walked together when an entry of one is asked for."""
_TEXT = 64
"""Characters of a text that may be a name."""


class Memo:
    """What a stream keeps under numbers.

    Where indices come in order, as picklers write them, entries need no place of their own. Once they do not (`odd`),
    each is kept, and runs are not possible any more.
    """

    def __init__(self, walk: Walk, first: int = 0) -> None:
        self._walk = walk
        self._known: dict[int, Value] = {}
        self._from = self._dense = first
        self._rewritten: set[int] = set()
        self._again = 0
        self._first, self._start, self._stop = array("Q"), array("Q"), array("Q")
        self.count = first
        """Entries so far: the index that MEMOIZE writes next."""
        self.odd = self.explicit = self.lines = self.named = False
        """Whether indices do not come in order, whether all are written, whether any is in a line of text, and whether
        a name is among the values."""

    def __bool__(self) -> bool:
        """Whether there is any entry."""
        return bool(self.count)

    def memoize(self, value: Value) -> None:
        """Keep a value under the number of entries so far."""
        index = self.count
        self.explicit = False
        self.named = self.named or type(value) is Global
        if self.odd:
            self._strange(index, value)
            return
        self._dense = self.count = index + 1
        known = self._known
        if len(known) < _KEPT or (len(known) < _NAMES and _lasting(value)):
            known[index] = value

    def put(self, index: int, value: Value) -> None:
        """Keep a value under an index, as it is written."""
        explicit = self.explicit or not self.count
        if index == self.count and not self.odd:
            self.memoize(value)
        else:
            self.odd = self.odd or not self._from <= index < self._dense
            self._strange(index, value)
        self.explicit = explicit

    def _strange(self, index: int, value: Value) -> None:
        known = self._known
        if self._from <= index < self._dense:
            self._rewritten.add(index)
        elif index not in known:
            self.count += 1
        known[index] = value
        if len(known) > _ODD:
            raise LimitReached("memo", f"over {_ODD} entries out of order")

    def get(self, index: int) -> Value:
        """The value under an index; `FORGOTTEN` if it was not kept, and a KeyError if there is none."""
        try:
            return self._known[index]
        except KeyError:
            if not self._from <= index < self._dense:
                raise
        at = bisect_right(self._first, index) - 1
        if at >= 0 and self._again < _AGAIN:
            self._again += self._stop[at] - self._start[at]
            found = Run(self._start[at], self._stop[at], self._first[at], self._walk).unroll([])
            room = _NAMES - len(self._known)
            for place, value in found.items() if len(found) <= room else ():
                self._known.setdefault(place, value)
            return self._known.get(index, found.get(index, FORGOTTEN))
        return self._known.get(index, FORGOTTEN)

    def copy(self) -> Memo:
        """A memo with the same entries."""
        other = copy.copy(self)
        for name in ("_known", "_rewritten", "_first", "_start", "_stop"):
            setattr(other, name, copy.copy(getattr(self, name)))
        return other

    def before(self, index: int) -> Value:
        """The value that has always been under an index: what a run meant that is walked long after it was read."""
        return UNKNOWN if index in self._rewritten else self.get(index)

    def lighten(self) -> None:
        """Forget what there is no room for; names stay, and of the rest the newest, and what was there early."""
        known = self._known
        places = [index for index, value in known.items() if not _lasting(value)]
        lighten(known, [*reversed(places[-_NEWEST:]), *places[:-_NEWEST]])

    def entries(self) -> dict[int, Value]:
        """What is kept."""
        return self._known

    def skip(self, run: Run, entries: int) -> None:
        """Note that a run writes so many entries, under the next indices."""
        self._dense = self.count = self.count + entries
        if not entries or len(self._first) > _ODD:
            return
        if self._stop and self._stop[-1] == run.start and run.stop - self._start[-1] <= _MOST:
            self._stop[-1] = run.stop
        else:
            self._first.append(run.first)
            self._start.append(run.start)
            self._stop.append(run.stop)

    def stretch(self, run: Run, stop: int) -> bool:
        """Make the opcode that keeps what a run left on top, and ends at `stop`, part of the run, if it can be."""
        if self.odd or run.first > self.count:
            return False
        before, run.stop = run.stop, stop
        if self._stop and self._stop[-1] == before:
            self._stop[-1] = stop
            self._dense = self.count = self.count + 1
        else:
            self.skip(run, 1)
        return True


def _lasting(value: Value) -> bool:
    """Whether a value is worth keeping in a large memo: what may be called, or name what is."""
    return isinstance(value, Global | Partial | Getter) or (isinstance(value, str) and len(value) <= _TEXT)
