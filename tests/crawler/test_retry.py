import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import (
    CrawlError,
    GatedError,
    NetworkError,
    RemoteFileError,
    ServerError,
    ThrottledError,
    WrongBytesError,
)
from crawler.retry import Policy, decide, persist

POLICY = Policy()


@pytest.mark.parametrize("error", [GatedError("x"), RemoteFileError("x"), CrawlError("x"), ValueError("x")])
def test_what_another_attempt_cannot_mend_is_given_up_at_once(error):
    assert decide(error, 1, 0.0, POLICY, 0.5) is None


def test_waits_double_up_to_the_longest():
    waits = [decide(ServerError("x"), attempt, 0.0, Policy(attempts=99), 1.0) for attempt in range(1, 8)]
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


def test_the_servers_own_wait_is_kept():
    assert decide(ThrottledError("x", wait=295.0), 1, 0.0, POLICY, 0.0) == 295.0


def test_a_wait_beyond_the_total_is_not_begun():
    assert decide(ThrottledError("x", wait=901.0), 1, 0.0, POLICY, 0.0) is None
    assert decide(ThrottledError("x", wait=300.0), 1, 700.0, POLICY, 0.0) is None


def test_wrong_bytes_are_believed_after_three_attempts():
    assert decide(WrongBytesError("x"), 2, 0.0, POLICY, 0.5) is not None
    assert decide(WrongBytesError("x"), 3, 0.0, POLICY, 0.5) is None


@given(st.integers(1, 10**6), st.floats(0, 10**6), st.floats(0, 1, exclude_max=True), st.none() | st.floats(0, 10**9))
def test_attempts_and_waits_are_bounded_whatever_the_server_says(attempt, waited, chance, wait):
    pause = decide(NetworkError("x", wait=wait), attempt, waited, POLICY, chance)
    if pause is not None:
        assert attempt < POLICY.attempts
        assert 0 <= pause <= POLICY.total - waited


@pytest.mark.anyio
async def test_the_last_error_is_what_the_caller_gets():
    calls = []

    async def broken():
        calls.append(len(calls))
        raise ServerError(f"attempt {len(calls)}")

    with pytest.raises(ServerError, match="attempt 4"):
        await persist(broken, Policy(attempts=4, first=0.001, most=0.001))
    assert len(calls) == 4


@pytest.mark.anyio
async def test_an_attempt_that_succeeds_ends_the_trying():
    calls = []

    async def flaky():
        calls.append(None)
        if len(calls) < 3:
            raise NetworkError("not yet")
        return "done"

    assert await persist(flaky, Policy(first=0.001, most=0.001)) == "done"
    assert len(calls) == 3
