"""The log is valid SARIF 2.1.0, within GitHub's limits, and says what was not examined."""

import json
from pathlib import Path

import jsonschema
import pytest

from reports import sarif
from reports.record import Problem
from reports.sarif import as_sarif, left_out
from scanners.registry import RULES
from tests.reports.made import RUNS, audit, file, finding, said

SCHEMA = json.loads((Path(__file__).parents[1] / "data" / "sarif" / "sarif-2.1.0.json").read_text())
VALID = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
HASH = "sha256:" + "ab" * 32


def run(one, rules=(RUNS,), code=1):
    document = json.loads(as_sarif(one, said(one), rules, exit_code=code))
    VALID.validate(document)
    (only,) = document["runs"]
    return only


def test_the_checker_of_the_schema_checks():
    document = json.loads(as_sarif(audit("a1", file()), [], [RUNS], exit_code=0))
    document["runs"][0]["artifacts"][0]["location"]["uri"] = "not a uri"
    with pytest.raises(jsonschema.ValidationError, match="not a uri"):
        VALID.validate(document)


def test_a_result_says_what_where_and_how_bad():
    (result,) = run(audit("a1", file("sub dir/a.bin", finding(member=""), blob=HASH)))["results"]
    (place,) = result["locations"]
    assert (result["ruleId"], result["ruleIndex"], result["level"]) == (RUNS.id, 0, "error")
    assert result["message"] == {"text": "posix.system('id')"}
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "sub%20dir/a.bin", "index": 0},
        "region": {"startLine": 1, "byteOffset": 2},
    }
    assert place["logicalLocations"] == [{"fullyQualifiedName": "org/model/sub dir/a.bin", "kind": "file"}]


def test_a_result_says_when_by_which_call_and_what_loaders_take_instead():
    weights = file("model.safetensors", format="safetensors", blob="sha256:bb")
    (result,) = run(audit("a1", file("pytorch_model.bin", finding()), weights))["results"]
    told = {key: result["properties"][key] for key in ("trigger", "reach", "safe_sibling")}
    assert told == {
        "trigger": "load",
        "reach": "torch.load(weights_only=False)",
        "safe_sibling": "model.safetensors",
    }
    (alone,) = run(audit("a1", file("pytorch_model.bin", finding())))["results"]
    assert alone["properties"]["safe_sibling"] is None


def test_a_rule_says_when_and_by_which_call():
    (rule,) = run(audit("a1"), code=0)["tool"]["driver"]["rules"]
    assert (rule["properties"]["trigger"], rule["properties"]["reach"]) == ("load", "pickle.load")
    assert rule["properties"]["tags"] == ["security", "load"]
    assert "When: load, by pickle.load" in rule["help"]["text"]
    assert "**When:** load, by pickle.load" in rule["help"]["markdown"]


def test_an_offset_in_a_member_is_none_in_the_file():
    (result,) = run(audit("a1", file("a.bin", finding())))["results"]
    (place,) = result["locations"]
    assert place["physicalLocation"]["region"] == {"startLine": 1}
    assert place["logicalLocations"] == [{"fullyQualifiedName": "org/model/a.bin!/archive/data.pkl", "kind": "member"}]
    assert (result["properties"]["member"], result["properties"]["offset"]) == ("archive/data.pkl", 2)


@pytest.mark.parametrize(
    ("severity", "level", "score"),
    [("critical", "error", "9.5"), ("high", "error", "8.0"), ("medium", "warning", "5.5"), ("low", "note", "2.0")],
)
def test_levels_and_scores_follow_the_severity(severity, level, score):
    rule = RUNS.__class__("a-rule", severity, "title", "why", "remedy")
    (described,) = run(audit("a1", file()), [rule])["tool"]["driver"]["rules"]
    assert described["defaultConfiguration"] == {"level": level}
    assert described["properties"]["security-severity"] == score


def test_a_rule_weighs_what_the_worst_of_its_findings_does():
    mild = RUNS.__class__(RUNS.id, "low", "title", "why", "remedy")
    (described,) = run(audit("a1", file("a", finding("medium"), finding("critical"))), [mild])["tool"]["driver"][
        "rules"
    ]
    assert described["defaultConfiguration"] == {"level": "note"}
    assert described["properties"]["security-severity"] == "9.5"


def test_all_rules_are_explained_within_the_limits():
    described = run(audit("a1"), RULES, code=0)["tool"]["driver"]["rules"]
    assert [one["id"] for one in described] == [rule.id for rule in RULES]
    for one in described:
        assert len(one["properties"]["tags"]) <= 10
        assert len(one["shortDescription"]["text"]) <= 1024
        assert "What to do" in one["help"]["text"]
        assert "**What to do:**" in one["help"]["markdown"]


def test_weaknesses_are_tags():
    rule = RUNS.__class__(
        "a", "low", "t", "w", "r", ("https://cwe.mitre.org/data/definitions/502.html", "https://x.org")
    )
    (described,) = run(audit("a1"), [rule])["tool"]["driver"]["rules"]
    assert described["properties"]["tags"] == ["security", "load", "external/cwe/cwe-502"]
    assert described["helpUri"] == "https://cwe.mitre.org/data/definitions/502.html"


def test_an_alert_is_known_again_in_the_next_run_and_after_it_moved():
    before, after = (
        run(audit(identity, file("a.bin", finding(offset=at)), days=days))["results"][0]["partialFingerprints"]
        for identity, at, days in (("a1", 2, 0), ("a2", 900, 3))
    )
    assert before == after
    assert before["primaryLocationLineHash"] == before["hubAudit/v1"] + ":1"


def test_what_was_not_examined_is_notified():
    one = audit(
        "a1",
        file("big.h5", verdict="incomplete", complete=False, error=Problem("limit", "whole")),
        file("a.bin"),
        selection="+*.bin",
    )
    (invocation,) = run(one, code=3)["invocations"]
    notes = invocation["toolExecutionNotifications"]
    assert (invocation["exitCode"], invocation["executionSuccessful"]) == (3, True)
    assert [(n["level"], n["descriptor"]["id"]) for n in notes] == [("warning", "limit"), ("note", "selection")]
    assert notes[0]["message"]["text"] == "not examined to its end: whole"
    assert notes[0]["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "big.h5", "index": 0}


def test_a_target_that_could_not_be_audited_is_no_success():
    one = audit("a1", verdict="incomplete", complete=False, error=Problem("gated", "no access"))
    (invocation,) = run(one, code=3)["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"][0]["level"] == "error"


def test_no_more_results_than_github_takes_and_the_worst_are_there(monkeypatch):
    monkeypatch.setattr(sarif, "RESULTS", 2)
    one = audit("a1", file("a.bin", finding("low"), finding("critical"), finding("medium")))
    only = run(one)
    assert [result["level"] for result in only["results"]] == ["error", "warning"]
    (note,) = only["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] == "1 further findings are left out; the worst are here"
    assert left_out(one) == 1
    assert left_out(audit("a1", file("a.bin", finding()))) == 0


def test_a_repo_is_named_with_its_commit():
    only = run(audit("a1", file("a.bin", blob=HASH)))
    assert only["versionControlProvenance"] == [{"repositoryUri": "hf://org/model", "revisionId": "c" * 40}]
    assert only["automationDetails"] == {"id": "hub-audit/model/org/model/"}
    assert only["artifacts"][0]["hashes"] == {"sha-256": "ab" * 32}


@pytest.mark.parametrize(
    ("kind", "path", "uri"),
    [
        ("path", "/home/a b/x.pt", "file:///home/a%20b/x.pt"),
        ("path", "c:x.pt", "c%3Ax.pt"),
        ("path", "a\udcff.pt", "a%5Cudcff.pt"),
        ("path", "100%.pt", "100%25.pt"),
        ("url", "https://host/a%20b.pt?x=1&y=é", "https://host/a%20b.pt?x=1&y=%C3%A9"),
    ],
)
def test_paths_are_references(kind, path, uri):
    (artifact,) = run(audit("a1", file(path), kind=kind, repo="x", commit=None))["artifacts"]
    assert artifact["location"]["uri"] == uri


def test_text_from_outside_neither_acts_nor_links():
    one = audit("a1", file("a.bin", finding(message="\x1b[2J\u202e[here](https://evil.example)", member="\u2067")))
    text = as_sarif(one, said(one), [RUNS], exit_code=1)
    (result,) = run(one)["results"]
    assert text.isascii()
    assert result["message"]["text"] == r"\x1b[2J\u202e[here] (https://evil.example)"
    assert result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == r"org/model/a.bin!/\u2067"
