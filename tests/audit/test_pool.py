"""The jail from outside: what a sealed child looks like, and that none can hurt more than its own job."""

import os
import resource
import signal
import sys
from pathlib import Path

import anyio
import pytest

from audit import pool
from audit.pool import Jail
from scanners.account import Totals
from scanners.binary import pickle_runs
from scanners.budget import Limits
from scanners.scanner import Needs, Read, Stopped
from scanners.source import Span
from tests.audit.jails import ALL, EVIL, SIZE, children, jail, on_linux, sealed_child, status

pytestmark = pytest.mark.anyio


def environment(pid):
    return Path(f"/proc/{pid}/environ").read_bytes()


def count(folder):
    return sum(1 for _ in Path(folder).iterdir())


def links(folder):
    """The last parts of what the links in a folder point to, sorted; of a pipe, only that it is one."""
    return sorted(str(link.readlink()).partition(":")[0].rpartition("/")[2] for link in Path(folder).iterdir())


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
