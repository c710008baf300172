"""ONNX models: the code, the files and the memory that they ask for (threats.md 7.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.findings import Rule
from scanners.rules.case import bent, leads_away, opening, together

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.facts import AnomalyCode, Reference
    from scanners.findings import Finding, Severity
    from scanners.rules.case import Case

_IR: Final = "https://github.com/onnx/onnx/blob/main/docs/IR.md"
_EXTERNAL: Final = "https://github.com/onnx/onnx/blob/main/docs/ExternalData.md"
_CONTEXT: Final = "https://onnxruntime.ai/docs/execution-providers/EP-Context-Design.html"
_REWRITE: Final = "Do not load it; ask the publisher to export the model again."
_FIND: Final = "Find out which library it is, and whether you trust it."

PYTHON: Final = Rule(
    "onnx-python",
    "high",
    "The model calls Python",
    "The operator runs a Python function that the program has registered under a name or a number that the model"
    " gives. An export for inference has none.",
    _REWRITE,
    ("https://github.com/microsoft/onnxruntime-extensions/blob/main/docs/pyop.md", _IR),
)
CUSTOM: Final = Rule(
    "onnx-custom-domain",
    "medium",
    "The model asks for operators that no ONNX runtime has",
    "They have to come from a library of native code that is loaded beside the model; what they do, the model does not"
    " say.",
    _FIND,
    ("https://onnxruntime.ai/docs/reference/operators/add-custom-op.html",),
)
PATH: Final = Rule(
    "onnx-external-path",
    "high",
    "A tensor of the model lies outside of its folder",
    "The loader opens the file that the model names. A path that leads upwards or is absolute makes it read any file of"
    " the machine as numbers, which leave as a prediction; a model that is saved again writes there.",
    _REWRITE,
    (
        _EXTERNAL,
        "https://nvd.nist.gov/vuln/detail/CVE-2022-25882",
        "https://nvd.nist.gov/vuln/detail/CVE-2024-27318",
        "https://nvd.nist.gov/vuln/detail/CVE-2025-51480",
    ),
)
CONTEXT: Final = Rule(
    "onnx-compiled-context",
    "medium",
    "The model loads a file that was compiled for one processor",
    "Its content goes to the driver of that processor, which trusts it; nobody else can read it.",
    "Ask the publisher for the model that it was compiled from.",
    (_CONTEXT,),
)

ANOMALIES: Final[dict[AnomalyCode, Rule]] = {
    "onnx.external-key": Rule(
        "onnx-external-key",
        "high",
        "The place of an external tensor has a key that the format does not have, or has it twice",
        "onnx before 1.21 sets an attribute of its own object for each key, whatever it is called.",
        _REWRITE,
        (_EXTERNAL, "https://nvd.nist.gov/vuln/detail/CVE-2026-34445"),
    ),
    "onnx.external-bounds": Rule(
        "onnx-external-bounds",
        "medium",
        "The place of an external tensor is none that a file can have",
        "A negative or overlong offset makes loaders read beside the data.",
        _REWRITE,
        (_EXTERNAL, "https://cwe.mitre.org/data/definitions/125.html"),
    ),
    "onnx.tensor-size": Rule(
        "onnx-tensor-size",
        "medium",
        "A tensor is not as long as its shape says",
        "Loaders that believe the shape read or write beside the data.",
        _REWRITE,
        (_IR, "https://cwe.mitre.org/data/definitions/125.html"),
    ),
    "onnx.shadow": Rule(
        "onnx-shadowed-operator",
        "medium",
        "The model puts a function of its own in the place of a standard operator",
        "Where a graph says that it adds, it does whatever the function does. Exporters give their functions domains of"
        " their own.",
        "Look at what the function does.",
        (_IR,),
    ),
    "onnx.bomb": Rule(
        "onnx-bomb",
        "medium",
        "A small model becomes too large for a machine",
        "A shape, a repetition or functions that call each other make gigabytes out of a few bytes when it is loaded or"
        " run.",
        "Do not run it.",
        ("https://cwe.mitre.org/data/definitions/409.html",),
    ),
    "onnx.metadata": Rule(
        "onnx-metadata",
        "low",
        "A text about the model is code",
        "Loaders show it and nothing more; some programs read their settings from there.",
        "Look at what it is.",
        (_IR,),
    ),
}
"""The rule that speaks of each way to bend a model."""

RULES: Final[tuple[Rule, ...]] = (PYTHON, CUSTOM, PATH, CONTEXT, *ANOMALIES.values())

_PYTHON_OPS: Final = re.compile(r"(?:ai\.onnx\.contrib\.Py|com\.microsoft\.(?:PythonOp|Triton)).*")
_KNOWN: Final = re.compile(
    r"ai\.onnx(?:\.(?:ml|training|preview|contrib)(?:\..+)?)?|com\.microsoft(?:\..+)?|com\.ms\.internal\.nhwc"
    r"|org\.pytorch\.aten|pkg\.onnxscript(?:\..+)?|trt\.plugins|mmdeploy|ai\.djl(?:\..+)?"
)
_FALLBACK: Final = re.compile(r"(?:org\.pytorch\.aten|com\.microsoft)\.ATen")
"""The operator that runs any operator of torch, by its name."""
_ESCAPED: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_HIDDEN: Final = re.compile(r"[\x00-\x1f\x7f]|(?:\A|[\\/#?])\s*\.\.[. ]*(?:[\\/#?]|\Z)")
"""Upwards in a spelling that only some systems read so."""
_UP: Final = re.compile(r"((?:\.\./)+)[\w-][\w. -]*(?:/[\w-][\w. -]*)*", re.ASCII)


def judge(case: Case) -> Iterator[Finding]:
    """Findings about models."""
    yield from bent(case, ANOMALIES)
    yield from together(
        (rule, None, fact.member, f"{fact.module}.{fact.name}")
        for fact in case.references
        if fact.kind == "onnx.op" and (rule := _rule(fact))
    )
    yield from opening(case, {"onnx.external-data": PATH}, lambda _, data: _away(data.path, case.path))
    yield from opening(case, {"onnx.context": CONTEXT}, lambda rule, file: _away(file.path, "") or rule.severity)


def _rule(operator: Reference) -> Rule | None:
    """The rule that speaks of an operator; None of a standard one."""
    name = f"{operator.module}.{operator.name}"
    if _PYTHON_OPS.fullmatch(name):
        return PYTHON
    return CUSTOM if not _KNOWN.fullmatch(operator.module) or _FALLBACK.fullmatch(name) else None


def _unescaped(path: str) -> str:
    """The path with what percent signs stand for."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), path)


def _away(path: str, model: str) -> Severity | None:
    """How much it weighs that a model opens this; None of what lies beside it.

    Where it is plain that the path leads upwards and still stays in the repository of the model, it weighs less.
    """
    forms = (path, _unescaped(path), _unescaped(_unescaped(path)))
    if not any(leads_away(form.strip()) or _HIDDEN.search(form) for form in forms):
        return None
    up = _UP.fullmatch(path)
    plain = not leads_away(model) and "\\" not in model
    return "medium" if up and plain and up[1].count("../") <= model.count("/") else "high"
