"""Pickles in bytes that nobody explains: where a loader that skips junk would begin to read.

What lies behind the end of a pickle is opened by loaders that know an offset, or look for a mark. No grammar says
where that is, so a walk begins wherever a stream could, and states the names that it would import as possible.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from scanners.binary.pickle_lexer import Broken, Lexer
from scanners.binary.pickle_machine import Machine, ignore
from scanners.binary.pickle_opcodes import SHAPES
from scanners.binary.pickle_readings import Possible
from scanners.budget import LimitReached
from scanners.source import Slice, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.binary.pickle_notes import Notes
    from scanners.source import Source

_SEARCHED: Final = 8 << 20
"""Bytes that are searched."""
_WALKED: Final = 4 << 20
"""Bytes that are walked, of all streams together: they may lie inside one another."""
_TRIES: Final = 1 << 14
_PROTOCOL: Final = 0x80
_NEWLINE: Final = 0x0A
_NAME_MOST: Final = 128
_NAME: Final = rb"[A-Za-z_][\w.]{0,126}"
_TEXT: Final = rb"(?:\x8c[\x01-\x7f]|X[\x01-\x7f]\0\0\0|U[\x01-\x2d])" + _NAME + rb"(?:\x94|q.|r....)?"
_OPCODES: Final = b"".join(re.escape(bytes([code])) for code, shape in enumerate(SHAPES) if shape is not None)
_START: Final = re.compile(
    # A protocol; the second line of GLOBAL or INST; the two texts of STACK_GLOBAL. No two of them begin inside a name,
    # so the time that this takes grows with the bytes and not with their square.
    rb"\x80[\x00-\x05][" + _OPCODES + rb"]|\n" + _NAME + rb"+(?=\n)|(?:" + _TEXT + rb"){2}\x93",
    re.DOTALL,
)
_FIRST_LINE: Final = re.compile(rb"[\w.]+\Z")
_LINED: Final = b"ci"
"""GLOBAL and INST: their first line begins somewhere in the word before the second."""


def search(source: Source, start: int, notes: Notes) -> bool:
    """State what pickles from `start` on would import; whether all there is are zeros, which are no opcode."""
    stop = min(source.size, start + _SEARCHED)
    source.want(Span(start, stop))
    data = source.read(start, stop - start)
    if stop < source.size:
        notes.unread("limit", f"{_SEARCHED} bytes behind the last stream were searched for another", stop)
    elif not data.strip(b"\0"):
        return True
    machine, lexer = Machine(Possible(notes), ignore), Lexer(Slice(source, 0, stop))
    walked = done = 0
    for tries, at in enumerate(_starts(data)):
        if at < done and data[at] == _PROTOCOL:
            continue  # an opcode of the stream before
        if tries >= _TRIES or walked >= _WALKED:
            notes.unread("limit", "more beginnings of streams than are walked", start + at)
            break
        lexer.at = start + at
        with suppress(Broken, LimitReached):
            machine.run(lexer)
            done = lexer.at - start
        walked += lexer.at - start - at
    return False


def _starts(data: bytes) -> Iterator[int]:
    """Where streams could begin."""
    for match in _START.finditer(data):
        at = match.start()
        if data[at] != _NEWLINE:
            yield at
            continue
        near = max(0, at - _NAME_MOST)
        if line := _FIRST_LINE.search(data, max(near, data.rfind(b"\n", near, at)), at):
            yield from (place for place in range(line.start(), at - 1) if data[place] in _LINED)
