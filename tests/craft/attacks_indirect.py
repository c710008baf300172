"""How attacks act without a plain call: later, through files, on scanners and memory, beside what is honest."""

import pickle

from tests.craft.attack import several
from tests.craft.attacks_techniques import COMMAND, REACHES, RUN, SYSTEM, plain, raw, run
from tests.craft.pickles import (
    asm,
    attribute,
    built,
    call,
    instance,
    named,
    op,
    stream,
    system,
    text,
)

BOMB = {"rule": "pickle-bomb", "severity": "medium", "verdict": "suspicious"}
T8 = several(
    "T8",
    {
        "a partial that is kept": stream(call(named("functools", "partial"), SYSTEM, COMMAND)),
        "a partial whose function BUILD puts": stream(
            call(named("functools", "partial"), named("builtins", "int")),
            asm("MARK", SYSTEM, asm(COMMAND, "TUPLE1"), "EMPTY_DICT", "NONE", "TUPLE", "BUILD"),
        ),
        "weakref.finalize": run(named("weakref", "finalize"), named("collections", "OrderedDict"), SYSTEM, COMMAND),
        "atexit.register": run(named("atexit", "register"), SYSTEM),
        "threading.Timer": run(named("threading", "Timer"), op("BININT1", 1), SYSTEM),
        "signal.signal": run(named("signal", "signal"), op("BININT1", 14), SYSTEM),
        "sys.settrace": run(named("sys", "settrace"), SYSTEM),
        "FunctionTransformer of sklearn": stream(
            built(
                instance(named("sklearn.preprocessing._function_transformer", "FunctionTransformer")),
                text("func"),
                SYSTEM,
            )
        ),
        "a hook of a torch module": stream(
            built(
                instance(named("torch.nn.modules.linear", "Linear")),
                text("_forward_pre_hooks"),
                asm("EMPTY_DICT", op("BININT1", 0), SYSTEM, "SETITEM"),
            )
        ),
        "the factory of a defaultdict": run(named("collections", "defaultdict"), SYSTEM),
    },
)
_TEMPLATE = (text("_parse_arg_template"), text("import os; os.system('x')"))
_FORMULA = (text("restore_model_spec"), "NEWTRUE", text("formula"), text("y ~ __import__('os').system('x')"))
T8 += several(
    "T8",
    {
        "a text that a distribution of scipy executes": stream(
            built(instance(named("scipy.stats._continuous_distns", "norm_gen")), *_TEMPLATE)
        ),
        "a formula that a table of statsmodels evaluates": stream(
            built(instance(named("statsmodels.base.data", "PandasData")), *_FORMULA)
        ),
        "a wrapper that unpickles its state": stream(
            instance(named("stable_baselines3.common.vec_env.base_vec_env", "CloudpickleWrapper")), raw(b"cos\nsystem\n)R." + bytes(9)), "BUILD"
        ),
    },
)  # fmt: skip
T9 = [
    *several(
        "T9",
        {
            "pathlib.Path.write_text": run(named("pathlib", "Path.write_text"), call(named("pathlib", "Path"), text("x.py")), text("x")),
            "write_text as a method": (
                stream(call(attribute(call(named("pathlib", "PosixPath"), text("x.py")), text("write_text")), text("x"))),
                {"rule": "pickle-resolves-names"},
            ),
            **{each: plain(each) for each in (
                "logging:FileHandler codecs:open io:open bz2:open gzip:open lzma:open sqlite3:connect compression.zstd:open".split()
            )},
        },
        **REACHES,
    ),
    *several(
        "T9",
        {
            "SourceFileLoader.load_module": (
                run(named("importlib.machinery", "SourceFileLoader.load_module"), text("x")), {"rule": "pickle-resolves-names"},
            ),
            "site.addpackage runs the lines of a .pth": (plain("site:addpackage"), {"rule": "pickle-resolves-names"}),
            "distutils.file_util.write_file": plain("distutils.file_util:write_file"),
            "shelve.open": plain("shelve:open"),
        },
    ),
    *several("T9", {"dbm.open, which imports by name": (plain("dbm:open"), {"rule": "pickle-resolves-names"})}),
]  # fmt: skip
T10 = several(
    "T10",
    {f"the inside of {each.partition('.')[0]}": stream(named(*each.split(":"))) for each in (
        "picklescan.scanner:_unsafe_globals modelscan.settings:DEFAULT_SETTINGS fickling.analysis:check_safety"
        " modelaudit.core:scan scanners.judge:judge"
    ).split()},
    rule="pickle-tampers-scanner",
)  # fmt: skip
FOREVER = call(named("itertools", "repeat"), "NONE")
_TERA = (1 << 40).to_bytes(6, "little")
_LAUGH = asm(text("lol"), *[asm("DUP", "TUPLE2")] * 60)
T11 = several(
    "T11",
    {
        "tuples doubled sixty times": stream(_LAUGH, RUN, "POP"),
        "a number of four megabytes": stream(op("LONG4", bytes(4_000_000)), "POP", RUN),
        "a memo index beyond memory": stream("NONE", op("LONG_BINPUT", 0x0FFFFFFF), "POP", RUN),
        "a hundred thousand marks": stream(op("MARK") * 100_000, RUN),
        "fifty thousand nested lists": stream(op("EMPTY_LIST") * 50_000 + op("APPEND") * 49_999, "POP", RUN),
        "a text of a gigabyte that is not there": stream(RUN, b"\x8d" + (1 << 30).to_bytes(8, "little"), b"x"),
        "a regular expression that never ends": stream(
            call(named("re", "_compile"), text("(a+)+$"), op("BININT1", 0)), "POP", RUN
        ),
        "a list of what never ends": (stream(call(named("builtins", "list"), FOREVER)), BOMB),
        "a tuple of what never ends, made without a call": (
            stream(named("builtins", "tuple"), FOREVER, "TUPLE1", "NEWOBJ"), BOMB,
        ),
        "a terabyte of zeros": (stream(call(named("builtins", "bytearray"), op("LONG1", _TERA))), BOMB),
    },
)  # fmt: skip
_BENIGN = pickle.dumps({"weights": list(range(50)), "name": "model"}, 4)
T12 = several(
    "T12",
    {
        "in front of an honest pickle": asm(op("PROTO", 4), RUN, "POP", _BENIGN[2:]),
        "behind an honest pickle, before its STOP": _BENIGN[:-1] + asm(RUN, "POP", "STOP"),
        "as second stream": _BENIGN + system(),
        "as hundredth stream": pickle.dumps(1) * 99 + system(),
        "protocol 0 behind protocol 4": _BENIGN + b"cposix\nsystem\n(S'x'\ntR.",
        "a call that nobody reviewed, in front": (
            asm(op("PROTO", 4), call(named("builtins", "exec"), text("patch the weights in memory")), "POP", _BENIGN[2:]), {},
        ),
        "broken behind the call (nullifAI)": asm(op("PROTO", 4), RUN, b"\xff\xff"),
        "no STOP": system()[:-1],
    },
)  # fmt: skip
INDIRECT = [*T8, *T9, *T10, *T11, *T12]
