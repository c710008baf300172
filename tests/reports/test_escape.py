"""What cannot be seen is shown; what can be seen stays."""

import json
import sys
import unicodedata

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.escape import as_document, as_line, visible

ANY_TEXT = st.text(st.characters(codec=None))
HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("a\u202egnp.bin", r"a\u202egnp.bin"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("one\ntwo\r\tthree", r"one\ntwo\r\tthree"),
        ("\x00\x7f\x9b", r"\x00\x7f\x9b"),
        ("tag\U000e0041", r"tag\U000e0041"),
        ("\udcff", r"\udcff"),
        ("\u2066\u2069\u2028", r"\u2066\u2069\u2028"),
    ],
)
def test_what_acts_or_hides_is_escaped(text, shown):
    assert visible(text) == shown


@pytest.mark.parametrize("text", ["plain", "模型.bin", "modèle é", "[red]markup[/red]", "\\x1b", "🙂", "a b"])
def test_what_can_be_seen_stays(text):
    assert visible(text) == text


def test_every_control_and_format_character_of_unicode_is_escaped():
    left = [
        hex(number)
        for number in range(sys.maxunicode + 1)
        if unicodedata.category(chr(number)) in HIDDEN and visible(chr(number)) == chr(number)
    ]
    assert left == []


@given(ANY_TEXT)
def test_no_text_has_anything_hidden_left(text):
    assert not {unicodedata.category(character) for character in visible(text)} & HIDDEN
    assert visible(visible(text)) == visible(text)


@given(
    st.recursive(
        ANY_TEXT | st.integers(-(2**40), 2**40) | st.none(),
        lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner),
    )
)
def test_a_document_says_the_same_and_hides_nothing(value):
    document = as_document(value)
    assert not {unicodedata.category(character) for character in document.replace("\n", "")} & HIDDEN
    assert json.loads(document) == json.loads(as_line(value))


def test_a_line_carries_what_is_no_unicode():
    assert msgspec.json.decode(as_line({"\udcff": ["\udcfe", 1]})) == {"\\udcff": ["\\udcfe", 1]}
    assert b"\n" not in as_line({"a": "b\nc"})
