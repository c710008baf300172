"""The answer to a query as a table for people, as CSV, or as JSON."""

from __future__ import annotations

import csv
from datetime import date, datetime, time
from decimal import Decimal
from io import StringIO
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from reports.escape import as_document, is_visible, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reports.query import Table

Form = Literal["table", "csv", "json"]

_CELL = 100
"""Characters of a cell in a table for people."""


def render(table: Table, form: str) -> str:
    """The table in the form `table`, `csv` or `json`; raises `ValueError` for any other."""
    return "".join(parts(iter([table]), form))


def parts(pages: Iterator[Table], form: str) -> Iterator[str]:
    """The same, piece by piece, of a table that comes in pages, each with all columns."""
    match form:
        case "table":
            return _as_table(pages)
        case "csv":
            return _as_csv(pages)
        case "json":
            return _as_rows(pages)
        case _:
            raise ValueError(f"unknown form {form!r}")


def _as_table(pages: Iterator[Table]) -> Iterator[str]:
    """Columns lined up under their names; numbers to the right; long cells cut short; every cell on one line.

    The first page decides on the widths.
    """
    widths: list[int] = []
    right: list[bool] = []
    count = 0

    def lined_up(row: list[str]) -> str:
        cells = (
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        )
        return "  ".join(cells).rstrip() + "\n"

    for table in pages:
        cells = [[_short(visible(_shown(value))) for value in row] for row in table.rows]
        if not widths:
            heads = [visible(name) for name in table.columns]
            widths += [max(len(head), *(len(row[at]) for row in cells), 0) for at, head in enumerate(heads)]
            right += [
                bool(table.rows) and all(row[at] is None or _is_number(row[at]) for row in table.rows)
                for at in range(len(heads))
            ]
            yield lined_up(heads) + "  ".join("-" * width for width in widths) + "\n"
        yield "".join(map(lined_up, cells))
        count += len(cells)
    yield f"({count} {'row' if count == 1 else 'rows'})\n"


def _as_csv(pages: Iterator[Table]) -> Iterator[str]:
    """RFC 4180 with the names in the first line and line feeds between lines; NULL is an empty field."""
    for number, table in enumerate(pages):
        heads = [] if number else [table.columns]
        text = _comma_separated([*heads, *(map(_shown, row) for row in table.rows)])
        if not is_visible(text.replace("\n", "")):
            text = _comma_separated([map(_carried, map(_shown, row)) for row in [*heads, *table.rows]])
        yield text


def _comma_separated(rows: list[Iterable[str]]) -> str:
    stream = StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()


def _as_rows(pages: Iterator[Table]) -> Iterator[str]:
    """A list of one object for each row. Dates are ISO 8601; a column of type JSON is its value, not its text.

    Of columns with one name the later ones are numbered: `a`, `a_2`.
    """
    before = "["
    for table in pages:
        names = _distinct(table.columns)
        types = table.types or ("",) * len(names)
        rows = [
            {name: _plain(value, type_) for name, value, type_ in zip(names, row, types, strict=True)}
            for row in table.rows
        ]
        if rows:
            yield before + as_document(rows).removeprefix("[").removesuffix("\n]")
            before = ","
    yield "[]\n" if before == "[" else "\n]\n"


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
        case str():
            return value
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
        case _:
            return str(value)


def _carried(text: str) -> str:
    """A CSV field: NUL ends it for some readers, and an escape sequence reaches terminals that show the file."""
    return "\n".join(visible(line) for line in text.replace("\r\n", "\n").split("\n"))


def _short(text: str) -> str:
    return text if len(text) <= _CELL else text[: _CELL - 3] + "..."


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)
