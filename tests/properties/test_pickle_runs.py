"""Runs that are passed over hide nothing: whoever walks each opcode finds the same names."""

import pickle
import random

import pytest

from scanners.binary import pickle_lines, pickle_runs
from scanners.binary.pickle_values import Items, Mapping
from scanners.facts import Anomaly, Call, Reference
from tests.craft.pickles import asm, named, op, text
from tests.properties import engine
from tests.properties.streams import grammatical, seeds

SYSTEM = asm(named("posix", "system"), text("x"), "TUPLE1", "REDUCE")
ROWS = [{"id": i, "name": f"row {i}", "parts": [i, (i, None), {"deep": [1.5, True]}]} for i in range(3000)]
PADDING = b"N" * 300
"""Behind the STOP: runs are looked for away from the end of the window."""


def told(data):
    """The names that are imported, the calls with their number, and whether a name is computed."""
    facts = engine.facts_of(data)
    names = {(fact.module, fact.name) for fact in facts if isinstance(fact, Reference) and fact.used_as == "imported"}
    calls = {}
    for fact in facts:
        if isinstance(fact, Call):
            calls[fact.module, fact.name] = calls.get((fact.module, fact.name), 0) + fact.count
    return names, calls, any(isinstance(fact, Anomaly) and fact.code == "pickle.dynamic-global" for fact in facts)


@pytest.fixture
def everywhere(monkeypatch):
    """Runs of any length are passed over, from the beginning of any stream."""
    monkeypatch.setattr(pickle_runs, "LEAST", 1)

    def switch(on):
        monkeypatch.setattr(pickle_runs, "WORTH", 0 if on else 1 << 62)

    return switch


def test_what_is_passed_over_names_nothing(everywhere):
    chance = random.Random(7)
    # The end of joblib's arrays is told from short states, which no run of honest length begins in.
    honest = [data[:20_000] for data in seeds() if b"NumpyArrayWrapper" not in data]
    for number in range(800):
        data = bytearray(grammatical(chance.randbytes(200)) if number % 2 else chance.choice(honest))
        for _ in range(chance.randrange(3)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        data = bytes(data) + PADDING
        everywhere(False)
        names, *_ = told(data)
        everywhere(True)
        found, _, computed = told(data)
        assert names <= found or computed, data


class Plain:
    def __init__(self, state):
        self.state = state


def plain(chance, depth=4):
    """Data of any kind that protocol 0 writes without a call, and once in a while an instance."""
    if depth and chance.random() < 0.4:
        inner = [plain(chance, depth - 1) for _ in range(chance.randrange(5))]
        tried = [inner, tuple(inner), dict(enumerate(inner)), dict.fromkeys(("os", "a b", "ü\\\n"), inner)]
        return chance.choice(tried)
    return chance.choice([None, True, 7, -(1 << 40), 0.5, float("inf"), "posix", "system", "p0", "ü\n\\", ""])


def lined(chance):
    """A stream of protocol 0 that was damaged, with calls among its data, and with a call behind them."""
    value = [plain(chance) for _ in range(20)]
    if chance.randrange(2):
        value = dict(enumerate(value))
    if chance.randrange(4) == 0:
        value = [value, Plain(value), value]
    pieces = pickle.dumps(value, 0)[:-1].split(b"\n")
    for _ in range(chance.randrange(4)):
        place = chance.randrange(len(pieces))
        pieces[place] += chance.choice(
            [b"cposix\nsystem", b"(S'x'\niposix\nsystem", b"g0", b"p99", b"p0", b"(", b"t", b"a"]
        )
    data = bytearray(b"\n".join(pieces))
    for _ in range(chance.randrange(3)):
        data[chance.randrange(len(data))] = chance.choice(b"()]}abdgilpst0123456789\nNIVS\x80\x94")
    return bytes(data) + b"(S'x'\niposix\nsystem\n."


def test_lines_that_are_passed_over_say_nothing(everywhere, monkeypatch):
    monkeypatch.setattr(Items, "_most", 8)
    monkeypatch.setattr(Mapping, "_most", 16)
    passed = []
    memoized = pickle_lines.memoized
    monkeypatch.setattr(pickle_lines, "memoized", lambda *given: passed.append(given) or memoized(*given))
    chance = random.Random(11)
    for _ in range(300):
        data = lined(chance) + PADDING
        everywhere(False)
        walked = engine.outcome_of(data)
        everywhere(True)
        run = engine.outcome_of(data)
        assert (run.facts, run.account) == (walked.facts, walked.account), data
    assert len(passed) > 150


@pytest.mark.parametrize("protocol", range(2, 6))
@pytest.mark.parametrize("place", ["before", "among", "behind"])
def test_a_call_is_found_wherever_the_data_are(protocol, place):
    data = pickle.dumps(ROWS, protocol)[:-1]
    stream = {
        "before": data[:2] + SYSTEM + b"0" + data[2:] + b".",
        "among": data + b"0" + SYSTEM + b"0" + data[2:] + b".",
        "behind": data + SYSTEM + b"\x86.",
    }[place]
    assert told(stream)[0] == {("posix", "system")}


def instances(count, state):
    return asm(
        op("PROTO", 4),
        *("EMPTY_LIST", "MEMOIZE", "MARK", named("acme", "Thing"), "MEMOIZE", "POP"),
        *(asm(op("BINGET", 1), "EMPTY_TUPLE", "NEWOBJ", "MEMOIZE", state) for _ in range(count)),
        *("APPENDS", "STOP"),
    )


@pytest.mark.parametrize("items", [("MARK", text("x"), op("BININT1", 1), "SETITEMS"), (text("x"), "NONE", "SETITEM")])
def test_instances_are_counted(items):
    state = asm("EMPTY_DICT", "MEMOIZE", *items, "BUILD")
    assert told(instances(20_000, state))[1] == {("acme", "Thing"): 20_000}


def test_what_is_put_into_instances_is_told():
    empty, item = ("EMPTY_LIST", "MEMOIZE"), asm("MARK", text("x"), op("BININT1", 1), "SETITEMS")
    begin = asm(op("PROTO", 4), *empty, "MARK", named("acme", "Thing"), "MEMOIZE", "POP")
    made = asm(op("BINGET", 1), "EMPTY_TUPLE", "REDUCE", "MEMOIZE")
    facts = engine.facts_of(begin + made * 20_000 + (made + item) * 20_000 + asm("APPENDS", "STOP"))
    assert "built" in {fact.used_as for fact in facts if isinstance(fact, Reference)}
    assert told(begin + (made + item) * 20_000 + asm("APPENDS", "STOP"))[1] == {("acme", "Thing"): 20_000}


def test_calls_with_numbers_are_counted():
    made = asm(op("BINGET", 1), op("BININT1", 1), op("BINFLOAT", 1.5), "TUPLE2", "MEMOIZE", "REDUCE", "MEMOIZE")
    begin = asm(op("PROTO", 4), "EMPTY_LIST", "MEMOIZE", "MARK", named("acme", "Thing"), "MEMOIZE", "POP")
    assert told(begin + made * 20_000 + asm("APPENDS", "STOP"))[1] == {("acme", "Thing"): 20_000}


@pytest.mark.parametrize("arguments", ["TUPLE3", "TUPLE"])
def test_calls_with_what_the_memo_holds_are_counted(arguments):
    made = asm(
        op("BINGET", 1), *(["MARK"] if arguments == "TUPLE" else []), op("BINFLOAT", 1.5), op("BINGET", 2), "NONE"
    )
    made += asm(arguments, "MEMOIZE", "NEWOBJ", "MEMOIZE")
    begin = asm(op("PROTO", 4), "EMPTY_LIST", "MEMOIZE", "MARK", named("acme", "Thing"), "MEMOIZE", "POP")
    begin += asm(text("kind"), "MEMOIZE", "POP")
    facts = engine.facts_of(begin + made * 20_000 + asm("APPENDS", "STOP"))
    (call,) = [fact for fact in facts if isinstance(fact, Call)]
    assert (call.count, call.strings) == (20_000, ("kind",))


def test_a_run_takes_nothing_from_below_it():
    nothing = asm(*["NONE"] * 3000, *[*["TUPLE2"] * 256, "NONE"] * 11, *["TUPLE2"] * 194)
    stream = asm(op("PROTO", 4), named("posix", "system"), nothing, "TUPLE1", "REDUCE", "STOP")
    assert told(stream + asm(*["NONE"] * 40_000))[1] == {("posix", "system"): 1}


@pytest.mark.parametrize(
    "filled",
    [
        asm("MARK", op("BININT1", 1), "APPENDS"),
        asm("MARK", op("BININT1", 1), "NONE", "SETITEMS"),
        asm(op("BININT1", 1), "APPEND"),
        asm(op("BININT1", 1), "NONE", "SETITEM"),
        asm("EMPTY_DICT", "MEMOIZE", "BUILD"),
        asm("EMPTY_TUPLE", "REDUCE"),
    ],
)
def test_what_a_run_has_not_made_is_not_filled_in_it(filled):
    data = asm(op("PROTO", 4), named("sys", "path"), "MEMOIZE", "POP", "EMPTY_LIST", "MARK")
    data += op("BININT1", 7) * 40_000 + op("BINGET", 0) + filled + op("BININT1", 7) * 40_000 + asm("APPENDS", "STOP")
    uses = {fact.used_as for fact in engine.facts_of(data) if isinstance(fact, Reference)}
    assert uses & {"mutated", "called"}


def test_a_name_that_a_run_has_memoized_is_found():
    words = asm(*(text(word) + b"\x94" for word in ["posix", "system"] * 5000))
    data = asm(op("PROTO", 4), "EMPTY_LIST", "MARK", words, "APPENDS", op("LONG_BINGET", 4000), op("LONG_BINGET", 4001))
    assert told(data + asm("STACK_GLOBAL", "STOP"))[0] == {("posix", "system")}


def test_what_a_call_finds_and_does_not_make_is_changed():
    begin = asm(op("PROTO", 4), "EMPTY_LIST", "MARK", named("logging", "getLogger"), "MEMOIZE", "POP")
    found, state = asm(op("BINGET", 0), "EMPTY_TUPLE", "REDUCE"), asm("EMPTY_DICT", text("level"), "NONE", "SETITEM")
    data = begin + found * 80_000 + (found + state + asm("BUILD")) * 200 + op("BININT1", 7) * 600_000
    facts = engine.facts_of(data + asm("APPENDS", "STOP"))
    assert "mutated" in {fact.used_as for fact in facts if isinstance(fact, Reference)}
