"""Every reader against bent files, for long: `make fuzz SAMPLES=tests/data/hdf5 SECONDS=600`.

Each of the samples is cut, spliced, repeated and bent in some bytes, and scanned in a child that has little memory and
little time. What is looked for: an exception that is not the outcome's own, a hang, memory past its limit, a crash,
an account that does not add up. What is found is left in a folder as a file, to become a regression test.
"""

import argparse
import hashlib
import os
import random
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

from scanners import routing
from scanners.budget import Limits
from scanners.scanner import Read
from scanners.source import BytesSource

MEMORY = 1 << 30
"""Bytes of address space beyond what the fuzzer itself has."""
SECONDS = 20
"""For one scan; samples are small."""
BATCH = 200
"""Scans of one child."""
_WORDS = [
    b"\0" * 8,
    b"\xff" * 8,
    b"\x7f" + b"\xff" * 7,
    b"\x80",
    b"\0",
    b"\xff",
    b"PK\x03\x04",
    b"\x80\x04",
    b'"',
    b"{",
    b"]",
]


def bend(chance, data, others):
    """A mutant of some bytes."""
    made = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        at = chance.randrange(len(made) + 1)
        match chance.randrange(8):
            case 0 if made:
                made[at % len(made)] = chance.randrange(256)
            case 1 if made:
                made[at % len(made)] ^= 1 << chance.randrange(8)
            case 2:
                del made[at:]
            case 3:
                del made[at : at + chance.randrange(1, 64)]
            case 4:
                made[at : at + chance.choice((0, 1, 4, 8))] = chance.choice(_WORDS)
            case 5:
                other = chance.choice(others)
                start = chance.randrange(len(other) + 1)
                made[at:at] = other[start : start + chance.randrange(1, 512)]
            case 6:
                piece = made[at : at + chance.randrange(1, 256)]
                made[at:at] = piece * chance.choice((1, 2, 100))
            case _:
                width = chance.choice((2, 4, 8))
                value = chance.choice((0, 1, len(made), len(made) - 1, (1 << (8 * width)) - 1, 1 << (8 * width - 1)))
                made[at : at + width] = (value % (1 << (8 * width))).to_bytes(width, chance.choice(("little", "big")))
    return bytes(made)


def check(data, name):
    """Scan, and hold the outcome to what every outcome keeps."""
    outcome = routing.scan_blob(BytesSource(data), name, Limits())
    assert isinstance(outcome, Read), outcome
    account = outcome.account
    assert account.examined + account.inert + account.unexplained == len(data), account


def child(chance, samples, said):
    """One batch; what is scanned is written down before it is scanned."""
    usage = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (usage + MEMORY, usage + MEMORY))
    everything = [data for _, data in samples]
    for _ in range(BATCH):
        name, data = chance.choice(samples)
        mutant = bend(chance, data, everything)
        said.write_bytes(name.encode() + b"\n" + mutant)
        signal.alarm(SECONDS)
        try:
            check(mutant, name)
        except BaseException:  # noqa: BLE001 - whatever it is, it is what is looked for
            traceback.print_exc()
            os._exit(1)
        signal.alarm(0)
    os._exit(0)


def main():
    """Fuzz until the time is over; 1 if anything was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("samples", type=Path, nargs="+")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--largest", type=int, default=200_000)
    parser.add_argument("--found", type=Path, default=Path("fuzz-found"))
    given = parser.parse_args()
    paths = [
        path for root in given.samples for path in (root.rglob("*") if root.is_dir() else [root]) if path.is_file()
    ]
    samples = [(path.name, path.read_bytes()) for path in sorted(paths) if path.stat().st_size <= given.largest]
    print(f"{len(samples)} samples, seed {given.seed}", flush=True)
    given.found.mkdir(parents=True, exist_ok=True)
    said = given.found / "last"
    until, batches, found = time.monotonic() + given.seconds, 0, Counter()
    while time.monotonic() < until:
        batches += 1
        pid = os.fork()
        if pid == 0:
            child(random.Random(f"{given.seed} {batches}"), samples, said)
        _, status = os.waitpid(pid, 0)
        if status:
            code = os.waitstatus_to_exitcode(status)
            name, _, data = said.read_bytes().partition(b"\n")
            kept = given.found / f"{hashlib.sha256(data).hexdigest()[:12]}.{name.decode()}"
            kept.write_bytes(data)
            found[code] += 1
            print(f"exit code {code}: {kept}", flush=True)
    said.unlink(missing_ok=True)
    print(f"about {batches * BATCH} scans, found {dict(found) or 'nothing'}")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
