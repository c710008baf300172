"""The Hub's quotas, obeyed before they are exceeded.

The Hub counts requests in fixed windows, in one bucket for its API and one for `/resolve/` addresses, and says on
every answer how many are left (`RateLimit: "api";r=499;t=295`, hub-api.md 3.2). Every request that counts passes
`ready` first and gives its answer's headers to `note`.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import urlsplit

import anyio

from crawler.errors import ThrottledError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from huggingface_hub.utils._http import RateLimitInfo

Bucket = Literal["api", "resolvers"]

RESERVE = 1
"""Requests left unused at the end of a window at least, for others who share the token or the address."""


class Quota(NamedTuple):
    """So many requests in so many seconds."""

    requests: int
    seconds: int


class _Window(NamedTuple):
    left: int
    ends: float  # on the limiter's clock


class Limiter:
    """What is known of the buckets' windows. One for all tasks: the quota is that of the token or the address.

    `share` of each quota is used, the rest is left to others. A Hub that refuses before its quota is used up teaches
    that no more than what was used until then is to be had.
    """

    def __init__(
        self, *, longest: float = 900.0, share: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._longest = longest
        self._share = share
        self._clock = clock
        self._windows: dict[str, _Window] = {}
        self._reserve: dict[str, int] = {}
        self.quotas: dict[str, Quota] = {}
        """What the Hub said of its quotas, by bucket."""
        self.refused = 0
        """Requests that were answered with 429."""

    @property
    def left(self) -> dict[str, int]:
        """Requests that may still go out in the present window, by bucket, as far as it is known."""
        now = self._clock()
        return {
            bucket: max(0, window.left - self._reserve.get(bucket, RESERVE))
            for bucket, window in self._windows.items()
            if window.ends > now
        }

    def note(self, headers: Mapping[str, str], status: int = 200) -> None:
        """Take over what an answer says about its bucket."""
        self.refused += status == 429
        told = _told(headers)
        if told is None:
            return
        if told.limit and told.window_seconds:
            self.quotas[told.resource_type] = Quota(told.limit, told.window_seconds)
        ends = self._clock() + told.reset_in_seconds
        known = self._windows.get(told.resource_type)
        left = told.remaining
        keep = max(RESERVE, round((told.limit or 0) * (1.0 - self._share)))
        if status == 429 and left > 0:
            keep, left = max(keep, left), 0
        self._reserve[told.resource_type] = max(keep, self._reserve.get(told.resource_type, RESERVE))
        if known is not None and abs(known.ends - ends) < 2.0:
            # Answers overtake each other: within one window the count only falls.
            left = min(left, known.left)
        self._windows[told.resource_type] = _Window(left, ends)

    def wait(self, bucket: Bucket) -> float:
        """Seconds until a request of this bucket may go out; when 0, it has been counted as gone."""
        window = self._windows.get(bucket)
        if window is None:
            return 0.0
        remains = window.ends - self._clock()
        if remains <= 0:
            del self._windows[bucket]
            return 0.0
        if window.left > self._reserve.get(bucket, RESERVE):
            self._windows[bucket] = window._replace(left=window.left - 1)
            return 0.0
        return remains

    def rest(self, bucket: Bucket) -> float:
        """Seconds until the bucket's window ends; 0 where none is known."""
        window = self._windows.get(bucket)
        return 0.0 if window is None else max(0.0, window.ends - self._clock())

    async def ready(self, bucket: Bucket) -> None:
        """Return when a request of this bucket may go out; `ThrottledError` when that is too far away."""
        while pause := self.wait(bucket):
            await self.pause(bucket, pause)

    async def pause(self, bucket: Bucket, seconds: float) -> None:
        """Sleep that long, and a little, so that those who wait together don't come back together."""
        if seconds > self._longest:
            raise ThrottledError(
                f"the Hub's quota of {bucket} requests is used up for {seconds:.0f} s; "
                "try later, or log in for a larger one"
            )
        await anyio.sleep(seconds + random.uniform(0.05, 0.5))  # noqa: S311 - jitter


def bucket(url: str) -> Bucket:
    """The bucket that the Hub counts a request for this address in."""
    path = urlsplit(url).path
    return "resolvers" if "/resolve/" in path or path.startswith("/api/resolve-cache/") else "api"


def retry_after(status: int, headers: Mapping[str, str]) -> float | None:
    """Seconds that a refusal asks us to wait: the window's rest where it is used up, else Retry-After."""
    if status == 429:
        told = _told(headers)
        if told is not None and told.remaining == 0:
            return float(told.reset_in_seconds)
    value = headers.get("retry-after", "").strip()
    return float(value) if value.isascii() and value.isdigit() and len(value) < 8 else None


def _told(headers: Mapping[str, str]) -> RateLimitInfo | None:
    if "ratelimit" not in headers:
        return None
    from huggingface_hub.utils._http import parse_ratelimit_headers  # noqa: PLC0415 - `audit --help` does without it

    return parse_ratelimit_headers(headers)
