"""Audits as the history holds them, to be judged again: what they saw, without their findings' facts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from reports.record import Target

if TYPE_CHECKING:
    from collections.abc import Collection

    import duckdb

    from scanners.findings import Severity, Verdict

Said = tuple[str, str, str, str]
"""A finding in short: path, member, rule, severity."""


class RecordedFile(NamedTuple):
    """A file of a recorded audit."""

    path: str
    size: int
    blob: str
    hint: str
    error: str | None


class Recorded(NamedTuple):
    """An audit that speaks for its target."""

    audit_id: str
    target: Target
    verdict: Verdict
    downloads: int | None
    likes: int | None
    last_modified: datetime | None
    error: str | None
    files: tuple[RecordedFile, ...]
    findings: frozenset[Said]


def outdated(connection: duckdb.DuckDBPyConnection, ruleset: str) -> list[str]:
    """The audits that speak for their targets and were judged by other rules, newest first."""
    return [audit_id for (audit_id,) in connection.execute(_OUTDATED, [ruleset]).fetchall()]


def recorded(connection: duckdb.DuckDBPyConnection, audit_ids: Collection[str]) -> list[Recorded]:
    """These audits with their files and findings."""
    ids = [list(audit_ids)]
    files: dict[str, list[RecordedFile]] = {}
    for audit_id, *file in connection.execute(_FILES, ids).fetchall():
        files.setdefault(audit_id, []).append(RecordedFile(*file))
    said: dict[str, set[Said]] = {}
    for audit_id, *finding in connection.execute(_FINDINGS, ids).fetchall():
        said.setdefault(audit_id, set()).add(tuple(finding))
    return [
        Recorded(
            audit_id,
            Target(*target),
            verdict,
            downloads,
            likes,
            modified and modified.replace(tzinfo=UTC),
            error,
            tuple(files.get(audit_id, ())),
            frozenset(said.get(audit_id, ())),
        )
        for audit_id, verdict, downloads, likes, modified, error, *target in connection.execute(_AUDITS, ids).fetchall()
    ]


def severity(said: Said) -> Severity:
    """How bad a finding is."""
    return said[3]  # type: ignore[return-value]


_OUTDATED = """
SELECT audit_id FROM reigns JOIN audits USING (audit_id)
WHERE reigns.replaced_at IS NULL AND ruleset <> $1 ORDER BY audits.audited_at DESC, audit_id
"""

_AUDITS = """
SELECT audit_id, verdict::VARCHAR, downloads, likes, last_modified, error, kind, repo_id, repo_type, revision, "commit"
FROM audits WHERE audit_id IN (SELECT unnest($1::VARCHAR[])) ORDER BY audited_at DESC, audit_id
"""

_FILES = """
SELECT audit_id, path, size, blob, hint, error FROM files WHERE audit_id IN (SELECT unnest($1::VARCHAR[])) ORDER BY path
"""

_FINDINGS = """
SELECT audit_id, path, member, rule, severity::VARCHAR FROM findings WHERE audit_id IN (SELECT unnest($1::VARCHAR[]))
"""
