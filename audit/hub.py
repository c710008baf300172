"""`audit repo`: one Hub repo at one commit."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

import anyio.to_thread

from audit.content import RemoteContent
from audit.follow import Graph
from audit.keep import keeping
from audit.pipeline import Job, Run, found_more, skipped
from crawler.errors import BadUrlError
from crawler.hub import Hub
from reports.record import HubVerdict, Target
from scanners.rules import surfaces
from scanners.rules.files import pointed, submodule

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from audit.content import Content
    from audit.met import Key
    from audit.session import Session
    from crawler.repos import Repo, RepoFile, RepoType
    from reports.record import Audit, Blob


def open_hub(session: Session) -> Hub:
    """The Hub that the environment or the configuration names."""
    try:
        return Hub(session.client, endpoint=session.config.hub.endpoint)
    except BadUrlError as error:
        raise BadUrlError(f"hub.endpoint or HF_ENDPOINT: {error}") from error


async def audit_repo(session: Session, repo_id: str, kind: str, revision: str | None, follow: int = 0) -> Audit:
    """One audit of a repo, and of those that it names to the depth `follow`.

    Raises `CrawlError` where the repo itself cannot be listed.
    """
    hub = open_hub(session)
    before = session.client.requests
    repo = await hub.repo(repo_id, type=cast("RepoType", kind), revision=revision)
    graph = Graph(
        hub,
        lambda other: _begun(session, other, session.client.requests),
        lambda run, other: _fill(session, hub, run, other),
    )
    return await audit_listed(
        session, hub, repo, requests_before=before, then=lambda run: graph.grow(run, repo, follow)
    )


async def audit_listed(
    session: Session,
    hub: Hub,
    repo: Repo,
    *,
    requests_before: int,
    sweep_id: str | None = None,
    known: Mapping[Key, Blob] | None = None,
    then: Callable[[Run], Awaitable[None]] | None = None,
) -> Audit:
    """One audit of a repo whose files are listed, and what `then` adds to it.

    `known` is what the history knows of the files, where it is elsewhere.
    """
    async with _begun(session, repo, requests_before, sweep_id=sweep_id, known=known) as run:
        await _fill(session, hub, run, repo)
        if then is not None:
            await then(run)
    about = _about(session, repo, sweep_id)
    audit = run.result(**about)
    if sweep_id is not None:
        return audit
    await anyio.to_thread.run_sync(session.cache.prune)
    if audit.verdict in {"malicious", "suspicious"} and session.tools.store is not None:
        safe = await anyio.to_thread.run_sync(session.tools.store.safe_revision, repo.id, repo.type)
        audit = run.result(**about, safe_revision=safe)
    return audit


@asynccontextmanager
async def _begun(
    session: Session,
    repo: Repo,
    requests_before: int,
    *,
    sweep_id: str | None = None,
    known: Mapping[Key, Blob] | None = None,
) -> AsyncIterator[Run]:
    """An audit that is stored when the block ends."""
    run = Run(
        Target("repo", repo.id, repo.type, repo.revision, repo.commit),
        session.tools,
        requests=lambda: session.client.requests,
        requests_before=requests_before,
        known=known,
    )
    async with keeping(run, **_about(session, repo, sweep_id)):
        yield run


def _about(session: Session, repo: Repo, sweep_id: str | None) -> dict[str, object]:
    return {
        "sweep_id": sweep_id,
        "downloads": repo.downloads,
        "likes": repo.likes,
        "last_modified": repo.last_modified,
        "selection": session.selection.text,
    }


async def _fill(session: Session, hub: Hub, run: Run, repo: Repo) -> None:
    """Audit the files of a repo that are wanted."""

    def job(file: RepoFile, program: str | None = None) -> Job:
        def content() -> Content:
            return RemoteContent(file.blob, hub.remote(repo, file), session.cache, session.fetcher)

        said = tuple(HubVerdict(one.scanner, one.status, one.message, one.version) for one in file.said)
        # What a Space starts is read as a program whatever it is called.
        name = f"{file.path}.py" if file.path == program else ""
        return Job(file.path, file.size, file.blob, content, name, said)

    wanted = [file for file in repo.files if session.selection.wants(file.path)]
    for file in wanted:
        if file.strange:
            nothing = skipped(file.path, "no-file", "neither a file nor a folder; a submodule?")
            run.files[file.path] = found_more(nothing, submodule())
    program = None
    if repo.type == "space":
        await run.audit_files([job(file) for file in wanted if file.path == "README.md"])
        card = run.files.get("README.md")
        program = surfaces.app(run.facts(card)) if card else None
    left = [job(file, program) for file in wanted if not file.strange and file.path not in run.files]
    await run.audit_files(left, listed=[file.path for file in repo.files])
    for file in wanted:
        if file.pointer:
            run.files[file.path] = found_more(run.files[file.path], pointed(file.pointer))
    if program in run.files:
        run.files[program] = found_more(run.files[program], surfaces.disguised(program))
