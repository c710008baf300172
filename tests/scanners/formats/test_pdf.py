"""PDF documents are read for what opening them would do, in whatever spelling and wherever it stands."""

import base64
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanners.budget import Limits
from scanners.facts import Anomaly
from scanners.registry import SCANNERS
from tests.craft.pickles import system
from tests.craft.reading import anomalies, called, scan, unread_reasons

SAMPLES = {path.stem: path.read_bytes() for path in (Path(__file__).parents[2] / "data" / "plain" / "pdf").iterdir()}
SCRIPT = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"


def read(data, name="a.pdf", limits=None):
    return scan(data, name, scanners=SCANNERS, limits=limits)


def pdf(*objects, trailer=b"<< /Root 1 0 R >>", end=b"%%EOF\n"):
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, each) for number, each in enumerate(objects, 1))
    return b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + body + b"trailer\n" + trailer + b"\nstartxref\n0\n" + end


def stream(content, about=b"/Filter /FlateDecode", packed=None):
    packed = zlib.compress(content) if packed is None else packed
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (about, len(packed), packed)


@pytest.mark.parametrize("name", sorted(SAMPLES.keys() - {"encrypted"}))
def test_what_libraries_write_is_complete_and_clean(name):
    for called_so in ("a.pdf", "paper"):
        outcome = read(SAMPLES[name], called_so)
        assert (outcome.format, outcome.facts, outcome.account.unexplained) == ("pdf", (), 0)


def test_what_is_encrypted_is_not_read():
    outcome = read(SAMPLES["encrypted"])
    assert (unread_reasons(outcome), outcome.account.examined) == ({"encrypted"}, 0)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (pdf(SCRIPT), {"pdf.script"}),
        (pdf(b"<< /S /J#61vaScript /#4aS 7 0 R >>"), {"pdf.script"}),
        (pdf(b"<< /Names << /JavaScript 12 0 R >> >>"), {"pdf.script"}),
        (pdf(stream(b"5 0 " + SCRIPT, b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode")), {"pdf.script"}),
        (pdf(stream(b"5 0 " + SCRIPT, b"/Type /ObjStm /Filter /Fl")), {"pdf.script"}),
        (pdf(stream(b"5 0 " + SCRIPT, b"/Type /ObjStm", packed=b"5 0 " + SCRIPT)), {"pdf.script"}),
        (
            pdf(
                stream(
                    b"",
                    b"/Type /ObjStm /Filter [/ASCIIHexDecode /FlateDecode]",
                    packed=zlib.compress(b"5 0 " + SCRIPT).hex().encode() + b">",
                )
            ),
            {"pdf.script"},
        ),
        (
            pdf(
                stream(
                    b"",
                    b"/Filter [/ASCII85Decode /FlateDecode]",
                    packed=base64.a85encode(zlib.compress(b"5 0 " + SCRIPT)) + b"~>",
                )
            ),
            {"pdf.script"},
        ),
        (pdf(stream(b"x" * (1 << 20) + b" " + SCRIPT)), {"pdf.script"}),
        (pdf(b"<< /AcroForm << /XFA [(template) 5 0 R] >> >>"), {"pdf.script"}),
        (pdf(b"<< /Subtype /RichMedia >>"), {"pdf.script"}),
        (pdf(b"<< /Type /Action /S /Launch /Win << /F (cmd.exe) >> >>"), {"pdf.launch"}),
        (pdf(b"<< /S /URI /URI (https://example.org/JS/Launch/JavaScript/a) >>"), set()),
        (pdf(b"<< /BaseFont /JSTimes /XFAx 1 >>"), set()),
        (pdf(stream(bytes(range(64)) + b"/S /Launch", b"/Subtype /Image /Filter /FlateDecode")), set()),
    ],
)
def test_an_action_is_told_and_a_near_miss_is_not(data, found):
    outcome = read(data)
    assert anomalies(outcome) == found
    assert outcome.account.unexplained == 0


def test_an_action_is_told_once():
    assert len([fact for fact in read(pdf(*[SCRIPT] * 40)).facts if isinstance(fact, Anomaly)]) == 1


@pytest.mark.parametrize(
    "carried",
    [
        stream(system(proto=2), b"/Type /EmbeddedFile /Filter /FlateDecode"),
        stream(b"", b"/Type /EmbeddedFile", system(proto=2)),
    ],
)
def test_a_file_in_a_document_is_read(carried):
    assert called(read(pdf(carried)))


@pytest.mark.parametrize(
    ("carried", "reason"),
    [
        (stream(b"", b"/Type /ObjStm /Filter /LZWDecode", b"\x80\x0b"), "codec"),
        (stream(b"", b"/Type /ObjStm /Filter /FlateDecode", b"not deflated"), "broken"),
        (stream(b"", b"/Type /ObjStm /Filter /ASCIIHexDecode", b"xyz"), None),
        (stream(b"\xfe" * 600, b"/Type /EmbeddedFile /Filter /FlateDecode"), "unknown"),
    ],
)
def test_what_cannot_be_read_is_said(carried, reason):
    assert unread_reasons(read(pdf(carried))) == ({reason} if reason else set())


def test_what_is_before_and_behind_is_read():
    outcome = read(pdf(b"<< >>") + system(proto=2))
    assert (anomalies(outcome), bool(called(outcome))) == ({"file.beside"}, True)
    outcome = read(b"\x01 words " * 9 + pdf(b"<< >>"))
    assert (outcome.format, anomalies(outcome)) == ("pdf", {"file.beside"})


@pytest.mark.parametrize("ascii_only", [True, False])
def test_words_before_a_document_hide_nothing_of_it(ascii_only):
    content = pdf(SCRIPT)
    content = content.replace(b"%\xe2\xe3\xcf\xd3\n", b"") if ascii_only else content
    for before in (b"\n", b"Some words.\n", b"#!/bin/sh\nexit\n"):
        assert "pdf.script" in anomalies(read(before + content))


def test_a_document_without_an_end_is_broken_and_words_about_one_are_words():
    assert unread_reasons(read(pdf(b"<< >>", end=b""))) == {"broken"}
    assert read(b"how to write %PDF-1.7 by hand\n", "NOTES.txt").format == "text"


def test_a_bomb_is_a_limit():
    data = pdf(stream(bytes(8 << 20)))
    assert unread_reasons(read(data, limits=Limits(inflated=4 << 20))) == {"limit"}
    assert unread_reasons(read(data, limits=Limits(whole=4096))) == {"limit"}


def test_many_files_in_a_document_are_a_limit():
    assert unread_reasons(read(pdf(*[stream(b"words\n", b"/Type /EmbeddedFile /Filter /FlateDecode")] * 300))) == {
        "limit"
    }


@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_whatever_is_bent_ends_well(name, data):
    mutated = bytearray(SAMPLES[name])
    for _ in range(data.draw(st.integers(1, 4))):
        mutated[data.draw(st.integers(0, len(mutated) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del mutated[data.draw(st.integers(0, len(mutated) - 1)) :]
    outcome = read(bytes(mutated), "x")
    assert outcome.account.unexplained == 0 or unread_reasons(outcome)
