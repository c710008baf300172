"""docs/formats.md says of every format what docs/formats.toml and the registry say."""

import pytest

from scanners.registry import RULES, SCANNERS
from tests.craft.formats_doc import COLUMNS, GENERAL, PAGE, document, ids_of, rows, rules_of

ROWS = [row for formats in rows().values() for row in formats]


def test_the_page_is_current():
    assert PAGE.read_text() == document(), "`make docs` writes it"


def test_every_registered_format_has_a_row():
    told = [*rows(), *(row["also"] for row in ROWS if "also" in row)]
    assert sorted(told) == sorted(scanner.name for scanner in SCANNERS), "a table [[name]] of docs/formats.toml each"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["title"].partition(" ")[0])
def test_a_row_says_what_is_read_and_names_rules_that_there_are(row):
    assert row.keys() - {*COLUMNS, "also"} == set()
    assert all(row.get(column) for column in ("title", "known_by", "read", "more"))
    assert not any("\n" in cell or "|" in cell for cell in row.values())
    assert [word for word, ids in rules_of(row).items() if not ids] == []


def test_every_rule_is_some_formats():
    named = {rule for row in ROWS for ids in rules_of(row).values() for rule in ids}
    general = {rule for word in GENERAL for rule in ids_of(word)}
    assert {rule.id for rule in RULES} - named - general == set(), "`rules` of its format names it, or GENERAL"
