"""What is recorded is there, once, and can be asked for."""

import threading
from datetime import timedelta

import duckdb
import msgspec
import pytest

from reports.errors import StoreBusy, StoreError
from reports.fingerprint import fingerprint
from reports.record import Problem
from reports.store import RepoAt, Standing, Store
from scanners.facts import Code, Opens
from tests.reports.made import SCANNERS, START, audit, blob, file, finding, reference, sweep


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "history" / "audit.duckdb", wait=5)


def rows(store, sql):
    return store.query(sql).rows


AT = RepoAt("org/model", "model", "main", "c" * 40)


def waiting(store):
    return sorted(path.name for path in store.path.with_name("audit.duckdb.spool").iterdir())


def test_making_a_store_touches_nothing(store):
    assert not store.path.parent.exists()
    assert store.known({("sha256:aa", ".bin")}, SCANNERS.__eq__) == {}
    assert store.standing([AT], "rules-1") == {}
    assert store.safe_revision("org/model", "model") is None
    assert store.merge() == 0
    assert not store.path.parent.exists()


def test_a_query_without_a_history_is_answered_from_an_empty_one(store):
    assert rows(store, "SELECT count(*) FROM findings") == [(0,)]
    assert store.path.exists()


def test_findings_come_back_as_they_were_made(store):
    made = finding("high", evidence={"callee": "posix.system", "n": 1}), finding("low", offset=None)
    store.record(audit("a1", file("a\udcff.bin", *made)))
    store.record(audit("a2", file("b.bin", finding()), repo="org/other"))
    store.merge()
    found = store.findings(["a1"])["a1"]
    assert sorted(one.severity for _, _, one in found) == ["high", "low"]
    assert all(one in made and blob_ == "sha256:aa" for _, blob_, one in found)
    # A name that is no text is stored as reports show it, and is the same finding.
    assert {fingerprint(path, one) for path, _, one in found} == {fingerprint("a\udcff.bin", one) for one in made}


def test_a_finding_is_a_row_with_everything_about_where_it_is(store):
    store.record(
        audit("a1", file("sub/model.bin", finding(evidence={"callee": "posix.system", "n": 1})), sweep_id="s1")
    )
    (row,) = rows(store, "SELECT * EXCLUDE (evidence), evidence->>'callee', evidence->'n' FROM findings")
    assert row == (
        START.replace(tzinfo=None), "s1", "a1", "org/model", "model", "org", "c" * 40, "sub/model.bin", "archive/data.pkl",
        "sha256:aa", "torch.zip", "pickle-runs-code", "critical", "posix.system('id')", 2, "posix.system", "1",
    )  # fmt: skip


def test_an_audit_is_a_row_with_what_it_cost(store):
    store.record(audit("a1", file(), downloads=7, likes=2, last_modified=START, error=Problem("network", "reset")))
    (row,) = rows(store, "SELECT * FROM audits")
    moment = START.replace(tzinfo=None)
    assert row == (
        "a1", None, "org/model", "model", "org", "c" * 40, "main", moment, "clean", True, "rules-1", 1, 100, 50, 7, 2, moment,
        "network: reset", "repo", "0.1.0", 3, 1.25, None,
    )  # fmt: skip


def test_times_of_other_zones_are_stored_in_utc(store):
    from datetime import timezone

    store.record(audit("a1", started=START.astimezone(timezone(timedelta(hours=9)))))
    assert rows(store, "SELECT audited_at FROM audits") == [(START.replace(tzinfo=None),)]


def test_an_audit_that_is_recorded_twice_is_there_once(store):
    one = audit("a1", file("model.bin", finding()), blobs=(blob("sha256:aa", reference()),))
    store.record(one)
    store.merge()
    store.record(one)
    store.merge()
    counts = "SELECT (SELECT count(*) FROM {}), (SELECT count(*) FROM {}), (SELECT count(*) FROM {}), (SELECT count(*) FROM {})"
    assert rows(store, counts.format("audits", "files", "findings", '"references"')) == [(1, 1, 1, 1)]
    assert waiting(store) == []


def test_merging_counts_what_was_new(store):
    with locked(store):
        for number in range(3):
            store.record(audit(f"a{number}"))
    assert store.merge() == 3
    assert store.merge() == 0


class locked:  # noqa: N801 - reads as a word in a with statement
    """Another process that holds the database open for writing."""

    def __init__(self, store):
        self.path = store.path

    def __enter__(self):
        import subprocess
        import sys

        Store(self.path).query("SELECT 1")
        code = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
        self.process = subprocess.Popen([sys.executable, "-c", code, str(self.path)], stdin=-1, stdout=-1)
        assert self.process.stdout.readline() == b"held\n"

    def __exit__(self, *_):
        self.process.communicate()


def test_a_locked_database_loses_nothing_and_stops_nobody(tmp_path):
    store = Store(tmp_path / "audit.duckdb", wait=0.05)
    store.record(audit("a0", file(blob="sha256:old"), blobs=(blob("sha256:old"),)))
    with locked(store):
        store.record(audit("a1", file("model.bin", finding()), blobs=(blob("sha256:new", reference()),)))
        store.record_sweep(sweep())
        asked = {("sha256:old", ".bin"), ("sha256:new", ".bin")}
        assert store.known(asked, SCANNERS.__eq__) == {("sha256:new", ".bin"): blob("sha256:new", reference())}
        with pytest.raises(StoreBusy):
            store.standing([AT], "rules-1")
        with pytest.raises(StoreBusy, match="in use by another process"):
            store.merge()
        with pytest.raises(StoreBusy):
            store.query("SELECT 1")
    assert set(store.known(asked, SCANNERS.__eq__)) == asked
    assert rows(store, "SELECT audit_id FROM audits ORDER BY 1") == [("a0",), ("a1",)]
    assert waiting(store) == []


def test_a_reader_waits_for_a_writer_of_the_same_process(store):
    """DuckDB refuses to open a file twice in one process with different settings."""
    store.record(audit("a0"))
    problems = []

    def work(number):
        try:
            for turn in range(5):
                store.record(audit(f"t{number}-{turn}"))
                store.merge()
                store.query("SELECT count(*) FROM audits")
                store.known({("sha256:aa", ".bin")}, SCANNERS.__eq__)
        except Exception as error:  # noqa: BLE001 - a thread's failure is the test's
            problems.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert rows(store, "SELECT count(*), count(DISTINCT audit_id) FROM audits") == [(21, 21)]


# --- what is known of a blob -------------------------------------------------------------------------------------


def test_what_was_stored_of_a_blob_comes_back_equal(store):
    kept = blob("sha256:aa", reference(), reference("os", "popen"), sealed=("seccomp", "landlock:7"))
    stopped = blob("sha256:bb", stopped=Problem("deadline", "took 120 s"), size=2**40)
    store.record(audit("a1", blobs=(kept, stopped)))
    store.merge()
    keys = {("sha256:aa", ".bin"), ("sha256:bb", ".bin"), ("sha256:cc", ".bin"), ("sha256:aa", ".pkl")}
    assert store.known(keys, SCANNERS.__eq__) == {("sha256:aa", ".bin"): kept, ("sha256:bb", ".bin"): stopped}
    assert store.known(keys, "scanners-2".__eq__) == {}


def test_a_scan_that_ended_replaces_one_that_stopped_and_never_the_reverse(store):
    stopped, ended = blob(stopped=Problem("deadline", "")), blob("sha256:aa", reference())
    for number, one in enumerate((stopped, ended, stopped)):
        store.record(audit(f"a{number}", days=number, blobs=(one,)))
        store.merge()
        assert store.known({("sha256:aa", ".bin")}, SCANNERS.__eq__) == {
            ("sha256:aa", ".bin"): ended if number else stopped
        }
    assert rows(store, "SELECT count(*) FROM blob_facts") == [(1,)]


def test_facts_of_a_kind_that_is_gone_cost_a_scan_and_nothing_else(store):
    store.record(audit("a1", blobs=(blob("sha256:aa"), blob("sha256:bb"))))
    store.merge()
    with duckdb.connect(str(store.path)) as connection:
        connection.execute("""UPDATE blob_facts SET facts = '[{"fact":"gone"}]' WHERE blob = 'sha256:aa'""")
    keys = {("sha256:aa", ".bin"), ("sha256:bb", ".bin")}
    assert set(store.known(keys, SCANNERS.__eq__)) == {("sha256:bb", ".bin")}


def test_references_are_those_of_the_newest_scanners(store):
    store.record(audit("a1", blobs=(blob("sha256:aa", reference("os", "old"), reference("os", "kept")),)))
    store.record(audit("a2", blobs=(blob("sha256:aa", reference("os", "kept"), scanners="scanners-2"),)))
    store.merge()
    assert rows(store, 'SELECT name, scanners FROM "references"') == [("kept", "scanners-2")]
    store.record(audit("a3", blobs=(blob("sha256:aa", scanners="scanners-3"),)))
    store.merge()
    assert rows(store, 'SELECT name FROM "references"') == []


def test_a_reference_is_one_row_however_often_a_blob_makes_it(store):
    twice = blob("sha256:aa", reference(), msgspec.structs.replace(reference(), offset=90))
    other_name = blob("sha256:aa", reference(), hint=".pkl")
    store.record(audit("a1", blobs=(twice, other_name)))
    assert rows(store, 'SELECT * EXCLUDE (scanners) FROM "references"') == [
        ("sha256:aa", "pickle.global", "posix", "system", "called", "archive/data.pkl")
    ]


def test_what_code_in_a_blob_names_is_found_like_any_reference(store):
    compiled = Code("pickle", "f", ("os", "system"), called=True, member="data.pkl")
    source = Code("python", "forward", ("torch.hub.load", "print"), called=True, member="data.pkl")
    store.record(audit("a1", blobs=(blob("sha256:aa", compiled, source),)))
    assert sorted(rows(store, 'SELECT kind, module, name, used_as FROM "references"')) == [
        ("code.name", "", "os", "called"),
        ("code.name", "", "print", "called"),
        ("code.name", "", "system", "called"),
        ("code.name", "torch.hub", "load", "called"),
    ]


def test_what_a_blob_opens_is_found_like_any_reference(store):
    read = Opens("hdf5.external-link", "/etc/passwd", by="/weights")
    written = Opens("hdf5.external-storage", "raw.bin", writes=True)
    store.record(audit("a1", blobs=(blob("sha256:aa", read, written),)))
    assert sorted(rows(store, 'SELECT kind, module, name, used_as FROM "references"')) == [
        ("hdf5.external-link", "", "/etc/passwd", "opened"),
        ("hdf5.external-storage", "", "raw.bin", "written"),
    ]


# --- what is known of a repo -------------------------------------------------------------------------------------


def test_a_repo_is_audited_by_the_ruleset_that_audited_it(store):
    store.record(audit("a1", file("model.bin", finding()), verdict="malicious"))
    assert store.standing([AT], "rules-1") == {
        AT: Standing("malicious", complete=True, severity="critical", audit_id="a1")
    }
    assert store.standing([AT], "rules-2") == {}
    others = [AT._replace(commit="d" * 40), AT._replace(repo_type="dataset"), AT._replace(revision="refs/pr/1")]
    assert store.standing(others, "rules-1") == {}
    assert store.standing([*others, AT], "rules-1").keys() == {AT}


def test_an_audit_that_could_not_reach_everything_is_tried_again(store):
    unreached = file("b.bin", blob="sha256:bb", verdict="incomplete", complete=False, error=Problem("network", "reset"))
    store.record(audit("a1", file(), unreached, blobs=(blob(),)))
    store.record(audit("a2", commit="d" * 40, error=Problem("gated", "no access")))
    assert store.standing([AT, AT._replace(commit="d" * 40)], "rules-1") == {}


def test_an_audit_is_done_though_a_file_cannot_be_read_for_ever(store):
    limit = Problem("limit", "ratio")
    unread = file("b.bin", blob="sha256:bb", verdict="incomplete", complete=False, error=limit)
    store.record(audit("a1", unread, blobs=(blob("sha256:bb", stopped=limit),)))
    assert store.standing([AT], "rules-1").keys() == {AT}


def test_the_safe_revision_is_the_newest_clean_commit_by_its_newest_judgement(store):
    clean, bad = file(), file("model.bin", finding())
    for number, (commit, content) in enumerate([("1", clean), ("2", clean), ("3", clean), ("3", bad), ("4", bad)]):
        store.record(audit(f"a{number}", content, days=number, commit=commit * 40))
    store.record(audit("a9", file(complete=False), days=9, commit="9" * 40, verdict="incomplete"))
    store.record(audit("b1", clean, days=10, commit="8" * 40, repo="org/other"))
    assert store.safe_revision("org/model", "model") == "2" * 40
    assert store.safe_revision("org/model", "dataset") is None


def test_a_sweep_is_one_row_in_its_last_state(store):
    store.record_sweep(sweep())
    store.record_sweep(sweep(status="complete", repos_audited=3, finished=START + timedelta(hours=1)))
    assert rows(store, "SELECT status, repos_audited, targets FROM sweeps") == [("complete", 3, ["org"])]
    store.record_sweep(sweep())
    assert rows(store, "SELECT status, count(*) FROM sweeps GROUP BY ALL") == [("complete", 1)]


# --- files that are not what they should be ----------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\x00" * 1000])
def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path, content):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"notes\.txt is not a DuckDB database; choose another file with --db"):
        Store(path).query("SELECT 1")
    assert path.read_bytes() == content


def test_a_database_of_another_program_is_left_alone(tmp_path):
    path = tmp_path / "sales.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE sales (amount INTEGER)")
    store = Store(path)
    with pytest.raises(StoreError, match="database of another program"):
        store.query("SELECT 1")
    with pytest.raises(StoreError, match="database of another program"):
        store.record(audit("a1"))
    with duckdb.connect(str(path)) as connection:
        assert connection.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [("sales",)]


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    store = Store(tmp_path / "file" / "audit.duckdb")
    with pytest.raises(StoreError, match=r"cannot be (made|read): .*irectory"):
        store.query("SELECT 1")
    with pytest.raises(StoreError, match=r"cannot be (written|read): .*irectory"):
        store.record(audit("a1"))


def test_a_spooled_file_that_is_broken_is_set_aside_and_blocks_nothing(store):
    store.record(audit("a1"))
    spool = store.path.with_name("audit.duckdb.spool")
    (spool / "a0.json").write_bytes(b'{"audit_id": "a0", ')
    (spool / "a2.json").write_bytes(b"\xff\xfe")
    (spool / "sweep.s1.x.json").write_bytes(b"[]")
    (spool / "a3.json").write_bytes(msgspec.json.encode(audit("a3")))
    assert rows(store, "SELECT audit_id FROM audits ORDER BY 1") == [("a1",), ("a3",)]
    assert waiting(store) == ["a0.bad", "a2.bad", "sweep.s1.x.bad"]
    assert [path.name for path in store.set_aside] == ["a0.bad", "a2.bad", "sweep.s1.x.bad"]


def test_an_audit_that_does_not_fit_the_database_is_set_aside_alone(store):
    with locked(store):
        store.record(audit("a1"))
        store.record(audit("a2", downloads=2**70))
        store.record(audit("a3"))
    assert store.merge() == 2
    assert rows(store, "SELECT audit_id FROM audits ORDER BY 1") == [("a1",), ("a3",)]
    assert [path.name for path in store.set_aside] == ["a2.bad"]


def test_remade_audits_are_kept_at_once_and_one_that_does_not_fit_is_set_aside_alone(store):
    store.record_remade([audit("a1"), audit("a2")])
    assert waiting(store) == []
    store.record_remade([audit("a3"), audit("a4", downloads=2**70)])
    assert store.merge() == 1
    assert rows(store, "SELECT audit_id FROM audits ORDER BY 1") == [("a1",), ("a2",), ("a3",)]
    assert [path.name for path in store.set_aside] == ["a4.bad"]


@pytest.mark.parametrize("name", ["../a", "", ".hidden", "a/b", "sweep.x", "a" * 200, "a\n"])
def test_an_id_that_is_no_file_name_is_refused(store, name):
    with pytest.raises(ValueError, match="not a name"):
        store.record(audit(name))
    assert not store.path.parent.exists()


@pytest.mark.parametrize(
    "name",
    ["a\x00b", "\u202egnp.bin", "quote'\"; DROP TABLE audits", "\udcff\udcfe.bin", "null", "\U0001f600", "x" * 5000],
)
def test_any_name_is_only_data(store, name):
    store.record(audit("a1", file(name, finding(message=name)), repo=f"org/{name}"))
    carried = name.encode("utf-8", "backslashreplace").decode()
    assert rows(store, "SELECT path, message, repo_id FROM findings") == [(carried, carried, f"org/{carried}")]
    assert store.set_aside == ()


def test_what_unfinished_writers_left_goes_after_an_hour(store):
    import os

    store.record(audit("a1"))
    spool = store.path.with_name("audit.duckdb.spool")
    for name, age in (("old.x.tmp", 7200), ("old.x.tmp.wal", 7200), ("new.x.tmp", 0)):
        (spool / name).write_bytes(b"{")
        moment = (spool / name).stat().st_mtime - age
        os.utime(spool / name, (moment, moment))
    store.record(audit("a2"))
    store.merge()
    assert waiting(store) == ["new.x.tmp"]


def test_ten_thousand_files_are_merged_in_seconds(store):
    import time

    files = [file(f"{number}.bin", finding(), blob=f"sha256:{number}") for number in range(10_000)]
    begun = time.monotonic()
    store.record(audit("a1", *files, blobs=tuple(blob(one.blob, reference()) for one in files)))
    store.merge()
    assert rows(store, "SELECT count(*) FROM findings") == [(10_000,)]
    assert time.monotonic() - begun < 10
