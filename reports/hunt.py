"""Who ever referenced something, answered from what was stored: no download, no scan."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reports.query import Table

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb

_ALIASES = {
    "os": ("posix", "nt"),
    "builtins": ("__builtin__",),
    "io": ("_io",),
    "operator": ("_operator",),
    "functools": ("_functools",),
    "codecs": ("_codecs",),
    "socket": ("_socket",),
    "pickle": ("_pickle", "cPickle"),
}
"""Modules under whose names the same functions are pickled, by the name that people look for."""

COLUMNS = (
    "name",
    "kind",
    "used_as",
    "repo",
    "type",
    "path",
    "member",
    "blob",
    "downloads",
    "first_seen",
    "last_seen",
    "current",
)


def patterns(pattern: str) -> list[str]:
    """The pattern with what else the same thing is called: `os.system` is `posix.system` in every pickle of Linux."""
    module, dot, rest = pattern.partition(".")
    return [pattern, *(f"{alias}{dot}{rest}" for alias in _ALIASES.get(module, ()) if dot)]


def hunt(connection: duckdb.DuckDBPyConnection, pattern: str, *, kind: str | None, since: datetime | None) -> Table:
    """Every place that a reference stands in whose name fits the pattern: `*` any text, `?` a letter, `[…]` one of."""
    parameters = {"patterns": [_glob(each) for each in patterns(pattern)], "kind": kind or "*", "since": since}
    return Table(COLUMNS, connection.execute(_HUNT, parameters).fetchall())


def _glob(pattern: str) -> str:
    """The pattern as DuckDB's GLOB takes it: a bracket that is not closed stands for itself."""
    return pattern if re.fullmatch(r"[^\[]*(\[[^\]]+\][^\[]*)*", pattern) else pattern.replace("[", "[[]")


_HUNT = """
WITH hits AS (
    SELECT blob, kind, string_agg(DISTINCT used_as, ', ' ORDER BY used_as) AS used_as,
        if(module = '', name, module || '.' || name) AS full_name, min(member) AS member
    FROM "references"
    WHERE kind GLOB $kind AND list_bool_or(
        list_transform($patterns::VARCHAR[], lambda p: if(module = '', name, module || '.' || name) GLOB p)
    )
    GROUP BY ALL
)
SELECT h.full_name, h.kind, h.used_as, a.repo_id, coalesce(a.repo_type, a.kind), f.path, h.member, h.blob,
    max(a.downloads), min(a.audited_at), max(a.audited_at),
    bool_or(f.audit_id IN (SELECT audit_id FROM reigns WHERE replaced_at IS NULL))
FROM hits AS h
JOIN files AS f USING (blob)
JOIN audits AS a USING (audit_id)
WHERE $since IS NULL OR a.audited_at >= $since
GROUP BY ALL
ORDER BY max(a.downloads) DESC NULLS LAST, a.repo_id, f.path, h.full_name, h.used_as
"""
