"""What compiled functions call is said in words, for every Python whose instructions are known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanners.binary.code_calls import calls
from scanners.binary.marshal_reader import read
from tests.craft.keras import lambda_code

# `lambda x: __import__("os").system("id", x + 1)`, as marshal.dumps of each version wrote it.
COMPILED = {
    "2.7": (
        "6301000000010000000400000043000000731a0000007400006401008301006a01006402007c000064030017830200532804"
        "0000004e74020000006f737402000000696469010000002802000000740a0000005f5f696d706f72745f5f74060000007379"
        "7374656d28010000007401000000782800000000280000000073080000003c737472696e673e74080000003c6c616d626461"
        "3e010000007400000000"
    ),
    "3.6": (
        "e3010000000000000001000000040000004300000073140000007400640183016a0164027c00640317008302530029044eda"
        "026f73da026964e9010000002902da0a5f5f696d706f72745f5fda0673797374656d2901da0178a9007207000000da083c73"
        "7472696e673eda083c6c616d6264613e010000007300000000"
    ),
    "3.8": (
        "e30100000000000000000000000100000005000000430000007314000000740064018301a00164027c0064031700a1025300"
        "29044eda026f73da026964e9010000002902da0a5f5f696d706f72745f5fda0673797374656d2901da0178a9007207000000"
        "da083c737472696e673eda083c6c616d6264613e01000000f300000000"
    ),
    "3.11": (
        "e30100000000000000000000000500000003000000f34e00000097007401000000000000000000006401a6010000ab010000"
        "000000000000a001000000000000000000000000000000000000000064027c0064037a000000a6020000ab02000000000000"
        "0000530029044eda026f73da026964e9010000002902da0a5f5f696d706f72745f5fda0673797374656d2901da0178730100"
        "000020fa083c737472696e673efa083c6c616d6264613e72090000000100000073220000008000a55ab004d12535d42535d7"
        "253cd2253cb854c031c071c135d12549d425498000f300000000"
    ),
    "3.12": (
        "e30100000000000000000000000500000003000000f33e0000009700740100000000000000006401ab010000000000006a03"
        "00000000000000000000000000000000000064027c0064037a000000ab02000000000000530029044eda026f73da026964e9"
        "010000002902da0a5f5f696d706f72745f5fda0673797374656d2901da0178730100000020fa083c737472696e673efa083c"
        "6c616d6264613e720900000001000000731c0000008000a45ab004d32535d7253cd1253cb854c031c071c135d325498000f3"
        "00000000"
    ),
    "3.13": (
        "e30100000000000000000000000500000003000000f33e00000095005b010000000000000000530135010000000000005203"
        "0000000000000000000000000000000000005302550053032d0000003502000000000000240029044eda026f73da026964e9"
        "010000002902da0a5f5f696d706f72745f5fda0673797374656d2901da0178730100000020da083c737472696e673eda083c"
        "6c616d6264613e720900000001000000731a0000008000a45ab004d32535d7253cd1253cb854c031c071c135d42549f30000"
        "0000"
    ),
}


def of(data):
    return [calls(code) for reading in read(data) for code in reading.codes]


@pytest.mark.parametrize("version", COMPILED)
def test_a_call_is_shown_as_it_is_written(version):
    assert of(bytes.fromhex(COMPILED[version])) == [("__import__('os').system('id', …)",)]


def test_instructions_that_are_not_known_forget_what_was_there():
    # LOAD_GLOBAL 0, an unknown one, LOAD_CONST 1, CALL_FUNCTION 1
    code = lambda_code("eval", texts=("1",), instructions=bytes((116, 0, 255, 0, 100, 1, 131, 1)))
    assert of(code) == [()]


def test_a_chain_without_end_stays_short():
    code = lambda_code("a", "b", instructions=bytes((116, 0)) + bytes((106, 1)) * 4000 + bytes((131, 0)))
    ((call,),) = of(code)
    assert len(call) <= 160


def test_only_the_first_calls_are_told():
    names = [f"f{number}" for number in range(40)]
    code = lambda_code(*names, instructions=b"".join(bytes((116, n, 131, 0, 1, 0)) for n in range(40)))
    assert of(code) == [tuple(f"f{number}()" for number in range(16))]


def test_a_long_argument_is_put_together():
    names = [f"f{number}" for number in range(300)]
    assert of(lambda_code(*names, instructions=bytes((144, 1, 116, 4, 131, 0)))) == [("f260()",)]


@given(st.binary(max_size=80), st.sampled_from(["2.7", "3.8", "3.11"]))
def test_any_instructions_are_read_to_their_end(instructions, python):
    for found in of(lambda_code("a", "b", texts=("c",), python=python, instructions=instructions)):
        assert all(isinstance(call, str) and len(call) <= 160 for call in found)
