"""Files at plain HTTP(S) addresses: no listing, no hash, no promise that ranges work, and never a token."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import aclosing
from typing import IO, TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

import anyio.to_thread

from crawler import limits, ranges
from crawler.client import address
from crawler.errors import NetworkError, TooLongError, WrongBytesError, of_status, shown
from crawler.remote import Remote
from crawler.retry import persist
from crawler.trouble import touching
from scanners.source import Span

if TYPE_CHECKING:
    from crawler.cache import Cache
    from crawler.client import Answer, Client
    from crawler.entry import Entry

_BATCH = 1024 * 1024


class PlainFile(NamedTuple):
    """A file at a plain address, as one byte of it shows it."""

    url: str
    final_url: str
    """Where the redirects led."""
    size: int | None
    """In bytes; None where the server does not say."""
    ranged: bool
    """Whether the server answers ranges."""
    etag: str | None
    last_modified: str | None
    name: str
    """The last part of the address's path."""

    @property
    def remote(self) -> Remote:
        """Where its ranges are read."""
        assert self.ranged and self.size is not None, "only a ranged file has a remote"  # noqa: PT018 - one idea
        return Remote(url=self.url, size=self.size, etag=self.etag)

    @property
    def key(self) -> str:
        """Its key in the block cache: of this content as far as the server tells, else of this reading alone."""
        final = urlsplit(self.final_url)
        version = f"{self.etag or ''}\0{self.last_modified or ''}\0{self.size}"
        if self.etag is None and self.last_modified is None:
            version += "\0" + os.urandom(16).hex()
        # Without the query: a signature in it is another one every time.
        text = f"{final.scheme}://{final.netloc}{final.path}\0{self.url}\0{version}"
        return "url:" + hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


async def probe(client: Client, url: str) -> PlainFile:
    """What there is at `url`, learned with a GET of its first byte: not every server knows HEAD.

    Raises `BadUrlError`, `NetworkError`, and what the server's refusal means.
    """
    address(url)

    async def once() -> PlainFile:
        async with client.open(url, headers={"Range": "bytes=0-0"}) as answer:
            return _learn(url, answer)

    return await persist(once, client.settings.retry)


async def download(client: Client, file: PlainFile, cache: Cache, *, limit: int) -> Entry:
    """The whole of a file whose server knows no ranges, as an entry named by its content, with every byte held.

    Memory does not grow with the file; one of more than `limit` bytes is refused. The caller closes the entry.
    """
    if file.size is not None and file.size > limit:
        raise _too_long(file, limit)
    with touching(cache.root):
        cache.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with touching(cache.root), tempfile.TemporaryFile(dir=cache.root) as spool:

        async def once() -> str:
            spool.seek(0)
            spool.truncate()
            async with client.open(file.url, length=file.size or limit) as answer:
                return await _spool(file, answer, spool, limit)

        digest = await persist(once, client.settings.retry)
        entry = cache.open(f"sha256:{digest}", os.fstat(spool.fileno()).st_size)
        try:
            await anyio.to_thread.run_sync(_copy, spool.fileno(), entry)
        except BaseException:
            entry.close()
            raise
    return entry


def _learn(url: str, answer: Answer) -> PlainFile:
    size, ranged = ranges.length(answer.headers), False
    if ranges.encoded(answer.headers):
        raise WrongBytesError(f"{shown(url)} comes compressed, which nobody asked for; it cannot be read as it is")
    told = ranges.content_range(answer.headers.get("content-range", ""))
    if answer.status == 206:
        if told is None or told[0] != Span(0, 1):
            raise WrongBytesError(f"{shown(url)}: the server sent another range than the first byte")
        size, ranged = told[1], told[1] is not None
    elif answer.status == 416 and told == (None, 0):
        size = 0
    elif answer.status == 416:
        size = None  # a server that refuses even the first byte may still send the whole
    elif answer.status != 200:
        wait = limits.retry_after(answer.status, answer.headers)
        raise of_status(answer.status, answer.url, answer.headers, wait=wait)
    return PlainFile(
        url=url,
        final_url=answer.url,
        size=size,
        ranged=ranged,
        etag=answer.headers.get("etag"),
        last_modified=answer.headers.get("last-modified"),
        name=unquote(urlsplit(url).path.rstrip("/").rsplit("/", 1)[-1]) or "index",
    )


async def _spool(file: PlainFile, answer: Answer, spool: IO[bytes], limit: int) -> str:
    """Write a whole body to the spool; its SHA-256 in hexadecimal digits."""
    if answer.status != 200:
        wait = limits.retry_after(answer.status, answer.headers)
        raise of_status(answer.status, answer.url, answer.headers, wait=wait)
    if ranges.encoded(answer.headers):
        raise WrongBytesError(f"{shown(file.url)} comes compressed, which nobody asked for")
    told = ranges.length(answer.headers)
    digest, length, held = hashlib.sha256(), 0, bytearray()

    def keep() -> None:
        digest.update(held)
        spool.write(held)
        held.clear()

    async with aclosing(answer.chunks()) as chunks:
        async for chunk in chunks:
            length += len(chunk)
            if length > limit:
                raise _too_long(file, limit)
            held += chunk
            if len(held) >= _BATCH:
                await anyio.to_thread.run_sync(keep)
    await anyio.to_thread.run_sync(keep)
    spool.flush()
    if told is not None and told != length:
        raise NetworkError(f"{shown(file.url)}: the answer ended {told - length} bytes early; try again")
    return digest.hexdigest()


def _copy(spool: int, entry: Entry) -> None:
    for span in entry.missing([Span(0, entry.size)]):
        for part in ranges.cut(span, _BATCH):
            entry.write(part.start, os.pread(spool, part.length, part.start))


def _too_long(file: PlainFile, limit: int) -> TooLongError:
    return TooLongError(f"{shown(file.url)} is longer than {limit} bytes, and its server knows no ranges")
