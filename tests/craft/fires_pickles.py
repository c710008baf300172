"""Pickles, and the arrays and archives of objects that carry them: a line for each rule, where it fires, and where it nearly does."""

from scanners.facts import Anomaly, Code, Embedded, Mutation, Sampled, Unread
from tests.craft.facts import call, ref

FIRES = {
    "pickle-runs-code": [
        ([ref("posix", "system", "called"), call("posix", "system", "'id'")], "critical"),
        ([ref("subprocess", "Popen")], "critical"),
        ([call("pickle", "loads", "<bytes of 90>")], "critical"),
        ([call("pickle", "loads", "<examined pickle>"), Embedded("pickle", "pickle.loads", "", 9)], "medium"),
        ([call("torch.multiprocessing.reductions", "rebuild_storage_fd", "?")], "medium"),
        ([ref("os", "system", "resolved")], "critical"),
    ],
    "pickle-resolves-names": [
        ([call("importlib", "import_module", "'json'", strings=("json",))], "critical"),
        ([call("importlib", "import_module", "?")], "high"),
        ([call("builtins", "map", "numpy.add", "[]")], "high"),
        ([ref("builtins", "getattr", "argument")], "high"),
        ([call("operator", "itemgetter", "0")], "low"),
    ],
    "pickle-reaches-out": [
        ([call("requests.api", "get", "'http://x'")], "high"),
        ([call("builtins", "open", "'/etc/passwd'")], "high"),
        ([call("getpass", "getuser")], "medium"),
    ],
    "pickle-tampers-scanner": [([ref("picklescan.scanner", "_unsafe_globals")], "critical")],
    "pickle-denied-locally": [([ref("forbidden.here", "Thing")], "high")],
    "pickle-code-object": [
        ([call("cloudpickle.cloudpickle", "_make_function", "?", strings=("x",))], "medium"),
        ([Code("pickle", "f", ("mean",), ("x",), "1")], "medium"),
        ([Code("pickle", "f", ("x", "os", "system"), (), "1")], "high"),
        ([Code("pickle", "f", ("torch", "hub", "load"), (), "1")], "high"),
        ([Code("pickle", "f", ("len",), ("os.system",), "1")], "high"),
        ([Code("pickle", "f")], "high"),
        ([Code("pickle", "f", (), (), "1", inert=True)], "low"),
        ([call("cloudpickle.cloudpickle", "_class_setstate", "torch.nn.Module", "({}, {})")], "critical"),
        ([call("cloudpickle.cloudpickle", "_builtin_type", "?")], "critical"),
        ([call("", "cloudpickle.cloudpickle._make_function(…)", "1")], "critical"),
        ([call("", "dill._dill._create_type(…)", opcode="NEWOBJ")], "medium"),
    ],
    "pickle-runs-own-code": [
        ([Code("pickle", "f", ("mean",), (), "1", called=True)], "critical"),
        ([Code("pickle", "", called=True)], "critical"),
        ([Code("pickle", "f", (), (), "1", inert=True, called=True)], "medium"),
    ],
    "python-bytecode": [
        ([Code("marshal", "f", ("mean",), (), "1")], "medium"),
        ([Code("marshal", "f", ("exec",), (), "1")], "high"),
        ([Code("pyc", "<module>", ("os", "system"), (), "1")], "medium"),
    ],
    "pickle-runs-source": [
        ([Code("python", "forward", ("torch", "torch.nn.functional.relu"), (), "1", called=True)], "medium"),
        ([Code("python", "forward", ("operator.add",), (), "1", called=True)], "medium"),
        ([Code("python", "forward", ("os.system",), (), "1", called=True)], "critical"),
        ([Code("python", "forward", ("?.__class__.__base__",), (), "1", called=True)], "high"),
    ],
    "pickle-computed-call": [
        ([call("", "?", "1")], "high"),
        ([call("", "operator.attrgetter('system')", "1")], "high"),
        ([call("", "torch.nn.modules.linear.Linear(2)", "1")], "medium"),
        ([call("", "<persistent ('module', my.Net, 'net.py', 'class Net')>", opcode="NEWOBJ")], "medium"),
    ],
    "pickle-sink-string": [
        ([call("gadget.maker", "resolve", "'os:system'", strings=("os:system",))], "critical"),
        ([call("gadget.maker", "resolve", "'os', 'system'", strings=("os", "system"))], "critical"),
        ([call("gadget.maker", "resolve", "'check_output'", strings=("check_output",))], "critical"),
        ([call("operator", "methodcaller", "'system'", strings=("system",))], "critical"),
    ],
    "pickle-unknown-call": [([ref("my.pkg", "make", "called"), call("my.pkg", "make", "1")], "medium")],
    "pickle-unknown-import": [
        ([ref("my.pkg", "Thing")], "medium"),
        ([ref("my.pkg", "Net", "instantiated"), call("my.pkg", "Net", opcode="NEWOBJ")], "medium"),
        ([ref("timm.models.vit", "Vit", "instantiated"), call("timm.models.vit", "Vit", opcode="NEWOBJ")], "low"),
        ([ref("timm.models.vit", "make")], "medium"),
        (
            [ref("timm.models.vit", "Vit", "instantiated"), call("timm.models.vit", "Vit", "'x'", opcode="NEWOBJ")],
            "medium",
        ),
        (
            [call("copyreg", "_reconstructor", "fairseq.x.Y", "builtins.object"), ref("fairseq.x", "Y", "argument")],
            "low",
        ),
        (
            [call("copyreg", "_reconstructor", "fairseq.x.Y", "fairseq.x.Y"), ref("fairseq.x", "Y", "argument")],
            "medium",
        ),
        ([call("copyreg", "__newobj__", "fairseq.x.Y"), ref("fairseq.x", "Y", "argument")], "low"),
        ([call("copyreg", "__newobj__", "fairseq.x.Y", "'x'"), ref("fairseq.x", "Y", "argument")], "medium"),
    ],
    "pickle-unseen-arguments": [
        ([Sampled("__builtin__", "getattr", 256, 900)], "high"),
        ([Sampled("functools", "partial", 256, 900)], "medium"),
    ],
    "pickle-dynamic-global": [([Anomaly("pickle.dynamic-global", "? . ?")], "critical")],
    "pickle-extension": [([Anomaly("pickle.extension", "extension 7")], "high")],
    "pickle-frame": [([Anomaly("pickle.frame")], "critical")],
    "pickle-mutates-global": [
        ([Mutation("my.registry", "TABLE", "SETITEM", "'x'")], "high"),
        ([Mutation("sys", "modules", "SETITEM", "'json'")], "critical"),
    ],
    "pickle-nested": [
        ([Embedded("pickle", "", "", 3)], "low"),
        ([Embedded("pickle", "my.pkg.load", "", 3)], "medium"),
    ],
    "pickle-broken": [
        ([Anomaly("pickle.broken", "cut", "", 9)], "low"),
        ([call("collections", "OrderedDict"), Anomaly("pickle.broken", "cut", "", 9)], "medium"),
        ([call("my.pkg", "make"), Anomaly("pickle.broken", "cut", "", 9)], "high"),
        ([call("my.pkg", "make", offset=30), Anomaly("pickle.broken", "cut", "", 9)], "low"),
        ([call("my.pkg", "make", member="other"), Anomaly("pickle.broken", "cut", "", 9)], "low"),
    ],
    "pickle-trailing": [
        ([Anomaly("pickle.trailing", "9 bytes", "", 40)], "low"),
        ([Anomaly("pickle.trailing", "9 bytes", "", 40), ref("a", "b", member="tail@40")], "medium"),
        ([Anomaly("pickle.trailing", "9 bytes", "", 40), Unread("unknown", "", "tail@40")], "low"),
        ([Anomaly("pickle.trailing", "9 bytes", "m", 4), ref("a", "b", member="m!/tail@4!/x")], "medium"),
    ],
    "pickle-bomb": [([Anomaly("pickle.bomb")], "medium")],
    "pickle-protocol": [([Anomaly("pickle.protocol", "protocol 6")], "low")],
    "pickle-out-of-band": [([Anomaly("pickle.out-of-band")], "low")],
    "torch-tensor-altered": [([ref("torch._utils", "_rebuild_tensor_v2", "built")], "high")],
    "npy-header": [([Anomaly("npy.header", "version 4.0")], "medium")],
    "npy-shape": [([Anomaly("npy.shape")], "medium")],
    "npy-trailing": [
        ([Anomaly("npy.trailing", "9 bytes", "a.npy", 40)], "low"),
        ([Anomaly("npy.trailing", "9 bytes", "a.npy", 40), ref("a", "b", member="a.npy!/tail@40")], "medium"),
    ],
    "npy-object": [([Anomaly("npy.object")], "low")],
    "joblib-array": [([Anomaly("joblib.array")], "medium")],
    "joblib-external-file": [
        ([Anomaly("joblib.external-file", "model.pkl_01.npy")], "medium"),
        ([Anomaly("joblib.external-file", "arrays..old/model..npy")], "medium"),
        ([Anomaly("joblib.external-file", "../../other.npy")], "high"),
        ([Anomaly("joblib.external-file", "a/b\\..\\c.npy")], "high"),
        ([Anomaly("joblib.external-file", "/etc/x.npy")], "high"),
        ([Anomaly("joblib.external-file", "C:x.npy")], "high"),
        ([Anomaly("joblib.external-file", "a/" * 300)], "high"),
        ([Anomaly("joblib.external-file", "")], "high"),
    ],
    "skops-mismatch": [([Anomaly("skops.mismatch", "a.B is shown, and c.D is used")], "high")],
}
SILENT = {
    "pickle-runs-code": [
        ([ref("collections", "OrderedDict", "called"), call("collections", "OrderedDict")],),
        (
            [
                call("torch.storage", "_load_from_bytes", "<examined zip>"),
                Embedded("zip", "torch.storage._load_from_bytes"),
            ],
        ),
    ],
    "pickle-resolves-names": [
        ([call("builtins", "getattr", "torch.nn.modules.linear.Linear(?)", "'forward'")],),
        ([ref("__builtin__", "getattr"), ref("builtins", "getattr")],),
        ([call("operator", "attrgetter", "'weight'")],),
    ],
    "pickle-reaches-out": [([ref("pathlib", "PosixPath", "called"), call("pathlib", "PosixPath", "'a'")],)],
    "pickle-tampers-scanner": [([ref("picklescanner", "x")],)],
    "pickle-denied-locally": [([ref("forbidden.there", "Thing")],)],
    "pickle-code-object": [
        ([call("torch.jit._pickle", "build_intlist", "[]")],),
        (
            [
                ref("cloudpickle.cloudpickle", "_make_function"),
                call("cloudpickle.cloudpickle", "_make_function", "<examined code>", "{}"),
                call("cloudpickle.cloudpickle", "_make_empty_cell"),
                call("dill._dill", "_load_type", "'type'"),
            ],
        ),
    ],
    "pickle-runs-own-code": [([Code("pickle", "__setstate__", ("mean",), (), "1")],)],
    "python-bytecode": [([Code("pickle", "f", ("exec",), (), "1")],)],
    "pickle-runs-source": [([Code("pickle", "forward", ("torch",), (), "1", called=True)],)],
    "pickle-computed-call": [
        ([call("", "functools.partial(builtins.int)", "'1'")],),
        ([call("", "<persistent ('module', torch.nn.modules.linear.Linear, 'l.py', '')>", opcode="NEWOBJ")],),
    ],
    "pickle-sink-string": [
        ([call("chat.messages", "Message", "'system'", "'hello'", strings=("system", "hello"))],),
        ([call("my.pkg", "read", "'test.csv'", strings=("test.csv",))],),
        ([call("collections", "OrderedDict", "[('os', 'system')]", strings=("os", "system"))],),
    ],
    "pickle-unknown-call": [
        ([call("numpy.core.multiarray", "_reconstruct", "numpy.ndarray", "(0,)", "b'b'")],),
        ([call("__main__", "Net", opcode="NEWOBJ")],),
    ],
    "pickle-unknown-import": [
        ([ref("__main__", "Net", "instantiated"), call("__main__", "Net", opcode="NEWOBJ")],),
        ([ref("__builtin__", "set"), ref("builtins", "set")],),
        ([ref("my.pkg", "make", "called"), call("my.pkg", "make", "1")],),
        ([ref("zoneinfo", "ZoneInfo._unpickle", "resolved"), call("zoneinfo", "ZoneInfo._unpickle", "'UTC'")],),
        ([ref("builtins", "dict.fromkeys", "resolved")],),
    ],
    "pickle-unseen-arguments": [([Sampled("collections", "OrderedDict", 256, 900)],)],
    "pickle-mutates-global": [([ref("my.registry", "TABLE", "built")],)],
    "pickle-nested": [([Embedded("pickle", "torch.storage._load_from_bytes", "", 3)],)],
    "torch-tensor-altered": [
        ([ref("torch._utils", "_rebuild_tensor_v2", "called")],),
        ([ref("collections", "OrderedDict", "built")],),
    ],
}
