import hashlib
import threading
import time
import zlib

import httpx2
import pytest
from huggingface_hub.utils import parse_ratelimit_headers

from audit.demo.faults import Shape
from audit.demo.world import World
from tests.hub import get, one, repo, serve

CONFIG = b'{"model_type": "bert"}' * 20
WEIGHTS = bytes(range(256)) * 4000
FILES = {"config.json": CONFIG, "sub/model.bin": WEIGHTS, "sub/deep/notes.txt": b"hi", "empty.txt": b""}
PLAIN = {"Accept-Encoding": "identity"}


@pytest.fixture(scope="module")
def hub():
    with serve(repo("org/m0", FILES)) as running:
        yield running


@pytest.fixture
def client(hub):
    with httpx2.Client(base_url=hub.endpoint, headers=PLAIN) as session:
        hub.log.clear()
        yield session


def fetched(session, path, **headers):
    return session.get(path, headers=headers, follow_redirects=True)


def test_a_small_file_is_two_steps_away_on_the_same_origin(hub, client):
    first = client.head("/org/m0/resolve/main/config.json")
    assert first.status_code == 307
    assert first.headers["location"].startswith("/api/resolve-cache/models/org/m0/")
    oid = hashlib.sha1(b"blob %d\0" % len(CONFIG) + CONFIG).hexdigest()
    assert first.headers["etag"] == f'"{oid}"'
    assert first.headers["x-linked-size"] == str(len(CONFIG))
    last = client.get(first.headers["location"])
    assert (last.status_code, last.content, last.headers["etag"]) == (200, CONFIG, f'"{oid}"')


def test_a_large_file_is_on_the_cdn_under_another_hash(hub, client):
    first = client.head("/org/m0/resolve/main/sub/model.bin")
    sha256 = hashlib.sha256(WEIGHTS).hexdigest()
    assert (first.status_code, first.headers["x-linked-etag"]) == (302, f'"{sha256}"')
    assert first.headers["location"].startswith(hub.cdn)
    last = client.get(first.headers["location"])
    assert last.content == WEIGHTS
    assert last.headers["etag"].strip('"') not in {sha256, ""}
    assert "x-repo-commit" not in last.headers


RANGES = [
    ("bytes=0-9", slice(0, 10), "bytes 0-9/{size}"),
    ("bytes=5-", slice(5, None), "bytes 5-{last}/{size}"),
    ("bytes=-7", slice(-7, None), "bytes {tail}-{last}/{size}"),
    ("bytes=10-99999999", slice(10, None), "bytes 10-{last}/{size}"),
]


@pytest.mark.parametrize(("asked", "part", "expected"), RANGES)
@pytest.mark.parametrize(("path", "content"), [("config.json", CONFIG), ("sub/model.bin", WEIGHTS)])
def test_a_range_is_answered_exactly(client, path, content, asked, part, expected):
    response = fetched(client, f"/org/m0/resolve/main/{path}", Range=asked)
    size = len(content)
    assert (response.status_code, response.content) == (206, content[part])
    assert response.headers["content-range"] == expected.format(size=size, last=size - 1, tail=size - 7)


@pytest.mark.parametrize(
    ("path", "size"), [("config.json", len(CONFIG)), ("sub/model.bin", len(WEIGHTS)), ("empty.txt", 0)]
)
def test_a_range_past_the_end_is_416_and_says_the_size(client, path, size):
    response = fetched(client, f"/org/m0/resolve/main/{path}", Range=f"bytes={size}-")
    assert (response.status_code, response.content) == (416, b"")
    assert response.headers["content-range"] == f"bytes */{size}"


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "bytes=9-3", "lines=1-2", "bytes=-"])
def test_a_range_that_cannot_be_served_is_ignored(client, asked):
    response = fetched(client, "/org/m0/resolve/main/sub/model.bin", Range=asked)
    assert (response.status_code, len(response.content)) == (200, len(WEIGHTS))


def test_a_small_file_comes_packed_without_length_to_those_who_take_gzip(client):
    with client.stream(
        "GET", "/org/m0/resolve/main/config.json", headers={"Accept-Encoding": "gzip"}, follow_redirects=True
    ) as response:
        packed = b"".join(response.iter_raw())
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["etag"].startswith('W/"')
    assert "content-length" not in response.headers
    assert zlib.decompress(packed, 31) == CONFIG


def test_a_file_that_is_not_there_still_names_the_commit(client):
    response = client.get("/org/m0/resolve/main/nope.bin")
    assert (response.status_code, response.text, response.headers["x-error-code"]) == (
        404,
        "Entry not found",
        "EntryNotFound",
    )
    assert len(response.headers["x-repo-commit"]) == 40


def test_every_answer_of_the_hub_carries_its_quota_and_a_number_of_its_own(hub, client):
    answers = [
        client.get(path)
        for path in ("/api/models", "/api/models/org/none", "/org/m0/resolve/main/config.json", "/nothing")
    ]
    assert [answer.headers["ratelimit"].split(";")[0] for answer in answers] == [
        '"api"',
        '"api"',
        '"resolvers"',
        '"pages"',
    ]
    assert answers[0].headers["ratelimit-policy"] == '"fixed window";"api";q=100000;w=300'
    assert len({answer.headers["x-request-id"] for answer in answers}) == 4
    remaining = [int(answer.headers["ratelimit"].split(";")[1][2:]) for answer in answers[:2]]
    assert remaining[0] == remaining[1] + 1


def test_a_quota_ends_in_429_and_comes_back_with_the_next_window():
    quotas = (("api", 2), ("resolvers", 9), ("pages", 9))
    with serve(repo("org/m0", FILES), shape=Shape(quotas=quotas, window=600)) as hub:
        assert [get(hub, "/api/models").status_code for _ in range(3)] == [200, 200, 429]
        told = parse_ratelimit_headers(get(hub, "/api/models").headers)
        assert (told.resource_type, told.remaining, told.limit, told.window_seconds) == ("api", 0, 2, 600)
        assert 0 < told.reset_in_seconds <= 600
        assert get(hub, "/org/m0/resolve/main/config.json").status_code == 307
        hub.shape = Shape(quotas=quotas, window=0)
        assert get(hub, "/api/models").status_code == 200


def test_the_log_says_what_was_asked_and_what_was_sent(hub, client):
    fetched(client, "/org/m0/resolve/main/sub/model.bin", Range="bytes=0-99", Authorization="Bearer nobody")
    [refused] = hub.log.requests()
    assert (refused.status, refused.had_authorization) == (401, True)
    hub.log.clear()
    fetched(client, "/org/m0/resolve/main/sub/model.bin", Range="bytes=0-99")
    first, second = hub.log.requests()
    assert (first.origin, first.status, second.origin, second.status) == ("hub", 302, "cdn", 206)
    assert (second.method, second.range, second.bytes_sent, second.had_authorization) == (
        "GET",
        "bytes=0-99",
        100,
        False,
    )
    assert second.file == first.path == "/org/m0/resolve/main/sub/model.bin"
    assert (hub.log.count("cdn"), hub.log.bytes_sent("cdn")) == (1, 100)


def test_the_cdn_never_asks_for_a_token_and_a_client_never_takes_one_there():
    world = World((one("org/m0", FILES, private=True, access=frozenset({"hf_in"})),))
    with (
        serve(world) as hub,
        httpx2.Client(base_url=hub.endpoint, headers={**PLAIN, "Authorization": "Bearer hf_in"}) as session,
    ):
        assert fetched(session, "/org/m0/resolve/main/sub/model.bin").content == WEIGHTS
        assert [request.had_authorization for request in hub.log.requests()] == [True, False]


@pytest.mark.parametrize(
    "change", [("Signature=", "Signature=0"), ("Policy=", "Policy=e30"), ("/xet-bridge-us/", "/xet-bridge-eu/")]
)
def test_the_cdn_refuses_a_url_that_was_tampered_with(client, change):
    location = client.head("/org/m0/resolve/main/sub/model.bin").headers["location"]
    assert client.get(location.replace(*change)).status_code == 403
    assert client.get(location.partition("?")[0]).status_code == 403


def test_a_revoked_url_serves_no_more_and_a_new_one_does(hub, client):
    location = client.head("/org/m0/resolve/main/sub/model.bin").headers["location"]
    hub.revoke_urls()
    assert client.get(location).status_code == 403
    assert fetched(client, "/org/m0/resolve/main/sub/model.bin").status_code == 200


def test_a_known_etag_is_not_sent_again(client):
    etag = client.head("/org/m0/resolve/main/sub/model.bin").headers["x-linked-etag"]
    assert client.get("/org/m0/resolve/main/sub/model.bin", headers={"If-None-Match": etag}).status_code == 304


def test_latency_and_bandwidth_are_felt():
    with serve(repo("org/m0", {"a.bin": bytes(20_000)}), shape=Shape(latency=0.05)) as hub:
        start = time.monotonic()
        get(hub, "/api/models")
        assert time.monotonic() - start >= 0.05
        hub.shape = Shape(bandwidth=100_000, shared=True)
        start = time.monotonic()
        threads = [
            threading.Thread(target=get, args=(hub, "/org/m0/resolve/main/a.bin"), kwargs={"follow": True})
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.monotonic() - start >= 0.39


def test_a_hub_that_is_closed_frees_its_ports_at_once_and_leaves_no_thread():
    before = threading.active_count()
    start = time.monotonic()
    with serve(repo("org/m0", FILES)) as hub, httpx2.Client() as session:
        session.get(hub.endpoint + "/api/models")
    assert time.monotonic() - start < 5
    assert threading.active_count() == before
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(hub.endpoint + "/api/models")
