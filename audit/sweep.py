"""`audit sweep`: every repo of the organisations, one after another; what did not change costs its listing only."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Literal

import anyio
import anyio.to_thread
import click

from audit import __version__
from audit.exits import Exit, exit_code
from audit.hub import audit_listed, open_hub
from audit.session import Session, open_session
from crawler.errors import CrawlError
from reports.errors import StoreError
from reports.record import Audit, Problem, Stats, Sweep, Target

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from audit.commands import Options
    from crawler.hub import Hub, Listed


def sweep(organisations: Sequence[str], options: Options) -> Exit:
    """Sweep, say what was found, and choose the exit code."""
    from audit.commands import configuration  # noqa: PLC0415 - it imports us

    config = configuration(options)
    targets = tuple(organisations) or tuple(config.sweep.targets)
    if not targets:
        raise click.UsageError("name an organisation, or list some under sweep.targets in the configuration")

    async def inside() -> list[Audit]:
        async with open_session(config, options) as session:
            audits = await sweep_all(session, targets)
            if session.tools.troubles:
                raise StoreError(session.tools.troubles[0])
            return audits

    audits = anyio.run(inside)
    fail_on: Any = options.fail_on or config.report.fail_on
    return exit_code(audits, fail_on=fail_on, exit_zero=options.exit_zero)


Status = Literal["running", "complete", "incomplete", "interrupted"]


async def sweep_all(session: Session, targets: Sequence[str]) -> list[Audit]:
    """The audits that this sweep had to make; unchanged repos are counted and passed over."""
    hub = open_hub(session)
    sweep_id, started, before = uuid.uuid4().hex, session.tools.now(), session.client.requests
    audits: list[Audit] = []
    listed = unchanged = 0

    def record(status: Status) -> None:
        """Keep what the sweep is at this moment."""
        if session.tools.store is not None:
            session.tools.store.record_sweep(
                Sweep(
                    sweep_id,
                    started,
                    tuple(targets),
                    session.tools.ruleset,
                    finished=None if status == "running" else session.tools.now(),
                    repos_listed=listed,
                    repos_audited=len(audits),
                    repos_unchanged=unchanged,
                    files_scanned=sum(not file.reused for audit in audits for file in audit.files),
                    bytes_fetched=sum(audit.stats.bytes_fetched for audit in audits),
                    requests=session.client.requests - before,
                    status=status,
                )
            )

    status: Status = "interrupted"
    record("running")
    try:
        for kind in session.config.sweep.types:
            for target in targets:
                async for found in hub.repos(target, type=kind):
                    listed += 1
                    if found.commit and await _recorded(session, found, found.commit):
                        unchanged += 1
                    else:
                        audits.append(await _audit(session, hub, found, sweep_id))
        status = "complete" if all(audit.complete for audit in audits) else "incomplete"
    finally:
        record(status)
    click.echo(f"{listed} repos listed, {len(audits)} audited, {unchanged} unchanged", err=True)
    return audits


async def _recorded(session: Session, found: Listed, commit: str) -> bool:
    """Whether this commit was audited to its end by the present rules and scanners."""
    store = session.tools.store
    if store is None:
        return False
    known = await anyio.to_thread.run_sync(store.audited, found.id, found.type, commit, session.tools.ruleset)
    return known is not None


async def _audit(session: Session, hub: Hub, found: Listed, sweep_id: str) -> Audit:
    """One repo of the sweep; one that cannot be listed is an incomplete audit, and the sweep goes on."""
    before = session.client.requests
    try:
        repo = await hub.repo(found.id, type=found.type)
    except CrawlError as error:
        return Audit(
            audit_id=uuid.uuid4().hex,
            target=Target("repo", found.id, found.type, None, found.commit),
            started=session.tools.now(),
            ruleset=session.tools.ruleset,
            version=__version__,
            verdict="incomplete",
            complete=False,
            files=(),
            blobs=(),
            stats=Stats(requests=session.client.requests - before),
            sweep_id=sweep_id,
            error=Problem(error.code, str(error)),
        )
    return await audit_listed(session, hub, repo, requests_before=before, sweep_id=sweep_id)
