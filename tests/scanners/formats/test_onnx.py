"""ONNX: what a model asks for is found wherever it stands; its tensors are inert."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.budget import Limits
from scanners.facts import Opens, Unread
from scanners.findings import SEVERITIES
from scanners.formats import onnx
from scanners.registry import SCANNERS
from scanners.routing import first
from scanners.scanner import HEAD, Sample
from tests.craft.attacks_onnx import ONNX_ATTACKS
from tests.craft.onnx import ADD, INT4, WEIGHT, attribute, entry, external, function, graph, model, node, tensor
from tests.craft.reading import anomalies, referenced, scan, scan_in_rounds, unread_reasons
from tests.craft.table import said
from tests.craft.tensorflow import field, number

DATA = Path(__file__).parents[2] / "data" / "onnx"
HONEST = sorted(path for path in DATA.iterdir())
ALL = [attack for group in ONNX_ATTACKS.values() for attack in group]


def read(data, name="model.onnx", **more):
    return scan(data, name, scanners=SCANNERS, **more)


# --- honest files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", HONEST, ids=lambda path: path.name)
def test_what_onnx_writes_is_clean_and_whole(path):
    data = path.read_bytes()
    outcome = read(data, path.name)
    assert outcome.account.unexplained == 0
    assert not [fact for fact in outcome.facts if isinstance(fact, Unread)]
    assert said(data, path.name) == ("clean", ())


@pytest.mark.parametrize("path", [path for path in HONEST if "data" not in path.suffix], ids=lambda path: path.name)
def test_what_onnx_writes_is_known_without_its_name(path):
    assert read(path.read_bytes(), "x").format == read(path.read_bytes(), path.name).format


def test_the_files_of_a_model_are_told_once():
    tensors = [external(f"w{n}", "model.onnx_data", entry("offset", str(n)), entry("length", "32")) for n in range(9)]
    outcome = read(model(ADD, tensors=tensors))
    assert [fact.path for fact in outcome.facts if isinstance(fact, Opens)] == ["model.onnx_data"]
    assert said(model(ADD, tensors=tensors), "model.onnx") == ("clean", ())


def test_functions_of_the_model_are_no_operators_that_it_asks_for():
    made = model(node("F", domain="acme"), functions=[function("F", ADD)])
    assert referenced(read(made), "onnx.op") == {("ai.onnx", "Add")}
    assert said(made, "model.onnx") == ("clean", ())


@pytest.mark.parametrize(("kind", "dims", "length"), [(INT4, (3,), 2), (11, (2, 2), 32), (16, (), 2), (26, (5,), 2)])
def test_tensors_fit_their_shapes(kind, dims, length):
    assert anomalies(read(model(ADD, tensors=[tensor("w", bytes(length), dims, kind)]))) == set()
    assert anomalies(read(model(ADD, tensors=[tensor("w", bytes(length + 1), dims, kind)]))) == {"onnx.tensor-size"}


def test_numbers_beside_a_model_are_inert_unless_they_are_something_else():
    noise = random.Random(1).randbytes(5000)
    for name in ("model.onnx_data", "model.onnx_data_3", "model.onnx.data"):
        assert read(noise, name).account.inert == 5000
    assert read(noise, "x.data").format == "unknown"
    pickled = next(attack for attack in ALL if attack.about == "a pickle in the metadata")
    assert said(pickled.data[pickled.data.index(b"\x80") :], "model.onnx_data")[0] == "malicious"


# --- hostile files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("attack", [pytest.param(attack, id=attack.label) for attack in ALL])
def test_an_attack_gets_its_verdict(attack):
    verdict, findings = said(attack.data, attack.name)
    assert verdict == attack.verdict
    weights = [SEVERITIES.index(finding.severity) for finding in findings if finding.rule == attack.rule]
    assert max(weights, default=-1) >= SEVERITIES.index(attack.severity)


@pytest.mark.parametrize("path", ["weights.bin", "data/weights.bin", "a..b/w.bin", "%41.bin", "w#1.bin", "...bin"])
def test_a_file_beside_the_model_is_plain(path):
    assert said(model(ADD, tensors=[external("w", path)]), "model.onnx") == ("clean", ())


@pytest.mark.parametrize("name", ["model.onnx", "/home/x/onnx/model.onnx", "../onnx/model.onnx"])
def test_a_way_up_weighs_less_only_inside_of_the_repository(name):
    assert said(model(ADD, tensors=[external("w", "../weights.bin")]), name)[0] == "malicious"


def test_what_is_compiled_into_a_model_is_not_read():
    made = model(node("EPContext", domain="com.microsoft", extra=attribute("ep_cache_context", bytes(range(256)))))
    assert unread_reasons(read(made)) == {"no-reader"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "model.onnxtxt",
            b'ir_version: 8\ngraph { initializer { external_data { key: "location" value: "/etc/passwd" } } }',
        ),
        ("model.onnxjson", b'{"irVersion": "8", "graph": {"initializer": []}, "opsetImport": []}'),
    ],
)
def test_a_model_as_text_is_named_and_not_read(name, text):
    assert unread_reasons(read(text, name)) == {"no-reader"}


def test_fields_that_nobody_knows_are_not_read():
    assert unread_reasons(read(model(ADD, extra=field(99, b"x" * 5000)))) == {"unknown"}
    assert unread_reasons(read(model(ADD, extra=field(99, b"x")))) == {"unknown"}


def test_graphs_that_are_nested_beyond_what_parsers_take_are_said():
    inner = graph(ADD)
    for _ in range(60):
        inner = graph(node("If", extra=attribute("then_branch", inner, 6)))
    made = number(1, 8) + field(7, inner)
    assert "broken" in unread_reasons(read(made))


def test_more_files_than_are_stated_are_a_limit():
    tensors = [external("w", f"{n}.bin") for n in range(1100)]
    outcome = read(model(ADD, tensors=tensors))
    assert "limit" in unread_reasons(outcome)


@pytest.mark.parametrize(
    "head",
    [b"\x08\x01\x12\x05\x0a\x03abc", b"\x08\x08", b"\x08\x08\x12\x03\x00\x01\x02", b"\x0a\x07\x0a\x05words", b"words"],
    ids=["saved model", "short", "control", "graph", "words"],
)
def test_other_buffers_are_not_taken_for_models(head):
    assert not onnx.recognise(Sample(len(head), head[:HEAD], head))
    assert read(head * 3, "x").format != "onnx"


# --- rounds ----------------------------------------------------------------------------------------------------------


def test_the_data_of_tensors_is_never_fetched():
    tensors = [tensor(f"layer.{n}.weight", bytes(400_000), (100_000,)) for n in range(150)]
    made = model(*[node("Add", "x", f"layer.{n}.weight") for n in range(150)], tensors=tensors)
    outcome, held, rounds = scan_in_rounds(
        made, "m.onnx", scanners=SCANNERS, held=first(len(made), "m.onnx"), block=4096
    )
    assert (outcome.account.unexplained, outcome.account.inert) == (0, 60_000_000)
    assert rounds < 20
    assert sum(span.length for span in held) < 3_000_000


# --- laws ------------------------------------------------------------------------------------------------------------

SAMPLE = model(
    ADD,
    node("If", "c", extra=attribute("then_branch", graph(ADD, tensors=[WEIGHT]), 6)),
    tensors=[WEIGHT, external("v", "v.bin"), tensor("long", bytes(8000), (2000,))],
    functions=[function("F", ADD)],
    extra=field(14, entry("a", "b")),
)


def test_a_model_that_is_cut_is_never_clean():
    assert said(SAMPLE, "model.onnx")[0] == "clean"
    whole = {len(SAMPLE) - len(field(14, entry("a", "b")))}
    whole |= {min(whole) - len(field(25, function("F", ADD)))}
    for stop in {*range(20, len(SAMPLE), 7), len(SAMPLE) - 1} - whole:
        outcome = read(SAMPLE[:stop])
        assert outcome.account.unexplained or unread_reasons(outcome)


@given(
    changes=st.lists(st.tuples(st.integers(0, 9000), st.integers(0, 255)), max_size=5),
    block=st.sampled_from([64, 4096]),
)
@settings(max_examples=80, deadline=None)
def test_a_bent_model_says_the_same_however_it_comes(changes, block):
    data = bytearray(SAMPLE)
    for at, value in changes:
        data[at % len(data)] = value
    outcome, _, _ = scan_in_rounds(bytes(data), "x.onnx", scanners=(onnx.SCANNER,), block=block)
    assert outcome == scan(bytes(data), "x.onnx", scanners=(onnx.SCANNER,))
    assert outcome.account.unexplained == 0 or outcome.facts


@given(data=st.binary(max_size=300), start=st.sampled_from([b"", b"\x08\x08", b"\x08\x08\x3a", b"\x1c\0\0\0ORTM"]))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused(data, start):
    scanners = (onnx.SCANNER, onnx.SESSIONS, onnx.DATA)
    outcome = scan(start + data + b"!", "x.onnx", scanners=scanners, limits=Limits(facts=100, whole=1000))
    assert outcome.account.unexplained == 0 or outcome.facts
