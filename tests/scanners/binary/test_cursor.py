"""A forward place in a source: pieces, bounds, and windows that double."""

import pytest

from scanners.binary.cursor import PIECE, Cursor
from scanners.source import BytesSource, Missing, Span, SparseSource, Truncated, merge


def test_what_is_peeked_stays_and_what_is_taken_does_not():
    cursor = Cursor(BytesSource(b"0123456789"), 2, 8)
    assert (cursor.peek(3), cursor.take(4), cursor.take(2), cursor.left) == (b"234", b"2345", b"67", 0)


def test_reading_past_its_end_is_truncated_also_inside_the_source():
    cursor = Cursor(BytesSource(b"0123456789"), 2, 8)
    with pytest.raises(Truncated):
        cursor.take(7)


def test_pieces_are_all_that_is_left():
    data = bytes(range(256)) * 10_000
    pieces = list(Cursor(BytesSource(data), 5).pieces())
    assert b"".join(pieces) == data[5:]
    assert max(map(len, pieces)) <= PIECE


def test_what_is_expected_comes_in_one_round():
    size, held = 50_000_000, [Span(0, 100)]

    def read(held):
        cursor = Cursor(SparseSource(lambda _, length: bytes(length), size, held), 10)
        cursor.expect(9_000_000)
        for _ in range(90):
            cursor.take(100_000)
        cursor.expect(size)

    with pytest.raises(Missing) as first:
        read(held)
    assert merge(first.value.spans) == [Span(100, 9_000_010)]
    with pytest.raises(Missing) as second:
        read([Span(0, 9_000_010)])
    assert merge(second.value.spans) == [Span(9_000_010, size)]


def test_a_long_part_costs_as_many_rounds_as_it_has_doublings():
    size, held, rounds = 50_000_000, [], 0
    while True:
        try:
            for _ in Cursor(SparseSource(lambda _, length: bytes(length), size, held)).pieces():
                pass
            break
        except Missing as missing:
            held = merge([*held, *missing.spans])
            rounds += 1
    assert rounds <= 10
