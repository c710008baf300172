"""`audit hunt` and the queries of `audit sql`, as users call them."""

import pytest

from audit.demo.content import demo_world
from tests.command import audit, clean_failure
from tests.hub import serve


@pytest.fixture
def swept():
    with serve(demo_world(night=1)) as hub:
        audit("sweep", "demo-org", "--quiet", hub=hub)


def test_a_hunt_answers_without_the_hub(swept):
    result = audit("hunt", "os.system", "--format", "json", HF_HUB_OFFLINE="1")
    assert result.code == 0
    assert [(row["repo"], row["name"]) for row in result.json] == [("demo-org/torch-runner", "posix.system")]
    assert "1 blobs in 1 repos referenced os.system, also as posix.system and nt.system" in result.err
    assert audit("hunt", "os.system", "--since", "2100-01-01", "--format", "json").json == []
    assert audit("hunt", "os.system", "--kind", "tf.*", "--format", "csv").out.count("\n") == 1


@pytest.mark.parametrize("pattern", ["", "*", "**"])
def test_a_hunt_for_everything_is_refused(pattern):
    clean_failure(audit("hunt", pattern), 2, "such as os.system")


def test_a_hunt_in_an_empty_history_finds_nothing():
    assert audit("hunt", "os.system", "--format", "json").json == []


def test_a_query_that_ships_with_the_project_is_named(swept):
    assert "riskiest-organisations  Which organisations" in audit("sql", "--list").out
    rows = audit("sql", "--name", "riskiest-organisations", "--format", "json").json
    assert [(row["org"], row["critical"]) for row in rows] == [("demo-org", 1)]
    clean_failure(audit("sql", "--name", "riskiest-organisation"), 2, "did you mean riskiest-organisations")


def test_a_query_takes_parameters(swept):
    query = "SELECT count(*) AS n FROM findings WHERE severity >= $least::severity AND repo_id = $repo"
    given = ("--param", "least=high", "--param", "repo=demo-org/torch-runner")
    assert audit("sql", query, *given, "--format", "json").json == [{"n": 1}]
    clean_failure(audit("sql", query), 2, "least")
    clean_failure(audit("sql", query, "--param", "least"), 2, "NAME=VALUE")
    clean_failure(audit("sql", "SELECT 1", "--param", "x=1"), 2, "x")


@pytest.mark.parametrize("arguments", [[], ["SELECT 1", "--list"], ["SELECT 1", "--name", "sweeps"]])
def test_one_query_at_a_time(arguments):
    clean_failure(audit("sql", *arguments), 2, "--list")
