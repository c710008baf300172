"""A file that is a harmless pickle to one loader and an archive to another is never clean."""

import io
import struct
import tarfile

import pytest

from scanners.budget import Limits
from scanners.facts import Anomaly, Unread
from scanners.routing import scan_blob
from scanners.source import BytesSource
from tests.craft.pickles import HARMLESS, asm, op


def tar(old):
    """A tar archive whose first member's name is a pickle that holds all the rest in one constant."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name in ("storages", "tensors", "pickle"):
            content = b"cposix\nsystem\n(S'" + HARMLESS.encode() + b"'\ntR."
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
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


@pytest.mark.parametrize("old", [True, False])
def test_a_tar_archive_in_a_constant(old):
    data = tar(old)
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        assert archive.getnames()[1:] == ["storages", "tensors", "pickle"]
    assert outcome(data, "model.pth") == ({"file.polyglot"}, {"no-reader"})


def test_an_hdf5_file_in_a_constant():
    data = asm(op("PROTO", 4), op("BINBYTES", bytes(505) + b"\x89HDF\r\n\x1a\n" + bytes(900)), "STOP")
    assert outcome(data, "weights") == ({"file.polyglot"}, {"no-reader"})


def test_a_bzip2_stream_is_known_beside_an_opcode():
    assert outcome(b"BZh91AY&SY" + b"\xfe" * 600, "model.joblib")[1] == {"no-reader"}


def test_a_tar_archive_alone_stays_one_format():
    assert outcome(tar(old=False)[512:], "model.tar") == (set(), {"no-reader"})
