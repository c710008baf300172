"""What files make of each other: bytecode whose source is missing, and programs that a text asks to run."""

import pytest

from scanners.rules import programs, python_code, readme, siblings

ASKS = readme.RUNS.at("x", script="loader.py")
HARMFUL = python_code.PROGRAMS.at("x")


def judged(files):
    return [(path, finding.rule, finding.severity) for path, finding in siblings.judge(files)]


@pytest.mark.parametrize(
    "path", ["a.pyc", "sub/a.pyc", "__pycache__/a.cpython-311.pyc", "sub/__pycache__/a.cpython-312.opt-1.pyc", "a.pyo"]
)
def test_bytecode_without_its_source_is_found(path):
    files = {path: ("suspicious", ()), "config.json": ("clean", ())}
    assert judged(files) == [(path, "bytecode-without-source", "high")]


def test_bytecode_beside_its_source_is_not():
    files = dict.fromkeys(["a.pyc", "a.py", "s/__pycache__/b.cpython-311.pyc", "s/b.py"], ("clean", ()))
    assert judged(files) == []
    assert judged({"a.pyc": ("suspicious", ())}) == []


def test_a_source_that_the_audit_left_out_is_not_missing():
    files = {"a.pyc": ("suspicious", ()), "b.pyc": ("suspicious", ())}
    assert len(judged(files)) == 2
    assert list(siblings.judge(files, selected=True)) == []


def test_a_program_that_the_text_beside_it_asks_to_run_weighs_what_it_does():
    files = {"m/README.md": ("clean", [ASKS]), "m/loader.py": ("malicious", [HARMFUL])}
    assert judged(files) == [("m/README.md", "readme-runs-script", "critical")]
    files = {"README.md": ("clean", [ASKS]), "loader.py": ("malicious", [programs.NATIVE.at("x")])}
    assert judged(files) == [("README.md", "readme-runs-script", "high")]


def test_a_program_that_does_no_harm_or_is_elsewhere_does_not_count():
    assert judged({"README.md": ("clean", [ASKS]), "loader.py": ("clean", ())}) == []
    assert judged({"README.md": ("clean", [ASKS]), "other/loader.py": ("malicious", [HARMFUL])}) == []
