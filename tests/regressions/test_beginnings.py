"""A pickle whose first name stands behind a long constant, in files that look like text or like nothing."""

import pytest

from scanners.budget import Limits
from scanners.facts import Call
from scanners.routing import scan_blob
from scanners.source import BytesSource
from tests.craft.pickles import HARMLESS, asm, named, op, text

RUN = b"cposix\nsystem\n(S'" + HARMLESS.encode() + b"'\ntR."
LONG = {
    "text": b"S'" + b"a" * 5000 + b"'\n0",
    "many-texts": b"S'ab'\n0" * 1000,
    "binary": asm(op("BINUNICODE", "a" * 5000), "POP"),
}


def found(data, name):
    outcome = scan_blob(BytesSource(data), name, Limits())
    return outcome.format, [fact.name for fact in outcome.facts if isinstance(fact, Call)]


@pytest.mark.parametrize("name", ["vocab.txt", "weights", "model.pkl"])
@pytest.mark.parametrize("kind", LONG)
def test_a_long_constant_hides_no_call(kind, name):
    assert found(LONG[kind] + RUN, name) == ("pickle", ["system"])


@pytest.mark.parametrize("first", [b"\x80\x04N.", b"I1\n."], ids=["marked", "plain"])
@pytest.mark.parametrize("kind", LONG)
def test_nor_in_a_later_stream(kind, first):
    assert found(first + LONG[kind] + RUN, "weights") == ("pickle", ["system"])


@pytest.mark.parametrize(
    "line", ["Introduction", "In the beginning", "N.B. this is prose", "cat\ndog", "Visit us", "(see below)", "Title"]
)
def test_prose_stays_text(line):
    assert found("\n".join([line] * 2000).encode(), "notes") == ("text", [])


def test_an_import_alone_is_told():
    outcome = scan_blob(BytesSource(b"cantigravity\nfly\n." + b"words " * 900), "notes", Limits())
    assert outcome.format == "pickle"


def test_storages_behind_a_torch_file_of_old_are_no_stream():
    persistent = asm("MARK", text("storage"), named("torch", "FloatStorage"), text("0"), text("cpu"), op("BININT2", 0x456), "TUPLE", "BINPERSID")  # fmt: skip
    magic = asm(op("PROTO", 2), op("LONG1", (0x1950A86A20F9469CFC6C).to_bytes(10, "little")), "STOP")
    small = [asm(op("PROTO", 2), part, "STOP") for part in (op("BININT2", 1001), b"}", persistent, b"]")]
    tail = (0x456).to_bytes(8, "little") + b"\x3f" * 4 * 0x456
    outcome = scan_blob(BytesSource(magic + b"".join(small) + tail), "m.pth", Limits())
    assert (outcome.format, outcome.account.inert) == ("torch.legacy", len(tail))
