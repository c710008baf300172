"""What stands behind junk: every stream that a loader could begin at is found, and numbers are none."""

import pickle
import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.binary.pickle_behind import search
from scanners.binary.pickle_notes import Notes
from scanners.budget import Budget, Limits
from scanners.facts import Reference, Unread
from scanners.scanner import Scan
from scanners.source import BytesSource, Missing, SparseSource
from tests.craft.pickles import asm, call, named, named_late, op, stream, system, text

CALL = call(named_late("posix", "system"), text("x"))
CHAIN = call(call(named("builtins", "getattr"), named("posix", "fork"), text("x")), "NONE")


def searched(data, start=0):
    """What is named from `start` on, with the facts and the answer."""
    scan = Scan(len(data), Budget(Limits()))
    answer = search(BytesSource(data), start, Notes(scan))
    names = {f"{f.module}.{f.name}" for f in scan.facts if isinstance(f, Reference) and f.used_as == "possible"}
    return names, scan.facts, answer


@pytest.mark.parametrize(
    "payload",
    [
        system(),
        system(proto=2),
        asm(op("PROTO", 0), call(named("posix", "system"), text("x")), "STOP"),
        asm(call(named("posix", "system"), text("x")), "STOP"),
        asm(CALL, "STOP"),
        asm("MARK", text("x"), op("INST", ("posix", "system")), "STOP"),
        asm(op("BINUNICODE", "posix"), op("BINPUT", 0), op("BINUNICODE", "system"), op("BINPUT", 1), "STACK_GLOBAL"),
        asm(op("SHORT_BINSTRING", "posix"), op("SHORT_BINSTRING", "system"), "STACK_GLOBAL", "STOP"),
        system()[:-1],
        asm(op("PROTO", 4), op("FRAME", 5), CALL, "STOP"),
    ],
    ids=range(10),
)
@pytest.mark.parametrize("junk", [b"\xff", bytes(5000), b"\x80\x04X\xff\xff\0\0", b"abcci", b"\n\n", pickle.dumps([1])])
def test_a_stream_behind_junk_is_found(junk, payload):
    assert "posix.system" in searched(junk + payload)[0]


def test_what_a_chain_of_calls_leads_to_is_named_too():
    assert "posix.fork.x" in searched(b"\xff" + stream(CHAIN))[0]


def test_a_stream_in_a_stream_that_names_nothing_is_found():
    assert "posix.system" in searched(b"\xff" + pickle.dumps([b"\xff" + system()]))[0]


def test_a_place_is_one_of_the_whole_file():
    data = b"." * 10 + b"\xff" + system()
    _, facts, _ = searched(data, 10)
    assert facts[0].offset == data.index(b"cposix")


def test_zeros_are_no_opcodes():
    assert searched(b"x" + bytes(5000), 1)[2]
    assert not searched(b"x" + bytes(5000) + b"\xff", 1)[2]


def test_numbers_name_nothing():
    rng = random.Random(5)
    data = b"".join(
        struct.pack("<fbeq", rng.gauss(0, 1), rng.randrange(-9, 9), rng.random(), rng.randrange(99))
        for _ in range(1 << 15)
    )
    assert searched(data)[:2] == (set(), [])
    assert searched(rng.randbytes(1 << 20))[:2] == (set(), [])


def test_what_was_not_searched_is_said():
    names, facts, zeros = searched(bytes((8 << 20) + 1) + system())
    assert (names, zeros) == (set(), False)
    assert [fact.reason for fact in facts] == ["limit"]


@pytest.mark.parametrize("decoy", [b"\x80\x04N\x80", b"c" * 100 + b"\nx\n\xff", b"\x80\x04(\xff"])
def test_decoys_without_number_are_said(decoy):
    _, facts, _ = searched(decoy * (200_000 // len(decoy) + 20_000))
    assert {fact.reason for fact in facts if isinstance(fact, Unread)} == {"limit"}


def test_all_places_are_asked_for_at_once():
    with pytest.raises(Missing) as missing:
        search(SparseSource(lambda *_: b"", 10_000, []), 100, Notes(Scan(10_000, Budget(Limits()))))
    assert missing.value.spans == ((100, 10_000),)


@given(st.binary(max_size=300), st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_junk_is_passed(before, after):
    names, _, zeros = searched(before + b"\xff" + system() + after)
    assert "posix.system" in names
    assert not zeros
