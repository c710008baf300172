"""An audit as the JSON document `hub-audit/1` that scripts rely on: its keys and their order are the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from reports.beside import beside
from reports.escape import as_document
from reports.reach import clean_weights, reached
from reports.suppression import suppressed

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from reports.record import Audit, File, Problem
    from reports.suppression import Reported

SCHEMA = "hub-audit/1"


def as_json(audit: Audit, said: Sequence[Reported]) -> str:
    """The document of an audit whose findings are `said`, indented, safe to print to a terminal."""
    target, stats, clean = audit.target, audit.stats, clean_weights(audit)
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "tool": {"version": audit.version, "ruleset": audit.ruleset},
        "target": {
            "kind": target.kind,
            "id": target.id,
            "type": target.type,
            "revision": target.revision,
            "commit": target.commit,
        },
        "verdict": audit.verdict,
        "complete": audit.complete,
        "files": [_file(file) for file in audit.files],
        "findings": [_finding(one, clean) for one in said],
        "stats": {
            "files": stats.files,
            "bytes_total": stats.bytes_total,
            "bytes_fetched": stats.bytes_fetched,
            "requests": stats.requests,
            "seconds": stats.seconds,
        },
    }
    if target.kind == "repo":
        document["hub"] = _hub(audit)
    if accepted := suppressed(said):
        document["suppressed"] = len(accepted)
    if audit.selection is not None:
        document["selection"] = audit.selection
    if audit.error is not None:
        # Only where the target itself failed: no file can carry the reason then.
        document["error"] = _problem(audit.error)
    return as_document(document) + "\n"


def _hub(audit: Audit) -> dict[str, Any]:
    told = beside(audit)
    return {
        "scanned": told.scanned,
        "not_scanned": told.not_scanned,
        "disagreements": [
            {"path": file.path, "alarmed": who, "ours": file.verdict, "theirs": file.hub[0].status}
            for file, who in told.disagreements
        ],
    }


def _file(file: File) -> dict[str, Any]:
    told = {
        "path": file.path,
        "size": file.size,
        "blob": file.blob,
        "format": file.format,
        "verdict": file.verdict,
        "complete": file.complete,
        "bytes_examined": file.bytes_examined,
        "bytes_inert": file.bytes_inert,
        "bytes_fetched": file.bytes_fetched,
        "reused": file.reused,
        "error": _problem(file.error),
    }
    if file.hub:
        told["hub"] = [msgspec.structs.asdict(one) for one in file.hub]
    return told


def _finding(one: Reported, clean: Collection[str]) -> dict[str, Any]:
    file, finding, why = one
    told: dict[str, Any] = {
        "rule": finding.rule,
        "severity": finding.severity,
        "path": file.path,
        "member": finding.member,
        "offset": finding.offset,
        "message": finding.message,
        "evidence": finding.evidence,
        **reached(finding, file.format, file.path, clean),
    }
    return told if why is None else told | {"suppressed": why._asdict()}


def _problem(problem: Problem | None) -> dict[str, str] | None:
    return None if problem is None else {"code": problem.code, "message": problem.message}
