"""TFLite models: a FlatBuffer of operators and tensors, and behind it, often, a zip of labels (threats.md 6.5).

Builtin operators compute. Custom ones are looked up by name among what the program has registered; those that begin
with `Flex` are operations of TensorFlow, which the node definition in their options names once more, and that name is
the one that runs (tensorflow/lite/delegates/flex/kernel.cc). Buffers are numbers to every operator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanners.binary.flatbuffer import Flatbuffer
from scanners.binary.flatbuffer_parts import account, walked
from scanners.binary.flatbuffer_schemas import TFLITE
from scanners.binary.tf_paths import OPENERS
from scanners.binary.zip_records import LOCAL
from scanners.binary.zipdir import read_layout
from scanners.facts import Opens, Reference, clip, clip_name
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import Span

if TYPE_CHECKING:
    from scanners.source import Source

MARK: Final = b"TFL3"
_LEAST: Final = 16
"""Bytes of the shortest model: a root, a mark, a vtable and a table."""
_CUSTOM: Final = 32
"""The builtin code that says that the operator is a custom one; two fields hold it, and the greater counts."""
_FLEX: Final = "Flex"
_KEPT: Final = ("OperatorCode", "Operator", "Buffer", "StablehloCustomCallOptions", "ExternalBufferGroup")
_OPTIONS_MOST: Final = 1 << 16
_NODE_OP: Final = 2
"""The field of a tensorflow.NodeDef that names its operation (tensorflow/core/framework/node_def.proto)."""


def recognise(sample: Sample) -> bool:
    """Whether the identifier stands behind the root's offset."""
    return sample.head.startswith(MARK, 4)


def scan(source: Source, scan: Scan) -> None:
    """State which operators the model asks for, and account for its buffers."""
    marked = source.size >= _LEAST and source.read(4, 4) == MARK
    if not marked and not _is_unmarked(source):
        raise NotThisFormat
    buffer = walked(source, scan, TFLITE, "Model", _KEPT)
    for op in sorted(_operators(scan, buffer) | _options(source, scan, buffer)):
        _flex(scan, op)
    for group in buffer.found["ExternalBufferGroup"]:
        scan.state(Opens("tflite.external-buffer", clip(str(group.get("name", ""))), "a buffer", member=scan.member))
    _outside(source, scan, buffer)
    account(source, scan, buffer, lambda gap: _is_archive(source, scan, gap))


def _is_unmarked(source: Source) -> bool:
    """Whether a file without the mark, which some loaders don't look for, is a model all the same."""
    if source.size < _LEAST:
        return False
    buffer = Flatbuffer(source, TFLITE, _KEPT)
    buffer.walk("Model")
    return bool(buffer.found["OperatorCode"]) and not buffer.troubles


def _operators(scan: Scan, buffer: Flatbuffer) -> set[str]:
    """State the operators that are no builtin ones; the answer is which operations of TensorFlow are among them."""
    flex: set[str] = set()
    for code in buffer.found["OperatorCode"]:
        name = str(code.get("custom_code", ""))
        custom = _CUSTOM in {code.get("builtin_code", 0), code.get("deprecated_builtin_code", 0)}
        if name.startswith(_FLEX):
            flex.add(name.removeprefix(_FLEX))
        elif name or custom:
            scan.state(Reference("tflite.custom", "", clip_name(name), "called", member=scan.member))
    for call in buffer.found["StablehloCustomCallOptions"]:
        name = clip_name(str(call.get("target", "")))
        scan.state(Reference("tflite.custom", "stablehlo", name, "called", member=scan.member))
    return flex


def _flex(scan: Scan, op: str) -> None:
    """State an operation of TensorFlow; which path it opens is for the graph around it to compute."""
    scan.state(Reference("tf.op", "tf.raw_ops", clip_name(op), "called", member=scan.member))
    if (opener := OPENERS.get(op)) is not None:
        scan.state(Opens("tf.op.computed", "", f"{op} of a Flex operator", opener.writes, scan.member))


def _options(source: Source, scan: Scan, buffer: Flatbuffer) -> set[str]:
    """The operations of TensorFlow that the options of custom operators name."""
    spans = [each for operator in buffer.found["Operator"] if isinstance(each := operator.get("custom_options"), Span)]
    spans += [Span(at, at + size) for at, size in _far(buffer, "Operator") if at + size <= source.size]
    short = [span for span in dict.fromkeys(spans) if 0 < span.length <= _OPTIONS_MOST]
    if len(short) < len(set(spans)) and any(span.length > _OPTIONS_MOST for span in spans):
        scan.unread("limit", f"options of custom operators over {_OPTIONS_MOST} bytes")
    source.want(*short)
    told: set[str] = set()
    for span in short:
        data = source.read(span.start, span.length)
        buffer.examined.append(span)
        told |= set(_named(data))
    return told


def _named(options: bytes) -> list[str]:
    """The operations that the options name, where they are a FlexBuffer of a name and a node definition."""
    texts = _texts(options)
    if len(texts) < 2:
        return []
    return [op.decode("utf-8", "backslashreplace") for op in _fields(texts[1], _NODE_OP)]


def _texts(data: bytes) -> list[bytes]:
    """The texts of a FlexBuffer whose root is a vector of them (https://flatbuffers.dev/flexbuffers_internals).

    From the end: width of the root, its type, its value; the value of a vector or a text is the distance back to it,
    and its length stands before it.
    """
    vector, text = 10, 5
    if len(data) < 3 or data[-2] >> 2 != vector:
        return []
    width, root = 1 << (data[-2] & 3), len(data) - 2 - data[-1]
    start = root - _number(data, root, data[-1])
    count = _number(data, start - width, width)
    found: list[bytes] = []
    for index in range(min(count, 2)):
        place, kind = start + index * width, _number(data, start + count * width + index, 1)
        at = place - _number(data, place, width)
        if kind >> 2 == text:
            size = 1 << (kind & 3)
            found.append(data[max(0, at) : max(0, at + _number(data, at - size, size))])
    return found


def _number(data: bytes, at: int, width: int) -> int:
    return int.from_bytes(data[at : at + width], "little") if at >= 0 else 0


def _fields(message: bytes, number: int) -> list[bytes]:
    """All values of a field of bytes in a protocol buffer, as far as it can be read."""
    found: list[bytes] = []
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        match tag & 7:
            case 0:
                _, at = _varint(message, at)
            case 1:
                at += 8
            case 2:
                length, at = _varint(message, at)
                if tag >> 3 == number:
                    found.append(message[at : at + length])
                at += length
            case 5:
                at += 4
            case _:
                break
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 70:
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            break
    return value, at


# -- bytes outside of the FlatBuffer


def _far(buffer: Flatbuffer, table: str) -> list[tuple[int, int]]:
    """Where data lies that offsets from the start of the file name, as models over 2 GiB keep it."""
    found = [(each.get("offset", 0), each.get("size", 0)) for each in buffer.found[table]]
    return [(at, size) for at, size in found if isinstance(at, int) and isinstance(size, int) and at > 1]


def _outside(source: Source, scan: Scan, buffer: Flatbuffer) -> None:
    for at, size in (*_far(buffer, "Buffer"), *_far(buffer, "Operator")):
        if at + size <= source.size:
            buffer.inert.append(Span(at, at + size))
        else:
            scan.anomaly("flatbuffer.bounds", f"{size} bytes at {at} reach out of the {source.size}")
            scan.unread("broken", f"{size} bytes at {at}")


def _is_archive(source: Source, scan: Scan, gap: Span) -> bool:
    """Whether an archive begins at the gap: then the reader of archives has read the file as one."""
    if gap.stop != source.size or gap.length < _LEAST or source.read(gap.start, 4) != LOCAL:
        return False
    return bool(read_layout(source, scan.budget, lambda _: 0).members)


SCANNER = Scanner("tflite", 1, frozenset({".tflite", ".lite"}), recognise, scan)
