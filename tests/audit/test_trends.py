"""`audit trends`."""

import re

from reports.query import Table
from reports.trend import groups_text
from tests.command import audit, clean_failure


def test_the_trend_of_the_demo_is_drawn_by_severity_and_by_organisation():
    demo = audit("demo")
    database = re.search(r"--db (\S+)", demo.out)[1]
    weeks = re.findall(r"^2026-\d\d-\d\d .*", audit("trends", "--db", database).out, re.MULTILINE)
    assert len(weeks) == 2
    lines = audit("trends", "--db", database, "--by", "org").out.splitlines()
    assert [line.split()[:3] for line in lines[1:]] == [["demo-org", "2", "3"], ["demo-lab", "1", "0"]]
    assert len(audit("trends", "--db", database, "--weeks", "1").out.splitlines()) == 3
    for by in ("rule", "format"):
        assert audit("trends", "--db", database, "--by", by).code == 0


def test_an_empty_history_has_no_trend():
    assert audit("trends").out == "No findings yet.\n"
    assert audit("trends", "--by", "org").out == "No findings yet.\n"
    clean_failure(audit("trends", "--by", "moon"), 2, "--by")


def test_bars_are_in_proportion_and_nothing_is_drawn_as_nothing():
    rows = [("w1", "a\x1b", "high", 1), ("w2", "a\x1b", "high", 80), ("w2", None, "low", 3)]
    assert groups_text(Table(("week", "org", "severity", "findings"), rows), "org").splitlines() == [
        "org        now   before  w1 to w2",
        "a\\x1b       80        1  ▁█",
        "-            3        0   █",
    ]
