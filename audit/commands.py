"""What each command does, from parsed options to an exit code."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import click
import msgspec

from audit import output
from audit.exits import Exit, tallied
from audit.output import complain, say

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from audit.config import Config
    from reports.record import Audit, TargetKind
    from reports.store import Store
    from reports.suppression import Reported


class Options(msgspec.Struct, frozen=True):
    """The options that commands share, as the command line gives them."""

    form: str = "text"
    output: Path | None = None
    fail_on: str | None = None
    exit_zero: bool = False
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    baseline: Path | None = None
    full: bool = False
    no_store: bool = False
    db: Path | None = None
    config: Path | None = None
    quiet: bool = False
    verbose: bool = False


def repo(repo_id: str, kind: str, revision: str | None, options: Options, *, follow: int = 0) -> Exit:
    """`audit repo`."""
    if revision == "":
        raise click.UsageError("--revision is empty; name a branch, a tag or a commit")
    from audit import hub  # noqa: PLC0415 - the real client is heavy

    def run(session: Any) -> Awaitable[Audit]:
        return hub.audit_repo(session, repo_id, kind, revision, follow)

    return _audit("repo", options, run, repo_id=repo_id)


def diff(repo_id: str, revisions: tuple[str, str], kind: str, options: Options) -> Exit:
    """`audit diff`."""
    from audit.difference import Difference, audit_difference  # noqa: PLC0415 - the real client is heavy
    from audit.session import Session, open_session  # noqa: PLC0415 - the same

    if not all(revisions):
        raise click.UsageError("a revision is empty; name a branch, a tag or a commit")

    def run() -> Exit:
        config = configuration(options)
        session: Session

        async def inside() -> Difference:
            nonlocal session
            async with open_session(config, options) as session:
                return await audit_difference(session, repo_id, kind, revisions)

        found = anyio.run(inside)
        say(found.json() + "\n" if options.form == "json" else found.text())
        warn_set_aside(session.tools.store)
        for trouble in session.tools.troubles:
            complain(trouble)
        fail_on: Any = options.fail_on or config.report.fail_on
        return tallied(found.worst, complete=found.complete, fail_on=fail_on, exit_zero=options.exit_zero)

    return guarded(run)


def path(paths: Sequence[str], options: Options) -> Exit:
    """`audit path`."""
    from audit.paths import audit_paths  # noqa: PLC0415 - beside its only use

    for given in paths:
        if wrong := _no_path(given):
            complain(wrong)
            return Exit.WRONG
    return _audit("path", options, lambda session: audit_paths(session, [Path(given) for given in paths]))


def _no_path(given: str) -> str | None:
    """Why there can be nothing at this path; one that may not be looked at is an incomplete audit instead."""
    if not given:
        return "a path is empty; `.` is the folder you are in"
    try:
        os.lstat(given)
    except PermissionError:
        return None
    except (FileNotFoundError, NotADirectoryError):
        return f"{given}: no such file or folder"
    except OSError as error:
        # Its letters tell apart a name that is too long from others, not the whole of it.
        return f"{given[:60]}: {(error.strerror or str(error)).lower()}"
    return None


def url(urls: Sequence[str], options: Options) -> Exit:
    """`audit url`."""
    from audit import plain  # noqa: PLC0415 - beside its only use

    def addresses() -> None:
        for given in urls:
            plain.check(given)

    return _audit("url", options, lambda session: plain.audit_urls(session, urls), check=addresses)


def demo(*, serve: bool) -> Exit:
    """`audit demo`."""
    from audit.demo import run  # noqa: PLC0415 - heavy

    return guarded(lambda: run.demo(serve=serve))


def sweep(targets: Sequence[str], options: Options, **how: Any) -> Exit:
    """`audit sweep`."""
    from audit.sweep import SweepOptions  # noqa: PLC0415 - the real client is heavy
    from audit.sweep import sweep as run  # noqa: PLC0415 - the same

    return guarded(lambda: run(targets, options, SweepOptions(**how)))


def rules(rule: str | None, form: str = "text") -> Exit:
    """`audit rules`."""
    from audit.suppress import unknown_rule  # noqa: PLC0415 - beside its only use
    from reports.rules import as_json, explain, listing  # noqa: PLC0415 - beside its only use
    from scanners.registry import RULES  # noqa: PLC0415 - as above

    if rule is not None and (unknown := unknown_rule(rule)):
        complain(unknown)
        return Exit.WRONG
    chosen = [one for one in RULES if rule in {None, one.id}]
    say(as_json(chosen) if form == "json" else listing(chosen) if rule is None else explain(chosen[0]))
    return Exit.OK


def cache(action: str, options: Options) -> Exit:
    """`audit cache`."""
    from audit.session import open_cache  # noqa: PLC0415 - beside its only use
    from reports.text import human  # noqa: PLC0415 - as above

    def run() -> Exit:
        blocks = open_cache(configuration(options))
        if action == "info":
            info = blocks.info()
            click.echo(f"{info.root}\n{info.entries} blobs, {human(info.bytes)} of at most {human(info.limit)}")
        else:
            freed = blocks.prune() if action == "prune" else blocks.clear()
            click.echo(f"{human(freed)} freed")
        return Exit.OK

    return guarded(run)


# --- what they share ---------------------------------------------------------------------------------------------


def configuration(options: Options) -> Config:
    """The configuration of this run: the file named, or the user's own; never one in an audited folder."""
    from audit.config import load  # noqa: PLC0415 - beside its only use

    return load(options.config)


def open_store(config: Config, options: Options) -> Store:
    """The database of this run; nothing is opened before it is used."""
    from audit.session import database  # noqa: PLC0415 - beside its only use
    from reports.store import Store  # noqa: PLC0415 - as above

    return Store(database(config, options.db), wait=config.store.wait)


def _audit(
    kind: TargetKind,
    options: Options,
    run: Callable[[Any], Awaitable[Audit]],
    check: Callable[[], None] | None = None,
    repo_id: str | None = None,
) -> Exit:
    """Run one audit in a session, write it out, and say how it ended."""
    from audit.session import Session, open_session  # noqa: PLC0415 - beside its only use
    from audit.suppress import read_baseline, suppressions, warn_unused  # noqa: PLC0415 - the same
    from reports.suppression import worst  # noqa: PLC0415 - the same

    def run_it() -> Exit:
        config = configuration(options)
        if options.output is not None:
            output.check(options.output)
        if check is not None:
            check()
        known = options.baseline and read_baseline(options.baseline, kind, repo_id)
        accepted = suppressions(config, known or ())
        session: Session

        async def inside() -> Audit:
            nonlocal session
            async with open_session(config, options) as session:
                return await run(session)

        audit = anyio.run(inside)
        if audit.selection is not None and not audit.files and audit.error is None:
            session.tools.troubles.append("no file is left by --include and --exclude; check the patterns")
        fail_on: Any = options.fail_on or config.report.fail_on
        said = accepted.report(audit)
        code = tallied(worst(said), complete=audit.complete, fail_on=fail_on, exit_zero=options.exit_zero)
        if session.tools.troubles and code is not Exit.FOUND:
            code = Exit.WRONG
        write(audit, said, options, code)
        warn_set_aside(session.tools.store)
        warn_unused(accepted)
        for trouble in session.tools.troubles:
            complain(trouble)
        return code

    return guarded(run_it)


def write(audit: Audit, said: Sequence[Reported], options: Options, code: Exit) -> None:
    """Write an audit, whose findings are `said` and which ends with `code`, where and how the options say."""
    from reports.document import as_json  # noqa: PLC0415 - beside its only use
    from reports.text import as_text  # noqa: PLC0415 - as above
    from scanners.registry import RULES  # noqa: PLC0415 - as above

    terminal = options.output is None and sys.stdout.isatty()
    known = {rule.id: rule for rule in RULES}
    if options.form == "json":
        document = as_json(audit, said)
    elif options.form == "sarif":
        from reports.sarif import as_sarif, left_out  # noqa: PLC0415 - beside its only use

        document = as_sarif(audit, said, RULES, exit_code=code)
        if count := left_out(audit):
            complain(f"{count} findings are left out: code scanning takes no more in a log; --format json has all")
    elif options.form == "cyclonedx":
        from reports.cyclonedx import as_cyclonedx  # noqa: PLC0415 - its library is heavy

        document = as_cyclonedx(audit, said, known)
    else:
        width = None if terminal else 100
        document = as_text(audit, said, known, width=width, colour=terminal, verbose=options.verbose)
    if options.output is None:
        say(document)
    else:
        output.save(document, options.output)


def guarded(run: Callable[[], Exit]) -> Exit:
    """Run a command; errors that a user can mend become one line and their exit code."""
    from audit.config import ConfigError  # noqa: PLC0415 - beside its only use
    from audit.suppress import BaselineError  # noqa: PLC0415 - the same
    from crawler.errors import BadTargetError, BadUrlError, CrawlError, NotARepoIdError  # noqa: PLC0415 - as above
    from reports.errors import QueryError, StoreError  # noqa: PLC0415 - as above

    try:
        try:
            return run()
        except BaseExceptionGroup as group:
            # Tasks raise in groups; what a user can mend is one error among them.
            raise _leaf(group) from group
    except (ConfigError, BaselineError, QueryError, StoreError, NotARepoIdError, BadTargetError, BadUrlError) as error:
        complain(str(error))
        return Exit.WRONG
    except CrawlError as error:
        complain(str(error))
        return Exit.INCOMPLETE
    except BrokenPipeError:
        raise
    except OSError as error:
        # An output file that cannot be written, a full disk: the command as given cannot be carried out.
        complain(f"{error.filename or 'input/output'}: {error.strerror or error}")
        return Exit.WRONG


def _leaf(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error of a group that is no group itself."""
    first = group.exceptions[0]
    return _leaf(first) if isinstance(first, BaseExceptionGroup) else first


def warn_set_aside(store: Store | None) -> None:
    """Say that recorded audits could not be read back, and where they are."""
    for path in store.set_aside if store is not None else ():
        complain(f"a recorded audit cannot be read and was set aside as {path}; the others are stored")
