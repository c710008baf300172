"""Archives one behind the other: a chain only where no end record can be read in two ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanners.binary.zip_chain import links
from scanners.source import BytesSource, Slice, Span
from tests.craft.archives import Part, archive
from tests.craft.reading import anomalies, scan, scan_in_rounds, unread_reasons
from tests.craft.tensors import torch_archive
from tests.craft.torch_archives import chain

ITEM = ("0", "FloatStorage", 4, bytes(16))
OTHER = ("0", "FloatStorage", 9, bytes(36))
NAME = "__0_0.distcp"


def parts(data):
    source = BytesSource(data)
    return [Slice(source, span.start, span.length).read(0, span.length) for span in links(source)]


@pytest.mark.parametrize("items", [(ITEM, OTHER), (ITEM, ITEM, ITEM), (archive(Part("a", b"b")), torch_archive(OTHER))])
def test_a_chain_comes_apart_into_its_archives(items):
    assert b"".join(parts(chain(*items))) == chain(*items)
    assert len(parts(chain(*items))) == len(items)


@pytest.mark.parametrize(
    "data",
    [
        b"", b"words", torch_archive(ITEM), chain(ITEM, OTHER) + b"\0", b"\0" + chain(ITEM, OTHER), chain(ITEM, b"words", OTHER),
        chain(ITEM, archive(Part("a", b"b"), comment=b"so")), chain(ITEM, archive(Part("a", b"b"), shift=3)),
        chain(ITEM, archive(Part("a", b"b"), zip64=True, locator=9)),
    ],
)  # fmt: skip
def test_all_else_is_none(data):
    assert parts(data) == []


def test_an_end_record_that_also_means_something_from_the_start_makes_no_chain():
    # Counted from the start of the file, the second archive's directory is one that stands in the first one's data.
    second = archive(Part("a" * 40, b"x" * 400))
    start = int.from_bytes(second[-6:-2], "little")
    first = archive(Part("t", bytes(start - 31) + second[start:-22]))
    assert first[start:].startswith(b"PK\x01\x02")
    assert parts(first + second) == []
    assert "zip.several-ends" in anomalies(scan(first + second, NAME))


def test_each_item_of_a_checkpoint_is_an_archive_of_its_own():
    outcome = scan(chain(ITEM, OTHER, ITEM), NAME)
    assert (outcome.format, outcome.account.unexplained, anomalies(outcome)) == ("torch.dcp", 0, set())


def test_a_chain_under_any_other_name_is_read_as_one_archive():
    outcome = scan(chain(ITEM, OTHER), "model.pt")
    assert "zip.several-ends" in anomalies(outcome)


def test_what_is_bent_in_one_item_is_told():
    outcome = scan(chain(ITEM, torch_archive(("0", "FloatStorage", 9, bytes(16)))), NAME)
    assert "torch.storage-size" in anomalies(outcome)
    assert (outcome.account.unexplained > 0, unread_reasons(outcome)) == (True, {"unknown"})


def test_bytes_that_come_as_they_are_asked_for_say_the_same():
    data = chain(ITEM, OTHER, ("0", "FloatStorage", 50_000, bytes(200_000)))
    outcome, held, _ = scan_in_rounds(data, NAME, block=4096)
    assert outcome == scan(data, NAME)
    assert sum(span.length for span in held) < len(data) // 2


@given(st.data())
def test_a_chain_that_is_cut_or_changed_is_read_to_an_outcome(data):
    whole = chain(ITEM, OTHER)
    at = data.draw(st.integers(4, len(whole) - 1))
    if data.draw(st.booleans()):
        outcome = scan(whole[:at], NAME)
        # Of the second archive its first two letters alone are text.
        assert 0 <= at - len(torch_archive(ITEM)) <= 2 or outcome.account.unexplained > 0 or unread_reasons(outcome)
    else:
        scan(whole[:at] + bytes((whole[at] ^ data.draw(st.integers(1, 255)),)) + whole[at + 1 :], NAME)


class Repeated:
    """So many copies of one archive, made as they are read."""

    def __init__(self, count, each):
        self._each, self._size = each, count * len(each)

    def __len__(self):
        return self._size

    def __getitem__(self, where):
        first, last = where.start // len(self._each), -(-where.stop // len(self._each))
        base = first * len(self._each)
        return (self._each * (last - first))[where.start - base : where.stop - base]


@pytest.mark.parametrize(("count", "each", "rounds", "part"), [(200, 1 << 20, 12, 1.0), (30, 8 << 20, 36, 0.02)])
def test_a_long_chain_of_short_archives_is_read_through_and_long_ones_are_skipped(count, each, rounds, part):
    data = Repeated(count, torch_archive(("0", "FloatStorage", each // 4, bytes(each))))
    size = len(data)
    outcome, held, asked = scan_in_rounds(data, NAME, held=[Span(0, 65_536), Span(size - 65_557, size)])
    assert (outcome.format, outcome.account.unexplained, asked <= rounds) == ("torch.dcp", 0, True)
    assert sum(span.length for span in held) <= part * size
