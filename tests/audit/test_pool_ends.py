"""How jails, their fork servers and their children end: cancelled, killed, late, or with whoever started them."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager

import anyio
import pytest

from audit import pool
from audit.pool import Jail
from scanners import wire
from scanners.budget import Limits
from scanners.scanner import Read
from tests.audit.jails import ALL, EVIL, HERE, SIZE, gone, jail, on_linux, sealed_child, status

pytestmark = pytest.mark.anyio


@pytest.fixture
def spoken(monkeypatch):
    """An event that is set once this side has facts of a child: a sealed child may not have spoken yet."""
    event, take = anyio.Event(), wire.Transcript._take

    def taken(transcript, line):
        take(transcript, line)
        if isinstance(line, wire.Seen) and line.facts:
            event.set()

    monkeypatch.setattr(wire.Transcript, "_take", taken)
    return event


@on_linux
async def test_a_cancelled_job_leaves_no_child_and_the_next_one_works(blob):
    async with jail() as tried:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(tried.scan, blob("hold"), SIZE, "", ALL)
            await anyio.wait_all_tasks_blocked()
            pid = await sealed_child(tried._server._process.pid)
            tasks.cancel_scope.cancel()
        await gone(pid)
        assert isinstance((await tried.scan(blob("fine"), SIZE, "", ALL)).outcome, Read)


@on_linux
async def test_no_process_outlives_the_jail_however_it_is_left(blob):
    pids = []

    async def run(leave):
        async with jail() as tried, anyio.create_task_group() as tasks:
            tasks.start_soon(tried.scan, blob("hold"), SIZE, "", ALL)
            await anyio.wait_all_tasks_blocked()
            pids[:] = tried._server._process.pid, await sealed_child(tried._server._process.pid)
            leave(tasks)

    await run(lambda tasks: tasks.cancel_scope.cancel())
    assert [status(pid) for pid in pids] == [{}, {}]
    with pytest.raises(ExceptionGroup):
        await run(lambda tasks: 1 / 0)
    assert [status(pid) for pid in pids] == [{}, {}]


async def test_what_ends_the_block_of_the_jail_comes_out_as_it_is(blob):
    async def run():
        async with jail() as tried:
            await tried.scan(blob("fine"), SIZE, "", ALL)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await run()


@on_linux
async def test_a_dead_fork_server_fails_the_jobs_in_it_and_is_started_anew(blob, spoken):
    outcomes = []

    async def one(descriptor):
        outcomes.append((await tried.scan(descriptor, SIZE, "", ALL)).outcome)

    async with jail() as tried:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one, blob("hold"))
            await anyio.wait_all_tasks_blocked()
            server = tried._server._process.pid
            pid = await sealed_child(server)
            await spoken.wait()
            os.kill(server, signal.SIGKILL)
        assert [(outcome.why, outcome.facts) for outcome in outcomes] == [("crash", (EVIL,))]
        await gone(pid)
        assert isinstance((await tried.scan(blob("fine"), SIZE, "", ALL)).outcome, Read)
        assert tried._server._process.pid != server


@on_linux
async def test_a_fork_server_that_does_not_keep_the_deadline_is_ended_with_all_its_children(blob, spoken, monkeypatch):
    monkeypatch.setattr(pool, "_GRACE", 0.2)
    outcomes = []

    async def one(descriptor):
        outcomes.append((await tried.scan(descriptor, SIZE, "", ALL)).outcome)

    async with jail(deadline=3.0) as tried:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one, blob("hold"))
            await anyio.wait_all_tasks_blocked()
            server = tried._server._process.pid
            pid = await sealed_child(server)
            await spoken.wait()
            os.kill(server, signal.SIGSTOP)
        assert [(outcome.why, outcome.facts) for outcome in outcomes] == [("deadline", (EVIL,))]
        await gone(pid, server)
        assert isinstance((await tried.scan(blob("fine"), SIZE, "", ALL)).outcome, Read)


async def test_a_fork_server_that_cannot_start_is_an_outcome_of_each_job(blob):
    class Broken(Jail):
        command = (sys.executable, "-I", "-c", "raise SystemExit(3)")

    async with Broken(1, 5.0, 1 << 30, Limits()) as broken:
        for _ in range(2):
            outcome = (await broken.scan(blob("fine"), SIZE, "", ALL)).outcome
            assert outcome.why == "crash"


PARENT = """
import os, sys, anyio
sys.path.insert(0, sys.argv[1])
from audit.pool import Jail
from scanners.budget import Limits
from scanners.source import Span
class Misbehaving(Jail):
    command = (sys.executable, "-I", sys.argv[1] + "/misbehaving.py")
async def main():
    descriptor = os.open(sys.argv[2], os.O_RDONLY)
    async with Misbehaving(1, 60.0, 1 << 30, Limits()) as jail, anyio.create_task_group() as tasks:
        tasks.start_soon(jail.scan, descriptor, 100, "", [Span(0, 100)])
        await anyio.wait_all_tasks_blocked()
        print(jail._server._process.pid, flush=True)
anyio.run(main)
"""


@contextmanager
def parent_process(tmp_path):
    path = tmp_path / "held"
    path.write_bytes(b"hold".ljust(SIZE))
    command = [sys.executable, "-c", PARENT, str(HERE), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


@on_linux
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=lambda how: how.name)
async def test_when_the_parent_ends_by_a_signal_its_server_and_children_are_gone(tmp_path, how):
    with parent_process(tmp_path) as (process, server):
        pid = await sealed_child(server)
        process.send_signal(how)
        await gone(server, pid)
        process.wait(10)


def test_what_the_fork_server_says_of_an_end_becomes_a_code():
    from scanners import worker

    assert pool._why(worker.EXITED, 0) == ("", "")
    assert pool._why(worker.EXPIRED, 0) == ("", "")
    assert pool._why(worker.EXPIRED, signal.SIGKILL)[0] == "deadline"
    assert pool._why(worker.EXITED, signal.SIGKILL) == ("crash", "signal 9")
    assert pool._why(worker.EXITED, signal.SIGSYS)[0] == "crash"
    assert pool._why(worker.EXITED, signal.SIGXCPU)[0] == "cpu"
    assert pool._why(worker.EXITED, worker.OUT_OF_MEMORY << 8)[0] == "memory"
    assert pool._why(worker.EXITED, 3 << 8) == ("crash", "exit status 3")
    assert pool._why(worker.REFUSED, 0)[0] == "crash"
