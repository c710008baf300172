r"""TorchScript: what the code in an archive asks its interpreter for.

A module is saved as text in a subset of Python's syntax, `code/**.py`, and for mobiles as instructions in
`bytecode.pkl` (torch/csrc/jit/serialization/import_source.cpp, python_print.cpp; mobile/import.cpp). The text reaches
the runtime by five ways, and each becomes a reference:

    torch.mul(x, y)            aten, mul            an operator of the library itself
    ops.quantized.linear(x)    quantized, linear    an operator of any library that is loaded
    __torch__.torch.classes.a.B  torch.classes.a, B  a class of any library that is loaded
    x.mul(y), (self).f(x, )    Tensor, mul or self, f   a method; `self` where the archive defines one of this name
    f(x), g(y)(x), torch       local, f             what it keeps in variables, which the writer never does

Methods that restore a module (`__setstate__`) run while it is loaded, as does what they call. Which class a method
belongs to is not followed: whatever has the name counts, so that nothing is missed.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from scanners.budget import LimitReached
from scanners.facts import Reference, clip, clip_name
from scanners.source import Span

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from scanners.scanner import Scan
    from scanners.source import Source

_TOKEN = re.compile(
    r"""
    (?P<space>(?:[ \t\r\n]|\\\r?\n|\#[^\n]*+)++)
    |(?P<name>[A-Za-z_][A-Za-z_0-9]*+)
    |(?P<text>\"\"\"(?s:\\.|(?!\"\"\").)*+\"\"\"|'''(?s:\\.|(?!''').)*+'''
        |"(?:[^"\\\n]|(?s:\\.))*+"|'(?:[^'\\\n]|(?s:\\.))*+')
    |(?P<number>(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][-+]?[0-9]++)?j?)
    |(?P<sign>[-+*/%=<>!&|^~@:;,()\[\]{}.?])
    """,
    re.VERBOSE,
)
"""The tokens of torch/csrc/jit/frontend/lexer.h, which are of ASCII but for texts and comments."""
_CODE = re.compile(r"[^/]+/code/(?:.+/)?[^/]+\.py")
_BYTECODE = re.compile(r"[^/]+/bytecode\.pkl")
_TEXT = re.compile(rb"X(?=(....)([A-Za-z_][\w.:, \[\]]*))", re.DOTALL)
"""A BINUNICODE, the only text that the C++ unpickler reads (jit/serialization/unpickler.cpp)."""
_OPERATOR = re.compile(r"(\w+)::(\w+)", re.ASCII)
_CLASS = re.compile(r"__torch__\.(torch\.classes\.\w[\w.]*)\.(\w+)", re.ASCII)
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")

_WORDS = frozenset(
    "and as assert break class continue def del elif else except finally for from global if import in is lambda"
    " nonlocal not or pass raise return try while with yield True False None".split()
)
_BUILTIN = frozenset(
    "annotate awaitable bool complex dict enumerate float fork getattr hasattr int isinstance len list max min print"
    " range str tuple unchecked_cast uninitialized zip".split()
)
"""What a bare name that is called may stand for (import_source.cpp, SourceImporterImpl; ir_emitter.cpp)."""
_REMOTE = frozenset(("rpc_async", "rpc_remote", "rpc_sync"))
"""Bare names that are operators of `prim`."""
_DOT = ("sign", ".")
_VALUES = {("sign", ")"), ("sign", "]")}
"""What ends an expression that is no name."""
_CHAINS_MOST = 1_000_000
"""Different names that are kept of one archive, with the functions that they stand in."""


class _Use(NamedTuple):
    module: str
    name: str
    called: bool


class _Chain(NamedTuple):
    parts: tuple[str, ...]
    """The names between dots; the first is "" where an expression stands in front."""
    then: str
    """The token behind it, where that is `(` or `=`."""
    owner: str
    """The function that it stands in, "" outside of all."""


class Broken(Exception):  # noqa: N818 - a state of the text, not a mistake
    """The text is not TorchScript from `offset` on, counted in characters."""

    def __init__(self, offset: int) -> None:
        self.offset = offset
        super().__init__(f"no TorchScript from character {offset}")


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    """Kind, text and place of each token; the end of a line counts outside of brackets only."""
    at = depth = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise Broken(at)
        at = found.end()
        kind, word = found.lastgroup or "", found.group()
        if kind == "space":
            if depth == 0 and "\n" in word.replace("\\\n", "").replace("\\\r\n", ""):
                yield "line", "", found.start()
            continue
        if kind == "sign":
            depth = max(0, depth + (word in "([{") - (word in ")]}"))
        yield kind, word, found.start()


def chains(text: str) -> Iterator[tuple[_Chain, int]]:
    """The dotted names of the text and where they begin; raises `Broken` behind what could be read."""
    parts: list[str] = []
    at, owner, before = 0, "", ("line", "")
    for kind, word, start in _tokens(text):
        if kind == "name" and before == ("name", "def"):
            owner = word
        elif kind == "name" and before == ("name", "class"):
            owner = ""
        elif kind == "name" and (before == _DOT or word not in _WORDS):
            if before != _DOT or not parts:
                parts, at = [""] if before == _DOT else [], start
            parts.append(word)
        elif (kind, word) != _DOT:
            if parts:
                yield _Chain(tuple(parts), word if word in {"(", "="} else "", owner), at
            elif word == "(" and before in _VALUES:
                yield _Chain(("", ""), word, owner), start
            parts = []
        before = (kind, word)
    if parts:
        yield _Chain(tuple(parts), "", owner), at


def _use(chain: _Chain, known: Collection[str], defined: set[str]) -> _Use | None:
    """What a chain reaches outside of the archive, None for what it does not."""
    root, *rest = chain.parts
    called = chain.then == "("
    match root, rest:
        case "torch", [name]:
            return _Use("aten", name, called)
        case "torch", [*path, name]:
            return _Use(".".join(["torch", *path]), name, called)
        case ("ops", [_, *_, name]) | ("__torch__", ["torch", "classes", _, *_, name]):
            return _Use(".".join(rest[:-1]), name, called)
        case (("torch" | "ops"), _):
            return _Use("local", ".".join(chain.parts), called)
        case "__torch__", _:
            return None
        case _ if not called:
            return None
        case _, []:
            if root in _REMOTE:
                return _Use("prim", root, called)
            return None if root in known else _Use("local", root, called)
        case _, [*_, ""]:
            return _Use("local", "a value", called)
        case _:
            return _Use("self" if rest[-1] in defined else "Tensor", rest[-1], called)


class _File:
    """What one file of code says, each thing once."""

    def __init__(self) -> None:
        self.chains: dict[_Chain, int] = {}
        """With where each stands first."""
        self._stands_for: Counter[tuple[str, str]] = Counter()

    def add(self, text: str, most: int) -> None:
        """Read the text; raises `Broken` or `LimitReached`, and what stood before is kept."""
        variable: tuple[str, str] | None = None
        for chain, at in chains(text):
            if variable is not None:
                own = chain.parts[0] == "__torch__" and chain.then != "("
                self._stands_for[variable] += 1 if own else -_CHAINS_MOST
            variable = None
            if len(chain.parts) == 1 and chain.then == "=":
                variable = (chain.owner, chain.parts[0])
            elif len(chain.parts) == 1 and chain.then != "(":
                self._stands_for[chain.owner, chain.parts[0]] -= _CHAINS_MOST
            self.chains.setdefault(chain, at)
            if len(self.chains) > most:
                raise LimitReached("names", f"over {_CHAINS_MOST} in TorchScript code")

    def own(self, chain: _Chain) -> bool:
        """Whether the chain begins with a variable that stands for a function of the archive and for nothing else."""
        return self._stands_for[chain.owner, chain.parts[0]] > 0


class Script:
    """The code of one archive. Read part by part, then stated as a whole."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._files: dict[str, _File] = {}
        self._room = _CHAINS_MOST
        self._instructions: dict[str, dict[_Use, int]] = {}

    @staticmethod
    def runs(name: str) -> bool:
        """Whether torch takes a record of this name for code."""
        folded = name.casefold()
        return _CODE.fullmatch(folded) is not None or _BYTECODE.fullmatch(folded) is not None

    def read(self, part: Source, name: str) -> bool:
        """Read a part that `runs`; True when nothing of it is unexplained."""
        self._scan.budget.hold(part.size, "TorchScript code")
        part.want(Span(0, part.size))
        data = part.read(0, part.size)
        if _BYTECODE.fullmatch(name.casefold()):
            self._bytecode(data, name)
            return self._scan.inside(part, name)
        if _BINARY.search(data):
            return self._scan.inside(part, name)
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            return self._scan.inside(part, name)
        file = self._files.setdefault(name, _File())
        before = len(file.chains)
        try:
            file.add(text, before + self._room)
        except Broken as broken:
            self._scan.unread("broken", str(broken), member=name)
            return False
        finally:
            self._room -= len(file.chains) - before
        return True

    def _bytecode(self, data: bytes, name: str) -> None:
        found = self._instructions.setdefault(name, {})
        for place in _TEXT.finditer(data):
            text = place[2][: int.from_bytes(place[1], "little")].decode()
            operator = _OPERATOR.match(text)
            for asked in (operator, *_CLASS.finditer(text)):
                if asked:
                    found.setdefault(_Use(asked[1], asked[2], called=asked is operator), place.start())

    def state(self) -> None:
        """State what the parts that were read ask for."""
        every = [chain for found in self._files.values() for chain in found.chains]
        defined = {chain.owner for chain in every}
        loading = _loading(every)
        for file, found in self._files.items():
            uses: dict[tuple[_Use, bool], int] = {}
            for chain, at in found.chains.items():
                use = _use(chain, {chain.parts[0]} if found.own(chain) else _BUILTIN, defined)
                if use is not None:
                    # Outside of all functions stand the types of attributes, which name and do not run.
                    uses.setdefault((use, chain.owner in loading and (use.called or bool(chain.owner))), at)
            self._references(file, uses)
        for file, instructions in self._instructions.items():
            self._references(file, {(use, False): at for use, at in instructions.items()})

    def _references(self, file: str, uses: dict[tuple[_Use, bool], int]) -> None:
        for (use, loading), at in uses.items():
            self._scan.state(
                Reference(
                    "torch.script.load" if loading else "torch.script",
                    clip_name(use.module),
                    clip(use.name),
                    "called" if use.called else "imported",
                    member=self._scan.path(file),
                    offset=at,
                )
            )


def _loading(found: list[_Chain]) -> set[str]:
    """The names of functions that run while the module is loaded: those that a protocol calls, and all from there."""
    mentions: dict[str, set[str]] = {}
    for chain in found:
        mentions.setdefault(chain.owner, set()).update(chain.parts)
    todo = [owner for owner in mentions if not owner or (owner.startswith("__") and owner.endswith("__"))]
    reached = set(todo)
    while todo:
        for name in mentions[todo.pop()]:
            if name in mentions and name not in reached:
                reached.add(name)
                todo.append(name)
    return reached
