"""The main job: files of one target, fetched, scanned and judged at once, into one `Audit`.

Whatever happens to one file is that file's; what was done is kept when the rest is interrupted.
"""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

import anyio
import anyio.to_thread
import msgspec

from audit import __version__
from audit.content import WrongHashError
from audit.examine import examine
from crawler.errors import CrawlError
from reports.record import Audit, Blob, File, Problem, Stats, Target
from scanners import routing
from scanners.findings import VERDICTS, verdict
from scanners.judge import RULESET, complete, judge
from scanners.rules import names, siblings, surfaces
from scanners.rules.files import WRONG_HASH

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from audit.content import Content
    from audit.met import Key, Met
    from audit.pool import Jail
    from audit.progress import Progress
    from reports.record import HubVerdict
    from reports.store import Store
    from scanners.facts import Fact
    from scanners.findings import Finding, Verdict
    from scanners.rules.policy import Policy


class Job(NamedTuple):
    """One path to audit."""

    path: str
    size: int
    """Bytes as listed; a local file's are known when it is opened."""
    blob: str
    """The content's identity as listed, or "" where it is known only when it is opened."""
    open: Callable[[], Content]
    name: str = ""
    """The file's name, where the path is more than that: an address has a query."""
    hub: tuple[HubVerdict, ...] = ()

    @property
    def hint(self) -> str:
        """What of the name routing takes into account."""
        return routing.hint(self.name or self.path)


class Selection(NamedTuple):
    """Which paths of a target are wanted."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    @property
    def text(self) -> str | None:
        """The selection as it is recorded; None where every path is wanted."""
        parts = [*(f"+{glob}" for glob in self.include), *(f"-{glob}" for glob in self.exclude)]
        return " ".join(parts) or None

    def wants(self, path: str) -> bool:
        """Whether the path is included, or nothing is asked for in particular, and it is not excluded."""
        name = path.rsplit("/", 1)[-1]
        if self.include and not any(fnmatchcase(path, g) or fnmatchcase(name, g) for g in self.include):
            return False
        return not any(fnmatchcase(path, g) or fnmatchcase(name, g) for g in self.exclude)


class Tools(NamedTuple):
    """What every audit of one run shares."""

    jail: Jail
    policy: Policy
    progress: Progress
    troubles: list[str]
    """What went wrong beside the audit itself, such as a full disk, to be told at the end."""
    slots: anyio.CapacityLimiter
    """One for each file in progress, of whatever repo."""
    met: Met
    store: Store | None = None
    full: bool = False
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    """The wall clock; the demo has one of its own, since its history is eight days long."""

    @property
    def ruleset(self) -> str:
        """What an audit's findings depend on."""
        return ruleset(self.policy)


def ruleset(policy: Policy) -> str:
    """The version of rules, policy and scanners together."""
    return f"{RULESET}.{policy.version}.{routing.VERSION}"


class Run:
    """One audit in the making: `audit_files` fills it, `result` reads it at any moment."""

    def __init__(
        self,
        target: Target,
        tools: Tools,
        *,
        requests: Callable[[], int] = lambda: 0,
        requests_before: int | None = None,
        known: Mapping[Key, Blob] | None = None,
    ) -> None:
        self.target, self.tools = target, tools
        self.identity = uuid.uuid4().hex
        self.files: dict[str, File] = {}
        self.blobs: dict[Key, Blob] = {}
        self.bytes_fetched = 0
        self.error: Problem | None = None
        self._known: dict[Key, Blob] = dict(known or {})
        self._requests = requests
        self._requests_before = requests() if requests_before is None else requests_before
        self._started, self._clock = tools.now(), time.monotonic()

    async def audit_files(self, jobs: Sequence[Job], *, listed: Iterable[str] | None = None) -> None:
        """Audit the files, several at a time; `listed` are all paths of the target, where they are known."""
        tools = self.tools
        keys = {(job.blob, job.hint) for job in jobs if job.blob}
        if tools.store is not None and keys and not tools.full:
            self._known |= await recall(tools.store, keys)
        tools.progress.expect(len(jobs), sum(job.size for job in jobs))
        left = iter(jobs)

        async def work() -> None:
            for job in left:
                await self._audit_file(job)

        # A task for each file at a time, not for each file: a repo may have a hundred thousand.
        async with anyio.create_task_group() as group:
            for _ in range(min(len(jobs), int(tools.slots.total_tokens))):
                group.start_soon(work)
        telling = {path: siblings.telling(self.facts(file)) for path, file in self.files.items()}
        self.files |= collided(self.files, telling, listed)

    async def _audit_file(self, job: Job) -> None:
        async with self.tools.slots:
            self.tools.progress.begin(job.path)
            fetched = 0

            def count(amount: int) -> None:
                nonlocal fetched
                fetched += amount
                self.bytes_fetched += amount
                self.tools.progress.fetched(amount)

            try:
                blob, reused = await self._blob(job, count)
            except CrawlError as error:
                self.files[job.path] = skipped(
                    job.path, error.code, str(error), size=job.size, blob=job.blob, fetched=fetched
                )
                if isinstance(error, WrongHashError):
                    wrong = WRONG_HASH.at(f"{WRONG_HASH.title}: {error}")
                    self.files[job.path] = found_more(self.files[job.path], wrong)
            else:
                file = judged(job.path, blob, self.tools.policy, fetched=fetched, reused=reused)
                self.files[job.path] = in_place(file, self.target)
            if job.hub:
                self.files[job.path] = msgspec.structs.replace(self.files[job.path], hub=job.hub)
            self.tools.progress.done(self.files[job.path])

    async def _blob(self, job: Job, count: Callable[[int], None]) -> tuple[Blob, bool]:
        """The facts of a file's content: known, or found out once however many paths carry it."""
        hint = job.hint
        if job.blob:
            async with self.tools.met.turn((job.blob, hint)):
                return await self._blob_once(job, (job.blob, hint), count)
        async with job.open() as content:
            key = (content.blob, hint)
            store = self.tools.store
            if store is not None and not self.tools.full and key not in self._known:
                self._known.update(await recall(store, {key}))
            if known := self._known.get(key) or self.blobs.get(key):
                return known, key in self._known
            self.blobs[key] = await examine(content, job.name or job.path, self.tools.jail, fetched=count)
            return self.blobs[key], False

    async def _blob_once(self, job: Job, key: Key, count: Callable[[int], None]) -> tuple[Blob, bool]:
        if known := self._known.get(key):
            return known, True
        if key in self.blobs:
            return self.blobs[key], False
        met = None if self.tools.full else self.tools.met.get(key)
        if met is not None:
            # It belongs to this audit as well: the one that made it may never be recorded.
            self.blobs[key] = met
            return met, True
        async with job.open() as content:
            blob = await examine(content, job.name or job.path, self.tools.jail, full=self.tools.full, fetched=count)
        self.blobs[key] = blob
        self.tools.met.put(key, blob)
        return blob, False

    def facts(self, file: File) -> tuple[Fact, ...]:
        """The facts of a file of this audit; none of one that was not read."""
        blob = self.blobs.get((file.blob, file.hint)) or self._known.get((file.blob, file.hint))
        return () if blob is None else blob.facts

    def result(self, **about: object) -> Audit:
        """The audit as far as it is; `about` are further fields of `Audit`."""
        files = tuple(sorted(self.files.values(), key=lambda file: file.path))
        worst = max((file.verdict for file in files), key=VERDICTS.index, default="clean")
        whole = self.error is None and all(file.complete for file in files)
        if worst == "clean" and not whole:
            worst = "incomplete"
        fields: dict[str, object] = {
            "audit_id": self.identity,
            "target": self.target,
            "started": self._started,
            "ruleset": self.tools.ruleset,
            "version": __version__,
            "verdict": worst,
            "complete": whole,
            "files": files,
            "blobs": tuple(self.blobs.values()),
            "stats": Stats(
                files=len(files),
                bytes_total=sum(file.size for file in files),
                bytes_fetched=self.bytes_fetched,
                requests=self._requests() - self._requests_before,
                seconds=round(time.monotonic() - self._clock, 3),
            ),
            "error": self.error,
            **about,
        }
        return Audit(**fields)  # type: ignore[arg-type]


async def recall(store: Store, keys: Collection[Key]) -> dict[Key, Blob]:
    """What the history knows of these contents; a scan that was stopped is made again."""
    known = await anyio.to_thread.run_sync(store.known, keys, routing.MARKS.hold)
    return {key: blob for key, blob in known.items() if blob.stopped is None}


def judged(path: str, blob: Blob, policy: Policy, *, fetched: int = 0, reused: bool = False) -> File:
    """A file by the facts of its content."""
    facts: tuple[Fact, ...] = blob.facts
    findings = judge(facts, path=path, format=blob.format, policy=policy)
    whole = blob.stopped is None and complete(facts, blob.account)
    found: Verdict = verdict({finding.severity for finding in findings}, complete=whole)
    return File(
        path=path,
        size=blob.size,
        blob=blob.blob,
        hint=blob.hint,
        format=blob.format,
        verdict=found,
        complete=whole,
        findings=findings,
        bytes_examined=blob.account.examined,
        bytes_inert=blob.account.inert,
        bytes_fetched=fetched,
        reused=reused,
        error=blob.stopped or _why_incomplete(facts, whole=whole),
    )


def found_more(file: File, *findings: Finding) -> File:
    """A file with findings that its content alone does not tell."""
    return _found(file, (*file.findings, *findings))


def in_place(file: File, target: Target) -> File:
    """A file with its findings as they weigh in a repo of its type."""
    if target.type not in {"dataset", "space"}:
        return file
    return _found(file, surfaces.placed(file.findings, file.path, str(target.type), target.id))


def _found(file: File, findings: Iterable[Finding]) -> File:
    every = tuple(findings)
    weight = verdict({finding.severity for finding in every}, complete=file.complete)
    return msgspec.structs.replace(file, findings=every, verdict=weight)


def collided(
    files: Mapping[str, File], telling: Mapping[str, tuple[Fact, ...]], listed: Iterable[str] | None
) -> dict[str, File]:
    """Those of an audit's files, by path, that other files of it make worse than they are alone.

    `telling` are the facts of each that are judged together; `listed` are all paths of the target, where they are
    known.
    """
    known = {path: siblings.Sibling(file.verdict, file.findings, telling.get(path, ())) for path, file in files.items()}
    beside = siblings.judge(known, None if listed is None else frozenset(listed))
    more: dict[str, list[Finding]] = {}
    for path, finding in (*names.collisions(files).items(), *beside):
        more.setdefault(path, []).append(finding)
    return {path: found_more(files[path], *findings) for path, findings in more.items()}


def _why_incomplete(facts: Iterable[Fact], *, whole: bool) -> Problem | None:
    """The first reason why a file is incomplete, for the reader of its one line."""
    from scanners.facts import Unread  # noqa: PLC0415 - beside its only use

    if whole:
        return None
    for fact in facts:
        if isinstance(fact, Unread):
            where = f"{fact.member}: " if fact.member else ""
            return Problem(fact.reason, f"{where}{fact.detail}")
    return Problem("unknown", "bytes that no reader explains")


def skipped(path: str, code: str, message: str, *, size: int = 0, blob: str = "", fetched: int = 0) -> File:
    """A file that could not be examined at all."""
    return File(
        path=path,
        size=size,
        blob=blob,
        hint=routing.hint(path),
        format="unknown",
        verdict="incomplete",
        complete=False,
        bytes_fetched=fetched,
        error=Problem(code, message),
    )
