"""An outline says what the whole message says, in all but the leaves that it leaves out."""

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.binary.messages import message_class, parse
from scanners.binary.protobuf_wire import DEPTH, LONG, outline
from scanners.budget import Budget, LimitReached, Limits
from scanners.source import BytesSource, Span
from tests.craft.tensorflow import const, field, floats, function, graph, node, number, saved_model, tensor, varint

READ = node("ReadFile", "read", "path")


def read(data, name="GraphDef", limits=None):
    return parse(BytesSource(data), name, Budget(limits or Limits()))


def operations(parsed):
    return [each.op for each in parsed.message.node]


def test_what_is_short_is_what_the_library_makes_of_it():
    data = graph(const("path", "x"), READ)
    parsed = read(data)
    assert parsed.message == message_class("GraphDef").FromString(data)
    assert (parsed.leaves, parsed.numbers, parsed.unknown, parsed.strange, parsed.broken) == ({}, [], [], 0, "")


def test_long_numbers_and_texts_are_left_out_and_kept_in_mind():
    text = b"x" * (LONG + 1)
    data = graph(const("big", floats(5000)), READ, const("long", tensor(text)))
    parsed = read(data)
    assert operations(parsed) == [b"Const", b"ReadFile", b"Const"]
    assert [data[span.start : span.stop] for span in parsed.leaves.values()] == [b"\0\0\x80\x3f" * 5000, text]
    value = parsed.message.node[2].attr[1].value.tensor.string_val[0]
    assert parsed.content(BytesSource(data), value).read(0, LONG + 1) == text
    assert parsed.content(BytesSource(data), b"short") is None


def test_packed_numbers_of_a_field_are_left_out():
    data = number(1, 1) + field(5, bytes(4 * LONG)) + number(3, 7)
    parsed = read(data, "TensorProto")
    assert (parsed.numbers, parsed.message.version_number) == ([Span(len(data) - 2 - 4 * LONG, len(data) - 2)], 7)
    assert not parsed.message.float_val


def test_a_message_that_comes_twice_is_merged():
    big = const("big", floats(5000))
    first, second = graph(big), graph(READ)
    parsed = read(field(2, first) + field(2, second), "MetaGraphDef")
    assert [each.op for each in parsed.message.graph_def.node] == [b"Const", b"ReadFile"]
    parsed = read(field(1, field(2, "Const") + field(2, "ReadFile") + field(3, b"x" * LONG)))
    assert operations(parsed) == [b"ReadFile"]


@pytest.mark.parametrize("pad", [b"", const("big", floats(5000))], ids=["short", "long"])
@pytest.mark.parametrize(
    "strange",
    [
        field(99, b"x" * 20), number(99, 5), varint(99 << 3 | 5) + b"1234", varint(99 << 3 | 1) + b"12345678",
        number(1, 5), varint(1 << 3 | 5) + b"1234",
        varint(99 << 3 | 3) + field(1, "x") + varint(98 << 3 | 3) + varint(98 << 3 | 4) + varint(99 << 3 | 4),
        field(99, bytes(9000)),
    ],
    ids=["text", "number", "fixed32", "fixed64", "wire type", "wire type 5", "groups", "long"],
)  # fmt: skip
def test_fields_that_nobody_knows_are_counted(strange, pad):
    parsed = read(strange + graph(READ) + (field(1, pad) if pad else b"") + strange)
    assert b"ReadFile" in operations(parsed)
    assert parsed.broken == ""
    unknown = sum(span.length for span in parsed.unknown)
    assert unknown == 2 * len(strange)
    assert parsed.strange == 0


def test_fields_that_nobody_knows_inside_of_what_is_copied_are_counted():
    strange = number(99, 5)
    parsed = read(field(1, READ + strange))
    assert (operations(parsed), parsed.unknown, parsed.strange) == ([b"ReadFile"], [], len(strange))


@pytest.mark.parametrize(
    "end",
    [
        field(1, READ)[:-1], b"\x0a", b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", b"\x0c", b"\x0e", b"\x0f", b"\x00\x01",
        varint(99 << 3 | 3), varint(99 << 3 | 3) + varint(98 << 3 | 4), b"\x80" * 6, varint(99 << 3 | 1) + b"1", b"\x18" + b"\x80" * 11,
        (varint(99 << 3 | 3)) * 200,
    ],
    ids=lambda end: end[:12].hex(),
)  # fmt: skip
def test_what_stands_before_the_break_is_read(end):
    data = graph(READ) + end
    with pytest.raises(DecodeError):
        message_class("GraphDef").FromString(data)
    parsed = read(data)
    assert operations(parsed)[:1] == [b"ReadFile"]
    assert parsed.broken


def test_a_tag_with_more_bits_than_it_has_room_for_is_read_as_the_laxest_parser_does():
    lax = bytes([0x8A, 0x80, 0x80, 0x80, 0x70]) + varint(len(READ)) + READ
    parsed = read(lax)
    assert operations(parsed) == [b"ReadFile"]
    inner = field(1, node("NoOp") + bytes([0x92, 0x80, 0x80, 0x80, 0x70]) + varint(8) + b"ReadFile")
    parsed = read(inner)
    assert operations(parsed) == [b"ReadFile"]
    assert parsed.broken


def nested(depth):
    data = b""
    for level in range(depth):
        data = (varint(51 << 3 | 2) if level % 2 == 0 else b"\x0a") + varint(len(data)) + data
    return data, "StructuredValue" if depth % 2 else "ListValue"


@pytest.mark.parametrize("depth", [DEPTH - 2, DEPTH - 1, DEPTH, DEPTH + 1, DEPTH + 2, 3000])
def test_nesting_ends_where_the_libraries_end_it(depth):
    data, name = nested(depth)
    assert bool(read(data, name).broken) == (depth > DEPTH)


def test_an_outline_that_is_too_large_is_a_limit():
    with pytest.raises(LimitReached):
        read(graph(*[READ] * 3000), limits=Limits(whole=50_000))


def test_what_is_nested_counts_once():
    data = saved_model(functions=[function("f", *[READ] * 2000)])
    assert read(data, "SavedModel", Limits(whole=len(data) + 2000 * 8)).broken == ""


def test_a_token_that_is_forged_leads_to_nothing():
    data = graph(const("a", tensor(b"\xff\x00" + bytes(16))), const("big", floats(5000)))
    parsed = read(data)
    assert parsed.content(BytesSource(data), parsed.message.node[0].attr[1].value.tensor.string_val[0]) is None


MODEL = saved_model(const("path", "x"), READ, const("big", floats(2000)), functions=[])


@given(st.binary(max_size=200), st.sampled_from(["GraphDef", "SavedModel", "TensorProto", "StructuredValue"]))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_read_as_the_library_reads_them_or_not_at_all(data, name):
    try:
        expected = message_class(name).FromString(data)
    except DecodeError:
        expected = None
    parsed = read(data, name)
    if expected is not None:
        expected.DiscardUnknownFields()
        assert parsed.message == expected
        assert not parsed.broken


@given(at=st.integers(0, len(MODEL)), value=st.integers(0, 255), cut=st.integers(0, len(MODEL)))
@settings(max_examples=150, deadline=None)
def test_a_message_that_the_library_refuses_is_broken(at, value, cut):
    data = (MODEL[:at] + bytes([value]) + MODEL[at + 1 :])[:cut]
    parsed = read(data, "SavedModel")
    try:
        message_class("SavedModel").FromString(data)
    except DecodeError:
        assert parsed.broken
    else:
        assert not parsed.broken


@given(data=st.binary(max_size=60))
@settings(max_examples=100, deadline=None)
def test_copying_nothing_says_the_same(data):
    kind = message_class("GraphDef")
    both = [outline(BytesSource(data), kind.DESCRIPTOR, lambda _: None, copied=copied) for copied in (0, LONG)]
    if not any(each.broken for each in both):
        messages = [kind.FromString(each.data) for each in both if _parses(kind, each.data)]
        for message in messages:
            message.DiscardUnknownFields()
        assert len(messages) < 2 or messages[0] == messages[1]


def _parses(kind, data):
    try:
        kind.FromString(data)
    except DecodeError:
        return False
    return True
