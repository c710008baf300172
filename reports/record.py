"""The values that an audit leaves behind: what the store keeps and what every report draws.

An audit is one target at one commit; a file is one path of it; a blob is content, scanned once however many files
carry it. All values are frozen and travel as JSON through the spool.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec reads the annotation at run time
from typing import Literal

import msgspec

from scanners.account import Totals  # noqa: TC001 - the same
from scanners.facts import Fact  # noqa: TC001 - the same
from scanners.findings import Finding, Verdict  # noqa: TC001 - the same

TargetKind = Literal["repo", "path", "url"]
RepoType = Literal["model", "dataset", "space"]


class Problem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why something was not done: a stable code for scripts, one line for people."""

    code: str
    message: str


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was audited."""

    kind: TargetKind
    id: str
    type: RepoType | None = None
    revision: str | None = None
    """The branch, tag or commit that was asked for."""
    commit: str | None = None
    """The commit that it stood for, 40 hexadecimal digits."""


class Blob(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the scanners said of one content, once."""

    blob: str
    """`sha256:…`, `git:…`, or `url:…` for a ranged file of a plain server, whose content has no known hash."""
    hint: str
    """The names that routing took into account (scanners.routing.hint): part of the result's key."""
    scanners: str
    """The mark of the scanners that were asked, each at its version (scanners.routing.Versions)."""
    size: int
    format: str
    account: Totals
    facts: tuple[Fact, ...]
    stopped: Problem | None = None
    """Why the scan ended before its end; facts and account hold what was seen before."""
    sealed: tuple[str, ...] = ()
    """The measures that held in the process that scanned it: `seccomp`, `landlock:7`, …"""


class HubVerdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one of the Hub's own scanners said of a file, or the Hub of them all (`scanner` is "hub")."""

    scanner: str
    status: str
    message: str = ""
    version: str = ""


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One path of the target."""

    path: str
    size: int
    blob: str
    hint: str
    format: str
    verdict: Verdict
    complete: bool
    findings: tuple[Finding, ...] = ()
    bytes_examined: int = 0
    bytes_inert: int = 0
    bytes_fetched: int = 0
    reused: bool = False
    """The blob's facts came from the store: none of its bytes were read this time."""
    error: Problem | None = None
    hub: tuple[HubVerdict, ...] = ()
    """The Hub's own verdicts; empty where it has scanned nothing, or was not asked."""


class Stats(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the audit cost."""

    files: int = 0
    bytes_total: int = 0
    bytes_fetched: int = 0
    requests: int = 0
    seconds: float = 0.0


class Audit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One target at one commit, audited."""

    audit_id: str
    target: Target
    started: datetime
    """UTC."""
    ruleset: str
    version: str
    verdict: Verdict
    complete: bool
    files: tuple[File, ...]
    blobs: tuple[Blob, ...]
    """The blobs scanned by this audit; those it reused are in the store."""
    stats: Stats
    sweep_id: str | None = None
    downloads: int | None = None
    likes: int | None = None
    last_modified: datetime | None = None
    error: Problem | None = None
    """Why the target as a whole could not be audited, or not to its end."""
    selection: str | None = None
    """Which paths were asked for, where not all were: such an audit says nothing about the target as a whole."""
    safe_revision: str | None = None
    """An earlier commit of this repo that was audited clean, to be used as `revision=`."""


class Sweep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Many audits as one run."""

    sweep_id: str
    started: datetime
    targets: tuple[str, ...]
    ruleset: str
    finished: datetime | None = None
    repos_listed: int = 0
    repos_audited: int = 0
    repos_unchanged: int = 0
    files_scanned: int = 0
    bytes_fetched: int = 0
    requests: int = 0
    status: Literal["running", "complete", "incomplete", "interrupted"] = "running"
