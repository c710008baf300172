"""What was done is kept: an audit is stored when it ends, however it ends."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio

from reports.errors import StoreError
from reports.record import Problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from audit.pipeline import Run


@asynccontextmanager
async def keeping(run: Run, **about: object) -> AsyncIterator[None]:
    """Store the audit when the block ends; after an interruption, what there is of it."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, anyio.get_cancelled_exc_class() | KeyboardInterrupt):
            run.error = Problem("interrupted", "the audit was interrupted; the next one goes on where it was")
            _store(run, about)
        raise
    try:
        # In a thread: the database may be busy for a while, and the progress goes on.
        await anyio.to_thread.run_sync(_store, run, about)
    except StoreError as error:
        # What was found is still to be told: a full disk must not swallow a finding.
        run.tools.troubles.append(str(error))


def _store(run: Run, about: dict[str, object]) -> None:
    if run.tools.store is not None:
        run.tools.store.record(run.result(**about))
