"""Which sweeps are under way: each holds a lock that the system gives up with its process, however that ends."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from reports.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def alive(folder: Path, sweep_id: str) -> Iterator[None]:
    """Hold the lock of a sweep until the block ends."""
    path = _path(folder, sweep_id)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"{path} cannot be made: {error.strerror or error}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(lock)


def is_alive(folder: Path, sweep_id: str) -> bool:
    """Whether a process holds the lock of this sweep."""
    path = _path(folder, sweep_id)
    try:
        lock = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        # A file system without locks: nobody can tell, and a sweep that goes on records its own end.
        return False
    else:
        with suppress(OSError):
            path.unlink()
        return False
    finally:
        os.close(lock)


def _path(folder: Path, sweep_id: str) -> Path:
    return folder / f"sweep.{sweep_id}.lock"
