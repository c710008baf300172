import anyio
import anyio.lowlevel
import pytest

from crawler.client import Client
from crawler.errors import ThrottledError
from crawler.hub import Hub
from crawler.leases import Lease, Leaseholder, Ledger
from crawler.limits import Limiter
from crawler.repos import Query
from tests.hub import repo, serve


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Office:
    """The way to a ledger in this process."""

    def __init__(self, ledger):
        self.ledger, self.leases, self.noted = ledger, [], []

    async def lease(self, bucket):
        await anyio.lowlevel.checkpoint()
        lease = self.ledger.lease(bucket)
        self.leases.append(lease)
        return lease

    def note(self, headers, status):
        self.noted.append((dict(headers), status))
        self.ledger.note(headers, status)


def told(left, seconds=60, quota=3000):
    return {
        "ratelimit": f'"resolvers";r={left};t={seconds}',
        "ratelimit-policy": f'"fixed window";"resolvers";q={quota};w=300',
    }


def ledger(left, **options):
    made = Ledger(clock=Clock(), **options)
    made.note(told(left), 200)
    return made


def test_before_the_hub_has_spoken_requests_are_leased_one_at_a_time():
    assert Ledger(clock=Clock()).lease("api").requests == 1


@pytest.mark.parametrize(("left", "requests"), [(100_000, 33), (2901, 33), (642, 11), (66, 2), (65, 1), (3, 1)])
def test_a_lease_is_small_where_little_is_left(left, requests):
    assert ledger(left).lease("resolvers") == Lease(requests, 60.0)


def test_leases_end_before_the_quota_does():
    one = ledger(500)
    leased = 0
    while (lease := one.lease("resolvers")).requests:
        leased += lease.requests
    assert leased == 499
    assert lease == Lease(0, 60.0)


def test_a_share_of_the_quota_is_all_that_is_leased():
    one = ledger(3000, share=0.5)
    leased = 0
    while (lease := one.lease("resolvers")).requests:
        leased += lease.requests
    assert leased == 1500


@pytest.mark.anyio
async def test_a_lease_is_used_up_before_the_next_one_is_asked_for():
    office = Office(ledger(642))
    holder = Leaseholder(office, clock=Clock())
    for _ in range(12):
        await holder.ready("resolvers")
    assert [lease.requests for lease in office.leases] == [11, 10]


@pytest.mark.anyio
async def test_what_is_left_of_a_lease_ends_with_its_window():
    office, clock = Office(ledger(642)), Clock()
    holder = Leaseholder(office, clock=clock)
    await holder.ready("resolvers")
    clock.now += 61.0
    await holder.ready("resolvers")
    assert len(office.leases) == 2


@pytest.mark.anyio
async def test_a_refusal_ends_all_leases_and_the_others_learn_of_it():
    office = Office(ledger(642))
    holder, other = Leaseholder(office, longest=30.0, clock=Clock()), Leaseholder(office, longest=30.0, clock=Clock())
    await holder.ready("resolvers")
    holder.note(told(640), 429)
    for one in (holder, other):
        with pytest.raises(ThrottledError, match="quota of resolvers"):
            await one.ready("resolvers")


@pytest.mark.anyio
async def test_only_what_the_ledger_reads_is_sent_to_it():
    office = Office(ledger(642))
    Leaseholder(office, clock=Clock()).note({"content-type": "x", **told(5)}, 200)
    Leaseholder(office, clock=Clock()).note({"content-type": "x"}, 200)
    assert office.noted == [(told(5), 200)]


@pytest.mark.anyio
async def test_processes_that_share_a_ledger_stay_within_one_quota():
    book = Ledger(clock=Clock())
    sent = 0

    async def process():
        nonlocal sent
        holder = Leaseholder(Office(book), longest=30.0, clock=Clock())

        async def task():
            nonlocal sent
            while True:
                await holder.ready("resolvers")
                sent += 1
                # As the Hub counts them, whoever they come from.
                holder.note(told(max(0, 300 - sent), quota=300), 200 if sent <= 300 else 429)

        async with anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(task)

    async def four():
        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(process)

    with pytest.raises(ExceptionGroup) as raised:
        await four()
    assert raised.group_contains(ThrottledError)
    assert 250 <= sent <= 300


@pytest.mark.anyio
async def test_a_client_asks_the_limiter_that_it_is_given():
    office = Office(Ledger())
    with serve(repo("org/m", {"config.json": b"{}"})) as hub:
        async with Client(limiter=Leaseholder(office)) as client:
            assert isinstance(client.limiter, Limiter)
            pages = Hub(client, endpoint=hub.endpoint, token=False).pages(Query(author="org"))
            assert [found.id async for page in pages for found in page] == ["org/m"]
    assert len(office.leases) == len(office.noted) == 1
