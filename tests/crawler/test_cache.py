import errno
import hashlib
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.cache import Cache
from crawler.entry import HEADER, SUM
from crawler.errors import CacheError, DiskFullError
from crawler.ranges import BLOCK, align
from crawler.trouble import touching
from scanners.source import Span, merge, subtract

KEY = "sha256:" + "a" * 64
SIZE = 20 * BLOCK + 234


def content(size=SIZE, seed=0):
    return random.Random(seed).randbytes(size)


def key(number):
    return f"git:{number:040x}"


def everything(entry):
    return [Span(0, entry.size)]


def read(entry, span):
    return os.pread(entry.fd, span.length, span.start)


def test_a_new_entry_holds_nothing(cache):
    with cache.open(KEY, SIZE) as entry:
        assert entry.held(everything(entry)) == []
        assert entry.missing([Span(5, 6), Span(SIZE - 1, SIZE)]) == [Span(0, BLOCK), Span(20 * BLOCK, SIZE)]


def test_what_was_written_is_held_by_the_next_one_to_open_it(cache):
    data = content()
    with cache.open(KEY, SIZE) as entry:
        entry.write(BLOCK, data[BLOCK : 3 * BLOCK])
        entry.write(20 * BLOCK, data[20 * BLOCK :])
        assert entry.written == 2 * BLOCK + SIZE % BLOCK
    with cache.open(KEY, SIZE) as entry:
        assert entry.held(everything(entry)) == [Span(BLOCK, 3 * BLOCK), Span(20 * BLOCK, SIZE)]
        assert read(entry, Span(BLOCK, 3 * BLOCK)) == data[BLOCK : 3 * BLOCK]
        assert entry.missing(everything(entry)) == [Span(0, BLOCK), Span(3 * BLOCK, 20 * BLOCK)]


def test_an_empty_blob_is_an_entry_that_lacks_nothing(cache):
    with cache.open(KEY, 0) as entry:
        entry.write(0, b"")
        assert entry.missing([Span(0, 10)]) == []
        assert os.pread(entry.fd, 10, 0) == b""


def test_the_descriptor_cannot_write(cache):
    with cache.open(KEY, SIZE) as entry, pytest.raises(OSError, match="Bad file descriptor"):
        os.pwrite(entry.fd, b"x", 0)


@pytest.mark.parametrize("start_stop", [(1, BLOCK), (0, BLOCK - 1), (20 * BLOCK, SIZE + 1), (-BLOCK, 0)])
def test_parts_of_blocks_are_refused(cache, start_stop):
    start, stop = start_stop
    with cache.open(KEY, SIZE) as entry, pytest.raises(CacheError, match="no whole blocks"):
        entry.write(start, bytes(stop - start))


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "sha256:" + "a" * 63,
        "sha256:" + "A" * 64,
        "git:" + "a" * 64,
        "url:../../etc/passwd",
        "md5:" + "a" * 32,
        KEY + "\n",
        "sha256:" + "\u0660" * 64,
    ],
)
def test_a_key_of_any_other_form_is_refused(cache, bad):
    with pytest.raises(CacheError, match="no key"):
        cache.open(bad, 1)
    assert not cache.root.exists()


def test_a_size_that_no_file_has_is_refused(cache):
    for size in (-1, 2**63):
        with pytest.raises(CacheError, match="bytes long"):
            cache.open(KEY, size)


def test_an_entry_of_another_size_is_started_afresh_and_its_readers_go_on(cache):
    with cache.open(KEY, SIZE) as old:
        old.write(0, content()[:BLOCK])
        with cache.open(KEY, SIZE + 1) as new:
            assert new.held(everything(new)) == []
            new.write(0, bytes(BLOCK))
        assert read(old, Span(0, BLOCK)) == content()[:BLOCK]
    with cache.open(KEY, SIZE + 1) as again:
        assert again.held([Span(0, 1)]) == [Span(0, BLOCK)]


def paths(cache, which=KEY):
    name = hashlib.sha256(which.encode()).hexdigest()
    return cache.root / name[:2] / f"{name}.data", cache.root / name[:2] / f"{name}.sums"


def filled(cache, which=KEY, data=None):
    data = content() if data is None else data
    with cache.open(which, len(data)) as entry:
        entry.write(0, data)
    return paths(cache, which)


def flip(path, offset):
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)
        file.seek(offset)
        file.write(bytes([byte[0] ^ 1]))


def lacking(cache):
    with cache.open(KEY, SIZE) as entry:
        return entry.missing(everything(entry))


def test_a_flipped_byte_of_data_is_a_block_that_is_not_held(cache):
    data, _ = filled(cache)
    flip(data, 7 * BLOCK + 100)
    assert lacking(cache) == [Span(7 * BLOCK, 8 * BLOCK)]


def test_a_flipped_byte_of_a_checksum_is_a_block_that_is_not_held(cache):
    _, sums = filled(cache)
    flip(sums, HEADER + 7 * SUM)
    assert lacking(cache) == [Span(7 * BLOCK, 8 * BLOCK)]


def test_data_that_was_cut_off_is_not_held_and_can_be_written_again(cache):
    data, _ = filled(cache)
    os.truncate(data, 7 * BLOCK + 100)
    assert lacking(cache) == [Span(7 * BLOCK, SIZE)]
    filled(cache)
    assert lacking(cache) == []


def test_checksums_that_were_cut_off_or_zeroed_are_not_held(cache):
    _, sums = filled(cache)
    os.truncate(sums, HEADER + 3 * SUM + 5)
    assert lacking(cache) == [Span(3 * BLOCK, SIZE)]
    os.truncate(sums, 0)
    assert lacking(cache) == [Span(0, SIZE)]


def test_a_header_that_was_cut_off_or_bent_costs_the_entry_and_nothing_else(cache):
    for harm in (lambda path: os.truncate(path, 10), lambda path: flip(path, 3), lambda path: flip(path, 60)):
        _, sums = filled(cache)
        harm(sums)
        lacking(cache)
        filled(cache)
        assert lacking(cache) == []


def test_data_without_checksums_and_checksums_without_data_are_not_held(cache):
    data, sums = filled(cache)
    sums.unlink()
    assert lacking(cache) == [Span(0, SIZE)]
    filled(cache)
    data.unlink()
    assert lacking(cache) == [Span(0, SIZE)]


def test_a_block_in_anothers_place_is_not_held(cache):
    data, sums = filled(cache)
    with data.open("r+b") as file, sums.open("r+b") as checks:
        file.seek(BLOCK)
        file.write(content()[:BLOCK])
        checks.seek(HEADER)
        first = checks.read(SUM)
        checks.write(first)
    assert lacking(cache) == [Span(BLOCK, 2 * BLOCK)]


def test_discarded_blocks_are_held_no_longer(cache):
    filled(cache)
    with cache.open(KEY, SIZE) as entry:
        entry.discard([Span(BLOCK + 1, 3 * BLOCK)])
        assert entry.missing(everything(entry)) == [Span(BLOCK, 3 * BLOCK)]
    assert lacking(cache) == [Span(BLOCK, 3 * BLOCK)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_the_order_of_writes_what_is_held_is_right(tmp_path_factory, data):
    size = data.draw(st.integers(0, 9 * BLOCK + 5))
    right = content(size)
    cache = Cache(tmp_path_factory.mktemp("cache"), limit=1 << 30)
    span = st.tuples(st.integers(0, size), st.integers(0, size)).map(lambda ends: Span(min(ends), max(ends)))
    written = []
    for wanted in data.draw(st.lists(span, max_size=6)):
        with cache.open(KEY, size) as entry:
            whole = align(wanted, size)
            entry.write(whole.start, right[whole.start : whole.stop])
            written.append(whole)
    asked = data.draw(st.lists(span, max_size=4))
    with cache.open(KEY, size) as entry:
        held, missing = entry.held(asked), entry.missing(asked)
        for part in held:
            assert read(entry, part) == right[part.start : part.stop]
    blocks = merge(align(one, size) for one in asked)
    assert merge([*held, *missing]) == blocks
    assert missing == [gap for one in blocks for gap in subtract(one, merge(written))]


WRITER = """
import random, sys
from pathlib import Path
from crawler.cache import Cache
from scanners.source import Span
size, seed, turns = int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
data = random.Random(0).randbytes(size)
dice = random.Random(seed)
cache = Cache(Path(sys.argv[1]), limit=1 << 30)
print("ready", flush=True)
for turn in range(turns):
    with cache.open("sha256:" + "a" * 64, size) as entry:
        blocks = -(-size // 16384)
        first = dice.randrange(blocks)
        last = min(blocks, first + dice.randrange(1, 40))
        entry.write(first * 16384, data[first * 16384 : last * 16384])
        for span in entry.held([Span(0, size)]):
            assert b"".join(entry.pieces(span)) == data[span.start : span.stop], "a held block is wrong"
"""


def writer(cache, size, seed, turns):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(cache.root), str(size), str(seed), str(turns)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_writer_that_is_killed_leaves_nothing_that_is_held_and_wrong(cache):
    size = 400 * BLOCK + 77
    right = content(size)
    for turn in range(6):
        process = writer(cache, size, turn, 10**6)
        process.stdout.read(6)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01 * (turn + 1))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        with cache.open(KEY, size) as entry:
            held = entry.held(everything(entry))
            for span in held:
                assert b"".join(entry.pieces(span)) == right[span.start : span.stop]
    assert held


def test_two_processes_write_one_entry_at_once(cache):
    size = 60 * BLOCK + 77
    both = [writer(cache, size, seed, 60) for seed in (1, 2)]
    for process in both:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said.decode()
    right = content(size)
    with cache.open(KEY, size) as entry:
        held = entry.held(everything(entry))
        assert sum(span.length for span in held) > size // 2
        for span in held:
            assert read(entry, span) == right[span.start : span.stop]


def test_pruning_removes_what_was_opened_longest_ago(cache):
    for number in range(10):
        filled(cache, key(number), content(4 * BLOCK, number))
        os.utime(paths(cache, key(number))[1], (number, number))
        os.utime(paths(cache, key(number))[0], (number, number))
    cache.open(key(0), 4 * BLOCK).close()  # used again just now
    before = cache.info()
    assert before.entries == 10
    assert before.bytes >= 10 * 4 * BLOCK
    freed = cache.prune(before.bytes // 2)
    after = cache.info()
    assert freed == before.bytes - after.bytes
    assert after.bytes <= before.bytes // 2 * 0.9 + 5 * BLOCK
    left = [number for number in range(10) if paths(cache, key(number))[0].exists()]
    assert 0 in left
    assert left == [0, *range(10 - len(left) + 1, 10)]


def test_a_cache_within_its_limit_is_left_alone(cache):
    filled(cache)
    assert cache.prune() == 0
    assert lacking(cache) == []


def test_an_open_entry_outlives_pruning_and_clearing(cache):
    filled(cache, key(1))
    filled(cache, key(2))
    with cache.open(key(1), SIZE) as entry:
        assert cache.prune(0) > 0
        filled(cache, key(2))
        assert cache.clear() > 0
        assert entry.missing(everything(entry)) == []
        assert cache.info().entries == 1
    assert cache.clear() > 0
    assert cache.info().entries == 0


def test_a_reader_goes_on_when_another_process_prunes(cache):
    data, sums = filled(cache)
    with cache.open(KEY, SIZE) as entry:
        assert entry.missing(everything(entry)) == []
        data.unlink()
        sums.unlink()
        assert read(entry, Span(0, SIZE)) == content()
    assert lacking(cache) == [Span(0, SIZE)]


def test_the_limit_holds_without_being_asked_to(tmp_path):
    cache = Cache(tmp_path / "small", limit=40 * BLOCK)
    for number in range(40):
        filled(cache, key(number), content(4 * BLOCK, number))
    assert cache.info().bytes <= 40 * BLOCK + 8 * BLOCK


def test_clearing_removes_entries_and_nothing_else(cache):
    filled(cache)
    mine = [cache.root / "notes.txt", cache.root / "ab", cache.root / "ff" / "mine.data"]
    mine[1].mkdir(exist_ok=True)
    mine[2].parent.mkdir(exist_ok=True)
    mine[0].write_text("x")
    mine[2].write_text("x")
    cache.clear()
    assert all(path.exists() for path in mine)


def test_a_cache_that_does_not_exist_is_empty(cache):
    assert cache.info().entries == cache.info().bytes == cache.prune(0) == cache.clear() == 0


def test_only_the_owner_can_read_the_cache(cache):
    data, sums = filled(cache)
    for path in (data, sums, data.parent, cache.root):
        assert path.stat().st_mode & 0o077 == 0


def test_a_link_in_an_entrys_place_is_not_followed(cache, tmp_path):
    data, sums = filled(cache)
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    for path in (data, sums):
        path.unlink()
        path.symlink_to(victim)
        with pytest.raises(CacheError, match="cannot be used"):
            cache.open(KEY, SIZE)
        path.unlink()
    assert victim.read_bytes() == b"precious"


def test_a_full_disk_is_told_and_leaves_no_descriptor_behind(cache):
    before = len(list(Path("/dev/fd").iterdir()))
    with pytest.raises(DiskFullError, match="no room"), cache.open(KEY, 2**62) as entry:
        entry.write(2**62 - BLOCK, bytes(BLOCK))
    assert len(list(Path("/dev/fd").iterdir())) == before
    with pytest.raises(DiskFullError, match="audit cache prune"), touching(cache.root):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_root_that_is_a_file_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(CacheError, match="cannot be used"):
        Cache(tmp_path / "file", limit=1).open(KEY, 1)
