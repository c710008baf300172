"""The history as Parquet."""

import subprocess
import sys

import duckdb
import pytest

from reports.errors import StoreError
from reports.store import Store
from tests.command import audit as command
from tests.reports.made import audit, blob, file, finding, reference, sweep


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "audit.duckdb", wait=5)
    store.record(audit("a1", file("a'.bin", finding()), blobs=(blob("sha256:aa", reference()),)))
    store.record(audit("a2", file("b.bin"), days=7))
    store.record_sweep(sweep())
    return store


def read(folder, table):
    return duckdb.sql(f"FROM read_parquet('{folder}/{table}/**/*.parquet', hive_partitioning = true)")


def test_every_table_can_be_read_back_and_is_laid_out_by_week_or_kind(store, tmp_path):
    folder = tmp_path / "it's a lake"
    store.export(folder)
    quoted = str(folder).replace("'", "''")
    for table in ("audits", "files", "findings", "references", "blobs", "sweeps"):
        expected = store.query(f'SELECT count(*) FROM "{table}"').rows
        assert read(quoted, table).count("*").fetchall() == expected
    assert sorted(path.name for path in (folder / "audits").iterdir()) == ["week=2026-01-05", "week=2026-01-12"]
    assert [path.name for path in (folder / "references").iterdir()] == ["kind=pickle.global"]
    assert read(quoted, "findings").project("path, severity, week").fetchall()[0][:2] == ("a'.bin", "critical")


def test_an_export_replaces_the_one_before_it_and_leaves_nothing_behind(store, tmp_path):
    folder = tmp_path / "lake"
    store.export(folder)
    (folder / "audits" / "stale.parquet").write_bytes(b"")
    store.record(audit("a3", file("c.bin"), days=14))
    store.export(folder)
    assert read(folder, "audits").count("*").fetchall() == [(3,)]
    assert not (folder / "audits" / "stale.parquet").exists()
    assert [path.name for path in tmp_path.iterdir() if "tmp" in path.name] == []


def test_a_system_that_cannot_exchange_names_replaces_the_folder_too(store, tmp_path, monkeypatch):
    monkeypatch.setattr("reports.export._exchanged", lambda *_: False)
    test_an_export_replaces_the_one_before_it_and_leaves_nothing_behind(store, tmp_path)


def test_a_folder_of_somebody_else_is_left_alone(store, tmp_path):
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear")
    with pytest.raises(StoreError, match="holds what is no export"):
        store.export(folder)
    assert [path.name for path in folder.iterdir()] == ["letter.txt"]


def test_an_export_that_fails_leaves_the_one_before_it(store, tmp_path, monkeypatch):
    folder = tmp_path / "lake"
    store.export(folder)
    monkeypatch.setitem(__import__("reports.export", fromlist=["x"])._TABLES, "sweeps", ("SELECT error('full')", None))
    with pytest.raises(StoreError, match="full"):
        store.export(folder)
    assert read(folder, "audits").count("*").fetchall() == [(2,)]
    assert [path.name for path in tmp_path.iterdir() if "tmp" in path.name] == []


def test_an_export_holds_the_database_only_while_it_is_copied(store, tmp_path, monkeypatch):
    from reports import export

    def write(connection, draft, write=export.write):
        store.record(audit("a3", file("c.bin"), days=14))
        other = "import sys, duckdb; duckdb.connect(sys.argv[1]).execute('CREATE TABLE t AS SELECT 1')"
        subprocess.run([sys.executable, "-c", other, str(store.path)], check=True)
        write(connection, draft)

    monkeypatch.setattr(export, "write", write)
    store.export(tmp_path / "lake")
    assert read(tmp_path / "lake", "audits").count("*").fetchall() == [(2,)]
    assert not (tmp_path / "lake" / "copy").exists()
    assert store.query("SELECT count(*) FROM audits").rows == [(3,)]


def test_the_command_exports_an_empty_history_too(tmp_path):
    assert command("export", "--parquet", tmp_path / "lake").code == 0
    assert (tmp_path / "lake" / "sweeps" / "data.parquet").exists()


def test_the_connection_of_an_export_reaches_its_folder_only(store, tmp_path):
    from reports.database import opened

    store.merge()
    (tmp_path / "draft").mkdir()
    with opened(store.path, write=False, wait=5, folder=tmp_path / "draft") as connection:
        for sql in ("COPY (SELECT 1) TO '{}/x.csv'", "FROM glob('{}/*')", "ATTACH '{}/x.duckdb'"):
            with pytest.raises(duckdb.PermissionException):
                connection.execute(sql.format(tmp_path))
        with pytest.raises(duckdb.Error, match="Cannot enable external access"):
            connection.execute("SET enable_external_access = true")
