"""joblib: arrays between the opcodes are skipped exactly, and whatever stands behind or inside them is examined."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.facts import Anomaly, Reference
from scanners.judge import complete, judge
from scanners.registry import SCANNERS
from scanners.rules.policy import Policy
from scanners.source import Span
from tests.craft import joblibs as jl
from tests.craft.joblibs import OBJECTS, Raw, stream, wrapper
from tests.craft.pickles import asm, call, named, op, system, text
from tests.craft.reading import anomalies, called, referenced, scan_in_rounds
from tests.craft.reading import scan as scan_with

DATA = Path(__file__).parents[2] / "data" / "joblib_arrays"
MANIFESTS = {folder.name: json.loads((folder / "manifest.json").read_text()) for folder in sorted(DATA.iterdir())}
HONEST = [(version, name) for version, manifest in MANIFESTS.items() for name in manifest]
ATTACK = call(named("posix", "system"), text("true"))
FLOATS = Raw(bytes(24))
BARE = Raw(bytes(24), None)
"""The same without padding, as joblib before 1.2 wrote it."""
INVALID = b"\xfe" * 24
"""What is no opcode: a reader that takes it for some breaks off."""


def scan(data, name="x.joblib", **more):
    return scan_with(data, name, scanners=SCANNERS, **more)


def callees(outcome):
    return {callee for callee, _ in called(outcome)}


def clean(outcome):
    return complete(outcome.facts, outcome.account)


def attacks(*parts, **more):
    """Whether a stream of these parts is found to call the shell."""
    return "posix.system" in callees(scan(stream(*parts, **more)))


def reached(*parts):
    """Whether a stream of these parts may import it, whoever reads it."""
    return ("posix", "system", "possible") in {
        (fact.module, fact.name, fact.used_as) for fact in scan(stream(*parts)).facts if isinstance(fact, Reference)
    }


# --- honest files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "name"), HONEST)
def test_what_joblib_wrote_is_complete_and_quiet(version, name):
    data = (DATA / version / f"{name}.joblib").read_bytes()
    outcome = scan(data)
    assert judge(outcome.facts, path=f"{name}.joblib", format=outcome.format, policy=Policy.default()) == ()
    assert clean(outcome)
    assert outcome.account.inert >= MANIFESTS[version][name]["elements"]


@pytest.mark.parametrize(
    ("version", "name"), [each for each in HONEST if each[1] in {"several", "protocol_2", "frames"}]
)
def test_bytes_that_come_piece_by_piece_say_the_same(version, name):
    data = (DATA / version / f"{name}.joblib").read_bytes()
    outcome, _, _ = scan_in_rounds(data, "x.joblib", scanners=SCANNERS, block=64, most=2000)
    assert outcome == scan(data)


def test_elements_are_not_fetched():
    length = 50_000_000
    made = stream("MARK", wrapper(shape=jl.shape(length // 8)), Raw(bytes(length)), ATTACK, "LIST")
    held = [Span(0, 65_536), Span(len(made) - 65_557, len(made))]
    outcome, held, _ = scan_in_rounds(made, "x.joblib", scanners=SCANNERS, held=held, block=4096)
    assert "posix.system" in callees(outcome)
    assert sum(span.length for span in held) < 1_000_000


# --- behind an array, and in it -------------------------------------------------------------------------------------

SKIPPED = {
    "aligned": (wrapper(), FLOATS),
    "aligned otherwise": (wrapper(numpy_array_alignment_bytes=jl.number(64)), Raw(INVALID, 64)),
    "long padding": (wrapper(), Raw(INVALID, padding=b"\xff" * 256)),
    "no padding": (wrapper(), Raw(INVALID, padding=b"\x00")),
    "alignment is none": (wrapper(numpy_array_alignment_bytes="NONE"), Raw(INVALID, None)),
    "before 1.2": (jl.old_wrapper(), Raw(INVALID, None)),
    "no elements": (wrapper(shape=jl.shape(0, 5)), Raw(b"")),
    "no dimensions": (wrapper(shape="EMPTY_TUPLE"), Raw(INVALID[:8])),
    "fortran": (wrapper(shape=jl.shape(3, 1), order=text("F")), Raw(INVALID)),
    "list for a shape": (wrapper(shape=jl.many("LIST", jl.number(3))), Raw(INVALID)),
    "structured": (wrapper(dtype=jl.dtype("V5", size=5)), Raw(INVALID[:15])),
    "strings": (wrapper(dtype=jl.dtype("U2", size=8)), Raw(INVALID)),
    "dtype of bytes": (
        wrapper(dtype=jl.dtype(call(named("_codecs", "encode"), text("f8"), text("latin1")))), Raw(INVALID),
    ),
    "no mmap": (wrapper(allow_mmap="NEWFALSE"), Raw(INVALID)),
    "by a reconstructor": (
        wrapper(call(named("copyreg", "_reconstructor"), named(*jl.WRAPPER), named("builtins", "object"), "NONE")),
        Raw(INVALID),
    ),
    "by a call of the class": (
        asm(
            call(named(*jl.WRAPPER), named("numpy", "ndarray"), jl.shape(3), text("C"), jl.dtype()),
            "EMPTY_DICT", "BUILD",
        ),
        Raw(INVALID),
    ),
    "by a nested name": (wrapper(jl.instance(("joblib", "numpy_pickle.NumpyArrayWrapper"))), Raw(INVALID)),
    "scikit-learn's copy": (
        wrapper(jl.instance(("sklearn.externals.joblib.numpy_pickle", "NumpyArrayWrapper"))), Raw(INVALID),
    ),
    "objects": (jl.object_array(asm(op("PROTO", 4), "NONE", "STOP")),),
    "objects and no shape": (jl.object_array(asm(op("PROTO", 4), "NONE", "STOP"), shape=text("12")),),
    "two": (wrapper(), FLOATS, wrapper(), Raw(INVALID)),
}  # fmt: skip


@pytest.mark.parametrize("array", SKIPPED.values(), ids=SKIPPED)
def test_a_call_behind_an_array_is_found(array):
    outcome = scan(stream("MARK", *array, ATTACK, "LIST"))
    assert "posix.system" in callees(outcome)
    assert outcome.account.unexplained == 0


@pytest.mark.parametrize("array", SKIPPED.values(), ids=SKIPPED)
def test_an_array_is_not_taken_for_opcodes(array):
    outcome = scan(stream("MARK", *array, "LIST"))
    assert "pickle.broken" not in anomalies(outcome)
    assert clean(outcome)


@pytest.mark.parametrize("proto", range(5))
def test_a_call_in_an_array_of_objects_is_found(proto):
    nested = system(proto=proto)[0 if proto >= 2 else 2 :]
    outcome = scan(stream("MARK", jl.object_array(nested), ATTACK, "LIST"))
    assert [callee for callee, _ in called(outcome)].count("posix.system") >= 1
    assert attacks(jl.object_array(nested))


def test_a_flag_makes_objects_of_numbers():
    assert attacks(wrapper(dtype=jl.dtype(flags=1)), system())


def test_in_an_array_of_objects_joblib_reads_no_arrays():
    """The nested unpickler is a plain one: what stands behind a wrapper there are opcodes."""
    assert attacks(jl.object_array(asm(op("PROTO", 4), wrapper(), ATTACK, "STOP")))


def test_the_nested_pickle_has_a_memo_of_its_own():
    nested = asm(op("PROTO", 4), named("posix", "system"), "MEMOIZE", text("true"), "TUPLE1", "REDUCE", "STOP")
    outer = asm(named("collections", "OrderedDict"), op("BINPUT", 0), "POP")
    made = stream("MARK", outer, jl.object_array(nested), op("BINGET", 0), "EMPTY_TUPLE", "REDUCE", "LIST")
    assert callees(scan(made)) >= {"posix.system", "collections.OrderedDict"}


def test_a_stream_that_breaks_inside_the_array_has_told_all_before():
    assert attacks(ATTACK, wrapper(shape=jl.shape(1 << 40)), FLOATS)
    assert attacks(jl.object_array(asm(op("PROTO", 4), ATTACK, b"\xff")))


# --- frames ---------------------------------------------------------------------------------------------------------


def framed(*parts):
    content = asm(*parts)
    return asm(op("FRAME", len(content)), content)


def test_elements_stand_behind_the_frame_and_not_behind_the_build():
    """A frame is read whole before its opcodes run, so the file is at its end when joblib reads the elements."""
    head = asm("MARK", jl.old_wrapper(), ATTACK)
    assert attacks(framed(head), Raw(INVALID, None), "LIST")
    assert attacks(framed("MARK", jl.old_wrapper(), "NONE"), Raw(INVALID, None), ATTACK, "LIST")


def test_elements_of_two_arrays_stand_behind_one_frame():
    assert attacks(framed("MARK", jl.old_wrapper(), jl.old_wrapper()), Raw(INVALID * 2, None), ATTACK, "LIST")


def test_a_nested_pickle_stands_behind_the_frame():
    assert attacks(framed("MARK", wrapper(dtype=OBJECTS), "NONE"), system(), "LIST")


# --- other readers --------------------------------------------------------------------------------------------------


def test_a_plain_unpickler_takes_the_elements_for_opcodes():
    opcodes = asm(ATTACK, "STOP")
    elements = opcodes + bytes(-len(opcodes) % 8)
    assert reached(jl.old_wrapper(shape=jl.shape(len(elements) // 8)), Raw(elements, None))


def test_padding_may_be_opcodes_too():
    hidden = asm("MARK", ATTACK, "STOP")
    padding = hidden.ljust(1 + hidden[0], b"\xff")
    assert reached(wrapper(), Raw(bytes(24), padding=padding))


def test_joblib_before_1_2_reads_no_padding():
    """It begins with the padding, so the last bytes of the elements are opcodes to it."""
    behind = asm(op("BINGET", 0), op("BINGET", 1), "STACK_GLOBAL", "STOP")
    padding = bytes([len(behind) - 1]) + b"\xff" * (len(behind) - 1)
    kept = asm(text("posix"), op("BINPUT", 0), text("system"), op("BINPUT", 1), "POP", "POP")
    assert reached(kept, wrapper(), Raw(bytes(24 - len(behind)) + behind, padding=padding))


# --- wrappers that lie ----------------------------------------------------------------------------------------------

UNTOLD = {
    "dtype": wrapper(dtype=call(named("numpy", "dtype"), text("f8,i4"))),
    "no dtype": wrapper(dtype=text("f8")),
    "computed shape": wrapper(shape=call(named("builtins", "tuple"), "EMPTY_LIST")),
    "negative shape": wrapper(shape=jl.shape(-1)),
    "shape of a text": wrapper(shape=text("3")),
    "shape past int64": wrapper(shape=jl.shape(1 << 32, 1 << 32)),
    "hidden method": wrapper(read=named("builtins", "len")),
    "state that is no dict": asm(jl.instance(), jl.shape(3), "BUILD"),
    "no state": asm(jl.instance(), "EMPTY_DICT", "BUILD"),
    "computed key": asm(jl.instance(), jl.state(), call(named("builtins", "str"), "NONE"), "NONE", "SETITEM", "BUILD"),
}


@pytest.mark.parametrize("array", UNTOLD.values(), ids=UNTOLD)
def test_an_array_whose_end_cannot_be_told_is_said_and_never_clean(array):
    outcome = scan(stream("MARK", array, FLOATS, ATTACK, "LIST"))
    assert "joblib.array" in anomalies(outcome)
    assert not clean(outcome)


@pytest.mark.parametrize("array", UNTOLD.values(), ids=UNTOLD)
def test_what_stands_there_is_examined_where_it_is_a_pickle(array):
    assert attacks("MARK", array, system(), "LIST")


@pytest.mark.parametrize("lengths", [(4,), (1 << 40,), (1 << 62,)])
def test_an_array_longer_than_the_file_is_never_clean(lengths):
    outcome = scan(stream("MARK", ATTACK, wrapper(shape=jl.shape(*lengths)), FLOATS))
    assert "posix.system" in callees(outcome)
    assert not clean(outcome)


def test_the_class_of_the_array_is_a_reference():
    outcome = scan(stream(wrapper(subclass=named("posix", "system")), FLOATS))
    assert ("posix", "system") in referenced(outcome, "pickle.global")


def test_a_wrapper_may_be_built_twice():
    again = asm(jl.instance(), op("BINPUT", 7), jl.state(), "BUILD")
    assert attacks("MARK", again, FLOATS, op("BINGET", 7), jl.state(), "BUILD", Raw(INVALID), ATTACK, "LIST")


def test_a_class_of_the_same_name_is_no_wrapper():
    assert attacks(wrapper(jl.instance(("my.numpy_pickle", "NumpyArrayWrapper"))), ATTACK)


# --- arrays in files of their own -----------------------------------------------------------------------------------


def test_each_other_file_is_named():
    names = ["model_01.npy", "../model_02.npy"]
    outcome = scan(stream("MARK", *map(jl.file_wrapper, names), ATTACK, "LIST"))
    stated = {
        fact.detail for fact in outcome.facts if isinstance(fact, Anomaly) and fact.code == "joblib.external-file"
    }
    assert stated == set(names)
    assert "posix.system" in callees(outcome)


@pytest.mark.parametrize(
    ("filename", "severity"), [("model_01.npy", "medium"), ("/etc/x.npy", "high"), (named("os", "sep"), "high")]
)
def test_another_file_weighs_by_where_it_is(filename, severity):
    outcome = scan(stream(jl.file_wrapper(filename, "ZNDArrayWrapper")))
    findings = judge(outcome.facts, path="x.joblib", format=outcome.format, policy=Policy.default())
    assert [each.severity for each in findings if each.rule == "joblib-external-file"] == [severity]


# --- laws -----------------------------------------------------------------------------------------------------------

SEED = stream("MARK", wrapper(), FLOATS, jl.object_array(system()), jl.old_wrapper(), BARE, text("end"), "LIST")


@given(cut=st.integers(4, len(SEED) - 1))
@settings(max_examples=60, deadline=None)
def test_what_is_cut_off_is_never_clean(cut):
    assert not clean(scan(SEED[:cut]))


@given(place=st.integers(0, len(SEED)), value=st.binary(min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_damaged_files_are_read_to_an_outcome(place, value):
    data = SEED[:place] + value + SEED[place + len(value) :]
    outcome, _, _ = scan_in_rounds(data, "x.joblib", scanners=SCANNERS, block=64)
    assert outcome == scan(data)
    assert "posix.system" not in callees(outcome) or outcome.facts
