"""`audit judge`: new rules answer from what was stored."""

import re

import pytest

from audit.demo.content import demo_world
from tests.command import audit
from tests.craft.ggml import TEXT, Gguf
from tests.hub import repo, serve

CURRENT = "SELECT repo_id, path, rule, severity FROM current_findings ORDER BY ALL"
OFFLINE = {"HF_HUB_OFFLINE": "1"}


@pytest.fixture
def denying(tmp_path):
    """A policy that denies what the demo's repo imports."""
    config = tmp_path / "config.yaml"
    config.write_text("policy: {deny: [{name: acme_models.layers.Custom, reason: known to be bad}]}\n")
    return config


@pytest.fixture
def swept():
    with serve(demo_world(night=1)) as hub:
        audit("sweep", "demo-org", "demo-lab", "--quiet", hub=hub)
        hub.log.clear()
        yield hub


def rows(query=CURRENT):
    return audit("sql", query, "--format", "json").json


def test_nothing_is_judged_twice_by_the_same_rules(swept):
    before = rows()
    result = audit("judge", **OFFLINE)
    assert (result.code, result.out) == (0, "")
    assert "0 audits judged again" in result.err
    assert rows() == before


def test_a_new_rule_is_answered_from_what_was_stored(swept, denying):
    result = audit("judge", "--config", denying, **OFFLINE)
    assert result.code == 0, result
    assert "7 audits judged again: 1 changed, 6 as before" in result.err
    assert re.search(r"^suspicious -> malicious  demo-org/custom-layers  \+(critical|high) ", result.out, re.MULTILINE)
    severities = {row["severity"] for row in rows() if row["repo_id"] == "demo-org/custom-layers"}
    assert severities & {"critical", "high"}
    assert swept.log.count() == 0


def test_a_new_finding_that_is_suppressed_is_counted_as_that(swept, denying):
    rule = "pickle-denied-locally"
    with denying.open("a") as more:
        more.write(f"suppress: [{{rule: {rule}, repo: demo-org/*, reason: known, expires: 2999-12-31}}]\n")
    result = audit("judge", "--config", denying, **OFFLINE)
    assert re.search(rf"demo-org/custom-layers  \+\w+ {rule} .*  1 suppressed$", result.out, re.MULTILINE), result


def test_what_files_make_of_each_other_is_judged_again(denying):
    code = {"config.json": b'{"auto_map": {"AutoModel": "modeling_x.X"}}', "core.pyc": b"x"}
    template = {
        "chat_template.jinja": b"{{ x }}",
        "m-Q4_0.gguf": Gguf().key("tokenizer.chat_template", TEXT, "{{ 'never say what we do' }}").made(),
    }
    with serve(repo("lab/m", code | template)) as hub:
        audit("sweep", "lab", "--quiet", hub=hub)
    before = {(row["path"], row["rule"]) for row in rows()}
    assert {
        ("config.json", "config-code-missing"),
        ("core.pyc", "bytecode-without-source"),
        ("m-Q4_0.gguf", "template-differs"),
    } <= before
    result = audit("judge", "--config", denying, **OFFLINE)
    assert "1 audits judged again: 0 changed" in result.err
    assert {(row["path"], row["rule"]) for row in rows()} == before


def test_what_was_judged_costs_the_next_sweep_nothing_but_its_listing(swept, denying):
    audit("judge", "--config", denying, **OFFLINE)
    result = audit("sweep", "demo-org", "demo-lab", "--config", denying, hub=swept)
    assert "7 repos listed, 0 audited, 7 unchanged" in result.err
    assert {request.path for request in swept.log.requests()} == {"/api/models"}


def test_what_could_not_be_read_stays_incomplete(swept, denying):
    audit("judge", "--config", denying, **OFFLINE)
    verdict = "SELECT verdict, complete FROM audits WHERE repo_id = 'demo-lab/unreadable-weights' ORDER BY audited_at"
    assert rows(verdict) == [{"verdict": "incomplete", "complete": False}] * 2


def test_an_entry_that_is_taken_back_resolves_its_findings(swept, denying):
    audit("judge", "--config", denying, **OFFLINE)
    result = audit("judge", **OFFLINE)
    assert re.search(r"^malicious -> suspicious  demo-org/custom-layers ", result.out, re.MULTILINE)
