"""TensorFlow models that do harm: paths that lead to nothing, operations that are never run."""

import json

from tests.craft import flatbuffers as fb
from tests.craft.archives import Part, archive
from tests.craft.attack import several
from tests.craft.keras import old_lambda
from tests.craft.pickles import asm, system
from tests.craft.tensorflow import (
    asset,
    collection,
    const,
    field,
    floats,
    function,
    function_attr,
    graph,
    library,
    meta,
    node,
    number,
    objects,
    saved_model,
    signature,
    tensor,
    text_attr,
    varint,
)
from tests.craft.torch_archives import method

PATH = "/tmp/HARMLESS"
TARGET = const("path", PATH)
READ = node("ReadFile", "read", "path")
READS = (TARGET, READ)
GIVEN = node("Placeholder", "given")
HIDDEN = graph(*READS)


def call(name, target, *inputs, op="StatefulPartitionedCall"):
    """A node that calls a function."""
    return node(op, name, *inputs, extra=function_attr("f", target))


def nested(depth):
    """A graph in a constant of a graph, and so on."""
    data = HIDDEN
    for _ in range(depth):
        data = graph(const("written", tensor(data)))
    return data


def initializer(*nodes):
    """A model whose main operation runs these nodes when it is loaded."""
    return saved_model(*nodes, node("NoOp", "init", "^act"), extra=collection("saved_model_main_op", "init"))


def resource(name):
    """An object graph with a resource whose function of that name calls the graph's function `f`."""
    return objects(
        field(1, number(1, 1) + field(2, "table")),
        field(1, number(1, 2) + field(2, name)) + field(10, b""),
        field(6, field(1, "f")),
    )


def metadata(config):
    """keras_metadata.pb with one layer."""
    text = json.dumps(config)
    return field(1, number(2, 0) + field(3, "root.layer-0") + field(4, "_tf_keras_layer") + field(5, text))


WRITES = node("WriteFile", "act", "path", "text")
TEXT = const("text", "HARMLESS")
JOINED = node("StringJoin", "path", "a", "b", extra=text_attr("separator", "/"))
REPLACED = text_attr("pattern", ".*") + text_attr("rewrite", PATH)
SAVES = node("SaveV2", "s", "path", "n", "s", "v")

OPERATIONS = several(
    "6.4",
    {
        "Python": (graph(node("PyFunc", "f")), {"rule": "tensorflow-python", "severity": "critical"}),
        "Python, eagerly": (graph(node("EagerPyFunc", "f")), {"rule": "tensorflow-python", "severity": "critical"}),
        "machine code by name": (graph(node("XlaCustomCallV2", "f")), {"rule": "tensorflow-native"}),
        "a file is read": graph(*READS),
        "a file is written": graph(TARGET, TEXT, WRITES),
        "files are listed": graph(TARGET, node("MatchingFiles", "f", "path")),
        "a file becomes a data set": graph(TARGET, node("TextLineDataset", "f", "path")),
        "a file becomes a table": graph(TARGET, node("InitializeTableFromTextFileV2", "f", "table", "path")),
        "a file is mapped into memory": graph(node("ImmutableConst", "f", extra=text_attr("memory_region_name", PATH))),
        "descriptors from a file": graph(node("DecodeProtoV2", "f", "x", extra=text_attr("descriptor_source", PATH))),
        "tensors are dumped": graph(node("DumpTensor", "f", "x", extra=text_attr("log_dir_path", PATH))),
        "values go to a debugger's address": graph(
            node(
                "DebugIdentityV2", "f", "x", extra=text_attr("debug_urls", "grpc://localhost:1", "file:///tmp/HARMLESS")
            )
        ),
        "printing into a file": graph(
            node("PrintV2", "f", "x", extra=text_attr("output_stream", "file:///tmp/HARMLESS"))
        ),
        "remote procedures": (graph(node("RpcClient", "f", "x")), {"rule": "tensorflow-network"}),
        "tensors to another process": (graph(node("_Send", "f", "x")), {"rule": "tensorflow-network"}),
        "a service of data": (graph(node("DataServiceDatasetV4", "f")), {"rule": "tensorflow-network"}),
        "a file system is configured": (
            graph(node("FileSystemSetConfiguration", "f", "a", "b", "c")),
            {"rule": "tensorflow-file-system"},
        ),
        "a reader of another library": (graph(node("IO>FileRead", "f")), {"rule": "tensorflow-file-system"}),
        "summaries": (
            graph(node("WriteSummary", "f")),
            {"rule": "tensorflow-writes-logs", "severity": "medium", "verdict": "suspicious"},
        ),
        "a graph that is computed": (
            graph(node("DatasetFromGraph", "f", "x")),
            {"rule": "tensorflow-written-graph", "severity": "medium", "verdict": "suspicious"},
        ),
        "an operation of no registry": (
            graph(node("ShellExecute", "f")),
            {"rule": "tensorflow-unknown-op", "severity": "medium", "verdict": "suspicious"},
        ),
        "a path from whoever runs it": (
            graph(GIVEN, node("ReadFile", "f", "given")),
            {"severity": "medium", "verdict": "suspicious"},
        ),
        "a file for whoever runs it": graph(GIVEN, TEXT, node("WriteFile", "f", "given", "text")),
    },
    rule="tensorflow-file",
    severity="high",
    name="frozen.pb",
)

SAVERS = several(
    "6.4",
    {
        "the saver writes to a constant of its own": saved_model(TARGET, node("SaveV2", "s", "path", "n", "s", "v")),
        "the saver reads from a constant of its own": saved_model(TARGET, node("RestoreV2", "s", "path", "n", "s")),
        "the saver's path begins elsewhere": saved_model(
            GIVEN, const("a", PATH), node("StringJoin", "path", "a", "given"), node("SaveV2", "s", "path", "n", "s", "v")
        ),
        "the saver's path has a default": saved_model(
            TARGET, node("PlaceholderWithDefault", "p", "path"), node("MergeV2Checkpoints", "s", "p", "p")
        ),
        "the saver's path is a variable": saved_model(
            node("VarHandleOp", "v"), node("ReadVariableOp", "r", "v"), node("SaveV2", "s", "r", "n", "s", "t")
        ),
        "the saver's path is assigned": saved_model(
            TARGET, node("VarHandleOp", "v"), node("AssignVariableOp", "a", "v", "path"),
            node("ReadVariableOp", "r", "v"), node("SaveV2", "s", "r", "n", "s", "t"),
        ),
        "the saver's path is replaced": saved_model(GIVEN, node("StaticRegexReplace", "path", "given", extra=REPLACED), SAVES),
        "what is restored is replaced": saved_model(
            GIVEN, node("StaticRegexReplace", "path", "given", extra=REPLACED), node("RestoreV2", "r", "path", "n", "s")
        ),
        "the saver's default is replaced": saved_model(
            const("m", "model"), node("StaticRegexReplace", "path", "m", extra=REPLACED), SAVES
        ),
        "the saver's path is put in a text": saved_model(
            GIVEN, node("StringFormat", "path", "given", extra=text_attr("template", "/etc/{}")), SAVES
        ),
        "what joins the saver's path leads upwards": saved_model(
            GIVEN, const("b", "x"), node("StringJoin", "path", "given", "b", extra=text_attr("separator", "/../../")), SAVES
        ),
        "the saver's path has a part that no saver writes": (
            saved_model(GIVEN, const("b", "x/."), const("c", "./y"), node("StringJoin", "path", "given", "b", "c"), SAVES),
            {"severity": "medium", "verdict": "suspicious"},
        ),
    },
    rule="tensorflow-file",
    severity="high",
    name="saved_model.pb",
)  # fmt: skip

PLACES = several(
    "6.4",
    {
        "in a function": saved_model(functions=[function("f", *READS)]),
        "a path that is handed to a function": saved_model(
            TARGET, call("c", "f", "path"), functions=[function("f", node("ReadFile", "r", "p"), arguments=["p"])]
        ),
        "a path that a function returns": saved_model(
            call("c", "f"), node("ReadFile", "r", "c"), functions=[function("f", TARGET, returned=["path:output:0"])]
        ),
        "a function that is an operation": saved_model(
            TARGET, node("f", "c", "path"), functions=[function("f", node("ReadFile", "r", "p"), arguments=["p"])]
        ),
        "a branch of a choice": saved_model(
            TARGET, node("If", "c", "x", "path", extra=function_attr("then_branch", "f")),
            functions=[function("f", node("ReadFile", "r", "p"), arguments=["p"])],
        ),
        "elements of a data set": saved_model(
            TARGET, node("TensorSliceDataset", "d", "path"), call("m", "f", "d", "n", op="MapDataset"),
            functions=[function("f", node("ReadFile", "r", "p"), arguments=["p", "q", "w"])],
        ),
        "a path that the object graph binds": saved_model(
            TARGET,
            functions=[function("f", node("ReadFile", "r", "p"), arguments=["p"])],
            extra=objects(field(9, field(1, "path")), bound={"f": [0]}),
        ),
        "a path that is put together": saved_model(const("a", "/tmp"), const("b", "HARMLESS"), JOINED, READ),
        "a path that is a text of an operation": saved_model(
            node("StringFormat", "path", extra=text_attr("template", PATH)), READ
        ),
        "a path in packed content": saved_model(const("path", tensor(PATH, packed=True)), READ),
        "the second graph of a model": saved_model(node("NoOp")) + field(2, meta(*READS)),
        "a graph in a constant": saved_model(const("g", tensor(HIDDEN))),
        "a graph in packed content": saved_model(const("g", tensor("x", HIDDEN, packed=True))),
        "a graph in an attribute": saved_model(node("DatasetFromGraph", "d", extra=text_attr("graph_def", HIDDEN))),
        "a graph in a list of an attribute": graph(node("NoOp", extra=text_attr("g", "x", HIDDEN))),
        "a graph in a graph in a graph": graph(const("g", tensor(nested(2)))),
        "a library of functions in an attribute": graph(node("NoOp", extra=text_attr("l", library(function("f", *READS))))),
        "a function in an attribute": graph(node("NoOp", extra=text_attr("l", function("f", *READS)))),
        "a graph behind a field that nobody knows": saved_model(const("g", tensor(field(77, "x" * 9) + HIDDEN))),
        "a graph that is long": saved_model(const("g", tensor(HIDDEN + field(1, const("big", floats(20_000)))))),
        "a library before the nodes": field(2, library(function("f", *READS))) + field(1, node("NoOp")),
        "a collection": saved_model(extra=field(4, field(1, "k") + field(2, field(2, field(1, HIDDEN))))),
        "the asset that a constant stands for": saved_model(*READS, extra=asset("path:0", "words.txt")),
        "lengths in more bytes than they need": b"\x0a" + varint(len(READ), 5) + READ + field(1, TARGET),
        "text": (
            (
                b'node { name: "path" op: "Const" attr { key: "value" value { tensor { dtype: DT_STRING'
                b' string_val: "\\057tmp/HARMLESS" } } } } node { name: "r" op: "ReadFile" input: "path" }'
            ),
            {"name": "graph.pbtxt"},
        ),
        "a name that says nothing": (graph(*READS), {"name": "weights.dat"}),
    },
    rule="tensorflow-file",
    severity="high",
    name="saved_model.pb",
)  # fmt: skip

LOADING = several(
    "6.4",
    {
        "the main operation": initializer(TARGET, TEXT, WRITES),
        "the signature of loading": saved_model(
            TARGET, TEXT, WRITES, extra=signature("__saved_model_init_op", "act")
        ),
        "what restores the variables": saved_model(
            TARGET, TEXT, WRITES, node("NoOp", "restore", "^act"), extra=field(3, field(3, "restore"))
        ),
        "a resource that is made": saved_model(functions=[function("f", TARGET, TEXT, WRITES)], extra=resource("_initialize")),
    },
    rule="tensorflow-file",
    severity="high",
    name="saved_model.pb",
)  # fmt: skip

FILES = several(
    "6.4",
    {
        "an asset above its folder": saved_model(extra=asset("a:0", "../../HARMLESS")),
        "an asset of the machine": saved_model(extra=asset("a:0", "/etc/HARMLESS")),
        "an asset in a collection": saved_model(
            extra=field(
                4,
                field(1, "saved_model_assets")
                + field(
                    2, field(5, field(1, field(1, "x/tensorflow.AssetFileDef") + field(2, field(2, "../HARMLESS"))))
                ),
            )
        ),
        "a Lambda in Keras' metadata": (
            metadata(old_lambda()),
            {"name": "keras_metadata.pb", "rule": "keras-lambda", "severity": "critical"},
        ),
        "a Lambda in the object graph": (
            saved_model(extra=objects(field(4, field(1, "_tf_keras_layer") + field(3, json.dumps(old_lambda()))))),
            {"rule": "keras-lambda", "severity": "critical"},
        ),
        "a pickle in a constant": (
            saved_model(const("p", tensor(asm(system(), "STOP")))),
            {"rule": "pickle-runs-code", "severity": "critical"},
        ),
    },
    rule="tensorflow-asset-path",
    severity="high",
    name="saved_model.pb",
)

PHONES = several(
    "6.5",
    {
        "an operation of TensorFlow writes": fb.model(fb.code("FlexWriteFile"), options=(fb.node("WriteFile"),)),
        "another one than the operator says": fb.model(fb.code("FlexAdd"), options=(fb.node("WriteFile"),)),
        "an operation of TensorFlow calls Python": (
            fb.model(fb.code("FlexPyFunc"), options=(fb.node("PyFunc"),)),
            {"rule": "tensorflow-python", "severity": "critical"},
        ),
        "an operator of nobody": (
            fb.model(fb.code("RunShell")),
            {"rule": "tflite-custom-operator", "severity": "medium", "verdict": "suspicious"},
        ),
        "weights elsewhere": (
            fb.model(fb.code(None, 0), s8=[fb.Table("../../HARMLESS")]),
            {"rule": "tflite-external-buffer"},
        ),
        "a pickle in the archive behind the model": (
            fb.model(fb.code(None, 0)) + archive(Part("labels.pkl", system())),
            {"rule": "pickle-runs-code", "severity": "critical"},
        ),
    },
    rule="tensorflow-file",
    severity="high",
    name="model.tflite",
) + several(
    "3.6",
    {
        "a backend of nobody": (
            fb.program(delegates=[("MineBackend", 0, 0)], inline=[bytes(64)]),
            {"rule": "executorch-delegate", "severity": "medium", "verdict": "suspicious", "name": "model.pte"},
        ),
        "an operator that ExecuTorch does not have": (
            fb.program("mine::run"),
            {"rule": "executorch-operator", "severity": "low", "verdict": "clean", "name": "model.pte"},
        ),
        "torch's mobile format writes": (fb.mobile("aten::save"), {"rule": "torchscript-file-access"}),
        "its sources write": (
            fb.mobile("aten::mul", sources=[("m.py", method("torch.save(x, 'f')"))]),
            {"rule": "torchscript-file-access"},
        ),
        "a class of native code": (
            fb.mobile("aten::mul", classes=["__torch__.torch.classes.mine.Box"]),
            {"rule": "torch-custom-operator", "severity": "medium", "verdict": "suspicious"},
        ),
    },
    severity="high",
    name="model.ptl",
)

TENSORFLOW_ATTACKS = {
    "What operations do": OPERATIONS,
    "What savers do": SAVERS,
    "Where it stands": PLACES,
    "When it happens": LOADING,
    "What lies beside the graph": FILES,
    "Models for phones": PHONES,
}
