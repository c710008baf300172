"""The record of every request that reached a loopback Hub."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any, Literal

Origin = Literal["hub", "cdn"]


@dataclass(frozen=True, slots=True)
class Request:
    """One request, and what came of it so far."""

    origin: Origin
    method: str
    path: str
    """Decoded, without the query."""
    query: str
    file: str
    """The path of the Hub that the request is for: its own, or the one whose signed URL a CDN request uses."""
    range: str | None
    had_authorization: bool
    accept_encoding: str | None
    status: int = 0
    """0 until the answer starts, and for ever if the connection was cut before."""
    bytes_sent: int = 0
    """Of the body, handed to the socket: a client that hangs up has read at most this."""
    faults: tuple[str, ...] = ()


class RequestLog:
    """Requests in the order of their arrival; safe to read from any thread.

    A client that has read the last byte of an answer finds its request complete in here.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: dict[int, Request] = {}
        self._next = 0
        self._open: set[int] = set()
        self._peak = 0

    def begin(self, request: Request) -> int:
        """Enter a request that has arrived; the number is what `update` and `end` want."""
        with self._lock:
            self._next += 1
            self._requests[self._next] = request
            self._open.add(self._next)
            self._peak = max(self._peak, len(self._open))
            return self._next

    def update(self, number: int, *, sent: int = 0, **changes: Any) -> None:
        """Add `sent` bytes to a request and change other fields of it; nothing if it was cleared away."""
        with self._lock:
            request = self._requests.get(number)
            if request is not None:
                self._requests[number] = replace(request, bytes_sent=request.bytes_sent + sent, **changes)

    def end(self, number: int) -> None:
        """The request is over."""
        with self._lock:
            self._open.discard(number)

    def requests(self, origin: Origin | None = None) -> list[Request]:
        """What has arrived since the last `clear`."""
        with self._lock:
            return [r for r in self._requests.values() if origin is None or r.origin == origin]

    def count(self, origin: Origin | None = None) -> int:
        """How many requests arrived."""
        return len(self.requests(origin))

    def bytes_sent(self, origin: Origin | None = None) -> int:
        """How many bytes of bodies were sent."""
        return sum(request.bytes_sent for request in self.requests(origin))

    @property
    def peak(self) -> int:
        """The most requests that were under way at one time."""
        with self._lock:
            return self._peak

    @property
    def under_way(self) -> int:
        """How many requests are open now."""
        with self._lock:
            return len(self._open)

    def clear(self) -> None:
        """Forget all of it."""
        with self._lock:
            self._requests.clear()
            self._peak = len(self._open)
