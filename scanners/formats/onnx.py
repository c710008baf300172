"""ONNX models: one protocol buffer (threats.md 7.1), or a FlatBuffer of ONNX Runtime; and the data beside them.

The raw data of tensors is inert: nothing but arithmetic ever sees it. A file of external data has no layout of its
own, only a name by which models ask for it: where no other format has a say, it holds numbers as well.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from scanners.binary.flatbuffer_parts import account, walked
from scanners.binary.flatbuffer_schemas import ORT as SESSION
from scanners.binary.messages import parse
from scanners.binary.onnx_model import Model
from scanners.binary.tf_messages import first_fields
from scanners.facts import Reference, clip_name
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner, by_name

if TYPE_CHECKING:
    from scanners.source import Source

_VERSION_MOST: Final = 64
_FIELDS: Final = frozenset((1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26))
_GRAPH: Final = 7
_GRAPH_FIELDS: Final = frozenset((1, 2, 5, 10, 11, 12, 13, 14, 15, 16))
_PRODUCER: Final = re.compile(rb"[\x20-\x7e]{0,256}")
_ORT: Final = b"ORTM"
_LEAST: Final = 16


def recognise(sample: Sample) -> bool:
    """Whether the first fields are those of a model, up to its graph."""
    head = sample.head
    if len(head) < 2 or head[0] != 8 or not 0 < head[1] < _VERSION_MOST:
        return False
    for part in first_fields(head):
        if part.number not in _FIELDS or part.stop > sample.size:
            return False
        if part.number in (2, 3) and not _PRODUCER.fullmatch(part.value):
            return False
        if part.number == _GRAPH:
            first = next(first_fields(part.value), None)
            return first is not None and first.number in _GRAPH_FIELDS
    return False


def _is_model(message: Any) -> bool:
    """Whether what was parsed is a model, and not just any bytes that parse."""
    graph = message.graph
    known = message.ir_version or message.opset_import or message.producer_name
    return bool(known and (graph.node or graph.initializer or graph.input or graph.output or message.functions))


def scan(source: Source, scan: Scan) -> None:
    """State what the model asks for, and account for its tensors."""
    if source.size < 2 or source.read(4, min(4, max(0, source.size - 4))) == _ORT:
        raise NotThisFormat
    parsed = parse(source, "onnx.ModelProto", scan.budget)
    if not _is_model(parsed.message):
        raise NotThisFormat
    parsed.account(scan, "ModelProto")
    Model(source, scan, parsed).state()


# -- ONNX Runtime


def _is_session(sample: Sample) -> bool:
    return sample.head.startswith(_ORT, 4)


def _scan_session(source: Source, scan: Scan) -> None:
    """State the operators of a model that ONNX Runtime has optimised."""
    if source.size < _LEAST or source.read(4, 4) != _ORT:
        raise NotThisFormat
    buffer = walked(source, scan, SESSION, "InferenceSession", ("Node",))
    nodes = [(str(node.get("domain", "")) or "ai.onnx", str(node.get("op_type", ""))) for node in buffer.found["Node"]]
    for domain, op in dict.fromkeys(nodes):
        scan.state(Reference("onnx.op", clip_name(domain), clip_name(op), "called", member=scan.member))
        if op == "EPContext":
            scan.unread("no-reader", "what EPContext has compiled")
    account(source, scan, buffer)


# -- external data


def _scan_data(source: Source, scan: Scan) -> None:
    """Account for numbers that a model beside this file asks for."""
    name = scan.name.lower()
    if not (".onnx_data" in name or (".onnx." in name and ".data" in name)):
        raise NotThisFormat
    scan.account.inert(0, source.size)


SCANNER = Scanner("onnx", 2, frozenset({".onnx"}), recognise, scan)
SESSIONS = Scanner("onnx.session", 1, frozenset(), _is_session, _scan_session)
DATA = Scanner("onnx.data", 1, frozenset({".onnx_data", ".onnx_data_#", ".data"}), by_name, _scan_data, fallback=True)
