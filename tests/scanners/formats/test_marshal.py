"""Compiled modules and bare marshal data as files."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.budget import Limits
from scanners.facts import Code
from scanners.formats import marshal
from tests.craft.pickles import system
from tests.craft.reading import ALL, called, scan, scan_in_rounds, unread_reasons

DATA = Path(__file__).parents[2] / "data" / "marshal"
PYC, DATA_ONLY = sorted(DATA.glob("*.pyc")), sorted(DATA.glob("*.marshal"))
SCANNERS = (marshal.SCANNER, *ALL)


def names(outcome):
    return {name for fact in outcome.facts if isinstance(fact, Code) for name in fact.names}


@pytest.mark.parametrize("path", [*PYC, *DATA_ONLY], ids=lambda path: path.name)
def test_the_code_in_a_file_of_any_version_is_stated_whatever_its_name(path):
    outcome = scan(path.read_bytes(), "code", scanners=SCANNERS)
    assert outcome.format == ("pyc" if path.suffix == ".pyc" else "marshal")
    assert {"os", "system", "range"} <= names(outcome)
    assert {fact.kind for fact in outcome.facts} == {outcome.format}
    assert outcome.account.unexplained == 0


@pytest.mark.parametrize("path", PYC[::3], ids=lambda path: path.name)
def test_bytes_that_come_piece_by_piece_say_the_same(path):
    data = path.read_bytes()
    outcome, _, _ = scan_in_rounds(data, "a.pyc", scanners=SCANNERS, block=64)
    assert outcome == scan(data, "a.pyc", scanners=SCANNERS)


def test_what_follows_the_object_is_examined_as_a_part_of_its_own():
    outcome = scan(PYC[0].read_bytes() + system(), "a.pyc", scanners=SCANNERS)
    assert {name for name, _ in called(outcome)} == {"posix.system"}
    outcome = scan(PYC[0].read_bytes() + b"\xfe" * 40, "a.pyc", scanners=SCANNERS)
    assert unread_reasons(outcome) == {"unknown"}
    assert outcome.account.unexplained == 40


def test_a_file_that_breaks_off_is_unread():
    data = PYC[0].read_bytes()
    outcome = scan(data[:-10], "a.pyc", scanners=SCANNERS)
    assert unread_reasons(outcome) == {"broken"}
    assert outcome.account.unexplained == len(data) - 10


def test_one_that_is_larger_than_may_be_held_is_unread():
    outcome = scan(PYC[0].read_bytes() + bytes(5000), "a.pyc", scanners=SCANNERS, limits=Limits(whole=2000))
    assert unread_reasons(outcome) == {"limit"}


@pytest.mark.parametrize(
    "data", [b"c\n", b"cos\nsystem\n.", b"\x6f\x0d\r\n" + bytes(40), b"\xe3" + bytes(30), b"console"]
)
def test_other_content_is_no_code_though_it_begins_alike(data):
    assert scan(data, "x.bin", scanners=SCANNERS).format not in {"pyc", "marshal"}


@settings(max_examples=80, deadline=None)
@given(st.sampled_from([*PYC, *DATA_ONLY]), st.lists(st.tuples(st.integers(0, 1700), st.integers(0, 255)), max_size=4))
def test_damaged_files_are_read_to_an_outcome(path, changes):
    data = bytearray(path.read_bytes())
    for place, value in changes:
        data[place % len(data)] = value
    outcome = scan(bytes(data), "a.pyc", scanners=SCANNERS)
    assert outcome.account.unexplained == 0 or outcome.facts
