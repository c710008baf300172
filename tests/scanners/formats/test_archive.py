"""Zip archives by every reading, each way to hide (threats.md 3.2) with a payload and without."""

import bz2
import io
import lzma
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from tests.craft import archives
from tests.craft.archives import BENIGN, DEFLATED, PAYLOAD, VERSION, Part, archive, data, described, torch, zip64_extra
from tests.craft.reading import anomalies, called, scan

REAL = sorted((Path(__file__).parents[2] / "data" / "torch").glob("*.pt"))


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
