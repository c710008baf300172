"""How much is kept of the values of a stream.

Values are small, and still a byte of a stream can make one that takes seventy. What is reached from the stack and from
the memo is weighed now and then: there is room for the newest, and of the others containers forget their elements, and
all else is forgotten. An honest stream keeps little, since containers keep only their first elements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanners.binary.pickle_lexer import Opaque
from scanners.binary.pickle_values import FORGOTTEN, Getter, Global, Items, Mapping, Partial, Persistent, Result, Run

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scanners.binary.pickle_values import Value

_ROOM = 100_000
"""Values that are kept, and as many times 64 bytes of them."""
_LARGE = _ROOM >> 3
"""The most that is kept of one."""
_NOTHING = (type(None), bool, Opaque)
"""Kinds of values of which there is only one of each."""
_RUN = 4


def lighten(values: list[Value] | dict[int, Value], places: Iterable[int]) -> int:
    """Forget what there is no room for: what comes first in `places` is kept first.

    The answer is how many of the `places` were looked at before the room was full: behind them nothing is left.
    """
    room, full = _ROOM, 0
    kept: set[int] = set()
    for looked, place in enumerate(places):
        value = values[place]
        if isinstance(value, _NOTHING):
            continue
        weight, reached = _weight(value, min(room, _LARGE), kept)
        if weight <= min(room, _LARGE):
            room -= weight
            kept |= reached
            continue
        if room < _LARGE:
            room, full = 0, full or looked
        if isinstance(value, Items | Mapping):
            value.forget()
        else:
            values[place] = FORGOTTEN
    return full or len(values)


def _weight(value: Value, most: int, kept: set[int]) -> tuple[int, set[int]]:
    """The number of values reached from one, itself among them, but those that are kept anyway, and their ids.

    Long constants count as several; past `most` it is not exact.
    """
    if isinstance(value, str):  # most of those that are many
        return 1 + (len(value) >> 6), set()
    if id(value) in kept:
        return 0, set()
    if isinstance(value, Items | Mapping) and not value.held():
        return 1, {id(value)}
    if isinstance(value, Global):
        return 1 + _RUN, {id(value)}
    weight, reached = 0, set[int]()
    left: list[Value] = [value]
    while left and weight <= most:
        each = left.pop()
        if id(each) in kept or id(each) in reached:
            continue
        reached.add(id(each))
        weight += 1
        match each:
            case tuple():
                left.extend(each)
            case str() | bytes():
                weight += len(each) >> 6
            case int():
                weight += each.bit_length() >> 9
            case Items() | Mapping():
                left.extend(each.held())
            case Result():
                left += (each.callee, each.arguments, each.state)
            case Partial():
                left += (each.callee, each.arguments)
            case Getter():
                left.append(each.arguments)
            case Persistent():
                left.append(each.id)
            case Run() | Global():
                weight += _RUN
            case _:
                continue
    return weight, reached
