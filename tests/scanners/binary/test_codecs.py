"""Telling a codec from the first bytes, and reading streams to the byte where they end."""

import bz2
import lzma
import random
import zlib

import pytest

from scanners.binary import inflate
from scanners.binary.codecs import CODECS, WEAK, holds, sniff
from scanners.binary.decompressors import Log
from scanners.binary.inflate import InflateSource
from scanners.budget import Budget, Limits
from scanners.source import BytesSource, Truncated
from tests.craft import compressed as craft

WORDS = b"".join(b"%d words\n" % number for number in range(20_000))
NOISE = random.Random(5).randbytes(200_000)


def counted(codec, packed, log=None, **limits):
    kept = log or Log()
    return InflateSource(BytesSource(packed), lambda: CODECS[codec](kept), None, Budget(Limits(**limits)), head=1000)


@pytest.mark.parametrize("codec", CODECS)
def test_each_codec_is_told_by_its_beginning(codec):
    for content in (WORDS, NOISE, b"x"):
        assert sniff(craft.CODECS[codec](content)[:4096]) == codec
        assert sniff(craft.CODECS[codec](content)[:40]) == codec


@pytest.mark.parametrize(
    "head", [b"", b"\x78", b"]", b"BZh9", b"\x1f\x8b", b"P", b"ZF" + b"g" * 30, b"ZF0x10" + b" " * 30]
)
def test_too_little_or_something_else_is_no_codec(head):
    assert sniff(head) == ""


def test_random_bytes_are_hardly_ever_a_codec():
    chance = random.Random(11)
    heads = [
        bytes([chance.choice(b"\x08\x18\x28\x38\x48\x58\x68\x78\x5d")]) + chance.randbytes(600) for _ in range(20_000)
    ]
    assert sum(bool(sniff(head)) for head in heads) < 20


def test_a_weak_mark_is_held_against_the_bytes_behind_it():
    assert {"zlib", "lzma"} == WEAK
    packed = zlib.compress(WORDS)
    assert holds("zlib", packed)
    assert holds("zlib", packed[:30])
    assert not holds("zlib", packed[:2] + b"\xfe" * 30)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("content", [WORDS, NOISE, b"", b"x"], ids=["words", "noise", "nothing", "one byte"])
def test_the_size_is_counted_and_the_end_is_known_to_the_byte(codec, content):
    packed = craft.CODECS[codec](content)
    source = counted(codec, packed + b"\xfd" * 100)
    assert (source.size, source.place, source.broken, source.limit) == (len(content), len(packed), "", "")
    assert source.read(0, len(content)) == content
    for start in (len(content) // 2, 0, len(content) - 1):
        assert source.read(max(0, start), 1 if content else 0) == content[start : start + 1]
    with pytest.raises(Truncated):
        source.read(len(content), 1)


@pytest.mark.parametrize("codec", CODECS)
def test_counting_keeps_the_end_so_that_content_is_made_twice_at_most(codec, monkeypatch):
    monkeypatch.setattr(inflate, "KEEP", 20_000)
    monkeypatch.setattr(inflate, "TAIL", 10_000)
    monkeypatch.setattr(inflate, "_SNAPSHOTS", 0)
    source = counted(codec, craft.CODECS[codec](NOISE))
    budget = source._budget
    assert budget._inflated == len(NOISE)
    source.read(len(NOISE) - 10_000, 10_000)
    source.read(0, 1000)
    assert budget._inflated == len(NOISE)
    for start in range(0, len(NOISE), 10_000):
        assert source.read(start, 10_000) == NOISE[start : start + 10_000]
    assert budget._inflated <= 2 * len(NOISE)


@pytest.mark.parametrize("codec", CODECS)
def test_what_stands_before_a_break_can_be_read_again_and_again(codec, monkeypatch):
    packed = bytearray(craft.CODECS[codec](NOISE))
    packed[len(packed) * 3 // 4 :] = b"\xff" * 4000
    packed = bytes(packed)
    whole = counted(codec, packed)
    content = whole.read(0, whole.size)
    assert content[:90_000] == NOISE[:90_000]
    monkeypatch.setattr(inflate, "KEEP", 20_000)
    monkeypatch.setattr(inflate, "TAIL", 10)
    source = counted(codec, packed)
    assert (source.size, bool(source.broken)) == (len(content), True)
    for start in (source.size - 50, 0, source.size // 2, source.size - 5000):
        assert source.read(start, 50) == content[start : start + 50]


PACKERS = [
    (bz2.compress, "bzip2", -12), (lzma.compress, "xz", -29), (lambda data: lzma.compress(data, check=lzma.CHECK_CRC32), "xz", -33),
]  # fmt: skip


@pytest.mark.parametrize(("pack", "codec", "place"), PACKERS)
def test_a_step_that_fails_loses_no_more_than_a_byte(pack, codec, place):
    packed = bytearray(pack(WORDS))
    packed[{"bzip2": 10}.get(codec, place)] ^= 1
    source = counted(codec, bytes(packed))
    assert source.broken
    assert source.size >= len(WORDS) - 1
    assert source.read(0, source.size) == WORDS[: source.size]


def test_a_limit_ends_the_content_there():
    source = counted("zlib", zlib.compress(bytes(1 << 22)), ratio=10, ratio_floor=1 << 20)
    assert source.limit.startswith("ratio")
    assert 1 << 20 <= source.size < 1 << 22
    assert not any(source.read(source.size - 10, 10))


def test_parts_beside_the_content_are_noted_once_however_often_a_stream_is_read():
    log = Log()
    packed = craft.skippable(b"s" * 20) + craft.zstd(WORDS, write_checksum=True)[:-1] + b"\0" + craft.zstd(b"more")
    source = counted("zstd", packed, log)
    assert source.size == len(WORDS) + 4
    source.read(2000, 10)
    assert [(what, span.start, span.length) for what, span in log.asides.values()] == [("skippable frame", 8, 20)]
    assert len(log.wrong) == 1


@pytest.mark.parametrize(
    ("fields", "noted"),
    [
        ({"extra": b"x" * 16, "name": b"n" * 255, "comment": b"c" * 16, "check": True}, []),
        ({"extra": b"x" * 17}, [("extra field", 12, 17)]),
        ({"name": b"n" * 256}, [("name", 10, 256)]),
        ({"extra": b"", "name": b"n", "comment": b"c" * 17}, [("comment", 14, 17)]),
    ],
)
def test_the_fields_of_a_gzip_header_are_noted_where_they_are_long(fields, noted):
    log = Log()
    assert counted("gzip", craft.gzip_member(WORDS, **fields), log).size == len(WORDS)
    assert [(what, span.start, span.length) for what, span in log.asides.values()] == noted


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_a_header_that_is_cut_off_is_broken(cut):
    packed = craft.gzip_member(b"", extra=b"x" * 9, name=b"name", comment=b"said", check=True)
    assert counted("gzip", packed[:cut]).broken
