"""The block cache: the parts of blobs that were fetched, by content.

An entry is two files below `root/<2 hex>/`, named by the hash of its key:

    <64 hex>.data    sparse; each byte at the offset that it has in the blob
    <64 hex>.sums    64 bytes of header (magic, block size, blob size, checksum), then for each block of
                     1 KiB a 16-byte BLAKE2b of (block number, bytes); zero where the block is not held

Rule 1: a block is held when its checksum fits its bytes *at the time of reading*. Data is written before its
checksum, so whatever a kill, a crash, a full disk or a lost page leaves behind is simply not held.
Rule 2: the same key has the same bytes, so processes need no locks: two that write one block write the same, and a
reader between them sees either a checksum that fits or a block that is not held. `prune` unlinks; a process that
has the entry open goes on with its descriptors, and what it writes is gone when it closes them. An entry of another
size is unlinked as well, never truncated: an open file only ever gains right bytes.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from crawler.entry import Entry
from crawler.errors import CacheError
from crawler.ranges import BLOCK
from crawler.trouble import touching

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_KEY = re.compile(r"sha256:[0-9a-f]{64}|git:[0-9a-f]{40}|url:[0-9a-f]{1,64}", re.ASCII)
_FILE = re.compile(r"([0-9a-f]{64})\.(data|sums)", re.ASCII)
_FOLDER = re.compile(r"[0-9a-f]{2}", re.ASCII)
_SLACK = 20  # a prune is due after a twentieth of the limit was written


class CacheInfo(msgspec.Struct, frozen=True):
    """What the cache holds."""

    root: str
    entries: int
    bytes: int
    """Allocated on the disk, not the length of the sparse files."""
    limit: int


class _Held(NamedTuple):
    """An entry on the disk."""

    used: float  # when it was last opened
    name: str
    allocated: int


class Cache:
    """A folder of entries, bounded by `limit` bytes on the disk."""

    def __init__(self, root: Path, *, limit: int) -> None:
        self.root = root
        self.limit = limit
        self._open: Counter[str] = Counter()
        self._written = 0

    def open(self, key: str, size: int) -> Entry:
        """The entry for a blob of `size` bytes, made where there is none; a context manager.

        `key` is `sha256:`, `git:` or `url:` and hexadecimal digits; `CacheError` for anything else.
        """
        if _KEY.fullmatch(key) is None:
            raise CacheError(f"{key!r} is no key of the block cache")
        if not 0 <= size < 2**63 - BLOCK:
            raise CacheError(f"{key} cannot be {size} bytes long")
        name = hashlib.sha256(key.encode()).hexdigest()
        folder = self.root / name[:2]
        with touching(self.root):
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
        entry = Entry(folder / name, key, size, closed=self._closed)
        self._open[name] += 1
        return entry

    def info(self) -> CacheInfo:
        """What is there."""
        held = list(self._entries())
        return CacheInfo(str(self.root), len(held), sum(entry.allocated for entry in held), self.limit)

    def prune(self, limit: int | None = None) -> int:
        """Remove the entries opened longest ago, until the rest fits nine tenths of the limit; bytes freed.

        Nothing is removed while the cache is within its limit, and no entry that this process has open.
        """
        limit = self.limit if limit is None else limit
        self._written = 0
        held = sorted(self._entries())
        total = sum(entry.allocated for entry in held)
        if total <= limit:
            return 0
        freed = 0
        for entry in held:
            if total - freed <= limit - limit // 10:
                break
            if self._open[entry.name] == 0:
                freed += self._remove(entry)
        return freed

    def clear(self) -> int:
        """Remove every entry that this process does not have open; bytes freed."""
        return sum(self._remove(entry) for entry in self._entries() if self._open[entry.name] == 0)

    def _closed(self, entry: Entry) -> None:
        name = entry.path.name
        self._open[name] -= 1
        if self._open[name] <= 0:
            del self._open[name]
        self._written += entry.written
        if self._written > self.limit // _SLACK:
            self.prune()

    def _entries(self) -> Iterator[_Held]:
        """What is on the disk; files that are not ours are passed over."""
        with touching(self.root):
            if not self.root.is_dir():
                return
            for folder in sorted(self.root.iterdir()):
                if _FOLDER.fullmatch(folder.name) and folder.is_dir() and not folder.is_symlink():
                    yield from _scan(folder)

    def _remove(self, entry: _Held) -> int:
        stem = self.root / entry.name[:2] / entry.name
        with touching(self.root):
            # The checksums first: data without them is not held.
            stem.with_suffix(".sums").unlink(missing_ok=True)
            stem.with_suffix(".data").unlink(missing_ok=True)
        return entry.allocated


def _scan(folder: Path) -> Iterator[_Held]:
    found: dict[str, _Held] = {}
    with os.scandir(folder) as files:
        for file in files:
            match = _FILE.fullmatch(file.name)
            if match is None or not file.is_file(follow_symlinks=False):
                continue
            try:
                status = file.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # another process removed it since
            name = match[1]
            before = found.get(name, _Held(0.0, name, 0))
            found[name] = _Held(max(before.used, status.st_mtime), name, before.allocated + status.st_blocks * 512)
    yield from found.values()
