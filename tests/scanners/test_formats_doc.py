"""docs/formats.md says of every format what the registry says."""

import pytest

from scanners.registry import RULES, SCANNERS
from tests.craft.formats_doc import GENERAL, PAGE, document, ids_of, rules_of

ABOUTS = list(dict.fromkeys(about for scanner in SCANNERS for about in scanner.about))


def test_the_page_is_current():
    assert PAGE.read_text() == document(), "`make docs` writes it"


@pytest.mark.parametrize("scanner", SCANNERS, ids=lambda scanner: scanner.name)
def test_every_registered_format_says_what_is_read_of_it(scanner):
    assert scanner.about, "Scanner(…, about=(About(…),)) is its row of docs/formats.md"
    for about in scanner.about:
        assert all(getattr(about, field) for field in ("title", "known_by", "read", "more"))
        assert not any("\n" in cell or "|" in cell for cell in about)


@pytest.mark.parametrize("about", ABOUTS, ids=lambda about: about.title.partition(" ")[0])
def test_a_format_names_rules_that_there_are(about):
    assert [word for word, ids in rules_of(about).items() if not ids] == []


def test_every_rule_is_some_formats():
    named = {rule for about in ABOUTS for ids in rules_of(about).values() for rule in ids}
    general = {rule for word in GENERAL for rule in ids_of(word)}
    assert {rule.id for rule in RULES} - named - general == set(), "`About.rules` of its format names it, or GENERAL"
