"""The geometry of the page's charts."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from reports.chart import HEIGHT, LEFT, WIDTH, columns, shares, spark

WEEKS = [date(2026, 1, 5), date(2026, 1, 12)]
COUNTS = st.integers(0, 10**9)


@given(st.lists(st.tuples(COUNTS, COUNTS, COUNTS), min_size=2, max_size=2))
def test_columns_stay_in_the_chart_and_stand_on_each_other(counts):
    rows = [
        {"week": week, "name": name, "count": count}
        for week, three in zip(WEEKS, counts, strict=True)
        for name, count in zip("abc", three, strict=True)
    ]
    drawn = columns(WEEKS, rows, ("a", "b"))
    assert drawn.ticks[0][0] == 0
    assert 2 <= len(drawn.ticks) <= 6
    assert drawn.ticks[-1][0] >= max(a + b for a, b, _ in counts)
    for column, (a, b, _) in zip(drawn.columns, counts, strict=True):
        assert [bar.name for bar in column.bars] == [name for name, count in (("a", a), ("b", b)) if count]
        for bar in column.bars:
            assert LEFT <= bar.x <= bar.x + bar.width <= WIDTH
            assert 0 <= bar.y <= bar.y + bar.height <= HEIGHT


def test_a_week_without_rows_counts_nothing():
    drawn = columns(WEEKS, [{"week": WEEKS[1], "name": "a", "count": 3}], ("a",))
    assert [column.counts["a"] for column in drawn.columns] == [0, 3]
    assert drawn.columns[0].bars == []
    assert columns([], [], ("a",)).columns == []


def test_something_is_never_drawn_as_nothing():
    bars = shares({"a": 1, "b": 10**6, "c": 0}, ("a", "b", "c"), 100)
    assert [bar.name for bar in bars] == ["a", "b"]
    assert bars[0].width > 1
    assert shares({"a": 0}, ("a",), 100) == []


def test_a_line_goes_from_its_lowest_to_its_highest():
    assert spark([0, 5, 10], 96, 22) == "0,21 48,11 96,1"
    assert spark([0], 96, 22) == "0,21"
