"""What tests of asynchronous code and of the jail are handed."""

import os

import pytest

from tests.audit.jails import SIZE


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def blob(tmp_path):
    """Opens, read-only, a blob that tells the scanner what to do."""
    opened = []

    def made(act):
        path = tmp_path / f"{act}.blob"
        path.write_bytes(act.encode().ljust(SIZE))
        opened.append(os.open(path, os.O_RDONLY))
        return opened[-1]

    yield made
    for descriptor in opened:
        os.close(descriptor)
