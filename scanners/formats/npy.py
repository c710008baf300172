r"""NumPy arrays in files of their own (.npy), and one behind the other as `numpy.save` writes them to an open file.

    \x93NUMPY | version, 2 bytes | header length, 2 bytes (4 since version 2) | header | data

The header is a Python literal: {'descr': …, 'fortran_order': …, 'shape': …}. The data are the elements, as many bytes
as shape and descr say, or one pickle where an element holds Python objects: `numpy.load(allow_pickle=True)` loads it
(CVE-2019-6446). Source: numpy/lib/_format_impl.py, NumPy 2.4. Behind a header that is not as NumPy writes it a pickle
is looked for as well, since other readers may take another view of it.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from scanners.binary.cursor import Cursor
from scanners.binary.numpy_dtype import Element, natural, of_descr
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import Slice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.source import Source

_MAGIC = b"\x93NUMPY"
_ENCODINGS = {b"\x01\x00": "latin-1", b"\x02\x00": "latin-1", b"\x03\x00": "utf-8"}
"""Of the header, by version."""
_HEADER_MOST = 65_536
"""Characters of a header; by itself NumPy reads 10,000."""
_DEPTH = 32
_DIMENSIONS_MOST = 64
_KEYS = {"descr", "fortran_order", "shape"}
_TOKEN = re.compile(
    r"""\s*(?: (?P<mark>[()\[\]{},:]) | (?P<number>-?\d{1,20})L?\b | (?P<word>(?:True|False|None)\b)
    | u?(?P<text>'(?:[^'\\\n]|\\.)*' | "(?:[^"\\\n]|\\.)*") | (?P<end>\Z) )""",
    re.VERBOSE,
)
"""NumPy under Python 2 wrote `10L` and `u'f8'`."""
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_WORDS = {"True": True, "False": False, "None": None}


class _Bent(Exception):  # noqa: N818 - a state of the header, not a mistake
    """The header is not as NumPy writes it."""


class _Header(NamedTuple):
    element: Element
    elements: int


def recognise(sample: Sample) -> bool:
    """Whether the content starts with the magic."""
    return sample.head.startswith(_MAGIC)


def scan(source: Source, scan: Scan) -> None:
    """State what is in the arrays, and account for them."""
    cursor = Cursor(source)
    if not _starts(cursor):
        raise NotThisFormat
    while _starts(cursor):
        if not _array(cursor, source, scan):
            return
    at = cursor.at
    if at < source.size:
        scan.anomaly("npy.trailing", f"{source.size - at} bytes", offset=at)
        _hand_on(source, scan, at, f"tail@{at}")


def _starts(cursor: Cursor) -> bool:
    return cursor.left >= len(_MAGIC) and cursor.peek(len(_MAGIC)) == _MAGIC


def _hand_on(source: Source, scan: Scan, at: int, name: str) -> None:
    """Let other formats look at the rest."""
    if scan.inside(Slice(source, at, source.size - at), name):
        scan.account.examined(at, source.size)


def _array(cursor: Cursor, source: Source, scan: Scan) -> bool:
    """Read one array; whether the place behind its data is known, and the cursor there."""
    start = cursor.at
    try:
        header = _read(cursor)
    except _Bent as bent:
        scan.anomaly("npy.header", str(bent), offset=start)
        scan.unread("broken", f"the header is not valid: {bent}", offset=start)
        _hand_on(source, scan, cursor.at, f"data@{cursor.at}.pkl")
        return False
    at = cursor.at
    scan.account.examined(start, at)
    if header.element.objects:
        scan.anomaly("npy.object", offset=start)
        if not cursor.left:
            scan.unread("broken", "the pickle of the objects is missing", offset=at)
        _hand_on(source, scan, at, f"objects@{at}.pkl")
        return False
    length = header.elements * header.element.size
    if length > cursor.left:
        scan.anomaly("npy.shape", f"{cursor.left} bytes for {header.elements} of {header.element.size}", offset=start)
        scan.unread("broken", "the data is cut off", offset=at)
        return False
    scan.account.inert(at, at + length)
    cursor.at += length
    return True


def _read(cursor: Cursor) -> _Header:
    """The header at the cursor, which moves behind it as far as its length is known."""
    cursor.take(len(_MAGIC))
    version = cursor.take(2)
    length = int.from_bytes(cursor.take(2 if version[0] == 1 else 4), "little")
    if version not in _ENCODINGS or length > _HEADER_MOST:
        cursor.at += min(length, cursor.left)
        raise _Bent(f"{length} bytes in version {version[0]}.{version[1]}")
    try:
        header = _literal(cursor.take(length).decode(_ENCODINGS[version]))
    except UnicodeDecodeError as error:
        raise _Bent("not UTF-8") from error
    if not isinstance(header, dict) or header.keys() != _KEYS:
        raise _Bent("not descr, fortran_order and shape")
    shape = header["shape"]
    if not isinstance(header["fortran_order"], bool):
        raise _Bent("fortran_order is no truth value")
    if not isinstance(shape, tuple) or len(shape) > _DIMENSIONS_MOST or not all(natural(each) for each in shape):
        raise _Bent("the shape is no tuple of natural numbers")
    element = of_descr(header["descr"])
    if element is None:
        raise _Bent("the descr names no type of a known size")
    return _Header(element, math.prod(shape))


# --- the literal: a part of Python's grammar, read without Python -----------------------------------------------------


def _literal(text: str) -> object:
    tokens = _tokens(text)
    value = _value(tokens, next(tokens), _DEPTH)
    if next(tokens)[0] != "end":
        raise _Bent("something follows the literal")
    return value


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """Kind and text of each token; the last one is the end."""
    at, kind = 0, ""
    while kind != "end":
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise _Bent(f"no literal at character {at}")
        at, kind = match.end(), match.lastgroup
        yield kind, match[kind]


def _value(tokens: Iterator[tuple[str, str]], token: tuple[str, str], depth: int) -> object:
    match token:
        case ("number", text):
            return int(text)
        case ("word", text):
            return _WORDS[text]
        case ("text", text):
            return text[1:-1]
        case ("mark", ("(" | "[" | "{") as opening) if depth:
            return _group(tokens, opening, depth - 1)
        case _:
            raise _Bent("no literal" if depth else "nested too deeply")


def _group(tokens: Iterator[tuple[str, str]], opening: str, depth: int) -> object:
    """A tuple, list or dict, or a value in parentheses."""
    closing = ("mark", _CLOSING[opening])
    keys: list[str] = []
    values: list[object] = []
    commas = 0
    token = next(tokens)
    while token != closing:
        value = _value(tokens, token, depth)
        if opening == "{":
            if next(tokens) != ("mark", ":") or not isinstance(value, str):
                raise _Bent("a dict of something else than texts")
            keys.append(value)
            value = _value(tokens, next(tokens), depth)
        values.append(value)
        token = next(tokens)
        if token == ("mark", ","):
            commas += 1
            token = next(tokens)
        elif token != closing:
            raise _Bent("a comma is missing")
    if opening == "{":
        if len(set(keys)) != len(keys):
            raise _Bent("a key comes twice")
        return dict(zip(keys, values, strict=True))
    if opening == "[":
        return values
    return values[0] if len(values) == 1 and not commas else tuple(values)


SCANNER = Scanner("npy", 1, frozenset({".npy"}), recognise, scan)
