"""Models of other engines: attacks get their verdicts, and what libraries write is clean, whole and known."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.binary.tf_messages import first_fields
from scanners.budget import Limits
from scanners.facts import Unread
from scanners.findings import SEVERITIES
from scanners.formats import coreml, json_document, mxnet, paddle, tensorrt
from scanners.registry import SCANNERS
from tests.craft.attacks_engines import ENGINE_ATTACKS
from tests.craft.engines import array, arrays, blobs, dense
from tests.craft.reading import scan, scan_in_rounds, unread_reasons
from tests.craft.table import said

DATA = Path(__file__).parents[2] / "data" / "engines"
HONEST = sorted(path for path in DATA.rglob("*") if path.is_file())
FORMATS = {
    ".bin": "openvino.weights", ".json": "json.model", ".info": "pickle", ".mlmodel": "coreml", ".params": "mxnet",
    ".pdiparams": "paddle.weights", ".pdmodel": "paddle", ".pmml": "pmml", ".svg": "svg", ".xml": "openvino",
    "weight.bin": "coreml.weights", "Manifest.json": "json",
}  # fmt: skip
BY_NAME = {"openvino.weights"}
ALL = [attack for group in ENGINE_ATTACKS.values() for attack in group]
READERS = (
    coreml.SCANNER,
    coreml.WEIGHTS,
    coreml.PROGRAMS,
    paddle.SCANNER,
    paddle.WEIGHTS,
    mxnet.SCANNER,
    json_document.SCANNER,
)


def kind(path):
    return FORMATS.get(path.name) or FORMATS[path.suffix]


@pytest.mark.parametrize("attack", [pytest.param(attack, id=attack.label) for attack in ALL])
def test_an_attack_gets_its_verdict(attack):
    verdict, findings = said(attack.data, attack.name)
    assert verdict == attack.verdict
    weights = [SEVERITIES.index(finding.severity) for finding in findings if finding.rule == attack.rule]
    assert max(weights, default=-1) >= SEVERITIES.index(attack.severity)


@pytest.mark.parametrize("path", HONEST, ids=lambda path: path.name)
def test_what_libraries_write_is_clean_whole_and_known_without_its_name(path):
    data = path.read_bytes()
    outcome = scan(data, path.name, scanners=SCANNERS)
    assert outcome.format == kind(path)
    assert outcome.account.unexplained == 0
    assert not [fact for fact in outcome.facts if isinstance(fact, Unread)]
    assert said(data, path.name) == ("clean", ())
    assert kind(path) in BY_NAME or scan(data, "x", scanners=SCANNERS).format == kind(path)


SAMPLES = [
    *(path.read_bytes() for path in HONEST if path.suffix in {".mlmodel", ".pdmodel", ".params", ".pdiparams"}),
    blobs(100, 5056), dense(3, 4) + dense(2), arrays(array(3, 4), array(2), names=("a", "b")),
]  # fmt: skip


@pytest.mark.parametrize("data", SAMPLES, ids=range(len(SAMPLES)))
def test_a_model_that_is_cut_is_never_complete(data):
    name = "x.pdiparams" if scan(data, "x", scanners=SCANNERS).format == "paddle.weights" else "x"
    for stop in {*range(20, len(data), max(1, len(data) // 150)), len(data) - 1} - whole(data, name):
        outcome = scan(data[:stop], name, scanners=SCANNERS)
        assert outcome.account.unexplained or unread_reasons(outcome), stop


def whole(data, name):
    """Where a file may end: behind a field of a message, and behind a tensor where no number tells how many there are."""
    return {part.stop for part in first_fields(data)} if name == "x" else {32, 74, 134, 174}


@given(
    sample=st.sampled_from([*SAMPLES, *(attack.data for attack in ALL if len(attack.data) < 1 << 16)]),
    changes=st.lists(st.tuples(st.integers(0, 9000), st.integers(0, 255)), max_size=5),
    block=st.sampled_from([64, 4096]),
    name=st.sampled_from(["x", "x.mlmodel", "x.pdmodel", "x.pdiparams", "x.json"]),
)
@settings(max_examples=150, deadline=None)
def test_a_bent_model_says_the_same_however_it_comes(sample, changes, block, name):
    data = bytearray(sample)
    for at, value in changes:
        data[at % len(data)] = value
    outcome, _, _ = scan_in_rounds(bytes(data), name, scanners=READERS, block=block)
    assert outcome == scan(bytes(data), name, scanners=READERS)
    assert outcome.account.unexplained == 0 or outcome.facts


BEGINNINGS = [
    b"",
    b"\x08\4\x12\2\x0a\0",
    b"\x0a\x20\x08\0\x10",
    bytes(16),
    b"\x12\1" + bytes(14),
    b"ftrt",
    blobs(9)[:128],
]


@given(data=st.binary(max_size=300), start=st.sampled_from(BEGINNINGS))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused(data, start):
    for name in ("x.mlmodel", "x.pdmodel", "x.pdiparams", "x.engine"):
        limits = Limits(facts=100, whole=1000)
        outcome = scan(start + data + b"!", name, scanners=(*READERS, tensorrt.SCANNER, tensorrt.NAMED), limits=limits)
        assert outcome.account.unexplained == 0 or outcome.facts
