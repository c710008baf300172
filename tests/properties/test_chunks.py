"""The law of chunks: where the bytes of a pickle come from, and in which pieces, changes nothing of what is said."""

import itertools
import re

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanners.facts import Call
from scanners.scanner import Needs
from scanners.source import BytesSource, Missing, Slice, Span, SparseSource, merge
from tests.craft.pickles import asm, call, named, op, text
from tests.properties import engine
from tests.properties.streams import streams

ROUNDS = 3000
LAX = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}
LONG = 1_300_000
PIECE = asm(text("a text that is longer than most opcodes: " + "." * 209), "POP")
# One of every way to write an argument, in calls and changes whose facts tell each opcode.
TELLING = asm(
    op("UNICODE", r"posi\u0078"),
    op("BINUNICODE", "system"),
    "STACK_GLOBAL",
    "MEMOIZE",
    *(
        "MARK",
        op("STRING", r"'\x6fne'"),
        op("SHORT_BINSTRING", "two"),
        op("BINSTRING", "three"),
        op("BINUNICODE8", "4"),
    ),
    *(
        op("INT", "0x10"),
        op("LONG", "17L"),
        op("BININT", -2),
        op("BININT1", 3),
        op("BININT2", 70),
        op("LONG1", b"\x09"),
    ),
    *(op("LONG4", b"\x08"), op("FLOAT", "1.5"), op("BINFLOAT", 2.5), op("BINBYTES", b"b"), op("SHORT_BINBYTES", b"c")),
    *(op("BINBYTES8", b"d"), op("BYTEARRAY8", b"e"), "EMPTY_LIST", "NEWTRUE", "TUPLE", "REDUCE", op("BINPUT", 7)),
    *("EMPTY_DICT", op("PERSID", "id"), op("PUT", 9), "NONE", "SETITEM", "BUILD", op("LONG_BINPUT", 300), "POP"),
    *("MARK", op("LONG_BINGET", 300), op("INST", ("acme.models", "Model")), op("GET", 9), "NEWOBJ", "POP"),
    *(named("acme", "Other"), op("BINGET", 7), "TUPLE1", "NEWOBJ", op("EXT1", 5), op("EXT2", 600), op("EXT4", 70_000)),
    *("TUPLE3", "POP", call(named("os", "last"), text("end"))),
)


def padding(length):
    """Opcodes that say nothing, of exactly so many bytes."""
    pieces, rest = divmod(length - 2, len(PIECE))
    if rest == 1:
        pieces, rest = pieces - 1, rest + len(PIECE)
    odd = rest % 2
    return op("PROTO", 4) + PIECE * pieces + asm(op("BININT1", 1), "POP") * odd + asm("NONE", "POP") * (rest // 2 - odd)


class Logged(BytesSource):
    """A source that keeps where reads ended."""

    def __init__(self, data):
        super().__init__(data)
        self.ends = set()

    def read(self, start, length):
        self.ends.add(start + length)
        return super().read(start, length)


class Stingy:
    """Gives of all that is asked for only the first bytes of the first place, so that a scan begins very often."""

    def __init__(self, data, at_once, held=()):
        self.data, self.at_once, self.held = data, at_once, list(held)

    def read(self):
        source = SparseSource(lambda at, length: self.data[at : at + length], len(self.data), self.held)
        for _ in range(ROUNDS):
            outcome = engine.read(source, engine.NAME)
            if not isinstance(outcome, Needs):
                return outcome
            first = min(outcome.spans)
            self.held = merge([*self.held, Span(first.start, min(first.stop, first.start + self.at_once))])
            source = SparseSource(lambda at, length: self.data[at : at + length], len(self.data), self.held)
        raise AssertionError("a scan that never has enough")


def moved(facts, by):
    """The facts as of a stream that begins so many bytes later."""

    def shifted(found):
        return f"@{int(found[1]) + by}"

    return [
        msgspec.structs.replace(
            fact,
            member=re.sub(r"@(\d+)", shifted, fact.member),
            **({} if getattr(fact, "offset", None) is None else {"offset": fact.offset + by}),
        )
        for fact in facts
    ]


@given(streams, st.integers(1, 700))
@settings(max_examples=30, **LAX)
@pytest.mark.filterwarnings("ignore:.*escape sequence:DeprecationWarning")
def test_bytes_that_come_in_small_pieces_say_the_same(stream, at_once):
    around = padding(66_000)  # farther from both ends than what every file is recognised by
    data = around + stream + around + b"N."
    held = [Span(0, len(around)), Span(len(data) - len(around), len(data))]
    assert Stingy(data, max(at_once, len(stream) // 20), held).read() == engine.outcome_of(data)


@given(streams, st.binary(max_size=9), st.binary(max_size=9))
@settings(max_examples=200, **LAX)
@pytest.mark.filterwarnings("ignore:.*escape sequence:DeprecationWarning")
def test_a_window_of_other_bytes_says_the_same(data, before, behind):
    window = Slice(BytesSource(before + data + behind), len(before), len(data))
    assert engine.read(window, engine.NAME) == engine.outcome_of(data)


@pytest.mark.parametrize("block", [4096, 65_536, 1 << 20])
def test_a_long_stream_that_comes_block_by_block_says_the_same(block):
    data = padding(65_500) + TELLING + padding(1 << 20)[2:] + TELLING + padding(300_000)[2:] + TELLING + b"N."
    whole = engine.outcome_of(data)
    assert [fact.count for fact in whole.facts if isinstance(fact, Call) and fact.module == "os"] == [3]
    assert Stingy(data, block).read() == whole


def seams():
    """Where the engine's own reads of a long stream end."""
    source = Logged(padding(LONG))
    engine.read(source, engine.NAME)
    return sorted(end for end in source.ends if len(TELLING) < end < LONG - 70_000)


def test_what_lies_across_the_end_of_a_read_says_the_same():
    expected = engine.facts_of(padding(2) + TELLING + b"N.")
    ends = seams()
    assert len(ends) >= 3
    for end, start in itertools.product(ends, range(len(TELLING) + 1)):
        if (start + end) % 5 and end > 1 << 17:
            continue  # by each seam another fifth of the places, and by the first all of them
        data = padding(end - start) + TELLING + b"N."
        assert engine.facts_of(data) == tuple(moved(expected, end - start - 2)), (end, start)


def test_every_way_to_end_a_stream_is_said_at_every_end_of_a_read():
    """A stream that is cut in its last opcode, wherever that stands."""
    for opcode in [op("GLOBAL", ("os", "x")), op("BINUNICODE", "x" * 300), op("BININT", 1)]:
        for end, cut in itertools.product(seams()[:2], range(1, len(opcode), 3)):
            short = engine.facts_of(padding(2) + opcode[:cut])
            assert engine.facts_of(padding(end - 1) + opcode[:cut]) == tuple(moved(short, end - 3))


def test_missing_bytes_are_asked_for_and_never_made_up():
    data = padding(200_000) + TELLING + b"N."
    source = SparseSource(lambda at, length: data[at : at + length], len(data), [Span(0, 100_000)])
    with pytest.raises(Missing):
        source.read(99_999, 2)
    assert isinstance(engine.read(source, engine.NAME), Needs)
