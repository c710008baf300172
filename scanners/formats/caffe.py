"""Caffe and CNTK: networks of before ONNX, whose layers and functions may be code that loading imports.

    Caffe  a NetParameter, as a protocol buffer with its weights (.caffemodel) or as text (.prototxt): a layer of type
           `Python` is what `layer` names in `module`, which is imported and called (src/caffe/layer_factory.cpp);
           one of type `HDF5Output` makes a file as soon as it is set up (src/caffe/layers/hdf5_output_layer.cpp)
    CNTK   a Dictionary of dictionaries: of a function of the user `module` and `class` are executed as an import of
           Python (bindings/python/cntk/internal/utils.py), `module` and `deserialize_method` name a library that is
           loaded and what is called in it (Source/CNTKv2LibraryDll/UserDefinedFunction.cpp)

Models of CNTK 1 have a format of their own, which is named elsewhere and not read.
"""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING, Final

from scanners.binary import text_proto
from scanners.binary.messages import every, parse
from scanners.binary.stated import Stated
from scanners.binary.tree import dicts, items, texts, walk
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner, by_name
from scanners.source import BytesSource

if TYPE_CHECKING:
    from scanners.source import Source

# -- Caffe


def _scan_caffe(source: Source, scan: Scan) -> None:
    parsed = parse(source, "caffe.NetParameter", scan.budget)
    if not parsed.message.layer and not parsed.message.layers:
        raise NotThisFormat
    parsed.account(scan, "NetParameter")
    stated = Stated(scan)
    for layer in [*parsed.message.layer, *parsed.message.layers]:
        if file := parsed.text(source, layer.hdf5_output_param.file_name):
            stated.opens("engine.file", file, "HDF5Output", writes=True)
    for layer in parsed.message.layer:
        python = layer.python_param
        if python.module or python.layer:
            stated.name("config.target", parsed.text(source, python.module), parsed.text(source, python.layer))


_TEXT_MOST: Final = 16 << 20
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1f]")
_NETS: Final = frozenset("layer layers net net_param train_net train_net_param base_lr".split())
"""Fields of a network, and of what says how to train one."""
_PATHS: Final = frozenset("source root_folder mean_file label_map_file snapshot_prefix".split())
"""What is opened when somebody trains."""


def _scan_caffe_text(source: Source, scan: Scan) -> None:
    if source.size > _TEXT_MOST:
        raise NotThisFormat
    try:
        text = source.read(0, source.size).decode()
        root = text_proto.read(text)
    except ValueError as error:
        raise NotThisFormat from error
    if _CONTROL.search(text) or _NETS.isdisjoint(key for key, _ in items(root)):
        raise NotThisFormat
    scan.format = "caffe.text"
    stated = Stated(scan)
    for branch, _ in walk(root):
        for key, value in items(branch):
            for held in dicts(value):
                _parameters(key, held, stated)
            for path in texts(value) if key in _PATHS else ():
                if path.startswith(("/", "~")) and stated.new("path", path):
                    scan.anomaly("model.path", f"{key}: {path}")
    scan.account.examined(0, source.size)


def _parameters(key: str | int, held: dict[str, object], stated: Stated) -> None:
    """State what the parameters of a layer name."""
    if key == "python_param":
        for module, layer in product(_values(held, "module"), _values(held, "layer")):
            stated.name("config.target", module, layer)
    elif key == "hdf5_output_param":
        for file in _values(held, "file_name"):
            stated.opens("engine.file", file, "HDF5Output", writes=True)


def _values(held: dict[str, object], key: str) -> list[str]:
    from google.protobuf import text_encoding  # noqa: PLC0415 - heavy

    return [text_encoding.CUnescape(text).decode("utf-8", "backslashreplace") for text in texts(held.get(key, ""))]


# -- CNTK

_BEGIN: Final = re.compile(rb"\x08[\1-\x7f]\x12[^\0]{1,5}?\n[\1-\x40][a-z_]+\x12", re.DOTALL)
"""A version, and an entry that has a key of letters."""
_NAME: Final = re.compile(r"[A-Za-z_][\w.]*")


def _is_cntk(sample: Sample) -> bool:
    return _BEGIN.match(sample.head) is not None and b"\n\x03uid\x12" in sample.head


def _scan_cntk(source: Source, scan: Scan) -> None:
    if _BEGIN.match(source.read(0, min(128, source.size))) is None:
        raise NotThisFormat
    parsed = parse(source, "cntk.Dictionary", scan.budget)
    parsed.account(scan, "Dictionary")
    stated = Stated(scan)
    for each in every(parsed.message):
        if each.DESCRIPTOR.name != "Dictionary":
            continue
        said: dict[str, list[str]] = {}
        for entry in each.data:
            key = parsed.text(source, entry.key)
            if key in _KEYS:
                said.setdefault(key, []).append(parsed.text(source, entry.value.string_value))
        for module, name in product(said.get("module", ()), said.get("class", ())):
            _python(module, name, stated)
        for module, name in product(said.get("module", ()), said.get("deserialize_method", ())):
            stated.opens("engine.library", module, name)


_KEYS: Final = frozenset(("module", "class", "deserialize_method"))


def _python(module: str, name: str, stated: Stated) -> None:
    """State a class that is imported, or the statement that CNTK makes of these two and executes."""
    if _NAME.fullmatch(module) and _NAME.fullmatch(name):
        stated.name("config.target", module, name)
    elif stated.new("statement", module, name):
        stated.name("config.target", "builtins", "exec")
        statement = f"from {module} import {name}".encode("utf-8", "backslashreplace")
        stated.scan.inside(BytesSource(statement), "function.py")


SCANNERS: Final = (
    Scanner("caffe", 1, frozenset({".caffemodel"}), by_name, _scan_caffe),
    Scanner("caffe.text", 1, frozenset({".prototxt"}), by_name, _scan_caffe_text, whole=True),
    Scanner("cntk", 1, frozenset({".dnn", ".cmf", ".cntk"}), _is_cntk, _scan_cntk),
)
