"""npy: the data is inert where the header proves it, and a pickle where an element holds objects."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.budget import Budget, Limits
from scanners.formats import npy as npy_format
from scanners.registry import SCANNERS
from scanners.scanner import TAIL, NotThisFormat, Scan
from scanners.source import BytesSource, Span, Truncated
from tests.craft.archives import DEFLATED, Part, archive
from tests.craft.arrays import MAGIC, described, header, npy
from tests.craft.pickles import asm, call, named, op, system, text
from tests.craft.reading import anomalies, called, scan_in_rounds, unread_reasons
from tests.craft.reading import scan as scan_with

ATTACK = system()
BARE = asm(text("posix"), text("system"), "STACK_GLOBAL", text("true"), "TUPLE1", "REDUCE", "STOP")
"""Without a PROTO and without a name in text form: nothing that a magic tells."""
OBJECT_ARRAYS = [
    "'|O'", "'O'", "'O8'", "'|O4'", "'object'", "[('a', '<f4'), ('b', '|O')]", "[('a', [('b', 'O')])]",
    "('|O', (2,))", "[('a', '|O', (2, 2))]", "[(('title', 'name'), '|O')]", "('|O', {'about': 1})", "u'|O'",
]  # fmt: skip


def scan(data, name="x.npy", **more):
    return scan_with(data, name, scanners=SCANNERS, **more)


def callees(data, name="x.npy"):
    return {callee for callee, _ in called(scan(data, name))}


@pytest.mark.parametrize(
    ("descr", "shape", "length"),
    [
        ("'<f8'", "(3,)", 24), ("'>i4'", "(2, 3)", 24), ("'|b1'", "()", 1), ("'<U5'", "(2,)", 40), ("'|S3'", "(0, 7)", 0),
        ("'<M8[ns]'", "(1,)", 8), ("'<m8[10s]'", "(1,)", 8), ("'<c16'", "(1,)", 16), ("'<f16'", "(1,)", 16),
        ("'|V7'", "(2,)", 14), ("'float32'", "(2,)", 8), ("'?'", "(2,)", 2), ("'|S0'", "(5,)", 0), ("[]", "(5,)", 0),
        ("[('a', '<f4'), ('b', '|S3', (2,))]", "(2,)", 20), ("[('a', '|i1'), ('', '|V3'), ('b', '<i4')]", "(2,)", 16),
        ("[(('title', 'n'), [('x', '<f2'), ('y', '<f2')])]", "(3,)", 12), ("('<f4', (2, 3))", "(2,)", 48),
        ("('<f4', {'meta': [1, None]})", "(2,)", 8), ("'<f4'", "(2L, 3L)", 24), ('u"<f4"', "(2,)", 8),
    ],
)  # fmt: skip
def test_a_sound_array_is_examined_and_inert(descr, shape, length):
    outcome = scan(npy(b"\xfe" * length, descr, shape))
    assert (outcome.format, outcome.facts) == ("npy", ())
    assert (outcome.account.inert, outcome.account.unexplained) == (length, 0)


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_the_versions_differ_in_length_and_encoding(version):
    descr = "[('größe', '<f8')]" if version < (3, 0) else "[('大小', '<f8')]"
    encoding = "latin-1" if version < (3, 0) else "utf-8"
    assert scan(npy(descr=descr, version=version, encoding=encoding)).facts == ()


def test_arrays_may_follow_one_another():
    outcome = scan(npy() + npy(bytes(8), "'<i8'", "()") + npy(ATTACK, "'|O'"))
    assert outcome.account.unexplained == 0
    assert {callee for callee, _ in called(outcome)} == {"posix.system"}
    assert anomalies(outcome) == {"npy.object"}


@pytest.mark.parametrize("descr", OBJECT_ARRAYS)
@pytest.mark.parametrize("pickle", [ATTACK, BARE, system(proto=0)[2:]], ids=["magic", "bare", "text"])
def test_objects_anywhere_in_an_element_make_the_data_a_pickle(descr, pickle):
    outcome = scan(npy(pickle, descr, "(1,)"))
    assert "npy.object" in anomalies(outcome)
    assert [callee for callee, _ in called(outcome)] == ["posix.system"]
    assert (outcome.account.inert, outcome.account.unexplained) == (0, 0)


def test_an_array_of_objects_that_are_plain_is_complete():
    made = call(named("numpy.core.multiarray", "_reconstruct"), named("numpy", "ndarray"), "EMPTY_TUPLE", text("b"))
    outcome = scan(npy(asm(op("PROTO", 3), made, "STOP"), "'|O'", "(1,)"))
    assert (anomalies(outcome), unread_reasons(outcome)) == ({"npy.object"}, set())
    assert outcome.account.unexplained == 0


def test_an_array_of_objects_without_its_pickle_is_incomplete():
    assert unread_reasons(scan(npy(b"", "'|O'"))) == {"broken"}


def test_what_follows_the_pickle_is_examined_too():
    assert "pickle.trailing" in anomalies(scan(npy(ATTACK + b"\xfe" * 9, "'|O'")))


BENT = {
    "version": header(described("'|O'"), version=(4, 0)),
    "not a literal": header("{'descr': '|O', 'fortran_order': bool(), 'shape': (1,)}"),
    "no dict": header("('|O', False, (1,))"),
    "cut": header("{'descr': '|O', 'fortran_order': False, 'shape': (1,)"),
    "two literals": header(described("'|O'") + "{}"),
    "a key more": header("{'descr': '|O', 'fortran_order': False, 'shape': (1,), 'x': 1}"),
    "a key less": header("{'descr': '|O', 'shape': (1,)}"),
    "a key twice": header("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'descr': '|O'}"),
    "a key of bytes": header("{b'descr': '|O', 'fortran_order': False, 'shape': (1,)}"),
    "order": header(described("'|O'", order="0")),
    "shape of truth values": header(described("'|O'", "(True,)")),
    "negative shape": header(described("'|O'", "(-1,)")),
    "shape of floats": header(described("'|O'", "(1.0,)")),
    "shape is a number": header(described("'|O'", "(1)")),
    "shape is a list": header(described("'|O'", "[1]")),
    "65 dimensions": header(described("'|O'", f"({'1,' * 65})")),
    "field is a text": header(described("['xO']")),
    "field without a name": header(described("[('', '|O', (2,)), ('x', '<f4')]")),
    "two texts": header(described("'|' 'O'")),
    "escape": header(described("'\\x4f'")),
    "hexadecimal": header(described("'|O'", "(0x1,)")),
    "unknown type": header(described("'(1,)O'")),
    "platform's type": header(described("'l'")),
    "nested": header(described("[('a', " * 40 + "'|O'" + ")]" * 40)),
    "long": header(described("'|O'") + " " * 70_000, version=(2, 0)),
    "not UTF-8": header(b"{'descr': '|O\xff'}", version=(3, 0)),
}


@pytest.mark.parametrize("head", BENT.values(), ids=BENT)
def test_a_bent_header_is_said_and_a_pickle_behind_it_found(head):
    outcome = scan(head + BARE)
    assert "npy.header" in anomalies(outcome)
    assert "broken" in unread_reasons(outcome)
    assert outcome.account.unexplained > 0
    assert {callee for callee, _ in called(outcome)} == {"posix.system"}


@pytest.mark.parametrize(
    "text", ["[" * 60_000, "-" * 60_000, "{'a':" * 10_000, "(" * 60_000, "1" * 60_000, "'" * 60_001]
)
def test_a_header_that_would_break_a_parser_is_bent(text):
    assert anomalies(scan(header(text))) == {"npy.header"}


@pytest.mark.parametrize(
    ("descr", "shape"),
    [("'<f8'", "(4,)"), ("'<f8'", "(1000000000000, 1000000000000)"), ("'|S1000000000'", "(9,)"), ("'<f8'", "(18446744073709551616,)")],
)  # fmt: skip
def test_an_array_that_claims_more_than_there_is_is_said(descr, shape):
    outcome = scan(npy(bytes(24), descr, shape))
    assert anomalies(outcome) == {"npy.shape"}
    assert unread_reasons(outcome) == {"broken"}
    assert (outcome.account.inert, outcome.account.unexplained) == (0, 24)


def test_bytes_behind_the_array_are_handed_on():
    outcome = scan(npy() + ATTACK)
    assert anomalies(outcome) == {"npy.trailing"}
    assert [member for _, member in called(outcome)] == ["tail@152"]
    assert outcome.account.unexplained == 0
    assert scan(npy() + b"\xfe\x00" * 9).account.unexplained == 18


def test_a_file_named_npy_may_be_a_pickle():
    assert scan(ATTACK).format == "pickle"
    assert callees(ATTACK) == {"posix.system"}


def test_members_of_an_npz_are_told_by_their_content():
    data = archive(
        Part("a.npy", npy()), Part("objects.npy", npy(ATTACK, "'|O'"), DEFLATED), Part("bare", npy(ATTACK, "'|O'")),
        Part("pickled.npy", system(name="popen")), Part("README", b"words\n"),
    )  # fmt: skip
    outcome = scan(data, "x.npz")
    assert outcome.account.unexplained == 0
    assert called(outcome) == {
        ("posix.system", "objects.npy!/objects@128.pkl"),
        ("posix.system", "bare!/objects@128.pkl"),
        ("posix.popen", "pickled.npy"),
    }


def test_the_data_is_never_fetched():
    data = npy(bytes(100_000_000), "'|u1'", "(100000000,)")
    ends = (Span(0, 65_536), Span(len(data) - TAIL, len(data)))
    outcome, held, rounds = scan_in_rounds(data, "x.npy", scanners=SCANNERS, held=ends)
    assert (outcome.facts, outcome.account.inert, rounds) == ((), 100_000_000, 0)
    assert sum(span.length for span in held) < 140_000


def test_many_arrays_take_few_rounds():
    data = npy() * 20_000
    outcome, _, rounds = scan_in_rounds(data, "x.npy", scanners=SCANNERS, held=[Span(0, 65_536)], block=4096)
    assert outcome.account.unexplained == 0
    assert rounds < 10


SEED = npy(bytes(24)) + npy(ATTACK, "[('a', '<f4', (2,)), ('b', '|O')]", "(1,)")


@given(cut=st.integers(len(MAGIC), len(SEED) - 1))
@settings(max_examples=60, deadline=None)
def test_what_is_cut_off_is_never_clean(cut):
    outcome = scan(SEED[:cut])
    assert cut == len(npy()) or outcome.account.unexplained or unread_reasons(outcome)


@given(place=st.integers(0, 255), value=st.binary(min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_damaged_files_are_read_to_an_outcome(place, value):
    data = SEED[:place] + value + SEED[place + len(value) :]
    outcome, _, _ = scan_in_rounds(data, "x.npy", scanners=SCANNERS, block=64)
    assert outcome == scan(data)
    assert outcome.account.unexplained == 0 or outcome.facts


@given(data=st.binary(max_size=80), literal=st.text("{}[]()',:\"\\ 10LO<fTrueNon\n", max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_header_is_read_or_refused(data, literal):
    for content in (data, MAGIC + data, header(literal) + data, MAGIC + struct.pack("<BBH", 1, 0, 9) + data):
        own = Scan(len(content), Budget(Limits()), route=lambda source, scan: "unknown", name="x")
        try:
            npy_format.SCANNER.scan(BytesSource(content), own)
        except (NotThisFormat, Truncated):
            continue
        assert own.account.unexplained_spans() == [] or own.facts
