"""Constants that are files of their own: a pickle in bytes, an archive in a text of base64.

Rule 1: a beginning that says little has to be proven. Of arrays of random numbers, one in two thousand begins like a
zlib stream, and one in sixteen thousand like a pickle.
Rule 2: what no reader knows is data. Whoever loads a constant copies it, and interprets none of it.
"""

from __future__ import annotations

import re
from binascii import a2b_base64, b2a_base64, unhexlify
from functools import cache, partial
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
    from collections.abc import Callable, Iterator

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

_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_MEMBERS = bytes(each in _LETTERS + b"-_" for each in range(256))
_STANDARD = bytes.maketrans(b"-_", b"+/")
_LINES = re.compile(rb"[A-Za-z0-9+/_-]+(?:\r?\n[A-Za-z0-9+/_-]+)*+")
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2})*+")
_TEXT_OPCODES = re.compile(rb"V|[UC\x8c].", re.DOTALL)
_OPCODES_WITHIN = 16
"""Characters of a run in which it may be opcodes still: texts and bytes of up to 255 characters have printable ones."""
_WITHIN = (
    *(b"\x80%c" % protocol for protocol in range(2, 6)),
    *(b"c%s\n" % name for name in (b"__builtin__", b"builtins", b"os", b"posix", b"nt", b"subprocess", b"sys")),
    *(*_MARKS, *_PROGRAMS, b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\0", b"\x04\x22\x4d\x18", b"\x28\xb5\x2f\xfd"),
    *(b"\x78" + level for level in (b"\x01", b"\x5e", b"\x9c", b"\xda")),
    *(b"\xe3\0\0\0", b"c\0\0\0"),
)
"""How files begin of which the encoded beginnings are looked for inside of other letters."""


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


def _inflates(codec: str, content: Source, *, cut: bool = False) -> bool:
    """Whether a stream is sound to its end, or for long, or to where it is cut."""
    log, cursor, made = Log(), Cursor(content), 0
    stream = CODECS[codec](log)
    try:
        while not stream.ended and made < _PROVEN:
            made += len(stream.step(cursor, _PROVEN))
    except Truncated:
        return cut and made > 0
    except Corrupt:
        return False
    return made > 0 and not log.wrong


_PROOFS: Final = {"pickle": _lexes, _NATIVE: _leads_to_program}
_HEADS: Final[dict[str, Callable[[Source], bool]]] = {
    **_PROOFS,
    **{codec: partial(_inflates, codec, cut=True) for codec in ("gzip", "zlib")},
}
"""What proves a file by its first `HEAD` bytes, where that can be."""


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


class Unfolded(NamedTuple):
    """An encoded file of which nothing is unexplained."""

    start: int
    text: bytes
    """What encodes it."""
    hexadecimal: bool

    def holds(self, start: int, *, hexadecimal: bool) -> bool:
        """Whether what is encoded from `start` on is the rest of this file, and so has been looked at."""
        at = start - self.start
        letters = at - self.text.count(b"\n", 0, at) - self.text.count(b"\r", 0, at)
        return at < len(self.text) and hexadecimal == self.hexadecimal and letters % (2 if hexadecimal else 4) == 0


NOTHING = Unfolded(0, b"", hexadecimal=False)


def encoded(data: bytes) -> Iterator[Encoded]:
    """The files in base64 or in hexadecimal digits of which at least the beginnings stand in `data`."""
    if len(data) < ENCODED_LEAST:
        return
    marked, run = data.translate(_MEMBERS), b"\1" * ENCODED_LEAST
    at = marked.find(run)
    while at >= 0:
        # What stands before a text may be its length or opcode, and look like a part of it.
        before = _TEXT_OPCODES.finditer(data, at, at + _OPCODES_WITHIN)
        starts = sorted({at, at + 1, *(opcode.end() for opcode in before)})
        first = next(filter(None, (_begins(data, start) for start in starts)), None)
        if first:
            yield first
        end = marked.find(b"\0", at)
        yield from _inside(data, at + 2, end if end >= 0 else len(data), first)
        at = marked.find(run, end) if end >= 0 else -1


def _inside(data: bytes, start: int, stop: int, first: Encoded | None) -> Iterator[Encoded]:
    """The files whose beginnings stand among other letters, but for the first; they may be parts of one another."""
    for hexadecimal in (False, True):
        for match in _beginnings(hexadecimal).finditer(data, start, stop):
            at = match.start()
            found = _begins(data, at, (hexadecimal,)) if not first or at != first.start else None
            if found and _HEADS.get(found.kind, bool)(BytesSource(_head(data, at, hexadecimal))):
                yield found


@cache
def _beginnings(hexadecimal: bool) -> re.Pattern[bytes]:
    """Finds what files begin with, as it is encoded."""
    if hexadecimal:
        return re.compile(b"|".join(mark.hex().encode() for mark in _WITHIN), re.IGNORECASE)
    return re.compile(b"|".join(map(_pattern, _WITHIN)))


def _pattern(mark: bytes) -> bytes:
    """The pattern of what base64 makes of a mark; of its last letter not all bits are known."""
    whole, bits = divmod(8 * len(mark), 6)
    letters = b2a_base64(mark, newline=False)[: whole + bool(bits)]
    sure = letters[:whole].replace(b"+", b"[+-]").replace(b"/", b"[/_]")
    if not bits:
        return sure
    first = _LETTERS.index(letters[whole])
    last = _LETTERS[first : first + (1 << 6 - bits)]
    return sure + b"[%s]" % last.replace(b"+", b"+-").replace(b"/", b"/_").replace(b"+-", b"+\\-")


def _begins(data: bytes, start: int, hexadecimals: tuple[bool, ...] = (False, True)) -> Encoded | None:
    for hexadecimal in hexadecimals:
        head = _head(data, start, hexadecimal)
        if len(head) >= LEAST and (kind := begins_like(head)):
            return Encoded(start, kind, hexadecimal)
    return None


def _head(data: bytes, start: int, hexadecimal: bool) -> bytes:
    return decoded(data[start : start + 2 * HEAD], hexadecimal=hexadecimal)[:HEAD]


def decoded(text: bytes, *, hexadecimal: bool) -> bytes:
    """The file that a text begins with, as far as its characters reach."""
    text = spelled(text, hexadecimal=hexadecimal)
    if hexadecimal:
        return unhexlify(text)
    text = text.translate(_STANDARD, b"\r\n")
    # Of one character too many nothing can be made.
    text = text[: len(text) - (len(text) % 4 == 1)]
    return a2b_base64(text + b"=" * (-len(text) % 4))


def spelled(text: bytes, start: int = 0, *, hexadecimal: bool) -> bytes:
    """The characters from `start` on that may be part of an encoded file."""
    found = (_HEX if hexadecimal else _LINES).match(text, start)
    return found.group() if found else b""
