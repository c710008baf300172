"""NumPy's dtypes: how many bytes an element takes, and whether it holds Python objects.

Two spellings are read: the `descr` of an npy header, and what a pickle does to make a dtype, which is a call and then
a BUILD. Rule 1: what is not known, or differs from platform to platform, is None and never a guess. Rule 2: of a
pickled dtype the state decides as it does in NumPy, where a flag says that there are objects and nothing checks it.

Sources: numpy/_core/src/multiarray/descriptor.c (`_convert_from_str`, `arraydescr_setstate`) and
numpy/lib/_format_impl.py (`descr_to_dtype`), NumPy 2.4.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, NamedTuple

from scanners.binary.pickle_values import Global, Result

if TYPE_CHECKING:
    from scanners.binary.pickle_values import Value

_SIZE_MOST = (1 << 31) - 1
_HAS_OBJECTS = 0x01
"""NPY_ITEM_REFCOUNT, the flag that `dtype.hasobject` asks for."""
_VERSIONS = (3, 4)
"""State (version, byte order, subarray, names, fields, size, alignment, flags[, metadata]): since NumPy 1.3."""
_SPEC = re.compile(r"[<>=|]?(?:([biufcO])(\d{1,2})|([SaUV])(\d{1,10})|[Mm]8?(?:\[\w{1,40}\])?|([A-Za-z?]))", re.ASCII)
_SIZES = {"b": (1,), "i": (1, 2, 4, 8), "u": (1, 2, 4, 8), "f": (2, 4, 8, 12, 16), "c": (8, 16, 24, 32), "O": (4, 8)}
_LETTERS = {
    letter: size
    for size, letters in ((1, "?bBc"), (2, "hHe"), (4, "iIf"), (8, "qQdF"), (16, "D"), (0, "SUVa"))
    for letter in letters
}
"""Sizes of one-letter codes; those that differ between platforms (l, L, g, G, p, P) are left out."""
_NAMED = {
    **dict.fromkeys("bool bool_ int8 uint8".split(), 1),
    **dict.fromkeys("int16 uint16 float16 half".split(), 2),
    **dict.fromkeys("int32 uint32 float32 single".split(), 4),
    **dict.fromkeys("int64 uint64 float64 double complex64 datetime64 timedelta64 object object_ float".split(), 8),
    **dict.fromkeys("complex128 complex".split(), 16),
}
_BUILTINS = frozenset("bool float complex object".split())
_OBJECTS = frozenset(("O", "object", "object_"))
_FLEXIBLE = frozenset("numpy.bytes_ numpy.string_ numpy.str_ numpy.unicode_ numpy.void".split()) | {
    f"numpy.{module}record" for module in ("", "rec.", "core.records.", "_core.records.")
}
_USER = re.compile(r"ml_dtypes\.b?(?:u?int|float)\d\w*", re.ASCII)
"""Types whose size stands in the state: strings, raw bytes, records, and those that packages register."""
_STRINGS = frozenset(f"numpy.{core}._internal._convert_to_stringdtype_kwargs" for core in ("core", "_core"))
"""What makes a `StringDType`, whose elements are references."""


class Element(NamedTuple):
    """One element of an array."""

    size: int
    """Bytes."""
    objects: bool
    """Whether it holds Python objects anywhere: then a pickle stands for the array's data."""


def of_text(spec: str) -> Element | None:
    """The element that a type string such as "<f8" names."""
    if spec in _NAMED:
        return Element(_NAMED[spec], spec in _OBJECTS)
    match = _SPEC.fullmatch(spec)
    if match is None:
        return None
    kind, size, flexible, length, letter = match.groups()
    if kind:
        return Element(int(size), kind == "O") if int(size) in _SIZES[kind] else None
    if flexible:
        return _sound(int(length) * (4 if flexible == "U" else 1), objects=False)
    total = 8 if letter in (None, "O") else _LETTERS.get(letter, -1)
    return Element(total, letter == "O") if total >= 0 else None


def of_descr(descr: object) -> Element | None:
    """The element that the `descr` of an npy header describes; nested as deep as its reader lets it."""
    match descr:
        case str():
            return of_text(descr)
        case tuple() if len(descr) == 2:
            return _repeated(of_descr(descr[0]), descr[1])
        case list():
            return _structured(descr)
        case _:
            return None


def _repeated(base: Element | None, shape: object) -> Element | None:
    """A subarray of `base`; a dict in the place of the shape is metadata."""
    if base is None or isinstance(shape, dict):
        return base
    lengths = shape if isinstance(shape, tuple) else (shape,)
    # NumPy takes the number behind a type without a size for its size, and not for a count.
    if not base.size or not all(natural(each) for each in lengths):
        return None
    return _sound(base.size * math.prod(lengths), objects=base.objects)


def _structured(fields: list[object]) -> Element | None:
    """Fields side by side, padding among them as fields without a name."""
    size, objects = 0, False
    for field in fields:
        if not isinstance(field, tuple) or len(field) not in (2, 3) or not isinstance(field[0], str | tuple):
            return None
        element = of_descr(field[1])
        if len(field) == 3:
            element = _repeated(element, field[2])
        # NumPy drops a field without a name as padding, and with it that there are objects; before 1.14 it did not.
        if element is None or (element.objects and not field[0]):
            return None
        size, objects = size + element.size, objects or element.objects
    return _sound(size, objects=objects)


def _sound(size: int, *, objects: bool) -> Element | None:
    return Element(size, objects) if size <= _SIZE_MOST else None


def natural(value: object) -> bool:
    """Whether it is an integer of at least zero, and not a truth value."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def of_value(value: Value) -> Element | None:
    """The element of a dtype that a pickle makes."""
    match value:
        case Result(callee=Global(module="numpy.dtypes") as cls, arguments=(), state=None) if cls.name.endswith(
            "DType"
        ):
            return _type(f"numpy.{cls.name.removesuffix('DType').lower()}")
        case Result(callee=Global() as callee, state=None) if callee.dotted in _STRINGS:
            return Element(16, objects=True)
        case Result(callee=Global() as callee, arguments=(spec, *rest), state=state) if callee.dotted == "numpy.dtype":
            return _stated(_base(spec), state, copied=len(rest) == 2 and rest[1] in (1, True))
        case _:
            return None


class _Base(NamedTuple):
    element: Element | None
    """Without a state; None where the state has the size."""
    sized: bool
    """Whether the state has it."""


def _base(spec: Value) -> _Base:
    """What `numpy.dtype` makes of its first argument."""
    if isinstance(spec, bytes):
        spec = spec.decode("latin-1")
    if isinstance(spec, str):
        element = of_text(spec)
        return _Base(element, sized=element is not None and spec.lstrip("<>=|")[0] in "SaUV")
    if not isinstance(spec, Global):
        return _Base(None, sized=False)
    if spec.dotted in _FLEXIBLE or _USER.fullmatch(spec.dotted):
        return _Base(None, sized=True)
    return _Base(_type(spec.dotted), sized=False)


def _type(path: str) -> Element | None:
    """The element that a scalar type stands for."""
    module, _, name = path.rpartition(".")
    if module == "numpy" or (module in {"builtins", "__builtin__"} and name in _BUILTINS):
        return of_text(name) if name in _NAMED else None
    return None


def _stated(base: _Base, state: Value, *, copied: bool) -> Element | None:
    """The element once `state` was put on a dtype; on one that is no copy, NumPy puts nothing."""
    if state is None:
        return base.element
    if not copied or not isinstance(state, tuple) or len(state) not in (8, 9) or state[0] not in _VERSIONS:
        return None
    size, flags = state[5], state[7]
    if not isinstance(flags, int):
        return None
    if not base.sized:
        return None if base.element is None else Element(base.element.size, bool(flags & _HAS_OBJECTS))
    return Element(size, bool(flags & _HAS_OBJECTS)) if isinstance(size, int) and 0 <= size <= _SIZE_MOST else None
