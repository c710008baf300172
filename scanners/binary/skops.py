"""The schema of a skops file: a tree of nodes in JSON, and what making its objects would import and call.

Each node names a class or a function (`__module__`, `__class__`) and how it is made (`__loader__`). Loading does what
an unpickler does: it imports names, calls them, makes instances and gives them their state. So the part of the pickle
machine that does this states it here too. Rule 1: a name counts as imported wherever a node bears it; releases before
0.12 imported some that they did not show to whoever was asked to trust them (CVE-2025-54412, CVE-2025-54413). Rule 2:
a key that comes twice is followed in all its values.

Source of the semantics: skops 0.16, `skops/io/_general.py`, `_numpy.py`, `_sklearn.py`, `_scipy.py` and `old/`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import msgspec

from scanners.binary.pickle_calls import Caller
from scanners.binary.pickle_convert import as_arguments
from scanners.binary.pickle_lexer import NUMBER
from scanners.binary.pickle_notes import Notes
from scanners.binary.pickle_values import BUFFER, UNKNOWN, Global, Items, Mapping, Result, Value
from scanners.binary.tree import readings
from scanners.facts import Sampled, Storage, clip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scanners.binary.joblib_arrays import RawArray
    from scanners.binary.pickle_values import Run
    from scanners.scanner import Scan

_LOADER: Final = "__loader__"
_DEPTH: Final = 120
"""Nodes inside nodes; skops fails where Python's own limit is reached, some three times as deep."""
_PLAIN: Final = frozenset(("builtins.dict", "builtins.list", "builtins.set", "builtins.tuple"))
"""Classes whose instance is what it is made of."""
SCHEMA: Final = "schema.json"
"""The name of the member of the archive that the tree is in."""
RAW: Final = "builtins.bytes"
"""The type of a storage that is a member of the archive and read as bytes, which nothing of skops interprets."""
_PARTIAL: Final = Global("functools", "partial")
_GETATTR: Final = Global("builtins", "getattr")
_SLICE: Final = Global("builtins", "slice")
_DEFAULTS: Final = Global("collections", "defaultdict")


def is_schema(document: object) -> bool:
    """Whether a JSON document is the tree of a skops file."""
    return isinstance(document, dict) and _LOADER in document


def state_schema(document: object, scan: Scan) -> None:
    """State what loading the tree would do."""
    stated = len(scan.facts)
    notes = Notes(scan, kind="skops.global")
    try:
        _Tree(scan, notes).make(document)
    finally:
        notes.finish()
        # What parses JSON does not say where it found a thing.
        scan.facts[stated:] = [
            fact if isinstance(fact, Sampled) else msgspec.structs.replace(fact, offset=None)
            for fact in scan.facts[stated:]
        ]


def _at(state: object, *path: str) -> list[object]:
    """What stands at a path of keys: nothing, or one thing, or more where a key came twice."""
    found = [state]
    for key in path:
        found = [
            each for holder in found if isinstance(holder, dict) and key in holder for each in readings(holder[key])
        ]
    return found


def _text(state: object, *path: str) -> str | None:
    """The text at a path, as a reader takes it that takes the last of several."""
    found = _at(state, *path)
    return found[-1] if found and isinstance(found[-1], str) else None


def _constant(value: object, depth: int = 8) -> Value:
    """What a JSON document is as a value."""
    match value:
        case str() | bool() | None:
            return value
        case int() | float():
            return NUMBER if isinstance(value, float) else value
        case list() if depth:
            items = Items("list")
            items.extend([_constant(each, depth - 1) for each in value])
            return items
        case dict() if depth:
            mapping = Mapping()
            mapping.extend([part for key, each in value.items() for part in (key, _constant(each, depth - 1))])
            return mapping
        case _:
            return UNKNOWN


class _Tree(Caller):
    """Makes the objects of one tree out of names and constants."""

    def __init__(self, scan: Scan, notes: Notes) -> None:
        super().__init__(notes, lambda *_: None)
        self._scan = scan
        self._protocol = 4  # names stand for themselves
        self._armed = True
        self._depth = 0
        self._cut = False
        self._made: dict[object, Value] = {}
        """By `__id__`: a node whose id was seen is the earlier one, whatever it says itself."""

    def _array(self, array: RawArray) -> None:
        """Nothing: no elements stand between the nodes of a tree."""

    def _walk(self, run: Run, stack: list[Value]) -> dict[int, Value]:  # noqa: ARG002 - of other machines
        """Nothing: no opcodes of a tree are skipped."""
        return {}

    def make(self, state: object) -> Value:
        """The object of a node, whose making is stated."""
        if not isinstance(state, dict):
            return UNKNOWN
        if self._depth >= _DEPTH:
            if not self._cut:
                self._cut = True
                self._scan.unread("limit", f"nodes nested deeper than {_DEPTH}")
            self._names(state)
            return UNKNOWN
        identity = (_at(state, "__id__") or [None])[-1]
        known = isinstance(identity, str | int | float) and bool(identity)
        first = known and identity not in self._made
        if first:
            self._made[identity] = UNKNOWN
        self._depth += 1
        value: Value = UNKNOWN
        for loader in _at(state, _LOADER):
            value = _LOADERS.get(str(loader), _Tree.unheard)(self, state)
        self._depth -= 1
        if first:
            self._made[identity] = value
        return self._made[identity] if known else value

    def _names(self, state: dict[str, object]) -> None:
        """State the names of all nodes in a tree that is too deep to be made."""
        todo: list[object] = [state]
        while todo:
            each = todo.pop()
            if isinstance(each, dict):
                if _LOADER in each:
                    self._class(each)
                todo.extend(each.values())
            elif isinstance(each, list):
                todo.extend(each)

    # --- parts of a node ---------------------------------------------------------------------------------------

    def _class(self, state: object) -> Value:
        """What a node names."""
        found: Value = UNKNOWN
        for module in _at(state, "__module__"):
            for name in _at(state, "__class__"):
                if isinstance(module, str) and isinstance(name, str):
                    found = self._find(module, name)
        return found

    def _node(self, state: object, *path: str) -> Value:
        """The object of the node at a path; of several, the last."""
        value: Value = UNKNOWN
        for each in _at(state, *path):
            value = None if each is None else self.make(each)
        return value

    def _nodes(self, state: object, *path: str) -> list[Value]:
        """The objects of a list of nodes."""
        lists = [found for found in _at(state, *path) if isinstance(found, list)]
        return [self.make(each) for found in lists for each in found]

    def _pairs(self, state: object, *path: str) -> Iterator[tuple[str, Value]]:
        for found in _at(state, *path):
            if isinstance(found, dict):
                for key, each in found.items():
                    yield key, [self.make(part) for part in readings(each)][-1]

    def _given(self, target: Value, state: Value) -> Value:
        """What has been given its state."""
        if state is not None:
            self._push(target)
            self._push(state)
            self._build(None)
            self._pop()
        return target

    def _of(self, cls: Value, content: Value, loader: str) -> Value:
        """An instance of `cls` made of `content`."""
        if isinstance(cls, Global) and cls.dotted in _PLAIN:
            return content
        return self._call(cls, content if isinstance(content, tuple) else (content,), loader)

    # --- nodes -------------------------------------------------------------------------------------------------

    def dict_node(self, state: object) -> Value:
        """A dict, or what is made like one: an empty one is filled, its keys made by the types beside."""
        cls, mapping = self._class(state), Mapping()
        pairs = list(self._pairs(state, "content"))
        mapping.extend([part for pair in pairs for part in pair])
        kinds = self._nodes(state, "key_types", "content")
        for (key, _), kind in zip(pairs, kinds, strict=False):
            if isinstance(kind, Global) and kind.dotted != "builtins.str":
                self._call(kind, (key,), "DictNode")
        return self._of(cls, mapping, "DictNode")

    def default_dict(self, state: object) -> Value:
        """A defaultdict of what the file names as its factory."""
        self._class(state)
        main, made = self._node(state, "content", "main"), self._node(state, "content", "default_factory")
        self._node(state, "content", "_deprecated_key_to_new_key")
        return self._call(_DEFAULTS, (None if made is UNKNOWN else made, main), "DefaultDictNode")

    def items_node(self, state: object) -> Value:
        """A list or a set."""
        cls, items = self._class(state), Items("list")
        items.extend(self._nodes(state, "content"))
        return self._of(cls, items, "ListNode")

    def tuple_node(self, state: object) -> Value:
        """A tuple, or one with names."""
        cls = self._class(state)
        return self._of(cls, tuple(self._nodes(state, "content")), "TupleNode")

    def function(self, state: object) -> Value:
        """A function or a class by its name."""
        found = self._class(state)
        for module in _at(state, "content", "module_path"):  # as protocol 0 has it
            for name in _at(state, "content", "function"):
                if isinstance(module, str) and isinstance(name, str):
                    found = self._find(module, name)
        return found

    def partial(self, state: object) -> Value:
        """`functools.partial` of a function."""
        self._class(state)
        parts = [self._node(state, "content", key) for key in ("func", "args", "kwds", "namespace")]
        keywords = (parts[2],) if isinstance(parts[2], Mapping) and parts[2].count else ()
        return self._call(_PARTIAL, (parts[0], *as_arguments(parts[1]), *keywords), "PartialNode")

    def slice_node(self, _: object) -> Value:
        """A slice of plain numbers."""
        return Result(_SLICE, ())

    def object_node(self, state: object) -> Value:
        """An instance made without its constructor and given its state."""
        instance = self._call(self._class(state), (), "NEWOBJ")
        return self._given(instance, self._node(state, "content") if _at(state, "content") else None)

    def method(self, state: object) -> Value:
        """A bound method."""
        owner = self._node(state, "content", "obj")
        said = _text(state, "__module__"), _text(state, "__class__")
        real = _text(state, "content", "obj", "__module__"), _text(state, "content", "obj", "__class__")
        # The module is that of the method, which may be inherited; releases before 0.10 write the class `method`.
        odd = said[1] not in {real[1], "method"} or str(said[0]).partition(".")[0] != str(real[0]).partition(".")[0]
        if None not in real and odd:
            self._differ(".".join(map(str, said)), ".".join(map(str, real)))
        return self._call(_GETATTR, (owner, _text(state, "content", "func") or UNKNOWN), "MethodNode")

    def operator(self, state: object) -> Value:
        """`attrgetter`, `itemgetter` or `methodcaller`, and whatever else of `operator` is named."""
        module, name = _text(state, "__module__"), _text(state, "__class__")
        if module != "operator":
            self._class(state)
            self._differ(f"{module}.{name}", f"operator.{name}")
        made = self._find("operator", name) if name else UNKNOWN
        return self._call(made, as_arguments(self._node(state, "attrs")), "OperatorFuncNode")

    def _differ(self, said: str, real: str) -> None:
        self._notes.anomaly("skops.mismatch", f"{said} is shown, and {real} is used", 0)

    def reduce_node(self, state: object) -> Value:
        """What a constructor is called for, and a state."""
        made = self._call(self._class(state), as_arguments(self._node(state, "__reduce__", "args")), "ReduceNode")
        return self._given(made, self._node(state, "content"))

    def constructor(self, state: object) -> Value:
        """What a constructor is called for."""
        return self._call(self._class(state), as_arguments(self._node(state, "content")), "ConstructorFromReduceNode")

    def json_node(self, state: object) -> Value:
        """A constant."""
        try:
            return _constant(json.loads(_text(state, "content") or "null"))
        except (ValueError, RecursionError):
            return UNKNOWN

    def ndarray(self, state: object) -> Value:
        """An array, or what a class makes of one."""
        cls = self._class(state)
        self._node(state, "shape")
        content: Value = BUFFER
        if elements := self._nodes(state, "content"):
            content = Items("list")
            content.extend(elements)
        if isinstance(cls, Global) and cls.dotted == "numpy.ndarray":
            return Result(cls, (content,))
        return self._call(cls, (content,), "NdArrayNode")

    def random_state(self, state: object) -> Value:
        """An old random generator, made and given its state."""
        return self._given(self._call(self._class(state), (), "RandomStateNode"), self._node(state, "content"))

    def generator(self, state: object) -> Value:
        """A random generator over a source of bits that it names."""
        bits = self._node(state, "content", "bit_generator")
        self._node(state, "content", "seed_seq")
        raw = _text(state, "content", "bit_generator", "bit_generator")  # as protocol 0 has it
        name = bits.get("bit_generator") if isinstance(bits, Mapping) else raw
        made = self._find("numpy.random", name) if isinstance(name, str) else UNKNOWN
        return self._call(self._class(state), (self._call(made, (), "RandomGeneratorNode"),), "RandomGeneratorNode")

    def bytes_node(self, state: object) -> Value:
        """Bytes that a member of the archive holds."""
        for file in _at(state, "file"):
            if isinstance(file, str):
                self._scan.state(Storage(clip(file), RAW, 0, self._scan.member))
        self._class(state)
        return BUFFER

    def matrix(self, state: object) -> Value:
        """A sparse matrix that a member of the archive holds."""
        self._class(state)
        return UNKNOWN

    def array_parts(self, state: object) -> Value:
        """An array with a mask, or the type of one: what makes it is no name of the file."""
        self._class(state)
        for path in (("content",), ("content", "data"), ("content", "mask")):
            self._node(state, *path)
        return UNKNOWN

    def cached(self, _: object) -> Value:
        """Nothing of its own: the node of its id stands in its place."""
        return UNKNOWN

    def unheard(self, state: object) -> Value:
        """A node of which nobody here has heard: all that it may hold is made."""
        for loader in _at(state, _LOADER):
            self._scan.unread("no-reader", f"a node of skops that is made by {loader}")
        cls = self._class(state)
        if isinstance(state, dict):
            self._names(state)
        return self._call(cls, (), "REDUCE")


_LOADERS: Final[dict[str, Callable[[_Tree, object], Value]]] = {
    "BytearrayNode": _Tree.bytes_node,
    "BytesNode": _Tree.bytes_node,
    "CachedNode": _Tree.cached,
    "ConstructorFromReduceNode": _Tree.constructor,
    "DTypeNode": _Tree.array_parts,
    "DefaultDictNode": _Tree.default_dict,
    "DictNode": _Tree.dict_node,
    "FunctionNode": _Tree.function,
    "JsonNode": _Tree.json_node,
    "ListNode": _Tree.items_node,
    "LossNode": _Tree.reduce_node,
    "MaskedArrayNode": _Tree.array_parts,
    "MethodNode": _Tree.method,
    "NdArrayNode": _Tree.ndarray,
    "ObjectNode": _Tree.object_node,
    "OperatorFuncNode": _Tree.operator,
    "PartialNode": _Tree.partial,
    "QuantileForestNode": _Tree.reduce_node,
    "RandomGeneratorNode": _Tree.generator,
    "RandomStateNode": _Tree.random_state,
    "SGDNode": _Tree.reduce_node,  # before 0.9
    "SetNode": _Tree.items_node,
    "SliceNode": _Tree.slice_node,
    "SparseMatrixNode": _Tree.matrix,
    "TreeNode": _Tree.reduce_node,
    "TupleNode": _Tree.tuple_node,
    "TypeNode": _Tree.function,
    "_DictWithDeprecatedKeysNode": _Tree.default_dict,
}
