"""The pickle machine: what loading a stream would import, call and change, found out without doing any of it.

It walks one stream over symbolic values with a real stack, mark stack and memo. Rule 1: a fact is final as soon as
its opcode is walked, since unpicklers act as they read and a stream that breaks later has acted all the same
(threats.md 2.2). Rule 2: where unpicklers differ, the one that goes on is followed, so the facts are the union of
theirs. Rule 3: nothing here grows with an index or a count that the stream merely claims. Rule 4: opcodes that only
make data are not walked one by one where many of them follow each other (scanners/binary/pickle_runs.py).

Source of the semantics: CPython 3.14 `Modules/_pickle.c` and `Lib/pickle.py`.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from scanners.binary import pickle_runs as runs
from scanners.binary.pickle_convert import as_arguments, fix_imports
from scanners.binary.pickle_lexer import FLOAT, NUMBER, SHORT, Broken, Lexer, Payload, decode_text
from scanners.binary.pickle_memo import Memo
from scanners.binary.pickle_notes import SILENCE, Silence
from scanners.binary.pickle_opcodes import CODES, NAMES, SHAPES, Shape
from scanners.binary.pickle_resolve import evaluate, looked_up, makes_partial, registered, unwrap
from scanners.binary.pickle_stack import DEEP, Stack
from scanners.binary.pickle_state import NAMES as ARMING
from scanners.binary.pickle_state import lent, put
from scanners.binary.pickle_values import (
    BUFFER,
    UNKNOWN,
    Getter,
    Global,
    Mapping,
    Persistent,
    Result,
    Run,
    Value,
    show,
)
from scanners.budget import LimitReached
from scanners.source import BytesSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanners.binary.pickle_lexer import Argument
    from scanners.binary.pickle_notes import Notes

_CALL_DEPTH = 16
_WORTH = 1 << 15
"""Bytes of a stream that are too few to look for runs."""
_NOT_TEXT = (bytes, int, tuple, type(None))
_NO_TEXTS: tuple[Value, ...] = (NUMBER, FLOAT, BUFFER)
_STOP = CODES["STOP"]
_BUILD = CODES["BUILD"]

# What the walk knows by an opcode's byte: its handler takes no argument (0); it pushes a number of so many bytes; its
# handler takes a number of so many bytes (`_TAKES` added); it pushes a number in 8 bytes, or a text; or the lexer has
# to read it.
_SIMPLE, _TAKES, _FLOAT, _TEXT, _TEXT4, _OTHER = 0, 8, 16, 17, 18, 19
_COMMON = {
    "BININT1": 1,
    "BININT2": 2,
    "BININT": 4,
    "BINFLOAT": _FLOAT,
    "SHORT_BINUNICODE": _TEXT,
    "BINUNICODE": _TEXT4,
    "BINGET": _TAKES + 1,
    "BINPUT": _TAKES + 1,
    "LONG_BINGET": _TAKES + 4,
    "LONG_BINPUT": _TAKES + 4,
}


def _kind(code: int) -> int:
    if SHAPES[code] is Shape.NONE and code != _STOP:
        return _SIMPLE
    return _COMMON.get(NAMES[code], _OTHER)


_KINDS = tuple(map(_kind, range(256)))


class Stream(NamedTuple):
    """One stream that was walked to its STOP."""

    value: Value
    stop: int
    """Offset behind the STOP."""


class Machine(Stack):
    """Walks the streams of one source. Extension codes and the last memo live on from stream to stream."""

    def __init__(self, notes: Notes | Silence, payload: Callable[[Payload | bytes, int, bool], None]) -> None:
        super().__init__(notes, payload)
        self._extensions: dict[int, Global] = {}
        self._protocol = 0
        self._frame = 0
        self._try_at = 0
        """Where it is worth looking for a run again."""
        self._resume = 0
        """Where the stream goes on, if bytes that are no opcodes come first."""
        self._window = b""
        self._lexer = Lexer(BytesSource(b""))
        self._handlers = self._table()

    def _table(self) -> list[Callable[[Argument], None]]:
        table: list[Callable[[Argument], None]] = [self._undefined] * 256
        for name, code in CODES.items():
            table[code] = getattr(self, _HANDLERS.get(name, f"_{name.lower()}"))
        return table

    def run(self, lexer: Lexer) -> Stream:
        """Walk one stream from where the lexer is; raises `Broken` where no unpickler goes on."""
        # A loader may read several streams with one unpickler, and its memo then lives on.
        self._earlier, self._memo = self._memo or self._earlier, Memo(self._walk)
        self._stack.clear()
        del self._marks[:]
        self._protocol = self._frame = 0
        return Stream(self._until_stop(lexer), lexer.at)

    def _until_stop(self, lexer: Lexer) -> Value:
        """Walk to the STOP; what is on top of the stack there."""
        self._lexer = lexer
        self._try_at = lexer.at
        while True:
            self._sweep(lexer)
            if self._resume:
                lexer.at, self._resume = self._resume, 0
                continue
            if len(self._stack) > DEEP:
                raise LimitReached("stack", f"over {DEEP} values on the stack")
            token = lexer.next()
            self.at, self.behind = token.start, token.stop
            if token.start < self._frame < token.stop:
                self._notes.anomaly("pickle.frame", f"{NAMES[token.code]} crosses the end of its frame", token.start)
            if token.code == _STOP:
                return self._pop()
            self._handlers[token.code](token.argument)
            if token.cut:
                raise Broken("the last line is cut off", token.start)

    def _sweep(self, lexer: Lexer) -> None:
        """Walk on as far as opcodes are of the common kinds, and the window and the frame reach."""
        data, base = lexer.window()
        index, limit = lexer.at - base, len(data)
        if lexer.at < self._frame < base + limit:
            limit = self._frame - base
        stop = min(limit, len(data) - SHORT)
        if data is not self._window:
            self._window, self._armed = data, self._armed or any(name in data for name in ARMING)
        grammar = self._grammar(lexer)
        try_at = self._try_at - base if grammar else stop
        start, kinds, handlers, push = index, _KINDS, self._handlers, self._stack.append
        while index < stop:
            if index >= try_at and grammar:
                index, try_at = self._skip(grammar, data, base, index, limit)
                if index >= stop:
                    break
            start = index
            code = data[index]
            kind = kinds[code]
            if kind == _SIMPLE:
                self.at = base + index
                index += 1
                self.behind = base + index
                handlers[code](None)
            elif kind == _TEXT:
                index += 2 + data[index + 1]
                push(decode_text(data[start + 2 : index]))
            elif kind < _TAKES:
                index += 1 + kind
                push(int.from_bytes(data[start + 1 : index], "little", signed=kind == 4))
            elif kind < _FLOAT:
                self.at = base + index
                index += 1 + kind - _TAKES
                self.behind = base + index
                handlers[code](int.from_bytes(data[start + 1 : index], "little"))
            elif kind == _FLOAT:
                index += 9
                push(NUMBER)
            elif kind == _TEXT4 and (length := int.from_bytes(data[index + 1 : index + 5], "little")) < SHORT - 5:
                index += 5 + length
                push(decode_text(data[start + 5 : index]))
            else:
                break
            if code == _BUILD and self._resume:
                break
        if start < limit < index:
            self._notes.anomaly("pickle.frame", f"{NAMES[data[start]]} crosses the end of its frame", base + start)
        lexer.at = base + index
        self._try_at = base + try_at

    # --- runs --------------------------------------------------------------------------------------------------

    def _grammar(self, lexer: Lexer) -> runs.Grammar | None:
        """How runs are recognised here; None where there is nothing to win."""
        if self._replays or self._memo.odd or lexer.left < _WORTH:
            return None
        memo = self._memo
        return runs.grammar(explicit=memo.explicit if memo.count else self._protocol < 4)

    def _skip(self, grammar: runs.Grammar, data: bytes, base: int, start: int, limit: int) -> tuple[int, int]:
        """Put a run that starts here on the stack unread; where to go on, and where to look for a run again."""
        found = grammar.run.match(data, start, min(limit, start + runs.MOST))
        stop = found.end() if found else start
        if stop - start < runs.LEAST or not self._run(grammar, data, base, start, stop):
            return start, stop + 1  # behind the opcode that ended it
        return stop, stop

    def _run(self, grammar: runs.Grammar, data: bytes, base: int, start: int, stop: int) -> bool:
        """Note all that the run [start, stop) of the window does beside making data, unless it does more."""
        memo = self._memo
        tally = None if memo.odd else runs.tally(grammar, data, start, stop, memo.count)
        if tally is None or (tally.instances and self._armed):
            return False
        made: list[tuple[Global, int]] = []
        for fetch, count in tally.instances.items():
            try:
                cls = memo.get(int.from_bytes(fetch[1:], "little"))
            except KeyError:
                return False
            if not isinstance(cls, Global) or not self._notes.plain(cls):
                return False
            made.append((cls, count))
        for cls, count in made:
            self._notes.more(cls, count)
        run = Run(base + start, base + stop, memo.count, self._walk)
        memo.skip(run, tally.memoized)
        self._stack.append(run)
        return True

    def _walk(self, run: Run, stack: list[Value]) -> dict[int, Value]:
        walker = Machine(SILENCE, _ignore)
        walker._replays, walker._protocol, walker._stack = True, self._protocol, stack
        walker._memo, walker._earlier = Memo(self._walk, run.first), self._memo
        # It has no STOP; and where a loader would break off, what follows is walked all the same.
        with suppress(Broken):
            walker._until_stop(Lexer(BytesSource(self._lexer.again(run.start, run.stop))))
        return walker._memo.entries()

    # --- protocol and frames -----------------------------------------------------------------------------------

    def _proto(self, argument: Argument) -> None:
        assert isinstance(argument, int)
        if argument > 5:
            self._notes.anomaly("pickle.protocol", f"protocol {argument}", self.at)
            raise Broken(f"no unpickler knows protocol {argument}", self.at)
        self._protocol = argument

    def _enter_frame(self, argument: Argument) -> None:
        assert isinstance(argument, int)
        if self.at < self._frame:
            self._notes.anomaly("pickle.frame", "a frame begins inside a frame", self.at)
        self._frame = self.behind + argument

    # --- names -------------------------------------------------------------------------------------------------

    def _find(self, module: str, name: str) -> Global:
        """The global of that name, stated as the raw spelling and as protocols below 3 map it (D8)."""
        found = Global(module, name)
        self._notes.reference(found, "imported", self.at)
        if self._protocol < 3:
            mapped = fix_imports(module, name)
            if mapped != (module, name):
                found = Global(*mapped)
                self._notes.reference(found, "imported", self.at)
        return found

    def _global(self, argument: Argument) -> None:
        assert isinstance(argument, tuple)
        self._push(self._find(argument[0], argument[1]))

    def _stack_global(self, _: Argument) -> None:
        name, module = self._pop(), self._pop()
        if isinstance(name, str) and isinstance(module, str):
            self._push(self._find(module, name))
            return
        if isinstance(name, _NOT_TEXT) or isinstance(module, _NOT_TEXT) or name in _NO_TEXTS or module in _NO_TEXTS:
            raise Broken("STACK_GLOBAL of something that is no text", self.at)
        shown = f"{show(module, 3)} . {show(name, 3)}"
        self._notes.anomaly("pickle.dynamic-global", shown, self.at)
        self._push(UNKNOWN)

    def _extension(self, argument: Argument) -> None:
        code = argument
        assert isinstance(code, int)
        known = self._extensions.get(code)
        detail = f"extension {code}" + (f", registered as {known.dotted}" if known else "")
        self._notes.anomaly("pickle.extension", detail, self.at)
        if known is not None:
            self._notes.reference(known, "resolved", self.at)
        self._push(known or UNKNOWN)

    def _persid(self, argument: Argument) -> None:
        identity = str(argument)
        self._notes.persistent(identity, self.at)
        self._push(Persistent(identity))

    def _binpersid(self, _: Argument) -> None:
        identity = self._pop()
        self._notes.persistent(identity, self.at)
        self._push(Persistent(identity))

    # --- calls -------------------------------------------------------------------------------------------------

    def _reduce(self, _: Argument) -> None:
        arguments, callee = self._pop(), self._pop()
        self._push(self._call(callee, as_arguments(arguments), "REDUCE"))

    def _inst(self, argument: Argument) -> None:
        assert isinstance(argument, tuple)
        # The pure-Python unpickler imports first and looks for the mark then.
        callee = self._find(argument[0], argument[1])
        arguments = tuple(self._pop_mark())
        self._push(self._call(callee, arguments, "INST"))

    def _obj(self, _: Argument) -> None:
        values = self._pop_mark()
        if not values:
            raise Broken("OBJ without a class", self.at)
        self._push(self._call(values[0], tuple(values[1:]), "OBJ"))

    def _newobj(self, _: Argument) -> None:
        arguments, cls = self._pop(), self._pop()
        if arguments == () and isinstance(cls, Global) and self._notes.plain(cls):
            self._notes.more(cls, 1)
            self._push(Result(cls, (), "NEWOBJ"))
            return
        self._push(self._call(cls, as_arguments(arguments), "NEWOBJ"))

    def _newobj_ex(self, _: Argument) -> None:
        keywords, arguments, cls = self._pop(), self._pop(), self._pop()
        values = as_arguments(arguments)
        if isinstance(keywords, Mapping) and keywords.count:
            values = (*values, keywords)
        self._push(self._call(cls, values, "NEWOBJ_EX"))

    def _call(self, callee: Value, arguments: tuple[Value, ...], opcode: str) -> Value:
        """State a call and every call that it makes in its turn, as far as they can be named."""
        for _ in range(_CALL_DEPTH):
            self._notes.call(callee, arguments, opcode, self.at)
            if (further := unwrap(callee, arguments)) is None:
                break
            callee, arguments = further
            if isinstance(callee, Global):
                self._notes.reference(callee, "resolved", self.at)
        if opcode.startswith("NEWOBJ") and not makes_partial(callee):
            return Result(callee, arguments, opcode)
        self._extensions |= registered(callee, arguments)
        found = looked_up(callee, arguments) if isinstance(callee, Getter) else evaluate(callee, arguments)
        if found is UNKNOWN:
            return Result(callee, arguments, opcode)
        if isinstance(found, bytes | Payload):
            self._payload(found, self.at, True)  # protocols below 3 write all bytes as a call
        elif isinstance(found, Global):
            self._notes.reference(found, "resolved", self.at)
        elif isinstance(found, str):
            self._armed = True  # whatever it says, it was not spelled
        return found

    def _build(self, _: Argument) -> None:
        state = self._pop()
        target = self._top()
        if made := put(target, state, armed=self._armed):
            self._notes.call(*made, "BUILD", self.at)
        if owner := target if isinstance(target, Global) else lent(target):
            self._notes.mutation(owner, "BUILD", state, self.at)
        elif isinstance(target, Result) and isinstance(target.callee, Global):
            if target.callee.name == "dtype":
                target.state = state  # of others nobody asks, and they may be many
            self._notes.reference(target.callee, "built", self.at)


def _ignore(_: Payload | bytes, __: int, ___: bool) -> None:
    """Bytes of a run that is walked again: they were too short to look at."""


_HANDLERS = {
    **dict.fromkeys(
        [
            *("BININT", "BININT1", "BININT2", "LONG1", "LONG4"),
            *("BINSTRING", "SHORT_BINSTRING", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
            *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
        ],
        "_constant",
    ),
    **dict.fromkeys(["INT", "LONG"], "_number"),
    **dict.fromkeys(["FLOAT", "BINFLOAT"], "_float"),
    **dict.fromkeys(["PUT", "BINPUT", "LONG_BINPUT"], "_put"),
    **dict.fromkeys(["GET", "BINGET", "LONG_BINGET"], "_get"),
    **dict.fromkeys(["EXT1", "EXT2", "EXT4"], "_extension"),
    "POP": "_pop_one",
    "POP_MARK": "_pop_to_mark",
    "BYTEARRAY8": "_bytearray",
    "FRAME": "_enter_frame",
    "STOP": "_undefined",
}
