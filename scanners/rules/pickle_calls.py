"""What loading a pickle calls and imports, judged by the policy and by the arguments.

One finding for each thing: a name that is both imported and called is told once, as the call; unknown names are told
together, by member and package.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.findings import SEVERITIES
from scanners.rules.code_objects import ASSEMBLING
from scanners.rules.pickle_arguments import (
    ARGUMENT_AWARE,
    LOADERS,
    RESOLVERS,
    Objection,
    executed,
    gives_its_argument,
    loads_what_was_examined,
    made_by,
    path_of,
    sink_in,
)
from scanners.rules.pickle_known import COMPUTES, ML_ROOTS, OWN, REBUILT, RISKY_NAMES
from scanners.rules.pickle_rules import (
    BY_CAPABILITY,
    CODE_OBJECT,
    COMPUTED,
    RULES,
    SINK_STRING,
    UNKNOWN_CALL,
    UNKNOWN_IMPORT,
    UNSEEN_ARGUMENTS,
)
from scanners.rules.policy import Decision
from scanners.rules.policy_instances import BARE
from scanners.rules.policy_names import canonical, canonical_path
from scanners.rules.policy_sinks import AMBIGUOUS_SINKS, REACHED, SINKS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.facts import Call, Reference, UsedAs
    from scanners.findings import Finding, Rule, Severity
    from scanners.rules.case import Case

__all__ = ["RULES", "judge"]

_AWARE: Final = ARGUMENT_AWARE | ASSEMBLING
_SHOWN: Final = 8
"""Names listed in one message."""
_EXPLAINED_BY_CALL: Final = frozenset(("imported", "called", "instantiated"))
"""Uses of a name that the facts about its calls say all about."""
_KEPT: Final[frozenset[UsedAs]] = frozenset(("imported", "resolved", "instantiated", "built"))
"""Uses of a name that neither call it with anything nor hand it over."""
_VERBS: Final[dict[UsedAs, str]] = {
    "argument": "hands over",
    "resolved": "reaches",
    "mutated": "changes",
    "possible": "by some loaders imports",
}
_BARE: Final = BARE | {"numpy.memmap"}
_RANK: Final = {severity: rank for rank, severity in enumerate(SEVERITIES)}


_REACHED: Final = REACHED | {"types"}
_CACHING: Final = re.compile(r"functools\.lru_cache\((?:(?:None|True|False|\d+)(?:, )?){0,2}\)")
"""What wraps a function that it is called with, and does not call it."""
_MODULE: Final = re.compile(r"<persistent \('module', ([A-Za-z_][\w.]*),", re.ASCII)


def _dotted(module: str, name: str) -> str:
    return ".".join(part for part in canonical(module, name) if part)


def _only_a_global(fact: Reference, what: str) -> bool:
    """Whether a name that nothing is done with may be one of those that dill copies from the module of a function."""
    if not fact.name or what == "builtins.__dict__":
        return True  # a module, of which nothing was taken, and the names of all builtins
    last = what.rpartition(".")[2]
    return what.partition(".")[0] not in _REACHED and last not in SINKS and last not in AMBIGUOUS_SINKS


def _makes_bare(what: str, call: Call) -> bool:
    """Whether a call makes an instance of its first argument, and neither its `__new__` nor its `__init__` runs."""
    if what == "copyreg._reconstructor":
        return [canonical_path(path_of(argument)) for argument in call.arguments[1:2]] == ["builtins.object"]
    return what == "numpy._core.multiarray._reconstruct" and bool(call.arguments)


class _Key(NamedTuple):
    rule: Rule
    member: str
    what: str


class _Entry(NamedTuple):
    severity: Severity
    message: str
    offset: int | None
    evidence: dict[str, str | int | None]


class _Judging:
    """The findings about the names of one file, as they come together."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.packaged = {ref.module.partition(".")[0] for ref in case.references if ref.kind == "torch.package"}
        """Roots of the modules that come with the file."""
        self.found: dict[_Key, _Entry] = {}
        self.counts: dict[_Key, int] = {}
        self.unknown: dict[tuple[Rule, str, str, Severity], dict[str, Call | Reference]] = {}
        self.called: set[tuple[str, str]] = set()
        """Member and canonical name of what is called there."""
        self.made: set[tuple[str, str]] = set()
        """The same of classes of which an instance is made by a callee that they are handed to."""
        self.carrying = {code.member for code in case.codes if code.kind == "pickle"}
        """Members that carry functions, whose globals travel with them."""
        self.bare: set[tuple[str, str]] = set()
        """The same of those of which it is made without their constructor."""

    def add(self, key: _Key, entry: _Entry, count: int = 1) -> None:
        """Keep the worst of what one rule says of one thing; of equals, the first."""
        self.counts[key] = self.counts.get(key, 0) + count
        kept = self.found.get(key)
        if kept is None or _RANK[entry.severity] > _RANK[kept.severity]:
            self.found[key] = entry

    # --- calls -------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """What has to be known before any call is judged."""
        for call in self.case.calls:
            what = _dotted(call.module, call.name)
            self.called.add((call.member, what))
            made = self._made_of(what, call)
            self.made |= {(call.member, canonical_path(path)) for argument in made if (path := path_of(argument))}
            if _makes_bare(what, call) and (path := path_of(call.arguments[0])):
                self.bare.add((call.member, canonical_path(path)))

    def _made_of(self, what: str, call: Call) -> tuple[str, ...]:
        """The arguments of which a call makes an instance, without running a constructor that nobody reviewed."""
        if what == "copyreg._reconstructor":
            base = path_of(call.arguments[1]) if len(call.arguments) > 1 else ""
            return call.arguments[:1] if base and self.case.policy.decide_path(base).kind == "allow" else ()
        if what.startswith("copyreg.__newobj"):
            return call.arguments[:1] if set(call.arguments[1:]) <= {"()", "{}"} else ()
        return call.arguments[:2] if what.startswith(("torch._tensor.", "torch._utils.")) else ()

    def call(self, call: Call) -> None:
        """Judge one call."""
        if not call.module:
            self._computed(call)
            return
        what = _dotted(call.module, call.name)
        decision = self.case.policy.decide(call.module, call.name)
        if decision.kind == "allow":
            return
        aware = _AWARE.get(what)
        if call.opcode == "BUILD" and aware is None:
            objection = executed(call)
            if objection is not None:
                self._objected(call, what, Decision("deny", "exec_code"), objection)
        elif decision.capability == "custom":
            self._denied(call, what, decision, decision.severity, decision.source)
        elif gives_its_argument(call):
            return
        elif aware is not None:
            objection = aware(call, self.case.policy)
            if objection is not None:
                self._objected(call, what, decision, objection)
        elif what in LOADERS and loads_what_was_examined(call):
            if decision.severity == "critical" and what != "torch.storage._load_from_bytes":
                self._denied(call, what, decision, "medium", "what it loads was examined too")
        elif decision.capability == "code_object":
            self._code_object(call, what, decision)
        elif decision.kind == "deny":
            self._denied(call, what, decision, self._weight(call, decision))
        else:
            self._unknown_call(call, what)

    def _weight(self, call: Call, decision: Decision) -> Severity:
        if decision.capability == "import_or_resolve" and not call.strings:
            return "high"
        return decision.severity

    def _denied(self, call: Call, what: str, decision: Decision, severity: Severity, why: str = "") -> None:
        assert decision.capability is not None
        resolver = decision.capability in {"import_or_resolve", "attribute_primitive"}
        self._sink_string(call, what, resolver=resolver)
        entry = _Entry(
            severity,
            f"loading calls {call.text}" + (f": {why}" if why else ""),
            call.offset,
            {"callee": what, "opcode": call.opcode, "capability": decision.capability, "source": decision.source},
        )
        self.add(_Key(BY_CAPABILITY[decision.capability], call.member, what), entry, call.count)

    def _objected(self, call: Call, what: str, decision: Decision, objection: Objection) -> None:
        if _RANK[objection.severity] >= _RANK["high"]:
            self._sink_string(call, what, resolver=True)
        rule = BY_CAPABILITY[decision.capability or "attribute_primitive"]
        entry = _Entry(
            objection.severity,
            f"loading calls {call.text}: {objection.why}",
            call.offset,
            {"callee": what, "opcode": call.opcode, "capability": decision.capability, "source": decision.source},
        )
        self.add(_Key(rule, call.member, what), entry, call.count)

    def _sink_string(self, call: Call, what: str, *, resolver: bool) -> None:
        text = sink_in(call.strings, self.case.policy, resolver=resolver)
        if text:
            entry = _Entry(
                "critical",
                f"loading calls {call.text}, and {text!r} names a function that runs code",
                call.offset,
                {"callee": what, "opcode": call.opcode, "text": text},
            )
            self.add(_Key(SINK_STRING, call.member, what), entry, call.count)

    def _code_object(self, call: Call, what: str, decision: Decision) -> None:
        risky = sorted(RISKY_NAMES.intersection(call.strings))
        entry = _Entry(
            "high" if risky else "medium",
            f"loading rebuilds code: {call.text}" + (f", which uses {', '.join(risky)}" if risky else ""),
            call.offset,
            {"callee": what, "opcode": call.opcode, "capability": decision.capability, "source": decision.source},
        )
        self.add(_Key(CODE_OBJECT, call.member, "code"), entry, call.count)

    def _computed(self, call: Call) -> None:
        """A call of something that is no name: what the chain of calls before it gave."""
        head = made_by(call.name)
        known = canonical_path(head)
        if (
            known == "functools.partial"
            or _CACHING.fullmatch(call.name)
            or call.name.startswith(("builtins.getattr('", 'builtins.getattr("'))
        ):
            return  # The call that this one makes in its turn is a fact of its own.
        if not head and (module := _MODULE.match(call.name)):
            # torch before 1.6 names the classes of whole modules so; its loader answers with the class.
            head = module.group(1)
            known = canonical_path(head)
            bare = call.opcode.startswith("NEWOBJ") and not call.arguments
            if self.case.policy.decide_path(head).kind == "allow" or (bare and known in BARE):
                return
        decision = self.case.policy.decide_path(head) if head else None
        severity: Severity = "high"
        if decision is not None and decision.capability == "code_object":
            if known not in REBUILT:
                self._code_object(call, known, decision)
                return
            severity = "medium" if call.opcode.startswith("NEWOBJ") else "critical"
        elif decision is not None and (decision.kind != "deny" or known == "builtins.getattr"):
            severity = "medium"
        self._sink_string(call, head or call.name, resolver=severity != "medium")
        rule = CODE_OBJECT if decision is not None and decision.capability == "code_object" else COMPUTED
        entry = _Entry(
            severity, f"loading calls {call.text}", call.offset, {"callee": call.name, "opcode": call.opcode}
        )
        self.add(_Key(rule, call.member, "code" if rule is CODE_OBJECT else head), entry, call.count)

    def _unknown_call(self, call: Call, what: str) -> None:
        self._sink_string(call, what, resolver=False)
        root = what.partition(".")[0]
        if call.opcode.startswith("NEWOBJ"):
            if not self._own(root):
                bare = root in ML_ROOTS and not call.arguments
                self._collect(UNKNOWN_IMPORT, call, what, "low" if bare else "medium")
            return
        self._collect(UNKNOWN_CALL, call, what, "medium")

    def _collect(self, rule: Rule, fact: Call | Reference, what: str, severity: Severity) -> None:
        key = (rule, fact.member, what.partition(".")[0], severity)
        self.unknown.setdefault(key, {}).setdefault(what, fact)

    # --- references --------------------------------------------------------------------------------------------

    def references(self) -> None:
        """Judge the names that no call explains."""
        uses: dict[tuple[str, str], list[Reference]] = {}
        for reference in self.case.references:
            if reference.kind in {"pickle.global", "skops.global"}:
                uses.setdefault((reference.member, _dotted(reference.module, reference.name)), []).append(reference)
        for (member, what), facts in uses.items():
            kinds = {fact.used_as for fact in facts}
            explained = (member, what) in self.called
            if explained and kinds <= _EXPLAINED_BY_CALL:
                continue
            self._reference(what, facts, kinds, explained=explained)

    def _reference(self, what: str, facts: list[Reference], kinds: set[UsedAs], *, explained: bool) -> None:
        # A name that a call resolved is told by that use: the plain import says less.
        fact = next((f for f in facts if f.used_as not in _EXPLAINED_BY_CALL), facts[0])
        decision = self.case.policy.decide(fact.module, fact.name)
        if decision.kind == "allow":
            return
        bare = (fact.member, what) in self.bare and what in _BARE
        if (
            bare or what in COMPUTES or (what in _AWARE and "argument" not in kinds)
        ) and decision.capability != "custom":
            return
        if decision.kind == "deny":
            assert decision.capability is not None
            key = _Key(BY_CAPABILITY[decision.capability], fact.member, what)
            if decision.capability == "code_object":
                key = key._replace(what="code")
            severity = "high" if decision.capability == "import_or_resolve" else decision.severity
            if not fact.name and decision.capability == "attribute_primitive":
                severity = "medium"  # a module, of which nothing was taken yet
            if fact.member in self.carrying and kinds <= _KEPT and _only_a_global(fact, what):
                severity = min(severity, "medium", key=_RANK.__getitem__)
            verb = _VERBS.get(fact.used_as, "imports")
            evidence: dict[str, str | int | None] = {
                "callee": what,
                "used_as": fact.used_as,
                "capability": decision.capability,
                "source": decision.source,
            }
            message = f"loading {verb} {what}" + (f": {decision.source}" if decision.capability == "custom" else "")
            self.add(key, _Entry(severity, message, fact.offset, evidence), 0)
            return
        root = what.partition(".")[0]
        if explained or self._own(root) or what in _AWARE or kinds == {"possible"}:
            return
        if all(f.used_as in {"imported", "resolved"} for f in facts) and self._method_of_allowed(fact):
            return
        made = (fact.member, what) in self.made or any(f.used_as in {"instantiated", "built"} for f in facts)
        self._collect(UNKNOWN_IMPORT, fact, what, "low" if made and root in ML_ROOTS else "medium")

    def _own(self, root: str) -> bool:
        """Whether names below this root are found in the loader's script, or in the archive's own code."""
        return root in OWN or root in self.packaged or (root == "__torch__" and self.case.format == "torch.script")

    def _method_of_allowed(self, fact: Reference) -> bool:
        """Whether a name that is not called is a plain attribute of a class that is allowed, as bound methods are."""
        owner, _, attribute = fact.name.rpartition(".")
        allowed = bool(owner) and self.case.policy.decide(fact.module, owner).kind == "allow"
        return allowed and not attribute.startswith("__")

    # --- findings ----------------------------------------------------------------------------------------------

    def sampled(self) -> Iterator[Finding]:
        """Findings about callees whose arguments matter and were not all kept."""
        for fact in self.case.sampled:
            what = _dotted(fact.module, fact.name)
            if what in _AWARE or what.endswith(".__setstate__"):
                yield UNSEEN_ARGUMENTS.at(
                    f"{what} is called {fact.seen} times; {fact.kept} different calls were judged",
                    member=fact.member,
                    severity="high" if what not in _AWARE or what in RESOLVERS else None,
                    callee=what,
                    kept=fact.kept,
                    seen=fact.seen,
                )

    def findings(self) -> Iterator[Finding]:
        """All findings, one for each thing."""
        for key, entry in self.found.items():
            yield key.rule.at(
                entry.message,
                member=key.member,
                offset=entry.offset,
                severity=entry.severity,
                calls=self.counts[key] or None,
                **entry.evidence,
            )
        for (rule, member, root, severity), names in self.unknown.items():
            first = next(iter(names.values()))
            shown = ", ".join(list(names)[:_SHOWN]) + (
                f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            )
            yield rule.at(
                f"loading {'calls' if rule is UNKNOWN_CALL else 'imports'} {shown}",
                member=member,
                offset=first.offset,
                severity=severity,
                package=root,
                names=len(names),
                callee=next(iter(names)),
            )


def judge(case: Case) -> Iterator[Finding]:
    """Findings about what the pickles of a file call and import."""
    judging = _Judging(case)
    judging.prepare()
    for call in case.calls:
        judging.call(call)
    judging.references()
    yield from judging.findings()
    yield from judging.sampled()
