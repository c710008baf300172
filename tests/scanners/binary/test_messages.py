"""What is compiled says what the `.proto` says."""

import re
from pathlib import Path

from scanners.binary.messages import message_class

PROTO = (Path(__file__).parents[3] / "scanners" / "protos" / "tensorflow.proto").read_text()
NAMES = {
    1: "double", 2: "float", 3: "int64", 4: "uint64", 5: "int32", 6: "fixed64", 7: "fixed32", 8: "bool", 12: "bytes",
    13: "uint32", 17: "sint32", 18: "sint64",
}  # fmt: skip


def written():
    for name, body in re.findall(r"^message (\w+) \{(.*?)\}", PROTO, re.DOTALL | re.MULTILINE):
        fields = re.findall(r"(repeated )?(\w+) (\w+) = (\d+);", body)
        yield name, [(int(number), field, kind, bool(repeated)) for repeated, kind, field, number in fields]


def compiled(name):
    for field in message_class(name).DESCRIPTOR.fields:
        kind = field.message_type or field.enum_type
        yield field.number, field.name, kind.name if kind else NAMES[field.type], field.is_repeated


def test_the_compiled_messages_are_those_of_the_proto():
    messages = dict(written())
    assert len(messages) > 80
    for name, fields in messages.items():
        assert sorted(fields) == sorted(compiled(name)), f"{name}: run `make protos`"


def test_no_text_has_to_be_utf_8():
    assert not re.search(r"^\s+(repeated )?(string|map<)", PROTO, re.MULTILINE)
    assert "oneof" not in PROTO.partition("syntax")[2]
