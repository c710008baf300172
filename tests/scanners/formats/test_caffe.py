"""Caffe and CNTK: layers and functions that are code, by whatever names them; the rest is numbers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.facts import Opens
from scanners.registry import SCANNERS
from tests.craft.engines import caffe, caffe_layer, cntk, cntk_model, prototxt
from tests.craft.reading import anomalies, referenced, scan, scan_in_rounds, unread_reasons
from tests.craft.table import said
from tests.craft.tensorflow import field, number

SOLVER = b'net: "train.prototxt"\nbase_lr: 0.01\nlr_policy: "step"\nsnapshot_prefix: "snapshots/net"\n'
OLD = field(1, "net") + field(2, field(4, "conv1") + number(5, 4) + field(6, field(5, bytes(16))))


def read(data, name="model.caffemodel", **more):
    return scan(data, name, scanners=SCANNERS, **more)


@pytest.mark.parametrize(
    ("data", "name", "fmt"),
    [
        (caffe(caffe_layer(), caffe_layer("ReLU")), "model.caffemodel", "caffe"),
        (OLD, "model.caffemodel", "caffe"),
        (
            prototxt("convolution_param { num_output: 4 kernel_size: [3, 3] }", "Convolution"),
            "a.prototxt",
            "caffe.text",
        ),
        (prototxt("", "CONVOLUTION", field="layers"), "a.prototxt", "caffe.text"),
        (prototxt("param_str: \"module: 'os'\"", "Convolution"), "a.prototxt", "caffe.text"),
        (SOLVER, "solver.prototxt", "caffe.text"),
        (cntk_model(), "model.dnn", "cntk"),
        (cntk_model(deserialize_method="x"), "model.cmf", "cntk"),
        (cntk_model(), "x", "cntk"),
    ],
)
def test_near_misses_are_clean(data, name, fmt):
    assert said(data, name) == ("clean", ())
    assert read(data, name).format == fmt


def test_paths_of_training_are_told_where_they_lead_away():
    outcome = read(SOLVER.replace(b"snapshots", b"/home/me/snapshots"), "solver.prototxt")
    assert anomalies(outcome) == {"model.path"}


def test_weights_are_not_fetched():
    data = caffe(*(caffe_layer(floats=200_000) for _ in range(3)))
    outcome, held, _ = scan_in_rounds(data, "model.caffemodel", scanners=SCANNERS, block=4096)
    assert outcome.account.unexplained == 0
    assert sum(span.length for span in held) < len(data) / 4


def test_every_reading_of_a_name_counts():
    said_twice = prototxt("python_param { module: 'a' module: 'os' layer: 'system' layer: 'B' }")
    assert ("os", "system") in referenced(read(said_twice, "a.prototxt"), "config.target")
    both = cntk(uid="x", module="a", state="s") + cntk(module="os")[2:] + cntk(**{"class": "system"})[2:]
    assert referenced(read(both, "a.dnn"), "config.target") == {("a", "system"), ("os", "system")}


def test_what_a_function_of_the_user_loads_is_told():
    outcome = read(cntk_model(module="libexec.so", deserialize_method="Create"), "a.dnn")
    assert [(f.kind, f.path, f.by) for f in outcome.facts if isinstance(f, Opens)] == [
        ("engine.library", "libexec.so", "Create")
    ]


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (caffe(caffe_layer()) + field(9, "x"), "a.caffemodel", "unknown"),
        (caffe(caffe_layer() + field(151, "x")), "a.caffemodel", "unknown"),
        (caffe(caffe_layer(), caffe_layer())[:-1], "a.caffemodel", "broken"),
        (cntk_model()[:-1], "a.dnn", "broken"),
        (cntk_model() + field(3, "x"), "a.dnn", "unknown"),
        (b"\x0a\x03net", "a.caffemodel", "no-reader"),
        (b"B\0C\0N\0\0\0B\0V\0e\0r\0s\0i\0o\0n\0\0\0", "a.dnn", "no-reader"),
        (b"layer {", "a.prototxt", "no-reader"),
        (b'ir_version: 8\ngraph { name: "x" }\n', "a.prototxt", "no-reader"),
    ],
    ids=range(9),
)
def test_what_is_not_read_is_said(data, name, reason):
    assert reason in unread_reasons(read(data, name))


@given(
    data=st.sampled_from([cntk_model(module="a", **{"class": "b"}), caffe(caffe_layer("Python", python=("a", "b")))]),
    at=st.integers(0, 400),
    value=st.binary(max_size=6),
    name=st.sampled_from(["a.dnn", "a.caffemodel", "a.prototxt"]),
)
@settings(max_examples=80, deadline=None)
def test_damage_is_read_to_an_outcome(data, at, value, name):
    outcome = read(data[:at] + value + data[at + len(value) :], name)
    assert outcome.account.unexplained == 0 or unread_reasons(outcome)


@given(cut=st.integers(1, 60))
@settings(max_examples=40, deadline=None)
def test_a_cut_is_never_clean(cut):
    for data, name in ((cntk_model(), "a.dnn"), (caffe(caffe_layer()), "a.caffemodel")):
        assert said(data[:-cut], name)[0] != "clean"
