"""What the crawler's tests share: a client that does not wait long, and a place for its cache."""

import pytest

from crawler.cache import Cache
from crawler.client import Client, Settings
from crawler.retry import Policy

IMPATIENT = Settings(connect=5.0, read=5.0, grace=10.0, retry=Policy(first=0.005, most=0.02, total=10.0))


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def client():
    async with Client(IMPATIENT) as client:
        yield client


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "blocks", limit=1 << 30)
