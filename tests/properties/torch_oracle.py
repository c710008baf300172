"""The law of the oracle (law.py) for torch's own readers: `make oracle-torch PYTHON_TORCH=…`, an interpreter with torch.

Streams go to its weights-only unpickler, and archives that were bent to `torch.load`: duplicate members, names in other
letter case, offsets and names on which directory and local headers disagree, several end records, flipped bytes. Each
pickle in an archive asks for a name of its own, so what was read shows. `ORACLE_STREAMS` of each, from `ORACLE_SEED` on.
"""

import os
import random
import sys
from dataclasses import replace

from tests.craft.archives import DEFLATED, Part, archive, described
from tests.craft.pickles import asm, call, named, op
from tests.craft.tensors import torch_archive, torch_parts
from tests.properties import engine
from tests.properties.law import missed
from tests.properties.oracle import Died, Oracle
from tests.properties.streams import DATA, grammatical

NAMES = ["archive/data.pkl", "archive/DATA.PKL", "archive/Data.pkl", "other/data.pkl", "data.pkl", "archive//data.pkl"]
NAMES += [
    "archive\\data.pkl",
    "./archive/data.pkl",
    "archive/data.pkl\0x",
    "/archive/data.pkl",
    "archive/./data.pkl",
    "aRchive/data.pkl",
]

KNOWN = "pickle.protocol"
"""torch's weights-only reader goes on behind a protocol that does not exist, where the file is called incomplete."""


def asking(number):
    """A pickle that asks for a name of its own."""
    return asm(op("PROTO", 2), call(named("acme", f"name{number}"), op("BINUNICODE", "x")), "STOP")


def bent_part(choose, number):
    """A member with a pickle, which lies about something, or not."""
    part = Part(choose.choice([*NAMES, *NAMES[:1] * 6]), asking(number))
    lies = [
        {"method": DEFLATED},
        {"local_name": choose.choice(NAMES)},
        {"listed": False},
        {"offset": choose.randrange(600)},
        {"local_method": DEFLATED},
        {"local_sizes": (choose.randrange(99), choose.randrange(99))},
        {"crc": 7},
        {"size": choose.randrange(99)},
        {"flags": choose.choice([1, 8, 0x800, 0x41])},
        {"before": asking(number + 50)},
        {"local_extra": bytes(choose.randrange(40))},
        {"local_crc": 7},
    ]
    for lie in choose.sample(lies, choose.choice([0, 0, 1, 1, 2])):
        part = replace(part, **lie)
    return described(part) if choose.random() < 0.2 else part


def bent(choose):
    """An archive that torch may read in a way of its own."""
    honest = torch_parts(("0", "FloatStorage", 2, bytes(8)), pickle=asking(0))
    parts = honest + [bent_part(choose, number) for number in range(1, choose.choice([1, 2, 3, 4]) + 1)]
    if choose.random() < 0.3:
        del parts[0]
    if choose.random() < 0.5:
        choose.shuffle(parts)
    other = torch_archive(pickle=asking(90))
    more = {
        "leading": choose.choice([b""] * 5 + [b"x", asking(91), other]),
        "trailing": choose.choice([b""] * 5 + [b"x", bytes(30), asking(92)]),
        "comment": choose.choice([b""] * 4 + [b"words", other[-98:], other]),
        "between": choose.choice([b""] * 5 + [bytes(9), asking(93)]),
        "shift": choose.choice([0] * 6 + [1, 40]),
        "zip64": choose.random() < 0.5,
    }
    data = bytearray(archive(*parts, **more))
    return damaged(choose, data) if choose.random() < 0.5 else bytes(data)


def damaged(choose, data):
    for _ in range(choose.choice([1, 1, 2, 4])):
        # Most of what readers differ in stands at the end.
        at = len(data) - 1 - choose.randrange(min(len(data), choose.choice([30, 120, 600, len(data)])))
        data[at] = choose.choice([0, 1, 255, data[at] ^ 1 << choose.randrange(8), choose.randrange(256)])
    return bytes(data)


def real(choose):
    """A file that torch wrote, damaged."""
    files = [path for path in sorted((DATA / "torch").rglob("*")) if path.is_file() and path.stat().st_size < 20_000]
    return damaged(choose, bytearray(choose.choice(files).read_bytes()))


def check(oracle, count, seed, make, name):
    """Those that break the law, smallest first."""
    broken, heard, died, known = [], 0, 0, 0
    for number in range(count):
        data = make(random.Random(f"{seed} {number}"))
        try:
            accounts = oracle.accounts(data)
        except Died:  # torch's archive reader is C++, and crashes over some
            died += 1
            continue
        heard += any(event[0] == "ask" for _, events in accounts for event in events)
        facts = engine.facts_of(data, name)
        # An id is torch's own to understand, and says of itself whether it is a storage.
        if left_out := [line for line in missed(b"", accounts, facts) if "'persistent'" not in line]:
            is_known = any(getattr(fact, "code", "") == KNOWN for fact in facts) or (data[0] == 0x80 and data[1] > 5)
            known += is_known
            broken += [] if is_known else [(len(data), number, left_out, data)]
    print(
        f"{count} for {name}, {heard} of which ask for names, {len(broken)} break the law, {known} by {KNOWN}, {died} crashed torch",
        flush=True,
    )
    return sorted(broken)


def main(python):
    seed = int(os.environ.get("ORACLE_SEED", "0")) or random.SystemRandom().getrandbits(32)
    count = int(os.environ.get("ORACLE_STREAMS", "20000"))
    print(f"ORACLE_SEED={seed}", flush=True)
    with Oracle(python, "torch_readers.py") as oracle:
        broken = check(
            oracle, count, seed, lambda choose: grammatical(choose.randbytes(choose.randint(40, 240))), "model.pkl"
        )
    with Oracle(python, "torch_readers.py", "--files") as oracle:
        for make in (bent, real):
            broken += check(oracle, count, seed, make, "model.pt")
    for size, number, left_out, data in broken[:20]:
        print(f"number {number}, {size} bytes: {left_out}: {data[:400].hex()}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
