"""The repos that an audited repo names: asked about once each, and with `--follow` audited themselves.

Level by level: what one level names is asked about at once, then audited at once at the commit that the name stands
for. What is found is told upwards at the end, from the last level to the first.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import anyio

from audit.output import complain
from audit.pipeline import found_more
from crawler.errors import CrawlError, DisabledError, RepoNotFoundError, RevisionNotFoundError
from reports.record import Problem
from scanners.rules import others

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from audit.pipeline import Run
    from crawler.hub import Hub
    from crawler.repos import Repo, RepoType
    from scanners.findings import Finding
    from scanners.rules.others import Named

MOST = 64
"""Repos that one run asks about, and follows."""
_SLACK = timedelta(days=1)
"""A repo that is made on the day of the commit that names it was made along with it."""


class Graph:
    """What one run has learned of repos beside its own.

    `begin` opens a repo's audit, which is stored when its context ends, and `fill` audits its files.
    """

    def __init__(
        self,
        hub: Hub,
        begin: Callable[[Repo], AbstractAsyncContextManager[Run]],
        fill: Callable[[Run, Repo], Awaitable[None]],
    ) -> None:
        self._hub, self._begin, self._fill = hub, begin, fill
        self._answers: dict[Named, Repo | CrawlError] = {}
        self._runs: dict[tuple[str, str, str], Run] = {}
        self._met: set[tuple[str, str, str]] = set()
        self._named: dict[str, dict[Named, dict[str, bool]]] = {}
        self._told = False

    async def grow(self, run: Run, repo: Repo, depth: int) -> None:
        """Ask about what a repo names, and add to its findings; audit it as well, to that depth."""
        async with AsyncExitStack() as stack:
            order = [(run, repo)]
            self._runs[_place(repo)] = run
            self._met.add(_place(repo))
            level = order[:]
            for distance in range(depth + 1):
                if left := await self._ask([name for each, _ in level for name in self._names(each)]):
                    self._cut_short(
                        run, f"names more than {MOST} repositories: {left} are not looked at", follow=depth > 0
                    )
                for each, where in level:
                    self._compare(each, where, run, follow=depth > 0)
                if distance < depth:
                    level = await self._audit([name for each, _ in level for name in self._names(each)], stack, run)
                    order += level
            for each, _ in reversed(order):
                self._tell(each)

    async def _ask(self, names: list[Named]) -> int:
        """Ask about those that are new, each once, all at once; how many are too many."""
        new = [name for name in dict.fromkeys(names) if name not in self._answers]
        room = max(0, MOST - len(self._answers))

        async def one(name: Named) -> None:
            try:
                kind = cast("RepoType", name.type)
                self._answers[name] = await self._hub.seen(name.id, type=kind, revision=name.revision)
            except CrawlError as error:
                self._answers[name] = error

        async with anyio.create_task_group() as group:
            for name in new[:room]:
                group.start_soon(one, name)
        return len(new[room:])

    def _compare(self, run: Run, repo: Repo, first: Run, *, follow: bool) -> None:
        """What the Hub's answers about the names in a repo's files find."""
        changed = {file.path: file.changed for file in repo.files}
        for name, paths in self._names(run).items():
            answer = self._answers.get(name)
            if isinstance(answer, RepoNotFoundError | RevisionNotFoundError | DisabledError):
                for path, code in paths.items():
                    _add(run, path, others.missing(name, code=code, text=_is_text(run, path)))
            elif isinstance(answer, CrawlError):
                self._cut_short(first, f"{name.id} could not be asked about: {answer}", follow=follow)
            elif answer is not None and answer.id != run.target.id:
                for path in paths:
                    for finding in _differences(name, answer, run, path, changed.get(path)):
                        _add(run, path, finding)

    async def _audit(self, names: list[Named], stack: AsyncExitStack, first: Run) -> list[tuple[Run, Repo]]:
        """Audit the repos behind these names that no other name has led to."""
        level: list[tuple[Run, Repo]] = []

        async def one(repo: Repo) -> None:
            try:
                listed = await self._hub.with_files(repo)
            except CrawlError as error:
                self._cut_short(first, f"{repo.id} could not be audited: {error}", follow=True)
                return
            run = await stack.enter_async_context(self._begin(listed))
            self._runs[_place(repo)] = run
            level.append((run, listed))
            await self._fill(run, listed)

        async with anyio.create_task_group() as group:
            for name in dict.fromkeys(names):
                repo = self._answers.get(name)
                if repo is not None and not isinstance(repo, CrawlError) and _place(repo) not in self._met:
                    self._met.add(_place(repo))
                    group.start_soon(one, repo)
        return level

    def _tell(self, run: Run) -> None:
        """Add to each file what was found in the repos that it names."""
        for name, paths in self._names(run).items():
            repo = self._answers.get(name)
            other = None if repo is None or isinstance(repo, CrawlError) else self._runs.get(_place(repo))
            if other is None or other is run:
                continue
            if other.error is not None or not all(file.complete for file in other.files.values()):
                run.error = run.error or Problem("follow", f"{other.target.id} could not be examined to its end")
            found = [(file.path, finding) for file in other.files.values() for finding in file.findings]
            for path in paths:
                for finding in others.reached(other.target.id, other.target.commit or "", found):
                    _add(run, path, finding)

    def _cut_short(self, run: Run, why: str, *, follow: bool) -> None:
        """Say that something was not looked at: `--follow` asked for it; without, one line tells the user of it."""
        if follow:
            run.error = run.error or Problem("follow", why)
        elif not self._told:
            self._told = True
            complain(why)

    def _names(self, run: Run) -> dict[Named, dict[str, bool]]:
        """The other repos that a repo names, found once its files are audited."""
        if run.identity not in self._named:
            self._named[run.identity] = _names(run)
        return self._named[run.identity]


def _place(repo: Repo) -> tuple[str, str, str]:
    return repo.type, repo.id, repo.commit


def _names(run: Run) -> dict[Named, dict[str, bool]]:
    """The other repos that a repo names, each with the paths that name it, and whether these ask for its code."""
    found: dict[Named, dict[str, bool]] = {}
    for path, file in run.files.items():
        for name, code in others.named(run.facts(file)).items():
            if name.id.casefold() != run.target.id.casefold() and not _own(name, run):
                found.setdefault(name, {})[path] = code
    return found


def _own(name: Named, run: Run) -> bool:
    """Whether it is a folder of the repo itself that is named."""
    return any(path.startswith(f"{name.id}/") for path in run.files)


def _differences(name: Named, repo: Repo, run: Run, path: str, changed: datetime | None) -> Iterator[Finding]:
    text = _is_text(run, path)
    if (moved := others.moved(name, repo.id, text=text)) is not None:
        yield moved
    made = repo.created_at
    own = name.id.partition("/")[0].casefold() == run.target.id.partition("/")[0].casefold()
    if made is not None and changed is not None and made > changed + _SLACK and not own:
        yield others.later(name, f"{made:%Y-%m-%d}", f"{changed:%Y-%m-%d}", text=text)


def _is_text(run: Run, path: str) -> bool:
    """Whether it is a program or a text for people that names something, and no loader reads the name."""
    return run.files[path].format.startswith(("python", "notebook", "markdown"))


def _add(run: Run, path: str, finding: Finding) -> None:
    run.files[path] = found_more(run.files[path], finding)
