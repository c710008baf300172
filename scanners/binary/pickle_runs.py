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
from functools import cache, cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.binary.pickle_lines import PATTERNS

if TYPE_CHECKING:
    from collections.abc import Iterator

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
WORTH = 1 << 15
"""Bytes of a stream that are too few to look for runs."""
_COLD = 8
"""So many times more are walked before the patterns of calls are compiled, which takes as long."""


NUMBERS: Final = (b"#",)
"""Arguments of a call that are nothing but numbers and short bytes, however many."""


class Made(NamedTuple):
    """Calls that a run makes, of one callee and with arguments that differ in nothing but numbers."""

    fetch: bytes
    """The opcode that fetches the callee from the memo."""
    none: bytes
    """The empty tuple."""
    first: bytes
    """Of up to three arguments the opcodes of those that are no numbers; behind each what makes a tuple of them."""
    one: bytes
    second: bytes
    two: bytes
    third: bytes
    three: bytes
    many: bytes
    """The opcodes of more arguments, unless all are numbers."""
    calls: bytes
    """The opcode that calls."""
    fills: bytes
    """The mark of what may be put into what the call gives."""

    @property
    def opcode(self) -> str:
        """The name of what calls."""
        return "REDUCE" if self.calls == b"R" else "NEWOBJ"

    def constant(self) -> bool:
        """Whether it is seen at once that nothing from the memo is among the arguments."""
        fetched = (b"h", b"j")
        return not (self.many or self.first[:1] in fetched or self.second[:1] in fetched or self.third[:1] in fetched)

    def given(self, rules: Grammar) -> tuple[bytes, ...]:
        """The opcodes that make the arguments, with "" for every number; or `NUMBERS`."""
        if self.many:
            return tuple(rules.given.findall(self.many, 1, len(self.many) - 1))
        if self.none or not (self.one or self.two or self.three):
            return () if self.none else NUMBERS
        return (self.first, self.second, self.third)[: 1 if self.one else 2 if self.two else 3]


class Tally(NamedTuple):
    """What a run does beside making data."""

    memoized: int
    """Memo entries that it writes, under the next free indices."""
    made: dict[Made, int]
    built: bool
    """Whether it sets the state of any of what it made."""


def _prefixed(code: bytes, width: int, most: int) -> bytes:
    """An opcode whose length stands before its argument of up to `most` bytes."""
    lengths = (re.escape(length.to_bytes(width, "little")) + b".{%d}" % length for length in range(most + 1))
    return re.escape(code) + b"(?:" + b"|".join(lengths) + b")"


def _any(*patterns: bytes) -> bytes:
    return b"(?:" + b"|".join(patterns) + b")"


_NUMBER: Final = _any(
    b"[N\\x88\\x89]",
    b"K.",
    b"G.{8}",
    b"M..",
    b"J.{4}",
    _prefixed(b"\x8a", 1, 16),
    _prefixed(b"C", 1, _BYTES - 1),
)
_FETCH: Final = b"(?:h.|j.{4})"
_DATA: Final = _FETCH + b"(?=[^)])"
"""What is fetched, and not at once called or made an instance of."""
_TUPLE1, _TUPLE2, _TUPLE3 = b"\\x85", b"\\x86", b"\\x87"
_TUPLES: Final = b"[\\x85-\\x87]"
"""Tuples of one to three of the topmost values."""
_BARE: Final = b"[]}()NasteuR\\x81\\x85-\\x89\\x8f\\x90"
_VALUES_OF_ALL: Final = bytes(ord("v") if byte in b"NKMJGCXhj)]}\x88\x89\x8a\x8c\x8f" else byte for byte in range(256))
"""Opcodes by what they do to the stack: those that push one value are one."""
_REDUCED: Final = re.compile(rb"\(v*+t|v\(v*+[eu\x90]|v\x85|vv[\x86Rab\x81]|vvv[\x87s]")
"""What leaves one value, of those that stand in it."""


class Grammar:
    """The patterns of streams that write MEMOIZE or, with `explicit`, LONG_BINPUT; with `calls` they make some.

    The 256 entries before a pickler writes LONG_BINPUT are walked.
    """

    def __init__(self, *, calls: bool, explicit: bool) -> None:
        self.explicit, self._calls = explicit, calls
        self._memo = b"r.{4}" if explicit else b"\\x94"
        self._keep = b"(?:" + self._memo + b")?+"
        # As picklers write texts of these lengths: BINUNICODE before protocol 4, and then SHORT_BINUNICODE.
        self._code, self._width = (b"X", 4) if explicit else (b"\x8c", 1)
        self._text = _prefixed(self._code, self._width, _TEXT)

    def pays(self, walked: int) -> bool:
        """Whether the patterns are there, or so many bytes were walked that those to come are worth compiling them."""
        return "run" in vars(self) or walked >= WORTH * (_COLD if self._calls else 1)

    @cached_property
    def run(self) -> re.Pattern[bytes]:
        """Matches the longest run at a place, of whose topmost values no tuples are made; it may be empty."""
        return self._run(tuples=False)

    @cached_property
    def tupled(self) -> re.Pattern[bytes]:
        """Matches the longest run at a place; it may take values that it has not made."""
        return self._run(tuples=True)

    def _run(self, *, tuples: bool) -> re.Pattern[bytes]:
        # The first entry that it writes is of its own making.
        values = _any(*self._values(tuples=tuples)) + b"{1,%d}+" % _VALUES
        return re.compile(b"(?:(?!" + self._memo + b")" + values + b")?+", re.DOTALL)

    def _values(self, *, tuples: bool) -> tuple[bytes, ...]:
        """Any of the values that a run may make, with the memo entries between them."""
        keep = self._keep
        constant = _any(self._memo, _NUMBER, b"\\)", _DATA, self._text)
        inner: tuple[bytes, ...] = (constant, _TUPLES)
        flat = b"\\(" + _any(*inner) + b"*+"
        # A single element is put into what was made without a mark.
        single = _any(_NUMBER, b"\\)", self._other) + keep
        filled = b"[]}\\x8f]" + keep + _any(flat + b"[eu\\x90]") + b"?+"
        alone = single + _any(b"a", _any(single, filled) + b"s")
        for level in range(1, _NESTED + 1):
            soup = b"\\(" + _any(*inner) + b"*+"
            # What is to be filled behind the end of the run is not begun in it.
            container = b"[]}\\x8f]" + keep + _any(_any(soup + b"[eut\\x90]") + b"++", alone) + b"?+(?=[^(])"
            inner = (container, constant, *((_TUPLES,) if tuples or level < _NESTED else ()), flat + b"t")
            if self._calls:
                # The state of an instance is one value: a dict or list, a tuple, or None and a dict of slots.
                state = b"[]}]" + keep + _any(soup + b"[eu]", alone) + b"?+|" + flat + b"t" + keep
                slots = b"N\\}" + keep + b"(?:" + flat + b"u)?+\\x86" + keep
                # What looks like a state and is not set is the next value; what is set behind the end is not begun.
                behind = b"(?:(?:" + state + b"|" + slots + b")(?:b|(?=[^b(]))|(?=[^]}(N]|N[^}]))"
                behind = b"(?:" + flat + b"[eu])*+" + behind
                inner = (_FETCH + _any(b"\\)", self._arguments) + b"[R\\x81]" + keep + behind, *inner)
        return inner

    @cached_property
    def _arguments(self) -> bytes:
        """The opcodes that make a tuple of constants."""
        return self._tuple(_any(_NUMBER, self._other))

    @cached_property
    def _other(self) -> bytes:
        """Constants that are no numbers."""
        return _any(_prefixed(self._code, self._width, _ARGUMENT), _DATA)

    def _tuple(self, element: bytes) -> bytes:
        one = element + self._keep
        return _any(self._few(one, _TUPLE1, _TUPLE2, _TUPLE3), b"\\((?:" + one + b")*+t") + self._keep

    def _few(self, one: bytes, *ends: bytes) -> bytes:
        """One to three elements, and what makes a tuple of them."""
        return one + _any(ends[0], one + _any(ends[1], one + ends[2]))

    @cached_property
    def events(self) -> re.Pattern[bytes]:
        """Finds the memo entries and the states that are set."""
        # Without what it looks for it matches all the same: a search that fails would begin again at each byte.
        passed = _any(_BARE + b"]++", _FETCH, b"K.", self._text, _NUMBER)
        return re.compile(passed + b"*+(" + self._memo + b"|b)?", re.DOTALL)

    @cached_property
    def calls(self) -> re.Pattern[bytes] | None:
        """Finds the calls, in the parts of `Made`."""
        if not self._calls:
            return None
        many = b"\\((?:" + _NUMBER + self._keep + b")*+t|(\\((?:" + _any(_NUMBER, self._other) + self._keep + b")*+t)"
        few = self._few(_any(_NUMBER, b"(" + self._other + b")") + self._keep, b"(\\x85)", b"(\\x86)", b"(\\x87)")
        does = self._keep + b"([R\\x81])" + self._keep + b"(\\(?)"
        told = b"(" + _FETCH + b")(?=" + _any(b"(\\))", few, many) + does + b")"
        other = b"(?!" + _FETCH + _any(b"\\)", self._arguments) + b"[R\\x81])" + _FETCH
        passed = _any(_BARE + b"b\\x94]++", b"K.", self._text, _NUMBER, other, self._memo)
        return re.compile(passed + b"*+(?:" + told + b")?", re.DOTALL)

    @cached_property
    def opcodes(self) -> re.Pattern[bytes]:
        """Finds the opcodes of a run one by one."""
        return re.compile(b"(?=(.))" + _any(_BARE + b"b\\x94]", b"h.", b"[rj].{4}", _NUMBER, self._text), re.DOTALL)

    @cached_property
    def given(self) -> re.Pattern[bytes]:
        """Finds the arguments among many, numbers as ""."""
        return re.compile(_any(_NUMBER, b"(" + self._other + b")") + self._keep, re.DOTALL)


grammar = cache(Grammar)


def compile_patterns() -> Iterator[None]:
    """Compile the patterns of all grammars, one at each step: up to 0.1 s each, and 0.4 s in all."""
    for calls in (True, False):
        for explicit in (True, False):
            rules = grammar(calls=calls, explicit=explicit)
            for _ in (rules.run, rules.tupled, rules.events, rules.calls, rules.opcodes, rules.given):
                yield
    for compiled in PATTERNS:
        compiled()
        yield


def _end(rules: Grammar, data: bytes, start: int, limit: int) -> int:
    """Where the longest run ends that takes nothing from the stack but what it has put there."""
    found = rules.run.match(data, start, limit)
    stop = found.end() if found else start
    if start < stop < limit and data[stop] in b"\x85\x86\x87":
        further = rules.tupled.match(data, start, limit)
        if further and not _takes(rules, data, start, further.end()):
            return further.end()
    return stop


def _takes(rules: Grammar, data: bytes, start: int, stop: int) -> bool:
    """Whether a run takes from the stack what it has not put there."""
    left, before = b"".join(rules.opcodes.findall(data, start, stop)).translate(_VALUES_OF_ALL, b"\x94r"), b""
    while left != before:
        left, before = _REDUCED.sub(b"v", left), left
    return bool(left.strip(b"v"))


def recognise(rules: Grammar, data: bytes, start: int, limit: int) -> int:
    """Where the run that begins at `start` ends, `limit` or before.

    A call of which the end of the window has cut off a part is left for the next run or for the walk, or else
    walking it would walk the whole run after all.
    """
    stop = _end(rules, data, start, limit)
    if stop - start < LEAST or (stop < limit - _CUT and data[stop] not in b"R\x81"):
        return stop
    for shorter in range(stop - _CUT, stop - 2 * _CUT, -_CUT // 8):
        end = _end(rules, data, start, shorter)
        if data[end] in b"h]}" and end - start >= LEAST:
            return end
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
    made = Counter(map(Made._make, rules.calls.findall(data, start, stop) if rules.calls else ()))
    return Tally(memoized, {call: count for call, count in made.items() if call.fetch}, b"b" in events)


def _little(first: int, count: int) -> bytes:
    """The numbers from `first` on as the arguments of LONG_BINPUT."""
    if first + count > 0xFFFFFFFF:
        return b"\0"
    numbers = array("I", range(first, first + count))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()
