r"""Compiled Python: marshal data, and the .pyc files that hold them behind a header.

A .pyc begins with a number of its version and `\r\n`; a time follows, since 3.3 the size of the source, since 3.7
flags before them. `marshal.loads` and the import of a .pyc read one object and ignore what follows it; here that is
handed on to the other formats.

Sources: Lib/importlib/_bootstrap_external.py (MAGIC_NUMBER and its history), PEP 552.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanners.binary.carried_code import facts_of
from scanners.binary.marshal_reader import BrokenMarshal, plausible, read
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import Slice

if TYPE_CHECKING:
    from scanners.source import Source

_MAGIC_END = b"\r\n"
_LONGEST = 16
_PYTHON_3_3, _PYTHON_3_7, _PYTHON_2 = 3220, 3390, 20121
"""The first magic numbers of the header of 12 bytes, of 16, and of Python 1.5 to 2.7, which has 8."""


def _header(head: bytes) -> int:
    """Length of the header that stands before the marshal data of a .pyc; 0 where there is none."""
    if len(head) <= _LONGEST or head[2:4] != _MAGIC_END:
        return 0
    number = int.from_bytes(head[:2], "little")
    length = 8 if number >= _PYTHON_2 or number < _PYTHON_3_3 else 12 if number < _PYTHON_3_7 else _LONGEST
    return length if plausible(head[length:]) else 0


def recognise(sample: Sample) -> bool:
    """Whether the head is that of a code object, or a .pyc header before one."""
    return plausible(sample.head) or _header(sample.head) > 0


def scan(source: Source, scan: Scan) -> None:
    """State what code is in the data."""
    head = source.read(0, min(64, source.size))
    start = _header(head)
    if not start and not plausible(head):
        raise NotThisFormat
    scan.budget.hold(source.size, "compiled Python")
    scan.format = "pyc" if start else "marshal"
    try:
        readings = read(source.read(0, source.size), start)
    except BrokenMarshal as broken:
        scan.unread("broken", f"marshal data: {broken}", offset=start)
        return
    stop = min(reading.stop for reading in readings)
    for reading in readings:
        for code in reading.codes:
            for fact in facts_of(code, "pyc" if start else "marshal", scan.member, start):
                scan.state(fact)
        if reading.limit:
            scan.unread("limit", reading.limit, offset=reading.stop)
            return
    scan.account.examined(0, stop)
    if stop < source.size and scan.inside(Slice(source, stop, source.size - stop), f"tail@{stop}"):
        scan.account.examined(stop, source.size)


SCANNER = Scanner("marshal", 1, frozenset((".pyc",)), recognise, scan, whole=True)
