"""The repos that a repo names: what the Hub says of the names, and what they would do themselves."""

import json
from datetime import UTC, datetime

import pytest

from audit.demo.world import Commit, Repo, World
from tests.command import audit
from tests.craft.pickles import system
from tests.hub import Fault, serve

EARLY, LATE = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)


def made(repo_id, files, *, created=EARLY, changed=EARLY, **other):
    return Repo(repo_id, (Commit(files, date=changed),), created_at=created, **other)


def adapter(base, **other):
    """The configuration of an adapter of `base`."""
    config = {"peft_type": "LORA", "base_model_name_or_path": base, "task_type": "CAUSAL_LM", **other}
    return {"adapter_config.json": json.dumps(config).encode()}


def other_code(repo_id):
    return {"config.json": json.dumps({"model_type": "x", "auto_map": {"AutoModel": f"{repo_id}--m.Model"}}).encode()}


def found(result, *rules):
    return [
        (each["rule"], each["severity"], each["path"])
        for each in result.json["findings"]
        if not rules or each["rule"] in rules
    ]


def run(world, *options, repo="org/adapter", **other):
    with serve(world) as hub:
        result = audit("repo", repo, "--format", "json", *options, hub=hub, **other)
        paths = [request.path for request in hub.log.requests()]
    return result, paths


CLEAN = made("base/model", {"config.json": b'{"model_type": "bert"}'})


def test_a_name_that_stands_for_what_it_did_is_asked_about_once_and_not_audited():
    own = made(
        "org/adapter",
        {**adapter("base/model"), "sub/adapter_config.json": adapter("base/model")["adapter_config.json"] + b" "},
    )
    result, paths = run(World((own, CLEAN)))
    assert found(result) == []
    assert [path for path in paths if "base/model" in path] == ["/api/models/base/model"]


@pytest.mark.parametrize(
    ("files", "severity"),
    [
        (adapter("gone/model"), "medium"),
        (adapter("base/model", revision="v9"), "medium"),
        (other_code("gone/model"), "high"),
        ({"demo.py": b"from transformers import AutoModel\nm = AutoModel.from_pretrained('gone/model')\n"}, "low"),
    ],
)
def test_a_name_that_nobody_has_is_a_finding(files, severity):
    result, _ = run(World((made("org/adapter", files), CLEAN)))
    assert found(result, "hub-repo-missing") == [("hub-repo-missing", severity, *files)]


def test_a_folder_of_the_repo_is_no_name():
    files = {**adapter("output/model"), "output/model/config.json": b"{}"}
    result, paths = run(World((made("org/adapter", files),)))
    assert found(result, "hub-repo-missing") == []
    assert not any("output" in path for path in paths if path.startswith("/api/models/output"))


@pytest.mark.parametrize(
    ("named", "severities"), [("old/model", ["medium"]), ("base/old", ["low"]), ("Base/Model", [])]
)
def test_a_name_that_has_moved_is_a_finding_and_letter_case_is_none(named, severities):
    world = World(
        (made("org/adapter", adapter(named)), CLEAN), renames={"old/model": "base/model", "base/old": "base/model"}
    )
    result, _ = run(world)
    assert [severity for _, severity, _ in found(result, "hub-repo-renamed")] == severities


PROGRAM = {"demo.py": b"from transformers import AutoModel\nm = AutoModel.from_pretrained('base/model')\n"}


@pytest.mark.parametrize(
    ("owner", "files", "created", "severities"),
    [
        ("org", adapter("base/model"), LATE, ["high"]),
        ("org", PROGRAM, LATE, ["medium"]),
        ("org", adapter("base/model"), EARLY, []),
        ("base", adapter("base/model"), LATE, []),
    ],
)
def test_a_name_of_somebody_else_that_was_registered_after_the_file_is_a_finding(owner, files, created, severities):
    base = made("base/model", {"config.json": b"{}"}, created=created)
    result, _ = run(World((made(f"{owner}/adapter", files), base)), repo=f"{owner}/adapter")
    assert [severity for _, severity, _ in found(result, "hub-repo-registered-later")] == severities
    assert result.code == ("high" in severities)


def test_what_is_found_in_a_repo_that_is_named_is_told_through_it_to_the_depth_asked_for():
    world = World(
        (
            made("org/adapter", adapter("base/middle")),
            made("base/middle", {**adapter("far/model"), "README.md": b"plain"}),
            made("far/model", {"model.pkl": system(), **adapter("org/adapter")}),
        )
    )
    none, _ = run(world)
    one, _ = run(world, "--follow", "--no-store")
    two, paths = run(world, "--follow", "2")
    assert (none.code, one.code, two.code) == (0, 0, 1)
    assert found(one) == []
    (finding,) = two.json["findings"]
    assert (finding["rule"], finding["severity"], finding["path"]) == (
        "hub-repo-reached",
        "critical",
        "adapter_config.json",
    )
    assert finding["message"].startswith("through base/middle: adapter_config.json: through far/model: model.pkl: ")
    assert finding["evidence"]["through"] == "base/middle"
    trees = [path for path in paths if "/tree/" in path]
    assert len(trees) == len(set(trees)) == 3
    rows = audit(
        "sql", "--format", "json", "SELECT repo_id, verdict FROM audits WHERE verdict = 'malicious' ORDER BY 1"
    ).json
    assert [row["repo_id"] for row in rows] == ["base/middle", "far/model", "org/adapter"]
    edges = audit("sql", "--format", "json", "SELECT repo_id, target, revision FROM edges ORDER BY 1").json
    assert [tuple(row.values()) for row in edges] == [
        ("base/middle", "far/model", None),
        ("far/model", "org/adapter", None),
        ("org/adapter", "base/middle", None),
    ]


def test_a_repo_is_audited_at_the_commit_that_it_is_pinned_to():
    base = Repo(
        "base/model", (Commit({"model.pkl": system()}), Commit({"a.txt": b"tidy"})), tags={"v1": 0}, created_at=EARLY
    )
    pinned, _ = run(World((made("org/adapter", adapter("base/model", revision="v1")), base)), "--follow")
    newest, _ = run(World((made("org/adapter", adapter("base/model")), base)), "--follow")
    assert (pinned.code, newest.code) == (1, 0)
    assert pinned.json["findings"][0]["evidence"]["commit"] == base.commit_ids[0]


def test_what_cannot_be_followed_makes_the_audit_incomplete_and_is_a_word_without(monkeypatch):
    world = World((made("org/adapter", adapter("base/model")), CLEAN))
    for options, code in (("--follow", 3), ((), 0)):
        with serve(world, Fault("error", path="/api/models/base/model", status=403)) as hub:
            result = audit("repo", "org/adapter", "--format", "json", *([options] if options else ()), hub=hub)
        assert result.code == code, result
        assert "base/model could not be asked about" in (result.json.get("error") or {"message": result.err})["message"]


def test_what_stands_behind_a_name_and_cannot_be_read_makes_the_audit_incomplete():
    far = made("far/model", {"model.bin": b"ACMEWTS1" + bytes(range(256)) * 9})
    world = World((made("org/adapter", adapter("base/model")), made("base/model", adapter("far/model")), far))
    result, _ = run(world, "--follow", "2")
    assert (result.code, result.json["verdict"], result.json["complete"]) == (3, "incomplete", False)
    assert result.json["error"] == {"code": "follow", "message": "base/model could not be examined to its end"}


def test_a_repo_that_cannot_be_listed_is_told_and_nothing_else_is_told_in_its_place():
    files = {**adapter("base/model"), "model.pkl": system()}
    far = made("far/model", {"a.txt": b"text"})
    world = World((made("org/adapter", files), made("base/model", adapter("far/model")), far))
    with serve(world, Fault("error", path="/api/models/far/model/tree/*", status=403)) as hub:
        result = audit("repo", "org/adapter", "--follow", "2", "--format", "json", hub=hub)
    assert "far/model could not be audited" in result.json["error"]["message"]
    assert found(result, "hub-repo-reached") == []


def test_too_many_names_are_not_all_looked_at(monkeypatch):
    files = {f"{n}/adapter_config.json": adapter(f"gone/model{n}")["adapter_config.json"] for n in range(70)}
    result, paths = run(World((made("org/adapter", files),)), "--follow")
    assert sum(path.startswith("/api/models/gone") for path in paths) == 64
    assert "names more than 64 repositories: 6 are not looked at" in result.json["error"]["message"]


def test_what_the_hub_said_of_names_outlives_a_judgement_by_new_rules(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text("policy: {deny: [{name: a.b, reason: house}]}\n")
    run(World((made("org/adapter", adapter("gone/model")), CLEAN)))
    query = "SELECT rule, severity, message FROM current_findings"
    before = audit("sql", "--format", "json", query).json
    judged = audit("judge", "--config", config, HF_HUB_OFFLINE="1")
    assert "1 audits judged again: 0 changed" in judged.err
    assert audit("sql", "--format", "json", query).json == before != []
