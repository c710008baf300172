"""TFLite models, ExecuTorch programs, and what is wrong with FlatBuffers (threats.md 3.6 and 6.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanners.findings import Rule
from scanners.rules.case import bent, opening, together, worse_away

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.facts import AnomalyCode, Reference
    from scanners.findings import Finding, Severity
    from scanners.rules.case import Case

_TFLITE: Final = "https://ai.google.dev/edge/litert/models/ops_custom"
_SCHEMA: Final = "https://github.com/tensorflow/tensorflow/blob/master/tensorflow/lite/schema/schema.fbs"
_PTE: Final = "https://docs.pytorch.org/executorch/stable/pte-file-format.html"
_FIND: Final = "Find out which library it is, and whether you trust it."

CUSTOM: Final = Rule(
    "tflite-custom-operator",
    "medium",
    "The model asks for an operator that TFLite does not have",
    "It has to come from native code that the program registers first.",
    _FIND,
    (_TFLITE,),
)
EXTERNAL: Final = Rule(
    "tflite-external-buffer",
    "medium",
    "The model's weights lie in other files",
    "The file that a group of external buffers names is opened when the model is loaded.",
    "Check that the path stays beside the model, and audit that file too.",
    (_SCHEMA,),
)
BOUNDS: Final = Rule(
    "flatbuffer-bounds",
    "medium",
    "An offset in the file leads out of it",
    "Loaders in C++ follow offsets, most without looking whether they stay inside the file: dozens of advisories on"
    " malformed TFLite models begin so.",
    "Do not load it; ask the publisher for a sound file.",
    ("https://cwe.mitre.org/data/definitions/125.html", _SCHEMA),
)
GAP: Final = Rule(
    "flatbuffer-gap",
    "low",
    "There are bytes in the file that nothing in it leads to",
    "Writers of FlatBuffers leave none but zeros. It is a place to keep something that a second step picks up.",
    "Look at what it is.",
    ("https://flatbuffers.dev/internals/",),
)
DELEGATE: Final = Rule(
    "executorch-delegate",
    "low",
    "A part of the program is for a backend of its own",
    "A delegate gets a program in its own format, often for a processor of its own, that nobody else can read.",
    _FIND,
    (_PTE,),
)
OPERATOR: Final = Rule(
    "executorch-operator",
    "low",
    "The program asks for an operator that ExecuTorch does not have",
    "It has to come from native code that is linked to whoever runs the program.",
    _FIND,
    (_PTE,),
)

RULES: Final[tuple[Rule, ...]] = (CUSTOM, EXTERNAL, BOUNDS, GAP, DELEGATE, OPERATOR)
ANOMALIES: Final[dict[AnomalyCode, Rule]] = {"flatbuffer.bounds": BOUNDS, "flatbuffer.gap": GAP}

_CUSTOM_KNOWN: Final = frozenset(
    "TFLite_Detection_PostProcess Convolution2DTransposeBias MaxPoolWithArgmax MaxPoolingWithArgmax2D MaxUnpooling2D"
    " TransformLandmarks TransformTensorBilinear Landmarks2TransformMatrix edgetpu-custom-op AudioSpectrogram Mfcc"
    " NumericVerify RandomStandardNormal RandomUniform Multinomial".split()
)
"""Custom operators of TFLite itself, of MediaPipe and of the Edge TPU's compiler."""
_DELEGATES: Final = frozenset(
    "XnnpackBackend CoreMLBackend QnnBackend MPSBackend VulkanBackend EthosUBackend NeuropilotBackend OpenvinoBackend"
    " CadenceBackend EnnBackend NXPBackend ArmBackend TOSABackend MetalBackend CudaBackend AotiBackend".split()
)
_NAMESPACES: Final = frozenset(
    "aten et executorch_prim quantized_decomposed dim_order_ops llama prim custom torchao cadence cortex_m"
    " quantized _quantized".split()
)


def _weight(fact: Reference) -> tuple[Rule, Severity | None] | None:
    """Which rule speaks of a reference, and how loudly."""
    match fact.kind:
        case "tflite.custom" if fact.name not in _CUSTOM_KNOWN:
            return CUSTOM, None
        case "executorch.delegate":
            return DELEGATE, None if fact.name in _DELEGATES else "medium"
        case "executorch.op" if fact.module not in _NAMESPACES:
            return OPERATOR, None
        case _:
            return None


def judge(case: Case) -> Iterator[Finding]:
    """Findings about the operators of models that are FlatBuffers, and about their layout."""
    yield from bent(case, ANOMALIES)
    yield from together(
        (*judged, reference.member, _name(reference)) for reference in case.references if (judged := _weight(reference))
    )
    yield from opening(case, {"tflite.external-buffer": EXTERNAL}, worse_away)


def _name(reference: Reference) -> str:
    if reference.kind == "executorch.op":
        return f"{reference.module}::{reference.name}"
    return reference.name or "one without a name"
