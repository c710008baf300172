"""Audits to keep and to draw."""

from datetime import UTC, datetime, timedelta

from reports.record import Audit, Blob, File, Stats, Sweep, Target
from reports.suppression import Suppressions
from scanners.account import Totals
from scanners.facts import Reference
from scanners.findings import Finding, Rule

START = datetime(2026, 1, 5, 12, tzinfo=UTC)  # a Monday
SCANNERS = "scanners-1"
RUNS = Rule(
    "pickle-runs-code",
    "critical",
    "The file runs code when it is loaded",
    "Loading it does what its author wants, with your rights.",
    "Do not load it.",
    ("https://example.org/advisory",),
)


def finding(severity="critical", message="posix.system('id')", **other):
    return Finding(RUNS.id, severity, message, **({"member": "archive/data.pkl", "offset": 2} | other))


def file(path="model.bin", *findings, blob="sha256:aa", **other):
    severities = {one.severity for one in findings}
    verdict = "malicious" if severities & {"critical", "high"} else "suspicious" if "medium" in severities else "clean"
    fields = {"size": 100, "hint": ".bin", "format": "torch.zip", "verdict": verdict, "complete": True}
    return File(path=path, blob=blob, findings=findings, **(fields | {"bytes_examined": 60, "bytes_inert": 40} | other))


def blob(identity="sha256:aa", *facts, **other):
    fields = {"hint": ".bin", "scanners": SCANNERS, "size": 100, "format": "torch.zip", "account": Totals(60, 40, 0)}
    return Blob(blob=identity, facts=facts, **(fields | other))


def reference(module="posix", name="system", used_as="called"):
    return Reference("pickle.global", module, name, used_as, member="archive/data.pkl", offset=2)


def audit(identity="a1", *files, days=0, repo="org/model", kind="repo", commit="c" * 40, revision="main", **other):
    order = ("clean", "incomplete", "suspicious", "malicious")
    fields = {
        "audit_id": identity,
        "target": Target(kind, repo, *(("model", revision) if kind == "repo" else (None, None)), commit),
        "started": START + timedelta(days=days),
        "ruleset": "rules-1",
        "version": "0.1.0",
        "verdict": max((one.verdict for one in files), key=order.index, default="clean"),
        "complete": all(one.complete for one in files),
        "files": files,
        "blobs": (),
        "stats": Stats(len(files), sum(one.size for one in files), 50, 3, 1.25),
    }
    return Audit(**(fields | other))


def sweep(identity="s1", **other):
    return Sweep(identity, START, ("org",), "rules-1", **other)


def said(one):
    """The findings of an audit of which nothing is suppressed."""
    return Suppressions().report(one)
