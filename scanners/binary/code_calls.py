"""What a code object calls, in words: `os.system('id')`.

For people, and for them alone: nothing is judged by it. The instructions are read from first to last as if none of
them branched, over a stack of texts. What is not known here forgets the stack, so a part of a call may be shown as
`…`, and no call is shown that is not made. Instructions of Python 3.14 and of 3.0 to 3.5 are not known.

Sources: Lib/opcode.py of CPython 2.7 and 3.6 to 3.12, Include/opcode_ids.h of 3.13.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, Literal

from scanners.facts import clip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.binary.bytecode import Code

_Step = Literal[
    "idle", "global", "attribute", "part", "module", "constant", "unknown", "call", "drop", "two", "several"
]

_BEFORE_3_11: Final[dict[int, _Step]] = {
    **dict.fromkeys((9,), "idle"),
    **dict.fromkeys((101, 116), "global"),
    **dict.fromkeys((106, 160), "attribute"),
    109: "part",
    108: "module",
    100: "constant",
    **dict.fromkeys((124, 136), "unknown"),
    **dict.fromkeys((131, 161), "call"),
    **dict.fromkeys((1, 83, 90, 125), "drop"),
    **dict.fromkeys((22, 23, 25), "two"),
    **dict.fromkeys((102, 103), "several"),
}
_3_11: Final[dict[int, _Step]] = {
    **{code: step for code, step in _BEFORE_3_11.items() if step != "call"},
    **dict.fromkeys((0, 2, 9, 149, 151, 166, 172), "idle"),
    **dict.fromkeys((124, 137), "unknown"),
    171: "call",
    122: "two",
}
"""And 3.12: caches, PUSH_NULL and PRECALL change nothing in a stack that holds no NULL."""
_3_13: Final[dict[int, _Step]] = {
    **dict.fromkeys((0, 30, 34, 62, 149), "idle"),
    **dict.fromkeys((91, 92), "global"),
    82: "attribute",
    74: "part",
    75: "module",
    83: "constant",
    **dict.fromkeys((84, 85), "unknown"),
    53: "call",
    **dict.fromkeys((32, 36, 110), "drop"),
    **dict.fromkeys((5, 45), "two"),
    **dict.fromkeys((47, 52), "several"),
}
_PRECALL: Final = 166
_RESUME_3_13: Final = 149
_GLOBAL: Final = frozenset((91, 116))
"""LOAD_GLOBAL, whose argument has a flag from 3.11 on; LOAD_NAME has none."""
_MOST: Final = 16
"""Calls that are told."""
_LOOKED_AT: Final = 4096
"""Instructions from the first that are read: nobody reads more words."""
_WIDE: Final = 160
"""Characters of one."""


def calls(code: Code) -> tuple[str, ...]:
    """The calls in the order in which they are made, those within the arguments of another left out."""
    present = frozenset(code.code[::2])
    if code.layout == "3.11":
        table = _3_13 if code.code[:1] and _RESUME_3_13 in present and 151 not in present else _3_11
        shift = 0 if _PRECALL in present and table is _3_11 else 1
    else:
        table, shift = _BEFORE_3_11, 0
    made: list[str] = []
    stack: list[str] = []
    extended = 145 if code.layout == "2.7" else 71 if table is _3_13 else 144
    for opcode, argument in islice(_instructions(code, extended), _LOOKED_AT):
        step = table.get(opcode)
        if step is None:
            stack.clear()
        elif step != "idle":
            _take(code, step, argument, shift if step == "attribute" else _flag(code, opcode), stack)
        if step == "call" and not stack[-1].startswith("…("):
            made = [each for each in made if each not in stack[-1]] + stack[-1:]
            if len(made) > _MOST:
                break
    return tuple(made[:_MOST])


def _flag(code: Code, opcode: int) -> int:
    return 1 if code.layout == "3.11" and opcode in _GLOBAL else 0


def _instructions(code: Code, extended: int) -> Iterator[tuple[int, int]]:
    """The instructions with their arguments, of which the opcode `extended` writes the higher bytes."""
    data, at, high = code.code, 0, 0
    while at < len(data):
        opcode = data[at]
        if code.layout == "2.7":
            wide = 2 if opcode >= 90 else 0
            argument = int.from_bytes(data[at + 1 : at + 1 + wide], "little") | high << 16
            at += 1 + wide
        else:
            argument = (data[at + 1] if at + 1 < len(data) else 0) | high << 8
            at += 2
        if opcode == extended:
            high = argument & 0xFFFFFF
        else:
            high = 0
            yield opcode, argument


def _take(code: Code, step: _Step, argument: int, shift: int, stack: list[str]) -> None:
    """Do to the stack what one instruction does to it."""
    name = code.names[argument >> shift] if argument >> shift < len(code.names) else "…"
    match step:
        case "global":
            stack.append(name)
        case "attribute":
            stack.append(clip(f"{_pop(stack)}.{name}", _WIDE))
        case "part":
            stack.append(clip(f"{stack[-1] if stack else '…'}.{name}", _WIDE))
        case "module":
            _pop(stack)
            _pop(stack)
            stack.append(name)
        case "constant":
            stack.append(_constant(code, argument))
        case "unknown":
            stack.append("…")
        case "call":
            count = argument if code.layout != "2.7" else (argument & 0xFF) + 2 * (argument >> 8 & 0xFF)
            given = [_pop(stack) for _ in range(min(count, len(stack)))][::-1]
            stack.append(clip(f"{_pop(stack)}({', '.join(given)})", _WIDE))
        case "two":
            _pop(stack)
            _pop(stack)
            stack.append("…")
        case "several":
            del stack[max(0, len(stack) - argument) :]
            stack.append("…")
        case _:
            _pop(stack)


def _constant(code: Code, argument: int) -> str:
    value = code.constants[argument] if argument < len(code.constants) else None
    if isinstance(value, bytes) and code.layout == "2.7":
        value = value.decode("latin-1")
    return clip(repr(value), _WIDE) if isinstance(value, str | bytes | int | float) else "…"


def _pop(stack: list[str]) -> str:
    return stack.pop() if stack else "…"
