"""Where results go: standard output, which may be closed or full, or a file that is tried before the work begins."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from io import TextIOWrapper
from pathlib import Path

import click


def say(text: str) -> None:
    """Write to standard output. A reader that went away has read what it wanted; raises `OSError` if it is full."""
    try:
        click.echo(text, nl=False)
    except BrokenPipeError:
        silence()
    except OSError as error:
        silence()
        raise OSError(error.errno, error.strerror, "standard output") from error


def complain(message: str) -> None:
    """One line on standard error."""
    from reports.escape import visible  # noqa: PLC0415 - beside its only use

    click.echo(f"audit: {visible(message)}", err=True)


def silence() -> None:
    """Nothing more can be written there, nor is Python to try again when it ends."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def any_letter() -> None:
    """Let no name be unprintable: what an output has no letters for is escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # None where it is closed
            stream.reconfigure(errors="backslashreplace")


def check(output: Path, option: str = "--output") -> None:
    """Raise `click.UsageError` for a file that cannot be written: hours of work must not end there."""
    place = output if output.exists() else output.parent
    if not os.access(place, os.W_OK):
        raise click.UsageError(f"{option} {output} cannot be written; name a file in a folder of yours")


def save(text: str, output: Path) -> None:
    """Write a file, whole or not at all unless it is a device or its folder is not ours; raises a named `OSError`."""
    place = Path(os.path.realpath(output))
    ours = (output.is_file() or not output.exists()) and os.access(place.parent, os.W_OK)
    draft = place.with_name(f".{secrets.token_hex(4)}.tmp") if ours else output
    try:
        draft.write_text(text, encoding="utf-8")
        if ours:
            if place.exists():
                shutil.copymode(place, draft)
            draft.replace(place)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(output)) from error
    finally:
        if ours:
            draft.unlink(missing_ok=True)
