"""A reader of a small world: one big file and some small ones."""

import os
import random

from crawler.fetch import Fetcher
from crawler.hub import Hub
from crawler.ranges import SMALL
from scanners.source import Span
from tests.hub import repo

BIG = 3 * SMALL + 77
DATA = random.Random(1).randbytes(BIG)
SMALL_DATA = random.Random(2).randbytes(40_000)
WORLD = repo("org/m0", {"big.bin": DATA, "config.json": SMALL_DATA, "empty.txt": b"", "empty.bin": b""})
TOKEN = "hf_mine"
FAR = [Span(10, 20), Span(SMALL, SMALL + 5), Span(BIG - 1, BIG)]


class Reader:
    """A repo's files, read through the cache."""

    def __init__(self, client, cache, hub, listed, token):
        self.client, self.cache, self.server, self.repo = client, cache, hub, listed
        self.hub = Hub(client, endpoint=hub.endpoint, token=token)
        self.fetcher = Fetcher(client)

    def entry(self, path):
        file = next(file for file in self.repo.files if file.path == path)
        return self.cache.open(file.blob, file.size)

    async def read(self, path, *spans):
        with self.entry(path) as entry:
            fetched = await self.fetcher.ensure(entry, self.hub.file(self.repo, path), spans)
            assert entry.missing(spans) == []
            return fetched, [os.pread(entry.fd, span.length, span.start) for span in spans]


async def reader(client, cache, hub, token=False):
    listed = await Hub(client, endpoint=hub.endpoint, token=token).repo("org/m0")
    hub.log.clear()
    return Reader(client, cache, hub, listed, token)
