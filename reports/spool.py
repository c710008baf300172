"""Finished work on its way into the database: one file each, safe on disk before anything else is tried.

A file appears whole or not at all (written under another name, flushed, renamed, and the folder flushed), and goes
only after the transaction that took it in has committed. Merging is idempotent, so a process may die anywhere.
"""

from __future__ import annotations

import os
import re
import secrets
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from reports.errors import StoreError
from reports.escape import as_line
from reports.record import Audit, Sweep

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reports.record import Blob

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
"""What an audit or a sweep may be called, since it names a file."""

_BATCH = 32 << 20
"""Bytes of spooled files that one transaction takes in: it bounds memory, and how long the database is locked."""

_ABANDONED = 3600.0
"""Seconds after which an unfinished file belongs to a process that died."""

_SWEEP = "sweep."


class Spooled(NamedTuple):
    """One file of the spool, read."""

    path: Path
    value: Audit | Sweep


class Spool:
    """The folder `<database>.spool`."""

    def __init__(self, database: Path) -> None:
        self.folder = database.with_name(f"{database.name}.spool")
        self.set_aside: list[Path] = []
        """Files that no audit could be read from, renamed to `….bad` and left for their owner to look at."""
        self._reading = threading.Lock()
        self._seen: dict[str, tuple[Blob, ...]] = {}

    def add_audit(self, audit: Audit) -> None:
        """Keep a finished audit; it is on disk when this returns."""
        self._write(_checked(audit.audit_id), audit)

    def add_sweep(self, sweep: Sweep) -> None:
        """Keep the state of a sweep; each state is a file of its own, so none is lost to a merge of an older one."""
        self._write(f"{_SWEEP}{_checked(sweep.sweep_id)}.{secrets.token_hex(4)}", sweep)

    def _write(self, name: str, value: Audit | Sweep) -> None:
        unfinished = self.folder / f"{name}.{secrets.token_hex(4)}.tmp"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with unfinished.open("xb") as stream:
                stream.write(as_line(value))
                stream.flush()
                os.fsync(stream.fileno())
            unfinished.rename(self.folder / f"{name}.json")
            folder = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise StoreError(f"{self.folder} cannot be written: {error.strerror or error}") from error

    def names(self) -> list[str]:
        """The files that wait, in the order of their names."""
        try:
            return sorted(path.name for path in self.folder.iterdir() if path.suffix == ".json")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"{self.folder} cannot be read: {error.strerror or error}") from error

    def read(self, name: str) -> Spooled | None:
        """One file, or None if another process has merged it meanwhile or it had to be set aside."""
        path = self.folder / name
        try:
            content = path.read_bytes()
            if name.startswith(_SWEEP):
                return Spooled(path, msgspec.json.decode(content, type=Sweep))
            return Spooled(path, msgspec.json.decode(content, type=Audit))
        except FileNotFoundError:
            return None
        except (msgspec.DecodeError, UnicodeDecodeError):
            self.reject(path)
            return None
        except OSError as error:
            raise StoreError(f"{path} cannot be read: {error.strerror or error}") from error

    def reject(self, path: Path) -> None:
        """Set a file aside that cannot be merged, so that it never blocks the rest."""
        aside = path.with_suffix(".bad")
        with suppress(FileNotFoundError):
            path.rename(aside)
            self.set_aside.append(aside)

    def batches(self) -> Iterator[list[Spooled]]:
        """What waits, in portions for one transaction each."""
        batch: list[Spooled] = []
        size = 0
        for name in self.names():
            spooled = self.read(name)
            if spooled is None:
                continue
            with suppress(FileNotFoundError):
                size += spooled.path.stat().st_size
            batch.append(spooled)
            if size >= _BATCH:
                yield batch
                batch, size = [], 0
        if batch:
            yield batch

    def done(self, batch: list[Spooled]) -> None:
        """Forget what has been committed."""
        for spooled in batch:
            spooled.path.unlink(missing_ok=True)

    def blobs(self) -> dict[tuple[str, str], list[Blob]]:
        """The blobs of the audits that wait, by (blob, hint)."""
        names = [name for name in self.names() if not name.startswith(_SWEEP)]
        found: dict[tuple[str, str], list[Blob]] = {}
        with self._reading:
            for gone in self._seen.keys() - names:
                del self._seen[gone]
            for name in names:
                if name not in self._seen:
                    spooled = self.read(name)
                    self._seen[name] = spooled.value.blobs if spooled and isinstance(spooled.value, Audit) else ()
                for blob in self._seen[name]:
                    found.setdefault((blob.blob, blob.hint), []).append(blob)
        return found

    def tidy(self) -> None:
        """Remove the unfinished files of processes that died."""
        with suppress(OSError):
            for path in self.folder.glob("*.tmp*"):
                if time.time() - path.stat().st_mtime > _ABANDONED:
                    path.unlink()


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name) or name.startswith(_SWEEP):
        raise ValueError(f"not a name for a file of the spool: {name!r}")
    return name
