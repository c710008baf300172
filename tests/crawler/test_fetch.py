"""Files of the Hub, fetched into the cache by spans and whole."""

import hashlib
import os
import random
import time

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.demo.faults import Fault
from crawler.cache import Cache
from crawler.client import Client
from crawler.errors import (
    NetworkError,
    ServerError,
    WrongBytesError,
)
from crawler.fetch import Fetcher
from crawler.hub import Hub
from crawler.ranges import BLOCK, GAP, NEAR, SMALL
from crawler.repos import Repo, RepoFile
from scanners.source import Span, merge
from tests.crawler.conftest import IMPATIENT
from tests.crawler.plain_server import plain_server, ranged
from tests.crawler.reading import BIG, DATA, FAR, SMALL_DATA, TOKEN, WORLD, reader
from tests.hub import broken, repo, serve

pytestmark = pytest.mark.anyio


async def test_only_the_blocks_that_are_missing_are_read(client, cache):
    with serve(WORLD) as hub:
        files = await reader(client, cache, hub)
        fetched, parts = await files.read("big.bin", *FAR)
        assert parts == [DATA[span.start : span.stop] for span in FAR]
        assert fetched == 2 * BLOCK + BIG % BLOCK
        assert hub.log.bytes_sent("cdn") == fetched
        hub.log.clear()
        assert (await files.read("big.bin", *FAR))[0] == 0
        assert hub.log.count() == 0


async def test_near_spans_travel_together_and_far_ones_apart(client, cache):
    with serve(WORLD) as hub:
        files = await reader(client, cache, hub)
        near = [Span(0, 1), Span(BLOCK + NEAR - 1, BLOCK + NEAR)]
        await files.read("big.bin", *near, Span(2 * SMALL, 2 * SMALL + 1))
        assert [request.range for request in hub.log.requests("cdn")] == [
            f"bytes=0-{BLOCK + NEAR - 1}",
            f"bytes={2 * SMALL}-{2 * SMALL + BLOCK - 1}",
        ]


async def test_the_token_stays_at_the_hub_and_nothing_is_compressed(client, cache):
    world = repo("org/m0", {"big.bin": DATA, "config.json": SMALL_DATA}, private=True, access=frozenset({TOKEN}))
    with serve(world) as hub:
        files = await reader(client, cache, hub, TOKEN)
        await files.read("big.bin", *FAR)
        await files.read("config.json", Span(0, 10))
        seen = hub.log.requests()
        assert {request.had_authorization for request in seen if request.origin == "hub"} == {True}
        assert {request.had_authorization for request in seen if request.origin == "cdn"} == {False}
        assert {request.accept_encoding for request in seen} == {"identity"}


async def test_a_signed_address_is_asked_for_once(client, cache):
    with serve(WORLD) as hub:
        files = await reader(client, cache, hub)
        await files.read("big.bin", *FAR)
        await files.read("big.bin", Span(2 * SMALL, 2 * SMALL + 1))
        assert hub.log.count("hub") == 1
        assert hub.log.count("cdn") == 4


async def test_an_address_near_its_end_is_not_used_again(client, cache):
    with serve(WORLD, url_seconds=20.0) as hub:
        files = await reader(client, cache, hub)
        for start in (0, SMALL, 2 * SMALL):
            await files.read("big.bin", Span(start, start + 1))
        assert hub.log.count("hub") == 3


async def test_a_small_file_is_read_whole_and_checked(client, cache):
    with serve(WORLD) as hub:
        files = await reader(client, cache, hub)
        assert (await files.read("config.json", Span(0, 40_000)))[1] == [SMALL_DATA]
        assert hub.log.count("cdn") == 0
        assert hub.log.count("hub") == 2


def many(count=9):
    return {f"{number}.txt": b"%d" % number for number in range(count)}


async def read_all(read, files):
    async with anyio.create_task_group() as tasks:
        for path, data in files.items():
            tasks.start_soon(read.read, path, Span(0, len(data)))


async def test_where_files_of_git_are_sent_is_learned_from_one_and_the_others_cost_one_request_each(client, cache):
    with serve(repo("org/m0", many())) as hub:
        read = await reader(client, cache, hub)
        hub.log.clear()
        await read_all(read, many())
        paths = [request.path for request in hub.log.requests()]
    assert sum("/api/resolve-cache/" in path for path in paths) == len(many())
    assert len(paths) == len(many()) + 1


async def test_names_that_the_hub_may_write_otherwise_are_looked_up(client, cache):
    files = {f"ä {number}.txt": b"%d" % number for number in range(4)}
    with serve(repo("org/m0", files)) as hub:
        read = await reader(client, cache, hub)
        hub.log.clear()
        await read_all(read, files)
        assert hub.log.count() == 2 * len(files)


async def test_an_expected_address_that_is_refused_is_looked_up(client, cache):
    with serve(repo("org/m0", many()), Fault("error", path="/api/resolve-cache/*", skip=3, times=2, status=404)) as hub:
        read = await reader(client, cache, hub)
        await read_all(read, many())


async def test_a_hub_that_sends_nobody_on_is_asked_for_each_file_once(client, cache):
    with plain_server(ranged(b"a text")) as own:
        listed = Repo("org/m0", "org/m0", "model", "main", "c" * 40, ())
        digest = hashlib.sha1(b"blob 6\0a text").hexdigest()
        fetcher, hub = Fetcher(client), Hub(client, endpoint=own.url)
        for number in range(3):
            file = RepoFile(f"{number}.txt", 6, f"git:{digest}", lfs=False)
            with cache.open(f"url:{number}", 6) as entry:
                await fetcher.ensure(entry, hub.remote(listed, file), [Span(0, 6)])
        assert len(own.headers_seen("range")) == 3


async def test_an_empty_file_needs_no_request(client, cache):
    with serve(WORLD) as hub:
        files = await reader(client, cache, hub)
        for path in ("empty.txt", "empty.bin"):
            assert await files.read(path, Span(0, 0)) == (0, [b""])
        assert hub.log.count() == 0


async def test_requests_at_one_time_are_bounded(client, cache):
    with serve(WORLD) as hub:
        files = await reader(client, cache, hub)
        files.fetcher = Fetcher(client, concurrency=3)
        far = [Span(start, start + 1) for start in range(0, BIG, 2 * GAP)]
        assert len(far) > 20
        assert (await files.read("big.bin", *far))[1] == [DATA[span.start : span.stop] for span in far]
        assert hub.log.peak <= 3


async def test_many_readers_of_one_blob_get_the_same_bytes(client, cache):
    with serve(WORLD) as hub:
        files = await reader(client, cache, hub)
        dice = random.Random(3)

        async def one():
            start = dice.randrange(BIG - 1000)
            assert (await files.read("big.bin", Span(start, start + 1000)))[1] == [DATA[start : start + 1000]]

        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(one)


async def test_cancelling_keeps_what_arrived_and_leaves_the_client_usable(client, cache):
    with serve(WORLD) as hub:
        files = await reader(client, cache, hub)
        hub.faults = broken(Fault("stall", origin="cdn", at=1_000_000))
        with anyio.move_on_after(0.3) as scope:
            await files.read("big.bin", Span(0, BIG))
        assert scope.cancelled_caught
        hub.faults = broken()
        assert (await files.read("big.bin", Span(0, BIG)))[1] == [DATA]


span = st.tuples(st.integers(0, BIG), st.integers(0, 400_000)).map(lambda pair: Span(pair[0], min(BIG, sum(pair))))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=st.lists(st.lists(span, min_size=1, max_size=4), min_size=1, max_size=4), seed=st.integers(0, 1000))
def test_whatever_the_order_and_the_faults_the_bytes_are_the_originals(tmp_path_factory, rounds, seed):
    rates = {"error": 0.05, "reset": 0.05, "truncate": 0.05, "ignore_range": 0.05, "wrong_content_range": 0.05}

    async def check():
        cache = Cache(tmp_path_factory.mktemp("cache"), limit=1 << 30)
        async with Client(IMPATIENT) as client:
            files = await reader(client, cache, hub)
            hub.faults = broken(seed=seed, **rates)
            for spans in rounds:
                try:
                    parts = (await files.read("big.bin", *spans))[1]
                except (WrongBytesError, ServerError, NetworkError):
                    continue  # the dice fell on one side too often; what was read is checked below
                assert parts == [DATA[span.start : span.stop] for span in spans]
            with files.entry("big.bin") as entry:
                for held in entry.held([Span(0, BIG)]):
                    assert os.pread(entry.fd, held.length, held.start) == DATA[held.start : held.stop]
                assert merge(entry.held([Span(0, BIG)]) + entry.missing([Span(0, BIG)])) == [Span(0, BIG)]

    with serve(WORLD) as hub:
        anyio.run(check)


async def test_time_is_what_the_clock_says(client, cache):
    now = [time.time()]
    with serve(WORLD) as hub:
        files = await reader(client, cache, hub)
        files.fetcher = Fetcher(client, clock=lambda: now[0])
        await files.read("big.bin", Span(0, 1))
        now[0] += 3600 - 31
        await files.read("big.bin", FAR[1])
        assert hub.log.count("hub") == 1
        now[0] += 2
        await files.read("big.bin", FAR[2])
        assert hub.log.count("hub") == 2
