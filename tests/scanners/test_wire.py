"""What crosses the wall: everything honest comes through unchanged, everything else is an error with a name."""

import contextlib
import json
import typing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners import facts, wire
from scanners.account import Totals
from scanners.budget import Limits
from scanners.facts import Anomaly, Call, Mutation, Reference, Storage, Unread
from scanners.scanner import Needs, Read, Stopped
from scanners.source import Span

SIZE = 1000
COUNT = st.integers(0, (1 << 63) - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
EVIL = Call("os", "system", "REDUCE", "os.system('id')")


def literal(kind):
    return st.sampled_from(typing.get_args(kind))


def fact(kind):
    """Any fact of a kind, built by its own annotations."""
    by_type = {
        str: TEXT,
        bool: st.booleans(),
        int: COUNT,
        int | None: st.none() | COUNT,
        tuple[str, ...]: st.lists(TEXT, max_size=3).map(tuple),
    }
    hints = typing.get_type_hints(kind)
    return st.builds(
        kind, **{name: by_type[hint] if hint in by_type else literal(hint) for name, hint in hints.items()}
    )


FACTS = st.lists(st.one_of(*map(fact, typing.get_args(facts.Fact))), max_size=5).map(tuple)
TOTALS = st.builds(Totals, COUNT, COUNT, COUNT)
SPANS = st.lists(st.builds(Span, COUNT, COUNT), max_size=4).map(tuple)
OUTCOMES = st.one_of(
    st.builds(Read, TEXT, FACTS, TOTALS),
    st.builds(Needs, SPANS),
    st.builds(Stopped, TEXT, TEXT, TEXT, FACTS, TOTALS),
)
LINES = st.one_of(
    st.builds(wire.Sealed, st.lists(TEXT, max_size=3).map(tuple)),
    st.builds(wire.Seen, COUNT, FACTS),
    st.builds(wire.Answer, OUTCOMES),
)


def told(*lines, size=SIZE, held=(), pieces=7):
    """The transcript of these lines, which come in pieces."""
    transcript = wire.Transcript(size, tuple(held))
    data = b"".join(line if isinstance(line, bytes) else wire.encode(line) for line in lines)
    for start in range(0, len(data), pieces):
        transcript.feed(data[start : start + pieces])
    return transcript


def read(*seen):
    return wire.Answer(Read("pickle", seen, Totals(SIZE, 0, 0)))


@given(LINES)
@settings(max_examples=200)
def test_every_line_comes_back_as_it_went(line):
    data = wire.encode(line)
    assert data.count(b"\n") == 1
    assert wire.decode(data) == line


@given(OUTCOMES)
def test_every_answer_that_is_short_enough_comes_back_as_it_went(outcome):
    assert wire.decode(wire.encode_answer(outcome)) == wire.Answer(outcome)


@given(SPANS, st.text(max_size=9).filter(str.isprintable), COUNT)
def test_every_job_comes_back_as_it_went(held, hint, size):
    job = wire.Job(size, hint, held, Limits(), 2.5, 1 << 30, 3)
    assert wire.decode_job(wire.encode_job(job)) == job


@given(st.binary(max_size=200))
def test_random_bytes_are_a_bad_line(data):
    with pytest.raises(wire.BadLineError):
        wire.decode(data)


@given(LINES, st.data())
@settings(max_examples=200)
def test_a_line_with_one_byte_changed_is_an_error_or_a_line_and_nothing_else(line, data):
    encoded = bytearray(wire.encode(line))
    encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(wire.BadLineError):
        assert isinstance(wire.decode(bytes(encoded)), wire.Sealed | wire.Seen | wire.Answer)


@pytest.mark.parametrize(
    "line",
    [
        b'{"line":"sealed","measures":[],"more":1}',
        b'{"line":"sealed","measures":[1]}',
        b'{"line":"sealed"}',
        b'{"line":"farewell"}',
        b'{"line":"seen","at":-1,"facts":[]}',
        b'{"line":"seen","at":99999999999999999999999,"facts":[]}',
        b'{"line":"seen","at":0,"facts":[{"fact":"unread","reason":"bored","detail":""}]}',
        b'{"line":"seen","at":0,"facts":[{"fact":"anomaly","code":"zip.gap","offset":9223372036854775808}]}',
        b'{"line":"seen","at":0,"facts":[{"fact":"anomaly","code":"zip.gap","offset":1.5}]}',
        b'{"line":"seen","at":0,"facts":[{"fact":"anomaly","code":"zip.gap","detail":"\\ud800"}]}',
        b'{"line":"seen","at":0,"facts":[{"fact":"storage","key":"","type":"","numel":-1}]}',
        b'{"line":"seen","at":0,"facts":[{"fact":"finding"}]}',
        b'{"line":"answer","outcome":{"outcome":"needs","spans":[[1]]}}',
        b'{"line":"answer","outcome":{"outcome":"needs","spans":[[-1,5]]}}',
        b'{"line":"answer","outcome":{"outcome":"read","format":"x","facts":[],"account":{"examined":-1,"inert":0,"unexplained":0}}}',
        b'{"line":"answer","outcome":' + b"[" * 100_000,
        b'{"line":"answer","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"null",
        b"[]",
        b"",
        b"\x80\x04\x95",
        b'{"line":"sealed","measures":[]}{"line":"sealed","measures":[]}',
    ],
)
def test_what_is_outside_the_grammar_is_a_bad_line(line):
    with pytest.raises(wire.BadLineError):
        wire.decode(line)


def test_an_honest_transcript_becomes_its_answer():
    transcript = told(wire.Sealed(("seccomp",)), wire.Seen(0, (EVIL,)), read(EVIL))
    assert transcript.problem is None
    assert transcript.reply() == wire.Reply(("seccomp",), Read("pickle", (EVIL,), Totals(SIZE, 0, 0)))


def test_an_outcome_that_needs_bytes_comes_with_what_was_seen_before():
    needs = Needs((Span(10, 20),))
    reply = told(wire.Seen(0, (EVIL,)), wire.Answer(needs)).reply()
    assert (reply.outcome, reply.seen) == (needs, (EVIL,))


def test_a_child_that_dies_leaves_the_facts_that_it_told():
    reply = told(wire.Sealed(("x",)), wire.Seen(0, (EVIL,)), b'{"line":"seen","at":1,').reply("crash", "signal 11")
    assert reply == wire.Reply(("x",), Stopped("crash", "signal 11", "", (EVIL,), Totals(0, 0, SIZE)))


def test_facts_that_a_scanner_takes_back_are_gone():
    gap = Anomaly("zip.gap")
    transcript = told(wire.Seen(0, (EVIL,)), wire.Seen(1, (gap,)), wire.Seen(1, ()), wire.Seen(1, (gap, gap)))
    assert transcript.reply("deadline", "").outcome.facts == (EVIL, gap, gap)


@pytest.mark.parametrize(
    "after",
    [
        b"what?\n",
        b"\n",
        wire.Seen(2, ()),
        wire.Sealed(()),
        wire.Answer(Needs(())),
        wire.Answer(Needs((Span(5, 5),))),
        wire.Answer(Needs((Span(0, SIZE + 1),))),
        wire.Answer(Needs((Span(0, 50), Span(40, 60)))),
        wire.Answer(Needs((Span(100, 150),))),
        wire.Answer(Read("x", (), Totals(SIZE, 1, 0))),
    ],
    ids=repr,
)
def test_a_line_that_this_blob_cannot_have_ends_the_job_and_keeps_the_facts_before_it(after):
    transcript = told(wire.Seen(0, (EVIL,)), after, read(), held=[Span(100, 200)])
    assert transcript.problem[0] == "bad-reply"
    stopped = transcript.reply("crash", "signal 9").outcome
    assert (stopped.why, stopped.facts) == ("bad-reply", (EVIL,))


@pytest.mark.parametrize("more", [read(), wire.Seen(0, ()), b"x\n", b"x"], ids=repr)
def test_nothing_may_follow_the_answer_and_its_facts_are_kept(more):
    stopped = told(read(EVIL), more).reply().outcome
    assert (stopped.why, stopped.facts) == ("bad-reply", (EVIL,))


def test_a_transcript_without_an_answer_is_a_bad_reply():
    assert told().reply().outcome == Stopped("bad-reply", "no answer", "", (), Totals(0, 0, SIZE))
    assert told(b'{"line":"answer"').reply().outcome.why == "bad-reply"


def test_an_endless_line_is_let_fall_and_takes_no_more_memory_than_a_transcript_may():
    transcript = wire.Transcript(SIZE, ())
    for _ in range(40):
        transcript.feed(b"x" * (1 << 20))
    assert transcript.problem[0] == "reply-too-long"
    assert len(transcript._line) <= wire.TRANSCRIPT_MOST
    assert transcript.reply().outcome.why == "reply-too-long"


def test_endless_lines_are_let_fall_and_the_facts_before_are_kept():
    transcript = wire.Transcript(SIZE, ())
    line = wire.encode(wire.Seen(0, (EVIL, Anomaly("zip.gap", "x" * (1 << 20)))))
    for _ in range(40):
        transcript.feed(line)
    stopped = transcript.reply().outcome
    assert stopped.why == "reply-too-long"
    assert EVIL in stopped.facts


def test_of_too_long_an_answer_the_facts_that_matter_most_are_kept_in_their_order():
    dull = tuple(Storage(str(n), "torch.FloatStorage", n) for n in range(500))
    unread = Unread("limit", "y" * 100)
    reference = Reference("pickle.global", "os", "system", "called")
    change = Mutation("os", "environ", "SETITEM", "PATH")
    outcome = Read("pickle", (*dull, unread, reference, *dull, change, EVIL), Totals(1, 2, 3))
    data = wire.encode_answer(outcome, 32_768)
    assert len(data) <= 32_768
    stopped = wire.decode(data).outcome
    assert (stopped.why, stopped.format, stopped.account) == ("reply-too-long", "pickle", Totals(1, 2, 3))
    assert [f for f in stopped.facts if not isinstance(f, Storage)] == [unread, reference, change, EVIL]
    assert stopped.detail == f"{len(stopped.facts)} of 1004 facts fit"


def test_too_long_an_answer_of_a_scan_that_had_stopped_says_both():
    outcome = Stopped("memory", "", "", (EVIL,) * 1000, Totals(0, 0, 1))
    assert "memory" in wire.decode(wire.encode_answer(outcome, 32_768)).outcome.detail


def test_too_many_needs_are_asked_for_in_turns():
    spans = tuple(Span(2 * n, 2 * n + 1) for n in range(200_000))
    answer = wire.decode(wire.encode_answer(Needs(spans)))
    assert answer.outcome.spans == spans[: len(answer.outcome.spans)]
    assert len(answer.outcome.spans) == 100_000


def test_lines_are_plain_json():
    assert json.loads(wire.encode(wire.Seen(0, (EVIL,)))) == {
        "line": "seen",
        "at": 0,
        "facts": [{"fact": "call", "module": "os", "name": "system", "opcode": "REDUCE", "text": "os.system('id')"}],
    }
