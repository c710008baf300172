"""A fork server whose scanner does what the blob tells it to: started by the tests in place of the real one."""

import ctypes
import os
import sys
import threading

from scanners import wire, worker
from scanners.account import Totals
from scanners.binary import pickle_runs
from scanners.facts import Anomaly, Call
from scanners.scanner import Needs, Read
from scanners.source import Missing

EVIL = Call("os", "system", "REDUCE", "os.system('id')")


def say(facts, *data):
    """Write past the protocol, as a captured child could, and leave as if all were well."""
    for piece in data:
        worker._write(facts._pipe, piece)
    os._exit(0)


def spin(source, facts):
    while True:
        pass


def hold(source, facts):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def crash(source, facts):
    ctypes.string_at(0)


def eat(source, facts):
    held = []
    while True:
        held.append(bytearray(1 << 20))


def nibble(source, facts):
    held = []
    while True:
        held = [held, *range(10)]


def recurse(source, facts):
    recurse(source, facts)


def stumble(source, facts):
    raise KeyError("a bug")


def leave(source, facts):
    os._exit(7)


def read_on(source, facts):
    source.read(0, source.size)


def forge(source, facts):
    say(facts, b'{"line":"answer","outcome":{"outcome":"read","format":' + b"[" * (8 << 20), b"\n")


def endless(source, facts):
    while True:
        worker._write(facts._pipe, b"x" * 65_536)


def endless_lines(source, facts):
    line = wire.encode(wire.Seen(1, (Anomaly("zip.gap", "x" * (1 << 20)),)))
    while True:
        worker._write(facts._pipe, line)


def many(source, facts):
    for number in range(40_000):
        facts.append(Anomaly("zip.gap", "x" * 500, "", number))
    facts.append(EVIL)


def warm(source, facts):
    facts.append(Anomaly("zip.gap", str(len(vars(pickle_runs.grammar(calls=True, explicit=False))))))


ANSWER = wire.encode(wire.Answer(Read("fine", (EVIL,), Totals(100, 0, 0))))

ACTS = {
    "fine": lambda source, facts: None,
    "garbage": lambda source, facts: say(facts, b"\xff\x00 what?\n"),
    "silence": lambda source, facts: say(facts),
    "half": lambda source, facts: say(facts, b'{"line":"ans'),
    "two": lambda source, facts: say(facts, ANSWER, ANSWER),
    "pickle": lambda source, facts: say(facts, b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R.\n"),
    "spin": spin, "hold": hold, "crash": crash, "eat": eat, "nibble": nibble, "recurse": recurse, "stumble": stumble,
    "leave": leave, "read_on": read_on, "forge": forge, "endless": endless, "endless_lines": endless_lines,
    "many": many, "warm": warm,
}  # fmt: skip


def scan(source, name, limits, facts):
    """State something evil, then do what the blob's first line says."""
    act = source.read(0, 16).decode().strip()
    facts.append(EVIL)
    try:
        ACTS[act](source, facts)
    except Missing as missing:
        return Needs(missing.spans)
    return Read(f"{act} {name}", tuple(facts), Totals(source.size, 0, 0))


if __name__ == "__main__":
    worker.serve(int(sys.argv[1]), scan)
