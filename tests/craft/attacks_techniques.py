"""How attacks do what they do: the ways to call, to hide a name, to wait, and to break what looks at them."""

import base64
import codecs
import zlib

from tests.craft.attack import several
from tests.craft.pickles import (
    HARMLESS,
    asm,
    attribute,
    built,
    call,
    instance,
    module,
    named,
    named_late,
    op,
    stream,
    system,
    text,
)

COMMAND = text(HARMLESS)
SYSTEM = named("posix", "system")
RUN = call(SYSTEM, COMMAND)
REACHES = {"rule": "pickle-reaches-out", "severity": "high"}
RESOLVES = {"rule": "pickle-resolves-names", "severity": "high"}
MUTATES = {"rule": "pickle-mutates-global", "severity": "high"}


def run(callee, *arguments):
    return stream(call(callee, *(arguments or (COMMAND,))))


def plain(callee):
    return stream(call(named(*callee.split(":")), COMMAND))


def raw(value):
    return op("BINBYTES", value)


T1 = several(
    "T1",
    {
        "REDUCE of os.system": plain("os:system"),
        "REDUCE of builtins.eval": plain("builtins:eval"),
        "REDUCE of builtins.exec": plain("builtins:exec"),
        "REDUCE in protocol 0": b"cposix\nsystem\n(S'x'\ntR.",
        "REDUCE of subprocess.Popen": plain("subprocess:Popen"),
        "INST": asm("MARK", COMMAND, op("INST", ("os", "system")), "STOP"),
        "INST without arguments": asm("MARK", op("INST", ("pdb", "set_trace")), "STOP"),
        "OBJ": asm("MARK", SYSTEM, COMMAND, "OBJ", "STOP"),
        "NEWOBJ": stream(instance(named("subprocess", "Popen"), COMMAND), proto=2),
        "NEWOBJ_EX": stream(named("subprocess", "Popen"), "EMPTY_TUPLE", "EMPTY_DICT", "NEWOBJ_EX"),
        "imaplib.IMAP4_stream starts a program": plain("imaplib:IMAP4_stream"),
        "_io.FileIO opens a file": (run(named("_io", "FileIO"), text("/tmp/x"), text("w")), REACHES),
        "NEWOBJ of _io.FileIO": (stream(instance(named("_io", "FileIO"), text("/tmp/x"), text("w"))), REACHES),
        "logging.FileHandler opens a file": (plain("logging:FileHandler"), REACHES),
        "http.server.HTTPServer opens a port": (plain("http.server:HTTPServer"), REACHES),
    },
)
T2 = several(
    "T2",
    {
        "result dropped by POP": stream(RUN, "POP", "NONE"),
        "result dropped with its mark": stream("MARK", RUN, "POP_MARK", "NONE"),
        "OBJ and POP (GHSA-mxhj-88fx-4pcv)": stream("MARK", SYSTEM, COMMAND, "OBJ", "POP", "NONE"),
        "result in a memo slot that is overwritten": stream(RUN, op("BINPUT", 1), "POP", "NONE", op("BINPUT", 1)),
        "result as a key that nobody asks for": stream("EMPTY_DICT", RUN, "NONE", "SETITEM"),
        "imported and dropped": stream(SYSTEM, "POP", "NONE"),
        "result that BUILD is given": stream(instance(named("argparse", "Namespace")), RUN, "BUILD"),
    },
)
T3 = several(
    "T3",
    {
        "name out of the memo": stream(
            text("system"),
            op("BINPUT", 7),
            "POP",
            text("posix"),
            op("BINGET", 7),
            "STACK_GLOBAL",
            COMMAND,
            "TUPLE1",
            "REDUCE",
        ),
        "name doubled by DUP": stream(
            text("posix"), "DUP", "POP", text("system"), "STACK_GLOBAL", COMMAND, "TUPLE1", "REDUCE"
        ),
        "memo: PUT behind POP": stream(
            text("system"),
            text("harmless"),
            "POP",
            op("BINPUT", 1),
            "POP",
            text("posix"),
            op("BINGET", 1),
            "STACK_GLOBAL",
            COMMAND,
            "TUPLE1",
            "REDUCE",
        ),
        "memo: MEMOIZE behind GET": stream(
            text("system"),
            "MEMOIZE",
            "POP",
            text("posix"),
            "MEMOIZE",
            "POP",
            op("BINGET", 1),
            op("BINGET", 0),
            "MEMOIZE",
            "STACK_GLOBAL",
            COMMAND,
            "TUPLE1",
            "REDUCE",
        ),
        "memo: PUT twice": stream(
            text("harmless"),
            op("BINPUT", 1),
            "POP",
            text("system"),
            op("BINPUT", 1),
            "POP",
            text("posix"),
            op("BINGET", 1),
            "STACK_GLOBAL",
            COMMAND,
            "TUPLE1",
            "REDUCE",
        ),
        "PROTO between a text and its MEMOIZE": stream(
            text("posix"),
            op("PROTO", 4),
            "MEMOIZE",
            "POP",
            op("BINGET", 0),
            text("system"),
            "STACK_GLOBAL",
            COMMAND,
            "TUPLE1",
            "REDUCE",
        ),
        "memo of an earlier stream": stream(text("posix"), "MEMOIZE", text("system"), "MEMOIZE", "TUPLE2")
        + stream(op("BINGET", 0), op("BINGET", 1), "STACK_GLOBAL", COMMAND, "TUPLE1", "REDUCE"),
        "name added up": run(attribute(module("os"), call(named("operator", "add"), text("sys"), text("tem")))),
        "name joined": run(
            attribute(
                module("os"),
                call(named("builtins", "str.join"), text(""), asm("MARK", text("sys"), text("tem"), "LIST")),
            )
        ),
        "name in rot13": run(
            attribute(
                module("os"), call(named("_codecs", "decode"), text(codecs.encode("system", "rot13")), text("rot13"))
            )
        ),
        "name in base64": run(
            attribute(
                module("os"),
                call(
                    named("builtins", "bytes.decode"),
                    call(named("base64", "b64decode"), op("SHORT_BINBYTES", base64.b64encode(b"system"))),
                ),
            )
        ),
        "name in zlib": run(
            attribute(
                module("os"),
                call(
                    named("builtins", "bytes.decode"),
                    call(named("zlib", "decompress"), op("SHORT_BINBYTES", zlib.compress(b"system"))),
                ),
            )
        ),
        "name sliced out of a text": (
            run(
                attribute(
                    module("os"),
                    call(
                        named("operator", "getitem"),
                        text("xxsystem"),
                        call(named("builtins", "slice"), op("BININT1", 2), op("BININT1", 8)),
                    ),
                )
            ),
            RESOLVES,
        ),
        "name of an import computed": (
            stream(
                text("posix"), call(named("acme.text", "make"), text("x")), "STACK_GLOBAL", COMMAND, "TUPLE1", "REDUCE"
            ),
            {"rule": "pickle-dynamic-global"},
        ),
    },
)
_LOADED = {
    "importlib.import_module and inspect.getattr_static": call(
        named("inspect", "getattr_static"), module("os"), text("system")
    ),
    "pkgutil.resolve_name (GHSA-vvpj-8cmc-gx39)": call(named("pkgutil", "resolve_name"), text("os:system")),
    "pydoc.locate": call(named("pydoc", "locate"), text("os.system")),
    "operator.attrgetter": call(call(named("operator", "attrgetter"), text("system")), module("os")),
    "numpy.core._ufunc_reconstruct": call(named("numpy.core", "_ufunc_reconstruct"), text("os"), text("system")),
    "torch._utils._import_dotted_name": call(named("torch._utils", "_import_dotted_name"), text("os.system")),
    "logging.config._resolve": call(named("logging.config", "_resolve"), text("os.system")),
    "unittest.mock._importer": call(named("unittest.mock", "_importer"), text("os.system")),
    "django import_string": call(named("django.utils.module_loading", "import_string"), text("os.system")),
    "werkzeug import_string": call(named("werkzeug.utils", "import_string"), text("os:system")),
    "sys.modules": attribute(call(named("operator", "getitem"), named("sys", "modules"), text("os")), text("system")),
}
_FOUND = {
    "torch._dynamo.trace_rules._load_obj_from_str": call(
        named("torch._dynamo.trace_rules", "_load_obj_from_str"), text("os.system")
    ),
    "pydantic import_string": call(named("pydantic.utils", "import_string"), text("os.system")),
    "a resolver that nobody knows": call(named("acme.plugins", "find"), text("os:system")),
    "module and name apart, for a resolver that nobody knows": call(
        named("acme.plugins", "find"), text("posix"), text("system")
    ),
    "numpy's call of a method by name": call(
        named("numpy._core.fromnumeric", "_wrapfunc"), module("os"), text("system"), COMMAND
    ),
}
_WALKED = {
    "operator.methodcaller": call(call(named("operator", "methodcaller"), text("system"), COMMAND), module("os")),
    "operator.call": call(named("operator", "call"), SYSTEM, COMMAND),
    "types.DynamicClassAttribute": call(call(named("types", "DynamicClassAttribute"), SYSTEM), COMMAND),
    "through numpy's own __builtins__ (modelscan#330)": call(named_late("numpy", "__builtins__.eval"), COMMAND),
}
T4 = [
    *several("T4", {about: run(callee) for about, callee in _LOADED.items()}),
    *several("T4", {about: stream(part) for about, part in _WALKED.items()}),
    *several(
        "T4",
        {about: (run(callee), {"rule": "pickle-sink-string"}) for about, callee in _FOUND.items()},
    ),
]
_CONFIGURED = call(
    named("transformers.utils.quantization_config", "BitsAndBytesConfig"),
    *("NEWFALSE", "NEWFALSE", op("BININT1", 6), "NONE", "NEWFALSE", "NEWFALSE", text("load")),
)
T4 += [
    *several(
        "T4",
        {
            "a module under the name by which another holds it": run(named_late("random", "_os.system")),
            "the same, by attribute": run(attribute(named("random", "_os"), text("system"))),
            "a function of such a module": run(named_late("sklearn.utils._set_output", "pd.eval")),
            "sys.modules by way of collections": run(
                attribute(call(named("operator", "getitem"), named_late("collections", "_sys.modules"), text("os")), text("system"))
            ),
        },
    ),
    *several(
        "T4",
        {
            "a lazy module of transformers": stream(
                attribute(call(named("transformers.utils.import_utils", "_LazyModule"), text("os"), text("x"), "EMPTY_DICT"), text("path"))
            ),
            "a name that a configuration of transformers takes from torch": (
                run(attribute(_CONFIGURED, text("bnb_4bit_compute_dtype"))), {"severity": "high"},
            ),
        },
        rule="pickle-resolves-names",
    ),
]  # fmt: skip
_REGISTERED = call(named("copyreg", "add_extension"), text("os"), text("system"), op("BININT1", 42))
T5 = several(
    "T5",
    {
        "EXT1 of a name registered in the stream": stream(_REGISTERED, "POP", call(op("EXT1", 42), COMMAND), proto=2),
        "EXT2": stream(_REGISTERED, "POP", call(op("EXT2", 42), COMMAND), proto=2),
        "EXT4": stream(_REGISTERED, "POP", call(op("EXT4", 42), COMMAND), proto=2),
        "registered in an earlier stream": stream(_REGISTERED, proto=2)
        + stream(call(op("EXT1", 42), COMMAND), proto=2),
        "a number that nobody registered": (
            stream(call(op("EXT1", 7), COMMAND), proto=2),
            {"rule": "pickle-extension", "severity": "high"},
        ),
        "the registry itself": (
            stream(
                named("copyreg", "_inverted_registry"),
                op("BININT1", 9),
                text("os"),
                text("system"),
                "TUPLE2",
                "SETITEM",
            ),
            {"rule": "pickle-mutates-global"},
        ),
    },
)
T6 = several(
    "T6",
    {
        "an item of os.environ": stream(named("os", "environ"), text("LD_PRELOAD"), text("x.so"), "SETITEM"),
        "an item of sys.modules": stream(named("sys", "modules"), text("json"), "NONE", "SETITEM"),
        "sys.path": stream(named("sys", "path"), text("/tmp"), "APPEND"),
        "state of a class": stream(built(named("collections", "OrderedDict"), text("get"), SYSTEM)),
        "state of a module": stream(built(module("json"), text("loads"), SYSTEM)),
        "slot state of a class": stream(
            named("collections", "OrderedDict"), "NONE", "EMPTY_DICT", text("get"), SYSTEM, "SETITEM", "TUPLE2", "BUILD"
        ),
        "the table by which names of protocol 2 are mapped": stream(
            named("_compat_pickle", "IMPORT_MAPPING"), text("harmless"), text("os"), "SETITEM"
        ),
        "a class that type gave": stream(built(call(named("builtins", "type"), text("x")), text("a"), text("b"))),
    },
    **MUTATES,
)
_LOADS = (
    "pickle:loads _pickle:loads cPickle:loads dill:loads cloudpickle:loads marshal:loads torch.storage:_load_from_bytes"
)
_READS = (
    "joblib:load pandas:read_pickle numpy:load lib2to3.pgen2.grammar:Grammar.loads multiprocessing.reduction:ForkingPickler.loads"
    " torch.utils._config_module:ConfigModule.load_config torch.utils.data.datapipes.utils.decoder:basichandlers"
    " idlelib.rpc:unpickle_code torch:load torch.fx._graph_pickler:GraphPickler.loads"
)
T7 = [
    *several(
        "T7",
        {f"a pickle in bytes for {each}": run(named(*each.split(":")), raw(system())) for each in _LOADS.split()},
    ),
    *several(
        "T7",
        {
            f"bytes for {each}": run(named(*each.split(":")), call(named("io", "BytesIO"), raw(system())))
            for each in _READS.split()
        },
    ),
    *several(
        "T7",
        {
            "a pickle in the bytes of protocol 2": stream(
                call(
                    named("pickle", "loads"),
                    call(named("_codecs", "encode"), op("BINUNICODE", system().decode("latin-1")), text("latin1")),
                ),
                proto=2,
            ),
            "a pickle in base64": run(
                named("pickle", "loads"),
                call(named("base64", "b64decode"), op("SHORT_BINBYTES", base64.b64encode(system()))),
            ),
            "a pickle in zlib": run(
                named("pickle", "loads"),
                call(named("zlib", "decompress"), op("SHORT_BINBYTES", zlib.compress(system()))),
            ),
            "a pickle in bytes, kept": stream(raw(system())),
            "a pickle in a bytearray": run(named("pickle", "loads"), op("BYTEARRAY8", system())),
            "a pickle in the text of a protocol 0 pickle": stream(
                call(named("pickle", "loads"), raw(b"cposix\nsystem\n(S'x'\ntR." + b" " * 8))
            ),
        },
    ),
]
TECHNIQUES = [*T1, *T2, *T3, *T4, *T5, *T6, *T7]
