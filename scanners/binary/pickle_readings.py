"""Walks that are not the main one: of what was skipped, and of what else some loader may take the bytes for.

The same bytes are read in several ways. One unpickler may read many streams and number its memo on (threats.md 2.2);
joblib reads arrays where others read opcodes; an unpickler that reads from a file takes what stands behind a frame
that was too short for its last argument (threats.md 2.3, D4). Which of them a loader is cannot be told, and honest
files make no sense in any but one, so such a walk states nothing but the names that it would import.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scanners.binary.pickle_notes import Notes
    from scanners.binary.pickle_runs import ArgumentKind
    from scanners.binary.pickle_values import Global, Value
    from scanners.facts import AnomalyCode, UnreadReason, UsedAs

_NAME = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*", re.ASCII)


class Silence:
    """Notes of a walk whose facts are known."""

    argued = 0

    def reference(self, value: Global, used_as: UsedAs, offset: int) -> None:
        """Nothing."""

    def call(self, callee: Value, arguments: tuple[Value, ...], opcode: str, offset: int) -> None:
        """Nothing."""

    def known(self, _: Global, __: str, ___: ArgumentKind) -> bool:
        """Calls need not be told."""
        return True

    def more(self, callee: Global, opcode: str, arguments: ArgumentKind, count: int) -> None:
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
        if used_as in {"imported", "resolved"} and _NAME.fullmatch(value.module) and _NAME.fullmatch(value.name):
            self._notes.possible(value, offset)
