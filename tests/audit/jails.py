"""A jail whose scanner obeys its blob, and what the system says of its processes."""

import sys
from pathlib import Path

import anyio
import pytest

from audit.pool import Jail
from scanners import linux, seccomp
from scanners.budget import Limits
from scanners.facts import Call
from scanners.source import Span

on_linux = pytest.mark.skipif(
    sys.platform != "linux" or linux.MACHINE not in seccomp.MACHINES, reason="the seal is whole on Linux only"
)

HERE = Path(__file__).parent
EVIL = Call("os", "system", "REDUCE", "os.system('id')")
SIZE = 100
ALL = [Span(0, SIZE)]


class Misbehaving(Jail):
    """A jail whose scanner obeys its blob."""

    command = (sys.executable, "-I", str(HERE / "misbehaving.py"))


def jail(workers=2, deadline=20.0, memory=1 << 30, **more):
    return Misbehaving(workers, deadline, memory, Limits(), **more)


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def status(pid):
    """The status of a process, as a dict; empty when it is gone or waits to be reaped by init."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    fields = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    return {} if fields["State"].startswith(("Z", "X")) else fields


async def until(found):
    """What `found` returns once it returns something: other processes cannot set our events."""
    with anyio.fail_after(10):
        while not (something := found()):  # noqa: ASYNC110 - nothing here can tell
            await anyio.sleep(0.002)
    return something


async def sealed_child(server):
    """The server's only child, once its seal is whole."""
    return await until(lambda: next((pid for pid in children(server) if status(pid).get("Seccomp") == "2"), None))


async def gone(*pids):
    await until(lambda: not any(status(pid) for pid in pids))
