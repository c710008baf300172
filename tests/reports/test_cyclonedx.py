"""The bill of materials is valid CycloneDX 1.6 by the library's own validator, and names files with their hashes."""

import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from reports.cyclonedx import as_cyclonedx
from reports.record import Problem, Target
from tests.reports import made
from tests.reports.made import RUNS, audit, finding, said

VALIDATOR = JsonStrictValidator(SchemaVersion.V1_6)
HASH = "sha256:" + "ab" * 32


def file(path, *findings, **other):
    return made.file(path, *findings, **({"blob": HASH} | other))


def bill(one, rules=(RUNS,)):
    text = as_cyclonedx(one, said(one), {rule.id: rule for rule in rules})
    assert VALIDATOR.validate_str(text) is None
    return json.loads(text)


def properties(part):
    return {one["name"].removeprefix("hub-audit:"): one["value"] for one in part["properties"]}


def test_the_validator_validates():
    broken = as_cyclonedx(audit("a1", file("a.bin")), [], {}).replace("machine-learning-model", "model")
    assert VALIDATOR.validate_str(broken) is not None


def test_a_repo_is_a_model_of_files_with_their_hashes():
    document = bill(audit("a1", file("a.bin", blob=HASH), file("b.json", format="json", blob="git:" + "c" * 40)))
    model = document["metadata"]["component"]
    first, second = sorted(document["components"], key=lambda part: part["name"])
    assert (model["type"], model["group"], model["name"]) == ("machine-learning-model", "org", "model")
    assert model["purl"] == f"pkg:huggingface/org/model@{'c' * 40}"
    assert (first["type"], first["hashes"]) == (
        "machine-learning-model", [{"alg": "SHA-256", "content": "ab" * 32}],
    )  # fmt: skip
    assert (second["type"], "hashes" in second) == ("file", False)
    assert document["dependencies"][-1] == {"ref": "target", "dependsOn": ["file:a.bin", "file:b.json"]}


@pytest.mark.parametrize("severity", ["critical", "high", "medium", "low"])
def test_a_finding_is_rated_explained_and_points_at_its_file(severity):
    cwe = "https://cwe.mitre.org/data/definitions/502.html"
    rule = RUNS.__class__(RUNS.id, "low", "title", "why", "remedy", (cwe,))
    document = bill(audit("a1", file("dir/a b.bin", finding(severity))), [rule])
    (found,) = document["vulnerabilities"]
    assert (found["id"], found["description"], found["recommendation"]) == (RUNS.id, "title", "remedy")
    assert found["detail"] == "posix.system('id')"
    assert [rating["severity"] for rating in found["ratings"]] == [severity]
    assert (found["cwes"], found["advisories"]) == ([502], [{"url": cwe}])
    assert found["affects"] == [{"ref": document["components"][0]["bom-ref"]}]
    assert properties(found) == {
        "member": "archive/data.pkl",
        "offset": "2",
        "trigger": "load",
        "reach": "torch.load(weights_only=False)",
    }


def test_a_finding_names_the_clean_weights_that_loaders_take_instead():
    weights = file("model.safetensors", format="safetensors", blob="sha256:" + "cd" * 32)
    (found,) = bill(audit("a1", file("pytorch_model.bin", finding()), weights))["vulnerabilities"]
    assert properties(found)["safe_sibling"] == "model.safetensors"


def test_the_same_finding_at_two_places_is_one_and_the_worse():
    document = bill(audit("a1", file("a.bin", finding("low", offset=1), finding("high", offset=9))))
    (found,) = document["vulnerabilities"]
    assert found["ratings"][0]["severity"] == "high"


def test_what_was_not_examined_is_said():
    error = Problem("limit", "whole")
    document = bill(audit("a1", file("a.h5", verdict="incomplete", complete=False, error=error), selection="+*.h5"))
    assert properties(document["components"][0])["error"] == "limit: whole"
    assert properties(document["metadata"]["component"]) == {
        "verdict": "incomplete",
        "complete": "false",
        "selection": "+*.h5",
    }


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        (Target("repo", "gpt2", "model", "main", "c" * 40), "machine-learning-model"),
        (Target("repo", "org/d", "dataset", "main", "c" * 40), "data"),
        (Target("repo", "org/s", "space", "main", "c" * 40), "application"),
        (Target("path", "/x/y z.pt"), "machine-learning-model"),
    ],
)
def test_every_target_has_its_type(target, kind):
    document = bill(audit("a1", file("a.bin"), target=target))
    assert document["metadata"]["component"]["type"] == kind


def test_text_from_outside_cannot_act():
    one = audit("a1", file("\x1b[2J\u202e\udcff.bin", finding(message="\u2067<script>")))
    document = bill(one)
    assert as_cyclonedx(one, said(one), {}).isascii()
    assert document["components"][0]["name"] == r"\x1b[2J\u202e\udcff.bin"
    assert document["vulnerabilities"][0]["detail"] == r"\u2067<script>"


def test_the_same_audit_makes_the_same_bill():
    one = audit("a1", file("a.bin", finding()), file("b.bin", finding("low")))
    assert as_cyclonedx(one, said(one), {}) == as_cyclonedx(one, said(one), {})
