"""The filter as a program: run here, step by step, for the processors that the tests do not run on as well."""

import pytest

from scanners import seccomp

ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050001, 0x80000000
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
DANGEROUS = {
    "x86_64": {
        "open": 2, "socket": 41, "connect": 42, "sendmsg": 46, "clone": 56, "fork": 57, "vfork": 58, "execve": 59, "kill": 62,
        "ptrace": 101, "prctl": 157, "mount": 165, "openat": 257, "memfd_create": 319, "bpf": 321, "execveat": 322,
        "io_uring_setup": 425, "openat2": 437, "ioctl": 16, "dup": 32, "socketpair": 53, "userfaultfd": 323, "keyctl": 250,
    },
    "aarch64": {
        "openat": 56, "socket": 198, "connect": 203, "sendmsg": 211, "clone": 220, "execve": 221, "kill": 129, "ptrace": 117,
        "prctl": 167, "mount": 40, "memfd_create": 279, "bpf": 280, "execveat": 281, "io_uring_setup": 425, "openat2": 437,
        "ioctl": 29, "dup": 23, "socketpair": 199, "userfaultfd": 282, "keyctl": 219,
    },
}  # fmt: skip


def verdict(steps, number, *, audit, protection=0):
    """What the kernel's interpreter would answer."""
    words = {0: number, 4: audit, 32: protection}
    at = held = 0
    while True:
        code, then, otherwise, value = steps[at]
        at += 1
        if code == RETURN:
            return value
        if code == LOAD:
            held = words[value]
        else:
            holds = {EQUAL: held == value, AT_LEAST: held >= value, ANY_BIT: bool(held & value)}[code]
            at += then if holds else otherwise


@pytest.fixture(params=sorted(seccomp.MACHINES))
def name(request):
    return request.param


@pytest.fixture
def ask(name):
    machine = seccomp.MACHINES[name]
    steps = seccomp.program(machine)

    def asked(number, audit=machine.audit, protection=0):
        return verdict(steps, number, audit=audit, protection=protection)

    return asked


def test_every_call_of_the_table_is_allowed_and_no_other_number_is(name, ask):
    allowed = set(seccomp.MACHINES[name].calls.values())
    assert {number for number in range(600) if ask(number) == ALLOW} == allowed
    assert {ask(number) for number in set(range(600)) - allowed} == {REFUSE}


def test_nothing_dangerous_is_in_the_table(name, ask):
    assert {call for call, number in DANGEROUS[name].items() if ask(number) != REFUSE} == set()


def test_memory_may_be_mapped_but_never_to_be_executed(name, ask):
    for call in ("mmap", "mprotect"):
        number = seccomp.MACHINES[name].calls[call]
        assert [ask(number, protection=bits) for bits in (0, 1, 2, 3)] == [ALLOW] * 4
        assert [ask(number, protection=bits) for bits in (4, 5, 6, 7)] == [REFUSE] * 4


def test_a_call_by_another_processors_table_kills(name, ask):
    others = [machine.audit for other, machine in seccomp.MACHINES.items() if other != name]
    for audit in (*others, 0x40000003, 0, 0xFFFFFFFF):
        assert ask(0, audit=audit) == KILL


def test_the_x32_table_kills_on_x86_64_only():
    for name, answer in (("x86_64", KILL), ("aarch64", REFUSE)):
        machine = seccomp.MACHINES[name]
        assert verdict(seccomp.program(machine), 0x40000000 | 1, audit=machine.audit) == answer


def test_a_processor_without_a_table_gets_no_filter_and_no_promise(monkeypatch):
    monkeypatch.setattr(seccomp, "_HERE", None)
    assert seccomp.restrict() is False
