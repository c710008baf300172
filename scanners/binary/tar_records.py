"""The records of tar archives: headers of 512 bytes, and pax records.

    0 name 100   100 mode 8   108 uid 8   116 gid 8   124 size 12   136 mtime 12   148 checksum 8   156 type 1
    157 link target 100   257 magic 6 and version 2   265 user 32   297 group 32   329 device 8+8   345 prefix 155

V7 ends at the magic. GNU tar writes "ustar" and blanks there, and uses the place of the prefix for other things.
Source: POSIX.1-2008 (pax, ustar), the GNU tar manual ("Basic Tar Format"), and what CPython's tarfile, GNU tar and
libarchive accept beyond them.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import NamedTuple

BLOCK = 512
LINK, SYMLINK, DIRECTORY = "1", "2", "5"
DEVICES = frozenset("346")
"""Character device, block device, FIFO."""
DATALESS = frozenset("123456")
"""Types of which some readers skip the data and others expect none."""
LONG = {"L": "path", "K": "linkpath"}
"""GNU's long names: headers whose data is the name, or the link target, of the next one."""
GLOBAL = "g"
NOTES = frozenset((*LONG, "x", "X", GLOBAL))
"""Types whose data is about the next header, or about all that follow: pax records (X is Solaris') and long names."""

_SUM = slice(148, 156)
_NUMBERS = ((100, 108), (108, 116), (116, 124), (124, 136), (136, 148), (329, 337), (337, 345))
_SPARSE_NUMBERS = (*_NUMBERS, *((at, at + 12) for at in (*range(386, 482, 12), 483)))
_MAGIC = b"ustar\0"
_PLAIN = re.compile(rb" *([0-7]*)[ \0]*")
_OCTAL = re.compile(rb"[ \0]*([0-7]*)")
_PAX = re.compile(rb"([0-9]+) ([^=]+)=")
_PAX_ANYWHERE = re.compile(rb"[0-9]+ ((?:link)?path|size|GNU\.sparse\.[a-z]+)=([^\n\0]*)")
_KEPT = re.compile(r"(link)?path|size|GNU\.sparse\.[a-z]+")

Records = tuple[tuple[str, str], ...]
"""Keys and values of pax records, those that say where something is; GNU's long names are among them as `path`."""


class Header(NamedTuple):
    """One header block whose checksum fits."""

    names: tuple[str, ...]
    """As readers compose it, with the prefix and without where they differ."""
    kind: str
    """The type flag; "0" also where it is NUL, and "5" for a V7 directory, which only its name tells."""
    sizes: tuple[int, ...]
    """Bytes of data, by every way to read the field."""
    mode: int
    target: str
    odd: bool
    """A number field holds something else, for which Python's tarfile refuses the header."""
    block: bytes


def text(field: bytes) -> str:
    """A text up to its NUL: UTF-8, or Latin-1 where it is none."""
    field = field.partition(b"\0")[0]
    try:
        return field.decode()
    except UnicodeDecodeError:
        return field.decode("latin-1")


def numbers(field: bytes) -> tuple[int, ...]:
    """What readers take a number field for, the usual reading first; more than one only where they differ."""
    if plain := _PLAIN.fullmatch(field):
        return (int(plain[1] or b"0", 8),)
    if field[0] & 0x80:  # base 256, in two's complement below the first bit
        bits = 8 * len(field) - 1
        value = int.from_bytes(field, "big") - (1 << bits)
        return (value - (1 << bits) if field[0] & 0x40 else value,)
    octal = _OCTAL.match(field)
    assert octal is not None
    readings = [int(octal[1] or b"0", 8)]
    with suppress(ValueError):
        # Python's own idea of an octal number has room for "0o", "_" and signs.
        readings.insert(0, int(field.partition(b"\0")[0].decode("ascii").strip() or "0", 8))
    return tuple(dict.fromkeys(readings))


def has_magic(block: bytes) -> bool:
    """Whether it says that it is a header, true or not."""
    return block[257:262] == _MAGIC[:5]


def fits(block: bytes) -> bool:
    """Whether a whole block is a header by its checksum, which some systems made of signed bytes."""
    if len(block) < BLOCK:
        return False
    rest = block[: _SUM.start] + b" " * 8 + block[_SUM.stop :]
    total = sum(rest)
    stated = numbers(block[_SUM])
    return total in stated or total - 256 * sum(each > 127 for each in rest) in stated


def parse(block: bytes) -> Header | None:
    """The header in a block; None where the checksum does not fit."""
    if not fits(block):
        return None
    names = [text(block[:100])]
    kind = chr(block[156]) if block[156] else "0"
    if prefix := text(block[345:500]):
        # GNU has other things there, which Python's tarfile takes for a prefix all the same.
        names.insert(0 if block[257:263] == _MAGIC else 1, f"{prefix}/{names[0]}")
    if kind == "0" and names[0].endswith("/"):
        kind = DIRECTORY
    fields = [block[start:stop] for start, stop in (_SPARSE_NUMBERS if kind == "S" else _NUMBERS)]
    return Header(
        names=tuple(names),
        kind=kind,
        sizes=numbers(block[124:136]),
        mode=numbers(block[100:108])[0],
        target=text(block[157:257]),
        odd=not all(_PLAIN.fullmatch(field) or field[0] in {0x80, 0xFF} for field in fields),
        block=block,
    )


def pax_records(data: bytes) -> tuple[Records, bool]:
    """The records of an extended header that say where something is, and whether all of it was well formed."""
    found: list[tuple[bytes, bytes]] = []
    at, sound = 0, True
    while record := _PAX.match(data, at):
        stop = min(at + int(record[1][:20]), len(data) + 1)
        if stop <= record.end():
            break
        sound = sound and data[stop - 1 : stop] == b"\n"
        found.append((record[2], data[record.end() : stop - 1]))
        at = stop
    if not sound or data[at:].strip(b"\0"):
        # Readers differ in where they go on, so whatever looks like a record counts.
        sound = False
        found += [(each[1], each[2]) for each in _PAX_ANYWHERE.finditer(data)]
    return tuple((text(key), text(value)) for key, value in found if _KEPT.fullmatch(text(key))), sound


def values(records: Records, key: str) -> tuple[str, ...]:
    """All values under a key, the last one first: it counts for most readers."""
    return tuple(dict.fromkeys(value for name, value in reversed(records) if name == key))


def decimal(value: str) -> int | None:
    """A number of a pax record or a sparse map."""
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 20 else None
