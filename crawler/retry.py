"""Whether to try again, and when.

`decide` is arithmetic; the loop is stamina's, which asks it after every failure. Only what another attempt may mend
is a `TransientError`; 400, 401, 403, 404 and 416 never are.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeVar

import msgspec

from crawler.errors import TransientError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How stubborn to be."""

    attempts: int = 6
    first: float = 0.5
    """Seconds before the second attempt; doubled each time."""
    most: float = 8.0
    """Seconds of the longest wait that we choose ourselves."""
    total: float = 900.0
    """Seconds of all waits together, those that the server asks for among them."""


def decide(error: Exception, attempt: int, waited: float, policy: Policy, chance: float) -> float | None:
    """Seconds to wait before another attempt; None to give up.

    `attempt` counts from 1, `waited` is the sum of waits so far, `chance` is uniform in [0, 1). The server's own
    wait is kept and a little added, so that those who wait together don't come back together.
    """
    if not isinstance(error, TransientError) or attempt >= min(policy.attempts, error.attempts):
        return None
    if error.wait is not None:
        pause = error.wait + chance * policy.first
    else:
        pause = min(policy.most, policy.first * 2.0 ** min(attempt - 1, 30)) * (0.5 + chance / 2)
    return pause if waited + pause <= policy.total else None


async def persist(call: Callable[[], Awaitable[T]], policy: Policy) -> T:
    """What `call` returns, after as many attempts as the policy allows; else its last error."""
    import stamina  # noqa: PLC0415 - `audit --help` does without it
    from stamina.instrumentation import set_on_retry_hooks  # noqa: PLC0415 - the same

    set_on_retry_hooks(())  # its own hook logs to standard error, which belongs to the progress display
    attempt, waited = 0, 0.0

    def again(error: Exception) -> bool | float:
        nonlocal attempt, waited
        attempt += 1
        pause = decide(error, attempt, waited, policy, random.random())  # noqa: S311 - jitter
        if pause is None:
            return False
        waited += pause
        return pause

    async for turn in stamina.retry_context(on=again, attempts=policy.attempts, timeout=None):
        with turn:
            return await call()
    raise AssertionError("stamina ends with a result or an error")
