"""The HDF5 reader against h5py: `make oracle-hdf5 PYTHON_H5PY=…`, an interpreter that has h5py.

Law: what h5py finds in a file is found here too, or the file is called incomplete. Files are written by h5py by each
format that it can write, and bent; `ORACLE_FILES` of them, from `ORACLE_SEED` on, `ORACLE_BENDS` of each.
"""

import json
import os
import random
import select
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from scanners.binary.hdf5_walk import Walk
from scanners.budget import Limits
from scanners.facts import Opens
from scanners.formats import hdf5
from scanners.judge import complete
from scanners.registry import SCANNERS
from scanners.routing import Router
from scanners.source import BytesSource
from tests.properties.hdf5_seals import sealed, seals

SAMPLES = sorted((Path(__file__).parents[1] / "data" / "hdf5").glob("*.h5"))
ROUTER = Router([scanner for scanner in SCANNERS if scanner.name in {"hdf5", "text"}])
SECONDS = 3


class Recorder(Walk):
    """A walk that keeps what it meets, by the address of the object."""

    links, texts = set(), {}

    def _object(self, path, address):
        self.here = address
        super()._object(path, address)

    def _link(self, path, link):
        self.links.add((self.here, link.name))
        super()._link(path, link)

    def _say(self, name, kind, data, count):
        whole = super()._say(name, kind, data, count)
        self.texts[self.here] = self.texts.get(self.here, b"") + b"\0" + whole
        return whole


def ours(data):
    """What is found here, and whether all of it was."""
    Recorder.links, Recorder.texts = set(), {}
    outcome = ROUTER.scan_blob(BytesSource(data), "x.h5", Limits())
    files = {fact.path for fact in outcome.facts if isinstance(fact, Opens)}
    return outcome, files, complete(outcome.facts, outcome.account)


def shown(name):
    """A name as h5py has it, as we show it."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def missed(data, theirs):
    """What h5py found and we did not, of a file that is called complete."""
    _, files, whole = ours(data)
    if not whole:
        return [], False
    found = [("file", name) for name in theirs["files"] if shown(name) not in files]
    links = ((address, shown(name)) for address, name in theirs["links"])
    found += [("link", *link) for link in links if link not in Recorder.links]
    for address, text in theirs["texts"]:
        if bytes.fromhex(text) not in Recorder.texts.get(address, b""):
            found.append(("text", address, bytes.fromhex(text)[:60]))
    return found, True


def bent(choose, data, places):
    """The same with some bytes changed, most of them in structures, or cut; most checksums fit again."""
    made = bytearray(data)
    for _ in range(choose.choice([1, 1, 2, 4, 8])):
        at = choose.randrange(len(made))
        if places and choose.random() < 0.5:
            at = choose.randrange(*choose.choice(places))
        elif choose.random() < 0.6:
            mark = choose.choice(
                [b"TREE", b"SNOD", b"HEAP", b"GCOL", b"OHDR", b"FRHP", b"BTHD", b"BTLF", b"FHDB", b"\x89HDF"]
            )
            at = min(len(made) - 1, max(0, made.find(mark, choose.randrange(len(made)))) + choose.randrange(96))
        made[at] = choose.choice([0, 1, 0xFF, made[at] ^ (1 << choose.randrange(8)), choose.randrange(256)])
        if choose.random() < 0.1:
            source = choose.randrange(len(made))
            piece = made[source : source + choose.choice([4, 8, 40, 200])]
            made[at : at + len(piece)] = piece
    if choose.random() < 0.03:
        return bytes(made[: choose.randrange(len(made))])
    return sealed(made, places)


class Lister:
    """h5py in a process of its own, which may die of what it reads."""

    def __init__(self, python):
        self.python, self.process = python, None
        self.ends = Counter()
        """How its processes ended: by a signal of that number, or by us since they hung."""

    def ask(self, line):
        """The answer; None where the process died or hung."""
        if self.process is None or self.process.poll() is not None:
            script = str(Path(__file__).with_name("hdf5_lister.py"))
            self.process = subprocess.Popen(
                [self.python, script],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            if select.select([self.process.stdout], [], [], SECONDS)[0] and (answer := self.process.stdout.readline()):
                return json.loads(answer)
        except BrokenPipeError:
            pass
        try:
            self.ends[self.process.wait(1)] += 1
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            self.ends["hung"] += 1
        return None


def main(python):
    hdf5.Walk = Recorder
    first, files = int(os.environ.get("ORACLE_SEED", "0")), int(os.environ.get("ORACLE_FILES", "200"))
    bends = int(os.environ.get("ORACLE_BENDS", "40"))
    lister = Lister(python)
    counts = dict.fromkeys(("honest", "read", "bent", "refused", "incomplete", "missed"), 0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.h5"
        for seed in range(first, first + files + len(SAMPLES)):
            choose = random.Random(seed)
            if seed < first + len(SAMPLES):
                data = SAMPLES[seed - first].read_bytes()
            else:
                lister.ask(f"write {seed} {path}")
                data = path.read_bytes()
            places = seals(data) if bends else []
            for bend in range(bends + 1):
                content = bent(choose, data, places) if bend else data
                path.write_bytes(content)
                theirs = lister.ask(f"list {path}")
                counts["bent" if bend else "honest"] += 1
                if theirs is None or "refused" in theirs:
                    counts["refused"] += 1
                    ours(content)
                    continue
                wrong, whole = missed(content, theirs)
                counts["read"] += whole
                counts["incomplete"] += not whole
                if wrong or not (bend or whole):
                    counts["missed"] += 1
                    kept = Path(f"missed-{seed}-{bend}.h5")
                    kept.write_bytes(content)
                    print(kept, wrong[:4], "" if whole else ours(content)[0].facts[:4], flush=True)
    print(counts, "h5py ended", dict(lister.ends))
    sys.exit(counts["missed"] > 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
