from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler import ranges
from crawler.errors import WrongBytesError
from scanners.source import Span, merge

BLOCK = ranges.BLOCK
SIZE = 10_000_000

spans = st.lists(
    st.tuples(st.integers(0, SIZE), st.integers(0, 300_000)).map(lambda pair: Span(pair[0], min(SIZE, sum(pair)))),
    max_size=20,
)


@given(spans, st.integers(0, 200_000), st.integers(1, 60).map(lambda blocks: blocks * BLOCK))
def test_requests_cover_every_span_in_order_and_bounded(wanted, gap, piece):
    requests = ranges.coalesce(wanted, near=gap, piece=piece)
    assert all(0 < request.length <= piece for request in requests)
    assert all(one.stop <= two.start for one, two in pairwise(requests))
    covered = merge(requests)
    for span in merge(wanted):
        assert any(have.start <= span.start and span.stop <= have.stop for have in covered)


@given(spans)
def test_requests_never_bridge_more_than_the_gap(wanted):
    asked = sum(request.length for request in ranges.coalesce(wanted))
    needed = merge(wanted)
    assert asked <= sum(span.length for span in needed) + ranges.NEAR * max(0, len(needed) - 1)


def test_what_would_be_too_many_requests_is_fewer_and_larger_ones():
    apart = [Span(at, at + 1) for at in range(0, (ranges.MANY + 1) * ranges.GAP, ranges.GAP)]
    assert len(ranges.coalesce(apart[:-1])) == ranges.MANY
    assert len(ranges.coalesce(apart, piece=1 << 40)) == 1


@given(st.integers(0, SIZE), st.integers(0, SIZE), st.integers(0, SIZE))
def test_alignment_gives_whole_blocks_cut_off_at_the_end(start, stop, size):
    span = ranges.align(Span(start, stop), size)
    if start < min(stop, size):
        assert span.start <= start
        assert span.stop >= min(stop, size)
        assert span.start % BLOCK == 0
        assert span.stop % BLOCK == 0 or span.stop == size
    else:
        assert span.length == 0


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("bytes 0-9/100", (Span(0, 10), 100)),
        ("Bytes 5-5/*", (Span(5, 6), None)),
        ("bytes */0", (None, 0)),
        ("bytes 9-0/100", None),
        ("bytes 0-9", None),
        ("bytes 0-9/100, 20-29/100", None),
        ("bytes \u0660-\u0661/\u0661", None),
        ("bytes 0-" + "9" * 40 + "/*", None),
        ("", None),
    ],
)
def test_content_range_is_read_strictly(text, read):
    assert ranges.content_range(text) == read


GOOD = {"content-range": "bytes 10-19/5000000", "content-length": "10"}
ASKED = Span(10, 20)


def test_the_answer_that_was_asked_for_is_a_part():
    assert ranges.check(ASKED, 5_000_000, 206, GOOD) == "part"
    assert ranges.check(ASKED, 5_000_000, 206, {"content-range": "bytes 10-19/5000000"}) == "part"


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (206, GOOD | {"content-range": "bytes 11-20/5000000"}, "another range"),
        (206, GOOD | {"content-range": "bytes 10-19/5000001"}, "another range"),
        (206, GOOD | {"content-range": "bytes 10-19/*"}, "another range"),
        (206, GOOD | {"content-range": "bytes 10-18/5000000"}, "another range"),
        (206, {"content-length": "10"}, "none named"),
        (206, {"content-type": "multipart/byteranges; boundary=x"}, "none named"),
        (206, GOOD | {"content-length": "11"}, "announces 11 bytes"),
        (206, GOOD | {"content-encoding": "gzip"}, "compressed"),
        (200, {"content-length": "5000000"}, "ignored the range"),
        (204, {}, "HTTP 204"),
    ],
)
def test_any_other_answer_is_refused(status, headers, said):
    with pytest.raises(WrongBytesError, match=said):
        ranges.check(ASKED, 5_000_000, status, headers)


def test_a_whole_body_will_do_for_a_small_file_or_for_all_of_it():
    assert ranges.check(ASKED, 1000, 200, {"content-length": "1000"}) == "whole"
    assert ranges.check(ASKED, 1000, 200, {}) == "whole"
    assert ranges.check(Span(0, 5_000_000), 5_000_000, 200, {"content-length": "5000000"}) == "whole"
    for told in ({"content-length": "999"}, {"content-length": "1000", "content-encoding": "br"}):
        with pytest.raises(WrongBytesError):
            ranges.check(ASKED, 1000, 200, told)
    with pytest.raises(WrongBytesError):
        ranges.check(Span(0, 5_000_000), 5_000_000, 200, {})


def test_another_etag_is_another_file():
    with pytest.raises(WrongBytesError, match="changed"):
        ranges.check(ASKED, 5_000_000, 206, GOOD | {"etag": '"b"'}, etag='"a"')


@pytest.mark.parametrize(
    ("query", "ends"),
    [
        ("Expires=1790000000&Signature=x", 1_790_000_000.0),
        ("X-Amz-Date=20260102T030405Z&X-Amz-Expires=3600", 1_767_323_045.0 + 3600),
        ("X-Amz-Date=20269902T030405Z&X-Amz-Expires=3600", None),
        ("X-Amz-Date=20260102T030405Z&X-Amz-Expires=999999999999", None),
        ("Expires=soon", None),
        ("Expires=" + "9" * 400, None),
        ("", None),
    ],
)
def test_the_end_of_a_signed_url_is_read_from_it(query, ends):
    assert ranges.expiry(f"https://cdn.example/x?{query}") == ends
