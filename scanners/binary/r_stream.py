"""The three ways in which R writes the same stream of numbers and texts: XDR, text, and as the machine has them.

Source: "R Internals", section 1.8, Serialization Formats, and src/main/serialize.c.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

from scanners.binary.layout import Bent

if TYPE_CHECKING:
    from scanners.binary.layout import Layout

HEAD: Final = re.compile(rb"(?:RD([XAB])[23]\n)?(?:X\n\0\0\0[\2\3]|A\n[23]\n|B\n[\2\3]\0\0\0)", re.DOTALL)
"""How a stream begins; a saved workspace has a line before it."""
TEXT_MOST: Final = 1 << 20
_PIECE: Final = 65_536
_TEXT, _NOT_A_TEXT = 9, 0x2FF
"""The type of a text, and the bits of an item's flags that say whether it is one without attributes."""
_WORD_MOST: Final = 64
_BLANK: Final = b" \t\n\r"
_WORD: Final = re.compile(rb"[^ \t\n\r]+")
_ESCAPE: Final = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_NAMED: Final = {b"n": b"\n", b"t": b"\t", b"v": b"\v", b"b": b"\b", b"r": b"\r", b"f": b"\f", b"a": b"\a"}


class Binary:
    """Numbers in four bytes, in the order of the layout."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._pair = struct.Struct("<ii" if layout.order == "little" else ">ii")

    def whole(self) -> int:
        """A whole number."""
        return self._layout.number(4, signed=True)

    def skip(self, count: int, width: int) -> None:
        """Step over elements of a vector."""
        self._layout.data(count * width, "a vector")

    def texts(self, most: int) -> int:
        """Step over texts that nobody looks at, as long as they are short; how many, at most `most`."""
        near, at, count = self._layout.peek(8), 0, 0
        if len(near) == 8 and self._pair.unpack(near)[0] & _NOT_A_TEXT == _TEXT:
            near = self._layout.peek(_PIECE)
        while count < most and at + 8 <= len(near):
            flags, length = self._pair.unpack_from(near, at)
            if flags & _NOT_A_TEXT != _TEXT or at + 8 + max(0, length) > len(near):
                break
            at += 8 + max(0, length)
            count += 1
        self._layout.take(at)
        return count

    def text(self, length: int) -> bytes:
        """A text; of one that is too long to matter nothing."""
        if length <= TEXT_MOST:
            return self._layout.take(length, "a text")
        self._layout.data(length, "a text")
        return b""


class Words:
    """Numbers as words, texts with escapes."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def whole(self) -> int:
        """A whole number."""
        at, word = self._layout.at, self._word()
        if word == b"NA":
            return -(1 << 31)
        if not re.fullmatch(rb"-?[0-9]{1,10}", word):
            raise Bent(f"no number: {word!r}", at)
        return int(word)

    def skip(self, count: int, width: int) -> None:
        """Step over elements of a vector."""
        for _ in range(2 * count if width == 16 else count):
            self._word()

    def text(self, length: int) -> bytes:
        """A text."""
        self._layout.holds(length, "a text")
        self.blank()
        made = bytearray()
        for _ in range(length):
            byte = self._layout.take(1)
            if byte == b"\\":
                found = _ESCAPE.match(byte + self._layout.peek(3))
                if found is None:
                    raise Bent("a text without end", self._layout.at)
                self._layout.take(len(found[0]) - 1)
                byte = bytes([int(found[1], 8) & 255]) if found[1].isdigit() else _NAMED.get(found[1], found[1])
            if len(made) < TEXT_MOST:
                made += byte
        return bytes(made)

    def blank(self) -> None:
        """Step over what stands between words."""
        while (near := self._layout.peek(1)) and near in _BLANK:
            self._layout.take(1)

    def _word(self) -> bytes:
        self.blank()
        word = _WORD.match(self._layout.peek(_WORD_MOST))
        if word is None or word.end() == _WORD_MOST:
            raise Bent("a word without end", self._layout.at)
        return self._layout.take(word.end())
