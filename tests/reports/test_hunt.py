"""Who ever referenced something."""

from datetime import timedelta

import pytest

from reports.hunt import patterns
from reports.store import Store
from scanners.facts import Reference
from tests.reports.made import START, audit, blob, file


def name(module, attribute, kind="pickle.global", used_as="called"):
    return Reference(kind, module, attribute, used_as)


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "audit.duckdb", wait=5)
    evil = blob(
        "sha256:aa", name("posix", "system"), name("posix", "system", used_as="imported"), name("torch.hub", "load")
    )
    graph = blob("sha256:bb", name("", "WriteFile", "torch.script"), name("", "Lambda", "keras.layer"))
    store.record(audit("a1", file(blob="sha256:aa"), blobs=(evil,), repo="org/first", downloads=10))
    store.record(
        audit("a2", file("copy.bin", blob="sha256:aa"), blobs=(evil,), days=3, repo="org/popular", downloads=900)
    )
    store.record(audit("a3", file("graph.pb", blob="sha256:bb"), blobs=(graph,), days=5, repo="org/graph"))
    store.record(audit("a4", file("clean.bin", blob="sha256:cc"), blobs=(blob("sha256:cc"),), days=6, repo="org/first"))
    return store


def repos(store, pattern, **options):
    table = store.hunt(pattern, **options)
    at = table.columns.index("repo")
    return [row[at] for row in table.rows]


def test_every_repo_that_carries_a_blob_is_named_and_the_most_downloaded_first(store):
    assert repos(store, "os.system") == ["org/popular", "org/first"]


def test_a_row_says_what_was_referenced_how_where_and_when(store):
    rows = [dict(zip(store.hunt("os.system").columns, row, strict=True)) for row in store.hunt("os.system").rows]
    assert rows[1] == {
        "name": "posix.system",
        "kind": "pickle.global",
        "used_as": "called, imported",
        "repo": "org/first",
        "type": "model",
        "path": "model.bin",
        "member": "",
        "blob": "sha256:aa",
        "downloads": 10,
        "first_seen": START.replace(tzinfo=None),
        "last_seen": START.replace(tzinfo=None),
        "current": False,
    }
    assert rows[0]["current"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("posix.system", 2),
        ("torch.hub.*", 2),
        ("torch.*", 2),
        ("*.load", 2),
        ("WriteFile", 1),
        ("Write*", 1),
        ("Lambda", 1),
        ("writefile", 0),
        ("system", 0),
        ("os", 0),
        ("torch.hub.[!l]*", 0),
        ("torch.hub.[", 0),
        ("'; DROP TABLE audits; --", 0),
    ],
)
def test_a_pattern_fits_whole_names(store, pattern, found):
    assert len(repos(store, pattern)) == found


def test_a_hunt_can_be_narrowed_to_a_kind_and_to_a_time(store):
    assert repos(store, "*[a-z]", kind="*.script") == ["org/graph"]
    assert repos(store, "os.system", since=START + timedelta(days=2)) == ["org/popular"]


def test_a_thing_is_looked_for_under_all_its_names():
    assert patterns("os.system") == ["os.system", "posix.system", "nt.system"]
    assert patterns("builtins.exec") == ["builtins.exec", "__builtin__.exec"]
    assert patterns("torch.load") == ["torch.load"]
    assert patterns("os") == ["os"]


def test_two_readings_of_a_blob_keep_the_references_of_both(tmp_path):
    store = Store(tmp_path / "audit.duckdb", wait=5)
    readings = [blob("sha256:aa", name("a", one), hint=one, scanners=f"mark-{one}") for one in (".bin", ".pkl")]
    for number, reading in enumerate(readings):
        store.record(audit(f"a{number}", file(blob="sha256:aa", hint=reading.hint), blobs=(reading,)))
    assert len(store.hunt("a.*").rows) == 2
    newer = blob("sha256:aa", name("b", "new"), hint=".bin", scanners="mark-newer")
    store.record(audit("a9", file(blob="sha256:aa", hint=".bin"), blobs=(newer,), days=1))
    assert {row[0] for row in store.hunt("[ab].*").rows} == {"a..pkl", "b.new"}
