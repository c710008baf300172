import io
import pickletools
import struct
import zipfile

import pytest

from audit.demo.archive import integer, make_big_torch, safetensors


class SparseFile(io.RawIOBase):
    """A sparse content as a seekable file."""

    def __init__(self, content):
        self.content, self.at = content, 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def tell(self):
        return self.at

    def seek(self, offset, whence=0):
        self.at = (0, self.at, self.content.size)[whence] + offset
        return self.at

    def readinto(self, buffer):
        data = self.content.read(self.at, self.at + len(buffer))
        buffer[: len(data)] = data
        self.at += len(data)
        return len(data)


def opened(content):
    return zipfile.ZipFile(io.BufferedReader(SparseFile(content)))


def globals_of(pickled):
    return [argument for opcode, argument, _ in pickletools.genops(pickled) if opcode.name == "GLOBAL"]


def test_a_checkpoint_reads_as_a_zip_whose_checksums_are_right():
    with opened(make_big_torch(1_000_003, call=False)) as archive:
        assert archive.testzip() is None
        assert archive.namelist()[0] == "archive/data.pkl"
        assert archive.getinfo("archive/data/0").file_size == 1_000_000
        assert archive.read("archive/version") == b"3\n"


@pytest.mark.parametrize("size", [1_000, 5 << 30])
def test_local_headers_carry_no_sizes_and_members_are_aligned(size):
    content = make_big_torch(size, call=True)
    with opened(content) as archive:
        for member in archive.infolist():
            header = content.read(member.header_offset, member.header_offset + 30)
            flags, crc, packed, unpacked, name, extra = struct.unpack("<4x2xH6xIIIHH", header)
            assert (flags, crc, packed, unpacked) == (0x0808, 0, 0, 0)
            start = member.header_offset + 30 + name + extra
            assert start % 64 == 0
            end = content.read(start + member.file_size, start + member.file_size + 8)
            assert end == b"PK\7\10" + struct.pack("<I", member.CRC)


def test_five_gigabytes_cost_nothing_to_make_and_few_bytes_to_read():
    content = make_big_torch(5 << 30, call=True)
    assert content.size > 5 << 30
    assert sum(len(data) for _, data in content.pieces) < 4_096
    with opened(content) as archive:
        assert archive.getinfo("archive/data/0").file_size == 5 << 30
        assert archive.getinfo("archive/version").header_offset > 5 << 30
        assert archive.read("archive/version") == b"3\n"
        numbers = [argument for _, argument, _ in pickletools.genops(archive.read("archive/data.pkl"))]
        assert (5 << 30) // 4 in numbers


def test_only_the_hostile_checkpoint_names_a_shell():
    honest, hostile = (opened(make_big_torch(64, call=call)).read("archive/data.pkl") for call in (False, True))
    assert "posix system" not in globals_of(honest)
    assert "posix system" in globals_of(hostile)
    assert set(globals_of(honest)) == {
        "collections OrderedDict",
        "torch._utils _rebuild_tensor_v2",
        "torch FloatStorage",
    }


@pytest.mark.parametrize("value", [0, 255, 256, 2**31 - 1, 2**31, 2**40])
def test_numbers_of_any_size_are_pickled_in_their_shortest_form(value):
    [(_, argument, _), _] = pickletools.genops(integer(value) + b".")
    assert argument == value


def test_a_safetensors_file_declares_exactly_the_data_that_follows():
    data = safetensors({"a": (2, 3), "b": (4,)})
    length = int.from_bytes(data[:8], "little")
    assert len(data) == 8 + length + 4 * (6 + 4)
    assert length % 8 == 0
