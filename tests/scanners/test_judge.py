"""The judge as a whole: order, purity, monotony, completeness and speed."""

import sys
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.account import Totals
from scanners.facts import (
    Anomaly,
    AnomalyCode,
    Call,
    Code,
    CodeKind,
    Embedded,
    Fact,
    Mutation,
    Opens,
    OpensKind,
    Reference,
    ReferenceKind,
    Sampled,
    Storage,
    Unread,
)
from scanners.findings import SEVERITIES
from scanners.judge import RULESET, complete, judge
from scanners.registry import RULES
from scanners.rules.policy import Policy

POLICY = Policy.default()
CLEAN = Totals(10, 5, 0)


def judged(facts, path="m.pkl", fmt="pickle"):
    return judge(facts, path=path, format=fmt, policy=POLICY)


def rank(facts):
    return max((SEVERITIES.index(finding.severity) for finding in judged(facts)), default=-1)


NAMES = st.sampled_from(
    [
        ("os", "system"),
        ("collections", "OrderedDict"),
        ("builtins", "getattr"),
        ("operator", "attrgetter"),
        ("functools", "partial"),
        ("importlib", "import_module"),
        ("cloudpickle.cloudpickle", "_make_function"),
        ("my.pkg", "Thing"),
        ("timm.models", "Vit"),
        ("__main__", "Net"),
        ("requests", "get"),
        ("getpass", "getuser"),
        ("zoneinfo", "ZoneInfo._unpickle"),
        ("builtins", "dict.fromkeys"),
    ]
)
ARGUMENTS = st.lists(st.sampled_from(["?", "'x'", "'system'", "os.system", "my.Net()", "1", "'latin1'"]), max_size=3)
MEMBERS = st.sampled_from(["", "archive/data.pkl", "tail@7"])


@st.composite
def called(draw):
    """What the pickle machine states of one call: the import, the use, and the call."""
    module, name = draw(NAMES)
    member, arguments = draw(MEMBERS), tuple(draw(ARGUMENTS))
    opcode = draw(st.sampled_from(["REDUCE", "NEWOBJ", "INST"]))
    use = "instantiated" if opcode == "NEWOBJ" else "called"
    strings = tuple(a.strip("'") for a in arguments if a.startswith("'"))
    text = f"{module}.{name}({', '.join(arguments)})"
    return [
        Reference("pickle.global", module, name, "imported", member, 1),
        Reference("pickle.global", module, name, use, member, 2),
        Call(module, name, opcode, text, arguments, strings, 1, member, 2),
    ]


@st.composite
def named(draw):
    module, name = draw(NAMES)
    # A call says more than a use by a call, so the two come together; the other uses stand alone.
    use = draw(st.sampled_from(["imported", "built", "argument", "resolved", "mutated"]))
    return [Reference("pickle.global", module, name, use, draw(MEMBERS), draw(st.integers(0, 9)))]


@st.composite
def bent(draw):
    code = draw(st.sampled_from(get_args(AnomalyCode)))
    return [Anomaly(code, "", draw(MEMBERS), 7)]


STATEMENTS = st.one_of(
    called(),
    named(),
    bent(),
    st.builds(lambda n, m: [Mutation(*n, "SETITEM", "'k'", m, 3)], NAMES, MEMBERS),
    st.builds(lambda n, m: [Sampled(*n, 256, 300, m)], NAMES, MEMBERS),
    # Constants that are kept, not those handed to a loader: they explain its call, which is what they are for.
    st.builds(lambda m: [Embedded("pickle", "", m, 5)], MEMBERS),
    st.builds(lambda m: [Unread("limit", "x", m)], MEMBERS),
    st.builds(
        lambda kind, names, inert, called, m: [Code(kind, "f", tuple(names), (), "1", inert, called, m)],
        st.sampled_from(get_args(CodeKind)),
        st.lists(st.sampled_from(["os", "mean", "torch.nn", "os.system"]), max_size=2),
        st.booleans(),
        st.booleans(),
        MEMBERS,
    ),
    st.builds(lambda m: [Storage("0", "torch.FloatStorage", 4, m)], MEMBERS),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(STATEMENTS, max_size=8), st.lists(STATEMENTS, max_size=4))
def test_another_statement_never_makes_a_file_look_better(first, more):
    before = [fact for statement in first for fact in statement]
    after = [*before, *(fact for statement in more for fact in statement)]
    assert rank(after) >= rank(before)


@settings(max_examples=100, deadline=None)
@given(st.lists(STATEMENTS, max_size=6), st.randoms())
def test_the_order_of_statements_changes_no_severity(statements, random):
    shuffled = random.sample(statements, len(statements))
    one = judged([fact for statement in statements for fact in statement])
    other = judged([fact for statement in shuffled for fact in statement])
    assert sorted((f.rule, f.severity, f.member) for f in one) == sorted((f.rule, f.severity, f.member) for f in other)


def test_findings_come_worst_first_then_by_place():
    facts = [
        Anomaly("zip.trailing", "", "b", 1),
        Reference("pickle.global", "os", "system", "imported", "b", 5),
        Reference("pickle.global", "os", "system", "imported", "a", 9),
        Anomaly("pickle.bomb", "", "c", 0),
    ]
    assert [(f.severity, f.member) for f in judged(facts)] == [
        ("critical", "a"),
        ("critical", "b"),
        ("medium", "c"),
        ("low", "b"),
    ]
    assert judged(facts) == judged(facts)


def test_every_kind_of_fact_is_judged():
    kinds = get_args(Fact)
    facts = [
        Reference("pickle.global", "os", "system", "imported"),
        Call("os", "system", "REDUCE", "os.system('x')"),
        Sampled("builtins", "getattr", 1, 2),
        Mutation("sys", "modules", "SETITEM", "'x'"),
        Anomaly("pickle.bomb"),
        Unread("limit", "x"),
        Embedded("pickle", ""),
        Code("marshal", "f"),
        Storage("0", "torch.FloatStorage", 1),
        Opens("hdf5.external-link", "x.h5"),
    ]
    assert {type(fact) for fact in facts} == set(kinds)
    rules = {finding.rule for finding in judged(facts)}
    assert rules == {
        "pickle-runs-code",
        "pickle-unseen-arguments",
        "pickle-mutates-global",
        "pickle-bomb",
        "pickle-nested",
        "python-bytecode",
        "hdf5-external-link",
    }


def test_every_kind_of_file_that_is_opened_has_its_judge():
    assert all(judged([Opens(kind, "/etc/passwd")]) for kind in get_args(OpensKind))


def test_every_kind_of_reference_has_its_judge():
    facts = {kind: [Reference(kind, "nobody.knows", "It", "imported")] for kind in get_args(ReferenceKind)}
    found = {kind: judged(stated, "model_index.json", "json") for kind, stated in facts.items()}
    assert {kind: [f.rule for f in findings] for kind, findings in found.items()} == {
        "pickle.global": ["pickle-unknown-import"],
        "pickle.persistent": [],
        "skops.global": ["pickle-unknown-import"],
        "torch.storage": [],
        "torch.script": ["torch-custom-operator"],
        "torch.script.load": ["torch-custom-operator"],
        "torch.export": ["torch-export-target"],
        "torch.package": ["torch-package"],
        "torch.package.extern": [],
        "keras.layer": ["keras-module"],
        "keras.function": ["keras-module"],
        "keras.version": [],
        "keras.yaml": ["keras-yaml"],
        "tf.op": ["tensorflow-unknown-op"],
        "tf.op.load": ["tensorflow-unknown-op"],
        "tflite.custom": ["tflite-custom-operator"],
        "executorch.op": ["executorch-operator"],
        "executorch.delegate": ["executorch-delegate"],
        "onnx.op": ["onnx-custom-domain"],
        "openvino.op": ["openvino-custom-operator"],
        "pmml.function": ["pmml-function"],
        "coreml.custom": ["coreml-custom-class"],
        "coreml.op": [],
        "paddle.op": ["engine-custom-operator"],
        "mxnet.op": ["engine-custom-operator"],
        "mxnet.custom": ["engine-custom-operator"],
        "arrow.extension": [],
        "yaml.tag": ["yaml-tag"],
        "config.target": ["config-target"],
        "config.trust": ["config-trusts-remote-code"],
        "config.interpolation": ["config-interpolation"],
        "transformers.kernel": ["config-fetches-code"],
        "mlx.model_file": ["config-model-file"],
        "sentence_transformers.module": ["config-module"],
        "diffusers.component": ["config-library"],
        "diffusers.pipeline": ["config-library"],
        "peft.parent": ["config-parent-library"],
        "mlflow.loader": ["mlflow-loader"],
        "serving.handler": ["serving-handler"],
        "serving.backend": ["serving-backend"],
        "serving.command": ["serving-command"],
        "spacy.registry": ["spacy-registry"],
        "zarr.codec": ["zarr-codec"],
        "hlo.op": ["hlo-dialect"],
        "hlo.call": ["hlo-custom-call"],
        "r.namespace": [],
        "r.class": ["r-vector-class"],
        "python.import": [],
        "hub.repo": [],
        "space.app": [],
        "package": [],
        "tool.command": [],
        "transformers.auto_map": ["config-auto-map"],
    }


def test_nothing_is_found_in_nothing():
    assert judged([]) == ()


def test_a_file_is_complete_only_when_all_of_it_is_explained():
    assert complete([], CLEAN)
    assert complete([Anomaly("zip.trailing")], CLEAN)
    assert not complete([], Totals(10, 5, 1))
    assert not complete([Unread("codec", "bzip2")], CLEAN)


def test_the_ruleset_has_a_number_and_a_hash():
    number, _, digest = RULESET.partition("-")
    assert number.isdigit()
    assert len(digest) == 12


def lines_run(facts):
    """How many lines of Python it takes to judge."""
    count = 0

    def trace(_frame, event, _argument):
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        assert judged(facts)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    "fact",
    [
        lambda n: [Reference("pickle.global", f"a.b{n}.c", "D.e", "imported", "", n)],
        lambda n: [Call(f"a{n % 300}.b", f"c{n}", "REDUCE", "x", ("?",), ("os.x",), 1, "", n)],
        lambda n: [Anomaly("pickle.broken", "", f"m{n}", n), Call("a", "b", "REDUCE", "x", (), (), 1, f"m{n}", n)],
    ],
    ids=["names", "calls", "anomalies"],
)
def test_the_work_of_judging_grows_with_the_facts_and_no_faster(fact):
    few, many = ([each for n in range(count) for each in fact(n)] for count in (500, 2_000))
    judged(many)  # What is kept for the next time is kept now.
    assert lines_run(many) < 5 * lines_run(few)


def test_rules_are_known_by_their_findings():
    ids = {rule.id for rule in RULES}
    facts = [Anomaly(code, "", "m", 1) for code in get_args(AnomalyCode)]
    assert {finding.rule for finding in judged(facts)} <= ids
