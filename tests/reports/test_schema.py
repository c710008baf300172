"""The columns that users rely on, and what the views mean."""

import duckdb
import pytest

from reports import steps
from reports.errors import StoreError
from reports.record import HubVerdict, Problem
from reports.store import Store
from tests.reports.made import SCANNERS, audit, blob, file, finding, reference, sweep

CONTRACT = {
    "findings": "found_at sweep_id audit_id repo_id repo_type org commit path member blob format rule severity message evidence",
    "audits": "audit_id sweep_id repo_id repo_type org commit revision audited_at verdict complete ruleset files bytes_total "
    "bytes_fetched downloads likes last_modified error",
    "files": "audit_id repo_id commit path blob size format verdict complete reused",
    "blobs": "blob size format ruleset scanned_at verdict complete bytes_examined bytes_inert error",
    '"references"': "blob kind module name used_as member",
    "sweeps": "sweep_id started_at finished_at targets ruleset repos_listed repos_audited repos_unchanged files_scanned "
    "bytes_fetched requests status",
    "current_findings": "found_at sweep_id audit_id repo_id repo_type org commit path member blob format rule severity message evidence",
    "trend": "week org rule severity repos findings",
    "exposure": "repo_id rule severity findings downloads exposure",
}  # fmt: skip


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "audit.duckdb", wait=5)


def rows(store, sql):
    return store.query(sql).rows


@pytest.mark.parametrize("table", CONTRACT)
def test_a_table_has_the_columns_of_the_contract_in_their_order(store, table):
    promised = CONTRACT[table].split()
    columns = store.query(f"SELECT * FROM {table}").columns
    assert [name for name in columns if name in promised] == promised


def test_the_rows_that_are_written_name_every_column_of_their_table(store):
    from reports.rows import TABLES

    for table, columns in TABLES.items():
        assert set(store.query(f'SELECT * FROM "{table}"').columns) == set(columns)


def test_the_steps_are_recorded(store):
    assert [name for (name,) in rows(store, "SELECT name FROM schema_steps")] == list(steps.known())


def test_a_database_of_a_newer_version_is_refused_and_left_alone(store):
    store.record(audit("a1"))
    store.merge()
    with duckdb.connect(str(store.path)) as connection:
        connection.execute("INSERT INTO schema_steps VALUES ('9999_future', now()::TIMESTAMP)")
    with pytest.raises(
        StoreError, match=r"audit\.duckdb was written by a newer hub-audit; upgrade it or choose another"
    ):
        store.query("SELECT 1")
    with pytest.raises(StoreError, match="newer"):
        store.known({("sha256:aa", ".bin")}, SCANNERS.__eq__)
    with pytest.raises(StoreError, match="newer"):
        store.record_sweep(sweep())


def test_an_older_database_gets_the_steps_that_it_lacks(store, monkeypatch):
    store.record(audit("a1"))
    store.merge()
    more = steps.known() | {"0900_more": "ALTER TABLE audits ADD COLUMN note VARCHAR"}
    monkeypatch.setattr(steps, "known", lambda: more)
    assert rows(store, "SELECT audit_id, note FROM audits") == [("a1", None)]
    assert rows(store, "SELECT count(*) FROM schema_steps") == [(len(more),)]


def test_a_step_that_fails_leaves_the_database_as_it_was(store, monkeypatch):
    store.record(audit("a1"))
    store.merge()
    more = steps.known() | {"0900_bad": "CREATE TABLE x (a INT); SELECT error('no')"}
    with monkeypatch.context() as patch:
        patch.setattr(steps, "known", lambda: more)
        with pytest.raises(StoreError, match=r"audit\.duckdb: Invalid Input Error: no"):
            store.query("SELECT 1")
    assert rows(store, "SELECT count(*) FROM audits") == [(1,)]
    assert rows(store, "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'x'") == [(0,)]


def test_severities_and_verdicts_sort_by_weight(store):
    store.record(audit("a1", *(file(f"{one}.bin", finding(one)) for one in ("high", "low", "critical", "medium"))))
    assert rows(store, "SELECT severity FROM findings ORDER BY severity") == [
        ("low",),
        ("medium",),
        ("high",),
        ("critical",),
    ]
    assert rows(store, "SELECT max(verdict) FROM files") == [("malicious",)]
    assert rows(store, "SELECT count(*) FROM findings WHERE severity >= 'high'::severity") == [(2,)]


def test_current_findings_are_those_of_the_newest_audit_of_each_repo(store):
    store.record(audit("a1", file("old.bin", finding())))
    store.record(audit("a2", file("new.bin", finding()), days=1))
    store.record(audit("b1", file("other.bin", finding()), repo="org/other"))
    store.record(audit("a3", days=2, error=Problem("network", "unreachable"), verdict="incomplete", complete=False))
    store.record(audit("c1", file("gone.bin", finding()), repo="org/mended"))
    store.record(audit("c2", file("gone.bin"), days=1, repo="org/mended"))
    assert rows(store, "SELECT path FROM current_findings ORDER BY 1") == [("new.bin",), ("other.bin",)]


def test_each_revision_speaks_for_itself_and_a_pinned_commit_for_the_default_branch(store):
    store.record(audit("a1", file("main.bin", finding())))
    store.record(audit("a2", file("pull.bin", finding()), days=1, revision="refs/pr/1"))
    store.record(audit("a3", file("tag.bin", finding()), days=2, revision="v1"))
    store.record(audit("a4", file("tag.bin"), days=3, revision="v1"))
    assert rows(store, "SELECT path FROM current_findings ORDER BY 1") == [("main.bin",), ("pull.bin",)]
    store.record(audit("a5", file("pinned.bin"), days=4, revision="d" * 40))
    assert rows(store, "SELECT path FROM current_findings ORDER BY 1") == [("pull.bin",)]


def test_a_repo_that_was_renamed_has_no_findings_under_its_old_name(store):
    store.record(audit("a1", file("model.bin", finding())))
    moved = Problem("renamed", "is org/new now")
    store.record(audit("a2", days=1, error=moved, verdict="incomplete", complete=False))
    assert rows(store, "SELECT path FROM current_findings") == []


@pytest.mark.parametrize("count", range(1, len(steps.known())))
def test_a_database_of_each_earlier_version_is_brought_up_to_date(store, monkeypatch, count):
    earlier = dict(list(steps.known().items())[:count])
    with monkeypatch.context() as patch:
        patch.setattr(steps, "known", lambda: earlier)
        store.record(audit("a1", file("model.bin", finding())))
        store.merge()
    if "0004_names" not in earlier:
        with duckdb.connect(str(store.path)) as connection:
            connection.execute(
                """INSERT INTO "references" VALUES ('sha256:aa', 'pickle.global', 'posix', 'system', 'called', 'm', 's'),
                ('sha256:bb', 'pickle.global', 'posix', 'system', 'imported', '', 's'), ('sha256:bb', 'tf.op', '', 'X', 'called', '', 's')"""
            )
        assert len(store.hunt("*system*").rows) == 1
        assert rows(store, 'SELECT * FROM "references" ORDER BY ALL') == [
            ("sha256:aa", "pickle.global", "posix", "system", "called", "m", "s"),
            ("sha256:bb", "pickle.global", "posix", "system", "imported", "", "s"),
            ("sha256:bb", "tf.op", "", "X", "called", "", "s"),
        ]
    more = blob("sha256:cc", reference("new"), reference())
    store.record(audit("a2", file("pull.bin", finding()), days=1, revision="refs/pr/1", blobs=(more,)))
    assert rows(store, "SELECT path FROM current_findings ORDER BY 1") == [("model.bin",), ("pull.bin",)]
    assert [name for (name,) in rows(store, "SELECT name FROM schema_steps")] == list(steps.known())
    assert rows(store, "SELECT count(*), count(DISTINCT name_id), count(DISTINCT (kind, module, name)) FROM names") in (
        [(3, 3, 3)],
        [(2, 2, 2)],
    )
    assert rows(store, "SELECT module FROM \"references\" WHERE blob = 'sha256:cc' ORDER BY 1") == [
        ("new",),
        ("posix",),
    ]


def test_a_change_is_what_an_audit_says_and_the_one_before_it_did_not(store):
    store.record(
        audit("a1", file("kept.bin", finding(), finding(offset=9)), file("gone.bin", finding("high")), sweep_id="s1")
    )
    store.record(audit("p1", file("pull.bin", finding()), days=1, revision="refs/pr/1", sweep_id="s1"))
    store.record(audit("a2", file("kept.bin", finding()), file("come.bin", finding("low")), days=2, sweep_id="s2"))
    assert rows(store, "SELECT sweep_id, change, path, severity FROM changes ORDER BY ALL") == [
        ("s1", "new", "gone.bin", "high"),
        ("s1", "new", "kept.bin", "critical"),
        ("s1", "new", "pull.bin", "critical"),
        ("s2", "new", "come.bin", "low"),
        ("s2", "resolved", "gone.bin", "high"),
    ]


@pytest.mark.parametrize(
    ("theirs", "bad", "good"),
    [
        (None, "not scanned by the Hub", "not scanned by the Hub"),
        ("queued", "not scanned by the Hub", "not scanned by the Hub"),
        ("safe", "only hub-audit", "neither"),
        ("unsafe", "both", "only the Hub"),
    ],
)
def test_the_hubs_verdict_is_held_against_ours_and_what_it_did_not_scan_is_never_safe(store, theirs, bad, good):
    store.record(audit("a1", file("bad.bin", finding()), file("good.bin", blob="sha256:bb")))
    store.merge()
    if theirs is not None:
        with duckdb.connect(str(store.path)) as connection:
            connection.execute(
                """INSERT INTO hub_verdicts
                SELECT 'org/model', 'model', path, blob, 'hub', status, NULL, NULL, TIMESTAMP '2026-01-06' - INTERVAL (age) DAY
                FROM files, (VALUES ($1, 0), ('error', 1)) AS said(status, age)""",
                [theirs],
            )
    assert rows(store, "SELECT path, theirs, alarmed FROM hub_comparison ORDER BY path") == [
        ("bad.bin", theirs, bad),
        ("good.bin", theirs, good),
    ]


def test_a_verdict_of_the_hub_is_kept_when_it_changes_and_not_again(store):
    for day, status in enumerate(("safe", "safe", "unsafe", "safe")):
        store.record(audit(f"a{day}", file("m.bin", hub=(HubVerdict("hub", status),)), days=day))
        store.merge()
    assert rows(
        store,
        "SELECT repo_id, repo_type, path, blob, status, seen_at::DATE::VARCHAR FROM hub_verdicts ORDER BY seen_at",
    ) == [
        ("org/model", "model", "m.bin", "sha256:aa", "safe", "2026-01-05"),
        ("org/model", "model", "m.bin", "sha256:aa", "unsafe", "2026-01-07"),
        ("org/model", "model", "m.bin", "sha256:aa", "safe", "2026-01-08"),
    ]
    assert rows(store, "SELECT theirs, alarmed FROM hub_comparison") == [("safe", "neither")]


def test_the_trend_carries_a_repo_that_did_not_change_through_the_weeks(store):
    store.record(audit("a1", file("model.bin", finding(), finding("low"))))
    store.record(audit("b1", file("model.bin", finding()), days=1, repo="org/other"))
    store.record(audit("b2", file("model.bin"), days=7, repo="org/other"))
    store.record_sweep(sweep())
    store.record(audit("c1", file(), days=15, repo="org/late"))
    assert rows(store, "SELECT week::VARCHAR, severity, repos, findings FROM trend ORDER BY ALL") == [
        ("2026-01-05", "low", 1, 1),
        ("2026-01-05", "critical", 2, 2),
        ("2026-01-12", "low", 1, 1),
        ("2026-01-12", "critical", 1, 1),
        ("2026-01-19", "low", 1, 1),
        ("2026-01-19", "critical", 1, 1),
    ]


def test_exposure_weighs_findings_with_downloads(store):
    store.record(audit("a1", file("a.bin", finding()), file("b.bin", finding()), downloads=1000))
    store.record(audit("b1", file("a.bin", finding()), repo="org/unknown"))
    assert rows(store, "SELECT repo_id, findings, downloads, exposure FROM exposure ORDER BY ALL") == [
        ("org/model", 2, 1000, 2000),
        ("org/unknown", 1, 0, 0),
    ]


def test_a_blob_is_one_row_for_each_ruleset_and_its_worst_name_speaks(store):
    under_two_names = file("a.bin"), file("a.pkl", finding(), hint=".pkl")
    store.record(audit("a1", *under_two_names, blobs=(blob(), blob(hint=".pkl"))))
    store.record(audit("a2", file("again.bin"), days=1, repo="org/copy"))
    store.record(audit("a3", *under_two_names, days=2, ruleset="rules-2"))
    assert rows(store, "SELECT blob, ruleset, verdict, complete, bytes_examined FROM blobs ORDER BY ALL") == [
        ("sha256:aa", "rules-1", "malicious", True, 60),
        ("sha256:aa", "rules-2", "malicious", True, 60),
    ]


def test_a_blob_that_was_examined_at_last_is_no_longer_incomplete(store):
    failed = file("a.bin", verdict="incomplete", complete=False, error=Problem("network", "reset"))
    store.record(audit("a1", failed))
    assert rows(store, "SELECT verdict, complete, error FROM blobs") == [("incomplete", False, "network: reset")]
    store.record(audit("a2", file("a.bin"), days=1))
    assert rows(store, "SELECT verdict, complete, error FROM blobs") == [("clean", True, None)]
