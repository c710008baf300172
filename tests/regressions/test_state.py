"""What BUILD does beyond setting attributes: allowed names alone must not make code run."""

import pytest

from scanners.budget import Limits
from scanners.facts import Call
from scanners.findings import verdict
from scanners.judge import complete, judge
from scanners.routing import scan_blob
from scanners.rules.policy import Policy
from scanners.source import BytesSource
from tests.craft.pickles import HARMLESS, asm, call, named, op, text

GETATTR = named("builtins", "getattr")
PATH = call(named("pathlib", "Path"), text("/nowhere"))
PARSER = """
def _parse_args(self, a, b, loc=0, scale=1):
    return (a, b), loc, scale

def _parse_args_rvs(self, a, b, loc=0, scale=1, size=None):
    return self._argcheck_rvs(a, b, loc, scale, size=size)

def _parse_args_stats(self, a, b, loc=0, scale=1, moments='mv'):
    return (a, b), loc, scale, moments
"""


def scanned(*parts):
    return scan_blob(BytesSource(asm(op("PROTO", 4), *parts, "STOP")), "model.pkl", Limits())


def judged(*parts):
    outcome = scanned(*parts)
    findings = judge(outcome.facts, path="model.pkl", format=outcome.format, policy=Policy.default())
    return verdict({f.severity for f in findings}, complete=complete(outcome.facts, outcome.account))


def rewired(callee, arguments, made):
    """A partial of something harmless that BUILD makes one of `callee`, called."""
    start = asm(named("functools", "partial"), named("collections", "OrderedDict"), "TUPLE1", made)
    return asm(start, "MARK", callee, arguments, "EMPTY_DICT", "NONE", "TUPLE", "BUILD", "EMPTY_TUPLE", "REDUCE")


@pytest.mark.parametrize("made", ["REDUCE", "NEWOBJ"])
def test_a_partial_is_what_its_state_says(made):
    space = rewired(GETATTR, asm(named("logging", "getLogger"), text("__globals__"), "TUPLE2"), made)
    get = rewired(GETATTR, asm(space, text("get"), "TUPLE2"), made)
    module = rewired(get, asm(text("os"), "TUPLE1"), made)
    system = rewired(GETATTR, asm(module, text("system"), "TUPLE2"), made)
    assert judged(rewired(system, asm(text(HARMLESS), "TUPLE1"), made)) == "malicious"


def test_an_honest_partial_stays_clean():
    relu = named("torch.nn.functional", "relu")
    state = asm("MARK", relu, "EMPTY_TUPLE", "EMPTY_DICT", text("inplace"), "NEWTRUE", "SETITEM", "NONE", "TUPLE")
    assert judged(named("functools", "partial"), relu, "TUPLE1", "REDUCE", state, "BUILD") == "clean"


def distribution(*texts, padding=0):
    entries = [asm(text(f"k{n}"), "NONE", "SETITEM") for n in range(padding)]
    entries += [asm(text("_parse_arg_template"), op("BINUNICODE", each), "SETITEM") for each in texts]
    return asm(
        named("scipy.stats._continuous_distns", "beta_gen"), "EMPTY_TUPLE", "NEWOBJ", "EMPTY_DICT", *entries, "BUILD"
    )


def test_a_text_that_a_class_executes_is_read():
    assert judged(distribution(PARSER)) == "clean"
    attack = f"import os; os.system({HARMLESS!r})"
    assert judged(distribution(attack)) == "malicious"
    assert judged(distribution(PARSER + attack)) == "malicious"
    assert judged(distribution(PARSER), distribution(attack)) == "malicious"
    assert judged(distribution(attack, padding=70)) == "malicious"


def test_a_class_that_type_gave_is_not_the_streams_own():
    patch = asm("NONE", "EMPTY_DICT", text("__setstate__"), named("logging", "getLogger"), "SETITEM", "TUPLE2")
    assert judged(call(named("builtins", "type"), PATH), patch, "BUILD") == "malicious"


def test_an_examined_constant_answers_only_for_its_own_load():
    load = named("torch.storage", "_load_from_bytes")
    hidden = op("SHORT_BINBYTES", b"cposix\nsystem\n(S'" + HARMLESS.encode() + b"'\ntR.")
    examined = [op("SHORT_BINBYTES", b"\x80\x04]" + b"K\x01a" * n + b".") for n in (5, 6)]
    assert judged(call(load, examined[0])) == "clean"
    assert judged(call(load, hidden), call(load, *examined)) == "malicious"


def test_bytes_that_may_still_be_changed_are_no_constant():
    load = named("torch.storage", "_load_from_bytes")
    bent = asm(op("BYTEARRAY8", b"\x80\x04]" + b"K\x01a" * 9 + b"."), op("BININT1", 2), op("BININT1", 99), "SETITEM")
    assert judged(op("PROTO", 5), call(load, bent)) == "malicious"


def test_a_bound_method_is_judged_as_what_it_is():
    method = call(GETATTR, PATH, text("write_text"))
    assert judged(call(method, text("evil"))) == "malicious"


def test_a_formatter_walks_attributes():
    formatter = asm(named("string", "Formatter"), "EMPTY_TUPLE", "REDUCE")
    field = call(GETATTR, formatter, text("get_field"))
    walk = text("0.__globals__[os].system")
    assert judged(call(field, walk, asm(named("logging", "getLogger"), "TUPLE1"), "EMPTY_DICT")) == "malicious"


def test_many_honest_lookups_hide_none():
    honest = [asm(call(GETATTR, call(named("torch", "device"), text("cpu")), text(f"x{n}")), "POP") for n in range(300)]
    assert judged(*honest, call(GETATTR, call(GETATTR, PATH, text("__init__")), text("__globals__"))) == "malicious"


def test_a_long_name_keeps_its_end():
    name = ".".join(["torch.nn.functional"] * 40) + ".os.system"
    system = asm(text("torch.nn.functional"), op("BINUNICODE", name), "STACK_GLOBAL")
    assert judged(call(system, text(HARMLESS))) == "malicious"


def test_a_line_of_any_length_is_passed_over():
    line = b"V" + b"a" * (9 << 20) + b"\n0"
    outcome = scanned(line, call(named("posix", "system"), text(HARMLESS)))
    assert [fact.name for fact in outcome.facts if isinstance(fact, Call)] == ["system"]


def legacy(size):
    """A constant pickle of some length, as protocol 2 writes bytes: Latin-1 in a text."""
    text_of = (b"\x80\x02]" + b"K\xe9a" * size + b".").decode("latin-1")
    return call(named("_codecs", "encode"), op("BINUNICODE", text_of), text("latin1"))


@pytest.mark.parametrize("size", [9, 90_000])
def test_bytes_as_protocol_2_writes_them_are_examined_at_any_length(size):
    load = named("torch.storage", "_load_from_bytes")
    assert judged(op("PROTO", 2), call(load, legacy(size))) == "clean"


def test_a_text_is_not_what_it_encodes_to():
    load = named("torch.storage", "_load_from_bytes")
    shown = op("BINUNICODE", "\x80\x02N." + "x" * 90_000)
    assert judged(op("PROTO", 2), call(load, shown)) == "malicious"


def test_a_text_too_long_to_hold_is_no_constant():
    line = "V\x80\x02N.".encode("latin-1") + b"x" * (5 << 20) + b"\n"
    encoded = call(named("_codecs", "encode"), line, text("latin1"))
    assert judged(op("PROTO", 2), call(named("torch.storage", "_load_from_bytes"), encoded)) == "malicious"


EVALUATES = named("dill._dill", "_eval_repr")
BARE = call(named("types", "SimpleNamespace"))
FILLS = {"append": asm(text(HARMLESS), "APPEND"), "add": asm("MARK", text(HARMLESS), "ADDITEMS")}
COUNTED = [asm(text(f"key {i}"), "NONE", "SETITEM") for i in range(100)]


def entry(name, value=EVALUATES):
    return asm(text(name), value, "SETITEM")


@pytest.mark.parametrize("name", FILLS)
@pytest.mark.parametrize(
    "built",
    [
        lambda name: asm(BARE, "EMPTY_DICT", entry(name), "BUILD"),
        lambda name: asm(BARE, "MARK", text(name), EVALUATES, "DICT", "BUILD"),
        lambda name: asm(BARE, "NONE", "EMPTY_DICT", entry(name), "TUPLE2", "BUILD"),
        lambda name: asm(BARE, "EMPTY_DICT", *COUNTED, entry(name), "BUILD"),
        lambda name: asm(BARE, call(named("collections", "OrderedDict")), entry(name), "BUILD"),
        lambda name: asm(op("PERSID", "id"), "EMPTY_DICT", entry(name), "BUILD"),
        lambda name: asm(
            *(BARE, "EMPTY_DICT", call(named("builtins", "str"), call(named("collections", "UserString"), text(name)))),
            *(EVALUATES, "SETITEM", "BUILD"),
        ),
    ],
    ids=["a dict", "a dict at once", "slots", "many", "an ordered dict", "what a hook gives", "a computed name"],
)
def test_what_a_state_puts_for_a_method_that_fills_is_handed_over(built, name):
    assert judged(built(name), FILLS[name]) == "malicious"


def test_a_function_under_the_name_of_a_method_is_no_finding_where_it_only_computes():
    assert judged(BARE, "EMPTY_DICT", entry("add", named("operator", "add")), "BUILD") == "clean"
    assert judged(BARE, "EMPTY_DICT", entry("append", op("NEWTRUE")), "BUILD") == "clean"
    assert judged(BARE, "EMPTY_DICT", entry("other"), "BUILD") == "clean"
