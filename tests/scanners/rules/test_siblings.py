"""What files make of each other: sources and code that are missing, and programs that a text asks to run."""

import pytest

from scanners.facts import Reference
from scanners.rules import programs, python_code, readme, siblings

ASKS = readme.RUNS.at("x", script="loader.py")
HARMFUL = python_code.PROGRAMS.at("x")


def judged(files, listed=None):
    """What is found: path, rule, severity; each file has a verdict, its findings and its facts."""
    known = {path: siblings.Sibling(*file) for path, file in files.items()}
    found = siblings.judge(known, frozenset(files if listed is None else listed))
    return [(path, finding.rule, finding.severity) for path, finding in found]


def names(kind, module, name, member=""):
    return "clean", (), (Reference(kind, module, name, "imported", member),)


@pytest.mark.parametrize(
    "path", ["a.pyc", "sub/a.pyc", "__pycache__/a.cpython-311.pyc", "sub/__pycache__/a.cpython-312.opt-1.pyc", "a.pyo"]
)
def test_bytecode_without_its_source_is_found(path):
    files = {path: ("suspicious", ()), "config.json": ("clean", ())}
    assert judged(files) == [(path, "bytecode-without-source", "high")]


def test_bytecode_beside_its_source_is_not():
    files = dict.fromkeys(["a.pyc", "a.py", "s/__pycache__/b.cpython-311.pyc", "s/b.py"], ("clean", ()))
    assert judged(files) == []
    assert judged({"a.pyc": ("suspicious", ())}, ["a.pyc", "a.py"]) == []


def test_nothing_is_missing_where_nobody_knows_what_else_there_is():
    files = {"a.pyc": ("suspicious", ()), "config.json": names("transformers.auto_map", "modeling_x", "X")}
    assert len(judged(files)) == 2
    assert list(siblings.judge({path: siblings.Sibling(*file) for path, file in files.items()})) == []


@pytest.mark.parametrize(
    ("named", "file"),
    [
        (("transformers.auto_map", "modeling_x", "Model"), "modeling_x.py"),
        (("transformers.auto_map", "code.modeling_x", "Model"), "code/modeling_x.py"),
        (("mlx.model_file", "", "./model.py"), "model.py"),
        (("diffusers.pipeline", "my_pipe", "Pipe"), "my_pipe.py"),
        (("sentence_transformers.module", "custom_st", "Transformer"), "custom_st.py"),
    ],
)
def test_code_that_is_named_and_not_there_is_found(named, file):
    missing = [("sub/config.json", "config-code-missing", "medium")]
    files = {"sub/config.json": names(*named)}
    assert judged(files) == missing
    assert judged(files, ["sub/config.json", "other/" + file]) == missing
    assert judged(files, ["sub/config.json", "sub/" + file]) == judged(files, ["sub/config.json", file]) == []


@pytest.mark.parametrize(
    "named",
    [
        ("transformers.auto_map", "other/repo--modeling_x", "Model"),
        ("transformers.auto_map", "", "Model"),
        ("mlx.model_file", "", "/elsewhere/model.py"),
        ("sentence_transformers.module", "sentence_transformers.models", "Dense"),
        ("sentence_transformers.module", "pylate", "Dense"),
        ("sentence_transformers.module", "installed.package", "Dense"),
        ("config.target", "code", "Model"),
    ],
)
def test_what_is_looked_for_elsewhere_is_not_missing_here(named):
    assert judged({"config.json": names(*named)}) == []
    assert siblings.telling(names("transformers.auto_map", "x", "X", "in.zip!/config.json")[2]) == ()


def test_a_program_that_the_text_beside_it_asks_to_run_weighs_what_it_does():
    files = {"m/README.md": ("clean", [ASKS]), "m/loader.py": ("malicious", [HARMFUL])}
    assert judged(files) == [("m/README.md", "readme-runs-script", "critical")]
    files = {"README.md": ("clean", [ASKS]), "loader.py": ("malicious", [programs.NATIVE.at("x")])}
    assert judged(files) == [("README.md", "readme-runs-script", "high")]


def test_a_program_that_does_no_harm_or_is_elsewhere_does_not_count():
    assert judged({"README.md": ("clean", [ASKS]), "loader.py": ("clean", ())}) == []
    assert judged({"README.md": ("clean", [ASKS]), "other/loader.py": ("malicious", [HARMFUL])}) == []
