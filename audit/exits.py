"""Exit codes: the table that scripts rely on."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from scanners.findings import SEVERITIES, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.record import Audit
    from reports.store import Standing


class Exit(IntEnum):
    """What a command ends with."""

    OK = 0
    """Everything that should be examined was, and nothing at or above `--fail-on` was found."""
    FOUND = 1
    """Something at or above `--fail-on` was found."""
    WRONG = 2
    """The command, the configuration or the query is wrong."""
    INCOMPLETE = 3
    """The audit is incomplete, and nothing at or above `--fail-on` was found."""
    INTERRUPTED = 130
    """Interrupted; what was done is stored."""


def exit_code(
    audits: Iterable[Audit], *, fail_on: Severity, exit_zero: bool = False, standing: Iterable[Standing] = ()
) -> Exit:
    """The exit code of a run, by the contract; `standing` is what earlier audits say of what did not change."""
    audits, standing = list(audits), list(standing)
    least = SEVERITIES.index(fail_on)
    found = any(
        SEVERITIES.index(finding.severity) >= least
        for audit in audits
        for file in audit.files
        for finding in file.findings
    ) or any(one.severity is not None and SEVERITIES.index(one.severity) >= least for one in standing)
    if found:
        return Exit.OK if exit_zero else Exit.FOUND
    whole = [*(audit.complete for audit in audits), *(one.complete for one in standing)]
    return Exit.OK if whole and all(whole) else Exit.INCOMPLETE
