"""Pickle streams: what loading would do is stated, whichever way it is written."""

import base64
import codecs
import pickle
from collections import Counter, OrderedDict
from pathlib import Path

import pytest

from scanners.budget import Budget, Limits
from scanners.facts import Anomaly, Call, Embedded, Mutation, Reference, Sampled, Storage, Unread
from scanners.formats import pickle_stream
from scanners.scanner import NotThisFormat, Sample, Scan
from scanners.source import BytesSource, Missing, Span, SparseSource, merge
from tests.craft.pickles import HARMLESS, asm, call, named, op, system, text


def walk(data, name="model.pkl", limits=None):
    """The scan of one file by the pickle scanner alone; what is inside goes to the same scanner."""

    def route(source, child):
        pickle_stream.scan(source, child)
        return "pickle"

    scan = Scan(len(data), Budget(limits or Limits()), route=route, name=name)
    pickle_stream.scan(BytesSource(data), scan)
    return scan


def named_in(scan):
    return {f"{f.module}.{f.name}" for f in scan.facts if isinstance(f, Reference)}


def called_in(scan):
    return {f"{f.module}.{f.name}" for f in scan.facts if isinstance(f, Call)}


def anomalies_in(scan):
    return {f.code for f in scan.facts if isinstance(f, Anomaly)}


COMMAND = text(HARMLESS)
GETATTR = named("builtins", "getattr")

ATTACKS = {
    "REDUCE": system(),
    "REDUCE in protocol 0": b"cposix\nsystem\n(S'x'\ntR.",
    "INST": b"(S'x'\niposix\nsystem\n.",
    "OBJ": asm("MARK", named("posix", "system"), COMMAND, "OBJ", "STOP"),
    "NEWOBJ": asm(op("PROTO", 2), named("posix", "system"), COMMAND, "TUPLE1", "NEWOBJ", "STOP"),
    "NEWOBJ_EX": asm(op("PROTO", 4), named("posix", "system"), "EMPTY_TUPLE", "EMPTY_DICT", "NEWOBJ_EX", "STOP"),
    "STACK_GLOBAL": asm(op("PROTO", 4), text("posix"), text("system"), "STACK_GLOBAL", COMMAND, "TUPLE1", "REDUCE", "STOP"),
    "STACK_GLOBAL without PROTO (D18)": asm(text("posix"), text("system"), "STACK_GLOBAL", COMMAND, "TUPLE1", "REDUCE", "STOP"),
    "STACK_GLOBAL of BINSTRING": asm(
        op("PROTO", 4), op("SHORT_BINSTRING", b"posix"), op("BINSTRING", b"system"), "STACK_GLOBAL", COMMAND, "TUPLE1", "REDUCE", "STOP"
    ),
    "STACK_GLOBAL of STRING with escapes (D14)": asm(
        op("STRING", rb"'p\x6fsix'"), op("UNICODE", rb"\u0073ystem"), "STACK_GLOBAL", COMMAND, "TUPLE1", "REDUCE", "STOP"
    ),
    "STACK_GLOBAL through the memo": asm(
        text("system"), op("BINPUT", 7), "POP", text("posix"), op("BINGET", 7), "STACK_GLOBAL", COMMAND, "TUPLE1", "REDUCE", "STOP"
    ),
    "STACK_GLOBAL through DUP": asm(
        text("posix"), "DUP", "POP", text("system"), "STACK_GLOBAL", COMMAND, "TUPLE1", "REDUCE", "STOP"
    ),
    "memo overwritten": asm(
        text("harmless"), op("BINPUT", 1), text("system"), op("BINPUT", 1), "POP", "POP", text("posix"), op("BINGET", 1),
        "STACK_GLOBAL", COMMAND, "TUPLE1", "REDUCE", "STOP",
    ),
    "MEMOIZE behind a PUT": asm(
        text("a"), op("BINPUT", 0), text("system"), "MEMOIZE", "POP", "POP", text("posix"), op("BINGET", 1),
        "STACK_GLOBAL", COMMAND, "TUPLE1", "REDUCE", "STOP",
    ),
    "result popped (T2)": asm(call(named("posix", "system"), COMMAND), "POP", "NONE", "STOP"),
    "result popped with its mark": asm("MARK", call(named("posix", "system"), COMMAND), "POP_MARK", "NONE", "STOP"),
    "liberal integers first (D1)": b"I0x10\n0I0b1\n0L0x10L\n0" + system(proto=0),
    "octal integer first (D2)": b"I010\n0" + system(proto=0),
    "odd float first (D12)": b"F1_0\n0F1e400\n0" + system(proto=0),
    "name that is no ASCII behind (D3)": system()[:-1] + "c\u00e9\n\u00e9\n.".encode(),
    "frame longer than the data (D5)": asm(op("PROTO", 4), op("FRAME", 1 << 40), system()[2:]),
    "arguments in a list (D10)": asm(named("posix", "system"), "EMPTY_LIST", COMMAND, "APPEND", "REDUCE", "STOP"),
    "memo text index with a plus (D15)": asm(op("UNICODE", "system"), b"p +1\n", "POP", op("UNICODE", "posix"), b"g1\n", "STACK_GLOBAL", COMMAND, "TUPLE1", "REDUCE", "STOP"),
    "cut off behind the call": system()[:-1],
    "junk behind the call": system()[:-1] + b"\xff\xff\xff",
    "second stream": pickle.dumps({"a": 1}) + system(),
    "hundredth stream": pickle.dumps(1) * 99 + system(),
    "protocol 0 behind protocol 4": pickle.dumps([1], 4) + b"cposix\nsystem\n(S'x'\ntR.",
    "behind a long payload": asm(op("PROTO", 4), op("BINBYTES", bytes(300_000)), "POP", system()[2:]),
    "nested in bytes": asm(op("PROTO", 4), op("BINBYTES", system()), "STOP"),
    "nested in bytes for loads": asm(op("PROTO", 4), call(named("pickle", "loads"), op("BINBYTES", system())), "STOP"),
    "nested in the bytes of protocol 2": asm(
        op("PROTO", 2), call(named("pickle", "loads"), call(named("_codecs", "encode"), op("BINUNICODE", system().decode("latin-1")), text("latin1"))), "STOP"
    ),
    "nested in base64": asm(
        op("PROTO", 4), call(named("pickle", "loads"), call(named("base64", "b64decode"), op("SHORT_BINBYTES", base64.b64encode(system())))), "STOP"
    ),
    "nested in long bytes": asm(op("PROTO", 4), op("BINBYTES", asm(op("PROTO", 4), op("BINBYTES", bytes(5000)), "POP", system()[2:])), "STOP"),
}  # fmt: skip


@pytest.mark.parametrize("data", ATTACKS.values(), ids=ATTACKS)
def test_the_call_is_stated(data):
    assert "posix.system" in called_in(walk(data))


RESOLVED = {
    "getattr of an import": call(GETATTR, call(named("builtins", "__import__"), text("os")), text("system")),
    "import_module": call(GETATTR, call(named("importlib", "import_module"), text("os")), text("system")),
    "joined name": call(
        GETATTR,
        call(named("builtins", "__import__"), text("os")),
        call(named("operator", "add"), text("sys"), text("tem")),
    ),
    "joined by str.join": call(
        GETATTR,
        call(named("builtins", "__import__"), text("os")),
        call(named("builtins", "str.join"), text(""), asm("MARK", text("sys"), text("tem"), "LIST")),
    ),
    "joined by a bound join": call(
        GETATTR,
        call(named("builtins", "__import__"), text("os")),
        call(call(GETATTR, text(""), text("join")), asm("MARK", text("sys"), text("tem"), "LIST")),
    ),
    "rot13": call(
        GETATTR,
        call(named("builtins", "__import__"), text("os")),
        call(named("_codecs", "decode"), text(codecs.encode("system", "rot13")), text("rot13")),
    ),
    "base64": call(
        GETATTR,
        call(named("builtins", "__import__"), text("os")),
        call(
            named("builtins", "bytes.decode"),
            call(named("base64", "b64decode"), op("SHORT_BINBYTES", base64.b64encode(b"system"))),
        ),
    ),
    "resolve_name": call(named("pkgutil", "resolve_name"), text("os:system")),
    "pydoc.locate": call(named("pydoc", "locate"), text("os.system")),
    "attrgetter": call(
        call(named("operator", "attrgetter"), text("system")), call(named("builtins", "__import__"), text("os"))
    ),
    "sys.modules": call(
        GETATTR, call(named("operator", "getitem"), named("sys", "modules"), text("os")), text("system")
    ),
    "module dictionary": call(
        named("operator", "getitem"),
        call(GETATTR, call(named("builtins", "__import__"), text("os")), text("__dict__")),
        text("system"),
    ),
    "ufunc reconstruct": call(named("numpy.core", "_ufunc_reconstruct"), text("os"), text("system")),
    "Python 2 names": call(named("__builtin__", "getattr"), call(named("__builtin__", "__import__"), text("os")), text("system")),
}  # fmt: skip


@pytest.mark.parametrize("callee", RESOLVED.values(), ids=RESOLVED)
def test_what_a_chain_reaches_is_named_and_its_call_too(callee):
    scan = walk(asm(op("PROTO", 4), call(callee, COMMAND), "STOP"))
    assert Reference("pickle.global", "os", "system", "resolved") in [
        Reference(f.kind, f.module, f.name, f.used_as) for f in scan.facts if isinstance(f, Reference)
    ]
    assert "os.system" in called_in(scan)


INDIRECT = {
    "partial": call(call(named("functools", "partial"), named("posix", "system"), COMMAND)),
    "operator.call": call(named("operator", "call"), named("posix", "system"), COMMAND),
    "methodcaller": call(
        call(named("operator", "methodcaller"), text("system"), COMMAND), call(named("builtins", "__import__"), text("posix"))
    ),
}  # fmt: skip


@pytest.mark.parametrize("part", INDIRECT.values(), ids=INDIRECT)
def test_a_call_by_way_of_a_helper_is_stated(part):
    assert "posix.system" in called_in(walk(asm(op("PROTO", 4), part, "STOP")))


def test_protocols_below_3_state_both_spellings():
    scan = walk(asm(op("PROTO", 2), call(named("commands", "getoutput"), COMMAND), "STOP"))
    assert {"commands.getoutput", "subprocess.getoutput"} <= named_in(scan)


def test_a_computed_name_is_an_anomaly():
    data = asm(op("PROTO", 4), text("os"), call(named("acme", "secret")), "STACK_GLOBAL", "STOP")
    assert "pickle.dynamic-global" in anomalies_in(walk(data))


def test_an_extension_registered_in_the_stream_is_resolved():
    registration = call(named("copyreg", "add_extension"), text("posix"), text("system"), op("BININT1", 42))
    scan = walk(asm(op("PROTO", 2), registration, "POP", call(op("EXT1", 42), COMMAND), "STOP"))
    assert "pickle.extension" in anomalies_in(scan)
    assert "posix.system" in called_in(scan)


def test_a_frame_that_cuts_an_argument_is_an_anomaly():
    data = asm(op("PROTO", 4), op("FRAME", 3), op("SHORT_BINBYTES", b"abcdef"), "STOP")
    assert "pickle.frame" in anomalies_in(walk(data))


def test_honest_frames_are_none():
    assert anomalies_in(walk(pickle.dumps(["x" * 100_000, *range(50_000)], 4))) == set()


MUTATIONS = {
    "SETITEM": asm(named("os", "environ"), text("K"), text("V"), "SETITEM", "STOP"),
    "SETITEMS": asm(named("sys", "modules"), "MARK", text("K"), text("V"), "SETITEMS", "STOP"),
    "APPEND": asm(named("sys", "path"), text("/x"), "APPEND", "STOP"),
    "BUILD": asm(named("acme", "Class"), "EMPTY_DICT", text("run"), named("posix", "system"), "SETITEM", "BUILD", "STOP"),
}  # fmt: skip


@pytest.mark.parametrize("opcode", MUTATIONS)
def test_a_change_to_a_global_is_stated(opcode):
    assert [f.opcode for f in walk(MUTATIONS[opcode]).facts if isinstance(f, Mutation)] == [opcode]


def test_a_change_to_a_container_is_none():
    assert not [f for f in walk(pickle.dumps({"a": [1], "b": {2}})).facts if isinstance(f, Mutation)]


def test_a_torch_storage_is_stated_once_for_each_key():
    tensor = asm(
        "MARK", text("storage"), named("torch", "FloatStorage"), text("0"), text("cpu"), op("BININT1", 6), "TUPLE", "BINPERSID"
    )  # fmt: skip
    scan = walk(asm(op("PROTO", 2), tensor, tensor, "POP", "STOP"))
    assert [(f.key, f.type, f.numel) for f in scan.facts if isinstance(f, Storage)] == [("0", "torch.FloatStorage", 6)]


def test_a_computed_pickle_says_whom_it_is_handed_to():
    scan = walk(ATTACKS["nested in the bytes of protocol 2"])
    assert [f.passed_to for f in scan.facts if isinstance(f, Embedded)] == ["pickle.loads"]


def test_an_embedded_pickle_says_whom_it_is_handed_to():
    scan = walk(ATTACKS["nested in bytes for loads"])
    (embedded,) = [f for f in scan.facts if isinstance(f, Embedded)]
    assert (embedded.format, embedded.passed_to) == ("pickle", "pickle.loads")
    assert any(isinstance(f, Call) and f.member.startswith("constant@") for f in scan.facts)


@pytest.mark.parametrize("protocol", range(6))
def test_plain_data_is_complete_in_every_protocol(protocol):
    data = pickle.dumps(
        {"a": [1, 2.5, None, True, "ü", b"bytes", (1,), {3}, 10**40], "b": OrderedDict(x=Counter("aab"))}, protocol
    )
    scan = walk(data)
    assert scan.account.unexplained_spans() == []
    assert not [f for f in scan.facts if isinstance(f, Unread | Anomaly)]


def test_calls_that_differ_only_in_data_are_one_fact_with_a_count():
    point = [call(named("acme", "Point"), op("BININT1", n)) for n in range(50)]
    (fact,) = [f for f in walk(asm("MARK", *point, "LIST", "STOP")).facts if isinstance(f, Call)]
    assert fact.count == 50


def test_more_argument_lists_than_kept_are_said_to_be_sampled():
    calls = [call(named("acme", "name"), text(f"n{n}")) for n in range(20)]
    scan = walk(asm("MARK", *calls, "LIST", "STOP"), limits=Limits(samples=5))
    assert [(f.kept, f.seen) for f in scan.facts if isinstance(f, Sampled)] == [(5, 20)]


def test_a_broken_stream_is_incomplete_and_its_rest_unexplained():
    scan = walk(system()[:-1] + b"\xff" * 10)
    assert "pickle.broken" in anomalies_in(scan)
    assert [f.reason for f in scan.facts if isinstance(f, Unread)] == ["broken"]
    assert scan.account.unexplained_spans() == [Span(len(system()) - 1, len(system()) + 9)]


def test_a_last_line_without_newline_still_names_what_the_pure_python_unpickler_would_ask_for():
    assert "os.system" in named_in(walk(b"cos\nsystemX"))


@pytest.mark.parametrize(
    "data",
    [b"", b"# A model\n\nSome words.\n", b"cat\ndog\nbird\n", b"\x00" * 64, b"PK\x03\x04" + bytes(60), b'{"a": 1}'],
)
def test_what_is_no_pickle_is_refused(data):
    with pytest.raises(NotThisFormat):
        walk(data, name="vocab.txt")


def test_recognition_goes_by_content():
    assert pickle_stream.recognise(Sample(9, system(), b""))
    assert pickle_stream.recognise(Sample(9, ATTACKS["REDUCE in protocol 0"], b""))
    assert not pickle_stream.recognise(Sample(9, b"plain words", b""))


BOMBS = {
    "memo index": asm(op("NONE"), op("LONG_BINPUT", 0x0FFFFFFF), "STOP"),
    "many marks": b"(" * 1_000_000 + b"N.",
    "nested tuples": asm("NONE", *(["DUP", "TUPLE2"] * 5_000), "STOP"),
    "huge integer": asm(op("LONG4", b"\xff" * 1_000_000), "STOP"),
}  # fmt: skip


@pytest.mark.parametrize("data", BOMBS.values(), ids=BOMBS)
def test_a_bomb_costs_nothing(data):
    walk(data)


def test_a_called_bomb_is_still_shown_in_a_bounded_way():
    bomb = asm("NONE", *(["DUP", "TUPLE2"] * 200))
    (fact,) = [f for f in walk(asm(call(named("acme", "f"), bomb), "STOP")).facts if isinstance(f, Call)]
    assert len(fact.text) <= 512


def test_a_long_payload_is_not_read():
    data = asm(op("PROTO", 4), op("BINBYTES", bytes(40_000_000)), "STOP")
    held, read = [], []

    def pread(offset, length):
        read.append(length)
        return data[offset : offset + length]

    for rounds in range(20):
        scan = Scan(len(data), Budget(Limits()))
        try:
            pickle_stream.scan(SparseSource(pread, len(data), held), scan)
        except Missing as missing:
            held = merge([*held, *missing.spans])
        else:
            break
    assert rounds <= 4
    assert sum(span.length for span in held) < 500_000
    assert scan.account.unexplained_spans() == []


TORCH = Path(__file__).parents[2] / "data" / "torch"
LEGACY = (TORCH / "legacy.pth").read_bytes()


def test_the_storages_behind_a_legacy_checkpoint_are_proven_inert():
    scan = walk(LEGACY)
    assert scan.format == "torch.legacy"
    assert scan.account.unexplained_spans() == []
    assert anomalies_in(scan) == set()


@pytest.mark.parametrize("data", [LEGACY + b"\0" * 8, LEGACY[:-4]], ids=["longer", "shorter"])
def test_a_legacy_checkpoint_of_another_length_is_not(data):
    with pytest.raises(NotThisFormat):
        walk(data)  # the tail goes to the router, here to the pickle scanner alone, which refuses it


def test_a_zip_archive_is_no_pickle_although_its_first_letter_is_an_opcode():
    with pytest.raises(NotThisFormat):
        walk((TORCH / "whole_module.pt").read_bytes())
