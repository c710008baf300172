"""What `audit sweep` can be told to cover."""

import dataclasses

import pytest

from audit.demo.faults import Shape
from audit.demo.world import World
from tests.command import audit, clean_failure
from tests.craft.pickles import system
from tests.hub import one, serve

EMPTY = {"config.json": b"{}"}


def world():
    return World(
        (
            one("acme/bert-tiny", EMPTY, downloads=500, likes=1),
            one("acme/gpt", EMPTY, downloads=900, likes=2),
            one("other/bert-big", EMPTY, downloads=100, likes=3),
            one("other/data", EMPTY, type="dataset", downloads=10_000),
            one("other/app", EMPTY, type="space"),
        ),
        collections={"acme/best-0123456789abcdef01234567": (("model", "other/bert-big"), ("dataset", "other/data"))},
    )


def swept(hub, *arguments, **config):
    result = audit("sweep", *arguments, "--quiet", hub=hub)
    rows = audit("sql", "--format", "json", "SELECT repo_id, repo_type, revision FROM audits ORDER BY ALL").json
    return result, [(row["repo_id"], row["repo_type"], row["revision"]) for row in rows]


@pytest.mark.parametrize(
    ("targets", "repos"),
    [
        (["acme"], ["acme/bert-tiny", "acme/gpt"]),
        (["other/bert-big"], ["other/bert-big"]),
        (["search:bert"], ["acme/bert-tiny", "other/bert-big"]),
        (["top:2"], ["acme/bert-tiny", "acme/gpt"]),
        (["collection:acme/best-0123456789abcdef01234567"], ["other/bert-big"]),
        (["datasets/other/data"], ["other/data"]),
        (["spaces/other/app", "models/acme/gpt"], ["acme/gpt", "other/app"]),
        (["acme", "top:2", "search:bert", "acme/gpt"], ["acme/bert-tiny", "acme/gpt", "other/bert-big"]),
    ],
)
def test_each_kind_of_target_is_swept_once(targets, repos):
    with serve(world()) as hub:
        result, audits = swept(hub, *targets)
    assert result.code == 0, result
    assert [repo_id for repo_id, _, _ in audits] == repos


def test_a_collection_that_is_not_there_is_said():
    with serve(world()) as hub:
        result = audit("sweep", "collection:acme/none-0123456789abcdef01234567", hub=hub)
    assert result.code == 3
    assert "collection:acme/none" in result.err


def test_what_is_no_target_is_refused_before_anything_is_asked():
    with serve(world()) as hub:
        clean_failure(audit("sweep", "top:none", hub=hub), 2, "'top:none' is nothing to sweep", "search:WORDS")
        assert hub.log.count() == 0


def test_the_configuration_names_targets_types_patterns_and_revisions(tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text(
        "sweep:\n  targets: [acme, other]\n  types: [model, dataset]\n  include: ['*bert*', other/*]\n"
        "  exclude: [other/bert-*]\n  revisions: [tags, pulls, converts]\n"
    )
    files = {"weights.pkl": system()}
    tagged = one("acme/bert-tagged", EMPTY, files, tags={"v1": 0}, refs={"refs/pr/1": 1, "refs/convert/onnx": 0})
    held = dataclasses.replace(world(), repos=(*world().repos, tagged))
    with serve(held) as hub:
        assert audit("sweep", "--config", config, "--quiet", hub=hub).code == 1
        rows = audit("sql", "--format", "json", "SELECT repo_id, revision, verdict FROM audits ORDER BY ALL").json
        again = audit("sweep", "--config", config, hub=hub)
    assert [(row["repo_id"], row["revision"], row["verdict"]) for row in rows] == [
        ("acme/bert-tagged", "main", "malicious"),
        ("acme/bert-tagged", "refs/convert/onnx", "clean"),
        ("acme/bert-tagged", "refs/pr/1", "malicious"),
        ("acme/bert-tagged", "v1", "clean"),
        ("acme/bert-tiny", "main", "clean"),
        ("other/data", "main", "clean"),
    ]
    assert "6 repos listed, 0 audited, 6 unchanged" in again.err


def test_a_pull_request_does_not_speak_for_the_repo():
    pushed = one("acme/m", {"weights.pkl": system()}, EMPTY, branches={"main": 0}, refs={"refs/pr/1": 1})
    with serve(World((pushed,))) as hub:
        assert audit("repo", "acme/m", hub=hub).code == 1
        assert audit("repo", "acme/m", "--revision", "refs/pr/1", hub=hub).code == 0
    rows = audit("sql", "--format", "json", 'SELECT DISTINCT "commit" FROM current_findings').json
    assert [row["commit"] for row in rows] == [pushed.commit_ids[0]]


def test_the_plan_says_what_it_would_cost_and_audits_nothing():
    with serve(world(), shape=Shape(quotas=(("api", 500), ("resolvers", 3000), ("pages", 100)))) as hub:
        first = audit("sweep", "acme", "other", "--plan", hub=hub)
        asked = hub.log.count()
        assert audit("sweep", "acme", hub=hub).code == 0
        second = audit("sweep", "acme", "other", "--plan", hub=hub)
    assert (first.code, second.code) == (0, 0)
    assert "3 repos listed with 2 requests: 0 unchanged, 3 to audit" in first.out
    assert "the Hub allows 500 in 300 s" in first.out
    assert "a guess: nothing was audited yet" in first.out
    assert asked == 2
    assert "2 unchanged, 1 to audit" in second.out
    assert "what audits cost until now" in second.out
