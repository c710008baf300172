"""What is stepped over is not asked for, and what repeats is asked for at once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.binary.read_ahead import Ahead
from scanners.source import BytesSource, Missing, Span, SparseSource, Truncated, merge


def chain(*runs, name=40):
    """Descriptions that say how long the run behind them is."""
    return b"".join(run.to_bytes(4, "big") + bytes(name) + bytes(run) for run in runs)


def follow(source, name=40):
    ahead, found = Ahead(source), []
    while ahead.at < source.size:
        found.append(int.from_bytes(ahead.take(4 + name)[:4], "big"))
        ahead.step_over(found[-1])
    return found


def followed(data, held=()):
    """What is found when bytes come only as they are asked for, the rounds, and the bytes that were fetched."""
    held, rounds = merge(held), 0
    while True:
        source = SparseSource(lambda at, length: data[at : at + length], len(data), held)
        try:
            return follow(source), rounds, sum(span.length for span in held)
        except Missing as missing:
            rounds += 1
            more = merge([*held, *missing.spans])
            assert more != held
            held = more


def test_equal_runs_cost_a_few_rounds_and_few_bytes():
    runs = [100_000] * 400
    found, rounds, fetched = followed(chain(*runs))
    assert found == runs
    assert rounds <= 9
    assert fetched < 400 * 2048 + (1 << 20)


def test_layers_that_repeat_cost_the_rounds_of_the_first():
    layer = [30_000, 30_000, 31_000, 120_000, 17_000, 119_000]
    runs = [230_000, *layer * 40, 230_000]
    found, rounds, fetched = followed(chain(*runs))
    assert found == runs
    assert rounds <= 20
    assert fetched < len(runs) * 4096 + (1 << 20)


def test_runs_that_do_not_repeat_are_found_all_the_same():
    runs = [20_000 + 701 * n * n % 30_011 for n in range(100)]
    found, rounds, _ = followed(chain(*runs))
    assert found == runs
    assert rounds < 60


def test_the_end_is_the_end():
    ahead = Ahead(BytesSource(b"abc"))
    assert ahead.take(3) == b"abc"
    with pytest.raises(Truncated):
        ahead.take(1)


def test_a_guess_never_leaves_the_file():
    data = chain(20_000, 20_000, 20_000)
    source = SparseSource(lambda at, length: data[at : at + length], len(data), [Span(0, 100)])
    with pytest.raises(Missing) as missing:
        follow(source)
    assert all(0 <= span.start < span.stop <= len(data) for span in missing.value.spans)


@given(
    runs=st.lists(st.sampled_from([0, 1, 500, 16_385, 20_000, 70_000]), min_size=1, max_size=30), name=st.integers(0, 3)
)
@settings(max_examples=30, deadline=None)
def test_any_chain_is_followed(runs, name):
    assert followed(chain(*runs))[0] == runs == follow(BytesSource(chain(*runs)))
