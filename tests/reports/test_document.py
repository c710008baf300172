"""The JSON document is the contract's, key for key."""

import json

from reports.document import as_json
from reports.record import Problem
from tests.reports.made import audit, file, finding, said


def test_the_document_is_exactly_this():
    one = audit(
        "a1",
        file("clean.bin", reused=True),
        file("bad.bin", finding(evidence={"callee": "posix.system"}), bytes_fetched=50),
        file("big.h5", size=9, verdict="incomplete", complete=False, format="unknown", error=Problem("limit", "whole")),
    )
    clean, bad, big = (
        {"path": path, "size": size, "blob": "sha256:aa", "format": form, "verdict": verdict, "complete": complete}
        | {"bytes_examined": 60, "bytes_inert": 40, "bytes_fetched": fetched, "reused": reused, "error": error}
        for path, size, form, verdict, complete, fetched, reused, error in [
            ("clean.bin", 100, "torch.zip", "clean", True, 0, True, None),
            ("bad.bin", 100, "torch.zip", "malicious", True, 50, False, None),
            ("big.h5", 9, "unknown", "incomplete", False, 0, False, {"code": "limit", "message": "whole"}),
        ]
    )
    expected = {
        "schema": "hub-audit/1",
        "tool": {"version": "0.1.0", "ruleset": "rules-1"},
        "target": {"kind": "repo", "id": "org/model", "type": "model", "revision": "main", "commit": "c" * 40},
        "verdict": "malicious",
        "complete": False,
        "files": [clean, bad, big],
        "findings": [
            {
                "rule": "pickle-runs-code",
                "severity": "critical",
                "path": "bad.bin",
                "member": "archive/data.pkl",
                "offset": 2,
            }
            | {"message": "posix.system('id')", "evidence": {"callee": "posix.system"}}
            | {"trigger": "load", "reach": "torch.load(weights_only=False)", "safe_sibling": None}
        ],
        "stats": {"files": 3, "bytes_total": 209, "bytes_fetched": 50, "requests": 3, "seconds": 1.25},
        "hub": {"scanned": 0, "not_scanned": 3, "disagreements": []},
    }
    text = as_json(one, said(one))
    assert json.loads(text) == expected
    # The order of the keys as well.
    assert json.dumps(json.loads(text)) == json.dumps(expected)
    assert text.endswith("}\n")


def test_findings_are_worst_first_then_by_path_and_place():
    one = audit(
        "a1",
        file("b.bin", finding("low"), finding("critical", offset=9), finding("critical", offset=None)),
        file("a.bin", finding("critical", offset=10), finding("high"), finding("critical", offset=3)),
    )
    order = [(f["severity"], f["path"], f["offset"]) for f in json.loads(as_json(one, said(one)))["findings"]]
    assert order == [
        ("critical", "a.bin", 3), ("critical", "a.bin", 10), ("critical", "b.bin", None), ("critical", "b.bin", 9),
        ("high", "a.bin", 2), ("low", "b.bin", 2),
    ]  # fmt: skip


def test_a_target_that_could_not_be_audited_says_why():
    document = json.loads(
        as_json(audit("a1", verdict="incomplete", complete=False, error=Problem("gated", "no access")), [])
    )
    assert document["error"] == {"code": "gated", "message": "no access"}
    assert document["files"] == []


def test_names_cannot_act_on_a_terminal():
    one = audit("a1", file("\x1b]0;x\x07\u202e\u200b\x7f\x9b.bin", finding(message="\u2067")))
    text = as_json(one, said(one))
    assert r"\u001b]0;x\u0007\u202e\u200b\u007f\u009b.bin" in text
    assert text.isascii()
    assert json.loads(text)["files"][0]["path"] == "\x1b]0;x\x07\u202e\u200b\x7f\x9b.bin"
