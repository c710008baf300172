"""Bytes into the cache: the ranges that are missing, and no others.

A Hub address redirects to a signed one on a storage server; that is asked directly from then on, until shortly
before its signature ends, and forgotten when it is refused: each look-up costs one of the Hub's resolver quota.
A file that git holds is sent to an address that is known beforehand, commit, path and hash being listed: once a Hub has
done so with one file, the others are asked for there, at one request each. Their hash is checked as ever.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections import OrderedDict
from contextlib import AsyncExitStack, aclosing
from typing import TYPE_CHECKING, NamedTuple

import anyio
import anyio.to_thread

from crawler import limits, ranges
from crawler.client import address
from crawler.errors import CrawlError, NetworkError, WrongBytesError, of_hub, of_status, shown
from crawler.retry import persist
from scanners.source import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crawler.client import Answer, Client
    from crawler.entry import Entry
    from crawler.remote import Remote

_BATCH = 256 * 1024  # bytes gathered before they are written to the cache
_MARGIN = 30.0  # seconds before its end at which a signed URL is given up
_LIFETIME = 300.0  # seconds for which an address is trusted that does not say when it ends
_REMEMBERED = 4_096
_STALE = frozenset({400, 401, 403, 404, 410})
"""How storage servers refuse a signature that has ended, or that was made for another range."""
_REFUSED = frozenset({401, 403})


class Digests(NamedTuple):
    """What a whole file hashes to, in hexadecimal digits."""

    sha256: str
    git: str
    """SHA-1 of the blob as git stores it: "blob", its length, a zero byte, its bytes."""

    def fit(self, key: str) -> bool:
        """Whether the content is the one that a key (`sha256:…`, `git:…`) names; a `url:…` names none."""
        return key in {f"sha256:{self.sha256}", f"git:{self.git}"} or key.startswith("url:")


class _Location(NamedTuple):
    url: str
    ends: float  # seconds since the epoch


class _StaleError(Exception):
    """A storage server refused an address that the Hub gave."""

    def __init__(self, answer: CrawlError) -> None:
        self.answer = answer
        super().__init__(answer.message)


class Fetcher:
    """Reads ranges of remotes into cache entries; one for all tasks, so that `concurrency` bounds their requests."""

    def __init__(self, client: Client, *, concurrency: int = 16, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._slots = anyio.Semaphore(concurrency)
        self._clock = clock
        self._locations: OrderedDict[str, _Location] = OrderedDict()
        self._direct: bool | None = None
        """Whether the Hub sends requests where they were expected to go; None before the first."""
        self._learning = anyio.Lock()

    async def ensure(self, entry: Entry, remote: Remote, spans: Sequence[Span]) -> int:
        """Bytes fetched so that `entry` holds all of `spans` (as far as the blob reaches), checked.

        Raises `CrawlError`; whole blocks that arrived before it are kept.
        """
        if entry.size != remote.size:
            raise WrongBytesError(f"{_name(remote)} has {remote.size} bytes, its cache entry {entry.size}")
        gaps = await anyio.to_thread.run_sync(entry.missing, spans)
        pieces = ranges.coalesce(gaps)
        before = entry.written
        if len(pieces) > 1 and self._location(remote) is None:
            await self._piece(entry, remote, pieces.pop(0))  # the others go where it was sent
        failure: CrawlError | None = None

        async def one(piece: Span) -> None:
            nonlocal failure
            try:
                await self._piece(entry, remote, piece)
            except CrawlError as error:
                failure = failure or error
                tasks.cancel_scope.cancel()

        async with anyio.create_task_group() as tasks:
            for piece in pieces:
                tasks.start_soon(one, piece)
        if failure is not None:
            raise failure
        return entry.written - before

    async def whole(self, entry: Entry, remote: Remote) -> Digests:
        """The digests of the whole blob, every byte of which is in `entry` then.

        Blocks of a content that is not the one that the entry's key names are thrown away again; the caller
        compares with `Digests.fit`.
        """
        sha256 = hashlib.sha256()
        git = hashlib.sha1(b"blob %d\0" % entry.size, usedforsecurity=False)

        def take(span: Span) -> bool:
            if entry.missing([span]):
                return False
            for piece in entry.pieces(span):
                sha256.update(piece)
                git.update(piece)
            return True

        for span in ranges.cut(Span(0, entry.size), ranges.PIECE):
            for _ in range(3):
                await self.ensure(entry, remote, [span])
                if await anyio.to_thread.run_sync(take, span):
                    break
            else:
                raise WrongBytesError(f"{_name(remote)}: the block cache loses what is written to it")
        digests = Digests(sha256.hexdigest(), git.hexdigest())
        if not digests.fit(entry.key):
            entry.discard([Span(0, entry.size)])
        return digests

    async def _piece(self, entry: Entry, remote: Remote, piece: Span) -> None:
        async def once() -> None:
            # What an attempt brought is kept: the next one asks for the rest.
            for gap in await anyio.to_thread.run_sync(entry.missing, [piece]):
                try:
                    await self._range(entry, remote, gap)
                except _StaleError:
                    try:
                        await self._range(entry, remote, gap)
                    except _StaleError as again:
                        raise again.answer from again

        async with AsyncExitStack() as stack:
            if remote.direct and self._direct is None:
                await stack.enter_async_context(self._learning)
                if self._direct is not None:
                    await stack.aclose()
            await stack.enter_async_context(self._slots)
            await persist(once, self._client.settings.retry)

    async def _range(self, entry: Entry, remote: Remote, asked: Span) -> None:
        """One request for one span."""
        known = self._location(remote)
        headers = {"Range": ranges.header(asked)}
        url = known.url if known else remote.url
        async with self._client.open(url, home=remote.home, headers=headers, length=asked.length) as answer:
            await self._refuse(remote, answer, known=known is not None)
            try:
                kind = ranges.check(asked, remote.size, answer.status, answer.headers, etag=remote.etag)
            except WrongBytesError as error:
                self._locations.pop(remote.url, None)
                raise WrongBytesError(f"{_name(remote)}: {error.message}") from error
            if known is None:
                self._remember(remote, answer.url)
            span = asked if kind == "part" else Span(0, remote.size)
            if span == (0, remote.size) and remote.size <= ranges.SMALL:
                await self._take_small(entry, remote, answer)
            else:
                await self._take(entry, remote, answer, span)

    async def _refuse(self, remote: Remote, answer: Answer, *, known: bool) -> None:
        """Raise what an answer that is no success means."""
        if answer.status in {200, 206}:
            return
        wait = limits.retry_after(answer.status, answer.headers)
        error = of_status(answer.status, answer.url, answer.headers, wait=wait)
        away = remote.home is not None and not remote.home.owns(answer.url)
        if (known and answer.status in _STALE) or (away and answer.status in _REFUSED):
            if self._locations.pop(remote.url, None) is None:
                self._direct = False
            raise _StaleError(error)
        if remote.home is None or away or answer.status == 429 or answer.status >= 500:
            raise error
        raise await _of_hub_answer(remote, answer)

    async def _take(self, entry: Entry, remote: Remote, answer: Answer, span: Span) -> None:
        """Write a body block by block as it comes: memory does not grow with its length."""
        at, held = span.start, bytearray()
        try:
            async with aclosing(answer.chunks()) as chunks:
                async for chunk in chunks:
                    held += chunk
                    if at + len(held) > span.stop:
                        break
                    if len(held) >= _BATCH:
                        at += await self._write(entry, at, held, len(held) - len(held) % ranges.BLOCK)
        except NetworkError:
            await self._write(entry, at, held, len(held) - len(held) % ranges.BLOCK)
            raise
        short = span.stop - at - len(held)
        if short < 0:
            entry.discard([span])  # nobody knows which of its bytes are the right ones
            raise WrongBytesError(f"{_name(remote)}: the server sent more than {span.length} bytes")
        await self._write(entry, at, held, len(held) - len(held) % ranges.BLOCK if short else len(held))
        if short:
            raise NetworkError(f"{_name(remote)}: the answer ended {short} bytes early; try again")

    async def _take_small(self, entry: Entry, remote: Remote, answer: Answer) -> None:
        """Write a whole small file, once its hash is right."""
        body = await answer.body(remote.size)
        if len(body) < remote.size:
            raise NetworkError(f"{_name(remote)}: the answer ended {remote.size - len(body)} bytes early; try again")
        sha1 = hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False)
        if not Digests(hashlib.sha256(body).hexdigest(), sha1.hexdigest()).fit(entry.key):
            raise WrongBytesError(f"{_name(remote)}: the server sent another content than the listing names")
        await anyio.to_thread.run_sync(entry.write, 0, body)

    async def _write(self, entry: Entry, at: int, held: bytearray, count: int) -> int:
        """Move the first `count` bytes of `held` to the cache."""
        data = bytes(held[:count])
        await anyio.to_thread.run_sync(entry.write, at, data)
        del held[:count]
        return count

    def _location(self, remote: Remote) -> _Location | None:
        location = self._locations.get(remote.url)
        if location is None and remote.direct and self._direct:
            return _Location(remote.direct, math.inf)
        if location is not None and location.ends - _MARGIN <= self._clock():
            del self._locations[remote.url]
            return None
        return location

    def _remember(self, remote: Remote, url: str) -> None:
        if remote.direct and self._direct is None:
            self._direct = url == str(address(remote.direct))
        if url == remote.url or remote.url in self._locations:
            return
        self._locations[remote.url] = _Location(url, ranges.expiry(url) or self._clock() + _LIFETIME + _MARGIN)
        if len(self._locations) > _REMEMBERED:
            self._locations.popitem(last=False)


async def _of_hub_answer(remote: Remote, answer: Answer) -> CrawlError:
    """The error of the Hub's own answer, read as huggingface_hub reads it."""
    import httpx2  # noqa: PLC0415 - `audit --help` does without it
    from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415 - the same
    from huggingface_hub.utils._http import hf_raise_for_status  # noqa: PLC0415 - the same

    response = httpx2.Response(
        answer.status,
        headers={name: value for name, value in answer.headers.items() if name.startswith("x-")},
        request=httpx2.Request("GET", remote.url),
    )
    try:
        hf_raise_for_status(response)
    except HfHubHTTPError as error:
        return of_hub(error, _name(remote))
    return WrongBytesError(f"{_name(remote)}: the Hub answered HTTP {answer.status} to a range")


def _name(remote: Remote) -> str:
    return remote.name or shown(remote.url)
