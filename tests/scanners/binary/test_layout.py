"""A place that moves forward: what it reads is examined, what it steps over is inert, and nothing leads out of the file."""

import pytest

from scanners.binary.layout import Bent, Layout, laid_out
from scanners.budget import Budget, Limits
from scanners.facts import Anomaly, Unread
from scanners.scanner import NotThisFormat, Scan
from scanners.source import BytesSource

KNOWN = b"known"


def opened(data, order="little"):
    def route(source, scan):
        if source.size and source.read(0, 1) == KNOWN[:1]:
            scan.account.examined(0, source.size)
        return "any"

    scan = Scan(len(data), Budget(Limits()), route=route)
    return Layout(BytesSource(data), scan, order), scan


def spans(scan):
    return scan.account.examined_spans(), scan.account.unexplained_spans()


def test_numbers_and_texts_are_examined():
    layout, scan = opened(b"\x01\x02\xff\xffabc\0xy", "big")
    assert (layout.number(2), layout.number(2, signed=True)) == (0x0102, -1)
    assert (layout.text_until(b"\0", 9, "a text"), layout.text(2, 2, "a text")) == ("abc", "xy")
    layout.finish()
    assert spans(scan) == ([(0, 10)], [])


def test_a_long_run_is_inert_and_a_short_one_is_read():
    layout, scan = opened(bytes(20_000))
    layout.data(100, "short")
    layout.data(10_000, "long")
    layout.take(9_900)
    layout.finish()
    assert spans(scan) == ([(0, 100), (10_100, 20_000)], [])


@pytest.mark.parametrize(
    "read",
    [
        lambda layout: layout.take(9),
        lambda layout: layout.take(-1),
        lambda layout: layout.data(1 << 60, "a run"),
        lambda layout: layout.count(4, 1, "things"),
        lambda layout: layout.text(3, 2, "a text"),
        lambda layout: layout.text_until(b"\0", 9, "a text"),
        lambda layout: layout.inside(9, "x"),
        lambda layout: layout.part(9, lambda source, scan: None),
    ],
)
def test_what_leads_out_of_the_file_is_told_or_is_another_format(read):
    layout, scan = opened(b"\xff" * 8)
    with pytest.raises(Bent):
        read(layout)
    layout, scan = opened(b"\xff" * 8)
    laid_out(layout, read)
    assert [type(fact) for fact in scan.facts] == [Anomaly, Unread]
    layout, scan = opened(b"\xff" * 8)
    with pytest.raises(NotThisFormat):
        laid_out(layout, read, sure=False)


def test_what_follows_is_told_and_handed_on():
    for tail, left in ((KNOWN, []), (b"x", [(2, 3)])):
        layout, scan = opened(b"ab" + tail)
        laid_out(layout, lambda layout: layout.take(2))
        assert [fact.code for fact in scan.facts] == ["model.trailing"]
        assert scan.account.unexplained_spans() == left
    layout, _ = opened(b"abc")
    with pytest.raises(NotThisFormat):
        laid_out(layout, lambda layout: layout.take(2), sure=False)


def test_a_part_is_explained_by_who_knows_it():
    for part, left in ((KNOWN, []), (b"other", [(1, 6)])):
        layout, scan = opened(b"a" + part + b"z")
        layout.take(1)
        assert layout.inside(5, "part") == (not left)
        layout.take(1)
        layout.finish()
        assert scan.account.unexplained_spans() == left


def test_what_is_read_of_a_part_counts_from_its_own_zero():
    def read(source, scan):
        scan.account.examined(1, 2)
        scan.account.inert(3, 4)
        return source.read(0, 5)

    layout, scan = opened(b"a.....z")
    layout.take(1)
    assert layout.part(5, read) == b"....."
    layout.take(1)
    layout.finish()
    assert spans(scan) == ([(0, 1), (2, 3), (6, 7)], [(1, 2), (3, 4), (5, 6)])
