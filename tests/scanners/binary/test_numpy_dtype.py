"""Dtypes by their pickled state: exact where NumPy's own reading is, unknown everywhere else."""

import pytest

from scanners.binary.numpy_dtype import Element, of_value
from scanners.binary.pickle_values import UNKNOWN, Global, Result

DTYPE = Global("numpy", "dtype")
PLAIN = (3, "<", None, None, None, -1, -1, 0)


def stated(spec, state=PLAIN, *flags, callee=DTYPE, how="REDUCE"):
    """What `numpy.dtype(spec, False, True)` and then BUILD give."""
    made = Result(callee, (spec, *(flags or (False, True))), how)
    made.state = state
    return of_value(made)


def state(size=-1, flags=0, version=3, **more):
    return (version, more.get("order", "|"), None, more.get("names"), None, size, 1, flags, *more.get("metadata", ()))


@pytest.mark.parametrize(
    ("spec", "put", "element"),
    [
        ("f8", PLAIN, (8, False)), (b"f8", PLAIN, (8, False)), ("b1", PLAIN, (1, False)), ("c32", PLAIN, (32, False)),
        ("f8", (3, b"<", *PLAIN[2:]), (8, False)), ("O8", state(flags=63), (8, True)), ("O", state(flags=63), (8, True)),
        ("S5", state(5), (5, False)), ("U5", state(20, 8), (20, False)), ("V7", state(7), (7, False)),
        ("M8", state(version=4, metadata=((None, (b"ns", 1, 1, 1)),)), (8, False)),
        ("V16", state(16, 16, names=("a", "b")), (16, False)), ("V16", state(16, 27, names=("a", "b")), (16, True)),
        ("V64", state(64, -101, names=("a",)), (64, True)),
        (Global("numpy", "record"), state(12, 16, names=("x",)), (12, False)),
        (Global("numpy.core.records", "record"), state(12, 27, names=("x",)), (12, True)),
        (Global("ml_dtypes", "bfloat16"), state(2), (2, False)),
    ],
)  # fmt: skip
def test_call_and_state_together_say_what_the_dtype_is(spec, put, element):
    assert stated(spec, put) == Element(*element)


def test_the_flag_decides_and_not_the_type():
    assert stated("f8", state(flags=1)) == Element(8, objects=True)
    assert stated("V8", state(8, 0, names=("an object",))) == Element(8, objects=False)


def test_older_writers_say_copy_with_a_number():
    assert stated("f8", PLAIN, 0, 1) == Element(8, objects=False)


@pytest.mark.parametrize(
    ("spec", "element"),
    [
        ("f8", (8, False)), ("<i2", (2, False)), ("O", (8, True)), ("float32", (4, False)), ("U3", (12, False)),
        (Global("numpy", "float64"), (8, False)), (Global("builtins", "object"), (8, True)),
        (Global("__builtin__", "complex"), (16, False)), (Global("numpy", "object_"), (8, True)),
        (Global("numpy", "bool"), (1, False)), ("M8[ns]", (8, False)),
    ],
)  # fmt: skip
def test_a_dtype_may_be_a_call_alone(spec, element):
    assert of_value(Result(DTYPE, (spec,))) == Element(*element)
    assert of_value(Result(DTYPE, (spec,), "NEWOBJ")) == Element(*element)


@pytest.mark.parametrize(
    ("name", "element"), [("Float64DType", (8, False)), ("BoolDType", (1, False)), ("ObjectDType", (8, True))]
)
def test_classes_of_dtypes_are_known_by_name(name, element):
    assert of_value(Result(Global("numpy.dtypes", name), ())) == Element(*element)


def test_variable_strings_are_references():
    made = Result(Global("numpy._core._internal", "_convert_to_stringdtype_kwargs"), (1,))
    assert of_value(made) == Element(16, objects=True)


@pytest.mark.parametrize(
    "value",
    [
        None, "f8", UNKNOWN, DTYPE, Global("numpy", "float64"), Result(Global("numpy", "zeros"), ("f8",)),
        Result(DTYPE, ()), Result(DTYPE, (UNKNOWN,)), Result(DTYPE, ("l",)), Result(DTYPE, ("g",)), Result(DTYPE, ("i3",)),
        Result(DTYPE, ("f8,O",)), Result(DTYPE, ("(2,)f8",)), Result(DTYPE, ("S9999999999",)), Result(DTYPE, ("",)),
        Result(DTYPE, (Global("builtins", "int"),)), Result(DTYPE, (Global("my", "float64"),)),
        Result(DTYPE, (Global("numpy", "longdouble"),)), Result(DTYPE, (Global("numpy", "record"),)),
        Result(Global("numpy.dtypes", "VoidDType"), ()), Result(Global("numpy.dtypes", "BytesDType"), (5,)),
        Result(Global("numpy.dtypes", "LongDType"), ()),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_is_not_known_is_not_guessed(value):
    assert of_value(value) is None


@pytest.mark.parametrize(
    ("spec", "put"),
    [
        ("f8", ()), ("f8", UNKNOWN), ("f8", PLAIN[:7]), ("f8", (2, *PLAIN[1:])), ("f8", (5, *PLAIN[1:])),
        ("f8", (*PLAIN[:7], UNKNOWN)), ("V8", (*PLAIN[:5], UNKNOWN, 1, 0)), ("V8", PLAIN), ("S5", state(1 << 40)),
        ("?!", state(8)), (Global("my", "type"), state(8)), (UNKNOWN, state(8)),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_a_state_that_is_not_as_numpy_writes_it_is_not_guessed(spec, put):
    assert stated(spec, put) is None


@pytest.mark.parametrize("flags", [(False, False), (False,), (False, UNKNOWN)])
def test_a_dtype_that_is_no_copy_takes_no_state(flags):
    assert stated("f8", state(flags=63), *flags) is None
