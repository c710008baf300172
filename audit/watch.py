"""What a sweep says of itself while it runs, on standard error."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

import click
import msgspec

from reports.escape import visible
from reports.text import human
from scanners.findings import SEVERITIES

if TYPE_CHECKING:
    from types import TracebackType

    from crawler.client import Client
    from reports.record import Audit
    from scanners.findings import Severity


class Watch:
    """Says nothing: the sweep of a run that is to be quiet."""

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End."""

    def listed(self, count: int, *, unchanged: int) -> None:
        """So many more repos were listed, so many of them are as they were."""

    def expect(self, count: int) -> None:
        """So many more repos are to be audited."""

    def audited(self, audit: Audit, *, suppressed: int = 0) -> None:
        """A repo was audited, and so many of its findings are accepted."""

    def say(self, text: str) -> None:
        """Something that the user should know."""


class Lines(Watch):
    """One line for each repo that is audited."""

    def __init__(self, form: str) -> None:
        self._form = form

    def audited(self, audit: Audit, *, suppressed: int = 0) -> None:
        """A repo was audited, and so many of its findings are accepted."""
        severities = _severities(audit)
        if self._form == "json":
            self._json(
                event="audited",
                repo=audit.target.id,
                type=audit.target.type,
                revision=audit.target.revision,
                commit=audit.target.commit,
                verdict=audit.verdict,
                complete=audit.complete,
                files=audit.stats.files,
                reused=sum(file.reused for file in audit.files),
                bytes_total=audit.stats.bytes_total,
                bytes_fetched=audit.stats.bytes_fetched,
                requests=audit.stats.requests,
                seconds=audit.stats.seconds,
                findings=dict(severities),
                suppressed=suppressed,
                error=audit.error and audit.error.message,
            )
            return
        found = "".join(f", {count} {severity}" for severity, count in severities.items())
        found += f", {suppressed} suppressed" if suppressed else ""
        size = f"{human(audit.stats.bytes_fetched)} of {human(audit.stats.bytes_total)}"
        wrong = f": {audit.error.message}" if audit.error else ""
        self._line(f"{audit.verdict:<10}  {audit.target.id}  {audit.stats.files} files, {size}{found}{wrong}")

    def listed(self, count: int, *, unchanged: int) -> None:
        """So many more repos were listed, so many of them are as they were."""
        if self._form == "json":
            self._json(event="listed", repos=count, unchanged=unchanged)
        elif count:
            self._line(f"listed      {count} repos, {unchanged} unchanged")

    def say(self, text: str) -> None:
        """Something that the user should know."""
        if self._form == "json":
            self._json(event="note", message=text)
        else:
            self._line(text)

    def _line(self, text: str) -> None:
        click.echo(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}  {visible(text)}", err=True)

    def _json(self, **fields: Any) -> None:
        line = msgspec.json.encode({"at": datetime.now(UTC), **fields}).decode()
        click.echo(visible(line), err=True)


class Panel(Watch):
    """A bar, and below it what was met so far, drawn anew all the time on a terminal."""

    def __init__(self, client: Client) -> None:
        from rich.console import Console, Group  # noqa: PLC0415 - only a terminal needs it
        from rich.live import Live  # noqa: PLC0415
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        self._repos = self._unchanged = self._files = self._fetched = self._saved = self._suppressed = 0
        self._found: Counter[Severity] = Counter()
        self._client = client
        self._bar = Progress(
            TextColumn("{task.completed:.0f} of {task.total:.0f} repos"),
            BarColumn(bar_width=20),
            TimeElapsedColumn(),
            TextColumn("left:"),
            TimeRemainingColumn(),
        )
        self._task = self._bar.add_task("", total=0)
        shown = lambda: Group(self._bar, Text(self.state()))  # noqa: E731 - Live calls it for each picture
        self._live = Live(get_renderable=shown, console=Console(stderr=True), transient=True)

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Clear what was drawn."""
        self._live.stop()

    def listed(self, count: int, *, unchanged: int) -> None:
        """So many more repos were listed, so many of them are as they were."""
        self._unchanged += unchanged
        self._repos += count
        self._bar.update(self._task, total=self._repos, advance=unchanged)

    def audited(self, audit: Audit, *, suppressed: int = 0) -> None:
        """A repo was audited, and so many of its findings are accepted."""
        self._files += audit.stats.files
        self._fetched += audit.stats.bytes_fetched
        self._saved += max(0, audit.stats.bytes_total - audit.stats.bytes_fetched)
        self._found += _severities(audit)
        self._suppressed += suppressed
        self._bar.advance(self._task)

    def say(self, text: str) -> None:
        """Something that the user should know."""
        self._live.console.print(visible(text), markup=False, highlight=False)

    def state(self) -> str:
        """What is met so far, in one line."""
        found = ", ".join(
            f"{self._found[severity]} {severity}" for severity in reversed(SEVERITIES) if self._found[severity]
        )
        quota = ", ".join(f"{left:,} {bucket} requests left" for bucket, left in self._client.limiter.left.items())
        parts = [
            f"{self._unchanged:,} unchanged",
            f"{self._files:,} files",
            f"{human(self._fetched)} read, {human(self._saved)} saved",
            found,
            f"{self._suppressed:,} suppressed" if self._suppressed else "",
            quota,
        ]
        return " · ".join(part for part in parts if part)


def _severities(audit: Audit) -> Counter[Severity]:
    found = Counter(finding.severity for file in audit.files for finding in file.findings)
    return Counter({severity: found[severity] for severity in reversed(SEVERITIES) if found[severity]})


def watching(client: Client, *, quiet: bool, log: str | None) -> Watch:
    """How this run is watched: a panel on a terminal, a line a repo elsewhere or where a form of log is named."""
    if quiet:
        return Watch()
    if log is None and sys.stderr.isatty():
        return Panel(client)
    return Lines(log or "text")
