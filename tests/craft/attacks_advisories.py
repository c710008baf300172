"""What advisories about scanners of pickles tell of: the gadgets that a list lacked, and the files that were misread.

Of a gadget the sample is one call of the name with one text: what the name may do, not an exploit of it.
"""

import pickle

from tests.craft.archives import Part, archive
from tests.craft.attack import Attack, several
from tests.craft.pickles import (
    HARMLESS,
    asm,
    attribute,
    built,
    call,
    module,
    named,
    named_late,
    op,
    stream,
    system,
    text,
)
from tests.craft.tensors import torch_archive

COMMAND = text(HARMLESS)
RUN = call(named("posix", "system"), COMMAND)

# Advisory (of picklescan, but where a name stands in front), then the names that it tells of.
_RUNS_CODE = """
GHSA-4r9r-ch6f-vxmx torch.utils.bottleneck.__main__:run_cprofile
GHSA-4whj-rm5r-c2v8 torch.utils.bottleneck.__main__:run_autograd_prof
GHSA-86cj-95qr-2p4f,CVE-2025-71353 torch._dynamo.guards:GuardBuilder.get
GHSA-f4x7-rfwp-v3xw,CVE-2025-71356 torch.fx.experimental.symbolic_shapes:ShapeEnv.evaluate_guards_expression
GHSA-f745-w6jp-hpxx torch.utils.collect_env:run
GHSA-jhph-76pp-mggw torch.utils.collect_env:run_and_read_all
GHSA-h3qp-7fh3-f8h4 torch.utils.data.datapipes.utils.decoder:basichandlers
GHSA-vr7h-p6mm-wpmh torch.jit.unsupported_tensor_ops:execWrapper
GHSA-vv6j-3g6g-2pvj torch.utils._config_module:ConfigModule.load_config
GHSA-5qwp-399c-mjwf trace:Trace.run
GHSA-g344-hcph-8vgg trace:Trace.runctx
GHSA-x696-vm39-cp64 profile:Profile.run
GHSA-6vqj-c2q5-j97w profile:Profile.runctx
GHSA-7wx9-6375-f5wh profile:run
GHSA-9w88-8rmg-7g2p cProfile:run
GHSA-49gj-c84q-6qm9 cProfile:runctx
GHSA-f54q-57x4-jg88 lib2to3.pgen2.grammar:Grammar.loads
GHSA-p9w7-82w4-7q8m lib2to3.pgen2.pgen:ParserGenerator.make_label
GHSA-3vg9-h568-4w9m idlelib.debugobj:ObjectTreeItem.SetText
GHSA-6w4w-5w54-rjvr,CVE-2025-71358 idlelib.autocomplete:AutoComplete.get_entity
GHSA-7cq8-mj8x-j263 idlelib.autocomplete:AutoComplete.fetch_completions
GHSA-8r4j-24qv-fmq9,CVE-2025-71361 idlelib.calltip:Calltip.fetch_tip
GHSA-9xph-j2h6-g47v idlelib.calltip:get_entity
GHSA-m869-42cg-3xwr idlelib.run:Executive.runcode
GHSA-j343-8v2j-ff7w,CVE-2025-71357 idlelib.pyshell:ModifiedInterpreter.runcode
GHSA-3gf5-cxq9-w223,CVE-2025-71340 idlelib.pyshell:ModifiedInterpreter.runcommand
GHSA-cj3c-v495-4xqh code:InteractiveInterpreter.runcode
GHSA-cj3c-v495-4xqh code:InteractiveInterpreter.runsource
GHSA-xp4f-hrf8-rxw7 ensurepip:_run_pip
GHSA-fqq6-7vqf-w3fg doctest:debug_script
GHSA-q77w-mwjj-7mqx asyncio.unix_events:_UnixSubprocessTransport._start
GHSA-f7qq-56ww-84cr,CVE-2025-10157 asyncio.subprocess:create_subprocess_shell
GHSA-v7x6-rv5q-mhwc timeit:timeit
GHSA-m273-6v24-x4m4 distutils.file_util:write_file
GHSA-4675-36f9-wf6r ctypes:CDLL
GHSA-84r2-jw7c-4r5q _pickle:loads
GHSA-vqmv-47xg-9wpr pty:spawn
GHSA-r8g5-cgf2-4m4m,CVE-2025-71372 numpy.f2py.crackfortran:getlincoef
CVE-2025-71365 numpy.f2py.crackfortran:_eval_length
CVE-2025-71355 numpy.testing._private.utils:runstring
GHSA-g38g-8gr9-h9xp,CVE-2026-56315 uuid:_get_command_stdout
GHSA-g38g-8gr9-h9xp,CVE-2026-56315 _osx_support:_read_output
GHSA-g38g-8gr9-h9xp,CVE-2026-56315 _aix_support:_read_cmd_output
GHSA-g38g-8gr9-h9xp,CVE-2026-56315 imaplib:IMAP4_stream
GHSA-g38g-8gr9-h9xp,CVE-2026-56315 _pyrepl.pager:pipe_pager
GHSA-g38g-8gr9-h9xp,CVE-2026-56315 test.support.script_helper:assert_python_ok
CVE-2025-1716 pip:main
CVE-2025-1716 pip._internal.cli.main:main
GHSA-655q-fx9r-782v pydoc:pipepager
GHSA-655q-fx9r-782v venv:EnvBuilder._call_new_python
GHSA-655q-fx9r-782v torch._inductor.codecache:compile_file
GHSA-655q-fx9r-782v torch.serialization:load
GHSA-9m3x types:CodeType
GHSA-9m3x cloudpickle:loads
fickling:GHSA-r7v6-mfhq-g3m2 pty:spawn
fickling:GHSA-565g-hwwr-4pp3 marshal:loads
fickling:GHSA-565g-hwwr-4pp3 types:FunctionType
fickling:GHSA-wfq2-52f7-7qvj runpy:run_path
fickling:GHSA-p523-jq9w-64x9 cProfile:run
fickling:GHSA-q5qq-mvfm-j35x ctypes:CDLL
fickling:GHSA-q5qq-mvfm-j35x code:InteractiveConsole
fickling:GHSA-q5qq-mvfm-j35x multiprocessing.util:spawnv_passfds
fickling:GHSA-5hvc-6wx8-mvv4 ctypes:cdll.LoadLibrary
fickling:GHSA-h4rm-mm56-xf63 builtins:exec
fickling:GHSA-5hwf-rc88-82xm uuid:_popen
fickling:GHSA-5hwf-rc88-82xm _osx_support:_find_build_tool
fickling:GHSA-5hwf-rc88-82xm _posixsubprocess:fork_exec
fickling:GHSA-6ggj-6f2q-f7mx _interpreters:run_string
fickling:GHSA-6ggj-6f2q-f7mx _xxsubinterpreters:run_string
fickling:GHSA-6ggj-6f2q-f7mx concurrent.interpreters:Interpreter.exec
modelscan:#338 multiprocessing.util:spawnv_passfds
modelscan:#338 mlflow.projects.backend.local:_run_entry_point
modelscan:CVE-2025-10157 asyncio.unix_events:_UnixSelectorEventLoop
torch:CVE-2022-45907 torch.jit.annotations:parse_type_line
torch:CVE-2024-48063 torch.distributed.rpc:RemoteModule
torch:CVE-2024-5480 torch.distributed.rpc:rpc_sync
joblib:CVE-2022-21797 joblib.parallel:Parallel
keras:CVE-2025-8747 keras.utils:get_file
pyarrow:CVE-2023-47248 pickle:loads
"""
_RESOLVES = """
GHSA-955r-x9j8-7rhh operator:methodcaller
GHSA-46h3-79wf-xr6c _operator:attrgetter
GHSA-vvpj-8cmc-gx39 pkgutil:resolve_name
GHSA-655q-fx9r-782v functools:partial
fickling:GHSA-q5qq-mvfm-j35x importlib:import_module
fickling:GHSA-mhc9 site:addsitedir
fickling:GHSA-m6fh atexit:register
fickling:GHSA-pc6j gc:get_objects
fickling:GHSA-r48f difflib:IS_LINE_JUNK
picklescan:#74 importlib:reload
GHSA-cffv-grgg-g429 sys:setprofile
"""
_REACHES = """
CVE-2025-46417 ssl:get_server_certificate
GHSA-hgrh httplib:HTTPSConnection
GHSA-9726 _io:FileIO
GHSA-9726 urllib.request:urlretrieve
GHSA-m7j5 logging:FileHandler
fickling:GHSA-5cxw linecache:getlines
modelscan:#338 pandas:read_csv
modelscan:#338 webbrowser:open
"""


def _called(rows, rule, severity):
    for row in rows.split("\n"):
        if row:
            told, name = row.split()
            source, _, ids = told.rpartition(":")
            about = f"{source + ', ' if source else ''}{name.replace(':', '.')}"
            data = stream(call(named(*name.split(":")), COMMAND))
            yield Attack(ids.replace(",", ", "), about, data, rule, severity)


def _torch(pickled, **more):
    """A torch archive as its writer makes it, with this pickle in it."""
    return torch_archive(pickle=pickled, **more)


def _zip(part, *others):
    return archive(Part("archive/version", b"3\n"), part, *others)


_NAMED = system()
_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY = [
    op("LONG1", _MAGIC.to_bytes(10, "little")),
    op("BININT2", 1001),
    asm("EMPTY_DICT"),
    asm("EMPTY_DICT"),
    asm("EMPTY_LIST"),
]


def legacy(index, part):
    """A file of torch before 1.6 whose stream `index` is this part; 5 stands behind the last."""
    parts = [*_LEGACY, asm("NONE")]
    parts[index] = part
    return b"".join(stream(each, proto=2) for each in parts[: max(5, index + 1)])


MISREAD = [
    *several(
        "CVE-2025-1889, GHSA-769v-p64c-89pr",
        {
            "a member of a torch archive with a suffix that says nothing": _zip(Part("archive/data.pkl", pickle.dumps(1)), Part("archive/data.txt", _NAMED)),
            "a protocol 0 pickle in an archive, named .txt": _zip(Part("archive/notes.txt", b"cposix\nsystem\n(S'x'\ntR.")),
        },
        name="model.pt",
    ),
    *several(
        "CVE-2025-1944, GHSA-7q5r-7gvp-wc82",
        {"the local header names the member otherwise": _zip(Part("archive/data.pkl", _NAMED, local_name="archive/safe.txt"))},
        name="model.pt",
    ),
    *several(
        "CVE-2025-1945, GHSA-w8jq-xcqf-f792",
        {f"flag bit 0x{flag:x} set": _zip(Part("archive/data.pkl", _NAMED, flags=0, local_flags=flag)) for flag in (0x1, 0x20, 0x40)},
        name="model.pt",
    ),
    *several(
        "CVE-2025-10156, GHSA-mjqp-26hc-grxg",
        {"a checksum that is wrong": _zip(Part("archive/data.pkl", _NAMED, crc=1))},
        name="model.pt",
    ),
    *several(
        "CVE-2025-10155, GHSA-jgw4-cr84-mqxg",
        {
            "a plain pickle named .bin": (_NAMED, {"name": "pytorch_model.bin"}),
            "a plain pickle named .pt": (_NAMED, {"name": "model.pt"}),
            "a plain pickle named .safetensors": (_NAMED, {"name": "model.safetensors"}),
            "a plain pickle without a suffix": (_NAMED, {"name": ".metadata"}),
            "a plain pickle in capitals": (_NAMED, {"name": "DATA.PKL"}),
        },
    ),
    *several("GHSA-gx77-x2pv-48v7", {"an archive behind a pickle": pickle.dumps(1) + _torch(_NAMED)}, name="model.pt"),
    *several(
        "GHSA-9gvj-pp9x-gcfr, CVE-2025-71325",
        {
            "STACK_GLOBAL of STRING": asm(b"S'posix'\nS'system'\n", "STACK_GLOBAL", COMMAND, "TUPLE1", "REDUCE", "STOP"),
            "STACK_GLOBAL of BINSTRING": stream(op("SHORT_BINSTRING", b"posix"), op("BINSTRING", b"system"), "STACK_GLOBAL", COMMAND, "TUPLE1", "REDUCE"),
        },
    ),
    *several(
        "GHSA-97f8-7cmv-76j2",
        {"torch's magic number is the result of a call": legacy(0, asm(RUN, "POP", _LEGACY[0]))},
        name="model.pt",
    ),
    *several(
        "picklescan#22",
        {"a memo index that is not the opcode before": stream(text("posix"), op("BINPUT", 3), "POP", text("x"), "POP", op("BINGET", 3), text("system"), "STACK_GLOBAL", COMMAND, "TUPLE1", "REDUCE")},
    ),
    *several("picklescan#52", {"a memo key that nobody wrote, behind the call": stream(RUN, op("BINGET", 200))}),
    *several(
        "nullifAI",
        {
            "broken behind the payload": (_torch(asm(op("PROTO", 2), RUN, b"\x00\x00")), {"name": "model.pt"}),
        },
    ),
    *several("fickling GHSA-mxhj-88fx-4pcv", {"OBJ and POP": stream("MARK", named("posix", "system"), COMMAND, "OBJ", "POP", "NONE")}),
    *several(
        "fickling GHSA-5j3x-jp52-966f",
        {
            "a dotted attribute of a harmless module": stream(call(named_late("pathlib", "os.system"), COMMAND)),
            "three modules on the way": (
                stream(call(named_late("collections", "abc.sys.modules"), COMMAND)),
                {"rule": "pickle-resolves-names", "severity": "high"},
            ),
        },
    ),
    *several("fickling GHSA-cffv-grgg-g429", {"a name that is allowed, and one that is not beside it": stream(call(named("collections", "OrderedDict")), RUN)}),
    *several("fickling#317", {"a frame that ends inside of an opcode": (asm(op("PROTO", 4), op("FRAME", 1), op("BININT1", 4), RUN, "STOP"), {"rule": "pickle-frame"})}),
    *several(
        "modelscan#330",
        {
            "numpy.__builtins__ by attribute": stream(call(attribute(named("numpy", "__builtins__"), text("eval")), COMMAND)),
            "BUILD on what an import gives": (stream(built(module("numpy"), text("size"), named("builtins", "eval"))), {"rule": "pickle-mutates-global", "severity": "high"}),
        },
    ),
    *several(
        "modelscan: memo of None",
        {"a memo that holds None, then the call": stream("NONE", "MEMOIZE", "POP", op("BINGET", 0), "POP", RUN)},
    ),
    *several(
        "GHSA-63cw-57p8-fm3p, CVE-2026-24747",
        {
            "an item set on a rebuilt tensor": (
                _torch(stream(call(named("torch._utils", "_rebuild_tensor_v2"), "NONE"), text("a"), "NONE", "SETITEM")),
                {"rule": "torch-tensor-altered", "severity": "high", "name": "model.pt"},
            ),
        },
    ),
]  # fmt: skip
ADVISORIES = [
    *_called(_RUNS_CODE, "pickle-runs-code", "critical"),
    *_called(_RESOLVES, "pickle-resolves-names", "high"),
    *_called(_REACHES, "pickle-reaches-out", "high"),
    *MISREAD,
]
