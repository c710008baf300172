"""Number fields, checksums and extended headers, held against what Python's tarfile makes of them."""

import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanners.binary import tar_records as tr
from scanners.binary.tar_paths import Links, plain
from tests.craft import tars

FIELD = st.one_of(
    st.binary(min_size=12, max_size=12),
    st.text(" 01234567\0_-+ox\x80", min_size=12, max_size=12).map(lambda t: t.encode("latin-1")),
)


@given(FIELD)
def test_what_python_reads_in_a_number_field_is_among_the_readings(field):
    try:
        expected = tarfile.nti(field)
    except tarfile.InvalidHeaderError:
        return
    assert expected in tr.numbers(field)


@pytest.mark.parametrize(
    ("field", "readings"),
    [
        (b"00000001000\0", (512,)), (b"   1000 \0\0\0\0", (512,)), (bytes(12), (0,)), (b"\0 1000      ", (0, 512)),
        (b"1000junk\0\0\0\0", (512,)), (b"0o1000\0\0\0\0\0\0", (512, 0)), (b"1_0\0\0\0\0\0\0\0\0\0", (8, 1)),
        (b"\x80" + bytes(10) + b"\x09", (9,)), (b"\xff" * 12, (-1,)), (b"\x81" + bytes(11), (1 << 88,)),
    ],
)  # fmt: skip
def test_a_number_field_has_more_than_one_reading_only_where_readers_differ(field, readings):
    assert set(tr.numbers(field)) == set(readings)


@given(st.integers(0, 511), st.integers(0, 255))
def test_a_header_with_one_changed_byte_counts_as_much_as_to_python(at, value):
    block = bytearray(tars.header("näme/x", 77))
    block[at] = value
    try:
        tarfile.TarInfo.frombuf(bytes(block), "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return
    assert tr.parse(bytes(block)) is not None


@given(st.lists(st.tuples(st.sampled_from(["path", "linkpath", "size", "GNU.sparse.name"]), st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=300)), max_size=5))  # fmt: skip
def test_extended_headers_are_read_as_they_are_written(records):
    data = b"".join(tars.record(key, value) for key, value in records)
    assert tr.pax_records(data) == (tuple(records), True)


@pytest.mark.parametrize(
    "data", [b"12 path=x\n", b"9 path=x", b"0 path=x\n", b"path=x\n", b"9 path=xy\n", b"x9 path=x\n"]
)
def test_records_that_readers_split_differently_are_not_sound(data):
    assert tr.pax_records(data)[1] is False


@given(st.binary(max_size=60), st.sampled_from([b"", b"9 path=", b"99999999999999999999 size=", b"20 GNU.sparse.map="]))
def test_any_bytes_are_an_extended_header(data, start):
    tr.pax_records(start + data)


@pytest.mark.parametrize(
    ("path", "lands"),
    [("a/./b//c/", "a/b/c"), ("a/../b", "b"), ("../b", None), ("a/../../b", None), ("/a", None), ("C:x", None),
     ("l/x", "d/x"), ("l/../x", "x"), ("up/x", "x"), ("up/../x", None), ("loop", None), ("a\\..\\..\\b", None),
     ("/".join("a" * 5000), None)],
)  # fmt: skip
def test_a_path_leads_where_its_links_lead(path, lands):
    links = Links()
    for name, target in (("l", "d"), ("up", "d/.."), ("loop", "loop/x")):
        links.add(name, target)
    assert links.resolve(path) == lands


def test_a_plain_name():
    assert plain("./a//b/") == "a/b"
