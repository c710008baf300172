"""Pickle bytes to opcodes and arguments, over all that any real unpickler accepts.

Rule 1: the lexer never stops for a value. A number that does not parse is an opaque number: which unpickler would
raise there is not known (threats.md 2.3, D1, D2, D12), and the one that goes on is the one to fear.
Rule 2: a long payload is not read. Its place is kept, and the next opcode is found by its length.
Rule 3: memory is one window, however long the stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scanners.binary.pickle_opcodes import NAMES, SHAPES, Shape
from scanners.source import Span, Truncated

if TYPE_CHECKING:
    from scanners.source import Source

INLINE_BYTES = 1024
"""Bytes arguments up to this long are read; of longer ones only the place is kept."""
INLINE_TEXT = 65_536
"""The same for text, which may be a name."""
_WINDOW = 65_536
_WINDOW_MOST = 64 << 20
_PIECE = 1 << 20
_NEAR = 1 << 16
"""Bytes that are read at first behind a payload that was passed over: another one may follow."""
_LINE_MOST = 4 << 20

_UNSIGNED = {Shape.U1: 1, Shape.U2: 2, Shape.U4: 4, Shape.U8: 8}
_FIXED = {**_UNSIGNED, Shape.I4: 4, Shape.F8: 8}
_PREFIXED = {
    Shape.TEXT1: (1, False),
    Shape.TEXT4: (4, False),
    Shape.TEXT8: (8, False),
    Shape.BYTES1: (1, False),
    Shape.BYTES4: (4, False),
    Shape.BYTES8: (8, False),
    Shape.STRING1: (1, False),
    Shape.STRING4: (4, True),
    Shape.LONG1: (1, False),
    Shape.LONG4: (4, True),
}
_TEXTS = {Shape.TEXT1, Shape.TEXT4, Shape.TEXT8}
_STRINGS = {Shape.STRING1, Shape.STRING4}
_LONGS = {Shape.LONG1, Shape.LONG4}


class Broken(Exception):  # noqa: N818 - a state of the stream, not a mistake
    """No unpickler reads on from here."""

    def __init__(self, why: str, offset: int) -> None:
        self.why, self.offset = why, offset
        super().__init__(f"{why} at {offset}")


class Payload:
    """A long string or bytes argument that was not read: its place in the source."""

    __slots__ = ("length", "offset", "text")
    __match_args__ = ("text", "offset", "length")

    def __init__(self, *, text: bool, offset: int, length: int) -> None:
        self.text, self.offset, self.length = text, offset, length


class Opaque:
    """A constant whose value does not matter or is not known."""

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __repr__(self) -> str:
        """Its kind in angle brackets, as calls are rendered for people."""
        return f"<{self.kind}>"


NUMBER = Opaque("number")
FLOAT = Opaque("float")
TEXT = Opaque("text")

SHORT = 258
"""Bytes of the longest opcode that may be read without a look at the window's end: a text of 255 and its length."""

Argument = int | str | bytes | tuple[str, str] | Payload | Opaque | None


class Token(NamedTuple):
    """One opcode with its argument, at [start, stop) of the source."""

    code: int
    argument: Argument
    start: int
    stop: int
    cut: bool = False
    """The argument's last line had no newline before the end of the source."""


class _Shortened:
    """A source without its bytes [cut, stop)."""

    def __init__(self, source: Source, cut: int, stop: int) -> None:
        self._source, self._cut, self._gap = source, cut, stop - cut
        self.size = source.size - self._gap

    def read(self, start: int, length: int) -> bytes:
        """Exactly `length` bytes from `start`."""
        before = min(max(self._cut - start, 0), length)
        behind = max(start, self._cut) + self._gap
        return self._source.read(start, before) + self._source.read(behind, length - before)

    def want(self, *_: Span) -> None:
        """Nothing: what is read is read one by one."""


class Lexer:
    """Reads a source forward, opcode by opcode."""

    def __init__(self, source: Source, start: int = 0, window: int = _WINDOW) -> None:
        self._source = source
        self.at = start
        self._base = start
        self._data = b""
        self._ask = window
        self._asked = start
        self._piece = window

    def ended(self) -> bool:
        """Whether the source is at its end."""
        return self.at >= self._source.size

    def _fill(self, start: int, length: int) -> None:
        """Make [start, start + length) part of the window.

        Each fill asks for twice as much as the one before: a stream costs as many rounds as its length has
        doublings, wherever its payloads make it jump. What is read at once doubles from jump to jump.
        """
        size = self._source.size
        if start + length > size:
            raise Truncated(start, length, size)
        if start + length > self._asked:
            self._asked = min(size, start + max(length, self._ask))
            self._source.want(Span(start, self._asked))
            self._ask = min(_WINDOW_MOST, self._ask * 2)
        jumped = start > self._base + len(self._data)
        self._piece = _NEAR if jumped else min(_PIECE, self._piece * 2)
        self._base = start
        self._data = self._source.read(start, max(length, min(self._asked - start, self._piece)))

    def take(self, start: int, length: int) -> bytes:
        """The bytes [start, start + length)."""
        begin = start - self._base
        if begin < 0 or begin + length > len(self._data):
            self._fill(start, length)
            begin = 0
        return self._data[begin : begin + length]

    @property
    def left(self) -> int:
        """Bytes between the present place and the end."""
        return self._source.size - self.at

    @property
    def size(self) -> int:
        """Bytes of the source."""
        return self._source.size

    def fork(self, start: int) -> Lexer:
        """Another lexer of the same source."""
        return Lexer(self._source, start)

    def window(self) -> tuple[bytes, int]:
        """The bytes that are held, and where they begin: the present place is among them or behind them."""
        return self._data, self._base

    def again(self, start: int, stop: int) -> bytes:
        """Bytes that were passed."""
        return self._source.read(start, stop - start)

    def next(self) -> Token:
        """The opcode at the present place; the place moves behind it."""
        start = self.at
        try:
            code = self.take(start, 1)[0]
            shape = SHAPES[code]
            if shape is None:
                raise Broken(f"0x{code:02x} is no opcode", start)
            token = self._token(code, shape, start)
        except Truncated:
            if start >= self._source.size:
                raise Broken("no STOP before the end", start) from None
            raise Broken("the last argument is cut off", start) from None
        self.at = token.stop
        return token

    def short(self, start: int, stop: int) -> int | None:
        """Where a read of the opcode at `start` begins that the bytes before `stop` are some of, and too few for."""
        if stop >= self.size or (shape := SHAPES[self.take(start, 1)[0]]) is None:
            return None
        at = start + 1
        if shape in {Shape.LINE, Shape.TWO_LINES}:
            _, end, _ = self._line(at)
            if shape is Shape.TWO_LINES and end <= stop:
                at, (_, end, _) = end, self._line(end)
        else:
            end = at + (_FIXED.get(shape) or _PREFIXED.get(shape, (0,))[0])
            if shape in _PREFIXED and end <= stop:
                at, end = end, end + int.from_bytes(self.take(at, end - at), "little")
        return at if at < stop < end else None

    def skip(self, start: int, cut: int, stop: int) -> Token:
        """The opcode at `start` as it is read by who drops the bytes [cut, stop), and goes on behind them."""
        token = Lexer(_Shortened(self._source, cut, stop), start, SHORT).next()
        if isinstance(token.argument, Payload):
            token.argument.offset += stop - cut
        self.at = token.stop + stop - cut
        return token._replace(stop=self.at)

    def _token(self, code: int, shape: Shape, start: int) -> Token:
        at = start + 1
        if shape is Shape.NONE:
            return Token(code, None, start, at)
        if width := _UNSIGNED.get(shape):
            return Token(code, int.from_bytes(self.take(at, width), "little"), start, at + width)
        if shape is Shape.I4:
            return Token(code, int.from_bytes(self.take(at, 4), "little", signed=True), start, at + 4)
        if shape is Shape.F8:
            self.take(at, 8)
            return Token(code, FLOAT, start, at + 8)
        if shape is Shape.LINE:
            line, at, cut = self._line(at)
            return Token(code, line if at - start <= _LINE_MOST else TEXT, start, at, cut)
        if shape is Shape.TWO_LINES:
            first, at, _ = self._line(at)
            second, at, cut = self._line(at)
            return Token(code, (first, second), start, at, cut)
        return self._prefixed(code, shape, start)

    def _prefixed(self, code: int, shape: Shape, start: int) -> Token:
        width, signed = _PREFIXED[shape]
        at = start + 1 + width
        length = int.from_bytes(self.take(start + 1, width), "little", signed=signed)
        if length < 0:
            raise Broken(f"{NAMES[code]} of negative length", start)
        if at + length > self._source.size:
            raise Truncated(at, length, self._source.size)
        text = shape in _TEXTS or shape in _STRINGS
        argument: Argument
        if length > (INLINE_TEXT if text else INLINE_BYTES):
            argument = NUMBER if shape in _LONGS else Payload(text=text, offset=at, length=length)
        elif shape in _LONGS:
            argument = int.from_bytes(self.take(at, length), "little", signed=True)
        elif shape in _STRINGS:
            argument = decode_string(self.take(at, length))
        elif text:
            argument = decode_text(self.take(at, length))
        else:
            argument = self.take(at, length)
        return Token(code, argument, start, at + length)

    def _line(self, at: int) -> tuple[str, int, bool]:
        """The line at `at` without its newline, the place behind it, and whether it was cut off.

        The C unpickler wants the newline; the pure-Python one takes what `readline` gives and drops its last
        character (D16), so at the end of the source that is the line.
        """
        length = 256
        while True:
            left = self._source.size - at
            piece = self.take(at, min(length, left)) if left > 0 else b""
            end = piece.find(b"\n")
            if end >= 0:
                return _decode_line(piece[:end]), at + end + 1, False
            if length >= left:
                return _decode_line(piece[:-1]), at + max(left, 0), True
            if length >= _LINE_MOST:
                return _decode_line(piece[:INLINE_TEXT]), *self._line_end(at + length)
            length *= 4

    def _line_end(self, at: int) -> tuple[int, bool]:
        """The place behind the next newline, and whether the source ended first: such a line names nothing."""
        while at < self._source.size:
            piece = self.take(at, min(_PIECE, self._source.size - at))
            end = piece.find(b"\n")
            if end >= 0:
                return at + end + 1, False
            at += len(piece)
        return at, True


def _decode_line(line: bytes) -> str:
    """Text of a line: UTF-8 as both unpicklers read names (D3), Latin-1 where it is none."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def decode_text(data: bytes) -> str:
    """Text as the unpicklers decode it; bytes that are no UTF-8 make them raise, and here a text that names nothing."""
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


def decode_string(data: bytes) -> str:
    """A Python 2 string under the encodings that loaders choose; ASCII is the same in all of them (D13)."""
    return _decode_line(data)
