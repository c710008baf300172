import pytest

from crawler import limits
from crawler.errors import ThrottledError
from crawler.limits import Limiter


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def told(bucket, left, seconds):
    return {"ratelimit": f'"{bucket}";r={left};t={seconds}'}


def test_requests_stop_before_the_quota_is_used_up_and_go_on_in_the_next_window():
    clock = Clock()
    limiter = Limiter(clock=clock)
    assert limiter.wait("api") == 0.0
    limiter.note(told("api", 3, 60))
    assert [limiter.wait("api") for _ in range(3)] == [0.0, 0.0, 60.0]
    clock.now += 59.0
    assert limiter.wait("api") == 1.0
    clock.now += 1.0
    assert limiter.wait("api") == 0.0


def test_the_buckets_are_counted_apart():
    limiter = Limiter(clock=Clock())
    limiter.note(told("api", 0, 60))
    assert limiter.wait("api") == 60.0
    assert limiter.wait("resolvers") == 0.0


def test_an_answer_that_was_overtaken_does_not_raise_the_count():
    limiter = Limiter(clock=Clock())
    limiter.note(told("api", 2, 60))
    limiter.note(told("api", 400, 60))
    assert [limiter.wait("api") for _ in range(2)] == [0.0, 60.0]


def test_headers_that_say_nothing_change_nothing():
    limiter = Limiter(clock=Clock())
    for headers in ({}, {"ratelimit": "often"}, {"ratelimit": '"api";r=x;t=1'}):
        limiter.note(headers)
    assert limiter.wait("api") == 0.0


def counted(bucket, left, seconds, quota=100):
    return told(bucket, left, seconds) | {"ratelimit-policy": f'"fixed window";"{bucket}";q={quota};w=300'}


def test_a_hub_that_refuses_early_teaches_how_much_is_to_be_had():
    clock = Clock()
    limiter = Limiter(clock=clock)
    limiter.note(counted("api", 50, 60))
    limiter.note(counted("api", 49, 60), 429)
    assert limiter.wait("api") == 60.0
    assert limiter.refused == 1
    clock.now += 60.0
    limiter.note(counted("api", 51, 300))
    assert [limiter.wait("api") for _ in range(3)] == [0.0, 0.0, 300.0]


def test_a_share_of_the_quota_is_left_to_others():
    limiter = Limiter(share=0.25, clock=Clock())
    limiter.note(counted("api", 77, 60))
    assert limiter.left == {"api": 2}
    assert [limiter.wait("api") for _ in range(3)] == [0.0, 0.0, 60.0]
    assert limiter.quotas["api"] == (100, 300)


@pytest.mark.anyio
async def test_a_window_too_far_away_is_an_error_and_not_a_sleep():
    limiter = Limiter(longest=900.0, clock=Clock())
    limiter.note(told("resolvers", 0, 10**9))
    with pytest.raises(ThrottledError, match="quota of resolvers"):
        await limiter.ready("resolvers")


@pytest.mark.parametrize(
    ("path", "bucket"),
    [
        ("/api/models/org/m0/tree/main", "api"),
        ("/org/m0/resolve/main/x.bin", "resolvers"),
        ("/datasets/org/m0/resolve/main/x.bin", "resolvers"),
        ("/api/resolve-cache/models/org/m0/aa/x.bin", "resolvers"),
    ],
)
def test_each_address_belongs_to_a_bucket(path, bucket):
    assert limits.bucket("https://huggingface.co" + path) == bucket


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, told("api", 0, 55), 55.0),
        (429, told("api", 0, 55) | {"retry-after": "7"}, 55.0),
        (429, told("api", 5, 55) | {"retry-after": "7"}, 7.0),
        (503, told("api", 0, 55), None),
        (503, {"retry-after": "7"}, 7.0),
        (503, {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        (503, {"retry-after": "-1"}, None),
    ],
)
def test_how_long_a_refusal_asks_us_to_wait(status, headers, seconds):
    assert limits.retry_after(status, headers) == seconds
