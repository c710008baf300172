"""`audit sweep`: every repo of the organisations, one after another; what did not change costs its listing only."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Literal, NamedTuple

import anyio
import anyio.to_thread
import click

from audit import __version__
from audit.exits import Exit, exit_code
from audit.hub import audit_listed, open_hub
from audit.output import complain, say
from audit.session import Session, open_session
from crawler.errors import CrawlError
from crawler.hub import check_author
from reports.errors import StoreError
from reports.escape import visible
from reports.record import Audit, Problem, Stats, Sweep, Target
from scanners.findings import VERDICTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from audit.commands import Options
    from crawler.hub import Hub, Listed
    from reports.store import Standing


def sweep(organisations: Sequence[str], options: Options) -> Exit:
    """Sweep, say what was found, and choose the exit code."""
    from audit.commands import configuration, warn_set_aside  # noqa: PLC0415 - it imports us

    config = configuration(options)
    targets = tuple(organisations) or tuple(config.sweep.targets)
    if not targets:
        raise click.UsageError("name an organisation, or list some under sweep.targets in the configuration")
    for target in targets:
        check_author(target)
    session: Session

    async def inside() -> Swept:
        nonlocal session
        async with open_session(config, options) as session:
            return await sweep_all(session, targets)

    swept = anyio.run(inside)
    say(_summary(swept))
    warn_set_aside(session.tools.store)
    for trouble in session.tools.troubles:
        complain(trouble)
    fail_on: Any = options.fail_on or config.report.fail_on
    code = exit_code(swept.audits, fail_on=fail_on, exit_zero=options.exit_zero, standing=swept.unchanged)
    if code is Exit.FOUND:
        return code
    if session.tools.troubles:
        return Exit.WRONG
    return Exit.INCOMPLETE if code is Exit.OK and not swept.listed else code


Status = Literal["running", "complete", "incomplete", "interrupted"]


class Swept(NamedTuple):
    """What a sweep saw."""

    audits: list[Audit]
    """Those that it had to make."""
    unchanged: list[Standing]
    """What earlier audits said of the other repos."""
    listed: bool
    """Whether every organisation could be listed, and has something."""


class _Sweeping:
    """A sweep under way: what it has seen so far."""

    def __init__(self, session: Session, targets: Sequence[str]) -> None:
        self._session, self._targets = session, tuple(targets)
        self._hub = open_hub(session)
        self._id, self._started, self._before = uuid.uuid4().hex, session.tools.now(), session.client.requests
        self.audits: list[Audit] = []
        self.unchanged: list[str] = []
        """The audits that still speak for their repos."""
        self.failed: list[str] = []

    @property
    def listed(self) -> int:
        """Repos seen."""
        return len(self.audits) + len(self.unchanged)

    async def organisation(self, target: str) -> None:
        """Everything of one organisation; that it cannot be listed is kept to be said, and the others go on."""
        seen = self.listed
        try:
            for kind in self._session.config.sweep.types:
                async for found in self._hub.repos(target, type=kind):
                    if known := await _recorded(self._session, found):
                        self.unchanged.append(known)
                    else:
                        self.audits.append(await _audit(self._session, self._hub, found, self._id))
        except CrawlError as error:
            self.failed.append(f"{target}: {error}")
        else:
            if seen == self.listed:
                self.failed.append(f"{target}: the Hub lists no repo of it; check the name")

    def record(self, status: Status) -> None:
        """Keep what the sweep is at this moment."""
        tools, audits = self._session.tools, self.audits
        if tools.store is not None:
            tools.store.record_sweep(
                Sweep(
                    self._id,
                    self._started,
                    self._targets,
                    tools.ruleset,
                    finished=None if status == "running" else tools.now(),
                    repos_listed=self.listed,
                    repos_audited=len(audits),
                    repos_unchanged=len(self.unchanged),
                    files_scanned=sum(not file.reused for audit in audits for file in audit.files),
                    bytes_fetched=sum(audit.stats.bytes_fetched for audit in audits),
                    requests=self._session.client.requests - self._before,
                    status=status,
                )
            )


async def sweep_all(session: Session, targets: Sequence[str]) -> Swept:
    """The audits that this sweep had to make; what is known of unchanged repos is looked up."""
    run, store = _Sweeping(session, targets), session.tools.store
    standing: list[Standing] = []
    run.record("running")
    status: Status = "incomplete"
    try:
        for target in targets:
            await run.organisation(target)
        if store is not None:
            standing = await anyio.to_thread.run_sync(store.standing, run.unchanged)
        if not run.failed and all(audit.complete for audit in run.audits):
            status = "complete"
    except (anyio.get_cancelled_exc_class(), KeyboardInterrupt):
        status = "interrupted"
        raise
    finally:
        try:
            run.record(status)
        except StoreError as error:
            # What was found is still to be told.
            session.tools.troubles.append(str(error))
    for failure in run.failed:
        complain(failure)
    click.echo(
        f"{run.listed} repos listed, {len(run.audits)} audited, {len(run.unchanged)} unchanged",
        err=True,
    )
    return Swept(run.audits, standing, not run.failed)


def _summary(swept: Swept) -> str:
    """A line for each repo that is not clean, worst first."""
    rows = [(one.verdict, one.repo_id, "unchanged") for one in swept.unchanged]
    rows += [(one.verdict, one.target.id, one.error.message if one.error else "") for one in swept.audits]
    rows.sort(key=lambda row: (-VERDICTS.index(row[0]), row[1]))
    return "".join(
        f"{verdict:<10}  {visible(repo_id)}{f'  {visible(note)}' if note else ''}\n"
        for verdict, repo_id, note in rows
        if verdict != "clean"
    )


async def _recorded(session: Session, found: Listed) -> str | None:
    """The audit of this commit that reached its end, by the present rules and scanners."""
    store = session.tools.store
    if store is None or not found.commit:
        return None
    return await anyio.to_thread.run_sync(store.audited, found.id, found.type, found.commit, session.tools.ruleset)


async def _audit(session: Session, hub: Hub, found: Listed, sweep_id: str) -> Audit:
    """One repo of the sweep; one that cannot be listed is an incomplete audit, and the sweep goes on."""
    before = session.client.requests
    try:
        repo = await hub.repo(found.id, type=found.type)
    except CrawlError as error:
        audit = Audit(
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
        if session.tools.store is not None:
            await anyio.to_thread.run_sync(session.tools.store.record, audit)
        return audit
    return await audit_listed(session, hub, repo, requests_before=before, sweep_id=sweep_id)
