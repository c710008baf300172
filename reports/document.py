"""An audit as the JSON document `hub-audit/1` that scripts rely on: its keys and their order are the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.escape import as_document
from reports.fingerprint import fingerprint
from scanners.findings import SEVERITIES

if TYPE_CHECKING:
    from reports.record import Audit, File, Problem
    from scanners.findings import Finding

SCHEMA = "hub-audit/1"


def as_json(audit: Audit) -> str:
    """The document, indented, with a line feed at its end; safe to print to a terminal."""
    target, stats = audit.target, audit.stats
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
        "findings": [_finding(file, finding) for file, finding in by_weight(audit)],
        "stats": {
            "files": stats.files,
            "bytes_total": stats.bytes_total,
            "bytes_fetched": stats.bytes_fetched,
            "requests": stats.requests,
            "seconds": stats.seconds,
        },
    }
    if audit.selection is not None:
        document["selection"] = audit.selection
    if audit.error is not None:
        # Only where the target itself failed: no file can carry the reason then.
        document["error"] = _problem(audit.error)
    return as_document(document) + "\n"


def by_weight(audit: Audit) -> list[tuple[File, Finding]]:
    """Every finding with its file: worst first, then by path and place."""
    return sorted(
        ((file, finding) for file in audit.files for finding in file.findings),
        key=lambda pair: (
            -SEVERITIES.index(pair[1].severity),
            pair[0].path,
            pair[1].member,
            -1 if pair[1].offset is None else pair[1].offset,
            pair[1].rule,
        ),
    )


def _file(file: File) -> dict[str, Any]:
    return {
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


def _finding(file: File, finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "path": file.path,
        "member": finding.member,
        "offset": finding.offset,
        "message": finding.message,
        "evidence": finding.evidence,
        "fingerprint": fingerprint(file.path, finding),
    }


def _problem(problem: Problem | None) -> dict[str, str] | None:
    return None if problem is None else {"code": problem.code, "message": problem.message}
