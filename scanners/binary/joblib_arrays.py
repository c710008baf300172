"""What joblib reads between the opcodes of a pickle, and from other files.

joblib's unpickler is the one written in Python, with one change: after a BUILD it looks whether the object is one of
its own wrappers, and if so puts an array in its place. The bytes of that array follow in the stream:

    … BUILD | length of padding, 1 byte | padding | elements          a dtype without objects, joblib 1.2 and later
    … BUILD | elements                                                the same, before
    … BUILD | a whole pickle, by an unpickler without that change     a dtype with objects
    … BUILD                                                           before 0.10: a file of its own holds the array

Where the stream has frames, "follow" means behind the frame: joblib reads from the file, and the frame was read from
it whole. Source: joblib/numpy_pickle.py and numpy_pickle_compat.py, joblib 1.6 and 0.14.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.binary.numpy_dtype import of_value
from scanners.binary.pickle_values import Global, Items, Mapping, Result

if TYPE_CHECKING:
    from scanners.binary.pickle_values import Value

ARRAY: Final = "NumpyArrayWrapper"
"""The class whose instances stand for arrays in the stream."""
FILES: Final = ("NDArrayWrapper", "ZNDArrayWrapper")
"""Those whose instances stand for arrays in other files."""
_MODULES = ("joblib.numpy_pickle", "joblib.numpy_pickle_compat")
_MAKERS = frozenset(
    f"{module}.{name}"
    for module in ("copyreg", "copy_reg")
    for name in ("_reconstructor", "__newobj__", "__newobj_ex__")
)
_ALIGNMENT = "numpy_array_alignment_bytes"
_ARRAY_PARAMETERS = ("subclass", "shape", "order", "dtype", "allow_mmap", _ALIGNMENT)
_INT64_MOST = (1 << 63) - 1


class RawArray(NamedTuple):
    """What stands in the stream in the place of an array."""

    length: int
    """Bytes of the elements; 0 where they are pickled."""
    aligned: bool
    """Whether a byte that holds the length of padding comes first, and then the padding."""
    pickled: bool
    """Whether a pickle of its own stands there instead: neither length nor padding."""


def wrapper(value: Value) -> str:
    """The name of joblib's class that the value is an instance of, or ""."""
    match value:
        case Result(callee=Global() as maker, arguments=(Global() as cls, *_)) if maker.dotted in _MAKERS:
            pass
        case Result(callee=Global() as cls):
            pass
        case _:
            return ""
    module, _, name = cls.dotted.rpartition(".")
    # scikit-learn before 0.23 carries a copy.
    known = any(module == each or module.endswith(f".{each}") for each in _MODULES)
    return name if known and name in (ARRAY, *FILES) else ""


def constructed(value: Value) -> tuple[Value, ...]:
    """The arguments that a wrapper's `__init__` was called with: honest pickles make instances without it."""
    direct = isinstance(value, Result) and isinstance(value.callee, Global) and value.callee.dotted not in _MAKERS
    return value.arguments if direct and isinstance(value, Result) and not value.how.startswith("NEWOBJ") else ()


def raw_array(state: Value, arguments: tuple[Value, ...] = ()) -> RawArray | None:
    """What follows the BUILD of an array wrapper; None where that cannot be told.

    An unknown attribute is such a case: it may hide a method of the wrapper.
    """
    attributes = _attributes(_ARRAY_PARAMETERS, arguments, state)
    if attributes is None or not attributes.keys() >= {"shape", "dtype"} or attributes.keys() - set(_ARRAY_PARAMETERS):
        return None
    element = of_value(attributes["dtype"])
    if element is None:
        return None
    if element.objects:
        return RawArray(0, aligned=False, pickled=True)
    # Of arguments without an alignment, joblib 1.2 and later take 16.
    alignment = attributes.get(_ALIGNMENT, 16 if arguments else None)
    count = _count(attributes["shape"])
    if count is None or not element.size or not (alignment is None or isinstance(alignment, int)):
        return None
    return RawArray(count * element.size, aligned=alignment is not None, pickled=False)


def external_file(state: Value, arguments: tuple[Value, ...] = ()) -> str:
    """The file that the BUILD of a file wrapper opens, relative to the pickle's folder; "" where it is not constant."""
    attributes = _attributes(("filename",), arguments[:1], state)
    filename = None if attributes is None else attributes.get("filename")
    return filename if isinstance(filename, str) else ""


def _attributes(parameters: tuple[str, ...], arguments: tuple[Value, ...], state: Value) -> dict[str, Value] | None:
    """The attributes of an instance once `state` was put on it; None where they are not all known."""
    found: dict[str, Value] = dict(zip(parameters, arguments, strict=False))
    for part in state if isinstance(state, tuple) and len(state) == 2 else (state,):
        if part is None:
            continue
        if not isinstance(part, Mapping) or not part.whole:
            return None
        for key, value in part.pairs:
            if not isinstance(key, str):
                return None
            found[key] = value
    return found


def _count(shape: Value) -> int | None:
    """The number of elements; None for what is no shape, or larger than NumPy counts."""
    lengths = shape.values if isinstance(shape, Items) and shape.whole else shape
    if not isinstance(lengths, tuple | list):
        return None
    known = [each for each in lengths if isinstance(each, int) and 0 <= each <= _INT64_MOST]
    if len(known) != len(lengths):
        return None
    count = math.prod(known)
    return count if count <= _INT64_MOST else None
