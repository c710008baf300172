"""Classes that a file may only make bare: by their state, and not by their constructor."""

import pytest

from scanners.findings import SEVERITIES
from scanners.judge import judge
from scanners.rules.policy import Policy
from scanners.rules.policy_instances import BARE
from scanners.rules.policy_names import canonical_path
from tests.craft.pickles import asm, named, op, text
from tests.craft.reading import scan

POLICY = Policy.default()


def found(*parts):
    outcome = scan(asm(op("PROTO", 4), *parts, "STOP"), "model.pkl")
    return judge(outcome.facts, path="model.pkl", format=outcome.format, policy=POLICY)


def pair(name):
    module, _, attribute = name.rpartition(".")
    return named(module, attribute)


JOBLIB = [name for name in BARE if name.startswith("joblib.")]
"""Those load a file that their state names, which is told apart."""


@pytest.mark.parametrize("name", sorted(BARE.difference(JOBLIB)))
def test_an_instance_that_is_made_bare_is_quiet(name):
    state = ("EMPTY_DICT", "MARK", op("SHORT_BINUNICODE", "lr"), op("BININT1", 1), "SETITEMS", "BUILD")
    assert found(pair(name), "EMPTY_TUPLE", "NEWOBJ", *state) == ()


@pytest.mark.parametrize("name", sorted(JOBLIB))
def test_what_stands_for_an_array_in_another_file_weighs_what_the_file_does(name):
    state = ("EMPTY_DICT", "MARK", text("filename"), text("model.pkl_01.npy"), "SETITEMS", "BUILD")
    assert [(f.rule, f.severity) for f in found(pair(name), "EMPTY_TUPLE", "NEWOBJ", *state)] == [
        ("joblib-external-file", "medium")
    ]


@pytest.mark.parametrize("base", ["object", "type"])
@pytest.mark.parametrize("name", ["xgboost.core.Booster", "transformers.training_args.TrainingArguments"])
def test_an_instance_is_bare_where_no_constructor_runs(name, base):
    made = found(named("copy_reg", "_reconstructor"), pair(name), named("builtins", base), "NONE", "TUPLE3", "REDUCE")
    assert [f.severity for f in made] == ([] if base == "object" else ["high"])


@pytest.mark.parametrize("name", sorted(BARE))
def test_a_call_of_the_class_is_what_its_constructor_can_do(name):
    module, _, attribute = name.rpartition(".")
    least = SEVERITIES.index(POLICY.decide(module, attribute).severity)
    argument = op("SHORT_BINUNICODE", "config.json")
    partial = (named("functools", "partial"), pair(name), "TUPLE1", "REDUCE", argument, "TUPLE1", "REDUCE")
    rebuilt = (named("torch._tensor", "_rebuild_from_type_v2"), "MARK", pair(name), pair(name), argument, "TUPLE1")
    for call in (
        (pair(name), argument, "TUPLE1", "REDUCE"),
        (pair(name), "EMPTY_TUPLE", "REDUCE"),
        (pair(name), argument, "TUPLE1", "NEWOBJ"),
        partial,
        (*rebuilt, "NONE", "TUPLE", "REDUCE"),
    ):
        assert SEVERITIES.index(found(*call)[0].severity) >= least >= SEVERITIES.index("high")


def test_the_names_are_written_in_their_canonical_spelling():
    assert [name for name in BARE if canonical_path(name) != name] == []
