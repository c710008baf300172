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
from typing import Literal, NamedTuple

LEAST = 256
"""Bytes below which a run is walked."""
_VALUES = 256
"""Values of one run: what walking it after all costs, when the opcode behind it asks for the last of them."""
_CUT = 64
"""Bytes at the end of a run that are looked at again."""
_NESTED = 3
"""Containers inside containers that the pattern follows."""
_TEXT = 96
"""Longest text, in bytes."""
_ARGUMENT = 32
"""Longest text among the arguments of a call."""
_BYTES = 16
"""Bytes constants from this length on are looked at: they may be a format of their own."""


Calls = Literal["none", "bare", "any"]
"""The calls that runs may hold: none, those without arguments, or those with constants too."""
ArgumentKind = Literal["", "numbers", "texts"]
"""No arguments, numbers and short bytes, or texts among them."""


_KINDS: tuple[ArgumentKind, ...] = ("", "numbers", "texts")
_OPCODES = {b"R": "REDUCE", b"\x81": "NEWOBJ"}


class Made(NamedTuple):
    """Calls that a run makes, of one callee and with arguments of one kind."""

    fetch: bytes
    """The opcode that fetches the callee from the memo."""
    opcode: str
    arguments: ArgumentKind


class Tally(NamedTuple):
    """What a run does beside making data."""

    memoized: int
    """Memo entries that it writes, under the next free indices."""
    made: dict[Made, int]
    built: bool
    """Whether it sets the state of any of what it made."""


class Grammar(NamedTuple):
    """The patterns of one way of writing the memo."""

    run: re.Pattern[bytes]
    """Matches the longest run at a place; it may be empty."""
    events: re.Pattern[bytes]
    """Finds the memo entries and the states that are set."""
    calls: re.Pattern[bytes] | None
    """Finds the calls: what fetches the callee, and the opcode in the place of the kind of arguments."""
    explicit: bool
    """Memo indices are written."""


def _prefixed(code: bytes, width: int, most: int) -> bytes:
    """An opcode whose length stands before its argument of up to `most` bytes."""
    lengths = (re.escape(length.to_bytes(width, "little")) + b".{%d}" % length for length in range(most + 1))
    return re.escape(code) + b"(?:" + b"|".join(lengths) + b")"


_NUMBER = (
    b"[N\\x88\\x89]",
    b"K.",
    b"G.{8}",
    b"M..",
    b"J.{4}",
    _prefixed(b"\x8a", 1, 16),
    _prefixed(b"C", 1, _BYTES - 1),
)
_TEXTS = (_prefixed(b"\x8c", 1, _TEXT), _prefixed(b"X", 4, _TEXT))
_CONSTANT = b"|".join(
    (
        *_NUMBER,
        b"[)\\x85-\\x87]",  # tuples of none to three of the topmost values
        b"(?:h.|j.{4})(?=[^)])",  # what may be a class to make an instance of is no constant
        *_TEXTS,
    )
)
_FETCH = b"(?:h.|j.{4})"


def _arguments(memo: bytes, *, texts: bool) -> bytes:
    """The opcodes that make a tuple of constants."""
    kinds = (*_NUMBER, _prefixed(b"\x8c", 1, _ARGUMENT), _prefixed(b"X", 4, _ARGUMENT)) if texts else _NUMBER
    keep = b"(?:" + memo + b")?+"
    one = b"(?:" + b"|".join(kinds) + b")" + keep
    few = one + b"(?:\\x85|" + one + b"(?:\\x86|" + one + b"\\x87))"
    return b"(?:" + few + b"|\\((?:" + one + b")*+t)" + keep


def _values(memo: bytes, calls: Calls) -> bytes:
    """Any of the values that a run may make, with the memo entries between them."""
    keep = b"(?:" + memo + b")?+"
    flat = b"\\((?:" + memo + b"|" + _CONSTANT + b")*+"
    texts = b"|" + _arguments(memo, texts=True) if calls == "any" else b""
    call = _FETCH + b"(?:\\)" + texts + b")[R\\x81]" + keep
    inner = memo + b"|" + _CONSTANT
    for _ in range(_NESTED):
        soup = b"\\((?:" + inner + b")*+"
        # What is to be filled behind the end of the run is not begun in it.
        inner = b"|".join(
            (b"[]}\\x8f]" + keep + b"(?:" + soup + b"[eut\\x90])*+(?=[^(])", memo, _CONSTANT, flat + b"t")
        )
        if calls != "none":
            # The state of an instance is one value: a dict or list, a tuple, or a pair of None and a dict of slots.
            state = b"[]}]" + keep + b"(?:" + soup + b"[eu])?+|" + flat + b"t" + keep
            slots = b"N\\}" + keep + b"(?:" + flat + b"u)?+\\x86" + keep
            # What looks like a state and is not set is the next value; what is to be set behind the end is not begun.
            behind = b"(?:(?:" + state + b"|" + slots + b")(?:b|(?=[^b(]))|(?=[^]}(N]|N[^}]))"
            inner = call + behind + b"|" + inner
    return inner


@cache
def grammar(calls: Calls, *, explicit: bool) -> Grammar:
    """The patterns of streams that write MEMOIZE or, with `explicit`, LONG_BINPUT, and make such calls.

    The 256 entries before a pickler writes LONG_BINPUT are walked.
    """
    memo = b"r.{4}" if explicit else b"\\x94"
    bare = b"[]}()NteuR\\x81\\x85-\\x87\\x88\\x89\\x8f\\x90"
    others = b"|".join((b"K.", *_TEXTS, b"M..", b"J.{4}", b"G.{8}", *_NUMBER[-2:]))
    # Without what they look for they match all the same: a search that fails would begin again at each byte.
    events = b"(?:" + bare + b"]++|" + _FETCH + b"|" + others + b")*+(" + memo + b"|b)?"
    none, numbers, texts, does = b"\\)", _arguments(memo, texts=False), _arguments(memo, texts=True), b"([R\\x81])"
    kinds = (none, numbers, texts) if calls == "any" else (none, b"(?!)", b"(?!)")
    told = b"(" + _FETCH + b")(?=" + b"|".join(kind + does for kind in kinds) + b")"
    other = b"(?!" + _FETCH + b"(?:" + kinds[0] + b"|" + kinds[2] + b")[R\\x81])" + _FETCH
    passed = b"(?:" + bare + b"b\\x94]++|" + b"|".join((other, others, memo)) + b")*+"
    return Grammar(
        # The first entry that it writes is of its own making.
        re.compile(b"(?:(?!" + memo + b")(?:" + _values(memo, calls) + b"){1,%d}+)?+" % _VALUES, re.DOTALL),
        re.compile(events, re.DOTALL),
        re.compile(passed + b"(?:" + told + b")?", re.DOTALL) if calls != "none" else None,
        explicit=explicit,
    )


def recognise(rules: Grammar, data: bytes, start: int, limit: int) -> int:
    """Where the run that begins at `start` ends, `limit` or before.

    A call of which the end of the window has cut off a part is left for the next run or for the walk, or else
    walking it would walk the whole run after all.
    """
    found = rules.run.match(data, start, limit)
    stop = found.end() if found else start
    if stop - start < LEAST or (stop < limit - _CUT and data[stop] not in b"R\x81"):
        return stop
    for end in range(stop - _CUT, stop - 2 * _CUT, -_CUT // 8):
        before = rules.run.match(data, start, end)
        if before and data[before.end()] in b"h]}" and before.end() - start >= LEAST:
            return before.end()
    return stop


def tally(rules: Grammar, data: bytes, start: int, stop: int, index: int) -> Tally | None:
    """What the run [start, stop) does; None where it writes other memo indices than picklers do.

    `index` is the next free one.
    """
    events = rules.events.findall(data, start, stop)
    if rules.explicit:
        places = b"".join([event[1:] for event in events if event[:1] == b"r"])
        memoized = len(places) // 4
        if places != _little(index, memoized):
            return None
    else:
        memoized = events.count(b"\x94")
    made: dict[Made, int] = {}
    found = rules.calls.findall(data, start, stop) if rules.calls else ()
    for (fetch, *kinds), count in Counter(found).items():
        for kind, opcode in zip(_KINDS, kinds, strict=True):
            if opcode:
                made[Made(fetch, _OPCODES[opcode], kind)] = count
    return Tally(memoized, made, b"b" in events)


def _little(first: int, count: int) -> bytes:
    """The numbers from `first` on as the arguments of LONG_BINPUT."""
    if first + count > 0xFFFFFFFF:
        return b"\0"
    numbers = array("I", range(first, first + count))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()
