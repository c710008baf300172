"""TFLite models: which operators they ask for, under all the names that one may have, and what lies around them."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.facts import Opens
from scanners.judge import complete, judge
from scanners.registry import SCANNERS
from scanners.rules.policy import Policy
from scanners.source import Span
from tests.craft.archives import Part, archive
from tests.craft.flatbuffers import Table, buffer, code, flex_vector, model, node, slots, u1, u4, u8
from tests.craft.pickles import system
from tests.craft.reading import anomalies, called, referenced, scan, scan_in_rounds, unread_reasons

REAL = Path(__file__).parents[2] / "data" / "tflite"
PLAIN = model(code(None, 9), buffers=[b"", bytes(100)])


def read(data, name="model.tflite", **more):
    return scan(data, name, scanners=SCANNERS, **more)


def with_operator(operator):
    """A model of one Flex operator."""
    graph = Table([], b"", b"", [operator], "main")
    return buffer(slots(s0=u4(3), s1=[code("FlexRelu")], s2=[graph], s4=[Table(b"")]), b"TFL3")


def found(outcome, name="model.tflite"):
    findings = judge(outcome.facts, path=name, format=outcome.format, policy=Policy.default())
    return {(each.rule, each.severity) for each in findings}


@pytest.mark.parametrize("name", sorted(path.name for path in REAL.glob("*.tflite")))
def test_what_tensorflow_wrote_is_read_to_its_last_byte(name):
    outcome = read((REAL / name).read_bytes(), name)
    assert outcome.format == "tflite"
    assert complete(outcome.facts, outcome.account)
    assert found(outcome) == ({("tensorflow-file", "medium")} if name == "flex_reads.tflite" else set())


@pytest.mark.parametrize("name", ["dense.tflite", "control.tflite", "labelled.tflite"])
def test_bytes_that_come_as_they_are_asked_for_say_the_same(name):
    data = (REAL / name).read_bytes()
    outcome, _, rounds = scan_in_rounds(data, name, scanners=SCANNERS, block=256)
    assert outcome == read(data, name)
    assert rounds < 40


def test_buffers_are_inert_and_not_read():
    data = model(code(None, 9), buffers=[b"", bytes(1 << 20), system() + bytes(1 << 20)])
    outcome, held, _ = scan_in_rounds(data, "model.tflite", scanners=SCANNERS, block=512, held=[Span(0, 4096)])
    assert complete(outcome.facts, outcome.account)
    assert outcome.account.inert >= 2 << 20
    assert sum(span.length for span in held) < 1 << 18


@pytest.mark.parametrize(
    ("codes", "options", "said"),
    [
        ([code("TFLite_Detection_PostProcess")], (), set()),
        ([code("MyOperator")], (), {("tflite-custom-operator", "medium")}),
        ([code(None)], (), {("tflite-custom-operator", "medium")}),
        ([code("Hidden", builtin=3)], (), {("tflite-custom-operator", "medium")}),
        ([code("FlexRelu")], [node("Relu")], set()),
        ([code("FlexWriteFile")], (), {("tensorflow-file", "high")}),
        ([code("FlexEagerPyFunc")], (), {("tensorflow-python", "critical")}),
        ([code("FlexNobodyKnows")], (), {("tensorflow-unknown-op", "medium")}),
        ([code("FlexRelu")], [node("ReadFile")], {("tensorflow-file", "medium")}),
    ],
)
def test_operators_are_told_by_every_name_that_runs(codes, options, said):
    outcome = read(model(*codes, options=options))
    assert found(outcome) == said
    assert complete(outcome.facts, outcome.account)


def test_the_node_definition_is_found_where_large_models_keep_it():
    data = with_operator(slots(s0=u4(0), s9=u8(4096), s10=u8(len(node("PyFunc")))))
    outcome = read(data.ljust(4096, b"\0") + node("PyFunc"))
    assert ("tf.raw_ops", "PyFunc") in referenced(outcome, "tf.op")
    assert complete(outcome.facts, outcome.account)


def test_options_that_are_none_of_flex_are_numbers():
    outcome = read(model(code("FlexRelu"), options=[b"\x01\x02\x03", flex_vector(b"one"), b"\xff" * 40]))
    assert referenced(outcome, "tf.op") == {("tf.raw_ops", "Relu")}


def test_a_custom_call_of_stablehlo_is_a_custom_operator():
    call = Table("my.target", u1(0))
    operator = slots(s0=u4(0), s11=u1(5), s12=call)
    outcome = read(with_operator(operator))
    assert ("stablehlo", "my.target") in referenced(outcome, "tflite.custom")


@pytest.mark.parametrize(("path", "severity"), [("weights.bin", "medium"), ("../../etc/passwd", "high")])
def test_weights_in_another_file_are_told(path, severity):
    outcome = read(model(code(None, 9), s8=[Table(path)]))
    assert [fact.path for fact in outcome.facts if isinstance(fact, Opens)] == [path]
    assert found(outcome) == {("tflite-external-buffer", severity)}


def test_a_buffer_behind_the_model_is_inert_inside_of_the_file_and_told_outside():
    for size, whole in ((64, True), (65, False)):
        data = model(code(None, 9), buffers=[slots(s1=u8(4096), s2=u8(size))]).ljust(4096, b"\0") + b"\x07" * 64
        outcome = read(data)
        assert complete(outcome.facts, outcome.account) == whole
        assert ("flatbuffer.bounds" in anomalies(outcome)) == (not whole)


def test_labels_behind_a_model_are_read_and_no_news():
    labels = archive(Part("labels.txt", b"cat\ndog\n"), shift=len(PLAIN))
    outcome = read(PLAIN + labels)
    assert (outcome.format, found(outcome), complete(outcome.facts, outcome.account)) == ("tflite", set(), True)


@pytest.mark.parametrize("shift", [0, len(PLAIN)])
def test_a_pickle_behind_a_model_is_found(shift):
    outcome = read(PLAIN + archive(Part("labels.pkl", system()), shift=shift))
    assert {callee for callee, _ in called(outcome)} == {"posix.system"}


def test_what_else_lies_behind_a_model_is_told():
    outcome = read(PLAIN + b"something else, and long enough to be seen")
    assert "flatbuffer.gap" in anomalies(outcome)
    outcome = read(PLAIN + b"\x81\xfe" * 40)
    assert not complete(outcome.facts, outcome.account)


def test_a_model_without_its_mark_is_read_by_its_name():
    bare = model(code("MyOperator"), mark=bytes(4))
    assert ("tflite-custom-operator", "medium") in found(read(bare))
    assert read(b"words " * 9).format == "text"


def test_a_field_that_no_schema_has_leaves_the_model_incomplete():
    outcome = read(model(code(None, 9), s30="new"))
    assert unread_reasons(outcome) == {"unknown"}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([PLAIN, model(code("FlexRelu"), options=[node("Relu")])]), st.data())
def test_a_model_that_is_cut_or_changed_is_read_to_an_outcome(data, draw):
    at = draw.draw(st.integers(8, len(data) - 1))
    if draw.draw(st.booleans()):
        outcome = read(data[:at])
        assert not complete(outcome.facts, outcome.account) or not data[at:].strip(b"\0")
    else:
        read(data[:at] + bytes((data[at] ^ draw.draw(st.integers(1, 255)),)) + data[at + 1 :])
