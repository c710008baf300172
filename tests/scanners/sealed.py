"""A process that seals itself, tries everything that it must not be able to do, and says how each try ended.

Started by the tests as `python -I sealed.py MEASURE PARENT PORT`, with a pipe as standard output. MEASURE is `all`, or
`seccomp` or `landlock` to see what that one alone holds.
"""

# ruff: noqa: PTH102, PTH123, PTH208, SIM115 - the plain calls are what is tried

import ctypes
import json
import mmap
import os
import resource
import signal
import socket
import sys

from scanners import jail, landlock, linux, seccomp

LIBC = ctypes.CDLL(None, use_errno=True)
NUMBERS = {
    "x86_64": {
        "fork": 57, "vfork": 58, "clone": 56, "execve": 59, "ptrace": 101, "open": 2, "socketpair": 53, "personality": 135,
        "memfd_create": 319, "bpf": 321, "keyctl": 250, "userfaultfd": 323, "unshare": 272, "process_vm_readv": 310,
        "shmat": 30, "chmod": 90, "unlink": 87, "perf_event_open": 298, "prctl": 157, "sendmsg": 46, "kill": 62, "tgkill": 234,
        "dup": 32, "ioctl": 16, "fcntl": 72, "execveat": 322, "pkey_mprotect": 329, "prlimit64": 302, "setitimer": 38,
    },
    "aarch64": {
        "clone": 220, "execve": 221, "ptrace": 117, "socketpair": 199, "personality": 92, "memfd_create": 279, "bpf": 280,
        "keyctl": 219, "userfaultfd": 282, "unshare": 97, "process_vm_readv": 270, "shmat": 196, "perf_event_open": 241,
        "prctl": 167, "sendmsg": 211, "kill": 129, "tgkill": 131, "dup": 23, "ioctl": 29, "fcntl": 25, "execveat": 281,
        "pkey_mprotect": 288, "prlimit64": 261, "setitimer": 103,
    },
}.get(linux.MACHINE, {}) | {"io_uring_setup": 425, "clone3": 435, "openat2": 437, "pidfd_open": 434, "open_by_handle_at": 265}  # fmt: skip


def raw(name):
    """The system call with arguments of zero, which do no harm should it be let through."""
    arguments = [ctypes.c_long(0)] * 6
    if LIBC.syscall(ctypes.c_long(NUMBERS[name]), *arguments) < 0:
        raise OSError(ctypes.get_errno(), name)


def connect(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.connect(address)


def execute():
    with mmap.mmap(-1, 4096) as page:
        place = ctypes.addressof(ctypes.c_char.from_buffer(page))
        if LIBC.mprotect(ctypes.c_void_p(place), ctypes.c_size_t(4096), 5) < 0:
            raise OSError(ctypes.get_errno(), "mprotect")


def tries(parent, port):
    yield "open a file", lambda: open("/etc/passwd", "rb")
    yield "read its environment", lambda: open("/proc/self/environ", "rb")
    yield "read its memory map", lambda: open("/proc/self/maps", "rb")
    yield "list a folder", lambda: os.listdir("/")
    yield "make a file", lambda: os.open("/tmp/hub-audit-escape", os.O_CREAT | os.O_WRONLY)
    yield "make a folder", lambda: os.mkdir("/tmp/hub-audit-escape.d")
    yield "an IPv4 socket", lambda: socket.socket(socket.AF_INET)
    yield "an IPv6 socket", lambda: socket.socket(socket.AF_INET6)
    yield "a Unix socket", lambda: socket.socket(socket.AF_UNIX)
    yield "a netlink socket", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)
    yield "connect by TCP", lambda: connect(socket.AF_INET, ("127.0.0.1", port))
    yield "connect to an abstract socket", lambda: connect(socket.AF_UNIX, f"\0hub-audit-{port}")
    yield "fork", os.fork
    yield "exec", lambda: os.execv("/bin/true", ["true"])
    yield "kill the parent", lambda: os.kill(parent, signal.SIGURG)
    yield "map executable memory", lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)
    yield "make memory executable", execute
    yield "read a limit", lambda: resource.getrlimit(resource.RLIMIT_CPU)
    yield "use the parent's descriptor", lambda: os.read(0, 1)
    for name in NUMBERS:
        yield f"call {name}", lambda name=name: raw(name)


def main():
    measure, parent, port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    attempts = list(tries(parent, port))
    if measure == "all":
        held = jail.seal(1 << 30, 5, [1])
    else:
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
        held = [measure] if {"seccomp": seccomp, "landlock": landlock}[measure].restrict() else []
    outcome = {}
    for name, attempt in attempts:
        if measure == "landlock" and name.startswith(("call", "exec", "fork")):
            continue
        try:
            attempt()
        except (OSError, ValueError) as error:
            outcome[name] = getattr(error, "errno", None) or str(error)
        else:
            outcome[name] = "done"
    sums = sum(bytearray(os.urandom(1 << 20))) > 0
    outcome["compute"] = "done" if sums else "failed"
    os.write(1, json.dumps({"held": list(held), "environment": dict(os.environ), "tries": outcome}).encode())
    os._exit(0)


if __name__ == "__main__":
    main()
