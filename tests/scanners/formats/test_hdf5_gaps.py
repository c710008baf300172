"""What nothing in an HDF5 file leads to: free space, user blocks, what stands before and behind."""

import pickle
import struct
import zlib

import pytest

from tests.craft import hdf5 as craft
from tests.craft.hdf5_reading import is_whole, opened, parts, read
from tests.craft.pickles import system
from tests.craft.reading import anomalies, called, unread_reasons


def with_gap(data):
    maker = craft.Maker()
    maker.put(bytes(40) + data + bytes(40))
    return maker.file(craft.attribute("a", b"b"))


@pytest.mark.parametrize(
    "left", [b"", b"old names and numbers", struct.pack("<99d", *range(99)), zlib.compress(bytes(range(99)))]
)
def test_free_space_is_inert(left):
    outcome = read(with_gap(left))
    assert (outcome.facts, is_whole(outcome)) == ((), True)


def test_a_pickle_in_free_space_is_read():
    outcome = read(with_gap(system("id")))
    assert {member.partition("@")[0] for _, member in called(outcome)} == {"gap"}
    assert anomalies(outcome) >= {"hdf5.gap"}


@pytest.mark.parametrize("before", [512, 1024, 1 << 14])
def test_a_file_behind_a_user_block_is_read(before):
    outcome = read(craft.Maker().file(craft.elsewhere("a", "/x"), before=bytes(before)))
    assert (len(opened(outcome)), is_whole(outcome)) == (1, True)


def test_what_stands_in_a_user_block_is_handed_on():
    block = b"#!/bin/sh\nrm -rf ~\n".ljust(512, b"\n")
    outcome = read(craft.Maker().file(before=block))
    assert anomalies(outcome) == {"hdf5.user-block"}
    assert parts(craft.Maker().file(before=block))["userblock"] == block


def test_what_stands_behind_the_end_is_handed_on():
    outcome = read(craft.Maker().file(behind=system("id")))
    assert "hdf5.trailing" in anomalies(outcome)
    assert called(outcome)


def test_a_superblock_that_tells_of_more_than_there_is():
    data = craft.Maker().file(craft.attribute("a", bytes(400)))
    assert unread_reasons(read(data[:-8])) >= {"broken"}


@pytest.mark.parametrize(
    "start",
    [craft.MARK, craft.MARK + b"\x02\x08", craft.MARK + b"\x09" + bytes(60), craft.MARK + b"\x02\x03\x08" + bytes(60)],
)
def test_a_superblock_that_is_none_is_broken(start):
    assert unread_reasons(read(start)) == {"broken"}


def test_what_is_no_hdf5_is_left_to_others():
    assert read(b"words", "model.h5").format == "text"
    assert read(pickle.dumps([1]), "model.h5").format == "pickle"
