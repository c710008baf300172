"""`audit repo`, from the listing to the database row, over real sockets."""

import json

import pytest

from audit.demo.content import make_big_torch
from audit.demo.faults import Shape
from audit.demo.world import Commit, Repo
from tests.command import audit, clean_failure
from tests.craft.pickles import system
from tests.hub import Fault, World, one, repo, serve

GB = 1 << 30
FAULTS = {
    "server errors": {"error": 0.05},
    "resets": {"reset": 0.05},
    "short bodies": {"truncate": 0.05},
    "ignored ranges": {"ignore_range": 0.05},
    "wrong ranges": {"wrong_content_range": 0.05},
    "throttling": {"throttle": 0.05},
    "urls that serve once": {"url_uses": 1},
    "urls bound to a range": {"url_bound": True},
    "everything": {"error": 0.05, "reset": 0.05, "truncate": 0.05, "ignore_range": 0.05, "wrong_content_range": 0.05, "url_uses": 2},
}  # fmt: skip


def mixed():
    """A repo with a bit of everything, on a Hub that knows one token."""
    world = repo(
        "org/mixed",
        {
            "README.md": b"# A model\n",
            "config.json": json.dumps({"model_type": "bert"}).encode(),
            "pytorch_model.bin": make_big_torch(40_000_000, call=True),
            "good.bin": make_big_torch(30_000_000, call=False),
            "model.pkl": system(),
            "empty.txt": b"",
        },
    )
    return World(world.repos, tokens={"hf_secret": "somebody"})


def told(result):
    """What an audit says, without what differs from run to run."""
    document = result.json
    return (
        document["verdict"],
        document["complete"],
        [(f["path"], f["verdict"], f["format"]) for f in document["files"]],
        [(f["rule"], f["path"], f["message"]) for f in document["findings"]],
    )


def test_a_5_gb_checkpoint_that_calls_costs_a_few_kilobytes():
    with serve(repo("org/big", {"pytorch_model.bin": make_big_torch(5 * GB, call=True)})) as hub:
        result = audit("repo", "org/big", "--format", "json", hub=hub)
        assert result.code == 1, result
        document = result.json
        assert document["verdict"] == "malicious"
        assert document["stats"]["bytes_fetched"] < 200_000
        assert hub.log.count() < 12
        assert document["stats"]["requests"] == hub.log.count()
        assert any("posix.system" in finding["message"] for finding in document["findings"])


def test_the_same_checkpoint_without_the_call_is_clean_and_complete():
    with serve(repo("org/big", {"pytorch_model.bin": make_big_torch(5 * GB, call=False)})) as hub:
        result = audit("repo", "org/big", "--format", "json", hub=hub)
        assert result.code == 0, result
        assert result.json["verdict"] == "clean"
        assert result.json["complete"] is True
        assert result.json["stats"]["bytes_fetched"] < 200_000
        assert hub.log.count() < 12


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS)
def test_a_misbehaving_hub_changes_nothing_that_is_said(faults, tmp_path):
    with serve(mixed()) as hub:
        quiet = audit("repo", "org/mixed", "--format", "json", "--no-store", hub=hub, XDG_CACHE_HOME=str(tmp_path))
    with serve(mixed(), seed=7, **faults) as hub:
        loud = audit("repo", "org/mixed", "--format", "json", "--no-store", hub=hub, HF_TOKEN="hf_secret")
        assert not [r for r in hub.log.requests("cdn") if r.had_authorization]
        assert [r for r in hub.log.requests("hub") if r.had_authorization]
    assert quiet.code == loud.code == 1, loud
    assert told(loud) == told(quiet)


def test_a_second_audit_reads_no_file_bytes():
    with serve(mixed()) as hub:
        first = audit("repo", "org/mixed", "--format", "json", hub=hub)
        hub.log.clear()
        second = audit("repo", "org/mixed", "--format", "json", hub=hub)
        assert told(second) == told(first)
        assert second.json["stats"]["bytes_fetched"] == 0
        assert all(file["reused"] for file in second.json["files"])
        assert hub.log.count("cdn") == 0


def test_what_was_found_is_a_database_row():
    with serve(mixed()) as hub:
        audit("repo", "org/mixed", hub=hub)
    result = audit("sql", "--format", "json", "SELECT repo_id, path, severity FROM findings WHERE path = 'model.pkl'")
    assert {"repo_id": "org/mixed", "path": "model.pkl", "severity": "critical"} in result.json
    named = audit("sql", "--format", "csv", "SELECT DISTINCT module, name FROM \"references\" WHERE name = 'system'")
    assert "posix,system" in named.out


def test_the_document_has_the_keys_of_the_contract_and_no_others():
    with serve(mixed()) as hub:
        document = audit("repo", "org/mixed", "--format", "json", hub=hub).json
    assert list(document) == ["schema", "tool", "target", "verdict", "complete", "files", "findings", "stats", "hub"]
    assert document["hub"] == {"scanned": 0, "not_scanned": 6, "disagreements": []}
    assert document["schema"] == "hub-audit/1"
    assert list(document["target"]) == ["kind", "id", "type", "revision", "commit"]
    assert list(document["files"][0]) == [
        "path", "size", "blob", "format", "verdict", "complete", "bytes_examined", "bytes_inert", "bytes_fetched", "reused", "error",
    ]  # fmt: skip
    assert list(document["findings"][0]) == [
        "rule", "severity", "path", "member", "offset", "message", "evidence", "trigger", "reach", "safe_sibling",
    ]  # fmt: skip
    assert list(document["stats"]) == ["files", "bytes_total", "bytes_fetched", "requests", "seconds"]


def test_the_hubs_own_verdicts_are_shown_and_kept_beside_ours():
    unsafe = {"status": "unsafe", "avScan": {"status": "unsafe", "message": "Eicar"}}
    files = {"model.pkl": system(), "danger.dat": b"plain", "a.txt": b"text"}
    security = {"model.pkl": {"status": "safe"}, "danger.dat": unsafe}
    with serve(World((Repo("org/m", (Commit(files, security=security),)),))) as hub:
        document = audit("repo", "org/m", "--format", "json", hub=hub).json
        shown = audit("repo", "org/m", hub=hub).out
    ours = {file["path"]: file["verdict"] for file in document["files"]}
    assert document["hub"] == {
        "scanned": 2,
        "not_scanned": 1,
        "disagreements": [
            {"path": "danger.dat", "alarmed": "only the Hub", "ours": ours["danger.dat"], "theirs": "unsafe"},
            {"path": "model.pkl", "alarmed": "only hub-audit", "ours": "malicious", "theirs": "safe"},
        ],
    }
    said = {file["path"]: file.get("hub") for file in document["files"]}
    assert said["a.txt"] is None
    assert said["danger.dat"][1] == {"scanner": "avScan", "status": "unsafe", "message": "Eicar", "version": ""}
    assert "the Hub says unsafe (avScan: Eicar)" in shown
    kept = audit("sql", "--format", "json", "SELECT path, theirs, alarmed FROM hub_comparison ORDER BY path").json
    assert [tuple(row.values()) for row in kept] == [
        ("a.txt", None, "not scanned by the Hub"),
        ("danger.dat", "unsafe", "only the Hub"),
        ("model.pkl", "safe", "only hub-audit"),
    ]


def test_500_small_files_cost_a_request_each_and_nothing_the_second_time():
    files = {f"d{number % 7}/{number}.txt": b"text %d\n" % number for number in range(500)}
    with serve(repo("org/many", files), shape=Shape(latency=0.03)) as hub:
        first = audit("repo", "org/many", "--format", "json", hub=hub).json
        # The repo, two lists of its files, one question for the Hub's verdicts, and one redirect that the others follow.
        assert first["stats"]["requests"] == hub.log.count() == len(files) + 5
        second = audit("repo", "org/many", hub=hub).out
    assert "500 files, 0 B fetched" in second
    assert "4 requests" in second


def test_full_reads_every_byte_and_checks_the_hash():
    with serve(
        repo("org/m", {"model.pkl": system(), "weights.bin": make_big_torch(3_000_000, call=False).hashed()})
    ) as hub:
        document = audit("repo", "org/m", "--full", "--format", "json", hub=hub).json
    assert document["stats"]["bytes_fetched"] == document["stats"]["bytes_total"]
    assert [file["error"] for file in document["files"]] == [None, None]


def test_bytes_that_the_hubs_hash_does_not_name_are_a_finding():
    with serve(repo("org/m", {"weights.bin": make_big_torch(3_000_000, call=False)})) as hub:  # its hash is made up
        result = audit("repo", "org/m", "--full", "--format", "json", hub=hub)
    assert result.code == 1
    assert [finding["rule"] for finding in result.json["findings"]] == ["file-wrong-hash"]
    assert result.json["files"][0]["error"]["code"] == "wrong-hash"


def test_include_and_exclude_choose_the_files():
    with serve(mixed()) as hub:
        document = audit(
            "repo", "org/mixed", "--include", "*.bin", "--exclude", "good*", "--format", "json", hub=hub
        ).json
    assert [file["path"] for file in document["files"]] == ["pytorch_model.bin"]


def test_fail_on_and_exit_zero_decide_the_exit_code():
    with serve(repo("org/m", {"model.pkl": system()})) as hub:
        assert audit("repo", "org/m", hub=hub).code == 1
        assert audit("repo", "org/m", "--exit-zero", hub=hub).code == 0
    with serve(repo("org/m", {"model.pkl": system(module="acme", name="load")})) as hub:
        assert audit("repo", "org/m", hub=hub).code == 0
        assert audit("repo", "org/m", "--fail-on", "medium", hub=hub).code == 1


TROUBLE = {
    "no such repo": (World(()), "org/none", 3, "org/none"),
    "disabled": (repo("org/m", {"a": b"1"}, disabled=True), "org/m", 3, "disabled"),
    "no repo id": (World(()), "not a repo", 2, "ORG/NAME"),
}


@pytest.mark.parametrize(("world", "name", "code", "word"), TROUBLE.values(), ids=TROUBLE)
def test_trouble_is_one_clear_line(world, name, code, word):
    with serve(world) as hub:
        result = audit("repo", name, hub=hub)
    clean_failure(result, code, word)


def test_a_gated_repo_says_what_to_do():
    with serve(repo("org/m", {"a.pkl": b"N."}, gated="manual")) as hub:
        result = audit("repo", "org/m", hub=hub)
    assert result.code == 3
    assert "hf auth login" in " ".join(result.out.split())


def test_no_such_revision_is_one_clear_line():
    with serve(repo("org/m", {"a": b"1"})) as hub:
        clean_failure(audit("repo", "org/m", "--revision", "v9", hub=hub), 3, "v9")


def test_no_network_is_one_clear_line():
    clean_failure(audit("repo", "org/m", HF_ENDPOINT="http://127.0.0.1:9"), 3, "127.0.0.1")


def test_offline_is_obeyed():
    clean_failure(audit("repo", "org/m", HF_HUB_OFFLINE="1"), 3, "HF_HUB_OFFLINE")


def test_a_file_that_cannot_be_fetched_is_incomplete_and_the_others_are_audited():
    fault = Fault("error", status=404, path="*good.bin")
    with serve(mixed(), fault) as hub:
        document = audit("repo", "org/mixed", "--format", "json", hub=hub).json
    by_path = {file["path"]: file for file in document["files"]}
    assert by_path["good.bin"]["verdict"] == "incomplete"
    assert by_path["good.bin"]["error"]["code"]
    assert by_path["model.pkl"]["verdict"] == "malicious"


def test_a_renamed_repo_is_audited_under_its_new_name():
    world = World((one("new/m", {"model.pkl": system()}),), {"old/m": "new/m"})
    with serve(world) as hub:
        assert audit("repo", "old/m", "--format", "json", hub=hub).json["target"]["id"] == "new/m"


def test_a_dataset_and_a_revision_are_audited():
    with serve(repo("org/d", {"a.pkl": b"N."}, {"a.pkl": system()}, type="dataset")) as hub:
        document = audit("repo", "org/d", "--type", "dataset", "--format", "json", hub=hub).json
        assert document["verdict"] == "malicious"
        first = hub.world.repo("org/d", "dataset").commit_ids[0]
        old = audit("repo", "org/d", "--type", "dataset", "--revision", first, "--format", "json", hub=hub).json
        assert old["verdict"] == "clean"
        assert old["target"]["commit"] == first


def test_the_text_says_what_to_do():
    with serve(mixed()) as hub:
        out = audit("repo", "org/mixed", hub=hub).out
    assert "org/mixed" in out
    assert "posix.system" in out
    assert "\x1b" not in out


def test_an_audit_of_some_files_does_not_speak_for_the_repo():
    with serve(repo("org/m", {"model.pkl": system(), "fine.pkl": b"N."})) as hub:
        audit("repo", "org/m", "--exclude", "model.pkl", hub=hub)
        assert audit("repo", "org/m", hub=hub).code == 1
        audit("repo", "org/m", "--exclude", "model.pkl", hub=hub)
        current = audit("sql", "--format", "csv", "SELECT DISTINCT path FROM current_findings").out
        assert current.splitlines() == ["path", "model.pkl"]
        text = audit("repo", "org/m", hub=hub).out
    assert "was audited clean" not in text
