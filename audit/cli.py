"""The command line: parse, call, choose an exit code. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audit import __version__
from audit.exits import Exit
from audit.output import any_letter, complain, silence

if TYPE_CHECKING:
    from collections.abc import Callable

SEVERITY = click.Choice(["low", "medium", "high", "critical"])


def _options(*decorators: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def apply(command: Any) -> Any:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return apply


_database = click.option("--db", type=click.Path(path_type=Path, dir_okay=False), help="The database file.")
_general = _options(
    _database,
    click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="The configuration file."),
    click.option("--quiet", is_flag=True, help="No progress and no hints on standard error."),
    click.option("--verbose", is_flag=True, help="Say more, such as the fingerprints of findings."),
)
_auditing = _options(
    click.option(
        "--format",
        "form",
        type=click.Choice(["text", "json", "sarif", "cyclonedx"]),
        default="text",
        show_default=True,
        help="How the result is written.",
    ),
    click.option(
        "--output", type=click.Path(path_type=Path, dir_okay=False), help="Where to; standard output if not given."
    ),
    click.option("--fail-on", type=SEVERITY, help="Least severity that makes the exit code 1 (high)."),
    click.option("--exit-zero", is_flag=True, help="Exit with 0 where it would be 1."),
    click.option("--include", multiple=True, metavar="GLOB", help="Only these paths; may be repeated."),
    click.option("--exclude", multiple=True, metavar="GLOB", help="Not these paths; may be repeated."),
    click.option(
        "--baseline",
        type=click.Path(path_type=Path, dir_okay=False),
        help="A former JSON result: only what is new counts for the exit code.",
    ),
    click.option("--full", is_flag=True, help="Read every byte and check it against the Hub's hash."),
    click.option("--no-store", is_flag=True, help="Neither use nor write the database."),
    _general,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="audit")
def cli() -> None:
    """What a model repository would do to your machine, said before you download it."""


@cli.command()
@click.argument("repo", metavar="ORG/NAME")
@click.option("--type", "kind", type=click.Choice(["model", "dataset", "space"]), default="model", show_default=True)
@click.option("--revision", help="Branch, tag or commit; the default branch if not given.")
@click.option(
    "--follow",
    type=click.IntRange(0, 8),
    is_flag=False,
    flag_value=1,
    default=0,
    metavar="[DEPTH]",
    help="Audit the repos that its files name as well, and those that they name in turn.",
)
@_auditing
def repo(repo: str, kind: str, revision: str | None, *, follow: int, **options: Any) -> None:
    """Audit one Hub repo at one commit, before anything is downloaded whole."""
    from audit import commands  # noqa: PLC0415 - heavy

    sys.exit(commands.repo(repo, kind, revision, commands.Options(**options), follow=follow))


@cli.command()
@click.argument("repo", metavar="ORG/NAME")
@click.argument("before", metavar="REV1")
@click.argument("after", metavar="REV2")
@click.option("--type", "kind", type=click.Choice(["model", "dataset", "space"]), default="model", show_default=True)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--fail-on", type=SEVERITY, help="Least severity of a finding gained that makes the exit code 1 (high).")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 where it would be 1.")
@_general
def diff(repo: str, before: str, after: str, kind: str, **options: Any) -> None:
    """Say what changed in risk between two revisions of a repo."""
    from audit import commands  # noqa: PLC0415 - heavy

    sys.exit(commands.diff(repo, (before, after), kind, commands.Options(**options)))


@cli.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@_auditing
def path(paths: tuple[str, ...], **options: Any) -> None:
    """Audit files, folders or snapshots of the Hugging Face cache, with no network at all."""
    from audit import commands  # noqa: PLC0415 - heavy

    sys.exit(commands.path(paths, commands.Options(**options)))


@cli.command()
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@_auditing
def url(urls: tuple[str, ...], **options: Any) -> None:
    """Audit files at plain HTTP(S) addresses, in ranges where the server can."""
    from audit import commands  # noqa: PLC0415 - heavy

    sys.exit(commands.url(urls, commands.Options(**options)))


@cli.command()
@click.argument("targets", nargs=-1, metavar="[ORG...]")
@click.option("--fail-on", type=SEVERITY, help="Least severity that makes the exit code 1 (high).")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 where it would be 1.")
@click.option("--plan", is_flag=True, help="Say what it would cost, and audit nothing.")
@click.option("--log", type=click.Choice(["text", "json"]), help="A line for each repo, in place of the progress.")
@click.option("--notify", metavar="URL", help="Where to send a summary as JSON at the end.")
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Where repos are audited: on this machine, or on a Ray cluster.",
)
@click.option("--address", help="Of the cluster, as ray.init takes it (RAY_ADDRESS, else the one on this machine).")
@_general
def sweep(
    targets: tuple[str, ...],
    *,
    plan: bool,
    log: str | None,
    notify: str | None,
    engine: str,
    address: str | None,
    **options: Any,
) -> None:
    """Audit every repo of the organisations; unchanged ones cost nothing.

    A target is an organisation or user, ORG/NAME, collection:OWNER/TITLE-ID, search:WORDS, or top:NUMBER for the most
    downloaded.
    """
    from audit import commands  # noqa: PLC0415 - heavy

    how = {"plan": plan, "log": log, "notify": notify, "engine": engine, "address": address}
    sys.exit(commands.sweep(targets, commands.Options(**options), **how))


_table = click.option(
    "--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True
)


@cli.command()
@click.argument("query", required=False)
@click.option("--list", "listing", is_flag=True, help="The questions that ship with the project.")
@click.option("--name", help="One of these questions.")
@click.option("--param", "parameters", multiple=True, metavar="NAME=VALUE", help="A value for $NAME in the query.")
@_table
@_general
def sql(query: str | None, *, listing: bool, name: str | None, parameters: tuple[str, ...], **options: Any) -> None:
    """Run one read-only SQL query over the history; `-` reads it from standard input."""
    from audit import commands, history  # noqa: PLC0415 - heavy

    chosen = commands.Options(**options)
    sys.exit(history.sql(query, chosen, name=name, listing=listing, parameters=parameters))


@cli.command()
@click.argument("pattern")
@click.option("--kind", metavar="GLOB", help="Only references of this kind, such as pickle.* or tf.op.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only what was audited since this day.")
@_table
@_general
def hunt(pattern: str, *, kind: str | None, since: Any, **options: Any) -> None:
    """Find every blob ever scanned that references something: os.system, torch.hub.*, an op, a layer."""
    from audit import commands, history  # noqa: PLC0415 - heavy

    sys.exit(history.hunt(pattern, commands.Options(**options), kind=kind, since=since))


@cli.command()
@_general
def judge(**options: Any) -> None:
    """Judge all that is stored by the rules of today, without a download, and say what changed."""
    from audit import commands, history  # noqa: PLC0415 - heavy

    sys.exit(history.judge(commands.Options(**options)))


@cli.command()
@click.option("--by", type=click.Choice(["severity", "org", "rule", "format"]), default="severity", show_default=True)
@click.option("--weeks", type=click.IntRange(1, 520), default=26, show_default=True, help="The last so many.")
@_general
def trends(by: str, weeks: int, **options: Any) -> None:
    """Show risk over time: findings a week that stood at its end."""
    from audit import commands, history  # noqa: PLC0415 - heavy

    sys.exit(history.trends(by, weeks, commands.Options(**options)))


@cli.command()
@click.option(
    "--html", "page", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The page to write."
)
@click.option("--org", "orgs", multiple=True, help="Only the repos of this organisation; may be repeated.")
@click.option("--repo", "repos", multiple=True, metavar="ORG/NAME", help="Only this repo; may be repeated.")
@_general
def report(page: Path, *, orgs: tuple[str, ...], repos: tuple[str, ...], **options: Any) -> None:
    """Write the history as one self-contained page."""
    from audit import commands, history  # noqa: PLC0415 - heavy

    sys.exit(history.report(page, commands.Options(**options), orgs=orgs, repos=repos))


@cli.command()
@click.option(
    "--parquet", "folder", required=True, type=click.Path(path_type=Path, file_okay=False), help="The folder to write."
)
@_general
def export(folder: Path, **options: Any) -> None:
    """Write the history as partitioned Parquet; a folder of an earlier export is replaced."""
    from audit import commands, history  # noqa: PLC0415 - heavy

    sys.exit(history.export(folder, commands.Options(**options)))


@cli.command()
@click.argument("rule", required=False)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def rules(rule: str | None, form: str) -> None:
    """List the rules with when each takes effect, an example and what to do, or explain one."""
    from audit import commands  # noqa: PLC0415 - heavy

    sys.exit(commands.rules(rule, form))


@cli.command()
@click.argument("action", type=click.Choice(["info", "prune", "clear"]))
@_general
def cache(action: str, **options: Any) -> None:
    """Show, shrink or empty the block cache."""
    from audit import commands  # noqa: PLC0415 - heavy

    sys.exit(commands.cache(action, commands.Options(**options)))


@cli.command()
@click.option("--serve", is_flag=True, help="Keep the Hub running and say its address.")
def demo(*, serve: bool) -> None:
    """Sweep the small Hub that ships with the project: no network, no account."""
    from audit import commands  # noqa: PLC0415 - heavy

    sys.exit(commands.demo(serve=serve))


def main() -> None:
    """The `audit` command: errors that a user can mend are one line and an exit code."""
    any_letter()
    try:
        cli.main(prog_name="audit", standalone_mode=False)
    except click.exceptions.Abort:  # what click makes of Ctrl-C
        click.echo("audit: interrupted; what was done is stored", err=True)
        sys.exit(Exit.INTERRUPTED)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(Exit.WRONG)
    except click.ClickException as error:
        complain(_one_line(error))
        sys.exit(Exit.WRONG)
    except BrokenPipeError:  # of `--help`, say
        silence()
        sys.exit(Exit.OK)


def _one_line(error: click.ClickException) -> str:
    """What click says of a mistake, and where the right use is written."""
    said = " ".join(error.format_message().split()).rstrip(".")
    context = getattr(error, "ctx", None)
    return f"{said}; see `{context.command_path if context else 'audit'} --help`"
