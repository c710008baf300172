"""`audit sweep --plan`: what a sweep would cost, said before it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import anyio.to_thread

from crawler.limits import Quota
from reports.store import Usual
from reports.text import human

if TYPE_CHECKING:
    from audit.session import Session
    from audit.sweeping import Sweeping

_GUESS = Usual(requests=13.0, bytes_fetched=1e6, seconds=2.0)
"""Of a repo of eight files, before any was audited: its tree, one request for each that git holds, two for the others
(hub-api.md 2.2, 2.3)."""
_QUOTAS = {"api": Quota(500, 300), "resolvers": Quota(3_000, 300)}
"""Those of a user who is not logged in (hub-api.md 3.2), where the Hub says nothing."""


class Plan(NamedTuple):
    """What is to be done, and what it takes."""

    listed: int
    changed: int
    requests: int
    """Spent on the listing that the plan is made from."""
    each: Usual
    measured: bool
    """Whether `each` is what audits of this history cost, and not a guess."""
    quotas: dict[str, Quota]
    share: float
    at_once: int

    @property
    def needed(self) -> dict[str, float]:
        """Requests by bucket: one of the API for the tree of a repo, the others for its files."""
        return {"api": float(self.changed), "resolvers": self.changed * max(0.0, self.each.requests - 1)}

    @property
    def seconds(self) -> float:
        """The longest of what the quotas and the work itself take."""
        waits = [
            max(0.0, self.needed[bucket] / (quota.requests * self.share) - 1) * quota.seconds
            for bucket, quota in self.quotas.items()
            if bucket in self.needed
        ]
        return max([*waits, self.changed * self.each.seconds / self.at_once])

    def text(self) -> str:
        """The plan for people."""
        source = "what audits cost until now" if self.measured else "a guess: nothing was audited yet"
        unchanged = self.listed - self.changed
        lines = [
            f"{self.listed} repos listed with {self.requests} requests: {unchanged} unchanged, {self.changed} to audit",
            *(
                f"{bucket:<10} about {self.needed[bucket]:,.0f} requests; "
                f"the Hub allows {quota.requests:,} in {quota.seconds} s"
                for bucket, quota in self.quotas.items()
                if bucket in self.needed
            ),
            f"bytes      about {human(int(self.changed * self.each.bytes_fetched))}",
            f"time       about {_time(self.seconds)}",
            f"By {source}.",
        ]
        return "\n".join(lines) + "\n"


async def plan(session: Session, sweeping: Sweeping) -> Plan:
    """List everything, audit nothing."""
    changed = 0
    before = session.client.requests
    async for page in sweeping.changed():
        changed += len(page)
    store = session.tools.store
    usual = None if store is None else await anyio.to_thread.run_sync(store.usual)
    return Plan(
        listed=changed + sweeping.swept.unchanged,
        changed=changed,
        requests=session.client.requests - before,
        each=usual or _GUESS,
        measured=usual is not None,
        quotas=_QUOTAS | session.client.limiter.quotas,
        share=session.config.fetch.share,
        at_once=session.config.sweep.repos,
    )


def _time(seconds: float) -> str:
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 1.5 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"
