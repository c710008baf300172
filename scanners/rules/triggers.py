"""When what a rule finds comes into effect, and by which call: of a rule, of a file's format, of a single finding."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, get_args

if TYPE_CHECKING:
    from scanners.findings import Finding

Trigger = Literal["load", "inference", "manual run", "build", "editor", "download"]
TRIGGERS: Final[tuple[Trigger, ...]] = get_args(Trigger)


class Reach(NamedTuple):
    """When something comes into effect, and how one gets there: a call, a command or an act."""

    trigger: Trigger
    call: str


_PICKLES: Final = (
    ("torch", "torch.load(weights_only=False)"),
    ("joblib", "joblib.load"),
    ("npy", "numpy.load(allow_pickle=True)"),
    ("keras", "keras.models.load_model(safe_mode=False)"),
    ("zip", "numpy.load(allow_pickle=True), torch.load(weights_only=False)"),
    ("arrow", "pyarrow.ipc.open_file"),
    ("parquet", "pandas.read_parquet"),
    ("", "pickle.load"),
)
"""What unpickles a file, by the beginning of its format."""

_REMOTE: Final = "from_pretrained(trust_remote_code=True)"
_WHEN: Final[dict[str, Reach]] = {
    "import": Reach("load", _REMOTE),
    "load": Reach("load", _REMOTE),
    "main": Reach("manual run", "python FILE"),
    "call": Reach("inference", "calling what the module defines"),
}
"""By the moment at which Python source does something."""

_ACTS: Final[dict[Trigger, str]] = {
    "inference": "using what was loaded",
    "manual run": "running the file",
    "build": "docker build, make, pip install",
    "editor": "opening the folder in an editor or with an agent",
}
"""Of a finding that says itself when."""

_RULES: Final[tuple[tuple[str, Reach], ...]] = (
    ("arrow-", Reach("load", "pyarrow.ipc.open_file")),
    ("agent-", Reach("editor", "working in the folder with an agent")),
    ("archive-|zip-|tar-|compressed-", Reach("load", "whatever unpacks it, its loader among them")),
    ("config-auto-map|config-code-missing", Reach("load", _REMOTE)),
    ("config-model-file", Reach("load", "mlx_lm.load")),
    ("config-module", Reach("load", "SentenceTransformer(FOLDER)")),
    ("config-library", Reach("load", "DiffusionPipeline.from_pretrained")),
    ("config-parent-library", Reach("load", "AutoPeftModel.from_pretrained")),
    ("config-target", Reach("load", "hydra.utils.instantiate, caffe.Net, cntk.load_model")),
    ("config-interpolation", Reach("load", "OmegaConf.resolve")),
    ("config-|weights-index-", Reach("load", "from_pretrained")),
    ("bytecode-", Reach("load", _REMOTE)),
    ("coreml-", Reach("load", "coremltools.models.MLModel")),
    ("engine-", Reach("inference", "the engine that runs the graph")),
    ("dataset-", Reach("load", "datasets.load_dataset")),
    ("executorch-|torch-mobile-", Reach("load", "the program that is built for it")),
    ("faiss-", Reach("load", "faiss.read_index")),
    ("file-wrong-hash", Reach("download", "any download through the same way")),
    ("file-link|file-other-lfs-pointer", Reach("download", "git clone")),
    ("file-submodule", Reach("download", "git clone --recurse-submodules")),
    ("file-", Reach("load", "whatever takes it for what its name says")),
    ("flatbuffer-|tflite-", Reach("load", "tf.lite.Interpreter")),
    ("gguf-", Reach("load", "llama.cpp")),
    ("git-", Reach("download", "git clone --recurse-submodules")),
    ("hdf5-", Reach("load", "h5py.File, keras.models.load_model")),
    ("hlo-", Reach("inference", "jax.export.deserialize, and calling what it gives")),
    ("hub-repo-", Reach("load", "from_pretrained, of the name in the file")),
    ("joblib-", Reach("load", "joblib.load")),
    ("json-", Reach("load", "any reader of JSON")),
    ("keras-", Reach("load", "keras.models.load_model")),
    ("llamafile-", Reach("manual run", "running the llamafile")),
    ("mlflow-", Reach("load", "mlflow.pyfunc.load_model")),
    ("model-", Reach("load", "the library of its format")),
    ("msgpack-", Reach("load", "flax.serialization.msgpack_restore")),
    ("name-python-runs", Reach("manual run", "python, in this folder")),
    ("name-", Reach("download", "git clone, snapshot_download, opening it by hand")),
    ("native-", Reach("load", "ctypes.CDLL, torch.ops.load_library, running it")),
    ("notebook-", Reach("editor", "opening it in Jupyter")),
    ("npy-object", Reach("load", "numpy.load(allow_pickle=True)")),
    ("npy-", Reach("load", "numpy.load")),
    ("onnx-custom-|onnx-python|onnx-shadowed-", Reach("inference", "onnxruntime.InferenceSession.run")),
    ("onnx-", Reach("load", "onnxruntime.InferenceSession")),
    ("openvino-|pmml-|xml-", Reach("load", "whatever parses it")),
    ("package-", Reach("build", "pip install, docker build")),
    ("parquet-", Reach("load", "pyarrow.dataset")),
    ("pickle-|python-bytecode", Reach("load", "pickle.load")),
    ("pdf-", Reach("manual run", "opening it in a viewer")),
    ("python-path-file", Reach("manual run", "python, where it is installed")),
    ("python-", Reach("load", _REMOTE)),
    ("r-", Reach("load", "readRDS, load")),
    ("readme-|text-", Reach("manual run", "doing what the text says")),
    ("safetensors-", Reach("load", "safetensors.safe_open")),
    ("secret-", Reach("download", "reading the repository")),
    ("serving-", Reach("load", "the server that it is deployed to")),
    ("shell-", Reach("manual run", "sh FILE")),
    ("skops-", Reach("load", "skops.io.load")),
    ("space-", Reach("manual run", "python FILE, which the Hub does when the Space starts")),
    ("spacy-", Reach("load", "spacy.load")),
    ("template-", Reach("inference", "apply_chat_template")),
    ("tensorflow-asset-|tensorflow-checkpoint-", Reach("load", "tf.saved_model.load")),
    ("tensorflow-", Reach("inference", "the functions of tf.saved_model.load")),
    ("tensorrt-", Reach("load", "trt.Runtime.deserialize_cuda_engine")),
    ("tfjs-", Reach("load", "tf.loadLayersModel, tf.loadGraphModel")),
    ("tokenizer-", Reach("inference", "AutoTokenizer.from_pretrained, and each call of it")),
    ("tool-", Reach("editor", "opening the folder in an editor or with an agent")),
    ("torch-aotinductor", Reach("load", "torch._inductor.aoti_load_package")),
    ("torch-export-|torch-payload-", Reach("load", "torch.export.load")),
    ("torch-package", Reach("load", "torch.package.PackageImporter")),
    ("torch-custom-operator|torchscript-", Reach("load", "torch.jit.load")),
    ("torch-", Reach("load", "torch.load")),
    ("torch7-", Reach("load", "torch.load of Lua, torchfile.load")),
    ("yaml-tag", Reach("load", "yaml.unsafe_load")),
    ("yaml-", Reach("load", "yaml.safe_load")),
    ("zarr-", Reach("load", "zarr.open")),
)
"""By the beginning of a rule's id; the first that fits holds."""


def of_rule(rule_id: str) -> Reach:
    """When and how what a rule finds comes into effect, of files in general."""
    fitting = (reach for starts, reach in _RULES if any(map(rule_id.startswith, starts.split("|"))))
    return next(fitting, Reach("load", ""))


def of_finding(finding: Finding, format: str) -> Reach:  # noqa: A002 - its name everywhere
    """The same of one finding, in a file of that format; a trigger that its rule tells goes before."""
    reach = _WHEN.get(str(finding.evidence.get("when"))) or of_rule(finding.rule)
    if finding.rule.startswith(("pickle-", "python-bytecode")):
        call = next(call for starts, call in _PICKLES if format.startswith(starts))
        reach = Reach("load", call)
    told, by = finding.evidence.get("trigger"), finding.evidence.get("reach")
    for trigger in TRIGGERS:
        if trigger == told != reach.trigger:
            reach = Reach(trigger, _ACTS.get(trigger, reach.call))
    return reach if by is None else Reach(reach.trigger, str(by))


_SHARD: Final = re.compile(r"-\d{5}-of-\d{5}$")
_STEMS: Final = {
    "pytorch_model": "model",
    "tf_model": "model",
    "flax_model": "model",
    "diffusion_flax_model": "diffusion_pytorch_model",
}


def siblings(path: str) -> tuple[str, ...]:
    """The safetensors files, one of which loaders take instead of weights at this path, where it is there."""
    folder, slash, name = path.rpartition("/")
    stem, _, end = name.rpartition(".")
    if end not in {"bin", "pt", "pth", "ckpt", "h5", "msgpack", "pkl"}:
        return ()
    whole = _SHARD.sub("", stem)
    other = _STEMS.get(whole, whole)
    return tuple(f"{folder}{slash}{other}{tail}" for tail in (".safetensors", ".safetensors.index.json"))
