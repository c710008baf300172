"""What is on the Hub: repos, and the files of a repo at one commit, as the Hub's own client lists them.

`huggingface_hub.HfApi` runs in worker threads. Its requests come back to the one `Client` (`_Session`), so that its
listing and our reading share connections, quotas, retries, counters and the rule of who sees the token; it also
could neither be cancelled nor be told when a server falls silent.
"""

from __future__ import annotations

import os
import re
from contextvars import ContextVar
from functools import cache, partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar, get_args
from urllib.parse import quote, quote_plus

import anyio.from_thread
import anyio.to_thread
import httpx2
import msgspec

from crawler.client import Client, Home, address, offline_mode
from crawler.errors import (
    CrawlError,
    DisabledError,
    NotARepoIdError,
    OfflineError,
    UntrueListingError,
    clipped,
    of_hub,
    offline,
)
from crawler.remote import Remote
from crawler.repos import Listed, Query, Repo, RepoFile, RepoType, Revisions
from crawler.tree import Tree

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator

    from huggingface_hub import HfApi

T = TypeVar("T")

DEFAULT_ENDPOINT = "https://huggingface.co"
PAGE_LIMIT = 64 * 1024 * 1024
"""Bytes of the longest answer of the API: a page of a thousand files is a few hundred kilobytes."""
PAGES = 10_000
"""Pages of one listing, a thousand files or several hundred repos each, after which a cursor is taken for a loop."""
REPEATS = 1_000
"""Repos listed again in a row, after which a listing is taken for a loop."""

_COMMIT = re.compile(r"[0-9a-f]{40}", re.ASCII)
_BATCH = 100


class _Call:
    """One call of HfApi: what its requests have in common.

    `begins` is the first byte of every answer. HfApi would take an object for an empty list, and an empty list of
    files would make a repo clean.
    """

    def __init__(self, client: Client, home: Home, begins: bytes) -> None:
        self.client = client
        self.home = home
        self.begins = begins
        self.asked: set[str] = set()


_CALL: ContextVar[_Call | None] = ContextVar("_CALL", default=None)


class Hub:
    """The Hub at one endpoint, seen with one token.

    `endpoint` None is what HF_ENDPOINT says, else the public Hub. `token` None is HF_TOKEN or the stored login,
    False is none at all.
    """

    def __init__(self, client: Client, *, endpoint: str | None = None, token: str | bool | None = None) -> None:
        from huggingface_hub import HfApi, get_token  # noqa: PLC0415 - `audit --help` does without it

        _install()
        self.endpoint = (endpoint or os.environ.get("HF_ENDPOINT") or DEFAULT_ENDPOINT).rstrip("/")
        address(self.endpoint)
        known = get_token() if token is None or token is True else token
        self.home = Home(self.endpoint, known or None)
        self._client = client
        # The token is not given to HfApi: the client adds it where it belongs.
        self._api: HfApi = HfApi(endpoint=self.endpoint, token=False, library_name="hub-audit")

    @property
    def requests(self) -> int:
        """Requests sent by the client that this Hub is asked through."""
        return self._client.requests

    async def repo(self, repo_id: str, *, type: RepoType = "model", revision: str | None = None) -> Repo:  # noqa: A002 - the contract's word
        """A repo with all its files at the commit that `revision` (None: the default branch) stands for now."""
        return await self.with_files(await self.seen(repo_id, type=type, revision=revision))

    async def seen(self, repo_id: str, *, type: RepoType = "model", revision: str | None = None) -> Repo:  # noqa: A002 - the contract's word
        """The same without its files, at one request."""
        check_id(repo_id)
        what = repo_id if revision is None else f"{repo_id}@{clipped(revision)}"
        if offline_mode():
            raise offline(what)
        ask: Callable[[], Any] = partial(self._api.repo_info, repo_id, repo_type=type, revision=revision)
        if type == "model":  # What the API says for models only, and at no cost.
            ask = partial(self._api.model_info, repo_id, revision=revision, securityStatus=True)
        info = await self._ask(what, ask, _Call(self._client, self.home, b"{"))
        commit = str(getattr(info, "sha", None))
        if _COMMIT.fullmatch(commit) is None:
            raise UntrueListingError(f"{what}: the Hub names no commit, but {clipped(commit)!r}")
        if getattr(info, "disabled", None) is True:
            raise DisabledError(f"{what} is disabled by the Hub: its files cannot be read by anyone")
        status = getattr(info, "security_repo_status", None)
        return Repo(
            id=check_id(str(info.id)),
            requested=repo_id,
            type=type,
            revision=revision or "main",
            commit=commit,
            files=(),
            downloads=_count(info, "downloads"),
            likes=_count(info, "likes"),
            last_modified=getattr(info, "last_modified", None),
            gated=str(getattr(info, "gated", None) or ""),
            private=getattr(info, "private", None) is True,
            created_at=getattr(info, "created_at", None),
            scanned=not (isinstance(status, dict) and status.get("scansDone") is False),
        )

    async def with_files(self, repo: Repo) -> Repo:
        """A repo with all its files."""
        tree = partial(self._tree, repo.id, repo.type, repo.commit, repo.scanned)
        files = await self._ask(repo.requested, tree, _Call(self._client, self.home, b"["))
        return msgspec.structs.replace(repo, files=files)

    async def pages(self, query: Query, *, type: RepoType = "model") -> AsyncIterator[list[Listed]]:  # noqa: A002 - the contract's word
        """The repos that a query is answered with, some at a time: 100 of them, as few requests as there are pages."""
        what = query.text
        if offline_mode():
            raise offline(what)
        call = _Call(self._client, self.home, b"[")
        listing = await self._ask(what, partial(self._listing, query, type), call)
        seen: set[str] = set()
        repeats = 0
        while batch := await self._ask(what, lambda: list(islice(listing, _BATCH)), call):
            page: list[Listed] = []
            for info in batch:
                found = _listed(info, type)
                # Rows move between pages while we read: one that comes again is passed over, a thousand are a loop.
                repeats = repeats + 1 if found.id in seen else 0
                if repeats > REPEATS:
                    raise UntrueListingError(f"{what}: the Hub lists the same repos again and again")
                if repeats == 0:
                    seen.add(found.id)
                    page.append(found)
            yield page

    async def collection(self, slug: str) -> list[Listed]:
        """The repos of a collection, `OWNER/TITLE-ID`, of every type; a collection tells no commits."""
        what = f"collection {slug}"
        if offline_mode():
            raise offline(what)
        found = await self._ask(what, partial(self._api.get_collection, slug), _Call(self._client, self.home, b"{"))
        return [
            Listed(id=check_id(str(item.item_id)), type=kind)
            for item in found.items
            for kind in get_args(RepoType)
            if kind == item.item_type
        ]

    async def revisions(self, found: Listed, kinds: Collection[Revisions]) -> list[Listed]:
        """The tags, pull requests and conversions of a repo, each at its commit, as `found` at its default branch."""
        ask = partial(self._api.list_repo_refs, found.id, repo_type=found.type, include_pull_requests="pulls" in kinds)
        refs = await self._ask(found.id, ask, _Call(self._client, self.home, b"{"))
        named = {"tags": refs.tags, "pulls": refs.pull_requests or [], "converts": refs.converts}
        return [
            msgspec.structs.replace(
                found, revision=str(ref.name if kind == "tags" else ref.ref), commit=_commit(ref.target_commit)
            )
            for kind in named
            if kind in kinds
            for ref in named[kind]
        ]

    async def files(self, found: Listed) -> Repo:
        """A listed repo with all its files at the commit that the listing shows: one request a thousand files."""
        if found.commit is None or offline_mode():
            return await self.repo(
                found.id, type=found.type, revision=found.revision if found.revision != "main" else None
            )
        tree = partial(self._tree, found.id, found.type, found.commit)
        return Repo(
            id=found.id,
            requested=found.id,
            type=found.type,
            revision=found.revision,
            commit=found.commit,
            files=await self._ask(found.id, tree, _Call(self._client, self.home, b"[")),
            downloads=found.downloads,
            likes=found.likes,
            last_modified=found.last_modified,
        )

    def file(self, repo: Repo, path: str) -> Remote:
        """Where the file at `path` of a repo is read."""
        for file in repo.files:
            if file.path == path:
                return self.remote(repo, file)
        raise UntrueListingError(f"{repo.id} has no file {clipped(path)!r} at {repo.commit}")

    def remote(self, repo: Repo, file: RepoFile) -> Remote:
        """Where a listed file of a repo is read: its address at the commit (hub-api.md 2.1)."""
        prefix = "" if repo.type == "model" else f"{repo.type}s/"
        path = f"/{prefix}{repo.id}/resolve/{repo.commit}/{quote(file.path)}"
        return Remote(
            url=f"{self.endpoint}{path}",
            size=file.size,
            home=self.home,
            name=f"{repo.id}/{file.path}",
            # How the Hub writes other letters in it is not known.
            direct="" if file.lfs or quote(file.path) != file.path else f"{self.endpoint}{_cached(repo, file, path)}",
        )

    def _tree(self, name: str, kind: RepoType, commit: str, scanned: bool = True) -> tuple[RepoFile, ...]:
        from huggingface_hub import get_session  # noqa: PLC0415 - `audit --help` does without it
        from huggingface_hub.utils import hf_raise_for_status  # type: ignore[attr-defined]  # noqa: PLC0415 - as above

        def send(url: str, form: str | None) -> httpx2.Response:
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            session = get_session()
            answer = session.get(url) if form is None else session.post(url, content=form, headers=headers)
            hf_raise_for_status(answer)
            return answer

        return Tree(name, f"{self.endpoint}/api/{kind}s/{name}", commit, send).files(scanned=scanned)

    def _listing(self, query: Query, kind: RepoType) -> Iterator[Any]:
        listing: Any = {
            "model": self._api.list_models,
            "dataset": self._api.list_datasets,
            "space": self._api.list_spaces,
        }[kind]
        # Spaces count no downloads: their most liked ones stand for the most used.
        most = "likes" if kind == "space" else "downloads"
        return iter(
            listing(
                author=query.author,
                search=query.search,
                sort="created_at" if query.most is None else most,
                limit=query.most,
                expand=[
                    "sha",
                    "likes",
                    "lastModified",
                    "private",
                    *(["downloads", "gated"] if kind != "space" else []),
                ],
            )
        )

    async def _ask(self, what: str, work: Callable[[], T], call: _Call) -> T:
        """What `work` answers in a worker thread, its requests being ours and its errors as well."""

        def inside() -> T:
            _CALL.set(call)  # the thread's own context, a copy of ours
            return work()

        try:
            # Abandoning lets a cancellation reach the request that the thread waits for; the thread ends with it.
            return await anyio.to_thread.run_sync(inside, abandon_on_cancel=True)
        except CrawlError as error:
            if isinstance(error, OfflineError):
                raise offline(what) from error
            raise
        except (OSError, ValueError, LookupError, TypeError, AttributeError, httpx2.HTTPError) as error:
            # Beside its HTTP errors, HfApi raises these where an answer is not what its classes expect.
            raise of_hub(error, what) from error


def check_id(repo_id: str) -> str:
    """`repo_id`, being one that a Hub could know: `ORG/NAME`, or a legacy name alone."""
    from huggingface_hub.errors import HFValidationError  # noqa: PLC0415 - `audit --help` does without it
    from huggingface_hub.utils._validators import validate_repo_id  # noqa: PLC0415 - the same

    try:
        validate_repo_id(repo_id)
    except HFValidationError as error:
        raise NotARepoIdError(
            f"{clipped(repo_id)!r} is not a repo id; write it as ORG/NAME, with letters, digits, '-', '_' and '.'"
        ) from error
    return repo_id


def check_author(author: str) -> str:
    """`author`, being a name that an organisation or a user of a Hub could have."""
    if not re.fullmatch(r"[A-Za-z0-9][\w.\-]{0,95}", author, re.ASCII):
        raise NotARepoIdError(f"{clipped(author)!r} is not the name of an organisation or a user")
    return author


def _cached(repo: Repo, file: RepoFile, path: str) -> str:
    """Where the Hub sends a request for a file that git holds (hub-api.md 2.2)."""
    place = f"{repo.type}s/{repo.id}/{repo.commit}/{file.path}"
    return f"/api/resolve-cache/{place}?{quote_plus(path)}=&etag=%22{file.blob.removeprefix('git:')}%22"


def _listed(info: Any, kind: RepoType) -> Listed:
    """A row of a listing."""
    return Listed(
        id=check_id(str(getattr(info, "id", ""))),
        type=kind,
        commit=_commit(getattr(info, "sha", None)),
        downloads=_count(info, "downloads"),
        likes=_count(info, "likes"),
        last_modified=getattr(info, "last_modified", None),
    )


def _commit(value: object) -> str | None:
    return value if isinstance(value, str) and _COMMIT.fullmatch(value) else None


def _count(info: Any, field: str) -> int | None:
    value = getattr(info, field, None)
    return value if type(value) is int and 0 <= value < 2**62 else None


class _Session(httpx2.Client):
    """HfApi's session: requests of our own calls go through our client, all others as ever."""

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """The answer to a request of HfApi, in one of our worker threads."""
        call = _CALL.get()
        if call is None:
            return super().send(request, **options)
        url = str(request.url)
        if request.url.path == "/api/agent-harnesses":
            # HfApi looks up what to put into its user agent, and does without when it fails.
            raise OfflineError("the user agent needs no look-up")
        if url in call.asked and request.method == "GET":
            raise UntrueListingError(f"{clipped(request.url.path)}: the Hub's listing leads back to itself")
        if len(call.asked) >= PAGES:
            raise UntrueListingError(f"{clipped(request.url.path)}: the Hub's listing does not end")
        call.asked.add(url)
        headers = {"Accept": "application/json"}
        form = request.content if request.method == "POST" else None
        if form is not None:
            headers["Content-Type"] = request.headers["content-type"]
        ask = partial(call.client.fetch, url, home=call.home, headers=headers, limit=PAGE_LIMIT, form=form)
        response = anyio.from_thread.run(_unless_cancelled, ask)
        if response is None:
            raise OfflineError("interrupted")
        if response.is_success and response.content.lstrip()[:1] != call.begins:
            raise UntrueListingError(f"{clipped(request.url.path)} does not answer as the Hub does; check HF_ENDPOINT")
        return response


async def _unless_cancelled(ask: Callable[[], Awaitable[T]]) -> T | None:
    """What `ask` answers; None when the program ends, for then nobody waits for it, and an error would be logged."""
    try:
        return await ask()
    except anyio.get_cancelled_exc_class():
        return None


@cache
def _install() -> None:
    """Make ours the session that HfApi uses, once in a process: it knows no other way to be given one."""
    from huggingface_hub import set_client_factory  # noqa: PLC0415 - `audit --help` does without it
    from huggingface_hub.utils._http import hf_request_event_hook  # noqa: PLC0415 - the same

    def session() -> httpx2.Client:
        # With HfApi's own hook and defaults, for requests that are not ours.
        return _Session(event_hooks={"request": [hf_request_event_hook]}, follow_redirects=True, timeout=None)

    set_client_factory(session)
