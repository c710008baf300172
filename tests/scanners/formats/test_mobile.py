"""ExecuTorch programs and torch's mobile FlatBuffers: operators, delegates, sources."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.judge import complete, judge
from scanners.registry import SCANNERS
from scanners.rules.policy import Policy
from tests.craft.flatbuffers import mobile, program
from tests.craft.pickles import system
from tests.craft.reading import anomalies, called, referenced, scan, scan_in_rounds, unread_reasons
from tests.craft.torch_archives import method

REAL = Path(__file__).parents[2] / "data"
PROGRAMS = sorted(path.name for path in (REAL / "executorch").glob("*.pte"))
BLOB = b"\x81\xfe" * 32
ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\0\x3e\0" + b"\xfe" * 40


def read(data, name="model.pte"):
    return scan(data, name, scanners=SCANNERS)


def found(outcome):
    findings = judge(outcome.facts, path="model.pte", format=outcome.format, policy=Policy.default())
    return {(each.rule, each.severity) for each in findings}


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_executorch_wrote_is_read_but_for_what_its_delegates_get(name):
    outcome = read((REAL / "executorch" / name).read_bytes(), name)
    delegated = name.startswith("xnnpack")
    assert (outcome.format, complete(outcome.facts, outcome.account)) == ("executorch", not delegated)
    assert found(outcome) == ({("executorch-delegate", "low")} if delegated else set())
    assert "flatbuffer.gap" not in anomalies(outcome)


def test_what_torch_wrote_for_mobiles_is_complete_and_its_operators_are_named():
    outcome = read((REAL / "torch" / "archives" / "mobile_flat.ptl").read_bytes(), "mobile_flat.ptl")
    assert (outcome.format, found(outcome)) == ("torch.mobile", set())
    assert complete(outcome.facts, outcome.account)
    assert {("aten", "linear"), ("aten", "softmax")} <= referenced(outcome, "torch.script")


@pytest.mark.parametrize("name", [f"executorch/{PROGRAMS[0]}", "torch/archives/mobile_flat.ptl"])
def test_bytes_that_come_as_they_are_asked_for_say_the_same(name):
    data = (REAL / name).read_bytes()
    outcome, _, rounds = scan_in_rounds(data, name, scanners=SCANNERS, block=256)
    assert outcome == read(data, name)
    assert rounds < 40


def test_operators_from_elsewhere_are_an_anomaly():
    outcome = read(program("aten::add", "mine::run"))
    assert referenced(outcome, "executorch.op") == {("aten", "add"), ("mine", "run")}
    assert found(outcome) == {("executorch-operator", "low")}
    assert complete(outcome.facts, outcome.account)


@pytest.mark.parametrize(("name", "severity"), [("XnnpackBackend", "low"), ("MyBackend", "medium")])
def test_what_a_delegate_gets_is_never_clean(name, severity):
    for made in (
        program(delegates=[(name, 0, 0)], inline=[BLOB]),
        program(delegates=[(name, 1, 0)], segments=[(0, len(BLOB))], tail=BLOB),
        # Nor if the same segment is said to hold constants.
        program(delegates=[(name, 1, 0)], segments=[(0, len(BLOB))], constant=0, tail=BLOB),
        program(delegates=[(name, 1, 0)], segments=[(0, 64), (0, 64)], constant=1, tail=BLOB),
    ):
        outcome = read(made)
        assert ("executorch-delegate", severity) in found(outcome)
        assert not complete(outcome.facts, outcome.account)
        assert outcome.account.unexplained >= len(BLOB)


def test_constants_in_a_segment_are_inert():
    outcome = read(program(segments=[(0, len(BLOB))], constant=0, tail=BLOB))
    assert complete(outcome.facts, outcome.account)


def test_what_is_handed_to_a_delegate_is_looked_at():
    assert "file.native-code" in anomalies(read(program(delegates=[("X", 0, 0)], inline=[ELF])))
    outcome = read(program(delegates=[("X", 1, 0)], segments=[(0, len(system()))], tail=system()))
    assert "posix.system" in {callee for callee, _ in called(outcome)}


def test_a_segment_that_leads_out_is_told():
    outcome = read(program(segments=[(0, 65)], constant=0, tail=BLOB))
    assert "flatbuffer.bounds" in anomalies(outcome)
    assert "broken" in unread_reasons(outcome)


def test_a_header_that_claims_the_whole_file_explains_nothing():
    data = bytearray(program("aten::add") + BLOB)
    data[12:16] = len(data).to_bytes(4, "little")
    assert not complete(read(bytes(data)).facts, read(bytes(data)).account)


def test_what_a_mobile_module_asks_for_is_judged_as_torchscript():
    outcome = read(mobile("aten::save", "mine::f", classes=["__torch__.torch.classes.mine.Box"]))
    assert referenced(outcome, "torch.script") >= {("aten", "save"), ("mine", "f"), ("torch.classes.mine", "Box")}
    assert found(outcome) == {("torchscript-file-access", "high"), ("torch-custom-operator", "medium")}


def test_the_sources_of_a_mobile_module_are_read():
    outcome = read(mobile("aten::mul", sources=[("m.py", method("torch.save(x, 'f')"))]))
    assert ("torchscript-file-access", "high") in found(outcome)
    assert "broken" in unread_reasons(read(mobile(sources=[("m.py", "def f(self: $")])))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([program("aten::add", segments=[(0, 64)], constant=0, tail=BLOB), mobile("aten::mul")]), st.data()
)
def test_a_program_that_is_cut_or_changed_is_read_to_an_outcome(data, draw):
    at = draw.draw(st.integers(8, len(data) - 1))
    if draw.draw(st.booleans()):
        outcome = read(data[:at])
        assert not complete(outcome.facts, outcome.account) or not data[at:].strip(b"\0")
    else:
        read(data[:at] + bytes((data[at] ^ draw.draw(st.integers(1, 255)),)) + data[at + 1 :])
