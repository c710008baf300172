"""The DuckDB file: opened for one short batch, and closed again.

DuckDB lets in either one process that writes or several that read, and one process may not open a file twice with
different settings. So every opening waits its turn twice: among the threads of this process for `_TURN`, among
processes for DuckDB's own file lock. The file is never opened by any other means while DuckDB needs it: closing any
descriptor of it would drop the process's POSIX lock.

No connection reaches anything outside the database file: no other file, no extension, no network.
"""

from __future__ import annotations

import os
import random
import secrets
import shutil
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from reports.errors import StoreBusy, StoreError
from reports.steps import apply, behind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import duckdb

_TURN = threading.Lock()
_PAUSE = 0.2
"""Seconds, at most, between two tries for a lock; jittered so that waiters do not march in step."""

_SETTINGS = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


@contextmanager
def opened(path: Path, *, write: bool, wait: float, folder: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the database at `path`, made if there is none, with the newest schema.

    Waits up to `wait` seconds for other users of the file, then raises `StoreBusy`. Leaving the block closes the
    file; an open transaction is rolled back. Below `folder`, if one is named, the connection may write files.
    """
    deadline = time.monotonic() + wait
    if not _TURN.acquire(timeout=max(0.0, wait)):
        raise StoreBusy(f"{path} is in use by this process")
    try:
        connection = _ready(path, write=write, deadline=deadline)
        if folder is not None:
            connection.close()
            connection = _connect(path, write=write, deadline=deadline, folder=folder)
        try:
            with _as_store_error(path):
                yield connection
        finally:
            connection.close()
    finally:
        _TURN.release()


def copy(path: Path, target: Path, *, wait: float) -> Path:
    """The database as it is at one moment, in another file; it is held for as long as the copying takes."""
    with opened(path, write=False, wait=wait):
        # The database last: its lock ends with its copy.
        for ending in (".wal", ""):
            source = path.with_name(f"{path.name}{ending}")
            if source.exists():
                shutil.copyfile(source, target.with_name(f"{target.name}{ending}"))
    return target


@contextmanager
def _as_store_error(path: Path) -> Iterator[None]:
    """DuckDB's errors that nobody handled, a full disk or a damaged file among them, in one line."""
    import duckdb  # noqa: PLC0415 - slow to load, and most commands can do without

    try:
        yield
    except duckdb.Error as error:
        raise StoreError(f"{path}: {first_line(error)}") from error


def misfits() -> tuple[type[Exception], ...]:
    """What DuckDB raises for a value that does not fit its column; any other error is not the value's fault."""
    import duckdb  # noqa: PLC0415 - slow to load, and most commands can do without

    return (duckdb.DataError, duckdb.InvalidInputException)


def first_line(error: Exception) -> str:
    """The first line of DuckDB's message."""
    return str(error).strip().partition("\n")[0]


def _ready(path: Path, *, write: bool, deadline: float) -> duckdb.DuckDBPyConnection:
    """A connection to a database that exists and has every step of the schema."""
    try:
        if not path.exists():
            _create(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be made: {error.strerror or error}") from error
    connection = _connect(path, write=write, deadline=deadline)
    try:
        with _as_store_error(path):
            complete = not behind(connection, path)
            if not complete and write:
                apply(connection, path)
                complete = True
    except BaseException:
        connection.close()
        raise
    if complete:
        return connection
    connection.close()
    _ready(path, write=True, deadline=deadline).close()
    return _ready(path, write=False, deadline=deadline)


def _connect(path: Path, *, write: bool, deadline: float, folder: Path | None = None) -> duckdb.DuckDBPyConnection:
    import duckdb  # noqa: PLC0415 - slow to load, and most commands can do without

    settings: dict[str, Any] = dict(_SETTINGS)
    if folder is not None:
        del settings["enable_external_access"]
    while True:
        try:
            connection = duckdb.connect(str(path), read_only=not write, config=settings)
        except duckdb.Error as error:
            message = first_line(error)
            if "lock" not in message or not isinstance(error, duckdb.IOException):
                raise _unusable(path, message) from error
            left = deadline - time.monotonic()
            if left <= 0:
                raise StoreBusy(f"{path} is in use by another process") from error
            time.sleep(min(left, random.uniform(_PAUSE / 20, _PAUSE)))  # noqa: S311 - jitter, not a secret
        else:
            connection.execute("SET TimeZone = 'UTC'")
            if folder is not None:
                # What may be reached can be narrowed only in this order.
                quoted = str(folder).replace("'", "''")
                connection.execute(f"SET allowed_directories = ['{quoted}']")
                connection.execute("SET enable_external_access = false")
            return connection


def _unusable(path: Path, message: str) -> StoreError:
    # A file of SQLite makes DuckDB look for the extension that reads it.
    if "not a valid DuckDB database" in message or "external extensions" in message:
        return StoreError(f"{path} is not a DuckDB database; choose another file with --db")
    return StoreError(f"{path} cannot be opened: {message}")


def _create(path: Path) -> None:
    """An empty database under the name `path`, whole from its first moment.

    DuckDB writes a new file in steps, and a process that is killed between them leaves something that nobody can
    open. So the file is made under another name and linked into place, by whoever comes first.
    """
    # In the spool, which clears up after processes that died.
    draft = path.with_name(f"{path.name}.spool") / f"{secrets.token_hex(4)}.tmp"
    draft.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = _connect(draft, write=True, deadline=0.0)
        try:
            apply(connection, draft)
        finally:
            connection.close()
        try:
            os.link(draft, path)
        except FileExistsError:
            return
        except OSError:
            # A file system without hard links. What another process made in between would be empty, like this.
            draft.replace(path)
    finally:
        for leftover in (draft, draft.with_name(f"{draft.name}.wal")):
            leftover.unlink(missing_ok=True)
