"""What the page says, asked of the history: the files `page/*.sql`, one question each.

The numbered ones make temporary tables that the others ask, `page_…`, as a view that names a table takes a temporary
one of that name for it; each other one is a list of rows by its name. Where a list is capped, the column `total` of its
rows says how many there are.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb

Rows = list[dict[str, Any]]


def overview(connection: duckdb.DuckDBPyConnection) -> dict[str, Rows]:
    """The rows of each question by its name."""
    found: dict[str, Rows] = {}
    for entry in sorted(files("reports").joinpath("page").iterdir(), key=lambda entry: entry.name):
        if not entry.name.endswith(".sql"):
            continue
        answer = connection.execute(entry.read_text("utf-8"))
        if not entry.name[0].isdigit():
            columns = [column[0] for column in answer.description or ()]
            found[entry.name.removesuffix(".sql")] = [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]
    return found
