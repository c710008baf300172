"""Files of this machine as jobs: files, folders, and snapshots of the Hugging Face cache.

Nothing that a folder holds is trusted: links are followed only to regular files inside the folder itself or, for a
snapshot, inside the cache that it belongs to (`blobs` of its repo, or the cache's shared `blobs`; hub-api.md 6).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from audit.content import LocalContent
from audit.pipeline import Job, Selection

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Skipped(NamedTuple):
    """A path that cannot be audited, and why."""

    path: str
    code: str
    message: str


def files(paths: Sequence[Path], selection: Selection) -> Iterator[Job | Skipped]:
    """Every wanted file of the paths, named as the paths were given; what cannot be read is said."""
    for path in paths:
        if os.path.isdir(path):  # noqa: PTH112 - a path that may not be looked at is no error here
            yield from _folder(path, selection)
        elif selection.wants(str(path)):
            yield _job(path)


def _folder(root: Path, selection: Selection) -> Iterator[Job | Skipped]:
    allowed = _allowed(root)
    problems: list[OSError] = []
    for folder, folders, names in os.walk(root, onerror=problems.append):
        folders.sort()
        for name in sorted(folders):
            if os.path.islink(os.path.join(folder, name)):  # noqa: PTH114, PTH118 - os.walk speaks in strings
                yield Skipped(f"{folder}/{name}", "link", "a link to a folder is not followed")
        for name in sorted(names):
            path = Path(folder) / name
            if not selection.wants(str(path)):
                continue
            target = Path(os.path.realpath(path))
            if path.is_symlink() and not any(target.is_relative_to(base) for base in allowed):
                yield Skipped(str(path), "link", "the link leaves the folder and is not followed")
            else:
                yield _job(path)
    for problem in problems:
        yield Skipped(str(problem.filename), "unreadable", f"the folder cannot be read: {problem.strerror}")


def _allowed(root: Path) -> list[Path]:
    """Where links of this folder may lead."""
    real = Path(os.path.realpath(root))
    allowed = [real]
    for parent in (real, *real.parents):
        if parent.parent.name == "snapshots" and parent.parent.parent.name.partition("--")[0] in {
            "models",
            "datasets",
            "spaces",
        }:
            repo = parent.parent.parent
            allowed += [repo / "blobs", repo.parent / "blobs"]
    return allowed


def _job(path: Path) -> Job:
    try:
        size = path.stat().st_size
    except OSError:
        size = 0  # the audit of the file says what is wrong with it
    return Job(str(path), size, "", lambda: LocalContent(path))
