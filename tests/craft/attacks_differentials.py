"""Where unpicklers and `pickletools` disagree: streams that run somewhere while a scanner reads something else."""

from tests.craft.attack import several
from tests.craft.pickles import HARMLESS, asm, call, named, named_late, op, stream, system, text

COMMAND = text(HARMLESS)
RUN = call(named("posix", "system"), COMMAND)
STACK_RUN = asm(named_late("posix", "system"), COMMAND, "TUPLE1", "REDUCE")


def _mapped(module, name, argument=HARMLESS):
    return stream(call(named(module, name), text(argument)), proto=2)


DIFFERENTIALS = [
    *several(
        "D1",
        {
            "INT in hexadecimal, which pickletools refuses": b"I0x10\n0" + system(),
            "INT in binary": b"I0b1\n0" + system(),
            "INT in octal with its prefix": b"I0o7\n0" + system(),
            "LONG in hexadecimal": b"L0x10L\n0" + system(),
        },
    ),
    *several("D2", {"INT with a leading zero, octal in C and an error in Python": b"I010\n0" + system()}),
    *several(
        "D3",
        {
            "a GLOBAL that is no ASCII behind the call": system()[:-1] + "cé\né\n.".encode(),
            "an INST that is no ASCII behind the call": system()[:-1] + "(ié\né\n.".encode(),
            "a GLOBAL that is no UTF-8 behind the call": system()[:-1] + b"c\xff\n\xff\n.",
        },
    ),
    *several(
        "D4",
        {
            "a frame that ends inside of an argument, which C reads on as opcodes (gh-154848)": (
                asm(op("PROTO", 4), op("FRAME", 3), op("SHORT_BINBYTES", RUN + b"."), "STOP"),
                {"rule": "pickle-frame"},
            ),
            "a frame inside of a frame": (
                asm(op("PROTO", 4), op("FRAME", 200), op("FRAME", 2), RUN, "STOP"),
                {"rule": "pickle-frame"},
            ),
        },
    ),
    *several(
        "D5",
        {"a frame longer than the file, which only the Python unpickler reads": asm(op("PROTO", 4), op("FRAME", 1 << 40), RUN, "STOP")},
    ),
    *several(
        "D6",
        {
            "a protocol that does not exist, behind the call": asm(op("PROTO", 4), RUN, b"\x80\x06", "STOP"),
            "protocol 255 behind the call": asm(op("PROTO", 2), RUN, b"\x80\xff", "STOP"),
            "PROTO a second time, which raises the protocol": asm(
                op("PROTO", 2), op("PROTO", 4), call(named("pathlib", "os.system"), COMMAND), "STOP"
            ),
        },
    ),
    *several(
        "D7",
        {
            "a dotted name in GLOBAL, walked from protocol 4 on": stream(call(named("pathlib", "os.system"), COMMAND)),
            "a dotted name in INST": asm(op("PROTO", 4), "MARK", COMMAND, op("INST", ("pathlib", "os.system")), "STOP"),
        },
    ),
    *several(
        "D8",
        {
            "commands.getoutput, mapped to subprocess": _mapped("commands", "getoutput"),
            "__builtin__.eval": _mapped("__builtin__", "eval"),
            "__builtin__.execfile, mapped to exec": _mapped("__builtin__", "execfile"),
            "cPickle.loads": _mapped("cPickle", "loads"),
            "UserDict.os.system": _mapped("UserDict", "os.system"),
            "os.getcwdu beside its mapping": _mapped("os", "getcwdu"),
        },
    ),
    *several(
        "D8",
        {
            "urllib2.urlopen, mapped to urllib.request": _mapped("urllib2", "urlopen"),
            "urllib.urlopen": _mapped("urllib", "urlopen"),
            "httplib.HTTPSConnection": _mapped("httplib", "HTTPSConnection"),
            "xmlrpclib.ServerProxy": _mapped("xmlrpclib", "ServerProxy"),
            "SocketServer.TCPServer": _mapped("SocketServer", "TCPServer"),
        },
        rule="pickle-reaches-out",
        severity="high",
    ),
    *several(
        "D8",
        {
            "thread.start_new_thread, mapped to _thread": _mapped("thread", "start_new_thread"),
            "copy_reg.add_extension": _mapped("copy_reg", "add_extension"),
            "itertools.imap, mapped to builtins.map": _mapped("itertools", "imap"),
        },
        rule="pickle-resolves-names",
        severity="high",
    ),
    *several(
        "D9",
        {
            "a string of negative length behind the call": asm(op("PROTO", 2), RUN, b"T\xff\xff\xff\xff", "STOP"),
            "a number of negative length": asm(op("PROTO", 2), RUN, b"\x8b\xff\xff\xff\xff", "STOP"),
            "bytes longer than any machine holds": asm(op("PROTO", 4), RUN, b"\x8e" + b"\xff" * 8, "STOP"),
        },
    ),
    *several(
        "D10",
        {
            "arguments in a list, which the Python unpickler calls": stream(
                named("posix", "system"), "EMPTY_LIST", COMMAND, "APPEND", "REDUCE"
            ),
        },
    ),
    *several("D11", {"BUILD on None, an error in C alone": stream("NONE", "EMPTY_DICT", "BUILD", "POP", RUN)}),
    *several(
        "D12",
        {
            "a float with an underscore": b"F1_0\n0" + system(),
            "a float with a blank": b"F 1.0\n0" + system(),
            "a float beyond reason": b"F1e400\n0" + system(),
        },
    ),
    *several(
        "D13",
        {
            "a byte string that is no ASCII": asm(op("SHORT_BINSTRING", b"\xe9"), "POP", system()),
            "STRING with a byte that is no ASCII": b"S'\xe9'\n0" + system(),
        },
    ),
    *several(
        "D14",
        {
            "escapes in UNICODE": asm(rb"V\u0070osix" + b"\n", rb"Vsyste\u006d" + b"\n", "STACK_GLOBAL", COMMAND, "TUPLE1", "REDUCE", "STOP"),
            "escapes in STRING": asm(rb"S'p\x6fsix'" + b"\n", rb"S'\163ystem'" + b"\n", "STACK_GLOBAL", COMMAND, "TUPLE1", "REDUCE", "STOP"),
        },
    ),
    *several(
        "D15",
        {
            f"a memo index written {index!r}": asm(
                text("system"), f"p{index}\n".encode(), "POP", text("posix"), b"g1\n", "STACK_GLOBAL", COMMAND, "TUPLE1", "REDUCE", "STOP"
            )
            for index in (" 1", "+1", "01", "1 ")
        },
    ),
    *several(
        "D16",
        {
            "a GLOBAL without module behind the call": asm(op("PROTO", 2), RUN, b"c\nsystem\n", "STOP"),
            "a GLOBAL without its last line end, which the Python unpickler imports": b"cposix\nsystem",
        },
    ),
    *several(
        "D17",
        {"opcodes that `weights_only` refuses, and a fallback runs": stream(op("FRAME", len(STACK_RUN) + 2), STACK_RUN, "MEMOIZE")},
        name="pytorch_model.bin",
    ),
    *several("D18", {"STACK_GLOBAL as third opcode, where scanners look one short": asm(STACK_RUN, "STOP")}),
]  # fmt: skip
