"""FlatBuffers: what leads somewhere is followed once, and what leads out is told."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.binary import flatbuffer
from scanners.binary.flatbuffer import Flatbuffer, schema
from scanners.budget import LimitReached
from scanners.source import BytesSource, Span, Truncated
from tests.craft.flatbuffers import Table, buffer, u1, u4, u8

MARK = b"TEST"
SCHEMA = schema("""
Root number=4 words=text many=[text] leaf=Leaf leaves=[Leaf] numbers=[8] 1 either=<Either>
Leaf value=1 next=Leaf
Other text
<Either> Leaf 2 @8 Other
""")
LEAF = Table(u1(7))
WHOLE = Table(u4(5), "words", ["a", "b"], LEAF, [LEAF, Table(u1(9))], b"", u1(1), LEAF)


def walked(data, keep=("Root", "Leaf")):
    found = Flatbuffer(BytesSource(data), SCHEMA, keep)
    found.walk("Root")
    return found


def test_fields_are_found_by_their_names():
    found = walked(buffer(WHOLE, MARK))
    (root,) = found.found["Root"]
    assert (root["number"], root["words"], root["many"], len(root["leaves"])) == (5, "words", "a\nb", 2)
    assert sorted(leaf["value"] for leaf in found.found["Leaf"]) == [7, 7, 7, 9]
    assert (found.troubles, found.unknown, found.gaps()) == ([], [], [])


@pytest.mark.parametrize(
    ("kind", "member", "known"),
    [(0, LEAF, False), (2, Table(u8(1), u1(2)), True), (3, b"12345678", True), (4, Table("x"), True), (5, LEAF, False)],
)
def test_a_union_is_what_its_kind_says(kind, member, known):
    found = walked(buffer(Table(*[None] * 6, u1(kind), member), MARK))
    assert (not found.unknown) == known
    assert found.troubles == []


def test_numbers_are_kept_by_their_place_and_not_read():
    data = buffer(Table(*[None] * 5, b"\x02\0\0\0"), MARK)
    data = data.replace(b"\x04\0\0\0\x02\0\0\0", struct.pack("<IQ", 1, 77))
    found = walked(data)
    (span,) = found.inert
    assert found.found["Root"][0]["numbers"] == span == Span(len(data) - 8, len(data))


def test_a_table_that_many_name_is_one():
    data = bytearray(buffer(Table(None, None, None, None, [LEAF] * 3), MARK))
    places = [at for at in range(0, len(data) - 4, 4) if data[at : at + 4] == b"\x03\0\0\0"]
    first = places[-1] + 4
    for index in range(3):
        (target,) = struct.unpack_from("<I", data, first)
        struct.pack_into("<I", data, first + 4 * index, target - 4 * index)
    found = walked(bytes(data))
    assert len(found.found["Leaf"]) == 1
    assert found.gaps() != []


@pytest.mark.parametrize(
    ("field", "value"),
    [(3, 1 << 20), (4, 1 << 20), (1, (1 << 32) - 1), (7, 1 << 31)],
)
def test_an_offset_that_leads_out_is_told_and_the_rest_is_read(field, value):
    data = bytearray(buffer(WHOLE, MARK))
    (root,) = struct.unpack_from("<I", data, 0)
    (back,) = struct.unpack_from("<i", data, root)
    (place,) = struct.unpack_from("<H", data, root - back + 4 + 2 * field)
    struct.pack_into("<I", data, root + place, value)
    found = walked(bytes(data))
    assert found.troubles
    assert found.found["Root"][0]["number"] == 5


def test_a_vector_that_is_too_long_is_told():
    data = buffer(Table(None, "words"), MARK).replace(b"\x05\0\0\0words", b"\xff\xff\0\0words")
    assert walked(data).troubles


def test_what_branches_without_end_is_a_limit(monkeypatch):
    monkeypatch.setattr(flatbuffer, "_PARTS_MOST", 50)
    with pytest.raises(LimitReached):
        walked(buffer(Table(None, None, None, None, [LEAF] * 60), MARK))
    with pytest.raises(LimitReached):
        walked(buffer(Table(None, "x" * 6400), MARK))


def test_a_long_chain_is_followed_without_recursion():
    leaf = LEAF
    for _ in range(3000):
        leaf = Table(None, leaf)
    assert len(walked(buffer(Table(None, None, None, leaf), MARK)).found["Leaf"]) == 3001


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6), st.integers(0, 400))
def test_damage_is_told_or_harmless(changes, cut):
    data = bytearray(buffer(WHOLE, MARK))
    for at, value in changes:
        data[at % len(data)] = value
    del data[max(8, len(data) - cut) :]
    try:
        found = walked(bytes(data))
    except Truncated:
        return
    assert all(0 <= span.start <= span.stop for span in found.inert)
    found.gaps()


@settings(deadline=None)
@given(st.binary(min_size=8, max_size=200))
def test_any_bytes_are_walked_to_an_end(data):
    try:
        walked(data).gaps()
    except Truncated:
        return
