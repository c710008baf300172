"""The one place where the disk's errors become ours."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

from crawler.errors import CacheError, DiskFullError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def touching(path: Path) -> Iterator[None]:
    """Map what goes wrong with the cache at `path`."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFullError(
                f"no room for the block cache at {path} ({error.strerror}); "
                "free some, run `audit cache prune`, or move it"
            ) from error
        raise CacheError(f"the block cache at {path} cannot be used: {error.strerror or error}") from error
