"""Objects of Keras in a document: what is stated of them, in each spelling."""

import binascii

import pytest

from scanners.binary import keras_config
from scanners.binary.keras_config import KerasConfig
from scanners.binary.tree import Several, items, shown, walk
from scanners.budget import Budget, Limits
from scanners.facts import Anomaly, Call, Code, Opens, Reference, Unread
from scanners.scanner import Scan
from tests.craft.keras import EVIL, code, encoded, function, lambda_code, old, old_lambda, thing


def stated(document):
    scan = Scan(0, Budget(Limits()), route=lambda source, scan: "unknown")
    keras = KerasConfig(scan)
    for value, place in walk(document):
        if isinstance(value, dict):
            keras.look(value, place)
    return scan.facts


def of(kind, document):
    return [fact for fact in stated(document) if isinstance(fact, kind)]


def names(document):
    return [(fact.kind, fact.module, fact.name, fact.used_as) for fact in of(Reference, document)]


def test_a_tree_is_walked_without_recursion_and_its_places_have_names():
    deep = inner = {}
    for _ in range(100_000):
        inner["a"] = [{}]
        inner = inner["a"][0]
    places = [shown(place) for number, (_, place) in enumerate(walk(deep)) if number < 5]
    assert places == ["", "a", "a/0", "a/0/a", "a/0/a/0"]
    assert list(items([1])) == [(0, 1)]


@pytest.mark.parametrize(
    ("document", "asked"),
    [
        (thing("Dense"), [("keras.layer", "keras.layers", "Dense", "instantiated")]),
        (old("Dense"), [("keras.layer", "", "Dense", "instantiated")]),
        (thing("A", None, "Mine>A"), [("keras.layer", "", "Mine>A", "instantiated")]),
        (thing("A", "mine", "Mine>A"), [("keras.layer", "mine", "A", "instantiated")]),
        (function("relu", "builtins"), [("keras.function", "builtins", "relu", "imported")]),
        ({"class_name": "A"}, []),
        ({"class_name": ["A"], "config": {}}, []),
        ({"class_name": "__tensor__", "config": {"value": [1]}}, []),
        ({"keras_version": "2.1"}, [("keras.version", "keras", "2.1", "imported")]),
        (old("TFOpLambda", function="math.add"), [
            ("keras.layer", "", "TFOpLambda", "instantiated"), ("keras.function", "tensorflow", "math.add", "called")]),
        (old("ClassMethod", cls_symbol="data.Dataset", method_name="from_tensors"), [
            ("keras.layer", "", "ClassMethod", "instantiated"),
            ("keras.function", "tensorflow", "data.Dataset.from_tensors", "called")]),
    ],
)  # fmt: skip
def test_an_object_is_stated_by_its_names(document, asked):
    assert names(document) == asked


def test_every_value_of_a_key_that_comes_twice_is_stated():
    twice = {"class_name": Several(("A", "B")), "module": Several(("m", None, "n")), "config": {}}
    assert {(module, name) for _, module, name, _ in names(twice)} == {("m", "A"), ("n", "A"), ("m", "B"), ("n", "B")}
    assert {fact.detail for fact in of(Anomaly, twice)} == {"class_name in the document", "module in the document"}


@pytest.mark.parametrize("key", ["function", "output_shape", "mask"])
@pytest.mark.parametrize(
    "value", [EVIL, [EVIL, None, None], [EVIL, [1], [2]], code()], ids=["text", "list", "closure", "3"]
)
def test_code_is_found_under_each_key_and_in_each_spelling(key, value):
    facts = of(Code, old("Lambda", **{key: value, f"{key}_type": "lambda"}))
    assert [fact.names for fact in facts] == [("__import__", "system")]
    assert facts[0].member.startswith(f"config/{key}")


def test_a_function_of_a_module_takes_its_globals():
    (fact,) = of(Code, old_lambda(encoded(lambda_code("rmtree")), module="shutil"))
    assert fact.names == ("rmtree", "shutil.rmtree")


@pytest.mark.parametrize("value", [[None, 4], [4], "raw words", None, 7, [], {"a": 1}])
def test_an_output_shape_that_is_no_code_is_none(value):
    facts = stated(
        old("Lambda", function="relu", function_type="function", output_shape=value, output_shape_type="raw")
    )
    assert [fact for fact in facts if isinstance(fact, Code | Unread)] == []


def test_a_call_is_stated_with_the_arguments_of_the_layer():
    (call,) = of(Call, thing("Lambda", function=function("get_file", "keras.utils"), arguments={"a": 1, "b": ["x"]}))
    assert call.text == "keras.utils.get_file(inputs, a=1, b=['x'])"
    assert call.opcode == "Lambda"


@pytest.mark.parametrize("text", ["A", "AA", "", "\udcff", "A" * 4, "\u1234" * 9])
def test_code_that_is_none_is_told_and_unread(text):
    facts = stated(code(text))
    assert [fact.digest for fact in facts if isinstance(fact, Code)] == [""]
    assert [fact.reason for fact in facts if isinstance(fact, Unread)] == ["broken"]


def test_a_marshalled_number_is_no_code():
    assert [fact.digest for fact in of(Code, code(encoded(b"i\x01\x00\x00\x00")))] == [""]


def test_paths_are_stated_once_and_lists_are_none():
    layers = [thing("StringLookup", name="s", vocabulary=path) for path in ("/a", "/a", ["/b"], "", None)]
    assert [(fact.path, fact.by) for fact in of(Opens, layers)] == [("/a", "vocabulary of StringLookup 's'")]


def test_a_saved_model_is_stated_as_such_alone():
    assert [(f.kind, f.path) for f in of(Opens, thing("TFSMLayer", filepath="m"))] == [("keras.saved-model", "m")]


@pytest.mark.parametrize(
    ("node", "operations"),
    [
        ({"op": "Mul"}, ["Mul"]),
        ("\n\x01m\x12\x03Mul\x1a\x01a", ["Mul"]),
        ("\x12\x03Mul\x12\x03Add", ["Mul", "Add"]),
        ("\x08\x01\x12\x03Mul", []),
        ("", []),
        ("\x12\x7fMul", ["Mul"]),
        ({"name": "x"}, []),
    ],
)
def test_the_operation_of_a_node_is_read_from_both_of_its_forms(node, operations):
    facts = stated(old("TensorFlowOpLayer", node_def=node))
    assert [f.name for f in facts if isinstance(f, Reference) and f.used_as == "called"] == [
        f"raw_ops.{operation}" for operation in operations
    ]
    assert [f.reason for f in facts if isinstance(f, Unread)] == ([] if operations else ["no-reader"])


def test_base64_is_read_as_laxly_as_the_loader_reads_it():
    assert keras_config._decoded("QU!JD\n")[0] == binascii.a2b_base64("QUJD")


def test_a_torch_module_that_is_no_base64_is_broken():
    assert [fact.reason for fact in of(Unread, thing("TorchModuleWrapper", module="A"))] == ["broken"]
