"""What the formats of a result say of a real run."""

import json
import pickle

import pytest

from tests.command import audit
from tests.craft.pickles import system
from tests.hub import repo, serve


@pytest.mark.parametrize(
    ("content", "code", "results", "notes"),
    [(system(), 1, 1, 0), (pickle.dumps([1])[:-1], 3, 1, 1), (pickle.dumps([1]), 0, 0, 0)],
    ids=["malicious", "incomplete", "clean"],
)
def test_a_log_for_code_scanning_says_how_the_command_ended(tmp_path, content, code, results, notes):
    (tmp_path / "a.pkl").write_bytes(content)
    result = audit("path", "a.pkl", "--format", "sarif", "--output", "out.sarif", cwd=tmp_path)
    (run,) = json.loads((tmp_path / "out.sarif").read_text())["runs"]
    (invocation,) = run["invocations"]
    assert (result.code, invocation["exitCode"]) == (code, code)
    assert (len(run["results"]), len(invocation["toolExecutionNotifications"])) == (results, notes)
    assert (result.out, result.err) == ("", "")


def test_a_bill_of_materials_lists_what_the_repo_has_and_what_is_wrong_with_it():
    with serve(repo("org/m", {"a.pkl": system(), "config.json": b"{}"})) as hub:
        result = audit("repo", "org/m", "--format", "cyclonedx", hub=hub)
    bill = result.json
    assert (result.code, result.err) == (1, "")
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert {one["name"]: one["type"] for one in bill["components"]} == {
        "a.pkl": "machine-learning-model",
        "config.json": "file",
    }
    assert [one["id"] for one in bill["vulnerabilities"]] == ["pickle-runs-code"]
