"""Core ML: every part of a model is looked at, and numbers are never fetched."""

import pytest

from scanners.formats import coreml
from scanners.registry import SCANNERS
from scanners.routing import first
from scanners.scanner import Sample
from tests.craft.engines import blobs, layer, mil, mil_text, package
from tests.craft.engines import coreml as model
from tests.craft.reading import referenced, scan, scan_in_rounds, unread_reasons
from tests.craft.table import said
from tests.craft.tensorflow import field, number


def read(data, name="model.mlmodel", **more):
    return scan(data, name, scanners=SCANNERS, **more)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (model(502, mil("const", path="@model_path/weights/weight.bin")), "model.mlmodel"),
        (model(500, layer(100, b"custom")), "model.mlmodel"),
        (model(900, b"", metadata=field(100, field(1, "class") + field(2, "words"))), "model.mlmodel"),
        (package("com.apple.CoreML/model.mlmodel"), "Manifest.json"),
        (b'{"path": "/nowhere"}', "Manifest.json"),
        (mil_text(op="conv"), "model.mil"),
        (mil_text(kind="tensor<string, []>", op="conv"), "model.mil"),
    ],
)
def test_near_misses_are_clean(data, name):
    assert said(data, name) == ("clean", ())


def test_layers_and_operations_are_kept_for_questions():
    assert referenced(read(model(500, layer(100, b"x"))), "coreml.op") == {("neural_network", "convolution")}
    assert referenced(read(model(502, mil("conv"))), "coreml.op") == {("mil", "conv")}
    assert referenced(read(mil_text(op="conv"), "x"), "coreml.op") == {("mil", "const"), ("mil", "conv")}


@pytest.mark.parametrize("kind", [2000, 2001, 2004, 2005, 3000])
def test_what_is_serialised_for_a_framework_is_not_read(kind):
    assert unread_reasons(read(model(kind, field(100, b"x")))) >= {"no-reader"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (model(500, layer(100, b"x")) + field(4000, b"x"), "unknown"),
        (model(500, layer(100, b"x")) + b"\x0f", "broken"),
        (mil_text().replace(b"path = string", b"path = y + string("), "unknown"),
        (b"\xff" * 50, "no-reader"),
        (number(1, 900) + field(2, b""), "no-reader"),
    ],
    ids=range(5),
)
def test_what_is_not_read_is_said(data, reason):
    assert reason in unread_reasons(read(data))


@pytest.mark.parametrize(
    "head",
    [
        b"\x08\x01\x12\x07\x0a\x05\x0a\x03abc",
        b"\x08\x08\x12\x03abc",
        b"\x08\x01\x12\x04\x0a\x02\x0a\0\x3a\0",
        b"\x08\x01",
    ],
)
def test_other_buffers_are_not_taken_for_models(head):
    assert not coreml.recognise(Sample(len(head), head, head))


def test_numbers_of_layers_are_never_fetched():
    made = model(500, b"".join(layer(100, bytes(400_000)) for _ in range(100)))
    outcome, held, rounds = scan_in_rounds(
        made, "m.mlmodel", scanners=SCANNERS, held=first(len(made), "m.mlmodel"), block=4096
    )
    assert (outcome.account.unexplained, outcome.account.inert) == (0, 40_000_000)
    assert rounds < 20
    assert sum(span.length for span in held) < 3_000_000


def test_weights_are_walked_and_never_fetched():
    made = blobs(*[200_000] * 60)
    outcome, held, rounds = scan_in_rounds(
        made, "weight.bin", scanners=SCANNERS, held=first(len(made), "x"), block=4096
    )
    assert (outcome.format, outcome.account.unexplained) == ("coreml.weights", 0)
    assert rounds < 20
    assert sum(span.length for span in held) < 2_000_000


@pytest.mark.parametrize(
    "data",
    [blobs(64, 64, count=3), blobs(64, 64)[:-1], blobs(64)[:64] + blobs(64)[64:].replace(b"@", b"A", 1)],
    ids=["fewer", "cut", "place"],
)
def test_weights_that_are_not_where_they_should_be_are_not_read(data):
    assert unread_reasons(read(data, "weight.bin")) == {"broken"}


def test_what_lies_behind_the_weights_is_not_explained():
    assert read(blobs(64) + b"x" * 100, "weight.bin").account.unexplained == 100
