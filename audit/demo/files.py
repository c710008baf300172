"""Contents over HTTP: the two steps to a small file, and the signed way to a large one."""

from __future__ import annotations

import re
import zlib
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from audit.demo.access import Place, enter, find, locate, segments, split_id
from audit.demo.blobs import Content, Entry, read
from audit.demo.state import Refused, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from audit.demo.world import RepoType

_CHUNK = 1 << 18
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def refusal(error: Refused) -> Response:
    """The Hub's way to say no: twice in headers, once in JSON."""
    headers = {"X-Error-Message": error.message.encode("ascii", "replace").decode(), **error.headers}
    if error.code is not None:
        headers["X-Error-Code"] = error.code
    return JSONResponse({"error": error.message}, error.status, headers=headers)


async def resolve(state: State, request: Request) -> Response:
    """`/{id}/resolve/{rev}/{path}`: where the content is."""
    parts = segments(request)
    repo_type: RepoType = "model"
    if parts[0] in {"datasets", "spaces"}:
        repo_type = "dataset" if parts.pop(0) == "datasets" else "space"
    if not parts or "resolve" not in parts:
        raise Refused(HTTPStatus.NOT_FOUND, "Sorry, we can't find the page you are looking for.")
    repo_id, rest = split_id(state, parts, repo_type, frozenset({"resolve"}))
    repo = find(state, request, repo_id, repo_type)
    if len(rest) < 3 or rest[0] != "resolve":
        raise Refused(HTTPStatus.NOT_FOUND, "Sorry, we can't find the page you are looking for.")
    enter(state, request, repo)
    place = locate(repo, rest[1])
    entry = place.commit.entries.get("/".join(rest[2:]))
    if entry is None:
        headers = {
            "X-Error-Code": "EntryNotFound",
            "X-Error-Message": "Entry not found",
            "X-Repo-Commit": place.commit_id,
            "X-Hub-Cache": "MISS",
        }
        return PlainTextResponse("Entry not found", HTTPStatus.NOT_FOUND, headers=headers)
    if f'"{entry.etag}"' in request.headers.get("if-none-match", ""):
        headers = {"ETag": f'"{entry.etag}"', "X-Repo-Commit": place.commit_id}
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return _small(request, place, entry) if entry.sha256 is None else _large(state, request, place, entry)


def _small(request: Request, place: Place, entry: Entry) -> Response:
    path = f"{place.repo.type}s/{place.repo.id}/{place.commit_id}/{quote(entry.path)}"
    asked = quote_plus(request.url.path)
    location = f"/api/resolve-cache/{path}?{asked}=&etag=%22{entry.oid}%22"
    headers = {
        "Location": location,
        "X-Repo-Commit": place.commit_id,
        "X-Linked-Size": str(entry.size),
        "ETag": f'"{entry.oid}"',
    }
    text = f"Temporary Redirect. Redirecting to {location}"
    return PlainTextResponse(text, HTTPStatus.TEMPORARY_REDIRECT, headers=headers)


def _large(state: State, request: Request, place: Place, entry: Entry) -> Response:
    path = f"/xet-bridge-us/{place.repo.object_id}/{entry.xet}"
    signed = state.signer.sign(path, entry, request.url.path, request.headers.get("range"), state.faults)
    headers = {
        "Location": state.cdn + signed,
        "Accept-Ranges": "bytes",
        "X-Repo-Commit": place.commit_id,
        "X-Linked-Size": str(entry.size),
        "X-Linked-ETag": f'"{entry.sha256}"',
    }
    return PlainTextResponse("Found. Redirecting to the CDN", HTTPStatus.FOUND, headers=headers)


async def cached(state: State, request: Request) -> Response:
    """`/api/resolve-cache/{type}s/{id}/{commit}/{path}`: the content of a git blob."""
    parts = segments(request)[2:]
    types: dict[str, RepoType] = {"models": "model", "datasets": "dataset", "spaces": "space"}
    if len(parts) < 4 or parts[0] not in types:
        raise Refused(HTTPStatus.NOT_FOUND, "Sorry, we can't find the page you are looking for.")
    repo_type = types[parts[0]]
    # A commit follows the id: that tells an id of one part.
    width = 1 if re.fullmatch(r"[0-9a-f]{40}", parts[2]) else 2
    repo_id, rest = "/".join(parts[1 : 1 + width]), parts[1 + width :]
    repo = find(state, request, repo_id, repo_type)
    enter(state, request, repo)
    place = locate(repo, rest[0])
    entry = place.commit.entries.get("/".join(rest[1:]))
    if entry is None or entry.sha256 is not None:
        raise Refused(HTTPStatus.NOT_FOUND, "Entry not found", "EntryNotFound", X_Repo_Commit=place.commit_id)
    headers = {
        "ETag": f'"{entry.oid}"',
        "X-Repo-Commit": place.commit_id,
        "Content-Disposition": f"inline; filename*=UTF-8''{quote(entry.path.rpartition('/')[2], safe='')};",
    }
    encodings = [part.split(";")[0].strip() for part in request.headers.get("accept-encoding", "").split(",")]
    if "gzip" in encodings and "range" not in request.headers and isinstance(entry.content, bytes):
        packer = zlib.compressobj(wbits=31)
        packed = packer.compress(entry.content) + packer.flush()
        headers |= {"ETag": f'W/"{entry.oid}"', "Content-Encoding": "gzip"}
        return Ranged(request, packed, headers, chunked=True)
    return Ranged(request, entry.content, headers)


def cdn_application(state: State) -> Starlette:
    """The app behind the CDN's origin: contents to those who hold a signed URL, and nothing else to anybody."""

    async def serve(request: Request) -> Response:
        if "refuse" in request.state.struck:
            return _denied("Auth failed: refused")
        try:
            asked = request.headers.get("range")
            state.signer.check(request.url.path, request.url.query, asked, state.faults)
        except Refused as error:
            return _denied(error.message)
        entry = state.world.stored.get(request.url.path.rpartition("/")[2])
        if entry is None:
            return PlainTextResponse("Not found", HTTPStatus.NOT_FOUND)
        headers = {
            "ETag": f'"{entry.xet}"',
            "Cache-Control": "public, max-age=31536000",
            "Content-Disposition": request.query_params["response-content-disposition"],
        }
        return Ranged(request, entry.content, headers)

    return Starlette(routes=[Route("/{rest:path}", serve)])


def _denied(why: str) -> Response:
    body = f"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>{why}</Message></Error>"
    return Response(body, HTTPStatus.FORBIDDEN, media_type="application/xml")


class Ranged(Response):
    """A content or one range of it; what is not asked for is never made."""

    def __init__(self, request: Request, content: Content, headers: dict[str, str], *, chunked: bool = False) -> None:
        size = len(content)
        start, stop, status = 0, size, HTTPStatus.OK
        span = None if chunked else _span(request.headers.get("range", ""), size)
        headers = {"Accept-Ranges": "bytes", **headers}
        if span is not None:
            start, stop = span
            if start < stop:
                status = HTTPStatus.PARTIAL_CONTENT
                headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
            else:
                status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
                headers["Content-Range"] = f"bytes */{size}"
                start = stop = 0
        super().__init__(status_code=status, headers=headers, media_type="application/octet-stream")
        if chunked:
            del self.headers["content-length"]
        else:
            self.headers["content-length"] = str(stop - start)
        self._read: Callable[[int, int], bytes] = lambda first, last: read(content, first, last)
        self._start, self._stop = start, stop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's shape
        """Send the answer: headers, then the span in chunks."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] != "HEAD":
            for start in range(self._start, self._stop, _CHUNK):
                data = self._read(start, min(start + _CHUNK, self._stop))
                await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _span(header: str, size: int) -> tuple[int, int] | None:
    # None where the range is to be ignored, as several ranges are; an empty span where nothing of it is there.
    match = _RANGE.fullmatch(header.strip())
    if match is None or match.group(1, 2) == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        return None
    start = int(first)
    return (start, min(int(last) + 1 if last else size, size)) if start < size else (size, size)
