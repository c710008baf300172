"""Landlock: no path can be opened, no TCP port bound or connected, no socket or process outside be reached.

A ruleset that handles every right and grants none. Layout and rights: linux/landlock.h and landlock(7); the ABI
that the kernel speaks decides how many rights it knows, and asking for more is an error.
"""

from __future__ import annotations

import ctypes
import os
from typing import Final

from scanners import linux

_CREATE_RULESET: Final = 444
_RESTRICT_SELF: Final = 446
_ABI_QUERY: Final = 1

_FS_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 5: 16}
"""File system rights that exist since an ABI: execute … make_sym, refer, truncate, ioctl_dev."""
_NET_ABI: Final = 4
_NET_RIGHTS: Final = 0b11
"""TCP bind, TCP connect."""
_SCOPE_ABI: Final = 6
_SCOPES: Final = 0b11
"""Abstract Unix sockets, signals."""


class _Ruleset(ctypes.Structure):
    """struct landlock_ruleset_attr."""

    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


def abi() -> int:
    """The version of Landlock that this kernel speaks; raises `OSError` where it is absent or switched off."""
    return linux.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_ABI_QUERY))


def rights(version: int) -> tuple[int, int, int]:
    """All rights of an ABI that are known here: file system, network and scope, as bit sets."""
    count = max(count for since, count in _FS_RIGHTS.items() if since <= version)
    net = _NET_RIGHTS if version >= _NET_ABI else 0
    scoped = _SCOPES if version >= _SCOPE_ABI else 0
    return (1 << count) - 1, net, scoped


def restrict() -> int:
    """Take every right from this process for ever; the ABI under which it was done.

    Needs PR_SET_NO_NEW_PRIVS before, and one free descriptor; raises `OSError`.
    """
    version = abi()
    attributes = _Ruleset(*rights(version))
    # A field of zero may be left in for a kernel that does not know it: it checks that the rest is zero.
    ruleset = linux.syscall(
        _CREATE_RULESET,
        ctypes.byref(attributes),
        ctypes.c_size_t(ctypes.sizeof(attributes)),
        ctypes.c_uint32(0),
    )
    try:
        linux.syscall(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)
    return version
