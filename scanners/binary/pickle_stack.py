"""The part of the pickle machine that moves values: its stack, its marks, its memo and the containers.

No opcode here imports or calls anything, unless what it fills is not a container.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from typing import TYPE_CHECKING

from scanners.binary.code_objects import is_class
from scanners.binary.pickle_convert import memo_index, parse_int, unescape, unquote
from scanners.binary.pickle_lexer import NUMBER, Broken, Payload
from scanners.binary.pickle_memo import Memo
from scanners.binary.pickle_state import lent, maker
from scanners.binary.pickle_values import BUFFER, FORGOTTEN, UNKNOWN, Global, Items, Mapping, Result, Run, unrolled
from scanners.binary.pickle_weight import lighten
from scanners.budget import LimitReached

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanners.binary.pickle_lexer import Argument
    from scanners.binary.pickle_notes import Notes
    from scanners.binary.pickle_readings import Silence
    from scanners.binary.pickle_values import Value

DEEP = 1 << 21
"""Values, and marks, on the stack at once: picklers write containers in batches of a thousand."""
_TUPLE = 1024
"""Elements of a tuple that are kept."""
EPOCH = 1 << 19
"""Bytes that are walked before what they made is weighed: a byte makes up to 72 of them."""
_LITTLE = 63
"""A run or a long constant keeps no more of this many bytes and one more than is made of one byte."""

_GETATTR = Global("builtins", "getattr")
_FILLS = {
    **dict.fromkeys(("APPEND", "APPENDS"), ("append", "extend")),
    **dict.fromkeys(("SETITEM", "SETITEMS"), ("__setitem__",)),
    "ADDITEMS": ("add",),
}
"""The methods that an unpickler calls to fill what is no container."""


class Stack(ABC):
    """Stack, marks and memo of one stream, and the opcodes that act on nothing else."""

    def __init__(self, notes: Notes | Silence, payload: Callable[[Payload | bytes, int, bool], None]) -> None:
        self._notes = notes
        self._payload = payload
        self._stack: list[Value] = []
        self._marks = array("q")
        self._due = 0
        """The offset from which on all that is kept is to be weighed."""
        self._light = 0
        """Values at the bottom of the stack of which nothing is left to forget."""
        self._armed = False
        """Whether the stream may hold the name of a text that some classes execute."""
        self._replays = False
        """Whether this walks what was skipped: all that it does is known but the values."""
        self.lost = False
        """Whether an entry was asked for that neither this stream nor the one before has written."""
        self.at = 0
        """Offset of the opcode being walked."""
        self.behind = 0
        """Offset behind it, where its argument is long."""
        self._memo = Memo(self._walk)
        self._earlier = self._memo

    @abstractmethod
    def _walk(self, run: Run, stack: list[Value]) -> dict[int, Value]:
        """Walk a run that was skipped, over the stack that it began with: what it writes into the memo."""

    # --- stack -------------------------------------------------------------------------------------------------

    def _topmost(self) -> Value:
        """The value on top of the stack, a run as it is."""
        stack = self._stack
        if not stack or (self._marks and self._marks[-1] >= len(stack)):
            if not self._replays or self._marks:
                raise Broken("the stack is empty", self.at)
            stack.append(UNKNOWN)  # what lay below the run is not looked for
        return stack[-1]

    def _top(self) -> Value:
        value = self._topmost()
        if type(value) is Run:
            self._unroll()
            return self._topmost()
        return value

    def _pop(self) -> Value:
        value = self._topmost()
        if type(value) is Run:
            self._unroll()
            value = self._topmost()
        stack = self._stack
        del stack[-1]
        if (height := len(stack)) < self._light:
            self._light = height
        return value

    def _unroll(self) -> None:
        """Replace the run on top of the stack by its values; it may take some of those below."""
        run = self._stack.pop()
        assert isinstance(run, Run)
        self._due -= run.stop - run.start
        self._light = min(self._light, len(self._stack))
        run.unroll(self._stack)

    def _above_mark(self) -> list[Value]:
        """Take the values above the last mark off the stack, runs as they are."""
        if not self._marks:
            raise Broken("there is no mark", self.at)
        start = self._marks.pop()
        values = self._stack[start:]
        del self._stack[start:]
        self._light = min(self._light, start)
        return values

    def _pop_mark(self) -> list[Value]:
        values = self._above_mark()
        return unrolled(values) if Run in map(type, values) else values

    def _push(self, value: Value) -> None:
        self._stack.append(value)

    def _passed(self, length: int) -> None:
        """Note that of so many bytes walked no more is kept than of a few."""
        self._due += length * _LITTLE // (_LITTLE + 1)

    def _weigh(self, at: int) -> None:
        """Keep no more than there is room for; what is lost is told once it is used."""
        self._due = at + EPOCH
        height = len(self._stack)
        self._light = max(self._light, height - lighten(self._stack, range(height - 1, self._light - 1, -1)))
        self._memo.lighten()

    def _use(self, *values: Value) -> None:
        """Note that values matter, so that they must not have been forgotten."""
        if FORGOTTEN in values:
            self._notes.forgotten(self.at)

    # --- constants ---------------------------------------------------------------------------------------------

    def _constant(self, argument: Argument) -> None:
        if isinstance(argument, bytes | Payload):
            self._payload(argument, self.behind, False)
        self._push(argument)

    def _bytearray(self, argument: Argument) -> None:
        self._constant(argument)
        self._stack[-1] = BUFFER  # the stream may still change it: it is looked at, and no constant

    def _none(self, _: Argument) -> None:
        self._push(None)

    def _newtrue(self, _: Argument) -> None:
        self._push(True)

    def _newfalse(self, _: Argument) -> None:
        self._push(False)

    def _number(self, argument: Argument) -> None:
        self._push(parse_int(str(argument)))

    def _float(self, _: Argument) -> None:
        self._push(NUMBER)

    def _string(self, argument: Argument) -> None:
        self._armed = True  # whatever it says, it may be spelled with escapes
        self._push(unquote(argument))

    def _unicode(self, argument: Argument) -> None:
        self._armed = True
        self._push(unescape(argument))

    def _next_buffer(self, _: Argument) -> None:
        self._notes.anomaly("pickle.out-of-band", "a buffer from outside of the stream", self.at)
        self._push(BUFFER)

    def _readonly_buffer(self, _: Argument) -> None:  # it changes nothing that is modelled
        self._top()

    # --- containers --------------------------------------------------------------------------------------------

    def _mark(self, _: Argument) -> None:
        self._marks.append(len(self._stack))
        if len(self._marks) > DEEP:
            raise LimitReached("stack", f"over {DEEP} marks on the stack")

    def _empty_list(self, _: Argument) -> None:
        self._push(Items("list", whole=not self._replays))

    def _empty_set(self, _: Argument) -> None:
        self._push(Items("set", whole=not self._replays))

    def _empty_dict(self, _: Argument) -> None:
        self._push(Mapping(whole=not self._replays))

    def _empty_tuple(self, _: Argument) -> None:
        self._push(())

    def _tuple(self, _: Argument) -> None:
        values = unrolled(self._above_mark(), _TUPLE)
        if len(values) >= _TUPLE:
            values[_TUPLE - 1 :] = [FORGOTTEN]
        self._push(tuple(values))

    def _tuple1(self, _: Argument) -> None:
        self._push((self._pop(),))

    def _tuple2(self, _: Argument) -> None:
        second = self._pop()
        self._push((self._pop(), second))

    def _tuple3(self, _: Argument) -> None:
        third, second = self._pop(), self._pop()
        self._push((self._pop(), second, third))

    def _list(self, _: Argument) -> None:
        items = Items("list", whole=not self._replays)
        items.extend(self._above_mark())
        self._push(items)

    def _frozenset(self, _: Argument) -> None:
        items = Items("frozenset", whole=not self._replays)
        items.extend(self._above_mark())
        self._push(items)

    def _dict(self, _: Argument) -> None:
        mapping = Mapping(whole=not self._replays)
        mapping.extend(self._above_mark())
        self._push(mapping)

    def _append(self, _: Argument) -> None:
        value, target = self._pop(), self._top()
        if isinstance(target, Items):
            target.extend([value])
        else:
            self._grow(target, [value], "APPEND")

    def _appends(self, _: Argument) -> None:
        values = self._above_mark()
        self._grow(self._top(), values, "APPENDS")

    def _setitem(self, _: Argument) -> None:
        value, key = self._pop(), self._pop()
        self._grow(self._top(), [key, value], "SETITEM")

    def _setitems(self, _: Argument) -> None:
        values = self._above_mark()
        self._grow(self._top(), values, "SETITEMS")

    def _additems(self, _: Argument) -> None:
        values = self._above_mark()
        self._grow(self._top(), values, "ADDITEMS")

    def _grow(self, target: Value, values: list[Value], opcode: str) -> None:
        """Add to a container, or, where the target is something else, state that the stream changes it."""
        self._use(target)
        if isinstance(target, Items | Mapping):
            target.extend(values)
        elif owner := target if isinstance(target, Global) else lent(target):
            self._notes.mutation(owner, opcode, (unrolled(values) or [None])[0], self.at)
        elif cls := maker(target):
            # `obj[key] = value` and `obj.extend(values)` run code of the object's class.
            self._notes.reference(cls, "built", self.at)
        elif isinstance(target, Result) and is_class(target.callee) and values:
            for method in _FILLS[opcode]:
                self._notes.call(Result(_GETATTR, (target, method)), (), opcode, self.at)

    # --- stack and memo ----------------------------------------------------------------------------------------

    def _pop_one(self, _: Argument) -> None:
        # POP at a mark drops the mark, in both unpicklers.
        if self._marks and self._marks[-1] == len(self._stack):
            self._marks.pop()
        else:
            self._pop()

    def _pop_to_mark(self, _: Argument) -> None:
        self._above_mark()

    def _dup(self, _: Argument) -> None:
        self._push(self._top())

    def _put(self, argument: Argument) -> None:
        index, value = memo_index(argument, self.at), self._topmost()
        if not (isinstance(value, Run) and index == self._memo.count and self._memo.stretch(value, self.behind)):
            self._memo.put(index, self._top())

    def _put_line(self, argument: Argument) -> None:
        self._memo.lines = True
        self._put(argument)

    def _memoize(self, _: Argument) -> None:
        value = self._topmost()
        if not (isinstance(value, Run) and self._memo.stretch(value, self.behind)):
            self._memo.memoize(self._top())

    def _get(self, argument: Argument) -> None:
        index = memo_index(argument, self.at)
        try:
            value = self._memo.get(index)
        except KeyError:
            try:
                value = self._earlier.before(index) if self._replays else self._earlier.get(index)
            except KeyError:
                if not self._replays:
                    self.lost = True
                    raise Broken(f"memo {index} was never written", self.at) from None
                value = UNKNOWN  # written by an earlier stream, or by nobody
        self._push(value)

    def _undefined(self, _: Argument) -> None:
        raise Broken("no opcode", self.at)
