"""What an audit reads: a blob by its identity and size, and bytes of it on demand.

The pipeline knows no Hub, folder or server; it asks a `Content` to make spans readable through one descriptor.
"""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING, Protocol, Self

import anyio.to_thread

from crawler.errors import CrawlError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from crawler.cache import Cache
    from crawler.entry import Entry
    from crawler.fetch import Fetcher
    from crawler.remote import Remote
    from scanners.source import Span

_CHUNK = 1 << 20


class UnreadableFileError(CrawlError):
    """A local file that cannot be read as a file."""

    code = "unreadable"


class ChangedFileError(CrawlError):
    """A file that changed while it was read."""

    code = "changed"


class WrongHashError(CrawlError):
    """A file whose bytes are not the ones that the Hub's hash names."""

    code = "wrong-hash"


class Content(Protocol):
    """One blob, open for reading; an async context manager."""

    blob: str
    size: int

    async def __aenter__(self) -> Self:
        """Open it."""
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        ...

    @property
    def fd(self) -> int:
        """A read-only descriptor, in which what `ensure` was asked for lies at its own offsets."""
        ...

    async def ensure(self, spans: Sequence[Span]) -> int:
        """Make these spans readable; the bytes that had to be fetched. Raises `CrawlError`."""
        ...

    async def whole(self) -> int:
        """Make every byte readable and check it against the hash that names the blob."""
        ...


class CachedContent:
    """A blob that is read through an entry of the block cache."""

    def __init__(self) -> None:
        self.blob, self.size = "", 0
        self._entry: Entry | None = None

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the cache entry."""
        if self._entry is not None:
            self._entry.close()

    @property
    def entry(self) -> Entry:
        """The entry, which is open inside the context only."""
        assert self._entry is not None
        return self._entry

    @property
    def fd(self) -> int:
        """The descriptor of the sparse file."""
        return self.entry.fd


class RemoteContent(CachedContent):
    """A blob behind a URL, read by ranges into the block cache."""

    def __init__(self, blob: str, remote: Remote, cache: Cache, fetcher: Fetcher) -> None:
        super().__init__()
        self.blob, self.size = blob, remote.size
        self._remote, self._cache, self._fetcher = remote, cache, fetcher

    async def __aenter__(self) -> Self:
        """Open the cache entry."""
        self._entry = self._cache.open(self.blob, self.size)
        return self

    async def ensure(self, spans: Sequence[Span]) -> int:
        """Fetch what of the spans is not in the cache."""
        return await self._fetcher.ensure(self.entry, self._remote, spans)

    async def whole(self) -> int:
        """Fetch every byte that is not in the cache, and compare the hash of all of them."""
        before = self.entry.written
        digests = await self._fetcher.whole(self.entry, self._remote)
        if not digests.fit(self.blob):
            raise WrongHashError(f"its bytes are not those of {self.blob[:19]}…, which the listing names")
        return self.entry.written - before


class LocalContent:
    """A file on this machine."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1
        self._seen: os.stat_result | None = None
        self.blob = ""
        self.size = 0

    async def __aenter__(self) -> Self:
        """Open and hash the file: its content is its identity here too."""
        try:
            # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
            self._fd = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            self._seen = os.fstat(self._fd)
            if not stat.S_ISREG(self._seen.st_mode):
                raise UnreadableFileError("not a regular file")
            self.size = self._seen.st_size
            if not self.size and os.pread(self._fd, 1, 0):
                raise UnreadableFileError("it has content and no size, as files of /proc do")
            self.blob = f"sha256:{await anyio.to_thread.run_sync(_sha256, self._fd, self.size)}"
        except OSError as error:
            self._close()
            raise UnreadableFileError(f"cannot be read: {error.strerror}") from error
        except CrawlError:
            self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file; that it changed in the meantime makes what was said of it worthless."""
        if self._fd < 0:
            return
        now, seen = os.fstat(self._fd), self._seen
        self._close()
        if kind is None and seen and (now.st_size, now.st_mtime_ns) != (seen.st_size, seen.st_mtime_ns):
            raise ChangedFileError("the file changed while it was read")

    def _close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    @property
    def fd(self) -> int:
        """The descriptor of the file."""
        return self._fd

    async def ensure(self, spans: Sequence[Span]) -> int:  # noqa: ARG002 - the interface
        """Nothing to fetch."""
        return 0

    async def whole(self) -> int:
        """Nothing to fetch, and the hash is its own."""
        return 0


def _sha256(fd: int, size: int) -> str:
    state = hashlib.sha256()
    at = 0
    while at < size:
        piece = os.pread(fd, min(_CHUNK, size - at), at)
        if not piece:
            raise ChangedFileError("the file became shorter while it was read")
        state.update(piece)
        at += len(piece)
    return state.hexdigest()
