"""Suppressing as a user does it: by entries of the configuration, and by a baseline."""

import json
import re

import pytest

from audit.demo.world import World
from tests.command import audit, clean_failure
from tests.craft.pickles import system
from tests.hub import one, repo, serve

ENTRY = "{rule: pickle-runs-code, reason: a trap of ours, expires: %s}"
HELD, OVER = "2999-12-31", "2020-01-31"


@pytest.fixture
def evil(tmp_path):
    (tmp_path / "evil.pkl").write_bytes(system())
    return tmp_path


@pytest.fixture
def config(tmp_path):
    def write(*entries):
        path = tmp_path / "mine.yaml"
        path.write_text(f"suppress: [{', '.join(entries)}]")
        return "--config", path

    return write


def test_an_accepted_finding_is_told_and_does_not_count(evil, config):
    result = audit("path", "evil.pkl", *config(ENTRY % HELD), cwd=evil)
    assert (result.code, result.err) == (0, "")
    assert "MALICIOUS" in result.out
    assert "a trap of ours, until 2999-12-31" in result.out


def test_an_expired_entry_does_nothing_and_says_so_once(evil, config):
    result = audit("path", "evil.pkl", *config(ENTRY % HELD.replace("2999", "2021"), ENTRY % OVER), cwd=evil)
    assert result.code == 1
    assert "SUPPRESSED" not in result.out
    assert result.err == (
        "audit: suppress[0] (2021-12-31), suppress[1] (2020-01-31) in the configuration has expired:"
        " what it suppressed counts again\n"
    )


def test_an_entry_that_nothing_needs_any_more_is_said(evil, config):
    entry = "{rule: keras-lambda, path: evil.pkl, reason: gone, expires: 2999-12-31}"
    result = audit("path", "evil.pkl", *config(entry), cwd=evil)
    assert result.code == 1
    assert "suppress[0] in the configuration suppressed nothing here" in result.err


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("{rule: pickle-runs-coda, reason: r, expires: 2999-12-31}", ("suppress[0].rule", "did you mean pickle-runs-code?")),
        ("{repo: org/*, reason: r, expires: 2999-12-31}", ("suppress[0]", "rule, blob or fingerprint")),
        ("{rule: pickle-runs-code, expires: 2999-12-31}", ("suppress[0]", "reason")),
        ("{rule: pickle-runs-code, reason: r}", ("suppress[0]", "expires")),
        ("{rule: pickle-runs-code, reason: r, expires: 2026-02-30}", ("day",)),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_one_line(evil, config, entry, words):
    clean_failure(audit("path", "evil.pkl", *config(entry), cwd=evil), 2, *words)


def test_a_configuration_in_the_audited_folder_suppresses_nothing(evil):
    (evil / "config.yaml").write_text(f"suppress: [{ENTRY % HELD}]")
    assert audit("path", ".", cwd=evil).code == 1


def test_what_a_baseline_has_does_not_count_and_what_is_new_does(evil):
    before = audit("path", "evil.pkl", "--format", "json", "--output", "base.json", cwd=evil)
    known = audit("path", "evil.pkl", "--baseline", "base.json", "--format", "json", cwd=evil)
    assert (before.code, known.code) == (1, 0)
    assert known.json["suppressed"] == 1
    assert known.json["findings"][0]["suppressed"]["by"] == "baseline"
    (evil / "evil.pkl").write_bytes(system(command="something else"))
    assert audit("path", "evil.pkl", "--baseline", "base.json", cwd=evil).code == 1


def test_a_baseline_does_not_outlive_the_entry_that_accepted_it(evil, config):
    held = audit("path", "evil.pkl", *config(ENTRY % HELD), "--format", "json", "--output", "base.json", cwd=evil)
    later = audit("path", "evil.pkl", "--baseline", "base.json", cwd=evil)
    assert (held.code, later.code) == (0, 1)


def wrong(**fields):
    good = {"schema": "hub-audit/1", "target": {"kind": "path", "id": "x"}, "findings": []}
    return json.dumps(good | fields)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (None, "No such file"),
        ("{", "no result of `audit path --format json`"),
        ('{"runs": []}', "no result of"),
        (wrong(findings=[{"rule": "r"}]), "severity"),
        (wrong(schema="other/1"), "other/1"),
        (wrong(target={"kind": "repo", "id": "org/m"}), "repo org/m"),
        ("\x00\udcff", "no result of"),
    ],
)
def test_a_baseline_that_is_none_is_one_line(evil, text, word):
    if text is not None:
        (evil / "base.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    clean_failure(audit("path", "evil.pkl", "--baseline", "base.json", cwd=evil), 2, "base.json", word)


def test_the_baseline_of_another_repo_is_refused(evil):
    (evil / "base.json").write_text(wrong(target={"kind": "repo", "id": "org/other"}))
    with serve(repo("org/m", {"a.pkl": system()})) as hub:
        result = audit("repo", "org/m", "--baseline", "base.json", cwd=evil, hub=hub)
    clean_failure(result, 2, "org/other")


def test_a_sweep_counts_what_is_suppressed_also_where_nothing_changed(evil, config):
    chosen = config("{rule: pickle-runs-code, repo: org/*, reason: a trap of ours, expires: 2999-12-31}")
    with serve(repo("org/m", {"a.pkl": system()})) as hub:
        runs = [audit("sweep", "org", *chosen, hub=hub), audit("sweep", "org", *chosen, hub=hub)]
        without = audit("sweep", "org", hub=hub)
    assert [(run.code, run.out.splitlines()[0]) for run in runs] == [
        (0, "malicious   org/m  1 suppressed"),
        (0, "malicious   org/m  unchanged, 1 suppressed"),
    ]
    assert all("; suppressed findings: 1" in run.err for run in runs)
    assert (without.code, without.out.splitlines()[0]) == (1, "malicious   org/m  unchanged")


TURNED = repo("org/m", {"a.pkl": b"N."}, {"a.pkl": system(), "b.pkl": system()}, tags={"v1": 0, "v2": 1})


def test_a_difference_tells_what_is_suppressed_and_does_not_count_it(config):
    entry = "{rule: pickle-runs-code, path: %s, reason: a trap of ours, expires: 2999-12-31}"
    with serve(TURNED) as hub:
        some = audit("diff", "org/m", "v1", "v2", "--format", "json", *config(entry % "a.pkl"), hub=hub)
        every = audit("diff", "org/m", "v1", "v2", *config(entry % "'*'"), hub=hub)
        back = audit("diff", "org/m", "v2", "v1", *config(entry % "'*'"), hub=hub)
    assert (some.code, every.code, back.code) == (1, 0, 0)
    told = {one["path"]: one.get("suppressed", {}).get("reason") for one in some.json["gained"]}
    assert told == {"a.pkl": "a trap of ours", "b.pkl": None}
    assert len(re.findall(r"^  \+ critical .* suppressed: a trap of ours$", every.out, re.MULTILINE)) == 2
    assert len(re.findall(r"^  - critical .* suppressed: a trap of ours$", back.out, re.MULTILINE)) == 2


def test_the_lines_and_the_news_of_a_sweep_tell_what_is_suppressed(config):
    entry = "{rule: pickle-runs-code, path: %s, reason: a trap of ours, expires: 2999-12-31}"
    world = World((one("org/m", {"a.pkl": b"N."}, {"a.pkl": system(), "b.pkl": system()}, branches={"main": 0}),))
    with serve(world) as hub:
        audit("sweep", "org", hub=hub)
        hub.push("org/m")
        lines = audit("sweep", "org", "--log", "text", *config(entry % "a.pkl"), hub=hub)
    assert ", 2 critical, 1 suppressed" in lines.err
    assert re.search(
        r"^new +critical +org/m +a.pkl and 1 more +pickle-runs-code +1 of 2 suppressed$", lines.out, re.MULTILINE
    )


def test_the_page_marks_what_is_suppressed(evil, config):
    audit("path", "evil.pkl", cwd=evil)
    made = audit("report", "--html", "page.html", *config(ENTRY % HELD), cwd=evil)
    assert made.err == "page.html: 1 repos, 1 findings, 1 of them suppressed\n"
    text = (evil / "page.html").read_text()
    assert text.count('<span class="small">suppressed</span>') == 2
    assert "1 of 1 findings are suppressed by the configuration." in text


def test_a_sweep_of_all_that_is_configured_says_what_no_repo_needs(evil):
    path = evil / "mine.yaml"
    path.write_text(
        "sweep: {targets: [org]}\nsuppress: [{rule: keras-lambda, repo: org/*, reason: gone, expires: 2999-12-31}]"
    )
    with serve(repo("org/m", {"a.pkl": system()})) as hub:
        every = audit("sweep", "--config", path, hub=hub)
        some = audit("sweep", "org", "--config", path, hub=hub)
    assert every.err.count("suppress[0] in the configuration suppressed nothing here") == 1
    assert "suppress[0]" not in some.err
