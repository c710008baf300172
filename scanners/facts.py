"""The closed set of things that a format can state.

Facts say what is in a blob, rules say whether it matters. Facts are stored, so a rule made tomorrow judges what
was scanned today. Every string in a fact comes from the blob and is data: bounded here, escaped where it is shown.

`member` is the path of the part inside the blob ("" for the blob itself, "archive/data.pkl" in an archive,
"a.zip!/b.pkl" in an archive inside an archive); `offset` counts bytes in that part after decompression, or is
None where no single place says it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

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
    "pmml.function",  # a function that PMML names by its class
    "tflite.custom",  # a custom operator of a TFLite model
    "executorch.op",  # an operator of an ExecuTorch program
    "executorch.delegate",  # a backend that gets a part of an ExecuTorch program
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
    "module",  # Python source of a repository, by when it runs
]

OpensKind = Literal[
    "config.path",  # a path or an address in a configuration
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
    "json.shard",  # a file of weights that an index of them names
    "tflite.external-buffer",  # a file of weights beside a TFLite model
    "onnx.external-data",  # a file that holds tensors of an ONNX model
    "xml.external",  # what an XML document takes in: an entity, a document type, another document, a stylesheet
    "openvino.kernel",  # a file of OpenCL that is compiled
    "openvino.library",  # a library of native code
    "onnx.context",  # a file that holds what was compiled for one processor, and is loaded into its driver
]

UsedAs = Literal["imported", "called", "instantiated", "built", "mutated", "argument", "resolved", "possible"]
"""What the blob does with a reference: `imported` and dropped or kept; `called`; `instantiated` (NEWOBJ);
`built` (state set on its instance); `mutated` (the thing itself changed); `argument` of a call;
`resolved`, found by evaluating a chain such as getattr or import_module, and never spelled in the blob;
`possible`, imported by a loader that reads the same bytes in another way (scanners/binary/pickle_readings.py)."""

AnomalyCode = Literal[
    # pickle streams (threats.md 2)
    "pickle.broken",  # the stream stops before its STOP
    "pickle.dynamic-global",  # a global whose name is computed
    "pickle.extension",  # EXT1, EXT2, EXT4
    "pickle.frame",  # an opcode or its argument crosses the end of a frame
    "pickle.protocol",  # PROTO above 5
    "pickle.trailing",  # bytes after STOP that are no pickle
    "pickle.bomb",  # a value that grows beyond reason
    "pickle.out-of-band",  # NEXT_BUFFER
    # zip archives (threats.md 3.2)
    "zip.duplicate",  # two members with one name, letter case folded
    "zip.local-mismatch",  # local header and directory name the member differently
    "zip.hidden",  # a local header that the directory does not list
    "zip.gap",  # bytes that belong to no member and no header
    "zip.trailing",  # bytes after the end record
    "zip.leading",  # bytes before the first header
    "zip.encrypted",  # the directory says that a member is encrypted
    "zip.encrypted-local",  # only the local header says so
    "zip.sizes",  # sizes, offsets or records that disagree
    "zip.overlap",  # two members share bytes
    "zip.several-ends",  # more than one end record
    "zip.name",  # a member name that leaves the archive, or that readers split differently
    "zip.crc",  # the checksum does not fit the data
    "zip.symlink",  # a member is a symbolic link
    # tar archives (threats.md 11)
    "tar.name",  # a member name that is no plain path inside the archive
    "tar.escape",  # a link, or a member written through one, that leaves the archive
    "tar.through",  # a member written through an earlier link
    "tar.device",  # a device or a named pipe
    "tar.setuid",  # a file that runs as its owner
    "tar.duplicate",  # two members with one name
    "tar.case",  # two members with one name in different letter case
    "tar.sizes",  # readers find members at different places
    "tar.checksum",  # no header where one should be
    "tar.hidden",  # a member behind the end of the archive, or behind what is no header
    "tar.trailing",  # bytes behind the end that are no member
    "tar.padding",  # something in what fills a block
    "tar.sparse",  # a small member that unpacks to an enormous file
    # compressed files
    "compressed.trailing",  # bytes behind the last stream
    "compressed.checksum",  # a checksum does not fit the content
    "compressed.skipped",  # a header field or frame that decompressors step over
    # torch archives (threats.md 3.1)
    "torch.case",  # data.pkl or version in other letter case
    "torch.prefixes",  # more than one top-level folder
    "torch.storage-size",  # a storage is not as long as its reference says
    "torch.storage-orphan",  # a storage that no reference names
    "torch.storage-compressed",  # a compressed storage
    "torch.expression",  # a formula of a torch.export graph that is more than arithmetic
    "torch.native",  # code that AOTInductor compiled
    "torch.path",  # a payload's file name that leaves its folder
    # safetensors (threats.md 8.4)
    "safetensors.length",  # header length out of bounds
    "safetensors.json",  # header is not the JSON that the format asks for
    "safetensors.duplicate-key",  # the same key twice in one object
    "safetensors.offsets",  # tensors overlap, leave holes or do not match their shape
    "safetensors.tail",  # bytes after the last tensor
    "safetensors.metadata",  # __metadata__ holds something other than short strings
    # GGUF and the formats before it (threats.md 8.1)
    "gguf.bounds",  # a count, a length, a type or a shape that no writer writes
    "gguf.overflow",  # one that is close to what an integer holds
    "gguf.offsets",  # tensors overlap, leave holes or do not stand at their alignment
    "gguf.duplicate",  # the same key or tensor twice
    "gguf.trailing",  # bytes behind the last tensor
    "gguf.link",  # an address in the metadata that is not of a known host
    # ONNX (threats.md 7.1)
    "onnx.external-key",  # a key in the place of an external tensor that the format does not have, or has once
    "onnx.external-bounds",  # a place of an external tensor that no file has
    "onnx.tensor-size",  # a tensor whose data is not as long as its shape says
    "onnx.shadow",  # a function that has the place of a standard operator
    "onnx.bomb",  # a small model that grows beyond reason
    "onnx.metadata",  # a text about the model that is code
    # XML (threats.md 7.2, 7.5)
    "xml.entity",  # an entity that holds markup or other entities, or is long
    "xml.constants",  # entities that are short texts
    "xml.doctype",  # a document type in a model
    "xml.stylesheet",  # elements that a stylesheet's processor runs
    "xml.script",  # what a browser runs
    "xml.object",  # a class or a namespace of code
    "pmml.script",  # an extension that holds code
    "openvino.bounds",  # a constant whose place is none, or that is not as long as its shape says
    # FlatBuffers (threats.md 6.5)
    "flatbuffer.bounds",  # an offset or a length that leads out of the file
    "flatbuffer.gap",  # bytes that nothing in the file leads to
    # NumPy arrays (threats.md 5.1, 5.2)
    "npy.header",  # the header is not the literal that NumPy writes
    "npy.shape",  # more elements than there are bytes for
    "npy.trailing",  # bytes behind the array
    "npy.object",  # a pickle in the place of the elements
    "joblib.array",  # an array between opcodes whose end cannot be told
    "joblib.external-file",  # an array that is loaded from another file
    # HDF5 (threats.md 6.1)
    "hdf5.shape",  # a dataset that is many times as large as its file
    "hdf5.filter",  # a filter that is neither of the library nor registered
    "hdf5.soft-link",  # a name that stands for a path, in what Keras wrote
    "hdf5.user-block",  # bytes before the superblock
    "hdf5.trailing",  # bytes behind the end that the superblock tells
    "hdf5.gap",  # a file in space that nothing leads to
    # JSON and text
    "skops.mismatch",  # a node shows one name and uses another
    "json.duplicate-key",  # the same key twice in one object
    "json.broken",  # not JSON, in a file that says it is
    # templates (threats.md 8.2, 8.3)
    "template.dynamic",  # an attribute by a name that is computed
    "template.include",  # another template is taken in
    "template.bomb",  # a loop or a value beyond reason
    "template.trigger",  # what it says depends on words in a message
    # tokenizers (threats.md 8.6)
    "tokenizer.rewrites",  # a step that puts words into texts
    "tokenizer.added-text",  # a token that is a sentence, an address, or is not seen
    "tokenizer.ids",  # two words with one number
    # Keras configurations
    "notebook.script",  # an output that a browser runs
    "yaml.bomb",  # aliases of aliases
    "keras.duplicate",  # an object says twice what it is
    # pictures, sound, film and fonts (threats.md 10)
    "media.beside",  # bytes that are no part of the picture, sound, film or font
    # the file itself
    "file.lfs-pointer",  # a Git LFS pointer instead of the content
    "file.native-code",  # machine code, or code of a virtual machine
    "file.flood",  # more different names than any honest file has
    "file.polyglot",  # several grammars accept the same bytes
]

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
    """The calls that it makes, as Python would show them and as far as that can be told; of Lambda layers."""


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
