"""Keras configurations: what making the model calls, imports and opens (threats.md 6.3)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.findings import SEVERITIES
from scanners.rules.case import leads_away, listed, told
from scanners.rules.code_objects import risks
from scanners.rules.keras_arithmetic import BELOW, TOP
from scanners.rules.keras_names import CLASSES, FUNCTIONS
from scanners.rules.keras_rules import (
    CUSTOM,
    DUPLICATE,
    FOREIGN,
    GADGET,
    LAMBDA,
    LAMBDA_FUNCTION,
    MODULE,
    OPERATION,
    PATH,
    REACH,
    REACH_HDF5,
    RULES,
    SAVED_MODEL,
    TORCH,
    YAML,
)
from scanners.rules.policy_sinks import WALKS
from scanners.rules.tensorflow import rule_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.facts import AnomalyCode, Code, Reference
    from scanners.findings import Finding, Rule, Severity
    from scanners.rules.case import Case
    from scanners.rules.policy import Decision, Policy

__all__ = ["RULES", "judge"]

ANOMALIES: Final[dict[AnomalyCode, Rule]] = {"keras.duplicate": DUPLICATE}
"""The rule that speaks of each way to bend a configuration."""

_FAMILY: Final = frozenset("keras tf_keras keras_core keras_hub keras_nlp keras_cv tensorflow_addons".split())
_IN_TENSORFLOW: Final = ("tensorflow.keras", "tensorflow.python.keras", "tensorflow_core.python.keras")
_LAYOUT: Final = frozenset("src _tf_keras api legacy _v1 _v2 v1 v2".split())
"""Parts of module names that say nothing about what is below them."""
_OWN: Final = frozenset(("", "__main__", "builtins"))
"""Where Keras looks a name up among its own and those that the program registered."""
_TOOLS: Final = frozenset(
    "api_export applications backend_config callbacks config datasets distribute distribution estimator export"
    " preprocessing saving testing testing_infra trainers tree utils visualization wrappers".split()
)
"""Parts of Keras that are no parts of models."""
_TOOLS_ANYWHERE: Final = frozenset(("saving", "utils"))
_PARTS_IN_TOOLS: Final = frozenset("FeatureSpace preprocess_input decode_predictions".split())
"""What configurations name of them all the same."""
_ACTS: Final = frozenset(
    "get_file enable_unsafe_deserialization load_model load_weights model_from_json model_from_yaml model_from_config"
    " deserialize_keras_object func_load LazyLoader LazyModule".split()
)
"""Functions of Keras that load, fetch or switch safe mode off: as bad as what they lead to."""
_TORCH: Final = "TorchModuleWrapper"
_LOADS: Final = "TFSMLayer"
"""Keras' own, and what it loads is told as what it opens."""
_FOREIGN: Final = frozenset(("JaxLayer", "FlaxLayer"))
_HARMLESS_IO: Final = ("decode_", "encode_", "parse_", "serialize_tensor")
_RUNS: Final = frozenset(("exec_code", "process", "native", "deserialize", "import_or_resolve", "tamper"))
_ALIASES: Final = {"tf": "tensorflow", "K": "keras.backend", "np": "numpy", "keras": "keras"}
_OPS: Final = tuple(
    "ReadFile WriteFile MatchingFiles Save Restore MergeV2 TextLine TFRecord FixedLengthRecord WholeFile Sql Debug"
    " LookupTableImport InitializeTableFromTextFile ImmutableConst Load".split()
)
"""How operations begin that reach files; what a layer gives them is not looked at."""
_CALLS_PYTHON: Final = frozenset("py_func py_function numpy_function".split())
_LAMBDA: Final = (
    FUNCTIONS
    | TOP
    | BELOW
    | frozenset(
        "tf tensorflow K backend keras np numpy math nn ops layers linalg image signal strings sparse random F jnp jax"
        " torch compat v1 v2 activations losses ndarray newaxis pi inf nan float16 float32 float64 int8 int16 int32"
        " int64 uint8 bool_ string complex64 T shape get_shape as_list set_shape dtype ndim size item astype mean sum"
        " _keras_shape dims name value values items keys append extend permute unsqueeze view axis keepdims concat"
        " len range int float bool list tuple dict set abs min max round pow zip enumerate sorted reversed slice"
        " isinstance str preprocess_input bilinear nearest ResizeMethod BILINEAR NEAREST_NEIGHBOR BICUBIC AREA".split()
    )
)
"""What a lambda may name that only computes: the names of operations, of their modules, and of tensors' own parts."""
_APART: Final = 16
"""Pieces of code with unknown names that get a finding each; those that follow get one together."""


class _Found(NamedTuple):
    rule: Rule
    severity: Severity
    why: str = ""
    decision: Decision | None = None


def _worse(a: Severity, b: Severity) -> Severity:
    return max(a, b, key=SEVERITIES.index)


def _denied(rule: Rule, decision: Decision, why: str) -> _Found:
    severity = "critical" if decision.capability in _RUNS else _worse("high", decision.severity)
    return _Found(rule, severity, why, decision)


# --- names -----------------------------------------------------------------------------------------------------------


def _family(module: str) -> list[str] | None:
    """The parts of a module's name below its package of the Keras family; None for all else."""
    for package in _IN_TENSORFLOW:
        if module == package or module.startswith(f"{package}."):
            return [part for part in module.removeprefix(package).split(".") if part and part not in _LAYOUT]
    root, *parts = module.split(".")
    return [part for part in parts if part not in _LAYOUT] if root in _FAMILY else None


def _known(name: str) -> bool:
    return name in CLASSES or name in FUNCTIONS


def _name(fact: Reference, policy: Policy) -> _Found | None:
    """What is to be said of a name that a configuration asks for."""
    module, name = fact.module, fact.name
    decision = policy.decide(module, name) if module else policy.decide_path(name)
    if decision.capability == "custom":
        return _Found(MODULE, decision.severity, "the policy denies it", decision)
    if decision.kind == "allow":
        return None
    last = name.rpartition(">")[2]
    parts = _family(module)
    if last == _TORCH:
        return _Found(TORCH, "high")
    if last == _LOADS and parts is not None and fact.used_as == "instantiated":
        return None
    if last in _FOREIGN and (parts is not None or not module):
        return _Found(FOREIGN, "medium")
    unknown = _Found(LAMBDA_FUNCTION if fact.used_as == "called" else MODULE, "medium")
    if module in _OWN:
        return _own(fact, last, policy)
    if parts is not None:
        return _of_keras(parts, name, unknown)
    if module == "tensorflow" and fact.used_as == "called":
        return _operation(name, policy)
    if decision.kind == "deny":
        return _denied(MODULE, decision, "it is known to do harm")
    if module.startswith("tensorflow.") and fact.used_as == "called":
        # The modules that TensorFlow generates have a function for each operation, in another spelling.
        spelled = "".join(part.capitalize() for part in name.split("_"))
        found = _operation(f"raw_ops.{spelled}", policy)
        return found if found and found.severity != "medium" else unknown
    if module.startswith("tensorflow.") and (name.endswith("Spec") or name in CLASSES):
        return None
    return unknown


def _own(fact: Reference, last: str, policy: Policy) -> _Found | None:
    """A name without a module: Keras' own, or one that the program has to register."""
    decision = policy.decide("builtins", fact.name)
    if decision.kind == "deny" and (fact.module == "builtins" or fact.used_as == "called") and not _known(fact.name):
        return _denied(MODULE, decision, "it is a function of Python's own")
    if (sink := policy.sink(fact.name)) is not None:
        return _denied(MODULE, sink, "it is known to do harm")
    if _known(last) or not fact.name:
        return None
    return _Found(LAMBDA_FUNCTION, "medium") if fact.used_as == "called" else _Found(CUSTOM, "low")


def _of_keras(parts: list[str], name: str, unknown: _Found) -> _Found | None:
    if name in _ACTS:
        return _Found(GADGET, "critical")
    if parts and (parts[0] in _TOOLS or not _TOOLS_ANYWHERE.isdisjoint(parts)):
        part = name in _PARTS_IN_TOOLS or (parts[0] == "applications" and name in CLASSES)
        return None if part else _Found(GADGET, "high")
    return None if _known(name) or not name else unknown


def _operation(path: str, policy: Policy) -> _Found | None:
    """What TensorFlow exports under this path."""
    for prefix in ("compat.v1.", "compat.v2."):
        path = path.removeprefix(prefix)
    space, _, name = path.rpartition(".")
    if space.startswith("keras"):
        return _of_keras(
            [part for part in space.split(".")[1:] if part not in _LAYOUT], name, _Found(OPERATION, "medium")
        )
    if space == "__operators__" or (space == "io" and name.startswith(_HARMLESS_IO)):
        return None
    if space == "raw_ops":
        if name.startswith(_OPS):
            return _Found(OPERATION, "high", "it reaches files")
        return _Found(OPERATION, known.severity, known.title) if (known := rule_of(name)) else None
    if name in _CALLS_PYTHON:
        return _Found(OPERATION, "critical", "it calls Python")
    decision = policy.decide("tensorflow", path)
    if decision.kind == "deny":
        return _Found(OPERATION, _worse("high", decision.severity), "it is known to do more than compute", decision)
    return None if name in TOP or name in BELOW else _Found(OPERATION, "medium")


# --- code ------------------------------------------------------------------------------------------------------------


def _weigh(codes: list[Code], policy: Policy) -> tuple[Severity, str]:
    """How heavy the code of one Lambda layer is, and why."""
    if any(not code.digest for code in codes):
        return "high", "which cannot be read"
    harm = dict.fromkeys(risk for code in codes for risk in _harm(code, policy))
    texts = dict.fromkeys(text for code in codes for text in code.strings)
    calls = dict.fromkeys(call for code in codes for call in code.calls)
    on = f", with the texts {listed([repr(text) for text in texts], 6)}" if texts else ""
    does = f"which calls {listed(calls, 6)}, and " if calls else "which "
    if harm:
        return "critical", f"{does}uses {listed(harm, 6)}{on}"
    unknown = dict.fromkeys(name for code in codes for name in code.names if name not in _LAMBDA)
    return ("high", f"{does}uses {listed(unknown, 6)}{on}") if unknown else ("medium", "")


def _harm(code: Code, policy: Policy) -> Iterator[str]:
    names = code.names
    yield from risks(code, policy)
    for at, name in enumerate(names):
        if name in WALKS or ("." in name and policy.decide_path(name).kind == "deny"):
            yield name
        if name not in _ALIASES:
            continue
        for stop in range(at + 2, min(len(names), at + 5) + 1):
            path = ".".join((_ALIASES[name], *names[at + 1 : stop]))
            if name == "tf":
                found = _operation(path.partition(".")[2], policy)
                harms = found is not None and found.severity in {"high", "critical"}
            else:
                harms = policy.decide_path(path).kind == "deny" and names[stop - 1] not in _LAMBDA
            if harms:
                yield path


# --- findings --------------------------------------------------------------------------------------------------------


def _reach(case: Case, rule: Rule, member: str) -> str | None:
    """Which releases act on it."""
    hdf5 = case.format.startswith("hdf5") or ".h5!/" in f"{case.path}!/{member}!/".lower()
    return f"{REACH_HDF5}; {REACH[rule.id]}" if hdf5 and rule is LAMBDA else REACH.get(rule.id)


def _lambdas(case: Case, written: str | None) -> Iterator[Finding]:
    """One finding for each piece of code, however many layers carry it; one for all that only computes."""
    members: dict[str, list[Code]] = defaultdict(list)
    for code in case.codes:
        if code.kind == "keras":
            members[code.member].append(code)
    alike: dict[tuple[Severity, str], list[str]] = defaultdict(list)
    for member, codes in members.items():
        severity, why = _weigh(codes, case.policy)
        alike[severity, why if severity != "medium" else ""].append(member)
    for flood in [key for key in alike if key[0] == "high"][_APART:]:
        alike["high", "which uses names that are not known"] += alike.pop(flood)
    for (severity, why), places in alike.items():
        codes = [code for place in places for code in members[place]]
        names = list(dict.fromkeys(name for code in codes for name in code.names))
        by = f", by {listed(names, 6)}" if names else ""
        more = f", and {len(places) - 1} more like it" if len(places) > 1 else ""
        yield LAMBDA.at(
            f"a Lambda layer runs code {why or f'which only computes{by}'}{more}",
            member=places[0],
            severity=severity,
            layers=len(places),
            digest=codes[0].digest or None,
            reach=_reach(case, LAMBDA, places[0]),
            written_by=written,
        )


def _names(case: Case, written: str | None) -> Iterator[Finding]:
    """Findings about names: one for each that is known to do harm, one for all others of a member and package."""
    facts: dict[tuple[str, str, str], Reference] = {}
    for fact in case.references:
        if fact.kind in {"keras.layer", "keras.function"}:
            key = (fact.member, fact.module, fact.name)
            if key not in facts or fact.used_as == "called":
                facts[key] = fact
    calls = {(call.member, call.module, call.name): call.text for call in case.lambdas}
    together: dict[tuple[Rule, str, str, Severity], list[Reference]] = defaultdict(list)
    for key, fact in facts.items():
        found = _name(fact, case.policy)
        if found is None:
            continue
        root = fact.module.partition(".")[0] if found.severity in {"low", "medium"} else _dotted(fact)
        together[found.rule, fact.member, root, found.severity].append(fact)
        if found.severity in {"low", "medium"}:
            continue
        text = calls.get(key, _dotted(fact))
        yield found.rule.at(
            f"loading {'calls' if key in calls else 'takes'} {text}" + (f": {found.why}" if found.why else ""),
            member=fact.member,
            severity=found.severity,
            callee=_dotted(fact),
            capability=found.decision.capability if found.decision else None,
            reach=_reach(case, found.rule, fact.member),
            written_by=written,
        )
    for (rule, member, _, severity), several in together.items():
        if severity in {"low", "medium"}:
            names = [calls.get((fact.member, fact.module, fact.name), _dotted(fact)) for fact in several]
            yield rule.at(
                f"{rule.title}: {listed(names)}",
                member=member,
                severity=severity,
                callee=_dotted(several[0]),
                names=len(names),
                reach=_reach(case, rule, member),
                written_by=written,
            )


def _dotted(fact: Reference) -> str:
    return f"{fact.module}.{fact.name}" if fact.module and fact.name else fact.module or fact.name


def _opens(case: Case, written: str | None) -> Iterator[Finding]:
    for fact in case.opens:
        rule = {"keras.file": PATH, "keras.saved-model": SAVED_MODEL}.get(fact.kind)
        if rule is None:
            continue
        # tensorflow_hub's layer is found only where the program registers it, and an address is what it is made for.
        hub = fact.by.startswith("KerasLayer")
        severity: Severity = "medium" if hub or (rule is PATH and not leads_away(fact.path)) else "high"
        yield rule.at(
            f"{rule.title}: {fact.path!r} ({fact.by})",
            member=fact.member,
            severity=severity,
            path=fact.path,
            by=fact.by,
            reach=_reach(case, rule, fact.member),
            written_by=written,
        )


def judge(case: Case) -> Iterator[Finding]:
    """Findings about Keras configurations."""
    versions = [fact.name for fact in case.references if fact.kind == "keras.version"]
    written = versions[0] if versions else None
    yield from _lambdas(case, written)
    yield from _names(case, written)
    yield from _opens(case, written)
    for fact in case.anomalies:
        if rule := ANOMALIES.get(fact.code):
            yield rule.at(told(rule, fact), member=fact.member)
    for tag in case.references:
        if tag.kind == "keras.yaml":
            yield _tag(case, tag)


def _tag(case: Case, tag: Reference) -> Finding:
    path = _dotted(tag)
    denied = case.policy.decide(tag.module, tag.name).kind == "deny"
    return YAML.at(
        f"a tag {'calls' if tag.used_as != 'imported' else 'imports'} {path}",
        member=tag.member,
        severity=None if denied or tag.used_as != "imported" else "high",
        callee=path,
        reach=REACH[YAML.id],
    )
