"""Storages of torch in archives: inert only where the pickle proves it, and fetched only then."""

from dataclasses import replace

import pytest

from scanners.budget import Limits
from scanners.formats import archive as archive_format
from scanners.formats import pickle_stream
from scanners.routing import Router
from scanners.source import Span, Truncated
from tests.craft import archives
from tests.craft.archives import BENIGN, PAYLOAD, Part, archive, zip64_extra
from tests.craft.reading import anomalies, called, scan, scan_in_rounds, unread_reasons
from tests.craft.tensors import storage_pickle, torch_archive, torch_parts

# -- torch storages: inert only where the pickle proves it

FLOATS = ("0", "FloatStorage", 4, b"\xff" * 16)


def test_a_storage_with_just_the_length_that_its_pickle_names_is_inert():
    outcome = scan(torch_archive(FLOATS, ("1", "BFloat16Storage", 3, b"\xff" * 6)))
    assert (outcome.format, outcome.account.inert, outcome.account.unexplained) == ("torch.zip", 22, 0)
    assert anomalies(outcome) == set()


@pytest.mark.parametrize(
    ("storage", "code"),
    [
        (("0", "FloatStorage", 3, b"\xff" * 16), "torch.storage-size"),
        (("0", "FloatStorage", 5, b"\xff" * 16), "torch.storage-size"),
        (("0", "DoubleStorage", 4, b"\xff" * 16), "torch.storage-size"),
        (("0", "InventedStorage", 4, b"\xff" * 16), "torch.storage-size"),
    ],
)
def test_a_storage_of_another_length_is_not_inert(storage, code):
    outcome = scan(torch_archive(storage))
    assert code in anomalies(outcome)
    assert (outcome.account.inert, outcome.account.unexplained) == (0, 16)


def test_a_storage_that_no_reference_names_is_read():
    pickle = storage_pickle(("7", "FloatStorage", 4))
    hidden = torch_archive(("0", "FloatStorage", 4, PAYLOAD), pickle=pickle)
    outcome = scan(hidden)
    assert "torch.storage-orphan" in anomalies(outcome)
    assert called(outcome) == {("posix.system", "archive/data/0")}
    assert outcome.account.inert == 0


def test_a_storage_that_two_references_give_different_lengths_is_not_inert():
    pickle = storage_pickle(("0", "FloatStorage", 4), ("0", "ByteStorage", 4))
    outcome = scan(torch_archive(FLOATS, pickle=pickle))
    assert "torch.storage-size" in anomalies(outcome)
    assert outcome.account.inert == 0


def test_a_reference_in_another_pickle_proves_nothing():
    parts = torch_parts(FLOATS, pickle=BENIGN)
    outcome = scan(archive(*parts, Part("archive/other.pkl", storage_pickle(FLOATS[:3]))))
    assert "torch.storage-orphan" in anomalies(outcome)
    assert outcome.account.inert == 0


def changed(parts, which, **changes):
    return [replace(part, **changes) if part.name == which else part for part in parts]


@pytest.mark.parametrize(
    "changes",
    [
        {"method": 8, "descriptor": b""},
        {"flags": 1},
        {"local_name": "archive/x.pkl"},
        {"compressed": 1 << 20, "size": 1 << 20},
        {"name": "archive/other/0"},
    ],
    ids="-".join,
)
def test_a_storage_that_is_bent_is_not_inert(changes):
    parts = changed(torch_parts(FLOATS), "archive/data/0", **changes)
    assert scan(archive(*parts)).account.inert == 0


def test_a_storage_that_another_member_reaches_into_is_not_inert():
    parts = torch_parts(FLOATS)
    outer = changed(parts, "archive/byteorder", descriptor=b"", compressed=200, size=200)
    outcome = scan(archive(*outer))
    assert "zip.overlap" in anomalies(outcome)
    assert outcome.account.inert == 0


@pytest.mark.parametrize(
    ("name", "found"),
    [("archive/.data/extern_modules", "torch.package"), ("archive/archive_format", "torch.pt2")],
)
def test_archives_that_load_storages_by_other_rules_have_no_inert_bytes(name, found):
    outcome = scan(archive(*torch_parts(FLOATS), Part(name, b"pt2")))
    assert (outcome.format, outcome.account.inert) == (found, 0)
    assert "unknown" in unread_reasons(outcome)


def test_without_a_version_nothing_is_proven_by_torch():
    parts = [part for part in torch_parts(FLOATS) if part.name != "archive/version"]
    outcome = scan(archive(*parts))
    assert (outcome.format, outcome.account.inert) == ("zip", 0)


def test_a_note_that_says_something_else_is_read_as_what_it_is():
    parts = changed(
        torch_parts(FLOATS), "archive/version", data=PAYLOAD, descriptor=b"", flags=0, local_sizes=None, local_crc=None
    )
    assert called(scan(archive(*parts))) == {("posix.system", "archive/version")}


# -- rounds and bytes

ARCHIVE_AND_PICKLE = (archive_format.SCANNER, pickle_stream.SCANNER)
VERSION2 = Part("archive/version", b"3\n")


class Virtual:
    """A source of `prefix`, then `length` zeros, then `tail`."""

    def __init__(self, prefix, length, tail):
        self.prefix, self.length, self.tail = prefix, length, tail
        self.size = len(prefix) + length + len(tail)
        self.served = 0

    def read(self, start, length):
        if start < 0 or start + length > self.size:
            raise Truncated(start, length, self.size)
        self.served += length
        assert length < 1 << 24, "a read of zeros"
        begin = len(self.prefix) + self.length
        made = self.prefix[start : start + length]
        zeros = min(start + length, begin) - max(start, len(self.prefix))
        made += bytes(max(0, zeros))
        return made + self.tail[max(0, start - begin) : max(0, start + length - begin)]

    def want(self, *spans):
        pass


BLOCK = 65_536


def sparse_torch(count, length):
    storages = [(str(i), "ByteStorage", length, bytes([i]) * length) for i in range(count)]
    return torch_archive(*storages)


def test_a_large_torch_archive_costs_its_headers_in_two_rounds():
    content = sparse_torch(24, 500_000)
    ends = (Span(0, BLOCK), Span(len(content) - BLOCK, len(content)))
    outcome, held, rounds = scan_in_rounds(content, "model.bin", held=ends, scanners=ARCHIVE_AND_PICKLE)
    assert outcome == scan(content, "model.bin", scanners=ARCHIVE_AND_PICKLE)
    assert outcome.account.unexplained == 0
    assert rounds <= 2
    assert sum(span.length for span in held) < 2 * BLOCK + 25 * 400


def test_a_zip64_archive_past_four_gibibytes_is_read_by_its_wide_fields():
    """The archive is never made: its bytes are computed where they are asked for."""
    length = 5 << 30
    big = Part("archive/data/0", b"")
    head = b"".join(
        archives.local_header(part) + part.data
        for part in (Part("archive/data.pkl", storage_pickle(("0", "ByteStorage", length))), VERSION2)
    )
    local = archives.local_header(
        replace(big, local_sizes=(0xFFFFFFFF, 0xFFFFFFFF), local_extra=zip64_extra(length, length))
    )
    prefix = head + local
    first = Part("archive/data.pkl", storage_pickle(("0", "ByteStorage", length)))
    listed = (
        archives.directory_entry(first, 0)
        + archives.directory_entry(VERSION2, len(archives.local_header(first)) + len(first.data))
        + archives.directory_entry(
            replace(
                big,
                size=0xFFFFFFFF,
                compressed=0xFFFFFFFF,
                offset=0xFFFFFFFF,
                extra=zip64_extra(length, length, len(head)),
            ),
            0,
        )
    )
    start = len(prefix) + length
    tail = listed + archives.end_records64(3, len(listed), start, start + len(listed))
    tail += archives.end_record(3, len(listed), 0xFFFFFFFF)
    source = Virtual(prefix, length, tail)
    outcome = Router(ARCHIVE_AND_PICKLE).scan_blob(source, "x.pt", Limits())
    assert anomalies(outcome) == set()
    assert (outcome.account.inert, outcome.account.unexplained) == (length, 0)
    assert source.served < 4_000_000
