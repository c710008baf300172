"""The schema as numbered steps, each applied once, in order, and never edited after a release.

The steps are the files `schema/NNNN_name.sql`; the table `schema_steps` of a database names those that it has.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from reports.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb


def known() -> dict[str, str]:
    """The name and SQL text of each step that this version has, in order."""
    folder = files("reports").joinpath("schema")
    found = {entry.name: entry for entry in folder.iterdir() if entry.name.endswith(".sql")}
    return {name.removesuffix(".sql"): found[name].read_text("utf-8") for name in sorted(found)}


def behind(connection: duckdb.DuckDBPyConnection, path: Path) -> bool:
    """Whether the database lacks a step; raises `StoreError` for one that is not ours, or newer than we are."""
    import duckdb  # noqa: PLC0415 - slow to load, and most commands can do without

    try:
        done = {name for (name,) in connection.execute("SELECT name FROM schema_steps").fetchall()}
    except duckdb.CatalogException:
        # Asked only now: it takes as long as all else that opening does.
        if connection.execute("SELECT count(*) FROM duckdb_tables()").fetchone() != (0,):
            raise StoreError(f"{path} is a database of another program; choose another file with --db") from None
        return True
    steps = known()
    if not done <= steps.keys():
        raise StoreError(f"{path} was written by a newer hub-audit; upgrade it or choose another file with --db")
    return len(done) < len(steps)


def apply(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Bring the database up to the newest step, in one transaction."""
    if not behind(connection, path):
        return
    connection.begin()
    connection.execute("CREATE TABLE IF NOT EXISTS schema_steps (name VARCHAR NOT NULL, applied_at TIMESTAMP NOT NULL)")
    done = {name for (name,) in connection.execute("SELECT name FROM schema_steps").fetchall()}
    for name, sql in known().items():
        if name not in done:
            connection.execute(sql)
            connection.execute("INSERT INTO schema_steps VALUES (?, now()::TIMESTAMP)", [name])
    connection.commit()
