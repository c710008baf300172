"""Runs of opcodes that only make data, recognised by one compiled pattern.

Nearly all of a large pickle is numbers, short texts and the containers that hold them. Such opcodes import nothing
and call nothing, so of a long run of them only two things matter at once: how many memo entries it writes, and of
which classes it makes instances. A second pattern counts both. The values are made only if anybody asks for them, by
walking the run like any other bytes.

What fills or builds something is part of a run only together with what makes that thing: APPENDS, SETITEMS and BUILD
act on whatever the stack holds, and what the run has not made itself may be a module (threats.md 2.4, T6).
"""

from __future__ import annotations

import re
import sys
from array import array
from collections import Counter
from functools import cache
from typing import NamedTuple

LEAST = 256
"""Bytes below which a run is walked."""
MOST = 1 << 18
"""Bytes of one run: what walking it after all may cost."""
_NESTED = 3
"""Containers inside containers that the pattern follows."""
_TEXT = 128
"""Longest text, in bytes."""
_BYTES = 16
"""Bytes constants from this length on are looked at: they may be a format of their own."""


_PUT = ord("r")


class Tally(NamedTuple):
    """What a run does beside making data."""

    memoized: int
    """Memo entries that it writes, under the next free indices."""
    instances: dict[bytes, int]
    """Instances that it makes without arguments, by the GET that fetches their class."""


class Grammar(NamedTuple):
    """The patterns of one way of writing the memo."""

    run: re.Pattern[bytes]
    """Matches the longest run at a place; it may be empty."""
    events: re.Pattern[bytes]
    """Finds what a run does, in order: a memo entry (with its index, if it is written), or an instance."""
    explicit: bool
    """Memo indices are written."""


def _prefixed(code: bytes, width: int, most: int) -> bytes:
    """An opcode whose length stands before its argument of up to `most` bytes."""
    lengths = (re.escape(length.to_bytes(width, "little")) + b".{%d}" % length for length in range(most + 1))
    return re.escape(code) + b"(?:" + b"|".join(lengths) + b")"


_CONSTANT = b"|".join(
    (
        b"[N\\x88\\x89)\\x85-\\x87]",  # None, booleans, the empty tuple, tuples of the one to three topmost values
        b"K.",
        b"(?:h.|j.{4})(?=[^)])",  # what may be a class to make an instance of is no constant
        _prefixed(b"\x8c", 1, _TEXT),
        b"G.{8}",
        b"M..",
        b"J.{4}",
        _prefixed(b"X", 4, _TEXT),
        _prefixed(b"C", 1, _BYTES - 1),
        _prefixed(b"\x8a", 1, 16),
    )
)
_CLASS = b"(?:h.|j.{4})"
_INSTANCE = _CLASS + b"\\)\\x81"


def _values(memo: bytes) -> bytes:
    """Any of the values that a run may make, with the memo entries between them."""
    keep = b"(?:" + memo + b")?+"
    flat = b"\\((?:" + memo + b"|" + _CONSTANT + b")*+"
    inner = memo + b"|" + _CONSTANT
    for _ in range(_NESTED):
        soup = b"\\((?:" + inner + b")*+"
        # The state of an instance is one value: a dict or list, a tuple, or a pair of None and the dict of its slots.
        state = b"[]}]" + keep + b"(?:" + soup + b"[eu])?+|" + flat + b"t" + keep
        slots = b"N\\}" + keep + b"(?:" + flat + b"u)?+\\x86" + keep
        # What is to be filled or built behind the end of the run is not begun in it.
        instance = _INSTANCE + keep + b"(?:(?:" + state + b"|" + slots + b")b|(?=[^]}(N]))"
        container = b"[]}\\x8f]" + keep + b"(?:" + soup + b"[eut\\x90])*+(?=[^(])"
        inner = b"|".join((instance, container, memo, _CONSTANT, flat + b"t"))
    return inner


def _grammar(memo: bytes, *, explicit: bool) -> Grammar:
    others = b"[]}(teub\\x8f\\x90]|\\)\\x81|(?!" + _INSTANCE + b")(?:" + _CONSTANT + b")"
    # Without an event it matches all the same: a search that fails would begin again at each byte.
    events = b"(?:" + others + b")*+(" + memo + b"|" + _CLASS + b"(?=\\)\\x81))?"
    return Grammar(
        # The first entry that it writes is of its own making.
        re.compile(b"(?:(?!" + memo + b")(?:" + _values(memo) + b")++)?+", re.DOTALL),
        re.compile(events, re.DOTALL),
        explicit=explicit,
    )


@cache
def grammar(*, explicit: bool) -> Grammar:
    """The patterns of streams that write MEMOIZE or, with `explicit`, LONG_BINPUT.

    The 256 entries before a pickler writes LONG_BINPUT are walked.
    """
    return _grammar(b"r.{4}" if explicit else b"\\x94", explicit=explicit)


def tally(rules: Grammar, data: bytes, start: int, stop: int, index: int) -> Tally | None:
    """What the run [start, stop) does; None where it writes other memo indices than picklers do.

    `index` is the next free one.
    """
    found = Counter(rules.events.findall(data, start, stop))
    found.pop(b"", None)
    if not rules.explicit:
        return Tally(found.pop(b"\x94", 0), found)
    places = b"".join([event[1:] for event in found if event[0] == _PUT])
    memoized = len(places) // 4
    if places != _little(index, memoized):
        return None
    return Tally(memoized, {fetch: count for fetch, count in found.items() if fetch[0] != _PUT})


def _little(first: int, count: int) -> bytes:
    """The numbers from `first` on as the arguments of LONG_BINPUT."""
    if first + count > 0xFFFFFFFF:
        return b"\0"
    numbers = array("I", range(first, first + count))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()
