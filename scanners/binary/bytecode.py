"""Compiled Python code as a value, and whether it can do more than compute with what it is handed.

Code reaches a model file as marshal data or as the arguments of `types.CodeType`; both give a `Code` here. Most of
it is harmless: the learning rates of reinforcement learning are lambdas such as `lambda _: 3e-4`, in tens of
thousands of repos. A list of their digests would never be complete, since every interpreter and every constant
makes another. So the byte code itself is proven: `inert` code names nothing, holds plain constants, runs straight
from its first instruction to a return, and on the way only loads, computes and keeps within its stack. Byte code is
not memory safe, so indexes and stack depth are part of the proof. It can then do what the operators of its own
arguments do, and nothing else.

Sources: CPython's Objects/codeobject.c, Lib/opcode.py and Include/opcode_ids.h of each version named below.
"""

from __future__ import annotations

import hashlib
from typing import Final, Literal, NamedTuple

from scanners.budget import LimitReached

Layout = Literal["2.7", "3.0", "3.8", "3.11"]
"""How a code object is laid out, by the first version that did so: Python 2, 3.0 to 3.7, 3.8 to 3.10, 3.11 on."""

_OTHER_CALLS: Final = 0x04 | 0x08 | 0x20 | 0x80 | 0x100 | 0x200
"""Flags of code that is called otherwise: `*arguments`, `**keywords`, generators, coroutines."""
_PLAIN: Final = (type(None), bool, int, float, str, bytes)
_CONSTANTS: Final = 65_536


class Code(NamedTuple):
    """A code object: what is known of one without making it."""

    layout: Layout
    name: str
    """Qualified where the version writes that."""
    filename: str
    arguments: int
    """Positional and keyword-only ones; there is room for these among the locals."""
    locals: int
    stack: int
    """The depth that the interpreter reserves."""
    flags: int
    code: bytes
    constants: tuple[object, ...]
    names: tuple[str, ...]
    """All that is looked up by name: globals, attributes, imported modules."""
    cells: int
    free: int
    handlers: bool
    """Whether there is a table of exception handlers, another way for control to go."""
    texts: tuple[str, ...] = ()
    """The strings among the constants, at any depth, those of bytes as Latin-1."""

    @property
    def digest(self) -> str:
        """What tells this code from other code: its instructions, names and texts."""
        parts = repr((self.code, self.names, self.texts))
        return hashlib.sha256(parts.encode("utf-8", "backslashreplace")).hexdigest()[:16]


class _Opcodes(NamedTuple):
    """What inert code of some versions is made of: opcodes, by what they do."""

    layout: Layout
    idle: frozenset[int]
    """NOP, RESUME."""
    constant: int
    argument: frozenset[int]
    """LOAD_FAST, LOAD_FAST_BORROW."""
    cell: int
    """LOAD_DEREF."""
    unary: frozenset[int]
    back: int
    """RETURN_VALUE."""
    binary: frozenset[int] = frozenset()
    """Each operator of its own, as before 3.11."""
    operator: int = -1
    """BINARY_OP, which is told the operator."""
    operators: int = 26
    caches: int = 1
    """Entries of two zero bytes behind BINARY_OP."""
    free: int = -1
    """COPY_FREE_VARS."""
    pairs: frozenset[int] = frozenset()
    """LOAD_FAST_LOAD_FAST and the like."""
    small: int = -1
    """LOAD_SMALL_INT."""
    back_constant: int = -1
    """RETURN_CONST."""


_BINARY: Final = frozenset((16, 17, 19, 20, *range(22, 30), 55, 56, 57, 59, *range(62, 68), *range(75, 80)))
_UNARY: Final = frozenset((10, 11, 12, 15))
_FIRST: Final = frozenset((124,))
_VERSIONS: Final = (
    _Opcodes("3.0", frozenset((9,)), 100, _FIRST, 136, _UNARY, 83, _BINARY),  # 3.6 and 3.7
    _Opcodes("3.8", frozenset((9,)), 100, _FIRST, 136, _UNARY, 83, _BINARY),  # to 3.10
    _Opcodes(  # 3.11 and 3.12
        "3.11", frozenset((9, 151)), 100, _FIRST, 137, _UNARY, 83, operator=122, free=149, back_constant=121
    ),
    _Opcodes(
        "3.11", frozenset((30, 149)), 83, frozenset((85,)), 84, frozenset((41, 42, 43)), 36,
        operator=45, free=62, pairs=frozenset((88,)), back_constant=103,
    ),  # 3.13
    _Opcodes(
        "3.11", frozenset((27, 128)), 82, frozenset((84, 86)), 83, frozenset((40, 41, 42)), 35,
        operator=44, operators=27, caches=5, free=60, pairs=frozenset((87, 89)), small=94,
    ),  # 3.14
)  # fmt: skip


def inert(code: Code) -> bool:
    """Whether the code is proven to do nothing but compute; False also for versions whose opcodes are not known."""
    plain = all(isinstance(constant, _PLAIN) for constant in code.constants)
    if code.names or not plain or code.cells or code.handlers or code.flags & _OTHER_CALLS or len(code.code) % 2:
        return False
    if min(code.arguments, code.stack, code.flags) < 0 or code.arguments > code.locals:
        return False
    return any(_Run(code, opcodes).ends() for opcodes in _VERSIONS if opcodes.layout == code.layout)


class _Run:
    """One walk over straight code; each step says whether it stays within bounds."""

    def __init__(self, code: Code, opcodes: _Opcodes) -> None:
        self._code, self._opcodes = code, opcodes
        self._depth = 0
        self._copied = code.layout != "3.11"

    def ends(self) -> bool:
        """Whether every instruction is one of the table and the last one, and only that, returns."""
        data, known = self._code.code, self._opcodes
        at = 0
        while at < len(data):
            opcode, argument = data[at], data[at + 1]
            at += 2
            if opcode == known.back:
                return self._depth >= 1 and at == len(data)
            if opcode == known.back_constant:
                return argument < len(self._code.constants) and at == len(data)
            if opcode == known.operator:
                caches = data[at : at + 2 * known.caches]
                if argument >= known.operators or caches != bytes(2 * known.caches):
                    return False
                at += len(caches)
            if not self._step(opcode, argument):
                return False
        return False

    def _step(self, opcode: int, argument: int) -> bool:
        known, code = self._opcodes, self._code
        if opcode in known.idle:
            return True
        if opcode == known.free:
            done, self._copied = self._copied, True
            return not done and argument == code.free
        if opcode == known.constant:
            return argument < len(code.constants) and self._push(1)
        if opcode in known.argument:
            return argument < code.arguments and self._push(1)
        if opcode in known.pairs:
            return max(argument >> 4, argument & 15) < code.arguments and self._push(2)
        if opcode == known.small:
            return self._push(1)
        if opcode == known.cell:
            first = code.locals if code.layout == "3.11" else 0
            return self._copied and first <= argument < first + code.free and self._push(1)
        if opcode in known.unary:
            return self._depth >= 1
        if opcode in known.binary or opcode == known.operator:
            self._depth -= 1
            return self._depth >= 1
        return False

    def _push(self, values: int) -> bool:
        self._depth += values
        return self._depth <= self._code.stack


def texts_in(constants: tuple[object, ...]) -> tuple[str, ...]:
    """The strings among constants, at any depth, each once; raises `LimitReached` for constants without end."""
    found: dict[str, None] = {}
    left = [constants]
    visits = 0
    while left:
        values = left.pop()
        visits += len(values)
        if visits > _CONSTANTS:
            raise LimitReached("code", f"over {_CONSTANTS} constants")
        for value in values:
            if isinstance(value, str | bytes):
                found[value if isinstance(value, str) else value.decode("latin-1")] = None
            elif isinstance(value, tuple) and not isinstance(value, Code):
                left.append(value)
    return tuple(found)
