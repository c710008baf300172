"""The questions that ship with the project."""

from datetime import timedelta

import pytest

from reports import shipped
from reports.errors import QueryError
from reports.record import Sweep
from reports.store import Store
from tests.reports.made import START, audit, blob, file, finding, reference, sweep


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("history") / "audit.duckdb", wait=5)
    limit = file("c.bin", blob="sha256:cc", verdict="incomplete", complete=False)
    store.record(audit("a1", file("a.pkl", finding(), blob="sha256:aa"), limit, repo="one/m", downloads=7))
    store.record(audit("a2", file("a.pkl", finding(), blob="sha256:aa"), days=1, repo="two/m", downloads=90))
    store.record(audit("a3", file("s.safetensors", format="safetensors", blob="sha256:dd"), days=40, repo="two/new"))
    store.record(audit("a4", file("a.pkl", finding("high"), blob="sha256:ee"), days=41, repo="two/late"))
    store.record(
        audit("a5", file("a.pkl", blob="sha256:ff"), blobs=(blob("sha256:ff", reference()),), days=42, repo="one/m")
    )
    store.record_sweep(sweep())
    return store


def answer(history, name, **given):
    found = shipped.find(name)
    table = history.query(found.sql, parameters=dict.fromkeys(found.parameters) | given)
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


@pytest.mark.parametrize("name", shipped.shipped())
def test_every_question_is_one_and_has_an_answer(history, name):
    found = shipped.find(name)
    assert found.question.endswith("?")
    answer(history, name)


def test_the_answers_are_right(history):
    assert [(row["org"], row["critical"], row["high"]) for row in answer(history, "riskiest-organisations")] == [
        ("two", 1, 1)
    ]
    assert [row["repo_id"] for row in answer(history, "new-this-week")] == ["two/late"]
    assert len(answer(history, "new-this-week", days="60")) == 3
    assert [(row["blob"], row["orgs"]) for row in answer(history, "shared-blobs")] == [("sha256:aa", 2)]
    assert [row["safetensors_percent"] for row in answer(history, "formats-over-time")] == [0.0, 33.3]
    assert [row["repo_id"] for row in answer(history, "most-exposed")] == ["two/m", "two/late"]
    assert [(row["repo_id"], row["path"]) for row in answer(history, "resolved")] == [("one/m", "a.pkl")]
    assert len(answer(history, "sweeps", last="1")) == 1
    assert answer(history, "incomplete") == []
    assert [row["repo_id"] for row in answer(history, "pickles-only")] == ["two/m", "one/m", "two/late"]
    assert [(row["repo_id"], row["alarmed"]) for row in answer(history, "hub-misses")] == [
        ("two/m", "not scanned by the Hub"),
        ("two/late", "not scanned by the Hub"),
    ]
    assert answer(history, "hub-against-ours") == [{"alarmed": "not scanned by the Hub", "files": 4, "repos": 4}]
    assert [(row["severity"], row["resolved"], row["standing"]) for row in answer(history, "time-to-resolve")] == [
        ("critical", 1, 1),
        ("high", 0, 1),
    ]


def test_what_changed_since_a_sweep_leaves_out_what_came_and_went(tmp_path):
    store = Store(tmp_path / "audit.duckdb", wait=5)
    for number in (1, 2, 3):
        at = START + timedelta(days=number)
        store.record_sweep(Sweep(f"s{number}", at, ("org",), "rules-1", at, status="complete"))
    store.record(audit("a1", file("old.bin", finding())))
    store.record(audit("a2", file("old.bin", finding()), file("brief.bin", finding()), days=1.5))
    store.record(audit("a3", file("new.bin", finding("high")), days=2.5))
    assert [(row["change"], row["path"]) for row in answer(store, "since-sweep")] == [
        ("new", "new.bin"),
        ("resolved", "brief.bin"),
        ("resolved", "old.bin"),
    ]
    assert [(row["change"], row["path"]) for row in answer(store, "since-sweep", sweep="s1")] == [
        ("new", "new.bin"),
        ("resolved", "old.bin"),
    ]
    assert answer(store, "since-sweep", sweep="s3") == []


def test_a_name_that_is_not_there_gets_a_hint():
    with pytest.raises(QueryError, match="did you mean new-this-week"):
        shipped.find("new-this-wek")
    with pytest.raises(QueryError, match="audit sql --list"):
        shipped.find("x")
