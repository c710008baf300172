"""Small conversions that the pickle machine makes: numbers, escapes, indices, names as protocol 2 maps them."""

from __future__ import annotations

import _compat_pickle
import codecs
import warnings
from itertools import permutations
from typing import TYPE_CHECKING

from scanners.binary.pickle_lexer import NUMBER, TEXT, Broken, decode_string
from scanners.binary.pickle_values import UNKNOWN, Items, Mapping

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scanners.binary.pickle_lexer import Argument
    from scanners.binary.pickle_values import Value

_SHUFFLED = 4
"""Elements of a set that are taken for arguments in every order."""
_LETTERS = 8
"""Letters of a text that are told apart as arguments."""


def fix_imports(module: str, name: str) -> tuple[str, str]:
    """The name that `fix_imports` gives to a Python 2 name."""
    if (module, name) in _compat_pickle.NAME_MAPPING:
        return _compat_pickle.NAME_MAPPING[module, name]
    return _compat_pickle.IMPORT_MAPPING.get(module, module), name


def parse_int(text: str) -> Value:
    """INT and LONG as the C unpickler reads them, base and all (D1, D2); a number is never worth stopping for."""
    text = text.partition("\0")[0].strip()  # as C reads them
    if text in {"00", "01"}:
        return text == "01"
    text = text.removesuffix("L")
    if len(text) > 64:
        return NUMBER
    for base in (0, 8, 10):
        try:
            return int(text, base)
        except ValueError:
            continue
    return NUMBER


def memo_index(argument: Argument, offset: int) -> int:
    """The memo index of an opcode at `offset`; text ones are read by `int`, liberally (D15)."""
    if isinstance(argument, int):
        return argument
    try:
        return int(str(argument).partition("\0")[0])
    except ValueError:
        raise Broken("a memo index that is no number", offset) from None


def unquote(line: Argument) -> Value:
    """STRING holds a Python literal: its quotes are dropped, its escapes undone (D14)."""
    if not isinstance(line, str):
        return TEXT
    text = line.strip()
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
    if "\\" not in text:
        return text
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of escapes that Python does not know
        try:
            # Of bytes: there is no \u among them, and of an octal number the lowest eight bits count.
            return decode_string(codecs.escape_decode(text.encode("utf-8", "surrogatepass"))[0])
        except ValueError:
            return text


def unescape(text: Argument) -> Value:
    """UNICODE with its escapes undone, or as it stands where they are malformed."""
    if not isinstance(text, str):
        return TEXT
    if "\\" not in text:
        return text
    try:
        return text.encode("latin-1", "backslashreplace").decode("raw_unicode_escape")
    except UnicodeDecodeError:
        return text


def as_arguments(value: Value) -> tuple[Value, ...]:
    """The argument tuple of a call; the pure-Python unpickler takes any iterable (D10)."""
    if isinstance(value, tuple):
        return value
    if isinstance(value, Items):
        return (*value.values,) if value.whole else (*value.values, UNKNOWN)
    if isinstance(value, Mapping):
        keys = [key for key, _ in value.pairs]
        return (*keys,) if value.whole else (*keys, UNKNOWN)
    if isinstance(value, str | bytes):
        return tuple(value) if len(value) <= _LETTERS else (*value[:_LETTERS], UNKNOWN)
    return (value,)


def orders(value: Value) -> Iterable[tuple[Value, ...]]:
    """The arguments of a call in the orders that they may come in; of many, with each in front.

    The order of a set is the interpreter's own.
    """
    arguments = as_arguments(value)
    if not isinstance(value, Items) or value.kind == "list" or len(arguments) < 2:
        return (arguments,)
    if len(arguments) <= _SHUFFLED:
        return permutations(arguments)
    return [(*arguments[first:], *arguments[:first]) for first in range(len(arguments))]
