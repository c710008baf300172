"""Two audits and two people with questions, all at once."""

import subprocess
import sys

from reports.store import Store

WRITER = """
import sys
from pathlib import Path
from reports.store import Store
from tests.reports.made import SCANNERS, audit, blob, file, finding, reference, sweep

store, name = Store(Path(sys.argv[1]), wait=30), sys.argv[2]
for number in range(25):
    shared, own = f"sha256:shared-{number}", f"sha256:{name}-{number}"
    files = [file("a.bin", finding(), blob=shared), file("b.bin", blob=own)]
    store.known({(shared, ".bin"), (own, ".bin")}, SCANNERS.__eq__)
    store.record(audit(f"{name}-{number}", *files, blobs=(blob(shared, reference()), blob(own))))
    store.merge()
    assert (own, ".bin") in store.known({(own, ".bin")}, SCANNERS.__eq__)
store.record_sweep(sweep(name, status="complete"))
store.merge()
"""
READER = """
import sys
from pathlib import Path
from reports.store import Store

store, before = Store(Path(sys.argv[1]), wait=30), 0
for turn in range(15):
    ((audits, files),) = store.query("SELECT (SELECT count(*) FROM audits), (SELECT count(*) FROM files)").rows
    assert files == 2 * audits, (files, audits)
    assert audits >= before
    before = audits
"""


def test_two_writers_and_two_readers_share_the_file_without_an_error(tmp_path):
    path = tmp_path / "audit.duckdb"
    work = [(WRITER, "one"), (WRITER, "two"), (READER, ""), (READER, "")]
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(path), name], stderr=subprocess.PIPE, text=True)
        for code, name in work
    ]
    errors = [process.communicate()[1] for process in running]
    assert errors == ["", "", "", ""]
    store = Store(path)
    assert store.query("SELECT count(*), count(DISTINCT audit_id) FROM audits").rows == [(50, 50)]
    assert store.query("SELECT count(*), count(DISTINCT blob) FROM blob_facts").rows == [(75, 75)]
    assert store.query('SELECT count(*) FROM "references"').rows == [(25,)]
    assert store.query("SELECT count(*) FROM sweeps").rows == [(2,)]
