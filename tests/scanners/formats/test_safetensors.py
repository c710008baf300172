"""safetensors: the data is inert where the layout proves it, and nowhere else."""

import base64
import json

import pytest

from scanners.budget import Limits
from scanners.scanner import TAIL
from scanners.source import Span
from tests.craft.archives import Part, archive
from tests.craft.pickles import asm, system
from tests.craft.reading import anomalies, called, scan, scan_in_rounds, unread_reasons
from tests.craft.tensors import header, safetensors

TWO = (("a", "F32", [2, 2], 0, 16), ("b", "I8", [3], 16, 19))
PICKLE = asm(system(), "STOP")


def test_a_sound_file_is_examined_and_inert():
    outcome = scan(safetensors(header(*TWO), bytes(19)))
    assert (outcome.format, outcome.facts) == ("safetensors", ())
    assert (outcome.account.inert, outcome.account.unexplained) == (19, 0)


@pytest.mark.parametrize(
    ("dtype", "shape", "length"),
    [
        ("F4", [4], 2), ("F6_E2M3", [4], 3), ("F6_E3M2", [8], 6), ("F8_E8M0", [5], 5), ("F8_E4M3FNUZ", [1], 1),
        ("C64", [2], 16), ("BOOL", [3], 3), ("BF16", [2, 3], 12), ("F64", [], 8), ("U16", [0, 7], 0),
    ],
)  # fmt: skip
def test_every_dtype_has_its_width(dtype, shape, length):
    outcome = scan(safetensors(header(("t", dtype, shape, 0, length)), bytes(length)))
    assert outcome.facts == ()
    assert outcome.account.inert == length


def test_tensors_may_stand_in_any_order_and_be_empty():
    tensors = (("z", "U8", [2], 0, 2), ("a", "U8", [2], 4, 6), ("m", "U8", [2], 2, 4), ("none", "F32", [0], 4, 4))
    assert scan(safetensors(header(*tensors), bytes(6))).facts == ()


def test_the_header_may_be_padded_with_spaces():
    text = json.dumps(header(*TWO)).encode() + b" " * 100
    assert scan(safetensors(text, bytes(19))).facts == ()


@pytest.mark.parametrize(
    "tensor",
    [
        ("a", "F32", [2, 2], 0, 15),
        ("a", "F32", [2, 2], 0, 17),
        ("a", "F32", [4], 1, 17),
        ("a", "F32", [-4], 0, 16),
        ("a", "F32", [True, 4], 0, 16),
        ("a", "F32", [4.0], 0, 16),
        ("a", "F32", "4", 0, 16),
        ("a", "F32", [1 << 62, 1 << 62, 0], 0, 0),
        ("a", "F4", [3], 0, 2),
        ("a", "X32", [4], 0, 16),
        ("a", 7, [4], 0, 16),
        ("a", "F32", [4], 16, 0),
        ("a", "F32", [4], False, 16),
        ("a", "F32", [8], 0, 32),
    ],
    ids=repr,
)
def test_a_tensor_that_does_not_fit_makes_no_byte_inert(tensor):
    outcome = scan(safetensors(header(tensor), bytes(16)))
    assert "safetensors.offsets" in anomalies(outcome)
    assert outcome.account.inert == 0
    assert outcome.account.unexplained == 16


@pytest.mark.parametrize(
    ("tensors", "length"),
    [
        ([("a", "U8", [4], 0, 4), ("b", "U8", [4], 2, 6)], 6),
        ([("a", "U8", [4], 0, 4), ("b", "U8", [4], 0, 4)], 4),
        ([("a", "U8", [4], 0, 4), ("b", "U8", [4], 6, 10)], 10),
        ([("a", "U8", [4], 2, 6)], 6),
    ],
)
def test_holes_and_overlaps_make_no_byte_inert(tensors, length):
    outcome = scan(safetensors(header(*tensors), bytes(length)))
    assert "safetensors.offsets" in anomalies(outcome)
    assert (outcome.account.inert, outcome.account.unexplained) == (0, length)


def test_a_payload_in_a_hole_is_found():
    tensors = [("a", "U8", [4], 0, 4), ("b", "U8", [4], 4 + len(PICKLE), 8 + len(PICKLE))]
    outcome = scan(safetensors(header(*tensors), bytes(4) + PICKLE + bytes(4)))
    assert [name for name, _ in called(outcome)] == ["posix.system"]


@pytest.mark.parametrize("tail", [PICKLE, archive(Part("x.pkl", PICKLE))], ids=["pickle", "archive"])
def test_a_payload_behind_the_tensors_is_found(tail):
    outcome = scan(safetensors(header(*TWO), bytes(19) + tail), "x.safetensors")
    assert "safetensors.tail" in anomalies(outcome)
    assert [name for name, _ in called(outcome)][:1] == ["posix.system"]


def test_bytes_behind_the_tensors_that_are_nothing_stay_unexplained():
    outcome = scan(safetensors(header(*TWO), bytes(19) + b"\xfe" * 7))
    assert "safetensors.tail" in anomalies(outcome)
    assert outcome.account.unexplained == 7


@pytest.mark.parametrize(
    "text",
    [
        b'{"a": NaN}', b'{"a": -Infinity}', b'{"a": 1} x', b"{'a': 1}", b'{"a": \xff}', b'{"a":' * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}", b"{" + b'"a":[' + b"[" * 100_000,
    ],
    ids=range(8),
)  # fmt: skip
def test_a_header_that_is_not_strict_json_is_refused(text):
    outcome = scan(safetensors(text, bytes(4)))
    assert "safetensors.json" in anomalies(outcome)
    assert outcome.account.inert == 0
    assert outcome.account.unexplained == len(text) + 12


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
        b'{"a":{"dtype":"U8","dtype":"I8","shape":[4],"data_offsets":[0,4]}}',
        b'{"__metadata__":{"x":"1","x":"2"},"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}',
    ],
)
def test_a_key_that_comes_twice_proves_nothing(text):
    outcome = scan(safetensors(text, bytes(4)))
    assert "safetensors.duplicate-key" in anomalies(outcome)
    assert outcome.account.inert == 0


@pytest.mark.parametrize("length", [0, 1, 1000, 100_000_001, (1 << 64) - 1])
def test_a_header_length_out_of_bounds_is_said(length):
    outcome = scan(safetensors(b"{}", b"x" * 10, length=length), "x.safetensors")
    assert "safetensors.length" in anomalies(outcome)
    assert outcome.account.unexplained == 20


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("note", "x" * 70_000),
        ("note", "see https://example.org/x.py"),
        ("note", '{"_target_": "os.system"}'),
        ("note", "#!/bin/sh"),
        ("note", "<script>1</script>"),
        ("note", "__import__('os')"),
        ("ss_note", base64.b64encode(PICKLE).decode()),
        ("format", "cos\nsystem\n."),
        ("note", 7),
        ("note", {"a": "b"}),
    ],
)
def test_metadata_that_is_more_than_a_note_is_said(key, value):
    outcome = scan(safetensors(header(*TWO, __metadata__={key: value}), bytes(19)))
    assert anomalies(outcome) == {"safetensors.metadata"}
    assert outcome.account.unexplained == 0


def test_the_metadata_that_trainers_write_is_plain():
    metadata = {
        "format": "pt",
        "ss_tag_frequency": json.dumps({"tag": 1}) * 10_000,
        "modelspec.architecture": "stable-diffusion-xl-v1-base/lora",
        "modelspec.implementation": "https://github.com/Stability-AI/generative-models",
        "workflow": json.dumps({"nodes": []}),
    }
    assert scan(safetensors(header(*TWO, __metadata__=metadata), bytes(19))).facts == ()


@pytest.mark.parametrize("metadata", [[], "x", None])
def test_metadata_that_is_no_object_is_said(metadata):
    assert "safetensors.metadata" in anomalies(scan(safetensors(header(*TWO, __metadata__=metadata), bytes(19))))


def test_another_format_under_the_name_is_left_to_its_reader():
    assert scan(PICKLE, "x.safetensors").format == "pickle"
    assert scan(archive(Part("x.txt", b"words")), "x.safetensors").format == "zip"


def test_tensor_data_is_never_fetched():
    tensors = [(f"layers.{i}.weight", "F16", [50_000], i * 100_000, (i + 1) * 100_000) for i in range(1000)]
    content = safetensors(header(*tensors), bytes(100_000_000))
    ends = (Span(0, 65_536), Span(len(content) - TAIL, len(content)))
    outcome, held, rounds = scan_in_rounds(content, "model.safetensors", held=ends)
    assert (outcome.facts, outcome.account.inert) == ((), 100_000_000)
    assert rounds <= 1
    assert sum(span.length for span in held) < 300_000


def test_a_header_larger_than_may_be_held_is_said():
    outcome = scan(safetensors(header(*TWO), bytes(19)), limits=Limits(whole=50))
    assert "limit" in unread_reasons(outcome)
