"""Classes that execute a text of their state: the text is found in every way in which a state can be written."""

import pytest

from scanners.findings import SEVERITIES
from tests.craft.pickles import HARMLESS, asm, call, instance, named, op, stream, text
from tests.craft.table import said

BETA = named("scipy.stats._continuous_distns", "beta_gen")
PARSER = "def _parse_args(self, a, loc=0, scale=1):\n    return (a,), loc, scale\n"
ATTACK = f"print({HARMLESS!r})"
TABLE = named("statsmodels.base.data", "PandasData")


def entry(key, value):
    return asm(text(key), op("BINUNICODE", value), "SETITEM")


def mapping(*entries):
    return asm("EMPTY_DICT", *entries)


def pairs(*entries):
    """The state as a list of pairs, which `dict.update` takes too."""
    return asm(
        "EMPTY_LIST", "MARK", *(asm(text(key), op("BINUNICODE", value), "TUPLE2") for key, value in entries), "APPENDS"
    )


def worst(made, state):
    """How heavy loading it is, and not only its names: critical where a text is executed."""
    findings = [f for f in said(stream(made, state, "BUILD"), "model.pkl")[1] if "executes" in f.message]
    return max((f.severity for f in findings), key=SEVERITIES.index, default=None)


MADE = {
    "NEWOBJ": instance(BETA),
    "_reconstructor": call(named("copy_reg", "_reconstructor"), BETA, named("builtins", "object"), "NONE"),
    "__newobj__": call(named("copyreg", "__newobj__"), BETA),
}
HIDDEN = {
    "plain": mapping(entry("_parse_arg_template", ATTACK)),
    "behind an honest one": mapping(entry("_parse_arg_template", PARSER), entry("_parse_arg_template", ATTACK)),
    "in a list of pairs": pairs(("_parse_arg_template", ATTACK)),
    "beyond what is kept": mapping(*(entry(f"k{n}", "x") for n in range(80)), entry("_parse_arg_template", PARSER)),
    "under a key that is computed": mapping(asm(call(named("acme", "key")), op("BINUNICODE", ATTACK), "SETITEM")),
    "as a value that is computed": mapping(asm(text("_parse_arg_template"), call(named("acme", "value")), "SETITEM")),
}


@pytest.mark.parametrize("made", MADE.values(), ids=MADE)
@pytest.mark.parametrize("state", HIDDEN.values(), ids=HIDDEN)
def test_a_text_that_scipy_executes_is_found(made, state):
    assert worst(made, state) == "critical"


@pytest.mark.parametrize("made", MADE.values(), ids=MADE)
def test_what_scipy_writes_is_harmless(made):
    assert worst(made, mapping(entry("_parse_arg_template", PARSER), entry("name", "beta"))) is None


def test_the_state_of_scipy_before_1_6_updates_nothing():
    parameters = mapping(*(entry(name, "x") for name in ("name", "shapes", "xtol")))
    assert worst(MADE["NEWOBJ"], asm(parameters, "NONE", "TUPLE2")) is None
    assert worst(MADE["NEWOBJ"], asm(mapping(entry("a", "x"), entry("b", "x")), "NONE", "TUPLE2")) == "critical"


def formula(told, *, restored="restore_model_spec"):
    return worst(instance(TABLE), mapping(entry(restored, "x"), entry("formula", told)))


@pytest.mark.parametrize(
    "told", ["y ~ a", "y ~ C(a, Treatment('x')) + np.log(b) * c - 1", "y ~ I(a ** 2) + (b + c):d", "y ~ `a b`"]
)
@pytest.mark.parametrize("restored", ["restore_model_spec", "restore_design_info"])
def test_an_honest_formula_is_harmless(told, restored):
    assert formula(told, restored=restored) is None


@pytest.mark.parametrize(
    "told",
    [
        "y ~ open('x', 'w')",
        "y ~ eval(a)",
        "y ~ a.to_pickle('x')",
        "y ~ (lambda: a)()",
        "y ~ np.log(x)(a)",
        "y ~ a.__class__",
        "y ~ [a for a in b]",
        "y ~ C ('x') + exec ('x')",
        "y ~ " + "a + " * 200 + "a",
    ],
)
def test_a_formula_that_is_code_is_found(told):
    assert formula(told) == "critical"


def test_a_formula_that_is_not_evaluated_is_no_matter():
    assert formula("y ~ open('x')", restored="name") is None
