"""What a pickle says of the code that it carries, as facts."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from scanners.binary import code_objects, python_source
from scanners.binary.bytecode import inert
from scanners.binary.code_objects import Classes, code_of, kind_of, role_of
from scanners.binary.pickle_lexer import Payload
from scanners.binary.pickle_values import Global, Mapping, Result
from scanners.budget import LimitReached
from scanners.facts import Code, clip
from scanners.source import BytesSource, Slice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scanners.binary.bytecode import Code as Compiled
    from scanners.binary.pickle_values import Value
    from scanners.facts import CodeKind
    from scanners.scanner import Scan
    from scanners.source import Source

_NAME_MOST: Final = 128
"""Characters of a name; identifiers are shorter."""
_UNMARSHALS: Final = frozenset(("marshal.loads", "dill._dill._unmarshal", "idlelib.rpc.unpickle_code"))
_EXECUTES: Final = {
    "torch.fx.graph_module.reduce_graph_module": 0,
    "torch.fx.graph_module.reduce_deploy_graph_module": 1,
}
"""Callees that execute `import_block + body["_code"]`, by the place of the body among the arguments, the imports
behind it; then they trace the function that it defines (torch/fx/graph_module.py)."""
_WATCHED: Final = code_objects.WATCHED | {path.rpartition(".")[2] for path in (*_UNMARSHALS, *_EXECUTES)} | {"getattr"}


def watched(callee: Global) -> bool:
    """Whether a call of that name may make or run code."""
    return callee.name.rpartition(".")[2] in _WATCHED


def _asks_dill(callee: Global, arguments: tuple[Value, ...]) -> bool:
    """Whether the call is dill's own `getattr(dill._dill, '_setattr', setattr)`: calling what it gives is judged."""
    match arguments:
        case (Global(module="dill", name="_dill"), "_setattr", Global() as default):
            return callee.dotted == "builtins.getattr" and default.dotted == "builtins.setattr"
        case _:
            return False


def _keeps(callee: Global, arguments: tuple[Value, ...]) -> bool:
    """Whether the call only puts names where a function that the pickle carries finds them: its cells and globals."""
    role = role_of(callee)
    return role == "cell" or (
        role in {"function", "fill"} and bool(arguments) and kind_of(arguments[0]) in {"code", "function"}
    )


def facts_of(code: Compiled, kind: CodeKind, member: str, offset: int | None, *, called: bool = False) -> list[Code]:
    """What is to be said of a code object."""
    proven = inert(code)
    return _facts(kind, code.name, code.names, code.texts, code.digest, member, offset, called=called, proven=proven)


def facts_of_source(
    source: str | bytes, kind: CodeKind, name: str, member: str, offset: int | None = None
) -> list[Code]:
    """What is to be said of source that loading runs; raises `ValueError` for what cannot be parsed."""
    paths = [path for path, _ in python_source.names(source)]
    data = source if isinstance(source, bytes) else source.encode("utf-8", "backslashreplace")
    digest = hashlib.sha256(data).hexdigest()[:16]
    return _facts(kind, name, paths, (), digest, member, offset, called=True)


def _facts(  # noqa: PLR0917 - the fields of the fact
    kind: CodeKind,
    name: str,
    names: Sequence[str],
    strings: Sequence[str],
    digest: str,
    member: str,
    offset: int | None,
    *,
    called: bool,
    proven: bool = False,
) -> list[Code]:
    every = tuple(clip(each, _NAME_MOST) for each in dict.fromkeys(names))
    said = tuple(map(clip, dict.fromkeys(strings)))
    return list(Code(kind, clip(name), every, said, digest, proven, called, member, offset).pieces())


class Carried:
    """States the code in the pickles of one source to its scan."""

    def __init__(self, scan: Scan, source: Source | None = None) -> None:
        self._scan, self._source = scan, source
        self._classes = Classes()
        self._told: set[tuple[str, str, bool]] = set()

    def kind(self, value: Value) -> str:
        """What kind of code a value is, if that is stated; "" of all else."""
        return kind_of(value) if isinstance(value, Result) else ""

    def call(self, callee: Value, arguments: tuple[Value, ...], opcode: str, offset: int) -> tuple[Value, ...] | None:
        """State what code a call makes or runs. Where that says it all, the arguments whose names are left."""
        if isinstance(callee, Global):
            if not watched(callee):
                return None
        elif not isinstance(callee, Result):
            return None
        ran = self._classes.runs(callee, arguments, opcode) + self._classes.fill(callee, arguments)
        for name, code in ran:
            self._tell(code, name, offset, called=True)
        if role_of(callee) == "code":
            self._tell(self._code(callee, arguments), "", offset, called=False)
            return arguments
        if not isinstance(callee, Global):
            return arguments if ran or kind_of(callee) else None
        if callee.dotted in _UNMARSHALS:
            self._unmarshal(arguments, offset)
        if callee.dotted in _EXECUTES and self._execute(arguments, _EXECUTES[callee.dotted], offset):
            return arguments
        return () if _asks_dill(callee, arguments) or _keeps(callee, arguments) else None

    def _code(self, callee: Value, arguments: tuple[Value, ...]) -> Compiled | None:
        try:
            return code_of(callee, arguments)
        except LimitReached:
            return None

    def _tell(self, code: Compiled | None, name: str, offset: int, *, called: bool) -> None:
        if code is None:
            self._state([Code("pickle", clip(name), called=called, member=self._scan.member, offset=offset)])
        else:
            self._state(facts_of(code, "pickle", self._scan.member, offset, called=called))

    def _state(self, facts: list[Code]) -> None:
        key = (facts[0].name, facts[0].digest, facts[0].called)
        if key not in self._told:
            self._told.add(key)
            for fact in facts:
                self._scan.state(fact)

    def _unmarshal(self, arguments: tuple[Value, ...], offset: int) -> None:
        """Read the constant that is handed to `marshal.loads`."""
        data = arguments[0] if arguments else None
        if isinstance(data, bytes):
            self._scan.inside(BytesSource(data), f"constant@{offset}")
        elif isinstance(data, Payload) and not data.text and self._source is not None:
            self._scan.inside(Slice(self._source, data.offset, data.length), f"constant@{offset}")

    def _execute(self, arguments: tuple[Value, ...], place: int, offset: int) -> bool:
        """Name what the source names that a call executes; False where that cannot be told."""
        match arguments[place : place + 2]:
            case (Mapping() as body, imports) if body.whole:
                code = body.get("_code")
                # An empty text counts as none, as in the call itself.
                texts = [self._text(imports), self._text(code) or self._text(body.get("code"))]
            case _:
                return False
        if not texts[0] or not texts[1]:
            return False
        source = "".join(text for text in texts if text)
        try:
            facts = facts_of_source(source, "python", "forward", self._scan.member, offset)
        except ValueError as problem:
            self._scan.unread("broken", f"source that the pickle executes: {problem}", offset=offset)
            return False
        self._state(facts)
        return True

    def _text(self, value: Value) -> str | None:
        """A constant text, also a long one; None for all else."""
        if isinstance(value, str):
            return value
        if not isinstance(value, Payload) or not value.text or self._source is None:
            return None
        if value.length > 4 * python_source.MOST:
            return None
        return self._source.read(value.offset, value.length).decode("utf-8", "replace")
