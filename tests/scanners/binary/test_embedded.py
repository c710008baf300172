"""What is told of a constant by its first bytes, and what a text encodes."""

import base64
import bz2
import gzip
import io
import lzma
import marshal
import pickle
import random
import struct
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.binary.embedded import ENCODED_LEAST, Unfolded, decoded, encoded, hand_on, kind_of, spelled
from scanners.budget import Budget, Limits
from scanners.facts import Unread
from scanners.registry import SCANNERS
from scanners.routing import Router
from scanners.scanner import Scan
from scanners.source import BytesSource
from tests.craft import compressed, tars
from tests.craft.archives import Part, archive
from tests.craft.attacks_paths import npy
from tests.craft.pickles import asm, call, named, system, text

ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, 62) + bytes(64)
PE = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + struct.pack("<H", 0x8664) + bytes(64)
WORDS = b"all kinds of words, " * 30
CODE = marshal.dumps(compile("import os", "x", "exec"))
FILES = {
    "pickle": system(),
    "pickle of protocol 2": pickle.dumps([1, 2, 3] * 9, 2),
    "pickle of protocol 0": b"cposix\nsystem\n(S'nothing'\ntR.",
    "pickle of protocol 0 behind a constant": b"I1\n0(S'nothing'\niposix\nsystem\n.",
    "pickle of protocol 1": b"]q\0(cposix\nsystem\nU\x07nothingtRe.",
    "pickle of protocol 4 that does not say so": asm(text("posix"), text("system"), "STACK_GLOBAL", text("x"), "TUPLE1", "REDUCE", "STOP"),
    "zip": archive(Part("a", b"b")),
    "gzip": gzip.compress(WORDS, mtime=0),
    "zlib": zlib.compress(WORDS),
    "bzip2": bz2.compress(WORDS),
    "xz": lzma.compress(WORDS),
    "lzma": lzma.compress(WORDS, lzma.FORMAT_ALONE),
    "lz4": compressed.lz4_frame(WORDS),
    "zstd": compressed.zstd(WORDS),
    "zfile": compressed.zfile(WORDS),
    "tar": tars.tar(tars.member("a.txt", b"b")),
    "npy": npy(bytes(8), descr="<f8"),
    "marshal": CODE,
    "native code": ELF,
    "native code for Windows": PE,
}  # fmt: skip
ENCODINGS = {
    "base64": base64.b64encode,
    "base64 for addresses": base64.urlsafe_b64encode,
    "base64 without its end": lambda data: base64.b64encode(data).rstrip(b"="),
    "base64 in lines": base64.encodebytes,
    "hexadecimal": lambda data: data.hex().encode(),
    "hexadecimal in capitals": lambda data: data.hex().upper().encode(),
}


@pytest.mark.parametrize("about", FILES)
def test_a_file_is_known_by_its_first_bytes(about):
    assert about.startswith(kind_of(BytesSource(FILES[about])) or "nothing")


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("about", FILES)
def test_an_encoded_file_is_found_in_a_text_and_decoded(about, encode):
    for before in (b"", b"\x8c", b"\x8c8", b'"data:;base64,'):
        text = before + encode(FILES[about]) + b"'"
        where, *others = encoded(text)
        content = decoded(text[where.start :], hexadecimal=where.hexadecimal)
        assert content == FILES[about]
        file = Unfolded(where.start, spelled(text, where.start, hexadecimal=where.hexadecimal), where.hexadecimal)
        assert all(file.holds(other.start, hexadecimal=other.hexadecimal) for other in others)


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode, ENCODINGS["hexadecimal"]])
@pytest.mark.parametrize(
    "about", [each for each in FILES if not each.startswith(("pickle of", "lzma", "tar", "zfile"))]
)
@pytest.mark.parametrize("before", [b"Zz", b"d0c" * 33, b"9" * 1200])
def test_a_file_is_found_among_other_letters(about, encode, before):
    text = b"x " + before + encode(FILES[about]) + b" y"
    assert (2 + len(before), about) in [(where.start, where.kind) for where in encoded(text)] or about.startswith(
        "native"
    )


def test_another_file_is_no_part_of_the_first():
    text = base64.encodebytes(archive(Part("a", system() * 9)))
    file = Unfolded(5, text, hexadecimal=False)
    assert file.holds(5 + 77 + 8, hexadecimal=False)
    assert file.holds(5 + 2 * 77, hexadecimal=False)
    assert not file.holds(5 + 77 + 9, hexadecimal=False)
    assert not file.holds(5 + 77 + 8, hexadecimal=True)
    assert not file.holds(5 + len(text), hexadecimal=False)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"\x80", b"words of a text\n", b"cat\n1 dog\nbird\n of a text", bytes(600), b"\xff" * 600,
        b"\x80\x04" + bytes(14), b"x\x9c" + bytes(30), b"PK and more words", b"ZF and more words", b"c" * 40,
        b"\x8c\x05posix" + b"\x93" * 20, zlib.compress(WORDS)[:-1], zlib.compress(WORDS)[:-4] + b"oops", b"\x5d\0" + bytes(40),
    ],
)  # fmt: skip
def test_data_is_no_file(data):
    assert kind_of(BytesSource(data)) == ""


@pytest.mark.parametrize(
    "text",
    [
        b"", b"gASV", b"a_name_that_is_as_long_as_honest_names_are", b"0123456789abcdef" * 4, base64.b64encode(WORDS),
        hex(1 << 300).encode(), b"gASV " * 40, b"eJw" * 400, base64.b64encode(system())[: ENCODED_LEAST - 1],
    ],
)  # fmt: skip
def test_a_text_that_encodes_no_file_is_none(text):
    assert list(encoded(text)) == []


def test_every_file_in_a_text_is_found():
    texts = [base64.b64encode(data) for data in (system(), archive(Part("a", b"b")), gzip.compress(WORDS))]
    text = b"', '".join(texts)
    assert [(where.start, where.kind) for where in encoded(text)] == [
        (0, "pickle"), (text.index(texts[1]), "zip"), (text.index(texts[2]), "gzip"),
    ]  # fmt: skip


def test_arrays_of_random_numbers_are_no_files():
    numbers, marks = random.Random(5), (b"", b"x\x9c", b"\x5d\0", b"MZ", b"c", b"\xe3")
    assert {kind_of(BytesSource(mark + numbers.randbytes(600))) for mark in marks * 400} == {""}


def handed(data, kind, limits=None):
    scan = Scan(len(data), Budget(limits or Limits()), route=Router(SCANNERS).route, name="x")
    return hand_on(scan, BytesSource(data), kind, "constant@0"), scan.facts


def test_compressed_data_is_data():
    for data in (WORDS, random.Random(1).randbytes(600), gzip.compress(random.Random(2).randbytes(600))):
        assert handed(gzip.compress(data), "gzip") == (("", True), [])


def test_a_compressed_pickle_is_named_by_what_is_around_it():
    found, facts = handed(gzip.compress(system()), "gzip")
    assert found == ("gzip", True)
    assert {fact.member for fact in facts} == {"constant@0!/constant@0"}


def test_an_archive_with_a_member_that_nobody_knows_is_not_examined():
    (kind, explained), facts = handed(archive(Part("a", b"\xf7\0\x91" * 33)), "zip")
    assert (kind, explained) == ("zip", False)
    assert any(isinstance(fact, Unread) for fact in facts)


@pytest.mark.parametrize(("data", "kind"), [(b"\xfe\xed\xfa\xce" * 9, "native code"), (b"cat\ndog\n", "pickle"), (b"PK\x03\x04" + b"\xff" * 50, "zip")])  # fmt: skip
def test_what_only_began_like_a_file_is_data(data, kind):
    assert handed(data, kind) == (("", True), [])


def test_programs_are_said_and_stay_unread():
    (kind, explained), facts = handed(ELF, "native code")
    assert (kind, explained) == ("native code", False)
    assert {type(fact).__name__ for fact in facts} == {"Anomaly", "Unread"}


@given(data=st.binary(max_size=700), mark=st.sampled_from([b"", *(data[:9] for data in FILES.values())]))
@settings(max_examples=400, deadline=None)
def test_any_bytes_are_of_a_kind_or_of_none(data, mark):
    assert kind_of(BytesSource(mark + data)) in {*FILES, "", "native code"}


@given(st.text("gASVUEsDH4I x\n=-_+/0369abcdef", max_size=400))
@settings(max_examples=400, deadline=None)
def test_any_text_is_searched(text):
    data = text.encode()
    for where in encoded(data):
        assert decoded(data[where.start :], hexadecimal=where.hexadecimal)


def test_zip_files_of_python_are_known():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as writer:
        writer.writestr("a.pkl", system())
    assert kind_of(BytesSource(made.getvalue())) == "zip"
    found, facts = handed(made.getvalue(), "zip")
    assert found == ("zip", True)
    assert {fact.member for fact in facts} == {"constant@0!/a.pkl"}


def test_a_call_without_a_name_is_no_sign():
    assert kind_of(BytesSource(asm("MARK", text("x" * 20), "TUPLE", "STOP"))) == ""
    assert kind_of(BytesSource(asm(call(named("a", "b"), text("x" * 20)), "STOP"))) == "pickle"


@pytest.mark.filterwarnings("ignore:.*escape sequence:DeprecationWarning")
def test_random_numbers_that_begin_like_a_pickle_are_data():
    numbers = random.Random(6)
    begun = [data for _ in range(1000) if kind_of(BytesSource(data := b"\x80\x04" + numbers.randbytes(600)))]
    assert len(begun) >= 10
    answers = [handed(data, "pickle")[0] for data in begun]
    assert answers.count(("", True)) > 0.9 * len(answers)


def test_a_pickle_that_breaks_behind_a_name_is_one():
    (kind, explained), facts = handed(system()[:-1] + b"\xff" * 20, "pickle")
    assert (kind, explained) == ("pickle", False)
    assert any(getattr(fact, "name", "") == "system" for fact in facts)
