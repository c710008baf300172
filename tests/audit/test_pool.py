"""The jail from outside: what a sealed child looks like, and that none can hurt more than its own job."""

import os
import resource
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest

from audit import pool
from audit.pool import Jail
from scanners import linux, seccomp, wire
from scanners.account import Totals
from scanners.binary import pickle_runs
from scanners.budget import Limits
from scanners.facts import Call
from scanners.scanner import Needs, Read, Stopped
from scanners.source import Span

pytestmark = pytest.mark.anyio
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


def environment(pid):
    return Path(f"/proc/{pid}/environ").read_bytes()


def count(folder):
    return sum(1 for _ in Path(folder).iterdir())


def links(folder):
    """The last parts of what the links in a folder point to, sorted; of a pipe, only that it is one."""
    return sorted(str(link.readlink()).partition(":")[0].rpartition("/")[2] for link in Path(folder).iterdir())


async def until(found):
    """What `found` returns once it returns something: other processes cannot set our events."""
    with anyio.fail_after(10):
        while not (something := found()):  # noqa: ASYNC110 - nothing here can tell
            await anyio.sleep(0.002)
    return something


async def sealed_child(server):
    """The server's only child, once its seal is whole."""
    return await until(lambda: next((pid for pid in children(server) if status(pid).get("Seccomp") == "2"), None))


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


async def gone(*pids):
    await until(lambda: not any(status(pid) for pid in pids))


async def test_a_blob_comes_back_as_what_the_scanners_say_of_it(blob):
    async with Jail(1, 20.0, 1 << 30, Limits()) as real:
        reply = await real.scan(blob("hello"), SIZE, "", ALL)
        assert isinstance(reply.outcome, Read)
        assert (
            sum((reply.outcome.account.examined, reply.outcome.account.inert, reply.outcome.account.unexplained))
            == SIZE
        )


async def test_bytes_that_are_not_held_are_asked_for_and_not_read(blob):
    async with jail() as tried:
        reply = await tried.scan(blob("read_on"), SIZE, "", [Span(0, 20), Span(40, 50)])
    assert reply.outcome == Needs((Span(20, 40), Span(50, SIZE)))
    assert reply.seen == (EVIL,)


async def test_of_the_name_a_child_learns_the_hint_only(blob):
    async with jail() as tried:
        assert (await tried.scan(blob("fine"), SIZE, ".pkl,.txt", ALL)).outcome.format == "fine file.pkl.txt"


async def test_children_inherit_the_patterns_once_there_were_several_large_blobs(blob):
    async def compiled(size):
        return int((await tried.scan(blob("warm"), size, "", ALL)).outcome.facts[-1].detail)

    large = pickle_runs.WORTH
    async with jail() as tried:
        cold = [await compiled(size) for size in (SIZE, large, SIZE, large)]
        with anyio.fail_after(10):
            while await compiled(SIZE) < cold[0] + 6:
                pass
    assert len(set(cold)) == 1


@on_linux
async def test_the_measures_that_held_are_told(blob):
    async with jail() as tried:
        assert tried.measures() == ()
        reply = await tried.scan(blob("fine"), SIZE, "", ALL)
        assert tried.measures() == reply.sealed
        assert {"seccomp", "no-new-privileges", "limits", "descriptors"} < set(reply.sealed)


async def test_a_descriptor_that_can_be_written_to_is_refused(tmp_path):
    path = tmp_path / "blob"
    path.write_bytes(b"fine".ljust(SIZE))
    descriptor = os.open(path, os.O_RDWR)
    try:
        async with jail() as tried:
            with pytest.raises(ValueError, match="read-only"):
                await tried.scan(descriptor, SIZE, "", ALL)
    finally:
        os.close(descriptor)


CASES = {
    "garbage": "bad-reply",
    "silence": "bad-reply",
    "half": "bad-reply",
    "two": "bad-reply",
    "pickle": "bad-reply",
    "forge": "bad-reply",
    "endless": "reply-too-long",
    "endless_lines": "reply-too-long",
    "crash": "crash",
    "leave": "crash",
    "stumble": "crash",
    "eat": "memory",
    "nibble": "memory",
    "recurse": "depth",
}


@pytest.mark.parametrize("act", CASES)
async def test_a_child_that_misbehaves_stops_its_own_job_keeps_what_was_seen_and_the_next_one_works(blob, act):
    async with jail(memory=256 << 20) as tried:
        reply = await tried.scan(blob(act), SIZE, "", ALL)
        assert isinstance(reply.outcome, Stopped)
        assert reply.outcome.why == CASES[act]
        assert EVIL in reply.outcome.facts
        assert reply.outcome.account == Totals(0, 0, SIZE)
        following = await tried.scan(blob("fine"), SIZE, "", ALL)
        assert following.outcome == Read("fine file", (EVIL,), Totals(SIZE, 0, 0))


async def test_a_crash_says_by_what(blob):
    async with jail() as tried:
        assert (await tried.scan(blob("crash"), SIZE, "", ALL)).outcome.detail == f"signal {signal.SIGSEGV.value}"
        assert (await tried.scan(blob("leave"), SIZE, "", ALL)).outcome.detail == "exit status 7"
        assert (await tried.scan(blob("stumble"), SIZE, "", ALL)).outcome.detail == "KeyError"


async def test_too_long_an_answer_is_cut_and_says_so_and_keeps_the_call(blob):
    async with jail() as tried:
        outcome = (await tried.scan(blob("many"), SIZE, "", ALL)).outcome
    assert (outcome.why, outcome.format) == ("reply-too-long", "many file")
    assert outcome.facts.count(EVIL) == 2


async def test_a_child_that_hangs_is_ended_at_its_deadline_and_what_it_saw_is_kept(blob):
    async with jail(deadline=2.0) as tried:
        with anyio.fail_after(2.0 + pool._GRACE):
            outcome = (await tried.scan(blob("hold"), SIZE, "", ALL)).outcome
    assert (outcome.why, outcome.facts) == ("deadline", (EVIL,))


async def test_a_child_that_spins_runs_out_of_processor_time(blob):
    async with jail(cpu=1) as tried:
        outcome = (await tried.scan(blob("spin"), SIZE, "", ALL)).outcome
    assert (outcome.why, outcome.facts) == ("cpu", (EVIL,))


async def test_no_more_children_run_at_once_than_there_are_workers(blob):
    held, fine = blob("hold"), blob("fine")
    async with jail(workers=2, deadline=2.0) as tried, anyio.create_task_group() as tasks:
        tasks.start_soon(tried.scan, held, SIZE, "", ALL)
        tasks.start_soon(tried.scan, held, SIZE, "", ALL)
        await anyio.wait_all_tasks_blocked()
        with anyio.move_on_after(0.1) as early:
            await tried.scan(fine, SIZE, "", ALL)
        assert early.cancelled_caught
        assert isinstance((await tried.scan(fine, SIZE, "", ALL)).outcome, Read)


async def test_many_jobs_at_once_get_their_own_answers(blob):
    acts = ["fine", "crash", "garbage", "stumble", "recurse"] * 6
    whys = {}
    descriptors = {act: blob(act) for act in set(acts)}

    async def one(number, act):
        reply = await tried.scan(descriptors[act], SIZE, "", ALL)
        whys[number] = getattr(reply.outcome, "why", "")

    async with jail(workers=4) as tried, anyio.create_task_group() as tasks:
        for number, act in enumerate(acts):
            tasks.start_soon(one, number, act)
    assert [whys[number] for number in range(len(acts))] == [CASES.get(act, "") for act in acts]


async def test_nothing_stays_open_after_many_jobs(blob):
    descriptors = {act: blob(act) for act in ("fine", "crash", "garbage")}
    before = count("/dev/fd")
    async with jail() as tried:
        for act in [*descriptors] * 5:
            await tried.scan(descriptors[act], SIZE, "", ALL)
        server = tried._server._process.pid
        if sys.platform == "linux":
            assert children(server) == []
            assert count(f"/proc/{server}/fd") <= 8
    assert count("/dev/fd") == before


@on_linux
async def test_a_running_child_owns_nothing(blob):
    async with jail() as tried, anyio.create_task_group() as tasks:
        tasks.start_soon(tried.scan, blob("hold"), SIZE, "", ALL)
        await anyio.wait_all_tasks_blocked()
        pid = await sealed_child(tried._server._process.pid)
        told = status(pid)
        assert told["NoNewPrivs"] == "1"
        assert told["Threads"] == "1"
        assert {told[field] for field in ("CapPrm", "CapEff", "CapInh", "CapAmb")} == {"0" * 16}
        for limit in (resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE, resource.RLIMIT_CORE):
            assert resource.prlimit(pid, limit) == (0, 0)
        assert resource.prlimit(pid, resource.RLIMIT_AS) == (1 << 30, 1 << 30)
        if os.geteuid() == 0:
            assert environment(pid) == b""
            assert links(f"/proc/{pid}/fd") == ["hold.blob", "pipe"]
        else:
            with pytest.raises(PermissionError):
                environment(pid)
        tasks.cancel_scope.cancel()


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
