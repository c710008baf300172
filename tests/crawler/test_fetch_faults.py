"""What goes wrong while a file is fetched: refused signatures, lies, breaks, other content; and what is told of it."""

import hashlib

import anyio
import pytest

from audit.demo.faults import Fault
from audit.demo.world import World
from crawler.errors import (
    DisabledError,
    ForbiddenError,
    GatedError,
    NetworkError,
    RemoteFileError,
    ServerError,
    ThrottledError,
    WrongBytesError,
)
from crawler.fetch import Fetcher
from crawler.hub import Hub
from crawler.ranges import SMALL
from crawler.remote import Remote
from crawler.repos import Repo, RepoFile
from scanners.source import Span
from tests.crawler.conftest import IMPATIENT
from tests.crawler.plain_server import plain_server, ranged
from tests.crawler.reading import BIG, DATA, FAR, SMALL_DATA, WORLD, reader
from tests.hub import broken, repo, serve

pytestmark = pytest.mark.anyio


async def test_a_refused_signature_is_replaced_once(client, cache):
    with serve(WORLD) as hub:
        files = await reader(client, cache, hub)
        await files.read("big.bin", Span(0, 1))
        hub.revoke_urls()
        hub.log.clear()
        assert (await files.read("big.bin", FAR[1]))[1] == [DATA[SMALL : SMALL + 5]]
        assert [request.origin for request in hub.log.requests()] == ["cdn", "hub", "cdn"]


async def test_signatures_that_bind_the_range_or_serve_once_are_lived_with(client, cache):
    for kind in ({"url_bound": True}, {"url_uses": 1}):
        cache.clear()
        with serve(WORLD, **kind) as hub:
            files = await reader(client, cache, hub)
            assert (await files.read("big.bin", *FAR))[1] == [DATA[span.start : span.stop] for span in FAR]


async def test_a_signature_that_is_refused_again_and_again_is_told(client, cache):
    with serve(WORLD, Fault("refuse", origin="cdn")) as hub:
        files = await reader(client, cache, hub)
        with pytest.raises(ForbiddenError, match="refuses access"):
            await files.read("big.bin", Span(0, 1))
        assert hub.log.count() == 4


@pytest.mark.parametrize("kind", ["ignore_range", "wrong_content_range", "no_content_range", "gzip_range"])
async def test_a_lie_about_a_range_is_refused_and_told_when_it_lasts(client, cache, kind):
    with serve(WORLD, Fault(kind, origin="cdn")) as hub:
        files = await reader(client, cache, hub)
        with pytest.raises(WrongBytesError, match=r"org/m0/big\.bin"):
            await files.read("big.bin", Span(SMALL, SMALL + 5))
        with files.entry("big.bin") as entry:
            assert entry.held([Span(0, BIG)]) == []
        assert hub.log.count("cdn") == 3


@pytest.mark.parametrize(
    "fault",
    [
        Fault("ignore_range", times=2),
        Fault("wrong_content_range", times=2),
        Fault("gzip_range", times=2),
        Fault("reset", times=3, at=5000),
        Fault("truncate", times=3, at=5000),
        Fault("error", times=3, status=500),
        Fault("error", times=1, status=504, origin="cdn"),
        Fault("throttle", times=1, seconds=0),
        Fault("no_length", origin="cdn"),
        Fault("weak_etag"),
        Fault("gzip_trap"),
    ],
    ids=lambda fault: fault.kind,
)
async def test_faults_that_pass_are_overcome(client, cache, fault):
    with serve(WORLD) as hub:
        files = await reader(client, cache, hub)
        hub.faults = broken(fault)
        assert (await files.read("big.bin", Span(SMALL - 5, SMALL + 300_000)))[1] == [DATA[SMALL - 5 : SMALL + 300_000]]
        assert (await files.read("config.json", Span(5, 10)))[1] == [SMALL_DATA[5:10]]


async def test_what_arrived_before_a_break_is_not_asked_for_again(client, cache):
    with serve(WORLD) as hub:
        files = await reader(client, cache, hub)
        hub.faults = broken(Fault("reset", origin="cdn", at=1_000_000, times=2))
        fetched, [data] = await files.read("big.bin", Span(0, BIG))
        assert data == DATA
        assert fetched == BIG
        starts = [int(request.range.removeprefix("bytes=").split("-")[0]) for request in hub.log.requests("cdn")]
        assert starts == sorted(starts)
        assert starts[1] > 0


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("error", status=503), ServerError),
        (Fault("reset", at=0), NetworkError),
        (Fault("truncate", at=100), NetworkError),
        (Fault("throttle", seconds=400), ThrottledError),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
async def test_faults_that_last_are_told_in_bounded_time(client, cache, fault, kind):
    with serve(WORLD) as hub:
        files = await reader(client, cache, hub)
        hub.faults = broken(fault)
        with anyio.fail_after(10), pytest.raises(kind) as caught:
            await files.read("big.bin", Span(0, 1), FAR[1])
        assert "\n" not in str(caught.value)
        assert hub.log.count() <= 2 * IMPATIENT.retry.attempts + 2


@pytest.mark.parametrize(
    ("fields", "token", "kind"),
    [
        ({"gated": "manual"}, False, GatedError),
        ({"gated": "auto"}, "hf_other", GatedError),
        ({"disabled": True}, False, DisabledError),
    ],
)
async def test_the_hubs_refusals_have_their_own_errors(client, cache, fields, token, kind):
    with serve(WORLD) as hub:
        files = await reader(client, cache, hub, token=False)
        hub.world = World(
            repo("org/m0", {"big.bin": DATA, "config.json": SMALL_DATA}, **fields).repos, tokens={"hf_other": "other"}
        )
        commit = hub.world.repo("org/m0").commit_ids[-1]
        home = Hub(client, endpoint=hub.endpoint, token=token).home
        url = f"{hub.endpoint}/org/m0/resolve/{commit}/big.bin"
        with files.entry("big.bin") as entry, pytest.raises(kind, match=r"org/m0/big\.bin"):
            await files.fetcher.ensure(entry, Remote(url, BIG, home, "org/m0/big.bin"), [Span(0, 1)])
        assert hub.log.count() == 1


async def test_a_file_that_is_not_there_is_told_at_once(client, cache):
    with serve(WORLD) as hub:
        files = await reader(client, cache, hub)
        listed = Repo(
            "org/m0", "org/m0", "model", "main", files.repo.commit, (RepoFile("no.bin", 9, "git:" + "0" * 40, False),)
        )
        with files.cache.open("git:" + "0" * 40, 9) as entry, pytest.raises(RemoteFileError, match=r"no\.bin"):
            await files.fetcher.ensure(entry, files.hub.file(listed, "no.bin"), [Span(0, 9)])
        assert hub.log.count() == 1


async def test_a_small_file_of_another_content_is_refused(client, cache):
    with plain_server(ranged(b"other content")) as server, cache.open("git:" + "0" * 40, 13) as entry:
        with pytest.raises(WrongBytesError, match="another content"):
            await Fetcher(client).ensure(entry, Remote(server.url, 13), [Span(0, 13)])
        assert entry.held([Span(0, 13)]) == []


async def test_a_server_that_sends_more_than_it_said_is_refused_and_leaves_nothing(client, cache):
    size = 2 * SMALL

    def answer(handler):
        return 206, {"Content-Range": f"bytes 0-{size - 1}/{size}", "Content-Length": None}, bytes(size + 1)

    with plain_server(answer) as server, cache.open("url:00", size) as entry:
        with pytest.raises(WrongBytesError, match="sent more"):
            await Fetcher(client).ensure(entry, Remote(server.url, size), [Span(0, size)])
        assert entry.held([Span(0, size)]) == []


async def test_a_whole_file_is_read_hashed_and_kept(client, cache):
    with serve(WORLD) as hub:
        files = await reader(client, cache, hub)
        for path, data in (("big.bin", DATA), ("config.json", SMALL_DATA), ("empty.txt", b"")):
            with files.entry(path) as entry:
                digests = await files.fetcher.whole(entry, files.hub.file(files.repo, path))
                assert digests.sha256 == hashlib.sha256(data).hexdigest()
                assert digests.git == hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
                assert digests.fit(entry.key)
                assert entry.missing([Span(0, entry.size)]) == []


async def test_a_whole_file_of_another_content_is_told_and_not_kept(client, cache):
    with plain_server(ranged(DATA)) as server, cache.open("sha256:" + "0" * 64, BIG) as entry:
        digests = await Fetcher(client).whole(entry, Remote(server.url, BIG))
        assert not digests.fit(entry.key)
        assert entry.held([Span(0, BIG)]) == []
