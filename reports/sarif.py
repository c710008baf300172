"""An audit as a SARIF 2.1.0 log, for code scanning and the viewers of editors.

Within GitHub's limits (docs.github.com, "SARIF support for code scanning"): a region names a line even in a binary
file, an alert is told from others by `primaryLocationLineHash`, its weight is a property of its rule, and a run holds
no more than 25,000 results.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from reports.escape import as_document, visible
from reports.fingerprint import fingerprint
from reports.reach import clean_weights, reached
from reports.text import missing_measures
from scanners.findings import SEVERITIES
from scanners.rules.triggers import of_rule

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from reports.record import Audit, File, Target
    from reports.suppression import Reported
    from scanners.findings import Rule, Severity

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
RESULTS = 25_000
"""Results of a run beyond which GitHub refuses the whole log."""

_LEVELS: dict[Severity, str] = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
_SCORES: dict[Severity, str] = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
"""`security-severity`: critical is above 9.0, high from 7.0, medium from 4.0."""


def as_sarif(audit: Audit, said: Sequence[Reported], rules: Iterable[Rule], *, exit_code: int) -> str:
    """The log of an audit whose findings are `said`, indented, with a line feed at its end.

    `rules` are all that were asked, found or not.
    """
    places = {file.path: at for at, file in enumerate(audit.files)}
    worst: dict[str, Severity] = {}
    for one in said:  # the worst come first
        worst.setdefault(one.finding.rule, one.finding.severity)
    descriptors = [_rule(rule, worst.get(rule.id, rule.severity)) for rule in rules]
    indices = {descriptor["id"]: at for at, descriptor in enumerate(descriptors)}
    target, clean = audit.target, clean_weights(audit)
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "hub-audit",
                "version": audit.version,
                "rules": descriptors,
                "properties": {"ruleset": audit.ruleset},
            }
        },
        # A log with another id before its last slash does not take the place of this one.
        "automationDetails": {"id": f"hub-audit/{target.type or target.kind}/{visible(target.id)}/"},
        "invocations": [_invocation(audit, places, exit_code)],
        "artifacts": [_artifact(file, target) for file in audit.files],
        "results": [_result(audit, one, places, indices, clean) for one in said[:RESULTS]],
        "properties": {
            "target": msgspec.structs.asdict(target),
            "verdict": audit.verdict,
            "complete": audit.complete,
        },
    }
    if target.kind == "repo" and target.commit:
        kind = "" if target.type == "model" else f"{target.type}s/"
        run["versionControlProvenance"] = [
            {"repositoryUri": f"hf://{kind}{_quoted(target.id)}", "revisionId": target.commit}
        ]
    return as_document({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n"


def left_out(audit: Audit) -> int:
    """The findings that a log has no room for."""
    return max(sum(len(file.findings) for file in audit.files) - RESULTS, 0)


def _rule(rule: Rule, worst: Severity) -> dict[str, Any]:
    """A rule as viewers explain it; the worst that it found stands for what a log cannot say of a single result."""
    links = "\n".join(rule.references)
    reach = of_rule(rule.id)
    when = f"{reach.trigger}, by {reach.call}"
    descriptor: dict[str, Any] = {
        "id": rule.id,
        "name": rule.id.title().replace("-", ""),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {
            "text": f"{rule.why}\n\nWhen: {when}\n\nWhat to do: {rule.remedy}" + (f"\n\n{links}" if links else ""),
            "markdown": f"{rule.why}\n\n**When:** {when}\n\n**What to do:** {rule.remedy}"
            + "".join(f"\n- <{one}>" if at else f"\n\n- <{one}>" for at, one in enumerate(rule.references)),
        },
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "tags": ["security", reach.trigger, *(f"external/cwe/cwe-{number}" for number in rule.cwes)],
            "trigger": reach.trigger,
            "reach": reach.call,
            "security-severity": _SCORES[max(rule.severity, worst, key=SEVERITIES.index)],
        },
    }
    if rule.references:
        descriptor["helpUri"] = rule.references[0]
    return descriptor


def _invocation(audit: Audit, places: Mapping[str, int], exit_code: int) -> dict[str, Any]:
    return {
        "startTimeUtc": _time(audit.started),
        "endTimeUtc": _time(audit.started + timedelta(seconds=audit.stats.seconds)),
        "exitCode": exit_code,
        "executionSuccessful": audit.error is None,
        "toolExecutionNotifications": list(_notifications(audit, places)),
    }


def _notifications(audit: Audit, places: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """What a reader of the results has to know beside them: above all, what was not examined."""
    if audit.error is not None:
        yield _notification("error", audit.error.code, audit.error.message)
    for file in audit.files:
        if not file.complete:
            code = file.error.code if file.error else "unknown"
            why = file.error.message if file.error else "some of its bytes are unexplained"
            yield _notification("warning", code, f"not examined to its end: {why}") | {
                "locations": [{"physicalLocation": {"artifactLocation": _location(file, audit.target, places)}}]
            }
    if count := left_out(audit):
        yield _notification("warning", "limit", f"{count} further findings are left out; the worst are here")
    if audit.selection is not None:
        yield _notification("note", "selection", f"only the files of {audit.selection} were examined")
    if missing := missing_measures(audit):
        yield _notification(
            "warning", "unsealed", f"the scanners could not be sealed fully; missing: {', '.join(missing)}"
        )


def _notification(level: str, code: str, text: str) -> dict[str, Any]:
    return {"level": level, "descriptor": {"id": code}, "message": {"text": _said(text)}}


def _artifact(file: File, target: Target) -> dict[str, Any]:
    artifact: dict[str, Any] = {
        "location": {"uri": _uri(file.path, target)},
        "length": file.size,
        "roles": ["analysisTarget"],
        "properties": {
            "blob": file.blob,
            "format": file.format,
            "verdict": file.verdict,
            "complete": file.complete,
        },
    }
    if file.blob.startswith("sha256:"):
        artifact["hashes"] = {"sha-256": file.blob.removeprefix("sha256:")}
    return artifact


def _result(
    audit: Audit, one: Reported, places: Mapping[str, int], indices: Mapping[str, int], clean: Collection[str]
) -> dict[str, Any]:
    file, finding, why = one
    # An offset in a member counts the bytes of the member, which are no bytes of the file.
    at = {"byteOffset": finding.offset} if finding.offset is not None and not finding.member else {}
    inside = f"{file.path}!/{finding.member}" if finding.member else file.path
    repo = f"{audit.target.id}/" if audit.target.kind == "repo" else ""
    mark = fingerprint(file.path, finding)
    accepted = {"kind": "external", "status": "accepted", "justification": _said(why.reason)} if why else None
    return {
        "ruleId": finding.rule,
        "ruleIndex": indices.get(finding.rule, -1),
        "level": _LEVELS[finding.severity],
        "message": {"text": _said(finding.message)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": _location(file, audit.target, places),
                    "region": {"startLine": 1, **at},
                },
                "logicalLocations": [
                    {"fullyQualifiedName": visible(f"{repo}{inside}"), "kind": "member" if finding.member else "file"}
                ],
            }
        ],
        "partialFingerprints": {"primaryLocationLineHash": f"{mark}:1", "hubAudit/v1": mark},
        # None at all says that nobody asked; an empty list, that nobody accepted it.
        "suppressions": [accepted] if accepted else [],
        "properties": {
            "severity": finding.severity,
            "member": finding.member,
            "offset": finding.offset,
            "evidence": finding.evidence,
            **reached(finding, file.format, file.path, clean),
        },
    }


def _location(file: File, target: Target, places: Mapping[str, int]) -> dict[str, Any]:
    return {"uri": _uri(file.path, target), "index": places[file.path]}


def _uri(path: str, target: Target) -> str:
    """A path of the target as a reference; absolute ones of this machine and addresses are whole."""
    if target.kind == "url":
        return quote(path.encode("utf-8", "backslashreplace"), safe="!#$%&'()*+,/:;=?@[]~")
    return f"file://{_quoted(path)}" if target.kind == "path" and path.startswith("/") else _quoted(path)


def _quoted(path: str) -> str:
    # A colon would end a scheme.
    return quote(path.encode("utf-8", "backslashreplace"))


def _said(text: str) -> str:
    """A text from outside as a message, in which viewers follow links such as [this](https://…)."""
    return visible(text).replace("](", "] (")


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
