"""What an ONNX model asks for: operators, files with its tensors, and memory.

Tensors stand in graphs, in attributes, in functions and in what describes training, at any depth, so every message is
looked at, wherever it is. An operator that the model defines by a function of its own asks for nothing more.
"""

from __future__ import annotations

import re
from collections import defaultdict
from math import prod
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from scanners.binary import embedded
from scanners.binary.messages import every, leaves
from scanners.facts import Opens, Reference, clip, clip_name
from scanners.source import BytesSource, Span

if TYPE_CHECKING:
    from scanners.binary.messages import Parsed
    from scanners.facts import AnomalyCode, OpensKind
    from scanners.scanner import Scan
    from scanners.source import Source

_STANDARD: Final = "ai.onnx"
_KEYS: Final = frozenset((b"location", b"offset", b"length", b"checksum", b"basepath"))
_EXTERNAL: Final = 1
_NATURAL: Final = re.compile(rb"\s*[0-9]{1,18}\s*")
_BITS: Final = {
    number: bits
    for bits, numbers in {
        2: (25, 26), 4: (21, 22, 23), 6: (27, 28), 8: (2, 3, 9, 17, 18, 19, 20, 24), 16: (4, 5, 10, 16),
        32: (1, 6, 12), 64: (7, 11, 13, 14), 128: (15,),
    }.items()
    for number in numbers
}  # fmt: skip
"""Of an element, by TensorProto.DataType."""
_INT64: Final = 7
_MEMORY_MOST: Final = 1 << 34
"""Bytes, and a quarter of them in elements: one tensor of a model needs no more."""
_STEPS_MOST: Final = 10_000_000
"""Nodes of a model whose functions are all written out."""
_SHAPE_MOST: Final = 64
_SHAPED: Final = {"ConstantOfShape": 0, "Expand": 1, "Tile": 1}
"""Which input says how large the output gets."""
_RANDOM: Final = frozenset(("RandomNormal", "RandomUniform"))
_STATED_MOST: Final = 32
_PATHS_MOST: Final = 1024
_PARTS_MOST: Final = 256
_TEXT_MOST: Final = 65_536
"""Bytes of a text that are looked into."""
_NUMBERS_ONLY: Final = frozenset(("raw_data", "input", "output", "name", "op_type", "domain", "dim_param"))
"""Fields that are long and hold no text, or that every node has."""
_DESCRIBED: Final = frozenset(("ModelProto", "GraphProto", "FunctionProto"))
"""What people describe; exporters put the place in their source into every node."""
_CODE: Final = re.compile(
    rb"_target_|<script|\A#!|\b__import__\b|\b(?:exec|eval|compile)\s*\(|\bos\.(?:system|popen)|\bsubprocess\b"
)


class _Operator(NamedTuple):
    domain: str
    name: str


class Model:
    """One model, stated."""

    def __init__(self, source: Source, scan: Scan, parsed: Parsed) -> None:
        self._source, self._scan, self._parsed = source, scan, parsed
        self._told: defaultdict[AnomalyCode, dict[str, None]] = defaultdict(dict)
        self._opened: dict[tuple[OpensKind, str], None] = {}
        self._parts = 0
        self._constants: defaultdict[bytes, list[list[int]]] = defaultdict(list)

    def state(self) -> None:
        """State all that the model asks for."""
        message = self._parsed.message
        nodes = []
        for each in every(message):
            match each.DESCRIPTOR.name:
                case "TensorProto":
                    self._tensor(each)
                case "NodeProto":
                    nodes.append(each)
        functions = self._functions(message)
        operators: dict[_Operator, None] = {}
        for node in nodes:
            operators[self._operator(node)] = None
            self._constant(node)
        for operator in operators:
            if operator not in functions:
                domain, name = clip_name(operator.domain), clip_name(operator.name)
                self._scan.state(Reference("onnx.op", domain, name, "called", member=self._scan.member))
        for node in nodes:
            self._grows(node)
            if node.op_type == b"EPContext":
                self._context(node)
        self._texts(message)
        for code, details in self._told.items():
            for detail in list(details)[:_STATED_MOST]:
                self._scan.anomaly(code, detail)
        if len(self._opened) > _PATHS_MOST:
            self._scan.unread("limit", f"{len(self._opened)} files, {_PATHS_MOST} are stated")

    def _text(self, value: bytes) -> str:
        return self._parsed.text(self._source, value)

    def _operator(self, node: Any) -> _Operator:
        return _Operator(self._text(node.domain) or _STANDARD, self._text(node.op_type))

    def _open(self, kind: OpensKind, path: str, by: str) -> None:
        if (kind, path) not in self._opened and len(self._opened) < _PATHS_MOST:
            self._scan.state(Opens(kind, clip(path), clip(by), member=self._scan.member))
        self._opened[kind, path] = None

    # -- tensors

    def _tensor(self, tensor: Any) -> None:
        name = self._text(tensor.name)
        size = self._size(tensor, name)
        entries = [(each.key, each.value) for each in tensor.external_data]
        if not entries:
            if tensor.data_location == _EXTERNAL:
                self._told["onnx.external-bounds"][f"{name}: no place"] = None
            elif size is not None:
                self._holds(tensor, name, size)
            if tensor.data_type == _INT64:
                self._numbers(tensor.name, tensor)
            return
        seen: set[bytes] = set()
        for key, value in entries:
            if key not in _KEYS or key in seen:
                self._told["onnx.external-key"][self._text(key) if key not in seen else f"{self._text(key)} twice"] = (
                    None
                )
            elif key in {b"offset", b"length"}:
                number = int(value) if _NATURAL.fullmatch(value) else None
                if number is None or (key == b"length" and size is not None and number < size):
                    what = f"{name}: {self._text(key)} of {self._text(value)}"
                    self._told["onnx.external-bounds"][what] = None
            seen.add(key)
            if key == b"location":
                self._open("onnx.external-data", self._text(value), name)
        if b"location" not in seen:
            self._told["onnx.external-bounds"][f"{name}: no location"] = None

    def _size(self, tensor: Any, name: str) -> int | None:
        """The bytes that a tensor takes, None where nobody knows."""
        dims = list(tensor.dims[: _SHAPE_MOST + 1])
        elements = prod(dims) if min(dims, default=0) >= 0 and len(dims) <= _SHAPE_MOST else -1
        if elements < 0 or elements >= 1 << 63:
            self._told["onnx.tensor-size"][f"{name}: a shape of {dims}"] = None
            return None
        bits = _BITS.get(tensor.data_type)
        return bits and -(-elements * bits // 8)

    def _holds(self, tensor: Any, name: str, size: int) -> None:
        """Hold a tensor to its shape."""
        content = self._parsed.leaves.get(tensor.raw_data)
        length = content.length if content else len(tensor.raw_data)
        if length and length != size:
            self._told["onnx.tensor-size"][f"{name}: {length} bytes for {size}"] = None
        elif not length and size >= _MEMORY_MOST and not self._parsed.numbers:
            self._told["onnx.bomb"][f"{name}: {size} bytes that are not there"] = None

    def _numbers(self, name: bytes, tensor: Any) -> None:
        """Keep what a short tensor says: it may be a shape."""
        raw = tensor.raw_data
        if len(raw) <= 8 * _SHAPE_MOST and not len(raw) % 8 and raw not in self._parsed.leaves:
            values = [int.from_bytes(raw[at : at + 8], "little", signed=True) for at in range(0, len(raw), 8)]
            self._constants[name].append(values or list(tensor.int64_data[:_SHAPE_MOST]))

    # -- nodes

    def _constant(self, node: Any) -> None:
        if node.op_type != b"Constant" or not node.output:
            return
        for attribute in node.attribute:
            if attribute.HasField("t"):
                self._numbers(node.output[0], attribute.t)
            elif attribute.ints:
                self._constants[node.output[0]].append(list(attribute.ints[:_SHAPE_MOST]))
            elif attribute.name == b"value_int":
                self._constants[node.output[0]].append([attribute.i])

    def _grows(self, node: Any) -> None:
        """Say if the output of a node is beyond reason."""
        op, shapes = node.op_type.decode("latin-1"), []
        if (place := _SHAPED.get(op)) is not None and place < len(node.input):
            shapes = self._constants.get(node.input[place], [])
        elif op in _RANDOM:
            shapes = [list(each.ints[:_SHAPE_MOST]) for each in node.attribute if each.name == b"shape"]
        elif op == "Range" and len(node.input) == 3:
            start, stop, step = (max(self._constants.get(each, [[1]]))[:1] for each in node.input)
            shapes = [[(stop[0] - start[0]) // (step[0] or 1)]] if start and stop and step else []
        for shape in shapes:
            if abs(prod(shape)) >= _MEMORY_MOST // 4:
                self._told["onnx.bomb"][f"{op} {self._text(node.name)}: {shape}"] = None

    def _context(self, node: Any) -> None:
        """State what a node hands to the driver of a processor: a part of the model, unless the node says otherwise."""
        inside = all(each.i for each in node.attribute if each.name == b"embed_mode")
        for attribute in node.attribute:
            if attribute.name == b"ep_cache_context" and not inside:
                self._open("onnx.context", self._text(attribute.s), self._text(node.name))
        if inside:
            self._scan.unread("no-reader", f"what EPContext {self._text(node.name)} has compiled")

    # -- functions

    def _functions(self, message: Any) -> dict[_Operator, list[_Operator]]:
        """The functions of the model, each with what it calls; what is wrong with them is told."""
        calls: dict[_Operator, list[_Operator]] = {}
        for function in message.functions:
            name = _Operator(self._text(function.domain) or _STANDARD, self._text(function.name))
            if name.domain in {_STANDARD, f"{_STANDARD}.ml"}:
                self._told["onnx.shadow"][f"{name.domain}.{name.name}"] = None
            called = [self._operator(each) for each in every(function) if each.DESCRIPTOR.name == "NodeProto"]
            calls.setdefault(name, []).extend(called)
        self._expands(calls)
        return calls

    def _expands(self, calls: dict[_Operator, list[_Operator]]) -> None:
        """Say if functions call themselves, or become too much where they are written out."""
        callers: defaultdict[_Operator, list[_Operator]] = defaultdict(list)
        steps, waits = dict.fromkeys(calls, 1), dict.fromkeys(calls, 0)
        for function, called in calls.items():
            for each in called:
                if each in calls:
                    callers[each].append(function)
                    waits[function] += 1
                else:
                    steps[function] += 1
        ready = [function for function, count in waits.items() if not count]
        for done in ready:
            for caller in callers[done]:
                steps[caller] = min(steps[caller] + steps[done], _STEPS_MOST)
                waits[caller] -= 1
                if not waits[caller]:
                    ready.append(caller)
        for function, count in waits.items():
            if count:
                self._told["onnx.bomb"][f"{function.domain}.{function.name} calls itself, or what does"] = None
        for function, count in steps.items():
            if count >= _STEPS_MOST:
                self._told["onnx.bomb"][f"{function.domain}.{function.name}: over {_STEPS_MOST} nodes"] = None

    # -- texts

    def _texts(self, message: Any) -> None:
        """Look into texts, which nothing bounds."""
        values = (each for each in leaves(message, _NUMBERS_ONLY) if len(each[2]) >= embedded.LEAST)
        found = {(holder.DESCRIPTOR.name, field, value): None for holder, field, value in values}
        long = {value: self._parsed.leaves[value] for _, _, value in found if value in self._parsed.leaves}
        self._source.want(*(Span(span.start, min(span.stop, span.start + _TEXT_MOST)) for span in long.values()))
        for number, (holder, field, value) in enumerate(found):
            content = self._parsed.content(self._source, value) or BytesSource(value)
            name = f"{field}@{long[value].start}" if value in long else f"{field}-{number}"
            prose = field == "value" or (field == "doc_string" and holder in _DESCRIBED)
            if kind := embedded.kind_of(content):
                self._hand_on(content, kind, name)
            elif prose or field == "s":
                text = content.read(0, min(content.size, _TEXT_MOST))
                for where in embedded.encoded(text):
                    inner = BytesSource(embedded.decoded(text[where.start :], hexadecimal=where.hexadecimal))
                    if kind := embedded.kind_of(inner):
                        self._hand_on(inner, kind, f"{name}@{where.start}")
                if prose and (code := _CODE.search(text)):
                    self._told["onnx.metadata"][f"{holder} {field}: {code[0].decode('latin-1').strip()}"] = None

    def _hand_on(self, content: Source, kind: str, name: str) -> None:
        self._parts += 1
        if self._parts <= _PARTS_MOST:
            embedded.hand_on(self._scan, content, kind, name)
        elif self._parts == _PARTS_MOST + 1:
            self._scan.unread("limit", f"more than {_PARTS_MOST} files in texts")
