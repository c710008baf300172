"""Templates in Go's language, as Ollama has them: what they say, and when.

Source: https://pkg.go.dev/text/template and template/template.go of Ollama. Such a template reaches the values that it
is handed and a handful of functions that compute with texts; so what counts is what it says, and when.
"""

from __future__ import annotations

import re
from typing import Final

from scanners.binary.jinja import MOST, Template, Trigger

_STARTS: Final = re.compile(
    r"""\{\{-?\s*(?:/\*|(?:define|template|block)\s+"|(?:(?:if|range|with|else\ if)\s+)?
    (?:\(*(?:eq|ne|and|or|not|len|gt|lt|index|json)\s+)*\(*[.$])""",
    re.VERBOSE,
)
"""An action that only Go has: a field of what is handed over, a variable, or a comment."""
_ACTION: Final = re.compile(
    r"""\{\{-?(?:\s*/\*.*?\*/\s*|((?:"(?:[^"\\\n]|\\.)*+"|`[^`]*+`|'(?:[^'\\\n]|\\.)*+'|[^"`'}]|\}(?!\}))*+))\}\}""",
    re.DOTALL,
)
_QUOTED: Final = re.compile(r""""((?:[^"\\\n]|\\.)*+)"|`([^`]*+)`""", re.DOTALL)
_ASKED: Final = re.compile(
    r"""\b(?:eq|ne|contains|hasPrefix|hasSuffix)\b[^"`]*\.(?:Prompt|Content|System)\b[^"`]*(?:"([^"]*)"|`([^`]*)`)"""
)
_DEFINES: Final = re.compile(r"-?\s*(?:define|block)\b")
_TAKES_IN: Final = re.compile(r"-?\s*template\b")


def read(text: str) -> Template:
    """Read a template; raises `ValueError` where it is none of Go, is too long, or an action has no end."""
    # What has a tag or a comment of Jinja is read as Jinja or not at all.
    if not _STARTS.search(text) or "{%" in text or "{#" in text:
        raise ValueError("no template of Go")
    if len(text) > MOST:
        raise ValueError(f"a template of {len(text)} characters")
    texts: list[str] = []
    triggers: list[Trigger] = []
    bombs: list[str] = []
    at, defines = 0, False
    for found in _ACTION.finditer(text):
        texts.append(text[at : found.start()])
        at, action = found.end(), found[1] or ""
        texts += [one or other for one, other in _QUOTED.findall(action)]
        if (asked := _ASKED.search(action)) and (wanted := asked[1] or asked[2]):
            following = _ACTION.search(text, at)
            if answer := text[at : following.start() if following else None].strip():
                triggers.append(Trigger(wanted, answer))
        defines = defines or _DEFINES.match(action) is not None
        if defines and _TAKES_IN.match(action):
            bombs.append(f"a template that may take in itself: {action.strip()}")
    texts.append(text[at:])
    if "{{" in texts[-1]:
        raise ValueError("an action without end")
    said = dict.fromkeys(each for each in texts if each.strip())
    return Template((), tuple(said), (), (), tuple(bombs), tuple(triggers), "".join(text.split()))
