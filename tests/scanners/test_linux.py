"""System calls by number: errors come out as `OSError`, and elsewhere than on Linux there are only errors."""

import ctypes
import errno
import os
import sys

import pytest

from scanners import linux

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="calls Linux")


@linux_only
def test_a_refused_call_is_an_error_with_its_number():
    with pytest.raises(OSError) as caught:
        linux.syscall(446, ctypes.c_int(-1), ctypes.c_uint32(0))
    assert caught.value.errno in (errno.EBADF, errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP)


@linux_only
def test_a_range_of_descriptors_is_closed_with_both_ends():
    held = [os.open("/dev/null", os.O_RDONLY) for _ in range(3)]
    top = max(held)
    one = os.dup2(held[0], top + 50)
    two = os.dup2(held[0], top + 51)
    kept = os.dup2(held[0], top + 52)
    linux.close_range(one, two)
    for closed in (one, two):
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.close(closed)
    for still in (kept, *held):
        os.close(still)


@pytest.mark.parametrize("call", [lambda: linux.syscall(0), lambda: linux.prctl(1, 9), linux.drop_capabilities])
def test_on_another_system_every_call_says_that_it_is_not_there(monkeypatch, call):
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(OSError) as caught:
        call()
    assert caught.value.errno == errno.ENOSYS
