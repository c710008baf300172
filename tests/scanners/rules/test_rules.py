"""Every rule fires where it should and is silent where it nearly should: a table with a line for each."""

from pathlib import Path
from typing import get_args

import pytest

from scanners.facts import Anomaly, AnomalyCode
from scanners.judge import judge
from scanners.registry import RULES
from scanners.rules import (
    archives,
    arrays,
    compression,
    configurations,
    documents,
    engine_rules,
    files,
    flatbuffers,
    gguf_rules,
    hdf5_rules,
    keras,
    model_rules,
    onnx_rules,
    pickle_streams,
    programs,
    readme,
    secrets,
    templates,
    tokenizers,
    tools,
    torch_archives,
    xml_rules,
)
from scanners.rules.triggers import of_rule
from tests.craft.facts import auto_map, call, ref
from tests.craft.fires import FIRES, POLICY, SILENT, found

JUDGES_OF_ANOMALIES = (
    *(
        pickle_streams,
        archives,
        arrays,
        compression,
        configurations,
        documents,
        engine_rules,
        files,
        flatbuffers,
        gguf_rules,
        hdf5_rules,
        keras,
        model_rules,
        onnx_rules,
        programs,
        readme,
        secrets,
        templates,
        tokenizers,
        tools,
        torch_archives,
        xml_rules,
    ),
)
BEYOND_FACTS = {
    "name-collides": "tests/scanners/rules/test_names.py",
    "bytecode-without-source": "tests/scanners/rules/test_siblings.py",
    "config-code-missing": "tests/scanners/rules/test_siblings.py",
    "file-submodule": "tests/audit/test_repo_surface.py",
    "file-other-lfs-pointer": "tests/audit/test_repo_surface.py",
    "template-differs": "tests/scanners/rules/test_drift.py",
    "tokenizer-differs": "tests/scanners/rules/test_drift.py",
    "file-wrong-hash": "tests/audit/test_repo.py",
    "hub-repo-missing": "tests/audit/test_follow.py",
    "hub-repo-renamed": "tests/audit/test_follow.py",
    "hub-repo-registered-later": "tests/audit/test_follow.py",
    "hub-repo-reached": "tests/audit/test_follow.py",
    "dataset-script": "tests/scanners/rules/test_surfaces.py",
    "space-app-disguised": "tests/audit/test_types.py",
}
"""Rules that no one file's facts decide, by where they are tested."""


@pytest.mark.parametrize(
    ("rule", "facts", "severity", "path", "fmt"),
    [
        pytest.param(rule, *(line if len(line) == 4 else (*line, "model.pkl", "pickle")), id=f"{rule}-{n}")
        for rule, lines in FIRES.items()
        for n, line in enumerate(lines)
    ],
)
def test_a_rule_fires_once(rule, facts, severity, path, fmt):
    findings = found(facts, rule, path, fmt)
    assert [finding.severity for finding in findings] == [severity]
    assert findings[0].message


@pytest.mark.parametrize(
    ("rule", "facts", "path", "fmt"),
    [
        pytest.param(rule, *(line if len(line) == 3 else (*line, "model.pkl", "pickle")), id=f"{rule}-{n}")
        for rule, lines in SILENT.items()
        for n, line in enumerate(lines)
    ],
)
def test_a_rule_is_silent_at_a_near_miss(rule, facts, path, fmt):
    assert found(facts, rule, path, fmt) == []


def test_a_rule_about_one_anomaly_is_silent_about_all_others():
    rules = [(code, rule.id) for module in JUDGES_OF_ANOMALIES for code, rule in module.ANOMALIES.items()]
    for rule in {rule for _, rule in rules}:
        for other in get_args(AnomalyCode):
            if (other, rule) not in rules:
                assert found([Anomaly(other, "x", "m", 3)], rule) == [], (rule, other)


def test_every_rule_has_a_line_for_firing_and_one_for_silence():
    ids = {rule.id for rule in RULES}
    anomalies = {rule.id for module in JUDGES_OF_ANOMALIES for rule in module.ANOMALIES.values()}
    assert set(FIRES) == ids - BEYOND_FACTS.keys()
    assert set(SILENT) | anomalies == ids - BEYOND_FACTS.keys()


def test_every_rule_says_how_it_is_reached():
    assert [rule.id for rule in RULES if not of_rule(rule.id).call] == []  # scanners/rules/triggers.py


def test_every_rule_beyond_facts_is_tested_where_it_says():
    for rule, place in BEYOND_FACTS.items():
        assert f'"{rule}"' in (Path(__file__).parents[3] / place).read_text(), rule


def test_every_anomaly_has_one_rule():
    tables = [module.ANOMALIES for module in JUDGES_OF_ANOMALIES]
    codes = [code for table in tables for code in table]
    assert sorted(codes) == sorted(get_args(AnomalyCode))


def test_rules_are_written_for_people():
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.id == rule.id.lower()
        assert rule.id.replace("-", "").isalnum()
        assert not rule.title.endswith(".")
        assert rule.why.endswith(".")
        assert rule.remedy.endswith(".")
        assert rule.references or rule.id == "pickle-denied-locally" or "unseen" in rule.id
        assert all(reference.startswith("https://") for reference in rule.references)


def test_a_name_that_is_imported_and_called_is_told_once_by_its_call():
    facts = [
        ref("__builtin__", "eval"),
        ref("builtins", "eval"),
        ref("builtins", "eval", "called"),
        call("builtins", "eval", "'1'", strings=("1",), count=3),
        call("builtins", "eval", "'2'", strings=("2",)),
    ]
    (finding,) = judge(facts, path="m.pkl", format="pickle", policy=POLICY)
    assert finding.message == "loading calls builtins.eval('1')"
    assert finding.evidence["callee"] == "builtins.eval"
    assert finding.evidence["opcode"] == "REDUCE"
    assert finding.evidence["capability"] == "exec_code"
    assert finding.evidence["calls"] == 4
    assert finding.evidence["source"]


def test_one_name_in_two_members_is_told_twice():
    facts = [ref("os", "system", member="a.pkl"), ref("os", "system", member="b.pkl")]
    assert len(found(facts, "pickle-runs-code")) == 2


def test_unknown_names_of_one_package_are_told_together():
    facts = [ref("my.pkg", f"C{n}") for n in range(20)] + [ref("your.pkg", "D")]
    mine, yours = found(facts, "pickle-unknown-import")
    assert mine.evidence == {"package": "my", "names": 20, "callee": "my.pkg.C0"}
    assert "and 12 more" in mine.message
    assert yours.evidence["package"] == "your"


def test_classes_of_torchscript_are_the_archives_own():
    facts = [ref("__torch__.net", "Net", "instantiated"), call("__torch__.net", "Net", opcode="NEWOBJ")]
    assert judge(facts, path="m.pt", format="torch.script", policy=POLICY) == ()
    assert [f.severity for f in judge(facts, path="m.pkl", format="pickle", policy=POLICY)] == ["medium"]


def test_another_repository_is_named():
    (finding,) = found([auto_map("evil/repo--modeling", "X")], "config-auto-map", "config.json", "json")
    assert finding.evidence["repository"] == "evil/repo"
