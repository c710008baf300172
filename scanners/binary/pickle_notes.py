"""What a pickle walk has to say, stated once.

A name is one fact for each thing that is done with it. Calls of one callee with one outline of arguments are one
fact with a count; past `Limits.samples` outlines of a callee they are counted only, and a `Sampled` fact says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from scanners.binary.carried_code import Carried
from scanners.binary.pickle_lexer import NUMBER, Payload
from scanners.binary.pickle_values import (
    KEPT,
    Global,
    Items,
    Mapping,
    Partial,
    Result,
    Value,
    outline,
    show,
    strings_in,
)
from scanners.facts import EXAMINED, Call, Embedded, Mutation, Reference, Sampled, Storage, clip, clip_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scanners.facts import AnomalyCode, ReferenceKind, UnreadReason, UsedAs
    from scanners.scanner import Scan
    from scanners.source import Source

_STORAGES = 100_000
NUMBERS = ("#",)
"""Arguments that are nothing but numbers and short bytes, however many."""
_LEFT_OUT = -1
"""The index of a fact that was not kept."""
_ELEMENTS_MOST = 1 << 63
"""A storage of this many elements, or of fewer than none, is no storage."""


class _Callee:
    """The calls of one callee so far: fact index and count by outline."""

    __slots__ = ("constants", "outlines", "sampled", "seen")

    def __init__(self) -> None:
        self.outlines: dict[str, int] = {}
        self.constants: dict[tuple[str, ...], int] = {}
        """The fact of the first call with such arguments as runs of opcodes may hand to it."""
        self.seen = 0
        self.sampled = False


class Notes:
    """States the facts of the pickles in one source to its scan; without the source, long constants stay unread."""

    def __init__(self, scan: Scan, source: Source | None = None, kind: ReferenceKind = "pickle.global") -> None:
        self._scan = scan
        self._kind_of_name = kind
        self._carried = Carried(scan, source)
        self._references: set[tuple[str, str, UsedAs]] = set()
        self._callees: dict[tuple[str, str, str], _Callee] = {}
        self._counts: dict[int, int] = {}
        self._anomalies: set[tuple[AnomalyCode, str]] = set()
        self._mutations: set[tuple[str, str, str, str]] = set()
        self._storages: set[tuple[str, str, int]] = set()
        self._persistent: set[str] = set()
        self._embedded: dict[bytes | tuple[int, bool], int] = {}
        self._forgotten = False
        self.calls = 0
        """Calls seen, whatever they call."""
        self.argued = 0
        """Those with arguments that were told one by one."""
        self.said = 0
        """What was seen that does something on loading."""

    def reference(self, value: Global, used_as: UsedAs, offset: int) -> None:
        """The stream names `value` and does this with it."""
        self.said += 1
        key = (value.module, value.name, used_as)
        if key not in self._references:
            self._references.add(key)
            self._scan.state(
                Reference(
                    self._kind_of_name, clip(value.module), clip_name(value.name), used_as, self._scan.member, offset
                )
            )

    def call(self, callee: Value, arguments: tuple[Value, ...], opcode: str, offset: int) -> None:
        """The stream calls `callee`."""
        self.calls += 1
        self.said += 1
        self.argued += bool(arguments)
        left = self._carried.call(callee, arguments, opcode, offset)
        if isinstance(callee, Global):
            module, name = callee.module, callee.name
        else:
            module, name = "", show(callee, 3)
        arguments = arguments[:KEPT]
        key = (module, name, opcode)
        known = self._callees.setdefault(key, _Callee())
        known.seen += 1
        # Of calls that are only counted too: each embedded constant has a callee of its own.
        for argument in arguments:
            self._handed(argument, f"{module}.{name}" if module else name)
        if left is not None:
            for argument in left[:KEPT]:
                self._arguments(argument, offset)
        if left is not None or known.sampled:
            return
        sketch = _sketch(module, name, arguments) + "".join([self._kind(argument) for argument in arguments])
        index = known.outlines.get(sketch)
        if index is not None:
            self._counts[index] = self._counts.get(index, 1) + 1
            return
        if len(known.outlines) >= self._scan.budget.limits.samples:
            known.sampled = True
            return
        if not known.outlines and isinstance(callee, Global):
            self.reference(callee, "instantiated" if opcode.startswith("NEWOBJ") else "called", offset)
        for argument in arguments:
            self._arguments(argument, offset)
        strings: list[str] = []
        strings_in(arguments, strings)
        shown = tuple(self._show(argument) for argument in arguments[:16])
        kept = self._scan.state(
            Call(
                clip(module),
                clip_name(name) if module else clip(name),
                opcode,
                clip(f"{f'{module}.{name}' if module else name}({', '.join(shown)})"),
                shown,
                tuple(clip(text) for text in strings),
                1,
                self._scan.member,
                offset,
            )
        )
        if kept:
            known.outlines[sketch] = index = len(self._scan.facts) - 1
            known.constants.setdefault(self.alike(arguments), index)

    def alike(self, arguments: Sequence[Value]) -> tuple[str, ...]:
        """What is the same of calls of which the first says all: they differ in nothing but numbers and data."""
        if arguments and all(map(_number, arguments)):
            return NUMBERS
        return tuple(["" if _number(value) else outline(value) + self._kind(value) for value in arguments])

    def known(self, callee: Global, opcode: str, arguments: tuple[str, ...] | None) -> bool:
        """Whether one more such call of `callee`, or any at all (None), says nothing new."""
        known = self._callees.get((callee.module, callee.name, opcode))
        return known is not None and (known.sampled or arguments in known.constants)

    def more(self, callee: Global, opcode: str, arguments: tuple[str, ...] | None, count: int) -> None:
        """The stream makes so many more calls that are known."""
        self.calls += count
        self.said += count
        known = self._callees[callee.module, callee.name, opcode]
        known.seen += count
        index = _LEFT_OUT if arguments is None else known.constants.get(arguments, _LEFT_OUT)
        if index >= 0:
            self._counts[index] = self._counts.get(index, 1) + count

    def possible(self, value: Global, offset: int) -> None:
        """One of the other readings of the stream names `value`."""
        if (value.module, value.name, "imported") not in self._references:
            self.reference(value, "possible", offset)

    def unread(self, reason: UnreadReason, detail: str, offset: int) -> None:
        """A part of the stream was not examined."""
        self._scan.unread(reason, detail, offset=offset)

    def forgotten(self, offset: int) -> None:
        """The stream uses a memo entry that is past what is kept."""
        if not self._forgotten:
            self._forgotten = True
            self._scan.unread("limit", "a memo entry past the number that is kept", offset=offset)

    def _arguments(self, value: Value, offset: int, depth: int = 3) -> None:
        """State the names that are handed to a call, also inside containers."""
        match value:
            case Global():
                self.reference(value, "argument", offset)
            case _ if depth <= 0:
                return
            case tuple():
                for part in value:
                    self._arguments(part, offset, depth - 1)
            case Items():
                for part in value.values:
                    self._arguments(part, offset, depth - 1)
            case Mapping():
                for _, part in value.pairs:
                    self._arguments(part, offset, depth - 1)
            case Result() | Partial():
                self._arguments(value.arguments, offset, depth - 1)
            case _:
                return

    def embedded(self, value: Payload | bytes, kind: str, offset: int) -> None:
        """The stream holds a constant that is itself of the format `kind`."""
        if self._scan.state(Embedded(kind, "", self._scan.member, offset)):
            self._embedded[_key(value)] = len(self._scan.facts) - 1

    def _kind(self, value: Value) -> str:
        """What format an embedded constant, or what kind of code a value is; "" of any other value."""
        if isinstance(value, Result):
            return self._carried.kind(value)
        if not self._embedded or not isinstance(value, bytes | Payload):
            return ""
        index = self._embedded.get(_key(value))
        fact = None if index is None else self._scan.facts[index]
        return fact.format if isinstance(fact, Embedded) else ""

    def _show(self, value: Value) -> str:
        kind = self._kind(value)
        return f"{EXAMINED}{kind}>" if kind else clip(show(value))

    def _handed(self, value: Value, callee: str) -> None:
        """Note which callee an embedded constant is handed to."""
        if not self._embedded or not isinstance(value, bytes | Payload):
            return
        index = self._embedded.get(_key(value))
        if index is not None:
            fact = self._scan.facts[index]
            assert isinstance(fact, Embedded)
            self._scan.facts[index] = msgspec.structs.replace(fact, passed_to=clip(callee))

    def mutation(self, target: Global, opcode: str, key: Value, offset: int) -> None:
        """The stream changes what a global names."""
        self.said += 1
        text = clip(show(key, 2))
        seen = (target.module, target.name, opcode, text)
        if seen in self._mutations or len(self._mutations) >= self._scan.budget.limits.samples:
            return
        self._mutations.add(seen)
        self.reference(target, "mutated", offset)
        self._scan.state(Mutation(clip(target.module), clip_name(target.name), opcode, text, self._scan.member, offset))

    def anomaly(self, code: AnomalyCode, detail: str, offset: int) -> None:
        """The stream is bent here; once for each way, and for each file that it loads."""
        self.said += code == "pickle.extension"
        about = code, detail if code == "joblib.external-file" else ""
        if about not in self._anomalies and len(self._anomalies) < self._scan.budget.limits.samples:
            self._anomalies.add(about)
            self._scan.anomaly(code, detail, offset=offset)

    def persistent(self, identity: Value, offset: int) -> None:
        """The stream hands an id to the loader's hook; torch's say which storage a tensor lies in."""
        if (
            isinstance(identity, tuple)
            and len(identity) >= 5
            and identity[0] == "storage"
            and isinstance(identity[1], Global)
            and (isinstance(identity[2], str) or (isinstance(identity[2], int) and abs(identity[2]) < _ELEMENTS_MOST))
            and isinstance(identity[4], int)
            and 0 <= identity[4] < _ELEMENTS_MOST
        ):
            # torch.package numbers its storages; both make a record's name of the key.
            key = (str(identity[2]), identity[1].dotted, identity[4])
            if key not in self._storages and len(self._storages) < _STORAGES:
                self._storages.add(key)
                self._scan.state(Storage(clip(key[0]), clip(key[1]), key[2], self._scan.member, offset))
            return
        kind = outline(identity)
        if kind not in self._persistent and len(self._persistent) < self._scan.budget.limits.samples:
            self._persistent.add(kind)
            self._scan.state(
                Reference("pickle.persistent", "", clip(show(identity)), "resolved", self._scan.member, offset)
            )

    def finish(self) -> None:
        """Write the final counts into the facts, and say which callees were sampled."""
        facts = self._scan.facts
        for index, count in self._counts.items():
            fact = facts[index]
            assert isinstance(fact, Call)
            facts[index] = msgspec.structs.replace(fact, count=count)
        self._counts.clear()
        for (module, name, _), known in self._callees.items():
            if known.sampled:
                kept = len(known.outlines)
                self._scan.state(Sampled(clip(module), clip_name(name), kept, known.seen, self._scan.member))


def _number(value: Value) -> bool:
    """Whether a value is one of those that runs of opcodes may hand to a call."""
    return value is None or isinstance(value, bool | int) or value is NUMBER or isinstance(value, bytes)


def _key(value: Payload | bytes) -> bytes | tuple[int, bool]:
    """What tells an embedded constant from others: a text and what it encodes to stand at one place."""
    return value if isinstance(value, bytes) else (value.offset, value.text)


def _sketch(module: str, name: str, arguments: tuple[Value, ...]) -> str:
    # The text that `_codecs.encode` encodes is data (protocol 2 writes every bytes object so): only the codec tells.
    if name == "encode" and module == "_codecs" and len(arguments) == 2:
        return f"str,{outline(arguments[1])}"
    if name.endswith(".__setstate__"):
        # A text that is executed: each is looked at.
        return "".join(part if isinstance(part, str) else outline(part) for part in arguments)
    return ",".join([outline(argument) for argument in arguments])
