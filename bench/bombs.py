"""Pickles that cost little to write and would cost a careless reader much. None of them does anything.

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


def _asked():
    draw = random.Random(0)
    return b"".join(b"j%b0" % struct.pack("<I", draw.randrange(MANY)) for _ in range(MILLION))


def _called():
    for name in range(2_000):
        yield b"cnobody\nname%d\n" % name
        yield from (b"2(%btR0" % _text(text) for text in range(256))


BOMBS = {
    "10 M marks, one in another": lambda: b"(" * MANY,
    "10 M marks, all at one place": lambda: b"N" + b"(1" * (MANY // 2),
    "10 M empty lists, each in the memo": lambda: b"]\x94" * MANY,
    "10 M lists, one in another": lambda: b"]" * MANY + b"a" * (MANY - 1),
    "10 M dicts, one in another": lambda: b"}N" * MANY + b"N" + b"s" * MANY,
    "10 M tuples, side by side": lambda: b"N\x85" * MANY,
    "10 M tuples, one in another": lambda: b"N" + b"\x85" * MANY,
    "100 M numbers": lambda: b"N" * (10 * MANY),
    "a tuple of 10 M texts": lambda: b"(" + b"\x8c\x04text" * MANY + b"t",
    "a tuple of 3 M texts that no run holds": lambda: b"(" + (b"\x8c\x64" + b"word " * 20) * (3 * MILLION) + b"t",
    "a memo index of 2 ** 32 - 1": lambda: b"Nr\xff\xff\xff\xff0N",
    "1 M memo indices all over": lambda: b"N" + _scattered(),
    "1 M memo indices in lines": lambda: b"N" + b"".join(b"p%d\n" % (i * 4000) for i in range(MILLION)),
    "10 M entries, and 1 M of them asked for": lambda: b"]\x94" * MANY + _asked(),
    "3 M times a name, each in the memo": lambda: b"cbuiltins\nint\n\x94" * (3 * MILLION),
    "512,000 calls of 2,000 names, no two alike": lambda: b"".join(_called()),
    "300,000 calls that add two texts of 30 kB": lambda: (
        b"cbuiltins\nstr.__add__\n\x94" + _text(1, 30_000) + b"\x94\x86\x94" + b"h\0h\1h\1\x86R" * 300_000
    ),
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
    "3 M frames, one in another": lambda: (b"\x95" + struct.pack("<Q", 1 << 40) + b"N0") * (3 * MILLION) + b"N",
}


def write(folder):
    """Write all; for each its name and its file."""
    for number, (name, data) in enumerate(BOMBS.items()):
        path = folder / f"bomb{number:02}.pkl"
        path.write_bytes(_PROTO + data() + b".")
        yield {"name": name, "path": str(path)}


if __name__ == "__main__":
    print(json.dumps(list(write(Path(sys.argv[1])))))
