"""`audit sweep`: every repo of the organisations, several at a time; what did not change costs its listing only."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import anyio
import anyio.to_thread
import click
import msgspec

from audit.exits import Exit, tallied
from audit.hub import audit_listed
from audit.output import complain, say
from audit.plan import plan
from audit.progress import Progress
from audit.session import Session, open_session
from audit.suppress import warn_unused
from audit.sweeping import Sweeping
from audit.watch import Watch, watching
from crawler.client import address
from crawler.errors import CrawlError
from crawler.notify import notify
from crawler.targets import read_target
from reports.errors import StoreError
from reports.escape import visible
from reports.news import News
from scanners.findings import VERDICTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from audit.commands import Options
    from audit.config import Config
    from audit.sweeping import Auditor, Swept
    from crawler.limits import Limiter
    from reports.news import Change

_SHOWN = 50
"""Lines of what is new; the history has the rest."""


class SweepOptions(NamedTuple):
    """What `audit sweep` can be told beside what it shares with other commands."""

    plan: bool = False
    log: str | None = None
    notify: str | None = None
    engine: str = "local"
    address: str | None = None


def sweep(targets: Sequence[str], options: Options, how: SweepOptions) -> Exit:
    """Sweep, say what was found, and choose the exit code."""
    from audit.commands import configuration, warn_set_aside  # noqa: PLC0415 - it imports us

    config, given = configuration(options), bool(targets)
    targets = tuple(dict.fromkeys(targets or config.sweep.targets))
    if not targets:
        raise click.UsageError("name an organisation, or list some under sweep.targets in the configuration")
    for target in targets:
        read_target(target)
    if how.notify is not None:
        address(how.notify)
    session: Session

    async def inside(engine: Engine) -> tuple[Swept, str]:
        nonlocal session
        async with open_session(config, options, engine.limiter) as session:
            if how.plan:
                return await _planned(session, targets)
            swept, found = await sweep_all(session, targets, how, quiet=options.quiet, auditor=engine.auditor)
            return swept, _summary(swept) + changes(found)

    with _engine(config, how) as engine:
        swept, text = anyio.run(inside, engine)
    say(text)
    warn_set_aside(session.tools.store)
    if not how.plan:
        warn_unused(swept.accepted, everywhere=swept.complete and not swept.failed and not given)
    for trouble in session.tools.troubles:
        complain(trouble)
    fail_on: Any = options.fail_on or config.report.fail_on
    whole = swept.complete and not swept.failed and swept.listed > 0
    code = tallied(swept.worst, complete=whole, fail_on=fail_on, exit_zero=options.exit_zero)
    if how.plan:
        code = Exit.OK if not swept.failed else Exit.INCOMPLETE
    return Exit.WRONG if session.tools.troubles and code is not Exit.FOUND else code


class Engine(NamedTuple):
    """Where repos are audited, and what keeps the Hub's quotas, if that is not this process alone."""

    auditor: Auditor
    limiter: Limiter | None = None


@contextmanager
def _engine(config: Config, how: SweepOptions) -> Iterator[Engine]:
    if how.engine == "local" or how.plan:
        if how.address is not None and how.engine == "local":
            raise click.UsageError("--address names a cluster; add --engine ray")
        yield Engine(audit_listed)
        return
    from audit.ray_engine import cluster  # noqa: PLC0415 - an extra, which local sweeps do without

    with cluster(config, how.address) as ray:
        yield Engine(ray.audit, ray.limiter)


async def _planned(session: Session, targets: Sequence[str]) -> tuple[Swept, str]:
    sweeping = Sweeping(session, targets, Watch())
    text = (await plan(session, sweeping)).text()
    for failure in sweeping.swept.failed:
        complain(failure)
    return sweeping.swept, text


async def sweep_all(
    session: Session, targets: Sequence[str], how: SweepOptions, *, quiet: bool, auditor: Auditor = audit_listed
) -> tuple[Swept, News]:
    """One sweep, from its first listing to what is new at its end."""
    # Files come and go too fast to be shown: a sweep is watched by its repos.
    session = session._replace(tools=session.tools._replace(progress=Progress()))
    with watching(session.client, quiet=quiet, log=how.log) as watch:
        sweeping = Sweeping(session, targets, watch, auditor)
        swept = await sweeping.run()
    for failure in swept.failed:
        complain(failure)
    also = f"; suppressed findings: {swept.suppressed}" if swept.suppressed else ""
    click.echo(f"{swept.listed} repos listed, {swept.audited} audited, {swept.unchanged} unchanged{also}", err=True)
    found = await _news(session, sweeping)
    if how.notify is not None:
        await _notify(session, sweeping, found, how.notify)
    await anyio.to_thread.run_sync(session.cache.prune)
    return swept, found


async def _news(session: Session, sweeping: Sweeping) -> News:
    """What changed since the last sweep; unknown without a history."""
    if session.tools.store is None:
        return News(None)
    try:
        return await anyio.to_thread.run_sync(session.tools.store.news, sweeping.id, sweeping.swept.accepted)
    except StoreError as error:
        session.tools.troubles.append(str(error))
        return News(None)


async def _notify(session: Session, sweeping: Sweeping, found: News, url: str) -> None:
    record = sweeping.record(sweeping.status)
    document = {
        "schema": "hub-audit/1",
        "event": "sweep",
        **{name: getattr(record, name) for name in record.__struct_fields__},
        "suppressed": sweeping.swept.suppressed,
        "verdicts": sweeping.swept.verdicts,
        "failed": sweeping.swept.failed,
        "since": found.since,
        "changes": found.changes,
    }
    try:
        await notify(url, msgspec.json.encode(document), session.client.settings.retry)
    except CrawlError as error:
        session.tools.troubles.append(f"--notify: {error}")


def _summary(swept: Swept) -> str:
    """A line for each repo that is not clean, worst first."""
    rows = sorted(swept.rows, key=lambda row: (-VERDICTS.index(row.verdict), row.repo_id))
    return "".join(
        f"{row.verdict:<10}  {visible(row.repo_id)}{f'  {visible(row.note)}' if row.note else ''}\n" for row in rows
    )


def changes(found: News) -> str:
    """What is new since the last sweep, worst first."""
    if found.since is None:
        return ""
    since = f"since the sweep of {found.since:%Y-%m-%d %H:%M} UTC"
    if not found.changes:
        return f"\nNothing is new {since}.\n"
    lines = [
        f"{one.change:<8}  {one.severity:<8}  {visible(one.repo)}  {visible(one.path)}"
        f"{f' and {one.places - 1} more' if one.places > 1 else ''}  {one.rule}{_quiet(one)}"
        for one in found.changes[:_SHOWN]
    ]
    if len(found.changes) > _SHOWN:
        lines.append(f"and {len(found.changes) - _SHOWN} more")
    return "\n".join([f"\nNew and resolved {since}:", *lines]) + "\n"


def _quiet(one: Change) -> str:
    """How much of a change is suppressed."""
    if not one.suppressed:
        return ""
    return "  suppressed" if one.suppressed == one.places else f"  {one.suppressed} of {one.places} suppressed"
