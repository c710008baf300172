"""Sweeps of an organisation of many small repos on the loopback Hub; its parts of docs/bench.md.

    .venv/bin/python bench/sweeps.py [--repos N] [--kills N] [--big N]

The Hub runs in a process of its own on the same cores, with 30 ms before each answer.
"""

import argparse
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import page

_HERE = Path(__file__).parent
_FINDINGS = "SELECT repo_id, path, rule, count(*) AS n FROM findings GROUP BY ALL ORDER BY ALL"


class Hub:
    """A Hub in a process of its own."""

    def __init__(self, repos, *arguments):
        command = [sys.executable, _HERE / "hub.py", str(repos), *map(str, arguments)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.endpoint = self.process.stdout.readline().strip()

    def ask(self, line):
        """What was asked of it since the last time."""
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@contextmanager
def hub(repos, *arguments):
    """A Hub for the length of a block."""
    made = Hub(repos, *arguments)
    try:
        yield made
    finally:
        made.process.kill()


def environment(home, hub):
    """What `audit` sees: folders of its own, and this Hub."""
    return {**os.environ, "HF_ENDPOINT": hub.endpoint, "XDG_DATA_HOME": home, "XDG_CACHE_HOME": home, "HOME": home}


def sweep(home, hub, *, kill_after=None):
    """Seconds of one sweep, its exit code, and the most memory of its parent in MB; killed after so many seconds."""
    command = [sys.executable, "-m", "audit", "sweep", "big", "--quiet"]
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment(home, hub), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(process.pid, signal.SIGKILL)  # Popen.kill() would take the exit code that wait4 asks for
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return time.perf_counter() - begun, process.returncode, used.ru_maxrss / 1024


def ask(home, hub, query):
    """Rows of the history."""
    command = [sys.executable, "-m", "audit", "sql", "--format", "json", query]
    return json.loads(subprocess.run(command, env=environment(home, hub), capture_output=True, check=True).stdout)


def speed(repos):
    """The first sweep, one over what did not change, and one over 20 repos that did; MB are the parent's at most."""
    yield "| sweep | seconds | files a second | ms a repo | file requests | file bytes | API requests | MB |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    with tempfile.TemporaryDirectory() as home, hub(repos) as there:
        for name in ("first", "unchanged", "20 repos changed"):
            if name.startswith("20"):
                there.ask("change 20")
            seconds, _, peak = sweep(home, there)
            asked = there.ask("log")
            files = ask(home, there, "SELECT files_scanned FROM sweeps ORDER BY started_at DESC LIMIT 1")
            count = repos * 8 if name == "first" else files[0]["files_scanned"]
            served = " | ".join(f"{asked.get(what, 0):,}" for what in ("file requests", "file bytes", "api requests"))
            each = 1000 * seconds / repos
            yield f"| {name} | {seconds:.1f} | {count / seconds:.0f} | {each:.1f} | {served} | {peak:.0f} |"


def kills(repos, count, seed):
    """A sweep killed at so many random moments, against an undisturbed one."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as quiet, tempfile.TemporaryDirectory() as home, hub(repos) as there:
        length, _, _ = sweep(quiet, there)
        for _ in range(count):
            sweep(home, there, kill_after=chance.uniform(0.3, max(1.5, length / 8)))
        sweep(home, there)
        same = ask(home, there, _FINDINGS) == ask(quiet, there, _FINDINGS)
        audits = ask(home, there, 'SELECT count(*) AS n, count(DISTINCT (repo_id, "commit")) AS d FROM audits')[0]
    yield (
        f"- {repos} repos, `kill -9` at {count} random moments (seed {seed}): the findings are "
        f"{'those' if same else '**not** those'} of an undisturbed sweep; {audits['n']} audits of {audits['d']} repos."
    )


def refusals(repos):
    """A Hub that says one quota and refuses at half of it."""
    with tempfile.TemporaryDirectory() as home, hub(repos, "--quota", 100, "--refuse-at", 0.5, "--window", 10) as there:
        seconds, code, _ = sweep(home, there)
        asked = there.ask("log")
        incomplete = ask(home, there, "SELECT count(*) AS n FROM audits WHERE NOT complete")[0]["n"]
    total = asked["file requests"] + asked["api requests"]
    yield (
        f"- {repos} repos, a Hub that refuses at half of the quota that it names: {asked['refused']} of {total:,} "
        f"requests refused ({100 * asked['refused'] / total:.1f} %), {incomplete} incomplete audits, {seconds:.0f} s, "
        f"exit code {code}."
    )


def faults(repos):
    """Errors, resets and URLs that expire."""
    with tempfile.TemporaryDirectory() as quiet, hub(repos) as there:
        sweep(quiet, there)
        expected = ask(quiet, there, _FINDINGS)
    with tempfile.TemporaryDirectory() as home, hub(repos, "--faults") as there:
        seconds, _, _ = sweep(home, there)
        same = ask(home, there, _FINDINGS) == expected
        incomplete = ask(home, there, "SELECT count(*) AS n FROM audits WHERE NOT complete")[0]["n"]
    yield (
        f"- {repos} repos, 5 % of requests failing, 2 % reset, URLs that expire: the findings are "
        f"{'the same' if same else '**not** the same'}, {incomplete} incomplete audits, {seconds:.0f} s."
    )


def memory(repos):
    """The parent's memory over many repos of one file."""
    with tempfile.TemporaryDirectory() as home, hub(repos, "--files", 1, "--latency", 0) as there:
        seconds, _, peak = sweep(home, there)
    yield f"- {repos:,} repos of one file: {peak:.0f} MB of the parent at most, {seconds:.0f} s."


def main():
    """Write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--repos", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--big", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    given = parser.parse_args()
    by = f"By `bench/sweeps.py` on {page.machine()}, 30 ms before each answer."
    page.put({"Sweeps": [by, f"{given.repos:,} repos of 8 files, a third of them shared.", "", *speed(given.repos)]})
    trouble = [*kills(200, given.kills, given.seed), *refusals(150), *faults(150), *memory(given.big)]
    page.put({"Sweeps in trouble": [by, "", *trouble]})
    print(f"largest process of all: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()
