"""The Hub's quotas shared by several processes: one of them keeps a ledger, the others lease requests from it.

The quota is that of a token or an address, so processes that share one must not count each for itself. Every answer's
headers go to the ledger; requests come from it a few at a time, fewer when few are left, and a lease ends with its
window.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

import anyio

from crawler.limits import Limiter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crawler.limits import Bucket

_MOST = 32
_PART = 64
"""A lease is at most this part of what is left: so many processes may hold one and nothing stays idle for long."""
_UNKNOWN = 5.0
"""Seconds that a lease holds where no window is known."""
_TOLD = ("ratelimit", "ratelimit-policy")
"""What the ledger reads of an answer's headers."""


class Lease(NamedTuple):
    """So many requests, for so many seconds; or none, and after how many seconds to ask again."""

    requests: int
    seconds: float


class Ledger:
    """Where the quotas are kept: one for all processes."""

    def __init__(self, *, share: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._limiter = Limiter(share=share, clock=clock)

    def lease(self, bucket: Bucket) -> Lease:
        """Requests of this bucket for one process."""
        if pause := self._limiter.wait(bucket):
            return Lease(0, pause)
        # Before the Hub has said anything, one at a time: its answer tells how many there are.
        more = min(_MOST, self._limiter.left.get(bucket, 0) // _PART)
        taken = 1 + sum(not self._limiter.wait(bucket) for _ in range(more))
        return Lease(taken, self._limiter.rest(bucket) or _UNKNOWN)

    def note(self, headers: Mapping[str, str], status: int) -> None:
        """Take over what an answer says about its bucket."""
        self._limiter.note(headers, status)


class Office(Protocol):
    """The way to the ledger, wherever that is."""

    async def lease(self, bucket: Bucket) -> Lease:
        """Ask for requests."""
        ...

    def note(self, headers: Mapping[str, str], status: int) -> None:
        """Tell what an answer said, without waiting."""
        ...


class Leaseholder(Limiter):
    """The limiter of a process that shares its quotas with others; what it shows is what its own answers said."""

    def __init__(self, office: Office, *, longest: float = 900.0, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(longest=longest, clock=clock)
        self._office = office
        self._leases: dict[Bucket, tuple[int, float]] = {}
        self._asking: dict[Bucket, anyio.Lock] = {}

    def note(self, headers: Mapping[str, str], status: int = 200) -> None:
        """Take over what an answer says about its bucket, and pass it on."""
        super().note(headers, status)
        told = {name: headers[name] for name in _TOLD if name in headers}
        if told or status == 429:
            self._office.note(told, status)
        if status == 429:
            # What is still held was promised by a ledger that knew less.
            self._leases.clear()

    async def ready(self, bucket: Bucket) -> None:
        """Return when a request of this bucket may go out; `ThrottledError` when that is too far away."""
        # One task asks; those behind it find what it was given.
        async with self._asking.setdefault(bucket, anyio.Lock()):
            while not self._take(bucket):
                lease = await self._office.lease(bucket)
                if lease.requests:
                    self._leases[bucket] = (lease.requests, self._clock() + lease.seconds)
                else:
                    await self.pause(bucket, lease.seconds)

    def _take(self, bucket: Bucket) -> bool:
        requests, until = self._leases.pop(bucket, (0, 0.0))
        if requests == 0 or self._clock() > until:
            return False
        if requests > 1:
            self._leases[bucket] = (requests - 1, until)
        return True
