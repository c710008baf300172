"""`audit sweep` and `audit demo`."""

import re

from audit.demo.content import demo_world
from tests.command import audit
from tests.hub import repo, serve


def verdicts():
    query = "SELECT repo_id, max_by(verdict, audited_at) AS verdict FROM audits GROUP BY repo_id"
    return {row["repo_id"]: row["verdict"] for row in audit("sql", "--format", "json", query).json}


def test_a_sweep_audits_every_repo_and_a_second_one_only_what_changed():
    with serve(demo_world(night=1)) as hub:
        assert audit("sweep", "demo-org", "demo-lab", hub=hub).code == 1
        assert verdicts() == {
            "demo-org/clean-classifier": "clean",
            "demo-lab/classifier-mirror": "clean",
            "demo-org/torch-runner": "malicious",
            "demo-org/custom-layers": "suspicious",
            "demo-lab/unreadable-weights": "incomplete",
            "demo-lab/turned-translator": "clean",
            "demo-org/tidy-embedder": "suspicious",
        }
        hub.log.clear()
        again = audit("sweep", "demo-org", "demo-lab", hub=hub)
        assert "0 audited" in again.err
        assert hub.log.count("cdn") == 0
        assert not [request for request in hub.log.requests("hub") if "/resolve/" in request.path]
        hub.world = demo_world(night=2)
        third = audit("sweep", "demo-org", "demo-lab", hub=hub)
        assert "2 audited" in third.err
        assert verdicts()["demo-lab/turned-translator"] == "malicious"
        assert verdicts()["demo-org/tidy-embedder"] == "clean"


def test_an_organisation_that_is_not_there_is_said():
    with serve(demo_world()) as hub:
        result = audit("sweep", "nobody", hub=hub)
    assert "0 repos listed" in result.err
    assert "Traceback" not in result.err


def test_the_demo_ends_in_findings_a_trend_and_what_to_try_next():
    result = audit("demo")
    assert result.code == 0, result
    assert "posix.system" in result.out
    assert {"malicious", "suspicious", "incomplete", "clean"} <= set(re.findall(r"\w+", result.out))
    assert "Try next" in result.out
    query = re.search(r"audit (sql --db \S+) \"(.+)\"", result.out)
    assert audit(*query[1].split(), query[2]).code == 0


def test_what_did_not_change_still_counts():
    with serve(demo_world(night=1)) as hub:
        assert audit("repo", "demo-org/torch-runner", hub=hub).code == 1
        first = audit("sweep", "demo-org", hub=hub)
        again = audit("sweep", "demo-org", hub=hub)
    assert (first.code, again.code) == (1, 1), again
    assert "0 audited" in again.err
    for result in (first, again):
        assert re.search(r"malicious +demo-org/torch-runner", result.out), result
        assert "clean-classifier" not in again.out


def test_a_sweep_over_clean_repos_that_did_not_change_is_fine():
    with serve(repo("org/m", {"config.json": b"{}"})) as hub:
        assert [audit("sweep", "org", hub=hub).code for _ in range(2)] == [0, 0]


def test_an_organisation_that_cannot_be_listed_does_not_end_the_sweep():
    with serve(repo("org/m", {"config.json": b"{}"})) as hub:
        result = audit("sweep", "nobody", "org", hub=hub)
        states = audit("sql", "SELECT status, repos_audited FROM sweeps", "--format", "csv").out
        wrong = audit("sweep", "org", "a/b/c", hub=hub)
        after = audit("sql", "SELECT count(*) AS sweeps FROM sweeps", "--format", "csv").out
    assert result.code == 3
    assert "nobody" in result.err
    assert states == "status,repos_audited\nincomplete,1\n"
    assert (wrong.code, after) == (2, "sweeps\n1\n"), wrong
