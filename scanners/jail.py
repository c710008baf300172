"""The seal: what a process gives up for ever before it looks at a stranger's first byte.

Each measure stands alone, and one that the system lacks is left out, never faked: `seal` answers with the names of
those that held, and every report repeats them.

    no-new-privileges   no program started from here could gain any
    capabilities        root's powers are gone
    undumpable          no core file, no ptrace, no /proc/self/mem
    death-signal        it dies with its parent
    descriptors         all are closed but those that it was told to keep
    environment         empty
    limits              address space, processor time; no new descriptor, process, file or core
    landlock:ABI        no path, no TCP, no signal and no abstract socket to the outside
    seccomp             no system call beyond pure computation (scanners.seccomp)
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from typing import TYPE_CHECKING

from scanners import landlock, linux, seccomp

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

_DESCRIPTORS_MOST = 65_536
"""Where close_range(2) is missing: descriptors are looked for up to here."""
_LAST_DESCRIPTOR = (1 << 32) - 1


def seal(memory: int, cpu: int, keep: Collection[int]) -> tuple[str, ...]:
    """Give up all but `memory` bytes of address space, `cpu` seconds and the descriptors `keep`.

    There is no way back. The names of the measures that hold, in the order of the module's table.
    """
    return tuple(_held(memory, cpu, keep))


def _held(memory: int, cpu: int, keep: Collection[int]) -> Iterator[str]:
    if _done(lambda: linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)):
        yield "no-new-privileges"
    if _done(linux.drop_capabilities):
        yield "capabilities"
    if _done(lambda: linux.prctl(linux.PR_SET_DUMPABLE, 0)):
        yield "undumpable"
    # After the two above: a change of credentials clears it.
    if _done(lambda: linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)):
        yield "death-signal"
    _close_all_but(keep)
    yield "descriptors"
    os.environ.clear()
    yield "environment"
    # Landlock needs one descriptor for a moment, so it is settled before the limits and told after them.
    versions: list[int] = []
    _done(lambda: versions.append(landlock.restrict()))
    if _done(lambda: _limit(memory, cpu)):
        yield "limits"
    yield from (f"landlock:{version}" for version in versions)
    # Last: under the filter, none of the calls above is left.
    filtered: list[bool] = []
    if _done(lambda: filtered.append(seccomp.restrict())) and filtered[0]:
        yield "seccomp"


def _done(measure: Callable[[], None]) -> bool:
    """Whether the system took a measure."""
    try:
        measure()
    except (OSError, ValueError, AttributeError):
        # AttributeError: a C library without the function; ValueError: a limit above the hard one.
        return False
    return True


def _limit(memory: int, cpu: int) -> None:
    """Set each limit; a second of grace lies between the signal that tells of the time and the one that kills."""
    _lower(resource.RLIMIT_CPU, cpu, cpu + 1)
    for none in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        _lower(none, 0, 0)
    if sys.platform != "darwin":
        # macOS takes the limit and does not keep it: its shared cache alone is larger.
        _lower(resource.RLIMIT_AS, memory, memory)


def _lower(limit: int, soft: int, hard: int) -> None:
    present = resource.getrlimit(limit)[1]
    if present != resource.RLIM_INFINITY:
        soft, hard = min(soft, present), min(hard, present)
    resource.setrlimit(limit, (soft, hard))


def _close_all_but(keep: Collection[int]) -> None:
    first = 0
    for kept in (*sorted(set(keep)), None):
        last = _LAST_DESCRIPTOR if kept is None else kept - 1
        if first <= last:
            try:
                linux.close_range(first, last)
            except OSError:
                os.closerange(first, min(last + 1, _DESCRIPTORS_MOST))
        if kept is not None:
            first = kept + 1
