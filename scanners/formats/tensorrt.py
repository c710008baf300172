"""TensorRT: engines, which are compiled for one graphics card and one release (threats.md 7.4).

Their layout is not public. They hold programs for the card, as ELF; a program for the machine itself is a plugin or a
lean runtime, which is loaded with the engine where the application allows it. So the beginning and the end are looked
through for one, and the rest stays unread.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

from scanners.scanner import NotThisFormat, Sample, Scan, Scanner, by_name
from scanners.source import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.source import Source

_MARK: Final = b"ftrt"
_LOOK: Final = 16 << 20
"""Bytes at either end that are looked through."""
_PROGRAM: Final = re.compile(rb"\x7fELF[\x01\x02]{2}\x01|MZ")
_MACHINES: Final = {3: "x86", 40: "ARM", 62: "x86-64", 183: "ARM64", 243: "RISC-V"}
_LOADED: Final = frozenset((2, 3))
"""Types of ELF: a program, a library."""
_HEADER: Final = 1024
_STATED_MOST: Final = 8
_TEXT: Final = re.compile(rb"[\t\n\r\x20-\x7e]+")


def recognise(sample: Sample) -> bool:
    """Whether the head is the mark of an engine, or of one behind its description by Ultralytics."""
    length = int.from_bytes(sample.head[:4], "little")
    return sample.head.startswith(_MARK) or (sample.head[4:5] == b"{" and sample.head[4 + length :].startswith(_MARK))


def scan(source: Source, scan: Scan) -> None:
    """Look for programs; nothing is accounted for."""
    if source.size < len(_MARK) or _TEXT.fullmatch(source.read(0, min(256, source.size))):
        raise NotThisFormat
    scan.format = "tensorrt"
    scan.anomaly("tensorrt.engine")
    places = {Span(0, min(_LOOK, source.size)), Span(max(0, source.size - _LOOK), source.size)}
    source.want(*places)
    found = {found for place in places for found in _programs(source.read(*_length(place)), place.start)}
    for at, machine in sorted(found)[:_STATED_MOST]:
        scan.anomaly("tensorrt.native", machine, offset=at)
    scan.unread("no-reader", "TensorRT engine")


def _length(place: Span) -> tuple[int, int]:
    return place.start, place.length


def _programs(data: bytes, base: int) -> Iterator[tuple[int, str]]:
    """Where programs for a machine begin in the data, and for which."""
    for match in _PROGRAM.finditer(data):
        at = match.start()
        header = data[at : at + _HEADER]
        if match[0] == b"MZ":
            pointer = int.from_bytes(header[60:64], "little")
            if 64 <= pointer <= _HEADER and header[pointer : pointer + 4] == b"PE\0\0":
                yield base + at, "PE"
        else:
            kind, machine = struct.unpack("<HH" if header[5] == 1 else ">HH", header[16:20].ljust(4, b"\0"))
            if kind in _LOADED and machine in _MACHINES:
                yield base + at, f"ELF for {_MACHINES[machine]}"


SCANNER = Scanner("tensorrt", 1, frozenset(), recognise, scan)
NAMED = Scanner("tensorrt.named", 1, frozenset({".engine", ".plan", ".trt"}), by_name, scan, fallback=True)
"""Where no other format has a say: releases differ in how an engine begins."""
