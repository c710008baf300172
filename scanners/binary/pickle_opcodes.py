"""The opcodes of pickle protocols 0 to 5: their names and the shape of their argument.

Source: CPython 3.14 `Lib/pickle.py` (opcode constants) and `Lib/pickletools.py` (argument descriptions). The table is
ours because the readers that matter are more liberal than `pickletools`, which refuses what they accept.
"""

from __future__ import annotations

from enum import IntEnum


class Shape(IntEnum):
    """How an opcode's argument is written."""

    NONE = 0
    U1 = 1  # unsigned, one byte
    U2 = 2  # unsigned, two bytes, little-endian, as all that follow
    U4 = 3
    I4 = 4  # signed
    U8 = 5
    F8 = 6  # IEEE double, big-endian
    LINE = 7  # text up to a newline
    TWO_LINES = 8
    TEXT1 = 9  # UTF-8 behind a length of one byte
    TEXT4 = 10
    TEXT8 = 11
    BYTES1 = 12  # bytes behind a length of one byte
    BYTES4 = 13
    BYTES8 = 14
    STRING1 = 15  # a Python 2 str, decoded as the loader chooses
    STRING4 = 16  # the same, its length signed
    LONG1 = 17  # two's complement behind a length of one byte
    LONG4 = 18  # the same, its length signed


_TABLE = """
( MARK NONE|. STOP NONE|0 POP NONE|1 POP_MARK NONE|2 DUP NONE|F FLOAT LINE|I INT LINE|J BININT I4|K BININT1 U1
L LONG LINE|M BININT2 U2|N NONE NONE|P PERSID LINE|Q BINPERSID NONE|R REDUCE NONE|S STRING LINE
T BINSTRING STRING4|U SHORT_BINSTRING STRING1|V UNICODE LINE|X BINUNICODE TEXT4|a APPEND NONE|b BUILD NONE
c GLOBAL TWO_LINES|d DICT NONE|} EMPTY_DICT NONE|e APPENDS NONE|g GET LINE|h BINGET U1|i INST TWO_LINES
j LONG_BINGET U4|l LIST NONE|] EMPTY_LIST NONE|o OBJ NONE|p PUT LINE|q BINPUT U1|r LONG_BINPUT U4
s SETITEM NONE|t TUPLE NONE|) EMPTY_TUPLE NONE|u SETITEMS NONE|G BINFLOAT F8|B BINBYTES BYTES4
C SHORT_BINBYTES BYTES1|80 PROTO U1|81 NEWOBJ NONE|82 EXT1 U1|83 EXT2 U2|84 EXT4 I4|85 TUPLE1 NONE
86 TUPLE2 NONE|87 TUPLE3 NONE|88 NEWTRUE NONE|89 NEWFALSE NONE|8A LONG1 LONG1|8B LONG4 LONG4
8C SHORT_BINUNICODE TEXT1|8D BINUNICODE8 TEXT8|8E BINBYTES8 BYTES8|8F EMPTY_SET NONE|90 ADDITEMS NONE
91 FROZENSET NONE|92 NEWOBJ_EX NONE|93 STACK_GLOBAL NONE|94 MEMOIZE NONE|95 FRAME U8
96 BYTEARRAY8 BYTES8|97 NEXT_BUFFER NONE|98 READONLY_BUFFER NONE
"""


def _parse() -> dict[int, tuple[str, Shape]]:
    entries = (entry.split() for line in _TABLE.split("\n") for entry in line.split("|") if entry)
    return {ord(code) if len(code) == 1 else int(code, 16): (name, Shape[shape]) for code, name, shape in entries}


_OPCODES = _parse()

NAMES: tuple[str, ...] = tuple(_OPCODES[code][0] if code in _OPCODES else "" for code in range(256))
"""Name of each opcode by its byte; "" where there is none."""

SHAPES: tuple[Shape | None, ...] = tuple(_OPCODES[code][1] if code in _OPCODES else None for code in range(256))
"""Argument shape of each opcode by its byte; None where there is no opcode."""

CODES: dict[str, int] = {name: code for code, (name, _) in _OPCODES.items()}
"""Byte of each opcode by its name."""

SIMPLE, TAKES, NUMBER8, TEXT1, TEXT4, OTHER = 0, 8, 16, 17, 18, 19
"""What the walk knows by an opcode's byte: its handler takes no argument (0); it pushes a number of so many bytes; its
handler takes a number of so many bytes (`TAKES` added); it pushes a number in 8 bytes, or a text; or the lexer has to
read it."""
_COMMON = {
    "BININT1": 1,
    "BININT2": 2,
    "BININT": 4,
    "BINFLOAT": NUMBER8,
    "SHORT_BINUNICODE": TEXT1,
    "BINUNICODE": TEXT4,
    "BINGET": TAKES + 1,
    "BINPUT": TAKES + 1,
    "LONG_BINGET": TAKES + 4,
    "LONG_BINPUT": TAKES + 4,
}


def _kind(code: int) -> int:
    if SHAPES[code] is Shape.NONE and NAMES[code] != "STOP":
        return SIMPLE
    return _COMMON.get(NAMES[code], OTHER)


KINDS = tuple(map(_kind, range(256)))
"""The kind of each opcode by its byte."""
