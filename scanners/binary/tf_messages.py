"""Which message of TensorFlow some bytes are: protocol buffers do not say it themselves.

Rule 1: what a name or an operation calls for is tried whole, whatever the order of its fields.
Rule 2: of content alone the first fields decide, and they have to fit deep and with names, so that no file of numbers
and no other protocol buffer is taken for one of TensorFlow's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from scanners.binary.messages import Parsed, message_class, parse
from scanners.binary.protobuf_wire import LONG
from scanners.scanner import HEAD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from scanners.budget import Budget
    from scanners.source import Source

_OPERATION: Final = re.compile(rb"[A-Za-z_>][\w>.\-/]*", re.ASCII)
_NAME: Final = re.compile(rb"[\w.^>][\w>.\-/\\]*", re.ASCII)
_VERSION: Final = re.compile(rb"\d+\.\d+\.\w[\w.+-]*", re.ASCII)


class Kind(NamedTuple):
    """A message that a file may be."""

    message: str
    format: str
    fits: Callable[[Any], bool]
    """Whether what was parsed says that it is this message, and not just any bytes that parse."""


def _nodes(nodes: Iterable[Any]) -> bool:
    return any(_OPERATION.fullmatch(node.op) and _NAME.fullmatch(node.name) for node in nodes)


def _function(function: Any) -> bool:
    return _NAME.fullmatch(function.signature.name) is not None and _nodes(function.node_def)


def _library(library: Any) -> bool:
    return any(map(_function, library.function))


def _graph(graph: Any) -> bool:
    return _nodes(graph.node) or _library(graph.library)


def _meta(meta: Any) -> bool:
    return _graph(meta.graph_def) or _VERSION.fullmatch(meta.meta_info_def.tensorflow_version) is not None


def _keras(metadata: Any) -> bool:
    return any(node.identifier.startswith(b"_tf_keras_") or node.metadata.startswith(b"{") for node in metadata.nodes)


KINDS: Final = (
    Kind("SavedModel", "tf.saved_model", lambda model: any(map(_meta, model.meta_graphs))),
    Kind("MetaGraphDef", "tf.meta_graph", _meta),
    Kind("GraphDef", "tf.graph", _graph),
    Kind("SavedMetadata", "tf.keras_metadata", _keras),
    Kind("FunctionDefLibrary", "tf.functions", _library),
    Kind("FunctionDef", "tf.function", _function),
)
FINGERPRINT: Final = Kind(
    "FingerprintDef",
    "tf.fingerprint",
    lambda print_: bool(print_.saved_model_checksum and print_.graph_def_program_hash and print_.HasField("version")),
)
"""Numbers and nothing else: only its name tells it from other messages."""


def read(source: Source, kinds: Iterable[Kind], budget: Budget) -> tuple[Kind, Parsed] | None:
    """The first of these messages that the source holds from end to end, as far as it is one; None for none.

    What the source begins like is tried first.
    """
    like = begins_like(source.read(0, min(HEAD, source.size)), source.size)
    for kind in sorted(kinds, key=lambda kind: kind.message != like):
        parsed = parse(source, kind.message, budget)
        if kind.fits(parsed.message):
            return kind, parsed
    return None


_WRITTEN_OUT: Final = tuple(kind for kind in KINDS if kind.message != "SavedMetadata")
"""What operations read from a text, and everything that holds it."""
_LAX: Final = re.compile(rb"[\x80-\xff]{4}[\x10-\x7f]")
"""A tag with more bits than it has room for: C++ reads it, other parsers do not."""


def written_out(content: Source, budget: Budget) -> bool:
    """Whether a text holds a graph, or what holds graphs."""
    if content.size > LONG:
        return read(content, _WRITTEN_OUT, budget) is not None
    data = content.read(0, content.size)
    if _LAX.search(data):
        return read(content, _WRITTEN_OUT, budget) is not None
    return any(_is(kind, data) for kind in _WRITTEN_OUT)


def _is(kind: Kind, data: bytes) -> bool:
    """What `read` says, sooner: there may be a hundred thousand short texts."""
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - late, because it is heavy

    try:
        return kind.fits(message_class(kind.message).FromString(data))
    except DecodeError:
        return False


# --- by the beginning ------------------------------------------------------------------------------------------------


class _Part(NamedTuple):
    number: int
    value: bytes
    """As much of it as there is."""
    stop: int
    """Where it ends, counted in the message that it is a field of."""


def first_fields(data: bytes) -> Iterator[_Part]:
    """The fields of a message whose beginning this is, while they hold bytes or small numbers."""
    at = 0
    while at + 1 < len(data):
        tag, at = data[at], at + 1
        length = shift = 0
        while at < len(data) and shift < 63:
            length |= (data[at] & 0x7F) << shift
            shift, at = shift + 7, at + 1
            if data[at - 1] < 0x80:
                break
        if tag >= 0x80 or tag & 7 not in (0, 2) or tag < 8:
            return
        start, at = at, at + (length if tag & 7 else 0)
        yield _Part(tag >> 3, data[start:at], at)


def _first(data: bytes, *numbers: int) -> bytes | None:
    """What the first fields hold, one in the other, if they have these numbers and lengths that fit."""
    for depth, number in enumerate(numbers):
        part = next(first_fields(data), None)
        if part is None or part.number != number or (depth and part.stop > len(data)):
            return None
        data = part.value
    return data


def _begins_node(data: bytes) -> bool:
    parts = [part for _, part in zip(range(2), first_fields(data), strict=False)]
    return (
        [part.number for part in parts] == [1, 2]
        and _NAME.fullmatch(parts[0].value) is not None
        and _OPERATION.fullmatch(parts[1].value) is not None
    )


def _begins_info(data: bytes) -> bool:
    """Whether this is the beginning of a MetaInfoDef: it lists operations, or says its version."""
    for part in first_fields(data):
        if part.number == 2:
            operation = next(first_fields(part.value), None)
            name = next(first_fields(operation.value), None) if operation and operation.number == 1 else None
            return name is not None and name.number == 1 and _OPERATION.fullmatch(name.value) is not None
        if part.number == 5:
            return _VERSION.fullmatch(part.value) is not None
        if part.number not in (1, 4, 7):
            return False
    return False


def begins_like(head: bytes, size: int) -> str:
    """The message of TensorFlow that a file of `size` bytes is if it begins like this, "" for none."""
    parts = [part for _, part in zip(range(2), first_fields(head), strict=False)]
    if not parts or parts[-1].stop > size:
        return ""
    if [part.number for part in parts] == [1, 2] and head[:1] == b"\x08":
        info = next(first_fields(parts[1].value), None)
        return "SavedModel" if info is not None and info.number == 1 and _begins_info(info.value) else ""
    if parts[0].number != 1 or head[:1] != b"\n":
        return ""
    first = parts[0].value
    if _begins_node(first):
        return "GraphDef"
    if _begins_info(first):
        return "MetaGraphDef"
    keras = any(part.number == 4 and part.value.startswith(b"_tf_keras_") for part in first_fields(first))
    return "SavedMetadata" if keras else ""
