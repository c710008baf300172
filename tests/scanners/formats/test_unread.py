"""What is recognised and not read is named, and never accounted for."""

import pytest

from tests.craft.reading import scan, unread_reasons

JUNK = b"\xfe\x00" * 600


@pytest.mark.parametrize(
    ("start", "found"),
    [
        (b"PAR1", "parquet"), (b"SQLite format 3\0", "sqlite"), (bytes(8) + b"DUCK", "duckdb"),
        (b"RKNN" + bytes(4), "rknn"), (b"\x01HEF", "hailo"), (b"\x1d\x86\x76\0", "ncnn"),
    ],
)  # fmt: skip
def test_a_mark_names_the_format(start, found):
    outcome = scan(start + JUNK)
    assert outcome.format == found
    assert unread_reasons(outcome) == {"no-reader"}
    assert outcome.account.unexplained == len(start + JUNK)


@pytest.mark.parametrize(
    ("name", "found"),
    [("m.onnx", "onnx"), ("saved_model.pb", "protobuf"), ("M.TFLITE", "tflite"), ("w.msgpack", "msgpack"),
     ("m.mnn", "mnn"), ("m.ncnn.bin", "ncnn"), ("m.tnnmodel", "tnn"), ("m.tmfile", "tengine"), ("m.caffemodel", "caffe"),
     ("coremldata.bin", "coreml.compiled"), ("m.espresso.weights", "coreml.compiled"), ("m.uff", "uff")],
)  # fmt: skip
def test_where_no_mark_helps_the_name_does(name, found):
    assert scan(JUNK, name).format == found


def test_what_nobody_recognises_is_unknown():
    outcome = scan(JUNK, "x.weights")
    assert outcome.format == "unknown"
    assert unread_reasons(outcome) == {"unknown"}


@pytest.mark.parametrize("words", ["MZ is a region.", "ID3 is a tree learner.", "GGUF, explained", "BZh", "PAR1"])
def test_a_text_that_begins_with_a_short_mark_is_text(words):
    assert scan(words.encode(), "README.md").format == "text"


@pytest.mark.parametrize("name", ["x.onnx", "training.plan", "notes.index.md", "saved_model.pb"])
def test_text_under_the_name_of_a_binary_format_is_text(name):
    assert scan(b"words\n", name).format == "text"


@pytest.mark.parametrize(("name", "found"), [("net.t7", "torch7"), ("fit.rds", "rds"), ("m.tnnproto", "tnn")])
def test_a_format_that_also_comes_as_text_is_not_taken_for_prose(name, found):
    assert scan(b"A\n3\nwords\n", name).format == found


def test_a_network_of_ncnn_is_named_though_it_is_text():
    outcome = scan(b"7767517\n1 1\nInput in0 0 1 in0\n", "model.param")
    assert (outcome.format, unread_reasons(outcome)) == ("ncnn", {"no-reader"})
