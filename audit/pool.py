"""The jail from outside: blobs go in by descriptor, replies come out as bounded lines.

Rule 1: nothing that a child does can hurt more than its own job. It is bounded in time twice, by the fork server and,
should that be in trouble itself, by this side, which then ends the server's whole process group and starts a new one.
Rule 2: no process outlives the `async with`, however it is left.
"""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import signal
import socket
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING, ClassVar, Final, Self

import anyio
import msgspec

from scanners import wire, worker

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from anyio.abc import TaskGroup

    from scanners.budget import Limits
    from scanners.source import Span

_GRACE: Final = 5.0
"""Seconds past the deadline after which the fork server itself is taken for lost."""
_FAREWELL: Final = 2.0
"""Seconds that the fork server has to end its children and itself when it is told to."""
_CHUNK: Final = 1 << 20


class _Ending:
    """How a child ended, once that is known."""

    def __init__(self) -> None:
        self.known = anyio.Event()
        self.why = self.detail = ""

    def tell(self, why: str, detail: str) -> None:
        """The first word counts."""
        if not self.known.is_set():
            self.why, self.detail = why, detail
            self.known.set()


class _Server:
    """One fork server: its process, its socket, and the children of ours that it has."""

    def __init__(self, command: Sequence[str]) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            # Its own session: Ctrl-C in the terminal is for us, who end it in order.
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [*command, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={},
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        ours.setblocking(False)
        self._socket = ours
        self._waiting: dict[int, _Ending] = {}
        self._number = 0
        self.alive = True

    def order(self, job: wire.Job, blob: int, pipe: int) -> tuple[int, _Ending]:
        """Have a child made: its number, and its end to come."""
        self._number += 1
        ending = self._waiting[self._number] = _Ending()
        try:
            # The message has a fixed and small length, so that it is sent whole or not at all.
            with tempfile.TemporaryFile() as sheet:
                sheet.write(wire.encode_job(job))
                sheet.flush()
                message = worker.ORDER.pack(worker.RUN, self._number)
                socket.send_fds(self._socket, [message], [sheet.fileno(), blob, pipe])
        except OSError as error:
            self.end("crash", f"the fork server was not reached: {error.strerror}")
        return self._number, ending

    def end_child(self, number: int) -> None:
        """Have a child killed, if it is still there."""
        if self.alive and number in self._waiting:
            try:
                self._socket.send(worker.ORDER.pack(worker.KILL, number))
            except OSError:
                self.end("crash", "the fork server does not answer")

    async def listen(self) -> None:
        """Take reports until the server ends."""
        data = b""
        while self.alive:
            try:
                await anyio.wait_readable(self._socket)
                more = self._socket.recv(4096)
            except BlockingIOError:
                continue
            except anyio.ClosedResourceError:
                return
            except OSError:
                more = b""
            if not more:
                self.end("crash", "the fork server ended")
                return
            data += more
            while len(data) >= worker.REPORT.size:
                number, how, status = worker.REPORT.unpack_from(data)
                data = data[worker.REPORT.size :]
                if ending := self._waiting.pop(number, None):
                    ending.tell(*_why(how, status))

    def end(self, why: str = "", detail: str = "") -> None:
        """End the server and all its children at once; jobs still in it get to know why."""
        if not self.alive:
            return
        self.alive = False
        anyio.notify_closing(self._socket)
        self._socket.close()
        if why or not self._number:
            self._kill()
        try:
            # Told by the end of its socket, it kills and reaps its children and leaves.
            self._process.wait(_FAREWELL)
        except subprocess.TimeoutExpired:
            self._kill()
            self._process.wait()
        for ending in self._waiting.values():
            ending.tell(why, detail)
        self._waiting.clear()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)


def _why(how: int, status: int) -> tuple[str, str]:
    """How a child ended, as a code of `Stopped.why` and a detail; empty where it left by itself and well."""
    if how == worker.REFUSED:
        return "crash", "the system has no room for a process"
    code = os.waitstatus_to_exitcode(status)
    if how == worker.EXPIRED and code == -signal.SIGKILL:
        return "deadline", "killed at its deadline"
    if code == -signal.SIGXCPU:
        return "cpu", "out of processor time"
    if code == worker.OUT_OF_MEMORY:
        return "memory", "out of memory"
    if code < 0:
        return "crash", f"signal {-code}"
    return ("crash", f"exit status {code}") if code else ("", "")


class Jail:
    """Up to `workers` sealed processes at a time, one for each blob; an async context manager.

    `deadline` is in seconds, and `cpu`, in seconds of processor time, is as long unless it is given; `memory` is in
    bytes of address space, the interpreter's own included.
    """

    command: ClassVar[tuple[str, ...]] = (sys.executable, "-I", "-m", "scanners.worker")
    """Starts the fork server, which gets the descriptor of its socket as one more argument."""

    def __init__(self, workers: int, deadline: float, memory: int, limits: Limits, *, cpu: int | None = None) -> None:
        self._limiter = anyio.CapacityLimiter(workers)
        self.deadline, self._memory, self._limits = deadline, memory, limits
        self._cpu = math.ceil(deadline) if cpu is None else cpu
        self._server: _Server | None = None
        self._held: tuple[str, ...] | None = None

    async def __aenter__(self) -> Self:
        self._tasks: TaskGroup = await anyio.create_task_group().__aenter__()
        # It gets ready while the rest of the run does; the first blob would wait for it else.
        self._start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._tasks.cancel_scope.cancel()
            # What ended the block is not the listeners' business, and would come back from them in a group.
            await self._tasks.__aexit__(None, None, None)
        finally:
            if self._server is not None:
                self._server.end()

    def measures(self) -> tuple[str, ...]:
        """The measures that held in every process so far; none, before the first."""
        return self._held or ()

    async def scan(self, fd: int, size: int, hint: str, held: Sequence[Span]) -> wire.Reply:
        """What the scanners say of the blob of `size` bytes behind the read-only descriptor `fd`.

        Only the spans `held` are read of it. Whatever happens in the jail is an outcome; nothing is raised for it.
        """
        if fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY:
            raise ValueError("the descriptor of a blob has to be read-only")
        job = wire.Job(size, hint, tuple(held), self._limits, self.deadline, self._memory, self._cpu)
        async with self._limiter:
            started = anyio.current_time()
            reply = await self._run(job, fd)
            reply = msgspec.structs.replace(reply, seconds=anyio.current_time() - started)
        if reply.sealed:
            self._held = tuple(measure for measure in reply.sealed if self._held is None or measure in self._held)
        return reply

    async def _run(self, job: wire.Job, fd: int) -> wire.Reply:
        server = self._start()
        transcript = wire.Transcript(job.size, job.held)
        ours, theirs = os.pipe()
        try:
            try:
                number, ending = server.order(job, fd, theirs)
            finally:
                os.close(theirs)
            try:
                with anyio.move_on_after(job.deadline + _GRACE) as patience:
                    await _listen(ours, transcript)
                    if transcript.problem:
                        server.end_child(number)
                    await ending.known.wait()
                if patience.cancelled_caught:
                    server.end("deadline", "the fork server did not keep the deadline")
            finally:
                server.end_child(number)
        finally:
            os.close(ours)
        return transcript.reply(ending.why, ending.detail)

    def _start(self) -> _Server:
        if self._server is None or not self._server.alive:
            self._server = _Server(self.command)
            self._tasks.start_soon(self._server.listen)
        return self._server


async def _listen(pipe: int, transcript: wire.Transcript) -> None:
    """Take what a child says, to its end or to the first thing that it must not say."""
    os.set_blocking(pipe, False)
    while transcript.problem is None:
        await anyio.wait_readable(pipe)
        try:
            data = os.read(pipe, _CHUNK)
        except BlockingIOError:
            continue
        if not data:
            return
        transcript.feed(data)
