"""The pickle machine: what loading a stream would import, call and change, found out without doing any of it.

It walks one stream over symbolic values with a real stack, mark stack and memo. Rule 1: a fact is final as soon as
its opcode is walked, since unpicklers act as they read and a stream that breaks later has acted all the same
(threats.md 2.2). Rule 2: where unpicklers differ, the one that goes on is followed, so the facts are the union of
theirs. Rule 3: nothing here grows with an index or a count that the stream merely claims.

Source of the semantics: CPython 3.14 `Modules/_pickle.c` and `Lib/pickle.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scanners.binary.pickle_convert import as_arguments, fix_imports, memo_index, parse_int, unescape, unquote
from scanners.binary.pickle_lexer import NUMBER, Broken, Lexer, Opaque, Payload, Token
from scanners.binary.pickle_opcodes import CODES, NAMES
from scanners.binary.pickle_resolve import evaluate, looked_up, makes_partial, registered, unwrap
from scanners.binary.pickle_state import lent, put
from scanners.binary.pickle_values import (
    BUFFER,
    UNKNOWN,
    Getter,
    Global,
    Items,
    Mapping,
    Persistent,
    Result,
    Value,
    show,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanners.binary.pickle_notes import Notes

_CALL_DEPTH = 16
_NOT_TEXT = (bytes, int, Opaque, tuple, type(None))


class Stream(NamedTuple):
    """One stream that was walked to its STOP."""

    value: Value
    stop: int
    """Offset behind the STOP."""


class Machine:
    """Walks the streams of one source. Extension codes and the last memo live on from stream to stream."""

    def __init__(self, notes: Notes, payload: Callable[[Payload | bytes, int, bool], None]) -> None:
        self._notes = notes
        self._payload = payload
        self._extensions: dict[int, Global] = {}
        self._memo: dict[int, Value] = {}
        self._earlier: dict[int, Value] = {}
        self._stack: list[Value] = []
        self._marks: list[int] = []
        self._protocol = 0
        self._frame = 0
        self._handlers = self._table()
        self.at = 0
        """Offset of the opcode being walked."""

    def _table(self) -> list[Callable[[Token], None]]:
        table: list[Callable[[Token], None]] = [self._undefined] * 256
        for name, code in CODES.items():
            table[code] = getattr(self, _HANDLERS.get(name, f"_{name.lower()}"))
        return table

    def run(self, lexer: Lexer) -> Stream:
        """Walk one stream from where the lexer is; raises `Broken` where no unpickler goes on."""
        # A loader may read several streams with one unpickler, and its memo then lives on.
        self._earlier, self._memo = self._memo or self._earlier, {}
        self._stack, self._marks, self._protocol, self._frame = [], [], 0, 0
        handlers = self._handlers
        stop = CODES["STOP"]
        while True:
            token = lexer.next()
            self.at = token.start
            if token.start < self._frame < token.stop:
                self._notes.anomaly("pickle.frame", f"{NAMES[token.code]} crosses the end of its frame", token.start)
            if token.code == stop:
                return Stream(self._pop(), token.stop)
            handlers[token.code](token)

    # --- stack -------------------------------------------------------------------------------------------------

    def _pop(self) -> Value:
        if not self._stack or (self._marks and self._marks[-1] >= len(self._stack)):
            raise Broken("the stack is empty", self.at)
        return self._stack.pop()

    def _top(self) -> Value:
        if not self._stack or (self._marks and self._marks[-1] >= len(self._stack)):
            raise Broken("the stack is empty", self.at)
        return self._stack[-1]

    def _pop_mark(self) -> list[Value]:
        if not self._marks:
            raise Broken("there is no mark", self.at)
        start = self._marks.pop()
        values = self._stack[start:]
        del self._stack[start:]
        return values

    def _push(self, value: Value) -> None:
        self._stack.append(value)

    # --- constants ---------------------------------------------------------------------------------------------

    def _undefined(self, token: Token) -> None:
        raise Broken(f"0x{token.code:02x} is no opcode", token.start)

    def _constant(self, token: Token) -> None:
        argument = token.argument
        if isinstance(argument, bytes | Payload):
            self._payload(argument, token.stop, False)
        self._stack.append(argument)

    def _bytearray(self, token: Token) -> None:  # The stream may still change it: it is looked at, and no constant.
        self._constant(token)
        self._stack[-1] = BUFFER

    def _literal(self, token: Token) -> None:
        self._stack.append(_LITERALS[token.code])

    def _number(self, token: Token) -> None:
        self._stack.append(parse_int(str(token.argument)))

    def _float(self, _: Token) -> None:
        self._stack.append(NUMBER)

    def _string(self, token: Token) -> None:
        self._stack.append(unquote(token.argument))

    def _unicode(self, token: Token) -> None:
        self._stack.append(unescape(token.argument, "raw_unicode_escape"))

    def _next_buffer(self, token: Token) -> None:
        self._notes.anomaly("pickle.out-of-band", "a buffer from outside of the stream", token.start)
        self._stack.append(BUFFER)

    def _nothing(self, _: Token) -> None:  # READONLY_BUFFER changes nothing that is modelled
        self._top()

    # --- containers --------------------------------------------------------------------------------------------

    def _mark(self, _: Token) -> None:
        self._marks.append(len(self._stack))

    def _empty_list(self, _: Token) -> None:
        self._stack.append(Items("list"))

    def _empty_set(self, _: Token) -> None:
        self._stack.append(Items("set"))

    def _empty_dict(self, _: Token) -> None:
        self._stack.append(Mapping())

    def _empty_tuple(self, _: Token) -> None:
        self._stack.append(())

    def _tuple(self, _: Token) -> None:
        self._push(tuple(self._pop_mark()))

    def _tuple1(self, _: Token) -> None:
        self._push((self._pop(),))

    def _tuple2(self, _: Token) -> None:
        second = self._pop()
        self._push((self._pop(), second))

    def _tuple3(self, _: Token) -> None:
        third, second = self._pop(), self._pop()
        self._push((self._pop(), second, third))

    def _items(self, token: Token) -> None:
        items = Items("frozenset" if NAMES[token.code] == "FROZENSET" else "list")
        items.extend(self._pop_mark())
        self._push(items)

    def _dict(self, _: Token) -> None:
        mapping = Mapping()
        mapping.extend(self._pop_mark())
        self._push(mapping)

    def _append(self, token: Token) -> None:
        value = self._pop()
        self._grow(self._top(), [value], token)

    def _appends(self, token: Token) -> None:
        values = self._pop_mark()
        self._grow(self._top(), values, token)

    def _setitem(self, token: Token) -> None:
        value, key = self._pop(), self._pop()
        self._grow(self._top(), [key, value], token)

    def _grow(self, target: Value, values: list[Value], token: Token) -> None:
        """Add to a container, or, where the target is something else, state that the stream changes it."""
        if isinstance(target, Items | Mapping):
            target.extend(values)
        elif (owner := target if isinstance(target, Global) else lent(target)) and values:
            self._notes.mutation(owner, NAMES[token.code], values[0], token.start)
        elif isinstance(target, Result) and isinstance(target.callee, Global) and values:
            # `obj[key] = value` and `obj.extend(values)` run code of the object's class.
            self._notes.reference(target.callee, "built", token.start)

    # --- stack and memo ----------------------------------------------------------------------------------------

    def _pop_one(self, _: Token) -> None:
        # POP at a mark drops the mark, in both unpicklers.
        if self._marks and self._marks[-1] == len(self._stack):
            self._marks.pop()
        else:
            self._pop()

    def _pop_to_mark(self, _: Token) -> None:
        self._pop_mark()

    def _dup(self, _: Token) -> None:
        self._push(self._top())

    def _put(self, token: Token) -> None:
        self._memo[memo_index(token)] = self._top()

    def _memoize(self, _: Token) -> None:
        self._memo[len(self._memo)] = self._top()

    def _get(self, token: Token) -> None:
        index = memo_index(token)
        if index in self._memo:
            self._push(self._memo[index])
        elif index in self._earlier:
            self._push(self._earlier[index])
        else:
            raise Broken(f"memo {index} was never written", token.start)

    # --- protocol and frames -----------------------------------------------------------------------------------

    def _proto(self, token: Token) -> None:
        assert isinstance(token.argument, int)
        if token.argument > 5:
            self._notes.anomaly("pickle.protocol", f"protocol {token.argument}", token.start)
            raise Broken(f"no unpickler knows protocol {token.argument}", token.start)
        self._protocol = token.argument

    def _enter_frame(self, token: Token) -> None:
        assert isinstance(token.argument, int)
        if token.start < self._frame:
            self._notes.anomaly("pickle.frame", "a frame begins inside a frame", token.start)
        self._frame = token.stop + token.argument

    # --- names -------------------------------------------------------------------------------------------------

    def _find(self, module: str, name: str, offset: int) -> Global:
        """The global of that name, stated as the raw spelling and as protocols below 3 map it (D8)."""
        found = Global(module, name)
        self._notes.reference(found, "imported", offset)
        if self._protocol < 3:
            mapped = fix_imports(module, name)
            if mapped != (module, name):
                found = Global(*mapped)
                self._notes.reference(found, "imported", offset)
        return found

    def _global(self, token: Token) -> None:
        assert isinstance(token.argument, tuple)
        self._push(self._find(token.argument[0], token.argument[1], token.start))
        if token.cut:
            raise Broken("the last line is cut off", token.start)

    def _stack_global(self, token: Token) -> None:
        name, module = self._pop(), self._pop()
        if isinstance(name, str) and isinstance(module, str):
            self._push(self._find(module, name, token.start))
            return
        if isinstance(name, _NOT_TEXT) or isinstance(module, _NOT_TEXT):
            raise Broken("STACK_GLOBAL of something that is no text", token.start)
        shown = f"{show(module, 3)} . {show(name, 3)}"
        self._notes.anomaly("pickle.dynamic-global", shown, token.start)
        self._push(UNKNOWN)

    def _extension(self, token: Token) -> None:
        code = token.argument
        assert isinstance(code, int)
        known = self._extensions.get(code)
        detail = f"extension {code}" + (f", registered as {known.dotted}" if known else "")
        self._notes.anomaly("pickle.extension", detail, token.start)
        if known is not None:
            self._notes.reference(known, "resolved", token.start)
        self._push(known or UNKNOWN)

    def _persid(self, token: Token) -> None:
        identity = str(token.argument)
        self._notes.persistent(identity, token.start)
        self._push(Persistent(identity))

    def _binpersid(self, token: Token) -> None:
        identity = self._pop()
        self._notes.persistent(identity, token.start)
        self._push(Persistent(identity))

    # --- calls -------------------------------------------------------------------------------------------------

    def _reduce(self, token: Token) -> None:
        arguments, callee = self._pop(), self._pop()
        self._push(self._call(callee, as_arguments(arguments), token))

    def _inst(self, token: Token) -> None:
        assert isinstance(token.argument, tuple)
        # The pure-Python unpickler imports first and looks for the mark then.
        callee = self._find(token.argument[0], token.argument[1], token.start)
        arguments = tuple(self._pop_mark())
        self._push(self._call(callee, arguments, token))
        if token.cut:
            raise Broken("the last line is cut off", token.start)

    def _obj(self, token: Token) -> None:
        values = self._pop_mark()
        if not values:
            raise Broken("OBJ without a class", token.start)
        self._push(self._call(values[0], tuple(values[1:]), token))

    def _newobj(self, token: Token) -> None:
        arguments, cls = self._pop(), self._pop()
        self._push(self._call(cls, as_arguments(arguments), token))

    def _newobj_ex(self, token: Token) -> None:
        keywords, arguments, cls = self._pop(), self._pop(), self._pop()
        values = as_arguments(arguments)
        if isinstance(keywords, Mapping) and keywords.count:
            values = (*values, keywords)
        self._push(self._call(cls, values, token))

    def _call(self, callee: Value, arguments: tuple[Value, ...], token: Token) -> Value:
        """State a call and every call that it makes in its turn, as far as they can be named."""
        opcode = NAMES[token.code]
        for _ in range(_CALL_DEPTH):
            self._notes.call(callee, arguments, opcode, token.start)
            if (further := unwrap(callee, arguments)) is None:
                break
            callee, arguments = further
            if isinstance(callee, Global):
                self._notes.reference(callee, "resolved", token.start)
        if opcode.startswith("NEWOBJ") and not makes_partial(callee):
            return Result(callee, arguments, opcode)
        self._extensions |= registered(callee, arguments)
        found = looked_up(callee, arguments) if isinstance(callee, Getter) else evaluate(callee, arguments)
        if found is UNKNOWN:
            return Result(callee, arguments, opcode)
        if isinstance(found, bytes | Payload):
            self._payload(found, token.start, True)  # protocols below 3 write all bytes as a call
        elif isinstance(found, Global):
            self._notes.reference(found, "resolved", token.start)
        return found

    def _build(self, token: Token) -> None:
        state = self._pop()
        target = self._top()
        if made := put(target, state):
            self._notes.call(*made, "BUILD", token.start)
        if owner := target if isinstance(target, Global) else lent(target):
            self._notes.mutation(owner, "BUILD", state, token.start)
        elif isinstance(target, Result):
            target.state = state
            if isinstance(target.callee, Global):
                self._notes.reference(target.callee, "built", token.start)


_LITERALS = {CODES["NONE"]: None, CODES["NEWTRUE"]: True, CODES["NEWFALSE"]: False}
_HANDLERS = {
    **dict.fromkeys(["NONE", "NEWTRUE", "NEWFALSE"], "_literal"),
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
    **dict.fromkeys(["LIST", "FROZENSET"], "_items"),
    **dict.fromkeys(["APPENDS", "ADDITEMS", "SETITEMS"], "_appends"),
    **dict.fromkeys(["PUT", "BINPUT", "LONG_BINPUT"], "_put"),
    **dict.fromkeys(["GET", "BINGET", "LONG_BINGET"], "_get"),
    **dict.fromkeys(["EXT1", "EXT2", "EXT4"], "_extension"),
    "POP": "_pop_one",
    "POP_MARK": "_pop_to_mark",
    "BYTEARRAY8": "_bytearray",
    "FRAME": "_enter_frame",
    "READONLY_BUFFER": "_nothing",
    "STOP": "_undefined",
}
