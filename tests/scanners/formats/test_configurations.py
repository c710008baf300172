"""What configurations of the Hub's libraries name, in JSON and in YAML alike."""

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.facts import Opens
from scanners.formats import json_document, text, yaml_document
from scanners.judge import complete, judge
from scanners.rules.policy import Policy
from tests.craft.reading import anomalies, referenced, scan, unread_reasons

SCANNERS = (json_document.SCANNER, yaml_document.SCANNER, text.SCANNER)

ASKS = {
    "attention": ({"_attn_implementation_internal": "org/kernel"}, "config-fetches-code", "critical"),
    "attention by backbone": ({"attn_implementation": {"": "org/kernel:f"}}, "config-fetches-code", "critical"),
    "attention, deep": ({"a": [{"text_config": {"_attn_implementation": "org/k@main"}}]}, "config-fetches-code", "critical"),
    "experts": ({"experts_implementation": "org/kernel"}, "config-fetches-code", "critical"),
    "mlx": ({"model_type": "llama", "model_file": "m.py"}, "config-model-file", "critical"),
    "sentence-transformers": ([{"idx": 0, "name": "0", "path": "", "type": "custom.Module"}], "config-module", "high"),
    "diffusers": (
        {"_class_name": "Pipe", "_diffusers_version": "0.30", "unet": ["mine", "UNet"]}, "config-library", "high",
    ),
    "a denied library": (
        {"_class_name": "Pipe", "_diffusers_version": "0.30", "unet": ["subprocess", "Popen"]}, "config-library", "critical",
    ),
    "a pipeline of the repository": (
        {"_class_name": ["pipeline", "Pipe"], "_diffusers_version": "0.30"}, "config-library", "medium",
    ),
    "PEFT": (
        {"auto_mapping": {"parent_library": "evil.pkg", "base_model_class": "M"}}, "config-parent-library", "medium",
    ),
    "Hydra": ({"model": {"_target_": "os.system", "_args_": ["id"]}}, "config-target", "critical"),
    "Hydra, two names at once": ({"_target_": "subprocess.Popen"}, "config-target", "critical"),
    "Lightning": ({"class_path": "os.system", "init_args": {"command": "id"}}, "config-target", "critical"),
    "latent diffusion": ({"target": "mine.Net", "params": {}}, "config-target", "medium"),
    "an environment": ({"x": "${oc.env:HF_TOKEN}"}, "config-interpolation", "high"),
    "a path": ({"vocab_file": "../../etc/passwd"}, "config-path", "medium"),
    "MMEngine": ({"custom_imports": {"imports": ["acme.hooks"], "allow_failed_imports": False}}, "config-target", "medium"),
    "MMEngine, a base": ({"_base_": ["../base.py", "https://203.0.113.7/base.py"]}, "config-path", "medium"),
    "a search path": ({"hydra": {"searchpath": ["pkg://acme.conf", "http://203.0.113.7/x"]}}, "config-path", "medium"),
    "a checkpoint elsewhere": ({"loadables": {"a": "b"}, "paths": {"a": "http://203.0.113.7/a.ckpt"}}, "config-path", "medium"),
    "a layer that is none": (
        {"nc": 1, "backbone": [[-1, 1, "os.system", ["id"]]], "head": [[-1, 1, "Detect", ["nc"]]]}, "config-target", "critical",
    ),
    "an address": ({"index_path": "http://203.0.113.7/a"}, "config-path", "medium"),
}  # fmt: skip
ORDINARY = {
    "a transformer": {
        "_name_or_path": "/home/me/model", "architectures": ["LlamaForCausalLM"], "attn_implementation": "flash_attention_2",
        "_attn_implementation": "sdpa", "model_type": "llama", "target": "x", "trust_remote_code": False, "tokenizer_file": "t.json",
    },
    "modules": [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    ],
    "a pipeline": {
        "_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.30", "unet": ["diffusers", "UNet2DConditionModel"],
        "text_encoder": ["transformers", "CLIPTextModel"], "safety_checker": [None, None], "size": [512, 512],
    },
    "a detector": {"nc": 80, "backbone": [[-1, 1, "Conv", [64, 3, 2]]], "head": [[-1, 1, "nn.Upsample", ["None", 2]]]},
    "MMEngine": {"_base_": ["../_base_/models/x.py"], "custom_imports": {"imports": ["mmdet.models"]}},
    "Hydra's own": {"hydra": {"searchpath": ["pkg://acme.conf"]}, "paths": {"docs": "https://example.com"}},
    "an adapter": {"auto_mapping": None, "base_model_name_or_path": "org/base", "peft_type": "LORA"},
    "Hydra": {"model": {"_target_": "torch.nn.Linear", "in": 1}, "root": "${oc.env:PROJECT_ROOT}", "a": "${model.in}"},
}  # fmt: skip


def read(data, name):
    return scan(data.encode() if isinstance(data, str) else data, name, scanners=SCANNERS)


def findings(outcome):
    found = judge(outcome.facts, path="model_index.json", format=outcome.format, policy=Policy.default())
    return [(finding.rule, finding.severity) for finding in found if finding.rule != "file-type-mismatch"]


def both(value):
    return [read(json.dumps(value), "config.json"), read(yaml.safe_dump(value, sort_keys=False), "config.yaml")]


@pytest.mark.parametrize(("value", "rule", "severity"), ASKS.values(), ids=ASKS)
def test_what_a_configuration_asks_for_is_found_in_either_notation(value, rule, severity):
    for outcome in both(value):
        assert findings(outcome) == [(rule, severity)]
        assert complete(outcome.facts, outcome.account)


@pytest.mark.parametrize("value", ORDINARY.values(), ids=ORDINARY)
def test_ordinary_configurations_are_clean(value):
    for outcome in both(value):
        assert findings(outcome) == []
        assert complete(outcome.facts, outcome.account)


def test_trust_weighs_in_a_model_and_hardly_in_a_training_run():
    in_json, in_yaml = both({"model": {"trust_remote_code": True}})
    assert findings(in_json) == [("config-trusts-remote-code", "critical")]
    assert findings(in_yaml) == [("config-trusts-remote-code", "low")]


def test_a_key_said_twice_counts_twice():
    outcome = read('{"_target_": "torch.nn.Linear", "_target_": "os.system"}', "c.json")
    assert ("config-target", "critical") in findings(outcome)


def test_repositories_are_edges():
    [outcome, _] = both({"base_model_name_or_path": "org/base", "backbone": "timm/resnet", "_name_or_path": "me/mine"})
    assert referenced(outcome, "hub.repo") == {("org", "base"), ("timm", "resnet")}
    [pinned, _] = both(
        {
            "base_model": "org/base",
            "revision": "v1",
            "x": {"backbone": "a/b", "backbone_revision": "c", "revision": None},
        }
    )
    assert referenced(pinned, "hub.repo") == {("org", "base@v1"), ("a", "b@c")}


@pytest.mark.parametrize(
    ("document", "rule", "severity"),
    [
        ("a: !!python/object/apply:os.system [id]", "yaml-tag", "critical"),
        ("a: !!python/object/new:mine.Thing []", "yaml-tag", "critical"),
        ("a: !!python/name:os.system", "yaml-tag", "critical"),
        ("a: !!python/name:mine.f", "yaml-tag", "high"),
        ("a: !!javax.script.ScriptEngineManager []", "yaml-tag", "high"),
        ("a: !ruby/object:Gem::Installer {}", "yaml-tag", "high"),
        ("a: !new:os.system [id]", "config-target", "critical"),
        ("a: !apply:mine.f []", "config-target", "medium"),
        ("a: !name:subprocess.run", "config-target", "critical"),
        ("a: !include:/etc/passwd", "config-path", "medium"),
        ("%TAG !p! tag:yaml.org,2002:python/\n---\na: !p!object/apply:os.system [id]", "yaml-tag", "critical"),
        ("a: !<tag:yaml.org,2002:python/object/apply:os.system> [id]", "yaml-tag", "critical"),
    ],
)
def test_tags_are_obeyed_by_somebody(document, rule, severity):
    assert findings(read(document, "hyperparams.yaml")) == [(rule, severity)]


@pytest.mark.parametrize(
    "document",
    [
        "a: !!python/tuple [1]", "a: !!str 1", "a: !!binary aGk=", "a: !new:torch.nn.ReLU", "a: !ref <b>", "--- 1\n--- 2\n",
        "a: !include:other.yaml", "a: &x [1]\nb: *x\n<<: {c: 1}",
    ],
)  # fmt: skip
def test_ordinary_tags_are_silent(document):
    outcome = read(document, "hyperparams.yaml")
    assert findings(outcome) == []
    assert complete(outcome.facts, outcome.account)


def test_aliases_of_aliases_are_counted_and_not_followed():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    outcome = read("\n".join(lines), "bomb.yaml")
    assert anomalies(outcome) == {"yaml.bomb"}
    assert anomalies(read("\n".join(lines[:5]), "tree.yaml")) == set()


@pytest.mark.parametrize(
    ("document", "why"), [("a: [", "broken"), ("{" * 5000, "broken"), ("a: 1\n" * (2 << 20), "limit")], ids=range(3)
)
def test_what_cannot_be_read_is_said(document, why):
    assert unread_reasons(read(document, "c.yaml")) == {why}


def test_more_names_than_are_stated_are_said():
    outcome = read(json.dumps([{"_target_": f"torch.nn.C{n}"} for n in range(2_000)]), "c.json")
    assert unread_reasons(outcome) == {"limit"}


def test_paths_are_stated_as_they_are_written():
    outcome = read('{"spm_file": "C:\\\\x"}', "c.json")
    assert [fact.path for fact in outcome.facts if isinstance(fact, Opens)] == ["C:\\x"]


KEYS = st.sampled_from(
    ["_target_", "target", "params", "auto_mapping", "parent_library", "type", "path", "idx", "_class_name", "_diffusers_version",
     "model_file", "model_type", "trust_remote_code", "attn_implementation", "vocab_file", "base_model", "unet"]
)  # fmt: skip
VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.sampled_from(["a.b", "a/b", "${env:A}", ".."])
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=20,
)


@given(value=st.dictionaries(KEYS, VALUES, max_size=5))
@settings(max_examples=100, deadline=None)
def test_any_configuration_is_read_to_its_end(value):
    outcome = read(json.dumps(value), "c.json")
    assert complete(outcome.facts, outcome.account)


@given(data=st.text(alphabet="abc:!&*-{}[],|>%'\"\\\n #?<.", max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_text_is_yaml_or_said_to_be_none(data):
    outcome = read(data, "c.yaml")
    assert complete(outcome.facts, outcome.account) or unread_reasons(outcome)
