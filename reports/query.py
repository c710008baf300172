"""A user's query: one statement that reads, over a connection that can do nothing else.

The connection is read-only, reaches no file and no network (reports.database), and its settings are locked before
the statement is looked at. What is left to refuse is what would be answered and forgotten, such as a temporary table.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from reports.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import duckdb

_READS = {"SELECT", "EXPLAIN", "MULTI"}
"""DuckDB's types of the statements that may run; MULTI is what it makes of a PIVOT."""

PAGE = 10_000
"""Rows that are in memory at once."""
_ZONED = "TIMESTAMP WITH TIME ZONE"


class Table(NamedTuple):
    """The answer to a query."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    types: tuple[str, ...] = ()
    """DuckDB's name of each column's type, such as `JSON`; empty where nobody knows."""


def whole(pages: Iterator[Table]) -> Table:
    """All pages as one."""
    first, *others = pages
    return first._replace(rows=[*first.rows, *(row for page in others for row in page.rows)])


def paged(
    connection: duckdb.DuckDBPyConnection, sql: str, *, parameters: Mapping[str, str | None] | None = None
) -> Iterator[Table]:
    """The answer, with the values of its `$name`s, in tables of at most `PAGE` rows; raises `QueryError`.

    There is one at least, and an answer may be larger than the memory.
    """
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
        given = dict(parameters or {}) or None
        _match(statements[0].named_parameters, given or {})
        answer = connection.sql(sql, params=given)
        columns, types = tuple(answer.columns), tuple(map(str, answer.types))
        if _ZONED in types:
            # DuckDB hands a zoned time over only through a package that nothing else here needs; the zone is UTC.
            each = (f"#{at}::TIMESTAMP" if type_ == _ZONED else f"#{at}" for at, type_ in enumerate(types, 1))
            rows = answer.project(", ".join(each)).iter_rows()
        else:
            rows = _fetched(connection.execute(sql, given))
        page = list(islice(rows, PAGE))
        yield Table(columns, page, types)
        while page := list(islice(rows, PAGE)):
            yield Table(columns, page, types)
    except duckdb.Error as error:
        raise QueryError(_one_line(str(error))) from error


def _fetched(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while rows := connection.fetchmany(PAGE):
        yield from rows


def _match(asked: set[str], given: Mapping[str, str | None]) -> None:
    """Raise `QueryError` unless there is a value for each parameter, and no other."""
    if extra := sorted(given.keys() - asked):
        has = f"; it has {', '.join(f'${name}' for name in sorted(asked))}" if asked else ""
        raise QueryError(f"the query has no ${extra[0]}{has}")
    if missing := sorted(asked - given.keys()):
        if not missing[0].isidentifier():
            raise QueryError("parameters have names here: write $name in the query, and --param name=VALUE behind it")
        raise QueryError(f"the query has no value for ${missing[0]}; give it one with --param {missing[0]}=VALUE")


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
