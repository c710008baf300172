"""Measures what the README and docs/bench.md say, and writes docs/bench.md.

    .venv/bin/python bench/run.py

Figures of one run, side by side on one machine: the ratios travel, the seconds do not.
"""

import json
import os
import pickle
import pickletools
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from audit.demo.content import make_big_torch  # noqa: E402 - the path above is needed first
from audit.demo.faults import Shape  # noqa: E402
from scanners.budget import Limits  # noqa: E402
from scanners.routing import scan_blob  # noqa: E402
from scanners.source import BytesSource  # noqa: E402
from tests.hub import repo, serve  # noqa: E402

GB = 1 << 30


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


def pickles():
    """Opcodes a second, beside a bare loop over `pickletools.genops`."""
    streams = {
        "plain data, 1 M opcodes": pickle.dumps([{"a": i, "b": [i, f"x{i}"], "c": i / 3} for i in range(60_000)], 4),
        "64 MiB of bytes in 1,000 pieces": pickle.dumps([os.urandom(65_536) for _ in range(1_000)], 4),
    }
    yield "| pickle | genops, s | hub-audit, s | ratio |"
    yield "| --- | --- | --- | --- |"
    for name, data in streams.items():
        bare, ours = [], []
        for _ in range(3):
            begun = time.perf_counter()
            for _token in pickletools.genops(data):
                pass
            bare.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            scan_blob(BytesSource(data), "model.pkl", Limits())
            ours.append(time.perf_counter() - begun)
        a, b = statistics.median(bare), statistics.median(ours)
        yield f"| {name} | {a:.2f} | {b:.2f} | {a / b:.2f} |"


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
    lines = [
        "# What was measured",
        "",
        f"By `bench/run.py` on {os.cpu_count()} cores of {platform.machine()}, Python {platform.python_version()}.",
        "",
        "## Checkpoints over a link of 30 ms and 100 MB/s",
        "",
        *checkpoints(),
        "",
        "## Pickles",
        "",
        "The ratio is opcodes a second of hub-audit's machine against those of `genops`, which only lists them.",
        "",
        *pickles(),
        "",
        "## Start-up",
        "",
        *start_up(),
    ]
    (ROOT / "docs" / "bench.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
