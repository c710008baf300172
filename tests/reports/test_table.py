"""Answers as tables, CSV and JSON; the trend and the rules as text."""

import csv
import io
import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from reports.query import Table
from reports.rules import explain, listing
from reports.store import Store
from reports.table import parts, render
from reports.trend import trend_text
from scanners.findings import Rule
from tests.reports.made import RUNS, audit, file, finding

SMALL = Table(("repo", "findings"), [("org/a", 3), ("org/longer", 12), (None, None)])


def test_a_table_is_lined_up():
    assert render(SMALL, "table") == (
        """\
repo        findings
----------  --------
org/a              3
org/longer        12

(3 rows)
"""
    )


def test_a_table_without_rows_has_its_names():
    assert render(Table(("a",), []), "table") == "a\n-\n(0 rows)\n"


def test_a_cell_is_one_short_line_without_anything_hidden():
    told = render(Table(("x\x1b", "y"), [("a\n\x1b[2J\u202e", "z" * 300)]), "table")
    assert told.splitlines()[0].startswith(r"x\x1b")
    assert r"a\n\x1b[2J\u202e  " + "z" * 97 + "...\n" in told


def test_csv_is_what_a_reader_reads_back():
    table = Table(("a", "b"), [('comma, quote" and\nline', None), ("=1+1", True), ([1, "x"], date(2026, 1, 5))])
    told = render(table, "csv")
    assert list(csv.reader(io.StringIO(told))) == [
        ["a", "b"], ['comma, quote" and\nline', ""], ["=1+1", "true"], ['[1,"x"]', "2026-01-05"],
    ]  # fmt: skip
    assert "\r" not in told


def test_csv_carries_no_escape_sequence():
    assert render(Table(("a",), [("\x1b[2J\x00",)]), "csv") == "a\n\\x1b[2J\\x00\n"


def test_json_is_a_list_of_row_objects():
    values = {
        "moment": (datetime(2026, 1, 5, 12), "2026-01-05T12:00:00"),  # noqa: DTZ001 - as DuckDB gives it
        "day": (date(2026, 1, 5), "2026-01-05"),
        "none": (None, None),
        "flag": (True, True),
        "number": (2**70, 2**70),
        "decimal": (Decimal("1.5"), 1.5),
        "infinite": (float("inf"), "inf"),
        "nan": (float("nan"), "nan"),
        "uuid": (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        "span": (timedelta(days=1), "1 day, 0:00:00"),
        "bytes": (b"\x00\xff", "00ff"),
        "list": ([date(2026, 1, 5), None], ["2026-01-05", None]),
        "struct": ({"a": Decimal(1)}, {"a": 1.0}),
    }
    told = render(Table(tuple(values), [tuple(value for value, _ in values.values())]), "json")
    assert json.loads(told) == [{name: expected for name, (_, expected) in values.items()}]
    assert render(Table(("a",), []), "json") == "[]\n"


def test_json_nests_json_and_numbers_columns_of_one_name():
    table = Table(("e", "e", "e_2"), [('{"a":1}', '{"a":1}', "x")], ("JSON", "VARCHAR", "VARCHAR"))
    assert json.loads(render(table, "json")) == [{"e": {"a": 1}, "e_2": '{"a":1}', "e_2_2": "x"}]


def test_json_hides_nothing():
    assert render(Table(("a",), [("\u202e\x1b",)]), "json").isascii()


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_a_table_that_comes_in_pages_is_one_table(form):
    pages = [SMALL._replace(rows=rows) for rows in (SMALL.rows, [], [("org/c\x1b", 1)])]
    all_ = SMALL._replace(rows=[row for page in pages for row in page.rows])
    assert "".join(parts(iter(pages), form)) == render(all_, form)


def test_the_first_page_decides_on_the_widths():
    pages = [Table(("a", "b"), [("x", 1)]), Table(("a", "b"), [("longer", 2)])]
    assert "".join(parts(iter(pages), "table")) == "a  b\n-  -\nx  1\nlonger  2\n(2 rows)\n"


def test_an_unknown_form_is_refused():
    with pytest.raises(ValueError, match="unknown form"):
        render(SMALL, "xml")


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_every_type_of_duckdb_can_be_shown(tmp_path, form):
    table = Store(tmp_path / "a.duckdb").query(
        """SELECT 1::TINYINT, 1::UHUGEINT, 1.5::DECIMAL(9, 2), 1.5::FLOAT, 'x'::BLOB, DATE '2026-01-05', TIME '12:00',
        TIMESTAMP '2026-01-05 12:00', now(), INTERVAL 1 DAY, uuid(), [1], {'a': 1}, MAP {'k': [1]}, '101'::BIT, NULL,
        'high'::severity, '{"a": 1}'::JSON, (SELECT count(*) FROM findings), union_value(n := 1), array_value(1, 2)"""
    )
    assert render(table, form).count("\n") >= 2


# --- trend -------------------------------------------------------------------------------------------------------


def test_the_trend_is_a_bar_a_week(tmp_path):
    store = Store(tmp_path / "a.duckdb")
    store.record(audit("a1", file("a.bin", finding(), finding("low"), finding("low"))))
    store.record(audit("b1", file("b.bin", finding("high")), repo="else/model", days=8))
    assert trend_text(store.query("SELECT * FROM trend")) == (
        """\
week of     critical      high    medium       low
2026-01-05         1         0         0         2  #..
2026-01-12         1         1         0         2  #+..
                   #         +         -         .
"""
    )


def test_a_trend_of_thousands_fits_a_terminal():
    rows = [(date(2026, 1, 5), "critical", 1), (date(2026, 1, 5), "low", 9000), (date(2026, 1, 12), "low", 4500)]
    first, second = trend_text(Table(("week", "severity", "findings"), rows)).splitlines()[1:3]
    assert first.endswith("  #" + "." * 40)
    assert second.endswith("  " + "." * 20)


def test_a_trend_of_nothing_says_so(tmp_path):
    assert trend_text(Store(tmp_path / "a.duckdb").query("SELECT * FROM trend")) == "No findings yet.\n"


# --- rules -------------------------------------------------------------------------------------------------------


def test_the_rules_are_listed_worst_first():
    odd = Rule("json-broken", "low", "Something odd", "", "Mend it.")
    assert listing([odd, RUNS]) == (
        """\
critical  load        pickle-runs-code  The file runs code when it is loaded
                      for example: loading calls posix.system('id')
                      Do not load it.
low       load        json-broken       Something odd
                      for example: The file is not the JSON that its name says
                      Mend it.
"""
    )


def test_a_rule_explains_itself():
    told = explain(RUNS)
    for part in (RUNS.id, RUNS.title, RUNS.why, RUNS.remedy, RUNS.references[0], "critical"):
        assert part in told
