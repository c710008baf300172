"""What a sweep changed: findings that no earlier audit of the same repo had, and those that are gone."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec reads the annotation at run time
from typing import TYPE_CHECKING, Literal

import msgspec

from scanners.findings import Severity  # noqa: TC001 - msgspec reads the annotation at run time

if TYPE_CHECKING:
    import duckdb


class Change(msgspec.Struct, frozen=True):
    """A finding that is new in a repo, or resolved there."""

    change: Literal["new", "resolved"]
    repo: str
    revision: str | None
    severity: Severity
    rule: str
    path: str
    places: int
    """Files that it was found in, `path` being the first."""


class News(msgspec.Struct, frozen=True):
    """What is different since the last sweep of the same targets that came to its end."""

    since: datetime | None
    """When that began; None where this is the first, and everything is new."""
    changes: tuple[Change, ...] = ()


def news(connection: duckdb.DuckDBPyConnection, sweep_id: str) -> News:
    """What the sweep of this id, and those before it that were broken off, changed."""
    (since,) = connection.execute(_SINCE, [sweep_id]).fetchone() or (None,)
    if since is None:
        return News(None)
    return News(since, tuple(Change(*row) for row in connection.execute(_CHANGES, [sweep_id]).fetchall()))


_SINCE = """
SELECT max(started_at) FROM sweeps
WHERE status IN ('complete', 'incomplete') AND targets = (SELECT targets FROM sweeps WHERE sweep_id = $1)
    AND started_at < (SELECT started_at FROM sweeps WHERE sweep_id = $1)
"""

_CHANGES = f"""
WITH this AS (SELECT * FROM sweeps WHERE sweep_id = $1),
run AS (
    SELECT sweep_id FROM sweeps
    WHERE targets = (SELECT targets FROM this) AND started_at > ({_SINCE.strip()})
),
spoken AS (
    SELECT audit_id, repo_type, repo_id, revision, audited_at, sweep_id IN (FROM run) AS now FROM audits
    WHERE kind = 'repo' AND (error IS NULL OR files > 0) AND selection IS NULL
),
newest AS (
    SELECT * FROM spoken
    QUALIFY row_number() OVER (PARTITION BY repo_type, repo_id, revision, now ORDER BY audited_at DESC, audit_id) = 1
),
pairs AS (
    SELECT a.audit_id AS after, b.audit_id AS before, a.repo_id, a.revision
    FROM newest AS a
    LEFT JOIN newest AS b ON NOT b.now AND (a.repo_type, a.repo_id, a.revision) = (b.repo_type, b.repo_id, b.revision)
    WHERE a.now
),
found AS (
    SELECT repo_id, revision, severity, rule, path, member, true AS now
    FROM pairs JOIN findings USING (repo_id) WHERE findings.audit_id = pairs.after
    UNION
    SELECT repo_id, revision, severity, rule, path, member, false AS now
    FROM pairs JOIN findings USING (repo_id) WHERE findings.audit_id = pairs.before
),
changed AS (
    SELECT repo_id, revision, severity, rule, path, member, bool_and(now) AS new FROM found
    GROUP BY ALL HAVING count(DISTINCT now) = 1
)
SELECT if(new, 'new', 'resolved'), repo_id, revision, severity::VARCHAR, rule, min(path), count(DISTINCT path)
FROM changed GROUP BY new, repo_id, revision, severity, rule
ORDER BY new DESC, severity DESC, repo_id, revision, rule
"""  # noqa: S608 - our own text
