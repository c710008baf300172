"""Pictures, sound, film and fonts are inert as far as their layout leads, and no further."""

import io
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanners.facts import Anomaly
from scanners.judge import judge
from scanners.registry import SCANNERS
from scanners.rules.policy import Policy
from tests.craft.pickles import system
from tests.craft.reading import anomalies, called, scan, scan_in_rounds, unread_reasons

SAMPLES = {
    path.name: path.read_bytes() for path in sorted((Path(__file__).parents[2] / "data" / "plain" / "media").iterdir())
}
STREAMS = {"a.flac", "a.ogg"}
"""Their decoders look for the next frame in whatever follows."""
SLACK = {"pages.tiff"}
"""tifffile leaves some bytes at its end, which would be before what is put there."""
RELEASED = {"a.ico", "a.tiff", "packed.tiff", "pages.tiff", "tiles.tiff", "a.ttf", "two.ttc", "a.bmp"}
"""What is missing at their end may be what nothing leads to."""
JUNK = bytes(range(1, 200)) * 2


def read(data, name=""):
    return scan(data, name, scanners=SCANNERS)


def png(*chunks):
    def chunk(kind, data=b""):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunk(*each) for each in chunks) + chunk(b"IEND")


def archive(name="a.pkl", content=b""):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as written:
        written.writestr(name, content or system(proto=2))
    return made.getvalue()


def box(kind, content=b""):
    return struct.pack(">I", 8 + len(content)) + kind + content


@pytest.mark.parametrize("name", SAMPLES)
def test_what_usual_writers_write_is_complete_and_clean_under_any_name(name):
    for called_so in (name, "model.bin", "LICENSE"):
        outcome = read(SAMPLES[name], called_so)
        assert (outcome.facts, outcome.account.unexplained) == ((), 0)
        assert outcome.format not in {"unknown", "text"}


@pytest.mark.parametrize("name", sorted(SAMPLES.keys() - STREAMS - SLACK))
def test_what_lies_behind_is_stated_and_read(name):
    outcome = read(SAMPLES[name] + system(proto=2), name)
    assert "file.beside" in anomalies(outcome)
    assert {name for name, _ in called(outcome)} == {"posix.system"}


@pytest.mark.parametrize("name", sorted(SAMPLES.keys() - STREAMS - SLACK))
def test_what_nobody_knows_behind_a_picture_leaves_it_incomplete(name):
    outcome = read(SAMPLES[name] + JUNK, name)
    assert anomalies(outcome) == {"file.beside"}
    assert outcome.account.unexplained >= len(JUNK)
    (finding,) = judge(outcome.facts, path=name, format=outcome.format, policy=Policy.default())
    assert (finding.rule, finding.severity) == ("file-beside", "low")


def test_a_stream_whose_last_frame_does_not_end_with_the_file_is_incomplete():
    for behind in (JUNK, system(proto=2), SAMPLES["a.flac"][:900]):
        assert unread_reasons(read(SAMPLES["a.flac"] + behind)) == {"broken"}


def test_tags_behind_sound_belong_to_it():
    old = b"TAG" + b"a name".ljust(125, b"\0")
    ape = b"APETAGEX" + struct.pack("<4I", 2000, 40, 1, 0) + bytes(48)
    for name, behind in (("a.mp3", old), ("a.mp3", ape), ("a.mp3", ape + old), ("a.flac", old)):
        assert read(SAMPLES[name] + behind, name).facts == ()
    assert "file.beside" in anomalies(read(SAMPLES["a.mp3"] + b"TAG" + JUNK, "a.mp3"))


def test_a_second_file_behind_the_boxes_or_chunks_of_the_first_lies_beside_it():
    for first, second in (("a.wav", "a.webp"), ("a.webp", "a.avi"), ("a.mp4", "a.jp2"), ("a.mov", "a.mp4")):
        assert "file.beside" in anomalies(read(SAMPLES[first] + SAMPLES[second], first))


@pytest.mark.parametrize("name", sorted(SAMPLES.keys() - SLACK))
def test_zeros_behind_a_picture_are_nothing(name):
    outcome = read(SAMPLES[name] + bytes(3000), name)
    assert (outcome.facts, outcome.account.unexplained) == ((), 0)


@pytest.mark.parametrize("name", sorted(SAMPLES.keys() - STREAMS - RELEASED))
def test_what_is_cut_off_is_never_clean(name):
    data = SAMPLES[name]
    # Players put up with half a frame of MP3 at the end.
    for length in {40} if name == "a.mp3" else {40, len(data) // 2, len(data) - 2}:
        outcome = read(data[:length], "model.bin")
        assert outcome.account.unexplained or unread_reasons(outcome), length


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.gif", "a.ico", "a.mp4", "a.wav"])
def test_an_archive_behind_a_picture_is_read_by_both(name):
    outcome = read(SAMPLES[name] + archive(), name)
    assert {"file.beside", "file.polyglot", "zip.leading"} <= anomalies(outcome)
    assert ("posix.system", "a.pkl") in called(outcome)


def test_pictures_behind_pictures_are_pictures():
    assert read(SAMPLES["a.jpg"] * 3).facts == ()


def test_a_byte_that_fills_up_before_a_marker_is_none():
    data = SAMPLES["a.jpg"]
    assert read(data[:2] + b"\xff\xff" + data[2:]).facts == ()


@pytest.mark.parametrize(
    "words",
    ["BM is a company.", "GIF89a, explained", "RIFF1234WEBP", "OggS", "ID3 tags", "true", "OTTO", "fLaC", "wOFF"],
)
def test_words_that_begin_like_a_picture_are_words(words):
    assert read(words.encode(), "NOTES.txt").format == "text"


@pytest.mark.parametrize(
    "data",
    [
        b"BM" + bytes(100), b"\0\0\1\0\1\0" + bytes(40), b"\0\1\0\0\0\1" + b"\xff" * 40, b"\xff\xfb\x90\0" + bytes(2000),
        b"II*\0" + b"\xff" * 60, b"\x80\4\x95\0\0\0\0\0WEBP" + bytes(60), b"\x80\4\x95\0ftyp" + bytes(60), b"\0\0\0\x18ftyp" + b"\xfe" * 60, b"\x1aE\xdf\xa3" + b"\0" * 60,
    ],
)  # fmt: skip
def test_a_mark_alone_makes_no_picture(data):
    outcome = read(data, "model.weights")
    assert outcome.account.inert < len(data)
    assert unread_reasons(outcome) or outcome.account.unexplained


def test_a_header_of_safetensors_that_begins_like_a_picture_is_one_of_safetensors():
    for length in (0x002A4949, 0x100, 0x10000):
        head = (b"{}" + b" " * length)[:length]
        outcome = read(struct.pack("<Q", length) + head, "model.safetensors")
        assert (outcome.format, outcome.facts) == ("safetensors", ())


def test_a_film_costs_its_lengths():
    film = (
        box(b"ftyp", b"isom" + bytes(12)) + box(b"free") + box(b"mdat", bytes(9_000_000)) + box(b"moov", bytes(90_000))
    )
    outcome, held, rounds = scan_in_rounds(film, "a.mp4", scanners=SCANNERS, block=65_536)
    assert (outcome.format, outcome.facts, outcome.account.inert) == ("mp4", (), len(film))
    assert sum(span.length for span in held) < 400_000
    assert rounds <= 3


def test_a_picture_costs_two_requests_at_most():
    outcome, _, rounds = scan_in_rounds(png(*[(b"IDAT", bytes(8192))] * 400), "a.png", scanners=SCANNERS, block=65_536)
    assert (outcome.facts, outcome.account.unexplained) == ((), 0)
    assert rounds <= 2


def test_a_box_of_eight_bytes_of_length_and_one_to_the_end():
    film = box(b"ftyp", b"isom" + bytes(12)) + struct.pack(">I4sQ", 1, b"mdat", 32) + bytes(16) + b"\0\0\0\0free" + JUNK
    assert read(film).account.inert == len(film)


def test_a_fragment_of_a_stream_of_riff_goes_to_the_end():
    assert read(b"RIFF\xff\xff\xff\xffWAVEfmt " + JUNK).account.unexplained == 0


def test_a_tiff_whose_directories_lead_in_a_circle_ends():
    data = b"II*\0\x08\0\0\0" + struct.pack("<HHHIII", 1, 256, 3, 1, 7, 8)
    outcome = read(data)
    assert (outcome.format, outcome.facts) == ("tiff", ())


def test_a_tiff_of_endless_directories_is_a_limit():
    entries = b"".join(struct.pack("<HHHIII", 1, 256, 3, 1, 7, 8 + 18 * (n + 1)) for n in range(400))
    assert unread_reasons(read(b"II*\0\x08\0\0\0" + entries)) == {"limit"}


def test_a_jpeg_of_endless_scans_is_a_limit():
    scans = b"\xff\xda\0\x02" * 20_000
    assert unread_reasons(read(b"\xff\xd8\xff\xe0\0\x02" + scans + b"\xff\xd9")) == {"limit"}


@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_whatever_is_bent_ends_well(name, data):
    mutated = bytearray(SAMPLES[name])
    for _ in range(data.draw(st.integers(1, 4))):
        mutated[data.draw(st.integers(0, min(len(mutated), 400) - 1))] = data.draw(st.integers(0, 255))
    outcome = read(bytes(mutated), name)
    stated = any(isinstance(fact, Anomaly) for fact in outcome.facts)
    assert outcome.account.unexplained == 0 or unread_reasons(outcome) or stated


@given(st.sampled_from(sorted(SAMPLES)), st.binary(max_size=200))
def test_whatever_follows_a_mark_ends_well(name, rest):
    outcome = read(SAMPLES[name][:12] + rest, name)
    assert outcome.account.unexplained == 0 or unread_reasons(outcome)
