"""`audit path`: files and folders of this machine, with no network at all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from audit.keep import keeping
from audit.local import Skipped, files
from audit.pipeline import Run, skipped
from reports.record import Target

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audit.session import Session
    from reports.record import Audit


async def audit_paths(session: Session, paths: Sequence[Path]) -> Audit:
    """One audit of all the paths."""
    target = Target("path", " ".join(str(path) for path in paths))
    run = Run(target, session.tools)
    async with keeping(run, selection=session.selection.text):
        found = list(files(paths, session.selection))
        for one in found:
            if isinstance(one, Skipped):
                run.files[one.path] = skipped(one.path, one.code, one.message)
        # Of files that are named one by one, nobody knows what lies beside them.
        whole = not session.selection.text and all(map(os.path.isdir, paths))
        jobs = [one for one in found if not isinstance(one, Skipped)]
        await run.audit_files(jobs, listed=[one.path for one in found] if whole else None)
    return run.result(selection=session.selection.text)
