"""The one HTTP client: every byte of the crawler's traffic passes `Client.open`.

Rule 1: redirects are followed by hand, hop by hop, and a `Home`'s token goes to the home's own origin only.
Rule 2: every request says `Accept-Encoding: identity`, and nothing is ever decompressed here.
Rule 3: every hop is counted, and what it says about quotas is noted.
"""

from __future__ import annotations

import os
import re
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import anyio
import msgspec

from crawler import limits
from crawler.errors import (
    BadUrlError,
    NetworkError,
    WrongBytesError,
    clipped,
    network,
    of_status,
    offline,
    shown,
)
from crawler.ranges import encoded
from crawler.retry import Policy, persist

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping
    from types import TracebackType

    import httpx2

HOPS = 5
"""Redirects followed for one request; the Hub needs two, for a renamed repo's small file three."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PORTS = {"http": 80, "https": 443}
_TRUE = frozenset({"1", "ON", "YES", "TRUE"})  # what huggingface_hub takes for true

_HOST = re.compile(rb"[A-Za-z0-9_.\-]+|[0-9A-Fa-f:.]+")

Origin = tuple[str, bytes, int]
"""Scheme, host, port."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the client behaves; times in seconds."""

    connect: float = 10.0
    read: float = 30.0
    """Silence after which a server is given up."""
    grace: float = 60.0
    """Time that any answer may take, however short."""
    slowest: int = 8_192
    """Bytes a second that an answer must reach beyond that: a trickle is a failure as well."""
    connections: int = 32
    per_host: int = 16
    """Requests to one host at a time: the Hub, its storage servers and others each have their own."""
    share: float = 1.0
    """Of the Hub's quotas, what is used."""
    retry: Policy = Policy()


class Home:
    """The Hub's own origin, and the token that it alone may see."""

    def __init__(self, endpoint: str, token: str | None) -> None:
        self.endpoint = endpoint
        self.origin = origin(endpoint)
        self._token = token

    def __repr__(self) -> str:
        return f"Home({shown(self.endpoint)!r}, {'with' if self._token else 'without'} a token)"

    def owns(self, url: str) -> bool:
        """Whether `url` is at the Hub's own origin."""
        return origin(url) == self.origin

    def headers(self, url: str) -> dict[str, str]:
        """What a request for `url` carries: the token at the Hub's own origin, nothing elsewhere."""
        return {"Authorization": f"Bearer {self._token}"} if self._token and self.owns(url) else {}


class Answer:
    """The last hop's answer: its status and headers, and its body as it comes."""

    def __init__(self, client: Client, response: httpx2.Response, hops: tuple[str, ...]) -> None:
        self._client, self._response = client, response
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.hops = hops
        """The addresses asked, in order: the last one answered."""

    @property
    def url(self) -> str:
        """The address that answered."""
        return self.hops[-1]

    async def chunks(self) -> AsyncGenerator[bytes]:
        """The body as sent, piece by piece."""
        with network(self.url):
            async with _raw(self._response) as body:
                async for chunk in body:
                    self._client.received += len(chunk)
                    yield chunk

    async def body(self, limit: int) -> bytes:
        """The whole body, which must not be longer than `limit` bytes."""
        data = bytearray()
        async with aclosing(self.chunks()) as chunks:
            async for chunk in chunks:
                data += chunk
                if len(data) > limit:
                    raise WrongBytesError(f"{shown(self.url)} answers more than {limit} bytes")
        return bytes(data)


class Client:
    """A pool of connections, shared by the listing and the reading; an async context manager."""

    def __init__(self, settings: Settings | None = None, limiter: limits.Limiter | None = None) -> None:
        self.settings = settings or Settings()
        self.limiter = limiter or limits.Limiter(longest=self.settings.retry.total, share=self.settings.share)
        self.requests = 0
        """Requests sent, redirects among them."""
        self.received = 0
        """Bytes of bodies received."""
        self._hosts: dict[Origin, anyio.Semaphore] = {}
        self._open = False
        self._http: httpx2.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        self._open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    def _connections(self) -> httpx2.AsyncClient:
        """The pool itself, made for the first request: a run that makes none does without its library."""
        assert self._open, "the client is used inside its context"
        if self._http is None:
            import httpx2  # noqa: PLC0415 - heavy

            with network("the proxy"):
                self._http = httpx2.AsyncClient(
                    follow_redirects=False,
                    timeout=httpx2.Timeout(self.settings.read, connect=self.settings.connect, pool=None),
                    limits=httpx2.Limits(
                        max_connections=self.settings.connections,
                        max_keepalive_connections=self.settings.connections,
                        keepalive_expiry=30.0,
                    ),
                )
        return self._http

    @asynccontextmanager
    async def open(
        self,
        url: str,
        *,
        home: Home | None = None,
        headers: Mapping[str, str] | None = None,
        length: int = 0,
        form: bytes | None = None,
    ) -> AsyncIterator[Answer]:
        """The answer to a GET of `url`, after its redirects, whatever its status.

        `home` marks a request to the Hub; `length` is the number of bytes expected, which the time allowed grows
        with; `form` is posted instead, to the Hub's own origin only. Raises `NetworkError`, `BadUrlError`,
        `OfflineError`, `ThrottledError`.
        """
        if home is not None and offline_mode():
            raise offline(clipped(urlsplit(url).path.lstrip("/")))
        hops: list[str] = []
        async with AsyncExitStack() as stack:
            response = await self._hop(url, home, headers or {}, stack, form)
            hops.append(str(response.request.url))
            while response.status_code in _REDIRECTS and "location" in response.headers:
                if len(hops) > HOPS:
                    raise BadUrlError(f"{shown(url)} redirects more than {HOPS} times")
                target = _follow(hops[-1], response.headers["location"])
                # A redirect's short body is read, so that its connection serves again; then its host is let go, since
                # those who hold one host while they wait for another could all wait for each other.
                await self._drain(response)
                await stack.aclose()
                response = await self._hop(target, home, headers or {}, stack, form)
                hops.append(str(response.request.url))
            try:
                with anyio.fail_after(self.settings.grace + length / self.settings.slowest):
                    yield Answer(self, response, tuple(hops))
            except TimeoutError as error:
                raise NetworkError(f"{shown(hops[-1])} answers too slowly; try again") from error

    async def fetch(
        self, url: str, *, home: Home, headers: Mapping[str, str], limit: int, form: bytes | None = None
    ) -> httpx2.Response:
        """A whole answer of the Hub's API, after as many attempts as the policy allows, whatever its status."""
        import httpx2  # noqa: PLC0415 - heavy

        async def once() -> httpx2.Response:
            async with self.open(url, home=home, headers=headers, form=form) as answer:
                if encoded(answer.headers):
                    raise WrongBytesError(f"{shown(url)} is compressed, which nobody asked for; is a proxy between?")
                if answer.status in {408, 429} or answer.status >= 500:
                    wait = limits.retry_after(answer.status, answer.headers)
                    raise of_status(answer.status, answer.url, answer.headers, wait=wait)
                return httpx2.Response(
                    answer.status,
                    headers=dict(answer.headers),
                    content=await answer.body(limit),
                    request=httpx2.Request("GET", answer.url),
                )

        return await persist(once, self.settings.retry)

    async def _hop(
        self,
        url: str,
        home: Home | None,
        headers: Mapping[str, str],
        stack: AsyncExitStack,
        form: bytes | None,
    ) -> httpx2.Response:
        """One request; the response is closed with the stack."""
        import httpx2  # noqa: PLC0415 - heavy

        connections = self._connections()
        if home is not None and home.owns(url):
            await self.limiter.ready(limits.bucket(url))
        own = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": _agent()}
        credentials = {} if home is None else home.headers(url)
        posted = form is not None and home is not None and home.owns(url)
        request = httpx2.Request(
            "POST" if posted else "GET",
            address(url),
            headers={**own, **headers, **credentials},
            content=form if posted else None,
        )
        await stack.enter_async_context(self._host(url))
        with network(url):
            self.requests += 1
            response = await connections.send(request, stream=True)
        stack.push_async_callback(response.aclose)
        if home is not None and home.owns(url):
            self.limiter.note(response.headers, response.status_code)
        return response

    def _host(self, url: str) -> anyio.Semaphore:
        return self._hosts.setdefault(origin(url), anyio.Semaphore(self.settings.per_host))

    async def _drain(self, response: httpx2.Response, limit: int = 65_536) -> None:
        with network(str(response.request.url)):
            async with _raw(response) as body:
                async for chunk in body:
                    limit -= len(chunk)
                    if limit < 0:
                        break


def _raw(response: httpx2.Response) -> aclosing[AsyncGenerator[bytes]]:
    """The body as sent, closed where it is left and not when it is collected, which its connection would wait for."""
    return aclosing(response.aiter_raw())


@cache
def _agent() -> str:
    from importlib.metadata import version  # noqa: PLC0415 - heavy

    return f"hub-audit/{version('hub-audit')}"


@lru_cache(maxsize=1024)
def address(url: str) -> httpx2.URL:
    """An http or https address as the client itself reads it; `BadUrlError` for anything else."""
    import httpx2  # noqa: PLC0415 - heavy

    try:
        read = httpx2.URL(url)
    except httpx2.InvalidURL as error:
        raise BadUrlError(f"{shown(url)!r} is not an http or https address: {clipped(str(error))}") from error
    if read.scheme not in _PORTS or not _HOST.fullmatch(read.raw_host):
        raise BadUrlError(f"{shown(url)!r} is not an http or https address; write it as https://HOST/PATH")
    return read


def origin(url: str) -> Origin:
    """Scheme, host and port, by which the web tells servers apart.

    Read by the parser that the request is sent by: two parsers that differ about an address would let the token out.
    """
    read = address(url)
    return read.scheme, read.raw_host.lower(), read.port or _PORTS[read.scheme]


def offline_mode() -> bool:
    """Whether the environment forbids requests to the Hub, read now: huggingface_hub reads it at its import only."""
    value = os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE") or ""
    return value.upper() in _TRUE


def _follow(here: str, location: str) -> str:
    """Where a redirect leads: http or https, and never from the second back to the first."""
    import httpx2  # noqa: PLC0415 - heavy

    try:
        target = str(address(here).join(location))
        scheme = address(target).scheme
    except (httpx2.InvalidURL, BadUrlError) as error:
        raise BadUrlError(f"{shown(here)} redirects to {shown(location)!r}, which is not followed") from error
    if scheme == "http" and here.startswith("https:"):
        raise BadUrlError(f"{shown(here)} redirects to an unencrypted address, which is not followed")
    return target
