"""The closed set of things that a format can state.

Facts say what is in a blob, rules say whether it matters. Facts are stored, so a rule made tomorrow judges what
was scanned today. Every string in a fact comes from the blob and is data: bounded here, escaped where it is shown.

`member` is the path of the part inside the blob ("" for the blob itself, "archive/data.pkl" in an archive,
"a.zip!/b.pkl" in an archive inside an archive); `offset` counts bytes in that part after decompression, or is
None where no single place says it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from scanners.anomalies import AnomalyCode

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "EXAMINED",
    "PIECE",
    "TEXT_LIMIT",
    "Anomaly",
    "AnomalyCode",
    "Call",
    "Code",
    "CodeKind",
    "Embedded",
    "Fact",
    "Mutation",
    "Opens",
    "OpensKind",
    "Reference",
    "ReferenceKind",
    "Sampled",
    "Storage",
    "Unread",
    "UnreadReason",
    "UsedAs",
    "clip",
    "clip_name",
]

PIECE = 64
"""Names, strings and calls that one fact about code holds."""
TEXT_LIMIT = 512
"""Characters kept of any one string from a blob."""

ReferenceKind = Literal[
    "pickle.global",  # a name that an unpickler imports and resolves
    "pickle.persistent",  # a persistent id, handed to the loader's own hook
    "skops.global",  # a name that skops imports
    "torch.storage",  # a tensor storage that a persistent id names
    "torch.script",  # an operator, class or method that TorchScript code asks for
    "torch.script.load",  # the same, in code that runs while the module is loaded
    "torch.export",  # what a node of a torch.export graph calls
    "torch.package",  # a module whose source is in a torch.package
    "torch.package.extern",  # a module that sources and pickles of a torch.package may take from where it is loaded
    "keras.layer",  # an object that a Keras configuration asks for: a layer, a loss, an optimizer
    "keras.function",  # a function that it names
    "keras.version",  # the release of Keras that wrote it
    "keras.yaml",  # what a tag of a model's YAML imports or calls
    "tf.op",  # an operation of a TensorFlow graph
    "tf.op.load",  # the same, in what runs while the model is loaded
    "onnx.op",  # an operator of an ONNX model, its domain as module
    "openvino.op",  # an operator of an OpenVINO model, the set that it is of as module
    "coreml.custom",  # a class of a custom layer or model of Core ML
    "coreml.op",  # a layer or an operation of a Core ML model
    "paddle.op",  # an operator of PaddlePaddle, its dialect as module
    "mxnet.op",  # an operator of MXNet
    "mxnet.custom",  # what an operator of MXNet that is written in Python is registered as
    "pmml.function",  # a function that PMML names by its class
    "tflite.custom",  # a custom operator of a TFLite model
    "executorch.op",  # an operator of an ExecuTorch program
    "executorch.delegate",  # a backend that gets a part of an ExecuTorch program
    "arrow.extension",  # a type of a column that a library makes for it
    "yaml.tag",  # what a tag of YAML imports or calls
    "config.target",  # what a configuration names to be called: `_target_` and its kin
    "config.trust",  # a configuration that agrees to code of other repositories
    "config.interpolation",  # a value that is filled in from the environment, or by code
    "transformers.kernel",  # a repository whose code a configuration has fetched for attention
    "mlx.model_file",  # a Python file that mlx-lm imports
    "sentence_transformers.module",  # a class that sentence-transformers makes a part of a model
    "diffusers.component",  # a library and a class of it, for a part of a pipeline
    "diffusers.pipeline",  # a file of the repository and a class in it, for the pipeline
    "peft.parent",  # a library that PEFT imports for an adapter
    "python.import",  # what Python source imports
    "mlflow.loader",  # a module that MLflow imports to load a model
    "serving.handler",  # code that a server of models imports, the server as module
    "serving.backend",  # a backend or library that Triton runs a model with, the key as module
    "serving.command",  # a command that runs while the image of a server is built
    "spacy.registry",  # a function that a configuration of spaCy asks a registry for, the registry as module
    "zarr.codec",  # what the chunks of an array went through
    "hlo.op",  # an operation of a StableHLO program, its dialect as module
    "hlo.call",  # what may be a function that such a program has called outside of itself
    "r.namespace",  # a package that R loads
    "r.class",  # a class of vectors that R makes while it loads
    "tool.command",  # a command that a tool of developers runs; its module says when
    "package",  # a package by its name, its installer as module
    "space.app",  # the program that a Space starts, by its kit
    "hub.repo",  # another repository of the Hub, owner and name, that source loads from
    "transformers.auto_map",  # a class in repository code that a config asks to load
]

EXAMINED = "<examined "
"""How an argument begins that is a constant of a format of its own, whose content is stated too. No other does: texts
are shown in quotes."""

CodeKind = Literal[
    "pickle",  # rebuilt by the calls that cloudpickle and dill write
    "marshal",  # in marshal data, as `marshal.loads` reads them
    "pyc",  # a compiled module
    "keras",  # in marshal data that a Lambda layer makes a function of
    "python",  # source
    "torch.package",  # source in a torch.package
    "jinja",  # a template
    "tokens",  # special tokens of a tokenizer: a number, a blank and the text each
    "module",  # Python source of a repository, by when it runs
    "r",  # calls, closures and promises of R, by when they run
]

OpensKind = Literal[
    "file.link",  # a path that is all that a text says, as git has a symbolic link
    "config.path",  # a path or an address in a configuration
    "dataset.data-file",  # data of a dataset that lies elsewhere
    "tool.setting",  # a setting of an editor, an agent or a build that gives something away
    "text.link",  # where a text for people leads
    "git.place",  # where git fetches a submodule from, or what it runs over a file
    "package.source",  # where packages are fetched from: an address, an index, a path
    "hdf5.external-storage",  # a file that holds the raw data of a dataset
    "hdf5.virtual-source",  # a file that a virtual dataset maps
    "hdf5.external-link",  # an object in another file
    "keras.file",  # a file that a layer reads while it is made
    "keras.saved-model",  # a SavedModel that a layer loads
    "tf.op",  # what an operation of a graph opens, as a constant
    "tf.op.part",  # the same, where the constant is a part of the path
    "tf.op.input",  # the same, where the path comes from whoever runs the graph
    "tf.op.computed",  # the same, where it cannot be told what the path will be
    "tf.asset",  # a file name below the assets of a SavedModel
    "tf.checkpoint",  # a checkpoint that a list of checkpoints names
    "tfjs.weights",  # a file of weights of a TensorFlow.js model
    "parquet.file",  # a file that holds columns of a Parquet table
    "json.shard",  # a file of weights that an index of them names
    "tflite.external-buffer",  # a file of weights beside a TFLite model
    "onnx.external-data",  # a file that holds tensors of an ONNX model
    "xml.external",  # what an XML document takes in: an entity, a document type, another document, a stylesheet
    "openvino.kernel",  # a file of OpenCL that is compiled
    "openvino.library",  # a library of native code
    "faiss.lists",  # a file that holds the lists of a faiss index
    "coreml.linked",  # a model that takes the place of a Core ML model
    "coreml.item",  # a file of a Core ML package
    "coreml.weights",  # a file of numbers beside a Core ML model
    "engine.file",  # what an operator of PaddlePaddle or MXNet reads or writes
    "engine.library",  # a library of native code that one names
    "onnx.context",  # a file that holds what was compiled for one processor, and is loaded into its driver
]

UsedAs = Literal["imported", "called", "instantiated", "built", "mutated", "argument", "resolved", "possible"]
"""What the blob does with a reference: `imported` and dropped or kept; `called`; `instantiated` (NEWOBJ);
`built` (state set on its instance); `mutated` (the thing itself changed); `argument` of a call;
`resolved`, found by evaluating a chain such as getattr or import_module, and never spelled in the blob;
`possible`, imported by a loader that reads the same bytes in another way (scanners/binary/pickle_readings.py)."""

UnreadReason = Literal[
    "limit",  # a limit was hit
    "encrypted",  # no key
    "codec",  # a compression that this tool does not read
    "no-reader",  # a format that this tool recognises and does not read
    "unknown",  # content that no reader recognises
    "broken",  # the format breaks off or contradicts itself here
    "cycle",  # a part that contains itself
]


def clip(text: str, limit: int = TEXT_LIMIT) -> str:
    """`text`, cut to `limit` characters, without lone surrogates, which JSON cannot carry."""
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def clip_name(name: str) -> str:
    """A dotted name cut in its middle: what it leads to in the end is at its end."""
    if len(name) > TEXT_LIMIT:
        name = f"{name[: TEXT_LIMIT // 4]}…{name[-TEXT_LIMIT // 2 :]}"
    return clip(name)


class _Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="fact", omit_defaults=True):
    """The base of all facts: where it was seen."""


class Reference(_Fact, frozen=True, tag="reference"):
    """Something that the blob asks its loader for by name."""

    kind: ReferenceKind
    module: str
    name: str
    used_as: UsedAs
    member: str = ""
    offset: int | None = None


class Call(_Fact, frozen=True, tag="call"):
    """A call that loading makes, with its arguments in outline.

    `arguments` are written as Python would show them, with constants in full up to a bound; `strings` are the
    constant strings among them, at any depth, which resolvers look names up by. `text` is the whole call
    reconstructed for people. `count` calls of this callee had this same outline.
    """

    module: str
    name: str
    opcode: str
    text: str
    arguments: tuple[str, ...] = ()
    strings: tuple[str, ...] = ()
    count: int = 1
    member: str = ""
    offset: int | None = None


class Sampled(_Fact, frozen=True, tag="sampled"):
    """A callee had more different argument lists than were kept: `kept` of them are among the facts."""

    module: str
    name: str
    kept: int
    seen: int
    member: str = ""


class Mutation(_Fact, frozen=True, tag="mutation"):
    """A thing named by a global is changed without a call: items set, appended to, or state put on it."""

    module: str
    name: str
    opcode: str
    key: str
    member: str = ""
    offset: int | None = None


class Anomaly(_Fact, frozen=True, tag="anomaly"):
    """The format is bent in a way that honest writers do not bend it."""

    code: AnomalyCode
    detail: str = ""
    member: str = ""
    offset: int | None = None


class Unread(_Fact, frozen=True, tag="unread"):
    """A part that a loader would interpret and that was not examined."""

    reason: UnreadReason
    detail: str
    member: str = ""
    offset: int | None = None


class Embedded(_Fact, frozen=True, tag="embedded"):
    """A constant that is itself a format: a pickle in a byte string, an archive in a text.

    What is inside it is stated by facts of its own, whose member ends in `!/constant@OFFSET`.
    """

    format: str
    passed_to: str
    """The callee that it is handed to, "module.name", or "" where it is only stored."""
    member: str = ""
    offset: int | None = None


class Code(_Fact, frozen=True, tag="code"):
    """A piece of Python code that the blob carries: compiled, or as source that its loader runs.

    Code that has more names or strings than fit into one fact makes several.
    """

    kind: CodeKind
    name: str
    """Of the function or class body, qualified where that is written."""
    names: tuple[str, ...] = ()
    """What the code looks up: of compiled code single names, of source dotted paths with aliases resolved."""
    strings: tuple[str, ...] = ()
    """Its constant strings."""
    digest: str = ""
    """What tells it from other code, the same for all its facts; "" where its content could not be read."""
    inert: bool = False
    """It is proven to do nothing but compute with what it is handed."""
    called: bool = False
    """Loading runs it."""
    member: str = ""
    offset: int | None = None
    calls: tuple[str, ...] = ()
    """The calls that it makes, as Python would show them and as far as that can be told; of Lambda layers. Of R their
    names."""

    def pieces(self) -> Iterator[Code]:
        """The same as several facts where it has more than `PIECE` names, strings or calls."""
        for at in range(0, max(1, len(self.names), len(self.strings), len(self.calls)), PIECE):
            part = slice(at, at + PIECE)
            yield msgspec.structs.replace(
                self, names=self.names[part], strings=self.strings[part], calls=self.calls[part]
            )


class Storage(_Fact, frozen=True, tag="storage"):
    """Raw data that has a record of its own, one fact for each distinct one.

    It is a tensor storage that a pickle asks its loader for by persistent id, or a member that skops reads as bytes.
    """

    key: str
    """The name of its record below `data/`, or of the member."""
    type: str
    """The storage class, "torch.FloatStorage", or "builtins.bytes"."""
    numel: int
    """Elements, not bytes; 0 where it is the whole member."""
    member: str = ""
    offset: int | None = None


class Opens(_Fact, frozen=True, tag="opens"):
    """A path or an address that a loader opens because the blob names it: outside of the blob, wherever it leads.

    It is kept as the blob writes it; what is longer than `TEXT_LIMIT` is cut.
    """

    kind: OpensKind
    path: str
    by: str = ""
    """What in the blob names it: a dataset, a layer, an operation."""
    writes: bool = False
    """It is written, not read."""
    member: str = ""
    offset: int | None = None


Fact = Reference | Call | Sampled | Mutation | Anomaly | Unread | Embedded | Code | Storage | Opens
