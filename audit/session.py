"""What one run of the command opens and closes: the jail, the cache, the connections, the database."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import anyio
import anyio.to_thread

from audit.config import ConfigError
from audit.met import Met
from audit.output import complain
from audit.pipeline import Selection, Tools
from audit.pool import Jail
from audit.progress import progress
from crawler.cache import Cache
from crawler.client import Client, Settings
from crawler.fetch import Fetcher
from crawler.retry import Policy as RetryPolicy
from reports.store import Store
from scanners.rules.policy import Policy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from audit.commands import Options
    from audit.config import Config, Entry
    from crawler.limits import Limiter


class Session(NamedTuple):
    """The tools of one run."""

    tools: Tools
    selection: Selection
    cache: Cache
    client: Client
    fetcher: Fetcher
    config: Config


def database(config: Config, given: Path | None) -> Path:
    """The database file: the one given, the configured one, or the user's own."""
    from platformdirs import user_data_path  # noqa: PLC0415 - beside its only use

    return given or (Path(config.store.db) if config.store.db else user_data_path("hub-audit") / "audit.duckdb")


def open_cache(config: Config) -> Cache:
    """The block cache of this user."""
    from platformdirs import user_cache_path  # noqa: PLC0415 - beside its only use

    root = Path(config.cache.dir) if config.cache.dir else user_cache_path("hub-audit") / "blocks"
    return Cache(root, limit=int(config.cache.limit * (1 << 30)))


def policy(config: Config) -> Policy:
    """The reviewed policy with the user's own entries; one line names those that have expired, which do nothing."""
    today = datetime.now(UTC).date()
    entries = (*config.policy.allow, *config.policy.deny)
    expired = {entry for entry in entries if entry.expires is not None and entry.expires < today}
    if expired:
        names = ", ".join(sorted(entry.name for entry in expired))
        complain(f"policy: what is said of {names} in the configuration has expired and is not used")

    def current(entries: tuple[Entry, ...]) -> list[tuple[str, str]]:
        return [(entry.name, entry.reason) for entry in entries if entry not in expired]

    try:
        return Policy.default().extended(allow=current(config.policy.allow), deny=current(config.policy.deny))
    except ValueError as error:
        raise ConfigError(f"policy: {error}") from error


@asynccontextmanager
async def open_session(config: Config, options: Options, limiter: Limiter | None = None) -> AsyncIterator[Session]:
    """Everything that an audit needs, closed again in order; `limiter` where the Hub's quotas are shared."""
    retry = RetryPolicy(attempts=config.fetch.attempts, total=config.fetch.wait)
    settings = Settings(
        connect=config.fetch.connect,
        read=config.fetch.read,
        connections=2 * config.fetch.concurrency,
        per_host=config.fetch.per_host,
        share=config.fetch.share,
        retry=retry,
    )
    store = None if options.no_store else Store(database(config, options.db), wait=config.store.wait)
    jail = Jail(
        workers=config.scan.workers or os.cpu_count() or 1,
        deadline=config.scan.deadline,
        memory=config.scan.memory << 20,
        limits=config.scan.limits,
    )
    with progress(quiet=options.quiet) as shown:
        async with jail, Client(settings, limiter) as client:
            if store is not None:
                # Before anything is fetched: hours of work must not end at a file that cannot be written.
                await anyio.to_thread.run_sync(store.check)
            tools = Tools(
                jail=jail,
                policy=policy(config),
                progress=shown,
                troubles=[],
                store=store,
                slots=anyio.CapacityLimiter(config.fetch.concurrency),
                met=Met(),
                full=options.full,
            )
            yield Session(
                tools=tools,
                selection=Selection(options.include, options.exclude),
                cache=open_cache(config),
                client=client,
                fetcher=Fetcher(client, concurrency=config.fetch.concurrency),
                config=config,
            )
