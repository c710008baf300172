"""The page over a history of 20,000 repos, and the pictures of it in docs/; writes its part of docs/bench.md.

.venv/bin/python bench/report.py [--pictures]
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import history
import page

from tests.browser import browser

_SORT = """(() => {
    const begun = performance.now();
    document.querySelector("#repos thead button").click();
    document.body.getBoundingClientRect();
    return performance.now() - begun;
})()"""


def report(folder, **sizes):
    """The page of a made-up history, and the seconds that each of three runs took."""
    database, made = Path(folder) / "audit.duckdb", Path(folder) / "page.html"
    history.make(database, **sizes)
    seconds = []
    for _ in range(3):
        begun = time.perf_counter()
        command = [sys.executable, "-m", "audit", "report", "--quiet", "--html", made, "--db", database]
        subprocess.run(command, check=True)
        seconds.append(time.perf_counter() - begun)
    return made, seconds


def figures():
    """What the page costs at the size that it is made for."""
    with tempfile.TemporaryDirectory() as folder, browser() as tab:
        made, seconds = report(folder, repos=20_000, sweeps=200, most=100, pause=20)
        tab.look()
        begun = time.perf_counter()
        tab.open(made.as_uri())
        loaded = time.perf_counter() - begun
        yield "| | |"
        yield "| --- | --- |"
        yield f"| `audit report`, the first time | {seconds[0]:.1f} s |"
        yield f"| again | {statistics.median(seconds[1:]):.1f} s |"
        yield f"| the page | {made.stat().st_size / 1e6:.1f} MB |"
        yield f"| loaded in Chromium | {loaded:.1f} s |"
        yield f"| 2,000 rows sorted there | {tab.ask(_SORT):.0f} ms |"


def pictures():
    """The page in both themes."""
    with tempfile.TemporaryDirectory() as folder, browser() as tab:
        made, _ = report(folder, repos=400, sweeps=150, most=6, pause=25)
        for theme in ("light", "dark"):
            tab.look(theme=theme, width=1200, height=1000)
            tab.open(made.as_uri())
            (page.ROOT / "docs" / f"report-{theme}.png").write_bytes(tab.picture())


def main():
    """Write the figures, or the pictures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", action="store_true")
    if parser.parse_args().pictures:
        pictures()
        return
    size = "20,000 repos, 200 sweeps, 230,000 audits, 1,000,000 findings."
    page.put({"The page": [f"By `bench/report.py` on {page.machine()}; {size}", "", *figures()]})


if __name__ == "__main__":
    main()
