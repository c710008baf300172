"""docs/formats.md: every format of the registry, by what docs/formats.toml says of it.

python -m tests.craft.formats_doc
"""

import tomllib
from pathlib import Path

from scanners.formats.unread import _KINDS
from scanners.registry import RULES, SCANNERS

PAGE = Path(__file__).parents[2] / "docs" / "formats.md"
ROWS = PAGE.with_suffix(".toml")
COLUMNS = ("title", "known_by", "read", "inert", "rules", "peer", "more")
_HEADINGS = ("format", "known by", "read", "proven inert", "rules", "deepest of the others", "beyond it")
_NAMES_MOST = 30
GENERAL = ("dataset", "file", "hub", "name", "space")
"""What the ids of rules begin with that are about any file, or about a repository as a whole."""
_HEAD = """\
# Formats: what is read, and what is proven

A file goes to every reader whose format its content shows, and to every reader whose loaders would go by its name; where
several accept it, each has to explain all of its bytes. A file that no reader explains is *incomplete*, never clean.
What is proven inert is not fetched where lengths lead past it. The last two columns compare with modelscan 0.8.8,
picklescan 1.0.5, fickling 0.1.12, modelaudit 0.2.54 and mlscan 0.1 (November 2026); — is where there is nothing to say.
`make docs` writes this page from formats.toml and the registry, and a test fails where it is not current.

Rules are named by what their ids begin with. Those that begin with {general}
are about files of any format, or about a repository as a whole.

"""


def rows():
    """What is said of the formats of each scanner, by its name."""
    return tomllib.loads(ROWS.read_text())


def rules_of(row):
    """The rules that a row names by the beginnings of their ids."""
    return {word: ids_of(word) for word in row.get("rules", "").split()}


def ids_of(word):
    """The rules whose ids begin with a word."""
    return [rule.id for rule in RULES if f"{rule.id}-".startswith(f"{word}-")]


def _rules(row):
    found = rules_of(row).items()
    return ", ".join(f"`{word}`" if ids == [word] else f"`{word}-*`" for word, ids in found)


def _names(readers):
    names = sorted({suffix for scanner in SCANNERS if scanner.name in readers for suffix in scanner.suffixes})
    more = [f"and {len(names) - _NAMES_MOST} more"] if len(names) > _NAMES_MOST else []
    return " ".join([*(f"`{name}`" for name in names[:_NAMES_MOST]), *more])


def _row(cells):
    return f"| {' | '.join(cell or '—' for cell in cells)} |"


def document():
    """The page as it should be."""
    lines = [_HEADINGS, ("---",) * len(_HEADINGS)]
    unread = ", ".join(sorted({kind.title for kind in _KINDS}))
    for name, formats in rows().items():
        for number, row in enumerate(formats):
            names = "" if number else _names({name, row.get("also")})
            cells = dict.fromkeys(COLUMNS, "") | row
            cells["title"] = cells["title"].format(unread=unread)
            cells["known_by"] = "; ".join(filter(None, (cells["known_by"], names)))
            cells["rules"] = _rules(row)
            lines.append(tuple(cells[column] for column in COLUMNS))
    return _HEAD.format(general=", ".join(f"`{word}-`" for word in GENERAL)) + "\n".join(map(_row, lines)) + "\n"


if __name__ == "__main__":
    PAGE.write_text(document())
