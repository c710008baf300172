"""TensorFlow's graphs: SavedModels, MetaGraphs, frozen graphs, and Keras' metadata beside them (threats.md 6.4).

Each is one protocol buffer (scanners/protos/tensorflow.proto), in binary or as text. Operations are stated wherever
they stand: in the graph, in functions, and in graphs that are written out in a text or a constant, at any depth.
Numbers are inert: nothing but arithmetic ever sees them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from scanners.binary import embedded
from scanners.binary.messages import Parsed, leaves, message_class, parse
from scanners.binary.tf_graph import Graph, text
from scanners.binary.tf_messages import FINGERPRINT, KINDS, begins_like, read, written_out
from scanners.binary.tf_tensors import STRING, packed
from scanners.budget import Budget, LimitReached, Limits
from scanners.facts import Opens, clip
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import BytesSource, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scanners.source import Source

_NAMES_ONLY: Final = frozenset(
    "name op input device key type_url full_name local_name node_path identifier shape tensor_shape debug_info"
    " experimental_debug_info experimental_type".split()
)
"""Fields of names, and of messages that hold nothing else: no operation takes them for content."""
_GRAPH_LEAST: Final = 10
"""Bytes of the shortest graph with a node that has a name and an operation."""
_PARTS_MOST: Final = 4096
_TEXT_MOST: Final = 8 << 20
"""Bytes of the longest message as text; the library reads about a megabyte of it in a second."""
_TEXTUAL: Final = re.compile(
    rb"(?:[ \t\r\n]|#[^\n]*\n)*(?:saved_model_schema_version[ \t]*:"
    rb"|(?:meta_graphs|meta_info_def|graph_def|node|library)[ \t]*:?[ \t]*[{<])"
)
_ASSETS: Final = b"saved_model_assets"


def recognise(sample: Sample) -> bool:
    """Whether the first fields are those of a message of TensorFlow."""
    return bool(begins_like(sample.head, sample.size)) or _TEXTUAL.match(sample.head) is not None


def scan(source: Source, scan: Scan) -> None:
    """Read the message that this is, and state what its graphs do."""
    if _TEXTUAL.match(source.read(0, min(4096, source.size))):
        _scan_text(source, scan)
        return
    kinds = (*KINDS, FINGERPRINT) if scan.name.rpartition("/")[2].lower().startswith("fingerprint") else KINDS
    found = read(source, kinds, scan.budget)
    if found is None:
        raise NotThisFormat
    kind, parsed = found
    scan.format = kind.format
    parsed.account(scan, kind.message)
    _Reader(source, scan, parsed).state(parsed.message)


def _scan_text(source: Source, scan: Scan) -> None:
    """Read a message that is written as text, in the format of the protobuf library."""
    from google.protobuf import text_format  # noqa: PLC0415 - late, because it is heavy

    if source.size > _TEXT_MOST:
        raise LimitReached("text", f"a message as text of {source.size} bytes, over {_TEXT_MOST}")
    data = source.read(0, source.size).decode("utf-8", "backslashreplace")
    for kind in KINDS[:3]:
        message, broken = message_class(kind.message)(), ""
        try:
            text_format.Parse(data, message)
        except (text_format.ParseError, RecursionError, ValueError) as error:
            broken = clip(str(error))
        if kind.fits(message):
            break
    else:
        raise NotThisFormat
    scan.format = f"{kind.format}.text"
    if broken:
        scan.unread("broken", f"no {kind.message} as text: {broken}")
    else:
        scan.account.examined(0, source.size)
    _Reader(source, scan, Parsed(message, {}, [], [], 0, broken)).state(message)


class _Reader:
    """The statements about one message."""

    def __init__(self, source: Source, scan: Scan, parsed: Parsed) -> None:
        self._source, self._scan, self._parsed = source, scan, parsed
        self._parts = 0

    def state(self, message: Any) -> None:
        """State what the message asks for, and look into the constants that it holds."""
        # One round for the beginnings of all of them.
        self._source.want(*(Span(span.start, span.start + embedded.HEAD) for span in self._parsed.leaves.values()))
        match message.DESCRIPTOR.name:
            case "SavedModel":
                for meta in message.meta_graphs:
                    self._meta(meta)
            case "MetaGraphDef":
                self._meta(message)
            case "GraphDef":
                Graph(message, self._content).state(self._scan)
            case "FunctionDefLibrary":
                Graph(message_class("GraphDef")(library=message), self._content).state(self._scan)
            case "FunctionDef":
                library = message_class("FunctionDefLibrary")(function=[message])
                Graph(message_class("GraphDef")(library=library), self._content).state(self._scan)
            case "SavedMetadata":
                for node in message.nodes:
                    self._json(node.metadata, f"{text(node.node_path)}/metadata.json")
        for value, numbers in _constants(message, self._content):
            self._constant(value, numbers=numbers)
        if self._parts > _PARTS_MOST:
            self._scan.unread("limit", f"more than {_PARTS_MOST} files in constants")

    def _source_of(self, value: bytes) -> Source:
        return self._parsed.content(self._source, value) or BytesSource(value)

    def _content(self, value: bytes) -> bytes:
        """What a value is, whole."""
        content = self._parsed.content(self._source, value)
        if content is None:
            return value
        self._scan.budget.hold(content.size, "a text")
        return content.read(0, content.size)

    def _meta(self, meta: Any) -> None:
        Graph(meta.graph_def, self._content, meta).state(self._scan)
        assets = list(meta.asset_file_def)
        for collection in meta.collection_def:
            if collection.key == _ASSETS:
                assets += [_asset(each.value) for each in collection.value.any_list.value]
        for asset in assets:
            name = text(self._content(asset.filename))
            self._scan.state(
                Opens("tf.asset", clip(name), clip(text(asset.tensor_info.name)), member=self._scan.member)
            )
        for number, each in enumerate(meta.object_graph_def.nodes):
            if each.user_object.metadata.strip():
                self._json(each.user_object.metadata, f"objects/{number}/metadata.json")

    def _json(self, value: bytes, name: str) -> None:
        content = self._source_of(value)
        if content.size:
            self._scan.inside(content, name)

    def _constant(self, value: bytes, *, numbers: bool) -> None:
        """Hand on what a constant holds, if it is a graph or a file of its own."""
        if len(value) < _GRAPH_LEAST or self._parts > _PARTS_MOST:
            return
        content = self._source_of(value)
        span = self._parsed.leaves.get(value)
        name = f"constant@{span.start}" if span else f"constant-{self._parts + 1}"
        if not numbers and written_out(content, self._scan.budget):
            self._parts += 1
            self._scan.inside(content, f"{name}.pb")
        elif kind := embedded.kind_of(content):
            self._parts += bool(embedded.hand_on(self._scan, content, kind, name)[0])


def _asset(value: bytes) -> Any:
    """The AssetFileDef that an Any of the collection of assets holds."""
    return parse(BytesSource(value), "AssetFileDef", Budget(Limits())).message


def _constants(message: Any, content: Callable[[bytes], bytes]) -> Iterator[tuple[bytes, bool]]:
    """Every constant and text of a message that is no name, and whether it is numbers."""
    for holder, field, value in leaves(message, _NAMES_ONLY):
        if field != "tensor_content":
            yield value, False
        elif holder.dtype != STRING:
            yield value, True
        else:
            yield from ((each, False) for each in packed(content(value), holder))


SCANNER = Scanner("tensorflow", 4, frozenset((".pb", ".meta", ".pbtxt", "fingerprint")), recognise, scan)
