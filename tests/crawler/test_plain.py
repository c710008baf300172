import hashlib
import os
import random

import pytest

from crawler.errors import (
    BadUrlError,
    ForbiddenError,
    NetworkError,
    RemoteFileError,
    ServerError,
    TooLongError,
    WrongBytesError,
)
from crawler.fetch import Fetcher
from crawler.plain import download, probe
from crawler.ranges import SMALL
from scanners.source import Span
from tests.crawler.plain_server import plain_server, ranged

pytestmark = pytest.mark.anyio

DATA = random.Random(5).randbytes(3 * SMALL + 5)
TAGGED = {"ETag": '"v1"'}


async def whole(client, cache, file, limit=10 * SMALL):
    with await download(client, file, cache, limit=limit) as entry:
        assert entry.missing([Span(0, entry.size)]) == []
        return entry.key, os.pread(entry.fd, entry.size + 1, 0)


async def test_a_server_with_ranges_is_read_in_ranges(client, cache):
    with plain_server(ranged(DATA, **TAGGED)) as server:
        file = await probe(client, server.url + "/models/check%20point.pth?download=1")
        assert (file.size, file.ranged, file.etag, file.name) == (len(DATA), True, '"v1"', "check point.pth")
        with cache.open(file.key, file.size) as entry:
            span = Span(2 * SMALL, 2 * SMALL + 10)
            await Fetcher(client).ensure(entry, file.remote, [span])
            assert os.pread(entry.fd, 10, span.start) == DATA[span.start : span.stop]
        assert client.received < 100_000


async def test_no_token_is_sent_to_a_plain_address(client, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with plain_server(ranged(DATA)) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        await probe(client, server.url)
        assert server.headers_seen("authorization") == [None]


async def test_a_server_without_ranges_is_read_whole(client, cache):
    with plain_server(lambda _: (200, TAGGED, DATA)) as server:
        file = await probe(client, server.url + "/a.bin")
        assert (file.size, file.ranged) == (len(DATA), False)
        key, data = await whole(client, cache, file)
    assert data == DATA
    assert key == "sha256:" + hashlib.sha256(DATA).hexdigest()


async def test_a_server_that_does_not_say_the_length_is_read_whole(client, cache):
    with plain_server(lambda _: (200, {"Content-Length": None}, DATA)) as server:
        file = await probe(client, server.url)
        assert (file.size, file.ranged, file.name) == (None, False, "index")
        assert (await whole(client, cache, file))[1] == DATA


@pytest.mark.parametrize("headers", [{}, {"Content-Length": None}])
async def test_a_file_longer_than_allowed_is_cut_off(client, cache, headers):
    with plain_server(lambda _: (200, headers, DATA)) as server:
        file = await probe(client, server.url)
        with pytest.raises(TooLongError, match="longer than"):
            await download(client, file, cache, limit=SMALL)
    assert cache.info().entries == 0
    assert list(cache.root.iterdir()) == [] if cache.root.exists() else True


async def test_a_body_that_breaks_off_is_asked_for_again(client, cache):
    turns = []

    def answer(handler):
        turns.append(handler.path)
        if len(turns) in {2, 3}:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(DATA) + DATA[:5000])
            handler.close_connection = True
            return None
        return 200, {}, DATA

    with plain_server(answer) as server:
        file = await probe(client, server.url)
        assert (await whole(client, cache, file))[1] == DATA
    assert len(turns) == 4


async def test_an_empty_file_is_a_file(client, cache):
    for answer in (ranged(b""), lambda _: (200, {}, b"")):
        with plain_server(answer) as server:
            file = await probe(client, server.url + "/empty.bin")
            assert (file.size, file.ranged) == (0, False)
            assert (await whole(client, cache, file))[1] == b""


async def test_redirects_are_followed_and_the_name_is_the_one_asked_for(client):
    with plain_server(ranged(DATA)) as end, plain_server(lambda _: None) as start:
        start.answer = lambda _: (302, {"Location": end.url + "/x/y?sig=1"}, b"")
        file = await probe(client, start.url + "/model.pt")
        assert file.final_url == end.url + "/x/y?sig=1"
        assert file.name == "model.pt"
        assert file.size == len(DATA)


async def test_a_file_that_changes_while_it_is_read_is_refused(client, cache):
    tags = iter(['"v1"', '"v2"', '"v2"', '"v2"'])

    def changing(handler):
        return ranged(DATA, ETag=next(tags))(handler)

    with plain_server(changing) as server:
        file = await probe(client, server.url)
        with cache.open(file.key, file.size) as entry, pytest.raises(WrongBytesError, match="changed"):
            await Fetcher(client).ensure(entry, file.remote, [Span(0, 1)])


async def test_the_key_is_of_the_version_and_without_one_of_this_reading_alone(client):
    with plain_server(ranged(DATA, **TAGGED)) as server:
        first, second = await probe(client, server.url), await probe(client, server.url)
        assert first.key == second.key
        assert (await probe(client, server.url + "/other")).key != first.key
        server.answer = ranged(DATA, ETag='"v2"')
        assert (await probe(client, server.url)).key != first.key
        server.answer = ranged(DATA)
        assert (await probe(client, server.url)).key != (await probe(client, server.url)).key


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (404, {}, RemoteFileError),
        (410, {}, RemoteFileError),
        (401, {}, ForbiddenError),
        (403, {}, ForbiddenError),
        (500, {}, ServerError),
        (206, {"Content-Range": "bytes 5-5/100"}, WrongBytesError),
        (206, {}, WrongBytesError),
        (200, {"Content-Encoding": "gzip"}, WrongBytesError),
        (302, {"Location": "file:///etc/passwd"}, BadUrlError),
    ],
)
async def test_each_refusal_has_its_error(client, status, headers, kind):
    with plain_server(lambda _: (status, headers, b"x")) as server, pytest.raises(kind) as caught:
        await probe(client, server.url + "/secret?token=abc")
    assert "abc" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["", "x", "ftp://host/x", "file:///etc/passwd", "http:///x", "http://ho st/x", "https://host/\n", "http://[bad"],
)
async def test_what_is_not_an_address_is_refused(client, url):
    with pytest.raises(BadUrlError, match="not an http or https address"):
        await probe(client, url)
    assert client.requests == 0


async def test_a_server_that_is_not_there_is_told(client):
    with pytest.raises(NetworkError, match="cannot be reached"):
        await probe(client, "http://127.0.0.1:9/x")
