"""The queries that ship with the project: one question a file, its first line in words."""

from __future__ import annotations

import difflib
import re
from importlib.resources import files
from typing import NamedTuple

from reports.errors import QueryError

_PARAMETER = re.compile(r"\$([a-z_]+)")


class Shipped(NamedTuple):
    """A question, and the query that answers it."""

    name: str
    question: str
    sql: str

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of what it can be told; NULL is what it takes where it is told nothing."""
        return tuple(dict.fromkeys(_PARAMETER.findall(self.sql)))


def shipped() -> dict[str, Shipped]:
    """All of them by name."""
    found = {}
    for entry in sorted(files("reports").joinpath("queries").iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".sql"):
            name = entry.name.removesuffix(".sql")
            first, _, rest = entry.read_text("utf-8").partition("\n")
            found[name] = Shipped(name, first.removeprefix("-- "), rest)
    return found


def find(name: str) -> Shipped:
    """The query of this name; raises `QueryError`."""
    known = shipped()
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}?" if near else "`audit sql --list` shows them"
        raise QueryError(f"there is no query {name!r}; {hint}")
    return known[name]


def listing() -> str:
    """Every name with its question."""
    known = shipped()
    width = max(map(len, known))
    return "".join(f"{one.name:<{width}}  {one.question}\n" for one in known.values())
