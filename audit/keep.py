"""What was done is kept: an audit is stored when it ends, however it ends."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from reports.errors import StoreError
from reports.record import Problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from audit.pipeline import Run, Tools
    from reports.record import Audit


async def keep(tools: Tools, audit: Audit) -> None:
    """Store an audit; what was found is still to be told where that fails: a full disk must not swallow a finding."""
    if tools.store is not None:
        try:
            # In a thread: the database may be busy for a while, and the progress goes on.
            await anyio.to_thread.run_sync(tools.store.record, audit)
        except StoreError as error:
            tools.troubles.append(str(error))


@asynccontextmanager
async def keeping(run: Run, **about: object) -> AsyncIterator[None]:
    """Store the audit when the block ends; after an interruption, what there is of it."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, anyio.get_cancelled_exc_class() | KeyboardInterrupt):
            run.error = Problem("interrupted", "the audit was interrupted; the next one goes on where it was")
            if run.tools.store is not None:
                run.tools.store.record(run.result(**about))
        raise
    await keep(run.tools, run.result(**about))
