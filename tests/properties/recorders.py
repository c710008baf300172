"""What is given to an unpickler for the names that its stream asks for: recorders, which note what is done to them.

They do nothing else, but for what is closed: texts joined and decoded (`PURE`), attributes of recorders, and calls that
`functools.partial` and the `operator` getters pass on to recorders. What stands where a method of an object is looked
for is never called: recorders have their own.
"""

import _compat_pickle
import base64
import binascii
import bz2
import codecs
import copyreg
import functools
import gzip
import lzma
import operator
import zlib
from collections import Counter

ELSEWHERE = "elsewhere"  # the module of what a program, not the stream, put into the extension registry
TEXTS = "texts"  # a module whose names stand for texts, themselves
CODECS = "ascii base64 hex latin-1 latin1 rot13 rot_13 unicode_escape utf-8 utf8 zlib".split()
ALIASES = {"_functools": "functools", "_operator": "operator"}
REGISTRIES = {("copyreg", name): getattr(copyreg, name) for name in ("_inverted_registry", "_extension_cache")}
heard = Counter()
settable = True  # whether recorders have __setstate__; without it BUILD sets attributes one by one


def note(kind, place):
    heard[kind, *place] += 1


def fixed(module, name):
    """The name that `fix_imports` makes of a Python 2 name."""
    if (module, name) in _compat_pickle.NAME_MAPPING:
        return _compat_pickle.NAME_MAPPING[module, name]
    return _compat_pickle.IMPORT_MAPPING.get(module, module), name


def canonical(place):
    """The name by which the tables here know it."""
    module, name = fixed(*place)
    return ALIASES.get(module, module), name


class Doing:
    """A method that only notes: on the class, something named is changed; on an instance, that is built."""

    def __get__(self, made, cls):
        kind = "change" if made is None else "build"
        return lambda *_: note(kind, cls.place)


class Attributes:
    def __init__(self, kind, place):
        self.about = kind, place

    def __setitem__(self, key, value):
        note(*self.about)


class Recorder(type):
    """The type of what a name stands for."""

    def __call__(cls, *arguments, **keywords):
        return cls.__new__(cls, *arguments, **keywords)

    def __setattr__(cls, name, value):
        note("change", cls.place)

    def __setitem__(cls, key, value):
        note("change", cls.place)
        if canonical(cls.place) in REGISTRIES:
            REGISTRIES[canonical(cls.place)][key] = value

    __dict__ = property(lambda cls: Attributes("change", cls.place))


class Deep:
    """What a call of a result gives, and a persistent id."""

    def __call__(self, *arguments, **keywords):
        note("again", ("", ""))
        return self

    def __setstate__(self, state):
        pass

    def __setitem__(self, key, value):
        pass

    append = extend = add = lambda self, value: None


class Named(metaclass=Recorder):
    """The base of all that stands for a name; `place` is module and name."""

    __slots__ = ()
    place = ("", "")

    def __new__(cls, *arguments, **keywords):
        if not isinstance(cls, Recorder):  # the pure-Python NEWOBJ takes instances too
            note("again", type(cls).place)
            return Deep()
        note("call", cls.place)
        found = evaluated(cls.place, arguments)
        return object.__new__(cls) if found is None else found

    def __call__(self, *arguments, **keywords):
        note("again", type(self).place)
        return Deep()

    def __setattr__(self, name, value):
        note("build", type(self).place)

    def __setitem__(self, key, value):
        note("build", type(self).place)

    append = extend = add = Doing()
    __dict__ = property(lambda self: Attributes("build", type(self).place))


class Settable(Named):
    __slots__ = ()
    __setstate__ = Doing()


class Function:
    """Stands for a name that is a function: no unpickler makes an instance of it."""

    __slots__ = ("place",)

    def __init__(self, place):
        object.__setattr__(self, "place", place)

    def __call__(self, *arguments, **keywords):
        note("call", self.place)
        found = evaluated(self.place, arguments)
        return object.__new__(a_class(self.place, settable)) if found is None else found

    def __setattr__(self, name, value):
        note("change", self.place)

    def __setitem__(self, key, value):
        note("change", self.place)


class Partial(functools.partial, metaclass=Recorder):
    """The real one, which calls nothing but recorders."""

    def __new__(cls, *arguments, **keywords):
        note("call", cls.place)
        return functools.partial(*arguments, **keywords)


class Getter:
    """An attribute getter or method caller, as a class that NEWOBJ makes as well as REDUCE."""

    def __init__(self, kind, path, arguments):
        self.kind, self.path, self.arguments = kind, path, arguments

    def __call__(self, owner):
        if self.kind == "itemgetter":
            return item(owner, self.path)
        if self.kind == "methodcaller":
            return attribute(owner, self.path)(*self.arguments)
        every = [functools.reduce(attribute, path.split("."), owner) for path in (self.path, *self.arguments)]
        return tuple(every) if self.arguments else every[0]


@functools.lru_cache(4096)
def a_class(place, with_setstate):
    if canonical(place) == ("functools", "partial"):
        return Recorder("partial", (Partial,), {"place": place})
    return Recorder(place[1] or "module", (Settable if with_setstate else Named,), {"place": place, "__slots__": ()})


def found(place):
    """What is given for a name."""
    if place[0] == TEXTS:
        return place[1]
    return Function(place) if canonical(place) in FUNCTIONS else a_class(place, settable)


def asked(place):
    """What is given where a stream asks for a name; what is no name is nowhere found."""
    if not all(part.isidentifier() for part in ".".join(place).split(".")):
        raise ImportError(place)
    return found(place)


def attribute(owner, name):
    if type(name) in {bytes, int, tuple, type(None)}:
        raise TypeError(name)
    if type(name) is str and isinstance(owner, Recorder | Function):
        place = owner.place[0], f"{owner.place[1]}.{name}".lstrip(".")
        note("reach", place)
        return found(place)
    return None


def module(name):
    place = name.lstrip("."), ""
    if place == ("", ""):
        raise ValueError(name)
    note("reach", place)
    return found(place)


def resolved(path):
    """What a resolver of "package.module:attribute" or "package.module.attribute" gives."""
    package, _, name = path.partition(":") if ":" in path else path.rpartition(".")
    place = (package, name) if package else (name, "")
    note("reach", place)
    return asked(place)


def item(owner, key):
    """An item of what a name stands for, as what is reached by that name."""
    if type(key) is str and isinstance(owner, Recorder | Function):
        if owner.place == ("sys", "modules"):
            return module(key)
        kept = owner.place[1].removesuffix("__dict__").rstrip(".")
        return attribute(found((owner.place[0], kept)), key)
    return owner[key] if type(owner) in {str, bytes, tuple, list, dict} else None


def variables(owner):
    if not isinstance(owner, Recorder | Function | Named | Deep):
        raise TypeError(owner)
    return attribute(owner, "__dict__")


def enter(registry, key, value, *_):
    registry[key] = value


def register(name, attribute, code):
    if type(name) is type(attribute) is str and type(code) in {int, bool, str, bytes, float}:
        copyreg.add_extension(name, attribute, code)


def pure(function):
    """The function, over short constants only; what is made by a call may be one, and is not known."""

    def evaluate(*arguments):
        flat = [part for value in arguments for part in (value if type(value) in {list, tuple} else [value])]
        if any(isinstance(value, Named | Deep) for value in flat):
            return None
        if any(isinstance(value, Recorder | Function) for value in flat):
            raise TypeError(function)
        size = len(flat) + sum(len(value) for value in flat if type(value) in {str, bytes})
        return function(*arguments) if size < 4096 else None

    return evaluate


def recoding(function):
    known = pure(lambda value, codec="utf-8": function(value, codec) if codec in CODECS else None)
    return lambda value, codec="utf-8", *_: known(value, codec)  # how to take errors need not be known


def getter(kind):
    return lambda path, *arguments: Getter(kind, path, arguments) if type(path) is str else None


def imported(name, _globals=None, _locals=None, names=(), level=0, *_):
    return module(name if names else name.split(".")[0]) if level == 0 else None


PURE = (
    (base64, "b64decode standard_b64decode urlsafe_b64decode decodebytes b32decode b16decode a85decode b85decode"),
    (binascii, "a2b_base64 unhexlify a2b_hex"),
    *((library, "decompress") for library in (zlib, gzip, bz2, lzma)),
)
RESOLVERS = [("pkgutil", "resolve_name"), ("pydoc", "locate"), ("logging.config", "_resolve")]
RESOLVERS += [("unittest.mock", "_importer"), ("torch._utils", "_import_dotted_name"), ("dill._dill", "_import_module")]
RESOLVERS += [("werkzeug.utils", "import_string"), ("django.utils.module_loading", "import_string")]
PAIRS = [("numpy.core", "_ufunc_reconstruct"), ("numpy._core", "_ufunc_reconstruct")]
FUNCTIONS = {
    ("builtins", "getattr"): lambda owner, name, *_: attribute(owner, name),
    ("builtins", "__import__"): imported,
    ("importlib", "__import__"): imported,
    ("importlib", "import_module"): lambda name, *_: module(name),
    ("importlib", "reload"): lambda owner: owner if isinstance(owner, Recorder) else None,
    ("importlib", "_bootstrap._gcd_import"): lambda name, *_: module(name),
    ("cloudpickle.cloudpickle", "subimport"): module,
    ("builtins", "object.__getattribute__"): attribute,
    ("builtins", "type.__getattribute__"): attribute,
    ("inspect", "getattr_static"): lambda owner, name, *_: attribute(owner, name),
    ("builtins", "vars"): variables,
    ("operator", "getitem"): item,
    ("builtins", "dict.get"): lambda owner, key, *_: item(owner, key),
    ("builtins", "dict.__getitem__"): item,
    ("operator", "setitem"): enter,
    ("builtins", "dict.__setitem__"): enter,
    **dict.fromkeys(RESOLVERS, lambda path, *_: resolved(path)),
    **dict.fromkeys(PAIRS, lambda package, name: resolved(f"{package}:{name}")),
    ("copyreg", "add_extension"): register,
    ("operator", "call"): lambda callee, *arguments: callee(*arguments),
    ("builtins", "apply"): lambda callee, arguments=(), *_: callee(*arguments),
    ("operator", "add"): pure(operator.add),
    ("operator", "concat"): pure(operator.concat),
    ("_codecs", "encode"): recoding(codecs.encode),
    ("_codecs", "decode"): recoding(codecs.decode),
    ("codecs", "decode"): recoding(codecs.decode),
    ("codecs", "encode"): recoding(codecs.encode),
    **{(library.__name__, name): pure(getattr(library, name)) for library, names in PURE for name in names.split()},
    **{("builtins", f"str.{name}"): pure(getattr(str, name)) for name in "join lower replace strip upper".split()},
    ("builtins", "bytes.decode"): recoding(bytes.decode),
}
CLASSES = {("operator", kind): getter(kind) for kind in ("attrgetter", "itemgetter", "methodcaller")} | {
    ("builtins", "str"): lambda value: str(value) if type(value) in {str, bytes, int} else None
}
EVALUATORS = FUNCTIONS | CLASSES


def evaluated(place, arguments):
    evaluator = EVALUATORS.get(canonical(place))
    return None if evaluator is None else evaluator(*arguments)
