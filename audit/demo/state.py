"""What the two origins of a loopback Hub share while it runs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import math
import time
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlencode

from audit.demo.log import RequestLog

if TYPE_CHECKING:
    import anyio

    from audit.demo.blobs import Entry
    from audit.demo.faults import Dice, Faults, Shape
    from audit.demo.world import World


class Refused(Exception):  # noqa: N818 - an answer of the Hub, not a mistake
    """A request that the Hub answers with an error of its own."""

    def __init__(self, status: HTTPStatus, message: str, code: str | None = None, **headers: str) -> None:
        self.status, self.message, self.code = status, message, code
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        super().__init__(f"{status.value} {code}: {message}")


class Signer:
    """Makes and checks the signed URLs of the CDN.

    A URL carries its own policy (what it serves, until when, which range); only the number of its uses is kept here.
    """

    def __init__(self) -> None:
        self._key = b"loopback"
        self._made = 0
        self._uses: Counter[str] = Counter()

    def revoke(self) -> None:
        """Let no URL serve that was made until now."""
        self._key = hashlib.sha256(self._key).digest()

    def sign(self, path: str, entry: Entry, came_from: str, asked: str | None, faults: Faults) -> str:
        """The path and query by which the CDN serves this file."""
        self._made += 1
        expires = int(time.time() + faults.url_seconds)
        policy = {"path": path, "file": came_from, "expires": expires, "number": self._made}
        if faults.url_bound:
            policy["range"] = asked or ""
        packed = base64.urlsafe_b64encode(json.dumps(policy).encode()).decode()
        name = entry.path.rpartition("/")[2]
        query = {
            "response-content-disposition": f"inline; filename*=UTF-8''{quote(name, safe='')}; filename=\"{name}\";",
            "Expires": expires,
            "Policy": packed,
            "Signature": self._signature(packed),
            "Key-Pair-Id": "LOOPBACK",
        }
        return f"{path}?{urlencode(query)}"

    def came_from(self, query: str) -> str:
        """The Hub's path that a signed URL was made for; "" for a URL that is not one of ours."""
        try:
            return str(self._policy(query)["file"])
        except Refused:
            return ""

    def check(self, path: str, query: str, asked: str | None, faults: Faults) -> None:
        """Refuse the request unless its URL is in force."""
        policy = self._policy(query)
        if policy["path"] != path:
            raise Refused(HTTPStatus.FORBIDDEN, "Auth failed: invalid resource")
        if time.time() >= float(str(policy["expires"])):
            raise Refused(HTTPStatus.FORBIDDEN, "Auth failed: expired")
        if faults.url_bound and policy.get("range", "") != (asked or ""):
            raise Refused(HTTPStatus.FORBIDDEN, "Auth failed: invalid range")
        number = str(policy["number"])
        self._uses[number] += 1
        if faults.url_uses is not None and self._uses[number] > faults.url_uses:
            raise Refused(HTTPStatus.FORBIDDEN, "Auth failed: used up")

    def _policy(self, query: str) -> dict[str, object]:
        given = parse_qs(query)
        packed, signature = given.get("Policy", [""])[0], given.get("Signature", [""])[0]
        if not hmac.compare_digest(signature.encode(), self._signature(packed).encode()):
            raise Refused(HTTPStatus.FORBIDDEN, "Auth failed: invalid signature")
        policy: dict[str, object] = json.loads(base64.urlsafe_b64decode(packed))
        return policy

    def _signature(self, packed: str) -> str:
        return hmac.new(self._key, packed.encode(), hashlib.sha256).hexdigest()


class Quotas:
    """Requests counted in fixed windows, by bucket and by who asks."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}

    def spend(self, bucket: str, who: str, shape: Shape) -> tuple[int, int]:
        """Count one request: how many remain, -1 if it is one too many, and the seconds to the reset."""
        now = time.monotonic()
        start, used = self._windows.get((bucket, who), (now, 0))
        if now >= start + shape.window:
            start, used = now, 0
        self._windows[bucket, who] = (start, used + 1)
        return max(-1, dict(shape.quotas)[bucket] - used - 1), math.ceil(start + shape.window - now)


@dataclass(eq=False)
class State:
    """Everything that changes; touched by the server's own thread, and replaced whole by others."""

    world: World
    dice: Dice
    shape: Shape
    closing: anyio.Event
    """Set when the server goes down: nothing waits longer than that."""
    endpoint: str = ""
    cdn: str = ""
    log: RequestLog = field(default_factory=RequestLog)
    signer: Signer = field(default_factory=Signer)
    quotas: Quotas = field(default_factory=Quotas)
    line_free_at: float = 0.0
    """When the shared bandwidth is next free, on the clock of `time.monotonic`."""

    @property
    def faults(self) -> Faults:
        """What may go wrong now."""
        return self.dice.faults
