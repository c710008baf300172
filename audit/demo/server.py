"""A small Hub on loopback: two origins, as the Hub and its CDN are two, in a thread of their own."""

from __future__ import annotations

import socket
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, Self

import anyio
from anyio.from_thread import start_blocking_portal
from uvicorn import Config, Server
from uvicorn.protocols.http.h11_impl import H11Protocol

from audit.demo import api, files
from audit.demo.faults import Dice, Faults, Shape
from audit.demo.front import Front
from audit.demo.state import State

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator
    from types import TracebackType

    from audit.demo.log import RequestLog
    from audit.demo.world import RepoType, World

_FOREVER = 3600
_NONE = Faults()
_WELL = Shape()


class LoopbackHub:
    """A Hub that serves a world on 127.0.0.1 for as long as its `with` block lasts.

    `world`, `faults` and `shape` can be replaced while it runs; new requests meet the new ones.
    """

    def __init__(self, world: World, *, faults: Faults = _NONE, shape: Shape = _WELL) -> None:
        self._state = State(world, Dice(faults), shape, anyio.Event())
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            hub, cdn = stack.enter_context(_listener()), stack.enter_context(_listener())
            self._state.endpoint, self._state.cdn = _address(hub), _address(cdn)
            portal = stack.enter_context(start_blocking_portal("asyncio"))
            stack.enter_context(portal.wrap_async_context_manager(self._running(hub, cdn)))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def endpoint(self) -> str:
        """The Hub's origin, `http://127.0.0.1:PORT`; what HF_ENDPOINT wants."""
        return self._state.endpoint

    @property
    def cdn(self) -> str:
        """The CDN's origin."""
        return self._state.cdn

    @property
    def log(self) -> RequestLog:
        """Every request to either origin."""
        return self._state.log

    @property
    def world(self) -> World:
        """What it holds."""
        return self._state.world

    @world.setter
    def world(self, world: World) -> None:
        self._state.world = world

    @property
    def faults(self) -> Faults:
        """What goes wrong; setting it starts all counts and chances anew."""
        return self._state.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._state.dice = Dice(faults)

    @property
    def shape(self) -> Shape:
        """What it is like when all is well."""
        return self._state.shape

    @shape.setter
    def shape(self, shape: Shape) -> None:
        self._state.shape = shape

    def push(self, repo_id: str, repo_type: RepoType = "model", branch: str = "main") -> None:
        """Move a branch on to the next commit of its repo."""
        self.world = self.world.pushed(repo_id, repo_type, branch)

    def revoke_urls(self) -> None:
        """Let no signed URL serve that is out in the world now."""
        self._state.signer.revoke()

    @asynccontextmanager
    async def _running(self, hub: socket.socket, cdn: socket.socket) -> AsyncIterator[None]:
        self._state.closing = anyio.Event()
        servers = [
            await _start(Front(self._state, "hub", api.application(self._state)), hub),
            await _start(Front(self._state, "cdn", files.cdn_application(self._state)), cdn),
        ]
        try:
            yield
        finally:
            self._state.closing.set()
            for server in servers:
                await _stop(server)


class _Protocol(H11Protocol):
    """HTTP/1.1 whose app can reach the socket: faults of the wire are made there."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state: dict[str, Any] = {"transport": transport}


def _listener() -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    return listener


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()
    return f"http://{host}:{port}"


async def _start(app: Front, listener: socket.socket) -> Server:
    # Not `serve()`: it polls ten times a second for its end, waits a tenth of a second more when it comes, and
    # catches signals. Tests start a Hub each, and signals are the program's own.
    config = Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="error",
        access_log=False,
        date_header=False,
        server_header=False,
        timeout_keep_alive=_FOREVER,
    )
    config.load()
    server = Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    return server


async def _stop(server: Server) -> None:
    for listener in server.servers:
        listener.close()
    while server.server_state.connections or server.server_state.tasks:
        for connection in list(server.server_state.connections):
            connection.transport.abort()
        await anyio.sleep(0.001)
