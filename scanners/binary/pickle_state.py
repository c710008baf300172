"""What BUILD comes to where it is more than setting attributes.

A partial is given another function, whatever it was made of. And some classes execute a text of their state, so the
text is what matters and not the class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanners.binary.pickle_convert import as_arguments
from scanners.binary.pickle_values import UNKNOWN, Global, Mapping, Partial, Result

if TYPE_CHECKING:
    from scanners.binary.pickle_values import Value

_PARTIAL = Global("functools", "partial")
EXECUTED = "_parse_arg_template"
"""`rv_generic.__setstate__` hands the text of this name to `exec` (scipy/stats/_distn_infrastructure.py)."""
_EXECUTES = "scipy.stats"
"""The package of those classes."""

_LENT = frozenset(("builtins.type", "builtins.getattr"))
"""What these give existed before, and belongs to others."""


def lent(value: Value) -> Global | None:
    """What gave the value, if that was not made by the stream but found by it."""
    match value:
        case Result(callee=Global() as giver) if giver.dotted in _LENT:
            return giver
        case _:
            return None


def put(target: Value, state: Value, *, armed: bool) -> tuple[Global, tuple[Value, ...]] | None:
    """The call that putting `state` on `target` comes to, if any; a partial is changed as its loader changes it.

    `armed` says that the stream may hold the name of a text that is executed.
    """
    match target:
        case Partial():
            return _PARTIAL, _rewire(target, state)
        case Result(callee=Global() as cls):
            executed = _text_of(cls, state, armed=armed)
            return None if executed is None else (Global(cls.module, f"{cls.name}.__setstate__"), (executed,))
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


def _text_of(cls: Global, state: Value, *, armed: bool) -> Value:
    """The text in the state that is executed; `UNKNOWN` where there may be one, None where there is none."""
    if isinstance(state, Mapping):
        if not armed:
            return None
        found = state.get(EXECUTED)
        if found is not UNKNOWN:
            return found
        if state.whole:
            return None
    return UNKNOWN if cls.module.startswith(_EXECUTES) else None
