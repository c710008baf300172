"""The Hub's origin: which endpoint answers a path."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from audit.demo import files, listing
from audit.demo.access import TYPES, Moved, Place, enter, find, locate, segments, split_id, token
from audit.demo.state import Refused, State

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from audit.demo.world import Repo

    Endpoint = Callable[[Request], Awaitable[Response]]

_VERBS = frozenset({"auth-check", "commits", "paths-info", "refs", "revision", "scan", "tree"})


def application(state: State) -> Starlette:
    """The app behind the Hub's origin."""

    def with_state(handler: Callable[[State, Request], Awaitable[Response]]) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            return await handler(state, request)

        return endpoint

    return Starlette(
        routes=[
            Route("/api/agent-harnesses", _harnesses),
            Route("/api/whoami-v2", with_state(_whoami)),
            Route("/api/collections/{slug:path}", with_state(_collection)),
            Route("/api/resolve-cache/{rest:path}", with_state(files.cached)),
            Route("/api/{rest:path}", with_state(_api), methods=["GET", "POST"]),
            Route("/{rest:path}", with_state(files.resolve)),
        ],
        exception_handlers={Refused: _refused, Moved: _moved},
    )


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return files.refusal(error)


async def _moved(_: Request, error: Exception) -> Response:
    assert isinstance(error, Moved)
    return error.response()


async def _harnesses(_: Request) -> Response:
    return JSONResponse({"standardEnvVars": [], "harnesses": {}})


async def _whoami(state: State, request: Request) -> Response:
    who = token(state, request)
    if who is None:
        raise Refused(HTTPStatus.UNAUTHORIZED, "Invalid username or password.")
    name = state.world.users[who]
    auth = {"type": "access_token", "accessToken": {"displayName": "loopback", "role": "read"}}
    return JSONResponse(
        {"type": "user", "id": "0" * 24, "name": name, "fullname": name, "isPro": False, "orgs": [], "auth": auth}
    )


async def _collection(state: State, request: Request) -> Response:
    slug = request.path_params["slug"]
    if slug not in state.world.collections:
        raise Refused(HTTPStatus.NOT_FOUND, "Collection not found")
    items = [
        {"_id": f"{number:024x}", "id": repo_id, "type": kind, "position": number}
        for number, (kind, repo_id) in enumerate(state.world.collections[slug])
    ]
    owner = {"_id": "0" * 24, "name": slug.partition("/")[0], "fullname": slug.partition("/")[0], "type": "org"}
    return JSONResponse(
        {
            "slug": slug,
            "title": slug.partition("/")[2],
            "owner": owner,
            "lastUpdated": "2026-01-01T00:00:00.000Z",
            "gating": False,
            "theme": "blue",
            "private": False,
            "upvotes": 0,
            "position": 0,
            "items": items,
        }
    )


async def _api(state: State, request: Request) -> Response:
    parts = segments(request)[1:]
    if parts[0] not in TYPES:
        raise Refused(HTTPStatus.NOT_FOUND, "Sorry, we can't find the page you are looking for.")
    repo_type = TYPES[parts[0]]
    if len(parts) == 1:
        return listing.repos(state, request, repo_type, token(state, request))
    repo_id, rest = split_id(state, parts[1:], repo_type, _VERBS)
    repo = find(state, request, repo_id, repo_type)
    if (request.method == "POST") != (rest[:1] == ["paths-info"]):
        raise Refused(HTTPStatus.NOT_FOUND, f"Cannot {request.method} {request.url.path}")
    match rest:
        case []:
            return listing.repo_info(request, Place(repo, repo.head, "main"))
        case ["revision", revision]:
            return listing.repo_info(request, locate(repo, revision))
        case ["tree", revision, *below]:
            return _tree(state, request, locate(repo, revision), "/".join(below).strip("/"))
        case ["paths-info", revision]:
            return await _paths_info(request, locate(repo, revision))
        case ["refs"]:
            wanted = listing.flag(request.query_params, "include_prs")
            return JSONResponse(listing.refs(repo, pull_requests=wanted))
        case ["commits", revision]:
            return _commits(state, request, repo, revision)
        case ["scan"]:
            return JSONResponse(listing.scan(Place(repo, repo.head, "main")))
        case ["auth-check"]:
            enter(state, request, repo)
            return JSONResponse({})
        case _:
            raise Refused(HTTPStatus.NOT_FOUND, "Sorry, we can't find the page you are looking for.")


def _tree(state: State, request: Request, place: Place, folder: str) -> Response:
    query = request.query_params
    expand = listing.flag(query, "expand")
    if folder not in place.commit.folders:
        message = f'{folder} does not exist on "{place.revision}"'
        raise Refused(HTTPStatus.NOT_FOUND, message, "EntryNotFound")
    rows = listing.tree_rows(place, folder, recursive=listing.flag(query, "recursive"), expand=expand)
    size = listing.EXPANDED_PAGE if expand else listing.TREE_PAGE
    return listing.page(state, request, rows, min(size, listing.number(query, "limit", size) or size))


async def _paths_info(request: Request, place: Place) -> Response:
    body = (await request.body()).decode()
    given: Any
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            given = json.loads(body)
        except ValueError as error:
            raise Refused(HTTPStatus.BAD_REQUEST, "Invalid JSON") from error
        paths = given.get("paths", []) if isinstance(given, dict) else []
        paths = [paths] if isinstance(paths, str) else paths
        expand = isinstance(given, dict) and given.get("expand") is True
    else:
        given = parse_qs(body)
        paths = given.get("paths", [])
        expand = given.get("expand", [""])[0].lower() == "true"
    known = [path for path in paths if path and (path in place.commit.entries or path in place.commit.folders)]
    return JSONResponse([listing.path_json(place, path, expand=expand) for path in known])


def _commits(state: State, request: Request, repo: Repo, revision: str) -> Response:
    enter(state, request, repo)
    query = request.query_params
    formatted = "formatted" in listing.several(query, "expand")
    rows = listing.commit_rows(locate(repo, revision), formatted=formatted)
    limit = listing.number(query, "limit", listing.COMMITS_PAGE, listing.MOST) or listing.COMMITS_PAGE
    total = str(len(rows))
    skipped = listing.number(query, "p", 0) * limit
    return listing.page(state, request, rows[skipped:], limit, **{"X-Total-Count": total})
