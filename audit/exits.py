"""Exit codes: the table that scripts rely on."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from scanners.findings import SEVERITIES, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.record import Audit


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


def exit_code(audits: Iterable[Audit], *, fail_on: Severity, exit_zero: bool = False) -> Exit:
    """The exit code of a run, by the contract."""
    audits = list(audits)
    severities = (finding.severity for audit in audits for file in audit.files for finding in file.findings)
    worst = max(severities, key=SEVERITIES.index, default=None)
    whole = bool(audits) and all(audit.complete for audit in audits)
    return tallied(worst, complete=whole, fail_on=fail_on, exit_zero=exit_zero)


def tallied(worst: Severity | None, *, complete: bool, fail_on: Severity, exit_zero: bool = False) -> Exit:
    """The exit code by the worst severity that was found, and by whether everything was examined."""
    if worst is not None and SEVERITIES.index(worst) >= SEVERITIES.index(fail_on):
        return Exit.OK if exit_zero else Exit.FOUND
    return Exit.OK if complete else Exit.INCOMPLETE
