"""Functions and classes by value, as cloudpickle and dill write them, from parts that those would never put together.

Every function here has the code of `LAMBDA`; nothing calls it.
"""

from tests.craft.pickles import asm, call, named, op, text

CLOUD = "cloudpickle.cloudpickle"


def number(value):
    return op("BININT1", value)


def constant(value):
    return op("SHORT_BINBYTES", value)


def several(*parts):
    """A tuple of assembled parts."""
    return asm("MARK", *parts, "TUPLE")


def mapping(**entries):
    """A dict of assembled values under constant keys."""
    return asm(
        "EMPTY_DICT", "MARK", *(part for key, value in entries.items() for part in (text(key), value)), "SETITEMS"
    )


def empty():
    return op("EMPTY_TUPLE")


def code(
    *names, name="f", counts=(1, 0, 0, 1, 1, 3), instructions=b"\x97\x00d\x01S\x00", constants=None, qualified=True
):
    """A call of `CodeType` with the fields of Python 3.11, or of 3.8 where there is no qualified name."""
    return call(
        call(named(CLOUD, "_builtin_type"), text("CodeType")),
        *map(number, counts),
        constant(instructions),
        constants or several("NONE", op("BINFLOAT", 3e-4)),
        several(*map(text, names)),
        several(text("_")),
        text("sample.py"),
        text(name),
        *([text(name)] if qualified else []),
        number(1),
        constant(b"\x80\x00"),
        *([constant(b"")] if qualified else []),
        empty(),
        empty(),
    )


def function(*names, name="f", **other):
    return call(named(CLOUD, "_make_function"), code(*names, name=name, **other), "EMPTY_DICT", "NONE", "NONE", "NONE")


def skeleton(*bases, metaclass=None):
    return call(
        named(CLOUD, "_make_skeleton_class"),
        metaclass or named("builtins", "type"),
        text("A"),
        several(*(bases or (named("builtins", "object"),))),
        "EMPTY_DICT",
        text("8744085a"),
        "NONE",
    )


def filled(cls, **members):
    """A call that puts members on a class, and gives it back."""
    return call(named(CLOUD, "_class_setstate"), cls, asm(mapping(**members), "EMPTY_DICT", "TUPLE2"))


def made(cls, *arguments):
    """An instance without a call of `__init__`."""
    return asm(cls, several(*arguments), "NEWOBJ")
