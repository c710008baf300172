"""What the calls of well-known codecs give: the texts and bytes that one call makes of others.

Attacks hide a name or a pickle behind them (threats.md 2.4, T3). None gives more than 64 KiB here, and what would is
not known: a part of a file would be another file.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

from scanners.binary.codecs import CODECS
from scanners.binary.cursor import Cursor
from scanners.binary.decompressors import Corrupt, Log
from scanners.binary.pickle_lexer import Payload
from scanners.binary.pickle_values import Items
from scanners.source import BytesSource, Truncated

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanners.binary.pickle_values import Value

MOST = 65_536
"""Characters, and bytes, of what a call is given and of what it gives."""
_STEPS = 1024

Arguments = tuple["Value", ...]

_LATIN = frozenset("latin1 latin_1 iso_8859_1 iso8859_1 l1 8859".split())
_TEXT_CODECS = _LATIN | set(
    "ascii us_ascii raw_unicode_escape rot13 rot_13 unicode_escape utf_16 utf_16_le utf_16_be utf_32 utf_7 utf_8 utf8"
    " cp437 cp1252".split()
)
_BYTE_CODECS = set("base64 base64_codec base_64 hex hex_codec quopri quopri_codec quoted_printable".split())
_COMPRESSED = {"zlib": "zlib", "zlib_codec": "zlib", "zip": "zlib", "bz2": "bzip2", "bz2_codec": "bzip2"}


def _name(codec: str) -> str:
    """A codec as the registry looks it up, but for its rarer aliases."""
    return codec.lower().replace("-", "_").replace(" ", "_")


def decode(arguments: Arguments) -> Value:
    """`codecs.decode(data, codec)`."""
    match arguments:
        case (bytes() as data,) if len(data) <= MOST:
            codec = "utf-8"
        case (str() | bytes() as data, str() as codec, *_) if len(data) <= MOST:
            pass
        case _:
            return None
    name = _name(codec)
    if name in _COMPRESSED:
        return inflated(_COMPRESSED[name], data) if isinstance(data, bytes) else None
    if name not in _TEXT_CODECS | _BYTE_CODECS:
        return None
    # A string of Python 2 is text or bytes, as the loader likes (D13).
    for value in (data, data.encode("latin-1", "replace")) if isinstance(data, str) else (data,):
        with suppress(ValueError, TypeError):
            # The registry's text and bytes codecs have one signature in Python and another in its stubs.
            return codecs.decode(value, codec)  # type: ignore[arg-type]
    return None


def encode(arguments: Arguments) -> Value:
    """`_codecs.encode(text, codec)`: protocol 2 writes bytes so, as Latin-1, and they may be long."""
    match arguments:
        case (Payload(text=True) as text, str() as codec, *_) if _name(codec) in _LATIN:
            return Payload(text=False, offset=text.offset, length=text.length)
        case (str() as text,) if len(text) <= MOST:
            return text.encode("utf-8", "surrogatepass")
        case (str() as text, str() as codec, *_) if len(text) <= MOST or _name(codec) in _LATIN:
            return _encoded(text, _name(codec))
        case _:
            return None


def _encoded(text: str, codec: str) -> Value:
    if codec in {"rot13", "rot_13"}:
        return codecs.encode(text, "rot13")
    if codec not in _TEXT_CODECS:
        return None
    try:
        return text.encode(codec)
    except UnicodeEncodeError:
        return None


def inflated(codec: str, data: bytes) -> bytes | None:
    """What one of the codecs of files makes of `data`, if it comes to an end."""
    stream, cursor, made = CODECS[codec](Log()), Cursor(BytesSource(data)), b""
    try:
        for _ in range(_STEPS):
            made += stream.step(cursor, MOST)
            if stream.ended or len(made) > MOST:
                break
    except (Corrupt, Truncated):
        return None
    return made if stream.ended and len(made) <= MOST else None


def _decompress(codec: str) -> Callable[[Arguments], Value]:
    def give(arguments: Arguments) -> Value:
        data = arguments[0] if arguments else None
        return inflated(codec, data) if isinstance(data, bytes) and len(data) <= MOST else None

    return give


def _zlib(arguments: Arguments) -> Value:
    """`zlib.decompress(data, wbits)`."""
    match arguments:
        case (bytes() as data, int() as window, *_) if len(data) <= MOST:
            pass
        case (bytes() as data, *_) if len(data) <= MOST:
            window = zlib.MAX_WBITS
        case _:
            return None
    try:
        stream = zlib.decompressobj(window)
        made = stream.decompress(data, MOST)
    except (ValueError, OverflowError, zlib.error):
        return None
    return made if stream.eof else None


def _from(decoder: Callable[..., bytes]) -> Callable[[Arguments], Value]:
    """What a decoder of texts gives; it may be told which bytes stand for the last two digits."""

    def give(arguments: Arguments) -> Value:
        match arguments:
            case (str() | bytes() as data, bytes() as others, *_) if decoder is base64.b64decode and len(others) == 2:
                more = [others]
            case (str() | bytes() as data, *rest) if all(isinstance(part, bool | None) for part in rest):
                more = []
            case _:
                return None
        if len(data) > MOST:
            return None
        try:
            return decoder(data if isinstance(data, bytes) else data.encode("ascii"), *more)
        except ValueError:
            return None

    return give


def _bytes(arguments: Arguments) -> Value:
    """`bytes(data)`, `bytes([1, 2, …])` and `bytes(text, codec)`."""
    match arguments:
        case (bytes() as data,):
            return data
        case (str(), str(), *_):
            return encode(arguments)
        case ((tuple() | Items()) as numbers,) if not isinstance(numbers, Items) or numbers.whole:
            values = numbers if isinstance(numbers, tuple) else numbers.values
            found = [each for each in values if isinstance(each, int) and 0 <= each <= 255]
            return bytes(found) if len(found) == len(values) <= MOST else None
        case _:
            return None


EVALUATORS: dict[str, Callable[[Arguments], Value]] = {
    **dict.fromkeys(("_codecs.decode", "codecs.decode", "builtins.bytes.decode"), decode),
    **dict.fromkeys(("_codecs.encode", "codecs.encode", "builtins.str.encode"), encode),
    "builtins.bytes": _bytes,
    "zlib.decompress": _zlib,
    "gzip.decompress": _decompress("gzip"),
    **dict.fromkeys(("bz2.decompress", "_bz2.decompress"), _decompress("bzip2")),
    "lzma.decompress": _decompress("lzma"),
    "lz4.frame.decompress": _decompress("lz4"),
    "zstandard.decompress": _decompress("zstd"),
    **dict.fromkeys(
        ("base64.b64decode", "base64.standard_b64decode", "base64.decodebytes", "base64.decodestring"),
        _from(base64.b64decode),
    ),
    "binascii.a2b_base64": _from(binascii.a2b_base64),
    "base64.urlsafe_b64decode": _from(base64.urlsafe_b64decode),
    "base64.b32decode": _from(base64.b32decode),
    "base64.b32hexdecode": _from(base64.b32hexdecode),
    "base64.b16decode": _from(base64.b16decode),
    "base64.a85decode": _from(base64.a85decode),
    "base64.b85decode": _from(base64.b85decode),
    **dict.fromkeys(("binascii.unhexlify", "binascii.a2b_hex"), _from(binascii.unhexlify)),
    "builtins.bytes.fromhex": _from(lambda data: bytes.fromhex(data.decode())),
}
"""By canonical name; each gives None where the answer is beyond it."""
