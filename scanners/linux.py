"""The few system calls of Linux that Python does not offer, as functions that raise `OSError`.

Nothing here fails at import on another system: there, every call raises `OSError` with ENOSYS.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import sys
from typing import Final

MACHINE: Final = platform.machine()
"""The processor's name as the kernel gives it: `x86_64`, `aarch64`."""

PR_SET_PDEATHSIG: Final = 1
PR_SET_DUMPABLE: Final = 4
PR_SET_SECCOMP: Final = 22
PR_SET_NO_NEW_PRIVS: Final = 38

_CLOSE_RANGE: Final = 436
_CAPABILITY_VERSION_3: Final = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


class _CapabilityHeader(ctypes.Structure):
    """linux/capability.h: struct __user_cap_header_struct."""

    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilitySets(ctypes.Structure):
    """linux/capability.h: struct __user_cap_data_struct, twice: 64 capabilities in two words."""

    _fields_ = (("words", ctypes.c_uint32 * 6),)


def syscall(number: int, *arguments: object) -> int:
    """The answer of a system call; `arguments` are ctypes values, as wide as the kernel expects them."""
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    return _checked(int(_libc.syscall(ctypes.c_long(number), *arguments)))


def prctl(option: int, argument: int, pointer: object = None) -> None:
    """Set one property of this process; the arguments not given are zero, as the manual demands."""
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    zero = ctypes.c_ulong(0)
    third = zero if pointer is None else pointer
    _checked(int(_libc.prctl(ctypes.c_int(option), ctypes.c_ulong(argument), third, zero, zero)))


def drop_capabilities() -> None:
    """Give up every capability: a process of root's becomes one of an owner of files."""
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    header = _CapabilityHeader(_CAPABILITY_VERSION_3, 0)
    _checked(int(_libc.capset(ctypes.byref(header), ctypes.byref(_CapabilitySets()))))


def close_range(first: int, last: int) -> None:
    """Close the descriptors `first` to `last`, both included."""
    syscall(_CLOSE_RANGE, ctypes.c_uint(first), ctypes.c_uint(last), ctypes.c_uint(0))


def _checked(answer: int) -> int:
    if answer < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return answer
