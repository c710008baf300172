"""Decompressors: each takes from a cursor over compressed bytes what it needs, and makes a bounded piece in one step.

Rule 1: a checksum that does not fit is noted and hides nothing: readers that do not look at it exist.
Rule 2: what is taken and not used goes back to the cursor, so that the end of a stream is known to the byte.
"""

from __future__ import annotations

import lzma
import zlib
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple, Protocol

from scanners.budget import LimitReached
from scanners.source import Span

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanners.binary.cursor import Cursor

TAKEN = 1 << 16
"""Compressed bytes taken at once."""
MEMORY_MOST = 256 << 20
"""Bytes of memory that a stream may ask for to be decompressed."""
_STREAMS_MOST = 1 << 18
"""Streams of one content: each costs some 10 microseconds, and honest ones hold 64 KiB and more (bgzip)."""
_NOTES_MOST = 256
_NAME_MOST = 255
"""Bytes that a file name can have."""
_ASIDE_LEAST = 17
"""Bytes of a skipped part that say more than a length or an index of the writer (bgzip: 6, pzstd: 4)."""
_CUT = "the compressed data ends before its stream does"


class Corrupt(Exception):  # noqa: N818 - a state of the data, not a mistake
    """The stream does not follow its codec's grammar."""


class CutOff(Corrupt):
    """The input ends before the stream does; all that could be made of it was."""


class Codec(ABC):
    """A decompressor, at some place of its stream."""

    ended = False
    """Whether the end was reached; the cursor then stands behind it."""

    @abstractmethod
    def step(self, cursor: Cursor, most: int) -> bytes:
        """Some more output, at most `most` bytes or one block of 128 KiB; raises `Corrupt` or `Truncated`."""

    def copy(self) -> Codec | None:
        """The same state again, None where the codec cannot say."""
        return None


class Aside(NamedTuple):
    """A part between the streams that decompressors step over."""

    what: str
    span: Span


class Log:
    """What codecs notice beside the content, by place; the same again when a stream is read again."""

    def __init__(self) -> None:
        self.asides: dict[int, Aside] = {}
        self.wrong: set[int] = set()
        """Where checksums stand that do not fit."""
        self.full = False
        """Whether there were more parts than are kept."""

    def aside(self, what: str, start: int, stop: int) -> None:
        """Note a part that decompressors step over, if it is long enough to say something."""
        if stop - start < _ASIDE_LEAST or (what == "name" and stop - start <= _NAME_MOST):
            return
        if len(self.asides) < _NOTES_MOST:
            self.asides[start] = Aside(what, Span(start, stop))
        elif start not in self.asides:
            self.full = True

    def mismatch(self, place: int) -> None:
        """Note a checksum that does not fit."""
        if len(self.wrong) < _NOTES_MOST:
            self.wrong.add(place)


class Streams(Codec):
    """Streams one behind another; zero bytes may stand between and behind them, as on tapes.

    `opening` reads what stands before a stream and gives the codec that goes on, or None where no stream begins.
    """

    def __init__(self, opening: Callable[[Cursor], Codec | None], inner: Codec | None = None, opened: int = 0) -> None:
        self._opening, self._inner, self._opened = opening, inner, opened

    def step(self, cursor: Cursor, most: int) -> bytes:
        """Open the next stream, or go on in this one."""
        if self._inner is None:
            if self._opened > _STREAMS_MOST:
                raise LimitReached("streams", f"over {_STREAMS_MOST} compressed streams one behind another")
            if cursor.at:
                _skip_zeros(cursor)
            self._inner = self._opening(cursor)
            if self._inner is None and not cursor.at:
                raise Corrupt("no stream begins here")
            self.ended = self._inner is None
            self._opened += 1
            return b""
        made = self._inner.step(cursor, most)
        if self._inner.ended:
            self._inner = None
        return made

    def copy(self) -> Streams | None:
        """Between streams always; inside of one where its codec can be copied."""
        if self._inner is None:
            return Streams(self._opening, None, self._opened)
        inner = self._inner.copy()
        return Streams(self._opening, inner, self._opened) if inner else None


class Deflate(Codec):
    """Deflate alone (RFC 1951)."""

    def __init__(self, state: zlib._Decompress | None = None) -> None:
        self._state = state or zlib.decompressobj(-zlib.MAX_WBITS)

    def step(self, cursor: Cursor, most: int) -> bytes:
        """Give back what was not used."""
        data = cursor.take(min(TAKEN, cursor.left))
        try:
            made = self._state.decompress(data, most)
        except zlib.error as error:
            raise Corrupt(str(error)) from None
        self.ended = self._state.eof
        if not (made or data or self.ended):
            raise CutOff(_CUT)
        cursor.at -= len(self._state.unused_data if self.ended else self._state.unconsumed_tail)
        return made

    def copy(self) -> Deflate:
        """At any place."""
        return Deflate(self._state.copy())


class Check(NamedTuple):
    """A checksum behind a stream."""

    start: int
    update: Callable[[bytes, int], int]
    trailer: Callable[[int, int], bytes]
    """What stands behind a stream of this checksum that made so many bytes."""


class Checked(Codec):
    """Deflate with a checksum behind it."""

    def __init__(self, log: Log, check: Check, inner: Deflate | None = None, made: int = 0) -> None:
        self._log, self._check, self._inner, self._made = log, check, inner or Deflate(), made
        self._sum = check.start

    def step(self, cursor: Cursor, most: int) -> bytes:
        """Sum up what is made, and compare in the end."""
        if not self._inner.ended:
            made = self._inner.step(cursor, most)
            self._sum = self._check.update(made, self._sum)
            self._made += len(made)
            return made
        expected, place = self._check.trailer(self._sum, self._made), cursor.at
        if cursor.take(len(expected)) != expected:
            self._log.mismatch(place)
        self.ended = True
        return b""

    def copy(self) -> Checked:
        """At any place."""
        return Checked(self._log, self._check._replace(start=self._sum), self._inner.copy(), self._made)


class _Library(Protocol):
    """The decompressors of bz2, lzma and lz4.frame, which keep unused input themselves."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...
    def decompress(self, data: bytes, max_length: int = ...) -> bytes: ...


class Buffered(Codec):
    """A stream of bzip2, lzma or lz4, by the library of that name."""

    def __init__(self, state: _Library) -> None:
        self._state = state

    def step(self, cursor: Cursor, most: int) -> bytes:
        """Feed the library when it asks for it."""
        data = cursor.take(min(TAKEN, cursor.left)) if self._state.needs_input else b""
        try:
            made = self._state.decompress(data, most)
        except (OSError, ValueError, EOFError, RuntimeError, lzma.LZMAError, MemoryError) as error:
            raise Corrupt(str(error) or type(error).__name__) from None
        self.ended = self._state.eof
        if not (made or data or self.ended):
            raise CutOff(_CUT)
        if self.ended:
            cursor.at -= len(self._state.unused_data or b"")
        return made


class ZipLzma(Codec):
    """LZMA as zip wraps it: 2 B version, 2 B length of the properties, the properties, a raw LZMA1 stream."""

    def __init__(self) -> None:
        self._inner: Buffered | None = None

    def step(self, cursor: Cursor, most: int) -> bytes:
        """Read the properties, then the stream."""
        if self._inner is None:
            length = int.from_bytes(cursor.take(4)[2:], "little")
            self._inner = Buffered(self._open(cursor.take(length)))
        made = self._inner.step(cursor, most)
        self.ended = self._inner.ended
        return made

    @staticmethod
    def _open(properties: bytes) -> lzma.LZMADecompressor:
        if len(properties) != 5 or properties[0] >= 9 * 5 * 5:
            raise Corrupt("LZMA properties out of range")
        rest, lc = divmod(properties[0], 9)
        pb, lp = divmod(rest, 5)
        window = int.from_bytes(properties[1:], "little")
        if window > MEMORY_MOST:
            raise Corrupt(f"LZMA dictionary of {window} bytes")
        spec = {"id": lzma.FILTER_LZMA1, "dict_size": max(4096, window), "lc": lc, "lp": lp, "pb": pb}
        try:
            return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[spec])
        except (lzma.LZMAError, ValueError) as error:
            raise Corrupt(str(error)) from None


class Zstd(Codec):
    """One frame, fed block by block: what the library makes at once is then one block, and the frame's end is known."""

    def __init__(self, log: Log) -> None:
        import zstandard  # noqa: PLC0415 - loaded by few files, and before the seal by `load_libraries`

        self._log = log
        self._error = zstandard.ZstdError
        self._state = zstandard.ZstdDecompressor(max_window_size=MEMORY_MOST).decompressobj()
        self._begun = self._checked = self._last = False

    def step(self, cursor: Cursor, most: int) -> bytes:  # noqa: ARG002 - a block has at most 128 KiB
        """Feed the next part of the frame: its header, a block, its checksum."""
        if self._last:
            self._checksum(cursor)
            return b""
        if not self._begun:
            self._begun = True
            return self._feed(self._header(cursor))
        head = int.from_bytes(cursor.peek(3), "little")
        last, kind, size = head & 1, head >> 1 & 3, head >> 3
        length = 3 + (1 if kind == 1 else size)
        # Of a raw block, the library gives what is there of it.
        whole = length <= cursor.left
        made = self._feed(cursor.take(length if whole else cursor.left))
        self._last = bool(last and whole and self._checked)
        self.ended = bool(last and whole and not self._checked)
        return made

    def _header(self, cursor: Cursor) -> bytes:
        flags = cursor.peek(5)[4]
        single = flags >> 5 & 1
        self._checked = bool(flags & 4)
        size = (single, 2, 4, 8)[flags >> 6]
        return cursor.take(5 + (1 - single) + (0, 1, 2, 4)[flags & 3] + size)

    def _feed(self, data: bytes) -> bytes:
        try:
            return self._state.decompress(data)
        except (self._error, MemoryError) as error:
            raise Corrupt(str(error) or type(error).__name__) from None

    def _checksum(self, cursor: Cursor) -> None:
        place = cursor.at
        data = cursor.take(4)
        try:
            self._feed(data)
        except Corrupt:
            self._log.mismatch(place)
        self.ended = True


def _skip_zeros(cursor: Cursor) -> None:
    while cursor.left:
        piece = cursor.peek(min(TAKEN, cursor.left))
        zeros = len(piece) - len(piece.lstrip(b"\0"))
        cursor.at += zeros
        if zeros < len(piece):
            return
