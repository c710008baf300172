"""Runs of text opcodes that only make data, as protocol 0 writes it, recognised by one compiled pattern.

There each element is added by an opcode of its own, so a run is one of elements that are made and added: to the
container on top of the stack, which keeps no more of them anyway. It leaves nothing on the stack.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_NESTED: Final = 3
"""Containers inside containers that the pattern follows."""
_PUT: Final = b"p[0-9]{1,10}\n"
_CONSTANT: Final = b"(?:[VS][^\n]*+\n|I-?[0-9]{1,11}\n|F[-+.0-9aefin]{1,32}\n|L-?[0-9]{1,64}L?\n|N|g[0-9]{1,10}\n)"
_KEEP: Final = b"(?:" + _PUT + b")?+"


@cache
def _run() -> re.Pattern[bytes]:
    """Matches the longest run at a place; it may be empty."""
    value = _CONSTANT + _KEEP
    for _ in range(_NESTED):
        one = b"(?:" + value + b")"
        # A list and a dict are begun empty by picklers, and hold elements before they are made in other streams.
        made = b"\\(" + one + b"*+[ldt]" + _KEEP
        value = b"(?:" + value + b"|" + made + b"(?:" + one + _added(one) + b")*+)"
    return re.compile(b"(?:" + value + _added(value) + b")*+")


def _added(value: bytes) -> bytes:
    """What follows an element that is added: APPEND, or a value for it as a key, and SETITEM."""
    return b"(?:a|" + value + b"s)"


def _found(code: bytes, other: bytes) -> re.Pattern[bytes]:
    """Finds the indices behind an opcode."""
    # Without one it matches all the same: a search that fails would begin again at each byte.
    return re.compile(b"(?:[IFLVS" + other + b"][^\n]*+\n|[N(ldtas]++)*+(?:" + code + b"([0-9]++)\n)?")


_puts = cache(lambda: _found(b"p", b"g"))
_gets = cache(lambda: _found(b"g", b"p"))
PATTERNS: Final[tuple[Callable[[], re.Pattern[bytes]], ...]] = (_run, _puts, _gets)
"""What compiles them."""


def recognise(data: bytes, start: int, limit: int) -> int:
    """Where the run that begins at `start` ends, `limit` or before."""
    found = _run().match(data, start, limit)
    return found.end() if found else start


def memoized(data: bytes, start: int, stop: int, index: int) -> int | None:
    """How many memo entries the run [start, stop) writes, the next free index `index` first.

    None where it writes others, or asks for one that nobody has written.
    """
    puts, gets = ([int(each) for each in of().findall(data, start, stop) if each] for of in (_puts, _gets))
    behind = index + len(puts)
    return len(puts) if puts == list(range(index, behind)) and max(gets, default=-1) < behind else None
