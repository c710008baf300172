"""Contents that one run has met: read once, however many repos carry them at the same time.

The history knows what earlier runs found; this knows what is on its way into it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import anyio

if TYPE_CHECKING:
    from reports.record import Blob

Key = tuple[str, str]
"""A blob, and the hint that it is read under."""

_MOST_FACTS = 100_000
_MOST_BLOBS = 10_000


class Met:
    """The newest results, within bounds; and whose turn it is to make one."""

    def __init__(self, *, facts: int = _MOST_FACTS, blobs: int = _MOST_BLOBS) -> None:
        self._blobs: OrderedDict[Key, Blob] = OrderedDict()
        self._turns: WeakValueDictionary[Key, anyio.Lock] = WeakValueDictionary()
        self._most_facts, self._most_blobs = facts, blobs
        self._facts = 0

    def turn(self, key: Key) -> anyio.Lock:
        """The lock to hold while a result is looked for or made."""
        return self._turns.setdefault(key, anyio.Lock())

    def get(self, key: Key) -> Blob | None:
        """What was found, if it is still held."""
        return self._blobs.get(key)

    def put(self, key: Key, blob: Blob) -> None:
        """Hold a result; the oldest ones go."""
        if key in self._blobs:
            self._facts -= len(self._blobs.pop(key).facts)
        self._blobs[key] = blob
        self._facts += len(blob.facts)
        while self._blobs and (self._facts > self._most_facts or len(self._blobs) > self._most_blobs):
            self._facts -= len(self._blobs.popitem(last=False)[1].facts)
