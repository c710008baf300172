"""Pickles that are bent, that change what others own, or that hold more pickles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanners.findings import Rule
from scanners.rules.case import inside, told
from scanners.rules.pickle_arguments import LOADERS
from scanners.rules.policy_names import canonical_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.facts import Anomaly, AnomalyCode, Call
    from scanners.findings import Finding, Severity
    from scanners.rules.case import Case

_OPCODES: Final = "https://github.com/python/cpython/blob/main/Lib/pickletools.py"
_BROKEN: Final = "https://www.reversinglabs.com/blog/rl-identifies-malware-ml-model-hosted-on-hugging-face"
_PREFER: Final = "Do not load it; ask the publisher for safetensors."

DYNAMIC: Final = Rule(
    "pickle-dynamic-global",
    "critical",
    "The pickle computes the name of what it imports",
    "No pickler writes a name that is the result of a call. The only reason to compute one is to keep it from being"
    " read.",
    "Do not load it, and report the repository to the Hub.",
    (_OPCODES,),
)
EXTENSION: Final = Rule(
    "pickle-extension",
    "high",
    "The pickle names an import by a number",
    "The extension registry turns numbers into functions. It is empty unless a program fills it, or the pickle itself"
    " does so a moment earlier; no model on the Hub uses it.",
    _PREFER,
    ("https://docs.python.org/3/library/copyreg.html", _OPCODES),
)
FRAME: Final = Rule(
    "pickle-frame",
    "critical",
    "An opcode crosses the end of its frame",
    "Unpicklers disagree about such streams: one executes bytes that another, and most scanners, take for text.",
    "Do not load it, and report the repository to the Hub.",
    ("https://github.com/python/cpython/issues/154848",),
)
MUTATES: Final = Rule(
    "pickle-mutates-global",
    "high",
    "Loading this file changes something that it did not make",
    "Items are set on, appended to, or state is put on a module, a class or a registry: later code of the same program"
    " then does what the file says.",
    _PREFER,
    (_OPCODES, "https://cwe.mitre.org/data/definitions/915.html"),
)
NESTED: Final = Rule(
    "pickle-nested",
    "low",
    "The pickle holds another file in a constant",
    "A pickle or archive lies in a byte string. What is in it was examined as well and is judged by itself; that it is"
    " there at all is unusual.",
    "Look at the findings of the part that the message names.",
    (_OPCODES,),
)
BROKEN: Final = Rule(
    "pickle-broken",
    "medium",
    "The pickle breaks off",
    "Unpicklers act as they read, so all that stands before the fault has happened when the error is shown. Attacks"
    " break their pickles on purpose, because many scanners drop a file that they cannot read.",
    "Download the file again; if it is broken at its source, do not load it.",
    (_BROKEN,),
)
TRAILING: Final = Rule(
    "pickle-trailing",
    "low",
    "There are bytes behind the last pickle",
    "Loaders that read several pickles from one file go on where others stop.",
    "Ask the publisher what they are.",
    (_OPCODES,),
)
BOMB: Final = Rule(
    "pickle-bomb",
    "medium",
    "Loading this pickle takes memory or time beyond reason",
    "A few bytes grow into a value that no machine can hold.",
    "Do not load it outside of a process with limits.",
    ("https://cwe.mitre.org/data/definitions/409.html",),
)
PROTOCOL: Final = Rule(
    "pickle-protocol",
    "low",
    "The pickle claims a protocol that does not exist",
    "Unpicklers refuse it; tools that do not may read on.",
    "Ask the publisher how the file was written.",
    (_OPCODES,),
)
OUT_OF_BAND: Final = Rule(
    "pickle-out-of-band",
    "low",
    "The pickle needs buffers from outside of the file",
    "It cannot be loaded by itself: something else decides what these buffers are.",
    "Find out which program wrote it, and for whom.",
    ("https://peps.python.org/pep-0574/",),
)
TENSOR_ALTERED: Final = Rule(
    "torch-tensor-altered",
    "high",
    "State is put on a tensor after it was rebuilt",
    "torch writes tensors as one call and nothing more. Setting items or state on the result corrupted memory in"
    " versions before 2.10, also with weights_only=True.",
    "Do not load it with torch before 2.10, and better not at all.",
    ("https://github.com/pytorch/pytorch/security/advisories/GHSA-63cw-57p8-fm3p",),
)

RULES: Final[tuple[Rule, ...]] = (
    DYNAMIC,
    EXTENSION,
    FRAME,
    MUTATES,
    NESTED,
    BROKEN,
    TRAILING,
    BOMB,
    PROTOCOL,
    OUT_OF_BAND,
    TENSOR_ALTERED,
)

ANOMALIES: Final[dict[AnomalyCode, Rule]] = {
    "pickle.broken": BROKEN,
    "pickle.dynamic-global": DYNAMIC,
    "pickle.extension": EXTENSION,
    "pickle.frame": FRAME,
    "pickle.protocol": PROTOCOL,
    "pickle.trailing": TRAILING,
    "pickle.bomb": BOMB,
    "pickle.out-of-band": OUT_OF_BAND,
}
"""The rule that speaks of each way to bend a pickle."""

_REBUILT: Final = frozenset(
    f"torch._utils._rebuild_{kind}"
    for kind in (
        "tensor tensor_v2 tensor_v3 qtensor sparse_tensor nested_tensor parameter meta_tensor_no_storage"
        " device_tensor_from_numpy device_tensor_from_cpu_tensor wrapper_subclass"
    ).split()
)


def _anomaly(case: Case, fact: Anomaly, calls: dict[str, list[Call]]) -> Finding:
    rule = ANOMALIES[fact.code]
    severity: Severity | None = None
    if rule is BROKEN:
        severity = _before_the_fault(case, fact, calls.get(fact.member, []))
    elif rule is TRAILING and fact.offset is not None:
        # What follows was handed to the other formats: if one of them knew it, there is something known of it.
        tail = inside(fact.member, f"tail@{fact.offset}")
        if any(member == tail or member.startswith(f"{tail}!/") for member in case.members):
            severity = "medium"
    return rule.at(
        told(rule, fact),
        member=fact.member,
        offset=fact.offset,
        severity=severity,
    )


def _before_the_fault(case: Case, fact: Anomaly, calls: list[Call]) -> Severity:
    """How much a broken stream weighs by what it had called when it broke."""
    before = [call for call in calls if fact.offset is None or call.offset is None or call.offset <= fact.offset]
    if any(not call.module or case.policy.decide(call.module, call.name).kind != "allow" for call in before):
        return "high"
    return "medium" if before else "low"


def judge(case: Case) -> Iterator[Finding]:
    """Findings about the streams themselves."""
    calls: dict[str, list[Call]] = {}
    for call in case.calls:
        calls.setdefault(call.member, []).append(call)
    for fact in case.anomalies:
        if fact.code in ANOMALIES:
            yield _anomaly(case, fact, calls)
    for change in case.mutations:
        decision = case.policy.decide(change.module, change.name)
        target = f"{change.module}.{change.name}" if change.name else change.module
        yield MUTATES.at(
            f"loading changes {target} by {change.opcode}: {change.key}",
            member=change.member,
            offset=change.offset,
            severity="critical" if decision.kind == "deny" else None,
            callee=target,
            opcode=change.opcode,
            capability=decision.capability,
        )
    for part in case.embedded:
        callee = canonical_path(part.passed_to) if part.passed_to else ""
        if callee in LOADERS:
            continue
        where = f"handed to {part.passed_to}" if callee else "kept as it is"
        unknown = bool(callee) and case.policy.decide_path(part.passed_to).kind != "allow"
        yield NESTED.at(
            f"a constant is a {part.format}, {where}",
            member=part.member,
            offset=part.offset,
            severity="medium" if unknown else None,
            format=part.format,
            callee=part.passed_to or None,
        )
    altered: set[tuple[str, str]] = set()
    for reference in case.references:
        name = canonical_path(f"{reference.module}.{reference.name}")
        key = (reference.member, name)
        if reference.used_as == "built" and name in _REBUILT and key not in altered:
            altered.add(key)
            yield TENSOR_ALTERED.at(
                f"state is put on what {name} made", member=reference.member, offset=reference.offset, callee=name
            )
