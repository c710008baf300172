"""One blob's part of the block cache; the layout and its rules are told in `crawler.cache`."""

from __future__ import annotations

import hashlib
import os
import struct
from typing import TYPE_CHECKING, Self

from crawler.errors import CacheError
from crawler.ranges import BLOCK, align
from crawler.trouble import touching
from scanners.source import Span, merge, subtract

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

HEADER = 64
SUM = 16
_MAGIC = b"hubaudit"
_NOTHING = bytes(SUM)
_SUMS = 65_536  # checksums that are read or thrown away at a time
_RUN = (1 << 20) // BLOCK  # blocks that are read and checked at a time


class Entry:
    """A blob of known size, some of whose blocks are here; a context manager."""

    def __init__(self, path: Path, key: str, size: int, *, closed: Callable[[Entry], None]) -> None:
        self.path = path
        self.key = key
        self.size = size
        self.fd: int
        """Read-only, with the blob's own offsets; only what `held` names is meant to be read through it."""
        self.written = 0
        """Bytes written since it was opened."""
        self._closed = closed
        self._good: list[Span] = []  # block numbers that this process has checked or written
        with touching(path.parent):
            self._sums = self._open_sums()
            try:
                self._data, self.fd = _open_data(_data(path))
            except OSError:
                os.close(self._sums)
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the descriptors; closing twice is closing once."""
        if self.fd < 0:
            return
        for fd in (self.fd, self._data, self._sums):
            os.close(fd)
        self.fd = self._data = self._sums = -1
        self._closed(self)

    def held(self, spans: Iterable[Span]) -> list[Span]:
        """What is here of the whole blocks that hold these spans, checked against the checksums."""
        asked = merge(align(span, self.size) for span in spans)
        for span in asked:
            self._check(Span(span.start // BLOCK, -(-span.stop // BLOCK)))
        good = self._good
        return merge(
            Span(max(span.start, have.start * BLOCK), min(span.stop, have.stop * BLOCK))
            for span in asked
            for have in good
        )

    def missing(self, spans: Iterable[Span]) -> list[Span]:
        """What is not here of the whole blocks that hold these spans, cut off at the blob's end."""
        asked = merge(align(span, self.size) for span in spans)
        held = self.held(asked)
        return [gap for span in asked for gap in subtract(span, held)]

    def write(self, start: int, data: bytes | bytearray | memoryview) -> None:
        """Keep whole blocks: `start` at a block's start, the end at a block's end or at the blob's."""
        view = memoryview(data).cast("B")
        stop = start + len(view)
        if not view:
            return
        if start % BLOCK or start < 0 or stop > self.size or (stop % BLOCK and stop != self.size):
            raise CacheError(f"{start} to {stop} are no whole blocks of {self.key}")
        first = start // BLOCK
        sums = b"".join(
            _sum(first + index, view[at : at + BLOCK]) for index, at in enumerate(range(0, len(view), BLOCK))
        )
        with touching(self.path.parent):
            _put(self._data, view, start)
            _put(self._sums, memoryview(sums), HEADER + first * SUM)
        self.written += len(view)
        self._good = merge([*self._good, Span(first, first + len(sums) // SUM)])

    def discard(self, spans: Iterable[Span]) -> None:
        """Hold the blocks of these spans no longer: their bytes turned out not to be the blob's."""
        with touching(self.path.parent):
            for start, stop in merge(align(span, self.size) for span in spans):
                blocks = Span(start // BLOCK, -(-stop // BLOCK))
                for first in range(blocks.start, blocks.stop, _SUMS):
                    count = min(_SUMS, blocks.stop - first)
                    _put(self._sums, memoryview(bytes(count * SUM)), HEADER + first * SUM)
                self._good = [gap for have in self._good for gap in subtract(have, [blocks])]

    def pieces(self, span: Span) -> Iterator[bytes]:
        """The bytes of a span that `held` has named, in order, at most a mebibyte at a time."""
        at = span.start
        with touching(self.path.parent):
            while at < span.stop:
                piece = os.pread(self._data, min(_RUN * BLOCK, span.stop - at), at)
                if not piece:
                    raise CacheError(f"{self.path} has shrunk below its reader")
                at += len(piece)
                yield piece

    def _check(self, blocks: Span) -> None:
        """Compare the blocks not yet checked with their checksums."""
        found: list[Span] = []
        with touching(self.path.parent):
            for gap in subtract(blocks, self._good):
                for first in range(gap.start, gap.stop, _SUMS):
                    last = min(gap.stop, first + _SUMS)
                    sums = os.pread(self._sums, (last - first) * SUM, HEADER + first * SUM)
                    if any(sums):
                        found += self._compare(first, sums)
        if found:
            self._good = merge([*self._good, *found])

    def _compare(self, first: int, sums: bytes) -> Iterator[Span]:
        count = len(sums) // SUM
        for run in range(0, count, _RUN):
            part = sums[run * SUM : (run + _RUN) * SUM]
            if not any(part):
                continue
            start = (first + run) * BLOCK
            view = memoryview(os.pread(self._data, min(_RUN * BLOCK, self.size - start), start))
            for index in range(min(_RUN, count - run)):
                told = part[index * SUM : (index + 1) * SUM]
                number = first + run + index
                whole = min(BLOCK, self.size - number * BLOCK)
                block = view[index * BLOCK : index * BLOCK + whole]
                if told != _NOTHING and len(block) == whole and _sum(number, block) == told:
                    yield Span(number, number + 1)

    def _open_sums(self) -> int:
        """The checksums' descriptor, its header being right; an entry of another size is started afresh."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        head = _header(self.key, self.size)
        while True:
            fd = os.open(_sums(self.path), flags, 0o600)
            try:
                found = os.pread(fd, HEADER, 0)
                if found and found != head[: len(found)]:
                    os.close(fd)
                    fd = -1
                    _sums(self.path).unlink(missing_ok=True)
                    _data(self.path).unlink(missing_ok=True)
                    continue
                if len(found) < HEADER:
                    _put(fd, memoryview(head), 0)
                os.utime(fd)  # the time of last use, which pruning goes by
            except OSError:
                if fd >= 0:
                    os.close(fd)
                raise
            return fd


def _open_data(path: Path) -> tuple[int, int]:
    """A descriptor to write with and one to read with, of one and the same file."""
    common = os.O_CLOEXEC | os.O_NOFOLLOW
    while True:
        own = os.open(path, os.O_RDWR | os.O_CREAT | common, 0o600)
        fd = -1
        try:
            fd = os.open(path, os.O_RDONLY | common)
            if os.path.sameopenfile(own, fd):
                return own, fd
        except FileNotFoundError:
            pass  # pruned by another process in this instant, as when the two are not the same file
        except OSError:
            os.close(own)
            raise
        os.close(own)
        if fd >= 0:
            os.close(fd)


def _sum(number: int, block: bytes | memoryview) -> bytes:
    """A block's checksum; the number is part of it, so that a block in another's place is not held."""
    return hashlib.blake2b(block, digest_size=SUM, salt=number.to_bytes(8, "little")).digest()


def _header(key: str, size: int) -> bytes:
    body = struct.pack("<8sIQ", _MAGIC, BLOCK, size) + hashlib.sha256(key.encode()).digest()[:28]
    return body + hashlib.blake2b(body, digest_size=HEADER - len(body)).digest()


def _put(fd: int, view: memoryview, offset: int) -> None:
    while view:
        count = os.pwrite(fd, view, offset)
        view, offset = view[count:], offset + count


def _data(path: Path) -> Path:
    return path.with_suffix(".data")


def _sums(path: Path) -> Path:
    return path.with_suffix(".sums")
