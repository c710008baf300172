"""The law of suspicion: nothing that is done to an attack makes its file look better than it was.

The order is that of verdicts: malicious, suspicious, incomplete, clean. An attack is *done* at the first byte behind
which the recording unpicklers (unpicklers.py) hear all that they hear of the whole.

- Cut anywhere behind that, with a byte put in, or filled up behind: the verdict is at least the same.
- Wrapped in other streams, before and behind: at least the same. So is what follows one pickle of over 64 KiB.
- Cut before an attack is done: not clean, with two exceptions. Some unpickler reads what is left as whole streams to its
  end, but for zeros or a text: the beginning of a file of several pickles is a file of pickles. Or what is left is text:
  printable constants, or the beginning of one, in which nothing is named, and which is explained as the text that it is.
- Junk or zeros in front of an attack: not clean. No unpickler comes past them, so they need be no more than incomplete.

Of a file that joblib reads, whose arrays no recorder passes over, and of one that no unpickler reads as it stands, only
the end counts as done.

The suite takes every offset of small attacks and some of larger ones; `make suspicion` takes every offset of all, but
for the three over 100 kB: a hundred at either end of those, and as many between.
"""

import os

import pytest

from scanners.findings import VERDICTS
from tests.craft.attacks import ATTACKS
from tests.craft.pickles import HARMLESS, asm, call, named, op, system, text
from tests.properties import engine
from tests.properties.law import ARCHIVE
from tests.properties.oracle import Oracle

WHOLE = {("whole", "", "")}
EVERY = bool(os.environ.get("SUSPICION"))
SMALL, PLACES, MOST = (100_000, 100, 1 << 30) if EVERY else (400, 40, 20_000)
LONG = 70_000
OTHER = asm(op("PROTO", 4), "EMPTY_DICT", text("a"), op("BININT1", 1), "SETITEM", "STOP")
LARGE = asm(op("PROTO", 4), op("BINBYTES", bytes(LONG)), "STOP")
BEHIND = {
    "junk": b"\xff",
    "text": b"words\n",
    "zeros": bytes(9),
    "much junk": b"\xfe\x01" * LONG,
    "many zeros": bytes(LONG),
    "a pickle": OTHER,
    "a large pickle": LARGE,
    "an archive": b"PK\x05\x06" + bytes(18),
}
AROUND = {"a pickle": OTHER, "many pickles": OTHER * 40, "a large pickle": LARGE, "nothing": op("PROTO", 2) + b"N."}
BEFORE = {"junk": b"\xff\x00", "zeros": bytes(9), "many zeros": bytes(LONG)}
BUILT = {
    "REDUCE": system(),
    "INST": asm("MARK", text(HARMLESS), op("INST", ("os", "system")), "NONE", "STOP"),
    "OBJ": asm("MARK", named("os", "system"), text(HARMLESS), "OBJ", "STOP"),
    "dropped": asm(op("PROTO", 4), call(named("os", "system"), text("x")), "POP", *["NONE", "POP"] * 9, "NONE", "STOP"),
    "unknown": asm(op("PROTO", 4), call(named("acme", "make"), text("x")), "STOP"),
    "extension": asm(op("PROTO", 2), op("EXT1", 7), "EMPTY_TUPLE", "REDUCE", "STOP"),
    "in a text": asm(call(named("_pickle", "loads"), op("BINBYTES", system())), "STOP"),
}


def rank(data, name=engine.NAME):
    return VERDICTS.index(engine.verdict_of(data, name))


def heard(oracle, data):
    return {tuple(event[:3]) for _, events in oracle.accounts(data) for event in events}


def done_at(oracle, data, name):
    """Number of the first bytes by which all that the whole does is done."""
    all_of_it = heard(oracle, data) - WHOLE
    # An archive is to an unpickler a persistent id as long as its first line.
    unheard = not all_of_it or data.startswith(ARCHIVE) or name.endswith("joblib")
    low, high = (len(data) if unheard else 0), len(data)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if heard(oracle, data[:middle]) >= all_of_it else (middle + 1, high)
    return low


def harmless(oracle, data, name):
    stop = data.rfind(b".") + 1
    kept = data[:stop] if data[stop:].decode("latin-1").isprintable() else data.rstrip(b"\0")
    return not WHOLE.isdisjoint(heard(oracle, kept)) or engine.outcome_of(data, name).format == "text"


def places(low, high):
    """All places of a small range, some of a larger one."""
    if high - low <= SMALL:
        return range(low, high)
    ends = PLACES if EVERY else 1
    return sorted({*range(low, high, (high - low) // PLACES), *range(low, low + ends), *range(high - ends, high)})


def each():
    for name, data in BUILT.items():
        yield pytest.param(data, engine.NAME, id=f"built: {name}")
    for group in ATTACKS.values():
        for attack in group:
            if len(attack.data) <= MOST:
                yield pytest.param(attack.data, attack.name, id=attack.label)


SAMPLES = list(each())


@pytest.fixture(scope="module")
def oracle():
    with Oracle() as process:
        yield process


@pytest.mark.timeout(7200 if EVERY else 120)
@pytest.mark.parametrize(("data", "name"), SAMPLES)
def test_nothing_makes_an_attack_look_better(oracle, data, name):
    done = done_at(oracle, data, name)
    whole = rank(data, name)
    assert whole > 0
    worse = {}
    for at in places(done, len(data)):
        worse["cut", at] = rank(data[:at], name) - whole
        worse["a byte put in", at] = rank(data[:at] + b"\xff" + data[at:], name) - whole
    for what, behind in BEHIND.items():
        worse["behind", what] = rank(data + behind, name) - whole
    for what, around in AROUND.items():
        worse["around", what] = rank(around + data + around, name) - whole
    assert {what: by for what, by in worse.items() if by < 0} == {}


@pytest.mark.timeout(7200 if EVERY else 120)
@pytest.mark.parametrize(("data", "name"), SAMPLES)
def test_what_is_left_of_an_attack_is_not_clean(oracle, data, name):
    done = done_at(oracle, data, name)
    clean = [at for at in places(1, done) if rank(data[:at], name) == 0 and not harmless(oracle, data[:at], name)]
    assert clean == []
    assert [what for what, before in BEFORE.items() if rank(before + data, name) == 0] == []
