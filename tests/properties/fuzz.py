"""Every reader against bent files, for long: `make fuzz READER=gguf SECONDS=600`, `make fuzz-each SECONDS=120`.

Samples are the honest files below tests/data, those of every attack, and the lookalikes; of a reader, those that it
takes as they stand, or else those in a part of which it takes something. Each is bent (bends.py) and scanned in a child
that has little memory and little time. What is looked for: an exception that is not the outcome's own, a hang, memory
past its limit, a crash, and a file of which one of these does not hold:

- The account adds up to the file, and the scan was not slow.
- Every fact can cross the wall of the jail, and the rules judge them.
- Bytes that come in rounds say what the whole says, and the rounds are bounded.
- What is left of a malicious file that was cut is not complete and clean; a text, a message cut between two of its
  fields, or one of several streams may be.

What is found is left in a folder as a file, to become a regression test.
"""

import argparse
import hashlib
import os
import random
import re
import resource
import signal
import sys
import time
import traceback
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import NamedTuple

from audit.examine import ROUNDS
from scanners import wire
from scanners.budget import Limits
from scanners.facts import Anomaly
from scanners.findings import verdict
from scanners.judge import complete, judge
from scanners.registry import SCANNERS
from scanners.routing import _TEXT as TEXT
from scanners.routing import Router
from scanners.rules.policy import Policy
from scanners.scanner import NotThisFormat, Read
from scanners.source import BytesSource
from tests.craft import lookalikes
from tests.craft.reading import scan_in_rounds
from tests.craft.table import DATA, NO_SAMPLES, PAGES
from tests.properties.bends import bend, fields

MEMORY = 1 << 30
"""Bytes of address space beyond what the fuzzer itself has."""
SECONDS = 20
"""Of the processor, for one scan and its laws; samples are small."""
START, SPEED = 2.0, 50_000
"""Seconds of the processor that a scan may take, and bytes that may take a second more."""
BATCH = 200
"""Scans of one child."""
TINY = Limits(inflated=1 << 20, ratio_floor=1 << 16, whole=1 << 16, facts=200)
BLOCKS = (512, 4096, 1 << 16)
"""Bytes that come in at once, where they come in rounds."""
STREAMS = {"pickle", "torch.legacy"}
"""Formats whose beginnings are files of the same format; test_suspicion.py has the law of them."""
CLOSED = {"json", "xml"}
"""Texts that have an end."""
BEHIND = {"file.polyglot", "zip.leading", "zip.sizes"}
"""What is said of a file that has another behind itself."""
SEEDS = {
    "rwkv_vocab_v20230424.txt": b"1 '\\x00' 1\n2 \"it's\" 4\n3 b'\\xe3\\x81' 2\n4 'a' 1\n",
    "pyproject.toml": b'[build-system]\nrequires = ["hatchling"]\n[tool.x]\na.b = {c = [1, 2.5, 1979-05-27], "d" = """e"""}\n',
    "chat_template.jinja": b"{% for m in messages %}{{ m['role'] + ': ' + m.content|trim }}{% endfor %}{# said #}",
    "words.txt": "import os\nwords: [1]\n".encode("utf-16"),
    "model.engine": b"ptrt" + bytes(40) + b"\x7fELF\x02\x01\x01" + bytes(90),
}
"""Of formats that no other sample has."""
PAGE = DATA.parents[1] / "docs" / "fuzzing.md"
_ROW = re.compile(r"\| (\S+) \| (\d+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \| (.*) \|")
_HEAD = """\
# Bent files: how long each reader was fuzzed, and what came of it

`make fuzz READER=gguf SECONDS=600` bends what a reader takes, byte by byte and within its packings, and holds every
answer to the laws that `tests/properties/fuzz.py` tells. With `PAGE=1` it adds to the row of that reader here, or begins
a new one where the reader's version is another; `make fuzz-each` goes through all readers. The last column is written by
hand: what was found has a test below `tests/regressions/`. The machine did other work, so
the processor's own seconds are told too.

| reader | version | samples | scans | seconds | of the processor | found and mended |
| --- | --- | --- | --- | --- | --- | --- |
"""


class Sample(NamedTuple):
    name: str
    data: bytes


def everything(folders, largest):
    """The samples that there are, or those below some folders."""
    made = [] if folders else [Sample(a.name, a.data) for p in PAGES for group in p.attacks.values() for a in group]
    if not folders:
        made += [Sample(*seed) for seed in SEEDS.items()]
        made += [Sample(*file) for repo in lookalikes.WEIGHTS for file in lookalikes.lookalike(repo).items()]
    for path in sorted(path for root in folders or [DATA] for path in (root.rglob("*") if root.is_dir() else [root])):
        if path.is_file() and (folders or path.suffix not in NO_SAMPLES) and path.stat().st_size <= largest:
            made.append(Sample(path.name, path.read_bytes()))
    return sorted({sample for sample in made if len(sample.data) <= largest})


def taken(samples):
    """By the name of each reader, the samples that it takes."""
    whole, parts, now = {}, {}, []

    def watched(scanner):
        def scan(source, own):
            try:
                scanner.scan(source, own)
            except NotThisFormat:
                raise
            except Exception:
                now.append((scanner.name, own.depth))
                raise
            now.append((scanner.name, own.depth))

        return scanner._replace(scan=scan)

    router = Router([watched(scanner) for scanner in SCANNERS])
    for sample in samples:
        now.clear()
        router.scan_blob(BytesSource(sample.data), sample.name, Limits())
        for name, depth in set(now):
            (parts if depth else whole).setdefault(name, []).append(sample)
    return {scanner.name: whole.get(scanner.name) or parts.get(scanner.name, []) for scanner in SCANNERS}


def said(data, name, limits):
    """The outcome of a file, and its verdict; every outcome keeps what is held of it here."""
    start = time.process_time()
    outcome = Router(SCANNERS).scan_blob(BytesSource(data), name, limits)
    seconds = time.process_time() - start
    assert isinstance(outcome, Read), outcome
    assert seconds < START + len(data) / SPEED, "slow"
    account = outcome.account
    assert account.examined + account.inert + account.unexplained == len(data), account
    assert min(account.examined, account.inert, account.unexplained) >= 0, account
    for fact in outcome.facts[:1000]:
        assert wire.decode(wire.encode(wire.Seen(0, (fact,)))).facts == (fact,), fact
    findings = judge(outcome.facts, path=name, format=outcome.format, policy=Policy.default())
    return outcome, verdict({f.severity for f in findings}, complete=complete(outcome.facts, account))


def _begins(data, fmt):
    """Whether what is left of a file may be a file: a text, a message, one of several streams."""
    return fmt in STREAMS or bool(fields(data)) or (bool(TEXT.fullmatch(data)) and fmt not in CLOSED)


def check(chance, sample, others):
    """Bend a sample and hold what is said of it to the laws; what is scanned is told before, for the crash."""
    limits = chance.choice((Limits(), Limits(), Limits(), TINY))
    cut = chance.random() < 0.1
    data = sample.data[: chance.randrange(len(sample.data) + 1)] if cut else bend(chance, sample.data, others)
    yield data
    outcome, answer = said(data, sample.name, limits)
    if cut and answer == "clean" and not _begins(data, outcome.format):
        whole, before = said(sample.data, sample.name, limits)
        behind = any(isinstance(fact, Anomaly) and fact.code in BEHIND for fact in whole.facts)
        assert before != "malicious" or behind, f"clean after a cut: {outcome.format}"
    if chance.random() < 0.25:
        block = chance.choice(BLOCKS)
        rounds = scan_in_rounds(data, sample.name, scanners=SCANNERS, block=block, limits=limits, most=ROUNDS)[0]
        assert rounds == outcome, "rounds say something else"


def _place(error):
    """Where an exception came from: the same for all that one flaw makes."""
    frames = traceback.extract_tb(error.__traceback__)
    inner = [f for f in frames if "/scanners/" in f.filename] or frames
    at = inner[-1]
    about = str(error)[:100] if isinstance(error, AssertionError) else ""
    return f"{type(error).__name__} {about!r} in {Path(at.filename).name}:{at.lineno}"


def child(chance, samples, told):
    """One batch. `told` is what is being scanned: its number in the batch, its name, and its bytes behind a line."""
    usage = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (usage + MEMORY, usage + MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    others = [sample.data for sample in samples]
    for number in range(BATCH):
        sample = chance.choice(samples)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            for data in check(chance, sample, others):
                told.write_bytes(f"{number}\n{sample.name}\n".encode() + data)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            told.with_suffix(".why").write_text(
                "".join((_place(error), "\n", *traceback.format_exception(error, limit=-8)))
            )
            os._exit(1)
        signal.setitimer(signal.ITIMER_PROF, 0)
    os._exit(0)


class Run(NamedTuple):
    samples: int
    scans: int
    seconds: int
    """Of real time."""
    processor: int
    """Seconds of the processor."""
    found: dict[str, Path]
    """A file of each kind."""


def fuzz(samples, seconds, seed, folder):
    """Bend samples until the time is over; of what is found, each kind is kept once."""
    told = folder / f"last.{os.getpid()}"
    start, batches, scans, processor, found = time.monotonic(), 0, 0, 0.0, {}
    while time.monotonic() < start + seconds:
        batches += 1
        told.with_suffix(".why").unlink(missing_ok=True)
        pid = os.fork()
        if pid == 0:
            child(random.Random(f"{seed} {batches}"), samples, told)
        _, status, usage = os.wait4(pid, 0)
        processor += usage.ru_utime + usage.ru_stime
        number, name, data = told.read_bytes().split(b"\n", 2)
        scans += int(number) + 1
        if not status:
            continue
        code, why = os.waitstatus_to_exitcode(status), told.with_suffix(".why")
        about = why.read_text() if why.exists() else f"exit code {code}: {name.decode()}"
        kind = about.partition("\n")[0]
        if kind not in found:
            found[kind] = folder / f"{hashlib.sha256(data).hexdigest()[:12]}.{Path(name.decode()).name}"
            found[kind].write_bytes(data)
            print(f"{about.strip()}\n{found[kind]}", flush=True)
    for left in (told, told.with_suffix(".why")):
        left.unlink(missing_ok=True)
    return Run(len(samples), scans, round(time.monotonic() - start), round(processor), found)


def note(scanner, run):
    """Add a run to the page."""
    with PAGE.open("a+") as page:
        flock(page, LOCK_EX)
        page.seek(0)
        rows = {row[1]: list(row.groups()) for row in _ROW.finditer(page.read())}
        _, version, _, *before, mended = rows.get(scanner.name, ["", "", "", "0", "0", "0", "—"])
        kept = [int(number.replace(",", "")) * (version == str(scanner.version)) for number in before]
        now = [f"{new + old:,}" for new, old in zip((run.scans, run.seconds, run.processor), kept, strict=True)]
        rows[scanner.name] = [scanner.name, str(scanner.version), f"{run.samples:,}", *now, mended]
        page.truncate(0)
        page.write(_HEAD)
        page.writelines(f"| {' | '.join(rows[each.name])} |\n" for each in SCANNERS if each.name in rows)


def main():
    """Fuzz until the time is over; 1 if anything was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("samples", type=Path, nargs="*", help="files or folders; all that there are")
    parser.add_argument("--reader", action="append", choices=[scanner.name for scanner in SCANNERS])
    parser.add_argument("--each", action="store_true", help="one reader after another, each as long")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--largest", type=int, default=200_000)
    parser.add_argument("--found", type=Path, default=Path("fuzz-found"))
    parser.add_argument("--page", action="store_true", help="add to docs/fuzzing.md, with --each")
    given = parser.parse_args()
    given.found.mkdir(parents=True, exist_ok=True)
    samples, readers = everything(given.samples, given.largest), given.reader
    groups = {"all": samples}
    if readers or given.each:
        groups = taken(samples)
        groups = {name: groups[name] for name in readers or groups}
    if readers and len(readers) > 1 and not given.each:
        groups = {" ".join(readers): sorted({sample for name in readers for sample in groups[name]})}
    print(f"{len(samples)} samples, seed {given.seed}", flush=True)
    print("reader | samples | scans | seconds | of the processor | found", flush=True)
    bad = False
    for name, own in groups.items():
        if not own:
            print(f"{name}: no sample", flush=True)
            continue
        run = fuzz(own, given.seconds, given.seed, given.found)
        bad |= bool(run.found)
        print(" | ".join((name, *(f"{part:,}" for part in run[:-1]), str(len(run.found)))), flush=True)
        if given.page:
            note(next(scanner for scanner in SCANNERS if scanner.name == name), run)
    sys.exit(bad)


if __name__ == "__main__":
    main()
