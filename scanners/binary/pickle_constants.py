"""The constants of pickles that are files of their own.

Bytes are looked at as the walk comes by. Texts that hold encoded files are found in what the walk reads, whatever
opcode they are the argument of, and looked at in the end: what a call decodes meanwhile is not told twice.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from scanners.binary.embedded import (
    HEAD,
    LEAST,
    NOTHING,
    Encoded,
    Unfolded,
    begins_like,
    decoded,
    encoded,
    hand_on,
    kind_of,
    spelled,
)
from scanners.binary.pickle_lexer import Payload
from scanners.budget import LimitReached
from scanners.facts import Code, Embedded
from scanners.source import BytesSource, Slice, Span

if TYPE_CHECKING:
    from scanners.binary.pickle_notes import Notes
    from scanners.scanner import Scan
    from scanners.source import Source

_FOUND_MOST = 1 << 16
"""Beginnings of encoded files that are kept; most turn out to be none."""
_READ_MOST = 4096
"""Encoded files of one source that are read: where there are more, most are parts of one another."""
_PIECE = 1 << 12
_WINDOW = 32 << 20
"""Bytes of a long constant that are looked through at once."""
_TEXTS_MOST, _BYTES_MOST = 256 << 20, 4 << 20
"""Bytes of the long texts, and of other long constants, of one source that are looked through whole."""
_ARRAY = 1 << 20
"""From so many bytes on, what reads like no text is an array of numbers: reading it would be half of a download."""
_PRINTABLE = bytes((*b"\t\n\f\r", *range(0x20, 0x7F), *range(0x80, 0x100)))


class Watched:
    """A source that notes where encoded files begin in what is read of it."""

    def __init__(self, source: Source) -> None:
        self._source, self.size = source, source.size
        self.found: dict[int, Encoded] = {}
        """By their offsets."""
        self.full = False
        """Whether there were more than are kept."""

    def read(self, start: int, length: int) -> bytes:
        """Exactly `length` bytes from `start`."""
        data = self._source.read(start, length)
        self.note(start, data)
        return data

    def want(self, *spans: Span) -> None:
        """Ask the source below."""
        self._source.want(*spans)

    def note(self, start: int, data: bytes) -> None:
        """Look at bytes that stand at `start`."""
        for where in encoded(data):
            self.full = len(self.found) >= _FOUND_MOST
            if self.full:
                return
            self.found.setdefault(start + where.start, where)


class Constants:
    """Looks at the constants of the pickles in one source, and hands on those that are files."""

    def __init__(self, source: Source, scan: Scan, notes: Notes) -> None:
        self._source, self._scan, self._notes = source, scan, notes
        self.watched = Watched(source)
        """What the pickles are to be read from."""
        self._left = {True: _TEXTS_MOST, False: _BYTES_MOST}
        """Bytes of texts, and of other constants, that may still be looked through."""
        self._told: set[bytes] = set()
        """Digests of the files that calls gave, and that were looked at."""
        self._compiled: dict[int, int] = {}
        """Length by offset of what may be compiled Python: what a call unmarshals is told by then."""

    def look(self, value: Payload | bytes, offset: int, computed: bool) -> bool | None:
        """Look at a constant, or at bytes that the call at `offset` gives.

        The answer is whether nothing in it is unexplained, or None where it is none that needs to be looked at.
        """
        if computed:
            content = self._text(value) if isinstance(value, Payload) else BytesSource(value)
            kind = kind_of(content) if content else ""
            if content and kind not in {"", "marshal"}:
                self._computed(value, content, kind, offset)
            return None
        size = value.length if isinstance(value, Payload) else len(value)
        content = Slice(self._source, offset, size)
        kind = kind_of(content)
        if kind == "marshal":
            self._compiled[offset] = size
        elif kind:
            if isinstance(value, bytes):
                self._is_new(content)  # a text that encodes it tells nothing new
            kind, explained = hand_on(self._scan, content, kind, f"constant@{offset}")
            if kind:
                self._notes.embedded(value, kind, offset)
            return explained
        elif isinstance(value, Payload):
            self._look_through(content, offset, text=value.text)
        return None

    def _look_through(self, content: Slice, offset: int, *, text: bool) -> None:
        """Note the encoded files in a long constant, and in more than its beginning while there is room for that."""
        text = text or _is_text(content.read(0, min(2 * HEAD, content.size)))
        stop = min(content.size, max(self._left[text] if text or content.size < _ARRAY else 0, 2 * HEAD))
        self._left[text] -= min(stop, self._left[text])
        content.want(Span(0, stop))
        for start in range(0, stop, _WINDOW):
            # What begins at the end of a window is seen in the next.
            first = max(0, start - 2 * HEAD)
            self.watched.note(offset + first, content.read(first, min(start + _WINDOW, stop) - first))

    def _computed(self, value: Payload | bytes, content: Source, kind: str, offset: int) -> None:
        if self._is_new(content):
            kind, _ = hand_on(self._scan, content, kind, f"constant@{offset}")
        if kind:
            self._notes.embedded(value, kind, offset)

    def _is_new(self, content: Source) -> bool:
        digest = blake2b(content.read(0, content.size), digest_size=16).digest()
        known = len(self._told)
        self._told.add(digest)
        return len(self._told) > known

    def _text(self, text: Payload) -> Source | None:
        """What a long text encodes to as Latin-1, if it begins like a file."""
        head = self._source.read(text.offset, min(2 * HEAD, text.length)).decode("utf-8", "ignore")
        if not begins_like(head.encode("latin-1", "ignore")[:HEAD].ljust(LEAST, b"\0")):
            return None
        data = self._hold(text.offset, text.length)
        try:
            return BytesSource(data.decode().encode("latin-1"))
        except UnicodeError:
            return None

    def _hold(self, offset: int, length: int) -> bytes:
        """So much of the source, or nothing where it is too much, which is stated."""
        try:
            self._scan.budget.hold(length, "a text that holds a file")
        except LimitReached as reached:
            self._scan.unread("limit", str(reached), offset=offset, member=f"constant@{offset}")
            return b""
        return self._source.read(offset, length)

    def finish(self, stop: int) -> None:
        """Look at what was found in texts before `stop`, and at compiled Python that no call loads."""
        for offset, size in self._compiled.items():
            self._unmarshalled(offset, size)
        last, read = NOTHING, 0
        for offset, where in sorted(self.watched.found.items()):
            if offset >= stop or last.holds(offset, hexadecimal=where.hexadecimal):
                continue
            written = self._spelled(offset, where)
            content = BytesSource(decoded(written, hexadecimal=where.hexadecimal))
            kind = kind_of(content)
            if kind and self._is_new(content):
                read += 1
                if read > _READ_MOST:
                    self.watched.full = True
                    break
                kind, explained = hand_on(self._scan, content, kind, f"constant@{offset}")
                if kind:
                    self._scan.state(Embedded(kind, "", self._scan.member, offset))
                    last = Unfolded(offset, written, where.hexadecimal) if explained else last
        if self.watched.full:
            self._scan.unread("limit", f"more than {_READ_MOST} encoded files")

    def _unmarshalled(self, offset: int, size: int) -> None:
        known = {fact.digest for fact in self._scan.facts if isinstance(fact, Code)}
        stated = len(self._scan.facts)
        hand_on(self._scan, Slice(self._source, offset, size), "marshal", f"constant@{offset}")
        new = self._scan.facts[stated:]
        if new and all(isinstance(fact, Code) and fact.digest in known for fact in new):
            del self._scan.facts[stated:]

    def _spelled(self, offset: int, where: Encoded) -> bytes:
        """The text there that encodes a file, whatever its length."""
        length, left = _PIECE, self._source.size - offset
        while True:
            data = self._hold(offset, min(length, left))
            found = spelled(data, hexadecimal=where.hexadecimal)
            if length >= left or len(found) + 2 < length:
                return found
            length *= 4


def _is_text(head: bytes) -> bool:
    """Whether the first bytes of a constant are printable, of whatever encoding that keeps ASCII."""
    return not head.translate(None, _PRINTABLE)
