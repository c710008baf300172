"""Text from outside, made safe to show.

A file name, a message, a call reconstructed from a pickle: all of it is data that somebody else chose. A terminal
obeys control characters, a reader believes what bidirectional overrides draw, and characters of no width make two
names look like one. All of these are shown as escapes instead; everything that can be seen stays as it is.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

_UNSEEN = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1
    "\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2"  # soft hyphen, joiner, Arabic format signs
    "\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # fillers and selectors without width
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero width, separators, bidirectional controls
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\ud800-\udfff"  # surrogates: bytes of a file name that are no UTF-8
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"  # tags and selectors
    "]"
)
"""Every character of the categories control, format, surrogate, line and paragraph separator, and every other one
that Unicode lets a renderer leave out (Default_Ignorable_Code_Point)."""

_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def visible(text: str) -> str:
    """`text` on one line, with every character that acts or hides written as Python would escape it."""
    return _UNSEEN.sub(lambda match: _SHORT.get(match[0]) or _escape(match[0]), text)


def is_visible(text: str) -> bool:
    """Whether `visible` has nothing to do."""
    return _UNSEEN.search(text) is None


def as_line(value: Any) -> bytes:
    r"""`value` as JSON in UTF-8, on one line.

    JSON cannot carry lone surrogates, which Python puts for the bytes of a file name that are no UTF-8: they become
    a text such as `\udcff`.
    """
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_carried(msgspec.to_builtins(value)))


def as_document(value: Any) -> str:
    r"""`value` as indented JSON that is safe in a terminal, with each unseen character in a string as `\uXXXX`."""
    return _UNSEEN.sub(_json, msgspec.json.format(as_line(value), indent=2).decode())


def _escape(character: str) -> str:
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _json(match: re.Match[str]) -> str:
    # The only control character outside the strings of a document is its own line feed; inside, JSON escaped it.
    if match[0] == "\n":
        return "\n"
    units = match[0].encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _carried(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {_carried(key): _carried(item) for key, item in value.items()}
        case list() | tuple():
            return [_carried(item) for item in value]
        case _:
            return value
