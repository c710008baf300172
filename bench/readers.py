"""Questions and audits at once on one file: no error that a user sees, no row lost; writes to docs/bench.md.

.venv/bin/python bench/readers.py [--seconds 300] [--readers 8] [--audits 2]
"""

import argparse
import itertools
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import page

sys.path.insert(0, str(page.ROOT))

from reports.store import Store

QUESTIONS = (
    ("sql", "SELECT count(*) FROM findings"),
    ("sql", "--name", "riskiest-organisations"),
    ("sql", "--name", "since-sweep"),
    ("hunt", "os.system", "--quiet"),
    ("trends",),
)


def main():
    """Write the section; the exit code is 1 where anything went wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--audits", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database, model = Path(folder) / "audit.duckdb", Path(folder) / "model.pkl"
        model.write_bytes(b"cposix\nsystem\n(Vid\ntR.")
        audit = ("path", str(model), "--exit-zero", "--quiet", "--format", "json")
        until, wrong, taken = time.monotonic() + given.seconds, [], {"question": [], "audit": []}

        def ask(kind, commands):
            for command in commands:
                if time.monotonic() > until:
                    return
                begun = time.monotonic()
                line = [sys.executable, "-m", "audit", *command, "--db", str(database)]
                done = subprocess.run(line, capture_output=True, text=True, check=False)
                taken[kind].append(time.monotonic() - begun)
                if done.returncode or done.stderr:
                    wrong.append((command, done.returncode, done.stderr))

        threads = [
            threading.Thread(target=ask, args=("question", itertools.cycle(QUESTIONS))) for _ in range(given.readers)
        ]
        threads += [threading.Thread(target=ask, args=("audit", itertools.repeat(audit))) for _ in range(given.audits)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        counts = Store(database).query("SELECT (SELECT count(*) FROM audits), (SELECT count(*) FROM findings)").rows[0]
    asked, audits = taken["question"], taken["audit"]
    who = f"{given.readers} people with questions and {given.audits} with audits"
    lines = [
        f"By `bench/readers.py` on {page.machine()}: {who}, a command behind the other, for {given.seconds:.0f} s.",
        "",
        f"- {len(asked):,} questions, the slowest {max(asked):.1f} s; {len(audits):,} audits, {max(audits):.1f} s.",
        f"- {len(wrong)} errors; {counts[0]:,} audits and {counts[1]:,} findings in the database.",
    ]
    print("\n".join(lines), *wrong[:5], sep="\n")
    page.put({"Side by side": lines})
    sys.exit(bool(wrong) or counts != (len(audits), len(audits)))


if __name__ == "__main__":
    main()
