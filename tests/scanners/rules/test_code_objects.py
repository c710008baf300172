"""Code that travels in files: honest functions stay quiet, and nothing that loading runs goes unsaid."""

import marshal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.binary.carried_code import Carried
from scanners.binary.pickle_lexer import Payload
from scanners.binary.pickle_values import Global, Mapping
from scanners.budget import Budget, Limits
from scanners.facts import Call, Code, Unread
from scanners.findings import SEVERITIES
from scanners.judge import complete, judge
from scanners.registry import SCANNERS
from scanners.routing import Router, scan_blob
from scanners.rules.policy import Policy
from scanners.scanner import Scan
from scanners.source import BytesSource
from tests.craft.carried import code, constant, empty, filled, function, made, mapping, number, several, skeleton
from tests.craft.pickles import asm, call, named, op, text

DATA = Path(__file__).parents[2] / "data" / "code"
FILES = sorted(DATA.glob("*-*.pkl"))
WORST = {
    "lambda": "low",
    "constant": "low",
    "linear": "low",
    "class": "medium",
    "instance": "medium",
    "system": "high",
    "restored": "critical",
    "new": "critical",
}


def audit(data, path="model.pkl"):
    read = scan_blob(BytesSource(data), path, Limits())
    return judge(read.facts, path=path, format=read.format, policy=Policy.default()), read


def stream(*parts):
    return asm(op("PROTO", 4), *parts, "STOP")


def found(*parts):
    findings, read = audit(stream(*parts))
    assert complete(read.facts, read.account)
    return {(finding.rule, finding.severity) for finding in findings}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_cloudpickle_and_dill_wrote_weighs_what_it_does(path):
    findings, read = audit(path.read_bytes())
    assert complete(read.facts, read.account)
    kind = path.stem.rpartition("-")[2]
    assert findings[0].severity == WORST[kind]
    rules = {finding.rule for finding in findings if finding.severity == WORST[kind]}
    assert rules == {"pickle-runs-own-code" if WORST[kind] == "critical" else "pickle-code-object"} | (
        rules & {"pickle-unknown-import"}
    )


def test_a_traced_module_is_told_by_what_its_source_names():
    findings, read = audit((DATA / "fx.pt").read_bytes(), "fx.pt")
    assert complete(read.facts, read.account)
    (source,) = [fact for fact in read.facts if isinstance(fact, Code)]
    assert source.kind == "python"
    assert {"torch.relu", "torch.nn.functional.softmax"} <= set(source.names)
    assert ("pickle-runs-source", "medium") in {(finding.rule, finding.severity) for finding in findings}
    assert findings[0].severity == "medium"


SETSTATE = {"__setstate__": function("mean", name="__setstate__")}
PUT_OFF = asm(skeleton(), op("BINPUT", 9), "POP")
CLASS = op("BINGET", 9)
RUNS = {
    "a function": call(function(), number(1)),
    "a function of a vendored copy": call(
        call(named("joblib.externals.cloudpickle.cloudpickle", "_make_function"), code(), "EMPTY_DICT"), number(1)
    ),
    "a function by its type": call(
        call(call(named("dill._dill", "_load_type"), text("FunctionType")), code("mean"), "EMPTY_DICT"), number(1)
    ),
    "a function by the type of another": call(call(call(named("builtins", "type"), function()), code("mean"), "EMPTY_DICT")),
    "a bound method": call(call(call(named("dill._dill", "_load_type"), text("MethodType")), function("x"), number(1))),
    "a partial": call(call(named("functools", "partial"), function("mean"))),
    "a function that was filled": call(
        call(named("cloudpickle.cloudpickle", "_fill_function"), function("mean"), "EMPTY_DICT")
    ),
    "a class with __setstate__": made(filled(skeleton(), **SETSTATE)),
    "a class with a wrapped __new__": made(
        filled(skeleton(), __new__=call(named("builtins", "staticmethod"), function("mean")))
    ),
    "a class that is called and has __init__": call(filled(skeleton(), __init__=function("mean"))),
    "a class that inherits": made(skeleton(filled(skeleton(), **SETSTATE))),
    "a class that dill made": made(
        call(
            named("dill._dill", "_create_type"),
            call(named("dill._dill", "_load_type"), text("type")),
            text("A"),
            several(named("builtins", "object")),
            mapping(**SETSTATE),
        )
    ),
    "an instance by copyreg": call(named("copyreg", "__newobj__"), filled(skeleton(), **SETSTATE)),
    "a method put on afterwards": asm(
        PUT_OFF, asm(CLASS, empty(), "NEWOBJ"), op("BINPUT", 1), "POP", filled(CLASS, **SETSTATE), "POP",
        op("BINGET", 1), "EMPTY_DICT", "BUILD",
    ),
    "a method put on by setattr": asm(
        PUT_OFF, call(named("builtins", "setattr"), CLASS, text("__setstate__"), function("mean")), "POP",
        made(CLASS),
    ),
    "a method put on by BUILD": asm(
        PUT_OFF, CLASS, "NONE", mapping(**SETSTATE), "TUPLE2", "BUILD", "POP", made(CLASS)
    ),
    "a metaclass": skeleton(metaclass=filled(skeleton(), __new__=function("mean"))),
    "a base that is told of heirs": skeleton(filled(skeleton(), __init_subclass__=function("mean"))),
    "a function for a metaclass": skeleton(metaclass=function("mean")),
    "an instance that is called": call(made(filled(skeleton(), __call__=function("mean")))),
    "a method by name": call(
        call(named("builtins", "getattr"), made(filled(skeleton(), run=function("mean"))), text("run"))
    ),
    "a method by methodcaller": call(
        call(named("operator", "methodcaller"), text("run")), made(filled(skeleton(), run=function("mean")))
    ),
    "items set": asm(
        made(filled(skeleton(), __setitem__=function("mean"))), "MARK", number(1), number(2), "SETITEMS"
    ),
    "elements appended": asm(made(filled(skeleton(), append=function("mean"))), number(1), "APPEND"),
    "a class of which not all is known": made(
        filled(skeleton(), **{f"_{at}": number(1) for at in range(70)}, **SETSTATE)
    ),
    "a class of another's members": made(
        call(named("cloudpickle.cloudpickle", "_rehydrate_skeleton_class"), skeleton(), mapping(**SETSTATE))
    ),
}  # fmt: skip


@pytest.mark.parametrize("parts", RUNS.values(), ids=RUNS.keys())
def test_code_that_loading_runs_is_critical(parts):
    rules = found(parts)
    assert ("pickle-runs-own-code", "critical") in rules or ("pickle-runs-own-code", "medium") in rules
    assert ("pickle-runs-own-code", "critical") in rules or b"mean" not in parts


KEPT = {
    "a function": function("mean"),
    "a class": filled(skeleton(), **SETSTATE),
    "an instance of a plain class": made(filled(skeleton(), __init__=function("mean"), forward=function("x"))),
    "a class whose method has that name only inside": made(filled(skeleton(), forward=function(name="__setstate__"))),
    "the type of a function": call(named("builtins", "type"), function("mean")),
    "a list of functions": asm("EMPTY_LIST", function("mean"), "APPEND"),
    "members of another class": asm(filled(skeleton(), **SETSTATE), "POP", made(skeleton())),
}


@pytest.mark.parametrize("parts", KEPT.values(), ids=KEPT.keys())
def test_code_that_is_only_kept_is_not(parts):
    assert "pickle-runs-own-code" not in {rule for rule, _ in found(parts)}


@pytest.mark.parametrize(
    ("parts", "severity"),
    [
        (function(), "low"),
        (function("mean"), "medium"),
        (function("os", "system"), "high"),
        (function("os", "path", "basename"), "medium"),
        (function("os", "environ", "get"), "medium"),
        (function("os", "path", "remove"), "high"),
        (function("os", "path", "getattr"), "high"),
        (function("os", "path", "open"), "high"),
        (function("os", "path", constants=several("NONE", several(text("fork")))), "high"),
        (function("os", "path", *(f"n{at}" for at in range(200)), "remove"), "high"),
        (function(*(f"n{at}" for at in range(200)), "popen"), "high"),
        (function("len", constants=several("NONE", text("os.system"))), "high"),
        (function("len", constants=several("NONE", several(several(text("subprocess.Popen"))))), "high"),
        (function(instructions=b"\x97\x00d\x09S\x00"), "medium"),
        (function(constants=several(named("builtins", "len"))), "medium"),
        (function(constants=several("NONE", code("exec"))), "high"),
        (function(counts=(1, 0, 1, 1, 3), qualified=False, instructions=b"d\x01S\x00"), "low"),
        (function(counts=(1, 0, 0, 1, 1, 3), qualified=False, instructions=b"d\x01S\x00"), "low"),
        (function(counts=(1, 1, 1, 3), qualified=False), "medium"),
        (function(instructions=b"d\x01S\x00" * 60 + b"x"), "medium"),
    ],
)
def test_code_weighs_by_what_it_names(parts, severity):
    assert {s for rule, s in found(parts) if rule == "pickle-code-object"} == {severity}


@pytest.mark.parametrize(
    ("kept", "severity"),
    [
        (call(named("cloudpickle.cloudpickle", "subimport"), text("inspect")), "medium"),
        (call(named("cloudpickle.cloudpickle", "subimport"), text("os")), "medium"),
        (named("dataclasses", "make_dataclass"), "medium"),
        (named("os", "system"), "critical"),
        (named("shutil", "rmtree"), "high"),
        (named("types", "FunctionType"), "critical"),
        (call(named("my.tools", "run"), named("dataclasses", "make_dataclass")), "critical"),
    ],
    ids=range(7),
)
def test_a_name_beside_a_function_may_be_one_of_its_globals(kept, severity):
    assert max((weight for _, weight in found(function("mean"), "POP", kept)), key=SEVERITIES.index) == severity


def test_without_a_function_a_name_that_is_kept_weighs_what_it_can_do():
    assert ("pickle-runs-code", "critical") in found(named("dataclasses", "make_dataclass"))
    assert ("pickle-runs-code", "critical") in found(call(named("cloudpickle.cloudpickle", "subimport"), text("os")))


def test_code_whose_names_are_computed_cannot_be_read_and_is_high():
    names = call(named("builtins", "tuple"), asm("EMPTY_LIST"))
    made_of = call(
        call(named("cloudpickle.cloudpickle", "_builtin_type"), text("CodeType")),
        *map(number, (1, 0, 0, 1, 1, 3)), constant(b"d\x01S\x00"), empty(), names, empty(), text("x"), text("f"),
    )  # fmt: skip
    assert ("pickle-code-object", "high") in found(made_of)


def test_what_changes_a_class_that_the_file_did_not_make_is_critical():
    assert ("pickle-code-object", "critical") in found(filled(named("torch.nn", "Module"), forward=function("mean")))
    assert found(filled(skeleton(), forward=function("mean"))) == {("pickle-code-object", "medium")}


def test_a_state_with_a_method_of_its_own_is_told():
    instance = asm(named("__main__", "A"), empty(), "NEWOBJ")
    assert ("pickle-resolves-names", "high") in found(instance, mapping(**SETSTATE), "BUILD", "EMPTY_DICT", "BUILD")
    assert "pickle-resolves-names" not in {
        rule for rule, _ in found(instance, mapping(forward=function("mean")), "BUILD", text("__setstate__"), "POP")
    }


def test_all_names_of_a_function_are_stated_in_as_many_facts_as_it_takes():
    _, read = audit(stream(function(*(f"n{at}" for at in range(150)))))
    facts = [fact for fact in read.facts if isinstance(fact, Code)]
    assert [len(fact.names) for fact in facts] == [64, 64, 22]
    assert len({fact.digest for fact in facts}) == 1


def test_names_that_are_handed_to_code_are_stated():
    _, read = audit(stream(function(constants=several(named("posix", "system")))))
    assert ("pickle-runs-code", "critical") in {
        (f.rule, f.severity) for f in judge(read.facts, path="", format="pickle", policy=Policy.default())
    }


# --- torch.fx -------------------------------------------------------------------------------------------------------


def fx(body, imports="import torch\n"):
    given = text(imports) if isinstance(imports, str) else imports
    return call(named("torch.fx.graph_module", "reduce_graph_module"), body, given)


FORWARD = "def forward(self, x):\n    return {}\n"


@pytest.mark.parametrize(
    ("body", "imports", "severity"),
    [
        (mapping(_code=text(FORWARD.format("torch.relu(x)"))), "import torch\n", "medium"),
        (mapping(code=text(FORWARD.format("x + 1"))), "import torch\n", "medium"),
        (mapping(_code=text(""), code=text(FORWARD.format("o.system('id')"))), "import os as o\n", "critical"),
        (mapping(_code=text(FORWARD.format("x"))), "from subprocess import run\nrun('id')\n", "critical"),
        (mapping(_code=text(FORWARD.format("torch.hub.load('a/b', 'c')"))), "import torch\n", "critical"),
        (mapping(_code=text(FORWARD.format("x.__class__.__base__"))), "import torch\n", "high"),
    ],
)
def test_source_that_is_executed_weighs_by_what_it_names(body, imports, severity):
    assert {s for rule, s in found(fx(body, imports)) if rule == "pickle-runs-source"} == {severity}


@pytest.mark.parametrize(
    "parts",
    [
        fx(mapping(other=text("x"))),
        fx(named("my.pkg", "BODY")),
        fx(mapping(_code=named("my.pkg", "CODE"))),
        fx(mapping(_code=text(FORWARD)), named("my.pkg", "IMPORTS")),
        fx(mapping(**{f"a{at}": number(1) for at in range(70)}, _code=text(FORWARD))),
    ],
)
def test_source_that_cannot_be_told_is_critical(parts):
    assert ("pickle-runs-code", "critical") in found(parts)


def test_source_that_does_not_parse_is_unread_and_critical():
    findings, read = audit(stream(fx(mapping(_code=text("def forward(")))))
    assert findings[0].severity == "critical"
    assert not complete(read.facts, read.account)


# --- marshal data ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loader", [("marshal", "loads"), ("dill._dill", "_unmarshal")])
def test_marshal_data_in_a_constant_are_read(loader):
    data = marshal.dumps(compile("import os\nos.system('nothing')", "x", "exec"))
    findings, read = audit(stream(call(named(*loader), constant(data))))
    (fact,) = [fact for fact in read.facts if isinstance(fact, Code)]
    assert (fact.kind, fact.names) == ("marshal", ("os", "system"))
    assert fact.member.startswith("constant@")
    assert findings[0].severity == "critical"
    assert any(isinstance(fact, Call) for fact in read.facts)


def test_what_is_no_marshal_data_is_unread():
    _, read = audit(stream(call(named("marshal", "loads"), constant(b"\0no marshal data at all"))))
    assert any(isinstance(fact, Unread) for fact in read.facts)


@pytest.mark.parametrize("known", [True, False])
def test_long_constants_are_read_where_the_bytes_of_the_pickle_are_at_hand(known):
    source = FORWARD.format("x" + "\n    x = torch.relu(x)" * 4000).encode()
    data = marshal.dumps(compile("import os\nos.system('nothing')", "x", "exec"))
    bytes_ = BytesSource(source + data)
    scan = Scan(bytes_.size, Budget(Limits()), route=Router(SCANNERS).route)
    carried = Carried(scan, bytes_ if known else None)
    body = Mapping()
    body.extend(["_code", Payload(text=True, offset=0, length=len(source))])
    fx_call = Global("torch.fx.graph_module", "reduce_graph_module"), (body, "import torch\n")
    assert (carried.call(*fx_call, "REDUCE", 7) is not None) == known
    code_of_module = Payload(text=False, offset=len(source), length=len(data))
    assert carried.call(Global("marshal", "loads"), (code_of_module,), "REDUCE", 9) is None
    stated = {fact.kind: fact.names for fact in scan.facts if isinstance(fact, Code)}
    assert stated.keys() == ({"python", "marshal"} if known else set())
    assert not known or ("torch.relu" in stated["python"] and stated["marshal"] == ("os", "system"))


# --- damage ---------------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(FILES),
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 255)), max_size=3),
    st.integers(1, 900),
)
def test_damaged_files_are_read_to_an_outcome_and_cut_ones_are_never_clean(path, changes, stop):
    data = bytearray(path.read_bytes())
    cut = data[: min(stop, len(data) - 1)]
    for place, value in changes:
        data[place % len(data)] = value
    audit(bytes(data))
    findings, read = audit(bytes(cut))
    assert findings or not complete(read.facts, read.account)
