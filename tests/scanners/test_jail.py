"""The seal, looked at from inside: what a process can still do after it."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from scanners import landlock, linux, seccomp

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or linux.MACHINE not in seccomp.MACHINES, reason="the seal is whole on Linux only"
)

SEALED = Path(__file__).with_name("sealed.py")
ALL = [
    "no-new-privileges", "capabilities", "undumpable", "death-signal", "descriptors", "environment", "limits",
    "landlock", "seccomp",
]  # fmt: skip


def sealed(measure):
    """What a process under this measure says of its tries; a server that it could reach is there."""
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as abstract:
        port = tcp.getsockname()[1]
        abstract.bind(f"\0hub-audit-{port}")
        abstract.listen()
        done = subprocess.run(
            [sys.executable, "-I", str(SEALED), measure, str(os.getpid()), str(port)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env={"SECRET": "hf_token"}, timeout=30, check=True,
        )  # fmt: skip
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def inside():
    return sealed("all")


def test_every_measure_holds_here(inside):
    assert [measure.partition(":")[0] for measure in inside["held"]] == ALL
    assert f"landlock:{landlock.abi()}" in inside["held"]


def test_nothing_that_is_tried_inside_works(inside):
    tried = inside["tries"]
    assert tried.pop("compute") == "done"
    assert tried.pop("use the parent's descriptor") == errno.EBADF
    assert len(tried) > 40
    assert {name: end for name, end in tried.items() if end not in (errno.EPERM, errno.EACCES)} == {}


def test_the_environment_is_empty_inside(inside):
    assert inside["environment"] == {}


def test_seccomp_alone_refuses_sockets_processes_files_and_executable_memory():
    tried = sealed("seccomp")["tries"]
    assert tried.pop("compute") == "done"
    tried.pop("use the parent's descriptor")
    assert {name: end for name, end in tried.items() if end != errno.EPERM} == {}


def test_landlock_alone_refuses_paths_tcp_abstract_sockets_and_signals():
    tried = sealed("landlock")["tries"]
    closed = ["open a file", "list a folder", "make a file", "make a folder", "connect by TCP"]
    assert {name: tried[name] for name in closed} == dict.fromkeys(closed, errno.EACCES)
    assert tried["kill the parent"] == errno.EPERM
    assert tried["connect to an abstract socket"] == errno.EPERM


def test_a_call_by_the_x32_table_kills_the_process():
    if linux.MACHINE != "x86_64":
        pytest.skip("only x86_64 has a second table")
    program = (
        "import ctypes, os; from scanners import jail, linux; jail.seal(1 << 30, 5, []);"
        "ctypes.CDLL(None).syscall(0x40000000 | 39); os._exit(0)"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], timeout=30, check=False)
    assert done.returncode == -signal.SIGSYS


def test_a_measure_that_the_system_lacks_is_absent_from_the_answer_and_the_rest_holds():
    program = (
        "import os, sys; from scanners import jail, landlock, seccomp;"
        "landlock.abi = lambda: (_ for _ in ()).throw(OSError(38, 'no such call'));"
        "seccomp._HERE = None;"
        "os.write(1, ' '.join(jail.seal(1 << 30, 5, [1])).encode()); os._exit(0)"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], stdout=subprocess.PIPE, timeout=30, check=True)
    assert done.stdout.decode().split() == [m for m in ALL if m not in ("landlock", "seccomp")]


def test_a_seal_keeps_the_descriptors_that_it_is_told_to_keep_and_no_other():
    program = (
        "import os\nfrom scanners import jail\n"
        "r, w = os.pipe(); a, b = os.pipe(); jail.seal(1 << 30, 5, [1, r, b])\n"
        "def held(n):\n"
        "    try: os.lseek(n, 0, 1)\n"
        "    except OSError as error: return error.errno != 9\n"
        "    return True\n"
        "os.write(1, repr([n for n in range(256) if held(n)] == sorted([1, r, b])).encode()); os._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], stdout=subprocess.PIPE, timeout=30, check=True)
    assert done.stdout == b"True"


def test_memory_beyond_the_limit_is_a_memory_error():
    program = (
        "import os; from scanners import jail; jail.seal(256 << 20, 5, [1])\n"
        "try: bytearray(300 << 20)\n"
        "except MemoryError: os.write(1, b'refused')\n"
        "os._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], stdout=subprocess.PIPE, timeout=30, check=True)
    assert done.stdout == b"refused"


def test_on_a_system_without_any_of_these_calls_the_rest_of_the_seal_holds():
    program = (
        "import os, sys; from scanners import jail\n"
        "sys.platform = 'darwin'\n"
        "os.write(1, ' '.join(jail.seal(1 << 30, 5, [1])).encode())\n"
        "try: os.open('/dev/null', os.O_RDONLY)\n"
        "except OSError as error: os.write(1, b' %d' % error.errno)\n"
        "os._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], stdout=subprocess.PIPE, timeout=30, check=True)
    assert done.stdout.decode().split() == ["descriptors", "environment", "limits", str(errno.EMFILE)]
