from contextlib import suppress

import anyio
import httpx2
import pytest

from audit.demo.faults import Shape
from crawler.client import HOPS, Client, Home, Settings
from crawler.errors import BadUrlError, NetworkError, OfflineError, WrongBytesError
from crawler.retry import Policy
from tests.crawler.plain_server import plain_server
from tests.hub import repo, serve

pytestmark = pytest.mark.anyio


def hello(_):
    return 200, {}, b"hello"


def to(location, status=302):
    return lambda _: (status, {"Location": location}, b"")


async def get(client, url, **more):
    async with client.open(url, **more) as answer:
        return answer.status, await answer.body(1000), answer.hops


async def test_a_token_is_for_the_hubs_own_origin_at_every_hop(client):
    with plain_server(hello) as cdn, plain_server(lambda _: None) as hub:

        def route(handler):
            if handler.path == "/a":
                return 307, {"Location": "/b?x=1"}, b""
            return 302, {"Location": f"{cdn.url}/c?Signature=s"}, b"moved"

        hub.answer = route
        home = Home(hub.url, "hf_secret")
        status, body, hops = await get(client, f"{hub.url}/a", home=home)
        assert (status, body) == (200, b"hello")
        assert hops == (f"{hub.url}/a", f"{hub.url}/b?x=1", f"{cdn.url}/c?Signature=s")
        assert hub.headers_seen("authorization") == ["Bearer hf_secret"] * 2
        assert cdn.headers_seen("authorization") == [None]
        assert "hf_secret" not in repr(home)
    assert client.requests == 3


@pytest.mark.parametrize(
    "url",
    [
        "https://hub.example:8443/x",
        "http://hub.example/x",
        "https://hub.example.evil.net/x",
        "https://evil.net/https://hub.example/x",
        "https://hub.example@evil.net/x",
        "https://evil.net:443@hub.example:444/x",
        "https://hub.example\\@evil.net/x",
        "https://evil.net\\@hub.example/x",
        "https://evil.net/\\@hub.example/x",
    ],
)
async def test_another_port_scheme_or_host_is_another_origin(url):
    home = Home("https://hub.example", "hf_secret")
    try:
        sent_to = httpx2.Request("GET", url, headers=home.headers(url)).url
    except BadUrlError:
        return
    assert not (home.headers(url) and sent_to.host != "hub.example")


async def test_the_hubs_own_origin_is_known_in_any_spelling():
    home = Home("https://Hub.example", "hf_secret")
    for url in ("https://hub.example/x", "https://hub.example:443/x", "https://HUB.EXAMPLE/x"):
        assert home.headers(url) == {"Authorization": "Bearer hf_secret"}


async def test_a_redirect_back_to_the_hub_may_carry_the_token_again(client):
    with plain_server(hello) as hub:
        with plain_server(to(f"{hub.url}/end")) as other:
            await get(client, f"{other.url}/start", home=Home(hub.url, "hf_secret"))
            assert other.headers_seen("authorization") == [None]
        assert hub.headers_seen("authorization") == ["Bearer hf_secret"]


async def test_no_request_asks_for_compression_and_each_says_who_asks(client):
    with plain_server(hello) as server, plain_server(to(server.url + "/end")) as first:
        await get(client, first.url)
        seen = first.seen + server.seen
    for _, headers in seen:
        assert headers.get_all("accept-encoding") == ["identity"]
        assert headers["user-agent"].startswith("hub-audit/")
        assert headers.get("cookie") is None


async def test_cookies_are_not_kept(client):
    with plain_server(lambda _: (200, {"Set-Cookie": "who=you"}, b"")) as server:
        await get(client, server.url)
        await get(client, server.url)
        assert server.headers_seen("cookie") == [None, None]


async def test_connections_are_used_again_after_redirects_as_well(client):
    ports = set()

    def answer(handler):
        ports.add(handler.client_address)
        return to("/end")(handler) if handler.path != "/end" else hello(handler)

    with plain_server(answer) as server:
        for _ in range(5):
            await get(client, server.url + "/start")
        assert len(server.seen) == 10
    assert len(ports) == 1
    assert client.requests == 10
    assert client.received == 25


async def test_redirects_that_do_not_end_are_an_error(client):
    with plain_server(to("/again")) as server:
        with pytest.raises(BadUrlError, match="redirects more than 5 times"):
            await get(client, server.url)
        assert len(server.seen) == HOPS + 1


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://x/y", "gopher://x", "javascript:1", "http://[bad/"])
async def test_a_redirect_to_another_scheme_is_refused(client, location):
    with plain_server(to(location)) as server, pytest.raises(BadUrlError):
        await get(client, server.url)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://x/y", "nonsense", "http://", "http://[bad/", "http://a b/"]
)
async def test_an_address_that_is_not_http_is_refused(client, url):
    with pytest.raises(BadUrlError):
        await get(client, url)


async def test_a_body_longer_than_the_caller_allows_is_cut_off(client):
    with (
        plain_server(lambda _: (200, {}, bytes(5000))) as server,
        pytest.raises(WrongBytesError, match="more than 1000"),
    ):
        await get(client, server.url)


async def test_a_silent_server_is_given_up():
    release = anyio.Event()

    async def silent(stream):
        async with stream:
            await release.wait()

    async with Client(Settings(connect=1.0, read=0.05)) as client, anyio.create_task_group() as tasks:
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        tasks.start_soon(listener.serve, silent)
        with pytest.raises(NetworkError, match="did not answer in time"):
            await get(client, f"http://127.0.0.1:{port}/")
        release.set()
        tasks.cancel_scope.cancel()
    await listener.aclose()


async def test_a_trickle_is_given_up():
    async def trickle(stream):
        async with stream:
            await stream.receive()
            await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while True:
                await stream.send(b"x")
                await anyio.sleep(0.01)

    async def quietly(stream):
        with suppress(anyio.BrokenResourceError):
            await trickle(stream)

    async with Client(Settings(read=5.0, grace=0.2, slowest=10**9)) as client, anyio.create_task_group() as tasks:
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        tasks.start_soon(listener.serve, quietly)
        with pytest.raises(NetworkError, match="too slowly"):
            await get(client, f"http://127.0.0.1:{port}/")
        tasks.cancel_scope.cancel()
    await listener.aclose()


async def test_a_proxy_of_the_environment_is_used(monkeypatch):
    with plain_server(hello) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        async with Client(Settings(retry=Policy(attempts=1))) as client:
            assert (await get(client, "http://hub.invalid/x"))[1] == b"hello"
        assert proxy.seen[0][0] == "http://hub.invalid/x"


async def test_offline_forbids_the_hub_and_not_plain_addresses(client, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "true")
    with plain_server(hello) as server:
        assert (await get(client, server.url))[0] == 200
        with pytest.raises(OfflineError):
            await get(client, server.url, home=Home(server.url, None))


async def test_a_host_is_asked_so_many_things_at_a_time_and_redirects_on_it_do_not_wait_for_themselves():
    files = {f"{n}.json": b"{}" for n in range(12)}
    with serve(repo("org/m0", files), shape=Shape(latency=0.05)) as hub:
        async with Client(Settings(per_host=2)) as client:

            async def read(name):
                async with client.open(f"{hub.endpoint}/org/m0/resolve/main/{name}") as answer:
                    assert await answer.body(100) == b"{}"

            with anyio.fail_after(20):
                async with anyio.create_task_group() as reading:
                    for name in files:
                        reading.start_soon(read, name)
        assert hub.log.count() == 24
        assert hub.log.peak == 2
