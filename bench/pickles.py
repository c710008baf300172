"""The pickle reader's speed and memory beside `pickletools.genops` and other scanners; its part of docs/bench.md.

    .venv/bin/python bench/pickles.py PYTHON [--limit SECONDS] [--rounds N] [--quick]

PYTHON is that of an environment with bench/peers.txt: `make bench-pickles` makes one.
"""

import argparse
import importlib.metadata
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path
from typing import NamedTuple

import page

PEERS = "picklescan modelscan fickling modelaudit".split()
OURS = "hub-audit"
COLUMNS = ["genops", OURS, "audit path", *PEERS]
_HERE = Path(__file__).parent
_LONG = 20
"""Seconds from which on a scan is not repeated."""
_LEAST = 0.001
"""Seconds that any scan is said to take."""
_ABOUT = """\
Every tool reads every file in a process of its own, all of them in turn; the best of {rounds} rounds counts, of one
where it takes over {long} s. Seconds are those of a processor, since other work ran on the machine. "over {limit}": the
tool was stopped after so many. ✗: it did not come to the end of the file. `genops` cannot pass over the arrays that
joblib writes between opcodes: it reads the same opcodes without them. Of a legacy torch file modelscan reads the first
of five pickles."""
_BELOW = """\
Below 1 are files of few opcodes beside their arrays, and such with a call in nearly every value. `genops` only lists
opcodes; where there is no run to pass over, hub-audit walks each over a stack and a memo, for several times as much.
And the patterns that pass over runs with calls take half a second to compile, once where many files are read, and each
time where it is one. What would help is a walk that is compiled, of scanners/binary/pickle_machine.py by mypyc for
instance, with a build for each platform; that was not tried."""
# Nothing is to be told to anybody while it is measured.
_ENVIRONMENT = {**os.environ, "PROMPTFOO_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"}


class Ran(NamedTuple):
    """One run of a tool over a file."""

    seconds: float
    """Of a processor for the scan; for the whole process and its children where the tool is a command."""
    start: float
    """Seconds of the process beside them."""
    peak: float
    """MB of memory at most, of the largest process."""
    ended: bool
    """Whether it came to the end of the file."""
    late: bool = False


class Bench:
    """The interpreter of the others, the folder of files, and the seconds that one run may take."""

    def __init__(self, python, folder, limit):
        self.python, self.folder, self.limit = python.absolute(), folder, limit
        self.tiny = folder / "tiny.pkl"
        self.tiny.write_bytes(b"\x80\x04N.")

    def versions(self):
        """What is compared, with its version."""
        asked = "import importlib.metadata as m, sys; print(*(f'{p} {m.version(p)}' for p in sys.argv[1:]), sep=', ')"
        return self._output(self.python, "-c", asked, *PEERS).strip()

    def workloads(self):
        """The honest files, each with its number of opcodes."""
        files = self.files("workloads.py")
        for file in files:
            said = self._output(*self._probe("count", file["genops"], str(file["streams"])))
            file["opcodes"] = json.loads(said.splitlines()[-1])["said"]
        return files

    def files(self, script):
        """What a script of the bench writes. It does so in a process of its own: on Linux the peak of a child is never
        below what its parent had at most when it started it."""
        return json.loads(self._output(self.python, _HERE / script, self.folder).splitlines()[-1])

    @staticmethod
    def _output(*command):
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout

    def _probe(self, tool, *arguments):
        python = sys.executable if tool == OURS else self.python
        return [python, _HERE / "probe.py", tool.replace("-", "_"), self.tiny, *arguments]

    def run(self, tool, path, streams=1):
        """One tool over one file."""
        if tool == "audit path":
            command = [sys.executable, "-m", "audit", "path", path, "--format", "json", "--no-store", "--quiet"]
        else:
            command = self._probe(tool, *([path, str(streams)] if path else []))
        with tempfile.TemporaryFile() as output:
            process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.DEVNULL, env=_ENVIRONMENT, cwd=self.folder
            )
            resource.prlimit(process.pid, resource.RLIMIT_CPU, (self.limit, self.limit))
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            took, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
            output.seek(0)
            text = output.read().decode()
        if tool == "audit path" and process.returncode >= 0:
            return Ran(took, 0, peak, json.loads(text)["complete"])
        if process.returncode == 0:
            said = json.loads(text.splitlines()[-1])
            return Ran(max(said["seconds"], _LEAST), took - said["seconds"], peak, said["said"])
        late = process.returncode in {-signal.SIGXCPU, -signal.SIGKILL}
        return Ran(max(took, self.limit) if late else took, 0, peak, False, late)


def best(runs):
    """The quickest of several runs, with the least memory."""
    quickest = min(runs)
    return quickest._replace(start=min(run.start for run in runs), peak=min(run.peak for run in runs))


def measure(bench, files, tools, rounds):
    """{(file's name, tool): best run}, each tool over every file in each round."""
    runs = {}
    for number, file, tool in product(range(rounds), files, tools):
        seen = runs.setdefault((file["name"], tool), [])
        if number and min(seen).seconds >= _LONG:
            continue
        path = file["genops"] if tool == "genops" else file["path"]
        seen.append(bench.run(tool, path, file["streams"]))
        print(number + 1, file["name"], tool, seen[-1], flush=True)
    return {key: best(each) for key, each in runs.items()}


def table(head, *rows):
    """A table of text cells."""
    yield from ("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows))


def mark(run):
    """What is said of a run that did not come to the end of the file."""
    return "" if run.ended else " ✗"


def compared(files, runs, start, about):
    """The section that compares."""

    def rows(columns, cell):
        for file in files:
            yield [file["name"], f"{file['opcodes']:,}", *(cell(file, runs[file["name"], each]) for each in columns)]

    def seconds(_, run):
        return f"over {run.seconds:.0f}" if run.late else f"{run.seconds:.2f}{mark(run)}"

    def ratio(file, run):
        bare = runs[file["name"], "genops"].seconds
        return f"under {bare / run.seconds:.2f}" if run.late else f"{bare / run.seconds:.2f}{mark(run)}"

    scans = [tool for tool in COLUMNS if tool != "audit path"]
    head = ["pickle", "opcodes"]
    yield about
    yield from ("", "Opcodes a second, as a multiple of those of a bare loop over `genops`:", "")
    yield from table([*head, *scans[1:]], *rows(scans[1:], ratio))
    yield from ("", _BELOW)
    yield from ("", "Seconds of the scan itself; of the whole command under `audit path`:", "")
    yield from table([*head, *COLUMNS], *rows(COLUMNS, seconds))
    yield from ("", "Peak memory in MB, of the largest process:", "")
    yield from table([*head, *COLUMNS], *rows(COLUMNS, lambda _, run: f"{run.peak:.0f}"))
    yield from ("", "Seconds from the start of the process to a first scan of four bytes, and at its end:", "")
    yield from table(scans, [f"{start[tool].start:.2f}" for tool in scans])


def hostile(bench):
    """The section of files that are made to cost."""
    rows = []
    for file in bench.files("bombs.py"):
        name, path = file["name"], Path(file["path"])
        run, size = bench.run(OURS, path), path.stat().st_size
        per = run.seconds / size * 1e6
        rows.append([name, f"{size / 1e6:.2f}", f"{run.seconds:.2f}", f"{per:.2f}", f"{run.peak:.0f}", mark(run)])
        print(name, run, flush=True)
        path.unlink()
    yield f"One run of each by `make bench-pickles` on {page.machine()}."
    yield "✗: a limit was hit or the stream broke off, and the file is incomplete."
    yield ""
    yield from table(["pickle", "MB", "seconds", "seconds a MB", "peak memory, MB", ""], *rows)


def main():
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("python", type=Path, help="the interpreter of the others' environment")
    parser.add_argument("--limit", type=int, default=60, help="seconds for one tool and one file (60)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="only genops and hub-audit; prints, and writes nothing")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        bench = Bench(chosen.python, Path(temporary), chosen.limit)
        if chosen.quick:
            measure(bench, bench.workloads(), COLUMNS[:2], chosen.rounds)
            return
        start = {tool: best([bench.run(tool, "") for _ in range(3)]) for tool in COLUMNS if tool != "audit path"}
        files = bench.workloads()
        runs = measure(bench, files, COLUMNS, chosen.rounds)
        versions = f"hub-audit {importlib.metadata.version('hub-audit')}, {bench.versions()}"
        about = _ABOUT.format(rounds=chosen.rounds, long=_LONG, limit=chosen.limit)
        about = f"{versions}; by\n`make bench-pickles` on {page.machine()}.\n{about}"
        page.put({"Pickles": list(compared(files, runs, start, about))})
        page.put({"Hostile pickles": list(hostile(bench))})


if __name__ == "__main__":
    main()
