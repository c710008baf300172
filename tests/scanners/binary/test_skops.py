"""The schema of skops: what its nodes import, call and show, at any depth and in any order."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.facts import Anomaly, Call, Reference, Unread
from tests.craft.archives import DEFLATED, Part
from tests.craft.pickles import system
from tests.craft.reading import anomalies, called, referenced, scan, unread_reasons
from tests.craft.skops import (
    constant,
    function,
    instance,
    mapping,
    method,
    node,
    operator,
    partial,
    schema,
    sequence,
    skops,
)

MODEL = instance("sklearn.linear_model._logistic:LogisticRegression", C=constant(1.0))


def read(root):
    return scan(schema(root), "schema.json")


def calls(root):
    return {fact.text for fact in read(root).facts if isinstance(fact, Call)}


def names(root):
    return referenced(read(root), "skops.global")


@pytest.mark.parametrize(
    ("root", "text"),
    [
        (MODEL, "sklearn.linear_model._logistic.LogisticRegression()"),
        (partial(function("a.b:c"), constant("x")), "functools.partial(a.b.c, 'x')"),
        (operator("operator:attrgetter", constant("real")), "operator.attrgetter('real')"),
        (method(instance("a:B"), "run"), "builtins.getattr(a.B(), 'run')"),
        (node("ConstructorFromReduce", "a:B", content=sequence(constant([1, "x"]))), "a.B([1, 'x'])"),
        (node("Tree", "a:B", __reduce__={"args": sequence(constant(3))}, content=mapping()), "a.B(3)"),
        (node("Set", "a:B", content=[constant(None)]), "a.B([None])"),
        (node("Tuple", "a:B", content=[constant(1), constant(2)]), "a.B(1, 2)"),
        (node("Dict", "a:B", content={"k": constant(1)}, key_types=sequence()), "a.B({'k': 1})"),
        (node("NdArray", "a:B", type="numpy", file="1.npy"), "a.B(<buffer>)"),
        (node("RandomState", "a:B", content=mapping()), "a.B()"),
    ],
    ids=range(11),
)
def test_a_node_does_what_its_loader_does(root, text):
    assert text in calls(root)


@pytest.mark.parametrize(
    "root",
    [
        node("Function", "a:b"),
        node("Type", "a:b"),
        node("Function", "x:y", content={"module_path": "a", "function": "b"}),
        node("SparseMatrix", "a:b", type="scipy", file="1.npz"),
        node("MaskedArray", "numpy.ma:MaskedArray", content={"data": node("Type", "a:b"), "mask": constant(1)}),
        node("DType", "numpy:dtype", content=node("Type", "a:b")),
        node("Unheard", "x:y", deep=[{"er": node("Type", "a:b")}]),
        node("NdArray", "numpy:ndarray", type="json", content=[node("Type", "a:b")], shape=sequence(constant(1))),
        mapping(k=sequence(instance("x:y", z=node("Type", "a:b")))),
    ],
    ids=range(9),
)
def test_a_name_is_stated_wherever_it_stands(root):
    assert ("a", "b") in names(root)


def test_a_method_of_what_was_looked_up_is_followed():
    root = method(node("Type", "a:B"), "c")
    assert ("a", "B.c") in names(root)


def test_an_id_that_was_seen_stands_for_the_earlier_node():
    first = node("Function", "posix:system", __id__=7)
    root = sequence(first, partial({**constant("x"), "__id__": 7}, constant("y")))
    assert "functools.partial(posix.system, 'y')" in calls(root)


def test_a_node_that_holds_itself_ends():
    root = sequence(constant(1)) | {"__id__": 7}
    root["content"].append(node("Cached", "x:y", __id__=7))
    assert unread_reasons(read(root)) == set()


def test_a_loader_that_nobody_knows_is_unread():
    assert unread_reasons(read(node("Future", "a:b"))) == {"no-reader"}


def test_nodes_too_deep_to_be_made_are_named_and_said():
    root = node("Type", "posix:system")
    for _ in range(150):
        root = sequence(root)
    outcome = read(root)
    assert unread_reasons(outcome) == {"limit"}
    assert ("posix", "system") in referenced(outcome, "skops.global")


def test_facts_do_not_claim_a_place():
    assert {fact.offset for fact in read(MODEL).facts} == {None}


@pytest.mark.parametrize(
    ("root", "shown"),
    [
        (method(MODEL, "fit", "builtins:str"), True),
        (method(MODEL, "fit", "os:LogisticRegression"), True),
        (operator("sklearn:call", constant(1)), True),
        (method(MODEL, "fit", "sklearn.linear_model._base:LogisticRegression"), False),
        (method(MODEL, "fit", "sklearn.base:method"), False),
        (operator("operator:itemgetter", constant(1)), False),
    ],
    ids=range(6),
)
def test_a_name_that_is_shown_and_not_used_is_odd(root, shown):
    assert ("skops.mismatch" in anomalies(read(root))) == shown


def test_json_that_is_no_tree_names_nothing():
    assert scan(json.dumps({"__class__": "system", "__module__": "posix"}).encode(), "schema.json").facts == ()


@pytest.mark.parametrize("method", [0, DEFLATED])
def test_bytes_that_only_skops_reads_are_data(method):
    part = Part("a.bin", bytes(range(1, 200)), method)
    root = mapping(raw=node("Bytes", "builtins:bytes", file="a.bin"))
    assert scan(skops(root, part), "m.skops").account.unexplained == 0
    assert scan(skops(mapping(), part), "m.skops").account.unexplained > 0


def test_a_pickle_among_those_bytes_is_read():
    root = mapping(raw=node("Bytearray", "builtins:bytearray", file="a.bin"))
    assert ("posix.system", "a.bin") in called(scan(skops(root, Part("a.bin", system())), "m.skops"))


NODES = st.recursive(
    st.sampled_from([constant("x"), function("a:b"), node("Slice", "builtins:slice"), {}, None, 7, "x"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: sequence(*parts, kind="list")),
        st.dictionaries(st.sampled_from(["k", "__id__", "__loader__"]), inner, max_size=3).map(lambda d: mapping(**d)),
        st.tuples(st.sampled_from(["Object", "Method", "Partial", "Loss", "DefaultDict", "RandomGenerator", "NdArray"]), inner).map(
            lambda pair: node(pair[0], "a:b", content=pair[1], attrs=pair[1], __reduce__=pair[1])
        ),
        st.dictionaries(st.sampled_from(["content", "__loader__", "__class__", "key_types", "func", "obj"]), inner, max_size=4),
    ),
    max_leaves=12,
)  # fmt: skip


@given(NODES, st.data())
@settings(max_examples=150, deadline=None)
def test_any_tree_is_read_and_any_name_in_it_found(root, data):
    content = schema(sequence(root, function("posix:system")))
    outcome = scan(content, "schema.json")
    assert ("posix", "system") in referenced(outcome, "skops.global")
    cut = data.draw(st.integers(1, len(content) - 1))
    broken = scan(content[:cut], "schema.json")
    assert broken.account.unexplained > 0
    assert all(isinstance(fact, Anomaly | Reference | Unread) for fact in broken.facts)
