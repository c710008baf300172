"""What crosses the wall of the jail: a job in, lines of JSON out, and never a pickle.

Rule 1: what a child says is a stranger's word. Each line is decoded strictly, lines and transcripts are bounded,
and whatever does not fit the grammar ends the job with `Stopped("bad-reply")`.
Rule 2: what was said stays said. A child tells each fact before it reads on, so a crash, a kill or a broken line
costs none of the facts before it.

A transcript, one value a line:

    Sealed    the measures that hold, before the first byte is looked at; once, first
    Seen      facts, as they are stated; any number
    Answer    the outcome; once, last

Codes of `Stopped.why`: `deadline` and `cpu` (time), `memory`, `depth` (recursion), `crash`, `bad-reply`,
`reply-too-long`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final, assert_never

import msgspec

from scanners.account import Totals
from scanners.budget import Limits  # noqa: TC001 - msgspec reads the annotation at run time
from scanners.facts import (
    Anomaly,
    Call,
    Code,
    Embedded,
    Fact,
    Mutation,
    Opens,
    Reference,
    Sampled,
    Storage,
    Unread,
    clip,
)
from scanners.scanner import Needs, Outcome, Read, Stopped
from scanners.source import Span, merge, subtract

ANSWER_MOST: Final = 16 << 20
"""Bytes of the last line; a longer answer is cut to the facts that matter most."""
SEEN_MOST: Final = 16 << 20
"""Bytes of all the lines before it."""
TRANSCRIPT_MOST: Final = ANSWER_MOST + SEEN_MOST
"""Bytes that are read from a child at all."""
_SPANS_MOST: Final = 100_000
_FRAME: Final = 16_384
"""Bytes of an answer that are left for what is not facts."""
_FORMAT_MOST: Final = 256
"""Characters of a format's name."""
_INTEGER_MOST: Final = 1 << 63
"""Integers from a child stay below this: the database's own are of 64 bits."""


class Job(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One blob to scan: all that a child learns besides the bytes."""

    size: int
    hint: str
    held: tuple[Span, ...]
    """What of the blob can be read now."""
    limits: Limits
    deadline: float
    """Seconds of real time."""
    memory: int
    """Bytes of address space, the interpreter's own included."""
    cpu: int
    """Seconds of processor time."""


class Reply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What came of a job."""

    sealed: tuple[str, ...]
    """The measures that held in the process that scanned (scanners.jail)."""
    outcome: Outcome
    seen: tuple[Fact, ...] = ()
    """Of an outcome that `Needs` bytes: what was seen before they were missed."""
    seconds: float = 0.0
    """How long the process was at work, or took to be ended."""


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="line"):
    """The base of all lines."""


class Sealed(_Line, frozen=True, tag="sealed"):
    """The measures that hold."""

    measures: tuple[str, ...]


class Seen(_Line, frozen=True, tag="seen"):
    """The facts from number `at` on, counted from 0, are these; what was told from there on before is void."""

    at: int
    facts: tuple[Fact, ...]


class Answer(_Line, frozen=True, tag="answer"):
    """The end."""

    outcome: Outcome


Line = Sealed | Seen | Answer

_ENCODER: Final = msgspec.json.Encoder()
_LINES: Final[msgspec.json.Decoder[Line]] = msgspec.json.Decoder(Line)
_JOBS: Final[msgspec.json.Decoder[Job]] = msgspec.json.Decoder(Job)


class BadLineError(ValueError):
    """Not a line of the grammar."""


def encode_job(job: Job) -> bytes:
    """The job as JSON."""
    return _ENCODER.encode(job)


def decode_job(data: bytes) -> Job:
    """The job of `encode_job`; raises `msgspec.DecodeError`."""
    return _JOBS.decode(data)


def encode(line: Line) -> bytes:
    """One line with its newline."""
    return _ENCODER.encode(line) + b"\n"


def decode(data: bytes) -> Line:
    """The value of one line; raises `BadLineError`."""
    try:
        line = _LINES.decode(data)
    except (ValueError, RecursionError) as error:
        raise BadLineError(clip(str(error))) from None
    match line:
        case Sealed():
            pass
        case Seen(at, facts):
            _check_integers(at)
            _check_facts(facts)
        case Answer(outcome):
            _check_outcome(outcome)
        case _:
            assert_never(line)
    return line


def _check_outcome(outcome: Outcome) -> None:
    if isinstance(outcome, Needs):
        _check_integers(*(place for span in outcome.spans for place in span))
    else:
        account = outcome.account
        _check_integers(account.examined, account.inert, account.unexplained)
        _check_facts(outcome.facts)


def _check_facts(facts: tuple[Fact, ...]) -> None:
    for fact in facts:
        match fact:
            case Sampled(kept=kept, seen=seen):
                _check_integers(kept, seen)
            case Call(count=count, offset=offset):
                _check_integers(count, offset or 0)
            case Storage(numel=numel, offset=offset):
                _check_integers(numel, offset or 0)
            case _:
                _check_integers(fact.offset or 0)


def _check_integers(*values: int) -> None:
    if not all(0 <= value < _INTEGER_MOST for value in values):
        raise BadLineError("an integer is out of bounds")


def encode_answer(outcome: Outcome, most: int = ANSWER_MOST) -> bytes:
    """The last line, in `most` bytes: of too long an answer the facts that matter most, and word that it was cut."""
    if isinstance(outcome, Needs):
        # Fewer places a round make more rounds; none is forgotten.
        return encode(Answer(Needs(outcome.spans[:_SPANS_MOST])))
    # One by one: the whole may be more than there is memory for.
    sizes = [len(_ENCODER.encode(fact)) + 1 for fact in outcome.facts]
    if sum(sizes) < most - _FRAME and len(outcome.format) < _FORMAT_MOST:
        return encode(Answer(outcome))
    kept: set[int] = set()
    left = most - _FRAME
    for number in sorted(range(len(sizes)), key=lambda number: _weight(outcome.facts[number])):
        left -= sizes[number]
        if left < 0:
            break
        kept.add(number)
    told = f"{len(kept)} of {len(outcome.facts)} facts fit"
    if isinstance(outcome, Stopped):
        told = f"{told}; before that: {outcome.why}"
    facts = tuple(fact for number, fact in enumerate(outcome.facts) if number in kept)
    return encode(Answer(Stopped("reply-too-long", told, outcome.format[:_FORMAT_MOST], facts, outcome.account)))


def _weight(fact: Fact) -> int:
    """What a fact may mean for a verdict; the least number is the most."""
    match fact:
        case Call() | Mutation() | Code():
            return 0
        case Reference(kind="torch.storage"):
            return 4
        case Reference() | Opens():
            return 1
        case Anomaly() | Embedded():
            return 2
        case Unread() | Sampled():
            return 3
        case Storage():
            return 4
        case _:
            assert_never(fact)


class Transcript:
    """All that a child said, as it comes in."""

    def __init__(self, size: int, held: tuple[Span, ...]) -> None:
        self._size, self._held = size, merge(held)
        self._line = bytearray()
        self._length = 0
        self._sealed: tuple[str, ...] = ()
        self._seen: list[Fact] = []
        self._outcome: Outcome | None = None
        self._lines = 0
        self.problem: tuple[str, str] | None = None
        """Why nothing more is taken from this child: a code and a detail."""

    def feed(self, data: bytes) -> None:
        """Take the next bytes; once there is a `problem`, they are let fall."""
        self._length += len(data)
        if self.problem is None and self._length > TRANSCRIPT_MOST:
            self.problem = ("reply-too-long", f"over {TRANSCRIPT_MOST} bytes")
        start = 0
        while self.problem is None and (stop := data.find(b"\n", start)) >= 0:
            self._line += data[start:stop]
            try:
                self._take(decode(bytes(self._line)))
            except BadLineError as error:
                self.problem = ("bad-reply", str(error))
            self._line.clear()
            start = stop + 1
        if self.problem is None:
            self._line += data[start:]

    def _take(self, line: Line) -> None:
        if self._outcome is not None:
            raise BadLineError("something follows the answer")
        match line:
            case Sealed(measures):
                if self._lines:
                    raise BadLineError("the measures come first")
                self._sealed = measures
            case Seen(at, facts):
                if at > len(self._seen):
                    raise BadLineError("facts are left out")
                self._seen[at:] = facts
            case Answer(outcome):
                self._check(outcome)
                self._outcome = outcome
            case _:
                assert_never(line)
        self._lines += 1

    def _check(self, outcome: Outcome) -> None:
        """Refuse an answer that this blob cannot have; raises `BadLineError`."""
        if isinstance(outcome, Needs):
            spans = outcome.spans
            honest = spans and all(a.start < a.stop <= self._size for a in spans)
            if not honest or any(a.stop > b.start for a, b in pairwise(spans)):
                raise BadLineError("it needs bytes that are not there")
            if not any(subtract(span, self._held) for span in spans):
                raise BadLineError("it needs bytes that it had")
        elif isinstance(outcome, Read):
            account = outcome.account
            if account.examined + account.inert + account.unexplained != self._size:
                raise BadLineError("the account does not add up to the size")

    def reply(self, why: str = "", detail: str = "") -> Reply:
        """What came of the job; `why` and `detail` say how the child ended, if not by itself and well."""
        outcome = self._outcome
        if self.problem is not None:
            why, detail = self.problem
        if not why and (outcome is None or self._line):
            why, detail = "bad-reply", "no answer" if outcome is None else "something follows the answer"
        if outcome is None or why:
            if isinstance(outcome, Read | Stopped):
                outcome = Stopped(why, detail, outcome.format, outcome.facts, Totals(0, 0, self._size))
            else:
                outcome = Stopped(why, detail, "", tuple(self._seen), Totals(0, 0, self._size))
        seen = tuple(self._seen) if isinstance(outcome, Needs) else ()
        return Reply(self._sealed, outcome, seen)
