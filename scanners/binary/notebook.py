"""Notebooks: their code cells as one Python program, shell commands in them as the calls that IPython makes of them.

Source: nbformat 4 (https://nbformat.readthedocs.io/en/latest/format_description.html), 3 had its cells in worksheets;
https://ipython.readthedocs.io/en/stable/interactive/magics.html.
"""

from __future__ import annotations

import re
from textwrap import dedent
from typing import TYPE_CHECKING, Final

from scanners.binary.tree import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME: Final = "cells.ipynb.py"
"""Of the program, inside of the notebook: the reader of Python knows by it that nobody imports this."""
_COMMAND: Final = re.compile(r"(\s*)(?:[\w.,\[\]'\" ]+=\s*)?!!?\s*(.*)")
_MAGIC: Final = re.compile(r"(\s*)(?:[\w., ]+=\s*)?%{1,2}\s*(\w+)[ \t]*(.*)")
_HELP: Final = re.compile(r"\s*(?:\?.*|[\w.*]+\?{1,2}\s*)")
_RUNS: Final = frozenset(("sx", "system", "run", "script"))
_SHELLS: Final = frozenset(("bash", "sh", "script", "system", "sx", "cmd", "perl", "ruby"))
_TIMES: Final = frozenset(("time", "timeit", "capture", "prun", "python", "python3"))
_ACTIVE: Final = re.compile(r"<script|javascript:|\bon(?:load|error|click)\s*=|<iframe|<object|<embed", re.IGNORECASE)
_MARKUP: Final = frozenset(("text/html", "image/svg+xml"))


def program(notebook: dict[str, object]) -> str:
    """The code of all cells in their order."""
    lines: list[str] = []
    for cell in _cells(notebook):
        if cell.get("cell_type") == "code":
            # As IPython does (inputtransformer2.py, `leading_indent`).
            lines += _lines(dedent(_text(cell.get("source", cell.get("input")))))
    return "\n".join(lines) + "\n"


def active(notebook: dict[str, object]) -> Iterator[str]:
    """What of the outputs a browser would run, in outline."""
    for cell in _cells(notebook):
        outputs = cell.get("outputs")
        for value, _ in walk(outputs) if isinstance(outputs, list) else ():
            for kind, each in value.items() if isinstance(value, dict) else ():
                if kind == "application/javascript":
                    yield f"{kind}: {_text(each)[:80]}"
                elif kind in _MARKUP and (found := _ACTIVE.search(_text(each))):
                    yield f"{kind}: {_text(each)[found.start() : found.start() + 80]}"


def _cells(notebook: dict[str, object]) -> Iterator[dict[str, object]]:
    sheets = notebook.get("worksheets")
    for holder in (notebook, *(sheets if isinstance(sheets, list) else ())):
        cells = holder.get("cells") if isinstance(holder, dict) else None
        yield from (cell for cell in (cells if isinstance(cells, list) else ()) if isinstance(cell, dict))


def _text(value: object) -> str:
    if isinstance(value, list):
        return "".join(each for each in value if isinstance(each, str))
    return value if isinstance(value, str) else ""


def _lines(source: str) -> Iterator[str]:
    first = _MAGIC.fullmatch(source.lstrip().partition("\n")[0]) if source.lstrip().startswith("%%") else None
    if first and first[2] not in _TIMES:
        # The whole cell is another program's.
        shell = first[2] in _SHELLS
        yield from (_called(line) if shell and line.strip() else "" for line in source.lstrip().split("\n")[1:])
        return
    for line in source.split("\n"):
        if command := _COMMAND.fullmatch(line):
            yield command[1] + _called(command[2])
        elif magic := _MAGIC.fullmatch(line):
            name, rest = magic[2], magic[3]
            timed = rest if name in _TIMES and rest else "pass"
            yield magic[1] + (_called(f"{name} {rest}") if name in _RUNS else timed)
        elif _HELP.fullmatch(line):
            yield "pass"
        else:
            yield line


def _called(command: str) -> str:
    return f"__import__('os').system({command!r})"
