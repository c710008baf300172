"""A seccomp filter under which a process can compute, read and write what it already holds, and leave.

An allow list: what is not on it answers EPERM, so new system calls are refused before anybody has heard of them
(io_uring reaches files and sockets without their own calls, and is among the refused). Memory can never become
executable. A call by another processor's table kills the process: numbers mean other things there.

The filter is a classic BPF program over struct seccomp_data (linux/seccomp.h):

    offset 0  nr, u32      4  arch, u32      8  instruction pointer, u64      16 + 8*i  argument i, u64
"""

from __future__ import annotations

import ctypes
import errno
from typing import Final, NamedTuple

from scanners import linux

# linux/filter.h and linux/bpf_common.h: class | size or operation | mode or source.
_LOAD: Final = 0x20  # BPF_LD | BPF_W | BPF_ABS
_IF_EQUAL: Final = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_IF_AT_LEAST: Final = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_IF_ANY_BIT: Final = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN: Final = 0x06  # BPF_RET | BPF_K

_ALLOW: Final = 0x7FFF0000
_REFUSE: Final = 0x00050000 | errno.EPERM
_KILL: Final = 0x80000000

_NUMBER: Final = 0
_ARCHITECTURE: Final = 4
_THIRD_ARGUMENT: Final = 16 + 2 * 8
"""Its low word: both tables below are of little-endian processors."""

_MODE_FILTER: Final = 2
_PROT_EXEC: Final = 4
_X32_BIT: Final = 0x40000000

WITHOUT_EXEC: Final = ("mmap", "mprotect")
"""Allowed unless the protection asked for, their third argument, has PROT_EXEC."""

# Most frequent first: the program is run from its top at each call.
_X86_64: Final = {
    "pread64": 17, "mmap": 9, "munmap": 11, "write": 1, "brk": 12, "mremap": 25, "madvise": 28, "read": 0,
    "mprotect": 10, "lseek": 8, "close": 3, "fstat": 5, "futex": 202, "clock_gettime": 228, "getrandom": 318,
    "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "sigaltstack": 131, "restart_syscall": 219,
    "getpid": 39, "getppid": 110, "gettid": 186, "sched_yield": 24, "membarrier": 324, "rseq": 334,
    "exit": 60, "exit_group": 231,
}  # fmt: skip
_AARCH64: Final = {
    "pread64": 67, "mmap": 222, "munmap": 215, "write": 64, "brk": 214, "mremap": 216, "madvise": 233, "read": 63,
    "mprotect": 226, "lseek": 62, "close": 57, "fstat": 80, "futex": 98, "clock_gettime": 113, "getrandom": 278,
    "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139, "sigaltstack": 132, "restart_syscall": 128,
    "getpid": 172, "getppid": 173, "gettid": 178, "sched_yield": 124, "membarrier": 283, "rseq": 293,
    "exit": 93, "exit_group": 94,
}  # fmt: skip


class Machine(NamedTuple):
    """A processor's own table of system calls."""

    audit: int
    """Its AUDIT_ARCH, as linux/audit.h has it."""
    calls: dict[str, int]
    """The allowed calls and their numbers."""
    x32: bool = False
    """It has a second table, marked by a bit of the number."""


MACHINES: Final = {
    "x86_64": Machine(0xC000003E, _X86_64, x32=True),
    "aarch64": Machine(0xC00000B7, _AARCH64),
}


class Instruction(NamedTuple):
    """One step of the program: struct sock_filter."""

    code: int
    then: int
    """Steps to skip where the test holds."""
    otherwise: int
    """Steps to skip where it does not."""
    value: int


def program(machine: Machine) -> list[Instruction]:
    """The filter for one processor."""
    steps = [
        Instruction(_LOAD, 0, 0, _ARCHITECTURE),
        Instruction(_IF_EQUAL, 1, 0, machine.audit),
        Instruction(_RETURN, 0, 0, _KILL),
        Instruction(_LOAD, 0, 0, _NUMBER),
    ]
    if machine.x32:
        steps += [Instruction(_IF_AT_LEAST, 0, 1, _X32_BIT), Instruction(_RETURN, 0, 0, _KILL)]
    for name, number in machine.calls.items():
        if name in WITHOUT_EXEC:
            steps += [
                Instruction(_IF_EQUAL, 0, 4, number),
                Instruction(_LOAD, 0, 0, _THIRD_ARGUMENT),
                Instruction(_IF_ANY_BIT, 0, 1, _PROT_EXEC),
                Instruction(_RETURN, 0, 0, _REFUSE),
            ]
        else:
            steps.append(Instruction(_IF_EQUAL, 0, 1, number))
        steps.append(Instruction(_RETURN, 0, 0, _ALLOW))
    steps.append(Instruction(_RETURN, 0, 0, _REFUSE))
    return steps


class _Step(ctypes.Structure):
    """struct sock_filter."""

    _fields_ = (("code", ctypes.c_uint16), ("jt", ctypes.c_uint8), ("jf", ctypes.c_uint8), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.POINTER(_Step)))


def _compiled(machine: Machine | None) -> _Program | None:
    if machine is None:
        return None
    steps = [_Step(*step) for step in program(machine)]
    return _Program(len(steps), (_Step * len(steps))(*steps))


_HERE: Final = _compiled(MACHINES.get(linux.MACHINE))


def restrict() -> bool:
    """Put this process under the filter for ever; False where no table fits the processor.

    Needs PR_SET_NO_NEW_PRIVS before; raises `OSError` where the kernel has no seccomp.
    """
    if _HERE is None:
        return False
    linux.prctl(linux.PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(_HERE))
    return True
