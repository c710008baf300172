"""An assembler for pickle streams: hostile ones as readable code, which `pickle.dumps` would never write.

`asm(op("PROTO", 4), text("posix"), text("system"), op("STACK_GLOBAL"), …)` joins the parts and adds no STOP.
"""

import struct

from scanners.binary.pickle_opcodes import CODES, SHAPES, Shape

HARMLESS = "echo this is a test and never runs"
_FIXED = {Shape.U1: "<B", Shape.U2: "<H", Shape.U4: "<I", Shape.I4: "<i", Shape.U8: "<Q", Shape.F8: ">d"}
_PREFIX = {
    **dict.fromkeys((Shape.TEXT1, Shape.BYTES1, Shape.STRING1, Shape.LONG1), "<B"),
    **dict.fromkeys((Shape.TEXT4, Shape.BYTES4), "<I"),
    **dict.fromkeys((Shape.STRING4, Shape.LONG4), "<i"),
    **dict.fromkeys((Shape.TEXT8, Shape.BYTES8), "<Q"),
}


def op(name, argument=None):
    """One opcode with its argument in the shape that it wants."""
    code = CODES[name]
    shape = SHAPES[code]
    head = bytes([code])
    if shape in _FIXED:
        return head + struct.pack(_FIXED[shape], argument)
    if shape in _PREFIX:
        data = argument.encode() if isinstance(argument, str) else argument
        return head + struct.pack(_PREFIX[shape], len(data)) + data
    if shape is Shape.LINE:
        return head + (argument if isinstance(argument, bytes) else str(argument).encode()) + b"\n"
    if shape is Shape.TWO_LINES:
        return head + "\n".join(argument).encode() + b"\n"
    assert argument is None
    return head


def asm(*parts):
    """The parts, each bytes or an opcode name, as one stream."""
    return b"".join(op(part) if isinstance(part, str) else part for part in parts)


def text(value):
    """A short text constant."""
    return op("SHORT_BINUNICODE", value) if len(value.encode()) < 256 else op("BINUNICODE", value)


def named(module, name):
    """A GLOBAL in text form."""
    return op("GLOBAL", (module, name))


def call(callee, *arguments):
    """REDUCE of `callee`, itself assembled, with assembled arguments."""
    return asm(callee, "MARK", *arguments, "TUPLE", "REDUCE")


def system(command=HARMLESS, module="posix", name="system", proto=4):
    """The simplest attack: one call of `module.name`, then STOP."""
    return asm(op("PROTO", proto), call(named(module, name), text(command)), "STOP")


def stream(*parts, proto=4):
    """The parts as one whole stream: PROTO in front, STOP behind."""
    return asm(op("PROTO", proto), *parts, "STOP")


def module(name):
    """A call that gives a module: what chains of attributes begin with."""
    return call(named("importlib", "import_module"), text(name))


def attribute(owner, name):
    """`getattr(owner, name)`, both assembled."""
    return call(named("builtins", "getattr"), owner, name)


def named_late(module, name):
    """A STACK_GLOBAL of two texts."""
    return asm(text(module), text(name), "STACK_GLOBAL")


def instance(cls, *arguments):
    """NEWOBJ of an assembled class."""
    return asm(cls, "MARK", *arguments, "TUPLE", "NEWOBJ")


def built(target, *state):
    """BUILD of an assembled target with a dict of assembled keys and values."""
    return asm(target, "EMPTY_DICT", "MARK", *state, "SETITEMS", "BUILD")
