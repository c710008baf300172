"""Limits, and what happens when one is hit.

A limit bounds memory, expansion and recursion, never how far a stream is read: a limit on opcodes or bytes is a
place to hide behind. Hitting one is a fact and makes the file incomplete; it is never a crash and never silence.
Time is bounded from outside, by the deadline of the jail.
"""

from __future__ import annotations

import msgspec

MiB = 1 << 20


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
    """Facts of one scan."""
    samples: int = 256
    """Different argument lists kept of the calls of one callee; all are counted."""


class LimitReached(Exception):  # noqa: N818 - a state of the scan, not a mistake
    """A limit was hit: the part being scanned stays unexplained, and what was seen before is kept."""

    def __init__(self, limit: str, detail: str = "") -> None:
        self.limit, self.detail = limit, detail
        super().__init__(f"{limit}: {detail}" if detail else limit)


class Budget:
    """What is left of the limits in one scan."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._inflated = 0

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
