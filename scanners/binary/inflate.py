"""A compressed part as a source: inflated while it is read, never held whole.

Rule 1: memory is one window of output (`KEEP`), however large the part. A read behind the window inflates again:
deflate from the nearest of a few snapshots, the others from the start.
Rule 2: every byte made is counted against the budget, also one that is made twice.
Rule 3: a stream that breaks or ends early is `Truncated` at that place, and `broken` says why.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from typing import TYPE_CHECKING, Protocol

from scanners.binary import zip_records as zr
from scanners.binary.cursor import Cursor
from scanners.source import Truncated

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanners.budget import Budget
    from scanners.source import Source, Span

KEEP = 8 << 20
"""Bytes of output that stay at hand behind the present place."""
HEAD = 1 << 20
"""Bytes of output that are kept from the start, since every look at a part begins there."""
_IN = 1 << 16
_OUT = 1 << 20
_SNAPSHOTS = 32
_LZMA_MOST = 256 << 20


class Codec(Protocol):
    """A decompressor that is fed compressed bytes and makes at most so many."""

    @property
    def ended(self) -> bool:
        """Whether the stream's own end was reached."""
        ...

    def feed(self, data: bytes, most: int) -> bytes:
        """At most `most` bytes of output; `data` that was not used up is kept."""
        ...

    @property
    def hungry(self) -> bool:
        """Whether it needs more input to go on."""
        ...

    def copy(self) -> Codec | None:
        """The same state again, None where the codec cannot say."""
        ...


class Corrupt(Exception):  # noqa: N818 - a state of the data, not a mistake
    """The stream does not follow its codec's grammar."""


class _Deflate:
    def __init__(self, state: zlib._Decompress | None = None, rest: bytes = b"") -> None:
        self._state = zlib.decompressobj(-zlib.MAX_WBITS) if state is None else state
        self._rest = rest

    @property
    def ended(self) -> bool:
        return self._state.eof

    @property
    def hungry(self) -> bool:
        return not self._rest

    def feed(self, data: bytes, most: int) -> bytes:
        try:
            made = self._state.decompress(self._rest + data, most)
        except zlib.error as error:
            raise Corrupt(str(error)) from None
        self._rest = self._state.unconsumed_tail
        return made

    def copy(self) -> _Deflate:
        return _Deflate(self._state.copy(), self._rest)


class _Buffered:
    """bz2 and lzma: decompressors that keep unused input themselves."""

    def __init__(self, state: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> None:
        self._state = state

    @property
    def ended(self) -> bool:
        return self._state.eof

    @property
    def hungry(self) -> bool:
        return self._state.needs_input

    def feed(self, data: bytes, most: int) -> bytes:
        try:
            return self._state.decompress(data, most)
        except (OSError, ValueError, EOFError, lzma.LZMAError, MemoryError) as error:
            raise Corrupt(str(error) or type(error).__name__) from None

    def copy(self) -> None:
        return None


class _ZipLzma:
    """LZMA as zip wraps it: 2 B version, 2 B length of the properties, the properties, a raw LZMA1 stream."""

    def __init__(self) -> None:
        self._head = b""
        self._inner: _Buffered | None = None

    @property
    def ended(self) -> bool:
        return self._inner is not None and self._inner.ended

    @property
    def hungry(self) -> bool:
        return self._inner is None or self._inner.hungry

    def feed(self, data: bytes, most: int) -> bytes:
        if self._inner is None:
            self._head += data
            length = int.from_bytes(self._head[2:4], "little")
            if len(self._head) < 4 + length:
                return b""
            data = self._head[4 + length :]
            self._inner = _Buffered(self._open(self._head[4 : 4 + length]))
        return self._inner.feed(data, most)

    @staticmethod
    def _open(properties: bytes) -> lzma.LZMADecompressor:
        if len(properties) != 5 or properties[0] >= 9 * 5 * 5:
            raise Corrupt("LZMA properties out of range")
        rest, lc = divmod(properties[0], 9)
        pb, lp = divmod(rest, 5)
        window = int.from_bytes(properties[1:], "little")
        if window > _LZMA_MOST:
            raise Corrupt(f"LZMA dictionary of {window} bytes")
        spec = {"id": lzma.FILTER_LZMA1, "dict_size": max(4096, window), "lc": lc, "lp": lp, "pb": pb}
        try:
            return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[spec])
        except (lzma.LZMAError, ValueError) as error:
            raise Corrupt(str(error)) from None

    def copy(self) -> None:
        return None


_CODECS: dict[int, Callable[[], Codec]] = {
    zr.DEFLATED: _Deflate,
    zr.BZIP2: lambda: _Buffered(bz2.BZ2Decompressor()),
    zr.LZMA: _ZipLzma,
    zr.XZ: lambda: _Buffered(lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_LZMA_MOST)),
}


def readable(method: int) -> bool:
    """Whether members compressed by this zip method can be inflated here."""
    return method in _CODECS


class InflateSource:
    """The inflated bytes of a compressed part whose directory says that there are `size` of them.

    Reads end at `size`; `drain` tells what the stream really holds.
    """

    def __init__(self, source: Source, method: int, size: int, budget: Budget) -> None:
        self.size = size
        self.broken = ""
        """Why the stream could not be read further, "" while nothing is wrong."""
        self._source, self._budget = source, budget
        self._make = _CODECS[method]
        self._snapshots: list[tuple[int, int, Codec]] = []
        self._every = KEEP
        self.head = b""
        """The first bytes of the stream, as far as they were made."""
        self._seen = 0
        """The furthest place of the stream that was made."""
        self._crc = 0
        self._rewind(0)

    def read(self, start: int, length: int) -> bytes:
        """Exactly `length` bytes from `start`."""
        if start < 0 or length < 0 or start + length > self.size:
            raise Truncated(start, length, self.size)
        if length > KEEP:
            self._budget.hold(length, "an inflated part")
        if start + length <= len(self.head):
            return self.head[start : start + length]
        if start < self._base:
            self._rewind(start)
        while self._made < start + length:
            # What a long read has asked for stays, whatever the window's length.
            if not self._step(min(start, self._made)):
                raise Truncated(start, length, self._made)
        return bytes(self._window[start - self._base : start + length - self._base])

    def want(self, *spans: Span) -> None:
        """Nothing: which compressed bytes these are is known only once all before them are inflated."""

    def drain(self) -> tuple[int, int]:
        """Inflate to the end of the stream: how many bytes it holds, and their CRC-32."""
        if self._made < self._seen:
            self._rewind(self._seen)
        while self._step(self._made):
            pass
        return self._seen, self._crc

    @property
    def consumed_all(self) -> bool:
        """After `drain`: whether the stream ended, and only where its compressed part ends."""
        return not self.broken and not self._in.left

    def _rewind(self, start: int) -> None:
        """Go to the nearest snapshot at or before `start`."""
        at, place, codec = 0, 0, None
        for made, consumed, state in self._snapshots:
            if made <= start:
                at, place, codec = made, consumed, state.copy()
        self._codec = self._make() if codec is None else codec
        self._base = self._made = at
        self._window = bytearray()
        self._in = Cursor(self._source, place)

    def _step(self, keep_from: int) -> bool:
        """Make some more output; False at the end of the stream."""
        if self.broken or self._codec.ended:
            return False
        try:
            data = self._in.take(min(_IN, self._in.left)) if self._codec.hungry else b""
            made = self._codec.feed(data, _OUT)
        except Corrupt as error:
            self.broken = str(error)
            return False
        if not made and not data and not self._codec.ended:
            # LZMA streams need not mark their end: there the size alone says it.
            if self._made != self.size:
                self.broken = "the compressed data ends before its stream does"
            return False
        if made:
            self._budget.inflate(len(made), made=self._made + len(made), compressed=self._source.size)
            self._accept(made, keep_from)
        return True

    def _accept(self, made: bytes, keep_from: int) -> None:
        if self._made + len(made) > self._seen:
            fresh = made[max(0, self._seen - self._made) :]
            self._crc = zlib.crc32(fresh, self._crc)
            self.head += fresh[: max(0, HEAD - self._seen)]
            self._seen = self._made + len(made)
        self._made += len(made)
        self._window += made
        surplus = min(len(self._window) - KEEP, keep_from - self._base)
        if surplus > KEEP:
            del self._window[:surplus]
            self._base += surplus
        last = self._snapshots[-1][0] if self._snapshots else 0
        if self._made - last >= self._every and (state := self._codec.copy()):
            self._snapshots.append((self._made, self._in.at, state))
            if len(self._snapshots) > _SNAPSHOTS:
                self._snapshots = self._snapshots[1::2]
                self._every *= 2
