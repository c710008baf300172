"""What the page says, asked of the history: the files `page/*.sql`, one question each.

The numbered ones make temporary tables that the others ask, `page_…`, as a view that names a table takes a temporary
one of that name for it; each other one is a list of rows by its name. Where a list is capped, the column `total` of its
rows says how many there are.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from reports.rows import FINDING_COLUMNS, finding_of
from reports.suppression import Place

if TYPE_CHECKING:
    import duckdb

    from reports.suppression import Suppressions

Rows = list[dict[str, Any]]


class Only(NamedTuple):
    """What a page is about: these organisations and these repos, or everything if it names none."""

    orgs: tuple[str, ...] = ()
    repos: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether it names any."""
        return bool(self.orgs or self.repos)

    def __str__(self) -> str:
        """All that it names."""
        return ", ".join(self.orgs + self.repos)


EVERYTHING = Only()


def overview(connection: duckdb.DuckDBPyConnection, accepted: Suppressions, only: Only) -> dict[str, Rows]:
    """The rows of each question by its name."""
    if only:
        connection.execute(_ONLY[0], [list(only.orgs), list(only.repos)])
        for statement in _ONLY[1:]:
            connection.execute(statement)
    connection.execute(
        "CREATE TEMP TABLE page_accepted AS SELECT unnest($1::BIGINT[]) AS finding", [_accepted(connection, accepted)]
    )
    found: dict[str, Rows] = {}
    for entry in sorted(files("reports").joinpath("page").iterdir(), key=lambda entry: entry.name):
        if not entry.name.endswith(".sql"):
            continue
        answer = connection.execute(entry.read_text("utf-8"))
        if not entry.name[0].isdigit():
            columns = [column[0] for column in answer.description or ()]
            found[entry.name.removesuffix(".sql")] = [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]
    return found


def _accepted(connection: duckdb.DuckDBPyConnection, accepted: Suppressions) -> list[int]:
    """The findings that stand and are suppressed, by their row."""
    found: list[int] = []
    if accepted.entries:
        answer = connection.execute(_STANDING)
        while row := answer.fetchone():
            number, repo, path, blob, *said = row
            if accepted.why(Place(repo, path, blob), finding_of(said)):
                found.append(number)
    return found


_ONLY = (
    """CREATE TEMP TABLE audits AS FROM audits
    WHERE org IN (SELECT unnest($1::VARCHAR[])) OR repo_id IN (SELECT unnest($2::VARCHAR[]))""",
    "CREATE TEMP TABLE files AS FROM files SEMI JOIN audits USING (audit_id)",
    "CREATE TEMP TABLE findings AS FROM findings SEMI JOIN audits USING (audit_id)",
)

_STANDING = f"""
SELECT f.rowid, if(r.kind = 'repo', r.repo_id, NULL), path, blob, {FINDING_COLUMNS}
FROM findings AS f JOIN reigns AS r USING (audit_id) WHERE r.replaced_at IS NULL
"""  # noqa: S608 - the names of our own columns
