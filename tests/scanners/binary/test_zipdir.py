"""The zip directory: members by every reading, and every byte placed."""

import zlib

import pytest

from scanners.binary.zip_records import name_troubles, names_of
from scanners.binary.zipdir import read_layout
from scanners.budget import Budget, LimitReached, Limits
from scanners.source import BytesSource, merge
from tests.craft.archives import Part, archive, described, zip64_extra


def layout(data, **limits):
    return read_layout(BytesSource(data), Budget(Limits(**limits)), lambda _: 0)


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("width", [4, 8])
@pytest.mark.parametrize("method", [0, 8])
def test_every_form_of_descriptor_is_part_of_its_member(signed, width, method):
    part = described(Part("a", b"some bytes", method), signed=signed, width=width)
    found = layout(archive(part, Part("b", b"more")))
    assert found.bends == []
    assert found.gaps == []
    assert found.members[0].stop == found.members[1].header_offset


def test_a_descriptor_that_fits_nothing_leaves_a_gap():
    part = described(Part("a", b"some bytes"))
    found = layout(archive(Part("a", part.data, flags=8, local_sizes=(0, 0), local_crc=0, descriptor=b"?" * 16)))
    assert [gap.length for gap in found.gaps] == [16]


def test_every_byte_is_in_a_member_a_record_a_comment_or_a_gap():
    data = archive(
        Part("a", b"x" * 50), Part("b", b"y" * 9, before=b"gap"), leading=b"lead", between=b"mid", comment=b"say",
        trailing=b"tail", zip64=True,
    )  # fmt: skip
    found = layout(data)
    spans = merge([*found.structure, *found.comments, *found.gaps, *(member.data for member in found.members)])
    assert [tuple(span) for span in spans] == [(0, len(data))]
    assert [data[gap.start : gap.stop] for gap in found.gaps] == [b"lead", b"gap", b"mid", b"tail"]


def test_a_member_says_what_the_directory_says():
    member = layout(archive(Part("a/b", b"words", 8, attributes=0x81A4 << 16))).members[0]
    assert (member.name, member.raw_name, member.method, member.origin) == ("a/b", b"a/b", 8, "directory")
    assert (member.size, member.crc) == (5, zlib.crc32(b"words"))
    assert member.data.stop == member.stop


def test_sizes_in_zip64_fields_are_taken_where_the_short_ones_ask():
    full = 0xFFFFFFFF
    part = Part(
        "a",
        b"words",
        size=full,
        compressed=full,
        extra=zip64_extra(5, 5),
        local_sizes=(full, full),
        local_extra=zip64_extra(5, 5),
    )
    found = layout(archive(part))
    assert found.bends == []
    assert found.members[0].compressed == 5


def test_a_zip64_field_that_is_missing_is_a_bend():
    found = layout(archive(Part("a", b"words", size=0xFFFFFFFF, local_sizes=(5, 5))))
    assert {bend.code for bend in found.bends} == {"zip.sizes"}


def test_no_archive_has_no_members_and_no_ends():
    found = layout(b"nothing of the kind" * 10)
    assert (found.members, found.ends, found.structure) == ([], [], [])


def test_a_directory_too_large_to_hold_ends_the_reading():
    with pytest.raises(LimitReached, match="directory"):
        layout(archive(*(Part(f"{number}", b"") for number in range(100))), whole=1000)


@pytest.mark.parametrize(
    ("raw", "flags", "names"),
    [
        (b"a/b", 0, ("a/b",)),
        (b"m\xc3\xa4rz", 0x800, ("märz",)),
        (b"m\x84rz", 0, ("märz",)),
        (b"bad\xff", 0x800, ("bad\\xff", "bad/xff")),
        (b"a\0b", 0, ("a\0b", "a")),
        (b"a\\b", 0, ("a\\b", "a/b")),
    ],
)
def test_a_name_is_taken_in_every_way_that_readers_take_it(raw, flags, names):
    assert names_of(raw, flags) == names


@pytest.mark.parametrize("name", ["a/b.txt", "märz", "a..b", "dir/", ".hidden", "a b"])
def test_plain_names_are_no_trouble(name):
    assert name_troubles((name,)) == []


@pytest.mark.parametrize("name", ["../a", "a/../b", "/a", "\\a", "C:a", "~/a", "a\nb", "a\u202eb", "a\0"])
def test_names_that_land_elsewhere_are(name):
    assert name_troubles((name,))


def test_a_first_entry_as_long_as_the_zip64_records_is_no_second_directory():
    # 46 bytes and a name of 30: the end record alone seems to say that the directory begins with the second entry.
    found = layout(archive(Part("n" * 30, b"words"), Part("b", b"more"), zip64=True))
    assert ([member.name for member in found.members], found.bends) == (["n" * 30, "b"], [])
