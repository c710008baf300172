"""Tensor headers and configuration files: what their readers would read differently, and what they ask to be run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanners.findings import Rule
from scanners.rules.case import bent, opening

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.facts import AnomalyCode, Reference
    from scanners.findings import Finding
    from scanners.rules.case import Case

_SAFETENSORS: Final = "https://github.com/huggingface/safetensors#format"
_REWRITE: Final = "Ask the publisher to write the file again with the safetensors library."
_STRICT: Final = "The safetensors library refuses such a file; other readers of the format go on and may go wrong."
_KEYS: Final = "https://bishopfox.com/blog/json-interoperability-vulnerabilities"

AUTO_MAP: Final = Rule(
    "config-auto-map",
    "medium",
    "The configuration asks for code of the repository to be run",
    "`auto_map` names classes in Python files of a repository. Loading with `trust_remote_code=True` runs them, and"
    " some programs did so without being asked. A name with `--` takes the code from another repository.",
    "Read that code, pin the commit, and load without `trust_remote_code` where that is possible.",
    (
        "https://huggingface.co/docs/transformers/custom_models",
        "https://nvd.nist.gov/vuln/detail/CVE-2025-66448",
    ),
)

SHARD: Final = Rule(
    "weights-index-path",
    "high",
    "An index of weights names a file elsewhere",
    "The loader joins the name to the folder of the index and opens what is there. Libraries write names without a"
    " folder; Keras refuses others, transformers has joined whatever stands there.",
    "Do not load it; ask the publisher for weights that lie beside their index.",
    (
        "https://huggingface.co/docs/transformers/big_models",
        "https://keras.io/api/models/model_saving_apis/weights_saving_and_loading/",
        "https://cwe.mitre.org/data/definitions/22.html",
    ),
)

ANOMALIES: Final[dict[AnomalyCode, Rule]] = {
    "safetensors.length": Rule(
        "safetensors-length",
        "medium",
        "The header's length is out of bounds",
        f"It is longer than the file, or than the format allows. {_STRICT}",
        _REWRITE,
        (_SAFETENSORS,),
    ),
    "safetensors.json": Rule(
        "safetensors-json",
        "medium",
        "The header is not what the format asks for",
        f"It is not a JSON object of tensors. {_STRICT}",
        _REWRITE,
        (_SAFETENSORS,),
    ),
    "safetensors.duplicate-key": Rule(
        "safetensors-duplicate-key",
        "high",
        "The header names a tensor twice",
        "Readers disagree about which of the two counts, so the weights that were examined need not be those that are"
        " used.",
        _REWRITE,
        (_SAFETENSORS, _KEYS),
    ),
    "safetensors.offsets": Rule(
        "safetensors-offsets",
        "medium",
        "Tensors overlap, leave holes or do not fit their shapes",
        f"The data is not laid out as the format asks. {_STRICT}",
        _REWRITE,
        (_SAFETENSORS,),
    ),
    "safetensors.tail": Rule(
        "safetensors-tail",
        "medium",
        "There are bytes behind the last tensor",
        f"{_STRICT} It is a place to keep something that a second step picks up.",
        _REWRITE,
        (_SAFETENSORS,),
    ),
    "safetensors.metadata": Rule(
        "safetensors-metadata",
        "medium",
        "The header's metadata is more than short texts",
        "Some libraries make objects by what the metadata says.",
        _REWRITE,
        (_SAFETENSORS, "https://nvd.nist.gov/vuln/detail/CVE-2026-22584"),
    ),
    "skops.mismatch": Rule(
        "skops-mismatch",
        "high",
        "A skops file shows one name and uses another",
        "Before skops makes an object it shows the names in the file to whoever loads it. This file is written so that"
        " releases before 0.12 show a name that is trusted and take another.",
        "Do not load it.",
        (
            "https://nvd.nist.gov/vuln/detail/CVE-2025-54412",
            "https://nvd.nist.gov/vuln/detail/CVE-2025-54413",
        ),
    ),
    "json.duplicate-key": Rule(
        "json-duplicate-key",
        "low",
        "The JSON document says the same key twice",
        "Readers disagree about which of the two counts.",
        "Ask the publisher to write the file again.",
        (_KEYS,),
    ),
    "json.broken": Rule(
        "json-broken",
        "low",
        "The file is not the JSON that its name says",
        "Strict readers refuse it, others guess.",
        "Ask the publisher to write the file again.",
        ("https://www.rfc-editor.org/rfc/rfc8259",),
    ),
}
"""The rule that speaks of each way to bend a document."""

RULES: Final[tuple[Rule, ...]] = (*ANOMALIES.values(), AUTO_MAP, SHARD)


def _auto_map(references: list[Reference]) -> Iterator[Finding]:
    """One finding for each file of code that a configuration names."""
    classes: dict[tuple[str, str], list[Reference]] = {}
    for reference in references:
        if reference.kind == "transformers.auto_map":
            # Whether the class is told apart from its file is the reader's matter; the repository is in front of both.
            classes.setdefault((reference.member, reference.module), []).append(reference)
    for (member, module), facts in classes.items():
        full = ".".join(part for part in (module, facts[0].name) if part)
        repository, other, _ = full.partition("--")
        names = ", ".join(sorted({fact.name for fact in facts if fact.name})[:8])
        yield AUTO_MAP.at(
            f"auto_map loads {names or module} from {module or 'the repository'}"
            + (f", code of the other repository {repository}" if other else ""),
            member=member,
            offset=facts[0].offset,
            severity="high" if other else None,
            callee=full,
            repository=repository if other else None,
        )


def judge(case: Case) -> Iterator[Finding]:
    """Findings about headers and configuration files."""
    yield from bent(case, ANOMALIES)
    yield from _auto_map(case.references)
    yield from opening(case, {"json.shard": SHARD})
