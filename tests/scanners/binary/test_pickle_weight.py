"""What is kept of the values of a stream is bounded, and what was forgotten is told once it is used."""

import tracemalloc

import pytest

from scanners.binary.pickle_lexer import Payload
from scanners.binary.pickle_memo import Memo
from scanners.binary.pickle_values import FORGOTTEN, Global, Items
from scanners.binary.pickle_weight import lighten
from scanners.facts import Call, Reference, Unread
from tests.craft.pickles import HARMLESS, asm, named, op, system, text
from tests.properties.engine import facts_of

MB = 1 << 20
SENTENCES = (b"\x8c\xc8" + 40 * b"word ") * 50_000
ADDED = asm(named("builtins", "str.__add__"), "MEMOIZE", op("BINUNICODE", "a b " * 7_500), "MEMOIZE")


def unread(stream):
    return [fact.detail for fact in facts_of(stream) if isinstance(fact, Unread)]


def whole(*parts):
    return asm(op("PROTO", 4), *parts, "STOP")


def nested(depth):
    value = ()
    for _ in range(depth):
        value = (value,)
    return value


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("text", True),
        (Global("os", "name"), True),
        (nested(9), True),
        (nested(50_000), False),
        (7 << 2**23, False),
        ("text" * 2**20, False),
    ],
    ids=["text", "global", "tuples", "deep tuples", "number", "long text"],
)
def test_of_a_large_value_nothing_is_kept(value, kept):
    stack = [None, value]
    lighten(stack, [1, 0])
    assert stack[0] is None
    assert stack[1] is (value if kept else FORGOTTEN)


def test_a_large_container_stays_and_forgets_its_elements():
    items = Items("list")
    items.extend([nested(50_000), None])
    stack = [items]
    lighten(stack, [0])
    assert stack == [items]
    assert items.values == []
    assert not items.whole


def test_what_many_share_is_weighed_once():
    shared = nested(5_000)
    stack = [(shared, index) for index in range(1_000)]
    before = list(stack)
    lighten(stack, range(len(stack)))
    assert all(each is same for each, same in zip(stack, before, strict=True))


def test_a_memo_keeps_what_is_in_the_making_and_what_came_first():
    memo = Memo(lambda *_: {})
    for index in range(3_000):
        memo.memoize(tuple(range(1_000 + 50 * index, 1_050 + 50 * index)))
    memo.lighten()
    assert FORGOTTEN not in (memo.get(0), memo.get(2_999))
    assert memo.get(1_500) is FORGOTTEN


def test_the_newest_values_are_kept_and_it_is_said_how_many():
    stack = [Payload(text=True, offset=index, length=1) for index in range(150_000)]
    looked = lighten(stack, range(len(stack) - 1, -1, -1))
    assert FORGOTTEN not in stack[-looked:]
    assert set(stack[:-looked]) == {FORGOTTEN}


def test_a_forgotten_name_is_told_when_something_asks_for_it():
    lost = asm(named("os", "name"), text("posix"), text("system"))
    assert unread(whole(lost, SENTENCES, b"0" * 50_000, "STACK_GLOBAL"))


def test_forgotten_elements_of_a_tuple_are_not_told():
    assert not unread(whole("MARK", SENTENCES, "TUPLE"))


def test_a_call_behind_forgotten_values_is_told():
    found = facts_of(whole("MARK", SENTENCES, "LIST", system()[2:-1]))
    assert any(isinstance(fact, Call) and fact.strings == (HARMLESS,) for fact in found)


def test_arguments_past_those_that_are_kept_are_no_shorter_tuple():
    # The last of so many is another than the last that is kept.
    chosen = asm(named("operator", "getitem"), "MARK", "MARK", b"N" * 5_000, text("x"), "TUPLE", op("BININT", -2))
    found = facts_of(
        whole(named("builtins", "getattr"), named("os", "x"), chosen, "TUPLE", "REDUCE", "TUPLE2", "REDUCE")
    )
    assert not any(isinstance(fact, Reference) and fact.used_as == "resolved" for fact in found)


@pytest.mark.parametrize(
    "stream",
    [
        whole(b"(", b"\x8c\x04text" * 1_000_000, b"t"),
        whole(ADDED, "TUPLE2", "MEMOIZE", b"h\x00h\x01h\x01\x86R" * 2_000),
        whole(b"(", (b"X\x60\xea\0\0" + b"word " * 12_000) * 1_000, b"l"),
    ],
    ids=["tuple", "calls", "texts"],
)
def test_no_stream_takes_much_memory(stream):
    facts_of(stream)  # compiles patterns
    tracemalloc.start()
    facts_of(stream)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * MB, peak / MB
