"""The part of the pickle machine that resolves names and makes calls: what an unpickler does to the outside.

It states each name, call and change to its notes, and follows what well-known resolvers would give.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from scanners.binary.carried_code import watched
from scanners.binary.joblib_arrays import ARRAY, FILES, constructed, external_file, raw_array, wrapper
from scanners.binary.pickle_convert import as_arguments, fix_imports, orders
from scanners.binary.pickle_growth import MOST, grows, growth
from scanners.binary.pickle_lexer import FLOAT, NUMBER, Broken, Payload
from scanners.binary.pickle_resolve import (
    ANY_CODE,
    changed,
    constructs,
    entered,
    evaluate,
    gives,
    looked_up,
    registered,
    unwrap,
)
from scanners.binary.pickle_stack import Stack
from scanners.binary.pickle_state import filling, lent, maker, methods, put
from scanners.binary.pickle_values import (
    BUFFER,
    EXTENSION,
    KEPT,
    UNKNOWN,
    Getter,
    Global,
    Mapping,
    Persistent,
    Result,
    Value,
    show,
    unrolled,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanners.binary.joblib_arrays import RawArray
    from scanners.binary.pickle_lexer import Argument
    from scanners.binary.pickle_notes import Notes
    from scanners.binary.pickle_readings import Silence

_CALL_DEPTH = 16
_LOOKED_INTO = frozenset(("dtype", "type", ARRAY, *FILES))
_NOT_TEXT = (bytes, int, tuple, type(None))
_REDUCED = ("reduce_package", b"reduce_package")
"""With what the persistent ids of torch.package begin that ask for a call; a number may follow, then callee and
arguments."""
_NO_TEXTS: tuple[Value, ...] = (NUMBER, FLOAT, BUFFER)


def ordinary(callee: Global) -> bool:
    """Whether a call with constants gives nothing that is looked into: neither what it makes, nor its state."""
    last = callee.name.rpartition(".")[2]
    if last in _LOOKED_INTO or lent(Result(callee, ())):
        return False
    return not gives(callee) and not grows(callee) and not watched(callee)


class Caller(Stack):
    """Names, calls and changed states."""

    def __init__(self, notes: Notes | Silence, payload: Callable[[Payload | bytes, int, bool], None]) -> None:
        super().__init__(notes, payload)
        self._extensions: dict[int, Value] = {}
        self._protocol = 0
        self._asked = 0
        """Bytes that calls take of memory, as their constants say."""

    @abstractmethod
    def _array(self, array: RawArray) -> None:
        """Pass over what joblib reads in the place of an array."""

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
        self._use(name, module)
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
        known = self._extensions.get(code, self._extensions.get(ANY_CODE, EXTENSION))
        detail = f"extension {code}" + ("" if known is EXTENSION else f", registered as {show(known)}")
        self._notes.anomaly("pickle.extension", detail, self.at)
        if isinstance(known, Global):
            self._notes.reference(known, "resolved", self.at)
        self._push(known)

    def _persid(self, argument: Argument) -> None:
        identity = str(argument)
        self._notes.persistent(identity, self.at)
        self._push(Persistent(identity))

    def _binpersid(self, _: Argument) -> None:
        identity = self._pop()
        self._use(identity)
        self._notes.persistent(identity, self.at)
        if isinstance(identity, tuple) and len(identity) in {3, 4} and identity[0] in _REDUCED:
            # torch/package/package_importer.py, `persistent_load`: the importer itself is the first argument.
            self._push(self._call(identity[-2], (UNKNOWN, *as_arguments(identity[-1])), "BINPERSID"))
        else:
            self._push(Persistent(identity))

    # --- calls -------------------------------------------------------------------------------------------------

    def _reduce(self, _: Argument) -> None:
        arguments, callee = self._pop(), self._pop()
        for order in orders(arguments):
            given = self._call(callee, order, "REDUCE")
        self._push(given)

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
        if arguments == () and isinstance(cls, Global) and self._notes.known(cls, "NEWOBJ", ()) and ordinary(cls):
            self._notes.more(cls, "NEWOBJ", (), 1)
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
            self._use(callee, *arguments[:KEPT])
            self._notes.call(callee, arguments, opcode, self.at)
            if (further := unwrap(callee, arguments)) is None:
                break
            callee, arguments = further
            if isinstance(callee, Global):
                self._notes.reference(callee, "resolved", self.at)
        if opcode.startswith("NEWOBJ") and not constructs(callee):
            return self._result(callee, arguments, opcode)
        self._extensions |= registered(callee, arguments)
        if owner := changed(callee, arguments):
            self._notes.mutation(owner, opcode, arguments[1:2], self.at)
        found = looked_up(callee, arguments) if isinstance(callee, Getter) else evaluate(callee, arguments)
        if found is UNKNOWN:
            return self._result(callee, arguments, opcode)
        if isinstance(found, bytes | str | tuple):
            self._due -= len(found)
            if self._due < self.at:
                self._weigh(self.at)
        if isinstance(found, bytes | Payload):
            self._payload(found, self.at, True)  # protocols below 3 write all bytes as a call
        elif isinstance(found, Global | tuple):
            for each in found if isinstance(found, tuple) else (found,):
                if isinstance(each, Global):
                    self._notes.reference(each, "resolved", self.at)
        elif isinstance(found, str):
            self._armed = True  # whatever it says, it was not spelled
        return found

    def _result(self, callee: Value, arguments: tuple[Value, ...], opcode: str) -> Result:
        """What a call gives that nobody works out; said is what no machine has room or time for."""
        length, taken = growth(callee, arguments)
        made = Result(callee, arguments, opcode, length)
        self._asked += taken
        if taken and self._asked > MOST:
            self._notes.anomaly("pickle.bomb", show(made), self.at)
        return made

    def _grow(self, target: Value, values: list[Value], opcode: str) -> None:
        super()._grow(target, values, opcode)
        if opcode.startswith("SETITEM"):
            self._hand_over(filling(values))
        if isinstance(target, Global):
            self._extensions |= entered(target, unrolled(values))

    def _hand_over(self, names: list[Global]) -> None:
        """Note names that something may call which they are given to."""
        for name in names:
            self._notes.reference(name, "argument", self.at)

    def _build(self, _: Argument) -> None:
        state = self._pop()
        target = self._top()
        self._use(state, target)
        self._hand_over(methods(state))
        if made := put(target, state, armed=self._armed):
            self._notes.call(*made, "BUILD", self.at)
        if owner := target if isinstance(target, Global) else lent(target):
            self._notes.mutation(owner, "BUILD", state, self.at)
        elif cls := maker(target):
            self._notes.reference(cls, "built", self.at)
            if isinstance(target, Result) and cls.name == "dtype":
                target.state = state  # of others nobody asks, and they may be many
            if isinstance(target, Result) and (kind := wrapper(target)):
                self._wrapped(kind, target, state)

    def _wrapped(self, kind: str, target: Result, state: Value) -> None:
        """What joblib does once one of its wrappers has its state."""
        if kind != ARRAY:
            self._notes.anomaly("joblib.external-file", external_file(state, constructed(target)), self.at)
        elif array := raw_array(state, constructed(target)):
            self._array(array)
        else:
            self._notes.anomaly("joblib.array", "its type or shape is no constant", self.at)
            self._notes.unread("no-reader", "an array whose end cannot be told", self.at)
