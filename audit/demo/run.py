"""`audit demo`: two nights of sweeping the Hub that ships with the project, and what they found."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import click
import msgspec

from audit.commands import Options
from audit.config import Config
from audit.demo.content import FIRST_NIGHT, ORGANISATIONS, SECOND_NIGHT, demo_world
from audit.demo.server import LoopbackHub
from audit.exits import Exit
from audit.session import open_session
from audit.sweep import SweepOptions, changes, sweep_all
from reports.store import Store
from reports.table import render
from reports.text import human
from reports.trend import trend_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from audit.sweeping import Swept
    from reports.news import News

_TABLE = """
SELECT repo_id AS repo, path, severity, rule, message
FROM current_findings
ORDER BY list_position(['critical', 'high', 'medium', 'low'], severity), repo_id, path, rule
"""

_VERDICTS = """
SELECT repo_id AS repo, verdict, complete, files, downloads
FROM audits
QUALIFY row_number() OVER (PARTITION BY repo_id ORDER BY audited_at DESC) = 1
ORDER BY downloads DESC
"""

_NEXT = """
Try next:
  {audit} sql --db {database} "SELECT repo_id, rule, severity FROM findings"
  {audit} report --db {database} --html demo.html   # all of it as one page
  {audit} rules               # what is looked for; with a name, one rule explained
  {audit} demo --serve        # keeps this Hub running, to audit it yourself
  {audit} repo ORG/NAME       # any model on the real Hub
  {audit} path FILE_OR_FOLDER # what is already on this machine"""


def demo(*, serve: bool) -> Exit:
    """Sweep the demo Hub as of two nights, show the findings and the trend, and say what to try next."""
    from platformdirs import user_data_path  # noqa: PLC0415 - beside its only use

    folder = user_data_path("hub-audit") / "demo"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with _account_free(), LoopbackHub(demo_world(night=1)) as hub:
        first, _ = _night(hub, folder, FIRST_NIGHT)
        hub.world = demo_world(night=2)
        second, found = _night(hub, folder, SECOND_NIGHT)
        _show(folder, first, second)
        click.echo(changes(found), nl=False)
        click.echo(_NEXT.format(audit=_command(), database=shlex.quote(str(folder / "demo.duckdb"))))
        if serve:
            _serve(hub)
    return Exit.OK


def _config(hub: LoopbackHub, folder: Path) -> Config:
    config = Config()
    return msgspec.structs.replace(
        config,
        hub=msgspec.structs.replace(config.hub, endpoint=hub.endpoint),
        cache=msgspec.structs.replace(config.cache, dir=str(folder / "blocks")),
    )


def _night(hub: LoopbackHub, folder: Path, now: datetime) -> tuple[Swept, News]:
    """One sweep of both organisations, as if it were that night."""

    async def inside() -> tuple[Swept, News]:
        options = Options(db=folder / "demo.duckdb")
        async with open_session(_config(hub, folder), options) as session:
            dated = session._replace(tools=session.tools._replace(now=lambda: now))
            return await sweep_all(dated, ORGANISATIONS, SweepOptions(), quiet=True)

    click.echo(f"Sweeping {' and '.join(ORGANISATIONS)} at {hub.endpoint}, the night of {now:%d %B %Y} …", err=True)
    return anyio.run(inside)


def _show(folder: Path, first: Swept, second: Swept) -> None:
    store = Store(folder / "demo.duckdb")
    click.echo("\nWhat these repos would do on loading, worst first:\n")
    click.echo(render(store.query(_TABLE), "table"), nl=False)
    click.echo("\nVerdicts:\n")
    click.echo(render(store.query(_VERDICTS), "table"), nl=False)
    click.echo("\nFindings a week:\n")
    click.echo(trend_text(store.query("SELECT * FROM trend")), nl=False)
    fetched, total = first.bytes_fetched + second.bytes_fetched, first.bytes_total + second.bytes_total
    click.echo(
        f"\n{first.audited + second.audited} audits read {human(fetched)} of {human(total)}; nothing was loaded."
    )


def _command() -> str:
    """How the reader calls this command from where they are: by name where the shell finds it, else by its path."""
    found = shutil.which("audit")
    if found and Path(found).samefile(sys.argv[0]):
        return "audit"
    return shlex.quote(os.path.relpath(sys.argv[0])) if os.access(sys.argv[0], os.X_OK) else "python -m audit"


def _serve(hub: LoopbackHub) -> None:
    click.echo(
        f"""
The demo Hub is at {hub.endpoint} until you press Ctrl-C. In another terminal:
  HF_ENDPOINT={hub.endpoint} {_command()} repo demo-org/torch-runner
  HF_ENDPOINT={hub.endpoint} {_command()} repo demo-org/clean-classifier --format json"""
    )
    while True:
        time.sleep(3600)


@contextmanager
def _account_free() -> Iterator[None]:
    """The demo needs no account and no network: the user's token and proxies stay out of it."""
    kept = dict(os.environ)
    for name in list(os.environ):
        if name.startswith("HF_") or name.lower().endswith("_proxy"):
            del os.environ[name]
    os.environ["HF_TOKEN_PATH"] = os.devnull
    os.environ["NO_PROXY"] = "*"
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)
