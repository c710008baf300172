"""Vocabularies of RWKV: a word a line, which the reader evaluates as Python.

    {number} {the word as Python writes it} {its bytes}

The tokenizer that RWKV's repositories bring calls `eval` on what stands between the first and the last blank of each
line (rwkv/rwkv_tokenizer.py). A literal is a word; anything else is an expression that runs, and is handed on as such.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import BytesSource

if TYPE_CHECKING:
    from scanners.source import Source

_BEGIN: Final = re.compile(rb"[0-9]+ [^\n]*['\"] [0-9]+\r?\n")
_LITERAL: Final = re.compile(r"""\s*[bBuU]?(?:'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+")\s*""")
_LINE: Final = re.compile(r"\r\n|[\n\r]")
_PARTS_MOST: Final = 64


def recognise(sample: Sample) -> bool:
    """Whether the first line is a word with its number and its length."""
    return _BEGIN.match(sample.head) is not None


def scan(source: Source, scan: Scan) -> None:
    """Read the words, and hand on what is none."""
    scan.budget.hold(source.size, "a vocabulary")
    lines = _LINE.split(source.read(0, source.size).decode("utf-8", "backslashreplace"))
    if not lines[0].partition(" ")[0].isdecimal():
        raise NotThisFormat
    scan.format = "text.rwkv"
    found = 0
    for number, line in enumerate(lines, 1):
        text = line[line.find(" ") : line.rfind(" ")]
        if not text.strip() or _LITERAL.fullmatch(text):
            continue
        found += 1
        if found <= _PARTS_MOST:
            scan.inside(BytesSource(text.strip().encode("utf-8", "replace")), f"line-{number}.py")
    if found > _PARTS_MOST:
        scan.unread("limit", f"{found} lines that are no words, {_PARTS_MOST} are read")
    scan.account.examined(0, source.size)


SCANNER = Scanner("rwkv.vocabulary", 1, frozenset({"rwkv_vocab_v#"}), recognise, scan, whole=True)
