"""One blob from its first byte to its facts: fetch and scan by turns until the scanners have seen enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.record import Blob, Problem
from scanners import routing
from scanners.account import Totals
from scanners.scanner import Needs, Read, Stopped
from scanners.source import Span, merge

if TYPE_CHECKING:
    from collections.abc import Callable

    from audit.content import Content
    from audit.pool import Jail

ROUNDS = 64
"""Turns of fetching and scanning before a blob is given up. What is read through needs fewer at any size: each turn
asks for twice as much as the one before."""
STEP = 1 << 20
"""Bytes of a blob that are worth one turn more: formats that lead from part to part, as tar does, skip what is long."""
PATIENCE = 4
"""Deadlines of a single turn that all turns of a blob may take together; to wait for bytes is not counted."""


async def examine(
    content: Content, name: str, jail: Jail, *, full: bool = False, fetched: Callable[[int], None]
) -> Blob:
    """What the scanners say of an open blob; `fetched` is told of bytes as they come in. Raises `CrawlError`."""
    held = merge(routing.first(content.size, name))
    if full:
        fetched(await content.whole())
        held = [Span(0, content.size)]
    else:
        fetched(await content.ensure(held))
    hint = routing.hint(name)
    rounds, seconds = ROUNDS + content.size // STEP, 0.0
    for _ in range(rounds):
        reply = await jail.scan(content.fd, content.size, hint, held)
        if not isinstance(reply.outcome, Needs):
            return _blob(content, hint, reply.outcome, reply.sealed)
        seconds += reply.seconds
        if seconds > PATIENCE * jail.deadline:
            stopped = Stopped("deadline", f"not read to its end in {seconds:.0f} seconds", facts=reply.seen)
            return _blob(content, hint, stopped, reply.sealed)
        more = merge([*held, *reply.outcome.spans])
        if more == held or more[-1].stop > content.size:
            # The child asks for what it was given, or for what there is not: it is not the scanner that speaks.
            stopped = Stopped("bad-reply", "asked for bytes in vain", facts=reply.seen)
            return _blob(content, hint, stopped, reply.sealed)
        fetched(await content.ensure(reply.outcome.spans))
        held = more
    stopped = Stopped("rounds", f"not read to its end in {rounds} rounds", facts=reply.seen)
    return _blob(content, hint, stopped, reply.sealed)


def _blob(content: Content, hint: str, outcome: Read | Stopped, sealed: tuple[str, ...]) -> Blob:
    stopped = Problem(outcome.why, outcome.detail) if isinstance(outcome, Stopped) else None
    account = outcome.account
    if account.examined + account.inert + account.unexplained != content.size:
        account = Totals(0, 0, content.size)
        if stopped is None:
            stopped = Problem("bad-reply", "the byte account does not add up to the file")
    return Blob(
        blob=content.blob,
        hint=hint,
        # What ended before its end may have more readers than were told.
        scanners=routing.MARKS.mark(outcome.readers if isinstance(outcome, Read) else ()),
        size=content.size,
        format=outcome.format or "unknown",
        account=account,
        facts=outcome.facts,
        stopped=stopped,
        sealed=sealed,
    )
