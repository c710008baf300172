"""`model.json` of TensorFlow.js: a topology, and where its weights lie.

    {"format": "graph-model" or "layers-model", "modelTopology": {…}, "weightsManifest": [{"paths": […], …}, …]}

The topology of a graph model is a GraphDef as JSON, its bytes in base64; of a layers model it is Keras' configuration,
which is read wherever it stands. Every path is joined to the place that the model came from, and fetched
(tfjs-core/src/io/http.ts, tfjs-core/src/io/types.ts).
"""

from __future__ import annotations

from binascii import Error, a2b_base64
from typing import TYPE_CHECKING, Any, Final

from scanners.binary.messages import message_class
from scanners.binary.tf_graph import Graph
from scanners.facts import Opens, clip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.scanner import Scan

_PATHS_MOST: Final = 4096
_DEPTH: Final = 16
"""Functions in attributes of functions."""


def is_model(document: object) -> bool:
    """Whether a JSON document is such a file."""
    return isinstance(document, dict) and ("weightsManifest" in document or _is_graph(document.get("modelTopology")))


def state_model(document: Any, scan: Scan) -> None:
    """State the files of weights and, of a graph model, its operations."""
    scan.format = "json.tfjs"
    paths = list(dict.fromkeys(_paths(document.get("weightsManifest"))))
    for path in paths[:_PATHS_MOST]:
        scan.state(Opens("tfjs.weights", clip(path), "weightsManifest", member=scan.member))
    if len(paths) > _PATHS_MOST:
        scan.unread("limit", f"{len(paths)} files of weights, {_PATHS_MOST} are stated")
    for place in ("modelTopology", "modelInitializer"):
        if _is_graph(document.get(place)):
            Graph(_graph(document[place]), lambda value: value).state(scan)


def _is_graph(topology: object) -> bool:
    return isinstance(topology, dict) and bool({"node", "library"} & topology.keys())


def _objects(value: object) -> Iterator[dict[str, Any]]:
    """The objects of a list, or of lists that a key which came twice stands for."""
    if isinstance(value, dict):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _objects(each)


def _paths(manifest: object) -> Iterator[str]:
    for group in _objects(manifest):
        yield from _texts(group.get("paths"))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _name(value: object) -> bytes:
    return next(_texts(value), "").encode("utf-8", "backslashreplace")


def _bytes(value: object) -> list[bytes]:
    """What texts hold in base64, and what is none as it stands."""
    found = []
    for each in _texts(value):
        data = each.encode("utf-8", "backslashreplace")
        try:
            found.append(a2b_base64(data))
        except Error:
            found.append(data)
    return found


def _graph(topology: dict[str, Any]) -> Any:
    """The GraphDef that the JSON says, in all that has a say in what it does."""
    graph = message_class("GraphDef")()
    graph.node.extend(map(_node, _objects(topology.get("node"))))
    for library in _objects(topology.get("library")):
        for each in _objects(library.get("function")):
            function = graph.library.function.add()
            for signature in _objects(each.get("signature")):
                function.signature.name = _name(signature.get("name"))
                for argument in _objects(signature.get("inputArg")):
                    function.signature.input_arg.add(name=_name(argument.get("name")))
            function.node_def.extend(map(_node, _objects(each.get("nodeDef"))))
            for returned in _objects(each.get("ret")):
                for key, value in returned.items():
                    function.ret.add(key=key.encode("utf-8", "backslashreplace"), value=_name(value))
    return graph


def _node(node: dict[str, Any]) -> Any:
    inputs = [each.encode("utf-8", "backslashreplace") for each in _texts(node.get("input"))]
    made = message_class("NodeDef")(name=_name(node.get("name")), op=_name(node.get("op")), input=inputs)
    for attributes in _objects(node.get("attr")):
        for key, value in attributes.items():
            entry = made.attr.add(key=key.encode("utf-8", "backslashreplace"))
            for each in _objects(value):
                _attribute(entry.value, each)
    return made


def _attribute(made: Any, value: dict[str, Any]) -> None:
    for text in _bytes(value.get("s")):
        made.s = text
    for function in _objects(value.get("func")):
        made.func.name = _name(function.get("name"))
    for tensor in _objects(value.get("tensor")):
        made.tensor.string_val.extend(_bytes(tensor.get("stringVal")))
    for several in _objects(value.get("list")):
        made.list.s.extend(_bytes(several.get("s")))
        made.list.func.extend(
            message_class("NameAttrList")(name=_name(each.get("name"))) for each in _objects(several.get("func"))
        )
