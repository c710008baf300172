"""Limits, and what happens when one is hit.

A limit bounds memory, expansion and recursion, never how far a stream is read: a limit on opcodes or bytes is a
place to hide behind. Hitting one is a fact and makes the file incomplete; it is never a crash and never silence.
Time is bounded from outside, by the deadline of the jail.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, assert_never

import msgspec

from scanners.facts import Anomaly, Call, Code, Embedded, Mutation, Opens, Reference, Sampled, Storage, Unread

if TYPE_CHECKING:
    from scanners.facts import Fact

MiB = 1 << 20
_STORAGES = 200_000
"""Torch storages stated in one scan."""


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The limits of one scan."""

    depth: int = 5
    """Containers inside containers, and pickles inside pickles."""
    inflated: int = 2048 * MiB
    """Bytes that decompression may make in one scan, all members together."""
    ratio: int = 200
    """Expansion of one member; it counts only past `ratio_floor`, since small texts compress well."""
    ratio_floor: int = 64 * MiB
    """Inflated bytes of a member below which its ratio is not looked at."""
    whole: int = 64 * MiB
    """Bytes of a part that has to be held in memory whole: a JSON document, a zip directory."""
    facts: int = 20_000
    """Facts of one scan; past it only what is new is kept, and as many different names end the scan."""
    samples: int = 256
    """Different argument lists kept of the calls of one callee; all are counted."""


class LimitReached(Exception):  # noqa: N818 - a state of the scan, not a mistake
    """A limit was hit: the part being scanned stays unexplained, and what was seen before is kept."""

    def __init__(self, limit: str, detail: str = "") -> None:
        self.limit, self.detail = limit, detail
        super().__init__(f"{limit}: {detail}" if detail else limit)


class Flood(Exception):  # noqa: N818 - the same
    """There are more different facts than are kept: nothing more can be said of the blob, in this part or another."""


class Room(Enum):
    """The answer to one more fact."""

    YES = 1
    LAST = 2
    """No, and it is the first that is left out: this has to be said."""
    NONE = 3


class Budget:
    """What is left of the limits in one scan."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._inflated = 0
        self._known: set[tuple[str, ...]] = set()
        self._stated = self._storages = 0
        self._overflown = False

    def admit(self, fact: Fact) -> Room:
        """Whether there is room for one more fact; raises `Flood` of new names."""
        if isinstance(fact, Storage):
            # A large mixture of experts has tens of thousands, and one that is left out leaves its bytes unexplained.
            self._storages += 1
            return Room.YES if self._storages <= _STORAGES else Room.NONE
        about = _about(fact)
        if self._stated >= self.limits.facts and about in self._known:
            first, self._overflown = not self._overflown, True
            return Room.LAST if first else Room.NONE
        if len(self._known) >= self.limits.facts and about not in self._known:
            raise Flood(f"facts: over {self.limits.facts} different names")
        self._known.add(about)
        self._stated += 1
        return Room.YES

    def inflate(self, amount: int, *, made: int, compressed: int) -> None:
        """Count `amount` more inflated bytes of a member that has made `made` from `compressed`."""
        self._inflated += amount
        if self._inflated > self.limits.inflated:
            raise LimitReached("inflated", f"over {self.limits.inflated} bytes")
        if made > self.limits.ratio_floor and made > self.limits.ratio * max(1, compressed):
            raise LimitReached("ratio", f"over {self.limits.ratio} to 1")

    def hold(self, amount: int, what: str) -> None:
        """Check that `amount` bytes may be held in memory at once."""
        if amount > self.limits.whole:
            raise LimitReached("whole", f"{what} is {amount} bytes, over {self.limits.whole}")


def _about(fact: Reference | Call | Mutation | Sampled | Anomaly | Unread | Embedded | Code | Opens) -> tuple[str, ...]:
    """What a fact is about, as far as a flood of facts must not drown it."""
    match fact:
        case Reference() | Call() | Mutation() | Sampled():
            return type(fact).__name__, fact.module, fact.name
        case Anomaly():
            return type(fact).__name__, fact.code
        case Unread():
            return type(fact).__name__, fact.reason
        case Embedded():
            return type(fact).__name__, fact.format, fact.passed_to
        case Code():
            return type(fact).__name__, fact.digest, str(fact.called)
        case Opens():
            return type(fact).__name__, fact.kind, fact.path
        case _:
            assert_never(fact)
