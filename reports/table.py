"""The answer to a query as a table for people, as CSV, or as JSON."""

from __future__ import annotations

import csv
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from io import StringIO
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import msgspec

from reports.escape import as_document, visible

if TYPE_CHECKING:
    from reports.query import Table

Form = Literal["table", "csv", "json"]

_CELL = 100
"""Characters of a cell in a table for people."""


def render(table: Table, form: str) -> str:
    """The table in the form `table`, `csv` or `json`; raises `ValueError` for any other."""
    match form:
        case "table":
            return as_table(table)
        case "csv":
            return as_csv(table)
        case "json":
            return as_rows(table)
        case _:
            raise ValueError(f"unknown form {form!r}")


def as_table(table: Table) -> str:
    """Columns lined up under their names; numbers to the right; long cells cut short; every cell on one line."""
    if not table.columns:
        return ""
    cells = [[_short(visible(_shown(value))) for value in row] for row in table.rows]
    heads = [visible(name) for name in table.columns]
    widths = [max(len(head), *(len(row[at]) for row in cells), 0) for at, head in enumerate(heads)]
    right = [
        bool(table.rows) and all(row[at] is None or _is_number(row[at]) for row in table.rows)
        for at in range(len(heads))
    ]

    def lined_up(row: list[str]) -> str:
        parts = (
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        )
        return "  ".join(parts).rstrip() + "\n"

    rule = "  ".join("-" * width for width in widths) + "\n"
    rows = "".join(map(lined_up, cells))
    return f"{lined_up(heads)}{rule}{rows}({len(cells)} {'row' if len(cells) == 1 else 'rows'})\n"


def as_csv(table: Table) -> str:
    """RFC 4180 with the names in the first line and line feeds between lines; NULL is an empty field."""
    stream = StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([_carried(name) for name in table.columns])
    writer.writerows([_carried(_shown(value)) for value in row] for row in table.rows)
    return stream.getvalue()


def as_rows(table: Table) -> str:
    """A list of one object for each row. Dates are ISO 8601; a column of type JSON is its value, not its text.

    Of columns with one name the later ones are numbered: `a`, `a_2`.
    """
    names = _distinct(table.columns)
    types = table.types or ("",) * len(names)
    rows = [
        {name: _plain(value, type_) for name, value, type_ in zip(names, row, types, strict=True)} for row in table.rows
    ]
    return as_document(rows) + "\n"


def _distinct(names: tuple[str, ...]) -> list[str]:
    distinct: list[str] = []
    for name in names:
        number, one = 1, name
        while one in distinct:
            number += 1
            one = f"{name}_{number}"
        distinct.append(one)
    return distinct


def _plain(value: Any, type_: str = "") -> Any:
    """A value of DuckDB as JSON has it."""
    match value:
        case str() if type_ == "JSON":
            return msgspec.json.decode(value)
        case None | bool() | int() | str():
            return value
        case float():
            # JSON has no infinities; their names say more than a null.
            return value if abs(value) < float("inf") else str(value)
        case Decimal():
            return float(value)
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case _:
            return _shown(value)


def _shown(value: Any) -> str:
    """A value of DuckDB as one text; NULL is the empty one."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime() | date() | time():
            return value.isoformat()
        case bytes():
            return value.hex()
        case dict() | list() | tuple():
            return msgspec.json.encode(_plain(value)).decode()
        case str() | int() | float() | Decimal() | UUID() | timedelta():
            return str(value)
        case _:
            return str(value)


def _carried(text: str) -> str:
    """A CSV field: NUL ends it for some readers, and an escape sequence reaches terminals that show the file."""
    return "\n".join(visible(line) for line in text.replace("\r\n", "\n").split("\n"))


def _short(text: str) -> str:
    return text if len(text) <= _CELL else text[: _CELL - 3] + "..."


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
