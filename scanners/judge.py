"""Facts in, findings out.

Judging is pure: the same facts under the same policy give the same findings, today and when the facts are ten years
old. `RULESET` names the rules and the reviewed policy together; it changes whenever a finding might.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, assert_never

from scanners.facts import Anomaly, Call, Code, Embedded, Mutation, Opens, Reference, Sampled, Storage, Unread
from scanners.findings import SEVERITIES
from scanners.registry import CONCERNS, RULES
from scanners.rules import files
from scanners.rules.case import Case
from scanners.rules.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from scanners.account import Totals
    from scanners.facts import Fact
    from scanners.findings import Finding

_NUMBER: Final = 2
"""Raised when the rules' code changes what they find, while their ids and severities stay the same."""


def _ruleset() -> str:
    lines = [*sorted(f"{rule.id} {rule.severity}" for rule in RULES), Policy.default().version]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return f"{_NUMBER}-{digest[:12]}"


RULESET: Final = _ruleset()
"""The version of the rules and the reviewed policy."""


def _case(facts: Iterable[Fact], path: str, fmt: str, policy: Policy) -> Case:
    """The facts sorted by kind."""
    case = Case(path, fmt, policy)
    for fact in facts:
        match fact:
            case Reference():
                case.references.append(fact)
            case Call(opcode="Lambda"):
                case.lambdas.append(fact)
            case Call(opcode="import" | "load" | "main" | "call"):
                case.scripts.append(fact)
            case Call(opcode="shell"):
                case.commands.append(fact)
            case Call():
                case.calls.append(fact)
            case Sampled():
                case.sampled.append(fact)
            case Mutation():
                case.mutations.append(fact)
            case Anomaly():
                case.anomalies.append(fact)
            case Embedded():
                case.embedded.append(fact)
            case Code():
                case.codes.append(fact)
            case Storage():
                case.storages.append(fact)
            case Opens():
                case.opens.append(fact)
            case Unread():
                case.unread.append(fact)
                continue
            case _:
                assert_never(fact)
        case.members.add(fact.member)
    return case


def judge(facts: Sequence[Fact], *, path: str, format: str, policy: Policy) -> tuple[Finding, ...]:  # noqa: A002 - its name everywhere
    """The findings about one file, worst first, then by where they are.

    `path` is the file's name as a loader sees it, `format` what its content was found to be.
    """
    case = _case(facts, path, format, policy)
    found = [finding for concern in CONCERNS for finding in concern.judge(case)]
    found += files.judge(case, found)
    return tuple(sorted(found, key=_place))


def _place(finding: Finding) -> tuple[int, str, int, str, str]:
    offset = -1 if finding.offset is None else finding.offset
    return (-SEVERITIES.index(finding.severity), finding.member, offset, finding.rule, finding.message)


def complete(facts: Iterable[Fact], totals: Totals) -> bool:
    """Whether everything that a loader could interpret was examined: no byte unexplained, no part left unread."""
    return totals.unexplained == 0 and not any(isinstance(fact, Unread) for fact in facts)
