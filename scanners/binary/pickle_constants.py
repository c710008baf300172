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
    Encoded,
    begins_like,
    decoded,
    encoded,
    hand_on,
    kind_of,
    reach,
)
from scanners.binary.pickle_lexer import Payload
from scanners.budget import LimitReached
from scanners.facts import Code, Embedded
from scanners.source import BytesSource, Slice

if TYPE_CHECKING:
    from scanners.binary.pickle_notes import Notes
    from scanners.scanner import Scan
    from scanners.source import Source, Span

_FOUND_MOST = 1 << 16
_PIECE = 1 << 12
_TEXT_MOST = 1 << 20
"""Bytes of a long text that are looked through: a file may be encoded anywhere in it."""


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
            self.full = self.full or len(self.found) >= _FOUND_MOST
            if not self.full:
                self.found.setdefault(start + where.start, where)


class Constants:
    """Looks at the constants of the pickles in one source, and hands on those that are files."""

    def __init__(self, source: Source, scan: Scan, notes: Notes) -> None:
        self._source, self._scan, self._notes = source, scan, notes
        self.watched = Watched(source)
        """What the pickles are to be read from."""
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
            self.watched.note(offset, content.read(0, min(_TEXT_MOST if value.text else 2 * HEAD, size)))
        return None

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
        for offset, where in self.watched.found.items():
            if offset >= stop:
                continue
            content = BytesSource(self._decoded(offset, where))
            kind = kind_of(content)
            if kind and self._is_new(content):
                kind, _ = hand_on(self._scan, content, kind, f"constant@{offset}")
                if kind:
                    self._scan.state(Embedded(kind, "", self._scan.member, offset))
        if self.watched.full:
            self._scan.unread("limit", f"more than {_FOUND_MOST} encoded files")

    def _unmarshalled(self, offset: int, size: int) -> None:
        known = {fact.digest for fact in self._scan.facts if isinstance(fact, Code)}
        stated = len(self._scan.facts)
        hand_on(self._scan, Slice(self._source, offset, size), "marshal", f"constant@{offset}")
        new = self._scan.facts[stated:]
        if new and all(isinstance(fact, Code) and fact.digest in known for fact in new):
            del self._scan.facts[stated:]

    def _decoded(self, offset: int, where: Encoded) -> bytes:
        """The file that the text there encodes, whatever its length."""
        length, left = _PIECE, self._source.size - offset
        while True:
            data = self._hold(offset, min(length, left))
            if length >= left or reach(data, hexadecimal=where.hexadecimal) + 2 < length:
                return decoded(data, hexadecimal=where.hexadecimal)
            length *= 4
