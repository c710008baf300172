"""What the Hub lists: repos, their files at one commit, and what to ask a listing for."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec reads the annotation at run time
from typing import Literal, NamedTuple

import msgspec

from crawler.errors import clipped

RepoType = Literal["model", "dataset", "space"]
Revisions = Literal["tags", "pulls", "converts"]
"""What a repo has beside its default branch: tags, `refs/pr/*`, `refs/convert/*`."""


class Said(msgspec.Struct, frozen=True):
    """What one of the Hub's own scanners says of a file, or the Hub of them all ("hub")."""

    scanner: str
    status: str
    message: str = ""
    version: str = ""


class RepoFile(msgspec.Struct, frozen=True):
    """A file of a repo."""

    path: str
    size: int
    blob: str
    """`sha256:…` of the bytes of an LFS file, `git:…` of the others."""
    lfs: bool
    changed: datetime | None = None
    """When the commit was made that last touched it, as far as the Hub was asked and says."""
    strange: bool = False
    """Neither a file nor a folder by the Hub's word, as a submodule is: there is nothing to read."""
    pointer: Literal["", "written otherwise", "another"] = ""
    """How git's pointer of an LFS file differs from the one that this size and hash make, if it does."""
    said: tuple[Said, ...] = ()
    """By the Hub's own scanners; empty where it was not asked or has not scanned."""


class Repo(msgspec.Struct, frozen=True):
    """A repo at one commit."""

    id: str
    """As the Hub names it: a renamed repo answers under its new name."""
    requested: str
    type: RepoType
    revision: str
    commit: str
    files: tuple[RepoFile, ...]
    downloads: int | None = None
    likes: int | None = None
    last_modified: datetime | None = None
    gated: str = ""
    """How access is granted, "auto" or "manual"; empty where it is free."""
    private: bool = False
    created_at: datetime | None = None
    scanned: bool = True
    """False where the Hub says that its own scanners are not done."""


class Listed(msgspec.Struct, frozen=True):
    """A repo as a listing shows it, or another revision of it."""

    id: str
    type: RepoType
    commit: str | None = None
    downloads: int | None = None
    likes: int | None = None
    last_modified: datetime | None = None
    revision: str = "main"


class Query(NamedTuple):
    """Which repos a listing is asked for; all of the Hub where nothing is said."""

    author: str | None = None
    """An organisation or a user."""
    search: str | None = None
    """Words in the repo's name."""
    most: int | None = None
    """So many of the most downloaded."""

    @property
    def text(self) -> str:
        """The query in words."""
        said = [
            self.author,
            self.search and f"search for {self.search!r}",
            self.most and f"{self.most} most downloaded",
        ]
        return ", ".join(clipped(str(part)) for part in said if part) or "all repos"
