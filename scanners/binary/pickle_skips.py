"""The part of the pickle machine that passes over runs of opcodes which only make data.

What such a run does beside that, memo entries and calls that are known, is counted and not walked.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from scanners.binary import pickle_lines as lines
from scanners.binary import pickle_runs as runs
from scanners.binary.pickle_calls import Caller, ordinary
from scanners.binary.pickle_lexer import NUMBER, Payload, decode_text
from scanners.binary.pickle_notes import NUMBERS
from scanners.binary.pickle_values import UNKNOWN, Global, Items, Mapping, Run

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanners.binary.pickle_lexer import Lexer
    from scanners.binary.pickle_notes import Notes
    from scanners.binary.pickle_readings import Silence
    from scanners.binary.pickle_values import Value

_TEXTS = {b"\x8c": 2, b"X": 5}
"""What writes a text in a run, and the bytes before the text."""
_TRIES = 32
_WAIT = 1 << 12


class Skipper(Caller):
    """Runs of opcodes."""

    def __init__(self, notes: Notes | Silence, payload: Callable[[Payload | bytes, int, bool], None]) -> None:
        super().__init__(notes, payload)
        self._misses = 0
        """How often in a row there was no run."""
        self._walked = 0
        """Bytes of short opcodes so far."""

    def _grammar(self, lexer: Lexer) -> runs.Grammar | None:
        """How runs are recognised here; None where there is nothing to win."""
        memo = self._memo
        if self._replays or memo.odd or lexer.left < runs.WORTH:
            return None
        grammar = runs.grammar(calls=memo.named, explicit=memo.explicit if memo.count else self._protocol < 4)
        return grammar if grammar.pays(self._walked) else None

    def _skip(self, grammar: runs.Grammar, data: bytes, base: int, start: int, limit: int) -> tuple[int, int]:
        """Put a run that starts here on the stack unread; where to go on, and where to look for a run again."""
        if self._memo.lines:
            return self._skip_lines(data, base, start, limit)
        stop = runs.recognise(grammar, data, start, limit)
        if stop - start >= runs.LEAST and self._run(grammar, data, base, start, stop):
            self._misses = 0
            return stop, stop
        self._misses += 1
        # Runs begin behind the opcode that ended one. Where there are none, looking for them at each costs too much.
        return start, stop + (1 if self._misses % _TRIES else min(self._misses * _TRIES, _WAIT))

    def _run(self, grammar: runs.Grammar, data: bytes, base: int, start: int, stop: int) -> bool:
        """Note all that the run [start, stop) of the window does beside making data, unless it does more."""
        memo = self._memo
        tally = None if memo.odd else runs.tally(grammar, data, start, stop, memo.count)
        if tally is None or (tally.built and self._armed):
            return False
        calls: Counter[tuple[Global, str, tuple[str, ...] | None, bool]] = Counter()
        callees = {fetch: self._fetched(fetch) for fetch in {made.fetch for made in tally.made}}
        if not all(isinstance(callee, Global) and ordinary(callee) for callee in callees.values()):
            return False
        for made, count in tally.made.items():
            callee, opcode, arguments = callees[made.fetch], made.opcode, None
            assert isinstance(callee, Global)
            if not (made.constant() and self._notes.known(callee, opcode, None)):
                arguments = self._given(made.given(grammar))
                if arguments is None or not self._notes.known(callee, opcode, arguments):
                    return False
            calls[callee, opcode, arguments, tally.built or bool(made.fills)] += count
        for (callee, opcode, arguments, built), count in calls.items():
            self._notes.more(callee, opcode, arguments, count)
            if built:
                self._notes.reference(callee, "built", base + start)
        run = Run(base + start, base + stop, memo.count, self._walk)
        memo.skip(run, tally.memoized)
        self._passed(stop - start)
        self._stack.append(run)
        return True

    def _skip_lines(self, data: bytes, base: int, start: int, limit: int) -> tuple[int, int]:
        """Pass over elements in lines of text that are added to the container on top; where to go on, and to look."""
        stack, memo = self._stack, self._memo
        target = stack[-1] if stack and not (self._marks and self._marks[-1] >= len(stack)) else None
        if not (isinstance(target, Items | Mapping) and target.full):
            return start, start + 1
        stop = lines.recognise(data, start, limit)
        entries = lines.memoized(data, start, stop, memo.count) if stop - start >= runs.LEAST else None
        if entries is None:
            return start, stop + 1
        # Texts in lines may be spelled with escapes; and nothing else in a run has these letters.
        self._armed = self._armed or data.find(b"V", start, stop) >= 0 or data.find(b"S", start, stop) >= 0
        memo.skip(Run(base + start, base + stop, memo.count, self._walk), entries)
        self._passed(stop - start)
        target.count += stop - start
        return stop, stop + 1

    def _fetched(self, opcode: bytes) -> Value:
        """What an opcode fetches from the memo; of what a run fetches that it has itself written, nothing is known."""
        try:
            return self._memo.get(int.from_bytes(opcode[1:], "little"))
        except KeyError:
            return UNKNOWN

    def _given(self, opcodes: tuple[bytes, ...]) -> tuple[str, ...] | None:
        """What the arguments that the opcodes make are alike in; None where they have to be looked at."""
        if opcodes == runs.NUMBERS:
            return NUMBERS
        values: list[Value] = []
        for opcode in opcodes:
            if not opcode:
                values.append(NUMBER)
            elif opcode[:1] in {b"h", b"j"}:
                values.append(self._fetched(opcode))
            else:
                values.append(decode_text(opcode[_TEXTS[opcode[:1]] :]))
        if any(value is UNKNOWN or isinstance(value, bytes | Payload) for value in values):
            return None
        return self._notes.alike(values)
