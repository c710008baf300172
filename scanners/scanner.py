"""What a scanner is, what it is handed, and what it answers.

A scanner is a name, a version, and two pure functions: `recognise`, which looks at the first and last bytes, and
`scan`, which reads a source and states facts to its `Scan`. Raise the version whenever the facts of an unchanged
blob would change: stored results of older versions are then read again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from scanners.account import Account, Totals
from scanners.budget import Room
from scanners.facts import Anomaly, Fact, Storage, Unread, clip
from scanners.secrets import without
from scanners.source import Span  # noqa: TC001 - msgspec reads the annotation at run time

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanners.budget import Budget
    from scanners.facts import AnomalyCode, Code, UnreadReason
    from scanners.source import Source

HEAD = 4096
"""Bytes at the start of a file that recognition looks at (threats.md 1)."""
_LEFT_OUT = "more facts than are kept: what repeats known names is left out from here"
TAIL = 65_557
"""Bytes at its end: a zip end record of 22 bytes with a comment of up to 65,535 starts among them."""


class NotThisFormat(Exception):  # noqa: N818 - an answer, not a mistake
    """The scanner looked closer, and the content is not of its format: it has no say about these bytes."""


class Sample(NamedTuple):
    """What recognition may look at."""

    size: int
    head: bytes
    """The first `HEAD` bytes, fewer of a smaller file."""
    tail: bytes
    """The last `TAIL` bytes, fewer of a smaller file."""


def by_name(_: Sample) -> bool:
    """For `Scanner.recognise`: never, since only the name tells the format."""
    return False


class Scanner(NamedTuple):
    """A file format, as the registry knows it."""

    name: str
    """The format's name, as in the JSON output: `torch.zip`."""
    version: int
    suffixes: frozenset[str]
    """Lower-case file name endings under which loaders try this format whatever the content looks like."""
    recognise: Callable[[Sample], bool]
    """Whether the content looks like this format."""
    scan: Callable[[Source, Scan], None]
    """Reads the source and states what is in it; raises `NotThisFormat`, `Missing`, `Truncated`, `LimitReached`."""
    fallback: bool = False
    """Asked only where no other scanner has a say: text, and the formats that name what nobody reads."""
    alone: bool = False
    """Where it has a say nobody else is asked, whatever the name is: no interpreter finds anything in its content."""
    whole: bool = False
    """It reads its files from end to end, so one of moderate size is fetched whole at the start."""


class Scan:
    """What one scanner says of one source: its facts and its byte account.

    `inside` is how a container hands on what it contains without knowing the other formats.
    """

    def __init__(
        self,
        size: int,
        budget: Budget,
        *,
        member: str = "",
        depth: int = 0,
        facts: list[Fact] | None = None,
        route: Callable[[Source, Scan], str] | None = None,
        name: str = "",
    ) -> None:
        self.account = Account(size)
        self.budget = budget
        self.member = member
        self.depth = depth
        self.name = name
        """The file's name, as loaders that go by name see it; of a part, its member name. Routing may set it."""
        self.format = ""
        """What the scanner found the content to be, where it is more exact than the scanner's name."""
        self.facts: list[Fact] = [] if facts is None else facts
        self._route = route

    def state(self, fact: Fact) -> bool:
        """Add a fact, its secrets shortened, and say whether it was kept.

        Past `Limits.facts` only what is new is kept: the names, reasons and kinds that were not stated before. So no
        number of facts hides a later one, and no honest file comes near it. `Flood` ends a scan of too many new names.
        """
        if not isinstance(fact, Storage):
            fact = without(fact)
        match self.budget.admit(fact):
            case Room.NONE:
                return False
            case Room.LAST:
                self.facts.append(Unread("limit", _LEFT_OUT, self.member))
                return False
            case Room.YES:
                self.facts.append(fact)
                return True

    def state_code(self, code: Code) -> None:
        """State what is known of a piece of code, in as many facts as that takes."""
        for piece in code.pieces():
            self.state(piece)

    def anomaly(self, code: AnomalyCode, detail: str = "", *, offset: int | None = None, member: str = "") -> None:
        """State that the format is bent here."""
        self.state(Anomaly(code, clip(detail), self.path(member), offset))

    def unread(self, reason: UnreadReason, detail: str, *, offset: int | None = None, member: str = "") -> None:
        """State that a part was not examined."""
        self.state(Unread(reason, clip(detail), self.path(member), offset))

    def path(self, member: str) -> str:
        """The full member path of a part named `member` within this source."""
        if not member:
            return self.member
        return clip(f"{self.member}!/{member}" if self.member else member)

    def inside(self, source: Source, member: str) -> bool:
        """Scan a part by whatever formats its content and name call for; True when nothing of it is unexplained.

        What is in it is stated here, under its own member path. A part too deep is stated as unread.
        """
        if self._route is None or self.depth + 1 > self.budget.limits.depth:
            self.unread("limit", f"nested deeper than {self.budget.limits.depth}", member=member)
            return False
        child = self.child(source.size, member)
        self._route(source, child)
        return not child.account.unexplained_spans()

    def recoded(self, source: Source) -> bool:
        """Scan what this source is in other letters, in its own place and under its own name; as `inside` answers.

        Offsets in what is stated then count in those.
        """
        if self._route is None:
            return False
        child = self.child(source.size, "")
        child.name = self.name
        self.format = self._route(source, child)
        return not child.account.unexplained_spans()

    def child(self, size: int, member: str) -> Scan:
        """A scan of a part: it shares the facts and the budget, and accounts for its own bytes."""
        return Scan(
            size,
            self.budget,
            member=self.path(member),
            depth=self.depth + 1,
            facts=self.facts,
            route=self._route,
            name=member,
        )


class _Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="outcome"):
    """The base of all outcomes."""


class Read(_Answer, frozen=True, tag="read"):
    """The scanners came to their end; what they could not explain is in the account and in `Unread` facts."""

    format: str
    facts: tuple[Fact, ...]
    account: Totals
    readers: tuple[str, ...] = ()
    """The scanners that were asked about the blob or a part of it, whatever they answered; sorted."""


class Needs(_Answer, frozen=True, tag="needs"):
    """These bytes first, please; then again from the start."""

    spans: tuple[Span, ...]


class Stopped(_Answer, frozen=True, tag="stopped"):
    """The scan ended before its end: `why` is a short code, and all that was seen before is kept."""

    why: str
    detail: str
    format: str = ""
    facts: tuple[Fact, ...] = ()
    account: Totals = Totals(0, 0, 0)


Outcome = Read | Needs | Stopped
