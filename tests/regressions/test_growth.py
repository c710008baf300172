"""Small files that used to take time or memory beyond their size."""

import time

import pytest

from scanners.budget import Limits
from scanners.facts import Call
from scanners.routing import scan_blob
from scanners.source import BytesSource
from tests.craft.pickles import HARMLESS, asm, call, named, op, text

RUN = asm(op("PROTO", 4), call(named("posix", "system"), text(HARMLESS)), "STOP")
AGAIN = asm(op("BINGET", 0), "REDUCE", "POP")
CASES = {
    "long argument lists": asm("MARK", b"N" * 100_000, "TUPLE", op("BINPUT", 0)) + (named("acme", "f") + AGAIN) * 1000,
    "short streams": b"I1\n." * 30_000,
    "chains of attributes": named("builtins", "getattr") + b"q\x000" + named("acme", "f") + b"q\x010"
    + (b"h\x00h\x01" + text("x" * 200) + b"\x86Rq\x010") * 8_000,
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_work_grows_with_the_file_and_no_faster(case):
    started = time.process_time()
    outcome = scan_blob(BytesSource(CASES[case] + RUN), "model.pkl", Limits())
    assert time.process_time() - started < 10
    assert "system" in {fact.name for fact in outcome.facts if isinstance(fact, Call)}
