"""MXNet: the layouts of arrays of all releases, and operators of graphs."""

import struct

import pytest

from scanners.registry import SCANNERS
from scanners.routing import first
from tests.craft.engines import array, arrays, symbol
from tests.craft.reading import referenced, scan, scan_in_rounds, unread_reasons
from tests.craft.table import said

LAYOUTS = [0xF993FAC9, 0xF993FACA, 0xF993FAC8, 0]
UNFILLED = struct.pack("<Iii", 0xF993FAC9, 0, 0)
UNFILLED_AS_NUMPY = struct.pack("<Iii", 0xF993FACA, 0, -1)


def read(data, name="x.params", **more):
    return scan(data, name, scanners=SCANNERS, **more)


@pytest.mark.parametrize("mark", LAYOUTS, ids=hex)
def test_every_layout_is_walked_over(mark):
    made = arrays(array(3, 4, mark=mark), array(5, kind=6, width=8, mark=mark), names=("arg:a", "aux:b"))
    outcome = read(made)
    assert (outcome.format, outcome.account.unexplained, outcome.account.inert) == ("mxnet", 0, 88)


def test_arrays_without_elements_end_early():
    outcome = read(arrays(UNFILLED, UNFILLED_AS_NUMPY, array(mark=0xF993FACA), array(0)))
    assert (outcome.account.unexplained, outcome.account.inert, outcome.facts) == (0, 4, ())


@pytest.mark.parametrize(
    "made",
    [
        array(3, kind=99), array(3)[:-1], array(-1, data=b""), array(1 << 60, data=b""), b"\xff" * 40,
        struct.pack("<Ii", 0xF993FAC9, 7), struct.pack("<Iii", 0xF993FAC9, 0, 99), struct.pack("<Iii", 0xF993FAC9, 0, -1),
    ],
    ids=range(8),
)  # fmt: skip
def test_what_is_no_array_is_not_read(made):
    outcome = read(struct.pack("<QQQ", 0x112, 0, 2) + array(3) + made)
    assert unread_reasons(outcome) == {"broken"}


def test_what_is_behind_the_names_is_not_explained():
    assert read(arrays(array(3), names=("a",)) + b"xyz").account.unexplained == 3
    assert unread_reasons(read(arrays(array(3))[:-8] + struct.pack("<QQ", 1, 1 << 40))) == {"broken"}


def test_operators_are_kept_for_questions():
    made = symbol({"op": "FullyConnected"}, {"op": "FullyConnected"}, {"op": "Custom", "attrs": {"op_type": "f"}})
    assert referenced(read(made, "x-symbol.json"), "mxnet.op") == {("mxnet", "FullyConnected"), ("mxnet", "Custom")}
    assert referenced(read(made, "x-symbol.json"), "mxnet.custom") == {("", "f")}


@pytest.mark.parametrize(
    "data",
    [
        symbol({"op": "FullyConnected", "attrs": {"num_hidden": "8", "op_type": "exec", "info": "0x1"}}),
        b'{"nodes": [{"op": "Custom", "inputs": [], "attrs": {"op_type": "x"}}], "links": []}',
    ],
)
def test_near_misses_are_clean(data):
    assert said(data, "x-symbol.json") == ("clean", ())


def test_numbers_are_never_fetched():
    made = arrays(*[array(100_000)] * 150)
    outcome, held, rounds = scan_in_rounds(made, "x", scanners=SCANNERS, held=first(len(made), "x"), block=4096)
    assert (outcome.format, outcome.account.unexplained) == ("mxnet", 0)
    assert rounds < 20
    assert sum(span.length for span in held) < 4_000_000
