"""What R saves: `.rds` and `.rda`, in every encoding (threats.md 7.9).

    item     = flags, then by its type: texts, vectors, pairs, environments, closures, calls, promises, bytecode
    flags    = type (8 bits), object, attributes, tag, levels (from bit 12)

Source: "R Internals", section 1.8, and src/main/serialize.c of R 4.4. Names are told by where they stand: those of
code that runs when somebody looks at what was loaded (promises, active bindings, CVE-2024-27322), and those of code
that somebody has to call. Whatever else R keeps is data.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.binary.layout import MANY, Bent, Layout, laid_out
from scanners.binary.r_stream import HEAD, Binary, Words
from scanners.budget import LimitReached
from scanners.facts import Code, Reference, clip, clip_name
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanners.source import Source

_SYMBOL, _PAIRS, _CLOSURE, _ENVIRONMENT, _PROMISE, _CALL, _SPECIAL, _BUILTIN, _TEXT = range(1, 10)
_LOGICAL, _INTEGER, _REAL, _COMPLEX, _TEXTS, _DOTS, _LIST, _EXPRESSION, _BYTECODE = 10, 13, 14, 15, 16, 17, 19, 20, 21
_POINTER, _WEAK, _RAW, _S4 = 22, 23, 24, 25
_REFERENCE, _NAMESPACE, _PACKAGE, _PERSISTENT, _AGAIN, _SHARED = 255, 249, 248, 247, 243, 244
_CALL_WITH, _PAIRS_WITH, _ALTERNATIVE, _UNBOUND = 240, 239, 238, 252
_ALONE: Final = frozenset((254, 253, _UNBOUND, 251, 250, 242, 241))
"""Null, the global and the base environments, and values that are none."""
_WIDTHS: Final = {_LOGICAL: 4, _INTEGER: 4, _REAL: 8, _COMPLEX: 16, _RAW: 1}
_PAIRED: Final = frozenset((_PAIRS, _CLOSURE, _PROMISE, _CALL, _DOTS))
_CONSTANT_PAIRS: Final = frozenset((_CALL, _PAIRS, _SHARED, _AGAIN, _CALL_WITH, _PAIRS_WITH))
_ACTIVE: Final = 1 << 15
"""The level of a binding whose value is a function that runs when it is looked at."""
_ATTRIBUTES, _TAGGED = 1 << 9, 1 << 10
_CLASSES, _NAMESPACES = "class", "namespace"
"""In the place of a moment: what is named is a class of vectors, or a package that R loads."""
_STARTERS: Final = frozenset((".First", ".Last", ".First.sys", ".Last.sys"))
"""Functions that R calls by itself where it begins or ends with the workspace that has them."""
_NAMES_MOST: Final = 65_536
_PLAIN: Final = frozenset(
    "base compact_intseq compact_realseq deferred_string wrap_integer wrap_logical wrap_real wrap_complex wrap_raw"
    " wrap_string wrap_list".split()
)
"""Vectors that base R keeps in another way and makes of nothing but what is in the stream, and their package."""


class _Where(NamedTuple):
    """Where an item stands."""

    moment: str = ""
    """When the code that it is part of runs: "" for data, "call", "look" in an environment, "load" elsewhere."""
    head: bool = False
    """It is what a call calls."""
    tag: bool = False
    """It is a name for something else."""
    enclosed: bool = False
    """It is in an environment, as functions keep it."""
    promised: str = ""
    """The moment of the expression that follows, if the value here is none yet."""


class _Names:
    """What code of one moment calls, names and says."""

    def __init__(self) -> None:
        self.calls: dict[str, None] = {}
        self.names: dict[str, None] = {}
        self.texts: dict[str, None] = {}
        self.offset: int | None = None


class _Walk:
    """All items of a stream; nothing here recurses."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._in: Binary | Words = Binary(layout)
        self._todo: list[tuple[Callable[[_Where], None], _Where]] = []
        self._symbols: list[str] = []
        """What references stand for; "" for what is no symbol."""
        self._unbound = False
        """The item before was a value that is none."""
        self.moments: dict[str, _Names] = {}

    def read(self, layout: Layout) -> None:
        """The whole stream."""
        head = layout.take(2)
        if head == b"RD":
            layout.take(3)
            head = layout.take(2)
        layout.order = "little" if head == b"B\n" else "big"
        self._in = Words(layout) if head == b"A\n" else Binary(layout)
        version, _, _ = (self._in.whole() for _ in range(3))
        if version == 3:
            self._text(self._in.whole())
        self._push(self._item, _Where())
        while self._todo:
            step, where = self._todo.pop()
            step(where)
        if isinstance(self._in, Words):
            self._in.blank()

    def _push(self, step: Callable[[_Where], None], where: _Where) -> None:
        if len(self._todo) > MANY:
            raise LimitReached("depth", f"over {MANY} items in each other")
        self._todo.append((step, where))

    def _several(self, count: int, where: _Where, step: Callable[[_Where], None] | None = None) -> None:
        """Read `count` items, one after another, and ask for the next only when its time has come."""
        each = step or self._item

        def more(where: _Where) -> None:
            self._several(count - 1, where, step)

        if count > 1 and not where.moment and isinstance(self._in, Binary) and step is None:
            # Vectors of words are long, and say nothing.
            count -= self._in.texts(count)
        if count > 1:
            self._push(more, where)
        if count > 0:
            self._push(each, where)

    def _length(self, least: int = 1) -> int:
        at, length = self._layout.at, self._in.whole()
        if length == -1:
            length = (self._in.whole() << 32) + self._in.whole()
        if not 0 <= length * least <= self._layout.left:
            raise Bent(f"{length} elements where {self._layout.left} bytes are left", at)
        return length

    def _text(self, length: int) -> str:
        if length < 0:
            return ""
        self._layout.holds(length, "a text")
        return self._in.text(length).decode("utf-8", "backslashreplace")

    def _refer(self, symbol: str = "") -> None:
        if len(self._symbols) >= MANY:
            raise LimitReached("references", f"over {MANY}")
        self._symbols.append(symbol)

    # -- what code says

    def _say(self, where: _Where, *, symbol: str = "", text: str = "") -> None:
        if not where.moment or where.tag:
            return
        names = self.moments.setdefault(where.moment, _Names())
        if names.offset is None:
            names.offset = self._layout.at
        for into, each in ((names.names, symbol), (names.calls, symbol if where.head else ""), (names.texts, text)):
            # Names decide; of texts the first ones are kept.
            if each and len(into) < _NAMES_MOST:
                into[each] = None
            elif each and each not in into and into is not names.texts:
                raise LimitReached("names", f"over {_NAMES_MOST} names in code")

    # -- items

    def _item(self, where: _Where) -> None:
        flags = self._in.whole()
        kind = flags & 255
        self._unbound = kind == _UNBOUND
        if kind in _ALONE:
            return
        if kind == _REFERENCE:
            index = flags >> 8 or self._in.whole()
            if not 0 < index <= len(self._symbols):
                raise Bent(f"a reference to {index} of {len(self._symbols)}", self._layout.at)
            self._say(where, symbol=self._symbols[index - 1])
        elif kind == _SYMBOL:
            self._symbol(where)
        elif kind in _PAIRED:
            self._pair(kind, flags, where)
        elif kind == _ENVIRONMENT:
            self._in.whole()
            self._refer()
            # What it keeps is data again, until something in it is code.
            self._several(4, _Where(enclosed=True))
        elif kind in (_NAMESPACE, _PACKAGE, _PERSISTENT):
            self._in.whole()
            self._refer()
            self._several(self._length(), _Where(moment=_NAMESPACES))
        elif kind == _ALTERNATIVE:
            # Its class, what it is made of, and its attributes.
            self._several(2, where)
            self._push(self._item, _Where(moment=_CLASSES))
        else:
            self._plain(kind, flags, where)

    def _symbol(self, where: _Where) -> None:
        if self._in.whole() & 255 != _TEXT:
            raise Bent("a symbol without a name", self._layout.at)
        name = self._text(self._in.whole())
        self._refer(name)
        if where.tag and not where.enclosed and name in _STARTERS:
            where = _Where(moment="load", head=True)
        self._say(where, symbol=name)

    def _plain(self, kind: int, flags: int, where: _Where) -> None:
        """Items that have attributes behind them."""
        if flags & _ATTRIBUTES:
            self._push(self._item, where._replace(tag=False, head=False))
        if kind == _TEXT:
            self._say(where, text=self._text(self._in.whole()))
        elif kind in _WIDTHS:
            self._in.skip(self._length(_WIDTHS[kind] if isinstance(self._in, Binary) else 1), _WIDTHS[kind])
        elif kind in (_TEXTS, _LIST, _EXPRESSION):
            self._several(self._length(), where._replace(tag=False, head=False))
        elif kind in (_SPECIAL, _BUILTIN):
            self._say(where._replace(moment=where.moment or "call"), symbol=self._text(self._in.whole()))
        elif kind == _BYTECODE:
            self._in.whole()
            self._code(where)
        elif kind == _POINTER:
            self._refer()
            self._several(2, where)
        elif kind == _WEAK:
            self._refer()
        elif kind != _S4:
            raise Bent(f"an item of type {kind}", self._layout.at)

    def _pair(self, kind: int, flags: int, where: _Where) -> None:
        """Attributes, tag, value, rest; of closures and promises the environment, what is taken or known, and code."""
        plain = where._replace(tag=False, head=False, promised="")
        inner = rest = plain
        if kind in (_CLOSURE, _CALL):
            inner = rest = plain._replace(moment=where.moment or "call")
        elif kind == _PROMISE:
            self._push(self._promised, plain._replace(promised="look" if where.enclosed else "load"))
        elif flags >> 12 & _ACTIVE and where.enclosed:
            inner = plain._replace(moment="look")
        if kind != _PROMISE:
            self._push(self._item, rest)
        self._push(self._item, inner._replace(head=kind == _CALL))
        if flags & _TAGGED:
            self._push(self._item, _Where(tag=True, enclosed=where.enclosed))
        if flags & _ATTRIBUTES:
            self._push(self._item, plain)

    def _promised(self, where: _Where) -> None:
        """The expression of a promise: it runs, where the value before it is none yet."""
        self._item(where._replace(moment=where.promised if self._unbound else where.moment or "call", promised=""))

    # -- bytecode

    def _code(self, where: _Where) -> None:
        """Instructions, which are numbers, and the constants that they are about."""
        inner = where._replace(moment=where.moment or "call", tag=False, head=False)
        self._push(self._constants, inner)
        self._push(self._item, inner)

    def _constants(self, where: _Where) -> None:
        self._several(self._length(), where, self._constant)

    def _constant(self, where: _Where) -> None:
        kind = self._in.whole()
        if kind == _BYTECODE:
            self._code(where)
        elif kind in _CONSTANT_PAIRS:
            self._constant_pair(kind, where)
        else:
            self._item(where)

    def _constant_pair(self, kind: int, where: _Where) -> None:
        if kind == _AGAIN:
            self._in.whole()
            return
        if kind == _SHARED:
            self._in.whole()
            kind = self._in.whole()
        plain = where._replace(head=False, tag=False)
        self._push(self._inner, plain)
        self._push(self._inner, plain._replace(head=kind in (_CALL, _CALL_WITH)))
        self._push(self._item, _Where(tag=True))
        if kind in (_CALL_WITH, _PAIRS_WITH):
            self._push(self._item, plain)

    def _inner(self, where: _Where) -> None:
        kind = self._in.whole()
        if kind in _CONSTANT_PAIRS:
            self._constant_pair(kind, where)
        else:
            self._item(where)


def recognise(sample: Sample) -> bool:
    """Whether a stream begins here, or a saved workspace."""
    return HEAD.match(sample.head) is not None


def scan(source: Source, scan: Scan) -> None:
    """State what the code in it calls, by when it runs."""
    if HEAD.match(source.read(0, min(16, source.size))) is None:
        raise NotThisFormat
    layout = Layout(source, scan, "big")
    walk = _Walk(layout)
    laid_out(layout, walk.read)
    # What was seen before a break counts as well.
    for name in walk.moments.pop(_CLASSES, _Names()).names:
        if name not in _PLAIN:
            scan.state(Reference("r.class", "", clip_name(name), "instantiated", scan.member))
    for name in walk.moments.pop(_NAMESPACES, _Names()).texts:
        # Its version stands beside it.
        if not name[:1].isdigit():
            scan.state(Reference("r.namespace", "", clip_name(name), "imported", scan.member))
    for moment, said in walk.moments.items():
        _state(moment, said, scan)


def _state(moment: str, said: _Names, scan: Scan) -> None:
    digest = hashlib.sha256("\n".join([moment, *said.calls, *said.names]).encode("utf-8", "replace")).hexdigest()[:16]
    scan.state_code(
        Code(
            "r",
            moment,
            tuple(map(clip_name, said.names)),
            tuple(map(clip, said.texts)),
            digest,
            called=moment != "call",
            member=scan.member,
            offset=said.offset,
            calls=tuple(map(clip_name, said.calls)),
        )
    )


# Nearly all are compressed, so they are fetched whole.
SCANNER = Scanner("r", 1, frozenset({".rds", ".rda", ".rdata"}), recognise, scan, whole=True)
