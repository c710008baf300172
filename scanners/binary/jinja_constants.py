"""The texts and numbers that expressions of a Jinja template come to, where constants alone decide.

Nothing is rendered: what filters and methods of texts do is done here, to constants, within bounds.

Sources: jinja2/filters.py of Jinja 3.1; the methods are those of Python's own texts.
"""

from __future__ import annotations

import itertools
import re
from typing import Final

from jinja2 import nodes

NESTED: Final = 32
"""Expressions in one another that are followed."""
MEANINGS: Final = 8
"""Texts kept that one expression may stand for."""
_LONGEST: Final = 4096
"""Characters of a text that is put together from constants."""
_GREATEST: Final = 1 << 62
_SAME: Final = frozenset(("trim", "strip", "string", "safe", "list", "escape", "e", "forceescape"))
_CASES: Final = frozenset(("lower", "upper", "title", "capitalize", "swapcase", "casefold"))
MAKERS: Final = _SAME - {"list", "safe"} | _CASES | {"join", "replace", "reverse", "format"}
"""Filters and methods that make a text of texts."""


class Constants:
    """What the names of a template stand for; several texts where it says several."""

    def __init__(self) -> None:
        self._means: dict[str, list[str]] = {}

    def mean(self, name: str, texts: list[str]) -> None:
        """A name may stand for these texts as well."""
        known = self._means.setdefault(name, [])
        known += [text for text in texts if text not in known][: MEANINGS - len(known)]

    def told(self, node: nodes.Node | None, depth: int = NESTED) -> list[str]:
        """The texts that an expression may be, put together from constants; none where that cannot be told."""
        if depth == 0:
            return []
        match node:
            case nodes.Const(value=bool() | None):
                return []
            case nodes.Const(value=str() | int() as value):
                return [str(value)[:_LONGEST]] if not isinstance(value, int) or abs(value) < 1 << 64 else []
            case nodes.TemplateData():
                return [node.data]
            case nodes.Name():
                return self._means.get(node.name, [])
            case nodes.Getattr(node=nodes.Name() as owner):
                return self._means.get(f"{owner.name}.{node.attr}", [])
            case nodes.Concat():
                return self._joined(node.nodes, depth)
            case nodes.Add():
                return self._joined([node.left, node.right], depth)
            case nodes.Mod():
                values = node.right.items if isinstance(node.right, nodes.Tuple) else [node.right]
                return self._percent(node.left, values, depth)
            case nodes.CondExpr():
                return [*self.told(node.expr1, depth - 1), *self.told(node.expr2, depth - 1)][:MEANINGS]
            case nodes.Getitem():
                return self._sliced(node, depth)
            case nodes.Filter():
                return self._filtered(node.name, node.node, node.args, depth)
            case nodes.Call(node=nodes.Getattr() as method):
                if method.attr == "join" and node.args:
                    return self._filtered("join", node.args[0], [method.node], depth)
                if method.attr == "format":
                    return self._braces(method.node, node.args, depth)
                return self._filtered(method.attr, method.node, node.args, depth)
            case _:
                return []

    def _joined(self, parts: list[nodes.Expr], depth: int, between: str = "") -> list[str]:
        each = [self.told(part, depth - 1) for part in parts]
        if not parts or not all(each):
            return []
        made = itertools.islice(itertools.product(*each), MEANINGS)
        return [between.join(texts)[:_LONGEST] for texts in made]

    def _percent(self, template: nodes.Expr, values: list[nodes.Expr], depth: int) -> list[str]:
        told = [self.told(value, depth - 1) for value in values]
        made: list[str] = []
        for text in self.told(template, depth - 1):
            pieces = re.split(r"%[sc]", text)
            if len(pieces) != len(values) + 1 or not all(told) or "%" in "".join(pieces):
                continue
            kinds = re.findall(r"%([sc])", text)
            filled = [
                chr(int(value[0])) if kind == "c" and value[0].isdigit() and int(value[0]) < 0x110000 else value[0]
                for kind, value in zip(kinds, told, strict=True)
            ]
            made.append("".join(itertools.chain(*itertools.zip_longest(pieces, filled, fillvalue=""))))
        return made[:MEANINGS]

    def _braces(self, template: nodes.Expr, values: list[nodes.Expr], depth: int) -> list[str]:
        told = [self.told(value, depth - 1) for value in values]
        made: list[str] = []
        for text in self.told(template, depth - 1):
            numbers = itertools.count()
            places = [next(numbers) if not place else int(place) for place in re.findall(r"\{(\d{0,3})\}", text)]
            if any(place >= len(told) or not told[place] for place in places):
                continue
            filled = [told[place][0] for place in places]
            pieces = re.split(r"\{\d{0,3}\}", text)
            made.append("".join(itertools.chain(*itertools.zip_longest(pieces, filled, fillvalue="")))[:_LONGEST])
        return made[:MEANINGS]

    def _sliced(self, node: nodes.Getitem, depth: int) -> list[str]:
        match node.arg:
            case nodes.Slice():
                ends = (node.arg.start, node.arg.stop, node.arg.step)
                if any(end is not None and number(end) is None for end in ends):
                    return []
                cut: slice | int = slice(*(None if end is None else number(end) for end in ends))
            case _ if (at := number(node.arg)) is not None:
                cut = at
            case _:
                return []
        made: list[str] = []
        for text in self.told(node.node, depth - 1):
            try:
                made.append(text[cut])
            except (IndexError, ValueError):
                continue
        return made

    def _filtered(self, name: str, of: nodes.Node | None, arguments: list[nodes.Expr], depth: int) -> list[str]:
        """What a filter, or the method of this name, makes of a text."""
        if name == "join":
            between = self.told(arguments[0], depth - 1) if arguments else [""]
            return self._joined(elements(of), depth, between[0]) if between else []
        if name in {"first", "last"} and (parts := elements(of)) and not isinstance(of, nodes.Const):
            return self.told(parts[0 if name == "first" else -1], depth - 1)
        if name == "format":
            return self._percent(of, arguments, depth) if isinstance(of, nodes.Expr) else []
        told = self.told(of, depth - 1)
        match name:
            case _ if name in _CASES:
                return [getattr(text, name)() for text in told]
            case _ if name in _SAME:
                return [text.strip() for text in told] if name in {"trim", "strip"} else told
            case "reverse":
                return [text[::-1] for text in told]
            case "first" | "last":
                return [text[:1] if name == "first" else text[-1:] for text in told]
            case "replace" if len(arguments) >= 2:
                old, new = (self.told(each, depth - 1) for each in arguments[:2])
                return [text.replace(old[0], new[0])[:_LONGEST] for text in told] if old and new else []
            case _:
                return []


def number(node: nodes.Node | None, depth: int = 8) -> int | None:
    """The integer that a constant expression is; one beyond 2**62 counts as that."""
    match node:
        case nodes.Const(value=int(value)) if not isinstance(value, bool):
            return max(-_GREATEST, min(value, _GREATEST))
        case nodes.Neg() if depth:
            inner = number(node.node, depth - 1)
            return None if inner is None else -inner
        case nodes.Add() | nodes.Sub() | nodes.Mul() | nodes.Pow() if depth:
            left, right = number(node.left, depth - 1), number(node.right, depth - 1)
            if left is None or right is None:
                return None
            return max(-_GREATEST, min(_computed(node, left, right), _GREATEST))
        case _:
            return None


def _computed(node: nodes.BinExpr, left: int, right: int) -> int:
    if isinstance(node, nodes.Add):
        return left + right
    if isinstance(node, nodes.Sub):
        return left - right
    if isinstance(node, nodes.Mul):
        return left * right
    if right < 0:
        return 0
    return left**right if right * left.bit_length() <= _GREATEST.bit_length() else _GREATEST


def elements(node: nodes.Node | None) -> list[nodes.Expr]:
    """What a list, a tuple, `dict(a=…)` or a text consists of; of any other value only itself."""
    match node:
        case nodes.List() | nodes.Tuple():
            return node.items
        case nodes.Dict():
            return [pair.key for pair in node.items]
        case nodes.Call(node=nodes.Name(name="dict")):
            return [nodes.Const(pair.key) for pair in node.kwargs]
        case nodes.Filter(name="list" | "sort" | "unique" as name) if node.node is not None and name:
            return elements(node.node)
        case nodes.Filter(name="reverse") if not isinstance(node.node, nodes.Const):
            return elements(node.node)[::-1]
        case nodes.Const(value=str(value)):
            return [nodes.Const(letter) for letter in value[:_LONGEST]]
        case nodes.Expr():
            return [node]
        case _:
            return []
