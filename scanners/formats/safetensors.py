"""safetensors: a length, a JSON header, and tensors that touch each other (threats.md 8.4).

    u64 N | N bytes of JSON: {name: {dtype, shape, data_offsets: [begin, end]}, "__metadata__": {str: str}} | data

The data is inert only where the layout proves it, by the rules of the reference reader (safetensors/src/tensor.rs):
the tensors, sorted, cover it from 0 to the end of the file without hole or overlap, each as long as its shape and
dtype say. Other readers check less, so whatever breaks a rule leaves the data unexplained.
"""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import Slice, Source, Span

if TYPE_CHECKING:
    from typing import NoReturn

_LENGTH = 8
_HEADER_MOST = 100_000_000
_METADATA_MOST = 65_536
_STATED_MOST = 32
_HOLES_MOST = 16
_U64_MOST = (1 << 64) - 1

_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "I16": 16, "U16": 16, "I32": 32, "U32": 32, "I64": 64, "U64": 64,
    "F16": 16, "BF16": 16, "F32": 32, "F64": 64, "C64": 64,
    "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
    "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4,
}  # fmt: skip

# Trainers and image tools keep long records and links to their home pages under these keys.
_KNOWN_KEYS = re.compile(r"ss_\w+|sshs_\w+|modelspec\.[\w.]+|format|workflow|prompt|parameters|training_info")
_CODE = re.compile(
    r"_target_|<script|\A#!|\b__import__\b|\b(?:exec|eval|compile)\s*\(|\bos\.(?:system|popen)|\bsubprocess\b"
    r"|(?<![A-Za-z0-9+/])gA[I-X][A-Za-z0-9+/]{16}|\bc(?:os|posix|nt|builtins|__builtin__)\n",
)
"""Names that configuration resolves, code, and pickles: base64 of 0x80 0x02 to 0x80 0x05, or protocol 0."""
_LINK = re.compile(r"\b(?:https?|ftp|file)://", re.IGNORECASE)


class _Tensor(NamedTuple):
    begin: int
    end: int
    name: str


class _Refused(Exception):  # noqa: N818 - a state of the header, not a mistake
    """The header is JSON, but not the JSON that the format asks for."""


def recognise(sample: Sample) -> bool:
    """Whether a sensible header length stands before an opening brace."""
    return sample.head[_LENGTH : _LENGTH + 1] == b"{" and 2 <= _stated_length(sample.head) <= min(
        _HEADER_MOST, sample.size - _LENGTH
    )


def _stated_length(head: bytes) -> int:
    return int.from_bytes(head[:_LENGTH], "little")


def scan(source: Source, scan: Scan) -> None:
    """State what bends the format; account for header and data as far as they are proven."""
    head = source.read(0, min(_LENGTH + 1, source.size))
    if head[_LENGTH:] != b"{":
        raise NotThisFormat
    length = _stated_length(head)
    if not 2 <= length <= min(_HEADER_MOST, source.size - _LENGTH):
        scan.anomaly("safetensors.length", f"{length} bytes of header in a file of {source.size}", offset=0)
        scan.unread("broken", "the header length is out of bounds", offset=0)
        return
    scan.budget.hold(length, "a safetensors header")
    data = Slice(source, _LENGTH + length, source.size - _LENGTH - length)
    source.want(Span(0, _LENGTH + length))
    twice: list[str] = []
    try:
        header = _parse(source.read(_LENGTH, length), twice)
    except _Refused as refused:
        scan.anomaly("safetensors.json", str(refused), offset=_LENGTH)
        scan.unread("broken", f"the header is not valid: {refused}", offset=_LENGTH)
        return
    for key in twice[:_STATED_MOST]:
        scan.anomaly("safetensors.duplicate-key", key, offset=_LENGTH)
    if twice:
        scan.unread("broken", "readers disagree on which of two equal keys counts", offset=_LENGTH)
    else:
        scan.account.examined(0, _LENGTH + length)
    _metadata(header.pop("__metadata__", {}), scan)
    tensors = _tensors(header, scan)
    if tensors is not None:
        _layout(tensors, data, scan, proven=not twice)


def _parse(text: bytes, twice: list[str]) -> dict[str, object]:
    """The header; keys that came twice in one object are added to `twice`."""

    def pairs(items: list[tuple[str, object]]) -> dict[str, object]:
        made = dict(items)
        if len(made) != len(items):
            seen: set[str] = set()
            twice.extend(key for key, _ in items if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        return made

    def constant(name: str) -> NoReturn:
        raise _Refused(f"{name} is not JSON")

    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=pairs, parse_constant=constant)
    except UnicodeDecodeError as error:
        raise _Refused("not UTF-8") from error
    except RecursionError as error:
        raise _Refused("nested too deeply") from error
    except ValueError as error:
        raise _Refused(str(error)) from error
    if not isinstance(header, dict):
        raise _Refused("not an object")
    return header


def _metadata(metadata: object, scan: Scan) -> None:
    """State what in the free-text part is not short, plain text."""
    if not isinstance(metadata, dict):
        scan.anomaly("safetensors.metadata", "not an object", offset=_LENGTH)
        return
    stated = 0
    for key, value in metadata.items():
        trouble = _metadata_trouble(key, value)
        if trouble and stated < _STATED_MOST:
            stated += 1
            scan.anomaly("safetensors.metadata", f"{key}: {trouble}", offset=_LENGTH)


def _metadata_trouble(key: str, value: object) -> str:
    if not isinstance(value, str):
        return "not a string"
    if code := _CODE.search(value):
        return f"looks like code: {code[0].strip()}"
    if _KNOWN_KEYS.fullmatch(key):
        return ""
    if len(value) > _METADATA_MOST:
        return f"{len(value)} characters"
    return "holds a link" if _LINK.search(value) else ""


def _natural(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _U64_MOST


def _tensors(header: dict[str, object], scan: Scan) -> list[_Tensor] | None:
    """The tensors sorted by place, None where one of them is not as the format asks."""
    tensors: list[_Tensor] = []
    troubles = 0
    for name, value in header.items():
        trouble = _tensor(name, value, tensors)
        if trouble:
            troubles += 1
            if troubles <= _STATED_MOST:
                scan.anomaly("safetensors.offsets", f"{name}: {trouble}", offset=_LENGTH)
    if troubles:
        scan.unread("broken", f"{troubles} tensors are not described as the format asks", offset=_LENGTH)
        return None
    return sorted(tensors)


def _tensor(name: str, value: object, tensors: list[_Tensor]) -> str:
    """Add the tensor that is described, or say why it is none."""
    if not isinstance(value, dict) or value.keys() != {"dtype", "shape", "data_offsets"}:
        return "not exactly dtype, shape and data_offsets"
    shape, offsets = value["shape"], value["data_offsets"]
    bits = _BITS.get(value["dtype"]) if isinstance(value["dtype"], str) else None
    if bits is None:
        return "unknown dtype"
    if not isinstance(shape, list) or not all(map(_natural, shape)):
        return "shape is not a list of natural numbers"
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(map(_natural, offsets)):
        return "data_offsets are not two natural numbers"
    for each in shape:
        bits *= each
        if bits > _U64_MOST:
            return "its size overflows"
    begin, end = offsets
    if bits % 8 or end - begin != bits // 8:
        return f"{end - begin} bytes for {bits} bits"
    tensors.append(_Tensor(begin, end, name))
    return ""


def _layout(tensors: list[_Tensor], data: Source, scan: Scan, *, proven: bool) -> None:
    """Account for the data, where the tensors cover it without hole or overlap."""
    base = scan.account.size - data.size
    stop = max((tensor.end for tensor in tensors), default=0)
    holes: list[Span] = []
    troubles = 0
    first = [_Tensor(0, 0, "")]
    for before, tensor in pairwise(first + tensors):
        if tensor.begin == before.end:
            continue
        troubles += 1
        if tensor.begin > before.end:
            holes.append(Span(before.end, tensor.begin))
        if troubles <= _STATED_MOST:
            what = "a hole before it" if tensor.begin > before.end else "overlaps"
            scan.anomaly("safetensors.offsets", f"{tensor.name}: {what}", offset=min(base + tensor.begin, _U64_MOST))
    if stop > data.size:
        troubles += 1
        scan.anomaly("safetensors.offsets", f"tensors end at {stop} of {data.size}", offset=base)
    if troubles:
        scan.unread("broken", "the tensors do not cover the data one by one", offset=base)
    elif proven:
        scan.account.inert(base, base + stop)
    for hole in holes[:_HOLES_MOST]:
        if hole.stop <= data.size:
            scan.inside(Slice(data, hole.start, hole.length), f"gap@{base + hole.start}")
    if stop < data.size:
        scan.anomaly("safetensors.tail", f"{data.size - stop} bytes behind the last tensor", offset=base + stop)
        if scan.inside(Slice(data, stop, data.size - stop), f"tail@{base + stop}"):
            scan.account.examined(base + stop, base + data.size)


SCANNER = Scanner("safetensors", 1, frozenset({".safetensors"}), recognise, scan)
