"""Laws of the format readers: any bytes, any fetch order, any damage."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.budget import Budget, Limits
from scanners.formats import archive as archive_format
from scanners.formats import json_document, safetensors, text, unread, yaml_document
from scanners.scanner import NotThisFormat, Scan
from scanners.source import BytesSource, Missing, SparseSource, Truncated
from tests.craft import tensors
from tests.craft.archives import Part, archive, described
from tests.craft.reading import scan, scan_in_rounds

FORMATS = [archive_format, safetensors, json_document, yaml_document, text, unread]
STORAGES = (("0", "FloatStorage", 500, bytes(2000)), ("1", "ByteStorage", 300, b"\xff" * 300))
SEEDS = {
    "torch": tensors.torch_archive(*STORAGES),
    "zip": archive(
        Part("a.txt", b"words " * 500, 8), described(Part("b/c.json", b"{}", 8)), Part("d.bin", b"\x80\x04N."),
        Part("in.zip", archive(Part("x.txt", b"y"))), leading=b"lead", comment=b"say",
    ),
    "safetensors": tensors.safetensors(
        tensors.header(("a", "F32", [25], 0, 100), ("b", "U8", [3], 100, 103), __metadata__={"format": "pt"}), bytes(103)
    ),
    "json": b'{"auto_map": {"A": "b.C"}, "n": [1, 2.5, null, true]}',
    "text": b"#!/bin/sh\necho words\n" * 20,
}  # fmt: skip
NAMES = ["", "x.pt", "x.zip", "x.safetensors", "x.json", "x.py", "x.onnx"]
TINY = Limits(inflated=1 << 20, ratio_floor=1 << 16, whole=1 << 16, facts=200)


def damaged(seed, changes):
    data = bytearray(seed)
    for place, value, kind in changes:
        at = place % (len(data) + 1)
        if kind == 0 and at < len(data):
            data[at] = value
        elif kind == 1:
            data[at:at] = bytes([value]) * (value % 5)
        elif kind == 2:
            del data[at : at + value % 9]
        else:
            data[at : at + 4] = random.Random(value).choice(
                (b"\xff" * 4, bytes(4), b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04")
            )
    return bytes(data)


CHANGES = st.lists(st.tuples(st.integers(0, 1 << 14), st.integers(0, 255), st.integers(0, 3)), max_size=6)


@pytest.mark.parametrize("module", FORMATS, ids=lambda module: module.SCANNER.name)
@given(
    data=st.binary(max_size=300), magic=st.sampled_from([b"", b"PK\x03\x04", b"\x10" + bytes(7) + b"{", b"{", b"[1,"])
)
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_read_or_refused(module, data, magic):
    content = magic + data
    own = Scan(len(content), Budget(TINY), route=lambda source, scan: "unknown", name="x")
    try:
        module.SCANNER.scan(BytesSource(content), own)
    except (NotThisFormat, Truncated):
        return
    assert own.account.unexplained_spans() == [] or own.facts or own.format


@pytest.mark.parametrize("seed", SEEDS)
@given(changes=CHANGES, name=st.sampled_from(NAMES))
@settings(max_examples=60, deadline=None)
def test_damaged_files_are_read_to_an_outcome(seed, changes, name):
    outcome = scan(damaged(SEEDS[seed], changes), name, limits=TINY)
    assert outcome.account.unexplained == 0 or outcome.facts


@pytest.mark.parametrize("seed", SEEDS)
@given(changes=CHANGES, block=st.sampled_from([1, 64, 4096]))
@settings(max_examples=30, deadline=None)
def test_bytes_that_come_piece_by_piece_say_the_same(seed, changes, block):
    data = damaged(SEEDS[seed], changes)
    outcome, _, _ = scan_in_rounds(data, "x.pt", block=block, limits=TINY)
    assert outcome == scan(data, "x.pt", limits=TINY)


@pytest.mark.parametrize("seed", ["torch", "safetensors"])
def test_no_single_changed_byte_of_structure_makes_more_bytes_inert(seed):
    """Whatever is damaged, inert are at most the bytes that the honest file proves."""
    data = SEEDS[seed]
    honest = scan(data).account.inert
    for at, value in itertools.product(range(0, len(data), 3), (0x00, 0x01, 0xFF)):
        changed = data[:at] + bytes([value]) + data[at + 1 :]
        assert scan(changed, "x.bin").account.inert <= honest


def test_a_scan_asks_for_nothing_outside_of_the_file():
    data = SEEDS["torch"]
    source = SparseSource(lambda at, length: data[at : at + length], len(data), [])
    own = Scan(len(data), Budget(TINY), route=lambda source, scan: "unknown", name="x")
    with pytest.raises(Missing) as missing:
        archive_format.SCANNER.scan(source, own)
    assert all(0 <= span.start < span.stop <= len(data) for span in missing.value.spans)
