"""Constants that are files of their own: a pickle in bytes, an archive in a text of base64.

Rule 1: a beginning that says little has to be proven. Of arrays of random numbers, one in two thousand begins like a
zlib stream, and one in sixteen thousand like a pickle.
Rule 2: what no reader knows is data. Whoever loads a constant copies it, and interprets none of it.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, unhexlify
from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.binary import tar_records as tr
from scanners.binary.codecs import CODECS, WEAK, sniff
from scanners.binary.cursor import Cursor
from scanners.binary.decompressors import Corrupt, Log
from scanners.binary.marshal_reader import plausible
from scanners.binary.pickle_lexer import Broken, Lexer
from scanners.binary.pickle_opcodes import CODES, SHAPES
from scanners.facts import Anomaly, Reference, Unread
from scanners.source import BytesSource, Truncated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.facts import Fact
    from scanners.scanner import Scan
    from scanners.source import Source

LEAST = 16
"""Bytes of the shortest constant that is looked at: the shortest pickle that calls something is as long."""
HEAD = 512
"""Bytes at its start that are looked at: one block of a tar."""
ENCODED_LEAST = 24
"""Characters of the shortest text that is looked at: what base64 makes of 18 bytes."""
_PROVEN = 4096
"""Bytes that prove a compressed stream once they came out of it."""
_OPCODES_ENOUGH = 6
_PROTOCOL = 0x80
_NAMED = re.compile(rb"[ci][A-Za-z_][\w.]*\n[A-Za-z_][\w.]*\n|\x93")
"""How an opcode looks that names something, in streams that do not begin with their protocol."""
_SUM = re.compile(rb" *[0-7]{3,7}[\0 ]+")
"""The checksum of a tar header as all writers write it: of random numbers, one in ten thousand fits in another form."""
_MARKS = {b"PK\x03\x04": "zip", b"\x93NUMPY": "npy"}
_NOISE = frozenset(("pickle.broken", "pickle.protocol", "pickle.trailing", "broken", "unknown"))
_NATIVE = "native code"
_PROGRAMS = (b"\x7fELF", b"MZ", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe")

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_MEMBERS = bytes(each in _ALPHABET for each in range(256))
_STANDARD = bytes.maketrans(b"-_", b"+/")
_LINES = re.compile(rb"[A-Za-z0-9+/_-]+(?:\r?\n[A-Za-z0-9+/_-]+)*+")
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2})*+")
_TEXT_OPCODES = re.compile(rb"V|[UC\x8c].", re.DOTALL)
_OPCODES_WITHIN = 16
"""Characters of a run in which it may be opcodes still: texts and bytes of up to 255 characters have printable ones."""


def kind_of(content: Source) -> str:
    """The format that the content is proven to begin like, "" where it is none that is looked for."""
    if content.size < LEAST:
        return ""
    head = content.read(0, min(HEAD, content.size))
    kind = begins_like(head)
    if kind in _PROOFS and not _PROOFS[kind](content):
        return ""
    return "" if kind in WEAK and not _inflates(kind, content) else kind


def begins_like(head: bytes) -> str:
    """The format that content may be by its first bytes, "" for none."""
    if head[0] == _PROTOCOL:
        return "pickle" if 2 <= head[1] <= 5 else ""
    for mark, kind in _MARKS.items():
        if head.startswith(mark):
            return kind
    if codec := sniff(head):
        return codec
    if head.startswith(_PROGRAMS):
        return _NATIVE
    if plausible(head):
        return "marshal"
    if tr.has_magic(head) or (_SUM.fullmatch(head, 148, 156) and tr.fits(head)):
        return "tar"
    return "pickle" if SHAPES[head[0]] is not None and _NAMED.search(head) and _names_something(head) else ""


def _lexes(content: Source) -> bool:
    """Whether the first opcodes hold."""
    lexer = Lexer(content)
    try:
        for _ in range(_OPCODES_ENOUGH):
            code, argument, *_ = lexer.next()
            if code == CODES["STOP"]:
                return True
            named = argument if isinstance(argument, tuple) else (argument,) if code == CODES["PERSID"] else ()
            if not "".join(map(str, named)).isprintable():
                return False
    except Broken:
        # Cut off by the end of the constant is as good as held: a broken pickle acts before it breaks.
        return lexer.ended()
    return True


def _leads_to_program(content: Source) -> bool:
    """Whether the pointer of a PE leads to its mark; other programs have a mark of four bytes."""
    if content.read(0, 2) != b"MZ":
        return True
    at = int.from_bytes(content.read(0, min(64, content.size))[60:], "little")
    return at + 4 <= content.size and content.read(at, 4) == b"PE\0\0"


def _names_something(head: bytes) -> bool:
    """Whether these are opcodes up to one that names something: so begin pickles that do not say their protocol."""
    lexer, texts = Lexer(BytesSource(head)), 0
    try:
        while True:
            code, argument, *_ = lexer.next()
            if isinstance(argument, tuple):
                return all(part.replace(".", "").isidentifier() for part in argument)
            texts += isinstance(argument, str)
            if code == CODES["STACK_GLOBAL"]:
                return texts >= 2
    except Broken:
        return False


def _inflates(codec: str, content: Source) -> bool:
    """Whether a stream is sound to its end, or for long."""
    log, cursor, made = Log(), Cursor(content), 0
    stream = CODECS[codec](log)
    try:
        while not stream.ended and made < _PROVEN:
            made += len(stream.step(cursor, _PROVEN))
    except (Corrupt, Truncated):
        return False
    return made > 0 and not log.wrong


_PROOFS: Final = {"pickle": _lexes, _NATIVE: _leads_to_program}


def hand_on(scan: Scan, content: Source, kind: str, name: str) -> tuple[str, bool]:
    """Scan what is embedded as the part `name`.

    The answer is what it turned out to be, "" where it is data, and whether nothing in it is unexplained.
    """
    member, stated = scan.path(name), len(scan.facts)
    explained = scan.inside(content, name)
    said = scan.facts[stated:]
    new = [fact for fact in said if not _is_data(fact, member, name)]
    if kind == "pickle" and not explained and all(map(_is_noise, new)):
        # It names nothing: whoever loads it gets plain data, or an error and nothing else.
        new = []
    scan.facts[stated:] = new
    if len(new) < len(said):
        explained = not any(isinstance(fact, Unread) for fact in new)
    if kind in CODECS:
        known = bool(new)
    elif kind == "pickle" and content.read(0, 1)[0] != _PROTOCOL:
        known = any(isinstance(fact, Reference) for fact in new)
    else:
        known = len(new) == len(said)
    return kind if known else "", explained


def _is_data(fact: Fact, member: str, name: str) -> bool:
    """Whether the fact says that nobody knows the content, of itself or out of its codecs, which keep its name."""
    if not isinstance(fact, Unread) or fact.reason != "unknown" or not fact.member.startswith(member):
        return False
    return set(fact.member.removeprefix(member).split("!/")) <= {"", name.rpartition("/")[2]}


def _is_noise(fact: Fact) -> bool:
    """Whether the fact says no more than that a pickle breaks, or that nobody knows what is behind it."""
    return (fact.reason if isinstance(fact, Unread) else fact.code if isinstance(fact, Anomaly) else "") in _NOISE


# --- texts -----------------------------------------------------------------------------------------------------------


class Encoded(NamedTuple):
    """Where an encoded file begins in a text."""

    start: int
    kind: str
    hexadecimal: bool = False


def encoded(data: bytes) -> Iterator[Encoded]:
    """The files in base64 or in hexadecimal digits of which at least the beginnings stand in `data`."""
    if len(data) < ENCODED_LEAST:
        return
    marked, run = data.translate(_MEMBERS), b"\1" * ENCODED_LEAST
    at = marked.find(run)
    while at >= 0:
        # What stands before a text may be its length or opcode, and look like a part of it.
        before = _TEXT_OPCODES.finditer(data, at, at + _OPCODES_WITHIN)
        for start in sorted({at, at + 1, *(opcode.end() for opcode in before)}):
            if found := _begins(data, start):
                yield found
                break
        end = marked.find(b"\0", at)
        at = marked.find(run, end) if end >= 0 else -1


def _begins(data: bytes, start: int) -> Encoded | None:
    near = data[start : start + 2 * HEAD]
    for hexadecimal in (False, True):
        head = decoded(near, hexadecimal=hexadecimal)[:HEAD]
        if len(head) >= LEAST and (kind := begins_like(head)):
            return Encoded(start, kind, hexadecimal)
    return None


def decoded(text: bytes, *, hexadecimal: bool) -> bytes:
    """The file that a text begins with, as far as its characters reach."""
    text = text[: reach(text, hexadecimal=hexadecimal)]
    if hexadecimal:
        return unhexlify(text)
    text = text.translate(_STANDARD, b"\r\n")
    # Of one character too many nothing can be made.
    text = text[: len(text) - (len(text) % 4 == 1)]
    return a2b_base64(text + b"=" * (-len(text) % 4))


def reach(text: bytes, *, hexadecimal: bool) -> int:
    """How many characters at the beginning of a text may be part of an encoded file."""
    found = (_HEX if hexadecimal else _LINES).match(text)
    return found.end() if found else 0
