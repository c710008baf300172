"""`audit url`: files at plain addresses, in ranges where the server can, else streamed once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self
from urllib.parse import unquote, urlsplit

from audit.content import CachedContent
from audit.keep import keeping
from audit.pipeline import Job, Run
from crawler.client import address
from crawler.errors import BadUrlError, clipped
from crawler.plain import download, probe
from reports.record import Target
from scanners.source import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from audit.content import Content
    from audit.session import Session
    from crawler.remote import Remote
    from reports.record import Audit


class PlainContent(CachedContent):
    """The file at a plain address: what there is, and whether in ranges, is learned when it is opened."""

    def __init__(self, url: str, session: Session) -> None:
        super().__init__()
        self._url, self._session = url, session
        self._remote: Remote | None = None
        self._streamed = 0

    async def __aenter__(self) -> Self:
        """Ask for the first byte; a file without ranges is read to its end here."""
        session = self._session
        file = await probe(session.client, self._url)
        if file.ranged:
            self._remote = file.remote
            self._entry = session.cache.open(file.key, self._remote.size)
        else:
            limit = int(session.config.cache.limit * (1 << 30))
            self._entry = await download(session.client, file, session.cache, limit=limit)
            self._streamed = self._entry.written
        self.blob, self.size = self._entry.key, self._entry.size
        return self

    async def ensure(self, spans: Sequence[Span]) -> int:
        """Fetch what is not here; of a streamed file, count what the streaming brought."""
        if self._remote is None:
            fetched, self._streamed = self._streamed, 0
            return fetched
        return await self._session.fetcher.ensure(self.entry, self._remote, spans)

    async def whole(self) -> int:
        """Fetch every byte; a plain server names no hash to check it against."""
        return await self.ensure([Span(0, self.size)])


def check(url: str) -> None:
    """Raise `BadUrlError` for what is no address, before anything is asked for."""
    if "://" not in url:
        raise BadUrlError(f"{clipped(url)!r} is not an http or https address; write it as https://HOST/PATH")
    address(url)


def _shown(url: str) -> str:
    """The address as it is reported and stored: a password in it is used, and kept by nobody."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


async def audit_urls(session: Session, urls: Sequence[str]) -> Audit:
    """One audit of all the addresses."""
    run = Run(Target("url", " ".join(map(_shown, urls))), session.tools, requests=lambda: session.client.requests)

    def job(url: str) -> Job:
        def content() -> Content:
            return PlainContent(url, session)

        return Job(_shown(url), 0, "", content, name=unquote(urlsplit(url).path))

    async with keeping(run, selection=session.selection.text):
        await run.audit_files([job(url) for url in urls if session.selection.wants(url)])
    return run.result(selection=session.selection.text)
