"""Smallest streams of which the oracle once said that a real unpickler does more than was stated."""

import struct

import pytest

from tests.craft.joblibs import wrapper
from tests.craft.pickles import asm, named, op, text
from tests.properties import engine
from tests.properties.law import missed
from tests.properties.oracle import Oracle

SYSTEM = ("posix", "system")
CALLED = asm(text("x"), "TUPLE1", "REDUCE", "STOP")
ATTACK = asm(op("PROTO", 4), named(*SYSTEM), CALLED)
REGISTER = asm(named("copyreg", "add_extension"), "MARK", *map(text, SYSTEM))


def swallowed():
    """A frame that goes on behind its STOP: who has read it whole goes on behind it, where others read a text."""
    text_of = op("PROTO", 4) + b"X" + struct.pack("<I", len(ATTACK) - 1)
    return asm(op("PROTO", 4), op("FRAME", 2 + len(text_of)), "NONE", "STOP", text_of, ATTACK, "STOP")


STREAMS = {
    "a frame behind its STOP": swallowed(),
    "an index up to a NUL, read": asm(named(*SYSTEM), op("PUT", 0), "POP", op("GET", "0\0"), CALLED),
    "an index up to a NUL, written": asm(named(*SYSTEM), op("PUT", "0\0x"), "POP", op("BINGET", 0), CALLED),
    "an octal number": asm(REGISTER, op("INT", "010"), "TUPLE", "REDUCE", op("EXT1", 8), CALLED),
    "a number up to a NUL": asm(REGISTER, op("INT", "8\0x"), "TUPLE", "REDUCE", op("EXT1", 8), CALLED),
    "a second stream without a protocol": asm("NONE", "STOP", *map(text, SYSTEM), "STACK_GLOBAL", CALLED),
    "a second stream that ends in a name": asm(op("PROTO", 4), "NONE", "STOP", "MARK", op("STRING", "'x'"))
    + b"ios\nsystem.",
    "a memo that lives on": asm(named(*SYSTEM), "MEMOIZE", "STOP", op("PROTO", 4), text("x"), "MEMOIZE", "POP")
    + asm(op("BINGET", 0), op("BINGET", 1), "TUPLE1", "REDUCE", "STOP"),
    "an instance of a class that type gave": asm(named("builtins", "type"), "EMPTY_TUPLE", "REDUCE")
    + asm("EMPTY_TUPLE", "REDUCE", "STOP"),
    "nothing to extend by": asm(named("sys", "path"), "MARK", "APPENDS", "STOP"),
    "the keys of a dict as arguments": asm(named("copyreg", "add_extension"), "MARK")
    + asm(
        *(text(part) + op("NONE") for part in SYSTEM), op("BININT1", 8), "NONE", "DICT", "REDUCE", op("EXT1", 8), CALLED
    ),
    "a getter made by NEWOBJ": asm(named("operator", "attrgetter"), text("system"), "TUPLE1", "NEWOBJ")
    + asm(named("os", "x"), "TUPLE1", "REDUCE", CALLED),
    "only an extension, and no STOP": op("EXT1", 7),
    "only a persistent id, and no STOP": op("PERSID", "id"),
    "a name that a frame is too short for": asm(op("PROTO", 4), op("FRAME", 7 + 3), text("posix"), b"X\1\0")
    + asm(op("BINUNICODE", "system")[1:], "STACK_GLOBAL", CALLED),
    "a line that a frame is too short for": asm(op("PROTO", 4), op("FRAME", 9), b"cos\nsyste", b"m\nsystem\n", CALLED),
    "a frame that begins in a frame": asm(op("PROTO", 4), op("FRAME", 9 + 5), op("FRAME", 90))
    + asm(op("BINUNICODE", ATTACK + bytes(90)), "STOP"),
    "a stream behind bytes that are none": asm("NONE", "STOP", *map(text, SYSTEM), "STACK_GLOBAL", b"\xff"),
    "a memo of two streams before": asm(named(*SYSTEM), op("PUT", 5), "STOP", "NONE", op("PUT", 6), "STOP")
    + asm(op("GET", 5), CALLED),
    "a memo that lives on, written with an index at last": asm(named(*SYSTEM), "MEMOIZE", "STOP", text("x"), "MEMOIZE")
    + asm(op("PUT", 7), "POP", op("BINGET", 0), op("BINGET", 1), "TUPLE1", "REDUCE", "STOP"),
    "the letters of a text as arguments": asm(named("builtins", "__import__"), text("ab"), "REDUCE", "STOP"),
    "a text made by NEWOBJ": asm(named("builtins", "str"), text("posix"), "TUPLE1", "NEWOBJ", text("system"))
    + asm("STACK_GLOBAL", CALLED),
    "an item put on a getter": asm(
        named("operator", "itemgetter"), text("x"), "TUPLE1", "REDUCE", "NONE", "BUILD", "STOP"
    ),
    "an array that is cut off": asm(op("PROTO", 4), wrapper(), named(*SYSTEM), CALLED),
    "a decoder that is handed what nobody knows": asm(named("base64", "b64decode"), text("b3M="), named("acme", "f"))
    + asm("EMPTY_TUPLE", "REDUCE", "TUPLE2", "REDUCE", "NONE", "APPEND", "STOP"),
    "a cache that is written to": asm(named("copyreg", "_extension_cache"), op("BININT1", 8), named(*SYSTEM))
    + asm("SETITEM", op("EXT1", 8), CALLED),
    "a number that is spelled": asm(REGISTER, text("8"), "TUPLE", "REDUCE", op("EXT1", 8), CALLED),
    "a number that is a float": asm(REGISTER, op("BINFLOAT", 8.5), "TUPLE", "REDUCE", op("EXT1", 8), CALLED),
    "a registry that holds a list": asm(named("copyreg", "_inverted_registry"), op("BINFLOAT", 8.0), "MARK")
    + asm(*map(text, SYSTEM), "LIST", "SETITEM", op("EXT1", 8), CALLED),
    "a registry that a function writes to": asm(
        named("operator", "setitem"), named("copyreg", "_inverted_registry"), op("BININT1", 8), *map(text, SYSTEM)
    )
    + asm("TUPLE2", "TUPLE3", "REDUCE", op("EXT1", 8), CALLED),
    "an item that a function puts": asm(named("builtins", "dict.__setitem__"), named("os", "environ"), text("x"))
    + asm("NONE", "TUPLE3", "REDUCE", "STOP"),
    "a package that importlib imports": asm(named("operator", "attrgetter"), text("system"), "TUPLE1", "REDUCE")
    + asm(named("importlib", "__import__"), text("os.path"), "TUPLE1", "REDUCE", "TUPLE1", "REDUCE", CALLED),
    "a module that is imported for a name in it": asm(named("operator", "attrgetter"), text("x"), "TUPLE1", "REDUCE")
    + asm(named("builtins", "__import__"), "MARK", text("os.path"), "NONE", "NONE", text("x"), "TUPLE1", "TUPLE")
    + asm("REDUCE", "TUPLE1", "REDUCE", CALLED),
    "a set as arguments": asm(named("functools", "partial"), "MARK", op("BININT1", 7), named(*SYSTEM), "FROZENSET")
    + asm("REDUCE", CALLED),
    "a codec that is told how to take errors": asm(named("_codecs", "encode"), text("x"), text("latin1"))
    + asm(named("acme", "f"), "EMPTY_TUPLE", "REDUCE", "TUPLE3", "REDUCE", "NONE", "TUPLE1", "REDUCE", "STOP"),
    "an attribute of what a call gave": asm(named("inspect", "getattr_static"), named("acme", "f"), "EMPTY_TUPLE")
    + asm("REDUCE", text("x"), "TUPLE2", "REDUCE", CALLED),
    "an octal escape of nine bits": op("STRING", r"'posix'")
    + op("STRING", r"'\563ystem'")
    + asm("STACK_GLOBAL", CALLED),
    "an escape that bytes do not have": op("STRING", r"'\u0061'") + op("STRING", r"'x'") + asm("STACK_GLOBAL", CALLED),
    "a large set as arguments": asm(named("functools", "partial"), "MARK", *[op("BININT1", at) for at in range(1, 6)])
    + asm(named(*SYSTEM), "FROZENSET", "REDUCE", CALLED),
    "two attributes at once": asm(
        named("operator", "attrgetter"), text("path"), text("system"), "TUPLE2", "REDUCE", named("os", "x"), "TUPLE1"
    )
    + asm("REDUCE", "STOP"),
    "a frame that the next stream begins in": asm(op("PROTO", 4), op("FRAME", 5), "NONE", "STOP", b"X\x06\0")
    + asm(b"\x0a\0\0\0posix\nsystem", text("posix"), text("system"), "STACK_GLOBAL", CALLED),
    "a call behind the last stream": asm(text("x"), "STOP", text("x"), op("EXT1", 7), "NONE", "TUPLE1", "REDUCE")
    + b"\xff",
    "a call of what a call gave, by one memo for all": asm(named("acme", "f"), "MEMOIZE", "STOP", op("PROTO", 4))
    + asm(text("x"), "MEMOIZE", "POP", op("BINGET", 0), "EMPTY_TUPLE", "REDUCE", "EMPTY_TUPLE", "REDUCE", "STOP"),
    "a frame that one for all forgets": asm(op("PROTO", 4), op("FRAME", 20), named(*SYSTEM), "MEMOIZE", "STOP")
    + asm(b"X\x7f\0\0", text("x"), "MEMOIZE", "POP", op("BINGET", 0), CALLED),
    "a text of bytes": asm("MARK", named("builtins", "str"), op("SHORT_BINBYTES", b"os"), "OBJ", "BINPERSID", "STOP"),
    "a text of a number": asm("MARK", named("builtins", "str"), op("BININT1", 7), "OBJ", "BINPERSID", "STOP"),
    "a registry that is written to": asm(named("copyreg", "_inverted_registry"), op("BININT1", 8), *map(text, SYSTEM))
    + asm("TUPLE2", "SETITEM", op("EXT1", 8), CALLED),
}


@pytest.mark.parametrize("case", STREAMS)
def test_what_the_unpicklers_do_is_stated(case):
    data = STREAMS[case]
    with Oracle() as oracle:
        assert missed(data, oracle.accounts(data), engine.facts_of(data)) == []
