"""The ways in which a format can be bent, each by the code under which it is stored."""

from __future__ import annotations

from typing import Literal

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
    "zip.escape",  # it leads out of the archive
    # 7z and RAR archives (threats.md 11)
    "archive.name",  # a member name that leaves the archive, or that readers split differently
    "archive.encrypted",  # a member, or the names of all
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
    "compressed.name",  # the header names a file of another kind
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
    # TensorRT (threats.md 7.4)
    "tensorrt.engine",  # what was compiled for one graphics card
    "tensorrt.native",  # a program for the machine inside of it
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
    "file.beside",  # bytes that the layout of a picture, a sound, a film, a font or a table does not lead to
    # other models (threats.md 7.8 to 7.13)
    "model.bounds",  # a count or a length that leads out of the file, or a value that no writer writes
    "model.trailing",  # bytes behind the end
    "model.path",  # a path of the machine that it was made on
    "model.command",  # a text that is a command, or a call that reaches programs
    "msgpack.extension",  # a type that no library of models has
    "torch7.function",  # bytecode of Lua
    # texts for people and for agents (threats.md 9.7, 9.9)
    "text.order",  # words that an agent would obey
    "text.hidden",  # letters that cannot be seen
    "text.script",  # markup that a browser would run
    "text.password",  # the password of an archive
    "text.verify",  # a request to paste something into a terminal
    "text.secret",  # a key or a password, shortened, behind its kind
    "text.antivirus",  # a request to turn a virus scanner off
    # what tools of developers run
    "python.path-file",  # a line of a path file that every Python runs as it starts
    # the file itself
    "file.lfs-pointer",  # a Git LFS pointer instead of the content
    "file.script",  # a script or a link that runs when its file is opened
    "file.macros",  # a document that runs macros, or carries files that it opens
    "pdf.script",  # a PDF document that runs scripts
    "pdf.launch",  # one that starts a program
    "llamafile.argument",  # an argument of a llamafile that reaches out
    "file.native-code",  # machine code, or code of a virtual machine
    "file.flood",  # more different names than any honest file has
    "file.polyglot",  # several grammars accept the same bytes
]
