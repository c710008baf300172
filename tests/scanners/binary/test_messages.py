"""What is compiled says what the `.proto` says."""

import re
from pathlib import Path

import pytest

from scanners.binary.messages import message_class

PROTOS = {path.stem: path.read_text() for path in (Path(__file__).parents[3] / "scanners" / "protos").glob("*.proto")}
NAMES = {
    1: "double", 2: "float", 3: "int64", 4: "uint64", 5: "int32", 6: "fixed64", 7: "fixed32", 8: "bool", 12: "bytes",
    13: "uint32", 17: "sint32", 18: "sint64",
}  # fmt: skip


def written(proto):
    for name, body in re.findall(r"^message (\w+) \{(.*?)\}", proto, re.DOTALL | re.MULTILINE):
        fields = re.findall(r"(repeated )?(\w+) (\w+) = (\d+);", body)
        yield name, [(int(number), field, kind, bool(repeated)) for repeated, kind, field, number in fields]


def compiled(name):
    for field in message_class(name).DESCRIPTOR.fields:
        kind = field.message_type or field.enum_type
        yield field.number, field.name, kind.name if kind else NAMES[field.type], field.is_repeated


@pytest.mark.parametrize("package", PROTOS)
def test_the_compiled_messages_are_those_of_the_proto(package):
    messages = dict(written(PROTOS[package]))
    assert len(messages) >= 6
    for name, fields in messages.items():
        assert sorted(fields) == sorted(compiled(f"{package}.{name}")), f"{name}: run `make protos`"


@pytest.mark.parametrize("package", PROTOS)
def test_no_text_has_to_be_utf_8(package):
    assert not re.search(r"^\s+(repeated )?(string|map<)", PROTOS[package], re.MULTILINE)
    assert "oneof" not in PROTOS[package].partition("syntax")[2]
