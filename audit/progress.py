"""Progress on standard error: files done, bytes fetched against bytes in all, the file at hand.

Only to a terminal; elsewhere the same calls do nothing. rich is imported only when there is something to draw.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

    from reports.record import File


class Progress:
    """Says nothing: the progress of a run whose standard error is no terminal."""

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Clear what was drawn."""

    def expect(self, files: int, size: int) -> None:
        """So many more files, of so many bytes, are to come."""

    def begin(self, path: str) -> None:
        """A file is begun."""

    def fetched(self, amount: int) -> None:
        """So many more bytes came in."""

    def done(self, file: File) -> None:
        """A file is done."""


class Bar(Progress):
    """One line on the terminal, from the first file that is expected on: a sweep draws its own."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

        self._rich = Progress(
            TextColumn("{task.completed:.0f}/{task.total:.0f} files"),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[bytes]}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[path]}", markup=False),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._rich.add_task("", total=0, bytes="", path="")
        self._files = self._size = self._fetched = 0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Clear the line."""
        self._rich.stop()

    def expect(self, files: int, size: int) -> None:
        """So many more files, of so many bytes, are to come."""
        self._files += files
        self._size += size
        self._rich.start()
        self._rich.update(self._task, total=self._files)

    def begin(self, path: str) -> None:
        """A file is begun."""
        from reports.escape import visible  # noqa: PLC0415 - as above

        self._rich.update(self._task, path=visible(path)[-60:])

    def fetched(self, amount: int) -> None:
        """So many more bytes came in."""
        from reports.text import human  # noqa: PLC0415 - as above

        self._fetched += amount
        self._rich.update(self._task, bytes=f"{human(self._fetched)} of {human(self._size)}")

    def done(self, file: File) -> None:  # noqa: ARG002 - the interface
        """A file is done."""
        self._rich.advance(self._task)


def progress(*, quiet: bool) -> Progress:
    """The progress for this run: a bar where standard error is a terminal and nobody asked for quiet."""
    return Bar() if sys.stderr.isatty() and not quiet else Progress()
