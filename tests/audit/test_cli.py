"""The command line: bad input is one clear line and the contract's exit code."""

import subprocess
import sys

import pytest

from tests.command import audit, clean_failure, environment
from tests.craft.pickles import system

COMMANDS = ["repo", "path", "url", "sweep", "sql", "rules", "cache", "demo"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    result = audit(command, "--help")
    assert result.code == 0
    assert result.out.startswith(f"Usage: audit {command}")


def test_the_version_is_told():
    assert audit("--version").out.startswith("audit, version ")


BAD = {
    "no such command": (["adit"], "adit"),
    "no such option": (["repo", "org/m", "--fast"], "--fast"),
    "no such severity": (["repo", "org/m", "--fail-on", "huge"], "huge"),
    "wrong SQL": (["sql", "SELECT nothing FROM nowhere"], "nowhere"),
    "SQL that writes": (["sql", "DELETE FROM findings"], ""),
    "no such rule": (["rules", "pickle-run-code"], "rule"),
    "no organisation": (["sweep"], "organisation"),
}


@pytest.mark.parametrize(("arguments", "word"), BAD.values(), ids=BAD)
def test_a_wrong_command_is_exit_code_2(arguments, word):
    result = audit(*arguments)
    assert result.code == 2, result
    assert "Traceback" not in result.err
    assert word in result.err


def test_an_unknown_key_names_the_nearest_known_one(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("fetch:\n  concurency: 4\n")
    clean_failure(audit("path", tmp_path, "--config", config), 2, "concurency", "concurrency")


def test_a_configuration_that_is_not_there_is_said(tmp_path):
    clean_failure(audit("path", tmp_path, "--config", tmp_path / "none.yaml"), 2, "none.yaml")


def test_a_file_that_is_no_database_is_said(tmp_path):
    (tmp_path / "a.duckdb").write_bytes(b"not a database at all" * 100)
    (tmp_path / "model.pkl").write_bytes(system())
    clean_failure(audit("sql", "SELECT 1", "--db", tmp_path / "a.duckdb"), 2, "a.duckdb")


def test_every_rule_is_listed_and_explained():
    listed = audit("rules")
    assert listed.code == 0
    names = [one["id"] for one in audit("rules", "--format", "json").json]
    assert "pickle-runs-code" in names
    explained = audit("rules", names[0])
    assert names[0] in explained.out
    assert "What to do" in explained.out


def test_sql_is_read_from_standard_input():
    assert audit("sql", "-", "--format", "csv", stdin="SELECT 41 + 1 AS answer").out == "answer\n42\n"


def test_the_result_goes_to_a_file(tmp_path):
    (tmp_path / "model.pkl").write_bytes(system())
    result = audit("path", tmp_path / "model.pkl", "--format", "json", "--output", tmp_path / "out.json")
    assert result.out == ""
    assert '"hub-audit/1"' in (tmp_path / "out.json").read_text()


def test_the_cache_is_shown_and_cleared():
    assert audit("cache", "info").code == 0
    assert audit("cache", "clear").code == 0


def test_a_prefix_cannot_be_allowed(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("policy: {allow: [{name: 'acme.*', reason: ours}]}\n")
    (tmp_path / "a.pkl").write_bytes(b"N.")
    clean_failure(audit("path", tmp_path / "a.pkl", "--config", config), 2, "acme.*")


def test_the_users_policy_allows_until_it_expires_and_denies(tmp_path):
    (tmp_path / "a.pkl").write_bytes(system(module="acme", name="load"))

    def verdict(policy, complaint=""):
        (tmp_path / "config.yaml").write_text(f"policy: {policy}\n")
        run = audit("path", tmp_path / "a.pkl", "--config", tmp_path / "config.yaml", "--format", "json")
        assert run.err == complaint
        return run.json["verdict"]

    expired = "audit: policy: what is said of acme.load in the configuration has expired and is not used\n"

    assert verdict("{}") == "suspicious"
    assert verdict("{allow: [{name: acme.load, reason: reviewed}]}") == "clean"
    assert verdict("{allow: [{name: acme.load, reason: reviewed, expires: 2020-01-01}]}", expired) == "suspicious"
    assert verdict("{deny: [{name: acme.load, reason: recalled, expires: 2020-01-01}]}", expired) == "suspicious"
    assert verdict("{deny: [{name: acme.load, reason: recalled}]}") == "malicious"
    assert verdict("{deny: [{name: acme, reason: recalled}]}") == "malicious"


def test_the_reason_of_a_denial_is_told(tmp_path):
    (tmp_path / "config.yaml").write_text("policy: {deny: [{name: acme, reason: recalled in May}]}\n")
    for content in (system(module="acme", name="load"), b"cacme.net\nBase.load\n."):
        (tmp_path / "a.pkl").write_bytes(content)
        run = audit("path", tmp_path / "a.pkl", "--config", tmp_path / "config.yaml", "--format", "json")
        assert [f["message"].rpartition(": ")[2] for f in run.json["findings"]] == ["recalled in May"]


def newer(path):
    """A database of a hub-audit that does not exist yet."""
    import duckdb

    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE schema_steps (name VARCHAR NOT NULL, applied_at TIMESTAMP NOT NULL)")
        connection.execute("INSERT INTO schema_steps VALUES ('9999_tomorrow', now())")


@pytest.mark.parametrize("command", [["sql", "SELECT 1"], ["path", "model.pkl"]])
def test_a_database_of_a_newer_version_is_said(command, tmp_path):
    newer(tmp_path / "new.duckdb")
    (tmp_path / "model.pkl").write_bytes(system())
    clean_failure(audit(*command, "--db", "new.duckdb", cwd=tmp_path), 2, "newer")


@pytest.mark.parametrize("command", [["sql", "SELECT 1"], ["path", "model.pkl"]])
def test_a_database_that_is_a_folder_is_said(command, tmp_path):
    (tmp_path / "model.pkl").write_bytes(system())
    clean_failure(audit(*command, "--db", ".", cwd=tmp_path), 2)


def test_a_folder_for_the_database_that_cannot_be_made_is_said_before_any_work(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "model.pkl").write_bytes(system())
    result = audit("path", "model.pkl", "--db", "file/audit.duckdb", cwd=tmp_path)
    clean_failure(result, 2, "--db")
    assert result.out == ""


def test_a_result_that_does_not_fit_on_the_disk_leaves_the_one_before_it(tmp_path):
    (tmp_path / "model.pkl").write_bytes(system())
    (tmp_path / "result.sarif").write_text("before")
    (tmp_path / "link.sarif").symlink_to("result.sarif")
    line = "audit path model.pkl --no-store --exit-zero --format sarif --output link.sarif"
    for limit, code in ((1, 2), (1000, 0)):
        command = f"ulimit -f {limit}; exec {sys.executable} -m {line}"
        done = subprocess.run(
            ["bash", "-c", command], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stderr
        text = (tmp_path / "result.sarif").read_text()
        assert (text == "before") is (code == 2), text
        assert (tmp_path / "link.sarif").is_symlink()
        assert sorted(path.name for path in tmp_path.iterdir()) == ["link.sarif", "model.pkl", "result.sarif"]


def test_a_history_that_cannot_be_written_swallows_no_finding(tmp_path):
    """Files of more than 8 KiB cannot be written here, as on a full disk."""
    (tmp_path / "model.pkl").write_bytes(system())
    command = f"ulimit -f 8; exec {sys.executable} -m audit path model.pkl --db a.duckdb"
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert "posix.system" in done.stdout
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "a.duckdb" in done.stderr
