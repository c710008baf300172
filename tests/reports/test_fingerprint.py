"""A finding is the same one wherever it lies in its file, and another one when it does another thing."""

from reports.fingerprint import fingerprint
from tests.reports.made import finding

CALL = {"evidence": {"callee": "posix.system"}}


def test_a_finding_is_itself_wherever_it_moves_and_whatever_it_weighs():
    one = fingerprint("a.bin", finding(**CALL))
    assert one == fingerprint("a.bin", finding("medium", offset=4711, **CALL))
    assert one == fingerprint("a.bin", finding(evidence={"callee": "posix.system", "calls": 3}))
    assert len(one) == 32


def test_another_file_part_rule_or_argument_is_another_finding():
    said = finding(message="posix.system('sleep 1')", **CALL)
    others = [
        fingerprint("a.bin", said),
        fingerprint("b.bin", said),
        fingerprint("a.bin", finding(message=said.message, member="archive/other.pkl", **CALL)),
        fingerprint("a.bin", finding(message="posix.system('sleep 2')", **CALL)),
    ]
    assert len(set(others)) == len(others)


def test_numbers_of_a_structure_are_places():
    one, moved, other = (finding(message=text) for text in ("12 bytes at 77", "9 bytes at 1204", "12 bytes in v2"))
    assert fingerprint("a.bin", one) == fingerprint("a.bin", moved)
    assert fingerprint("a.bin", one) != fingerprint("a.bin", other)


def test_a_name_that_is_no_text_has_one_too():
    assert fingerprint("a\udcff.bin", finding()) != fingerprint("a.bin", finding())
