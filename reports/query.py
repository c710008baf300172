"""A user's query: one statement that reads, over a connection that can do nothing else.

The connection is read-only, reaches no file and no network (reports.database), and its settings are locked before
the statement is looked at. What is left to refuse is what would be answered and forgotten, such as a temporary table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from reports.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import duckdb

_READS = {"SELECT", "EXPLAIN", "MULTI"}
"""DuckDB's types of the statements that may run; MULTI is what it makes of a PIVOT."""

_ZONED = "TIMESTAMP WITH TIME ZONE"


class Table(NamedTuple):
    """The answer to a query."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    types: tuple[str, ...] = ()
    """DuckDB's name of each column's type, such as `JSON`; empty where nobody knows."""


def run(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    *,
    limit: int | None = None,
    parameters: Mapping[str, str | None] | None = None,
) -> Table:
    """The answer, at most `limit` rows of it, with the values of its `$name`s; raises `QueryError`."""
    import duckdb  # noqa: PLC0415 - slow to load, and most commands can do without

    try:
        sql.encode()
    except UnicodeEncodeError as error:
        raise QueryError("the query is not UTF-8 text") from error
    try:
        connection.execute("SET lock_configuration = true")
        statements = connection.extract_statements(sql)
        if len(statements) != 1:
            raise QueryError("one query at a time, please: this has several" if statements else "the query is empty")
        kind = _kind(statements[0])
        if kind not in _READS:
            raise QueryError(f"the history can only be read: {kind} is not allowed, SELECT is")
        answer = connection.sql(sql, params=dict(parameters) if parameters else None)
        columns, types = tuple(answer.columns), tuple(map(str, answer.types))
        if _ZONED in types:
            # DuckDB hands a zoned time over only through a package that nothing else here needs; the zone is UTC.
            answer = answer.project(
                ", ".join(f"#{at}::TIMESTAMP" if type_ == _ZONED else f"#{at}" for at, type_ in enumerate(types, 1))
            )
        if limit is not None:
            answer = answer.limit(limit)
        return Table(columns, answer.fetchall(), types)
    except duckdb.Error as error:
        raise QueryError(_one_line(str(error))) from error


def _kind(statement: duckdb.Statement) -> str:
    """DuckDB's type of the statement; some of the types it has no name for in Python."""
    try:
        return str(statement.type.name)
    except ValueError:
        return "this"


def _one_line(message: str) -> str:
    """The first line of DuckDB's message, with its suggestion if it has one."""
    first, *rest = message.strip().splitlines()
    hint = next((line for line in rest if line.startswith(("Did you mean", "Candidate"))), None)
    return f"{first} {hint}" if hint else first
