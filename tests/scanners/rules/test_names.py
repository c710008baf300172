"""Names of files: what fires, and the honest names of all scripts that do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanners.judge import judge
from scanners.rules import names
from scanners.rules.policy import Policy

IDS = {rule.id for rule in names.RULES}


def said(path):
    findings = judge((), path=path, format="text", policy=Policy.default())
    return {(finding.rule, finding.severity) for finding in findings if finding.rule in IDS}


@pytest.mark.parametrize(
    ("path", "rule", "severity"),
    [
        ("model\u202egpj.exe", "name-hides", "high"),
        ("a\u2066b.txt", "name-hides", "medium"),
        ("con\u200bfig.json", "name-hides", "medium"),
        ("con\u200dfig.json", "name-hides", "medium"),
        ("m\u043edel.safetensors", "name-hides", "medium"),
        ("t\u0435kenizer/a.json", "name-hides", "medium"),
        ("a\x1b[2J.bin", "name-hides", "medium"),
        ("a\nb", "name-hides", "medium"),
        ("notes.txt:$DATA", "name-hides", "medium"),
        ("model.safetensors.exe", "name-disguises-program", "high"),
        ("weights.bin.lnk", "name-disguises-program", "high"),
        ("x.pdf.js", "name-disguises-program", "high"),
        ("x.pdf      .exe", "name-disguises-program", "high"),
        ("report.docx.scr", "name-disguises-program", "high"),
        ("..\\..\\a.txt", "name-leads-away", "high"),
        ("sub/..\\a.txt", "name-leads-away", "high"),
        ("C:\\Windows\\a.dll", "name-leads-away", "high"),
        (".GIT/hooks/post-checkout", "name-leads-away", "high"),
        ("git~1/config", "name-leads-away", "high"),
        (".g\u200cit/config", "name-leads-away", "high"),
        (".git./config", "name-leads-away", "high"),
        ("sitecustomize.py", "name-python-runs", "high"),
        ("a/usercustomize.py", "name-python-runs", "high"),
        ("aux.py", "name-unfit", "low"),
        ("nul", "name-unfit", "low"),
        ("data /a.txt", "name-unfit", "low"),
        ("a.txt.", "name-unfit", "low"),
        ("-rf", "name-unfit", "low"),
        ("--checkpoint-action=exec=sh x.sh", "name-unfit", "medium"),
        ("folder\\a.txt", "name-unfit", "low"),
        ("a" * 256, "name-unfit", "low"),
    ],
)
def test_a_name_that_deceives_or_misleads_is_told(path, rule, severity):
    assert (rule, severity) in said(path)


@pytest.mark.parametrize(
    "path",
    [
        "модель_v2.safetensors", "данные/Анна_WAV_16kHz.wav", "βVAE/μm_ΔH.txt", "可愛い/\uff21\uff22.wav", "\u0645\u06cc\u200c\u062e\u0648.mp3", "עברית\u200f.txt",
        "👩\u200d🔬❤\ufe0f.png", "café.txt", "cafe\u0301.txt", "model.tar.gz", "pytorch_model.bin.index.json", "jquery.min.js", "app.html.js",
        ".gitattributes", ".git/config", ".gitmodules", ".github/workflows/a.yml", "console.py", "com.txt", "auxiliary.json", "nullable.md",
        "2024-01-01T12:00:00.log", "a - b.txt", "../up/a.txt", "/home/me/a.txt", "setup.exe", "run.bat", "custom/site.py", "a" * 255,
    ],
)  # fmt: skip
def test_an_honest_name_of_any_script_is_not(path):
    assert said(path) == set()


def test_names_that_are_one_on_some_systems_collide():
    found = names.collisions(
        ["README.md", "Readme.md", "a/Config.json", "a/config.json", "caf\u00e9.txt", "cafe\u0301.txt", "b/config.json"]
    )
    assert {path: finding.severity for path, finding in found.items()} == {
        "Readme.md": "low",
        "a/config.json": "medium",
        "caf\u00e9.txt": "low",
    }
    assert {finding.rule for finding in found.values()} == {"name-collides"}
    assert found["a/config.json"].evidence == {"other": "a/Config.json"}


@given(st.text())
def test_any_name_can_be_judged(path):
    said(path)
    names.collisions([path, path.upper(), path.lower()])
