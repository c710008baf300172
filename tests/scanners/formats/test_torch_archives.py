"""Torch archives that are more than a pickle and its tensors: what torch itself wrote is quiet and complete, what
somebody bent is not."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.facts import Anomaly, Call
from scanners.findings import SEVERITIES
from scanners.judge import complete, judge
from scanners.registry import SCANNERS
from scanners.rules.policy import Policy
from tests.craft.archives import Part, archive, described
from tests.craft.pickles import asm, call, named, op, stream, text
from tests.craft.reading import anomalies, referenced, scan, scan_in_rounds, unread_reasons
from tests.craft.tensors import torch_archive, torch_parts
from tests.craft.torch_archives import MODULE, exported, meta, method, package, payload, script

REAL = Path(__file__).parents[2] / "data" / "torch" / "archives"
ATTACK = asm(op("GLOBAL", ("os", "system")), op("BINUNICODE", "id"), "TUPLE1", "REDUCE", "STOP")
ELF = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\0\x3e\0" + b"\xfe" * 40
FORMATS = {
    "scripted.pt": "torch.script", "traced.pt": "torch.script", "restored.pt": "torch.script", "quantised_dynamic.pt": "torch.script",
    "quantised_static.pt": "torch.script", "quantised_whole.pt": "torch.zip", "mobile.ptl": "torch.script", "mobile_quantised.ptl": "torch.script",
    "exported.pt2": "torch.pt2", "exported_before_2_6.pt2": "torch.pt2", "checkpoint/.metadata": "pickle", "checkpoint/__0_0.distcp": "torch.dcp",
    "sgd.pt": "torch.zip", "adagrad.pt": "torch.zip", "rmsprop.pt": "torch.zip", "optimizer_whole.pt": "torch.zip",
}  # fmt: skip


def whole(data, name="model.pt"):
    return scan(data, name, scanners=SCANNERS)


def found(outcome, name="model.pt"):
    """Rule and severity of each finding above low."""
    findings = judge(outcome.facts, path=name, format=outcome.format, policy=Policy.default())
    return {(each.rule, each.severity) for each in findings if SEVERITIES.index(each.severity) > 0}


@pytest.mark.parametrize(("name", "fmt"), FORMATS.items())
def test_what_torch_wrote_is_clean(name, fmt):
    outcome = whole((REAL / name).read_bytes(), name)
    assert (outcome.format, found(outcome, name)) == (fmt, set())
    assert complete(outcome.facts, outcome.account)


@pytest.mark.parametrize("name", ["packaged.pt", "packaged_graph.pt"])
def test_a_package_that_torch_wrote_is_what_it_is(name):
    outcome = whole((REAL / name).read_bytes())
    assert (outcome.format, found(outcome)) == ("torch.package", {("torch-package", "medium")})
    assert complete(outcome.facts, outcome.account)


def test_a_traced_graph_module_is_complete_and_runs_the_source_that_it_holds():
    outcome = whole((REAL / "fx_graph_module.pt").read_bytes())
    assert complete(outcome.facts, outcome.account)
    assert {severity for _, severity in found(outcome)} == {"medium"}


@pytest.mark.parametrize("name", ["scripted.pt", "exported.pt2", "packaged.pt", "checkpoint/__0_0.distcp"])
def test_bytes_that_come_as_they_are_asked_for_say_the_same(name):
    data = (REAL / name).read_bytes()
    outcome, _, rounds = scan_in_rounds(data, name, scanners=SCANNERS, block=512)
    assert outcome == whole(data, name)
    assert rounds <= 16


# --- TorchScript


def test_code_that_writes_files_is_found():
    outcome = whole(script(("__torch__.py", method("torch.save(x, '/home/x/.bashrc')"))))
    assert (outcome.format, found(outcome)) == ("torch.script", {("torchscript-file-access", "high")})


def test_code_that_writes_files_at_load_is_worse():
    restoring = method("(x).save('/home/x/.bashrc')", name="__setstate__")
    assert found(whole(script(("__torch__.py", restoring)))) == {("torchscript-file-access", "critical")}


def test_a_message_about_saving_is_no_saving():
    outcome = whole(script(("__torch__.py", method("_0 = 'use torch.save(x, y)'"))))
    assert (found(outcome), complete(outcome.facts, outcome.account)) == (set(), True)


def test_the_pickle_beside_the_code_is_judged_as_any_other():
    outcome = whole(script(("__torch__.py", MODULE), pickle=ATTACK))
    assert ("pickle-runs-code", "critical") in found(outcome)


def test_names_of_the_archive_and_of_the_jit_are_no_news():
    own = asm(
        op("PROTO", 2), op("GLOBAL", ("__torch__", "Net")), "EMPTY_TUPLE", "NEWOBJ",
        op("GLOBAL", ("torch.jit._pickle", "build_intlist")), "EMPTY_LIST", "TUPLE1", "REDUCE", "TUPLE2", "STOP",
    )  # fmt: skip
    assert found(whole(script(("__torch__.py", MODULE), pickle=own))) == set()


def test_code_that_cannot_be_read_leaves_the_file_incomplete():
    outcome = whole(script(("__torch__.py", MODULE + "$")))
    assert "broken" in unread_reasons(outcome)


def test_code_that_is_no_text_is_handed_on():
    outcome = whole(script(("__torch__.py", "\x80\x02" + "x" * 40)))
    assert outcome.account.unexplained > 0
    raw = archive(
        *torch_parts(), Part("archive/constants.pkl", b"N."), Part("archive/code/__torch__.py", b"\x80\x02" + ATTACK)
    )
    assert ("pickle-runs-code", "critical") in found(whole(raw))


def test_code_in_other_letters_is_code():
    outcome = whole(
        archive(
            *torch_parts(),
            Part("archive/Constants.pkl", b"N."),
            Part("archive/CODE/m.PY", method("torch.save(x, 'f')").encode()),
        )
    )
    assert ("torchscript-file-access", "high") in found(outcome)


def test_code_beside_a_package_is_still_code():
    parts = [*torch_parts(), Part("archive/constants.pkl", b"N."), Part("archive/.data/extern_modules", b"torch")]
    outcome = whole(archive(*parts, Part("archive/code/m.py", method("torch.save(x, 'f')").encode())))
    assert {("torchscript-file-access", "high"), ("torch-package", "medium")} <= found(outcome)
    assert complete(outcome.facts, outcome.account)


# --- torch.export

NUMBERS = ("weight_0", meta(2, 3), bytes(24), {})


def test_weights_that_the_config_describes_are_inert():
    outcome = whole(exported(weights=[NUMBERS, ("weight_1", meta(0, 3), b"", {})]), "m.pt2")
    assert (outcome.format, outcome.account.inert, found(outcome, "m.pt2")) == ("torch.pt2", 24, set())
    assert complete(outcome.facts, outcome.account)


@pytest.mark.parametrize(
    "weight",
    [
        ("weight_0", meta(2, 3), bytes(24), {"use_pickle": True}), ("weight_0", meta(2, 3), bytes(24), {"use_pickle": None}),
        ("weight_0", meta(2, 3), bytes(20), {}), ("weight_0", meta(2, 3, dtype=99), bytes(24), {}), ("weight_0", None, bytes(24), {}),
        ("weight_0", meta(2, 3) | {"sizes": [{"as_expr": {}}]}, bytes(24), {}), ("weight_0", meta(-2, 3), bytes(24), {}),
        ("other_0", meta(2, 3), bytes(24), {}), ("weight_0", meta(2, 3), bytes(24), {"path_name": "weight_9"}),
    ],
)  # fmt: skip
def test_weights_that_may_be_more_than_numbers_are_not(weight):
    outcome = whole(exported(weights=[weight]), "m.pt2")
    assert outcome.account.inert == 0
    assert not complete(outcome.facts, outcome.account)


def test_a_weight_that_is_described_twice_is_inert_only_if_both_say_so():
    twice = json.dumps({"config": {"a": payload("weight_0", meta(2, 3), pickled=True)}}).encode()
    outcome = whole(exported(Part("m/data/weights/other_weights_config.json", twice), weights=[NUMBERS]), "m.pt2")
    assert outcome.account.inert == 0


def test_a_config_that_says_a_key_twice_proves_nothing():
    text = '{"config": {"a": {"path_name": "weight_0", "use_pickle": true, "use_pickle": false, "tensor_meta": %s}}}'
    parts = [
        Part("m/data/weights/x_config.json", (text % json.dumps(meta(2, 3))).encode()), Part("m/data/weights/weight_0", bytes(24)),
        Part("m/archive_format", b"pt2"),
    ]  # fmt: skip
    assert whole(archive(*parts), "m.pt2").account.inert == 0


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("m/data/weights/model.pt", torch_archive(pickle=ATTACK)), ("m/data/sample_inputs/model.pt", ATTACK),
        ("m/data/constants/opaque_obj_0", ATTACK), ("m/data/constants/custom_obj_0", torch_archive(pickle=ATTACK)), ("m/data/weights/weight_7", ATTACK),
    ],
)  # fmt: skip
def test_what_is_a_pickle_in_a_payload_is_walked(name, data):
    assert ("pickle-runs-code", "critical") in found(whole(exported(Part(name, data)), "m.pt2"), "m.pt2")


def test_a_pickled_weight_is_walked():
    outcome = whole(exported(weights=[("weight_0", None, torch_archive(pickle=ATTACK), {"use_pickle": True})]), "m.pt2")
    assert ("pickle-runs-code", "critical") in found(outcome, "m.pt2")


def node(target):
    return {"graph": {"nodes": [{"target": target, "inputs": [{"arg": {"as_int": 1}}]}]}}


@pytest.mark.parametrize(
    ("target", "rule"),
    [
        ("torch.hub.load", ("torch-export-target", "critical")), ("torch.nn.modules.linear.Linear", ("torch-export-target", "high")),
        ("_operator.methodcaller", ("torch-export-target", "high")), ("torch.ops.mylib.run.default", ("torch-custom-operator", "medium")),
        ("torch.ops.aten.from_file.default", ("torchscript-file-access", "high")), ("#mine:op", ("torch-custom-operator", "medium")),
    ],
)  # fmt: skip
def test_what_a_graph_calls_is_judged(target, rule):
    assert found(whole(exported(graph=node(target)), "m.pt2"), "m.pt2") == {rule}


@pytest.mark.parametrize(
    "target", ["torch.ops.aten.add.Tensor", "_operator.mul", "torch.sym_max", "math.ceil", "output"]
)
def test_what_every_graph_calls_is_no_news(target):
    assert found(whole(exported(graph=node(target)), "m.pt2"), "m.pt2") == set()


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('id')", "s0.__class__", "eval(chr(1)+chr(2))", "().__class__", "Symbol('s0').args", "lambda: 1", "[1]",
        "open(s0)", "Symbol('s0', **{})", "Symbol('s0'.x)", "f'{s0}'", "s0.args", "exec(Symbol('a'))", "0.5.real", "1 .real", "a.b",
    ],
)  # fmt: skip
def test_a_formula_that_is_more_than_arithmetic_is_found(text):
    outcome = whole(exported(graph={"a": [{"as_expr": {"expr_str": text}}]}), "m.pt2")
    assert found(outcome, "m.pt2") == {("torch-export-expression", "critical")}


@pytest.mark.parametrize(
    "text",
    [
        "s0 + 1", "Symbol('s77', positive=True, integer=True)", "FloorDiv(Add(Mul(Integer(3), Symbol('s77')), Integer(1)), Integer(2))",
        "Max(1, u0) >= 2.5e-3", "Float('0.5', precision=53)", "-oo", "Ne(Mod(s0, 8), 0) & (s1 < 9)", "",
    ],
)  # fmt: skip
def test_formulas_of_sizes_are_arithmetic(text):
    assert found(whole(exported(graph={"a": {"expr_str": text}}), "m.pt2"), "m.pt2") == set()


def test_a_formula_of_an_older_export_is_judged_too():
    graph = json.dumps({"x": {"expr_str": "s0.__class__"}}).encode()
    outcome = whole(archive(Part("serialized_exported_program.json", graph), Part("version", b"5.1")), "m.pt2")
    assert found(outcome, "m.pt2") == {("torch-export-expression", "critical")}


@pytest.mark.parametrize("path", ["../models/model.json", "a/weight_0", "/etc/passwd", "..", "a\\b", ""])
def test_a_payload_outside_of_its_folder_is_found(path):
    outcome = whole(exported(weights=[NUMBERS, ("weight_1", meta(1), bytes(4), {"path_name": path})]), "m.pt2")
    assert "torch.path" in anomalies(outcome)


def test_compiled_code_is_what_it_is():
    outcome = whole(exported(Part("m/data/aotinductor/model/a.so", ELF), weights=[NUMBERS]), "m.pt2")
    assert {("torch-aotinductor", "critical"), ("native-code", "critical")} <= found(outcome, "m.pt2")
    assert outcome.account.inert == 0


def test_the_sources_that_it_compiles_are_too():
    outcome = whole(
        exported(Part("m/data/aotinductor/model/a.cpp", b"int f();"), Part("m/data/aotinductor/model/a.json", b"{}")),
        "m.pt2",
    )
    assert [fact.detail for fact in outcome.facts if isinstance(fact, Anomaly)] == ["m/data/aotinductor/model/a.cpp"]


# --- torch.package


def test_the_names_of_packaged_modules_are_no_news_and_all_others_are():
    net = asm(
        op("GLOBAL", ("net.layers", "Net")), "EMPTY_TUPLE", "NEWOBJ", op("GLOBAL", ("other", "thing")), "TUPLE2", "STOP"
    )
    outcome = whole(package(("net/__init__.py", ""), ("net/layers.py", "x = 1\n"), pickle=net))
    assert referenced(outcome, "torch.package") == {("net", ""), ("net.layers", "")}
    assert found(outcome) == {("torch-package", "medium"), ("pickle-unknown-import", "medium")}


def test_a_packaged_module_of_a_denied_name_does_not_clear_it():
    outcome = whole(package(("os.py", "x = 1\n"), pickle=ATTACK))
    assert ("pickle-runs-code", "critical") in found(outcome)


SPEAKS = "import torch\nfrom torch import nn\nimport os, inspect\n\nclass Net(nn.Module):\n    path = os.path.join('a', 'b')\n"


@pytest.mark.parametrize(
    ("source", "severity"),
    [
        (SPEAKS, None),
        (
            SPEAKS
            + "    def __init__(self):\n        super().__init__()\n        self.x = getattr(torch, 'ones')(1)\n",
            None,
        ),
        (SPEAKS + "os.system('id')\n", "critical"),
        ("from os import *\nsystem('id')\n", "critical"),
        ("__import__('os').system('id')\n", "critical"),
        ("import subprocess as s\nrun = s.run\n", "critical"),
        ("import socket\nsocket.create_connection(('example.org', 1))\n", "high"),
        ("# coding: utf-7\n#+AAo-import os+AAo-os.system('id')\n", "critical"),
    ],
)
def test_the_sources_of_a_package_are_read(source, severity):
    outcome = whole(package(("net/layers.py", source)))
    said = {("torch-package-source", severity)} if severity else set()
    assert found(outcome) == {("torch-package", "medium")} | said
    assert complete(outcome.facts, outcome.account)


@pytest.mark.parametrize("source", ["def broken(:", "x = '" + "y" * (1 << 20) + "'", "x = 1\0"])
def test_a_source_that_cannot_be_parsed_is_said(source):
    outcome = whole(package(("net.py", source)))
    assert unread_reasons(outcome) & {"broken", "limit"}


def test_a_source_is_whatever_else_it_may_be():
    both = (
        b'U""" .............................. '[:36]
        + asm("POP", call(named("posix", "system"), op("SHORT_BINSTRING", b"id")))
        + b'."""'
    )
    outcome = whole(package(("net.py", both.decode("latin-1"))))
    assert ("pickle-runs-code", "critical") in found(outcome)


def test_modules_that_a_package_leaves_to_its_loader_are_told():
    outcome = whole(package(("net.py", "x = 1\n")))
    assert referenced(outcome, "torch.package.extern") == {("torch", "")}


@pytest.mark.parametrize("number", [[], [op("BININT1", 3)]])
def test_a_call_that_a_persistent_id_asks_for_is_told(number):
    identity = asm("MARK", text("reduce_package"), *number, named("posix", "system"), text("id"), "TUPLE1", "TUPLE")
    outcome = whole(package(("net.py", "x = 1\n"), pickle=stream(identity, "BINPERSID")))
    (made,) = [fact for fact in outcome.facts if isinstance(fact, Call)]
    assert (made.module, made.name, made.opcode, made.arguments[1:]) == ("posix", "system", "BINPERSID", ("'id'",))
    assert ("pickle-runs-code", "critical") in found(outcome)


@pytest.mark.parametrize(("module", "severity"), [("fx-generated._0", None), ("antigravity", "high")])
def test_a_packaged_graph_takes_its_module_from_what_was_generated(module, severity):
    callee = named("torch.fx.graph_module", "reduce_package_graph_module")
    arguments = asm("EMPTY_DICT", text(module), "TUPLE2")
    identity = asm("MARK", text("reduce_package"), callee, arguments, "TUPLE")
    outcome = whole(package(("net.py", "x = 1\n"), pickle=stream(identity, "BINPERSID")))
    said = {("pickle-runs-code", severity)} if severity else set()
    assert found(outcome) == {("torch-package", "medium")} | said


# --- what every archive is

HONEST = [script(("__torch__.py", MODULE)), exported(weights=[NUMBERS]), package(("net.py", "x = 1\n"))]


@settings(max_examples=60)
@given(st.sampled_from(HONEST), st.data())
def test_an_archive_that_is_cut_is_never_clean(data, draw):
    outcome = whole(data[: draw.draw(st.integers(4, len(data) - 1))])
    assert not complete(outcome.facts, outcome.account) or outcome.format == "text"


@settings(max_examples=60)
@given(st.sampled_from(HONEST), st.data())
def test_an_archive_that_is_changed_is_read_to_an_outcome(data, draw):
    at = draw.draw(st.integers(0, len(data) - 1))
    whole(data[:at] + bytes((data[at] ^ draw.draw(st.integers(1, 255)),)) + data[at + 1 :])


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
    st.sampled_from(["config", "path_name", "use_pickle", "tensor_meta", "sizes", "strides", "as_int", "dtype", "storage_offset", "expr_str", "target"]),
    inner, max_size=5)))  # fmt: skip
def test_any_document_is_read_to_an_outcome(document):
    config = Part("m/data/weights/x_weights_config.json", json.dumps(document).encode())
    whole(archive(described(config), Part("m/models/model.json", config.data), Part("m/archive_format", b"pt2")))
