"""TensorFlow's graphs: what their operations run, open and reach (threats.md 6.4)."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from scanners.binary.tf_paths import SAVERS
from scanners.findings import Rule
from scanners.rules.case import leads_away, listed, opening
from scanners.rules.tensorflow_ops import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.facts import Opens
    from scanners.findings import Finding, Severity
    from scanners.rules.case import Case

_SECURITY: Final = "https://github.com/tensorflow/tensorflow/blob/master/SECURITY.md"
_RAW_OPS: Final = "https://www.tensorflow.org/api_docs/python/tf/raw_ops"
_ASK: Final = (
    "Do not run it; ask the publisher for weights alone (safetensors) and build the graph from code you trust."
)


def _rule(name: str, severity: Severity, title: str, why: str, *references: str) -> Rule:
    return Rule(f"tensorflow-{name}", severity, title, why, _ASK, (*references, _SECURITY))


PYTHON: Final = _rule(
    "python",
    "critical",
    "The graph calls Python",
    "The operation runs a Python function that the program registered under a number which the graph gives, with"
    " arguments of the graph's choice. An honest export has none: such functions are not saved with a model.",
    _RAW_OPS,
)
NATIVE: Final = _rule(
    "native",
    "high",
    "The graph calls machine code by its name",
    "The operation looks a function up among all that the process has registered for compiled code, and calls it.",
    _RAW_OPS,
)
FILE: Final = _rule(
    "file",
    "high",
    "The graph opens a file or an address",
    "Operations of TensorFlow read and write files with the rights of whoever runs the graph, on every file system that"
    " TensorFlow knows (local, gs://, s3://, hdfs://). What is read can leave as a prediction; what is written stays.",
    _RAW_OPS,
)
NETWORK: Final = _rule(
    "network",
    "high",
    "The graph talks to other machines",
    "The operation connects to a service, serves one, or exchanges tensors with another process.",
    _RAW_OPS,
)
SYSTEM: Final = _rule(
    "file-system",
    "high",
    "The graph configures a file system or reads and writes through one that it chooses",
    "The operation changes how TensorFlow reaches files, or is a reader or writer whose path arrives by another way.",
    _RAW_OPS,
)
LOGS: Final = _rule(
    "writes-logs",
    "medium",
    "The graph writes summaries to files",
    "Writers of summaries create folders and files wherever they are told. They belong to training, not to a model that"
    " is given away.",
    _RAW_OPS,
)
WRITTEN: Final = _rule(
    "written-graph",
    "medium",
    "The graph runs another graph that it holds as a text",
    "What the text holds is judged as well, where it is a constant. Where it is computed, nobody can"
    " tell what will run.",
    _RAW_OPS,
)
PRINT: Final = _rule(
    "prints",
    "low",
    "The graph prints",
    "It writes tensors to the standard error of whoever runs it.",
    _RAW_OPS,
)
UNKNOWN: Final = _rule(
    "unknown-op",
    "medium",
    "The graph asks for operations that TensorFlow does not have",
    "They come from a library of machine code that has to be loaded beside the model; what they do, the graph does not"
    " say.",
    "https://www.tensorflow.org/guide/create_op",
)
ASSET: Final = _rule(
    "asset-path",
    "high",
    "An asset of the model lies outside of its folder",
    "TensorFlow joins the name to the folder of the assets, so a path that leads upwards or is absolute opens any file"
    " of the machine.",
    "https://cwe.mitre.org/data/definitions/22.html",
)
CHECKPOINT: Final = Rule(
    "tensorflow-checkpoint-path",
    "low",
    "A list of checkpoints names one outside of its folder",
    "Training tools write absolute paths into it; whoever restores the newest checkpoint opens what stands there.",
    "Name the checkpoint itself when you restore it.",
    ("https://www.tensorflow.org/api_docs/python/tf/train/latest_checkpoint",),
)
WEIGHTS: Final = Rule(
    "tfjs-weights-path",
    "high",
    "A TensorFlow.js model takes its weights from elsewhere",
    "The loader joins the path to the place that the model came from and fetches it: an address, an absolute path or"
    " one that leads upwards makes it fetch something else.",
    "Do not load it; ask the publisher for weights that lie beside the model.",
    ("https://github.com/tensorflow/tfjs/blob/master/tfjs-core/src/io/types.ts",),
)
RULES: Final = (
    PYTHON, NATIVE, FILE, NETWORK, SYSTEM, LOGS, WRITTEN, PRINT, UNKNOWN, ASSET, CHECKPOINT, WEIGHTS,
)  # fmt: skip

_CODECS: Final = "Decode|Encode|DrawBoundingBoxes|Audio(?:Decode|Encode|Resample)"
"""What tensorflow-io computes; all else that it has reads files and services."""
_OPERATIONS: Final[tuple[tuple[Rule, re.Pattern[str]], ...]] = tuple(
    (rule, re.compile(pattern, re.ASCII))
    for rule, pattern in (
        (PYTHON, r"\w*PyFunc\w*"),
        (NATIVE, r"XlaCustomCall\w*|CustomCall|RemoteFusedGraphExecute"),
        (NETWORK, r"Rpc\w+|RemoteCall|_?(?:Host)?(?:Send|Recv)|_Nccl\w+|Collective\w+|DataServiceDataset\w*"),
        (NETWORK, r"RegisterDataset\w*|DistributedSave|GenerateBigQuery\w*|(?:Cloud)?Bigtable\w+|Kafka\w+|PubSub\w+"),
        (SYSTEM, r"FileSystemSetConfiguration|(?:TextLine|WholeFile|TFRecord|FixedLengthRecord|LMDB)Reader(?:V2)?"),
        (SYSTEM, rf"IO>(?!{_CODECS})\w+"),
        (LOGS, r"SummaryWriter|Write(?:Audio|Graph|Histogram|Image|RawProto|Scalar)?Summary|ImportEvent"),
        (WRITTEN, r"DatasetFromGraph"),
        (PRINT, r"Print(?:V2)?"),
    )
)  # fmt: skip
_LIBRARIES: Final = frozenset(
    # tensorflow-text 2.15: transformations of texts, their models in attributes.
    "CaseFoldUTF8 ConstrainedSequence FastBertNormalize FastWordpieceTokenizeWithOffsets FindSourceOffsets"
    " MaxSpanningTree NormalizeUTF8 NormalizeUTF8WithOffsetsMap PhraseTokenize RegexSplitWithOffsets RougeL"
    " SentenceFragments SentenceFragmentsV2 SentencepieceDetokenizeOp SentencepieceIdToStringOp SentencepieceOp"
    " SentencepieceStringToIdOp SentencepieceTokenizeOp SentencepieceTokenizeWithOffsetsOp SentencepieceVocabSizeOp"
    " SplitMergeTokenizeWithOffsets TokenizerFromLogits UnicodeScriptTokenizeWithOffsets WhitespaceTokenizeWithOffsets"
    " WordpieceTokenizeWithOffsets"
    # tensorflow-decision-forests 1.8: inference from a model that lies among the assets.
    " SimpleMLCreateModelResource SimpleMLInferenceLeafIndexOpWithHandle SimpleMLInferenceOp"
    " SimpleMLInferenceOpWithHandle SimpleMLLoadModelFromPath SimpleMLLoadModelFromPathWithHandle"
    # TensorFlow.js 4.22: what its graphs hold beside TensorFlow's operations.
    " Conv1D DepthwiseConv2d FusedDepthwiseConv2dNative Ones Prelu Zeros".split()
)
_LIBRARY: Final = re.compile(rf"TFText>\w+|Addons>\w+|IO>(?:{_CODECS})\w*", re.ASCII)
"""Operations of known libraries that compute and nothing else; without the library the model does not load."""

_SAVERS_DEFAULT: Final = "model"
"""The path that TensorFlow's saver writes for the one that it is given later."""
_SAVERS_PARTS: Final = re.compile(r"(?:_temp(?:_[0-9a-f]{32})?/|\.)part")
"""What it writes behind that (tensorflow/python/checkpoint/functional_saver.py, training/saver.py)."""
_LOADED: Final = "while the model is loaded"
_RUN: Final = "when the graph is run"


def judge(case: Case) -> Iterator[Finding]:
    """Findings about graphs."""
    loaded = {(fact.member, fact.name) for fact in case.references if fact.kind == "tf.op.load"}
    yield from _operations(case, loaded)
    yield from _files(case, loaded)
    yield from opening(case, {"tf.asset": ASSET, "tfjs.weights": WEIGHTS, "tf.checkpoint": CHECKPOINT})


def _operations(case: Case, loaded: set[tuple[str, str]]) -> Iterator[Finding]:
    """Findings about operations that are named, whatever they are given: one for each rule and part."""
    found: dict[tuple[str, Rule], list[str]] = defaultdict(list)
    for fact in case.references:
        if fact.kind in {"tf.op", "tf.op.load"} and (rule := rule_of(fact.name)) is not None:
            found[fact.member, rule].append(fact.name)
    for (member, rule), names in found.items():
        at_load = any((member, name) in loaded for name in names)
        yield rule.at(
            f"{rule.title}: {listed(sorted(set(names)))}, {_LOADED if at_load else _RUN}",
            member=member,
            trigger="load" if at_load else "inference",
            operations=len(set(names)),
        )


def rule_of(name: str) -> Rule | None:
    """The rule that speaks of an operation by its name; None of one that computes, or that its constants tell of."""
    for rule, pattern in _OPERATIONS:
        if pattern.fullmatch(name):
            return rule
    return None if name in REGISTRY or name in _LIBRARIES or _LIBRARY.fullmatch(name) else UNKNOWN


def _files(case: Case, loaded: set[tuple[str, str]]) -> Iterator[Finding]:
    """Findings about what operations open: one for each part, operation and weight."""
    found: dict[tuple[str, str, Severity], list[Opens]] = defaultdict(list)
    for fact in case.opens:
        op = fact.by.partition(" ")[0]
        if (severity := _weight(fact, op)) is not None:
            found[fact.member, op, severity].append(fact)
    for (member, op, severity), facts in found.items():
        at_load = (member, op) in loaded
        paths = [repr(fact.path) for fact in facts if fact.path]
        opened = listed(sorted(set(paths))) if paths else "a path that the graph is given or computes"
        yield FILE.at(
            f"{op} {'writes' if facts[0].writes else 'reads'} {opened}, {_LOADED if at_load else _RUN}",
            member=member,
            severity=severity,
            trigger="load" if at_load else "inference",
            path=facts[0].path,
            by=facts[0].by,
        )


def _weight(fact: Opens, op: str) -> Severity | None:
    """How much it weighs that an operation opens this; None where it is what such operations are there for."""
    saver = op in SAVERS
    match fact.kind:
        case "tf.op":
            return None if saver and fact.path == _SAVERS_DEFAULT else "high"
        case "tf.op.part":
            if leads_away(fact.path):
                return "high"
            honest = not saver or fact.path == _SAVERS_DEFAULT or _SAVERS_PARTS.fullmatch(fact.path)
            return None if honest else "medium"
        case "tf.op.computed":
            return "high" if saver or fact.writes else "medium"
        case "tf.op.input":
            return "high" if fact.writes else "medium"
        case _:
            return None
