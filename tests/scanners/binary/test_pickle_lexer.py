"""The lexer: the short way of reading an opcode and the long one agree, and nothing depends on where windows end."""

import pickle
import pickletools
import random

import pytest

from scanners.binary.pickle_lexer import INLINE_BYTES, Broken, Lexer, Payload
from scanners.binary.pickle_opcodes import CODES, NAMES
from scanners.source import BytesSource, Missing, Span, SparseSource, merge
from tests.craft.pickles import asm, op

VARIED = [
    {"a": i, "b": [i * 1.5, f"x{i}" * (i % 90), -i], "c": (None, True, b"y" * (i % 400)), "d": 10**i}
    for i in range(700)
]


def tokens(lexer):
    found = []
    while not lexer.ended():
        token = lexer.next()
        argument = token.argument
        found.append(
            (token.code, argument if not isinstance(argument, Payload) else argument.offset, token.start, token.stop)
        )
    return found


@pytest.mark.parametrize("protocol", range(6))
def test_it_agrees_with_pickletools(protocol):
    data = pickle.dumps(VARIED, protocol)
    listed = [(opcode.name, at) for opcode, _, at in pickletools.genops(data)]
    assert [(NAMES[code], start) for code, _, start, _ in tokens(Lexer(BytesSource(data)))] == listed


def test_extension_codes_of_four_bytes_are_signed():
    assert Lexer(BytesSource(asm(op("EXT4", -5)))).next().argument == -5


def test_every_opcode_is_known_to_pickletools_by_the_same_name():
    assert {o.code.encode("latin-1")[0]: o.name for o in pickletools.opcodes} == {
        code: name for name, code in CODES.items()
    }


def test_it_reads_the_same_whatever_arrives_first():
    data = pickle.dumps([VARIED, b"z" * 300_000, VARIED], 4)
    whole = tokens(Lexer(BytesSource(data)))
    held = []
    chance = random.Random(3)
    for _ in range(100):
        try:
            source = SparseSource(lambda start, length: data[start : start + length], len(data), held)
            assert tokens(Lexer(source)) == whole
            break
        except Missing as missing:
            held = merge([*held, *missing.spans[: chance.randint(1, 3)]])
    else:
        pytest.fail("it asks for ever")


def test_a_long_payload_is_a_place():
    token = Lexer(BytesSource(op("BINBYTES", bytes(INLINE_BYTES + 1)))).next()
    assert (token.argument.offset, token.argument.length) == (5, INLINE_BYTES + 1)


@pytest.mark.parametrize("data", [b"", b"\xff", b"X\x05\x00\x00\x00abc", b"K", b"\x8d" + b"\xff" * 8 + b"abc"])
def test_what_no_unpickler_reads_is_broken(data):
    with pytest.raises(Broken):
        Lexer(BytesSource(data)).next()


def test_payloads_are_passed_over_unread():
    source, read = BytesSource(pickle.dumps([b"%d" % i * (1 << 18) for i in range(10, 60)], 3)), []

    def pread(at, length):
        read.append(length)
        return source.read(at, length)

    assert len(tokens(Lexer(SparseSource(pread, source.size, [Span(0, source.size)])))) > 100
    assert sum(read) < source.size / 4
