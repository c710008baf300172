"""What BUILD comes to where it is more than setting attributes.

A partial is given another function, whatever it was made of. And some classes execute a text of their state, so the
text is what matters and not the class: `rv_generic.__setstate__` (scipy/stats/_distn_infrastructure.py) hands one to
`exec`, and `ModelData.__setstate__` (statsmodels/base/data.py) evaluates a formula, which is Python where it is no
arithmetic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanners.binary.code_objects import is_class
from scanners.binary.pickle_convert import as_arguments
from scanners.binary.pickle_values import UNKNOWN, Getter, Global, Items, Mapping, Partial, Result, Run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scanners.binary.pickle_values import Value

_PARTIAL = Global("functools", "partial")
_SETATTR = Global("builtins", "setattr")
_EXECUTED = {
    "_parse_arg_template": frozenset[str](),
    "formula": frozenset(("restore_model_spec", "restore_design_info")),
}
"""What is executed, and what else the state has to hold for it."""
_EXECUTES = ("scipy.stats", "statsmodels.base.data", "statsmodels.distributions", "statsmodels.sandbox.distributions")
"""The modules of those classes."""
_METHOD = "__setstate__"
_FILLING = frozenset(("append", "extend", "add"))
_HELD = frozenset((Global, Run))
NAMES = (_METHOD.encode(), *(name.encode() for key, beside in _EXECUTED.items() for name in (beside or (key,))))
"""What has to be spelled somewhere in a stream before any text of a state is executed, or anything of it called."""
_MAKERS = frozenset(f"{name}.{made}" for name in ("copyreg", "copy_reg") for made in ("_reconstructor", "__newobj__"))
"""What makes an instance of its first argument without calling it."""

_LENT = frozenset(("builtins.type", "builtins.getattr", "logging.getLogger"))
"""What these give existed before, and belongs to others."""


def lent(value: Value) -> Global | None:
    """What gave the value, if that was not made by the stream but found by it."""
    match value:
        case Result(callee=Global() as giver) if giver.dotted in _LENT:
            return giver
        case _:
            return None


def maker(value: Value) -> Global | None:
    """The class of an instance that the stream made, or what gave it."""
    match value:
        case Result(callee=Global() as cls):
            return cls
        case Partial():
            return _PARTIAL
        case Getter(kind=kind):
            return Global("operator", kind)
        case _:
            return None


def put(target: Value, state: Value, *, armed: bool) -> tuple[Global, tuple[Value, ...]] | None:
    """The call that putting `state` on `target` comes to, if any; a partial is changed as its loader changes it."""
    if isinstance(target, Partial):
        return _PARTIAL, _rewire(target, state)
    if is_class(target):
        return _SETATTR, (target, state)
    return _runs_text(target, state, armed=armed) or (_hides(target, state) if armed else None)


def methods(state: Value) -> list[Global]:
    """The names that a state puts where an unpickler, or a class, looks for a method that fills an object.

    `obj.append` is `obj.__dict__["append"]` before it is a method of the class.
    """
    found: list[Global] = []
    for part in state if isinstance(state, tuple) else (state,):
        if isinstance(part, Mapping) and not _HELD.isdisjoint(map(type, part.held())):
            found += filling([value for pair in part.pairs for value in pair])
    return found


def filling(entries: Sequence[Value]) -> list[Global]:
    """The names among keys and values in turn that stand under such a method's; a key that is computed may be any."""
    if Global not in map(type, entries):
        return []
    return [
        value
        for key, value in zip(entries[::2], entries[1::2], strict=False)
        if isinstance(value, Global) and (key in _FILLING if isinstance(key, str) else isinstance(key, Result))
    ]


def _hides(target: Value, state: Value) -> tuple[Global, tuple[Value, ...]] | None:
    """The setting of a `__setstate__` of the state's own, which the next BUILD of the same thing would call."""
    for part in state if isinstance(state, tuple) else (state,):
        if isinstance(part, Mapping):
            found = part.get(_METHOD)
            if found is not UNKNOWN or not part.whole:
                return _SETATTR, (target, _METHOD, found)
    return None


def _runs_text(target: Value, state: Value, *, armed: bool) -> tuple[Global, tuple[Value, ...]] | None:
    match target:
        case Result(callee=Global() as maker, arguments=(Global() as cls, *_)) if maker.dotted in _MAKERS:
            return _executed(cls, state, armed=armed)
        case Result(callee=Global() as cls):
            return _executed(cls, state, armed=armed)
        case _:
            return None


def _rewire(target: Partial, state: Value) -> tuple[Value, ...]:
    """Set function and arguments of a partial from `(function, arguments, keywords, attributes)`."""
    match state:
        case (callee, arguments, keywords, _):
            target.callee, target.arguments = callee, as_arguments(arguments)
            if isinstance(keywords, Mapping) and keywords.count:
                target.arguments += (keywords,)
        case _:
            target.callee, target.arguments = UNKNOWN, ()
    return target.callee, *target.arguments


def _executed(cls: Global, state: Value, *, armed: bool) -> tuple[Global, tuple[Value, ...]] | None:
    """The call that executes texts of the state: `UNKNOWN` stands for one where it cannot be told."""
    acts = cls.module.startswith(_EXECUTES)
    if not (acts or armed):
        return None
    pairs = _pairs(state)
    texts: list[Value] = []
    if pairs is None or (acts and any(not isinstance(key, str) for key, _ in pairs)):
        texts = [UNKNOWN] if acts else []
    else:
        held = {key: value for key, value in pairs if isinstance(key, str)}  # of equal keys the last one counts
        texts = [
            held[key] for key, beside in _EXECUTED.items() if key in held and beside.isdisjoint(held) == (not beside)
        ]
    return (Global(cls.module, f"{cls.name}.__setstate__"), tuple(texts)) if texts else None


def _pairs(state: Value) -> list[tuple[Value, Value]] | None:
    """The keys and values that a dict is updated with, or None where they were not all kept."""
    match state:
        case Mapping() if state.whole:
            return state.pairs
        case (Mapping() as first, _) if first.count != 4:
            return []  # As scipy before 1.6 wrote it: no pair, so nothing is updated, and the text is made afresh.
        case Items() if state.whole:
            return _as_pairs(state.values)
        case tuple():
            return _as_pairs(state)
        case _:
            return None


def _as_pairs(parts: Sequence[Value]) -> list[tuple[Value, Value]] | None:
    pairs = [part for part in parts if isinstance(part, tuple) and len(part) == 2]
    return pairs if len(pairs) == len(parts) else None
