"""The questions that ship with the project."""

import pytest

from reports import shipped
from reports.errors import QueryError
from reports.store import Store
from tests.reports.made import audit, blob, file, finding, reference, sweep


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


def test_a_name_that_is_not_there_gets_a_hint():
    with pytest.raises(QueryError, match="did you mean new-this-week"):
        shipped.find("new-this-wek")
    with pytest.raises(QueryError, match="audit sql --list"):
        shipped.find("x")
