"""Functions and classes that a pickle carries by value: which calls make them, and what code is behind them.

cloudpickle and dill write a function as calls: one makes the code object from its fields, one the function from the
code, one fills it; classes likewise. Everything here is a pure look at symbolic values: nothing is made.

Sources: `_code_reduce` and the constructors of cloudpickle 0.5 to 3.1 (cloudpickle/cloudpickle.py), `save_code` and
the constructors of dill 0.2 to 0.4 (dill/_dill.py), CPython's Objects/codeobject.c.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from scanners.binary.bytecode import Code, texts_in
from scanners.binary.pickle_lexer import Opaque, Payload
from scanners.binary.pickle_values import Global, Items, Mapping, Result

if TYPE_CHECKING:
    from scanners.binary.bytecode import Layout
    from scanners.binary.pickle_values import Value

Role = Literal["code", "function", "class", "cell", "fill", "type", "set", ""]
"""What calling something does here: it makes code, a function, a class or a cell of a closure; fills one; names a
type; sets an attribute."""

_CLOUDPICKLE: Final[dict[str, Role]] = {
    "_make_function": "function",
    "_make_skel_func": "function",
    "_fill_function": "fill",
    "_function_setstate": "fill",
    "_make_skeleton_class": "class",
    "_make_skeleton_enum": "class",
    "_rehydrate_skeleton_class": "fill",
    "_class_setstate": "fill",
    "_make_cell": "cell",
    "_builtin_type": "type",
}
_DILL: Final[dict[str, Role]] = {
    "_create_code": "code",
    "_create_function": "function",
    "_create_type": "class",
    "_create_cell": "cell",
    "_load_type": "type",
    "_setattr": "set",
}
_BUILTINS: Final[dict[str, Role]] = {
    "code": "code",
    "function": "function",
    "method": "function",
    "type": "class",
    "setattr": "set",
}
_TYPES: Final[dict[str, Role]] = {
    "CodeType": "code",
    "FunctionType": "function",
    "LambdaType": "function",
    "MethodType": "function",
    "PartialType": "function",
    "new_class": "class",
    "type": "class",
}
_LIBRARIES: Final[dict[str, dict[str, Role]]] = {
    "cloudpickle": _CLOUDPICKLE,
    "cloudpickle_fast": _CLOUDPICKLE,
    "_dill": _DILL,
    "dill": _DILL,
    "builtins": _BUILTINS,
    "__builtin__": _BUILTINS,
    "types": _TYPES,
    "new": {"code": "code", "function": "function", "instancemethod": "function", "classobj": "class"},
}
"""By the last part of a module's name: joblib, ray and pyspark carry copies of cloudpickle."""
_LIKE_NEW: Final = frozenset(("_reconstructor", "__newobj__", "__newobj_ex__"))
_WRAPPERS: Final = frozenset(("staticmethod", "classmethod", "property", "partialmethod", "cached_property"))
WATCHED: Final = frozenset(name for names in _LIBRARIES.values() for name in names) | _LIKE_NEW
"""The last parts of all names that have a role: a call of another global is not looked at closer."""

_CHAIN: Final = 16
"""Fills and wrappers in one another, and classes that inherit."""
_COMMON: Final = frozenset(("__new__", "__setstate__", "__getattr__", "__getattribute__", "__del__"))
_BY_CALL: Final = _COMMON | {"__init__"}
_BY_METACLASS: Final = frozenset("__new__ __init__ __prepare__ __call__ __setattr__ __getattribute__ mro".split())
_CALL: Final = frozenset(("__call__",))
_BY_BASE: Final = frozenset(("__init_subclass__", "__mro_entries__"))


class Ran(NamedTuple):
    """A function of the pickle's own that a call runs."""

    name: str
    """The method that it is called as, or "" where it is called by itself."""
    code: Code | None
    """None where it cannot be told."""


def role_of(callee: Value) -> Role:
    """What calling `callee` does."""
    match callee:
        case Global():
            module, name = callee.module.rpartition(".")[2], callee.name
            if "." in name:
                # `dill` + `_dill._setattr`: the attribute of a module that was reached through its package.
                owner, _, name = name.rpartition(".")
                module = owner.rpartition(".")[2]
            return _LIBRARIES.get(module, {}).get(name, "")
        case Result(callee=Global() as maker, arguments=(str() as name,)) if role_of(maker) == "type":
            return _TYPES.get(name, "")
        case Result(callee=Global() as maker, arguments=(Result() as of,)) if role_of(maker) == "class":
            # `type(function)` is FunctionType.
            made = role_of(of.callee)
            return made if made in {"code", "function"} else ""
        case _:
            return ""


def carried(value: Value) -> Result | None:
    """The call that made a code object, a function or a class which the pickle carries; None for all else."""
    for _ in range(_CHAIN):
        if not isinstance(value, Result):
            return None
        role = role_of(value.callee)
        if role in {"code", "function"} or (role == "class" and not _asks_type(value)):
            return value
        wraps = isinstance(value.callee, Global) and value.callee.name in _WRAPPERS
        if not (role == "fill" or wraps) or not value.arguments:
            return None
        value = value.arguments[0]
    return None


def _asks_type(value: Result) -> bool:
    """Whether the call is `type(object)`, which makes nothing."""
    named = isinstance(value.callee, Global) and value.callee.name != "type"
    return len(value.arguments) == 1 and not named


def is_class(value: Value) -> bool:
    """Whether the value is a class that the pickle carries."""
    made = carried(value)
    return made is not None and role_of(made.callee) == "class"


def kind_of(value: Value) -> Literal["code", "function", "class", ""]:
    """What a carried value is, where all of its code can be read; "" for all else."""
    made = carried(value)
    if made is None:
        return ""
    role = role_of(made.callee)
    if role == "class":
        return "class"
    return ("code" if role == "code" else "function") if code_behind(made) else ""


def code_behind(value: Value) -> Code | None:
    """The code of a function or code object that the pickle carries; None where there is none, or it cannot be told."""
    for _ in range(_CHAIN):
        made = carried(value)
        if made is None:
            return None
        if role_of(made.callee) == "code":
            return code_of(made.callee, made.arguments)
        if not made.arguments:
            return None
        value = made.arguments[0]
    return None


# --- code objects ---------------------------------------------------------------------------------------------------


def code_of(callee: Value, arguments: tuple[Value, ...]) -> Code | None:
    """The code object that calling `callee` makes; None where it makes none, or its fields cannot be told.

    The fields of each version differ, and the call says which they are: 4 numbers come first in Python 2, 5 up to
    3.7, 6 since; a qualified name stands behind the name since 3.11. dill puts the old line table before all that.
    Raises `LimitReached` for constants without end.
    """
    if role_of(callee) != "code":
        return None
    if arguments and not _is_number(arguments[0]):
        arguments = arguments[1:]
    counts = 0
    while counts < len(arguments) and _is_number(arguments[counts]):
        counts += 1
    match arguments[counts:]:
        case (code, tuple() as constants, names, variables, filename, str() as name, *rest) if 4 <= counts <= 6:
            return _code(arguments[:counts], code, constants, (names, variables, filename, name), rest)
        case _:
            return None


def _code(
    counts: tuple[Value, ...],
    code: Value,
    constants: tuple[Value, ...],
    fields: tuple[Value, Value, Value, str],
    rest: list[Value],
) -> Code | None:
    names, variables = _texts(fields[0]), _texts(fields[1])
    instructions = _bytes(code)
    if names is None or variables is None or instructions is None:
        return None
    tables = [value for value in rest if not isinstance(value, tuple | str | int)]
    scopes = [value for value in rest if isinstance(value, tuple)]
    qualified = rest[0] if rest and isinstance(rest[0], str) else None
    numbers = [value if isinstance(value, int) else -1 for value in counts]
    plain = tuple([_constant(value) for value in constants])
    layouts: dict[int, Layout] = {4: "2.7", 5: "3.0", 6: "3.8"}
    return Code(
        layout="3.11" if qualified is not None else layouts[len(counts)],
        name=qualified or fields[3],
        filename=fields[2] if isinstance(fields[2], str) else "",
        arguments=numbers[0] + (0 if len(counts) == 4 else numbers[-4]),
        locals=numbers[-3],
        stack=numbers[-2],
        flags=numbers[-1],
        code=instructions,
        constants=plain,
        names=names,
        cells=len(scopes[1]) if len(scopes) > 1 else 0,
        free=len(scopes[0]) if scopes else 0,
        handlers=not all(map(_is_empty, tables[1:])),
        texts=texts_in(plain),
    )


def _is_number(value: Value) -> bool:
    return isinstance(value, int | Opaque)


def _is_empty(value: Value) -> bool:
    """Whether the value is an empty bytes object, also as protocol 2 writes one: as a call without arguments."""
    return value == b"" or (isinstance(value, Result) and not value.arguments)


def _bytes(value: Value) -> bytes | None:
    match value:
        case bytes():
            return value
        case str():
            return value.encode("latin-1", "replace")
        case Payload():
            # Its place only: long code is not inert, and it is known by its names.
            return b""
        case _:
            return None


def _texts(value: Value) -> tuple[str, ...] | None:
    if not isinstance(value, tuple):
        return None
    texts = [text.decode("latin-1") if isinstance(text, bytes) else text for text in value]
    names = tuple([text for text in texts if isinstance(text, str)])
    return names if len(names) == len(texts) else None


def _constant(value: Value) -> object:
    match value:
        case Opaque(kind="number" | "float"):
            return 0
        case Items():
            return tuple(value.values)
        case _:
            return value


# --- what a call runs -----------------------------------------------------------------------------------------------


class Classes:
    """What a stream puts on the classes that it carries, and which of their methods its calls run."""

    def __init__(self) -> None:
        self._put: dict[int, tuple[Result, list[Value]]] = {}
        """By identity: the class, which has to live on for that, and what was put on it."""
        self._used: set[int] = set()
        """The classes of which there are instances, and their bases."""
        self._plain: set[tuple[int, frozenset[str]]] = set()
        """Classes that are known to have none of some methods, until more is put on any."""

    def fill(self, callee: Value, arguments: tuple[Value, ...]) -> list[Ran]:
        """Keep what a call puts on a class; the functions that instances made before may now run."""
        if role_of(callee) not in {"fill", "set"} or len(arguments) < 2 or (made := carried(arguments[0])) is None:
            return []
        if role_of(made.callee) != "class":
            return []
        put = arguments[1]
        if isinstance(put, str):
            mapping = Mapping()
            mapping.extend(list(arguments[1:3]))
            put = mapping
        self._put.setdefault(id(made), (made, []))[1].append(put)
        self._plain.clear()
        return self._methods(made, _COMMON) if id(made) in self._used else []

    def runs(self, callee: Value, arguments: tuple[Value, ...], opcode: str) -> list[Ran]:
        """The functions of the pickle's own that this call runs."""
        if isinstance(callee, Global) and callee.name in _LIKE_NEW and arguments:
            return self._methods(arguments[0], _COMMON, made=True)
        if role_of(callee) == "class":
            return self._defined(callee, arguments)
        match callee:
            case Result(callee=Global(name="getattr"), arguments=(owner, str() as name, *_)):
                # A method of a class, or of its instance.
                return self._methods(owner, frozenset((name,))) or self._methods(_class(owner), frozenset((name,)))
            case Result():
                made = carried(callee)
                if made is None:
                    return self._methods(_class(callee), _CALL)
                if role_of(made.callee) == "class":
                    return self._methods(made, _COMMON if opcode.startswith("NEWOBJ") else _BY_CALL, made=True)
                return [Ran("", code_behind(made))]
            case _:
                return []

    def _defined(self, callee: Value, arguments: tuple[Value, ...]) -> list[Ran]:
        """What making a class runs: methods of a metaclass and of its bases that the pickle carries too."""
        if len(arguments) < 2:
            return []
        found: list[Ran] = []
        for argument in arguments[:3]:
            found += self._methods(argument, _BY_METACLASS)
            if isinstance(argument, tuple):
                found += [ran for base in argument for ran in self._methods(base, _BY_BASE)]
        if (made := carried(arguments[0])) and role_of(made.callee) == "function" and callee is not made:
            found.append(Ran("", code_behind(made)))
        return found

    def _methods(self, value: Value, names: frozenset[str], *, made: bool = False) -> list[Ran]:
        """Those methods of a carried class that have one of these names; `made` says that it has an instance now."""
        first = carried(value)
        if first is None or role_of(first.callee) != "class" or (id(first), names) in self._plain:
            return []
        found: dict[str, Value] = {}
        known = True
        todo, seen = [first], {id(first): first}
        while todo and len(seen) <= _CHAIN:
            each = todo.pop()
            for body in [*each.arguments, *self._put.setdefault(id(each), (each, []))[1]]:
                known = _members(body, names, found) and known
            for base in [base for part in each.arguments if isinstance(part, tuple) for base in part]:
                parent = carried(base)
                if parent is not None and id(parent) not in seen:
                    seen[id(parent)] = parent
                    todo.append(parent)
        if made:
            self._used |= seen.keys()
        ran = [Ran(name, code_behind(function)) for name, function in found.items() if _may_run(function)]
        if not known or todo:
            return [*ran, Ran("", None)]
        if not ran:
            self._plain.add((id(first), names))
        return ran


def _class(value: Value) -> Value:
    """The class of an instance that the pickle made; None where that is not known."""
    match value:
        case Result(callee=Global(name=name), arguments=(cls, *_)) if name in _LIKE_NEW:
            return cls
        case Result():
            return value.callee
        case _:
            return None


def _may_run(function: Value) -> bool:
    """Whether this is code of the pickle's own, or may be; a name is judged as a reference."""
    return not (function is None or isinstance(function, Global | str | int))


def _members(body: Value, names: frozenset[str], found: dict[str, Value]) -> bool:
    """Add the members of these names; False where there may be more than are known."""
    match body:
        case Mapping():
            found |= {key: value for key, value in body.pairs if isinstance(key, str) and key in names}
            return body.whole
        case tuple():
            return all(_members(part, names, found) for part in body if isinstance(part, Mapping))
        case _:
            return True
