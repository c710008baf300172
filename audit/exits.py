"""Exit codes: the table that scripts rely on."""

from __future__ import annotations

from enum import IntEnum

from scanners.findings import SEVERITIES, Severity


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


def tallied(worst: Severity | None, *, complete: bool, fail_on: Severity, exit_zero: bool = False) -> Exit:
    """The exit code by the worst severity that counts, and by whether everything was examined."""
    if worst is not None and SEVERITIES.index(worst) >= SEVERITIES.index(fail_on):
        return Exit.OK if exit_zero else Exit.FOUND
    return Exit.OK if complete else Exit.INCOMPLETE
