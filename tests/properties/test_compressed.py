"""Laws of compressed files: any bytes are read or refused, and no cut or damage makes a call disappear unsaid."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.binary.codecs import sniff
from scanners.budget import Limits
from scanners.judge import complete
from tests.craft.compressed import CODECS, gzip_member, skippable, zstd
from tests.craft.pickles import asm, call, named, op, system, text
from tests.craft.reading import anomalies, called, scan, scan_in_rounds

TINY = Limits(inflated=1 << 20, ratio_floor=1 << 16, whole=1 << 16, facts=200)
EVIL = asm(op("PROTO", 4), text("words " * 30), "POP", call(named("posix", "system"), text("id")), "STOP")
SEEDS = {
    **{codec: pack(EVIL) for codec, pack in CODECS.items()},
    "gzip, all fields": gzip_member(EVIL, extra=b"x" * 20, name=b"name", comment=b"said", check=True),
    "frames": skippable(system()) + zstd(EVIL, write_checksum=True) + skippable(b"end"),
}
MARKS = [pack(b"")[:length] for pack in CODECS.values() for length in (2, 6, 10, 24)]
CHANGES = st.lists(st.tuples(st.integers(0, 1 << 10), st.binary(max_size=4), st.integers(0, 4)), min_size=1, max_size=4)


def damaged(seed, changes):
    data = bytearray(seed)
    for place, value, removed in changes:
        at = place % (len(data) + 1)
        data[at : at + removed] = value
    return bytes(data)


@given(
    mark=st.sampled_from([b"", *MARKS]), data=st.binary(max_size=300), name=st.sampled_from(["", "m.pkl.xz", "a.gz"])
)
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read_or_refused(mark, data, name):
    outcome = scan(mark + data, name, limits=TINY)
    assert outcome.account.unexplained == 0 or outcome.facts


@pytest.mark.parametrize("seed", SEEDS)
@given(changes=CHANGES, name=st.sampled_from(["model.pkl", "model.xz"]))
@settings(max_examples=40, deadline=None)
def test_damage_is_found_or_harmless(seed, changes, name):
    outcome = scan(damaged(SEEDS[seed], changes), name, limits=TINY)
    quiet = complete(outcome.facts, outcome.account) and not anomalies(outcome) and outcome.format in CODECS
    assert called(outcome) or not quiet


@pytest.mark.parametrize("seed", [*CODECS, "gzip, all fields"])
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_a_file_that_is_cut_off_is_not_complete(seed, data):
    content = SEEDS[seed]
    # What is left of less is a mark, and says nothing about its codec.
    cut = data.draw(st.integers(24, len(content) - 1))
    assert sniff(content[:cut])
    outcome = scan(content[:cut], "model.pkl", limits=TINY)
    assert not complete(outcome.facts, outcome.account)


@pytest.mark.parametrize("seed", SEEDS)
@given(changes=CHANGES, block=st.integers(1, 200))
@settings(max_examples=15, deadline=None)
def test_the_order_in_which_bytes_come_changes_nothing(seed, changes, block):
    content = damaged(SEEDS[seed], changes)
    assert scan_in_rounds(content, "model.pkl", block=block, limits=TINY)[0] == scan(content, "model.pkl", limits=TINY)
