"""What a sweep changed: findings that no earlier audit of the same repo had, and those that are gone."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - msgspec reads the annotation at run time
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from reports.rows import FINDING_COLUMNS, finding_of
from reports.suppression import Place
from scanners.findings import Severity  # noqa: TC001 - msgspec reads the annotation at run time

if TYPE_CHECKING:
    import duckdb

    from reports.suppression import Suppressions


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
    suppressed: int = 0
    """Those of them in which it is suppressed."""


class News(msgspec.Struct, frozen=True):
    """What is different since the last sweep of the same targets that came to its end."""

    since: datetime | None
    """When that began; None where this is the first, and everything is new."""
    changes: tuple[Change, ...] = ()


def news(connection: duckdb.DuckDBPyConnection, sweep_id: str, accepted: Suppressions) -> News:
    """What the sweep of this id, and those before it that were broken off, changed."""
    (since,) = connection.execute(_SINCE, [sweep_id]).fetchone() or (None,)
    if since is None:
        return News(None)
    found = connection.execute(_CHANGES, [sweep_id]).fetchall()
    quiet = _suppressed(connection, sweep_id, accepted) if found and accepted.entries else {}
    return News(since, tuple(Change(*(*row, quiet.get(row[:5], 0))) for row in found))


def _suppressed(connection: duckdb.DuckDBPyConnection, sweep_id: str, accepted: Suppressions) -> dict[Any, int]:
    """Of each change, by its first five values, in how many files all of it is suppressed."""
    places: dict[Any, dict[str, bool]] = {}
    answer = connection.execute(_CHANGED, [sweep_id])
    while row := answer.fetchone():
        path, blob, *said = row[5:]
        accepts = accepted.why(Place(row[1], path, blob), finding_of(said)) is not None
        paths = places.setdefault(row[:5], {})
        paths[path] = paths.get(path, True) and accepts
    return {change: sum(paths.values()) for change, paths in places.items()}


_SINCE = """
SELECT max(started_at) FROM sweeps
WHERE status IN ('complete', 'incomplete') AND targets = (SELECT targets FROM sweeps WHERE sweep_id = $1)
    AND started_at < (SELECT started_at FROM sweeps WHERE sweep_id = $1)
"""

_PAIRS = f"""
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
"""  # noqa: S608 - our own text

_CHANGES = f"""{_PAIRS}
SELECT if(new, 'new', 'resolved'), repo_id, revision, severity::VARCHAR, rule, min(path), count(DISTINCT path)
FROM changed GROUP BY new, repo_id, revision, severity, rule
ORDER BY new DESC, severity DESC, repo_id, revision, rule
"""  # noqa: S608 - the same

_CHANGED = f"""{_PAIRS}
SELECT if(new, 'new', 'resolved'), repo_id, revision, severity::VARCHAR, rule, path, blob, {FINDING_COLUMNS}
FROM changed JOIN pairs USING (repo_id, revision) JOIN findings USING (repo_id, severity, rule, path, member)
WHERE findings.audit_id = if(new, pairs.after, pairs.before)
"""  # noqa: S608 - the same
