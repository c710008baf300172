"""The byte account: what a clean verdict rests on.

Every byte of a blob is one of three. *Examined*: a scanner read it and knows what it means. *Inert*: the format's
own layout proves that no loader interprets it, such as tensor data inside its declared bounds. *Unexplained*: all
else. A file is clean only with zero unexplained bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from scanners.source import Span, merge, subtract

if TYPE_CHECKING:
    from collections.abc import Iterable

# Spans kept before they are merged: bounds the memory of an account over millions of small entries.
_PENDING = 65_536


class Totals(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An account summed up, in bytes of the blob; the three add up to its size."""

    examined: int
    inert: int
    unexplained: int


class Account:
    """The spans of one source that one scanner has explained."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._examined: list[Span] = []
        self._inert: list[Span] = []

    def examined(self, start: int, stop: int) -> None:
        """The bytes [start, stop) were read and understood."""
        self._add(self._examined, start, stop)

    def inert(self, start: int, stop: int) -> None:
        """The layout proves that no loader interprets the bytes [start, stop)."""
        self._add(self._inert, start, stop)

    def _add(self, spans: list[Span], start: int, stop: int) -> None:
        start, stop = max(0, start), min(stop, self.size)
        if start >= stop:
            return
        if spans and spans[-1].start <= start <= spans[-1].stop:
            if stop > spans[-1].stop:
                spans[-1] = Span(spans[-1].start, stop)
            return
        spans.append(Span(start, stop))
        if len(spans) > _PENDING and len(spans) & (len(spans) - 1) == 0:
            spans[:] = merge(spans)

    def examined_spans(self) -> list[Span]:
        """What was examined, merged."""
        return merge(self._examined)

    def unexplained_spans(self) -> list[Span]:
        """What is neither examined nor inert."""
        return subtract(Span(0, self.size), merge([*self._examined, *self._inert])) if self.size else []


def total(size: int, accounts: Iterable[Account]) -> Totals:
    """The account of a blob that several scanners looked at, each by its own grammar.

    A byte that one of them cannot explain is unexplained, whatever the others say of it: in a polyglot, one
    grammar's tensor data is another grammar's program.
    """
    accounts = list(accounts)
    if not accounts:
        return Totals(0, 0, size)
    gaps = merge(span for account in accounts for span in account.unexplained_spans())
    unexplained = sum(span.length for span in gaps)
    examined = sum(
        part.length
        for span in merge(span for account in accounts for span in account.examined_spans())
        for part in subtract(span, gaps)
    )
    return Totals(examined, size - examined - unexplained, unexplained)
