"""The fork server: a process that knows the formats and owns nothing, and makes a sealed child for each blob.

It is started as `python -I -m scanners.worker FD` with an empty environment; FD is a Unix stream socket, its only
tie to the outside. Both sides write messages of fixed length:

    to the server   `ORDER`   do, number; with "do" = RUN come three descriptors: the job, the blob, a pipe to write to
                              "do" = KILL ends the child of that number, if it is still there
    from it         `REPORT`  number, how, status: the child has ended, and is reaped; `status` is waitpid's

The server ends when the socket does, or with its parent. Single-threaded, it waits in one place: for orders, for
children that end, and for the next deadline.
"""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import gc
import mmap
import os
import select
import signal
import socket
import struct
import sys
import time
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn, SupportsIndex

from scanners import jail, linux, routing, wire
from scanners.account import Totals
from scanners.binary import codecs as compressions
from scanners.binary import messages, pickle_runs, yaml_tree
from scanners.facts import Unread
from scanners.formats import template
from scanners.scanner import Stopped
from scanners.source import SparseSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scanners.budget import Limits
    from scanners.facts import Fact
    from scanners.scanner import Outcome
    from scanners.source import Source

    ScanBlob = Callable[[Source, str, Limits, list[Fact]], Outcome]

ORDER: Final = struct.Struct("<cQ")
RUN: Final = b"R"
KILL: Final = b"K"

REPORT: Final = struct.Struct("<QBi")
EXITED: Final = 0
EXPIRED: Final = 1
"""Killed at its deadline."""
REFUSED: Final = 2
"""No child was made: the system has no room for one."""

OUT_OF_MEMORY: Final = 12
"""A child's exit status when it has not even the memory to say so."""

_BALLAST: Final = 2 * wire.ANSWER_MOST
"""Bytes of address space given back when memory ends, to write the answer in."""

_CODECS: Final = (
    "ascii latin-1 utf-8 utf-8-sig utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be cp437 cp1252 "
    "raw_unicode_escape unicode_escape"
).split()
"""Imported before the seal, since nothing can be after it; what scanners use is among them."""


_LARGE: Final = 2
"""Jobs of large blobs after which the patterns for their pickles are compiled here: a single one does so itself."""


class _Child(NamedTuple):
    number: int
    deadline: float


class _Told(list["Fact"]):
    """The facts of a scan, each told to the parent before the scanner goes on."""

    def __init__(self, pipe: int) -> None:
        super().__init__()
        self._pipe = pipe
        self._left = wire.SEEN_MOST

    def append(self, fact: Fact) -> None:
        """Tell, then keep; of a fact that the parent would refuse, with all that comes after it, keep that it was."""
        line = wire.Seen(len(self), (fact,))
        try:
            wire.decode(wire.encode(line))
        except (ValueError, OverflowError):
            fact = Unread("broken", f"a value that no answer can carry, in a fact of kind {type(fact).__name__}")
            line = wire.Seen(len(self), (fact,))
        self._tell(line)
        super().append(fact)

    def __delitem__(self, index: SupportsIndex | slice) -> None:
        """Keep the facts before the index, and tell that the rest is void."""
        before = len(self)
        super().__delitem__(index)
        if len(self) < before:
            self._tell(wire.Seen(len(self), ()))

    def _tell(self, line: wire.Seen) -> None:
        data = wire.encode(line)
        self._left -= len(data)
        if self._left >= 0:
            _write(self._pipe, data)


def main() -> None:
    """Serve the socket whose descriptor is the first argument."""
    serve(int(sys.argv[1]), routing.scan_blob)


def serve(control: int, scan: ScanBlob) -> None:
    """Serve a socket with a scanner until the socket or the parent ends."""
    parent = os.getppid()
    # Where there is no such signal, the end of the socket tells the same a little later.
    with contextlib.suppress(OSError):
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        return
    for name in _CODECS:
        codecs.lookup(name)
    compressions.load_libraries()
    messages.load_libraries()
    template.load_libraries()
    yaml_tree.load_libraries()
    gc.collect()
    gc.disable()
    gc.freeze()
    with socket.socket(fileno=control) as sock:
        _Server(sock, scan).run()


class _Server:
    """The children that run now, and the socket."""

    def __init__(self, sock: socket.socket, scan: ScanBlob) -> None:
        self._socket, self._scan = sock, scan
        self._children: dict[int, _Child] = {}
        self._large = 0
        self._patterns: Iterator[None] | None = pickle_runs.compile_patterns()
        """What is still to be compiled, None when all is: children inherit it."""
        self._ended, wake = os.pipe()
        os.set_blocking(self._ended, False)
        os.set_blocking(wake, False)
        signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)

    def run(self) -> None:
        """Obey until the socket ends; no child outlives this."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        poll.register(self._ended, select.POLLIN)
        try:
            while True:
                warms = self._patterns is not None and self._large >= _LARGE
                ready = {descriptor for descriptor, _ in poll.poll(0 if warms else self._patience())}
                if warms and not ready:
                    self._warm()
                if self._ended in ready:
                    os.read(self._ended, 4096)
                self._reap()
                self._expire()
                if self._socket.fileno() in ready and not self._obey():
                    return
        except (BrokenPipeError, ConnectionResetError):
            return
        finally:
            for pid in self._children:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)

    def _warm(self) -> None:
        """Compile one more pattern, while there is nothing else to do."""
        assert self._patterns is not None
        for _ in self._patterns:
            return
        self._patterns = None
        gc.collect()
        gc.freeze()

    def _patience(self) -> float | None:
        """Milliseconds until the next deadline."""
        if not self._children:
            return None
        nearest = min(child.deadline for child in self._children.values())
        return max(0.0, nearest - time.monotonic()) * 1000 + 1

    def _reap(self) -> None:
        for pid in list(self._children):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                self._report(self._children.pop(pid).number, EXITED, status)

    def _expire(self) -> None:
        now = time.monotonic()
        for pid, child in list(self._children.items()):
            if child.deadline <= now:
                self._report(self._children.pop(pid).number, EXPIRED, self._kill(pid))

    @staticmethod
    def _kill(pid: int) -> int:
        os.kill(pid, signal.SIGKILL)
        return os.waitpid(pid, 0)[1]

    def _report(self, number: int, how: int, status: int) -> None:
        self._socket.sendall(REPORT.pack(number, how, status))

    def _obey(self) -> bool:
        """Take one order; False at the end of the socket."""
        data, descriptors, _, _ = socket.recv_fds(self._socket, ORDER.size, 3)
        try:
            if len(data) < ORDER.size:
                return False
            do, number = ORDER.unpack(data)
            if do == RUN:
                self._start(number, *descriptors)
            else:
                for pid in [pid for pid, child in self._children.items() if child.number == number]:
                    self._report(self._children.pop(pid).number, EXITED, self._kill(pid))
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return True

    def _start(self, number: int, order: int, blob: int, pipe: int) -> None:
        job = wire.decode_job(os.pread(order, os.fstat(order).st_size, 0))
        self._large += job.size >= pickle_runs.WORTH
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError:
            self._report(number, REFUSED, 0)
            return
        if pid == 0:
            _child(job, blob, pipe, self._scan, server)
        self._children[pid] = _Child(number, time.monotonic() + job.deadline)


def _child(job: wire.Job, blob: int, pipe: int, scan: ScanBlob, server: int) -> NoReturn:
    """Seal this process, scan, answer, and leave without a look back: a hostile file may have left anything behind."""
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        if fcntl.fcntl(blob, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY:
            raise PermissionError("the blob's descriptor can be written to")
        measures = jail.seal(job.memory, job.cpu, (blob, pipe))
        if os.getppid() == server:
            gc.enable()
            _write(pipe, wire.encode(wire.Sealed(measures)))
            _write(pipe, _answer(job, blob, pipe, scan))
            status = 0
    except MemoryError:
        status = OUT_OF_MEMORY
    finally:
        os._exit(status)


def _answer(job: wire.Job, blob: int, pipe: int, scan: ScanBlob) -> bytes:
    """The last line, whatever the scanner runs into; facts that it stated before are in it."""
    source = SparseSource(lambda offset, length: os.pread(blob, length, offset), job.size, job.held)
    facts = _Told(pipe)
    ballast = mmap.mmap(-1, _BALLAST)
    try:
        return wire.encode_answer(scan(source, routing.name_of(job.hint), job.limits, facts))
    except MemoryError:
        why, detail = "memory", f"over {job.memory} bytes"
    except RecursionError:
        why, detail = "depth", "the scanner's own stack is at its end"
    except BaseException as error:  # noqa: BLE001 - the last resort of a process that ends here; the error is the answer
        why, detail = "crash", type(error).__name__
    # Out here the error is gone, and with it the frames that held the memory.
    ballast.close()
    return wire.encode_answer(Stopped(why, detail, "", tuple(facts), Totals(0, 0, job.size)))


def _write(pipe: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(pipe, rest) :]


if __name__ == "__main__":
    main()
