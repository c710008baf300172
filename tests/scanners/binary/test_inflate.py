"""Inflating on the way: any order of reads, little memory, the truth about broken streams."""

import bz2
import lzma
import random
import zlib

import pytest
import zstandard

from scanners.binary import inflate
from scanners.binary.codecs import ZIP
from scanners.binary.inflate import InflateSource
from scanners.budget import Budget, LimitReached, Limits
from scanners.source import BytesSource, Missing, Span, SparseSource, Truncated


def deflate(data):
    codec = zlib.compressobj(6, zlib.DEFLATED, -15)
    return codec.compress(data) + codec.flush()


def zip_lzma(data, *, end_mark=True):
    spec = {"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16, "lc": 3, "lp": 0, "pb": 2}
    raw = lzma.compress(data, lzma.FORMAT_RAW, filters=[spec])
    return b"\x09\x04\x05\x00" + bytes([93]) + (1 << 16).to_bytes(4, "little") + (raw if end_mark else raw[:-6])


PACK = {8: deflate, 12: bz2.compress, 14: zip_lzma, 93: zstandard.ZstdCompressor().compress, 95: lzma.compress}
WORDS = b"".join(b"%d words\n" % number for number in range(60_000))


def opened(packed, method, size, **limits):
    return InflateSource(BytesSource(packed), ZIP[method], size, Budget(Limits(**limits)))


@pytest.mark.parametrize("method", PACK)
def test_reads_in_any_order_see_the_same_bytes(method, monkeypatch):
    monkeypatch.setattr(inflate, "KEEP", 40_000)
    monkeypatch.setattr(inflate, "HEAD", 5_000)
    monkeypatch.setattr(inflate, "_OUT", 9_000)
    source = opened(PACK[method](WORDS), method, len(WORDS))
    chance = random.Random(7)
    for _ in range(12 if method != 8 else 60):
        start = chance.randrange(len(WORDS))
        length = chance.randrange(min(70_000, len(WORDS) - start + 1))
        assert source.read(start, length) == WORDS[start : start + length]
    assert source.drain() == (len(WORDS), zlib.crc32(WORDS))
    assert source.consumed_all
    assert not source.broken


def test_memory_is_a_window_and_going_back_starts_at_a_snapshot(monkeypatch):
    monkeypatch.setattr(inflate, "KEEP", 10_000)
    monkeypatch.setattr(inflate, "_OUT", 5_000)
    budget = Budget(Limits())
    source = InflateSource(BytesSource(deflate(WORDS)), ZIP[8], len(WORDS), budget)
    source.read(len(WORDS) - 10, 10)
    assert len(source._window) <= 30_000
    assert len(source._snapshots) <= inflate._SNAPSHOTS
    before = budget._inflated
    source.read(len(WORDS) // 2, 10)
    assert budget._inflated - before < len(WORDS) // 8


@pytest.mark.parametrize("method", PACK)
def test_a_stream_that_is_cut_off_says_so_and_keeps_its_beginning(method):
    packed = PACK[method](WORDS)
    source = opened(packed[: len(packed) // 2], method, len(WORDS))
    length, _ = source.drain()
    assert source.broken
    assert source.head == WORDS[: len(source.head)]
    with pytest.raises(Truncated):
        source.read(length, 1)


@pytest.mark.parametrize("method", PACK)
def test_a_stream_that_is_garbage_is_broken_and_nothing_else(method):
    source = opened(b"\xfe\xfd\xfc" * 100, method, 50)
    assert source.drain()[0] < 50
    assert source.broken


def test_an_lzma_stream_need_not_mark_its_end():
    source = opened(zip_lzma(WORDS, end_mark=False), 14, len(WORDS))
    length, crc = source.drain()
    assert (length, crc, source.broken) == (len(WORDS), zlib.crc32(WORDS), "")


def test_bytes_behind_the_stream_are_noticed():
    source = opened(deflate(WORDS) + bytes(100_000), 8, len(WORDS))
    source.drain()
    assert not source.consumed_all


def test_a_stream_longer_than_was_said_tells_its_length():
    source = opened(deflate(WORDS), 8, 10)
    with pytest.raises(Truncated):
        source.read(5, 6)
    assert source.drain()[0] == len(WORDS)


def test_every_byte_made_counts_also_twice():
    source = opened(deflate(bytes(50_000_000)), 8, 50_000_000, inflated=60_000_000)
    source.read(49_999_999, 1)
    with pytest.raises(LimitReached, match="inflated"):
        source.read(20_000_000, 20_000_000)


def test_lzma_with_a_dictionary_beyond_reason_is_refused():
    assert opened(b"\x09\x04\x05\x00" + bytes([93]) + b"\xff" * 60, 14, 10).drain() == (0, 0)


def test_compressed_bytes_that_are_not_here_are_asked_for_and_the_source_is_none_the_worse():
    packed = deflate(WORDS)
    sparse = SparseSource(lambda at, length: packed[at : at + length], len(packed), [Span(0, 100)])
    source = InflateSource(sparse, ZIP[8], len(WORDS), Budget(Limits()))
    with pytest.raises(Missing):
        source.read(0, len(WORDS))


def test_methods_that_nobody_reads_are_known():
    assert set(ZIP) == set(PACK)
