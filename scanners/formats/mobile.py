"""Models for phones and small devices: ExecuTorch programs and torch's mobile FlatBuffers (threats.md 3.6).

Both are lists of calls of operators that the program has registered. An ExecuTorch program hands parts of itself to
delegates, whose own programs only they can read; what lies in segments behind it is found by the extended header

    "eh00" (4), bytes of the header (4), of the program (8), where segments begin (8)

in front of everything else (executorch/runtime/executor/program.cpp). torch's keeps sources too, which a full torch
compiles when it loads the file (torch/csrc/jit/serialization/import.cpp).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanners.binary.flatbuffer_parts import account, walked
from scanners.binary.flatbuffer_schemas import EXECUTORCH as PROGRAM
from scanners.binary.flatbuffer_schemas import TORCH_MOBILE
from scanners.binary.torchscript import Script
from scanners.facts import Reference, clip, clip_name
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import BytesSource, Slice, Span

if TYPE_CHECKING:
    from scanners.binary.flatbuffer import Flatbuffer
    from scanners.facts import ReferenceKind
    from scanners.source import Source

_LEAST: Final = 16
_EXTENDED: Final = b"eh00"
_HEADER_MOST: Final = 64
_SEGMENT: Final = 1
"""Where the data of a delegate is, by the program: in a segment, not in the program."""
_CLASS: Final = "__torch__.torch.classes."


def _is_executorch(sample: Sample) -> bool:
    return sample.head.startswith((b"ET12", b"ET13"), 4)


def _is_torch(sample: Sample) -> bool:
    return sample.head.startswith(b"PTMF", 4)


def _called(scan: Scan, kind: ReferenceKind, buffer: Flatbuffer) -> None:
    """State the operators, each by its namespace and its name."""
    names = dict.fromkeys(str(operator.get("name", "")) for operator in buffer.found["Operator"])
    for module, _, name in (each.rpartition("::") for each in names):
        scan.state(Reference(kind, clip_name(module), clip(name), "called", member=scan.member))


# -- ExecuTorch


def _scan_program(source: Source, scan: Scan) -> None:
    if source.size < _LEAST or not _is_executorch(Sample(source.size, source.read(0, _LEAST), b"")):
        raise NotThisFormat
    keep = ("Program", "Operator", "Delegate", "DataReference", "Inline", "Segment", "Subsegment", "NamedData")
    buffer = walked(source, scan, PROGRAM, "Program", keep)
    scan.format = "executorch"
    _called(scan, "executorch.op", buffer)
    for delegate in buffer.found["Delegate"]:
        name = clip_name(str(delegate.get("id", "")))
        scan.state(Reference("executorch.delegate", "", name, "called", member=scan.member))
    _segments(source, scan, buffer)
    account(source, scan, buffer)


def _segments(source: Source, scan: Scan, buffer: Flatbuffer) -> None:
    """Account for what lies behind the program, and hand on what delegates get."""
    base = _segment_base(source, buffer)
    constant = {each.get("segment", 0) for each in buffer.found["Subsegment"]}
    constant -= {each.get("index", 0) for each in buffer.found["DataReference"] if each.get("location") == _SEGMENT}
    constant -= {each.get("segment", 0) for each in buffer.found["NamedData"]}
    handed = [each["data"] for each in buffer.found["Inline"] if "data" in each]
    for index, each in enumerate(buffer.found["Segment"]):
        segment = _segment(source, scan, base, each.get("offset", 0), each.get("size", 0))
        (buffer.inert if index in constant else handed).append(segment)
    for span in dict.fromkeys(span for span in handed if isinstance(span, Span) and span.length):
        # What no reader knows only the delegate does: it stays unread.
        known = scan.inside(Slice(source, span.start, span.length), f"delegate@{span.start}")
        (buffer.examined if known else buffer.opaque).append(span)


def _segment_base(source: Source, buffer: Flatbuffer) -> int:
    """Where the segments begin."""
    head = source.read(8, min(_HEADER_MOST, source.size - 8))
    if not head.startswith(_EXTENDED):
        return 0
    length = int.from_bytes(head[4:8], "little")
    buffer.examined.append(Span(8, 8 + length if length <= _HEADER_MOST else 8))
    return int.from_bytes(head[16:24], "little")


def _segment(source: Source, scan: Scan, base: int, offset: object, size: object) -> Span:
    assert isinstance(offset, int)
    assert isinstance(size, int)
    start = base + offset
    if start + size <= source.size:
        return Span(start, start + size)
    scan.anomaly("flatbuffer.bounds", f"a segment of {size} bytes at {start} reaches out of the {source.size}")
    scan.unread("broken", f"a segment of {size} bytes at {start}")
    return Span(source.size, source.size)


# -- torch


def _scan_torch(source: Source, scan: Scan) -> None:
    if source.size < _LEAST or source.read(4, 4) != b"PTMF":
        raise NotThisFormat
    buffer = walked(source, scan, TORCH_MOBILE, "Module", ("Operator", "Function", "ObjectType", "Source"))
    scan.format = "torch.mobile"
    restores = any(str(each.get("name", "")).endswith("__setstate__") for each in buffer.found["Function"])
    _called(scan, "torch.script.load" if restores else "torch.script", buffer)
    for each in buffer.found["ObjectType"]:
        module, _, name = str(each.get("name", "")).rpartition(".")
        if module.startswith(_CLASS):
            module = clip_name(module.removeprefix("__torch__."))
            scan.state(Reference("torch.script", module, clip(name), "imported", member=scan.member))
    script = Script(scan)
    for each in buffer.found["Source"]:
        script.read(
            BytesSource(str(each.get("content", "")).encode("utf-8", "backslashreplace")), str(each.get("name", ""))
        )
    script.state()
    account(source, scan, buffer)


EXECUTORCH = Scanner("executorch", 1, frozenset(), _is_executorch, _scan_program)
TORCH = Scanner("torch.mobile", 1, frozenset(), _is_torch, _scan_torch)
