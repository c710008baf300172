"""Programs are recognised by headers that loaders accept, and never by a mark alone."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanners.facts import Anomaly
from scanners.formats import native
from scanners.judge import judge
from scanners.registry import SCANNERS
from scanners.rules.policy import Policy
from tests.craft.archives import Part, archive
from tests.craft.compound import INSTALLER, compound
from tests.craft.reading import anomalies, scan, unread_reasons
from tests.craft.tensors import torch_parts


def judged(outcome, name):
    return judge(outcome.facts, path=name, format=outcome.format, policy=Policy.default())


def severities(outcome, name):
    return {finding.rule: finding.severity for finding in judged(outcome, name)}


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
    (b"!<arch>\ndebian-binary   " + JUNK, "deb", "Debian"), (b"!<arch>\n/               " + JUNK, "ar", "library"),
    (b"\xed\xab\xee\xdb\3\0" + JUNK, "rpm", "RPM"), (b"MSCF\0\0\0\0" + JUNK, "cab", "cabinet"),
    (b"ITSF\3\0\0\0" + JUNK, "chm", "help"),
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


def test_the_file_by_which_scanners_for_viruses_are_tested_is_known():
    words = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
    for name, severity in (("danger.dat", "critical"), ("eicar.com", "high"), ("README.md", "critical")):
        outcome = scan(words.encode(), name, scanners=SCANNERS)
        assert outcome.format == "eicar"
        assert severities(outcome, name)["native-code"] == severity


def test_a_package_of_java_is_one_finding():
    classes = [Part(f"a/{number}.class", b"\xca\xfe\xba\xbe\0\0\0\x34" + JUNK) for number in range(30)]
    outcome = scan(archive(*classes), "tool.jar", scanners=SCANNERS)
    (finding,) = judged(outcome, "tool.jar")
    assert (finding.rule, finding.severity) == ("native-code", "high")
    assert finding.message.endswith("and 29 more")


@pytest.mark.parametrize(
    ("data", "found", "rules"),
    [
        (compound("WordDocument", "_VBA_PROJECT"), "ole", {"file-macros": "high"}),
        (compound("Workbook", *(["x"] * 9), "VBA", sectors=4), "ole", {"file-macros": "high"}),
        (compound("\x01Ole10Native"), "ole", {"file-macros": "high"}),
        (compound("WordDocument", "1Table"), "ole", {}),
        (compound("!_StringData", owner=INSTALLER), "msi", {"native-code": "critical"}),
    ],
)
def test_documents_with_macros_and_installers_are_told(data, found, rules):
    outcome = scan(data, "a.bin", scanners=SCANNERS)
    assert (outcome.format, unread_reasons(outcome)) == (found, {"no-reader"})
    assert severities(outcome, "a.xyz") == rules


def test_macros_of_a_document_in_an_archive_are_told():
    data = archive(Part("[Content_Types].xml", b"<Types/>"), Part("word/vbaProject.bin", compound("VBA")))
    outcome = scan(data, "a.docm", scanners=SCANNERS)
    assert [f.member for f in outcome.facts if isinstance(f, Anomaly)] == ["word/vbaProject.bin"]


@pytest.mark.parametrize("data", [compound("a", following=1), compound("a", following=90), compound("a")[:700]])
def test_a_directory_that_cannot_be_followed_is_broken(data):
    assert "broken" in unread_reasons(scan(data, scanners=SCANNERS))


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ("--host\n0.0.0.0\n", ["--host 0.0.0.0"]), ("-m\n/home/me/x.gguf\n", ["-m /home/me/x.gguf"]),
        ("-hf\nacme/tiny\n", ["-hf acme/tiny"]), ("--model-url\nhttps://x.example/m\n", ["--model-url https://x.example/m"]),
        ("-m\nmodel.gguf\n--host\n127.0.0.1\n-ngl\n999\n--mmproj\n/zip/mm.gguf\n...\n", []),
    ],
)  # fmt: skip
def test_the_arguments_of_a_llamafile_are_read(arguments, found):
    data = b"MZqFpD='\n\n" + JUNK + archive(Part(".args", arguments.encode()))
    outcome = scan(data, "m.llamafile", scanners=SCANNERS)
    assert outcome.format == "llamafile"
    told = [fact.detail for fact in outcome.facts if isinstance(fact, Anomaly) and fact.code == "llamafile.argument"]
    assert told == found
    assert "file.polyglot" not in anomalies(outcome)


@given(st.integers(0, 2047), st.integers(0, 255))
def test_a_bent_directory_ends_well(place, byte):
    data = bytearray(compound("WordDocument", "VBA", sectors=2))
    data[place % len(data)] = byte
    assert scan(bytes(data), scanners=(native.COMPOUND,)).account.examined == 0


@given(st.sampled_from([data for data, _, _ in PROGRAMS]), st.integers(0, 160))
def test_a_program_that_is_cut_is_never_clean(data, length):
    outcome = scan(data[:length], "model.bin", scanners=(native.SCANNER,))
    assert outcome.account.examined == outcome.account.inert == 0
