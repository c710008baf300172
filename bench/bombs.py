"""Pickles that cost little to write and would cost a careless reader much. None of them names or calls anything.

    python bench/bombs.py FOLDER

The last line printed is the list of what was written.
"""

import json
import random
import struct
import sys
from pathlib import Path

MANY = 10_000_000
MILLION = 1_000_000
_PROTO = b"\x80\x04"


def _text(number, length=8):
    data = b"%0*d" % (length, number)
    return b"X" + struct.pack("<I", len(data)) + data


def _scattered():
    draw = random.Random(0)
    return b"".join(b"r" + struct.pack("<I", draw.randrange(1 << 32)) for _ in range(MILLION))


BOMBS = {
    "10 M marks, one in another": lambda: b"(" * MANY,
    "10 M marks, all at one place": lambda: b"N" + b"(1" * (MANY // 2),
    "10 M empty lists, each in the memo": lambda: b"]\x94" * MANY,
    "10 M lists, one in another": lambda: b"]" * MANY + b"a" * (MANY - 1),
    "10 M tuples, side by side": lambda: b"N\x85" * MANY,
    "10 M tuples, one in another": lambda: b"N" + b"\x85" * MANY,
    "a memo index of 2 ** 32 - 1": lambda: b"Nr\xff\xff\xff\xff0N",
    "1 M memo indices all over": lambda: b"N" + _scattered(),
    "1 M memo indices in lines": lambda: b"N" + b"".join(b"p%d\n" % (i * 4000) for i in range(MILLION)),
    "a number of 100 MB": lambda: b"\x8b" + struct.pack("<i", 100 * MILLION) + b"\x7f" * (100 * MILLION),
    "a number in a line of 100 MB": lambda: b"L" + b"9" * (100 * MILLION) + b"L\n",
    "1,000 numbers in lines of 60 kB": lambda: (b"L" + b"9" * 60_000 + b"L\n0") * 1_000 + b"N",
    "1 M texts, each in the memo": lambda: b"(" + b"".join(_text(i) + b"\x94" for i in range(MILLION)) + b"l",
    "1 M texts, each in a memo out of order": lambda: (
        b"Nq\x07(" + b"".join(_text(i) + b"\x94" for i in range(MILLION)) + b"l"
    ),
    "5,000 texts of 60 kB": lambda: b"(" + b"".join(_text(i, 60_000) + b"\x94" for i in range(5_000)) + b"l",
    "300,000 bytes of 1 kB": lambda: b"(" + (b"B" + struct.pack("<I", 1_000) + bytes(1_000)) * 300_000 + b"l",
    "a list doubled 1,000 times by DUP": lambda: b"]" + b"2\x86" * 1_000,
    "a list filled with itself 5 M times": lambda: b"]" + b"2a" * (MANY // 2),
    "1 M streams": lambda: b"N." * MILLION + b"N",
    "1 M frames of nothing": lambda: (b"\x95" + bytes(8)) * MILLION + b"N",
}


def write(folder):
    """Write all; for each its name and its file."""
    for number, (name, data) in enumerate(BOMBS.items()):
        path = folder / f"bomb{number:02}.pkl"
        path.write_bytes(_PROTO + data() + b".")
        yield {"name": name, "path": str(path)}


if __name__ == "__main__":
    print(json.dumps(list(write(Path(sys.argv[1])))))
