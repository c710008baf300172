import socket
import time
import zlib
from urllib.parse import urlsplit

import httpx2
import pytest

from audit.demo.blobs import SparseContent
from audit.demo.faults import KINDS, Dice, Fault, Faults
from audit.demo.log import Request
from audit.demo.world import World
from tests.hub import broken, one, repo, serve

WEIGHTS = bytes(range(256)) * 400
FILES = {"config.json": b"{}" * 50, "model.bin": WEIGHTS}
SMALL, LARGE = "/org/m0/resolve/main/config.json", "/org/m0/resolve/main/model.bin"
PLAIN = {"Accept-Encoding": "identity"}


@pytest.fixture(scope="module")
def shared():
    with (
        serve(repo("org/m0", FILES, {**FILES, "model.bin": b"newer"}, branches={"main": 0})) as hub,
        httpx2.Client(base_url=hub.endpoint, headers=PLAIN, follow_redirects=True) as session,
    ):
        yield hub, session, hub.world


@pytest.fixture
def hub(shared):
    running, _, world = shared
    running.world, running.faults = world, Faults()
    running.log.clear()
    return running


@pytest.fixture
def client(shared):
    return shared[1]


def raw(hub, url, **headers):
    """The bytes of an answer as they came from the socket, and how the connection ended."""
    parts = urlsplit(url)
    head = {"Host": parts.netloc, "Connection": "close", **PLAIN, **headers}
    with socket.create_connection((parts.hostname, parts.port), timeout=20) as connection:
        lines = [
            f"GET {parts.path}?{parts.query} HTTP/1.1",
            *(f"{name}: {value}" for name, value in head.items()),
            "",
            "",
        ]
        connection.sendall("\r\n".join(lines).encode())
        received = b""
        try:
            while data := connection.recv(65536):
                received += data
        except ConnectionResetError:
            return received, "reset"
    return received, "closed"


def body_of(received):
    return received.partition(b"\r\n\r\n")[2]


def signed(hub, client, path=LARGE, **headers):
    return client.get(path, headers=headers, follow_redirects=False).headers["location"]


@pytest.mark.parametrize(("kind", "ending"), [("reset", "reset"), ("truncate", "closed")])
@pytest.mark.parametrize("at", [None, 1, 70_000])
def test_a_body_ends_early_on_the_socket_itself(hub, client, kind, ending, at):
    url = signed(hub, client)
    hub.faults = broken(Fault(kind, at=at))
    received, end = raw(hub, url)
    assert f"content-length: {len(WEIGHTS)}".encode() in received.lower()
    assert end == ending
    assert body_of(received) == WEIGHTS[: len(WEIGHTS) // 2 if at is None else at]
    assert hub.log.requests("cdn")[-1].bytes_sent == len(body_of(received))


@pytest.mark.parametrize("kind", ["reset", "truncate"])
def test_a_client_sees_a_broken_body_as_a_broken_connection(hub, client, kind):
    hub.faults = broken(Fault(kind, origin="cdn", times=1))
    with pytest.raises(httpx2.TransportError):
        client.get(LARGE)
    assert client.get(LARGE).content == WEIGHTS
    assert [request.faults for request in hub.log.requests("cdn")] == [(kind,), ()]


def test_a_stalled_body_holds_until_the_client_leaves(hub, client):
    hub.faults = broken(Fault("stall", origin="cdn", at=10))
    with pytest.raises(httpx2.ReadTimeout):
        client.get(LARGE, timeout=1)
    assert hub.log.requests("cdn")[0].bytes_sent == 10


def test_a_hub_closes_while_a_body_is_stalled():
    start = time.monotonic()
    with (
        serve(repo("org/m0", FILES), Fault("stall", origin="cdn", at=10)) as hub,
        httpx2.Client(headers=PLAIN) as session,
        pytest.raises(httpx2.ReadTimeout),
    ):
        session.get(hub.endpoint + LARGE, follow_redirects=True, timeout=0.5)
    assert time.monotonic() - start < 5


def test_a_slow_body_takes_its_time(hub, client):
    hub.faults = broken(
        Fault("slow", origin="hub", path=SMALL.replace("/org/m0/resolve/main", "*"), bytes_per_second=500)
    )
    start = time.monotonic()
    assert client.get(SMALL).content == FILES["config.json"]
    assert time.monotonic() - start >= 0.19


@pytest.mark.parametrize("origin", ["hub", "cdn"])
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_origin_fails_with_a_page_of_html(hub, client, origin, status):
    hub.faults = broken(Fault("error", origin=origin, status=status, times=1))
    response = client.get(LARGE)
    assert (response.status_code, response.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert response.url.port == urlsplit(getattr(hub, {"hub": "endpoint", "cdn": "cdn"}[origin])).port
    assert client.get(LARGE).status_code == 200


def test_a_throttled_request_says_when_to_come_back(hub, client):
    hub.faults = broken(Fault("throttle", seconds=7, times=1))
    response = client.get("/api/models")
    assert (response.status_code, response.headers["ratelimit"]) == (429, '"api";r=0;t=7')
    assert client.get("/api/models").status_code == 200


@pytest.mark.parametrize("path", [SMALL, LARGE])
def test_an_ignored_range_gives_the_whole(hub, client, path):
    hub.faults = broken(ignore_range=1)
    response = client.get(path, headers={"Range": "bytes=3-9"})
    assert (response.status_code, response.content) == (200, FILES[path.rpartition("/")[2]])
    assert "content-range" not in response.headers
    assert hub.log.requests()[-1].range == "bytes=3-9"


def test_the_trap_closes_only_on_those_who_take_gzip(hub, client):
    hub.faults = broken(gzip_trap=1)
    asked = {"Range": "bytes=3-9"}
    assert client.get(LARGE, headers=asked).status_code == 206
    assert client.get(LARGE, headers={**asked, "Accept-Encoding": "gzip, deflate"}).status_code == 200


def test_a_range_comes_packed_although_it_should_not(hub, client):
    hub.faults = broken(gzip_range=1)
    received, _ = raw(hub, signed(hub, client), Range="bytes=0-99")
    assert b"content-encoding: gzip" in received.lower()
    response = client.get(LARGE, headers={"Range": "bytes=0-99"})
    assert (response.status_code, response.content) == (206, WEIGHTS[:100])
    with client.stream("GET", LARGE, headers={"Range": "bytes=0-99"}) as response:
        assert zlib.decompress(b"".join(response.iter_raw()), 31) == WEIGHTS[:100]


def test_a_content_range_is_wrong_or_missing(hub, client):
    hub.faults = broken(wrong_content_range=1)
    assert client.get(LARGE, headers={"Range": "bytes=0-99"}).headers["content-range"] == f"bytes 1-100/{len(WEIGHTS)}"
    hub.faults = broken(no_content_range=1)
    for asked, status in (("bytes=0-99", 206), (f"bytes={len(WEIGHTS)}-", 416)):
        response = client.get(LARGE, headers={"Range": asked})
        assert response.status_code == status
        assert "content-range" not in response.headers


def test_a_length_is_missing_and_the_body_is_whole(hub, client):
    hub.faults = broken(no_length=1)
    response = client.get(LARGE)
    assert response.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in response.headers
    assert response.content == WEIGHTS


def test_every_etag_is_weak(hub, client):
    hub.faults = broken(weak_etag=1)
    assert all(client.get(path).headers["etag"].startswith('W/"') for path in (SMALL, LARGE))


@pytest.mark.parametrize("path", ["/api/models", "/api/models/org/m0/tree/main"])
def test_a_cursor_leads_back_to_its_own_page(hub, client, path):
    hub.faults = broken(loop=1)
    first = client.get(path)
    second = client.get(first.links["next"]["url"])
    assert second.json() == first.json() != []
    assert second.links["next"]["url"] == first.links["next"]["url"]


def test_main_moves_between_one_request_and_the_next(hub, client):
    hub.faults = broken(Fault("push", method="HEAD", times=1))
    before = client.head(LARGE, follow_redirects=False).headers
    after = client.get(LARGE, follow_redirects=False).headers
    assert before["x-repo-commit"] != after["x-repo-commit"]
    assert client.get(before["location"]).content == WEIGHTS
    assert client.get(after["location"]).content == b"newer"


def test_a_signed_url_is_used_up_bound_or_expired(hub, client):
    hub.faults = broken(url_uses=1)
    url = signed(hub, client)
    assert [client.get(url).status_code for _ in range(2)] == [200, 403]
    hub.faults = broken(url_bound=True)
    url = signed(hub, client, Range="bytes=0-9")
    assert [
        client.get(url, headers=headers).status_code for headers in ({"Range": "bytes=0-9"}, {"Range": "bytes=0-8"}, {})
    ] == [206, 403, 403]
    hub.faults = broken(url_seconds=0)
    assert client.get(signed(hub, client)).status_code == 403
    hub.faults = broken(refuse=1)
    assert client.get(LARGE).status_code == 403


def test_a_fault_strikes_only_the_file_it_is_meant_for(hub, client):
    hub.world = World((one("org/m0", {"a.bin": b"a" * 9, "b.bin": b"b" * 9}),))
    hub.faults = broken(Fault("error", origin="cdn", path="*/b.bin"))
    assert [client.get(f"/org/m0/resolve/main/{name}").status_code for name in ("a.bin", "b.bin")] == [200, 503]


def test_a_client_that_hangs_up_is_not_sent_the_rest(hub, client):
    hub.world = repo("org/m0", {"big.bin": SparseContent(5 << 30)})
    with client.stream("GET", "/org/m0/resolve/main/big.bin") as response:
        assert len(next(response.iter_raw(1000))) == 1000
    deadline = time.monotonic() + 20
    while hub.log.under_way and time.monotonic() < deadline:
        time.sleep(0.002)
    assert not hub.log.under_way
    assert hub.log.bytes_sent("cdn") < 64 << 20


def request(path="/a", **fields):
    return Request(
        **{
            "origin": "hub",
            "method": "GET",
            "path": path,
            "query": "",
            "file": path,
            "range": None,
            "had_authorization": False,
            "accept_encoding": None,
            **fields,
        }
    )


def test_chance_depends_on_the_request_and_not_on_the_order():
    paths = [f"/{at}" for at in range(50)] * 2

    def struck(order):
        dice = Dice(Faults((Fault("error", 0.5),), seed=7))
        said = {}
        for path in order:
            said.setdefault(path, []).append(bool(dice.throw(request(path))))
        return said

    assert struck(paths) == struck(paths[:50] + paths[:50][::-1])
    strikes = sum(sum(times) for times in struck(paths).values())
    assert 25 < strikes < 75


def test_spared_and_limited_requests_are_counted_among_those_that_fit():
    dice = Dice(Faults((Fault("error", skip=1, times=2, origin="cdn"),)))
    assert not dice.throw(request())
    assert [bool(dice.throw(request(origin="cdn"))) for _ in range(5)] == [False, True, True, False, False]


def test_a_fault_that_does_not_exist_is_refused_by_name():
    with pytest.raises(ValueError, match="no such fault: explode"):
        broken(explode=1)


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_leaves_the_hub_standing(hub, client, kind):
    hub.faults = broken(Fault(kind, at=1, bytes_per_second=1e6))
    for path in ("/api/models", SMALL, LARGE):
        for method in ("GET", "HEAD"):
            try:
                headers = {"Range": "bytes=0-9", "Accept-Encoding": "gzip"}
                client.request(method, path, headers=headers, timeout=0.2 if kind == "stall" else 5)
            except httpx2.TransportError:
                assert kind in {"reset", "truncate", "stall"}
    hub.faults = Faults()
    assert client.get(LARGE).status_code == 200
