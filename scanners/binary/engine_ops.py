"""Operators of graphs that name what they do: those of PaddlePaddle and MXNet, as messages or as JSON.

Sources: PaddlePaddle's programs in JSON (paddle/fluid/pir/serialize_deserialize, 3.x): an operation is an object with
its name, dialect in front, at `#`, and attributes in lists of `N` (name) and `AT` (value at `D`). MXNet's graphs
(nnvm/src/pass/saveload_json.cc): nodes with `op`, `inputs` and `attrs`, which were `attr` and `param` before 1.0, and
graphs inside of them at `subgraphs`. Core ML's packages (Manifest.json): items with a `path`.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

from scanners.binary.stated import Stated
from scanners.binary.tree import dicts, items, texts, walk
from scanners.facts import Opens, clip

if TYPE_CHECKING:
    from scanners.facts import ReferenceKind
    from scanners.scanner import Scan

_DIALECTS: Final = {"0": "builtin", "1": "pd_op", "2": "cf", "3": "custom_op", "4": "pd_dist"}
_PATHS: Final = frozenset("file_path filename file_name file_names path dirname model_dir".split())
"""Attributes that hold what an operator opens."""
_ENGINES: Final = ("tensorrt_engine", "lite_engine", "dlnne_engine", "openvino_engine", "_TensorRT")


class Operators(Stated):
    """The operators of one graph, and what they open."""

    def add(self, kind: ReferenceKind, module: str, name: str) -> None:
        """One operator."""
        if self.name(kind, module, name) and name in _ENGINES:
            self.scan.unread("no-reader", f"what {name} has compiled")

    def attribute(self, op: str, name: str, value: str) -> None:
        """One attribute of an operator that is a text."""
        if value and name in _PATHS:
            self.opens("engine.file", value, op, writes=op.startswith("save"))
        elif value and name == "library":
            self.opens("engine.library", value, op)


def state_json(document: dict[str, object], scan: Scan) -> bool:
    """State what a document asks for, if it is one of these; whether it is a graph."""
    paddle = any("magic" in each for each in dicts(document.get("base_code")))
    mxnet = "nodes" in document and not {"arg_nodes", "heads", "node_row_ptr"}.isdisjoint(document)
    if paddle:
        _paddle(document, scan)
    if mxnet:
        _mxnet(document, scan)
    if "itemInfoEntries" in document:
        for branch, _ in walk(document):
            for path in texts(branch.get("path")) if isinstance(branch, dict) else ():
                scan.state(Opens("coreml.item", clip(path), "Manifest.json", member=scan.member))
    return paddle or mxnet


def _paddle(document: dict[str, object], scan: Scan) -> None:
    stated = Operators(scan)
    for value, _ in walk(document):
        if not isinstance(value, dict) or {"A", "I", "O"}.isdisjoint(value):
            continue
        for named in texts(value.get("#")):
            dialect, dot, name = named.rpartition(".")
            stated.add("paddle.op", _DIALECTS.get(dialect, dialect) if dot else "builtin", name)
            attributes = value.get("A")
            for each in attributes if isinstance(attributes, list) else ():
                if isinstance(each, dict):
                    found = [text for held in dicts(each.get("AT")) for text in texts(held.get("D"))]
                    for key, text in product(texts(each.get("N")), found):
                        stated.attribute(name, key, text)


def _mxnet(document: dict[str, object], scan: Scan) -> None:
    stated = Operators(scan)
    for value, _ in walk(document):
        if not isinstance(value, dict) or "inputs" not in value:
            continue
        for op in texts(value.get("op")):
            if op != "null":
                stated.add("mxnet.op", "mxnet", op)
            for key in ("attrs", "attr", "param"):
                for attributes in dicts(value.get(key)):
                    for name, each in items(attributes):
                        for text in texts(each):
                            stated.attribute(op, str(name), text)
                            if op == "Custom" and name == "op_type":
                                stated.name("mxnet.custom", "", text)
