"""The memory and time that a few bytes of a pickle ask for (threats.md 2.4, T11).

Only what is certain is told: sizes that are constants, and iterators that never end, or end after a constant number of
elements. The functions are the reviewed ones; all others are a finding as they stand.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.binary.pickle_lexer import Payload
from scanners.binary.pickle_values import Global, Items, Mapping, Result

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanners.binary.pickle_values import Value

MOST: Final = 1 << 34
"""Bytes that no load of a model takes: as of what a small ONNX model makes."""
_ENDLESS: Final = 1 << 64
_ELEMENT: Final = 8
"""Bytes of a reference to an element."""
_EXPONENT: Final = re.compile(r"\s*[-+]?[\d_.]+[eE]\+?([\d_]+)\s*", re.ASCII)
_ALIASES: Final = {"__builtin__": "builtins", "numpy.core.multiarray": "numpy._core.multiarray"}

Arguments = tuple["Value", ...]


def _length(value: Value) -> int:
    """Elements that iterating over a value gives at least; constants are as long as their bytes, and count as one."""
    if isinstance(value, Result):
        return value.length
    if isinstance(value, Items | Mapping):
        return bool(value.count)
    return isinstance(value, Payload) or (isinstance(value, str | bytes | tuple) and len(value) > 0)


def _repeated(arguments: Arguments) -> int:
    match arguments:
        case (_,):
            return _ENDLESS
        case (_, int() as times):
            return times
        case (_, Mapping() as keywords) if isinstance(many := keywords.get("times"), int):
            return many
        case _:
            return 0


def _ranged(arguments: Arguments) -> int:
    numbers = [each for each in arguments if isinstance(each, int)]
    if not len(numbers) == len(arguments) <= 3 or not numbers or numbers[2:] == [0]:
        return 0
    bounds = range(*numbers)
    return -((bounds.start - bounds.stop) // bounds.step)


def _zipped(arguments: Arguments) -> int:
    return min((_length(each) for each in arguments if not isinstance(each, Mapping)), default=0)


def _passed(arguments: Arguments) -> int:
    return _length(arguments[0]) if arguments else 0


def _filled(arguments: Arguments) -> int:
    """Elements of bytes, which are made of a number of zeros or of what is iterated over."""
    return arguments[0] if arguments and isinstance(arguments[0], int) else _passed(arguments)


_GIVES: Final[dict[str, Callable[[Arguments], int]]] = {
    "itertools.count": lambda _: _ENDLESS,
    "itertools.repeat": _repeated,
    "itertools.cycle": lambda arguments: _ENDLESS if _passed(arguments) else 0,
    "itertools.chain": lambda arguments: sum(map(_length, arguments)),
    "builtins.range": _ranged,
    "builtins.zip": _zipped,
    **dict.fromkeys(("builtins.bytes", "builtins.bytearray"), _filled),
    **dict.fromkeys((f"builtins.{name}" for name in "enumerate iter list reversed tuple".split()), _passed),
    "collections.deque": _passed,
}
"""Elements that iterating gives over what the call gives."""


def _consumed(arguments: Arguments) -> int:
    return _ELEMENT * max(map(_length, arguments), default=0)


def _shaped(place: int) -> Callable[[Arguments], int]:
    """Elements of an array, of one byte each at least, whose shape stands at a place."""

    def size(arguments: Arguments) -> int:
        shape = arguments[place] if place < len(arguments) else 0
        if isinstance(shape, Items):
            shape = tuple(shape.values)
        return _product(shape if isinstance(shape, tuple) else (shape,))

    return size


def _product(numbers: Arguments) -> int:
    """The product of numbers; 0 where there are others than positive ones."""
    size = int(bool(numbers))
    for each in numbers:
        size = min(size * each, _ENDLESS) if isinstance(each, int) and each > 0 else 0
    return size


def _fraction(arguments: Arguments) -> int:
    """A power of ten as long as the exponent says."""
    match = _EXPONENT.fullmatch(arguments[0]) if arguments and isinstance(arguments[0], str) else None
    digits = match.group(1).replace("_", "") if match else ""
    return 0 if not digits else _ENDLESS if len(digits) > 18 else int(digits) << 4


_TAKES: Final[dict[str, Callable[[Arguments], int]]] = {
    **dict.fromkeys(
        (f"builtins.{name}" for name in "all any dict frozenset list set sum tuple".split()),
        _consumed,
    ),
    **dict.fromkeys(
        (f"collections.{name}" for name in "Counter OrderedDict UserList defaultdict deque".split()), _consumed
    ),
    **dict.fromkeys("array.array math.fsum math.prod numpy.array numpy.asarray".split(), _consumed),
    **dict.fromkeys(("builtins.bytes", "builtins.bytearray"), _filled),
    **dict.fromkeys((f"numpy.{name}" for name in "chararray ndarray ones recarray zeros".split()), _shaped(0)),
    "numpy._core.multiarray._reconstruct": _shaped(1),
    "fractions.Fraction": _fraction,
}
"""Bytes that the call takes, or as many steps."""
_TENSORS: Final = re.compile(r"torch\.(?:storage\.)?\w*(?:Tensor|Storage)")
"""What torch makes of a number of elements, or of as many as the product of several is."""


def grows(callee: Global) -> bool:
    """Whether the numbers among the arguments of a call matter."""
    name = _canonical(callee)
    return name in _GIVES or name in _TAKES or _TENSORS.fullmatch(name) is not None


def growth(callee: Value, arguments: Arguments) -> tuple[int, int]:
    """Elements that iterating gives over what the call gives, and the bytes that making it takes."""
    if not isinstance(callee, Global):
        return 0, 0
    name = _canonical(callee)
    if name == "copyreg.__newobj__" and arguments:
        return growth(arguments[0], arguments[1:])
    if name == "copyreg._reconstructor" and len(arguments) == 3:
        return growth(arguments[1], arguments[2:])
    gives, takes = _GIVES.get(name), _TAKES.get(name)
    if takes is None and _TENSORS.fullmatch(name):
        takes = _product
    return gives(arguments) if gives else 0, takes(arguments) if takes else 0


def _canonical(callee: Global) -> str:
    return f"{_ALIASES.get(callee.module, callee.module)}.{callee.name}"
