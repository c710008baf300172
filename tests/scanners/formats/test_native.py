"""Programs are recognised by headers that loaders accept, and never by a mark alone."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanners.facts import Anomaly
from scanners.formats import native
from scanners.registry import SCANNERS
from tests.craft.archives import Part, archive
from tests.craft.reading import anomalies, scan, unread_reasons
from tests.craft.tensors import torch_parts

JUNK = b"\xfe\x00" * 200


def elf(kind=3, machine=62, order="<", version=1):
    return (
        b"\x7fELF"
        + bytes((2, 1 if order == "<" else 2, version))
        + bytes(9)
        + struct.pack(f"{order}HH", kind, machine)
        + JUNK
    )


def pe(at=0x80, mark=b"PE\0\0", machine=0x8664):
    return b"MZ\x90\0".ljust(0x3C, b"\0") + struct.pack("<I", at) + bytes(64) + mark + struct.pack("<H", machine) + JUNK


def macho(kind=6, commands=20, order="<"):
    mark = b"\xcf\xfa\xed\xfe" if order == "<" else b"\xfe\xed\xfa\xcf"
    return mark + struct.pack(f"{order}IIII", 0x0100000C, 0, kind, commands) + JUNK


LINK = b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F" + JUNK
PROGRAMS = [
    (elf(), "elf", "shared library"), (elf(2, 183, ">"), "elf", "program"), (elf(1), "elf", "object file"),
    (pe(), "pe", "x86-64"), (pe(machine=0xAA64), "pe", "ARM64"), (macho(), "mach-o", "library"), (macho(2, 9, ">"), "mach-o", "program"),
    (b"\xca\xfe\xba\xbe\0\0\0\x02" + JUNK, "mach-o", "universal, 2"), (b"\xca\xfe\xba\xbe\0\0\0\x34" + JUNK, "class", "version 52"),
    (b"\0asm\x01\0\0\0" + JUNK, "wasm", "WebAssembly"), (b"dex\n035\0" + JUNK, "dex", "Dalvik"), (LINK, "lnk", "shortcut"),
    (b"MZqFpD='\n\n" + JUNK, "llamafile", "program"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "found", "words"), PROGRAMS)
@pytest.mark.parametrize("name", ["pytorch_model.bin", "x.safetensors", "a.so", ""])
def test_a_program_is_one_under_any_name(data, found, words, name):
    outcome = scan(data, name, scanners=SCANNERS)
    assert outcome.format == found
    (detail,) = [fact.detail for fact in outcome.facts if isinstance(fact, Anomaly)]
    assert detail.startswith(f"{found}: ")
    assert words in detail
    assert (unread_reasons(outcome), outcome.account.unexplained) == ({"no-reader"}, len(data))


@pytest.mark.parametrize(
    "data",
    [
        b"\x7fELF" + JUNK, elf(version=2), elf(kind=77), pe(mark=b"NE\0\0"), pe(at=1 << 20), b"MZ" + JUNK, macho(kind=0),
        macho(commands=0), macho(kind=99), b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe\0\0\xff\xff" + JUNK, b"\xca\xfe\xba\xbe", b"\0asm\x07\0\0\0" + JUNK,
        b"dex\nabc\0" + JUNK, LINK[:8] + JUNK, b"\x7fELF",
    ],
)  # fmt: skip
def test_a_mark_alone_makes_no_program(data):
    outcome = scan(data, "pytorch_model.bin", scanners=SCANNERS)
    assert "file.native-code" not in anomalies(outcome)
    assert outcome.account.unexplained > 0


def test_words_that_begin_like_a_program_are_words():
    outcome = scan(
        b"MZ is a region of the moon, and nothing else is said of it in these words here.", "a.txt", scanners=SCANNERS
    )
    assert (outcome.format, unread_reasons(outcome)) == ("text", set())


def test_a_program_inside_a_model_is_stated_under_its_member():
    outcome = scan(archive(*torch_parts(), Part("archive/extra/a.bin", elf())), "model.pt", scanners=SCANNERS)
    assert [f.member for f in outcome.facts if isinstance(f, Anomaly) and f.code == "file.native-code"] == [
        "archive/extra/a.bin"
    ]
    assert outcome.account.unexplained == len(elf())


@given(st.sampled_from([data for data, _, _ in PROGRAMS]), st.integers(0, 160))
def test_a_program_that_is_cut_is_never_clean(data, length):
    outcome = scan(data[:length], "model.bin", scanners=(native.SCANNER,))
    assert outcome.account.examined == outcome.account.inert == 0
