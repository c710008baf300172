"""Tables are read where they say what their columns are, and nowhere else."""

import base64
import contextlib
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanners.binary.thrift import Bent, Compact
from scanners.facts import Opens
from scanners.judge import judge
from scanners.registry import SCANNERS
from scanners.rules.policy import Policy
from scanners.source import Truncated
from tests.craft.pickles import system
from tests.craft.reading import anomalies, called, referenced, scan, scan_in_rounds, unread_reasons

DATA = Path(__file__).parents[2] / "data" / "plain" / "tables"
SAMPLES = {path.name: path.read_bytes() for path in sorted(DATA.iterdir())}
PLAIN = sorted(name for name in SAMPLES if not name.startswith("extension"))
ROOM = b"what the type is made of" * 4


def read(data, name=""):
    return scan(data, name, scanners=SCANNERS)


def rules(outcome, name):
    found = judge(outcome.facts, path=name, format=outcome.format, policy=Policy.default())
    return {(finding.rule, finding.severity) for finding in found}


def armed(name, payload):
    """A sample with something else in the place of what its type is made of."""
    data, payload = SAMPLES[name], payload.ljust(len(ROOM), b"\n")
    if not name.endswith(".parquet"):
        return data.replace(ROOM, payload)
    start = data.index(b"/////")
    stop = start + min(i for i, each in enumerate(data[start:]) if not chr(each).isalnum() and each not in b"+/=")
    kept = base64.b64decode(data[start:stop])
    return data.replace(data[start:stop], base64.b64encode(kept.replace(ROOM, payload)))


def varint(number):
    done = b""
    while number > 127:
        done, number = done + bytes((number & 127 | 128,)), number >> 7
    return done + bytes((number,))


def text(content):
    return varint(len(content)) + content


def parquet(footer, columns=b""):
    return b"PAR1" + columns + footer + struct.pack("<I", len(footer)) + b"PAR1"


def groups(column):
    """A description whose one row group has one column; group 4 of the struct, column 1 of the group."""
    return b"\x49\x1c" + b"\x19\x1c" + column + b"\0" * 3


@pytest.mark.parametrize("name", PLAIN)
def test_what_pyarrow_writes_is_complete_and_clean_under_any_name(name):
    for called_so in (name, "model.bin", "data.csv"):
        outcome = read(SAMPLES[name], called_so)
        assert [fact for fact in outcome.facts if not isinstance(fact, Opens)] == []
        assert outcome.account.unexplained == 0
        assert outcome.format in {"arrow", "parquet"}


@pytest.mark.parametrize("name", sorted(SAMPLES.keys() - set(PLAIN)))
def test_a_type_that_pyarrow_unpickled_is_told_and_its_pickle_read(name):
    outcome = read(armed(name, system(proto=2)), name)
    assert referenced(outcome, "arrow.extension") == {("", "arrow.py_extension_type")}
    assert {each for each, _ in called(outcome)} == {"posix.system"}
    assert {("arrow-python-type", "medium"), ("pickle-runs-code", "critical")} <= rules(outcome, name)


def test_a_pickle_of_protocol_0_is_read_too():
    assert called(read(armed("extension.arrow", system(proto=0)), "a.arrow"))


def test_a_column_of_pickles_is_told_and_a_column_of_a_type_of_arrow_is_not():
    for name, found in ((b"ray.data.arrow_pickled_object", "high"), (b"arrow.json", None)):
        key = b"ARROW:extension:name"
        pair = b"\x59\x1c\x18" + text(key) + b"\x18" + text(name) + b"\0\0"
        severities = {severity for rule, severity in rules(read(parquet(pair)), "a") if rule == "arrow-pickled-column"}
        assert severities == ({found} if found else set())


def test_columns_in_other_files_are_named():
    paths = {fact.path for fact in read(SAMPLES["_metadata"]).facts}
    assert paths == {"part-0.parquet"}
    for path, found in ((b"part-0.parquet", set()), (b"../../x.parquet", {("parquet-path", "high")})):
        outcome = read(parquet(groups(b"\x18" + text(path))))
        assert [fact.path.encode() for fact in outcome.facts] == [path]
        assert rules(outcome, "a.parquet") == found


def test_a_pickle_in_the_metadata_is_read():
    pair = b"\x59\x1c\x18" + text(b"model") + b"\x18" + text(system(proto=2)) + b"\0\0"
    assert called(read(parquet(pair)))


@pytest.mark.parametrize("name", ["plain.arrow", "plain.parquet", "plain.stream.arrow"])
def test_what_nothing_leads_to_is_read(name):
    data = SAMPLES[name]
    if name == "plain.stream.arrow":
        outcome = read(data + system(proto=2))
    elif name == "plain.parquet":
        length = int.from_bytes(data[-8:-4], "little") + 8
        outcome = read(data[:-length] + system(proto=2) + data[-length:])
    else:
        length = int.from_bytes(data[-10:-6], "little") + 10
        outcome = read(data[:-length] + system(proto=2) + data[-length:])
    assert anomalies(outcome) == {"file.beside"}
    assert called(outcome)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_what_is_cut_off_is_never_clean(name):
    data = SAMPLES[name]
    for length in (13, 100, len(data) // 2, len(data) - 60):
        outcome = read(data[:length], name)
        assert outcome.account.unexplained or unread_reasons(outcome), length


def test_what_no_offset_of_a_schema_leads_to_is_read():
    payload = system(proto=2)
    payload += bytes(-len(payload) % 8)
    data = SAMPLES["plain.stream.arrow"]
    length = int.from_bytes(data[4:8], "little")
    data = data[:4] + struct.pack("<I", length + len(payload)) + data[8 : 8 + length] + payload + data[8 + length :]
    outcome = read(data)
    assert anomalies(outcome) == {"flatbuffer.gap"}
    assert called(outcome)


def test_an_encrypted_table_is_not_read():
    assert unread_reasons(read(b"PARE" + bytes(40) + b"\x10\0\0\0PARE")) == {"encrypted"}


def test_a_column_that_is_nowhere_is_broken():
    column = b"\x3c" + b"\x76\xd0\x0f" + b"\x26\x08" + b"\0"  # 7: 1,000 bytes, 9: at 4
    assert unread_reasons(read(parquet(groups(column), bytes(20)))) == {"broken"}


def test_only_the_description_of_a_large_table_is_fetched():
    size = 2_000_000
    column = b"\x3c" + b"\x76" + varint(size << 1) + b"\x26\x08" + b"\0"
    data = parquet(groups(column), b"\xfe\n" * (size // 2))
    outcome, held, rounds = scan_in_rounds(data, "a.parquet", scanners=SCANNERS, block=65_536)
    assert (outcome.facts, outcome.account.unexplained) == ((), 0)
    assert sum(span.length for span in held) < 300_000
    assert rounds <= 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x19",
        b"\x19\xfc" + b"\xff" * 12,
        b"\x1b\xff\xff\xff\xff\x0f\x11",
        b"\x1c" * 200,
        b"\x19\xf1\xff\xff\xff\x7f",
    ],
)
def test_values_of_thrift_that_do_not_hold_are_bent(data):
    with pytest.raises(Bent):
        Compact(data).skip(12)


@given(st.binary(max_size=60))
def test_any_bytes_are_values_of_thrift_or_bent(data):
    with contextlib.suppress(Bent):
        Compact(data).skip(12)


@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_whatever_is_bent_ends_well(name, data):
    mutated = bytearray(SAMPLES[name])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(-1200, 500))
        mutated[place % len(mutated)] = data.draw(st.integers(0, 255))
    try:
        outcome = read(bytes(mutated), name)
    except Truncated:
        pytest.fail("a reader let a cut pass")
    assert outcome.account.unexplained == 0 or unread_reasons(outcome) or anomalies(outcome)
