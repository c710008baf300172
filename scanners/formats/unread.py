"""Formats that are recognised and have no reader.

Naming what a file is keeps "not read" apart from "not known". None of its bytes are accounted for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from scanners.scanner import HEAD, NotThisFormat, Sample, Scan, Scanner

if TYPE_CHECKING:
    from scanners.source import Source


class _Kind(NamedTuple):
    format: str
    title: str


class _Magic(NamedTuple):
    at: int
    mark: bytes
    kind: _Kind


_ONNX = _Kind("onnx", "ONNX model")
_TFLITE = _Kind("tflite", "TFLite model")
_PROTOBUF = _Kind("protobuf", "protocol buffer")
_GGML = _Kind("ggml", "GGML model")
_HAILO = _Kind("hailo", "Hailo program")
_RKNN = _Kind("rknn", "RKNN model")
_NCNN = _Kind("ncnn", "NCNN model")
_CNTK = _Kind("cntk", "CNTK model")
_ANNOY = _Kind("annoy", "Annoy index")

# At offset 0 unless said otherwise; the first that fits counts.
_MAGICS = (
    *(_Magic(0, mark, _GGML) for mark in (b"lmgg", b"fmgg", b"tjgg", b"algg", b"ggml", b"ggmf", b"ggjt", b"ggla")),
    _Magic(0, b"PAR1", _Kind("parquet", "Parquet table")),
    _Magic(0, b"ARROW1\x00\x00", _Kind("arrow", "Arrow file")),
    _Magic(0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", _Kind("asf", "ASF media")),
    _Magic(0, b"FLV\x01", _Kind("flv", "Flash video")),
    _Magic(0, b"8BPS\x00", _Kind("psd", "Photoshop picture")),
    _Magic(0, b"MThd\x00\x00\x00\x06", _Kind("midi", "MIDI music")),
    _Magic(0, b"Obj\x01", _Kind("avro", "Avro file")),
    _Magic(0, b"SQLite format 3\x00", _Kind("sqlite", "SQLite database")),
    _Magic(0, b"mmap lm http://kheafield.com/code", _Kind("kenlm", "KenLM model")),
    _Magic(8, b"DUCK", _Kind("duckdb", "DuckDB database")),
    _Magic(0, b"FEA1", _Kind("feather", "Feather file of version 1")),
    _Magic(0, b"RDX", _Kind("rds", "R data")),
    _Magic(0, b"B\x00C\x00N\x00\x00\x00", _CNTK),
    _Magic(0, b"RKNN\x00\x00\x00\x00", _RKNN),
    _Magic(0, b"\x01HEF", _HAILO),
    *(_Magic(0, mark, _NCNN) for mark in (b"7767517\n", b"7767517\r\n", b"\x1d\x86\x76\x00")),
)

_NAMES = {
    ".onnx": _ONNX,
    ".tflite": _TFLITE,
    ".pb": _PROTOBUF,
    ".mlmodel": _Kind("coreml", "Core ML model"),
    ".ggml": _GGML,
    ".parquet": _Kind("parquet", "Parquet table"),
    ".arrow": _Kind("arrow", "Arrow file"),
    ".feather": _Kind("arrow", "Arrow file"),
    ".lance": _Kind("lance", "Lance file"),
    ".msgpack": _Kind("msgpack", "MessagePack"),
    **dict.fromkeys((".tfrecord", ".tfrecords"), _Kind("tfrecord", "TFRecord file")),
    ".trt": _Kind("tensorrt", "TensorRT engine"),
    ".pte": _Kind("executorch", "ExecuTorch program"),
    ".rds": _Kind("rds", "R data"),
    ".ubj": _Kind("ubjson", "UBJSON model"),
    ".spm": _Kind("sentencepiece", "SentencePiece model"),
    ".index": _Kind("index", "search index"),
    ".t7": _Kind("torch7", "Torch7 model"),
    ".mnn": _Kind("mnn", "MNN model"),
    ".ncnn": _NCNN,
    **dict.fromkeys((".tnnproto", ".tnnmodel"), _Kind("tnn", "TNN model")),
    ".rknn": _RKNN,
    ".tmfile": _Kind("tengine", "Tengine model"),
    ".caffemodel": _Kind("caffe", "Caffe model"),
    **dict.fromkeys((".cntk", ".dnn", ".cmf"), _CNTK),
    ".uff": _Kind("uff", "TensorRT UFF model"),
    ".hef": _HAILO,
    ".om": _Kind("ascend", "Ascend model"),
    ".axmodel": _Kind("axera", "Axera model"),
    ".bmodel": _Kind("sophgo", "Sophgo model"),
    ".cvimodel": _Kind("sophgo", "Sophgo model"),
    ".xmodel": _Kind("vitis", "Vitis AI model"),
    ".kmodel": _Kind("nncase", "nncase model"),
    ".nb": _Kind("paddle.lite", "Paddle Lite model"),
    ".vmfb": _Kind("iree", "IREE module"),
    "coremldata": _Kind("coreml.compiled", "compiled Core ML model"),
    ".espresso": _Kind("coreml.compiled", "compiled Core ML model"),
    ".ann": _ANNOY,
    ".annoy": _ANNOY,
}
_KINDS = (*(magic.kind for magic in _MAGICS), *_NAMES.values())

_TEXTUAL = {".t7", ".rds", ".tnnproto"}
"""Formats that also come as plain text, and are loaded from it."""
_WEAK_MOST = 4
"""Marks of so few letters also begin words: in what looks like text they say nothing."""
_CONTROL = bytes(each for each in range(32) if each not in b"\t\n\v\f\r")


def _textual(head: bytes) -> bool:
    return head.isascii() and len(head.translate(None, _CONTROL)) == len(head)


def _by_content(head: bytes) -> _Kind | None:
    textual = _textual(head)
    return next(
        (kind for at, mark, kind in _MAGICS if head.startswith(mark, at) and not (textual and len(mark) <= _WEAK_MOST)),
        None,
    )


def _by_name(name: str, head: bytes) -> _Kind | None:
    last = name.rpartition("/")[2].lower() + "."
    textual = _textual(head)
    return next(
        (kind for suffix, kind in _NAMES.items() if f"{suffix}." in last and not (textual and suffix not in _TEXTUAL)),
        None,
    )


def recognise(sample: Sample) -> bool:
    """Whether the head carries a mark of the table."""
    return _by_content(sample.head) is not None


def scan(source: Source, scan: Scan) -> None:
    """Say what the content is, and that nobody read it."""
    head = source.read(0, min(HEAD, source.size))
    kind = _by_content(head) or _by_name(scan.name, head)
    if kind is None:
        raise NotThisFormat
    scan.format = kind.format
    scan.unread("no-reader", kind.title)


SCANNER = Scanner("unread", 5, frozenset(_NAMES), recognise, scan, fallback=True)
