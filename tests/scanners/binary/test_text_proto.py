"""Protocol buffers as text: what libraries print comes back as a tree, and what is none is refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanners.binary.text_proto import read


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", {}),
        ("# only this", {}),
        ("a: 1 b: -2.5e-3, c: TRUE; d: 'x\\n'", {"a": "1", "b": "-2.5e-3", "c": "TRUE", "d": "x\\n"}),
        ("a: 'x' # y\n \"z\" b: 1", {"a": "xz", "b": "1"}),
        ("a: [1, 2] a: 3", {"a": ["1", "2", "3"]}),
        ("a: ['x' 'y', 'z']", {"a": ["xy", "z"]}),
        ("a { b: 1 } a: < c { } >", {"a": [{"b": "1"}, {"c": {}}]}),
        ("a [ { b: 1 }, { b: 2 } ] d: 4", {"a": [{"b": "1"}, {"b": "2"}], "d": "4"}),
        ("a: []", {}),
    ],
)
def test_a_message_is_a_tree(text, tree):
    assert read(text) == tree


@pytest.mark.parametrize("text", ["a: 1 'b' 'c'", "a {", "a: @", "{ a: 1 }", "a { " * 200, '"x"', "}", "a: 'x"])
def test_what_is_no_message_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        read(text)


@given(st.text(alphabet="ab:'\"{}[]<>#,; \n\\1", max_size=60))
def test_any_text_is_read_or_refused(text):
    with suppress(ValueError):
        assert isinstance(read(text), dict)
