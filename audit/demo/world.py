"""What a Hub holds: values, from which the server answers.

A world never changes. A push, a rename or a new repo makes another world, and the server goes over to it between
two requests. All ids are what git would make of the same history, so two runs agree on every one of them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from audit.demo.blobs import Content, Entry, entry, git_oid

if TYPE_CHECKING:
    from collections.abc import Mapping

RepoType = Literal["model", "dataset", "space"]
Gate = Literal["auto", "manual"]
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, eq=False)
class Commit:
    """One state of a repo's files."""

    files: Mapping[str, Content]
    title: str = "Add files"
    date: datetime = BEGINNING
    security: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """The Hub's own verdict by path, as `securityFileStatus` in its shape; a path without one was never scanned."""
    scans_done: bool = True

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """The files by path, in the order of a recursive tree."""
        return {path: entry(path, self.files[path]) for path in sorted(self.files)}

    @cached_property
    def folders(self) -> dict[str, str]:
        """Git's tree id of each folder by path; the root is ""."""
        below: dict[str, dict[str, tuple[bytes, str]]] = {"": {}}
        for path, file in self.entries.items():
            parent, _, name = path.rpartition("/")
            below.setdefault(parent, {})[name] = (b"100644", file.oid)
            while parent:
                parent = parent.rpartition("/")[0]
                below.setdefault(parent, {})
        ids: dict[str, str] = {}
        for folder in sorted(below, key=lambda path: (path.count("/") + bool(path), path), reverse=True):
            names = sorted(below[folder].items(), key=lambda item: item[0] + "/" * (item[1][0] == b"40000"))
            ids[folder] = git_oid(
                "tree",
                b"".join(mode + b" " + name.encode() + b"\0" + bytes.fromhex(oid) for name, (mode, oid) in names),
            )
            parent, _, name = folder.rpartition("/")
            if folder:
                below[parent][name] = (b"40000", ids[folder])
        return ids


@dataclass(frozen=True, eq=False)
class Repo:
    """A repo: its history, and what the Hub says of it.

    `commits` is one line of history, oldest first. Branches, tags and refs name places in it, counted as in a list;
    "main" is the last one unless it is said otherwise.
    """

    id: str
    commits: tuple[Commit, ...]
    type: RepoType = "model"
    branches: Mapping[str, int] = field(default_factory=dict)
    tags: Mapping[str, int] = field(default_factory=dict)
    refs: Mapping[str, int] = field(default_factory=dict)
    """Full names, `refs/pr/1` or `refs/convert/parquet`."""
    gated: Gate | Literal[False] = False
    private: bool = False
    disabled: bool = False
    access: frozenset[str] = frozenset()
    """Tokens that see a private repo and pass a gate."""
    downloads: int = 0
    likes: int = 0
    created_at: datetime = BEGINNING
    last_modified: datetime | None = None
    """None: the date of the commit that main is at."""
    labels: tuple[str, ...] = ()
    """What the Hub calls tags, and `filter=` looks for."""
    library: str | None = None
    pipeline: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)
    """Further properties of the repo by their name in the API: `gguf`, `safetensors`, `config`, …"""

    @property
    def owner(self) -> str:
        """The organisation or user; "" for a repo of the old kind without one."""
        return self.id.rpartition("/")[0]

    @cached_property
    def object_id(self) -> str:
        """The `_id`: eight digits of creation time, then sixteen of its own."""
        unique = hashlib.sha256(f"{self.type} {self.id}".encode()).hexdigest()[:16]
        return f"{int(self.created_at.timestamp()):08x}{unique}"

    @cached_property
    def commit_ids(self) -> tuple[str, ...]:
        """Git's id of each commit, oldest first."""
        ids: list[str] = []
        for commit in self.commits:
            parent = f"parent {ids[-1]}\n" if ids else ""
            person = f"{self.owner or self.id} <{self.id}> {int(commit.date.timestamp())} +0000"
            text = f"tree {commit.folders['']}\n{parent}author {person}\ncommitter {person}\n\n{commit.title}\n"
            ids.append(git_oid("commit", text.encode()))
        return tuple(ids)

    @cached_property
    def heads(self) -> dict[str, int]:
        """Where each branch is."""
        last = len(self.commits) - 1
        return {"main": last} | {name: at % len(self.commits) for name, at in self.branches.items()}

    @property
    def head(self) -> int:
        """Where main is."""
        return self.heads["main"]

    def locate(self, revision: str) -> int | None:
        """The place in history that a branch, tag, ref or full commit id names."""
        if revision in self.commit_ids:
            return self.commit_ids.index(revision)
        for names in (self.heads, self.tags, self.refs):
            if revision in names:
                return names[revision] % len(self.commits)
        kind, _, name = revision.removeprefix("refs/").partition("/")
        if revision.startswith("refs/") and kind in {"heads", "tags"}:
            at = (self.heads if kind == "heads" else self.tags).get(name)
            return None if at is None else at % len(self.commits)
        return None

    @property
    def modified(self) -> datetime:
        """When the Hub says that it last changed."""
        return self.last_modified or self.commits[self.head].date


@dataclass(frozen=True, eq=False)
class World:
    """All repos of a Hub, and who may see them."""

    repos: tuple[Repo, ...] = ()
    renames: Mapping[str, str] = field(default_factory=dict)
    """Old id to new id, of every type."""
    collections: Mapping[str, tuple[tuple[RepoType, str], ...]] = field(default_factory=dict)
    """What each collection holds, by its slug, `OWNER/TITLE-ID`."""
    tokens: Mapping[str, str] = field(default_factory=dict)
    """Names of users by token; those in any repo's `access` are valid as well."""

    @cached_property
    def _by_id(self) -> dict[tuple[str, str], Repo]:
        return {(repo.type, repo.id): repo for repo in self.repos}

    @cached_property
    def _folded(self) -> dict[tuple[str, str], str]:
        return {(repo.type, repo.id.casefold()): repo.id for repo in self.repos}

    @cached_property
    def users(self) -> dict[str, str]:
        """Names by token, of every token that is valid."""
        return {token: "guest" for repo in self.repos for token in repo.access} | dict(self.tokens)

    @cached_property
    def stored(self) -> dict[str, Entry]:
        """LFS objects by the name under which the CDN serves them."""
        return {
            file.xet: file
            for repo in self.repos
            for commit in repo.commits
            for file in commit.entries.values()
            if file.sha256 is not None
        }

    def repo(self, repo_id: str, repo_type: RepoType = "model") -> Repo | None:
        """The repo of exactly this id."""
        return self._by_id.get((repo_type, repo_id))

    def moved(self, repo_id: str, repo_type: RepoType = "model") -> str | None:
        """The id that this one is sent on to: a renamed repo, or the same in other letter case."""
        if repo_id in self.renames:
            return self.renames[repo_id]
        right = self._folded.get((repo_type, repo_id.casefold()))
        return right if right != repo_id else None

    def with_repo(self, repo: Repo) -> World:
        """The world with this repo in place of the one of the same type and id, or added."""
        if self.repo(repo.id, repo.type) is None:
            return replace(self, repos=(*self.repos, repo))
        same = (repo.type, repo.id)
        return replace(self, repos=tuple(repo if (old.type, old.id) == same else old for old in self.repos))

    def pushed(self, repo_id: str, repo_type: RepoType = "model", branch: str = "main") -> World:
        """The world after the branch has moved on to the next commit of the history, if there is one."""
        repo = self.repo(repo_id, repo_type)
        if repo is None:
            raise KeyError(repo_id)
        at = min(repo.heads[branch] + 1, len(repo.commits) - 1)
        return self.with_repo(replace(repo, branches={**repo.heads, branch: at}))
