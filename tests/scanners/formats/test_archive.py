"""Zip archives by every reading, each way to hide (threats.md 3.2) with a payload and without."""

import bz2
import io
import lzma
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from scanners.budget import Limits
from scanners.formats import archive as archive_format
from scanners.formats import pickle_stream
from scanners.routing import Router
from scanners.source import Span, Truncated
from tests.craft import archives
from tests.craft.archives import DEFLATED, Part, archive, described, zip64_extra
from tests.craft.pickles import HARMLESS, asm, op
from tests.craft.reading import anomalies, called, scan, scan_in_rounds, unread_reasons
from tests.craft.tensors import storage_pickle, torch_archive, torch_parts

REAL = sorted((Path(__file__).parents[2] / "data" / "torch").glob("*.pt"))
BENIGN = asm(op("PROTO", 4), "EMPTY_DICT", "STOP")
PAYLOAD = asm(
    op("PROTO", 4), op("GLOBAL", ("posix", "system")), op("SHORT_BINUNICODE", HARMLESS), "TUPLE1", "REDUCE", "STOP"
)
VERSION = Part("a/version", b"3\n")


def torch(*parts, **more):
    return archive(*parts, VERSION, **more)


def data(content, **more):
    return Part("a/data.pkl", content, **more)


def lzma_member(content):
    spec = {"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16, "lc": 3, "lp": 0, "pb": 2}
    return b"\x09\x04\x05\x00" + bytes([93]) + (1 << 16).to_bytes(4, "little") + lzma.compress(
        content, lzma.FORMAT_RAW, filters=[spec]
    )  # fmt: skip


def shifted(content):
    inner = torch(data(content))
    return b"PK\x03\x04 and then nothing of the kind" + inner


def comment_with_a_directory(content):
    """The last end record's comment holds the directory and end record of another archive."""
    body = archives.local_header(data(content)) + content
    outer = len(body) + len(archives.local_header(VERSION)) + len(VERSION.data)
    listed = archives.directory_entry(data(content), 0) + archives.directory_entry(VERSION, len(body))
    inner = listed + archives.end_record(2, len(listed), outer + 22)
    return (
        body
        + archives.local_header(VERSION)
        + VERSION.data
        + archives.end_record(0, 0, outer, comment=inner)
    )  # fmt: skip


def overlapping(content):
    inner = archives.local_header(data(content)) + content
    return archive(
        Part("a/readme", b"x" + inner),
        Part("a/data.pkl", content, present=False, offset=len(archives.local_header(Part("a/readme"))) + 1),
        VERSION,
    )


def two_places(content):
    """The short fields lead to one member, the zip64 fields to another."""
    first = archives.local_header(data(BENIGN)) + BENIGN
    return torch(
        data(BENIGN, extra=zip64_extra(len(content), len(content), len(first))),
        Part("a/other", content),
    )


def symlink(content):
    return torch(data(content), Part("a/link", b"/etc/passwd", attributes=0xA1FF << 16))


ROWS = {
    "DATA.PKL": (lambda c: torch(Part("a/DATA.PKL", c)), {"torch.case"}),
    "first of two": (lambda c: torch(data(c), data(BENIGN)), {"zip.duplicate"}),
    "second of two": (lambda c: torch(data(BENIGN), data(c)), {"zip.duplicate"}),
    "second of two, other case": (
        lambda c: torch(data(BENIGN), Part("a/Data.pkl", c)),
        {"zip.duplicate", "torch.case"},
    ),
    "wrong checksum": (lambda c: torch(data(c, crc=1)), {"zip.crc"}),
    "wrong checksum, deflated": (lambda c: torch(data(c, crc=1, method=8)), {"zip.crc"}),
    "local name differs": (lambda c: torch(data(c, local_name="a/readme.md")), {"zip.local-mismatch"}),
    "directory name differs": (
        lambda c: torch(Part("a/readme.md", c, local_name="a/data.pkl")),
        {"zip.local-mismatch"},
    ),
    "local method differs": (lambda c: torch(data(c, local_method=8)), {"zip.local-mismatch", "zip.sizes"}),
    "directory method differs": (
        lambda c: torch(replace(data(c), method=0, local_method=8, raw=data(c, method=8).packed, size=len(c))),
        {"zip.local-mismatch"},
    ),
    "encrypted by the local header only": (lambda c: torch(data(c, local_flags=1)), {"zip.encrypted-local"}),
    "marked as encrypted and not": (lambda c: torch(data(c, flags=1)), {"zip.encrypted"}),
    "deflated": (lambda c: torch(data(c, method=8)), set()),
    "deflated and described": (lambda c: torch(described(data(c, method=8))), set()),
    "bzip2": (lambda c: torch(data(c, method=12, raw=bz2.compress(c))), set()),
    "lzma": (lambda c: torch(data(c, method=14, raw=lzma_member(c))), set()),
    "short trailing bytes": (lambda c: torch(data(c), trailing=b"?" * 1000), {"zip.trailing"}),
    "long trailing bytes": (lambda c: torch(data(c), trailing=b"?" * 70_000), {"zip.hidden"}),
    "leading bytes": (lambda c: torch(data(c), leading=b"?" * 777), {"zip.leading"}),
    "leading bytes, absolute offsets": (lambda c: torch(data(c), leading=b"?" * 777, start=0), {"zip.leading"}),
    "leading bytes, stated offsets from zero": (
        lambda c: torch(data(c), leading=b"?" * 777, shift=-777),
        {"zip.leading", "zip.sizes"},
    ),
    "shifted behind a false start": (shifted, {"zip.leading", "zip.sizes"}),
    "first of two archives": (lambda c: torch(data(c)) + torch(data(BENIGN)), {"zip.several-ends"}),
    "second of two archives": (lambda c: torch(data(BENIGN)) + torch(data(c)), {"zip.several-ends"}),
    "first of two archives, far apart": (
        lambda c: torch(data(c)) + torch(data(BENIGN), Part("a/big", bytes(70_000))),
        {"zip.sizes"},
    ),
    "two prefixes": (lambda c: torch(data(c), Part("b/data.pkl", BENIGN)), {"torch.prefixes"}),
    "backslashes": (lambda c: torch(Part("a\\data.pkl", c)), {"zip.name"}),
    ".data/version": (lambda c: archive(data(c), Part("a/.data/version", b"3\n")), set()),
    "in no directory": (lambda c: torch(data(BENIGN), Part("a/more.pkl", c, listed=False)), {"zip.hidden", "zip.gap"}),
    "in no directory, described": (
        lambda c: torch(data(BENIGN), described(Part("a/more.pkl", c, listed=False))),
        {"zip.hidden", "zip.gap"},
    ),
    "in no directory, deflated and described": (
        lambda c: torch(data(BENIGN), described(Part("a/more.pkl", c, listed=False, method=8))),
        {"zip.hidden", "zip.gap"},
    ),
    "zip64 sizes and offset that nobody asked for": (two_places, {"zip.sizes", "zip.overlap"}),
    "zip64": (lambda c: torch(data(c), zip64=True), set()),
    "zip64 locator astray": (lambda c: torch(data(c), zip64=True, locator=3), {"zip.sizes"}),
    "zip64 and short record disagree": (lambda c: torch(data(c), zip64=True, start=1), {"zip.sizes"}),
    "directory inside the comment": (comment_with_a_directory, {"zip.several-ends"}),
    "overlapping": (overlapping, {"zip.overlap"}),
    "NUL in the name": (lambda c: torch(Part(b"a/data.pkl\0.txt", c)), {"zip.name"}),
    "leaves the archive": (lambda c: torch(data(BENIGN), Part("a/../../x.pkl", c)), {"zip.name"}),
    "absolute": (lambda c: torch(data(BENIGN), Part("/x.pkl", c)), {"zip.name", "torch.prefixes"}),
    "symbolic link": (symlink, {"zip.symlink"}),
    "shorter by the directory than it is": (lambda c: torch(data(c, method=8, size=3)), {"zip.sizes"}),
    "longer by the directory than it is": (lambda c: torch(data(c, method=8, size=1 << 31)), {"zip.sizes"}),
    "stored with two sizes": (lambda c: torch(data(c, compressed=2)), {"zip.sizes"}),
    "cut off inside the deflate stream": (
        lambda c: torch(data(c + bytes(5000), method=8, raw=data(c + bytes(5000), method=8).packed[:-3])),
        set(),
    ),
    "no end record": (lambda c: torch(data(c))[:-22], {"zip.hidden"}),
    "count of members too small": (lambda c: torch(data(c), entries=1), {"zip.sizes"}),
    "in the comment": (lambda c: torch(data(BENIGN), comment=c), set()),
    "before a member": (lambda c: torch(data(BENIGN, before=c)), {"zip.leading"}),
    "between members and directory": (lambda c: torch(data(BENIGN), between=c), {"zip.gap"}),
    "behind the end": (lambda c: torch(data(BENIGN), trailing=c), {"zip.trailing"}),
    "an archive in an archive": (lambda c: archive(Part("x.zip", torch(data(c)))), set()),
    "a deflated archive in an archive": (lambda c: archive(Part("x.bin", torch(data(c)), method=8)), set()),
}


@pytest.mark.parametrize("row", ROWS)
def test_a_payload_is_found_however_the_archive_hides_it(row):
    build, codes = ROWS[row]
    outcome = scan(build(PAYLOAD), "model.zip")
    assert "posix.system" in {name for name, _ in called(outcome)}
    assert codes <= anomalies(outcome)


@pytest.mark.parametrize("row", ROWS)
def test_the_same_archive_without_a_payload_calls_nothing(row):
    build, codes = ROWS[row]
    outcome = scan(build(BENIGN), "model.zip")
    assert called(outcome) == set()
    assert codes <= anomalies(outcome)


def test_a_payload_under_two_names_is_stated_under_both():
    outcome = scan(torch(data(PAYLOAD, local_name="b/other.bin")), "x.zip")
    assert called(outcome) == {("posix.system", "a/data.pkl"), ("posix.system", "b/other.bin")}


def test_an_honest_archive_has_no_anomaly_and_no_unexplained_byte():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as honest:
        honest.writestr("folder/", b"")
        honest.writestr("folder/notes.md", "# words\n" * 1000)
        honest.writestr("folder/config.json", "{}", zipfile.ZIP_STORED)
        honest.writestr("folder/names.txt", "a\nb\n" * 100_000, zipfile.ZIP_LZMA)
        honest.writestr("folder/m\u00e4rz.txt", "x" * 100_000, zipfile.ZIP_BZIP2)
        with honest.open("streamed.txt", "w", force_zip64=True) as part:
            part.write(b"y" * 1000)
    outcome = scan(made.getvalue())
    assert outcome.format == "zip"
    assert outcome.facts == ()
    assert outcome.account.unexplained == 0


def test_an_archive_stored_in_an_archive_is_not_taken_for_a_second_one():
    inner = archive(Part("notes.txt", b"inner"))
    outcome = scan(archive(Part("first.txt", b"outer"), Part("inner.zip", inner)))
    assert outcome.facts == ()
    assert outcome.account.unexplained == 0


def test_an_empty_archive_is_an_archive():
    assert scan(archive(), "x.zip").format == "zip"
    assert scan(archive(), "x.zip").account.unexplained == 0


def test_what_only_looks_like_an_archive_is_left_to_others():
    assert scan(b"PK\x03\x04" + b"\xff" * 100).format == "unknown"
    assert scan(b"\xff" * 100 + archives.end_record(3, 140, 0) + b"\xff" * 9).format == "unknown"


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_torchs_own_files_hold_together(path):
    content = path.read_bytes()
    outcome = scan(content)
    assert outcome.format in {"torch.zip", "torch.script"}
    assert anomalies(outcome) == set()
    assert outcome.account.unexplained == 0
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        raw = sum(info.file_size for info in archive.infolist() if "/data/" in info.filename)
    assert outcome.account.inert == raw


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


def test_end_records_in_the_comments_of_each_other_are_read_once():
    ends = b""
    for _ in range(60):
        ends = b"PK\5\6" + bytes(16) + struct.pack("<H", len(ends)) + ends
    outcome = scan(archive(Part("a.txt", b"words")) + ends, "x.zip")
    assert "zip.several-ends" in anomalies(outcome)
    assert unread_reasons(outcome)


@pytest.mark.parametrize("method", [0, DEFLATED])
@pytest.mark.parametrize(
    ("name", "target", "out"),
    [
        ("a", "/etc/passwd", True),
        ("a/b", "../../x", True),
        ("a/b", "../x", False),
        ("a", "b/c", False),
        ("a", "C:\\x", True),
    ],
)
def test_a_link_that_leads_out_of_the_archive_is_told_from_one_that_does_not(name, target, out, method):
    outcome = scan(archive(Part(name, target.encode(), attributes=0xA1FF << 16, method=method)), "x.zip")
    assert anomalies(outcome) - {"zip.escape"} == {"zip.symlink"}
    assert ("zip.escape" in anomalies(outcome)) is out
