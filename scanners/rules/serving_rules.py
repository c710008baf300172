"""Servers of models and what is made by name: code, commands, backends, codecs (threats.md 7.10, 7.12 and 7.13)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.findings import Rule
from scanners.rules.case import together
from scanners.rules.python_code import FETCHES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scanners.facts import Reference, ReferenceKind
    from scanners.findings import Finding, Severity
    from scanners.rules.case import Case

_READ: Final = "Read that code, pin the commit that you read, and let the server run without secrets."

LOADER: Final = Rule(
    "mlflow-loader",
    "high",
    "The model is loaded by a module that is not MLflow's",
    "`mlflow.pyfunc.load_model` imports what `loader_module` names, with the folder of the model's own code in front of"
    " all others, and calls it.",
    _READ,
    ("https://mlflow.org/docs/latest/ml/model/", "https://nvd.nist.gov/vuln/detail/CVE-2024-37054"),
)
HANDLER: Final = Rule(
    "serving-handler",
    "medium",
    "The model brings code that its server runs",
    "A server imports it as soon as the model is deployed, whatever the weights are: an inference endpoint with a"
    " `handler.py`, TorchServe, Cog, BentoML, MLflow.",
    _READ,
    (
        "https://huggingface.co/docs/inference-endpoints/guides/custom_handler",
        "https://docs.pytorch.org/serve/custom_service.html",
        "https://nvd.nist.gov/vuln/detail/CVE-2023-43654",
    ),
)
BACKEND: Final = Rule(
    "serving-backend",
    "medium",
    "The model asks Triton for a backend that runs code of its own",
    "The Python backend runs `model.py` of the model's folder; a backend or a library that Triton does not bring is"
    " native code, which may lie there too.",
    _READ,
    (
        "https://github.com/triton-inference-server/python_backend",
        "https://nvd.nist.gov/vuln/detail/CVE-2025-23319",
    ),
)
COMMAND: Final = Rule(
    "serving-command",
    "low",
    "A command runs while the server's image is built",
    "It runs on the machine of whoever builds the image, with the network at hand.",
    _READ,
    ("https://cog.run/yaml/#run",),
)
CODEC: Final = Rule(
    "zarr-codec",
    "medium",
    "The chunks of the array need a codec that is none of the usual ones",
    "Zarr asks a registry for it, where every installed package may put one. The `pickle` filter unpickles each chunk.",
    "Do not open it; ask for the array with numeric types and usual codecs.",
    ("https://numcodecs.readthedocs.io/en/stable/pickles.html", "https://zarr-specs.readthedocs.io/"),
)
REGISTRY: Final = Rule(
    "spacy-registry",
    "low",
    "The pipeline is made of functions that spaCy itself does not have",
    "spaCy asks its registries for them: an installed package, or a file that `--code` names, has to bring them.",
    "Find out which package it is, and whether you trust it.",
    ("https://spacy.io/api/top-level#registry",),
)
WHEEL: Final = Rule(
    "package-wheel",
    "low",
    "The file is a package of Python that brings a model",
    "Its modules run when they are imported, its entry points as soon as spaCy looks for plugins, and its `.pth` files"
    " whenever Python starts.",
    "Install it where that does no harm, or take the weights out of it.",
    ("https://packaging.python.org/en/latest/specifications/binary-distribution-format/",),
)

RULES: Final[tuple[Rule, ...]] = (LOADER, HANDLER, BACKEND, COMMAND, CODEC, REGISTRY, WHEEL)

_HANDLERS: Final = frozenset(
    "image_classifier text_classifier object_detector image_segmenter densenet_handler request_envelope".split()
)
"""Handlers that TorchServe brings."""
_FILES: Final = {"EndpointHandler": "handler.py", "PreTrainedPipeline": "pipeline.py", "model_fn": "inference.py"}
"""The file in which the Hub's servers and SageMaker look for what has this name."""
_BACKENDS: Final = frozenset(
    "tensorrt tensorrt_plan tensorflow tensorflow_graphdef tensorflow_savedmodel onnxruntime onnxruntime_onnx pytorch"
    " pytorch_libtorch openvino openvino_nvidia dali fil vllm tensorrtllm ensemble identity square repeat caffe2_netdef"
    " hugectr hps paddlepaddle".split()
)
_CODECS: Final = frozenset(
    "blosc zlib gzip bz2 lzma lz4 zstd delta fixedscaleoffset quantize packbits categorize astype bitround shuffle"
    " crc32 crc32c adler32 fletcher32 jenkins_lookup3 vlen-utf8 vlen-bytes vlen-array json json2 msgpack msgpack2"
    " base64 zfpy pcodec bytes transpose sharding_indexed endian n5_wrapper".split()
)
_UNPICKLES: Final = "pickle"
_SPACY: Final = re.compile(r"(?:spacy(?:[-_]\w+)*|thinc|srsly)\.[\w.-]+|\w+\.v[0-9]+")
_FACTORIES: Final = frozenset(
    "tok2vec tagger parser ner morphologizer lemmatizer trainable_lemmatizer attribute_ruler entity_ruler span_ruler"
    " entity_linker textcat textcat_multilabel spancat spancat_singlelabel span_finder senter sentencizer transformer"
    " curated_transformer merge_entities merge_noun_chunks merge_subtokens token_splitter doc_cleaner beam_ner"
    " beam_parser future_entity_ruler llm experimental_coref experimental_edit_tree_lemmatizer".split()
)


def _loader(case: Case, reference: Reference) -> Severity | None:
    path = f"{reference.module}.{reference.name}"
    if path.strip(".").partition(".")[0] == "mlflow":
        return None
    return "critical" if case.policy.decide(reference.module, reference.name).kind == "deny" else "high"


def _handler(case: Case, reference: Reference) -> Severity | None:
    if reference.module == "huggingface":
        # Any file may have such a class; the one of this name is looked for.
        return "medium" if re.split(r"[\\/]", case.path)[-1] == _FILES.get(reference.name) else None
    return None if reference.name.removesuffix(".py") in _HANDLERS else "medium"


def _backend(_: Case, reference: Reference) -> Severity | None:
    if reference.module == "op_library_filename" or re.search(r"\.(?:so|dll|dylib)\b", reference.name):
        return "high"
    return None if reference.name in _BACKENDS or not reference.name else "medium"


def _command(_: Case, reference: Reference) -> Severity | None:
    return "high" if FETCHES.search(reference.name) else "low"


def _codec(_: Case, reference: Reference) -> Severity | None:
    name = reference.name.removeprefix("numcodecs.")
    return (
        "critical" if name == _UNPICKLES else None if name in _CODECS or name.startswith("imagecodecs_") else "medium"
    )


def _registry(_: Case, reference: Reference) -> Severity | None:
    known = reference.name in _FACTORIES if reference.module == "factories" else _SPACY.fullmatch(reference.name)
    return None if known else "low"


_JUDGES: Final[dict[ReferenceKind, tuple[Rule, Callable[[Case, Reference], Severity | None]]]] = {
    "mlflow.loader": (LOADER, _loader),
    "serving.handler": (HANDLER, _handler),
    "serving.backend": (BACKEND, _backend),
    "serving.command": (COMMAND, _command),
    "zarr.codec": (CODEC, _codec),
    "spacy.registry": (REGISTRY, _registry),
}


def judge(case: Case) -> Iterator[Finding]:
    """Findings about servers and registries: one for each rule, part and weight."""
    if case.path.lower().endswith(".whl") and case.format == "zip":
        yield WHEEL.at(WHEEL.title)
    yield from together(
        (rule, severity, reference.member, _shown(reference))
        for reference in case.references
        if reference.kind in _JUDGES
        for rule, weigh in [_JUDGES[reference.kind]]
        if (severity := weigh(case, reference)) is not None
    )


def _shown(reference: Reference) -> str:
    if reference.kind == "mlflow.loader":
        return ".".join(part for part in (reference.module, reference.name) if part)
    return reference.name
