"""What well-known resolvers would give: the part of evaluation that names what a chain of calls reaches.

`getattr(__import__('os'), 'sys' + 'tem')` never spells `os.system`. The functions here work such calls out over
symbolic values, and say `None` where the answer is beyond them: the call is then stated as it stands, which is
never less suspicious.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanners.binary.pickle_codecs import EVALUATORS as CODECS
from scanners.binary.pickle_codecs import MOST, decode
from scanners.binary.pickle_convert import as_arguments
from scanners.binary.pickle_values import (
    FORGOTTEN,
    UNKNOWN,
    Getter,
    Global,
    Items,
    Mapping,
    Partial,
    Persistent,
    Result,
    Value,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PATH_MOST = 2048
_PATH_END = 512
_SHOWN = 1 << 64
"""Numbers from here on are not made to text, which takes time that grows with their square."""
_GETATTR = "builtins.getattr"
_GETTERS = ("attrgetter", "itemgetter", "methodcaller")
_SETTERS = frozenset(("operator.setitem", "builtins.dict.__setitem__"))
ANY_CODE = -1
"""An extension code that is not known, such as a float."""
_ALIASES = {
    "copy_reg": "copyreg",
    "__builtin__": "builtins",
    "__builtins__": "builtins",
    "_operator": "operator",
    "_functools": "functools",
}

Arguments = tuple[Value, ...]


def attribute(owner: Value, name: Value) -> Value:
    """`getattr(owner, name)`."""
    if not isinstance(name, str):
        return None
    if isinstance(owner, Global):
        path = f"{owner.name}.{name}" if owner.name else name
        # Of a long chain of attributes the ends tell; whole, a thousand links would hold a million names.
        return Global(owner.module, path if len(path) <= _PATH_MOST else f"{path[:_PATH_END]}…{path[-_PATH_END:]}")
    if isinstance(owner, str | bytes | tuple | Items | Mapping | Result | Persistent):
        return Result(Global("builtins", "getattr"), (owner, name))
    return None


def module(name: Value) -> Value:
    """The module of that name, a leading dot of a relative import dropped."""
    return Global(name.lstrip("."), "") if isinstance(name, str) and name.strip(".") else None


def _imported(arguments: Arguments) -> Value:
    """`__import__(name, globals, locals, names)`: the package, or the module itself where names are wanted of it."""
    match arguments:
        case (str() as name, _, _, wanted, *_) if not _is_empty(wanted):
            return module(name)
        case (str() as name, *_):
            return module(name.split(".")[0])
        case _:
            return None


def _is_empty(value: Value) -> bool:
    return value in (None, False, 0, "", b"", ()) or (isinstance(value, Items | Mapping) and not value.count)


def _import_and_get(arguments: Arguments) -> Value:
    if len(arguments) >= 2 and isinstance(arguments[0], str) and isinstance(arguments[1], str):
        return Global(arguments[0], arguments[1])
    return None


def _dotted(arguments: Arguments) -> Value:
    """A resolver of "package.module:attribute" or "package.module.attribute"."""
    if not arguments or not isinstance(arguments[0], str) or not arguments[0]:
        return None
    path = arguments[0]
    if ":" in path:
        package, _, name = path.partition(":")
        return Global(package, name)
    package, _, name = path.rpartition(".")
    return Global(package, name) if package else Global(path, "")


def _item(arguments: Arguments) -> Value:
    if len(arguments) != 2:
        return None
    owner, key = arguments
    if isinstance(owner, Global) and isinstance(key, str):
        if owner.dotted == "sys.modules":
            return Global(key, "")
        # `vars(module)[name]` and `module.__dict__[name]` are attributes by another way.
        base = owner.name.removesuffix("__dict__").rstrip(".") if owner.name.endswith("__dict__") else owner.name
        return Global(owner.module, f"{base}.{key}" if base else key)
    if isinstance(owner, tuple) and FORGOTTEN in owner:
        return None
    if isinstance(owner, tuple | str) and isinstance(key, int) and -len(owner) <= key < len(owner):
        return owner[key]
    if isinstance(owner, str | bytes) and isinstance(key, Result) and _canonical(key.callee) == "builtins.slice":
        bounds = [each for each in key.arguments if each is None or (isinstance(each, int) and abs(each) <= MOST)]
        return owner[slice(*bounds)] if 0 < len(bounds) == len(key.arguments) <= 3 and bounds[2:] != [0] else None
    if isinstance(owner, Mapping) and isinstance(key, str):
        return owner.get(key) if owner.whole else None
    if isinstance(owner, Result) and _canonical(owner.callee) == "builtins.vars" and owner.arguments:
        return attribute(owner.arguments[0], key)
    return None


def _add(arguments: Arguments) -> Value:
    match arguments:
        case (str() as a, str() as b) if len(a) + len(b) <= MOST:
            return a + b
        case (bytes() as c, bytes() as d) if len(c) + len(d) <= MOST:
            return c + d
        case (tuple() as e, tuple() as f) if len(e) + len(f) <= MOST:
            return (*e, *f)
        case _:
            return None


def _join(arguments: Arguments) -> Value:
    if len(arguments) != 2 or not isinstance(arguments[0], str):
        return None
    parts = arguments[1]
    if isinstance(parts, Items):
        # Of a list that is not known to its end, a prefix would be another text.
        parts = tuple(parts.values) if parts.whole else None
    if not isinstance(parts, tuple):
        return None
    texts = [part for part in parts if isinstance(part, str)]
    if len(texts) != len(parts) or sum(map(len, texts)) > MOST:
        return None
    return arguments[0].join(texts)


def _replace(arguments: Arguments) -> Value:
    match arguments:
        case (str() as text, str() as old, str() as new) if len(text) * max(1, len(new)) <= MOST:
            return text.replace(old, new)
        case _:
            return None


def _text(arguments: Arguments) -> Value:
    match arguments:
        case (str() as text,):
            return text
        case (bytes() as data, str() as codec, *_):
            return decode((data, codec))
        case (bytes() as data,):
            return repr(data)
        case (int() as number,) if abs(number) < _SHOWN:
            return str(number)
        case _:
            return None


def _partial(arguments: Arguments) -> Value:
    return Partial(arguments[0], arguments[1:]) if arguments else None


def _getter(kind: str) -> Callable[[Arguments], Value]:
    def make(arguments: Arguments) -> Value:
        if arguments and isinstance(arguments[0], str):
            return Getter(kind, arguments[0], arguments[1:])
        return None

    return make


_EVALUATORS: dict[str, Callable[[Arguments], Value]] = {
    _GETATTR: lambda a: attribute(a[0], a[1]) if len(a) >= 2 else None,
    "builtins.object.__getattribute__": lambda a: attribute(a[0], a[1]) if len(a) >= 2 else None,
    "builtins.type.__getattribute__": lambda a: attribute(a[0], a[1]) if len(a) >= 2 else None,
    "inspect.getattr_static": lambda a: attribute(a[0], a[1]) if len(a) >= 2 else None,
    "builtins.__import__": _imported,
    "importlib.import_module": lambda a: module(a[0]) if a else None,
    "importlib.__import__": _imported,
    "importlib.reload": lambda a: a[0] if a else None,
    "importlib._bootstrap._gcd_import": lambda a: module(a[0]) if a else None,
    "dill._dill._import_module": _dotted,
    "cloudpickle.cloudpickle.subimport": lambda a: module(a[0]) if a else None,
    "builtins.vars": lambda a: attribute(a[0], "__dict__") if a else None,
    "pkgutil.resolve_name": _dotted,
    "pydoc.locate": _dotted,
    "logging.config._resolve": _dotted,
    "unittest.mock._importer": _dotted,
    "torch._utils._import_dotted_name": _dotted,
    "werkzeug.utils.import_string": _dotted,
    "django.utils.module_loading.import_string": _dotted,
    "numpy.core._ufunc_reconstruct": _import_and_get,
    "numpy._core._ufunc_reconstruct": _import_and_get,
    "operator.getitem": _item,
    "builtins.dict.get": _item,
    "builtins.dict.__getitem__": _item,
    "operator.add": _add,
    "operator.concat": _add,
    "operator.iadd": _add,
    "operator.iconcat": _add,
    "builtins.str.__add__": _add,
    **CODECS,
    "builtins.str.join": _join,
    "builtins.str.replace": _replace,
    "builtins.str": _text,
    "builtins.str.lower": lambda a: a[0].lower() if len(a) == 1 and isinstance(a[0], str) else None,
    "builtins.str.upper": lambda a: a[0].upper() if len(a) == 1 and isinstance(a[0], str) else None,
    "builtins.str.strip": lambda a: a[0].strip() if len(a) == 1 and isinstance(a[0], str) else None,
    "functools.partial": _partial,
    "copyreg.__newobj__": lambda a: _partial(a[1:]) if a and makes_partial(a[0]) else None,
    "copyreg._reconstructor": lambda a: _partial(a[2:3]) if a and makes_partial(a[0]) else None,
    "operator.attrgetter": _getter("attrgetter"),
    "operator.methodcaller": _getter("methodcaller"),
    "operator.itemgetter": _getter("itemgetter"),
}


def _canonical(value: Value) -> str:
    if not isinstance(value, Global):
        return ""
    return f"{_ALIASES.get(value.module, value.module)}.{value.name}"


def makes_partial(cls: Value) -> bool:
    """Whether `cls` is `functools.partial`, which makes the same of its arguments whichever way it is called."""
    return _canonical(cls) == "functools.partial"


def constructs(cls: Value) -> bool:
    """Whether making an instance of `cls` by NEWOBJ is as good as calling it, and what it gives is worked out here."""
    return _canonical(cls) in {"functools.partial", "builtins.str", *(f"operator.{kind}" for kind in _GETTERS)}


def registered(callee: Value, arguments: Arguments) -> dict[int, Value]:
    """The extension code that the call gives a name to, with the name."""
    match arguments:
        case (str() as name, str() as attribute, code) if _canonical(callee) == "copyreg.add_extension":
            return {_code(code): Global(name, attribute)}
        case (Global() as target, *pair) if _canonical(callee) in _SETTERS:
            return entered(target, pair)
        case _:
            return {}


def entered(target: Global, values: Sequence[Value]) -> dict[int, Value]:
    """What the extension codes among keys and values stand for once they are items of `target`."""
    found: dict[int, Value] = {}
    for key, value in zip(values[::2], values[1::2], strict=False):
        code = key if isinstance(key, int) else ANY_CODE
        match _canonical(target), as_arguments(value):
            case "copyreg._inverted_registry", (str() as module, str() as name):
                found[code] = Global(module, name)
            case "copyreg._extension_cache", _:
                found[code] = value
    return found


def _code(value: Value) -> int:
    """An extension code as `add_extension` takes it, which is by `int`."""
    try:
        return int(value) if isinstance(value, int | str | bytes) else ANY_CODE
    except ValueError:
        return ANY_CODE


def changed(callee: Value, arguments: Arguments) -> Global | None:
    """What the call puts an item into, if that is what a name stands for."""
    owner = arguments[0] if arguments else None
    return owner if isinstance(owner, Global) and _canonical(callee) in _SETTERS else None


def gives(callee: Global) -> bool:
    """Whether what a call of `callee` gives, or does, is worked out here."""
    name = _canonical(callee)
    return name in _EVALUATORS or name in {"operator.call", "builtins.apply", "copyreg.add_extension", *_SETTERS}


def evaluate(callee: Value, arguments: Arguments) -> Value:
    """What the call gives, or `UNKNOWN` where that takes more than looking names up."""
    evaluator = _EVALUATORS.get(_canonical(callee))
    if evaluator is None:
        return UNKNOWN
    result = evaluator(arguments)
    return UNKNOWN if result is None else result


def unwrap(callee: Value, arguments: Arguments) -> tuple[Value, Arguments] | None:
    """The call that calling `callee` makes in its turn: of a partial, a method caller, `operator.call`."""
    match callee:
        case Partial():
            return callee.callee, (*callee.arguments, *arguments)
        case Getter(kind="methodcaller") if arguments:
            return attribute(arguments[0], callee.name), callee.arguments
        case Result(callee=Global() as bound, arguments=(owner, str() as name)) if _canonical(bound) == _GETATTR:
            # A method of a constant: `','.join` is `str.join` with its first argument given.
            kind = type(owner).__name__ if isinstance(owner, str | bytes) else ""
            return (Global("builtins", f"{kind}.{name}"), (owner, *arguments)) if kind else None
        case Global() if _canonical(callee) in {"operator.call", "builtins.apply"} and arguments:
            rest = arguments[1:]
            if _canonical(callee) == "builtins.apply" and rest and isinstance(rest[0], tuple):
                rest = rest[0]
            return arguments[0], rest
        case _:
            return None


def looked_up(getter: Getter, arguments: Arguments) -> Value:
    """What an attribute or item getter gives for its first argument."""
    if not arguments or getter.kind == "methodcaller":
        return UNKNOWN
    owner = arguments[0]
    if getter.kind == "itemgetter":
        found = _item((owner, getter.name))
    elif getter.arguments:
        found = tuple([_path(owner, name) for name in (getter.name, *getter.arguments)])
    else:
        found = _path(owner, getter.name)
    return UNKNOWN if found is None else found


def _path(owner: Value, path: Value) -> Value:
    """The attribute at a dotted path; None where that is no text, or the owner is nothing that has it."""
    for name in path.split(".") if isinstance(path, str) else (path,):
        owner = attribute(owner, name)
    return owner
