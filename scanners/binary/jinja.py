"""What a Jinja template looks up, says and decides by: read from its syntax tree, never rendered.

Rule 1: a name that is put together from constants counts as if it were spelled, whatever puts it together. Rule 2: an
attribute is an attribute however it is asked for: by a dot, a subscript, `|attr`, the `attribute` of a filter, or the
fields of a format string. Rule 3: where an attribute's name cannot be told, that is said.

Sources: jinja2/nodes.py and jinja2/filters.py of Jinja 3.1 (`make_attrgetter`, `do_attr`), which subscripts fall back
to attributes (`Environment.getitem`); the tags that transformers adds (utils/chat_template_utils.py: `generation`,
`break`, `continue`).
"""

from __future__ import annotations

import re
from string import Formatter
from typing import TYPE_CHECKING, Final, NamedTuple

from jinja2 import Environment, TemplateSyntaxError, nodes
from jinja2.ext import Extension

from scanners.binary.jinja_constants import MAKERS, MEANINGS, NESTED, Constants, elements, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jinja2.parser import Parser

MOST: Final = 1 << 20
"""Characters of a template that are parsed."""
_SHOWN: Final = 200
_ROUNDS: Final = 1_000_000
"""Passes through a loop, or characters of one value, beyond which nobody waits for a template."""
_SAYS: Final = 40
"""Characters that a branch says at least, tags and spaces left out, before what it is asked for matters."""
_LETTERS: Final = 3

_TAG: Final = re.compile(r"<[^<>]*>|\[/?[A-Z_ ]+\]|\{\{|\}\}|[{}\[\]\"':,\s]+")
_MARKED: Final = re.compile(r"[<\[{/|#`*_-].*|.*[>\]}|:`*_-]", re.DOTALL)
"""How special tokens, tags and separators look, which templates of reasoning models look for in what they are given."""
_BY_ATTRIBUTE: Final = frozenset(("map", "sum", "sort", "unique", "groupby", "min", "max"))
_SELECTS: Final = frozenset(("selectattr", "rejectattr"))
_CONTENT: Final = frozenset(("content", "text", "prompt", "query", "question", "instruction", "input", "messages"))
_STARTS: Final = frozenset(("startswith", "endswith", "find", "count", "index", "rfind"))
_BLANK: Final = re.compile(r"\s+")
_COMMENTS: Final = frozenset(("comment", "comment_begin", "comment_end", "whitespace"))
_HIDDEN: Final = re.compile(r"__\w+__")
"""Names of Python's own machinery: of a text that is put together, these count wherever it is used."""
UNKNOWN: Final = "?"


class Trigger(NamedTuple):
    """A branch that is taken for some content of a message, and says something of its own."""

    looked_for: str
    said: str


class Template(NamedTuple):
    """What is to be known of one template."""

    names: tuple[str, ...]
    """Paths that it looks up: `message.content`, `lipsum.__globals__.os`; `?` where nothing is known of the root."""
    texts: tuple[str, ...]
    """What it says, and what it compares with."""
    dynamic: tuple[str, ...]
    """Attributes by a name that cannot be told, in outline."""
    includes: tuple[str, ...]
    """Other templates."""
    bombs: tuple[str, ...]
    """What takes time or memory beyond reason, in outline."""
    triggers: tuple[Trigger, ...]
    outline: str = ""
    """Its tokens without blanks, comments and quotes: what is the same in all ways of writing it down."""


class _Generation(Extension):
    """`{% generation %}` of transformers, around what an assistant says: the content counts, the tag does not."""

    tags = {"generation"}  # noqa: RUF012 - the interface is a class attribute of jinja2.ext.Extension

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """The nodes between the tags."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


_EXTENSIONS: Final = ("jinja2.ext.loopcontrols", "jinja2.ext.do", "jinja2.ext.i18n", _Generation)
_SYNTAX: Final = Environment(extensions=_EXTENSIONS, trim_blocks=True, lstrip_blocks=True)  # noqa: S701 - nothing is rendered


def read(text: str) -> Template:
    """Read a template; raises `ValueError` for what is none, or too long."""
    if len(text) > MOST:
        raise ValueError(f"a template of {len(text)} characters")
    try:
        tree = _SYNTAX.parse(text)
    except TemplateSyntaxError as error:
        raise ValueError(f"no Jinja template: {error.message}, line {error.lineno}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"no Jinja template: {type(error).__name__}") from None
    return _Reading(tree).done()._replace(outline=_outline(text))


def _outline(text: str) -> str:
    parts = []
    for _, kind, value in _SYNTAX.lex(text):
        if kind == "data":
            parts.append(_BLANK.sub("", value))
        elif kind.endswith(("_begin", "_end")):
            parts.append("" if kind in _COMMENTS else value.strip("-+ \t\r\n"))
        elif kind not in _COMMENTS:
            parts.append(f" {value[1:-1] if kind == 'string' else value} ")
    return "".join(parts)


class _Reading:
    """One template: first what its names stand for, then what is done with them."""

    def __init__(self, tree: nodes.Template) -> None:
        self._constants = Constants()
        self._made: set[str] = set()
        """Names that stand for texts which are put together in a way that cannot be followed."""
        self._names: dict[str, None] = {}
        self._texts: dict[str, None] = {}
        self._dynamic: dict[str, None] = {}
        self._includes: dict[str, None] = {}
        self._bombs: dict[str, None] = {}
        self._triggers: dict[Trigger, None] = {}
        every = list(_walk(tree))
        for node, _ in every:
            for name, value in _bindings(node):
                told = self._constants.told(value)
                self._constants.mean(name, told)
                if not told and _makes_text(value):
                    self._made.add(name)
        for node, rounds in every:
            self._look(node, rounds)

    def done(self) -> Template:
        """What was found, each thing once, in order."""
        return Template(
            tuple(self._names),
            tuple(self._texts),
            tuple(self._dynamic),
            tuple(self._includes),
            tuple(self._bombs),
            tuple(self._triggers),
        )

    def _look(self, node: nodes.Node, rounds: int) -> None:
        if isinstance(node, nodes.Expr) and not isinstance(node, nodes.TemplateData):
            texts = self._constants.told(node)
            self._names |= {f"{UNKNOWN}.{name}": None for text in texts for name in _HIDDEN.findall(text)}
        match node:
            case nodes.Name(ctx="load"):
                self._names[node.name] = None
            case nodes.Getattr() | nodes.Getitem():
                self._attribute(node)
            case nodes.Filter():
                self._filter(node)
            case nodes.Call():
                self._call(node)
            case nodes.TemplateData(data=data) if data.strip():
                self._texts[data] = None
            case nodes.Const(value=str(value)) if value.strip():
                self._texts[value] = None
            case nodes.If() | nodes.CondExpr():
                self._branch(node)
            case nodes.Include() | nodes.Import() | nodes.FromImport() | nodes.Extends():
                self._includes[" ".join(self._constants.told(node.template)) or UNKNOWN] = None
            case nodes.For() if rounds >= _ROUNDS:
                self._bombs[f"loops of {rounds:,} rounds"] = None
            case nodes.Mul():
                times = max(number(node.left) or 0, number(node.right) or 0)
                if number(node) is None and times >= _ROUNDS:
                    self._bombs[f"a value {times:,} times"] = None
            case _:
                return

    def _attribute(self, node: nodes.Getattr | nodes.Getitem) -> None:
        self._names |= dict.fromkeys(self._paths(node))
        if not isinstance(node, nodes.Getitem) or self._constants.told(node.arg):
            return
        if _makes_text(node.arg) or (isinstance(node.arg, nodes.Name) and node.arg.name in self._made):
            self._dynamic[f"{self._paths(node.node)[0]}[…]"] = None

    def _filter(self, node: nodes.Filter) -> None:
        if node.node is None:
            return
        owner = self._paths(node.node)[0]
        asked: list[nodes.Expr] = []
        if node.name == "attr" or node.name in _SELECTS:
            asked += node.args[:1]
        if node.name in {"map", "select", "reject"} and node.args and "attr" in self._constants.told(node.args[0]):
            asked += node.args[1:2]
        if node.name in _BY_ATTRIBUTE:
            asked += [pair.value for pair in node.kwargs if pair.key == "attribute"]
        if node.name == "groupby":
            asked += node.args[:1]
        if node.name == "format":
            self._formatted(node.node, percent=True)
        if node.name in {"center", "indent"} and any((number(each) or 0) >= _ROUNDS for each in node.args):
            self._bombs[f"|{node.name} of {number(node.args[0]):,}"] = None
        for each in asked:
            told = self._constants.told(each)
            self._names |= {f"{owner}.{text}": None for text in told}
            if not told and number(each) is None:
                self._dynamic[f"{owner}|{node.name}(…)"] = None

    def _call(self, node: nodes.Call) -> None:
        for path in self._paths(node.node):
            self._names[f"{path}()"] = None
        if isinstance(node.node, nodes.Getattr) and node.node.attr in {"format", "format_map"}:
            self._formatted(node.node.node, percent=False)

    def _formatted(self, template: nodes.Expr, *, percent: bool) -> None:
        """The attributes that the fields of a format string ask for."""
        told = self._constants.told(template)
        if not told and not percent:
            self._dynamic[f"{self._paths(template)[0]}.format(…)"] = None
        for text in [] if percent else told:
            try:
                fields = [field for _, field, _, _ in Formatter().parse(text) if field]
            except ValueError:
                continue
            for field in fields:
                parts = [part for part in re.split(r"[.\[\]]", field)[1:] if part]
                if parts:
                    self._names[".".join([UNKNOWN, *parts])] = None

    def _branch(self, node: nodes.If | nodes.CondExpr) -> None:
        if isinstance(node, nodes.If):
            told: list[nodes.Node] = [*node.body, *(node.else_ if _negated(node.test) else ())]
        else:
            told = [node.expr1]
        said = " ".join(_said(told))
        if len(_TAG.sub("", said)) < _SAYS:
            return
        for looked_for in self._looked_for(node.test):
            letters = sum(letter.isalpha() for letter in looked_for)
            if letters >= _LETTERS and not _MARKED.fullmatch(looked_for.strip()):
                self._triggers[Trigger(looked_for[:_SHOWN], said[:_SHOWN])] = None

    def _looked_for(self, test: nodes.Node) -> Iterator[str]:
        """The constants that a test looks for in the content of a message."""
        for node, _ in _walk(test):
            sides: list[nodes.Expr] = []
            if isinstance(node, nodes.Compare) and node.ops[0].op in {"in", "notin", "eq"}:
                sides = [node.expr, node.ops[0].expr]
            elif isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr) and node.node.attr in _STARTS:
                sides = [node.node.node, *node.args[:1]]
            if any(self._is_content(side) for side in sides):
                yield from (text for side in sides for text in self._constants.told(side))

    def _is_content(self, node: nodes.Expr) -> bool:
        last = [path.rpartition(".")[2] for path in self._paths(node) if path != UNKNOWN]
        return not _CONTENT.isdisjoint(each.partition("|")[0] for each in last) and not self._constants.told(node)

    def _paths(self, node: nodes.Node | None, depth: int = NESTED) -> list[str]:
        """The paths that an expression may stand for; never none."""
        if depth == 0:
            return [UNKNOWN]
        match node:
            case nodes.Name():
                return [node.name]
            case nodes.Getattr():
                return [f"{path}.{node.attr}" for path in self._paths(node.node, depth - 1)]
            case nodes.Getitem():
                told = self._constants.told(node.arg) or [""]
                owners = self._paths(node.node, depth - 1)
                return [f"{path}.{key}" if key else path for path in owners for key in told][:MEANINGS]
            case nodes.Filter(name="attr") if node.args:
                told = self._constants.told(node.args[0]) or [UNKNOWN]
                return [f"{path}.{key}" for path in self._paths(node.node, depth - 1) for key in told][:MEANINGS]
            case nodes.Filter() | nodes.Call() | nodes.Test():
                return self._paths(node.node, depth - 1)
            case _:
                return [UNKNOWN]


def _walk(root: nodes.Node) -> Iterator[tuple[nodes.Node, int]]:
    """Every node in the order of the text, with the rounds that it is passed in loops over constant ranges."""
    todo = [(root, 1)]
    while todo:
        node, rounds = todo.pop()
        if isinstance(node, nodes.For):
            rounds = min(rounds * max(1, _range(node.iter)), 1 << 62)
        yield node, rounds
        todo += [(child, rounds) for child in node.iter_child_nodes()][::-1]


def _range(node: nodes.Node) -> int:
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "range":
        numbers = [number(each) or 0 for each in node.args]
        return numbers[0] if len(numbers) == 1 else numbers[1] - numbers[0] if len(numbers) > 1 else 0
    return 0


def _bindings(node: nodes.Node) -> Iterator[tuple[str, nodes.Node]]:
    """The names that a node binds, `namespace.attribute` among them, each with what it is bound to."""
    match node:
        case nodes.Assign() | nodes.For():
            value = node.node if isinstance(node, nodes.Assign) else node.iter
            values = elements(value) if isinstance(node, nodes.For) or isinstance(node.target, nodes.Tuple) else [value]
            targets = node.target.items if isinstance(node.target, nodes.Tuple) else [node.target]
            yield from ((name, each) for target in targets if (name := _bound(target)) for each in values)
            if isinstance(value, nodes.Call) and len(targets) == 1 and (name := _bound(targets[0])):
                yield from ((f"{name}.{pair.key}", pair.value) for pair in value.kwargs)
        case nodes.AssignBlock() if name := _bound(node.target):
            said = [part for each in node.body if isinstance(each, nodes.Output) for part in each.nodes]
            yield name, nodes.Concat(said)
        case nodes.With():
            yield from (
                (name, value)
                for target, value in zip(node.targets, node.values, strict=True)
                if (name := _bound(target))
            )
        case nodes.Macro():
            for argument, value in zip(node.args[::-1], node.defaults[::-1], strict=False):
                yield argument.name, value
        case _:
            return


def _bound(target: nodes.Node) -> str:
    if isinstance(target, nodes.NSRef):
        return f"{target.name}.{target.attr}"
    return target.name if isinstance(target, nodes.Name) else ""


def _makes_text(node: nodes.Node) -> bool:
    """Whether an expression puts a text together, and is more than a name, a number or a position."""
    for each, _ in _walk(node):
        if isinstance(each, nodes.Concat) or (isinstance(each, nodes.Filter) and each.name in MAKERS):
            return True
        if isinstance(each, nodes.Add | nodes.Mod) and any(
            isinstance(side, nodes.Const) and isinstance(side.value, str) for side in (each.left, each.right)
        ):
            return True
        if isinstance(each, nodes.Call) and isinstance(each.node, nodes.Getattr) and each.node.attr in MAKERS:
            return True
    return False


def _negated(test: nodes.Node) -> bool:
    return isinstance(test, nodes.Not) or (isinstance(test, nodes.Compare) and test.ops[0].op == "notin")


def _said(parts: list[nodes.Node]) -> Iterator[str]:
    """The constant texts in a branch, those that it compares with left out."""
    for part in parts:
        todo = [part]
        while todo:
            node = todo.pop()
            match node:
                case nodes.TemplateData(data=text) | nodes.Const(value=str(text)):
                    yield text
                case nodes.If():
                    todo += [*node.body, *node.elif_, *node.else_][::-1]
                case nodes.Compare() | nodes.Getitem() | nodes.Test():
                    continue
                case nodes.CondExpr():
                    todo += [each for each in (node.expr2, node.expr1) if each is not None]
                case nodes.Call():
                    todo += [*node.args][::-1] if not isinstance(node.node, nodes.Getattr) else []
                case _:
                    todo += list(node.iter_child_nodes())[::-1]
