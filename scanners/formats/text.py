"""Plain text: UTF-8 without control characters.

Prose, tables and word lists are examined by being read: nothing interprets them. Text that an interpreter, a build
tool or a browser would run is recognised by its name or its first line, and has no reader here. Text in UTF-16 and
UTF-32 is handed on in UTF-8, to whatever reads that: PyYAML, pip and the shells of Windows take it by its first letter.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from scanners.binary.cursor import Cursor
from scanners.facts import Opens
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import BytesSource

if TYPE_CHECKING:
    from scanners.source import Source

_CONTROL = bytes(each for each in range(32) if each not in b"\t\n\v\f\r") + b"\x7f"
_POINTER = b"version https://git-lfs.github.com/spec/"
_LINK = re.compile(rb"(?:/|~|\.\.?/|\S+/\.\./)\S*")
"""The whole of a symbolic link as git has it, where it leads anywhere but beside itself."""
_MARK = codecs.BOM_UTF8
_START_MOST = 512
_WIDE = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Encodings by their mark; that of UTF-32 begins like one of UTF-16."""

_DOUBLE_CLICKED = ("script that a double click runs", "link that a double click opens")
_RUN_BY_NAME = {
    "Cython source": ".pyx .pxd",
    "notebook": ".ipynb",
    _DOUBLE_CLICKED[0]: ".vbs .vbe .wsf .wsh .hta .jse .reg .scf .sct",
    _DOUBLE_CLICKED[1]: ".desktop .url .webloc",
    "markup that may carry scripts": ".xml .svg .html .htm .xhtml .pmml .xsl .xslt",
    "JavaScript": ".js .mjs .cjs .ts .tsx .jsx",
    "program source": ".lua .r .rmd .jl .pl .rb .php .go .rs .java .kt .scala .cs .c .cc .cpp .h .hpp .cu .cuh .m .mm"
    " .mlir",
    "template": ".tmpl .tpl .mustache",
    "database commands": ".sql",
    "text protocol buffer": ".pbtxt .prototxt .textproto .onnxtxt .onnxtext",
    "build file": "jenkinsfile .cmake .gradle .bazel .nix",
    "build settings": "cmakelists",
    "service of systemd": ".service",
}
_RUN = {name: what for what, names in _RUN_BY_NAME.items() for name in names.split()}
_RUN_BY_START = (
    (b"#!", "script"),
    (b"%!ps", "PostScript"),
    (b"{\\rtf", "document that may carry files"),
    (b"<?php", "PHP"),
    (b"<?xml", "markup that may carry scripts"),
    (b"<script", "markup that may carry scripts"),
    (b"<html", "markup that may carry scripts"),
    (b"<svg", "markup that may carry scripts"),
    (b"<!doctype", "markup that may carry scripts"),
)


def recognise(sample: Sample) -> bool:
    """Whether the head is text as far as it goes."""
    if len(sample.head.translate(None, _CONTROL)) != len(sample.head):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample.head, final=sample.size == len(sample.head))
    except UnicodeDecodeError:
        return False
    return True


def scan(source: Source, scan: Scan) -> None:
    """Read the text through, and state what would run it."""
    start = source.read(0, min(_START_MOST, source.size))
    if start.startswith(_POINTER):
        scan.anomaly("file.lfs-pointer", "it begins as a pointer does, and goes on otherwise")
    if source.size <= len(start) and _LINK.fullmatch(start):
        scan.state(Opens("file.link", start.decode("utf-8", "backslashreplace"), member=scan.member))
    if what := runs(scan.name, start):
        scan.unread("no-reader", what)
        if what in _DOUBLE_CLICKED:
            scan.anomaly("file.script", what)
    if source.size > scan.budget.limits.whole:
        if not recognise(Sample(source.size, start, b"")):
            raise NotThisFormat
        scan.unread("limit", f"text of {source.size} bytes")
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    cursor = Cursor(source)
    try:
        for piece in cursor.pieces():
            if len(piece.translate(None, _CONTROL)) != len(piece):
                raise NotThisFormat
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise NotThisFormat from error
    scan.account.examined(0, source.size)


def runs(name: str, start: bytes) -> str:
    """What a text of this name and beginning is to those who run it, "" where nobody would."""
    last = name.rpartition("/")[2].lower() + "."
    for known, what in _RUN.items():
        if known.startswith("."):
            if f"{known}." in last:
                return what
        elif last.startswith(f"{known}."):
            return what
    opening = start.removeprefix(_MARK).lstrip().lower()
    return next((what for mark, what in _RUN_BY_START if opening.startswith(mark)), "")


def _is_wide(sample: Sample) -> bool:
    return sample.head.startswith(tuple(_WIDE))


def _scan_wide(source: Source, scan: Scan) -> None:
    """Hand on the text in UTF-8."""
    head = source.read(0, min(4, source.size))
    encoding = next((name for mark, name in _WIDE.items() if head.startswith(mark)), None)
    if encoding is None:
        raise NotThisFormat
    scan.budget.hold(source.size, f"a text in {encoding.upper()}")
    try:
        text = source.read(0, source.size).decode(encoding)
    except UnicodeDecodeError as error:
        raise NotThisFormat from error
    if scan.recoded(BytesSource(text.encode())):
        scan.account.examined(0, source.size)


WIDE = Scanner("text.wide", 1, frozenset(), _is_wide, _scan_wide, fallback=True)
SCANNER = Scanner("text", 8, frozenset(_RUN), recognise, scan, fallback=True)
