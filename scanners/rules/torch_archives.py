"""What torch archives run besides pickles: TorchScript, exported graphs, packaged sources and compiled code."""

from __future__ import annotations

import builtins
import re
from typing import TYPE_CHECKING, Final

from scanners.findings import Rule
from scanners.rules.case import bent, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.facts import Anomaly, AnomalyCode, Reference
    from scanners.findings import Finding, Severity
    from scanners.rules.case import Case

_IMPORT: Final = "https://github.com/pytorch/pytorch/blob/main/torch/csrc/jit/serialization/import.cpp"
_SERDE: Final = "https://github.com/pytorch/pytorch/blob/main/torch/_export/serde/serialize.py"
_PT2: Final = "https://github.com/pytorch/pytorch/blob/main/torch/export/pt2_archive/_package.py"
_PREFER: Final = "Do not load it; ask the publisher for safetensors."
_ASK: Final = "Read the code in the archive, or ask the publisher for safetensors."

FILE_ACCESS: Final = Rule(
    "torchscript-file-access",
    "high",
    "The model's own code reads or writes files, or calls other machines",
    "TorchScript has operators that write a tensor to any path, map any file into memory, and call functions of"
    " Python or of remote workers. No layer needs them. Where they stand in code that restores the module, they run"
    " as soon as the file is loaded, also with weights_only=True in torch before 2.6.",
    _PREFER,
    ("https://nvd.nist.gov/vuln/detail/CVE-2025-32434", _IMPORT),
)
CUSTOM_OPERATOR: Final = Rule(
    "torch-custom-operator",
    "medium",
    "The model asks for an operator or a class that torch does not have",
    "It has to come from a library of native code that is loaded first.",
    "Find out which library it is, and whether you trust it.",
    ("https://docs.pytorch.org/tutorials/advanced/torch_script_custom_ops.html",),
)
INDIRECT: Final = Rule(
    "torchscript-indirect-call",
    "medium",
    "The model's code calls what it keeps in a variable",
    "torch writes every operator by its full name. Code that keeps an operator or a namespace in a variable was"
    " written by hand, and what it calls cannot be read from it.",
    _ASK,
    (_IMPORT,),
)
LOADING: Final = Rule(
    "torchscript-code-at-load",
    "low",
    "The model's own code computes while the file is loaded",
    "Methods that restore a module run before anybody calls the model. torch's own only unpack quantised weights.",
    _ASK,
    (_IMPORT,),
)
PACKAGE: Final = Rule(
    "torch-package",
    "medium",
    "The file is a torch.package: Python sources and what to load with them",
    "PackageImporter runs the sources in the archive when something is loaded from it. That is what the format is for.",
    "Read the sources in the archive before loading it, or ask the publisher for safetensors.",
    ("https://docs.pytorch.org/docs/stable/package.html",),
)
TARGET: Final = Rule(
    "torch-export-target",
    "high",
    "The exported graph calls a function that is no operator",
    "A target below torch is looked up attribute by attribute and called with the arguments of the graph, which may"
    " lead to whatever torch itself has imported. torch.export writes operators only.",
    _PREFER,
    (_SERDE,),
)
EXPRESSION: Final = Rule(
    "torch-export-expression",
    "critical",
    "A formula in the exported graph is more than arithmetic",
    "torch.export.load hands the formulas of sizes to sympy, which evaluates them as Python. One that names an"
    " attribute, holds a text or calls a builtin runs code as soon as the file is loaded.",
    "Do not load it, and report the repository to the Hub.",
    (_SERDE, "https://docs.sympy.org/latest/modules/core.html#module-sympy.core.sympify"),
)
PATH: Final = Rule(
    "torch-payload-path",
    "high",
    "A payload of the archive is named by a path that leaves its folder",
    "torch.export writes plain names. A path that leads elsewhere makes a loader read a part that was not meant as"
    " weights.",
    _PREFER,
    (_PT2,),
)
COMPILED: Final = Rule(
    "torch-aotinductor",
    "critical",
    "The file is an AOTInductor package: native code by design",
    "Loading it maps a shared library from the archive into the process, or compiles the sources beside it, and runs"
    " what is in there. Nothing short of trust in the publisher makes that safe.",
    "Load it only if you trust the publisher as you would trust a program of theirs; else ask for safetensors.",
    ("https://docs.pytorch.org/docs/stable/torch.compiler_aot_inductor.html", _PT2),
)

RULES: Final[tuple[Rule, ...]] = (
    FILE_ACCESS,
    CUSTOM_OPERATOR,
    INDIRECT,
    LOADING,
    PACKAGE,
    TARGET,
    EXPRESSION,
    PATH,
    COMPILED,
)

ANOMALIES: Final[dict[AnomalyCode, Rule]] = {
    "torch.expression": EXPRESSION,
    "torch.native": COMPILED,
    "torch.path": PATH,
}

_REACHES_OUT: Final[dict[str, frozenset[str]]] = {
    **dict.fromkeys(("aten", "Tensor", "self"), frozenset(("save", "from_file"))),
    "prim": frozenset(("PythonOp", "IgnoredPythonOp", "rpc_async", "rpc_remote", "rpc_sync")),
}
"""Operators that touch files, Python or other machines: torch 2.13's register of schemas, by review. A method may be
the operator of its name, also where the archive defines one too."""
_KNOWN: Final = frozenset(
    "aten prim prims quantized _quantized quantization quantized_decomposed mkldnn mkldnn_prepacked mkl onednn"
    " prepacked sparse profiler inductor higher_order torchvision torchaudio image xnnpack rnn _nnapi metal_prepack"
    " vulkan_prepack torchao export static_runtime rngprims _test debugprims inductor_prims".split()
)
"""Namespaces of torch itself, of its domain libraries, and of the classes in which they keep packed weights."""
_RESTORING: Final = frozenset(
    "RaiseException __getitem__ __is__ __isnot__ __not__ append device dtype eq format ge gt le len list lt ne"
    " unchecked_cast".split()
)
"""What torch's own quantised modules do while they are restored, besides packing their weights."""
_CLASSES: Final = "torch.classes."
_PLAIN: Final = frozenset(("operator", "math"))
_SYMBOLIC: Final = re.compile(r"_?sym_\w+")
_REDIRECTING: Final = frozenset("attrgetter call itemgetter methodcaller setitem delitem".split())
_BUILTINS: Final = frozenset(dir(builtins))
_WORD: Final = re.compile(r"[A-Za-z_]\w*")
_STRANGE: Final = re.compile(r"__|[\[\]{}'\"\\@;:]|(?<!\d)\.|\.(?=[A-Za-z_])|\blambda\b")


def _weight(_: Case, fact: Anomaly) -> Severity | None:
    """A formula that only calls a function that is not known may come from a newer torch."""
    if fact.code != "torch.expression":
        return None
    strange = _STRANGE.search(fact.detail) or fact.detail.endswith("…")
    return None if strange or not _BUILTINS.isdisjoint(_WORD.findall(fact.detail)) else "medium"


def _rule(case: Case, fact: Reference) -> tuple[Rule, Severity | None] | None:
    """Which rule speaks of what code or a graph asks for, and how loudly."""
    loading = fact.kind == "torch.script.load"
    namespace = fact.module.removeprefix(_CLASSES)
    if fact.name in _REACHES_OUT.get(fact.module, ()):
        return FILE_ACCESS, "critical" if loading else None
    if fact.kind == "torch.export" and ("." in fact.module or fact.module in {"torch", *_PLAIN}):
        return _target(case, fact)
    if fact.module == "local":
        return INDIRECT, "high" if loading else None
    if fact.module in {"self", "Tensor"} or namespace.partition(".")[0] in _KNOWN:
        restores = fact.name in _RESTORING or "pack" in fact.name or fact.module in {"self", "Tensor"}
        return (LOADING, None) if loading and not restores else None
    return CUSTOM_OPERATOR, None


def _target(case: Case, fact: Reference) -> tuple[Rule, Severity | None] | None:
    if fact.module == "torch" and _SYMBOLIC.fullmatch(fact.name):
        return None
    if fact.module in _PLAIN and fact.name not in _REDIRECTING:
        return None
    return TARGET, "critical" if case.policy.decide(fact.module, fact.name).severity == "critical" else None


def judge(case: Case) -> Iterator[Finding]:
    """Findings about torch archives beyond their pickles and their layout."""
    yield from bent(case, ANOMALIES, _weight)
    found: dict[tuple[str, Severity | None, str], tuple[Rule, list[Reference]]] = {}
    modules: list[str] = []
    for reference in case.references:
        if reference.kind == "torch.package":
            modules.append(reference.module)
        elif reference.kind in {"torch.script", "torch.script.load", "torch.export"}:
            judged = _rule(case, reference)
            if judged is not None:
                rule, severity = judged
                found.setdefault((rule.id, severity, reference.member), (rule, []))[1].append(reference)
    if modules or case.format == "torch.package":
        yield PACKAGE.at(
            f"loading from it runs {listed(modules)}" if modules else PACKAGE.title, modules=len(modules) or None
        )
    for (_, severity, member), (rule, references) in found.items():
        names = list(dict.fromkeys(f"{each.module}.{each.name}" for each in references))
        yield rule.at(
            f"{rule.title}: {listed(names)}",
            member=member,
            offset=references[0].offset,
            severity=severity,
            callee=names[0],
            names=len(names),
        )
