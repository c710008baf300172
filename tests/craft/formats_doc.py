"""docs/formats.md: every format of the registry, by what it says of itself.

python -m tests.craft.formats_doc
"""

from pathlib import Path

from scanners.registry import RULES, SCANNERS

PAGE = Path(__file__).parents[2] / "docs" / "formats.md"
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
`make docs` writes this page from the registry, and a test fails where it is not current.

Rules are named by what their ids begin with. Those that begin with {general}
are about files of any format, or about a repository as a whole.

"""


def rules_of(about):
    """The rules that a format names by the beginnings of their ids."""
    return {word: ids_of(word) for word in about.rules.split()}


def ids_of(word):
    """The rules whose ids begin with a word."""
    return [rule.id for rule in RULES if f"{rule.id}-".startswith(f"{word}-")]


def _rules(about):
    found = rules_of(about).items()
    return ", ".join(f"`{word}`" if ids == [word] else f"`{word}-*`" for word, ids in found)


def _names(scanners):
    names = sorted({suffix for scanner in scanners for suffix in scanner.suffixes})
    more = [f"and {len(names) - _NAMES_MOST} more"] if len(names) > _NAMES_MOST else []
    return " ".join([*(f"`{name}`" for name in names[:_NAMES_MOST]), *more])


def _row(cells):
    return f"| {' | '.join(cell or '—' for cell in cells)} |"


def document():
    """The page as it should be."""
    rows = [_HEADINGS, ("---",) * len(_HEADINGS)]
    for about in dict.fromkeys(about for scanner in SCANNERS for about in scanner.about):
        names = _names(scanner for scanner in SCANNERS if scanner.about[:1] == (about,))
        known = "; ".join(filter(None, (about.known_by, names)))
        rows.append((about.title, known, about.read, about.inert, _rules(about), about.peer, about.more))
    return _HEAD.format(general=", ".join(f"`{word}-`" for word in GENERAL)) + "\n".join(map(_row, rows)) + "\n"


if __name__ == "__main__":
    PAGE.write_text(document())
