"""Where the bytes of a blob are."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from crawler.client import Home


class Remote(NamedTuple):
    """An address that answers ranges of one content of known size."""

    url: str
    size: int
    home: Home | None = None
    """The Hub that the address belongs to; None for a plain server, which never sees a token."""
    name: str = ""
    """What messages call it; the address where it is empty."""
    direct: str = ""
    """Where a Hub may send a request for a file that git holds, by all that is known of it; empty where nothing is."""
    etag: str | None = None
    """The ETag that every answer of a plain server must carry, so that a file changed meanwhile is noticed."""
