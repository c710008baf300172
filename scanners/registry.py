"""All formats and all rules, in the order in which they are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanners.formats import (
    archive,
    compressed,
    ggml,
    gguf,
    hdf5,
    json_document,
    marshal,
    media,
    mobile,
    native,
    npy,
    onnx,
    pickle_stream,
    python,
    rwkv,
    safetensors,
    sentencepiece,
    tar,
    template,
    tensorflow,
    text,
    tf_checkpoint,
    tflite,
    unread,
    yaml_document,
)
from scanners.rules import (
    archives,
    arrays,
    code_objects,
    compression,
    configurations,
    documents,
    files,
    flatbuffers,
    gguf_rules,
    hdf5_rules,
    keras,
    onnx_rules,
    pickle_calls,
    pickle_streams,
    programs,
    python_code,
    templates,
    tokenizers,
    torch_archives,
)
from scanners.rules import tensorflow as tensorflow_rules

if TYPE_CHECKING:
    from scanners.findings import Rule
    from scanners.scanner import Scanner

SCANNERS: tuple[Scanner, ...] = (
    tflite.SCANNER,
    native.SCANNER,
    archive.SCANNER,
    compressed.SCANNER,
    safetensors.SCANNER,
    gguf.SCANNER,
    ggml.SCANNER,
    tar.SCANNER,
    npy.SCANNER,
    pickle_stream.SCANNER,
    marshal.SCANNER,
    hdf5.SCANNER,
    json_document.SCANNER,
    yaml_document.SCANNER,
    template.SCANNER,
    python.SCANNER,
    tensorflow.SCANNER,
    *tf_checkpoint.SCANNERS,
    onnx.SCANNER,
    sentencepiece.SCANNER,
    rwkv.SCANNER,
    onnx.SESSIONS,
    mobile.EXECUTORCH,
    mobile.TORCH,
    media.SCANNER,
    # Only where none of those has a say. Text comes last: what is text may be a binary format all the same.
    onnx.DATA,
    unread.SCANNER,
    text.SCANNER,
)

RULES: tuple[Rule, ...] = (
    *pickle_calls.RULES,
    *pickle_streams.RULES,
    *code_objects.RULES,
    *archives.RULES,
    *compression.RULES,
    *arrays.RULES,
    *programs.RULES,
    *torch_archives.RULES,
    *documents.RULES,
    *configurations.RULES,
    *hdf5_rules.RULES,
    *flatbuffers.RULES,
    *gguf_rules.RULES,
    *keras.RULES,
    *tensorflow_rules.RULES,
    *onnx_rules.RULES,
    *tokenizers.RULES,
    *templates.RULES,
    *python_code.RULES,
    *files.RULES,
)
