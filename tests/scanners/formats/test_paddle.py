"""PaddlePaddle: operators of programs, as messages and as JSON, and the layout of weights."""

import pytest

from scanners.registry import SCANNERS
from scanners.routing import first
from tests.craft.engines import attr, dense, op, pir, pir_op, program
from tests.craft.reading import referenced, scan, scan_in_rounds, unread_reasons
from tests.craft.table import said
from tests.craft.tensorflow import field, number


def read(data, name="model.pdmodel", **more):
    return scan(data, name, scanners=SCANNERS, **more)


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (program(op("relu"), op("print", attr("message", s="/nowhere")), op("send_v2")), "__model__"),
        (program(op("feed"), op("fetch"), op("load", attr("file_path", s=""))), "model.pdmodel"),
        (pir(pir_op("1.relu", struct_name="/Conv2D/"), pir_op("2.if"), pir_op("4.shard")), "inference.json"),
        (b'{"base_code": {"magic": "x"}, "ops": [{"#": "1.relu", "N": "file_path"}]}', "inference.json"),
        (b'{"program": {"#": "3.exec", "A": []}}', "other.json"),
    ],
)
def test_near_misses_are_clean(data, name):
    assert said(data, name) == ("clean", ())


def test_operators_are_kept_for_questions():
    assert referenced(read(program(op("relu"), op("relu"))), "paddle.op") == {("pd_op", "relu")}
    found = referenced(read(pir(pir_op("1.relu"), pir_op("2.if")), "inference.json"), "paddle.op")
    assert found == {("builtin", "p"), ("pd_op", "relu"), ("cf", "if")}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (program(op("tensorrt_engine", attr("engine_serialized_data", s="x"))), "no-reader"),
        (program(op("relu")) + field(9, "x"), "unknown"),
        (program(op("relu"))[:-1], "broken"),
    ],
    ids=range(3),
)
def test_what_is_not_read_is_said(data, reason):
    assert reason in unread_reasons(read(data))


def test_no_number_of_operators_hides_one():
    assert said(program(*(op(f"op{n}") for n in range(2000)), op("py_func")), "model.pdmodel")[0] == "malicious"
    assert said(pir(*(pir_op(f"1.op{n}") for n in range(2000)), pir_op("1.py_func")), "x.json")[0] == "malicious"


# --- weights ---------------------------------------------------------------------------------------------------------


def levels(*tables):
    head = bytes(4) + len(tables).to_bytes(8, "little") + b"".join(len(t).to_bytes(8, "little") + t for t in tables)
    return head + dense(3)[12:]


def test_every_tensor_is_walked_over():
    made = dense(3, 4) + dense(5, kind=3, size=40) + dense(kind=0, size=1) + levels(bytes(16), bytes(8)) + dense(0)
    outcome = read(made, "x.pdiparams")
    assert (outcome.format, outcome.account.unexplained, outcome.account.inert) == ("paddle.weights", 0, 101)


@pytest.mark.parametrize(
    "last",
    [b"x", bytes(16), b"\1" + bytes(30), dense(3)[:-1], dense(3, kind=99), dense(1 << 60, data=b""), dense(3) + b"\0" * 3,
     bytes(16) + b"\xff\xff\0\0", bytes(16) + b"\2\0\0\0\xff\xff", bytes(4) + b"\xff" * 8, dense(3, kind=7),
     bytes(16) + b"\x0d\0\0\0" + number(1, 5) + number(2, (1 << 64) - 1)],
    ids=range(12),
)  # fmt: skip
def test_what_is_no_tensor_is_not_read(last):
    outcome = read(dense(3, 4) + last, "x.pdiparams")
    assert unread_reasons(outcome) == {"broken"}


def test_what_does_not_begin_as_weights_is_none():
    assert read(b"\x80\x04N.", "x.pdiparams.info").format == "pickle"
    assert read(b"\1" + bytes(50), "x.pdiparams").format == "unknown"


def test_numbers_are_never_fetched():
    made = dense(100_000) * 150
    outcome, held, rounds = scan_in_rounds(made, "x", scanners=SCANNERS, held=first(len(made), "x"), block=4096)
    assert (outcome.format, outcome.account.unexplained) == ("paddle.weights", 0)
    assert rounds < 20
    assert sum(span.length for span in held) < 4_000_000
