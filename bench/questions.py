"""A history of years, loaded by the product's own writer, and every question asked of it; writes to docs/bench.md.

    .venv/bin/python bench/questions.py [--db FILE] [--scale 0.01] [--judge]

200 sweeps over 20,000 repos of 400 organisations: 1 million findings, 10 million references, 1 GB. `--db` keeps it, and
asks one that was kept.
"""

import argparse
import bisect
import itertools
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import msgspec
import page

sys.path.insert(0, str(page.ROOT))

from reports import rows, shipped
from reports.database import opened
from reports.record import Audit, Blob, File, Stats, Sweep, Target
from reports.store import RepoAt, Store
from reports.suppression import Suppressions
from scanners import routing
from scanners.account import Totals
from scanners.facts import Reference
from scanners.findings import Finding

BATCH = 3000
"""Audits of this kind in 32 MB of spool, which is what one transaction takes in."""
START = datetime(2026, 1, 5, 3, tzinfo=UTC)
SWEEPS, REPOS, ORGS, AUDITS, REFERENCES = 200, 20_000, 400, 200_000, 28
RULES = (("pickle-runs-code", "critical"), ("pickle-reaches-out", "high"), ("pickle-unknown-import", "medium"))
RULES += (("pickle-call-of-unknown", "medium"), ("archive-trailing-bytes", "low"), ("pickle-protocol", "low"))
COMMON = (("torch._utils", "_rebuild_tensor_v2"), ("collections", "OrderedDict"), ("torch", "FloatStorage"))
COMMON += (("numpy", "dtype"), ("numpy.core.multiarray", "_reconstruct"), ("__builtin__", "set"))
EVIL = ("posix", "system")
MARK = routing.MARKS.mark(("pickle",))
FORMATS = (("torch.zip", ".bin"), ("pickle", ".pkl"), ("safetensors", ".safetensors"), ("hdf5", ".h5"))
SMALL = ("README.md", "config.json", "tokenizer.json", "vocab.txt", "generation_config.json")


class World:
    """The repos as they are at one moment, and how they change."""

    def __init__(self, scale, seed=6):
        self.chance = random.Random(seed)
        self.repos = max(50, int(REPOS * scale))
        self.changes = max(2, int((AUDITS - REPOS) * scale / (SWEEPS - 1)))
        self.owners = list(itertools.accumulate(1 / (rank + 1) for rank in range(ORGS)))
        self.owner = [bisect.bisect(self.owners, self.chance.random() * self.owners[-1]) for _ in range(self.repos)]
        self.blobs = itertools.count()
        self.audits = itertools.count()
        self.shared = [self._blob() for _ in range(200)]
        self.told = set()
        self.state = [self._weights() for _ in range(self.repos)]

    def _blob(self):
        """A content: its id, its kind, whether it runs code."""
        number = next(self.blobs)
        late = 0.6 * number / (AUDITS * 2)
        format_, ending = self.chance.choices(FORMATS, (0.6 - late, 0.15, 0.2 + late, 0.05))[0]
        return f"sha256:{number * 2654435761 % 2**64:016x}{number:048x}", format_, ending, self.chance.random()

    def _weights(self):
        weights = [self._blob() for _ in range(3)]
        if self.chance.random() < 0.1:
            weights[0] = self.chance.choice(self.shared)
        return weights

    def nights(self):
        """For each sweep its audits."""
        for night in range(SWEEPS):
            chosen = range(self.repos) if night == 0 else sorted(self.chance.sample(range(self.repos), self.changes))
            for repo in chosen if night else ():
                for at in self.chance.sample(range(3), 2):
                    self.state[repo][at] = self._blob()
            yield f"s{night:04}", START + timedelta(days=night), (self._audit(repo, night) for repo in chosen)

    def _audit(self, repo, night):
        chance, commit = self.chance, f"{next(self.audits):040x}"
        files = [_file(name, f"git:{repo:040x}", "text", "") for name in SMALL[: 3 + repo % 3]]
        blobs = []
        for at, (blob, format_, ending, luck) in enumerate(self.state[repo]):
            found = tuple(self._findings(luck)) if format_ in {"torch.zip", "pickle"} else ()
            files.append(_file(f"model-{at}{ending}", blob, format_, ending, found))
            if blob not in self.told:
                self.told.add(blob)
                named = tuple(self._references(luck))
                blobs.append(Blob(blob, ending, MARK, 4096, format_, Totals(4096, 0, 0), named))
        return Audit(
            f"{commit[8:]}",
            Target("repo", f"org-{self.owner[repo]}/model-{repo}", "model", "main", commit),
            START + timedelta(days=night, seconds=chance.randrange(7200)),
            "rules-1",
            "0.1.0",
            max((file.verdict for file in files), key=("clean", "incomplete", "suspicious", "malicious").index),
            complete=True,
            files=tuple(files),
            blobs=tuple(blobs),
            stats=Stats(len(files), 10**8, 10**5, 9, 0.4),
            sweep_id=f"s{night:04}",
            downloads=int(10 ** (chance.random() * 7)),
        )

    def _findings(self, luck):
        """One content in twenty may be worse than suspicious."""
        chance = random.Random(luck)
        for number in range(chance.choice((0, 2, 3, 4, 4, 6, 8))):
            rule, severity = chance.choice(RULES if luck < 0.05 else RULES[2:])
            package = f"package{int(chance.random() ** 4 * 5000)}"
            evidence = {"package": package, "name": f"{package}.thing"}
            yield Finding(rule, severity, f"imports {package}.thing", "archive/data.pkl", number * 40, evidence)

    def _references(self, luck):
        for module, name in COMMON:
            yield Reference("pickle.global", module, name, "called", member="archive/data.pkl", offset=2)
        if luck < 0.002:
            yield Reference("pickle.global", *EVIL, "called", member="archive/data.pkl", offset=2)
        for number in range(REFERENCES - len(COMMON)):
            rank = int(self.chance.random() ** 6 * 60_000)
            yield Reference(
                "pickle.global",
                f"library{rank % 900}.module{rank % 40}",
                f"Name{rank}",
                "called",
                member="archive/data.pkl",
                offset=100 + number,
            )


def _file(path, blob, format_, hint, findings=()):
    severities = {one.severity for one in findings}
    verdict = "malicious" if severities & {"critical", "high"} else "suspicious" if "medium" in severities else "clean"
    return File(path, 4096, blob, hint, format_, verdict, complete=True, findings=findings, bytes_examined=4096)


def load(path, scale):
    """Load the history in batches as large as a full spool's; seconds that the writer took, and the longest batch."""
    batch, states, taken = [], [], []
    for name, at, audits in World(scale).nights():
        states.append(Sweep(name, at, ("top:20000",), "rules-1", at + timedelta(hours=2), REPOS, status="complete"))
        for audit in audits:
            batch.append(audit)
            if len(batch) == BATCH:
                taken.append(merge(path, batch, states))
                batch, states = [], []
                print(f"\r{name} of {SWEEPS}: {sum(taken):.0f} s of writing", end="", file=sys.stderr)
    taken.append(merge(path, batch, states))
    print(file=sys.stderr)
    return sum(taken), max(taken)


def merge(path, audits, sweeps=()):
    """Seconds that one transaction takes, with opening and closing the file."""
    begun = time.perf_counter()
    with opened(path, write=True, wait=60) as connection:
        rows.merge(connection, audits, sweeps)
    return time.perf_counter() - begun


HUNTS = (("os.system",), ("library13.module13.*",), ("*.Name59999",), ("library1?.module3.Name*0",))
HUNTS += (("posix.*", "pickle.*"), ("torch.hub.load",))
WHOLE = [["trends"], ["trends", "--by", "org"], ["trends", "--by", "format"], ["hunt", "os.system"]]
LAST = """
SELECT a.audit_id, f.blob, a.repo_id, a.commit FROM audits AS a JOIN files AS f USING (audit_id)
WHERE a.sweep_id = (SELECT max(sweep_id) FROM sweeps)
"""
COUNTS = """
SELECT (SELECT count(*) FROM audits), (SELECT count(*) FROM files), (SELECT count(*) FROM findings),
    (SELECT count(*) FROM blob_facts), (SELECT count(*) FROM blob_references), (SELECT count(*) FROM names)
"""


def questions(store):
    """Whatever a user, or a sweep, asks the history: what it is called, and the function that asks."""
    for name, found in shipped.shipped().items():
        yield f"`audit sql --name {name}`", partial(store.query, found.sql, parameters=dict.fromkeys(found.parameters))
    for pattern, *kind in HUNTS:
        narrowed = f" --kind '{kind[0]}'" if kind else ""
        yield f"`audit hunt '{pattern}'{narrowed}`", partial(store.hunt, pattern, kind=kind[0] if kind else None)
    last = store.query(LAST).rows
    for count in (10, 1000):
        keys = [(row[1], ".bin") for row in last[:count]]
        yield f"which of {count:,} blobs are known", partial(store.known, keys, bool)
    repos = list({RepoAt(row[2], "model", "main", row[3]) for row in last})
    yield f"where {len(repos)} repos stand", partial(store.standing, repos, "rules-1")
    yield "what a sweep changed", partial(store.news, f"s{SWEEPS - 1:04}", Suppressions())
    yield "what an audit references, for `audit diff`", partial(store.references, last[0][0])
    yield "a safe revision", partial(store.safe_revision, last[0][2], "model")
    yield "audits to judge again", partial(store.outdated, "rules-1")


def asked(store, runs, *, judge):
    """The median of so many runs behind a first one, and the rows of the answer."""
    yield "| question | rows | seconds |"
    yield "| --- | --- | --- |"
    for name, ask in questions(store):
        answer, taken = ask(), []
        for _ in range(runs):
            begun = time.perf_counter()
            ask()
            taken.append(time.perf_counter() - begun)
        rows_ = getattr(answer, "rows", answer)
        yield f"| {name} | {len(rows_) if isinstance(rows_, list | dict) else 1:,} | {statistics.median(taken):.2f} |"
    for arguments in WHOLE:
        yield whole(arguments, store.path)
    if judge:
        with tempfile.TemporaryDirectory() as folder:
            yield whole(["judge"], shutil.copy(store.path, folder))


def whole(arguments, database):
    """What a whole command takes."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-m", "audit", *arguments, "--db", database], capture_output=True, check=True)
    return f"| `audit {' '.join(arguments)}`, whole command | | {time.perf_counter() - begun:.2f} |"


def later(store):
    """Seconds that the audit of one more repo takes on its way into a history of this size."""
    _, _, audits = next(itertools.islice(World(0.01, seed=time.time()).nights(), 1, None))
    audit = msgspec.structs.replace(next(audits), audit_id=f"later-{time.time_ns()}")
    begun = time.perf_counter()
    store.record(audit)
    store.merge()
    return time.perf_counter() - begun


def section(store, given):
    """Everything, as lines of the page."""
    yield f"By `bench/questions.py` on {page.machine()}."
    yield ""
    if not store.path.exists():
        total, longest = load(store.path, given.scale)
        yield f"- Loaded by the product's own writer in {total:.0f} s, {longest:.1f} s for the longest transaction."
    audits, files, findings, blobs, references, names = store.query(COUNTS).rows[0]
    yield f"- {audits:,} audits of {files:,} files, {findings:,} findings, {blobs:,} blobs, {references:,} references"
    yield f"  to {names:,} names: {store.path.stat().st_size / 10**6:,.0f} MB."
    yield f"- The audit of one more repo is merged in {later(store):.2f} s."
    yield ""
    yield "Each question as the product asks it, opening the file: the median of some runs behind a first one."
    yield ""
    yield from asked(store, given.runs, judge=given.judge)


def main():
    """Write the section."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--db", type=Path)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--judge", action="store_true", help="Judge a copy of all of it again, too.")
    given = parser.parse_args()
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        for line in section(Store(given.db or Path(folder) / "audit.duckdb"), given):
            print(line, flush=True)
            lines.append(line)
    if given.scale == 1.0:
        page.put({"Questions to the history": lines})


if __name__ == "__main__":
    main()
