"""The law of wrappings: a call is found five containers deep, in whatever order they stand, and deeper ones are said."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.budget import Limits
from scanners.judge import complete
from scanners.registry import SCANNERS
from tests.craft.archives import DEFLATED, Part, archive
from tests.craft.compressed import CODECS
from tests.craft.pickles import stream, system
from tests.craft.reading import called, scan, scan_in_rounds, unread_reasons
from tests.craft.tars import member, tar

EVIL = system()
WRAPPERS = {
    "zip": lambda data: archive(Part("part", data)),
    "zip, deflated": lambda data: archive(Part("part", data, method=DEFLATED)),
    "tar": lambda data: tar(member("part", data)),
    **CODECS,
}
DEPTH = Limits().depth
NAMES = st.sampled_from(
    ["model", "model.bin", "model.pkl", "model.zip", "model.tar.gz", "model.json", "model.safetensors"]
)


def wrapped(data, wrappers):
    for name in wrappers:
        data = WRAPPERS[name](data)
    return data


def read(data, name="model.bin"):
    return scan(data, name, scanners=SCANNERS)


def runs(outcome):
    return "posix.system" in {callee for callee, _ in called(outcome)}


@pytest.mark.parametrize("outer", WRAPPERS)
def test_a_call_is_found_in_all_that_two_and_three_containers_can_be(outer):
    for inner in (*product(WRAPPERS), *product(WRAPPERS, repeat=2)):
        outcome = read(wrapped(EVIL, (*inner, outer)))
        assert runs(outcome), (*inner, outer)
        assert outcome.account.unexplained == 0, (*inner, outer)


@given(wrappers=st.lists(st.sampled_from(list(WRAPPERS)), min_size=4, max_size=DEPTH), name=NAMES)
@settings(max_examples=400, deadline=None)
def test_a_call_is_found_as_deep_as_is_looked(wrappers, name):
    assert runs(read(wrapped(EVIL, wrappers), name))


@given(
    wrappers=st.lists(st.sampled_from(list(WRAPPERS)), min_size=DEPTH + 1, max_size=DEPTH + 3),
    name=NAMES,
    data=st.sampled_from([EVIL, stream("NONE")]),
)
@settings(max_examples=400, deadline=None)
def test_what_is_deeper_is_said_and_never_clean(wrappers, name, data):
    outcome = read(wrapped(data, wrappers), name)
    assert not complete(outcome.facts, outcome.account)
    assert "limit" in unread_reasons(outcome)


@given(wrappers=st.lists(st.sampled_from(list(WRAPPERS)), min_size=1, max_size=DEPTH))
@settings(max_examples=100, deadline=None)
def test_a_wrapped_pickle_of_nothing_is_complete(wrappers):
    outcome = read(wrapped(stream("NONE"), wrappers))
    assert complete(outcome.facts, outcome.account)
    assert not called(outcome)


@given(wrappers=st.lists(st.sampled_from(list(WRAPPERS)), min_size=1, max_size=DEPTH))
@settings(max_examples=60, deadline=None)
def test_containers_that_come_piece_by_piece_say_the_same(wrappers):
    data = wrapped(EVIL, wrappers)
    outcome, _, _ = scan_in_rounds(data, "model.bin", scanners=SCANNERS, block=512)
    assert outcome == read(data)


def test_a_hundred_layers_cost_no_more_than_six():
    outcome = read(wrapped(EVIL, ["gzip"] * 100))
    assert unread_reasons(outcome) == {"limit"}
