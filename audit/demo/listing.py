"""The JSON of repos, trees and commits, and the pages in which lists of it come."""

from __future__ import annotations

import base64
import binascii
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from starlette.responses import JSONResponse

from audit.demo.state import Refused, State

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from starlette.datastructures import QueryParams
    from starlette.requests import Request

    from audit.demo.access import Place
    from audit.demo.blobs import Entry
    from audit.demo.world import Repo, RepoType

Json = dict[str, Any]
LIST_PAGE, TREE_PAGE, EXPANDED_PAGE, COMMITS_PAGE, MOST = 500, 1000, 50, 50, 1000

_COMMON = frozenset(
    "author cardData createdAt disabled lastModified likes private resourceGroup sha siblings tags "
    "trendingScore usedStorage".split()
)
EXPANDABLE: dict[RepoType, frozenset[str]] = {
    "model": _COMMON
    | frozenset(
        "baseModels childrenModelCount config downloads downloadsAllTime evalResults gated gguf inference "
        "inferenceProviderMapping library_name mask_token model-index pipeline_tag safetensors spaces "
        "transformersInfo widgetData xetEnabled".split()
    ),
    "dataset": _COMMON
    | frozenset("citation description downloads downloadsAllTime gated mainSize paperswithcode_id".split()),
    "space": _COMMON | frozenset("datasets models region runtime sdk subdomain".split()),
}
_SINGLE_ONLY = frozenset({"childrenModelCount", "usedStorage"})
_BRIEF = "_id id modelId likes trendingScore private downloads tags pipeline_tag library_name createdAt".split()
_FULL = "author gated sha lastModified siblings disabled".split()
_SORTS: dict[str, Callable[[Repo], Any]] = {
    "createdAt": lambda repo: repo.created_at,
    "lastModified": lambda repo: repo.modified,
    "downloads": lambda repo: repo.downloads,
    "likes": lambda repo: repo.likes,
    "trendingScore": lambda repo: repo.likes,
}


def flag(query: QueryParams, name: str) -> bool:
    """A boolean of the query, in any letter case: clients send `true` and `True`."""
    return query.get(name, "").lower() in {"true", "1"}


def number(query: QueryParams, name: str, default: int, most: int | None = None) -> int:
    """A natural number of the query."""
    given = query.get(name, str(default))
    if not given.isdecimal() or (most is not None and int(given) > most):
        raise Refused(HTTPStatus.BAD_REQUEST, f'Invalid value for "{name}"')
    return int(given)


def several(query: QueryParams, name: str) -> list[str]:
    """A repeatable value of the query, as `name=` or as `name[]=`."""
    return [*query.getlist(name), *query.getlist(f"{name}[]")]


def stamp(moment: datetime) -> str:
    """A time as the Hub writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def page(state: State, request: Request, rows: Sequence[Any], size: int, **headers: str) -> JSONResponse:
    """One page of a listing, with a link to the next: the cursor is opaque to clients, and the link is absolute."""
    size = max(1, min(size, state.shape.page_size or size))
    cursor = request.query_params.get("cursor")
    try:
        start = 0 if cursor is None else int(json.loads(base64.urlsafe_b64decode(cursor))["skip"])
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise Refused(HTTPStatus.BAD_REQUEST, "Invalid cursor") from error
    looping = "loop" in request.state.struck
    if looping or start + size < len(rows):
        following = {"skip": start if looping else start + size}
        pairs = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        pairs = [pair for pair in pairs if pair[0] != "cursor"]
        pairs.append(("cursor", base64.urlsafe_b64encode(json.dumps(following).encode()).decode()))
        path = request.scope["raw_path"].decode("latin-1")
        headers["Link"] = f'<{state.endpoint}{path}?{urlencode(pairs)}>; rel="next"'
    return JSONResponse(list(rows[start : start + size]), headers=headers)


def repos(state: State, request: Request, repo_type: RepoType, who: str | None) -> JSONResponse:
    """A page of the repos that the query asks for, in its order."""
    query = request.query_params
    expand = set(several(query, "expand"))
    allowed = EXPANDABLE[repo_type] - _SINGLE_ONLY
    if expand - allowed:
        raise Refused(HTTPStatus.BAD_REQUEST, f'"expand" must be one of [{", ".join(sorted(allowed))}]')
    sort = query.get("sort", "trendingScore")
    if sort not in _SORTS:
        raise Refused(HTTPStatus.BAD_REQUEST, f'"sort" must be one of [{", ".join(_SORTS)}]')
    wanted = set(several(query, "filter"))
    found = [
        repo
        for repo in state.world.repos
        if repo.type == repo_type
        and (not repo.private or who in repo.access)
        and query.get("author", repo.owner) == repo.owner
        and query.get("search", "").casefold() in repo.id.casefold()
        and query.get("pipeline_tag", repo.pipeline) == repo.pipeline
        and ("gated" not in query or flag(query, "gated") == bool(repo.gated))
        and wanted <= {*repo.labels, repo.library, repo.pipeline}
    ]
    found.sort(key=lambda repo: repo.object_id)
    found.sort(key=_SORTS[sort], reverse=query.get("direction", "-1") != "1")
    names = ["_id", "id", *sorted(expand)] if expand else [*_BRIEF, *(_FULL if flag(query, "full") else ())]
    rows = [_pick(repo_json(repo, repo.head), names) for repo in found]
    return page(state, request, rows, number(query, "limit", LIST_PAGE) or LIST_PAGE)


def repo_info(request: Request, place: Place) -> JSONResponse:
    """Everything about one repo, or the properties that `expand` names."""
    query, repo = request.query_params, place.repo
    whole = repo_json(repo, place.at, blobs=flag(query, "blobs"))
    expand = set(several(query, "expand"))
    if expand:
        allowed = EXPANDABLE[repo.type]
        if expand - allowed:
            raise Refused(HTTPStatus.BAD_REQUEST, f'"expand" must be one of [{", ".join(sorted(allowed))}]')
        return JSONResponse(_pick(whole, ["_id", "id", *sorted(expand)]))
    if flag(query, "securityStatus"):
        whole["securityRepoStatus"] = scan(place)
    return JSONResponse(whole)


def repo_json(repo: Repo, at: int, *, blobs: bool = False) -> Json:
    """A repo at a point of its history, with all that is known of it."""
    entries = repo.commits[at].entries.values()
    known: Json = {
        "_id": repo.object_id,
        "id": repo.id,
        "author": repo.owner,
        "sha": repo.commit_ids[at],
        "lastModified": stamp(repo.modified),
        "createdAt": stamp(repo.created_at),
        "private": repo.private,
        "disabled": repo.disabled,
        "gated": repo.gated,
        "downloads": repo.downloads,
        "likes": repo.likes,
        "trendingScore": repo.likes,
        "tags": [*repo.labels],
        "siblings": [_sibling(entry, blobs=blobs) for entry in entries],
        "usedStorage": sum(entry.size for entry in entries),
    }
    if repo.type == "model":
        known["modelId"] = repo.id
    if repo.library is not None:
        known["library_name"] = repo.library
    if repo.pipeline is not None:
        known["pipeline_tag"] = repo.pipeline
    return known | dict(repo.details)


def scan(place: Place) -> Json:
    """The Hub's verdict on the repo: the files that it has something to say about."""
    flagged = {"caution", "error", "suspicious", "unsafe"}
    found = [(path, said["status"]) for path, said in sorted(place.commit.security.items())]
    return {
        "scansDone": place.commit.scans_done,
        "filesWithIssues": [{"path": path, "level": level} for path, level in found if level in flagged],
    }


def tree_rows(place: Place, folder: str, *, recursive: bool, expand: bool) -> list[Json]:
    """The files and folders below a folder."""
    commit = place.commit
    prefix = f"{folder}/" if folder else ""
    paths = [path for path in (*commit.folders, *commit.entries) if path.startswith(prefix) and path != folder]
    if not recursive:
        paths = [path for path in paths if "/" not in path[len(prefix) :]]
    return [path_json(place, path, expand=expand) for path in sorted(path for path in paths if path)]


def path_json(place: Place, path: str, *, expand: bool) -> Json:
    """One file or folder of a tree."""
    commit = place.commit
    row: Json
    if path in commit.entries:
        entry = commit.entries[path]
        row = {"type": "file", "oid": entry.oid, "size": entry.size, "path": path}
        if entry.sha256 is not None:
            row["lfs"] = {"oid": entry.sha256, "size": entry.size, "pointerSize": entry.pointer_size}
    else:
        row = {"type": "directory", "oid": commit.folders[path], "size": 0, "path": path}
    if expand:
        last = _last_change(place, path)
        made = place.repo.commits[last]
        row["lastCommit"] = {
            "id": place.repo.commit_ids[last],
            "title": made.title,
            "date": stamp(made.date),
        }
        if path in commit.security:
            row["securityFileStatus"] = dict(commit.security[path])
    return row


def commit_rows(place: Place, *, formatted: bool) -> list[Json]:
    """The history up to here, newest first."""
    rows = []
    for at in range(place.at, -1, -1):
        commit = place.repo.commits[at]
        row: Json = {
            "id": place.repo.commit_ids[at],
            "title": commit.title,
            "message": "",
            "authors": [{"user": place.repo.owner or place.repo.id}],
            "date": stamp(commit.date),
        }
        if formatted:
            row["formatted"] = {"title": commit.title, "message": ""}
        rows.append(row)
    return rows


def refs(repo: Repo, *, pull_requests: bool) -> Json:
    """Every name that a point of the history has."""

    def named(names: dict[str, int], prefix: str) -> list[Json]:
        ids = repo.commit_ids
        return [{"name": name, "ref": prefix + name, "targetCommit": ids[at % len(ids)]} for name, at in names.items()]

    def below(kind: str) -> dict[str, int]:
        return {name.removeprefix(kind): at for name, at in repo.refs.items() if name.startswith(kind)}

    found: Json = {
        "branches": named(repo.heads, "refs/heads/"),
        "tags": named(dict(repo.tags), "refs/tags/"),
        "converts": named(below("refs/convert/"), "refs/convert/"),
    }
    if pull_requests:
        found["pullRequests"] = named(below("refs/pr/"), "refs/pr/")
    return found


def _last_change(place: Place, path: str) -> int:
    def oid(at: int) -> str | None:
        commit = place.repo.commits[at]
        return commit.entries[path].oid if path in commit.entries else commit.folders.get(path)

    at = place.at
    while at and oid(at - 1) == oid(place.at):
        at -= 1
    return at


def _sibling(entry: Entry, *, blobs: bool) -> Json:
    row: Json = {"rfilename": entry.path}
    if blobs:
        row |= {"size": entry.size, "blobId": entry.oid}
        if entry.sha256 is not None:
            row["lfs"] = {"sha256": entry.sha256, "size": entry.size, "pointerSize": entry.pointer_size}
    return row


def _pick(whole: Json, names: Sequence[str]) -> Json:
    return {name: whole[name] for name in names if name in whole}
