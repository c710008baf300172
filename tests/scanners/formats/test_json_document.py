"""JSON: what a loader resolves is a reference, what it runs and nobody reads is said."""

import base64
import gzip
import json
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.budget import Limits
from scanners.facts import Call, Opens
from tests.craft.pickles import system
from tests.craft.reading import anomalies, called, referenced, scan, unread_reasons


def document(value, name="config.json"):
    return scan(value if isinstance(value, bytes) else json.dumps(value).encode(), name)


@pytest.mark.parametrize(
    "content",
    [
        b"{}", b"[]", b'\xef\xbb\xbf {"a": 1}', b'{"a": NaN}', b'{"a": ' + b"9" * 10_000 + b"}", b"7", b'"x"',
        b'{"a": "\\ud800"}',
    ],
)  # fmt: skip
def test_plain_json_is_examined_whole(content):
    outcome = document(content)
    assert (outcome.format, outcome.facts, outcome.account.unexplained) == ("json", (), 0)


def test_the_files_of_an_index_of_weights_are_stated_once_each():
    weights = {
        "a.weight": "m-1.safetensors",
        "b.weight": "m-1.safetensors",
        "/layers/dense/vars": ["k_0.h5", "../k_1.h5"],
    }
    outcome = document({"metadata": {"total_size": 8}, "weight_map": weights}, "model.weights.json")
    assert sorted(fact.path for fact in outcome.facts) == ["../k_1.h5", "k_0.h5", "m-1.safetensors"]
    twice = document(b'{"weight_map": {"a": "one"}, "weight_map": {"a": "two"}}')
    assert {fact.path for fact in twice.facts if isinstance(fact, Opens)} == {"one", "two"}


def test_an_index_of_more_files_than_are_stated_is_incomplete():
    outcome = document({"weight_map": {str(number): str(number) for number in range(4097)}})
    assert (len([fact for fact in outcome.facts if isinstance(fact, Opens)]), unread_reasons(outcome)) == (
        4096,
        {"limit"},
    )


def test_json_under_any_name_is_known_by_its_content():
    assert document({"a": [1]}, "settings").format == "json"


@pytest.mark.parametrize(
    ("content", "why"),
    [(b'{"a": 1', "broken"), (b'{"a": 1} trailing', "broken"), (b"words", "broken"), (b"[" * 200_000, "limit")],
    ids=range(4),
)
def test_what_says_json_and_is_not_is_said(content, why):
    outcome = document(content)
    assert anomalies(outcome) == ({"json.broken"} if why == "broken" else set())
    assert unread_reasons(outcome) == {why}
    assert outcome.account.unexplained == len(content)


def test_text_that_begins_like_json_is_text_under_another_name():
    outcome = document(b'{"a": 1} and more', "notes.txt")
    assert (outcome.format, outcome.facts) == ("text", ())


def test_a_document_for_each_line_is_read_line_by_line():
    outcome = document(b'{"a": 1}\n{"auto_map": {"AutoModel": "m.Model"}}\n', "data.jsonl")
    assert outcome.format == "json.lines"
    assert referenced(outcome, "transformers.auto_map") == {("m", "Model")}


def test_a_key_that_comes_twice_is_said_and_both_its_values_are_read():
    outcome = document(b'{"auto_map": {"A": "one.A"}, "auto_map": {"A": "two.A"}}')
    assert anomalies(outcome) == {"json.duplicate-key"}
    assert referenced(outcome, "transformers.auto_map") == {("one", "A"), ("two", "A")}


def test_classes_in_auto_map_are_references_at_any_depth():
    value = {
        "auto_map": {"AutoConfig": "configuration_x.XConfig", "AutoTokenizer": ["tok.Slow", None]},
        "nested": [{"deeper": {"auto_map": {"AutoModel": "org/repo--modeling.Model"}}}],
    }
    assert referenced(document(value), "transformers.auto_map") == {
        ("configuration_x", "XConfig"),
        ("tok", "Slow"),
        ("org/repo--modeling", "Model"),
    }


def test_a_configuration_that_only_speaks_of_templates_is_plain():
    assert document({"chat_template": None, "class_name": "x", "auto_mapping": {"a": "b.C"}}).facts == ()


def test_a_document_larger_than_may_be_held_is_said():
    outcome = scan(json.dumps(["x"] * 100).encode(), "x.json", limits=Limits(whole=50))
    assert "limit" in unread_reasons(outcome)


def test_other_content_under_the_name_is_left_to_others():
    assert scan(b"\x1f\x8b\x08" + bytes(50), "x.json").format == "gzip"


# --- encoded files ---------------------------------------------------------------------------------------------------

ENCODED = base64.b64encode(system()).decode()


@pytest.mark.parametrize(
    ("value", "member"),
    [
        ({"lr_schedule": {":type:": "function", ":serialized:": ENCODED}}, "lr_schedule/:serialized:"),
        ([{"a": [1, ENCODED]}], "0/a/1"),
        ({"a": "data:application/octet-stream;base64," + ENCODED}, "a@37"),
        ({"a": base64.encodebytes(system() * 3).decode()}, "a"),
        ({"a": system().hex()}, "a"),
        (json.dumps({"a": ENCODED}).replace("gA", "\\u0067A").encode(), "a"),
        (b'{"a": "%s", "a": 1}' % ENCODED.encode(), "a/0"),
        (b'{"b": 1}\n{"a": "%s"}\n' % ENCODED.encode(), "1/a"),
    ],
)
def test_a_file_that_a_string_encodes_is_read_under_its_path(value, member):
    outcome = document(value, "data")
    assert ("posix.system", member) in called(outcome)
    assert outcome.account.unexplained == 0


def test_a_compressed_file_in_a_string_is_read():
    outcome = document({"model": base64.b64encode(gzip.compress(system())).decode()})
    assert called(outcome) == {("posix.system", "model!/model")}


@pytest.mark.parametrize(
    "text",
    ["words " * 20, "a" * 64, "0123456789abcdef" * 4, base64.b64encode(bytes(range(256))).decode(), ENCODED[:20]],
)
def test_a_string_that_encodes_no_file_is_plain(text):
    assert document({"a": text, "b": base64.b64encode(gzip.compress(b"\xff\x01" * 99)).decode()}).facts == ()


def test_more_encoded_files_than_are_read_are_said():
    value = [base64.b64encode(pickle.dumps(list(range(9)))).decode()] * 5000
    assert unread_reasons(document(value)) == {"limit"}


@given(
    st.recursive(
        st.sampled_from([ENCODED, ENCODED[:-3], ENCODED[1:], "words", 1, None]),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b/c", "d.gz", ""]), inner, max_size=3)
        ),
    )
)
@settings(max_examples=100, deadline=None)
def test_every_encoded_file_is_found_at_any_depth(value):
    calls = [fact for fact in document(value).facts if isinstance(fact, Call) and fact.name == "system"]
    assert len(calls) >= json.dumps(value).count(ENCODED)
