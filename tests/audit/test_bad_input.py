"""What a user gets wrong, and what the system does to the command: one line, the contract's exit code, nothing lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import audit, clean_failure, environment
from tests.craft.pickles import system
from tests.hub import repo, serve


@pytest.fixture
def evil(tmp_path):
    (tmp_path / "evil.pkl").write_bytes(system())
    return tmp_path


def shell(command, cwd):
    """A line of shell in which `$AUDIT` is the command."""
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=cwd,
        env=environment(AUDIT=f"{sys.executable} -m audit"),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip(), done.stderr.strip()


USAGE = {
    "nothing to audit": (["path"], "PATH"),
    "no such option": (["path", "x", "--fast"], "--fast"),
    "no such format": (["path", "x", "--format", "xml"], "xml"),
    "no action": (["cache"], "info"),
    "no such command": (["adit"], "adit"),
    "no organisation": (["sweep"], "organisation"),
    "an empty path": (["path", ""], "empty"),
    "a path that is too long": (["path", "x" * 300], "too long"),
    "no address": (["url", "model.pt"], "model.pt"),
    "an address of another kind": (["url", "ftp://host/model.pt"], "ftp"),
    "an empty revision": (["repo", "org/m", "--revision", ""], "--revision"),
    "an output nowhere": (["path", ".", "--output", "none/out.json"], "none/out.json"),
}


@pytest.mark.parametrize(("arguments", "word"), USAGE.values(), ids=USAGE)
def test_a_wrong_command_is_one_line_that_says_what(arguments, word, tmp_path):
    result = audit(*arguments, cwd=tmp_path)
    clean_failure(result, 2, word)
    assert not result.err.startswith("Usage"), result.err


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_reader_that_goes_away_changes_nothing_about_the_answer(form, evil):
    out, err = shell(f"$AUDIT path evil.pkl --format {form} | true; echo ${{PIPESTATUS[0]}}", evil)
    assert (out, err) == ("1", "")


def test_a_reader_of_rows_may_go_away():
    out, err = shell("$AUDIT sql 'SELECT * FROM range(200000)' --format csv | head -1; echo ${PIPESTATUS[0]}", "/")
    assert (out, err) == ("range\n0", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_full_output_is_said_once(evil):
    out, err = shell("$AUDIT path evil.pkl --no-store > /dev/full; echo $?", evil)
    assert out == "2"
    assert err == "audit: standard output: No space left on device"


def test_a_closed_standard_input_is_an_empty_query():
    out, err = shell("$AUDIT sql - <&-; echo $?", "/")
    assert (out, err) == ("2", "audit: the query is empty")


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_a_query_that_is_no_text_is_said(locale):
    out, err = shell(rf"printf 'SELECT \xff' | LC_ALL={locale} $AUDIT sql -; echo ${{PIPESTATUS[1]}}", "/")
    assert out == "2"
    assert err == "audit: the query is not UTF-8 text"


def test_an_output_of_few_letters_shows_every_name(evil):
    (evil / "日.pkl").write_bytes(system())
    result = audit("path", "日.pkl", cwd=evil, PYTHONIOENCODING="latin-1")
    assert result.code == 1
    assert r"\u65e5.pkl" in result.out


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_in_a_closed_folder_is_incomplete(evil):
    (evil / "closed").mkdir()
    (evil / "closed" / "a.pkl").write_bytes(system())
    (evil / "closed").chmod(0)
    result = audit("path", "closed/a.pkl", cwd=evil)
    (evil / "closed").chmod(0o700)
    assert result.code == 3
    assert "Permission denied" in result.out


def test_the_demo_says_that_it_has_no_room(tmp_path):
    (tmp_path / "file").write_text("")
    clean_failure(audit("demo", XDG_DATA_HOME=str(tmp_path / "file")), 2, "file")


def test_some_files_do_not_speak_for_the_repo():
    with serve(repo("org/m", {"a.pkl": system(), "config.json": b"{}"})) as hub:
        some = audit("repo", "org/m", "--include", "*.json", hub=hub)
        asked = audit("repo", "org/m", "--include", "*.json", "--format", "json", hub=hub)
        nothing = audit("repo", "org/m", "--include", "*.onnx", hub=hub)
    assert some.code == 0
    assert "Pin" not in some.out
    assert "+*.json" in some.out
    assert asked.json["selection"] == "+*.json"
    assert nothing.code == 2
    assert "no file" in nothing.err
    assert "CLEAN" not in nothing.out


def test_an_endpoint_that_is_no_address_is_named():
    clean_failure(audit("repo", "org/m", HF_ENDPOINT="hub.example"), 2, "HF_ENDPOINT", "hub.example")
