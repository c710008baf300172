"""`audit diff`: what changed in risk between two revisions."""

import pytest

from tests.command import audit, clean_failure
from tests.craft.pickles import asm, call, named, op, system, text
from tests.hub import repo, serve


def acme(function):
    return asm(op("PROTO", 4), call(named("acme", function), text("x")), "STOP")


WORLD = repo(
    "org/m",
    {"a.pkl": acme("kept"), "b.pkl": acme("gone"), "old.txt": b"old\n"},
    {"a.pkl": acme("kept"), "b.pkl": system(), "new.txt": b"new\n"},
    tags={"v1": 0, "v2": 1},
)


def test_files_findings_and_references_are_compared():
    with serve(WORLD) as hub:
        result = audit("diff", "org/m", "v1", "v2", "--format", "json", hub=hub)
        back = audit("diff", "org/m", "v2", "v1", "--format", "json", hub=hub)
    assert (result.code, back.code) == (1, 0)
    found = result.json
    assert [(one["change"], one["path"]) for one in found["files"]] == [
        ("changed", "b.pkl"),
        ("added", "new.txt"),
        ("removed", "old.txt"),
    ]
    assert [(one["severity"], one["path"]) for one in found["gained"]] == [("critical", "b.pkl")]
    assert [(one["severity"], one["path"]) for one in found["lost"]] == [("medium", "b.pkl")]
    assert [one["name"] for one in found["references_gained"]] == ["posix.system"]
    assert [one["name"] for one in found["references_lost"]] == ["acme.gone"]
    assert (found["before"]["verdict"], found["after"]["verdict"]) == ("suspicious", "malicious")
    assert back.json["lost"] == found["gained"]


def test_the_second_time_nothing_is_fetched():
    with serve(WORLD) as hub:
        first = audit("diff", "org/m", "v1", "main", hub=hub)
        hub.log.clear()
        again = audit("diff", "org/m", "v1", "main", hub=hub)
        assert not [request for request in hub.log.requests() if "/resolve/" in request.path]
    assert first.out == again.out
    assert "suspicious -> malicious" in first.out
    assert "+ critical" in first.out
    assert "changed   b.pkl" in first.out


def test_a_revision_and_itself_are_the_same():
    with serve(WORLD) as hub:
        result = audit("diff", "org/m", "v2", "main", hub=hub)
    assert result.code == 0
    assert "malicious as before" in result.out
    assert "The files are the same." in result.out


@pytest.mark.parametrize(("before", "after", "code"), [("v1", "none", 3), ("", "v1", 2)])
def test_a_revision_that_is_not_there_is_said(before, after, code):
    with serve(WORLD) as hub:
        clean_failure(audit("diff", "org/m", before, after, hub=hub), code, "revision")
