"""Files in the constants of pickles: found in bytes and in texts, told once, and data where nobody knows them."""

import base64
import bz2
import codecs
import gzip
import io
import lzma
import marshal
import pickle
import random
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.budget import Limits
from scanners.facts import Anomaly, Call, Code, Embedded, Reference, Unread
from scanners.judge import complete
from scanners.registry import SCANNERS
from tests.craft import compressed, tars
from tests.craft.archives import Part, archive
from tests.craft.attacks_paths import npy
from tests.craft.pickles import asm, call, named, op, stream, system, text
from tests.craft.reading import called, scan, scan_in_rounds, unread_reasons

PICKLE = system()
OLD = b"cposix\nsystem\n(S'nothing'\ntR."
FILES = {
    "pickle": PICKLE,
    "old pickle": OLD,
    "zip": archive(Part("a.pkl", PICKLE)),
    "gzip": gzip.compress(PICKLE, mtime=0),
    "zlib": zlib.compress(PICKLE),
    "bzip2": bz2.compress(PICKLE),
    "xz": lzma.compress(PICKLE),
    "lzma": lzma.compress(PICKLE, lzma.FORMAT_ALONE),
    "lz4": compressed.lz4_frame(PICKLE),
    "zstd": compressed.zstd(PICKLE),
    "zfile": compressed.zfile(PICKLE),
    "tar": tars.tar(tars.member("a.pkl", PICKLE)),
    "npy": npy(PICKLE),
}
ENCODINGS = {
    "base64": base64.b64encode,
    "base64 for addresses": base64.urlsafe_b64encode,
    "base64 in lines": base64.encodebytes,
    "hexadecimal": lambda data: data.hex().encode(),
}
LONG = bytes(100_000)
CODE = marshal.dumps(compile("import os\nos.system('nothing')", "x", "exec"))


def read(data, name="model.pkl", **more):
    return scan(data, name, scanners=SCANNERS, **more)


def embedded(outcome):
    return [(fact.format, fact.passed_to) for fact in outcome.facts if isinstance(fact, Embedded)]


def runs(outcome):
    """The parts that run something; an archive at the end of a file is one of the file itself too."""
    return {
        member
        for callee, member in called(outcome)
        if callee == "posix.system" and (not member or member.startswith(("constant@", "tail@")))
    }


def constants(data):
    """All opcodes by which a pickle holds bytes."""
    return [
        *([op("SHORT_BINBYTES", data)] if len(data) < 256 else []),
        op("BINBYTES", data),
        op("BINBYTES8", data),
        op("BYTEARRAY8", data),
    ]


@pytest.mark.parametrize("about", FILES)
def test_a_file_in_bytes_is_read(about):
    for constant in constants(FILES[about]):
        data = stream(constant, "POP", op("BINBYTES", LONG))  # so far from its end that no reader of zips comes by
        outcome = read(data)
        (member,) = runs(outcome)
        assert member.startswith(f"constant@{data.index(FILES[about])}")
        assert outcome.account.unexplained == 0


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("about", FILES)
def test_an_encoded_file_is_read_whatever_holds_it(about, encode):
    encoded = encode(FILES[about])
    written = [
        op("BINUNICODE", encoded), op("BINUNICODE8", encoded), op("BINSTRING", encoded), op("BINBYTES", encoded),
        *([op("SHORT_BINUNICODE", encoded), op("SHORT_BINSTRING", encoded)] if len(encoded) < 256 else []),
        *([op("UNICODE", encoded.strip()), op("STRING", b"'%s'" % encoded.strip())] if b"\n" not in encoded.strip() else []),
    ]  # fmt: skip
    for constant in written:
        data = stream(constant)
        (member,) = runs(read(data))
        assert member.startswith(f"constant@{data.index(encoded[:9])}")


@pytest.mark.parametrize(
    ("wrap", "codes"),
    [
        (bytes, ["BINBYTES"]),
        (base64.b64encode, ["BINBYTES", "BINUNICODE"]),
        (base64.encodebytes, ["BINBYTES", "BINUNICODE"]),
    ],
)
def test_a_long_file_is_read(wrap, codes):
    long = stream(op("BINBYTES", LONG), "POP", PICKLE[2:-1])
    for code in codes:
        outcome = read(stream(op(code, wrap(long))))
        assert len(runs(outcome)) == 1
        assert outcome.account.unexplained == 0


def test_a_text_is_found_behind_a_long_stream_of_other_things():
    padding = pickle.dumps([[i, str(i), float(i)] for i in range(60_000)], 4)[:-1]
    data = padding + asm("POP", text(base64.b64encode(PICKLE).decode()), "STOP")
    assert runs(read(data)) == {f"constant@{data.index(b'gAR')}"}
    for cut in range(0, 400, 37):
        shifted = padding[:2] + asm(op("BINBYTES", bytes(cut)), "POP") + padding[2:] + data[len(padding) :]
        assert len(runs(read(shifted))) == 1


@pytest.mark.parametrize("before", [b"", op("BINBYTES", LONG)])
@pytest.mark.parametrize("gap", [20_000, 100_000, 700_000])
def test_a_file_is_found_wherever_a_long_text_encodes_it(before, gap):
    long = "x " * (gap // 2) + base64.b64encode(PICKLE).decode() + " y" * 100_000
    assert len(runs(read(stream(before, text(long))))) == 1


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("within", [b"\0\xff" * 500, b"word ", b"-%d " * 300, b"\r\n"])
@pytest.mark.parametrize("code", ["BINBYTES", "BYTEARRAY8"])
def test_a_file_is_found_wherever_long_bytes_encode_it(within, encode, code):
    for before in (b"", b"abc"):
        long = before + within * (900_000 // len(within)) + b"'" + encode(PICKLE).strip() + b"'" + within * 9
        outcome = read(stream(op(code, long)))
        assert len(runs(outcome)) == 1
        assert outcome.account.unexplained == 0


def test_texts_and_what_reads_like_one_are_looked_through_to_their_end():
    long = b"word " * (1 << 20)
    for code in ("BINBYTES", "BINUNICODE"):
        assert len(runs(read(stream(op(code, long + base64.b64encode(PICKLE)))))) == 1


def test_of_a_long_array_little_is_asked_for():
    _, held, rounds = scan_in_rounds(stream(op("BINBYTES", bytes(32 << 20))), "model.pkl", scanners=SCANNERS)
    assert sum(span.stop - span.start for span in held) < 300_000
    assert rounds < 10


def test_a_part_of_a_file_is_told_once():
    inner = archive(Part("a.pkl", PICKLE), Part("b.pkl", OLD))
    outcome = read(stream(text(base64.b64encode(inner).decode())))
    assert [fact.format for fact in outcome.facts if isinstance(fact, Embedded)] == ["zip"]
    assert unread_reasons(outcome) == set()


@pytest.mark.parametrize("decoy", [b"\x80\x04N.", b"\x80\x04NNNN000" + bytes(20)])
@pytest.mark.parametrize("shift", range(4))
def test_a_file_behind_what_only_begins_like_one_is_found(decoy, shift):
    data = base64.b64encode(decoy + bytes(3 - len(decoy) % 3)) + b"A" * shift + base64.b64encode(gzip.compress(PICKLE))
    assert runs(read(stream(text(data.decode()))))


def test_bytes_that_come_piece_by_piece_say_the_same():
    data = stream(
        *[op("BINBYTES", each) for each in FILES.values()],
        text(base64.b64encode(PICKLE).decode()),
        op("BINBYTES", LONG),
    )
    outcome, _, _ = scan_in_rounds(data, "model.pkl", scanners=SCANNERS, block=512)
    assert outcome == read(data)
    assert len(runs(outcome)) == len(FILES)


LOADERS = {
    "pickle.loads": op("BINBYTES", PICKLE),
    "_pickle.loads": op("BINBYTES", OLD),
    "dill.loads": op("BINBYTES", PICKLE),
    "cloudpickle.loads": op("BINBYTES", PICKLE),
    "torch.storage._load_from_bytes": op("BINBYTES", archive(Part("archive/data.pkl", PICKLE))),
    "joblib.load": op("BINBYTES", FILES["zlib"]),
    "my.own.loader": op("BINBYTES", FILES["tar"]),
}


@pytest.mark.parametrize("callee", LOADERS)
def test_whom_a_file_is_handed_to_is_said(callee):
    module, _, name = callee.rpartition(".")
    outcome = read(stream(call(named(module, name), LOADERS[callee])))
    assert [whom for _, whom in embedded(outcome)] == [callee]
    assert len(runs(outcome)) == 1


@pytest.mark.parametrize("callee", ["torch.load", "pandas.read_pickle", "numpy.load", "joblib.load", "pickle.load"])
def test_a_file_that_is_opened_in_memory_is_read(callee):
    module, _, name = callee.rpartition(".")
    for about in ("pickle", "zip", "gzip", "npy"):
        outcome = read(stream(call(named(module, name), call(named("io", "BytesIO"), op("BINBYTES", FILES[about])))))
        assert len(runs(outcome)) == 1


COMPUTED = {
    "base64": call(named("base64", "b64decode"), text(base64.b64encode(PICKLE).decode())),
    "base85": call(named("base64", "b85decode"), text(base64.b85encode(PICKLE).decode())),
    "hexadecimal": call(named("binascii", "unhexlify"), text(PICKLE.hex())),
    "zlib": call(named("zlib", "decompress"), op("SHORT_BINBYTES", zlib.compress(PICKLE))),
    "raw deflate": call(named("zlib", "decompress"), op("SHORT_BINBYTES", codecs.decode(PICKLE, "latin1") and zlib.compress(PICKLE)[2:-4]), op("BININT", -15)),
    "two codecs": call(named("gzip", "decompress"), call(named("base64", "b85decode"), text(base64.b85encode(gzip.compress(PICKLE)).decode()))),
    "numbers": call(named("builtins", "bytes"), asm("MARK", *[op("BININT1", each) for each in OLD], "LIST")),
    "protocol 2": call(named("_codecs", "encode"), text(PICKLE.decode("latin1")), text("latin1")),
    "backwards": call(named("operator", "getitem"), op("SHORT_BINBYTES", PICKLE[::-1]), call(named("builtins", "slice"), "NONE", "NONE", op("BININT", -1))),
}  # fmt: skip


@pytest.mark.parametrize("about", COMPUTED)
def test_what_calls_make_of_constants_is_read_and_handed_on(about):
    outcome = read(stream(call(named("pickle", "loads"), COMPUTED[about])))
    assert ("pickle", "pickle.loads") in embedded(outcome)
    assert runs(outcome)
    (loads,) = [fact for fact in outcome.facts if isinstance(fact, Call) and fact.name == "loads"]
    assert loads.arguments == ("<examined pickle>",)


def test_a_long_text_that_stands_for_bytes_is_read():
    for content in (
        stream(op("BINBYTES", LONG), "POP", PICKLE[2:-1]),
        archive(Part("a.pkl", PICKLE), Part("b.txt", LONG)),
        zlib.compress(random.Random(3).randbytes(60_000).hex().encode() * 2),
    ):
        data = stream(
            call(
                named("pickle", "loads"),
                call(named("_codecs", "encode"), op("BINUNICODE", content.decode("latin1")), text("latin1")),
            )
        )
        outcome = read(data)
        assert bool(embedded(outcome)) == bool(runs(outcome)) == (PICKLE[2:-1] in content)


def test_a_file_that_is_encoded_and_decoded_by_a_call_is_told_once():
    outcome = read(stream(text(base64.b64encode(PICKLE).decode()), "POP", COMPUTED["base64"]))
    assert len(runs(outcome)) == 1
    assert len(embedded(outcome)) == 1


def test_compiled_python_is_told_once_whether_it_is_loaded_or_kept():
    for data in (stream(op("BINBYTES", CODE)), stream(call(named("marshal", "loads"), op("BINBYTES", CODE)))):
        (code,) = [fact for fact in read(data).facts if isinstance(fact, Code)]
        assert (code.kind, code.names) == ("marshal", ("os", "system"))


def test_compiled_python_in_base64_is_told():
    (code,) = [fact for fact in read(stream(text(base64.b64encode(CODE).decode()))).facts if isinstance(fact, Code)]
    assert code.names == ("os", "system")


def test_a_program_in_a_constant_is_said():
    program = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, 62) + bytes(64)
    outcome = read(stream(op("BINBYTES", program)))
    assert [fact.code for fact in outcome.facts if isinstance(fact, Anomaly)] == ["file.native-code"]
    assert not complete(outcome.facts, outcome.account)


HONEST = {
    "words": b"words of a text " * 9,
    "compressed words": gzip.compress(b"words of a text " * 9),
    "compressed numbers": zlib.compress(random.Random(8).randbytes(3000)),
    "numbers": random.Random(9).randbytes(3000),
    "numbers of 64 bits": struct.pack("<99q", *range(0x63, 0x63 + 99)),
    "animals": b"cat\ndog\nbird\ncow\n",
    "a cut stream": zlib.compress(random.Random(8).randbytes(3000))[:-9],
    "a cut archive": archive(Part("a.bin", random.Random(8).randbytes(300)))[4:-30],
}  # fmt: skip


@pytest.mark.parametrize("about", HONEST)
def test_data_in_constants_is_quiet_and_complete(about):
    for constant in (*constants(HONEST[about]), text(base64.b64encode(HONEST[about]).decode())):
        outcome = read(stream(constant))
        assert outcome.facts == ()
        assert complete(outcome.facts, outcome.account)


def test_random_arrays_are_no_files():
    numbers = random.Random(4)
    data = stream("MARK", *[op("BINBYTES", numbers.randbytes(1500)) for _ in range(1500)], "LIST")
    assert read(data).facts == ()


def test_a_plain_pickle_in_a_pickle_is_said_and_nothing_else():
    outcome = read(stream(op("BINBYTES", pickle.dumps({"a": [1, 2, 3]}))))
    assert embedded(outcome) == [("pickle", "")]
    assert len(outcome.facts) == 1
    assert complete(outcome.facts, outcome.account)


def test_a_text_that_is_too_long_to_be_held_is_said_and_the_walk_goes_on():
    content = archive(Part("a.txt", LONG)).decode("latin1")
    for constant in (
        call(named("_codecs", "encode"), op("BINUNICODE", content), text("latin1")),
        op("BINUNICODE", base64.b64encode(archive(Part("a", LONG)))),
    ):
        outcome = read(stream(constant, "POP", PICKLE[2:-1]), limits=Limits(whole=50_000))
        assert unread_reasons(outcome) == {"limit"}
        assert runs(outcome) == {""}


def test_a_tail_with_an_encoded_file_is_left_to_the_readers_of_the_tail():
    data = pickle.dumps({"a": io}["a"].__name__, 4) + b'{"a": "%s"}' % base64.b64encode(PICKLE)
    assert len(runs(read(data))) == 1


def test_what_breaks_is_looked_into_up_to_there():
    outcome = read(stream(text(base64.b64encode(PICKLE).decode()), named("a", "b"))[:-1] + b"\xff")
    assert len(runs(outcome)) == 1
    assert "broken" in unread_reasons(outcome)


@given(
    st.lists(st.sampled_from([*FILES.values()]), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=3),
    st.booleans(),
)
@settings(max_examples=150, deadline=None)
@pytest.mark.filterwarnings("ignore:.*escape sequence:DeprecationWarning")
def test_damaged_constants_are_read_to_an_outcome(files, changes, encode):
    made = []
    for each in files:
        data = bytearray(each)
        for place, value in changes:
            data[place % len(data)] = value
        made.append(op("BINUNICODE", base64.b64encode(data)) if encode else op("BINBYTES", bytes(data)))
    outcome = read(stream("MARK", *made, "LIST"), limits=Limits(inflated=1 << 20, whole=1 << 16))
    assert outcome.account.unexplained == 0 or any(isinstance(fact, Unread) for fact in outcome.facts)
    if not changes:
        assert any(isinstance(fact, Reference) for fact in outcome.facts)


@given(st.sampled_from(sorted(FILES)), st.integers(0, 400))
@settings(max_examples=150, deadline=None)
@pytest.mark.filterwarnings("ignore:.*escape sequence:DeprecationWarning")
def test_a_file_that_is_cut_is_named_not_examined_or_data(about, cut):
    """A part of an archive or of a pickle is either said or imports nothing."""
    part = FILES[about][: cut % len(FILES[about])]
    outcome = read(stream(op("BINBYTES", part)))
    whole = complete(outcome.facts, outcome.account)
    assert not whole or b"system\n" not in part or about == "old pickle" or runs(outcome) or part.index(b"system\n") > 0
