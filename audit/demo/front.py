"""The wire side of an origin: log, quotas, latency, bandwidth, and every fault that lies between app and socket.

The app behind it answers as a Hub in good health would. What is broken is broken here, on the way out and for
real: a truncated body ends in a closed socket, a reset is a reset.
"""

from __future__ import annotations

import socket
import struct
import time
import zlib
from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import anyio
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from audit.demo.log import Origin, Request

if TYPE_CHECKING:
    import asyncio

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from audit.demo.faults import Fault
    from audit.demo.state import State

_STEP = 65_536
_EXPOSED = (
    "X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,Accept-Ranges,Content-Range,"
    "X-Linked-Size,X-Linked-ETag,X-Xet-Hash"
)


class _Over(Exception):  # noqa: N818 - the end of a connection, not a mistake
    """The client left, the connection was cut, or the server goes down."""


class Front:
    """An ASGI app around the app of one origin."""

    def __init__(self, state: State, origin: Origin, app: ASGIApp) -> None:
        self.state, self.origin, self.app = state, origin, app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever becomes of its connection."""
        request = self._read(scope)
        struck = self.state.dice.throw(request)
        number = self.state.log.begin(request)
        if struck:
            self.state.log.update(number, faults=tuple(fault.kind for fault in struck))
        exchange = Exchange(self.state, request, number, scope=scope, send=send, struck=struck)
        try:
            await exchange.answer(self.app, receive)
        except _Over:
            # uvicorn takes an app that returns early for a broken one, unless the connection is known to be gone.
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            self.state.log.end(number)

    def _read(self, scope: Scope) -> Request:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        path, query = unquote(scope["raw_path"].decode("latin-1")), scope["query_string"].decode("latin-1")
        return Request(
            origin=self.origin,
            method=scope["method"],
            path=path,
            query=query,
            file=path if self.origin == "hub" else self.state.signer.came_from(query),
            range=headers.get(b"range"),
            had_authorization=b"authorization" in headers,
            accept_encoding=headers.get(b"accept-encoding"),
        )


class Exchange:
    """One request and its answer."""

    def __init__(
        self,
        state: State,
        request: Request,
        number: int,
        *,
        scope: Scope,
        send: Send,
        struck: tuple[Fault, ...],
    ) -> None:
        self.state, self.request, self.number, self.scope = state, request, number, scope
        self._send = send
        self._struck: dict[str, Fault] = {fault.kind: fault for fault in struck}
        self._transport: asyncio.Transport = scope["state"]["transport"]
        self._limits: dict[str, str] = {}
        self._sent = 0
        self._cut: int | None = None
        self._zip: Any = None

    async def answer(self, app: ASGIApp, receive: Receive) -> None:
        """Let the app answer, or a fault in its place."""
        instead = self._spend() if self.request.origin == "hub" else None
        await self._wait(self.state.shape.latency)
        instead = instead or self._error()
        if {"ignore_range", "gzip_trap"} & self._struck.keys():
            self.scope["headers"] = [(k, v) for k, v in self.scope["headers"] if k != b"range"]
        self.scope["state"]["struck"] = frozenset(self._struck)
        await (instead or app)(self.scope, receive, self.send)

    async def send(self, message: Message) -> None:
        """Pass on a message of the app, bent by the faults that struck."""
        if self._transport.is_closing():
            raise _Over
        if message["type"] == "http.response.start":
            message["headers"] = self._headers(message["status"], message["headers"])
            self.state.log.update(self.number, status=int(message["status"]))
            if "push" in self._struck:
                # The answer is made, so the move cannot change it; the client has not seen it, so none is too early.
                self._push()
            await self._send(message)
            return
        data, more = message.get("body", b""), message.get("more_body", False)
        if self._zip is not None:
            data = self._zip.compress(data) + (b"" if more else self._zip.flush())
        for start in range(0, len(data), _STEP):
            await self._body(data[start : start + _STEP])
        if self._cut is not None and self._sent >= self._cut:
            await self._sever()
        if not more:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    def _spend(self) -> Response | None:
        path, shape = self.request.path, self.state.shape
        if "/resolve/" in path or path.startswith("/api/resolve-cache/"):
            bucket = "resolvers"
        else:
            bucket = "api" if path.startswith("/api/") else "pages"
        who = dict(self.scope["headers"]).get(b"authorization", b"").decode("latin-1")
        remaining, reset = self.state.quotas.spend(bucket, who, shape)
        if "throttle" in self._struck:
            remaining, reset = -1, self._struck["throttle"].seconds
        quota, window = dict(shape.quotas)[bucket], max(1, round(shape.window))
        self._limits = {
            "RateLimit": f'"{bucket}";r={max(0, remaining)};t={reset}',
            "RateLimit-Policy": f'"fixed window";"{bucket}";q={quota};w={window}',
        }
        if remaining >= quota * (1.0 - shape.refuse_at):
            return None
        return JSONResponse({"error": "We had to rate limit you. Please wait and try again."}, 429)

    def _error(self) -> Response | None:
        if "error" in self._struck:
            status = self._struck["error"].status
            return HTMLResponse(f"<html><body><h1>{status}</h1></body></html>", status)
        if "throttle" in self._struck:
            return PlainTextResponse("Too many requests", 429)
        return None

    def _headers(self, status: int, raw: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}
        headers["date"] = formatdate(usegmt=True)
        if self.request.origin == "hub":
            headers |= {
                **self._limits,
                "X-Powered-By": "huggingface-moon",
                "X-Request-Id": f"Root=1-{self.number:08x}-loopback",
                "Vary": "Origin",
                "Access-Control-Expose-Headers": _EXPOSED,
            }
        struck = self._struck
        if "weak_etag" in struck and "etag" in headers:
            headers["etag"] = "W/" + headers["etag"].removeprefix("W/")
        if "no_content_range" in struck:
            headers.pop("content-range", None)
        if "wrong_content_range" in struck and status == 206:
            headers["content-range"] = _shifted(headers["content-range"])
        length = headers.get("content-length")
        if "gzip_range" in struck and status == 206:
            headers["content-encoding"] = "gzip"
            self._zip = zlib.compressobj(wbits=31)
        if self._zip is not None or "no_length" in struck:
            headers.pop("content-length", None)
        for kind in ("reset", "truncate", "stall"):
            if kind in struck:
                half = int(length) // 2 if length else 1
                at = struck[kind].at
                self._cut = half if at is None else at
        return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]

    async def _body(self, data: bytes) -> None:
        if self.request.method == "HEAD":
            return
        if self._cut is not None:
            data = data[: self._cut - self._sent]
        if "slow" in self._struck:
            await self._paced(data, self._struck["slow"].bytes_per_second, shared=False)
        elif self.state.shape.bandwidth is not None:
            await self._paced(data, self.state.shape.bandwidth, shared=self.state.shape.shared)
        else:
            await self._out(data)
        if self._cut is not None and self._sent >= self._cut:
            await self._sever()

    async def _paced(self, data: bytes, rate: float, *, shared: bool) -> None:
        # Fifty pieces a second look smooth to any client.
        step = max(1, int(rate / 50))
        for start in range(0, len(data), step):
            piece = data[start : start + step]
            now = time.monotonic()
            free = max(now, self.state.line_free_at) if shared else now
            ready = free + len(piece) / rate
            if shared:
                self.state.line_free_at = ready
            await self._wait(ready - now)
            await self._out(piece)

    async def _out(self, data: bytes) -> None:
        if self._transport.is_closing():
            raise _Over
        if data:
            # First the record, then the bytes: who has read the answer finds the log complete.
            self._sent += len(data)
            self.state.log.update(self.number, sent=len(data))
            await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def _sever(self) -> None:
        if "stall" in self._struck:
            while True:
                await self._wait(1.0)
        while self._transport.get_write_buffer_size() and not self._transport.is_closing():
            await self._wait(0.001)
        if "reset" in self._struck:
            # Linger of zero seconds: the socket is closed by a reset and not by an orderly end.
            connection = self._transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()
        else:
            self._transport.close()
        raise _Over

    async def _wait(self, seconds: float) -> None:
        if seconds > 0:
            with anyio.move_on_after(seconds):
                await self.state.closing.wait()
        if self._transport.is_closing() or self.state.closing.is_set():
            raise _Over

    def _push(self) -> None:
        world = self.state.world
        for repo in world.repos:
            if f"/{repo.id}/" in self.request.path + "/":
                world = world.pushed(repo.id, repo.type)
        self.state.world = world


def _shifted(content_range: str) -> str:
    span, _, size = content_range.removeprefix("bytes ").partition("/")
    start, _, stop = span.partition("-")
    return f"bytes {int(start) + 1}-{int(stop) + 1}/{size}"
