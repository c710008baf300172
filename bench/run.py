"""Checkpoints over a shaped link, and start-up; writes its part of docs/bench.md.

    .venv/bin/python bench/run.py

Figures of one run, side by side on one machine: the ratios travel, the seconds do not.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import page

sys.path.insert(0, str(page.ROOT))

from audit.demo.content import make_big_torch
from audit.demo.faults import Shape
from tests.hub import repo, serve

GB = 1 << 30
LINK = "Checkpoints over a link of 30 ms and 100 MB/s"


def audit(hub, *arguments):
    """Seconds and document of one `audit repo` with an empty cache and history."""
    with tempfile.TemporaryDirectory() as home:
        variables = {"HF_ENDPOINT": hub.endpoint, "XDG_DATA_HOME": home, "XDG_CACHE_HOME": home, "HOME": home}
        begun = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "audit", "repo", "org/m", "--format", "json", *arguments],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        return time.perf_counter() - begun, json.loads(done.stdout)


def checkpoints():
    """Checkpoints of growing size over a shaped link."""
    yield "| checkpoint | bytes fetched | requests | seconds, whole command | verdict |"
    yield "| --- | --- | --- | --- | --- |"
    for size in (GB // 10, GB, 5 * GB):
        for calls in (False, True):
            world = repo("org/m", {"pytorch_model.bin": make_big_torch(size, call=calls)})
            with serve(world, shape=Shape(latency=0.03, bandwidth=100_000_000)) as hub:
                seconds, document = audit(hub)
            stats = document["stats"]
            name = f"{size / GB:.1f} GiB{', with a call' if calls else ''}"
            verdict = document["verdict"]
            yield f"| {name} | {stats['bytes_fetched']:,} | {stats['requests']} | {seconds:.2f} | {verdict} |"


def start_up():
    """`audit --help` beside an empty interpreter."""

    def seconds(*arguments):
        begun = time.perf_counter()
        subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
        return time.perf_counter() - begun

    bare = statistics.median(seconds("-c", "pass") for _ in range(9))
    ours = statistics.median(seconds("-m", "audit", "--help") for _ in range(9))
    yield "| command | seconds |"
    yield "| --- | --- |"
    yield f"| `python -c pass` | {bare:.3f} |"
    yield f"| `audit --help` | {ours:.3f} |"


def main():
    """Write the page."""
    page.put(
        {
            LINK: [f"By `bench/run.py` on {page.machine()}.", "", *checkpoints()],
            "Start-up": [f"By `bench/run.py` on {page.machine()}.", "", *start_up()],
        }
    )


if __name__ == "__main__":
    main()
