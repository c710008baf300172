"""Configurations: the code, the classes, the repositories and the paths that they name for their loaders."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.findings import Rule
from scanners.rules.case import leads_away

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scanners.facts import Anomaly, AnomalyCode, Reference, ReferenceKind
    from scanners.findings import Finding, Severity
    from scanners.rules.case import Case
    from scanners.rules.policy import Decision

_PIN: Final = "Read what it names, pin the commit that you read, or take the entry out before you load it."
_DONT: Final = "Do not load it with that library. Report the repository."

KERNEL: Final = Rule(
    "config-fetches-code",
    "critical",
    "The configuration has code of another repository fetched and imported",
    "An attention or kernel implementation with a slash in its name is a repository: loaders fetch it and import it,"
    " and transformers 4.56 to 5.2 did so without `trust_remote_code`.",
    _DONT,
    ("https://nvd.nist.gov/vuln/detail/CVE-2026-4372", "https://huggingface.co/docs/kernels"),
)
TRUST: Final = Rule(
    "config-trusts-remote-code",
    "critical",
    "The configuration itself agrees to run code of repositories",
    "`trust_remote_code` is the user's to say. Some loaders take it from the file that they are about to load.",
    _DONT,
    ("https://nvd.nist.gov/vuln/detail/CVE-2026-5241",),
)
MODEL_FILE: Final = Rule(
    "config-model-file",
    "critical",
    "The configuration names a Python file that mlx-lm imports",
    "`model_file` is executed when the model is loaded; releases before the fix do not ask.",
    _DONT,
    ("https://nvd.nist.gov/vuln/detail/CVE-2026-5843",),
)
MODULE: Final = Rule(
    "config-module",
    "high",
    "The configuration makes parts of the model of classes from elsewhere",
    "sentence-transformers imports the class that `type` names: from the repository, which in a local folder needs no"
    " `trust_remote_code`, or from anything that is installed.",
    _PIN,
    ("https://sbert.net/docs/sentence_transformer/usage/custom_models.html",),
)
LIBRARY: Final = Rule(
    "config-library",
    "high",
    "The pipeline is made of classes from a library that diffusers does not know",
    "diffusers imports the library that each part names, and a pipeline that is a file of the repository.",
    _PIN,
    ("https://github.com/advisories/GHSA-4prv-5hj7-c2xr", "https://nvd.nist.gov/vuln/detail/CVE-2026-44513"),
)
PARENT: Final = Rule(
    "config-parent-library",
    "medium",
    "The adapter has a library imported by name",
    "PEFT imports the `parent_library` of `auto_mapping` and takes a class from it.",
    _PIN,
    ("https://huggingface.co/docs/peft/package_reference/auto_class",),
)
TARGET: Final = Rule(
    "config-target",
    "medium",
    "The configuration names something to be called",
    "Hydra, NeMo, Lightning, HyperPyYAML and their kin import what `_target_` and its kin name, and call it.",
    _PIN,
    (
        "https://nvd.nist.gov/vuln/detail/CVE-2025-23304",
        "https://nvd.nist.gov/vuln/detail/CVE-2026-68508",
        "https://unit42.paloaltonetworks.com/rce-vulnerabilities-in-ai-python-libraries/",
    ),
)
FILLED: Final = Rule(
    "config-interpolation",
    "medium",
    "The configuration is filled in with secrets or with code",
    "A value is taken from the environment of whoever loads it, or from an expression that is evaluated.",
    _PIN,
    ("https://omegaconf.readthedocs.io/en/latest/custom_resolvers.html",),
)
PATH: Final = Rule(
    "config-path",
    "medium",
    "The configuration names a path outside of the repository",
    "Its loader opens what lies there, on the machine or at an address, and not what was examined.",
    _PIN,
    ("https://cwe.mitre.org/data/definitions/73.html",),
)
TAG: Final = Rule(
    "yaml-tag",
    "critical",
    "A tag in the YAML has an object made",
    "`yaml.unsafe_load` and its like import what the tag names and call it.",
    "Load it with `yaml.safe_load` only, which refuses it.",
    ("https://github.com/yaml/pyyaml/wiki/PyYAML-yaml.load(input)-Deprecation",),
)

ANOMALIES: Final[dict[AnomalyCode, Rule]] = {
    "notebook.script": Rule(
        "notebook-script",
        "medium",
        "An output of the notebook is a script",
        "Whoever opens the notebook and trusts it has the script run in the browser, with the rights of the notebook.",
        "Clear all outputs before you open it.",
        ("https://jupyter-server.readthedocs.io/en/latest/operators/security.html",),
    ),
    "yaml.bomb": Rule(
        "yaml-bomb",
        "medium",
        "The YAML has aliases of aliases",
        "A small text stands for more values than a machine can hold.",
        "Do not load it.",
        ("https://cwe.mitre.org/data/definitions/776.html",),
    ),
}
"""The rule that speaks of each oddity of a configuration."""

RULES: Final[tuple[Rule, ...]] = (
    KERNEL,
    TRUST,
    MODEL_FILE,
    MODULE,
    LIBRARY,
    PARENT,
    TARGET,
    FILLED,
    PATH,
    TAG,
    *ANOMALIES.values(),
)

_SECRET: Final = re.compile(r"TOKEN|SECRET|PASS|KEY|CREDENTIAL", re.IGNORECASE)
_MODELS: Final = frozenset(
    "torch torchvision torchaudio transformers transformers_modules diffusers peft timm open_clip trl"
    " sentence_transformers nemo nemo_toolkit lightning pytorch_lightning lightning_fabric monai ldm sgm omegaconf"
    " speechbrain hyperpyyaml keras tensorflow accelerate datasets tokenizers optimum onnxruntime flax jax"
    " mmengine mmdet mmcv mmseg detectron2 espnet2 fairseq fairseq2 torchmetrics torchtune audiocraft"
    " stable_diffusion numpy __main__ gin t5 t5x seqio mesh_tensorflow ddsp magenta".split()
)
"""Packages of models: what a configuration names in them is a part of a model, unless the policy denies it."""
_DIFFUSERS: Final = frozenset(
    "diffusers transformers flax onnxruntime optimum stable_diffusion stable_diffusion_safe stable_diffusion_xl"
    " deepfloyd_if kandinsky kandinsky2_2 kandinsky3 audioldm audioldm2 latent_diffusion latent_consistency_models"
    " paint_by_example semantic_stable_diffusion unidiffuser shap_e wuerstchen kolors blip_diffusion stable_cascade"
    " musicldm stable_audio pixart_alpha alt_diffusion versatile_diffusion onnx null None tokenizers peft".split()
)
_STATED_BY: Final = frozenset(("exec_code", "process", "native", "tamper", "deserialize", "import_or_resolve"))

OWN_PARTS: Final = frozenset(("sentence_transformers", "pylate", "sparsembed"))
"""Packages whose classes are parts of models of sentence-transformers."""


def _path(reference: Reference) -> str:
    return ".".join(part for part in (reference.module, reference.name) if part)


def _weighed(decision: Decision) -> Severity:
    """What a denied name weighs where a configuration has it called with arguments of its own."""
    if decision.capability in _STATED_BY:
        return "critical"
    return "medium" if decision.capability in {"attribute_primitive", "code_object", "env_info"} else decision.severity


def _class(case: Case, reference: Reference, known: frozenset[str], unknown: Severity) -> Severity | None:
    """The weight of a class by the policy; None where a package of models has it, and nothing denies it."""
    decision = case.policy.decide(reference.module, reference.name)
    if decision.kind == "deny":
        return _weighed(decision)
    return None if decision.kind == "allow" or _path(reference).partition(".")[0] in known else unknown


def _kernel(_: Case, reference: Reference) -> Severity | None:
    return "medium" if reference.module == "kernels-community" else "critical"


def _trust(case: Case, _: Reference) -> Severity | None:
    # Files of training runs say what their own user agreed to.
    return "low" if case.format.endswith("yaml") else "critical"


def _module(case: Case, reference: Reference) -> Severity | None:
    return _class(case, reference, OWN_PARTS, "high")


def _library(case: Case, reference: Reference) -> Severity | None:
    if reference.kind == "diffusers.pipeline":
        return "medium"
    if reference.module.startswith("optimum."):
        return None
    severity = _class(case, reference, _DIFFUSERS, "high")
    # Only the index of a pipeline is read so; a part's own configuration has pairs of names that are blocks of it.
    return severity if severity == "critical" or case.path.endswith("model_index.json") else None


def _parent(case: Case, reference: Reference) -> Severity | None:
    return _class(case, reference, _MODELS, "medium")


def _target(case: Case, reference: Reference) -> Severity | None:
    return _class(case, reference, _MODELS, "medium")


def _filled(_: Case, reference: Reference) -> Severity | None:
    if reference.module in {"oc.env", "env"}:
        return "high" if _SECRET.search(reference.name) else None
    return None if reference.module == "oc.decode" else "medium"


def _tag(case: Case, reference: Reference) -> Severity | None:
    if case.policy.decide(reference.module, reference.name).kind == "deny":
        return "critical"
    return "high" if reference.used_as == "imported" or not reference.module else "critical"


_JUDGES: Final[dict[ReferenceKind, tuple[Rule, Callable[[Case, Reference], Severity | None], str]]] = {
    "transformers.kernel": (KERNEL, _kernel, "an implementation comes from {}"),
    "config.trust": (TRUST, _trust, "{} is true"),
    "mlx.model_file": (MODEL_FILE, lambda *_: "critical", "model_file is {}"),
    "sentence_transformers.module": (MODULE, _module, "a part of the model is a {}"),
    "diffusers.component": (LIBRARY, _library, "a part of the pipeline is a {}"),
    "diffusers.pipeline": (LIBRARY, _library, "the pipeline is {}"),
    "peft.parent": (PARENT, _parent, "the adapter's base is a {}"),
    "config.target": (TARGET, _target, "what is called is {}"),
    "config.interpolation": (FILLED, _filled, "a value is filled in by {}"),
    "yaml.tag": (TAG, _tag, "a tag names {}"),
}


def judge(case: Case) -> Iterator[Finding]:
    """Findings about what configurations name."""
    for reference in case.references:
        if reference.kind not in _JUDGES:
            continue
        rule, weigh, says = _JUDGES[reference.kind]
        if (severity := weigh(case, reference)) is not None:
            mark = (
                "/"
                if reference.kind == "transformers.kernel"
                else ":"
                if reference.kind == "config.interpolation"
                else "."
            )
            named = mark.join(part for part in (reference.module, reference.name) if part)
            yield rule.at(
                f"{rule.title}: {says.format(named)}", member=reference.member, severity=severity, callee=named
            )
    for opened in case.opens:
        if opened.kind == "config.path" and leads_away(opened.path):
            yield PATH.at(f"{PATH.title}: {opened.by} is {opened.path}", member=opened.member, path=opened.path)
    yield from (_odd(fact) for fact in case.anomalies if fact.code in ANOMALIES)


def _odd(fact: Anomaly) -> Finding:
    rule = ANOMALIES[fact.code]
    return rule.at(f"{rule.title}: {fact.detail}", member=fact.member, offset=fact.offset)
