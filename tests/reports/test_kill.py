"""kill -9 at any moment: the database opens, and every audit that was recorded is in it exactly once."""

import os
import random
import shutil
import subprocess
import sys
import threading

import pytest

from reports.store import Store

WRITER = """
import sys
from pathlib import Path
from reports.store import Store
from tests.reports.made import audit, blob, file, finding, reference, sweep

path, name, merging = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "merge"
store = Store(path, wait=20)
for number in range(10_000):
    one = f"{name}-{number}"
    files = [file(f"{at}.bin", finding(), blob=f"sha256:{one}-{at}") for at in range(20)]
    store.record(audit(one, *files, blobs=tuple(blob(f.blob, reference()) for f in files)))
    print(one, flush=True)
    if merging:
        store.merge()
    if number % 5 == 0:
        store.record_sweep(sweep(name))
"""
COUNTS = """
SELECT audit_id, count(*) OVER (PARTITION BY audit_id),
    (SELECT count(*) FROM files WHERE files.audit_id = audits.audit_id),
    (SELECT count(*) FROM findings WHERE findings.audit_id = audits.audit_id)
FROM audits
"""


def killed_after(path, name, mode, seconds):
    """What a writer said it had recorded before it was killed."""
    command = [sys.executable, "-c", WRITER, str(path), name, mode]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as writer:
        first = writer.stdout.readline()
        timer = threading.Timer(seconds, writer.kill)
        timer.start()
        said = [first, *writer.stdout]
        timer.join()
        assert writer.wait() == -9, writer.stderr.read()
    # A line that was cut short names an audit that may or may not be recorded.
    return {line.strip() for line in said if line.endswith("\n")}


@pytest.mark.parametrize("mode", ["merge", "spool"])
def test_what_was_recorded_before_a_kill_is_there_once(tmp_path, mode):
    path = tmp_path / "audit.duckdb"
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    recorded = set()
    for turn in range(6):
        recorded |= killed_after(path, f"w{turn}", mode, chance.uniform(0.0, 0.5))
        store = Store(path, wait=5)
        rows = store.query(COUNTS).rows
        there = {identity for identity, *_ in rows}
        assert recorded <= there
        assert len(there - recorded) <= turn + 1
        assert {counts for _, *counts in map(tuple, rows) for counts in [tuple(counts)]} == {(1, 20, 20)}
        assert store.query('SELECT count(*), count(DISTINCT blob) FROM "references"').rows == [(len(rows) * 20,) * 2]
        assert store.set_aside == ()


MAKER = """
import sys
from pathlib import Path
from reports.store import Store
Store(Path(sys.argv[1])).query("SELECT 1")
"""


def test_a_kill_the_moment_the_database_appears_leaves_nothing_broken(tmp_path):
    """DuckDB writes a new file in steps; what a kill leaves between them could never be opened again."""
    for turn in range(5):
        path = tmp_path / f"{turn}.duckdb"
        with subprocess.Popen([sys.executable, "-c", MAKER, str(path)], stderr=subprocess.PIPE) as maker:
            while not path.exists() and maker.poll() is None:
                pass
            maker.kill()
        assert path.stat().st_size > 4096
        assert not path.with_name(f"{path.name}.wal").exists()
        assert Store(path, wait=5).query("SELECT count(*) FROM audits").rows == [(0,)]


BROKEN_OFF = """
import os, sys
from pathlib import Path
import duckdb
from reports import database
from reports.store import Store
from tests.reports.made import audit, blob, file, finding, reference, sweep

store = Store(Path(sys.argv[1]), wait=5)
store.record(audit("first", file("a.bin", finding())))
store.merge()
store._merging.acquire()
for number in range(3):
    one = audit(f"a{number}", file("b.bin", finding(), blob=f"sha256:{number}"), blobs=(blob(f"sha256:{number}", reference()),))
    store._spool.add_audit(one)
store._spool.add_sweep(sweep())
store._merging.release()
connect = duckdb.connect


class Dying:
    # A connection whose process ends the moment that it would be closed: what was committed is in the log only.
    def __init__(self, connection):
        self.connection = connection

    def __getattr__(self, name):
        return getattr(self.connection, name)

    def close(self):
        os._exit(9)


duckdb.connect = lambda *args, **kwargs: Dying(connect(*args, **kwargs))
store.merge()
"""


def test_a_log_that_is_cut_off_anywhere_loses_no_audit(tmp_path):
    """`WAL_CUTS`: at how many places; 0 is at each."""
    made = tmp_path / "made" / "audit.duckdb"
    made.parent.mkdir()
    assert subprocess.run([sys.executable, "-c", BROKEN_OFF, str(made)], check=False).returncode == 9
    length = made.with_name("audit.duckdb.wal").stat().st_size
    assert length > 1000
    seed, cuts = random.randrange(1 << 32), int(os.environ.get("WAL_CUTS", "12"))
    print(f"seed {seed}")
    places = {0, 1, length - 1, length, *random.Random(seed).sample(range(length), cuts)} if cuts else range(length + 1)
    for at in places:
        folder = tmp_path / "cut"
        shutil.copytree(made.parent, folder)
        os.truncate(folder / "audit.duckdb.wal", at)
        store = Store(folder / "audit.duckdb", wait=5)
        audits = store.query("SELECT audit_id FROM audits ORDER BY audit_id").rows
        assert audits == [("a0",), ("a1",), ("a2",), ("first",)], at
        counts = "SELECT (SELECT count(*) FROM findings), (SELECT count(*) FROM blob_references), (SELECT count(*) FROM sweeps)"
        assert store.query(counts).rows == [(4, 3, 1)], at
        assert store.set_aside == ()
        shutil.rmtree(folder)
