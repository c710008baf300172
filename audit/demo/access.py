"""Which repo a path means, and whether the one who asks may have it.

Statuses, codes and messages follow captures of the Hub. One thing is different: an anonymous request for a repo that
does not exist gets `X-Error-Code: RepoNotFound` with its 401, because the Hub's own client takes a bare 401 for a
missing repo only over https.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from starlette.responses import RedirectResponse

from audit.demo.state import Refused, State

if TYPE_CHECKING:
    from starlette.requests import Request

    from audit.demo.world import Commit, Repo, RepoType

TYPES: dict[str, RepoType] = {"models": "model", "datasets": "dataset", "spaces": "space"}
_DISABLED = "Access to this resource is disabled."


class Moved(Exception):  # noqa: N818 - an answer of the Hub, not a mistake
    """The repo has another id: the same request goes to another path."""

    def __init__(self, location: str) -> None:
        self.location = location
        super().__init__(location)

    def response(self) -> RedirectResponse:
        """307 with a relative Location, which keeps the method and the query."""
        return RedirectResponse(self.location, HTTPStatus.TEMPORARY_REDIRECT)


def segments(request: Request) -> list[str]:
    """The parts of the path, split before they are decoded, so that `refs%2Fpr%2F1` is one part."""
    raw: bytes = request.scope["raw_path"]
    return [unquote(part) for part in raw.decode("latin-1").strip("/").split("/")]


def token(state: State, request: Request) -> str | None:
    """The token of the request, None if there is none; an unknown one is refused."""
    given = request.headers.get("authorization")
    if given is None:
        return None
    bearer = given.removeprefix("Bearer ").strip()
    if bearer not in state.world.users:
        raise Refused(HTTPStatus.UNAUTHORIZED, "Invalid credentials in Authorization header")
    return bearer


class Place(NamedTuple):
    """A repo at one point of its history."""

    repo: Repo
    at: int
    revision: str
    """What was asked for."""

    @property
    def commit(self) -> Commit:
        """The state of the files."""
        return self.repo.commits[self.at]

    @property
    def commit_id(self) -> str:
        """Its id."""
        return self.repo.commit_ids[self.at]


def split_id(state: State, parts: list[str], repo_type: RepoType, verbs: frozenset[str]) -> tuple[str, list[str]]:
    """The repo id that a path begins with, and the parts after it.

    An id has one part if a verb comes next, unless two parts name a repo that exists.
    """
    if "/" in parts[0]:
        raise Refused(HTTPStatus.BAD_REQUEST, "Invalid repo name: a slash in an id is written as it is")
    two = "/".join(parts[:2])
    known = state.world.repo(two, repo_type) is not None or state.world.moved(two, repo_type) is not None
    if len(parts) == 1 or (parts[1] in verbs and not known):
        return parts[0], parts[1:]
    return two, parts[2:]


def find(state: State, request: Request, repo_id: str, repo_type: RepoType) -> Repo:
    """The repo, if it exists for the one who asks; `Moved` if it does under another id."""
    who = token(state, request)
    repo = state.world.repo(repo_id, repo_type)
    if repo is not None and (not repo.private or who in repo.access):
        return repo
    moved = None if repo is not None else state.world.moved(repo_id, repo_type)
    if moved is not None:
        path = request.scope["raw_path"].decode("latin-1").replace(f"/{repo_id}", f"/{moved}", 1)
        query = request.scope["query_string"].decode("latin-1")
        raise Moved(path + (f"?{query}" if query else ""))
    if who is None:
        message = "Invalid username or password."
        raise Refused(HTTPStatus.UNAUTHORIZED, message, "RepoNotFound", WWW_Authenticate="Bearer")
    raise Refused(HTTPStatus.NOT_FOUND, "Repository not found", "RepoNotFound")


def enter(state: State, request: Request, repo: Repo) -> None:
    """Refuse what a gate or a ban keeps back: commits and contents, but not the listing of them."""
    who = token(state, request)
    status = HTTPStatus.UNAUTHORIZED if who is None else HTTPStatus.FORBIDDEN
    if repo.disabled:
        raise Refused(status, _DISABLED)
    restricted = f"Access to {repo.type} {repo.id} is restricted"
    if repo.gated and who is None:
        message = f"{restricted}. You must have access to it and be authenticated to access it. Please log in."
        raise Refused(status, message, "GatedRepo")
    if repo.gated and who not in repo.access:
        visit = f"Visit {state.endpoint}/{repo.id} to ask for access."
        message = f"{restricted} and you are not in the authorized list. {visit}"
        raise Refused(status, message, "GatedRepo")


def locate(repo: Repo, revision: str) -> Place:
    """The repo at a branch, tag, ref or commit."""
    at = repo.locate(revision)
    if at is None:
        raise Refused(HTTPStatus.NOT_FOUND, f"Invalid rev id: {revision}", "RevisionNotFound")
    return Place(repo, at, revision)
