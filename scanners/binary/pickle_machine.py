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

from scanners.binary.pickle_lexer import NUMBER, SHORT, Broken, Lexer, Payload, decode_text
from scanners.binary.pickle_memo import Memo
from scanners.binary.pickle_opcodes import CODES, KINDS, NAMES, NUMBER8, SIMPLE, TAKES, TEXT1, TEXT4
from scanners.binary.pickle_readings import SILENCE, Possible, Silence
from scanners.binary.pickle_skips import Skipper
from scanners.binary.pickle_stack import DEEP, EPOCH
from scanners.binary.pickle_state import NAMES as ARMING
from scanners.binary.pickle_values import UNKNOWN, Run, Value
from scanners.budget import LimitReached
from scanners.source import BytesSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanners.binary.joblib_arrays import RawArray
    from scanners.binary.pickle_lexer import Argument, Token
    from scanners.binary.pickle_notes import Notes

    Payloads = Callable[[Payload | bytes, int, bool], None]
    """Told of each bytes constant: the constant, the place behind it, and whether it was computed."""
    Arrays = Callable[[int, int], None]
    """Told of each part of a stream that joblib reads as the elements of an array, and nobody interprets."""

_DEPTH = 8
"""Runs that are walked for the sake of one another, by what they fetch from the memo; past it a value is unknown."""
_FIXED = 9
"""Bytes of the longest opcode of fixed length."""
_STOP = CODES["STOP"]
_BUILD = CODES["BUILD"]


class Stream(NamedTuple):
    """One stream that was walked to its STOP."""

    value: Value
    stop: int
    """Offset behind the STOP."""


class Machine(Skipper):
    """Walks the streams of one source. Extension codes and the last memo live on from stream to stream.

    With `arrays`, what joblib reads between the opcodes is passed over. With `shared`, the memo is one for all streams.
    """

    def __init__(
        self, notes: Notes | Silence, payload: Payloads, arrays: Arrays | None = None, *, shared: bool = False
    ) -> None:
        super().__init__(notes, payload)
        self._arrays = arrays
        self._shared = shared
        self._frame = 0
        self._try_at = 0
        """Where it is worth looking for a run again."""
        self._depth = 0
        """Walks of runs within one another."""
        self._resume: tuple[int, int] | None = None
        """The offset from which on joblib has read what follows by itself, and where the stream goes on."""
        self._other = isinstance(notes, Silence)
        """Whether there is no other reading of arrays to follow."""
        self._framed = self.parted = False
        """Whether this follows loaders that have read each frame whole, and whether one for all does."""
        self._kept = True
        """Whether what is left of a frame is kept for the next stream, which the C unpickler does and pickle.py not."""
        self._window = b""
        self._streams = 0
        self.renumbers = False
        """Whether a stream after the first would find other values in its memo if that were one for all."""
        self._lexer = Lexer(BytesSource(b""))

    def run(self, lexer: Lexer) -> Stream:
        """Walk one stream from where the lexer is; raises `Broken` where no unpickler goes on."""
        if not self._shared:
            # A loader may read several streams with one unpickler, and its memo then lives on.
            self._earlier, self._memo = self._memo or self._earlier, Memo(self._walk)
        self._stack.clear()
        del self._marks[:]
        self._light = 0
        self._protocol = 0
        if not self._keeps_frames():
            self._frame = 0
        self._streams += 1
        try:
            return Stream(self._until_stop(lexer), lexer.at)
        finally:
            numbered = bool(self._memo) and not self._memo.explicit
            self.renumbers = self.renumbers or (self._streams > 1 and (numbered or self.lost))

    def _keeps_frames(self) -> bool:
        """Whether what is left of a frame behind a STOP is where the next stream begins."""
        return self._framed and self._shared and self._kept

    def _until_stop(self, lexer: Lexer) -> Value:
        """Walk to the STOP; what is on top of the stack there."""
        self._lexer = lexer
        self._try_at = lexer.at
        self._due = lexer.at + EPOCH
        while True:
            if lexer.at >= self._due:
                self._weigh(lexer.at)
            self._sweep(lexer)
            if self._resume and lexer.at >= self._resume[0]:
                self._passed(self._resume[1] - lexer.at)
                lexer.at, self._resume = self._resume[1], None
                continue
            if len(self._stack) > DEEP:
                raise LimitReached("stack", f"over {DEEP} values on the stack")
            token = self._next(lexer)
            self.at, self.behind = token.start, token.stop
            if token.code == _STOP:
                if token.stop < self._frame:
                    self._part("the stream ends inside its frame", token.start)
                    if self._framed and not self._keeps_frames():
                        lexer.at = self._frame
                return self._pop()
            if token.stop - token.start > SHORT:
                self._passed(token.stop - token.start)
            else:
                self._walked += token.stop - token.start
            _TABLE[token.code](self, token.argument)
            if token.cut:
                raise Broken("the last line is cut off", token.start)

    def _sweep(self, lexer: Lexer) -> None:
        """Walk on as far as opcodes are of the common kinds, and the window and the frame reach."""
        data, base = lexer.window()
        index, limit = lexer.at - base, len(data)
        if lexer.at < self._frame < base + limit:
            limit = self._frame - base
        stop = min(limit - _FIXED, len(data) - SHORT, self._due - base)
        if data is not self._window:
            self._window, self._armed = data, self._armed or any(name in data for name in ARMING)
        grammar = self._grammar(lexer)
        try_at = self._try_at - base if grammar else stop
        start, kinds, handlers, push = index, KINDS, _TABLE, self._stack.append
        while index < stop:
            if index >= try_at and grammar:
                skipped, try_at = self._skip(grammar, data, base, index, limit)
                if skipped > index:
                    index = skipped
                    continue
            start = index
            code = data[index]
            kind = kinds[code]
            if kind == SIMPLE:
                self.at = base + index
                index += 1
                self.behind = base + index
                handlers[code](self, None)
            elif kind == TEXT1:
                index += 2 + data[index + 1]
                if index > limit:
                    index = start
                    break
                push(decode_text(data[start + 2 : index]))
            elif kind < TAKES:
                index += 1 + kind
                push(int.from_bytes(data[start + 1 : index], "little", signed=kind == 4))
            elif kind < NUMBER8:
                self.at = base + index
                index += 1 + kind - TAKES
                self.behind = base + index
                handlers[code](self, int.from_bytes(data[start + 1 : index], "little"))
            elif kind == NUMBER8:
                index += 9
                push(NUMBER)
            elif kind == TEXT4 and (length := int.from_bytes(data[index + 1 : index + 5], "little")) < SHORT - 5:
                index += 5 + length
                if index > limit:
                    index = start
                    break
                push(decode_text(data[start + 5 : index]))
            else:
                break
            if code == _BUILD and self._resume and base + index >= self._resume[0]:
                break
        self._walked += base + index - lexer.at
        lexer.at = base + index
        self._try_at = base + try_at

    # --- other readings ----------------------------------------------------------------------------------------

    def guess(self, start: int) -> None:
        """Say what loaders do that take what stands at `start` for one more stream."""
        if not isinstance(self._notes, Silence):
            self._follow(Possible(self._notes), start, inside=False)

    def _follow(
        self, notes: Notes | Silence, start: int, *, inside: bool = True, framed: bool = False, kept: bool = True
    ) -> None:
        """Walk on as a loader does that goes on at `start`, inside of the stream or behind it, and reads to the end."""
        other = Machine(notes, ignore, shared=self._shared)
        other._stack, other._marks, other._extensions = list(self._stack), self._marks[:], dict(self._extensions)
        other._memo, other._earlier = self._memo.copy(), self._earlier
        other._protocol, other._frame, other._framed = self._protocol, self._frame if framed else 0, framed
        other._streams, other._kept = self._streams, kept
        lexer = self._lexer.fork(start)
        with suppress(Broken):
            if inside:
                other._until_stop(lexer)
            while True:
                other.run(lexer)
        self.renumbers, self.lost = self.renumbers or other.renumbers, self.lost or other.lost

    def _read_otherwise(self, *starts: int) -> None:
        """Say what unpicklers do that go on at one of `starts`; only at the first place where they part."""
        if self._other or isinstance(self._notes, Silence):
            return
        self._other = True
        for start in starts:
            self._follow(Possible(self._notes), start)

    def _array(self, array: RawArray) -> None:
        if self._arrays is None:
            return
        # Of a frame joblib has read all when it reads on in the file.
        frame = max(self._frame, self.behind)
        start = self._resume[1] if self._resume else frame
        if array.pickled:
            self._read_otherwise(self.behind)
            inner = Machine(self._notes, self._payload)
            inner.parted = self.parted
            stop = inner.run(self._lexer.fork(start)).stop
            self.parted = inner.parted
        else:
            padding = 1 + self._lexer.take(start, 1)[0] if array.aligned and start < self._lexer.size else 0
            stop = start + padding + array.length
            # Others take the elements for opcodes, and joblib before 1.2 knows of no padding.
            self._read_otherwise(self.behind, start + array.length)
            if stop > self._lexer.size:
                raise Broken("the elements of an array are cut off", start)
            self._arrays(start, stop)
        self._resume = frame, stop

    def _walk(self, run: Run, stack: list[Value]) -> dict[int, Value]:
        if self._depth >= _DEPTH:
            stack.append(UNKNOWN)
            return {}
        walker = Machine(SILENCE, ignore)
        walker._replays, walker._protocol, walker._stack = True, self._protocol, stack
        walker._memo, walker._earlier = Memo(self._walk, run.first), self._memo
        # It has no STOP; and where a loader would break off, what follows is walked all the same.
        self._depth += 1
        walker._frame = run.stop - run.start
        try:
            walker._until_stop(Lexer(BytesSource(self._lexer.again(run.start, run.stop) + bytes(SHORT))))
        except Broken:
            pass
        finally:
            self._depth -= 1
        return walker._memo.entries()

    # --- protocol and frames -----------------------------------------------------------------------------------

    def _proto(self, argument: Argument) -> None:
        assert isinstance(argument, int)
        if argument > 5:
            # Plain unpicklers refuse it, and torch's goes on with a warning (torch/_weights_only_unpickler.py).
            self._notes.anomaly("pickle.protocol", f"protocol {argument}", self.at)
        self._protocol = argument

    def _next(self, lexer: Lexer) -> Token:
        """The next opcode; of one that its frame is too short for, what the C unpickler makes of it.

        It drops what is too little for a read, and takes all of that from behind the frame (D4).
        """
        start, frame = lexer.at, self._frame
        try:
            token = lexer.next()
        except Broken:
            if start >= frame:
                raise
            token = None
        if token and not start < frame < token.stop:
            return token
        cut = lexer.short(start, frame)
        if token or cut is not None:
            self._part("an argument crosses the end of its frame", start)
        if self._framed and cut is not None:
            self._frame = 0
            return lexer.skip(start, cut, frame)
        return token or lexer.next()

    def _part(self, how: str, start: int) -> None:
        """Follow the loaders as well that have read the frame whole, from the opcode at `start` to the end.

        They are the C unpickler where a file has no `peek`, and the pure-Python one, which breaks off more often.
        """
        self._notes.anomaly("pickle.frame", how, start)
        if not (self._framed or self.parted):
            self.parted = True
            for kept in (True, False) if self._shared else (True,):
                self._follow(self._notes, start, framed=True, kept=kept)

    def _enter_frame(self, argument: Argument) -> None:
        assert isinstance(argument, int)
        if self.behind < self._frame:
            self._part("a frame begins inside a frame", self.at)
            if self._framed:
                if self.behind + argument <= self._frame:
                    return
                self._lexer.at = self.behind = self._frame
        self._frame = self.behind + argument


def ignore(_: Payload | bytes, __: int, ___: bool) -> None:
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
    **dict.fromkeys(["BINPUT", "LONG_BINPUT"], "_put"),
    "PUT": "_put_line",
    **dict.fromkeys(["GET", "BINGET", "LONG_BINGET"], "_get"),
    **dict.fromkeys(["EXT1", "EXT2", "EXT4"], "_extension"),
    "POP": "_pop_one",
    "POP_MARK": "_pop_to_mark",
    "BYTEARRAY8": "_bytearray",
    "FRAME": "_enter_frame",
    "STOP": "_undefined",
}
_TABLE: list[Callable[[Machine, Argument], None]] = [
    getattr(Machine, _HANDLERS.get(name, f"_{name.lower()}") if name else "_undefined") for name in NAMES
]
