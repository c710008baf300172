"""Lines of text for people: in colour on a terminal, plain everywhere else.

A report is a list of lines, and a line is a few pieces of text with their styles. What is drawn around the text is
ASCII; whatever came from outside has gone through `visible` before it becomes a piece.
"""

from __future__ import annotations

import shutil
import textwrap
from typing import NamedTuple


class Piece(NamedTuple):
    """Text in one style, in rich's words; styles vanish in plain text."""

    text: str
    style: str = ""


class Line(NamedTuple):
    """Pieces in a row, `indent` columns from the left; wrapped lines keep the indent."""

    pieces: tuple[Piece, ...] = ()
    indent: int = 0


def line(*pieces: Piece | str, indent: int = 0) -> Line:
    """A line of pieces, where a bare string has no style."""
    return Line(tuple(piece if isinstance(piece, Piece) else Piece(piece) for piece in pieces), indent)


def draw(lines: list[Line], *, width: int | None, colour: bool) -> str:
    """The lines as one text that ends in a line feed.

    `width` in columns; None is the terminal's own for a coloured text, and none at all for a plain one.
    """
    if colour:
        return _coloured(lines, width or shutil.get_terminal_size().columns)
    drawn: list[str] = []
    for one in lines:
        text, margin = "".join(piece.text for piece in one.pieces), " " * one.indent
        if width is None or len(text) + one.indent <= width or not text:
            drawn.append((margin + text).rstrip())
        else:
            drawn += textwrap.wrap(
                text,
                max(width, one.indent + 20),
                initial_indent=margin,
                subsequent_indent=margin,
                break_on_hyphens=False,
                # A path in two pieces cannot be copied.
                break_long_words=False,
                drop_whitespace=True,
            )
    return "".join(f"{one}\n" for one in drawn)


def _coloured(lines: list[Line], width: int) -> str:
    from io import StringIO  # noqa: PLC0415 - only on a terminal

    from rich.console import Console  # noqa: PLC0415 - the same
    from rich.padding import Padding  # noqa: PLC0415 - the same
    from rich.text import Text  # noqa: PLC0415 - the same

    screen = StringIO()
    console = Console(
        file=screen,
        force_terminal=True,
        color_system="standard",
        width=width,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    for one in lines:
        text = Text.assemble(*((piece.text, piece.style) for piece in one.pieces))
        # Padding draws nothing at all around an empty text.
        console.print(Padding(text, (0, 0, 0, one.indent), expand=False) if one.pieces else "")
    return "".join(f"{drawn.rstrip()}\n" for drawn in screen.getvalue().splitlines())
