"""7z and RAR archives are read as far as they can be, and never taken for clean where they cannot."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanners.binary import sevenzip as sz
from scanners.facts import Unread
from scanners.registry import SCANNERS
from tests.craft.packed import Packed, crypt5, rar4, rar5, sevenzip
from tests.craft.pickles import system
from tests.craft.reading import anomalies, called, scan, scan_in_rounds, unread_reasons

DATA = Path(__file__).parents[2] / "data" / "plain" / "packed"
SAMPLES = {path.stem: path.read_bytes() for path in sorted(DATA.iterdir())}
SECRET = {"encrypted", "hidden"}
NOTE = ("notes/readme.txt", b"words\n" * 9)
PICKLE = ("a.pkl", system(proto=2))


def read(data, name=""):
    return scan(data, name, scanners=SCANNERS)


def unread_members(outcome):
    return {fact.member for fact in outcome.facts if isinstance(fact, Unread)}


@pytest.mark.parametrize("name", sorted(SAMPLES.keys() - SECRET))
def test_what_py7zr_packs_is_read_to_the_last_byte(name):
    outcome = read(SAMPLES[name], "model.bin")
    assert (outcome.format, outcome.facts, outcome.account.unexplained) == ("7z", (), 0)


def test_what_is_encrypted_is_named_and_never_clean():
    outcome = read(SAMPLES["encrypted"])
    assert (anomalies(outcome), unread_reasons(outcome)) == ({"archive.encrypted"}, {"encrypted"})
    assert unread_members(outcome) == {"notes/readme.txt", "config.json", "empty.txt"}
    outcome = read(SAMPLES["hidden"])
    assert (anomalies(outcome), unread_reasons(outcome)) == ({"archive.encrypted"}, {"encrypted"})
    assert outcome.account.unexplained == len(SAMPLES["hidden"])


@pytest.mark.parametrize(
    "make",
    [
        sevenzip,
        lambda *files: rar5(*(Packed(*each) for each in files)),
        lambda *files: rar4(*(Packed(*each) for each in files)),
    ],
    ids=["7z", "rar5", "rar4"],
)
class TestStored:
    def test_members_are_read_by_name_and_content(self, make):
        outcome = read(make(NOTE, PICKLE, ("bin/x", PICKLE[1])), "weights.pt")
        assert called(outcome) == {("posix.system", "a.pkl"), ("posix.system", "bin/x")}
        assert outcome.account.unexplained == 0

    def test_honest_ones_are_clean(self, make):
        outcome = read(make(NOTE, ("empty.txt", b"")))
        assert (outcome.facts, outcome.account.unexplained) == ((), 0)

    @pytest.mark.parametrize("name", ["../../x", "/etc/x", "a/../../b", "C:/x", "~/x", "a\nb"])
    def test_a_name_that_leads_away_is_told(self, make, name):
        assert anomalies(read(make((name, b"words\n")))) == {"archive.name"}

    @pytest.mark.parametrize("second", ["a.txt", "A.TXT"])
    def test_two_members_of_one_name_are_told(self, make, second):
        assert anomalies(read(make(("a.txt", b"words\n"), (second, b"words\n")))) == {"archive.name"}

    def test_what_is_behind_the_archive_is_read(self, make):
        outcome = read(make(NOTE) + system(proto=2))
        assert anomalies(outcome) == {"file.beside"}
        assert called(outcome)

    def test_an_archive_in_an_archive_is_read(self, make):
        assert called(read(make(("inner", make(PICKLE)))))

    def test_a_cut_is_never_clean(self, make):
        data = make(NOTE, PICKLE)
        for length in range(9, len(data), 2):
            outcome = read(data[:length], "x")
            assert outcome.account.unexplained or unread_reasons(outcome), length


def test_other_methods_are_named_and_left():
    outcome = read(sevenzip(NOTE, coder=bytes.fromhex("030401")))
    assert (unread_reasons(outcome), unread_members(outcome)) == ({"codec"}, {NOTE[0]})
    for make in (rar4, rar5):
        outcome = read(make(Packed(*NOTE, method=3), Packed(*PICKLE)))
        assert (unread_reasons(outcome), unread_members(outcome)) == ({"codec"}, {NOTE[0]})
        assert called(outcome)
        assert outcome.account.unexplained == len(NOTE[1])


def test_encrypted_members_and_headers_of_rar():
    for make in (rar4, rar5):
        outcome = read(make(Packed(*NOTE, encrypted=True)))
        assert (anomalies(outcome), unread_members(outcome)) == ({"archive.encrypted"}, {NOTE[0]})
    for data in (rar5(before=crypt5() + bytes(90)), rar4(flags=0x80) + bytes(90)):
        outcome = read(data)
        assert (anomalies(outcome), unread_reasons(outcome)) == ({"archive.encrypted"}, {"encrypted"})


def test_many_members_that_nobody_reads_are_a_limit():
    outcome = read(rar5(*(Packed(f"file{number}", b"", method=3) for number in range(5000))))
    assert unread_reasons(outcome) == {"codec", "limit"}


def test_a_header_that_is_a_header_of_itself_ends():
    encoded = b"\x17\x06\0\x01\x09\x12\0\x07\x0b\x01\0\x01\x01\0\x0c\x12\0\0"
    data = sevenzip(("x", encoded), header=encoded)
    assert len(encoded) == 0x12
    assert unread_reasons(read(data)) == {"limit"}


def test_only_the_header_and_the_ends_of_a_large_archive_are_fetched():
    data = sevenzip(("big.bin", b"\xfe\n" * 1_000_000), coder=bytes.fromhex("030401"))
    outcome, held, rounds = scan_in_rounds(data, "model.7z", scanners=SCANNERS, block=65_536)
    assert unread_reasons(outcome) == {"codec"}
    assert sum(span.length for span in held) < 300_000
    assert rounds <= 3


@pytest.mark.parametrize(
    "header", [b"\x02", b"\x01\x99", b"\x01\x05\xff" + b"\xff" * 8, b"\x17\0", b"\x01\x04\x06\0\x01\x09"]
)
def test_a_header_that_does_not_hold_is_broken(header):
    assert unread_reasons(read(sevenzip(NOTE, header=header))) == {"broken"}


@given(st.binary(max_size=80))
def test_any_header_is_parsed_or_bent(data):
    try:
        header = sz.parse(data)
    except sz.Bent:
        return
    assert all(size >= 0 for folder in header.folders for size in folder.files)


@given(
    st.sampled_from(
        [*SAMPLES.values(), sevenzip(NOTE, PICKLE), rar5(Packed(*NOTE), Packed(*PICKLE)), rar4(Packed(*NOTE))]
    ),
    st.data(),
)
def test_whatever_is_bent_ends_well(data, draw):
    mutated = bytearray(data)
    for _ in range(draw.draw(st.integers(1, 4))):
        mutated[draw.draw(st.integers(0, len(mutated) - 1))] = draw.draw(st.integers(0, 255))
    outcome = read(bytes(mutated), "x")
    assert outcome.account.unexplained == 0 or unread_reasons(outcome) or anomalies(outcome)
