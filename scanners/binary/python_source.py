"""What a text of Python source names: the dotted paths that it imports, calls and reads, with aliases resolved.

The source is parsed and never run. Rule 1: where a name may stand for several things, all of them are named. Rule 2:
what is looked up by a constant text, in `getattr`, `__import__` or `sys.modules`, is named as if it were spelled.
Of a value that nothing is known of the path begins with `?`: `().__class__.mro` is `?.__class__.mro`.
"""

from __future__ import annotations

import ast
import builtins
import warnings
from typing import Final, Literal, NamedTuple

MOST: Final = 1 << 20
"""Characters of a source that are parsed; its tree takes some hundred times their memory."""
INLINE: Final = ".inline.py"
"""How the name of a part ends that is a program on a command line, or in prose: nobody imports it."""
_BUILTINS: Final = frozenset(dir(builtins))
_NESTED: Final = 24
_STEPS: Final = 64
"""Attributes in one chain; of longer ones the last are named."""
_ALIASES: Final = 8
"""Meanings kept of one name, and rounds in which aliases of aliases are looked for."""
_IMPORTERS: Final = frozenset(("builtins.__import__", "importlib.import_module", "importlib.__import__"))
_GETTERS: Final = frozenset(("builtins.getattr", "inspect.getattr_static"))
UNKNOWN: Final = "?"

Used = Literal["imported", "called", "read"]


class Named(NamedTuple):
    """One path, and what the source does with it."""

    path: str
    used: Used


def names(source: str | bytes) -> tuple[Named, ...]:
    """What the source names, sorted; raises `ValueError` for what is no source, or too long.

    Bytes may say in which encoding they are, as those of a file do.
    """
    return tuple(sorted(Reading(parsed(source)).named))


def parsed(source: str | bytes) -> ast.Module:
    """The tree of a source; raises `ValueError` for what is no source, or too long."""
    if len(source) > MOST:
        raise ValueError(f"{len(source)} characters of source")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        # A ValueError is a zero byte, or a number of more digits than `int` agrees to read.
        raise ValueError(f"no Python source: {type(error).__name__}") from None


class Reading:
    """One source: first what its names stand for, then what is done with them."""

    def __init__(self, tree: ast.Module) -> None:
        self.named: set[Named] = set()
        self._stands_for: dict[str, list[str]] = {}
        self._bound: set[str] = set()
        self._told: set[int] = set()
        """Identities of the names that what their calls give says all about."""
        nodes = list(ast.walk(tree))
        for node in nodes:
            self._binds(node)
        assigned = [node for node in nodes if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr)]
        for _ in range(_ALIASES):
            if sum(map(self._assigns, assigned)) == 0:
                break
        for node in nodes:
            self._uses(node)

    def _binds(self, node: ast.AST) -> None:
        match node:
            case ast.Import():
                for alias in node.names:
                    self.named.add(Named(alias.name, "imported"))
                    root = alias.name.partition(".")[0]
                    self._means(alias.asname or root, alias.name if alias.asname else root)
            case ast.ImportFrom():
                module = "." * node.level + (node.module or "")
                for alias in node.names:
                    path = f"{module}.{alias.name}" if module.strip(".") else f"{module}{alias.name}"
                    self.named.add(Named(path, "imported"))
                    self._means(alias.asname or alias.name, path)
            case ast.Name(ctx=ast.Store()):
                self._bound.add(node.id)
            case ast.arg():
                self._bound.add(node.arg)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self._bound.add(node.name)
            case _:
                return

    def _means(self, name: str, path: str) -> bool:
        known = self._stands_for.setdefault(name, [])
        if path in known or len(known) >= _ALIASES:
            return False
        known.append(path)
        return True

    def _assigns(self, node: ast.Assign | ast.AnnAssign | ast.NamedExpr) -> bool:
        """Note what assigned names stand for; whether any of it is new."""
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if node.value is None:
            return False
        paths = [path for path in self.paths(node.value) if not path.startswith(UNKNOWN)]
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        return sum(self._means(name, path) for name in names for path in paths) > 0

    def _uses(self, node: ast.AST) -> None:
        if isinstance(node, ast.Call):
            if self._gets_by_constant(node):
                self._told.add(id(node.func))
            else:
                self._name(node.func, "called")
            self._name(node, "imported")
        elif id(node) in self._told:
            return
        elif isinstance(node, ast.Attribute | ast.Subscript) or (
            isinstance(node, ast.Name) and node.id not in self._bound
        ):
            self._name(node, "read")

    def _gets_by_constant(self, node: ast.Call) -> bool:
        """Whether a call is a `getattr` by a constant name, as torch.fx writes what is no identifier (`"0"`)."""
        named = len(node.args) == 2 and not node.keywords and bool(text_of(node.args[1], _NESTED))
        return named and _GETTERS.issuperset(self.paths(node.func))

    def _name(self, node: ast.expr, used: Used) -> None:
        self.named |= {Named(path, used) for path in self.paths(node) if path != UNKNOWN}

    def paths(self, node: ast.expr, depth: int = _NESTED) -> list[str]:
        """The paths that an expression may stand for."""
        steps: list[str] = []
        while isinstance(node, ast.Attribute) and len(steps) <= _STEPS:
            steps.append(node.attr)
            node = node.value
        roots = self._roots(node, depth - 1) if depth > 0 and len(steps) <= _STEPS else [UNKNOWN]
        tail = "".join(f".{step}" for step in reversed(steps[:_STEPS]))
        return [root + tail for root in roots]

    def _roots(self, node: ast.expr, depth: int) -> list[str]:
        match node:
            case ast.Name():
                known = self._stands_for.get(node.id, [])
                own = [f"builtins.{node.id}"] if node.id in _BUILTINS else []
                return [*known, *own] or ["builtins" if node.id == "__builtins__" else UNKNOWN]
            case ast.Call():
                return self._looked_up(node, depth)
            case ast.Subscript():
                key = text_of(node.slice, depth)
                return [_item(path, key) for path in self.paths(node.value, depth)] if key else [UNKNOWN]
            case ast.NamedExpr():
                return self.paths(node.value, depth)
            case ast.IfExp():
                return [*self.paths(node.body, depth), *self.paths(node.orelse, depth)][:_ALIASES]
            case _:
                return [UNKNOWN]

    def _looked_up(self, node: ast.Call, depth: int) -> list[str]:
        """What a call gives that imports or gets what a constant text names."""
        callees = set(self.paths(node.func, depth))
        first = text_of(node.args[0], depth) if node.args else ""
        if first and callees & _IMPORTERS:
            return [first.partition(".")[0] if "builtins.__import__" in callees and len(node.args) < 4 else first]
        if len(node.args) >= 2 and callees & _GETTERS:
            name = text_of(node.args[1], depth)
            return [f"{path}.{name or UNKNOWN}" for path in self.paths(node.args[0], depth)]
        if node.args and "builtins.vars" in callees:
            return [f"{path}.__dict__" for path in self.paths(node.args[0], depth)]
        return [UNKNOWN]


def _item(path: str, key: str) -> str:
    if path == "sys.modules":
        return key
    owner, _, last = path.rpartition(".")
    return f"{owner}.{key}" if last == "__dict__" and owner else f"{path}.{key}"


def text_of(node: ast.expr, depth: int) -> str:
    """The constant text that an expression is, joined where it is in pieces; "" where it is none."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.BinOp(op=ast.Add()) if depth > 0:
            left, right = text_of(node.left, depth - 1), text_of(node.right, depth - 1)
            return left + right if left and right else ""
        case ast.JoinedStr():
            parts = [text_of(part, 0) for part in node.values]
            return "".join(parts) if all(parts) else ""
        case _:
            return ""
