"""What joblib reads behind a wrapper: told exactly, or not at all."""

import pytest

from scanners.binary.joblib_arrays import RawArray, constructed, external_file, raw_array, wrapper
from scanners.binary.pickle_values import UNKNOWN, Global, Items, Mapping, Result

CLASS = Global("joblib.numpy_pickle", "NumpyArrayWrapper")
FLOAT = Result(Global("numpy", "dtype"), ("f8",))
OBJECT = Result(Global("numpy", "dtype"), ("O",))
HONEST = {
    "subclass": Global("numpy", "ndarray"), "shape": (2, 3), "order": "C", "dtype": FLOAT, "allow_mmap": True,
    "numpy_array_alignment_bytes": 16,
}  # fmt: skip


def mapping(values):
    made = Mapping()
    made.extend([part for pair in values.items() for part in pair])
    return made


def state(*without, **values):
    return mapping({key: value for key, value in (HONEST | values).items() if key not in without})


def listed(*values):
    made = Items("list")
    made.extend(list(values))
    return made


@pytest.mark.parametrize(
    ("made", "raw"),
    [
        (state(), RawArray(48, aligned=True, pickled=False)),
        (state("numpy_array_alignment_bytes"), RawArray(48, aligned=False, pickled=False)),
        (state(numpy_array_alignment_bytes=None), RawArray(48, aligned=False, pickled=False)),
        (state(numpy_array_alignment_bytes=0), RawArray(48, aligned=True, pickled=False)),
        (state(shape=()), RawArray(8, aligned=True, pickled=False)),
        (state(shape=(0, 1 << 62, 1 << 62)), RawArray(0, aligned=True, pickled=False)),
        (state(shape=listed(2, 3)), RawArray(48, aligned=True, pickled=False)),
        (state(shape=(True, 3)), RawArray(24, aligned=True, pickled=False)),
        (state(dtype=OBJECT), RawArray(0, aligned=False, pickled=True)),
        (state(dtype=OBJECT, shape="12"), RawArray(0, aligned=False, pickled=True)),
        (state("subclass", "order", "allow_mmap"), RawArray(48, aligned=True, pickled=False)),
        (state(subclass=Global("posix", "system")), RawArray(48, aligned=True, pickled=False)),
        ((None, state()), RawArray(48, aligned=True, pickled=False)),
        ((state(shape=(9,)), state()), RawArray(48, aligned=True, pickled=False)),
    ],
)
def test_a_state_says_what_follows(made, raw):
    assert raw_array(made) == raw


@pytest.mark.parametrize(
    "made",
    [
        None, UNKNOWN, (), "state", mapping({}), state("dtype"), state("shape"), state(dtype=UNKNOWN),
        state(dtype=Global("numpy", "float64")), state(shape="12"), state(shape=(-1,)), state(shape=(-1, -5)),
        state(shape=(1 << 63,)), state(shape=(1 << 32, 1 << 32)), state(shape=(UNKNOWN,)), state(shape=("3",)),
        state(shape=3), state(shape=b"\x03"), state(shape=listed(*[1] * 65)), state(numpy_array_alignment_bytes=UNKNOWN),
        state(numpy_array_alignment_bytes="16"), state(dtype=Result(Global("numpy", "dtype"), ("V",))),
        mapping(HONEST | {7: 1}), mapping(HONEST | {UNKNOWN: 1}),
        mapping(HONEST | {f"more{n}": n for n in range(70)}),
    ],
    ids=lambda state: type(state).__name__,
)  # fmt: skip
def test_what_cannot_be_told_is_not_guessed(made):
    assert raw_array(made) is None


@pytest.mark.parametrize("name", ["read", "read_array", "safe_get_numpy_array_alignment_bytes", "__class__"])
def test_an_attribute_may_hide_a_method(name):
    assert raw_array(state(**{name: Global("posix", "system")})) is None


def test_of_two_values_under_one_key_the_later_counts():
    made = Mapping()
    made.extend(["shape", (1,), "dtype", OBJECT, "shape", (2,), "dtype", FLOAT])
    assert raw_array(made) == RawArray(16, aligned=False, pickled=False)


def test_arguments_are_attributes_until_the_state_says_otherwise():
    arguments = (Global("numpy", "ndarray"), (5,), "C", FLOAT)
    assert raw_array(mapping({}), arguments) == RawArray(40, aligned=True, pickled=False)
    assert raw_array(mapping({"shape": (1,)}), (*arguments, False, None)) == RawArray(8, aligned=False, pickled=False)
    assert raw_array(UNKNOWN, arguments) is None


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (Result(CLASS, (), "NEWOBJ"), "NumpyArrayWrapper"),
        (Result(CLASS, ()), "NumpyArrayWrapper"),
        (Result(Global("joblib", "numpy_pickle.NumpyArrayWrapper"), ()), "NumpyArrayWrapper"),
        (
            Result(Global("copy_reg", "_reconstructor"), (CLASS, Global("__builtin__", "object"), None)),
            "NumpyArrayWrapper",
        ),
        (Result(Global("copyreg", "__newobj__"), (CLASS,)), "NumpyArrayWrapper"),
        (Result(Global("sklearn.externals.joblib.numpy_pickle", "NumpyArrayWrapper"), ()), "NumpyArrayWrapper"),
        (Result(Global("joblib.numpy_pickle", "NDArrayWrapper"), ()), "NDArrayWrapper"),
        (Result(Global("joblib.numpy_pickle_compat", "ZNDArrayWrapper"), ()), "ZNDArrayWrapper"),
        (Result(Global("joblib.numpy_pickle", "NumpyUnpickler"), ()), ""),
        (Result(Global("my.numpy_pickle", "NumpyArrayWrapper"), ()), ""),
        (Result(Global("collections", "OrderedDict"), (CLASS,)), ""),
        (CLASS, ""),
        (None, ""),
    ],
)
def test_an_instance_is_known_however_it_was_made(value, name):
    assert wrapper(value) == name


def test_only_a_call_of_the_class_itself_runs_its_init():
    arguments = (Global("numpy", "ndarray"), (5,))
    assert constructed(Result(CLASS, arguments)) == arguments
    assert constructed(Result(CLASS, arguments, "NEWOBJ")) == ()
    assert constructed(Result(Global("copyreg", "__newobj__"), (CLASS, *arguments))) == ()
    assert constructed(CLASS) == ()


@pytest.mark.parametrize(
    ("made", "arguments", "name"),
    [
        (mapping({"filename": "a_01.npy", "subclass": None}), (), "a_01.npy"),
        (mapping({"allow_mmap": True}), ("../a.npy", None), "../a.npy"),
        (mapping({"filename": "b.npy"}), ("a.npy",), "b.npy"),
        (mapping({"filename": UNKNOWN}), (), ""),
        (mapping({}), (), ""),
        (UNKNOWN, (), ""),
    ],
)
def test_a_file_wrapper_names_its_file(made, arguments, name):
    assert external_file(made, arguments) == name
