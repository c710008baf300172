"""Torch's records by their names."""

import pytest

from scanners.binary.torch_records import is_note, shape, storage_of, storage_size


@pytest.mark.parametrize(
    ("records", "found"),
    [
        (["a/data.pkl", "a/version"], "torch.zip"),
        (["a/DATA.PKL", "a/.data/version"], "torch.zip"),
        (["a/data.pkl", "a/constants.pkl", "a/version"], "torch.script"),
        (["a/data.pkl", "a/version", "a/.data/extern_modules"], "torch.package"),
        (["a/archive_format", "a/version", "a/data/weights/w"], "torch.pt2"),
        (["a/data.pkl"], ""),
        (["data.pkl", "version"], ""),
        ([], ""),
    ],
)
def test_the_records_make_the_format(records, found):
    assert shape(records).format == found


def test_other_letter_case_and_several_folders_are_kept():
    found = shape(["a/Data.pkl", "b/version", "top"])
    assert (found.odd_case, found.prefixes) == (("a/Data.pkl",), ("a", "b", ""))


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("A/data/7", ("a/data.pkl", "7")),
        ("a/constants/0", ("a/constants.pkl", "0")),
        ("a/data/x", None),
        ("a/data/7/8", None),
        ("data/7", None),
        ("a/code/7", None),
    ],
)
def test_a_storage_belongs_to_the_pickle_beside_it(name, found):
    assert storage_of(name) == found


@pytest.mark.parametrize(
    ("type_name", "numel", "size"),
    [("torch.FloatStorage", 3, 12), ("torch.ComplexDoubleStorage", 1, 16), ("UntypedStorage", 9, 9), ("x.Other", 1, None),
     ("torch.FloatStorage", -1, None)],
)  # fmt: skip
def test_a_storage_is_as_long_as_its_class_says(type_name, numel, size):
    assert storage_size(type_name, numel) == size


def test_a_note_says_nothing_but_what_it_should():
    assert is_note("a/version", b"3\n")
    assert is_note("a/byteorder", b"little")
    assert not is_note("a/version", b"cos\nsystem\n.")
    assert not is_note("a/other", b"3\n")
