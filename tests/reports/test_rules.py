"""What `audit rules` says: when each rule's finding takes effect, an example, and what to do."""

import json

import pytest

from reports.rules import as_json, examples, explain, listing
from scanners.findings import Finding
from scanners.registry import RULES
from scanners.rules.triggers import TRIGGERS, of_finding, of_rule, siblings
from tests.craft.examples import examples as made


def test_no_rule_lacks_a_trigger_a_call_an_example_or_a_remedy():
    for rule in RULES:
        reach = of_rule(rule.id)
        assert reach.trigger in TRIGGERS
        assert reach.call, f"{rule.id}: scanners/rules/triggers.py does not say how it is reached"
        assert examples().get(rule.id), f"{rule.id} has no example: run `make docs`"
        assert rule.remedy


def test_the_examples_are_what_the_rules_say():
    assert examples() == made(), "run `make docs`"


def test_the_list_has_every_rule_with_all_of_it():
    text = listing(RULES)
    assert text.count("\n") == 3 * len(RULES)
    told = json.loads(as_json(RULES))
    assert {one["id"] for one in told} == {rule.id for rule in RULES}
    assert list(told[0]) == ["id", "severity", "trigger", "reach", "title", "why", "example", "remedy", "references"]
    assert [one["severity"] for one in told] == sorted(
        (one["severity"] for one in told), key=["critical", "high", "medium", "low"].index
    )
    for rule in RULES:
        assert f"For example\n{examples()[rule.id]}" in explain(rule)


@pytest.mark.parametrize(
    ("rule", "fmt", "evidence", "reach"),
    [
        ("pickle-runs-code", "torch.zip", {}, ("load", "torch.load(weights_only=False)")),
        ("pickle-runs-code", "joblib", {}, ("load", "joblib.load")),
        ("pickle-runs-code", "pickle", {}, ("load", "pickle.load")),
        ("python-runs-programs", "python", {"when": "import"}, ("load", "from_pretrained(trust_remote_code=True)")),
        ("python-runs-programs", "python", {"when": "main"}, ("manual run", "python FILE")),
        ("python-runs-programs", "python", {"when": "call"}, ("inference", "calling what the module defines")),
        ("shell-stays", "shell", {"trigger": "build"}, ("build", "docker build, make, pip install")),
        ("shell-stays", "shell", {"trigger": "manual run"}, ("manual run", "sh FILE")),
        ("template-include", "jinja", {}, ("inference", "apply_chat_template")),
    ],
)
def test_a_finding_knows_when_and_how_it_takes_effect(rule, fmt, evidence, reach):
    assert of_finding(Finding(rule, "high", "m", evidence=evidence), fmt) == reach


@pytest.mark.parametrize(
    ("path", "other"),
    [
        ("pytorch_model.bin", "model.safetensors"),
        ("unet/diffusion_pytorch_model.bin", "unet/diffusion_pytorch_model.safetensors"),
        ("adapter_model.bin", "adapter_model.safetensors"),
        ("tf_model.h5", "model.safetensors"),
        ("v1.ckpt", "v1.safetensors"),
        ("pytorch_model-00001-of-00002.bin", "model.safetensors.index.json"),
    ],
)
def test_loaders_prefer_safetensors_to_weights_beside_them(path, other):
    assert other in siblings(path)


def test_what_is_no_weights_has_none_to_prefer():
    assert siblings("config.json") == siblings("model.safetensors") == ()
