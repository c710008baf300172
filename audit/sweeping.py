"""A sweep under way: listing, fetching, scanning and storing at once, one structured pipeline.

The listing runs ahead by no more than `_AHEAD` repos; what did not change since its last audit ends there, a listing
page at a time. Several repos are in progress at once, and their files share one limit.
"""

from __future__ import annotations

import uuid
from collections import Counter
from contextlib import nullcontext
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

import anyio
import anyio.to_thread

from audit import __version__
from audit.hub import audit_listed, open_hub
from audit.keep import keep
from audit.pipeline import Selection
from audit.suppress import suppressions
from crawler.errors import CrawlError, RepoNotFoundError, RevisionNotFoundError
from crawler.targets import listed, read_target
from reports.errors import StoreBusy, StoreError
from reports.record import Audit, Problem, Stats, Sweep, Target
from reports.store import RepoAt
from reports.suppression import Place, Suppressions, suppressed, worst
from scanners.findings import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

    from audit.session import Session
    from audit.watch import Watch
    from crawler.hub import Hub
    from crawler.repos import Listed, Repo
    from crawler.targets import SweepTarget
    from reports.store import Found, Standing
    from scanners.findings import Severity, Verdict

Status = Literal["running", "complete", "incomplete", "interrupted"]

_AHEAD = 64
_BUSY_PAUSE = 2.0
"""Seconds between two tries while another process uses the database."""


class Auditor(Protocol):
    """What audits a repo whose files are listed, and stores the audit; raises `CrawlError` where it cannot."""

    async def __call__(self, session: Session, hub: Hub, repo: Repo, *, requests_before: int, sweep_id: str) -> Audit:
        """The audit."""
        ...


class Row(NamedTuple):
    """A repo of the sweep that is not clean, in a line."""

    verdict: Verdict
    repo_id: str
    note: str


class Swept:
    """What a sweep has seen so far, in bounded memory: counts, and a line for each repo that is not clean."""

    def __init__(self, accepted: Suppressions) -> None:
        self.accepted = accepted
        self.suppressed = 0
        """Findings that do not count, of all repos."""
        self.audited = self.unchanged = self.files_scanned = self.bytes_fetched = self.bytes_total = 0
        self.verdicts: Counter[Verdict] = Counter()
        self.rows: list[Row] = []
        self.failed: list[str] = []
        """What could not be listed, and why."""
        self.worst: Severity | None = None
        self.complete = True

    @property
    def listed(self) -> int:
        """Repos seen."""
        return self.audited + self.unchanged

    def add(self, audit: Audit) -> int:
        """Take in an audit that was made; how many of its findings are suppressed."""
        self.audited += 1
        self.files_scanned += sum(not file.reused for file in audit.files)
        self.bytes_fetched += audit.stats.bytes_fetched
        self.bytes_total += audit.stats.bytes_total
        said = self.accepted.report(audit)
        note, count = audit.error.message if audit.error else "", len(suppressed(said))
        self._judge(audit.target.id, audit.verdict, worst(said), count, complete=audit.complete, note=note)
        return count

    def keep(self, repo_id: str, standing: Standing, found: Sequence[Found]) -> None:
        """Take in what is known of a repo that did not change; `found` only where something may be suppressed."""
        self.unchanged += 1
        severity, count = standing.severity, 0
        if found:
            left = [one.severity for path, blob, one in found if not self.accepted.why(Place(repo_id, path, blob), one)]
            severity, count = max(left, key=SEVERITIES.index, default=None), len(found) - len(left)
        self._judge(repo_id, standing.verdict, severity, count, complete=standing.complete, note="unchanged")

    def _judge(
        self, repo_id: str, verdict: Verdict, severity: Severity | None, count: int, *, complete: bool, note: str
    ) -> None:
        self.suppressed += count
        self.verdicts[verdict] += 1
        self.complete &= complete
        if severity is not None and (self.worst is None or SEVERITIES.index(severity) > SEVERITIES.index(self.worst)):
            self.worst = severity
        if verdict != "clean":
            quiet = f"{count} suppressed" if count else ""
            self.rows.append(Row(verdict, repo_id, ", ".join(filter(None, (note, quiet)))))


class Sweeping:
    """One sweep: `run` makes it, `swept` is what it has seen."""

    def __init__(self, session: Session, targets: Sequence[str], watch: Watch, auditor: Auditor = audit_listed) -> None:
        self.swept = Swept(suppressions(session.config))
        self.id = uuid.uuid4().hex
        self.started = session.tools.now()
        self.status: Status = "running"
        self._session, self._watch, self._auditor = session, watch, auditor
        self._targets: dict[str, SweepTarget] = {text: read_target(text) for text in targets}
        self._hub = open_hub(session)
        self._config = session.config.sweep
        self._selection = Selection(self._config.include, self._config.exclude)
        self._before = session.client.requests
        self._seen: set[tuple[str, str, str]] = set()

    async def run(self) -> Swept:
        """Everything, in the end recorded; also when it is interrupted."""
        store = self._session.tools.store
        with store.sweeping(self.record("running")) if store is not None else nullcontext():
            status: Status = "incomplete"
            try:
                await self._pipeline()
                if not self.swept.failed and self.swept.complete:
                    status = "complete"
            except (anyio.get_cancelled_exc_class(), KeyboardInterrupt):
                status = "interrupted"
                raise
            finally:
                self.status = status
                if store is not None:
                    try:
                        store.record_sweep(self.record(status))
                    except StoreError as error:
                        # What was found is still to be told.
                        self._session.tools.troubles.append(str(error))
        return self.swept

    async def changed(self) -> AsyncIterator[list[Listed]]:
        """The repos that have to be audited, some at a time; what is known of the others is counted on the way."""
        for text, target in self._targets.items():
            seen = 0
            try:
                async for page in listed(self._hub, target, self._config.types):
                    seen += len(page)
                    yield await self._sift(page)
            except CrawlError as error:
                self.swept.failed.append(f"{text}: {error}")
            else:
                if not seen:
                    self.swept.failed.append(f"{text}: the Hub lists no repo of it; check the name")

    async def _pipeline(self) -> None:
        send, receive = anyio.create_memory_object_stream["Listed"](_AHEAD)
        async with anyio.create_task_group() as group:
            for _ in range(self._config.repos):
                group.start_soon(self._work, receive.clone())
            receive.close()
            await self._list(send)

    async def _list(self, send: MemoryObjectSendStream[Listed]) -> None:
        async with send:
            async for page in self.changed():
                self._watch.expect(len(page))
                for found in page:
                    await send.send(found)

    async def _work(self, receive: MemoryObjectReceiveStream[Listed]) -> None:
        async with receive:
            async for found in receive:
                audit = await self._audit(found)
                self._watch.audited(audit, suppressed=self.swept.add(audit))

    async def _sift(self, page: list[Listed]) -> list[Listed]:
        """Those of a page that were not audited yet as they are now."""
        fresh = []
        for found in [each for one in page for each in await self._revisions(one)]:
            key = (found.type, found.id, found.revision)
            if key not in self._seen and self._selection.wants(found.id):
                self._seen.add(key)
                fresh.append(found)
        known, said = await self._known([at for found in fresh if (at := _at(found))])
        left = []
        for found in fresh:
            at = _at(found)
            if at is not None and (standing := known.get(at)):
                self.swept.keep(found.id, standing, said.get(standing.audit_id, ()))
            else:
                left.append(found)
        self._watch.listed(len(fresh), unchanged=len(fresh) - len(left))
        return left

    async def _revisions(self, found: Listed) -> list[Listed]:
        """The repo at its default branch, and at the further revisions that are asked for."""
        if not self._config.revisions:
            return [found]
        try:
            return [found, *await self._hub.revisions(found, self._config.revisions)]
        except CrawlError as error:
            self.swept.failed.append(f"{found.id}: {error}")
            return [found]

    async def _known(self, repos: list[RepoAt]) -> tuple[dict[RepoAt, Standing], dict[str, list[Found]]]:
        """What is known of these repos, and what their audits found where some of it may be suppressed."""
        store, told = self._session.tools.store, False
        while store is not None:
            try:
                known = await anyio.to_thread.run_sync(store.standing, repos, self._session.tools.ruleset)
                ids = [standing.audit_id for standing in known.values()] if self.swept.accepted.entries else []
                found = await anyio.to_thread.run_sync(store.findings, ids) if ids else {}
            except StoreBusy as busy:
                # To go on without it would audit everything again.
                if not told:
                    self._watch.say(f"waiting: {busy}")
                told = True
                await anyio.sleep(_BUSY_PAUSE)
            else:
                return known, found
        return {}, {}

    async def _audit(self, found: Listed) -> Audit:
        """One repo; one that cannot be listed is an incomplete audit, and the sweep goes on."""
        before = self._session.client.requests
        try:
            try:
                repo = await self._hub.files(found)
            except (RepoNotFoundError, RevisionNotFoundError):
                # It moved on since it was listed: what it is now speaks for it, if it is anything.
                revision = None if found.revision == "main" else found.revision
                repo = await self._hub.repo(found.id, type=found.type, revision=revision)
            if repo.id != found.id:
                await self._lost(found, Problem("renamed", f"is {repo.id} now"), before)
            return await self._auditor(self._session, self._hub, repo, requests_before=before, sweep_id=self.id)
        except CrawlError as error:
            return await self._lost(found, Problem(error.code, str(error)), before)

    async def _lost(self, found: Listed, problem: Problem, requests_before: int) -> Audit:
        """The record of a repo that was listed and could not be looked at."""
        tools = self._session.tools
        audit = Audit(
            audit_id=uuid.uuid4().hex,
            target=Target("repo", found.id, found.type, found.revision, found.commit),
            started=tools.now(),
            ruleset=tools.ruleset,
            version=__version__,
            verdict="incomplete",
            complete=False,
            files=(),
            blobs=(),
            stats=Stats(requests=self._session.client.requests - requests_before),
            sweep_id=self.id,
            error=problem,
        )
        await keep(tools, audit)
        return audit

    def record(self, status: Status) -> Sweep:
        """What the sweep is at this moment."""
        tools, swept = self._session.tools, self.swept
        return Sweep(
            self.id,
            self.started,
            tuple(self._targets),
            tools.ruleset,
            finished=None if status == "running" else tools.now(),
            repos_listed=swept.listed,
            repos_audited=swept.audited,
            repos_unchanged=swept.unchanged,
            files_scanned=swept.files_scanned,
            bytes_fetched=swept.bytes_fetched,
            requests=self._session.client.requests - self._before,
            status=status,
        )


def _at(found: Listed) -> RepoAt | None:
    return RepoAt(found.id, found.type, found.revision, found.commit) if found.commit else None
