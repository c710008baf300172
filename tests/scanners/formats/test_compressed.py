"""Compressed files: every codec under every name, what stands beside the content, and where it breaks."""

import gzip
import io
import lzma
import random
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from scanners.budget import Limits
from scanners.facts import Unread
from scanners.formats import compressed
from scanners.judge import complete
from scanners.routing import hint, name_of, scan_blob
from scanners.source import BytesSource
from tests.craft.archives import Part, archive
from tests.craft.compressed import CODECS, JOINED, alone, gzip_member, lz4_frame, skippable, zfile, zstd
from tests.craft.pickles import asm, call, named, op, system, text
from tests.craft.reading import anomalies, called, scan, scan_in_rounds, unread_reasons

JOBLIB = sorted((Path(__file__).parents[2] / "data" / "joblib").iterdir())
CLEAN = asm(op("PROTO", 4), "EMPTY_LIST", "MARK", text("words"), op("BININT1", 1), "APPENDS", "STOP")
EVIL = system()
NOISE = random.Random(3).randbytes(300_000)
LONG = asm(op("PROTO", 4), op("BINBYTES", NOISE), "POP", call(named("posix", "system"), text("id")), "STOP")
"""A call behind more bytes than any reader takes at once, which no codec makes shorter."""
SYSTEM = {("posix.system", "model.pkl")}


def flipped(content, place=-1):
    """The content with one bit of one byte changed."""
    changed = bytearray(content)
    changed[place] ^= 1
    return bytes(changed)


def is_clean(outcome):
    return complete(outcome.facts, outcome.account) and not anomalies(outcome) and not called(outcome)


def python_reads(content):
    with lzma.open(io.BytesIO(content)) as stream:
        return stream.read()


# -- every codec, by content and by name


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("name", ["model.pkl", "model.gz", "weights", "a.txt", "x.safetensors", "model.pkl.xz"])
def test_content_decides_under_any_name(codec, name):
    clean = scan(CODECS[codec](CLEAN), name)
    assert (clean.format, is_clean(clean)) == (codec, True)
    assert {callee for callee, _ in called(scan(CODECS[codec](EVIL), name))} == {"posix.system"}


@pytest.mark.parametrize("codec", CODECS)
def test_a_long_stream_is_read_to_its_end(codec):
    outcome = scan(CODECS[codec](LONG), "model.pkl")
    assert (called(outcome), complete(outcome.facts, outcome.account)) == (SYSTEM, True)


@pytest.mark.parametrize("codec", CODECS)
def test_content_that_is_too_long_to_hold_is_read_again(codec, monkeypatch):
    monkeypatch.setattr(compressed, "_HELD", 70_000)
    monkeypatch.setattr("scanners.binary.inflate.KEEP", 70_000)
    outcome = scan(CODECS[codec](LONG), "model.pkl", limits=Limits(inflated=2 * len(LONG)))
    assert (called(outcome), complete(outcome.facts, outcome.account)) == (SYSTEM, True)


@pytest.mark.parametrize("codec", CODECS)
def test_nothing_is_read_before_it_is_there_and_no_round_is_for_nothing(codec):
    content = CODECS[codec](LONG)
    outcome, held, rounds = scan_in_rounds(content, "model.pkl", block=4096)
    assert outcome == scan(content, "model.pkl")
    assert (rounds, [tuple(span) for span in held]) == (2, [(0, len(content))])


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("model.pkl.gz", "model.pkl"), ("MODEL.PKL.GZ", "MODEL.PKL"), ("dir.gz/model", "model"), (".gz", "content"),
        ("model.gz.pkl", "model.pkl"), ("m.tgz", "m.tar"), ("m.tar.gz", "m.tar"), ("m.joblib", "m.joblib"),
    ],
)  # fmt: skip
def test_the_content_has_the_name_without_the_suffix(name, member):
    assert called(scan(gzip.compress(EVIL), name)) == {("posix.system", member)}


def test_the_name_routes_the_content():
    assert unread_reasons(scan(gzip.compress(b"not json {"), "config.json.gz")) == {"broken"}


@pytest.mark.parametrize("path", JOBLIB, ids=lambda path: path.name)
def test_what_joblib_writes_is_clean(path):
    outcome = scan_blob(BytesSource(path.read_bytes()), name_of(hint(path.name)), Limits())
    assert complete(outcome.facts, outcome.account)
    assert not anomalies(outcome)
    assert {callee for callee, _ in called(outcome)} == {"collections.OrderedDict"}


# -- what readers accept


@pytest.mark.parametrize("codec", sorted(JOINED))
@pytest.mark.parametrize("between", [b"", bytes(8)])
def test_streams_one_behind_another_are_one_content(codec, between):
    pack, half = CODECS[codec], len(EVIL) // 2
    outcome = scan(pack(EVIL[:half]) + between + pack(EVIL[half:]) + between, "model.pkl")
    assert (called(outcome), complete(outcome.facts, outcome.account), anomalies(outcome)) == (SYSTEM, True, set())


@pytest.mark.parametrize("codec", sorted(JOINED))
def test_a_call_in_a_second_stream_is_found(codec):
    outcome = scan(CODECS[codec](CLEAN) + CODECS[codec](EVIL), "model.pkl")
    assert (called(outcome), outcome.account.unexplained) == (SYSTEM, 0)


def test_python_reads_xz_and_lzma_behind_one_another_whatever_their_properties():
    half = len(EVIL) // 2
    content = lzma.compress(EVIL[:half]) + alone(EVIL[half:], properties=94)
    assert python_reads(content) == EVIL
    assert called(scan(content, "model.pkl")) == SYSTEM


def test_lzma_of_other_properties_is_found_by_its_name():
    content = alone(EVIL, properties=94)
    assert python_reads(content) == EVIL
    assert called(scan(content, "model.pkl.xz")) == SYSTEM
    assert called(scan(content, "model.LZMA")) == {("posix.system", "model")}


def test_an_lzma_stream_that_says_its_size_needs_no_end_mark():
    content = struct.pack("<BIq", 93, 1 << 16, len(EVIL)) + alone(EVIL)[13:]
    assert called(scan(content, "model.pkl")) == SYSTEM


@pytest.mark.parametrize("content", [zfile(EVIL), zfile(EVIL, padding=20), zfile(EVIL, length=5)])
def test_joblibs_old_files_are_read_with_either_header(content):
    assert called(scan(content, "model.pkl")) == SYSTEM


@pytest.mark.parametrize("window", [9, 12, 15])
def test_zlib_is_known_by_its_header_and_not_by_its_first_byte(window):
    codec = zlib.compressobj(9, zlib.DEFLATED, window)
    content = codec.compress(EVIL) + codec.flush()
    assert (content[0] == 0x78) == (window == 15)
    assert called(scan(content, "model.pkl")) == SYSTEM


@pytest.mark.parametrize(
    "content",
    [
        gzip_member(EVIL, extra=b"BC\x02\0\x1b\0", name=b"model.pkl", comment=b"by me", check=True),
        gzip_member(EVIL, name=b"gr\xf6\xdfe.pkl"),
        skippable(b"\x10\0\0\0") + zstd(EVIL),
        zstd(CLEAN) + skippable(b"", 15) + zstd(EVIL, write_checksum=True, write_content_size=True),
        skippable(b"") + lz4_frame(EVIL, content_checksum=True, block_checksum=True),
        lz4_frame(CLEAN) + zstd(EVIL),
    ],
)
def test_what_a_writer_may_add_is_no_anomaly(content):
    outcome = scan(content, "model.pkl")
    assert (called(outcome), complete(outcome.facts, outcome.account), anomalies(outcome)) == (SYSTEM, True, set())


@pytest.mark.parametrize(("kept", "found"), [(b"run.exe", {"compressed.name"}), (b"model", set()), (b"OLD.PKL", set())])
def test_a_kept_name_of_another_kind_is_stated(kept, found):
    assert anomalies(scan(gzip_member(EVIL, name=kept, extra=b"ab\0\0"), "model.pkl.gz")) == found
    assert anomalies(scan(gzip_member(EVIL, name=kept), "model.gz")) == set()


# -- what stands beside the content


@pytest.mark.parametrize("codec", CODECS)
def test_what_stands_behind_the_content_is_looked_at(codec):
    content = CODECS[codec](CLEAN)
    outcome = scan(content + EVIL, "model.pkl")
    assert anomalies(outcome) == {"compressed.trailing"}
    assert called(outcome) == {("posix.system", f"tail@{len(content)}")}
    junk = scan(content + b"\xfe\xff" * 20, "model.pkl")
    assert anomalies(junk) == {"compressed.trailing"}
    assert junk.account.unexplained == 40


@pytest.mark.parametrize("codec", ["zlib", "zfile"])
def test_a_second_stream_that_readers_leave_is_looked_at_on_its_own(codec):
    first = CODECS[codec](CLEAN)
    outcome = scan(first + CODECS[codec](EVIL), "model.pkl")
    assert anomalies(outcome) == {"compressed.trailing"}
    assert called(outcome) == {("posix.system", f"tail@{len(first)}!/tail@{len(first)}")}


@pytest.mark.parametrize(
    "content",
    [
        skippable(EVIL) + zstd(CLEAN), lz4_frame(CLEAN) + skippable(EVIL, 7), gzip_member(CLEAN, extra=EVIL),
        gzip_member(CLEAN, comment=EVIL.replace(b"\x80\x04", b"").replace(b"\0", b"")), gzip_member(CLEAN, name=b"x" * 300 + b"/\xff"),
    ],
)  # fmt: skip
def test_long_parts_that_readers_skip_are_looked_at(content):
    outcome = scan(content, "model.pkl")
    assert anomalies(outcome) == {"compressed.skipped"}
    assert called(outcome) or outcome.account.unexplained == len(content)


def test_more_skipped_parts_than_are_kept_are_said():
    outcome = scan(skippable(b"a quiet text that is long enough\n") * 300 + zstd(CLEAN), "model.pkl")
    assert unread_reasons(outcome) == {"limit"}
    assert not is_clean(outcome)


# -- what is broken


@pytest.mark.parametrize("codec", CODECS)
def test_a_stream_that_is_cut_off_is_scanned_as_far_as_it_goes(codec):
    content = CODECS[codec](EVIL + NOISE)
    outcome = scan(content[: len(content) // 2], "model.pkl")
    assert called(outcome) == SYSTEM
    assert "broken" in unread_reasons(outcome)


@pytest.mark.parametrize("codec", CODECS)
def test_a_stream_that_is_damaged_is_scanned_up_to_the_damage(codec):
    content = bytearray(CODECS[codec](EVIL + NOISE + EVIL))
    content[-2000:-100] = b"\xff" * 1900
    outcome = scan(bytes(content), "model.pkl")
    assert called(outcome) >= SYSTEM
    assert not complete(outcome.facts, outcome.account) or anomalies(outcome)


@pytest.mark.parametrize("length", range(1, 24))
def test_the_head_of_a_gzip_file_is_not_clean(length):
    outcome = scan(gzip_member(EVIL, extra=b"ab\0\0", name=b"model.pkl")[:length], "model.pkl.gz")
    assert not complete(outcome.facts, outcome.account)


@pytest.mark.parametrize("codec", ["gzip", "zlib", "zfile"])
def test_deflate_is_scanned_up_to_the_very_symbol_that_breaks(codec):
    content = CODECS[codec](EVIL * 30 + NOISE[:9])
    last = next(cut for cut in range(20, len(content)) if called(scan(content[:cut], "model.pkl")))
    broken = content[:last] + b"\xff" * 40
    assert called(scan(broken, "model.pkl")) == SYSTEM


@pytest.mark.parametrize(
    "content",
    [
        gzip_member(EVIL, crc=1), flipped(gzip_member(EVIL)), flipped(zlib.compress(EVIL)), flipped(zfile(EVIL)),
        flipped(zstd(EVIL, write_checksum=True)),
    ],
)  # fmt: skip
def test_a_wrong_checksum_hides_nothing(content):
    outcome = scan(content, "model.pkl")
    assert (called(outcome), anomalies(outcome)) == (SYSTEM, {"compressed.checksum"})
    again = scan(content + EVIL, "model.pkl")
    assert len(called(again)) == 2


@pytest.mark.parametrize("codec", ["bzip2", "xz", "lz4"])
def test_a_checksum_that_a_library_insists_on_hides_nothing_before_it(codec):
    pack = {"lz4": lambda data: lz4_frame(data, content_checksum=True)}.get(codec, CODECS[codec])
    outcome = scan(flipped(pack(EVIL + NOISE[:5000]), {"bzip2": 10, "xz": -29, "lz4": -1}[codec]), "model.pkl")
    assert called(outcome) == SYSTEM
    assert "broken" in unread_reasons(outcome)


@pytest.mark.parametrize(
    "content",
    [
        b"x^2 + y^2 = z^2, said the text\n", b"80 words a minute\n" * 90, b"hC is no header\n", b"(S'text'\np0\n.", b"ZF is a prefix",
        b"]\x00" + bytes(40), b"]\x00\x00\x01\x00" + b"\xfe" * 60, b"\x78\x9c" + b"\xfe" * 900, b"\x08\x1d" + b"\x03words" * 99,
        b"\x1f\x8b\x09" + bytes(30), b"BZhello", b"ZF0x10", b"\x78",
    ],
)  # fmt: skip
def test_what_only_begins_like_a_stream_is_left_to_others(content):
    outcome = scan(content, "model.dat")
    assert outcome.format not in CODECS
    assert not anomalies(outcome)


@pytest.mark.parametrize(
    "content", [b"\x1f\x8b\x08" + bytes(50), b"\xfd7zXZ\0" + bytes(9), b"\x28\xb5\x2f\xfd\xff\xff"]
)
def test_a_mark_that_others_do_not_have_is_a_stream_even_if_it_is_broken(content):
    outcome = scan(content, "model.pkl")
    assert outcome.format in CODECS
    assert "broken" in unread_reasons(outcome)


def test_a_window_larger_than_may_be_held_is_broken():
    content = b"\x28\xb5\x2f\xfd\x00\xb0" + zstd(EVIL)[6:]
    assert "broken" in unread_reasons(scan(content, "model.pkl"))


# -- limits


@pytest.mark.parametrize("codec", ["gzip", "zlib", "zfile", "xz", "zstd", "lz4"])
def test_a_bomb_ends_at_a_limit_and_its_beginning_is_scanned(codec):
    limits = Limits(inflated=1 << 22, ratio=50, ratio_floor=1 << 20)
    outcome = scan(CODECS[codec](EVIL + bytes(1 << 23)), "model.pkl", limits=limits)
    assert called(outcome) == SYSTEM
    assert "limit" in unread_reasons(outcome)
    assert outcome.account.examined == 0


def test_content_that_is_too_long_to_be_read_twice_is_said(monkeypatch):
    monkeypatch.setattr(compressed, "_HELD", 70_000)
    monkeypatch.setattr("scanners.binary.inflate.KEEP", 70_000)
    content = EVIL + asm(op("PROTO", 4), b"N0" * 200_000, "NONE", "STOP")
    outcome = scan(zstd(content), "model.pkl", limits=Limits(inflated=len(content) + 50_000))
    assert called(outcome) == SYSTEM
    assert "limit" in unread_reasons(outcome)


def test_streams_without_end_are_read_to_a_limit(monkeypatch):
    monkeypatch.setattr("scanners.binary.decompressors._STREAMS_MOST", 100)
    content = gzip.compress(EVIL) + gzip.compress(b"N") * 200
    outcome = scan(content, "model.pkl")
    assert called(outcome) == SYSTEM
    assert "limit" in unread_reasons(outcome)
    assert complete((few := scan(content[: -len(gzip.compress(b"N")) * 150], "model.pkl")).facts, few.account)


def nested(levels, content=EVIL):
    for _ in range(levels):
        content = gzip.compress(content)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("model.pkl.gz", content)
    return made.getvalue()


def test_streams_in_streams_in_an_archive_are_read_to_the_depth_that_is_allowed():
    deep = scan(nested(4), "x.zip")
    assert called(deep) == {("posix.system", "model.pkl.gz" + "!/model.pkl" * 4)}
    assert complete(deep.facts, deep.account)
    deeper = scan(nested(5), "x.zip")
    assert not called(deeper)
    assert [fact.reason for fact in deeper.facts if isinstance(fact, Unread)] == ["limit"]
    assert deeper.account.unexplained


@pytest.mark.parametrize(("method", "codec"), [(12, "bzip2"), (93, "zstd"), (95, "xz")])
def test_a_member_of_an_archive_may_be_in_these_codecs_too(method, codec):
    for content, found in ((EVIL, SYSTEM), (CLEAN, set())):
        outcome = scan(archive(Part("model.pkl", content, method, raw=CODECS[codec](content))), "x.zip")
        assert (called(outcome), complete(outcome.facts, outcome.account), anomalies(outcome)) == (found, True, set())
