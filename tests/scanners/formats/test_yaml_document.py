"""Models as YAML: their tags, their layers, and what is no model."""

import json

import pytest

from scanners.budget import Limits
from scanners.facts import Reference, Unread
from scanners.formats import text, yaml_document
from scanners.routing import scan_blob
from scanners.source import BytesSource
from tests.craft.keras import old_lambda
from tests.craft.reading import anomalies, referenced, scan, scan_in_rounds, unread_reasons

SCANNERS = (yaml_document.SCANNER, text.SCANNER)
MODEL = """backend: tensorflow
class_name: Sequential
config:
  name: s
  layers:
  - class_name: Dense
    config: {units: 2, batch_input_shape: !!python/tuple [null, 4]}
keras_version: 2.3.1
"""


def read(document, name="model.yaml"):
    return scan(document.encode() if isinstance(document, str) else document, name, scanners=SCANNERS)


def test_a_model_is_read_and_explained_whole():
    outcome = read(MODEL)
    assert outcome.format == "keras.yaml"
    assert referenced(outcome, "keras.layer") == {("", "Sequential"), ("", "Dense")}
    assert referenced(outcome, "keras.version") == {("keras", "2.3.1")}
    assert (referenced(outcome, "keras.yaml"), outcome.account.unexplained) == (set(), 0)


@pytest.mark.parametrize(
    ("tag", "asked"),
    [
        ("!!python/object/apply:os.system [x]", ("os", "system", "called")),
        ("!!python/object/new:a.B [x]", ("a", "B", "instantiated")),
        ("!!python/object:a.B {x: 1}", ("a", "B", "instantiated")),
        ("!!python/name:eval", ("builtins", "eval", "imported")),
        ("!!python/module:a.b", ("a.b", "", "imported")),
        ("{a: [{b: !!python/name:os.system }]}", ("os", "system", "imported")),
        ("{!!python/name:os.system : 1}", ("os", "system", "imported")),
        ("&x !!python/object/apply:os.system [*x]", ("os", "system", "called")),
    ],
)
def test_what_a_tag_calls_is_said_wherever_it_stands(tag, asked):
    outcome = read(f"class_name: Sequential\nconfig: {tag}\n")
    found = [fact for fact in outcome.facts if isinstance(fact, Reference) and fact.kind == "keras.yaml"]
    assert [(fact.module, fact.name, fact.used_as) for fact in found] == [asked]


def test_a_key_that_comes_again_keeps_all_its_values():
    outcome = read("class_name: Dense\nclass_name: Lambda\nclass_name: Other\nconfig: {}\n")
    assert referenced(outcome, "keras.layer") == {("", "Dense"), ("", "Lambda"), ("", "Other")}
    assert anomalies(outcome) == {"keras.duplicate"}


def test_a_million_equal_keys_take_no_more_than_their_bytes():
    outcome = read("class_name: A\nconfig: {}\n" + "a: 1\n" * 100_000)
    assert outcome.account.unexplained == 0


def test_nesting_is_no_matter_of_recursion():
    deep = "class_name: A\nconfig: " + "[" * 2000 + "]" * 2000 + "\n"
    assert unread_reasons(read(deep)) <= {"broken"}


def test_what_breaks_off_is_broken_and_keeps_what_was_seen():
    outcome = read(f"{MODEL}more: !!python/object/apply:os.system [x\nclass_name")
    assert unread_reasons(outcome) == {"broken"}
    assert outcome.account.unexplained > 0
    assert referenced(outcome, "keras.yaml") == {("os", "system")}


def test_what_is_too_long_is_said():
    outcome = read(MODEL + "a: b\n" * (2 << 20))
    assert [(fact.reason, fact.detail[:4]) for fact in outcome.facts if isinstance(fact, Unread)] == [("limit", "YAML")]


@pytest.mark.parametrize("words", ["config: x\n", "The class_name: of it\n", "class_names: a\n"])
def test_other_yaml_is_not_taken_for_a_model(words):
    outcome = read(words)
    assert (outcome.format, outcome.facts) == ("yaml", ())


def test_a_lambda_layer_in_yaml_is_read():
    document = f"class_name: Sequential\nconfig: [{json.dumps(old_lambda())}]\n"
    outcome = scan_blob(BytesSource(document.encode()), "model.yml", Limits())
    assert any(fact.kind == "keras" and "system" in fact.names for fact in outcome.facts if hasattr(fact, "digest"))


def test_bytes_that_come_in_pieces_say_the_same():
    whole, data = read(MODEL), MODEL.encode()
    pieces, _, rounds = scan_in_rounds(data, "model.yaml", scanners=SCANNERS)
    assert (pieces, rounds > 0) == (whole, True)
