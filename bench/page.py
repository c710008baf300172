"""docs/bench.md and the like, of which each bench writes its own sections."""

import os
import platform
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "bench.md"
_SECTION = "\n## "


def put(sections, where=PAGE):
    """Write sections, {title: lines}, in the place of those with the same titles, or behind all others."""
    head, *rest = where.read_text().rstrip("\n").split(_SECTION)
    kept = {title: body for title, _, body in (part.partition("\n") for part in rest)}
    for title, lines in sections.items():
        kept[title] = "\n" + "\n".join(lines) + "\n"
    where.write_text(head.rstrip("\n") + "\n" + "".join(f"{_SECTION}{t}\n{b.rstrip()}\n" for t, b in kept.items()))


def machine():
    """Where the figures were made, in a few words."""
    return f"{os.cpu_count()} cores of {platform.machine()}, Python {platform.python_version()}"
