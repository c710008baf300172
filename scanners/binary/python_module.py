"""A Python module of a repository: what it does when it is imported, loaded from, called, or run as a program.

The source is parsed and never run. Where a call stands decides when it happens: `import` is the body of the module and
of its classes, decorators and defaults; `load` are the methods that loaders and inference call by themselves; `main` is
what is run as a program; `call` is all else. What is called from such a place, under its bare name, happens there too.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from scanners.binary.python_source import UNKNOWN, Reading, parsed, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

When = Literal["import", "load", "call", "main"]
ORDER: Final[tuple[When, ...]] = ("import", "load", "main", "call")
"""The first that applies counts."""
_LOADED: Final = frozenset(
    "forward generate from_pretrained _from_pretrained from_config _init_weights init_weights post_init setup"
    " load_model load init initialize preprocess postprocess predict inference handle custom_generate"
    " model_fn input_fn predict_fn output_fn".split()
)
"""Methods that loaders, trainers and servers of models call (transformers, diffusers, the Hub, SageMaker)."""
_SHOWN: Final = 160
_ARGUMENTS: Final = 8
_TEXTS: Final = 16
_NESTED: Final = 12
_TELLING: Final = re.compile(r"[/\\~]|:\/\/|\.(?:exe|sh|dll|so|ps1|bat)\b")


class Done(NamedTuple):
    """One call of something that the module imports, or of a builtin; `path =` is a change of it."""

    path: str
    when: When
    arguments: tuple[str, ...]
    """As written, constants folded and shown as Python shows them."""
    texts: tuple[str, ...]
    """The constant texts among them, at any depth."""
    line: int
    offset: int


class Module(NamedTuple):
    """What is to be known of a module."""

    imports: tuple[str, ...]
    names: dict[When, tuple[str, ...]]
    """Dotted paths that it calls or reads, by when."""
    calls: tuple[Done, ...]
    texts: tuple[str, ...]
    """Constants that look like paths, addresses or programs, those of its documentation left out."""


def read(source: bytes, *, program: bool = False) -> Module:
    """Read a module, or a program that nobody imports; raises `ValueError` for no Python source, or too long a one."""
    return _Module(source, parsed(source), program=program).done()


class _Unit(NamedTuple):
    """A function, the body of the module, or what is run as a program."""

    name: str
    owner: str
    """The class that it is in, "" for none."""


_BODY: Final = _Unit("", "")
_PROGRAM: Final = _Unit("<main>", "")


class _Module:
    def __init__(self, source: bytes, tree: ast.Module, *, program: bool) -> None:
        self._reading = Reading(tree)
        self._lines = [0]
        for line in source.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))
        self._source = source
        self._documents = set(_documents(tree))
        self._nodes: dict[_Unit, list[ast.AST]] = {_BODY: [], _PROGRAM: []}
        for node, unit in _placed(tree):
            self._nodes.setdefault(unit, []).append(node)
        self._when = self._timed(program=program)

    def done(self) -> Module:
        """What was found, each thing once."""
        names: dict[When, dict[str, None]] = {}
        calls: dict[tuple[str, When, tuple[str, ...]], Done] = {}
        texts: dict[str, None] = {}
        for unit, nodes in self._nodes.items():
            when = self._when.get(unit, "call")
            known = names.setdefault(when, {})
            for node in nodes:
                if isinstance(node, ast.Attribute | ast.Name | ast.Call | ast.Subscript):
                    looked_up = node.func if isinstance(node, ast.Call) else node
                    known |= dict.fromkeys(path for path in self._reading.paths(looked_up) if path != UNKNOWN)
                if isinstance(node, ast.Call | ast.Assign | ast.Delete):
                    for done in self._calls(node, when):
                        calls.setdefault(done[:3], done)
                elif isinstance(node, ast.Constant):
                    texts |= dict.fromkeys(self._telling(node))
        imports = sorted({path for path, used in self._reading.named if used == "imported"})
        return Module(
            tuple(imports),
            {when: tuple(sorted(names[when])) for when in ORDER if names.get(when)},
            tuple(calls.values()),
            tuple(texts),
        )

    def _telling(self, node: ast.Constant) -> Iterator[str]:
        if isinstance(node.value, str) and id(node) not in self._documents and _TELLING.search(node.value):
            yield node.value

    def _timed(self, *, program: bool) -> dict[_Unit, When]:
        """When each unit runs: it does with whatever calls it by its bare name."""
        by_name: dict[str, list[_Unit]] = {}
        for unit in self._nodes:
            by_name.setdefault(unit.name, []).append(unit)
            if unit.owner and unit.name in {"__init__", "__new__", "__call__", "__post_init__"}:
                by_name.setdefault(unit.owner, []).append(unit)
        loaded = [unit for unit in self._nodes if unit.name in _LOADED or (unit.owner and _dunder(unit.name))]
        starts: dict[When, list[_Unit]] = {"import": [_BODY], "load": loaded, "main": [_PROGRAM]}
        if program:
            starts = {"main": [_BODY, _PROGRAM]}
        when: dict[_Unit, When] = {}
        for moment, todo in starts.items():
            while todo:
                unit = todo.pop()
                if unit in when:
                    continue
                when[unit] = moment
                # The body of a module names its functions to export them: there only calls count, and decorators.
                mentioned = set(_mentioned(self._nodes[unit], calls_only=unit is _BODY))
                todo += [each for name in mentioned for each in by_name.get(name, ()) if each not in when]
        return when

    def _calls(self, node: ast.Call | ast.Assign | ast.Delete, when: When) -> Iterator[Done]:
        if isinstance(node, ast.Call):
            for path in self._reading.paths(node.func):
                if not path.startswith(UNKNOWN):
                    yield self._done(path, when, node, [*node.args, *node.keywords])
            return
        for target in node.targets:
            if not isinstance(target, ast.Attribute | ast.Subscript):
                continue
            of = target.value if isinstance(target, ast.Subscript) else target
            for path in self._reading.paths(of):
                if not path.startswith(UNKNOWN):
                    key: list[ast.expr] = [target.slice] if isinstance(target, ast.Subscript) else []
                    value = [node.value] if isinstance(node, ast.Assign) else []
                    yield self._done(f"{path} =", when, node, [*key, *value])

    def _done(self, path: str, when: When, node: ast.Call | ast.stmt, parts: Sequence[ast.expr | ast.keyword]) -> Done:
        shown = tuple(self._shown(part) for part in parts[:_ARGUMENTS])
        texts = tuple(text for part in parts for text in _texts(part))[:_TEXTS]
        line = min(node.lineno, len(self._lines)) - 1
        return Done(path, when, shown, texts, node.lineno, self._lines[line] + node.col_offset)

    def _shown(self, part: ast.expr | ast.keyword) -> str:
        value = part.value if isinstance(part, ast.keyword) else part
        text = text_of(value, _NESTED)
        written = repr(text) if text else self._written(value)
        return f"{part.arg or '**'}={written}" if isinstance(part, ast.keyword) else written

    def _written(self, node: ast.expr) -> str:
        """The source of an expression; of a long one its beginning."""
        begin = self._lines[min(node.lineno, len(self._lines)) - 1] + node.col_offset
        end = self._lines[min(node.end_lineno or node.lineno, len(self._lines)) - 1] + (node.end_col_offset or 0)
        written = " ".join(self._source[begin : min(end, begin + _SHOWN)].decode("utf-8", "replace").split())
        return written + "…" if end - begin > _SHOWN else written


def _placed(tree: ast.Module) -> Iterator[tuple[ast.AST, _Unit]]:
    """Every node with the unit that it runs in."""
    todo: list[tuple[ast.AST, _Unit, str]] = [(tree, _BODY, "")]
    while todo:
        node, unit, owner = todo.pop()
        yield node, unit
        inner: Iterable[tuple[ast.AST, _Unit, str]]
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                own = _Unit(node.name, owner)
                body = {id(each) for each in node.body}
                inner = [(each, own if id(each) in body else unit, "") for each in ast.iter_child_nodes(node)]
            case ast.ClassDef():
                inner = [(each, unit, node.name) for each in ast.iter_child_nodes(node)]
            case ast.If() if _asks_for_main(node.test):
                inner = [*((each, _PROGRAM, "") for each in node.body), *((each, unit, "") for each in node.orelse)]
            case _:
                inner = [(each, unit, owner) for each in ast.iter_child_nodes(node)]
        todo += [*inner][::-1]


def _asks_for_main(test: ast.expr) -> bool:
    match test:
        case ast.Compare(left=ast.Name(id="__name__"), ops=[ast.Eq()], comparators=[ast.Constant(value="__main__")]):
            return True
        case ast.Compare(left=ast.Constant(value="__main__"), ops=[ast.Eq()], comparators=[ast.Name(id="__name__")]):
            return True
        case _:
            return False


def _mentioned(nodes: list[ast.AST], *, calls_only: bool) -> Iterator[str]:
    """Bare names of what is called or, where that counts, handed on."""
    for node in nodes:
        if isinstance(node, ast.Call):
            handed = [*node.args, *(keyword.value for keyword in node.keywords)]
            for each in (node.func, *handed):
                yield from _bare(each)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for each in node.decorator_list:
                yield from _bare(each)
        elif not calls_only and isinstance(node, ast.Name | ast.Attribute):
            yield from _bare(node)


def _bare(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr


def _dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _documents(tree: ast.Module) -> Iterator[int]:
    """Identities of the constants that only document: texts that stand alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield id(node.value)


def _texts(part: ast.expr | ast.keyword) -> Iterator[str]:
    """The constant texts in an argument."""
    for node in ast.walk(part):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
