"""Laws of the tar reader: whatever Python finds in a damaged archive is found, and no cut goes unnoticed."""

import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.binary.tar_walk import read_layout
from scanners.budget import Limits
from scanners.judge import complete
from scanners.registry import SCANNERS
from scanners.source import BytesSource
from tests.craft import tars
from tests.craft.reading import scan, scan_in_rounds

WORDS = b"words\n" * 110
TINY = Limits(inflated=1 << 20, ratio_floor=1 << 16, whole=1 << 16, facts=200)
PLAIN = tars.tar(
    tars.member("a.txt", WORDS), tars.link("l", "a.txt"), tars.member("b/", kind="5"), tars.member("c", WORDS)
)
SEEDS = {
    "plain": PLAIN,
    "pax": tars.tar(
        tars.pax(path="p/q", size=len(WORDS)), tars.member("a.txt", WORDS), tars.pax("g", comment="x", path="g"),
        tars.long_name("n" * 200), tars.member("b", WORDS),
    ),
    "torch": tars.torch_tar(),
    "sparse": tars.tar(tars.old_sparse("s", [(n * 600, 2) for n in range(30)], 18_000, b"h" * 60), tars.member("b", b"w")),
}  # fmt: skip
FIELDS = (0, 100, 124, 125, 130, 134, 135, 148, 156, 157, 257, 345, 386, 482)
CHANGES = st.lists(
    st.tuples(st.sampled_from("field field field byte cut zeros".split()), st.integers(0, 40), st.integers(0, 511), st.sampled_from(b"\0 017LKxgSX\x80\xff-_oD")),
    max_size=4,
)  # fmt: skip


def damaged(seed, changes):
    data = bytearray(seed)
    for kind, block, place, value in changes:
        at = block % (len(data) // 512) * 512
        if kind == "field":
            data[at + FIELDS[place % len(FIELDS)]] = value
            data[at + 148 : at + 156] = b" " * 8
            data[at + 148 : at + 156] = b"%06o\0 " % sum(data[at : at + 512])
        elif kind == "byte":
            data[at + place] = value
        elif kind == "cut":
            del data[at : at + 512]
        else:
            data[at:at] = bytes(512)
        if len(data) < 1024:
            break
    return bytes(data)


def members(data, ignore_zeros):
    """What Python's tarfile finds; a negative size makes it go in circles."""
    found = []
    try:
        with tarfile.open(
            fileobj=io.BytesIO(data), mode="r:", ignore_zeros=ignore_zeros, encoding="utf-8", errors="surrogateescape"
        ) as archive:
            while (member := archive.next()) is not None and len(found) < 50:
                found.append(member)
    except (tarfile.TarError, ValueError, OverflowError, EOFError):
        pass
    return found


@pytest.mark.parametrize("seed", ["plain", "pax", "torch"])
@pytest.mark.parametrize("ignore_zeros", [False, True])
@given(changes=CHANGES)
@settings(max_examples=80, deadline=None)
def test_every_member_that_python_finds_is_found(seed, ignore_zeros, changes):
    data = damaged(SEEDS[seed], changes)
    layout = read_layout(BytesSource(data))
    places = {(member.start, size) for member in layout.members for size in member.sizes}
    names = {name.rstrip("/") for member in layout.members for name in (*member.names, *member.others)}
    for member in members(data, ignore_zeros):
        if (member.isreg() and not member.issparse()) or member.type not in tarfile.SUPPORTED_TYPES:
            assert member.size <= 0 or (member.offset_data, member.size) in places
        if member.name.isascii() and "\0" not in member.name:
            assert member.name.rstrip("/") in names


@pytest.mark.parametrize("seed", SEEDS)
@given(cut=st.integers(1, 1 << 14))
@settings(max_examples=60, deadline=None)
def test_what_is_cut_off_is_never_complete(seed, cut):
    data = SEEDS[seed]
    outcome = scan(data[: 200 + cut % (len(data) - 1024 - 200)], "x.tar", scanners=SCANNERS)
    assert not complete(outcome.facts, outcome.account)


@pytest.mark.parametrize("seed", SEEDS)
@given(changes=CHANGES, block=st.sampled_from([64, 4096]))
@settings(max_examples=20, deadline=None)
def test_bytes_that_come_piece_by_piece_say_the_same(seed, changes, block):
    data = damaged(SEEDS[seed], changes)
    outcome, _, _ = scan_in_rounds(data, "x.tar", scanners=SCANNERS, block=block, limits=TINY)
    assert outcome == scan(data, "x.tar", scanners=SCANNERS, limits=TINY)


@given(data=st.binary(max_size=1500), name=st.sampled_from(["", "x.tar", "x.nemo"]))
@settings(max_examples=60, deadline=None)
def test_any_bytes_behind_a_header_are_read_to_an_outcome(data, name):
    outcome = scan(tars.header("a", 512, "L") + data, name, scanners=SCANNERS, limits=TINY)
    assert outcome.account.unexplained == 0 or outcome.facts
