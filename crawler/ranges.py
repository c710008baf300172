"""Ranges as arithmetic: what to ask for, and whether an answer is what was asked for.

An answer to a ranged request counts only as status 206 with exactly the Content-Range and the length asked for, and
not encoded (hub-api.md 2.4): servers are known to answer 200 with the whole file, and readers to take that for the
slice.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qs, urlsplit

from crawler.errors import WrongBytesError, clipped
from scanners.source import Span, merge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

BLOCK = 1024
"""Bytes of a cache block: the unit of what is asked for. The headers of HDF5 lie between weights by a few hundred."""
NEAR = 4096
"""Two spans nearer than this many bytes travel in one request."""
GAP = 65_536
"""The same where there would be more than `MANY` requests: that many cost more time than the bytes between them."""
MANY = 1024
PIECE = 64 * 1024 * 1024
"""Bytes of the longest single request, so that a failure costs at most that much again."""
SMALL = 1024 * 1024
"""Bytes up to which a whole body may stand in for a range of it: its hash is checked."""

_CONTENT_RANGE = re.compile(r"bytes\s+(?:(\d{1,19})-(\d{1,19})|\*)/(?:(\d{1,19})|\*)", re.ASCII | re.IGNORECASE)


def align(span: Span, size: int) -> Span:
    """The whole blocks that hold `span`, cut off at `size`."""
    start, stop = max(0, span.start), min(size, span.stop)
    if start >= stop:
        return Span(min(start, size), min(start, size))
    return Span(start - start % BLOCK, min(size, -(-stop // BLOCK) * BLOCK))


def coalesce(spans: Iterable[Span], *, near: int = NEAR, piece: int = PIECE) -> list[Span]:
    """The requests for these spans: near ones joined, long ones cut into pieces at multiples of `piece`."""
    joined = _joined(merge(spans), near)
    if len(joined) > MANY:
        joined = _joined(joined, GAP)
    return [part for span in joined for part in cut(span, piece)]


def _joined(spans: list[Span], gap: int) -> list[Span]:
    joined: list[Span] = []
    for span in spans:
        if joined and span.start - joined[-1].stop <= gap:
            joined[-1] = Span(joined[-1].start, span.stop)
        else:
            joined.append(span)
    return joined


def cut(span: Span, piece: int) -> Iterator[Span]:
    """`span` in parts that end at multiples of `piece`."""
    start = span.start
    while start < span.stop:
        stop = min(span.stop, start - start % piece + piece)
        yield Span(start, stop)
        start = stop


def header(span: Span) -> str:
    """The Range header for a span, absolute: a suffix range is not known to work everywhere (hub-api.md 2.4)."""
    return f"bytes={span.start}-{span.stop - 1}"


def content_range(value: str) -> tuple[Span | None, int | None] | None:
    """A Content-Range header as (span, or None for `*`; total, or None for `*`); None when it is not one."""
    found = _CONTENT_RANGE.fullmatch(value.strip())
    if found is None:
        return None
    first, last, total = found.groups()
    if first is not None and int(last) < int(first):
        return None
    return (
        None if first is None else Span(int(first), int(last) + 1),
        None if total is None else int(total),
    )


def length(headers: Mapping[str, str]) -> int | None:
    """Content-Length in bytes; None when there is none that makes sense."""
    value = headers.get("content-length", "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 20 else None


def encoded(headers: Mapping[str, str]) -> bool:
    """Whether the body is compressed, which nobody asked for."""
    return headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}


def check(
    asked: Span, size: int, status: int, headers: Mapping[str, str], *, etag: str | None = None
) -> Literal["part", "whole"]:
    """What the body of an answer is: the span asked for, or the whole file where that will do.

    `etag` is the one that the file had at first, where the bytes have no other name.
    Raises `WrongBytesError` for every other answer, before a byte of its body is read.
    """
    if encoded(headers):
        raise WrongBytesError(f"the server compressed a range ({clipped(headers['content-encoding'])})")
    if etag is not None and headers.get("etag") != etag:
        raise WrongBytesError("the file was changed while it was read")
    told = length(headers)
    if status == 206:
        value = headers.get("content-range", "")
        if content_range(value) != (asked, size):
            raise WrongBytesError(
                f"the server sent another range than {_named(asked, size)}: {clipped(value) or 'none named'}"
            )
        if told is not None and told != asked.length:
            raise WrongBytesError(f"the server announces {told} bytes for a range of {asked.length}")
        return "part"
    if status != 200:
        raise WrongBytesError(f"the server answered HTTP {status} to a range")
    if size > SMALL and asked != (0, size):
        raise WrongBytesError(f"the server ignored the range {_named(asked, size)} and sent everything")
    if told != size and (told is not None or size > SMALL):
        raise WrongBytesError(f"the server announces {told} bytes for a file of {size}")
    return "whole"


def expiry(url: str) -> float | None:
    """When a signed URL ends, in seconds since the epoch: CloudFront's `Expires` or S3's `X-Amz-*` (hub-api.md 2.4)."""
    query = parse_qs(urlsplit(url).query)
    expires = query.get("Expires", [""])[0]
    if _digits(expires):
        return float(expires)
    date, seconds = query.get("X-Amz-Date", [""])[0], query.get("X-Amz-Expires", [""])[0]
    if not _digits(seconds):
        return None
    try:
        begin = datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return (begin + timedelta(seconds=int(seconds))).timestamp()
    except (ValueError, OverflowError):
        return None


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 12


def _named(asked: Span, size: int) -> str:
    return f"{asked.start}-{asked.stop - 1}/{size}"
