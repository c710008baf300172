"""What the operations of a TensorFlow graph do: which there are, which run while it is loaded, what they open.

A graph is nodes that name their inputs ("name", "name:1", in functions "name:output:0", "^name" of one to wait for)
and a library of functions, which are graphs whose leaves are arguments. Functions are called by nodes that name them
in an attribute, or by nodes whose operation they are (tensorflow/core/framework/{graph,node_def,function}.proto).

A path that an operation opens is followed back, through calls, to where it comes from: constants of the graph, an
asset of the model, or whoever runs the graph.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from scanners.binary.tf_paths import NO_PATHS, OPENERS, PROGRAMS, SAVERS, Opener
from scanners.binary.tf_tensors import texts_of
from scanners.facts import Opens, Reference, clip, clip_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from scanners.facts import OpensKind, ReferenceKind
    from scanners.scanner import Scan

_STEPS_MOST: Final = 200_000
"""Nodes visited in search of origins, in one graph; past it the rest of the paths count as computed."""
_JOINED_DEPTH: Final = 16
_JOINED_MOST: Final = 4096
"""Bytes of a path that is put together from constants."""
_TEXTS_MOST: Final = 4096
"""Texts of one constant that are looked at as paths."""
_STATED_MOST: Final = 64
"""Constants stated as the path of one node."""
_LOADING: Final = frozenset((b"_initialize", b"_create_resource", b"_destroy_resource"))
"""Functions of resources that loading or unloading calls (tensorflow/python/saved_model/load.py)."""
_LOAD_COLLECTIONS: Final = frozenset(
    (b"saved_model_main_op", b"legacy_init_op", b"saved_model_initializers", b"table_initializer")
)
_LOAD_SIGNATURE: Final = b"__saved_model_init_op"
_ASSET: Final = b"asset of the object graph"
"""Stands for what no node of the graph is."""
_SAYS: Final = frozenset((b"rewrite", b"template", b"separator", b"fill"))
"""Attributes of which an operation makes texts."""
_NOTHING: Final = frozenset((b"", b"/"))
"""What stands between the parts of honest paths."""
_GIVEN: Final = frozenset((b"Placeholder", b"PlaceholderV2", b"PlaceholderWithDefault"))


class _Node(NamedTuple):
    op: bytes
    inputs: tuple[bytes, ...]
    """Names of nodes or arguments; those to wait for come with their mark."""
    message: Any

    @property
    def data(self) -> list[bytes]:
        """The inputs that are values, not only waited for."""
        return [each for each in self.inputs if not each.startswith(b"^")]


class _Body:
    """The graph itself, or a function."""

    def __init__(self, name: bytes, nodes: Iterable[Any], signature: Any = None, ret: Iterable[Any] = ()) -> None:
        self.name = name
        self.nodes: dict[bytes, _Node] = {}
        for node in nodes:
            self.nodes[_free(node.name, self.nodes)] = _Node(node.op, tuple(node.input), node)
        self.arguments = [argument.name for argument in signature.input_arg] if signature is not None else []
        self.returned = [_base(entry.value) for entry in ret]


class _Call(NamedTuple):
    """A place that runs a function: a node, or the object graph, which binds the last arguments."""

    body: _Body
    values: list[bytes]
    bound: bool = False


class _Origins(NamedTuple):
    constants: list[bytes]
    given: bool
    """Something of it comes from whoever runs the graph."""
    computed: bool
    """Something of it cannot be followed."""


def _free(name: bytes, taken: dict[bytes, Any]) -> bytes:
    """The name, or one of its own for what bears a name that is taken: TensorFlow refuses it, others need not."""
    return name if name not in taken else b"%b\0%d" % (name, len(taken))


def _base(reference: bytes) -> bytes:
    return reference.lstrip(b"^").partition(b":")[0]


def called(node: Any) -> Iterator[bytes]:
    """The names of the functions that a node's attributes hold."""
    for entry in node.attr:
        for function in (entry.value.func, *entry.value.list.func):
            if function.name:
                yield function.name


class Graph:
    """A GraphDef with what is known of it from around it."""

    def __init__(self, graph: Any, content: Callable[[bytes], bytes], meta: Any = None) -> None:
        self._content = content
        self._top = _Body(b"", graph.node)
        self._bodies = {b"": self._top}
        for function in graph.library.function:
            name = _free(function.signature.name, self._bodies)
            self._bodies[name] = _Body(name, function.node_def, function.signature, function.ret)
        self._assets: set[bytes] = set()
        self._saver = b""
        """The node that TensorFlow before 1.12 made a constant, and replaces with the path that it saves to."""
        self._assigned: dict[tuple[bytes, bytes], list[bytes]] = {}
        self._calls: dict[bytes, list[_Call]] = {}
        self._steps = 0
        self.overrun = False
        """Not every origin could be searched for."""
        for body in self._bodies.values():
            for node in body.nodes.values():
                if node.op == b"AssignVariableOp" and len(node.data) > 1:
                    self._assigned.setdefault((body.name, _base(node.data[0])), []).append(node.data[1])
                for name in self._functions(node):
                    self._calls.setdefault(name, []).append(_Call(body, node.data))
        self._loaded: set[tuple[bytes, bytes]] = set()
        if meta is not None:
            self._assets = {_ASSET} | {_base(asset.tensor_info.name) for asset in meta.asset_file_def}
            self._saver = _base(meta.saver_def.filename_tensor_name)
            self._bind(meta.object_graph_def)
            self._load(meta)

    def _functions(self, node: _Node) -> list[bytes]:
        names = [node.op, *called(node.message)]
        return [name for name in names if name in self._bodies and name]

    def _bind(self, objects: Any) -> None:
        """Note what the object graph hands to functions as their last arguments."""
        nodes = objects.nodes
        for entry in objects.concrete_functions:
            values = []
            for number in entry.value.bound_inputs:
                bound = nodes[number] if 0 <= number < len(nodes) else None
                asset = bound is not None and bound.HasField("asset")
                values.append(_ASSET if asset else bound.constant.operation if bound is not None else b"")
            self._calls.setdefault(entry.key, []).append(_Call(self._top, values, bound=True))

    def _load(self, meta: Any) -> None:
        """Mark all nodes that loading runs."""
        roots = [meta.saver_def.restore_op_name]
        for collection in meta.collection_def:
            if collection.key in _LOAD_COLLECTIONS:
                roots += collection.value.node_list.value
        for signature in meta.signature_def:
            if signature.key == _LOAD_SIGNATURE:
                roots += [output.value.name for output in signature.value.outputs]
        todo = [(b"", _base(root)) for root in roots if root]
        objects = meta.object_graph_def.nodes
        numbers = [child.node_id for each in objects for child in each.children if child.local_name in _LOADING]
        numbers += [saver.value.restore_function for each in objects for saver in each.saveable_objects]
        for number in numbers:
            if 0 <= number < len(objects):
                each = objects[number]
                names = [*each.function.concrete_functions, each.bare_concrete_function.concrete_function_name]
                todo += [
                    (name, node) for name in names if name in self._bodies and name for node in self._bodies[name].nodes
                ]
        while todo:
            place = todo.pop()
            body, node = self._bodies[place[0]], None
            node = body.nodes.get(place[1])
            if node is None or place in self._loaded:
                continue
            self._loaded.add(place)
            todo += [(body.name, _base(each)) for each in node.inputs]
            todo += [(name, inner) for name in self._functions(node) for inner in self._bodies[name].nodes]

    def state(self, scan: Scan) -> None:
        """State every operation, and what those that open something open."""
        told: dict[tuple[bytes, bool], None] = {}
        for body in self._bodies.values():
            for name, node in body.nodes.items():
                if node.op in self._bodies:
                    continue
                told[node.op, (body.name, name) in self._loaded] = None
                if node.op in PROGRAMS:
                    scan.unread("no-reader", f"the program in {text(node.op)} {text(name)}")
                opener = OPENERS.get(node.op.decode("latin-1"))
                if opener is not None:
                    self._state_opened(scan, body, name, node, opener)
        for op, loaded in told:
            kind: ReferenceKind = "tf.op.load" if loaded else "tf.op"
            scan.state(Reference(kind, "tf.raw_ops", clip_name(text(op)), "called", member=scan.member))
        if self.overrun:
            scan.unread("limit", f"origins of paths behind {_STEPS_MOST} nodes")

    def _state_opened(self, scan: Scan, body: _Body, name: bytes, node: _Node, opener: Opener) -> None:
        where = f"{text(node.op)} {text(name)}" + (f" in {text(body.name)}" if body.name else "")
        for entry in node.message.attr:
            if text(entry.key) in opener.attributes:
                for value in (entry.value.s, *entry.value.list.s):
                    path = text(value)
                    if path not in NO_PATHS and not path.startswith("bytes://"):
                        scan.state(Opens("tf.op", clip(path), clip(where), opener.writes, scan.member))
        data = node.data
        for position in opener.inputs:
            if position >= len(data):
                continue
            origins = self._origins(body, data[position], fed=(body.name, name) in self._loaded)
            paths = [path for path in dict.fromkeys(map(text, origins.constants)) if path not in NO_PATHS]
            kind: OpensKind = "tf.op.part" if origins.given or origins.computed else "tf.op"
            for path in paths[:_STATED_MOST]:
                scan.state(Opens(kind, clip(path), clip(where), opener.writes, scan.member))
            if len(paths) > _STATED_MOST:
                scan.unread("limit", f"{len(paths)} paths of {where}, {_STATED_MOST} are stated")
            if origins.computed or (origins.given and text(node.op) not in SAVERS):
                kind = "tf.op.input" if origins.given else "tf.op.computed"
                scan.state(Opens(kind, "", clip(where), opener.writes, scan.member))

    def _origins(self, body: _Body, reference: bytes, *, fed: bool) -> _Origins:
        """Where a value comes from, through every way that it may take.

        Constants that stand for assets are replaced only in what runs while the model is loaded: it is `fed`.
        """
        constants: list[bytes] = []
        given = computed = False
        seen: set[tuple[bytes, bytes]] = set()
        todo = [(body, _base(reference))]
        while todo:
            body, name = todo.pop()
            if (body.name, name) in seen:
                continue
            seen.add((body.name, name))
            self._steps += 1
            if self._steps > _STEPS_MOST:
                self.overrun = computed = True
                break
            node = body.nodes.get(name)
            if body is self._top and name in self._assets and (fed or node is None or node.op != b"Const"):
                continue
            if node is None:
                more, anybody = self._handed(body, name)
                given |= anybody
                todo += more
                continue
            given |= node.op in _GIVEN or (body is self._top and name == self._saver)
            if (joined := self._joined(body, name, 0)) is not None:
                constants += joined
                continue
            said = [self._content(each.value.s) for each in node.message.attr if each.key in _SAYS]
            constants += [each for each in said if each not in _NOTHING]
            inner = [
                (self._bodies[each], last) for each in self._functions(node) for last in self._bodies[each].returned
            ]
            inner += [(body, _base(each)) for each in self._assigned.get((body.name, name), ())]
            computed |= not node.data and not inner and not said and node.op not in _GIVEN
            todo += [(body, _base(each)) for each in node.data] + inner
        return _Origins(constants, given, computed)

    def _handed(self, body: _Body, name: bytes) -> tuple[list[tuple[_Body, bytes]], bool]:
        """What may be handed to an argument of a function, by all that call it; and whether by anybody else."""
        found: list[tuple[_Body, bytes]] = []
        count = len(body.arguments)
        place = body.arguments.index(name) if name in body.arguments else None
        calls = self._calls.get(body.name, ())
        anybody = not calls
        for call in calls:
            values = [(call.body, _base(each)) for each in call.values]
            if place is not None and place + len(values) >= count:
                # What stands before the arguments of a call chooses a branch or a device.
                found.append(values[place - count])
            elif call.bound:
                anybody = True
            else:
                # Elements of a dataset and the like: any of what goes in.
                found += values
        return found, anybody

    def _joined(self, body: _Body, name: bytes, depth: int) -> list[bytes] | None:
        """The texts that a value is, where it is made of constants alone; None where it is not."""
        node = body.nodes.get(name)
        self._steps += 1
        if node is None or depth > _JOINED_DEPTH or self._steps > _STEPS_MOST:
            return None
        attributes = {entry.key: entry.value for entry in node.message.attr}
        if node.op == b"Const":
            found = texts_of(attributes[b"value"].tensor, self._content) if b"value" in attributes else iter(())
            return [*islice(found, _TEXTS_MOST)]
        if node.op == b"Identity" and len(node.data) == 1:
            return self._joined(body, _base(node.data[0]), depth + 1)
        if node.op == b"StringJoin":
            parts = [self._joined(body, _base(each), depth + 1) for each in node.data]
            texts = [part[0] for part in parts if part]
            separator = attributes[b"separator"].s if b"separator" in attributes else b""
            return [separator.join(texts)[:_JOINED_MOST]] if len(texts) == len(parts) else None
        return None


def text(value: bytes) -> str:
    """Bytes of a file as text."""
    return value.decode("utf-8", "backslashreplace")
