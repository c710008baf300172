"""Vocabularies of RWKV: literals are words, and anything else is an expression that runs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanners.formats import rwkv
from scanners.registry import SCANNERS
from tests.craft.reading import scan, unread_reasons
from tests.craft.table import said

WORDS = b"".join(
    b"%d %s %d\n" % (number, word, 1)
    for number, word in enumerate(
        [b"'\\x00'", b"b'\\xff'", b'"it\'s"', b"' '", b"'\\''", b"'# (x)'", "'Ġ'".encode()], 1
    )
)
NAME = "rwkv_vocab_v20230424.txt"
SYSTEM = b"9 __import__('os').system('echo this never runs') 1\n"


@pytest.mark.parametrize("name", [NAME, "x"])
def test_words_are_clean(name):
    assert said(WORDS, name) == ("clean", ())
    assert scan(WORDS, name, scanners=SCANNERS).format == "text.rwkv"


@pytest.mark.parametrize("data", [WORDS + SYSTEM, SYSTEM + WORDS, WORDS.replace(b"\n", b"\r") + SYSTEM, SYSTEM])
def test_an_expression_among_the_words_is_judged_as_python(data):
    verdict, findings = said(data, NAME)
    assert (verdict, findings[0].severity) == ("malicious", "critical")


@pytest.mark.parametrize(
    "expression",
    [b"'a' + __import__('os').name", b"f'{__import__(\"os\")}'", b"'a'.join(open('/etc/passwd'))", b"a b c"],
)
def test_what_only_begins_like_a_word_is_none(expression):
    outcome = scan(WORDS + b"9 %s 1\n" % expression, NAME, scanners=SCANNERS)
    assert outcome.facts != ()


def test_expressions_without_end_are_a_limit():
    assert "limit" in unread_reasons(scan(WORDS + b"9 1+1 1\n" * 100, NAME, scanners=SCANNERS))


@pytest.mark.parametrize("text", [b"words\n", b"1. a list\n2. of things\n", b'{"a": 1}\n'])
def test_another_text_under_the_name_is_that_text(text):
    assert not scan(text, NAME, scanners=SCANNERS).format.startswith("text.rwkv")


@given(data=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    outcome = scan(b"1 'a' 1\n" + data, NAME, scanners=(rwkv.SCANNER,))
    assert outcome.format == "text.rwkv"
    assert outcome.account.unexplained == 0
