"""Marshal data of every version, and whatever else may come in its place."""

import dis
import marshal
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.binary import marshal_reader
from scanners.binary.bytecode import Code, inert
from scanners.binary.marshal_reader import BrokenMarshal, plausible, read

DATA = Path(__file__).parents[2] / "data" / "marshal"
FILES = sorted(DATA.glob("*.marshal"))
LAYOUTS = {"2.7": "2.7", "3.6": "3.0", "3.7": "3.0", "3.8": "3.8", "3.9": "3.8", "3.10": "3.8"}


def version(path):
    return path.name.removeprefix("python").rpartition(".")[0]


def codes(data):
    return {code.name.rpartition(".")[2]: code for reading in read(data) for code in reading.codes}


@pytest.mark.parametrize("path", FILES, ids=version)
def test_one_layout_holds_for_what_a_python_wrote_and_reads_it_to_its_end(path):
    data = path.read_bytes()
    assert plausible(data)
    (reading,) = read(data)
    assert (reading.stop, reading.limit) == (len(data), "")
    assert {code.layout for code in reading.codes} == {LAYOUTS.get(version(path), "3.11")}


@pytest.mark.parametrize("path", FILES, ids=version)
def test_names_and_texts_of_all_functions_are_found(path):
    found = codes(path.read_bytes())
    assert found["inner"].names == ("os", "system")
    assert found["inner"].texts == ("echo nothing",)
    assert found["<module>"].names[:2] == ("os", "True" if version(path) == "2.7" else "RATES")
    assert "café" in found["<module>"].texts
    assert found["linear"].free == 1
    assert found["outer"].arguments == 2


@pytest.mark.parametrize("path", FILES, ids=version)
def test_what_only_computes_is_proven_inert_since_python_3(path):
    proven = {name for name, code in codes(path.read_bytes()).items() if inert(code)}
    assert proven == (set() if version(path) == "2.7" else {"<lambda>", "linear"})


@pytest.mark.parametrize("path", FILES, ids=version)
def test_no_part_of_the_data_is_taken_for_the_whole(path):
    data = path.read_bytes()
    for stop in range(0, len(data), 7):
        with pytest.raises(BrokenMarshal):
            read(data[:stop])


def test_bytes_behind_the_object_mean_nothing():
    data = FILES[0].read_bytes()
    assert read(data + b"c\xff\xff")[0] == read(data)[0]
    assert read(b"????" + data, 4)[0].codes == read(data)[0].codes


VALUES = (
    None, True, ..., 0, -1, 2**31 - 1, -(2**200), 1.5, 2j, b"bytes", "text", "\u20ac", (1, (2, "x")), [1], {1: {2: 3}},
    {1, 2}, frozenset(), "x" * 300, tuple(range(300)),
)  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize("level", [0, 1, 2, 3, 4])
def test_every_kind_of_value_is_passed_over(value, level):
    data = marshal.dumps((value, (lambda: 1).__code__, value), level) if level > 2 else marshal.dumps(value, level)
    assert all(reading.stop == len(data) and not reading.limit for reading in read(data))
    assert [len(reading.codes) for reading in read(data)][-1:] == [int(level > 2)]


def test_a_slice_is_read_as_python_3_14_writes_it():
    assert read(b":" + b"i\1\0\0\0" + b"N" + b"N")[0].stop == 8


def test_a_reference_is_the_object_that_was_flagged():
    code = marshal.dumps((lambda: 1).__code__)
    assert code[0] == 0xE3
    (reading,) = [r for r in read(b")\x02" + code + b"r\0\0\0\0") if r.codes]
    assert reading.stop == len(code) + 7


@pytest.mark.parametrize(
    "data",
    [b"", b"r\0\0\0\0", b"\xa9\x01r\0\0\0\0", b")\x05N", b"(\xff\xff\xff\xff", b"s\xff\0\0\0x", b"u\1\0\0\0\xff", b"\x07",
     b"{N", b"f\1x", b"c" + bytes(30), b"R\0\0\0\0"],
    ids=lambda data: data.hex() or "nothing",
)  # fmt: skip
def test_what_no_python_reads_is_refused(data):
    with pytest.raises(BrokenMarshal):
        read(data)


@pytest.mark.parametrize(
    ("data", "limit"),
    [
        (b")\x01" * 5000 + b"N", "deep"),
        (b"l" + (5000).to_bytes(4, "little") + bytes(10_000), "5000 digits"),
        (b"(" + (2000).to_bytes(4, "little") + b"i\0\0\0\0" * 2000, "many"),
    ],
    ids=["depth", "digits", "objects"],
)
def test_a_limit_that_is_hit_is_told(data, limit, monkeypatch):
    monkeypatch.setattr(marshal_reader, "_OBJECTS", 1000)
    assert all(limit in reading.limit for reading in read(data))


def test_names_that_are_no_texts_are_no_code():
    def function():
        return len

    data = marshal.dumps(function.__code__)
    assert read(data)[0].codes[0].names == ("len",)
    with pytest.raises(BrokenMarshal):
        read(data.replace(b"\xda\x03len", b"i\0\0\0\0"))


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FILES), st.lists(st.tuples(st.integers(0, 1700), st.integers(0, 255)), max_size=4))
def test_damaged_data_are_read_or_refused(path, changes):
    data = bytearray(path.read_bytes())
    for place, value in changes:
        data[place % len(data)] = value
    try:
        readings = read(bytes(data))
    except BrokenMarshal:
        return
    assert all(reading.stop <= len(data) for reading in readings)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    plausible(data)
    try:
        read(data)
    except BrokenMarshal:
        return


def compiled(source):
    (reading,) = read(marshal.dumps(compile(source, "x", "eval").co_consts[0]))
    return reading.codes[-1]


@pytest.mark.parametrize(
    "source",
    ["lambda _: 3e-4", "lambda x, y: x * y - 2", "lambda *, rate: -rate ** 2", "lambda x: 'text'", "lambda x: not x"],
)
def test_code_that_only_computes_is_inert(source):
    assert inert(compiled(source))


@pytest.mark.parametrize(
    "source",
    ["lambda x: x()", "lambda x: x.real", "lambda x: len(x)", "lambda *x: x", "lambda x: x if x else 1",
     "lambda x: [x]", "lambda: (yield)", "lambda x: lambda: x", "lambda x: f'{x}'", "lambda: (1, 2)"],
)  # fmt: skip
def test_code_that_does_anything_else_is_not(source):
    assert not inert(compiled(source))


@pytest.mark.parametrize(
    "change",
    [{"constants": ()}, {"arguments": 0}, {"stack": 1}, {"names": ("x",)}, {"cells": 1}, {"handlers": True},
     {"flags": 0x20}, {"layout": "3.8"}, {"layout": "2.7"}, {"constants": (None, object())}, {"locals": 0},
     {"arguments": -1}, {"code": b""}],
    ids=" ".join,
)  # fmt: skip
def test_indexes_stack_and_layout_are_part_of_the_proof(change):
    code = compiled("lambda x: x * 3e-4")
    assert inert(code)
    assert not inert(code._replace(**change))


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["lambda x: x * 3e-4", "lambda x, y: -x + y", "lambda: 1"]),
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 255)), min_size=1, max_size=3),
    st.booleans(),
)
def test_inert_code_disassembles_to_nothing_but_arithmetic(source, changes, swap):
    code = compiled(source)
    changed = bytearray(code.code)
    for place, value in changes:
        changed[place % len(changed)] = code.code[value % len(code.code)] if swap else value
    made = code._replace(code=bytes(changed))
    if not inert(made) or changed[0] != dis.opmap["RESUME"]:
        return
    for at in range(0, len(changed), 2):
        name = dis.opname[changed[at]]
        # What this Python does not know, another one does (121 returns a constant in 3.12); here it ends the run.
        assert re.fullmatch(r"RESUME|NOP|CACHE|LOAD_(FAST|CONST)|BINARY_OP|UNARY_\w+|RETURN_VALUE|<\d+>", name), name
        if name == "LOAD_CONST":
            assert changed[at + 1] < len(code.constants)


def test_a_digest_tells_code_by_what_it_does_and_not_by_its_name():
    one = compiled("lambda x: x * 3")
    assert one.digest == one._replace(name="other", filename="y").digest
    assert one.digest != compiled("lambda x: x + 3").digest
    assert isinstance(one, Code)
