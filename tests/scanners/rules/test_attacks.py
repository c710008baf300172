"""Whole files through reader and judge: the attacks of the catalogue, and the honest files beside them."""

import pickle
from collections import OrderedDict, defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path, PurePosixPath
from uuid import UUID

import pytest

from scanners.budget import Limits
from scanners.judge import complete, judge
from scanners.routing import scan_blob
from scanners.rules.policy import Policy
from scanners.source import BytesSource
from tests.craft.pickles import HARMLESS, asm, call, named, op, system, text

DATA = Path(__file__).parents[2] / "data" / "torch"


def audit(data, path="model.pkl"):
    read = scan_blob(BytesSource(data), path, Limits())
    return judge(read.facts, path=path, format=read.format, policy=Policy.default()), read


def rules(data, path="model.pkl"):
    return {(finding.rule, finding.severity) for finding in audit(data, path)[0]}


def stream(*parts, proto=4):
    return asm(op("PROTO", proto), *parts, "STOP")


GETATTR = named("builtins", "getattr")
IMPORT = named("importlib", "import_module")

ATTACKS = {
    "plain call": (system(), "pickle-runs-code", "critical"),
    "python 2 name": (system(module="commands", name="getoutput", proto=2), "pickle-runs-code", "critical"),
    "INST": (asm("MARK", text(HARMLESS), op("INST", ("os", "system")), "STOP"), "pickle-runs-code", "critical"),
    "OBJ": (
        stream("MARK", named("os", "system"), text(HARMLESS), "OBJ", "POP", "NONE"),
        "pickle-runs-code",
        "critical",
    ),
    "result dropped": (stream(call(named("os", "system"), text("x")), "POP", "NONE"), "pickle-runs-code", "critical"),
    "kept, not called": (stream(named("os", "system")), "pickle-runs-code", "critical"),
    "name by import and getattr": (
        stream(call(call(GETATTR, call(IMPORT, text("os")), text("system")), text("x"))),
        "pickle-runs-code",
        "critical",
    ),
    "dotted": (
        stream(text("pathlib"), text("os.system"), "STACK_GLOBAL", text("x"), "TUPLE1", "REDUCE"),
        "pickle-runs-code",
        "critical",
    ),
    "unknown resolver": (
        stream(call(named("gadget.kit", "find"), text("os:system"))),
        "pickle-sink-string",
        "critical",
    ),
    "methodcaller": (
        stream(call(named("operator", "methodcaller"), text("system"), text("x"))),
        "pickle-sink-string",
        "critical",
    ),
    "extension": (
        stream(call(named("copyreg", "add_extension"), text("os"), text("system"), op("BININT1", 9)), op("EXT1", 9)),
        "pickle-extension",
        "high",
    ),
    "module dictionary": (
        stream(named("sys", "modules"), text("json"), "NONE", "SETITEM"),
        "pickle-mutates-global",
        "critical",
    ),
    "partial": (
        stream(call(named("functools", "partial"), named("os", "system"), text("x"))),
        "pickle-runs-code",
        "critical",
    ),
    "nested": (
        stream(call(named("pickle", "loads"), op("BINBYTES", system()))),
        "pickle-runs-code",
        "critical",
    ),
    "broken behind the payload": (
        asm(op("PROTO", 4), call(named("my.gadget", "go"), text("x")), b"\xff\xff"),
        "pickle-broken",
        "high",
    ),
    "second stream": (pickle.dumps({"a": 1}) + system(), "pickle-runs-code", "critical"),
    "scanner": (stream(named("modelscan.settings", "DEFAULT_SETTINGS")), "pickle-tampers-scanner", "critical"),
    "deferred": (stream(call(named("weakref", "finalize"), text("x"))), "pickle-resolves-names", "high"),
    "file": (stream(call(named("_io", "FileIO"), text("/tmp/x"), text("w"))), "pickle-reaches-out", "high"),
    "hidden codec": (
        stream(call(named("_codecs", "encode"), text("flfgrz"), text("rot13"))),
        "pickle-resolves-names",
        "high",
    ),
}


@pytest.mark.parametrize(("data", "rule", "severity"), ATTACKS.values(), ids=ATTACKS)
def test_an_attack_is_found(data, rule, severity):
    assert (rule, severity) in rules(data)


def test_a_computed_name_is_found():
    name = call(named("my.text", "make"), text("x"))
    found = rules(stream(text("os"), name, "STACK_GLOBAL", text("x"), "TUPLE1", "REDUCE"))
    assert ("pickle-dynamic-global", "critical") in found
    assert ("pickle-computed-call", "high") in found


def test_a_pickle_under_the_name_of_safetensors_is_found():
    assert ("file-type-mismatch", "high") in rules(pickle.dumps({"a": 1}), "model.safetensors")


HONEST = [
    {"a": [1, 2.5, None, True, "text", b"bytes", (1, 2)], "b": {1, 2}, "c": frozenset("x")},
    OrderedDict(a=1),
    defaultdict(list, a=[1]),
    datetime(2026, 1, 1, tzinfo=UTC),
    Decimal("1.5"),
    UUID(int=7),
    PurePosixPath("a/b"),
    bytearray(b"x"),
    1 + 2j,
    range(3),
    slice(1, 2),
    ValueError("x"),
]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("value", HONEST, ids=lambda value: type(value).__name__)
def test_honest_values_make_no_finding(value, protocol):
    findings, read = audit(pickle.dumps(value, protocol))
    assert findings == ()
    assert complete(read.facts, read.account)


@pytest.mark.parametrize("path", sorted(path for path in DATA.iterdir() if path.is_file()), ids=lambda path: path.name)
def test_files_that_torch_wrote_make_no_finding(path):
    findings, read = audit(path.read_bytes(), path.name)
    assert findings == ()
    assert complete(read.facts, read.account) or read.format == "torch.script"
