"""`audit sweep` and `audit demo`."""

import re

from audit.demo.content import demo_world
from tests.command import audit
from tests.hub import serve


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
