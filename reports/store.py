"""The store: every audit ever made, and what its blobs were found to hold.

Rule 1: finished work is safe in the spool before the database is touched, so a locked, lost or broken database never
loses an audit. Rule 2: the database is open only while a batch is merged or a query runs. Rule 3: a blob's facts
are looked up in both, so nothing is scanned twice because a merge is late.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from reports import export, query, rows
from reports.alive import alive, is_alive
from reports.database import copy, misfits, opened
from reports.errors import StoreBusy, StoreError
from reports.hunt import hunt
from reports.news import News, news
from reports.overview import EVERYTHING, Only, overview
from reports.record import Audit, Sweep
from reports.recorded import Recorded, outdated, recorded
from reports.spool import Spool
from scanners.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    import duckdb

    from reports.overview import Rows
    from reports.query import Table
    from reports.record import Blob
    from reports.spool import Spooled
    from reports.suppression import Suppressions
    from scanners.findings import Severity, Verdict

_EVERY = 1.0
"""Seconds between two merges that recording starts: a sweep over small repos spends its time on them otherwise."""

_GLANCE = 0.5
"""Seconds to wait for the database where the spool makes waiting unnecessary."""

Found = tuple[str, str, Finding]
"""A finding with the path and the blob that it was found in."""


class Usual(NamedTuple):
    """What an audit of a repo costs on the average."""

    requests: float
    bytes_fetched: float
    seconds: float


class RepoAt(NamedTuple):
    """A repo at one commit of one revision."""

    repo_id: str
    repo_type: str
    revision: str
    commit: str


class Standing(NamedTuple):
    """What an audit said of a repo, in short."""

    verdict: Verdict
    complete: bool
    severity: Severity | None
    """Of the worst finding."""
    audit_id: str = ""


class Store:
    """The database at `path` with its spool; making one opens nothing. All methods may be called from any thread.

    `wait`: seconds to wait for other users of the file.
    """

    def __init__(self, path: Path, *, wait: float = 30.0) -> None:
        self.path, self.wait = path, wait
        self._spool = Spool(path)
        self._merging = threading.Lock()
        self._merged_at = -_EVERY

    @property
    def set_aside(self) -> tuple[Path, ...]:
        """Spooled files that could not be read, renamed to `….bad`: a warning for the user."""
        return tuple(self._spool.set_aside)

    def check(self) -> None:
        """Raise `StoreError` where the database cannot be used at all; one that is busy will be free in time."""
        folder = self.path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{folder} cannot be made: {error.strerror}; name another file with --db") from error
        if not os.access(folder, os.W_OK | os.X_OK):
            raise StoreError(f"{folder} cannot be written; name another file with --db, or use --no-store")
        if self.path.exists():
            self._read("SELECT 1", [])

    def record(self, audit: Audit) -> None:
        """Keep an audit: on disk when this returns, in the database soon after."""
        self._spool.add_audit(audit)
        if time.monotonic() - self._merged_at >= _EVERY:
            self._merge_if_free()

    def record_remade(self, audits: Collection[Audit]) -> None:
        """Keep audits that were made of what is stored, and can be made again: past the spool, all at once.

        Raises `StoreBusy` if the database stays in use.
        """
        with opened(self.path, write=True, wait=self.wait) as connection:
            try:
                rows.merge(connection, audits)
            except misfits():
                # The spool finds the one that does not fit, and sets it aside.
                for audit in audits:
                    self._spool.add_audit(audit)

    def record_sweep(self, sweep: Sweep) -> None:
        """Keep the state of a sweep, and bring the database up to date if it is free."""
        self._spool.add_sweep(sweep)
        self._merge_if_free()

    @contextmanager
    def sweeping(self, sweep: Sweep) -> Iterator[None]:
        """Keep a sweep as running until the block ends; those whose process died are recorded as interrupted."""
        with alive(self._spool.folder, sweep.sweep_id):
            for (sweep_id,) in self._read(_RUNNING, []) if self.path.exists() else ():
                if not is_alive(self._spool.folder, str(sweep_id)):
                    with opened(self.path, write=True, wait=self.wait) as connection:
                        connection.execute(_BROKEN_OFF, [sweep_id])
            self.record_sweep(sweep)
            yield

    def news(self, sweep_id: str, accepted: Suppressions) -> News:
        """What a recorded sweep changed; raises `StoreBusy` if the database stays in use."""
        self.merge()
        with opened(self.path, write=False, wait=self.wait) as connection:
            return news(connection, sweep_id, accepted)

    def usual(self) -> Usual | None:
        """What audits of repos cost until now; None before the first."""
        row = next(iter(self._read(_USUAL, [])), None) if self.path.exists() else None
        return None if row is None or row[0] is None else Usual(*map(float, row))  # type: ignore[arg-type]

    def merge(self) -> int:
        """Take all that waits in the spool into the database; how many audits were new to it.

        Raises `StoreBusy` if the database is in use for longer than the wait: what waits goes on waiting.
        """
        return self._merge(self.wait)

    def known(self, keys: Collection[tuple[str, str]], hold: Callable[[str], bool]) -> dict[tuple[str, str], Blob]:
        """What is known of these (blob, hint), where `hold` says of the mark of its scanners that it still holds.

        A database that stays in use is no error: what the spool knows is answered, and the rest is scanned again.
        """
        found: dict[tuple[str, str], Blob] = {}
        if not keys:
            return found
        if self.path.exists():
            for row in self._read(_KNOWN, [[blob for blob, _ in keys], [hint for _, hint in keys]]):
                # Facts of a kind that this version no longer has cost a scan, not the audit.
                try:
                    blob = rows.blob_of(row)
                except msgspec.DecodeError:
                    continue
                key = (blob.blob, blob.hint)
                if hold(blob.scanners) and (blob.stopped is None or key not in found):
                    found[key] = blob
        waiting = self._spool.blobs()
        for key in keys:
            for blob in waiting.get(key, ()):
                if hold(blob.scanners) and (blob.stopped is None or key not in found):
                    found[key] = blob
        return found

    def safe_revision(self, repo_id: str, repo_type: str) -> str | None:
        """The newest commit of a repo that was audited clean and complete."""
        self._merge_if_free()
        return self._one(_SAFE, [repo_id, repo_type])

    def standing(self, repos: Collection[RepoAt], ruleset: str) -> dict[RepoAt, Standing]:
        """What is known of these repos at these commits: their audits by this ruleset that reached all files.

        Raises `StoreBusy` if the database stays in use: a repo that seems unknown would be audited twice.
        """
        if not repos:
            return {}
        if self._spool.names():
            self.merge()
        if not self.path.exists():
            return {}
        columns = [list(column) for column in zip(*repos, strict=True)]
        with opened(self.path, write=False, wait=self.wait) as connection:
            rows_ = connection.execute(_STANDING, [*columns, ruleset]).fetchall()
        return {RepoAt(*row[:4]): Standing(*row[4:]) for row in rows_}

    def findings(self, audit_ids: Collection[str]) -> dict[str, list[Found]]:
        """What these audits found, each with its path and blob; raises `StoreBusy` if the database stays in use."""
        found: dict[str, list[Found]] = {}
        with opened(self.path, write=False, wait=self.wait) as connection:
            for audit_id, path, blob, *said in connection.execute(_FOUND, [list(audit_ids)]).fetchall():
                found.setdefault(audit_id, []).append((path, blob, rows.finding_of(said)))
        return found

    def query(self, sql: str, *, parameters: Mapping[str, str | None] | None = None) -> Table:
        """The answer to one read-only query over the history; raises `QueryError` or `StoreError`."""
        return query.whole(self.paged(sql, parameters=parameters))

    def paged(self, sql: str, *, parameters: Mapping[str, str | None] | None = None) -> Iterator[Table]:
        """The same in parts (reports.query.paged); the database is held until the last of them is taken."""
        self._merge_if_free()
        with opened(self.path, write=False, wait=self.wait) as connection:
            yield from query.paged(connection, sql, parameters=parameters)

    def hunt(self, pattern: str, *, kind: str | None = None, since: datetime | None = None) -> Table:
        """Where something was ever referenced (reports.hunt); raises `StoreError`."""
        self._merge_if_free()
        with opened(self.path, write=False, wait=self.wait) as connection:
            return hunt(connection, pattern, kind=kind, since=since)

    def overview(self, accepted: Suppressions, only: Only = EVERYTHING) -> dict[str, Rows]:
        """What the page says of the history as it stands (reports.overview); raises `StoreError` if there is none."""
        self._merge_if_free()
        if self.path.exists():
            with opened(self.path, write=False, wait=self.wait) as connection:
                said = overview(connection, accepted, only)
            if said["history"][0]["audits"]:
                return said
        of = f" of {only}" if only else ""
        raise StoreError(f"there is no audit{of} in {self.path} yet; audit something, or name another file with --db")

    def references(self, audit_id: str) -> list[tuple[str, str, str, str]]:
        """What the files of an audit reference, each as path, kind, name and how it is used."""
        self.merge()
        with opened(self.path, write=False, wait=self.wait) as connection:
            return connection.execute(_REFERENCED, [audit_id]).fetchall()

    def export(self, folder: Path) -> None:
        """The history as Parquet in a folder (reports.export), replaced as a whole; raises `StoreError`."""
        self.merge()
        folder = folder.absolute()
        draft = export.draft_of(folder)
        try:
            # Written from a copy: nobody waits for it.
            (draft / "copy").mkdir()
            copied = copy(self.path, draft / "copy" / "audit.duckdb", wait=self.wait)
            with opened(copied, write=False, wait=self.wait, folder=draft) as connection:
                export.write(connection, draft)
            shutil.rmtree(draft / "copy")
            export.replace(draft, folder)
        except OSError as error:
            raise StoreError(f"{folder} cannot be written: {error.strerror or error}") from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def outdated(self, ruleset: str) -> list[str]:
        """The audits that speak for their targets and were judged by other rules than these."""
        self.merge()
        with opened(self.path, write=False, wait=self.wait) as connection:
            return outdated(connection, ruleset)

    def recorded(self, audit_ids: Collection[str]) -> list[Recorded]:
        """These audits as they are stored."""
        with opened(self.path, write=False, wait=self.wait) as connection:
            return recorded(connection, audit_ids)

    def _one(self, sql: str, parameters: list[object]) -> str | None:
        row = next(iter(self._read(sql, parameters)), None) if self.path.exists() else None
        return None if row is None else str(row[0])

    def _read(self, sql: str, parameters: list[object]) -> list[tuple[object, ...]]:
        """The rows of one of our own queries; none if the database stays in use."""
        try:
            with opened(self.path, write=False, wait=self.wait) as connection:
                return connection.execute(sql, parameters).fetchall()
        except StoreBusy:
            return []

    def _merge_if_free(self) -> None:
        try:
            self._merge(min(self.wait, _GLANCE))
        except StoreBusy:
            return

    def _merge(self, wait: float) -> int:
        if not self._spool.names():
            return 0
        if not self._merging.acquire(timeout=wait):
            raise StoreBusy(f"{self.path} is in use by this process")
        try:
            self._spool.tidy()
            return sum(self._merge_batch(batch, wait) for batch in self._spool.batches())
        finally:
            self._merged_at = time.monotonic()
            self._merging.release()

    def _merge_batch(self, batch: list[Spooled], wait: float) -> int:
        with opened(self.path, write=True, wait=wait) as connection:
            try:
                merged = _take(connection, batch)
            except misfits():
                # One of them does not fit into the database, such as a number beyond 64 bits: find it.
                merged = sum(self._merge_alone(connection, spooled) for spooled in batch)
        self._spool.done(batch)
        return merged

    def _merge_alone(self, connection: duckdb.DuckDBPyConnection, spooled: Spooled) -> int:
        try:
            return _take(connection, [spooled])
        except misfits():
            self._spool.reject(spooled.path)
            return 0


def _take(connection: duckdb.DuckDBPyConnection, batch: Iterable[Spooled]) -> int:
    values = [spooled.value for spooled in batch]
    return rows.merge(
        connection,
        [value for value in values if isinstance(value, Audit)],
        [value for value in values if isinstance(value, Sweep)],
    )


_KNOWN = f"""
SELECT {rows.BLOB_COLUMNS} FROM blob_facts
WHERE rowid IN (
    SELECT rowid FROM blob_facts
    SEMI JOIN (SELECT unnest($1::VARCHAR[]) AS blob, unnest($2::VARCHAR[]) AS hint) AS asked USING (blob, hint)
)
ORDER BY scanned_at
"""  # noqa: S608 - the names of our own columns
"""The rows are found first, so that of the others' facts, which are long, none is unpacked."""

_SAFE = """
SELECT "commit" FROM (
    SELECT "commit", audited_at, verdict, complete FROM audits
    WHERE kind = 'repo' AND repo_id = $1 AND repo_type = $2 AND "commit" IS NOT NULL AND error IS NULL
        AND selection IS NULL AND NOT coalesce(starts_with(revision, 'refs/'), false)
    QUALIFY row_number() OVER (PARTITION BY "commit" ORDER BY audited_at DESC, audit_id DESC) = 1
)
WHERE verdict = 'clean' AND complete
ORDER BY audited_at DESC
LIMIT 1
"""
"""The newest judgement of a commit counts: what an older ruleset called clean may not be."""

_REFERENCED = """
SELECT path, kind, if(module = '', name, module || '.' || name) AS full_name,
    string_agg(DISTINCT used_as, ', ' ORDER BY used_as)
FROM files JOIN "references" USING (blob)
WHERE audit_id = $1
GROUP BY path, kind, full_name
"""

_RUNNING = "SELECT sweep_id FROM sweeps WHERE status = 'running'"

_BROKEN_OFF = """
UPDATE sweeps SET status = 'interrupted', finished_at = (
        SELECT coalesce(max(audited_at), sweeps.started_at) FROM audits WHERE audits.sweep_id = sweeps.sweep_id
    ), repos_audited = (SELECT count(*) FROM audits WHERE audits.sweep_id = sweeps.sweep_id)
WHERE sweep_id = $1 AND status = 'running'
"""

_FOUND = f"""
SELECT audit_id, path, blob, {rows.FINDING_COLUMNS} FROM findings WHERE audit_id IN (SELECT unnest($1::VARCHAR[]))
"""  # noqa: S608 - the names of our own columns

_USUAL = """
SELECT avg(requests), avg(bytes_fetched), avg(seconds) FROM audits WHERE kind = 'repo' AND files > 0 AND requests > 0
"""

_STANDING = """
SELECT repo_id, repo_type, revision, "commit", verdict::VARCHAR, complete,
    (SELECT max(severity)::VARCHAR FROM findings WHERE findings.audit_id = audits.audit_id), audit_id
FROM audits
SEMI JOIN (
    SELECT unnest($1::VARCHAR[]) AS repo_id, unnest($2::VARCHAR[]) AS repo_type, unnest($3::VARCHAR[]) AS revision,
        unnest($4::VARCHAR[]) AS "commit"
) AS asked USING (repo_id, repo_type, revision, "commit")
WHERE kind = 'repo' AND ruleset = $5 AND error IS NULL AND selection IS NULL
    AND NOT EXISTS (
        FROM files ANTI JOIN blob_facts USING (blob, hint)
        WHERE files.audit_id = audits.audit_id AND files.error IS NOT NULL
    )
QUALIFY row_number() OVER (PARTITION BY repo_id, repo_type, revision, "commit" ORDER BY audited_at DESC) = 1
"""
"""A file that has an error and no facts could not be fetched, so the audit is worth another try."""
