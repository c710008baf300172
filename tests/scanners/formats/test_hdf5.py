"""HDF5: what it leads to is stated, what it says is handed on, and all of its bytes are accounted for."""

import json
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.budget import Budget, Limits
from scanners.facts import Anomaly, Opens, Reference, Unread
from scanners.formats import hdf5, pickle_stream, text
from scanners.registry import SCANNERS
from scanners.scanner import Scan
from scanners.source import BytesSource, Span, subtract
from tests.craft import hdf5 as craft
from tests.craft.archives import Part, archive
from tests.craft.hdf5_reading import is_whole, opened, parts, read
from tests.craft.pickles import system
from tests.craft.reading import anomalies, called, referenced, scan, scan_in_rounds, unread_reasons

SAMPLES = sorted((Path(__file__).parents[2] / "data" / "hdf5").glob("*.h5"))
CONFIG = json.dumps({"class_name": "Sequential", "config": {"layers": []}}).encode()
TINY = Limits(inflated=1 << 20, ratio_floor=1 << 16, whole=1 << 18, facts=200)


# --- honest files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_what_h5py_writes_is_clean_and_complete(path):
    outcome = read(path.read_bytes(), path.name)
    assert is_whole(outcome)
    facts = [fact for fact in outcome.facts if not isinstance(fact, Reference)]
    assert [fact for fact in facts if fact.code != "hdf5.soft-link"] == []


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_bytes_that_come_piece_by_piece_say_the_same_in_few_rounds(path):
    data = path.read_bytes()
    outcome, held, rounds = scan_in_rounds(
        data, path.name, scanners=(hdf5.SCANNER, pickle_stream.SCANNER, text.SCANNER)
    )
    assert outcome == read(data, path.name)
    assert rounds <= 14
    assert sum(span.length for span in held) <= len(data)


@pytest.mark.parametrize("path", [path for path in SAMPLES if path.stem != "deleted"], ids=lambda path: path.stem)
def test_no_structure_is_taken_for_free_space(path):
    data = path.read_bytes()
    own = Scan(len(data), Budget(Limits()), route=lambda source, scan: "", name=path.name)
    hdf5.SCANNER.scan(BytesSource(data), own)
    inert = subtract(Span(0, len(data)), own.account.examined_spans())
    left = b"|".join(data[span.start : span.stop] for span in inert)
    marks = b"OHDR OCHK TREE SNOD HEAP GCOL FRHP FHDB FHIB BTHD BTIN BTLF FAHD FADB EAHD EAIB EASB EADB".split()
    assert [mark for mark in marks if mark in left] == []


def test_the_names_that_h5py_wrote_are_all_found():
    text = parts((SAMPLES[0].parent / "many-v114.h5").read_bytes())
    assert text["model_config"] == CONFIG.replace(b'"layers"', b'"name": "s", "layers"')
    assert len(text["long"]) > 70_000


def test_what_keras_wrote_is_known_by_its_attributes():
    formats = {path.stem: read(path.read_bytes()).format for path in SAMPLES}
    assert {name for name, found in formats.items() if found == "hdf5.keras"} == {
        "keras-old", "many-earliest", "many-v114", "userblock-earliest", "userblock-v110",
    }  # fmt: skip


def test_a_file_inside_of_an_archive_is_read_there():
    weights = (SAMPLES[0].parent / "keras-old.h5").read_bytes()
    for method in (0, 8):
        outcome = scan(archive(Part("model.weights.h5", weights, method)), "m.keras", scanners=SCANNERS)
        assert not unread_reasons(outcome) - {"no-reader"}
        assert all(fact.member.startswith("model.weights.h5") for fact in outcome.facts)


# --- texts -----------------------------------------------------------------------------------------------------------


def with_dataset(kind, data, space=None, *more, name="model_config"):
    maker = craft.Maker()
    place = maker.put(data)
    made = maker.object(*craft.dataset(craft.contiguous(place, len(data)), kind, space or craft.shape(), *more))
    return maker.file(craft.link(name, made))


def with_variable(string=True):
    maker = craft.Maker()
    return maker.file(craft.attribute("model_config", maker.long_text(CONFIG), craft.variable(string=string)))


def with_compressed():
    maker = craft.Maker()
    packed = zlib.compress(CONFIG)
    made = maker.object(
        *craft.dataset(
            craft.single(maker.put(packed), 1, len(CONFIG), length=len(packed)),
            craft.text(len(CONFIG)), craft.shape(1), craft.filters(1),
        )
    )  # fmt: skip
    return maker.file(craft.link("model_config", made))


PLACES = {
    "a text": craft.Maker().file(craft.attribute("model_config", CONFIG)),
    "a text that is padded": craft.Maker().file(craft.attribute("model_config", CONFIG + b"\0\0x")),
    "bytes": craft.Maker().file(craft.attribute("model_config", CONFIG, craft.opaque(len(CONFIG)))),
    "numbers": craft.Maker().file(craft.attribute("model_config", CONFIG, craft.BYTE, craft.shape(len(CONFIG)))),
    "texts": craft.Maker().file(
        craft.attribute("model_config", CONFIG.ljust(100), craft.text(10), craft.shape(10)),
    ),
    "a text of any length": with_variable(),
    "bytes of any length": with_variable(string=False),
    "several attributes": craft.Maker().file(
        *(craft.attribute(f"model_config{n}", CONFIG[n * 9 : n * 9 + 9]) for n in range(12)),
    ),
    "a dataset": with_dataset(craft.text(len(CONFIG)), CONFIG),
    "a compact dataset": (maker := craft.Maker()).file(
        craft.link("model_config", maker.object(*craft.dataset(craft.compact(CONFIG), craft.text(len(CONFIG)), craft.shape()))),
    ),
    "a dataset of numbers": with_dataset(craft.BYTE, CONFIG, craft.shape(len(CONFIG))),
    "a compressed dataset": with_compressed(),
    "a dataset whose name goes on": with_dataset(craft.text(len(CONFIG)), CONFIG, name="model_config\0x"),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_a_configuration_is_handed_on_wherever_it_stands(place):
    assert json.loads(parts(PLACES[place])["model_config"]) == json.loads(CONFIG)
    assert is_whole(read(PLACES[place]))


def test_a_configuration_that_is_none_is_not_examined():
    outcome = read(craft.Maker().file(craft.attribute("model_config", b"\x01\x02" * 9)))
    assert unread_reasons(outcome) == {"unknown"}


def test_texts_that_nobody_acts_on_are_not_handed_on():
    assert (
        parts(craft.Maker().file(craft.attribute("title", b"a [strange] title"), craft.attribute("n", b"[1, 2]"))) == {}
    )


def test_a_pickle_in_an_attribute_is_read():
    outcome = read(craft.Maker().file(craft.attribute("index", system("id"))))
    assert called(outcome) == {("posix.system", "index")} or called(outcome) == {("os.system", "index")}


@pytest.mark.parametrize("length", [100, 100_000])
def test_a_pickle_in_a_dataset_of_bytes_is_read(length):
    data = system("id").ljust(length, b"\0")
    outcome = read(with_dataset(craft.BYTE, data, craft.shape(length), name="object"))
    assert {member.partition("!/")[0] for _, member in called(outcome)} == {"object"}


def test_an_object_that_only_data_refers_to_is_read():
    maker = craft.Maker()
    hidden = maker.object(*craft.dataset(craft.contiguous(None, 16)), maker.outside("/etc/hostname"))
    outcome = read(maker.file(craft.attribute("weight_names", craft.number(hidden), craft.OBJECT, craft.shape(1))))
    assert {path for _, path, _ in opened(outcome)} == {"/etc/hostname"}


# --- what it opens ---------------------------------------------------------------------------------------------------


def opening(kind, *names):
    maker = craft.Maker()
    if kind == "hdf5.external-link":
        return maker.file(*(craft.elsewhere(f"w{n}", name) for n, name in enumerate(names)))
    if kind == "hdf5.external-storage":
        made = maker.object(*craft.dataset(craft.contiguous(None, 16)), maker.outside(*names))
    else:
        made = maker.object(*craft.dataset(maker.virtual(*names)))
    return maker.file(craft.link("w", maker.object(craft.link("x", made))))


@pytest.mark.parametrize("kind", ["hdf5.external-link", "hdf5.external-storage", "hdf5.virtual-source"])
def test_the_files_that_it_opens_are_stated(kind):
    outcome = read(opening(kind, "/etc/passwd", "../x.raw"))
    assert {(found, path) for found, path, _ in opened(outcome)} == {(kind, "/etc/passwd"), (kind, "../x.raw")}
    assert {by for _, _, by in opened(outcome)} == ({"w0", "w1"} if kind == "hdf5.external-link" else {"w/x"})
    assert is_whole(outcome)


def test_a_virtual_dataset_of_its_own_file_opens_none():
    assert opened(read(opening("hdf5.virtual-source", "."))) == set()


def test_a_newer_list_of_virtual_sources_is_read():
    maker = craft.Maker()
    made = maker.object(*craft.dataset(maker.virtual("/a.h5", version=1)))
    assert {path for _, path, _ in opened(read(maker.file(craft.link("v", made))))} == {"/a.h5"}


def test_a_soft_link_is_worth_a_word_only_in_a_model():
    assert anomalies(read(craft.Maker().file(craft.soft("a", "/b")))) == set()
    model = read(craft.Maker().file(craft.soft("a", "/b"), craft.attribute("keras_version", b"3.0")))
    assert [fact.detail for fact in model.facts if isinstance(fact, Anomaly)] == ["1: a to /b"]
    assert referenced(model, "keras.version") == {("keras", "3.0")}


def test_a_link_of_a_class_that_a_program_defines_is_unread():
    assert unread_reasons(read(craft.Maker().file(craft.elsewhere("a", "b", kind=70)))) == {"no-reader"}


def test_groups_that_hold_one_another_are_read_once():
    def made(second):
        maker = craft.Maker()
        first = maker.object(craft.link("second", second))
        return maker, first, maker.object(craft.link("first", first))

    maker, first, second = made(made(0)[2])
    assert is_whole(read(maker.file(craft.link("first", first), craft.link("second", second))))


# --- raw data --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dimension", [1 << 27, 1 << 28])
def test_a_dataset_many_times_as_large_as_its_file(dimension):
    maker = craft.Maker()
    made = maker.object(*craft.dataset(craft.chunked(None, 8, 4), craft.FLOAT, craft.shape(dimension, 2)))
    outcome = read(maker.file(craft.link("w", made)))
    assert anomalies(outcome) == ({"hdf5.shape"} if dimension == 1 << 28 else set())


@pytest.mark.parametrize(("number", "said"), [(1, False), (32_015, False), (32_768, True), (200, True)])
def test_a_filter_that_nobody_registered(number, said):
    maker = craft.Maker()
    layout = craft.single(maker.put(bytes(16)), 4, 4, length=16)
    made = maker.object(*craft.dataset(layout, craft.FLOAT, craft.shape(4), craft.filters(number)))
    outcome = read(maker.file(craft.link("w", made)))
    assert ("hdf5.filter" in anomalies(outcome)) is said
    assert is_whole(outcome)


def test_a_configuration_behind_a_filter_that_is_not_known_is_unread():
    maker = craft.Maker()
    layout = craft.single(maker.put(bytes(16)), 1, 16, length=16)
    made = maker.object(*craft.dataset(layout, craft.text(16), craft.shape(1), craft.filters(32_000)))
    assert unread_reasons(read(maker.file(craft.link("model_config", made)))) == {"no-reader"}


def test_data_that_reaches_past_the_end_is_broken():
    maker = craft.Maker()
    made = maker.object(*craft.dataset(craft.contiguous(maker.put(bytes(16)), 1 << 20)))
    assert unread_reasons(read(maker.file(craft.link("w", made)))) == {"broken"}


def test_two_layouts_of_one_dataset_are_broken():
    maker = craft.Maker()
    twice = craft.message(craft.LAYOUT, craft.compact(b"x"))
    assert unread_reasons(read(maker.file(*craft.dataset(craft.compact(b"y")), twice))) == {"broken"}


# --- laws ------------------------------------------------------------------------------------------------------------

SEEDS = [path.read_bytes() for path in SAMPLES if path.stat().st_size < 30_000]
SEEDS += [*PLACES.values(), opening("hdf5.virtual-source", "/a"), opening("hdf5.external-storage", "b")]


@given(data=st.binary(max_size=400), version=st.integers(0, 4))
@settings(max_examples=100, deadline=None)
def test_any_bytes_behind_the_signature_are_read_to_an_outcome(data, version):
    outcome = read(craft.MARK + bytes([version, 8, 8]) + data, limits=TINY)
    assert is_whole(outcome) or unread_reasons(outcome)


@given(
    seed=st.sampled_from(SEEDS), changes=st.lists(st.tuples(st.integers(0, 1 << 15), st.integers(0, 255)), max_size=8)
)
@settings(max_examples=150, deadline=None)
def test_damaged_files_are_read_to_an_outcome(seed, changes):
    data = bytearray(seed)
    for at, value in changes:
        data[at % len(data)] = value
    outcome = read(bytes(data), limits=TINY)
    assert outcome.account.unexplained == 0 or unread_reasons(outcome)


@given(seed=st.sampled_from(SEEDS), share=st.floats(0.01, 0.999))
@settings(max_examples=100, deadline=None)
def test_a_file_that_is_cut_is_never_complete(seed, share):
    data = seed[: int(len(seed) * share)]
    outcome = read(data, limits=TINY)
    assert not is_whole(outcome) or not data.startswith(craft.MARK)


def test_facts_name_what_is_said():
    outcome = read(craft.Maker().file(craft.elsewhere("a", "x" * 600)))
    assert [type(fact) for fact in outcome.facts] == [Opens]
    assert not any(isinstance(fact, Anomaly | Unread) for fact in outcome.facts)
    assert len(outcome.facts[0].path) == 512


def test_a_chunk_that_claims_to_inflate_beyond_all_bounds_is_a_limit():
    maker = craft.Maker()
    packed = zlib.compress(CONFIG)
    layout = craft.single(maker.put(packed), 1 << 31, 1 << 31, 1 << 31, length=len(packed))
    made = maker.object(*craft.dataset(layout, craft.text(8), craft.shape(1, 1), craft.filters(1)))
    assert unread_reasons(read(maker.file(craft.link("model_config", made)))) == {"limit"}


def test_names_without_a_place_in_their_heap_are_broken():
    data = bytearray((SAMPLES[0].parent / "several-v110.h5").read_bytes())
    at = data.index(b"BTHD\0\5")
    data[at + 10 : at + 12] = (4).to_bytes(2, "little")
    assert "broken" in unread_reasons(read(bytes(data)))
