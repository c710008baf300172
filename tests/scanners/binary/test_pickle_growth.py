"""What a few bytes of a pickle grow into is told where its constants make it certain, and nowhere else."""

import pytest

from tests.craft.pickles import asm, call, named, op, stream, text
from tests.craft.table import said


def number(value):
    return op("LONG1", value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True))


def made(path, *arguments):
    module, _, name = path.rpartition(".")
    return call(named(module, name), *arguments)


def made_bare(path, *arguments):
    module, _, name = path.rpartition(".")
    return asm(named(module, name), "MARK", *arguments, "TUPLE", "NEWOBJ")


def shape(*numbers):
    return asm("MARK", *map(number, numbers), "TUPLE")


MANY = number(1 << 40)
FEW = number(1 << 20)
COUNT = made("itertools.count")
PAIR = asm("NONE", "NONE", "TUPLE2")
TIMES = asm("EMPTY_DICT", text("times"), MANY, "SETITEM")
GROWS = {
    "a list of one thing for ever": made("builtins.list", made("itertools.repeat", "NONE")),
    "a list of one thing many times": made("builtins.list", made("itertools.repeat", "NONE", MANY)),
    "a list of one thing, many times by a keyword": made(
        "builtins.list",
        asm(named("itertools", "repeat"), "NONE", "TUPLE1", TIMES, "NEWOBJ_EX"),
    ),
    "what nobody calls": made_bare("builtins.tuple", made_bare("itertools.count")),
    "a set of a cycle": made("builtins.set", made("itertools.cycle", text("ab"))),
    "a dict of pairs for ever": made("builtins.dict", made("itertools.repeat", PAIR)),
    "counted for ever": made("collections.Counter", COUNT),
    "numbered, and in a chain behind something else": made(
        "collections.deque", made("itertools.chain", text("ab"), made("builtins.enumerate", COUNT))
    ),
    "side by side with what never ends either": made("builtins.sum", made("builtins.zip", COUNT, COUNT)),
    "numbers backwards": made("builtins.frozenset", made("builtins.range", MANY, number(-7), number(-3))),
    "bytes": made("builtins.bytes", MANY),
    "bytes of bytes": made("builtins.list", made("builtins.bytearray", number(1 << 33))),
    "numbers for an array": made("array.array", text("b"), COUNT),
    "an array of a large shape": made("numpy.zeros", shape(1 << 20, 1 << 20)),
    "an array of a shape that is a list": made("numpy.ones", asm("MARK", MANY, "LIST")),
    "an array that is to be filled": made(
        "numpy.core.multiarray._reconstruct", named("numpy", "ndarray"), shape(1 << 40), op("SHORT_BINBYTES", b"b")
    ),
    "a tensor": made("torch.FloatTensor", FEW, FEW),
    "a storage": made("torch.storage.UntypedStorage", MANY),
    "a power of ten": made("fractions.Fraction", text("1e9_999_999_999")),
    "a partial": made("functools.partial", named("builtins", "list"), COUNT) + asm("EMPTY_TUPLE", "REDUCE"),
    "what copyreg makes": made("copyreg.__newobj__", named("builtins", "tuple"), COUNT),
    "what copyreg makes of a base": made(
        "copyreg._reconstructor", named("acme", "Many"), named("builtins", "tuple"), COUNT
    ),
    "many of a size that one may have": asm("EMPTY_LIST", *[made("builtins.bytes", number(1 << 32))] * 5),
}
STAYS = {
    "an iterator that nobody takes from": made("itertools.repeat", "NONE"),
    "one of a cycle of nothing": made("builtins.list", made("itertools.cycle", "EMPTY_TUPLE")),
    "as many as there are": made("builtins.list", made("itertools.repeat", "NONE", FEW)),
    "as many by a keyword": made(
        "builtins.list",
        asm(named("itertools", "repeat"), "NONE", "TUPLE1", TIMES.replace(MANY, FEW), "NEWOBJ_EX"),
    ),
    "many numbers that are not made": made("builtins.range", MANY),
    "numbers that lead nowhere": made("builtins.list", made("builtins.range", MANY, FEW)),
    "numbers, none of them different": made("builtins.list", made("builtins.range", FEW, MANY, number(0))),
    "side by side with what ends": made("builtins.list", made("builtins.zip", COUNT, text("ab"))),
    "some zeros": made("builtins.bytearray", FEW),
    "bytes of large numbers": made("builtins.bytes", asm("MARK", *[op("BININT1", 250)] * 60, "LIST")),
    "a text as bytes": made("builtins.bytes", text("text"), text("latin-1")),
    "an array with an axis of nothing": made("numpy.zeros", shape(1 << 40, 0)),
    "a tensor of given elements": made("torch.FloatTensor", asm("MARK", *[FEW] * 9, "LIST")),
    "a fraction": made("fractions.Fraction", text("1e-9_999_999_999")),
    "a large number": made("datetime.timedelta", MANY),
}


def bombs(*parts):
    return [
        finding.severity for finding in said(stream(*parts, proto=2), "model.pkl")[1] if finding.rule == "pickle-bomb"
    ]


@pytest.mark.parametrize("data", GROWS.values(), ids=GROWS)
def test_what_no_machine_has_room_or_time_for_is_told(data):
    assert bombs(data) == ["medium"]


@pytest.mark.parametrize("data", STAYS.values(), ids=STAYS)
def test_what_ends_is_not(data):
    assert bombs(data) == []


def test_all_that_grows_is_counted_among_calls_that_are_not_walked_one_by_one():
    name = asm(named("builtins", "bytes"), op("BINPUT", 0), "POP", "MARK")
    small, large = (asm(op("BINGET", 0), each, "TUPLE1", "REDUCE") for each in (op("BININT1", 3), number(1 << 31)))
    assert bombs(name, (small * 2000 + large) * 7, "LIST") == []
    assert bombs(name, (small * 2000 + large) * 9, "LIST") == ["medium"]
