"""Protocol buffers as text, as a tree; no schema says which fields there are.

Source: https://protobuf.dev/reference/protobuf/textformat-spec/. Texts are kept as they are written, escapes and all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.binary.tree import Several

if TYPE_CHECKING:
    from scanners.binary.tree import Branch

_TOKEN: Final = re.compile(
    r"""(?:\s|\#[^\n]*+)*+(?:("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|([\w.+-]+)|([{}\[\]<>:,;])|\Z)""", re.DOTALL
)
_OPENS: Final = frozenset("{<")
_CLOSES: Final = frozenset("}>")
_DEPTH_MOST: Final = 100


def read(text: str) -> Branch:
    """The message that a text is; raises `ValueError` where it is none."""
    root: dict[str, object] = {}
    inside, listed = [root], [False]
    key, told, quoted, at = "", False, False, 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"no text of a protocol buffer at {at}")
        at = found.end()
        text_token, word, mark = found.groups()
        value = text_token[1:-1] if text_token else word
        if text_token and quoted:
            _append(inside[-1], key, value)
        elif value is not None and (told or listed[-1]):
            _add(inside[-1], key, value)
            told = False
        elif word:
            key = word
        elif text_token:
            raise ValueError(f"a text without a name at {at}")
        elif mark in _OPENS and key:
            made: dict[str, object] = {}
            _add(inside[-1], key, made)
            inside.append(made)
            listed.append(False)
            told = False
            if len(inside) > _DEPTH_MOST:
                raise ValueError(f"messages over {_DEPTH_MOST} deep")
        elif mark in _CLOSES and len(inside) > 1:
            inside.pop()
            listed.pop()
            key = next(reversed(inside[-1]), "")
        elif mark in ("[", "]"):
            listed[-1], told = mark == "[", False
        elif mark == ":":
            told = True
        elif mark not in (None, ",", ";"):
            raise ValueError(f"{mark} at {at}")
        quoted = bool(text_token)
    if len(inside) > 1:
        raise ValueError("a message without end")
    return root


def _add(into: dict[str, object], key: str, value: object) -> None:
    known = into.pop(key, None)
    if isinstance(known, Several):
        known.append(value)
        into[key] = known
    else:
        # The newest stands last: what a list of messages goes on with.
        into[key] = value if known is None else Several([known, value])


def _append(into: dict[str, object], key: str, value: str) -> None:
    known = into[key]
    if isinstance(known, Several):
        known[-1] = f"{known[-1]}{value}"
    else:
        into[key] = f"{known}{value}"
