"""Walks that are not the main one: of what was skipped, and of what else some loader may take the bytes for.

The same bytes are read in several ways. One unpickler may read many streams and number its memo on (threats.md 2.2);
joblib reads arrays where others read opcodes; an unpickler that reads from a file takes what stands behind a frame
that was too short for its last argument (threats.md 2.3, D4). Which of them a loader is cannot be told. Frames are
bent by nobody honest, and all is stated of who reads them whole. For the others honest files make no sense, so only
what is done with what can be a name is stated, and no anomaly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanners.binary.pickle_values import EXTENSION, Global, Persistent, Result, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scanners.binary.pickle_notes import Notes
    from scanners.binary.pickle_values import Value
    from scanners.facts import AnomalyCode, UnreadReason, UsedAs


class Silence:
    """Notes of a walk whose facts are known."""

    def reference(self, value: Global, used_as: UsedAs, offset: int) -> None:
        """Nothing."""

    def call(self, callee: Value, arguments: tuple[Value, ...], opcode: str, offset: int) -> None:
        """Nothing."""

    def alike(self, _: Sequence[Value]) -> tuple[str, ...]:
        """Nothing is told of calls."""
        return ()

    def known(self, _: Global, __: str, ___: tuple[str, ...] | None) -> bool:
        """Calls need not be told."""
        return True

    def more(self, callee: Global, opcode: str, arguments: tuple[str, ...] | None, count: int) -> None:
        """Nothing."""

    def forgotten(self, offset: int) -> None:
        """Nothing."""

    def unread(self, reason: UnreadReason, detail: str, offset: int) -> None:
        """Nothing."""

    def mutation(self, target: Global, opcode: str, key: Value, offset: int) -> None:
        """Nothing."""

    def anomaly(self, code: AnomalyCode, detail: str, offset: int) -> None:
        """Nothing."""

    def persistent(self, identity: Value, offset: int) -> None:
        """Nothing."""


SILENCE = Silence()


class Possible(Silence):
    """Notes of another reading."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes

    def reference(self, value: Global, used_as: UsedAs, offset: int) -> None:
        """State a name that can be one: what is read in a wrong way makes names of anything."""
        if not _is_name(value):
            return
        if used_as in {"imported", "resolved"}:
            self._notes.possible(value, offset)
        else:
            self._notes.reference(value, used_as, offset)

    def call(self, callee: Value, arguments: tuple[Value, ...], opcode: str, offset: int) -> None:
        """State a call of such a name, and of what calls of one, a program or the hook of a loader gave."""
        source: Value = callee
        while isinstance(source, Result):
            source = source.callee
        if _is_name(source) if isinstance(source, Global) else isinstance(source, Persistent) or source is EXTENSION:
            self._notes.call(callee, arguments, opcode, offset)

    def alike(self, arguments: Sequence[Value]) -> tuple[str, ...]:
        """What is the same of calls of which the first says all."""
        return self._notes.alike(arguments)

    def known(self, callee: Global, opcode: str, arguments: tuple[str, ...] | None) -> bool:
        """Whether one more such call says nothing new."""
        return self._notes.known(callee, opcode, arguments)

    def more(self, callee: Global, opcode: str, arguments: tuple[str, ...] | None, count: int) -> None:
        """Count calls that are known."""
        self._notes.more(callee, opcode, arguments, count)

    def mutation(self, target: Global, opcode: str, key: Value, offset: int) -> None:
        """State that what such a name stands for is changed."""
        if _is_name(target):
            self._notes.mutation(target, opcode, key, offset)

    def anomaly(self, code: AnomalyCode, _: str, __: int) -> None:
        """Note that a stream which does nothing else does something."""
        self._notes.said += code == "pickle.extension"

    def persistent(self, identity: Value, offset: int) -> None:
        """State an id that can be one, but none that says which storages the file has: those are tuples."""
        text = identity if isinstance(identity, str) else show(identity)
        if text.isascii() and text.isprintable():
            self._notes.persistent(text, offset)


def _is_name(value: Global) -> bool:
    return all(part.isidentifier() for part in value.dotted.split("."))
