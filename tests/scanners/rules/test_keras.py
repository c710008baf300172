"""Every sample of an attack on Keras gets its verdict, what comes near does not, and honest models stay quiet."""

import base64
import json
from pathlib import Path

import pytest

from scanners.facts import Reference, Unread
from scanners.findings import SEVERITIES
from scanners.judge import judge
from scanners.rules.keras_rules import REACH_HDF5
from scanners.rules.policy import Policy
from tests.craft.attacks_keras import KERAS_ATTACKS, NEAR_MISSES
from tests.craft.keras import (
    EVIL,
    as_json,
    code,
    encoded,
    function,
    keras_zip,
    lambda_code,
    model,
    old,
    old_lambda,
    thing,
)
from tests.craft.reading import scan
from tests.craft.table import said

DATA = Path(__file__).parents[2] / "data"
ALL = [attack for group in KERAS_ATTACKS.values() for attack in group]


@pytest.mark.parametrize("attack", [pytest.param(attack, id=attack.label) for attack in ALL])
def test_an_attack_gets_its_verdict(attack):
    verdict, findings = said(attack.data, attack.name)
    assert verdict == attack.verdict
    weights = [SEVERITIES.index(finding.severity) for finding in findings if finding.rule == attack.rule]
    assert max(weights, default=-1) >= SEVERITIES.index(attack.severity)


def test_samples_are_told_apart():
    labels = [attack.label for attack in ALL]
    assert sorted(labels) == sorted(set(labels))


@pytest.mark.parametrize("near", NEAR_MISSES)
def test_what_comes_near_is_not_taken_for_it(near):
    rule, document = NEAR_MISSES[near]
    data = as_json(document)
    _, findings = said(data, "config.json" if data[:1] == b"{" else "model.yaml")
    assert [finding for finding in findings if finding.rule == rule] == []


@pytest.mark.parametrize("path", sorted((DATA / "keras").glob("*.*")), ids=lambda path: path.name)
def test_honest_models_are_clean_and_harmless_lambdas_medium(path):
    verdict, findings = said(path.read_bytes(), path.name)
    if "lambdas" in path.name:
        assert [(finding.rule, finding.severity) for finding in findings] == [("keras-lambda", "medium")]
        assert findings[0].evidence["layers"] >= 5
    else:
        assert verdict == "clean"
        assert {finding.rule for finding in findings} <= {"keras-custom"}


@pytest.mark.parametrize("path", sorted((DATA / "marshal").glob("*.marshal")), ids=lambda path: path.name)
def test_code_of_every_python_is_read_in_both_spellings(path):
    text = base64.encodebytes(path.read_bytes()).decode()
    for layer in (thing("Lambda", function=code(text)), old_lambda(text)):
        verdict, findings = said(as_json(model(layer)), "config.json")
        assert verdict == "malicious"
        assert [finding.severity for finding in findings] == ["critical"]
        assert "system" in findings[0].message


def test_what_the_code_does_is_said_in_words():
    _, (finding,) = said(as_json(model(thing("Lambda", function=code(EVIL)))), "config.json")
    assert finding.message.startswith("a Lambda layer runs code which calls __import__('os').system('echo ")
    assert "uses __import__, os, system" in finding.message
    assert finding.member == "config/layers/0/config/function/config/code"


def test_a_call_is_told_with_its_arguments():
    layer = thing("Lambda", function=function("get_file", "keras.utils"), arguments={"origin": "http://x/y"})
    _, findings = said(as_json(model(layer)), "config.json")
    assert findings[0].message == "loading calls keras.utils.get_file(inputs, origin='http://x/y')"
    assert findings[0].evidence["callee"] == "keras.utils.get_file"


def test_a_finding_says_which_releases_it_reaches_and_which_wrote_it():
    _, findings = said(keras_zip(model(thing("Lambda", function=function("system", "os")))), "model.keras")
    (finding,) = (finding for finding in findings if finding.rule == "keras-module")
    assert finding.evidence["reach"] == "3.0 to 3.8 (CVE-2025-1550)"
    assert finding.evidence["written_by"] == "3.8.0"


def test_in_hdf5_nobody_looks_at_safe_mode():
    content = (DATA / "keras" / "keras2-lambdas.h5").read_bytes()
    _, (finding,) = said(content, "model.h5")
    assert finding.evidence["reach"].startswith(REACH_HDF5)
    assert finding.evidence["written_by"] == "2.15.0"
    _, (finding,) = said((DATA / "keras" / "keras3-lambdas.keras").read_bytes(), "model.keras")
    assert REACH_HDF5 not in finding.evidence["reach"]
    assert finding.evidence["written_by"] == "3.15.1"


def test_code_that_no_reader_knows_is_high_and_incomplete():
    outcome = scan(as_json(model(thing("Lambda", function=code("AAAA" * 9)))), "config.json")
    assert [fact.reason for fact in outcome.facts if isinstance(fact, Unread)] == ["broken"]


def test_nesting_that_the_parser_gives_up_on_is_incomplete_and_never_clean():
    deep = '{"a":' * 50_000 + "1" + "}" * 50_000
    for name in ("config.json", "model_config"):
        verdict, _ = said(deep.encode(), name)
        assert verdict == "incomplete"


def test_a_text_that_is_no_utf_8_is_read_all_the_same():
    data = as_json(model(thing("Lambda", function=code(), name="x"))).replace(b'"x"', b'"\xff"')
    verdict, findings = said(data, "model_config")
    assert verdict == "malicious"
    assert "keras-lambda" in {finding.rule for finding in findings}


def test_every_name_can_be_hunted():
    outcome = scan(as_json(model(thing("Dense"), thing("Evil", "pkg.mod"), old("Mine>Thing"))), "config.json")
    asked = {(fact.module, fact.name) for fact in outcome.facts if isinstance(fact, Reference)}
    assert asked == {("keras", "Sequential"), ("keras.layers", "Dense"), ("pkg.mod", "Evil"), ("", "Mine>Thing")}


def test_a_pattern_of_one_name_is_told_once_for_each_package():
    layers = [thing(f"Layer{number}", "somewhere") for number in range(20)]
    _, findings = said(as_json(model(*layers)), "config.json")
    assert [(finding.rule, finding.severity, finding.evidence["names"]) for finding in findings] == [
        ("keras-module", "medium", 20)
    ]


def test_a_flood_of_lambdas_is_told_together_and_the_worst_of_them_by_itself():
    layers = [thing("Lambda", function=code(encoded(lambda_code(f"helper{number}")))) for number in range(100)]
    _, findings = said(as_json(model(*layers, thing("Lambda", function=code()))), "config.json")
    assert [finding.severity for finding in findings] == ["critical"] + ["high"] * 17
    assert sum(finding.evidence["layers"] for finding in findings) == 101


def test_the_users_own_policy_is_heard():
    outcome = scan(as_json(model(thing("Layer", "mine.layers"), thing("Dense"))), "config.json")
    policy = Policy.default().extended(
        allow=[("mine.layers.Layer", "ours")], deny=[("keras.layers.Dense", "not in this house")]
    )
    findings = judge(outcome.facts, path="config.json", format="json", policy=policy)
    assert [(finding.severity, finding.evidence["callee"]) for finding in findings] == [("high", "keras.layers.Dense")]


def test_harmless_names_beside_an_unknown_one_weigh_as_the_unknown_one():
    text = encoded(lambda_code("K", "mean", "phone_home"))
    _, (finding,) = said(as_json(model(thing("Lambda", function=code(text)))), "config.json")
    assert finding.severity == "high"
    assert "phone_home" in finding.message


def test_a_model_that_tensorflow_js_keeps_as_text_is_read():
    document = {"format": "layers-model", "modelTopology": json.dumps(json.dumps(model(thing("Dense"))))}
    verdict, findings = said(as_json(document), "model.json")
    assert (verdict, findings) == ("clean", ())
