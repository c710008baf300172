"""The commands that ask the history; none of them reaches the network."""

from __future__ import annotations

import shutil
import sys
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import click

from audit import __version__, output
from audit.commands import configuration, guarded, open_store, warn_set_aside
from audit.exits import Exit
from audit.output import say
from reports.escape import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from audit.commands import Options


def sql(query: str | None, options: Options, *, name: str | None, listing: bool, parameters: Sequence[str]) -> Exit:
    """`audit sql`."""
    from reports import shipped  # noqa: PLC0415 - beside its only use
    from reports.table import parts  # noqa: PLC0415 - the same

    if (query is None) + (name is None) + (not listing) != 2:
        raise click.UsageError("give one query, or --name NAME of one that ships with the project, or --list")
    given = dict(_parameter(one) for one in parameters)

    def run() -> Exit:
        if listing:
            say(shipped.listing())
            return Exit.OK
        values: dict[str, str | None] = dict(given)
        if name is not None:
            found = shipped.find(name)
            text, values = found.sql, dict.fromkeys(found.parameters) | given
        else:
            text = _standard_input() if query == "-" else str(query)
        store = open_store(configuration(options), options)
        _show(parts(store.paged(text, parameters=values), options.form))
        warn_set_aside(store)
        return Exit.OK

    return guarded(run)


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise click.UsageError(f"--param is written NAME=VALUE, for $NAME in the query; got {text[:60]!r}")
    return name, value


def _show(pieces: Iterable[str]) -> None:
    """Say it once it is whole, for a reader may take his time; by the user's pager where the terminal is too small."""
    with TemporaryFile("w+", encoding="utf-8", errors="surrogatepass", newline="") as whole:
        lines = 0
        for piece in pieces:
            whole.write(piece)
            lines += piece.count("\n")
        whole.seek(0)
        if sys.stdout.isatty() and lines >= shutil.get_terminal_size().lines:
            click.echo_via_pager(whole)
        else:
            for piece in iter(lambda: whole.read(_PIECE), ""):
                say(piece)


def hunt(pattern: str, options: Options, *, kind: str | None, since: Any) -> Exit:
    """`audit hunt`."""
    from reports.hunt import patterns  # noqa: PLC0415 - beside its only use
    from reports.table import parts  # noqa: PLC0415 - the same

    if not pattern.strip("*"):
        raise click.UsageError("name something to look for, such as os.system or torch.hub.*")

    def run() -> Exit:
        store = open_store(configuration(options), options)
        found = store.hunt(pattern, kind=kind, since=since)
        warn_set_aside(store)
        _show(parts(iter([found]), options.form))
        if not options.quiet:
            at = {name: found.columns.index(name) for name in ("blob", "repo")}
            blobs, repos = (len({row[at[name]] for row in found.rows}) for name in ("blob", "repo"))
            others = patterns(pattern)[1:]
            also = f", also as {' and '.join(others)}" if others else ""
            click.echo(f"{blobs} blobs in {repos} repos referenced {visible(pattern)}{visible(also)}", err=True)
        return Exit.OK

    return guarded(run)


def judge(options: Options) -> Exit:
    """`audit judge`."""
    from audit.judging import judge_all  # noqa: PLC0415 - beside its only use
    from audit.pipeline import ruleset  # noqa: PLC0415 - the same
    from audit.session import policy  # noqa: PLC0415 - the same
    from audit.suppress import suppressions  # noqa: PLC0415 - the same

    def run() -> Exit:
        config = configuration(options)
        store, rules_ = open_store(config, options), policy(config)
        count = changed = unread = 0
        for one in judge_all(store, rules_, ruleset(rules_), suppressions(config)):
            count += 1
            changed += one.changed
            unread += bool(one.unread)
            if one.changed:
                click.echo(one.line)
        warn_set_aside(store)
        click.echo(f"{count} audits judged again: {changed} changed, {count - changed} as before", err=True)
        if unread:
            click.echo(f"{unread} of them have files that newer scanners read anew; the next sweep does", err=True)
        return Exit.OK

    return guarded(run)


def _standard_input() -> str:
    """The query that waits there; nothing where it is closed."""
    return sys.stdin.buffer.read().decode(errors="surrogateescape") if sys.stdin is not None else ""


def export(folder: Path, options: Options) -> Exit:
    """`audit export`."""

    def run() -> Exit:
        store = open_store(configuration(options), options)
        store.export(folder)
        warn_set_aside(store)
        return Exit.OK

    return guarded(run)


def trends(by: str, weeks: int, options: Options) -> Exit:
    """`audit trends`."""
    from reports.trend import groups_text, trend_text  # noqa: PLC0415 - beside its only use

    def run() -> Exit:
        store = open_store(configuration(options), options)
        parameters = {"weeks": str(weeks)}
        if by == "severity":
            say(trend_text(store.query(_WEEKLY.format(by="severity"), parameters=parameters)))
        else:
            say(groups_text(store.query(_WEEKLY.format(by=by), parameters=parameters), by))
        warn_set_aside(store)
        return Exit.OK

    return guarded(run)


def report(page: Path, options: Options, *, orgs: tuple[str, ...], repos: tuple[str, ...]) -> Exit:
    """`audit report`."""
    from audit.suppress import suppressions  # noqa: PLC0415 - beside its only use
    from reports.html import as_html  # noqa: PLC0415 - the same
    from reports.overview import Only  # noqa: PLC0415 - the same
    from scanners.registry import RULES  # noqa: PLC0415 - the same

    def run() -> Exit:
        output.check(page, "--html")
        config, only = configuration(options), Only(orgs, repos)
        store = open_store(config, options)
        said = store.overview(suppressions(config), only)
        warn_set_aside(store)
        output.save(as_html(said, RULES, __version__, str(only)), page)
        if not options.quiet:
            about = said["history"][0]
            quiet = f", {about['suppressed']} of them suppressed" if about["suppressed"] else ""
            click.echo(f"{page}: {about['repos']} repos, {about['findings']} findings{quiet}", err=True)
        return Exit.OK

    return guarded(run)


_PIECE = 1 << 20
"""Characters that are written at once."""
_WEEKLY = """
SELECT week, {by}, severity, count(*) AS findings FROM weekly_findings
WHERE week > (SELECT max(week) FROM weeks) - to_days(7 * $weeks::INTEGER) GROUP BY ALL ORDER BY ALL
"""
