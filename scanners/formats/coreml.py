"""Core ML: models as protocol buffers, and the weights beside them (threats.md 7.3).

Layers and operations compute, except for custom ones: the program that loads the model brings a class by that name.
What a model was made of before it was serialised for one framework of Apple's, nobody else reads.

    weights = { count u32, version u32 = 2, zeros to 64 } then for each blob, at the next multiple of 64:
              { 0xDEADBEEF, type u32, bytes u64, offset u64, zeros to 64 } and its numbers

(coremltools, mlmodel/src/MILBlob/Blob/StorageFormat.hpp). Numbers are inert. A program that was compiled (.mlmodelc)
stands as text in `model.mil`, where `BLOBFILE(path = …)` names a file of weights.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Any, Final

from scanners.binary import embedded
from scanners.binary.messages import every, parse
from scanners.binary.read_ahead import Ahead
from scanners.binary.stated import Stated
from scanners.binary.tf_messages import first_fields
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import BytesSource

if TYPE_CHECKING:
    from scanners.binary.messages import Parsed
    from scanners.source import Source

_VERSION_MOST: Final = 64
_DESCRIPTION: Final = 2
_DESCRIBES: Final = frozenset((1, 10, 11, 12, 13, 20, 21, 50))
"""Fields of a description; every one begins with what goes in or out."""
_KINDS: Final = range(200, 3001)
"""Fields of a model that say what kind it is."""
_UPDATABLE: Final = 10
_OPAQUE: Final = frozenset(("textClassifier", "wordTagger", "gazetteer", "wordEmbedding", "serializedModel"))
"""Kinds of models that hold what a framework of Apple's has serialised."""
_PARTS_MOST: Final = 64


def recognise(sample: Sample) -> bool:
    """Whether the first fields are those of a model: a version, a description, and what kind it is."""
    head = sample.head
    if len(head) < 4 or head[0] != 8 or not 0 < head[1] < _VERSION_MOST:
        return False
    description = next((part for part in first_fields(head[2:])), None)
    if description is None or description.number != _DESCRIPTION:
        return False
    first = next(first_fields(description.value), None)
    tag = head[2 + description.stop : 4 + description.stop]
    if first is None or first.number not in _DESCRIBES or len(tag) < 2:
        return False
    number = tag[0] >> 3 if tag[0] < 0x80 else (tag[0] & 0x7F | tag[1] << 7) >> 3
    return number == _UPDATABLE or number in _KINDS


def scan(source: Source, scan: Scan) -> None:
    """State what the model asks for, and account for its numbers."""
    parsed = parse(source, "coreml.Model", scan.budget)
    message = parsed.message
    kinds = [field for field, _ in message.ListFields() if field.number in _KINDS]
    if not 0 < message.specificationVersion < _VERSION_MOST or not (kinds or message.HasField("description")):
        raise NotThisFormat
    parsed.account(scan, "Model")
    _Model(source, scan, parsed).state()


class _Model:
    """One model, stated."""

    def __init__(self, source: Source, scan: Scan, parsed: Parsed) -> None:
        self._source, self._scan, self._parsed = source, scan, parsed
        self._stated = Stated(scan)
        self._parts = 0

    def state(self) -> None:
        """State all that the model asks for."""
        for each in every(self._parsed.message):
            match each.DESCRIPTOR.name:
                case "Model":
                    for field, _ in each.ListFields():
                        if field.name in _OPAQUE:
                            self._scan.unread("no-reader", f"{field.name} of Core ML")
                case "Custom":
                    self._stated.name("coreml.custom", "", self._text(each.className))
                    self._data(each.description)
                case "Operation":
                    self._operation(each)
                case "Layer":
                    for field, _ in each.ListFields():
                        if field.number >= 100:
                            self._stated.name("coreml.op", "neural_network", field.name)
                case "LinkedFile":
                    path, search = each.linkedModelFileName.defaultValue, each.linkedModelSearchPath.defaultValue
                    self._stated.opens("coreml.linked", self._text(path), self._text(search))
                case "BlobFile":
                    self._stated.opens("coreml.weights", self._text(each.fileName), "a tensor")
                case "Text" | "CustomValue":
                    for field, value in each.ListFields():
                        if field.type == field.TYPE_BYTES:
                            self._data(value)
        if self._parts > _PARTS_MOST:
            self._scan.unread("limit", f"{self._parts} files in texts, {_PARTS_MOST} are read")

    def _text(self, value: bytes) -> str:
        return self._parsed.text(self._source, value)

    def _operation(self, operation: Any) -> None:
        """State an operation of a program; a custom one names its class in an attribute."""
        name = self._text(operation.type)
        self._stated.name("coreml.op", "mil", name)
        if "custom" in name:
            entries = [*operation.attributes, *operation.inputs]
            named = [each for entry in entries if entry.key == b"class_name" for each in every(entry.value)]
            texts = [text for each in named if each.DESCRIPTOR.name == "Strings" for text in each.values]
            for text in texts or [operation.type]:
                self._stated.name("coreml.custom", "", self._text(text))

    def _data(self, value: bytes) -> None:
        """Hand on a text or bytes that are a file."""
        content = self._parsed.content(self._source, value) or BytesSource(value)
        if kind := embedded.kind_of(content):
            self._parts += 1
            if self._parts <= _PARTS_MOST:
                embedded.hand_on(self._scan, content, kind, f"text-{self._parts}")


# -- weights

_BLOCK: Final = 64
_HEADER: Final = struct.Struct("<II56x")
_BLOB: Final = struct.Struct("<IIQQ40x")
_SENTINEL: Final = 0xDEADBEEF
_WEIGHTS: Final = 2


def _are_weights(sample: Sample) -> bool:
    head = sample.head
    return (
        len(head) >= 2 * _BLOCK
        and head[4:_BLOCK] == _WEIGHTS.to_bytes(4, "little") + bytes(_BLOCK - 8)
        and head[_BLOCK : _BLOCK + 4] == _SENTINEL.to_bytes(4, "little")
    )


def _scan_weights(source: Source, scan: Scan) -> None:
    """Walk from blob to blob; what is between them fills up a block."""
    ahead = Ahead(source)
    count, version = _HEADER.unpack(ahead.take(_BLOCK))
    if version != _WEIGHTS:
        raise NotThisFormat
    scan.account.examined(0, _BLOCK)
    for number in range(count):
        place = ahead.at
        if place + _BLOCK > source.size:
            scan.unread("broken", f"{number} blobs of {count}", offset=place)
            return
        sentinel, _, size, offset = _BLOB.unpack(ahead.take(_BLOCK))
        if sentinel != _SENTINEL or offset != ahead.at or size > source.size - offset:
            scan.unread("broken", f"blob {number} is not where the last one ends", offset=place)
            return
        scan.account.examined(place, offset)
        stop = min(source.size, -(-(offset + size) // _BLOCK) * _BLOCK)
        scan.account.inert(offset, stop)
        ahead.step_over(stop - offset)


# -- programs as text

_PROGRAM: Final = re.compile(rb"\s*program\s*\(\s*\d")
_BLOB_FILE: Final = re.compile(r"\bBLOBFILE\b(?:\s*\(\s*path\s*=[^\"()]*\(\s*\"((?:[^\"\\]|\\.)*)\")?")
_CLASS: Final = re.compile(r"\bclass_name\s*=[^\"()]*\(\s*\"((?:[^\"\\]|\\.)*)\"")
_CALLED: Final = re.compile(r"=\s*(?!(?:string|bool|dict|list|tuple|tensor|bf16|u?int\d+|fp\d+)\b)([A-Za-z]\w*)\s*\(")


def _scan_text(source: Source, scan: Scan) -> None:
    """State the operations of a program as text, and the files that it names."""
    if not _PROGRAM.match(source.read(0, min(256, source.size))):
        raise NotThisFormat
    scan.budget.hold(source.size, "a program as text")
    text = source.read(0, source.size).decode("utf-8", "backslashreplace")
    stated = Stated(scan)
    for path in _BLOB_FILE.findall(text):
        if path:
            stated.opens("coreml.weights", path, "a tensor")
        else:
            scan.unread("unknown", "a file of weights whose name cannot be told")
    for name in _CLASS.findall(text):
        stated.name("coreml.custom", "", name)
    for name in _CALLED.findall(text):
        stated.name("coreml.op", "mil", name)
    scan.account.examined(0, source.size)


SCANNER = Scanner("coreml", 2, frozenset({".mlmodel"}), recognise, scan)
WEIGHTS = Scanner("coreml.weights", 1, frozenset(), _are_weights, _scan_weights)
PROGRAMS = Scanner(
    "coreml.mil", 1, frozenset({".mil"}), lambda sample: _PROGRAM.match(sample.head) is not None, _scan_text, whole=True
)
