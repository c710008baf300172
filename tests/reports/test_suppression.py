"""What is accepted does not count, is told with its reason, and comes back when its day is over."""

import json
from datetime import date

import pytest

from reports.cyclonedx import as_cyclonedx
from reports.document import as_json
from reports.fingerprint import fingerprint
from reports.sarif import as_sarif
from reports.suppression import Suppression, Suppressions, worst
from reports.text import as_text
from tests.reports.made import RUNS, audit, file, finding

HASH = "sha256:" + "ab" * 32
DAY = date(2099, 1, 31)


def entry(**fields):
    return Suppression(reason="reviewed", expires=DAY, **fields)


def reasons(one, *entries, baseline=()):
    return [
        said.suppressed and said.suppressed.by for said in Suppressions(dict(enumerate(entries)), baseline).report(one)
    ]


ONE = audit("a1", file("dir/a.bin", finding(), blob=HASH))
MARK = fingerprint("dir/a.bin", finding())


@pytest.mark.parametrize(
    ("fields", "covers"),
    [
        ({"rule": RUNS.id}, True),
        ({"rule": "other"}, False),
        ({"rule": RUNS.id, "repo": "org/*"}, True),
        ({"rule": RUNS.id, "repo": "ORG/*"}, False),
        ({"rule": RUNS.id, "repo": "org"}, False),
        ({"rule": RUNS.id, "path": "dir/*.bin"}, True),
        ({"rule": RUNS.id, "path": "a.*"}, True),
        ({"rule": RUNS.id, "path": "dir"}, False),
        ({"blob": HASH}, True),
        ({"blob": HASH.replace("ab", "cd")}, False),
        ({"blob": HASH, "rule": "other"}, False),
        ({"fingerprint": MARK}, True),
        ({"fingerprint": "0" * 32}, False),
        ({"fingerprint": MARK, "repo": "other/*"}, False),
    ],
)
def test_an_entry_covers_what_fits_all_that_it_names(fields, covers):
    assert reasons(ONE, entry(**fields)) == ["config" if covers else None]


def test_what_is_no_repo_is_not_covered_by_an_entry_for_repos():
    local = audit("a1", file("a.bin", finding()), kind="path", repo="a.bin", commit=None)
    assert reasons(local, entry(rule=RUNS.id, repo="*")) == [None]
    assert reasons(local, entry(rule=RUNS.id)) == ["config"]


def test_a_baseline_covers_as_many_as_it_has_and_no_worse_ones():
    one = audit("a1", file("a.bin", finding("high", offset=1), finding("high", offset=2), finding("critical")))
    mark = fingerprint("a.bin", finding())
    assert reasons(one, baseline=[(mark, "high")]) == [None, "baseline", None]
    assert reasons(one, baseline=[(mark, "high")] * 9) == [None, "baseline", "baseline"]
    assert reasons(one) == [None, None, None]


def test_a_baseline_covers_two_audits_alike():
    accepted = Suppressions({}, [(MARK, "critical")])
    assert [one.suppressed is None for one in accepted.report(ONE) + accepted.report(ONE)] == [False, False]


def test_only_what_is_left_counts():
    one = audit("a1", file("a.bin", finding("critical"), finding("medium", message="other")))
    said = Suppressions({0: entry(fingerprint=fingerprint("a.bin", finding()))}).report(one)
    assert worst(said) == "medium"
    assert worst(Suppressions({0: entry(rule=RUNS.id)}).report(one)) is None


def test_an_entry_is_unused_where_its_one_place_was_looked_at_in_full():
    entries = [
        entry(rule=RUNS.id, repo="org/model"),
        entry(rule="other", repo="org/model"),
        entry(rule="other", repo="org/*"),
        entry(rule="other", repo="org/another"),
        entry(rule="other", blob=HASH),
        entry(rule="other"),
    ]
    accepted = Suppressions(dict(enumerate(entries)))
    accepted.report(ONE)
    assert accepted.unused() == [1, 4]
    assert accepted.unused(everywhere=True) == [1, 2, 3, 4, 5]
    for partial in ({"complete": False}, {"selection": "+*.bin"}):
        accepted = Suppressions(dict(enumerate(entries)))
        accepted.report(audit("a1", file("dir/a.bin", blob=HASH), **partial))
        assert accepted.unused() == []


def both():
    one = audit("a1", file("a.bin", finding(), finding("low", message="other")))
    return one, Suppressions({3: entry(fingerprint=fingerprint("a.bin", finding()))}).report(one)


def test_the_document_tells_it():
    document = json.loads(as_json(*both()))
    assert document["verdict"] == "malicious"
    assert document["suppressed"] == 1
    assert [one.get("suppressed") for one in document["findings"]] == [
        {"by": "config", "reason": "reviewed", "expires": "2099-01-31"},
        None,
    ]


def test_the_log_for_code_scanning_tells_it():
    (run,) = json.loads(as_sarif(*both(), [RUNS], exit_code=0))["runs"]
    assert [result["suppressions"] for result in run["results"]] == [
        [{"kind": "external", "status": "accepted", "justification": "reviewed"}],
        [],
    ]


def test_the_bill_of_materials_tells_it():
    found = json.loads(as_cyclonedx(*both(), {RUNS.id: RUNS}))["vulnerabilities"]
    assert [one["analysis"] for one in found if "analysis" in one] == [
        {"detail": "reviewed", "response": ["will_not_fix"]}
    ]


def test_the_report_tells_it_apart_from_what_counts():
    one, said = both()
    text = as_text(one, said, {RUNS.id: RUNS}, width=100, colour=False)
    counting, _, accepted = text.partition("SUPPRESSED  1 finding\n")
    assert text.startswith("org/model")
    assert "MALICIOUS" in counting
    assert "posix.system" not in counting
    assert accepted.startswith(
        "  a.bin > archive/data.pkl, byte 2  critical pickle-runs-code\n      reviewed, until 2099-01-31\n"
    )
    assert "All that was found" not in text


def test_a_report_that_is_to_say_more_names_what_an_entry_would():
    marked, plain = (
        as_text(ONE, Suppressions().report(ONE), {}, width=200, colour=False, verbose=verbose)
        for verbose in (True, False)
    )
    assert f"dir/a.bin > archive/data.pkl, byte 2  {MARK}\n" in marked
    assert MARK not in plain


def test_a_report_of_nothing_but_accepted_findings_says_so():
    said = Suppressions({0: entry(rule=RUNS.id)}).report(ONE)
    text = as_text(ONE, said, {RUNS.id: RUNS}, width=100, colour=False)
    assert "All that was found is suppressed" in text
