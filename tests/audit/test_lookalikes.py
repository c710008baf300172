"""Twenty repositories in the shape of popular ones: none that is loud without cause."""

from collections import defaultdict

import pytest

from audit.demo.world import World
from tests.command import audit
from tests.craft.lookalikes import OWN_CODE, WEIGHTS, lookalike
from tests.hub import one, serve

FOUND = "select repo_id, path, severity::varchar as severity, rule from current_findings"


@pytest.fixture(scope="module")
def findings(tmp_path_factory):
    """What a sweep finds in each of them: (severity, rule, path)."""
    database = tmp_path_factory.mktemp("look") / "audit.duckdb"
    with serve(World(tuple(one(f"lookalikes/{name}", lookalike(name)) for name in WEIGHTS))) as hub:
        swept = audit("sweep", "lookalikes", "--db", database, "--quiet", hub=hub)
    assert swept.code in {0, 1, 3}, swept
    rows = defaultdict(set)
    asked = audit("sql", FOUND, "--db", database, "--format", "json")
    assert asked.code == 0, asked
    for row in asked.json:
        rows[row["repo_id"].partition("/")[2]].add((row["severity"], row["rule"], row["path"]))
    return rows


def test_they_are_twenty_and_only_what_brings_code_of_its_own_gets_more_than_a_low_finding(findings):
    assert len(WEIGHTS) == 20
    spoken_of = {name: {row for row in rows if row[0] != "low"} for name, rows in findings.items()}
    loud = {name: {row for row in rows if row[0] != "medium"} for name, rows in spoken_of.items()}
    assert not any(loud.values()), loud
    assert {name for name, rows in spoken_of.items() if rows} == OWN_CODE
    for name in OWN_CODE:
        assert "config-auto-map" in {rule for _, rule, _ in findings[name]}
