"""Scripts of PowerShell and of Windows' command interpreter as their commands, in the shape of `shell_text`.

Letters that these shells drop, as hiders like them, are dropped: carets, backticks, quotes that are joined by `+`.
Source: Microsoft Learn, about_Parsing and about_Pipelines; "cmd" and "set" of the command reference.
"""

from __future__ import annotations

import re
from typing import Final

from scanners.binary.shell_text import Command, Pipeline

_COMMENT: Final = re.compile(r"<#(?s:.*?)(?:#>|\Z)|^[ \t]*(?:@?rem\b|::|#)[^\n]*", re.IGNORECASE | re.MULTILINE)
_CONTINUED: Final = re.compile(r"[\^`][ \t]*\r?\n[ \t]*")
_DROPPED: Final = re.compile(r"[\^`](?=[A-Za-z0-9|&<>\"'(-])")
_JOINED: Final = re.compile(r"(['\"])[ \t]*\+[ \t]*\1")
_PART: Final = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|\|\||&&|[;&|\n]|[^;&|\n\"']+|.")
_WORD: Final = re.compile(r"(?:\"[^\"]*\"|'[^']*'|[^\s\"']|[\"'])+")
_SET: Final = re.compile(
    r"^[ \t]*(?:@?set[ \t]+\"?(\w+)=([^\"\n]*)\"?|\$(\w+)[ \t]*=[ \t]*(['\"])(.*?)\4)[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)
_NAMED: Final = re.compile(r"%(\w+)%|\$(?:\{(\w+)\}|(\w+))")
_EXPANDED_MOST: Final = 1_024


def read(text: str) -> list[Pipeline]:
    """All pipelines of a text."""
    text = _COMMENT.sub(lambda match: "\n" * match[0].count("\n"), text.replace("\r\n", "\n"))
    values = {
        (match[1] or match[3]).lower(): (match[2] or match[5] or "")[:_EXPANDED_MOST] for match in _SET.finditer(text)
    }
    found: list[Pipeline] = []
    line, commands, parts = 1, list[Command](), list[str]()

    def end() -> None:
        if words := [word.strip("\"'@") for word in _WORD.findall("".join(parts))]:
            commands.append(Command(tuple(filter(None, words[:1_000])), (), ""))
        parts.clear()

    # A line that goes on counts as one, so what follows is said to be a little above its place.
    for match in _PART.finditer(_JOINED.sub("", _CONTINUED.sub(" ", text)) + "\n"):
        part = match[0]
        if part == "|":
            end()
        elif part in {";", "&", "&&", "||", "\n"}:
            end()
            if commands and any(command.words for command in commands):
                found.append(Pipeline(tuple(commands), line))
            commands = []
            line += part == "\n"
        else:
            plain = _DROPPED.sub("", part)
            parts.append(_NAMED.sub(lambda name: values.get((name[1] or name[2] or name[3]).lower(), name[0]), plain))
    return found
