"""The law of the oracle (law.py) over streams of a grammar and damaged real ones (streams.py).

The suite tries the same streams each time, so that what fails is what was changed. `make oracle` draws new ones:
`ORACLE_STREAMS` of them, or as many as `ORACLE_SECONDS` allow; `ORACLE_SEED` begins a failed run again;
`ORACLE_PYTHONS` are further interpreters whose unpicklers are asked too.
"""

import os
import random
import sys
import time

import pytest
from hypothesis import HealthCheck, given, seed, settings

from scanners.binary.pickle_opcodes import CODES
from scanners.facts import Call, Reference
from tests.craft.pickles import asm, named, op, text
from tests.properties import engine
from tests.properties.law import missed
from tests.properties.oracle import Oracle
from tests.properties.streams import grammatical, streams

STREAMS = int(os.environ.get("ORACLE_STREAMS", "5000"))
SECONDS = float(os.environ.get("ORACLE_SECONDS", "0"))
_DRAWN = random.SystemRandom().getrandbits(32) if "ORACLE_STREAMS" in os.environ else 1
SEED = int(os.environ.get("ORACLE_SEED", "0")) or _DRAWN
PYTHONS = [sys.executable, *os.environ.get("ORACLE_PYTHONS", "").split()]
_BATCH = 5000
SETTINGS = {"deadline": None, "suppress_health_check": list(HealthCheck), "print_blob": True, "database": None}


def heard(data):
    with Oracle() as oracle:
        return {tuple(event[:3]) for _, events in oracle.accounts(data) for event in events} - {("whole", "", "")}


def test_the_recorders_hear_every_way_of_calling_and_changing():
    os_x = ("os", "x")
    thing = named(*os_x)
    assert heard(asm("NONE", "STOP")) == set()
    for call in [
        asm(thing, "EMPTY_TUPLE", "REDUCE"),
        asm(thing, "EMPTY_TUPLE", "NEWOBJ"),
        asm(thing, "EMPTY_TUPLE", "EMPTY_DICT", "NEWOBJ_EX"),
        asm("MARK", thing, "OBJ"),
        asm("MARK", "NONE", op("INST", os_x)),
    ]:
        assert heard(call + b".") == {("ask", *os_x), ("call", *os_x)}
        assert ("again", *os_x) in heard(asm(call, "EMPTY_TUPLE", "REDUCE", "STOP"))
        for target, event in ((call, "build"), (thing, "change")):
            for change in [
                asm("EMPTY_DICT", "NONE", "NONE", "SETITEM", "BUILD"),
                asm("NONE", "EMPTY_DICT", text("x"), "NONE", "SETITEM", "TUPLE2", "BUILD"),
                asm("NONE", "NONE", "SETITEM"),
                asm("MARK", "NONE", "NONE", "SETITEMS"),
                asm("NONE", "APPEND"),
                asm("MARK", "NONE", "APPENDS"),
                asm("MARK", "NONE", "ADDITEMS"),
            ]:
                assert (event, *os_x) in heard(asm(target, change, "STOP"))
    assert heard(asm(op("PERSID", "id"), "STOP")) == {("persistent", "", "id")}
    assert ("ask", "builtins", "apply") in heard(asm(named("__builtin__", "apply"), "STOP"))
    assert ("ask", "elsewhere", "name300") in heard(asm(op("EXT2", 300), "STOP"))


def test_the_recorders_follow_chains_and_registrations():
    module = asm(named("importlib", "import_module"), text("os"), "TUPLE1", "REDUCE")
    system = asm(named("builtins", "getattr"), module, text("system"), "TUPLE2", "REDUCE")
    partial = asm(named("functools", "partial"), system, "TUPLE1", "REDUCE")
    assert ("call", "os", "system") in heard(asm(partial, "EMPTY_TUPLE", "REDUCE", "STOP"))
    register = asm(named("copyreg", "add_extension"), text("os"), text("x"), op("BININT1", 8), "TUPLE3", "REDUCE")
    assert ("ask", "os", "x") in heard(asm(register, op("EXT1", 8), "STOP"))
    assert ("ask", "elsewhere", "name7") in heard(asm(register, op("EXT1", 7), "STOP"))


def test_the_law_is_broken_by_facts_that_leave_something_out():
    data = asm(named("os", "x"), "EMPTY_TUPLE", "REDUCE", "NONE", "BUILD", "STOP")
    facts = engine.facts_of(data)
    with Oracle() as oracle:
        accounts = oracle.accounts(data)
    assert missed(data, accounts, facts) == []
    for left_out in [Reference, Call]:
        assert missed(data, accounts, [fact for fact in facts if not isinstance(fact, left_out)]) != []
    assert missed(data, accounts, [fact for fact in facts if getattr(fact, "used_as", "") != "built"]) != []


def test_the_grammar_writes_every_opcode_and_goes_deep():
    choices = random.Random(1)
    written = [grammatical(choices.randbytes(150)) for _ in range(400)]
    assert {code for data in written for code in data} >= set(CODES.values())
    with Oracle() as oracle:
        events = [max(len(events) for _, events in oracle.accounts(data)) for data in written]
    assert sum(count >= 5 for count in events) > len(events) / 4


@pytest.mark.timeout(120 + STREAMS // 20 + 2 * SECONDS)
def test_whatever_a_real_unpickler_would_do_is_stated():
    oracles = [Oracle(python) for python in PYTHONS]
    tried = 0

    def law(data):
        nonlocal tried
        tried += 1
        facts = engine.facts_of(data)
        for oracle in oracles:
            assert missed(data, oracle.accounts(data), facts) == []

    start, batch = time.monotonic(), 0
    for oracle in oracles:
        oracle.__enter__()
    try:
        while tried < STREAMS or time.monotonic() - start < SECONDS:
            print(f"ORACLE_SEED={SEED + batch}", file=sys.__stderr__, flush=True)
            examples = min(_BATCH, max(STREAMS - tried, 0)) or _BATCH
            seed(SEED + batch)(settings(max_examples=examples, **SETTINGS)(given(streams)(law)))()
            batch += 1
    finally:
        for oracle in oracles:
            oracle.__exit__()
        print(f"{tried} streams", file=sys.__stderr__, flush=True)
