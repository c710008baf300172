"""Zip archives: codecs that nobody reads, bombs, nests and floods."""

import struct

import pytest

from scanners.budget import Limits
from tests.craft import archives
from tests.craft.archives import PAYLOAD, Part, archive, data, torch
from tests.craft.reading import anomalies, called, scan, unread_reasons

# -- limits and codecs


@pytest.mark.parametrize("method", [1, 6, 9, 10, 18, 19, 20, 97, 98, 99])
def test_a_codec_that_nobody_reads_is_said(method):
    """Shrink, implode, deflate64, zstd by its first number and their like: Python's zipfile and torch refuse them too."""
    outcome = scan(torch(data(PAYLOAD, method=method)))
    assert "codec" in unread_reasons(outcome)
    assert outcome.account.unexplained == len(PAYLOAD)


def test_an_encrypted_member_is_said():
    outcome = scan(torch(data(PAYLOAD, flags=1, crc=5)))
    assert "encrypted" in unread_reasons(outcome)
    assert "zip.encrypted" in anomalies(outcome)


def test_a_bomb_is_stopped_and_its_beginning_is_known():
    bomb = PAYLOAD + bytes(4 << 20)
    limits = Limits(inflated=2 << 20)
    outcome = scan(torch(data(bomb, method=8), Part("a/readme.md", b"words")), limits=limits)
    assert "limit" in unread_reasons(outcome)
    assert called(outcome) == {("posix.system", "a/data.pkl")}
    assert outcome.account.unexplained


def test_a_member_far_out_of_proportion_is_stopped():
    limits = Limits(ratio=50, ratio_floor=1 << 20)
    outcome = scan(archive(Part("x.txt", b" " * (3 << 20), method=8)), limits=limits)
    assert "limit" in unread_reasons(outcome)


def test_a_deep_nest_ends():
    made = archive(Part("x.txt", b"words"))
    for _ in range(9):
        made = archive(Part("x.zip", made))
    assert "limit" in unread_reasons(scan(made))


def test_more_end_records_than_any_reader_looks_at_end_the_reading():
    outcome = scan(archive(trailing=archives.end_record(0, 0, 0) * 100), "x.zip")
    assert "limit" in unread_reasons(outcome)


def test_a_flood_of_bends_is_stated_by_its_number():
    outcome = scan(archive(*(Part("a", b"x", crc=1) for _ in range(500))))
    assert len(outcome.facts) < 300
    assert any("500 in all" in fact.detail for fact in outcome.facts if hasattr(fact, "detail"))


def test_end_records_in_the_comments_of_each_other_are_read_once():
    ends = b""
    for _ in range(60):
        ends = b"PK\5\6" + bytes(16) + struct.pack("<H", len(ends)) + ends
    outcome = scan(archive(Part("a.txt", b"words")) + ends, "x.zip")
    assert "zip.several-ends" in anomalies(outcome)
    assert unread_reasons(outcome)
