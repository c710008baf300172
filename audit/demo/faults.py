"""Misbehaviour to order: what goes wrong, how often, and where.

Rule 1: chance is reproducible. Whether a fault strikes depends on the seed, the request and how often that same
request came before, never on the order in which different requests happen to arrive.
Rule 2: a fault strikes, and counts, only where it can show: a wrong Content-Range needs a ranged request.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from audit.demo.log import Origin, Request

FaultKind = Literal[
    "error",  # `status` instead of an answer, with a page of HTML
    "throttle",  # 429 with nothing remaining, to be reset in `seconds`
    "refuse",  # 403 from the CDN, as for a signature that it does not accept
    "reset",  # the connection is reset after `at` bytes of the body
    "truncate",  # the connection is closed in good order after `at` bytes of the body
    "stall",  # nothing more comes after `at` bytes of the body, until the client leaves
    "slow",  # the body comes at `bytes_per_second`
    "ignore_range",  # 200 with the whole body
    "gzip_trap",  # the same, but only where the client would take gzip
    "gzip_range",  # the range is right and compressed, whatever the client would take
    "wrong_content_range",  # Content-Range names the bytes after those asked for
    "no_content_range",  # 206 or 416 without Content-Range
    "no_length",  # no Content-Length: the body is chunked
    "weak_etag",  # W/ before every ETag
    "loop",  # the next page of a listing is this page
    "push",  # main moves on to the next commit between the answer and whatever is asked next
]

KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
_RANGED = {"ignore_range", "gzip_trap", "gzip_range", "wrong_content_range", "no_content_range"}
_BODIES = {"reset", "truncate", "stall", "slow", "no_length"}


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to misbehave, and the requests that it strikes."""

    kind: FaultKind
    rate: float = 1.0
    """The chance that it strikes a request that fits."""
    origin: Origin | None = None
    path: str = "*"
    """A pattern for the path on the Hub; a CDN request has the path whose redirect led to it."""
    method: str | None = None
    skip: int = 0
    """So many fitting requests are spared first."""
    times: int | None = None
    """It strikes at most so often, then all is well."""
    at: int | None = None
    """Bytes of the body that get through; half of it if this is not given."""
    status: int = 503
    seconds: int = 0
    bytes_per_second: float = 1000.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such fault: {self.kind}; there are {', '.join(KINDS)}")

    def fits(self, request: Request) -> bool:
        """Whether it could strike this request."""
        if self.origin not in {None, request.origin} or self.method not in {None, request.method}:
            return False
        if self.kind in _RANGED and request.range is None:
            return False
        if self.kind == "gzip_trap" and "gzip" not in (request.accept_encoding or ""):
            return False
        if self.kind in _BODIES and request.method == "HEAD":
            return False
        if (self.kind == "refuse" and request.origin != "cdn") or (
            self.kind in {"loop", "push"} and request.origin != "hub"
        ):
            return False
        return fnmatchcase(request.file, self.path)


@dataclass(frozen=True, slots=True)
class Faults:
    """All that may go wrong."""

    rules: tuple[Fault, ...] = ()
    seed: int = 0
    url_seconds: float = 3600.0
    """How long a signed URL serves; it carries whole seconds, as the Hub's does."""
    url_uses: int | None = None
    """How often it serves."""
    url_bound: bool = False
    """Whether it serves only the range that was asked for when it was made."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the Hub is like when all is well.

    The quotas are those of an Enterprise Plus account with higher limits (hub-docs, rate-limits, September 2025), so
    that nothing meets them by chance.
    """

    latency: float = 0.0
    """Seconds before each answer."""
    bandwidth: float | None = None
    """Bytes a second of each answer, or of all together if `shared`; None: as fast as it goes."""
    shared: bool = False
    page_size: int | None = None
    """Entries a page of any listing; None: the Hub's own sizes."""
    quotas: tuple[tuple[str, int], ...] = (("api", 100_000), ("resolvers", 500_000), ("pages", 10_000))
    """Requests a window, by bucket, for each token and for all without one together."""
    window: float = 300.0
    """Seconds."""
    refuse_at: float = 1.0
    """Share of a quota at which requests are refused, whatever the headers say is left."""


class Dice:
    """Decides which faults strike; counts what has been."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._seen: Counter[tuple[int, str, str, str | None]] = Counter()
        self._fitting: Counter[int] = Counter()
        self._struck: Counter[int] = Counter()

    def throw(self, request: Request) -> tuple[Fault, ...]:
        """The faults that strike this request."""
        struck = []
        for index, fault in enumerate(self.faults.rules):
            if not fault.fits(request):
                continue
            self._fitting[index] += 1
            if self._fitting[index] <= fault.skip:
                continue
            if fault.times is not None and self._struck[index] >= fault.times:
                continue
            same = (index, request.method, request.file, request.range)
            self._seen[same] += 1
            luck = random.Random(f"{self.faults.seed} {same} {self._seen[same]}")  # noqa: S311 - to be repeatable
            if luck.random() < fault.rate:
                self._struck[index] += 1
                struck.append(fault)
        return tuple(struck)
