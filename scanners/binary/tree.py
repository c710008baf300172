"""Decoded documents as trees of dicts and lists: the way through them, and the names of the places in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Place = tuple["Place", str | int] | None
"""Where a value is: the place of what holds it, and its key there; None for the root."""
Branch = dict[str, object] | list[object]


class Several(list[object]):
    """The values of a key that one object says more than once: which of them counts depends on the reader."""


def walk(root: Branch) -> Iterator[tuple[Branch, Place]]:
    """Every dict and list of a tree in the order in which they are written; nothing here recurses."""
    todo: list[tuple[Branch, Place]] = [(root, None)]
    while todo:
        value, place = todo.pop()
        yield value, place
        todo += [(each, (place, key)) for key, each in items(value) if isinstance(each, dict | list)][::-1]


def items(branch: Branch) -> Iterable[tuple[str | int, object]]:
    """What a dict or a list holds, each with its key."""
    return branch.items() if isinstance(branch, dict) else enumerate(branch)


def shown(place: Place) -> str:
    """The name of a place: its keys with slashes between them."""
    keys: list[str] = []
    while place:
        place, key = place
        keys.append(str(key))
    return "/".join(reversed(keys))


def readings(value: object) -> list[object]:
    """What a value may be to one reader or another: the value, or each of several."""
    return list(value) if isinstance(value, Several) else [value]


def texts(value: object) -> list[str]:
    """The readings of a value that are texts."""
    return [each for each in readings(value) if isinstance(each, str)]


def dicts(value: object) -> list[dict[str, object]]:
    """The readings of a value that are dicts."""
    return [each for each in readings(value) if isinstance(each, dict)]
