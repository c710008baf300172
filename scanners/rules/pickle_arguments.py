"""Callees that are as harmless as their arguments.

Honest pickles call `getattr`, `functools.partial` and their like thousands of times, and so do attacks. Each function
here looks at the arguments of one call and answers with what speaks against it, or with None. Rule 1: what cannot be
told from the arguments speaks against the call. Rule 2: a callable among the arguments is a reference of its own and
judged there; here it only has to be named plainly.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.facts import EXAMINED
from scanners.rules.policy_instances import BARE
from scanners.rules.policy_names import canonical_path
from scanners.rules.policy_sinks import AMBIGUOUS_SINKS, HANDLES_FILES, LOADERS_OF_CLASSES, REACHED, SINKS, WALKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanners.facts import Call
    from scanners.findings import Severity
    from scanners.rules.policy import Policy

_PATH: Final = re.compile(r"[A-Za-z_]\w*(\.\w+)*", re.ASCII)
_HEAD: Final = re.compile(r"([A-Za-z_]\w*(?:\.\w+)*)\(", re.ASCII)
_WALK: Final = re.compile(r"__(?:globals|subclasses|builtins|import|code|mro|bases|base)__")
"""Attributes that lead from any object to all others: what a text that a formatter or resolver reads may name."""
_TEXT_CODECS: Final = frozenset(("latin1", "latin-1", "iso-8859-1", "ascii", "utf-8", "utf8"))
_PARSERS: Final = re.compile(
    r"\s*(?:def _parse_args(?:_rvs|_stats)?\(self, [\w ,=.'-]*\):\s+"
    r"return (?:self\._argcheck_rvs\([\w ,=.-]*\)|\([\w ,]*\)[\w ,.'-]*)\s*){1,3}",
    re.ASCII,
)
"""What scipy writes into the state of a distribution, and executes again when it is loaded."""
_FORMULA: Final = re.compile(r"[\w\s`.~+*/:|^<>=!&,()'\"%-]*")
_CALLED: Final = re.compile(r"([\w.'\")]+)\s*\(")
_FORMULA_CALLS: Final = frozenset(
    "C I Q bs cr cc te center scale standardize Treatment Sum Poly Diff Helmert log exp sqrt np.log np.log2 np.log10"
    " np.log1p np.exp np.sqrt np.abs np.power np.square np.sin np.cos".split()
)
"""What a formula of patsy or formulaic may call: their own transforms, and arithmetic of numpy."""
_EMPTY_PICKLES: Final = frozenset(repr(b"\x80" + bytes([p]) + b"}\x94.") for p in (4, 5)) | {repr(b"\x80\x02}q\x00.")}
"""Pickles of an empty dict, too short to be taken for a part of its own."""
_SWITCHES: Final = frozenset(("None", "True", "False"))
_UFUNC_MODULES: Final = ("numpy", "scipy.special")


_FILES: Final = HANDLES_FILES | LOADERS_OF_CLASSES


class Objection(NamedTuple):
    """What speaks against a call."""

    severity: Severity
    why: str


def path_of(argument: str) -> str:
    """The dotted path that an argument is, or "" where it is something else."""
    return argument if _PATH.fullmatch(argument) and argument not in {"None", "True", "False"} else ""


def made_by(argument: str) -> str:
    """The path of the callee whose result an argument is, or ""."""
    match = _HEAD.match(argument)
    return match.group(1) if match else ""


def text_of(argument: str) -> str | None:
    """The constant text that an argument is, or None."""
    if argument[:1] not in {"'", '"'}:
        return None
    try:
        value = ast.literal_eval(argument)
    except (ValueError, SyntaxError):
        return None
    return value if isinstance(value, str) else None


def _argument(call: Call, index: int) -> str:
    return call.arguments[index] if index < len(call.arguments) else ""


def _dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _encode(call: Call, _: Policy) -> Objection | None:
    """`_codecs.encode(text, codec)`: how protocol 2 writes bytes."""
    if len(call.arguments) == 1:
        return None
    codec = text_of(_argument(call, 1))
    if codec is not None and codec.lower() in _TEXT_CODECS:
        return None
    return Objection("high", f"the codec {_argument(call, 1) or '?'} hides what the text is")


def _getattr(call: Call, policy: Policy) -> Objection | None:
    """`getattr(object, name)`: how bound methods are pickled."""
    owner, name = _argument(call, 0), text_of(_argument(call, 1))
    if name is None:
        return Objection("critical", "the attribute's name is not a constant")
    # Protocols 2 and 3 write a class that is made with keywords as a partial of its `__new__`.
    made = name == "__new__" and (path_of(owner) or made_by(owner))
    if (_dunder(name) and not made) or name in SINKS | WALKS | REACHED or "." in name:
        return Objection("critical", f"the attribute {name!r} leads out of the object")
    if name in _FILES:
        return Objection("high", f"the method {name!r} opens the file that it is given the name of")
    if path := path_of(owner):
        if policy.decide_path(path).kind == "deny":
            return Objection("critical", f"the attribute is one of {path}")
        return None if policy.decide_path(path).kind == "allow" else Objection("medium", f"{path} is unknown")
    if path := made_by(owner):
        if canonical_path(path) == "builtins.getattr":
            return Objection("high", "the attribute is one of another attribute")
        if name == "__new__" and policy.decide_path(path).capability == "code_object":
            return Objection("medium", "it makes an instance of a class that the pickle carries")
        reached = policy.decide_path(f"{path}.{name}")
        if reached.kind == "deny" and policy.decide_path(path).kind == "allow":
            return Objection(reached.severity, f"it is {path}.{name}")
        kind = policy.decide_path(path).kind
        if kind == "deny" and canonical_path(path) not in ARGUMENT_AWARE:
            return Objection("critical", f"the attribute is one of what {path} gives")
        return None if kind == "allow" else Objection("medium", f"what {path} gives is unknown")
    if text_of(owner) is not None or owner[:1] in {"<", "b", "(", "[", "{"}:
        return Objection("medium", "the attribute is one of a constant")
    return Objection("critical", "nothing is known of the object")


def _inherits(call: Call, policy: Policy) -> Objection | None:
    """A call that makes something of its first argument, which is judged as a reference of its own."""
    first = _argument(call, 0)
    if path_of(first) or first.startswith(EXAMINED):
        return None
    if path := made_by(first):
        # A partial of a partial, or a class that is itself built.
        if policy.decide_path(path).kind == "allow" or path in {"functools.partial", "builtins.getattr"}:
            return None
        return Objection("medium", f"what {path} gives is unknown")
    return Objection("high", "what it makes is not named")


def _rebuild_from_type(call: Call, policy: Policy) -> Objection | None:
    """`torch._tensor._rebuild_from_type_v2(func, type, arguments, state)` calls `func`."""
    path = path_of(_argument(call, 0))
    if not path:
        return Objection("high", "the function that it calls is not named")
    if policy.decide_path(path).kind == "unknown":
        return Objection("medium", f"the function that it calls, {path}, is unknown")
    return None


def _ufunc(call: Call, _: Policy) -> Objection | None:
    """`numpy.core._ufunc_reconstruct(module, name)` is an import and a getattr."""
    module, name = text_of(_argument(call, 0)), text_of(_argument(call, 1))
    if module is None or name is None:
        return Objection("critical", "module and name are not constants")
    known = any(module == root or module.startswith(f"{root}.") for root in _UFUNC_MODULES)
    if known and name.isidentifier() and not name.startswith("_") and name not in SINKS:
        return None
    return Objection("critical", f"it imports {module} and takes {name} from it")


def _type(call: Call, _: Policy) -> Objection | None:
    """`type(object)` looks; `type(name, bases, body)` makes a class."""
    if len(call.arguments) == 1 and not call.opcode.startswith("NEWOBJ"):
        return None
    return Objection("high", "it makes a class")


def _itemgetter(call: Call, _: Policy) -> Objection | None:
    plain = all(text_of(a) is not None or a.lstrip("-").isdigit() for a in call.arguments)
    return Objection("low", "an item getter") if plain else Objection("high", "what it gets is not a constant")


def _gets(argument: str) -> Objection | None:
    """What speaks against an attribute that is looked up on whatever comes."""
    name = text_of(argument)
    if name is None or not name.isidentifier() or _dunder(name) or name in SINKS or name in REACHED:
        return Objection("high", f"it gets {argument}")
    if name in AMBIGUOUS_SINKS or name in _FILES:
        return Objection("high", f"it gets {argument}, the name of a sink")
    return None


def _attrgetter(call: Call, _: Policy) -> Objection | None:
    return next((objection for argument in call.arguments if (objection := _gets(argument))), None)


def _methodcaller(call: Call, _: Policy) -> Objection | None:
    """`methodcaller(name, …)`: what it calls is a method of whatever it is used on."""
    return _gets(_argument(call, 0)) or Objection("medium", "it calls a method of what it is used on")


def _vectorize(call: Call, _: Policy) -> Objection | None:
    """`numpy.vectorize`, made without arguments: the function in its state is a reference of its own."""
    return None if call.opcode.startswith("NEWOBJ") else Objection("high", "it calls the function that it is given")


def _unpickles(index: int) -> Callable[[Call, Policy], Objection | None]:
    """Restores an object of spaCy, of which argument `index` is a pickle."""

    def judged(call: Call, _: Policy) -> Objection | None:
        argument = _argument(call, index)
        if argument.startswith(EXAMINED) or argument in _EMPTY_PICKLES:
            return None
        return Objection("critical", "it unpickles bytes that were not examined")

    return judged


def _iter(call: Call, _: Policy) -> Objection | None:
    """`iter(container)` looks; `iter(function, sentinel)` calls again and again."""
    return None if len(call.arguments) == 1 else Objection("high", "it calls the function that it is given")


def _property(call: Call, _: Policy) -> Objection | None:
    """A property of a class that travels in the pickle: its functions are judged by themselves."""
    plain = all(a == "None" or a.startswith(EXAMINED) or path_of(a) or text_of(a) is not None for a in call.arguments)
    return None if plain else Objection("high", "what it calls is not named")


def _reduce(call: Call, _: Policy) -> Objection | None:
    """`reduce(or_, types)`: how a union of types is pickled."""
    if canonical_path(path_of(_argument(call, 0))) == "operator.or_":
        return None
    return Objection("high", "it calls the function that it is given")


def _getitem(call: Call, policy: Policy) -> Objection | None:
    """`getitem(typing.List, int)`: how a parametrised type is pickled."""
    path = path_of(_argument(call, 0))
    if path.startswith(("typing.", "collections.")) and policy.decide_path(path).kind == "allow":
        return None
    return Objection("high", "it takes an item out of something else than a type")


def _memmap(call: Call, _: Policy) -> Objection | None:
    """A bare import is the class of an array that was one; made, it opens a file."""
    return Objection("high", f"it opens {_argument(call, 0) or 'a file'}")


def _eval_repr(call: Call, _: Policy) -> Objection | None:
    """`dill._dill._eval_repr(text)` evaluates what `repr` says of a constant of Python."""
    if call.strings in (("NotImplemented",), ("Ellipsis",)):
        return None
    return Objection("critical", "it evaluates the text")


def _lru_cache(call: Call, _: Policy) -> Objection | None:
    """`lru_cache(size, typed)` gives what wraps a function; given a function, it gives one that calls it."""
    plain = all(argument in _SWITCHES or argument.isdigit() for argument in call.arguments)
    return None if plain else Objection("high", "it wraps the function that it is given")


def _nothing(_: Call, __: Policy) -> Objection | None:
    """Arguments cannot make it dangerous: a dotted name that only makes a value."""
    return None


def _instance(call: Call, policy: Policy) -> Objection | None:
    """A class that is harmless where its instance is made bare, and takes its state from the file."""
    if call.opcode.startswith("NEWOBJ") and not call.arguments:
        return None
    return Objection(policy.decide(call.module, call.name).severity, "it runs the constructor")


ARGUMENT_AWARE: Final[dict[str, Callable[[Call, Policy], Objection | None]]] = {
    "_codecs.encode": _encode,
    "codecs.encode": _encode,
    "builtins.getattr": _getattr,
    "builtins.type": _type,
    "functools.partial": _inherits,
    "functools.partialmethod": _inherits,
    "operator.itemgetter": _itemgetter,
    "operator.attrgetter": _attrgetter,
    "operator.methodcaller": _methodcaller,
    "copyreg._reconstructor": _inherits,
    "copyreg.__newobj__": _inherits,
    "copyreg.__newobj_ex__": _inherits,
    "torch._tensor._rebuild_from_type": _rebuild_from_type,
    "torch._tensor._rebuild_from_type_v2": _rebuild_from_type,
    "torch._utils._rebuild_wrapper_subclass": _inherits,
    "numpy._core._ufunc_reconstruct": _ufunc,
    "numpy.vectorize": _vectorize,
    "numpy.lib._function_base_impl.vectorize": _vectorize,
    "numpy.memmap": _memmap,
    "numpy._core.memmap.memmap": _memmap,
    "dill._dill._eval_repr": _eval_repr,
    "functools.lru_cache": _lru_cache,
    "builtins.iter": _iter,
    "builtins.property": _property,
    "functools.reduce": _reduce,
    "operator.getitem": _getitem,
    "spacy.tokens.doc.unpickle_doc": _unpickles(1),
    "spacy.vocab.unpickle_vocab": _unpickles(4),
    "zoneinfo.ZoneInfo._unpickle": _nothing,
    **dict.fromkeys(BARE, _instance),
    # What dill 0.4 writes of the module that a function's globals are those of: all of it.
    "importlib._bootstrap.ModuleSpec": _instance,
    "importlib._bootstrap_external.SourceFileLoader": _instance,
    "importlib._bootstrap_external.ExtensionFileLoader": _instance,
}
"""By canonical name. A bare import of such a callee says nothing; handed to a call, it is what the policy says."""


def executed(call: Call) -> Objection | None:
    """What speaks against the texts that a class executes when its state is set."""
    if len(call.strings) == len(call.arguments) and all(map(_harmless, call.strings)):
        return None
    return Objection("critical", "the class executes this text of its state")


def _harmless(text: str) -> bool:
    if _PARSERS.fullmatch(text):
        return True
    called = {match.group(1) for match in _CALLED.finditer(text)}
    return bool(_FORMULA.fullmatch(text)) and "__" not in text and called <= _FORMULA_CALLS


LOADERS: Final = frozenset(
    "torch.storage._load_from_bytes pickle.loads pickle._loads dill._dill.loads dill.loads cloudpickle.loads"
    " cloudpickle.cloudpickle.loads numba.core.serialize._unpickle__CustomPickled".split()
)
"""Callees that load the bytes that they are given: as harmless as those, where the bytes were examined too."""

RESOLVERS: Final = frozenset("builtins.getattr operator.attrgetter numpy._core._ufunc_reconstruct".split())
"""Callees that look an attribute up by its name."""


def loads_what_was_examined(call: Call) -> bool:
    """Whether all that a loader is given is a constant that was examined as a format of its own."""
    return len(call.arguments) == 1 and call.arguments[0].startswith(EXAMINED)


def gives_its_argument(call: Call) -> bool:
    """Whether this is `eval("data", {"data": array})`: so Paddle writes a tensor of a static graph.

    (paddle/framework/io.py, `reduce_DenseTensor`.) To evaluate a name looks it up and calls nothing.
    """
    if (call.module, call.name) not in {("builtins", "eval"), ("__builtin__", "eval")} or len(call.arguments) != 2:
        return False
    return call.arguments[0] == "'data'" and call.arguments[1].startswith("{'data': ")


def sink_in(strings: tuple[str, ...], policy: Policy, *, resolver: bool) -> str:
    """The constant that names a sink for a resolver to find, or "".

    A word such as "system" counts only beside the name of a module, or in the hands of a callee that is known to
    look names up: chat roles are called so too.
    """
    modules = [text for text in strings if text in REACHED]
    for text in strings:
        if policy.sink(text) is not None or _WALK.search(text) or (text in SINKS and text not in AMBIGUOUS_SINKS):
            return text
    words = [text for text in strings if text in AMBIGUOUS_SINKS]
    if words and modules:
        return f"{modules[0]}:{words[0]}"
    return (modules or words or [""])[0] if resolver else ""
