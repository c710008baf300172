"""The Hub's own verdicts, as they come with the tree."""

from datetime import UTC, datetime

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.demo.faults import Fault
from audit.demo.world import Commit, Repo, World
from crawler import tree
from crawler.errors import UntrueListingError
from crawler.hub import Hub
from crawler.repos import Said
from tests.hub import serve

SAFE = {"status": "safe", "avScan": {"status": "safe", "message": "No security issues detected"}}
UNSAFE = {
    "status": "unsafe",
    "avScan": {"status": "safe"},
    "pickleImportScan": {
        "status": "unsafe",
        "version": "0.0.32",
        "pickleImports": [
            {"module": "builtins", "name": "eval", "safety": "dangerous"},
            {"module": "torch", "name": "FloatStorage", "safety": "innocuous"},
        ],
    },
    "jFrogScan": {"status": "unscanned", "message": "Not yet"},
}


def world(files, security, **other):
    commit = Commit(
        {path: path.encode() for path in files}, security=security, date=datetime(2026, 3, 1, tzinfo=UTC), **other
    )
    return World((Repo("org/m", (commit,)),))


async def files(client, hub):
    return {file.path: file for file in (await Hub(client, endpoint=hub.endpoint).repo("org/m")).files}


@pytest.mark.anyio
async def test_every_scanner_of_the_hub_speaks_and_a_small_repo_costs_no_request_more(client):
    with serve(world(["a.bin", "b.bin", "new.bin"], {"a.bin": UNSAFE, "b.bin": SAFE})) as hub:
        got = await files(client, hub)
        assert hub.log.count() == 2
    assert got["a.bin"].said == (
        Said("hub", "unsafe"),
        Said("avScan", "safe"),
        Said("pickleImportScan", "unsafe", "builtins.eval", "0.0.32"),
        Said("jFrogScan", "unscanned", "Not yet"),
    )
    assert got["b.bin"].said == (Said("hub", "safe"), Said("avScan", "safe"))
    assert got["new.bin"].said == ()
    assert got["a.bin"].changed == datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.anyio
async def test_a_scan_that_is_not_done_makes_nothing_safe(client):
    with serve(world(["a.bin", "b.bin"], {"a.bin": UNSAFE, "b.bin": SAFE}, scans_done=False)) as hub:
        got = await files(client, hub)
    assert [got[path].said[0].status for path in ("a.bin", "b.bin")] == ["unsafe", "queued"]


@pytest.mark.anyio
async def test_a_large_repo_is_asked_about_in_batches(client, monkeypatch):
    monkeypatch.setattr("crawler.tree.BATCH", 40)
    paths = [f"d{number % 3}/f & {number}.bin" for number in range(120)]
    with serve(world(paths, dict.fromkeys(paths, SAFE))) as hub:
        got = await files(client, hub)
        # The repo, a page of the tree with verdicts, the whole tree without, and the 73 files that were not on the page.
        assert [request.method for request in hub.log.requests()] == ["GET", "GET", "GET", "POST", "POST"]
    assert all(file.said[0].status == "safe" for file in got.values())
    assert len(got) == 120


@pytest.mark.anyio
async def test_files_are_listed_where_the_hub_gives_no_verdicts(client):
    paths = [f"{number}.bin" for number in range(60)]
    with serve(world(paths, dict.fromkeys(paths, SAFE)), Fault("error", method="POST", status=500)) as hub:
        got = await files(client, hub)
    assert len(got) == 60
    assert sum(not file.said for file in got.values()) == 10


def test_what_is_neither_a_file_nor_a_folder_is_listed_as_that():
    row = {"type": "unknown", "path": "vendored", "oid": "c" * 40}
    assert tree._file("org/m", row).strange
    assert not tree._file("org/m", row | {"type": "file", "size": 3}).strange


@pytest.mark.parametrize(
    ("oid", "size", "how"),
    [
        ("d144f735b005ae8cbfa04a49e22fe40faa24dbec", 133, ""),
        ("c" * 40, 133, "another"),
        ("c" * 40, 136, "written otherwise"),
    ],
)
def test_the_pointer_that_git_has_is_held_against_the_listing(oid, size, how):
    """ggerganov/whisper.cpp, ggml-tiny.bin, as the Hub lists it."""
    sha256 = "be07e048e1e599ad46341c8d2a135645097a538221678b7acdd1b1919c6e1b21"
    lfs = {"oid": sha256, "size": 77_691_713, "pointerSize": size}
    row = {"type": "file", "path": "ggml-tiny.bin", "oid": oid, "size": 77_691_713, "lfs": lfs}
    assert tree._file("org/m", row).pointer == how


@pytest.mark.parametrize(
    "told", [None, [], "safe", {}, {"status": None}, {"avScan": {"status": "safe"}}, {"status": 7, "avScan": None}]
)
def test_a_verdict_of_another_shape_is_none(told):
    assert tree._said(told, scanned=True) == ()


def test_a_scanner_of_another_shape_is_left_out():
    told = {
        "status": "safe",
        "avScan": None,
        "jFrogScan": {"status": 7},
        "pickleImportScan": {"status": "unsafe", "pickleImports": [None, 3]},
    }
    assert tree._said(told, scanned=True) == (Said("hub", "safe"), Said("pickleImportScan", "unsafe"))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from(["safe", "unsafe", "file", "2026-01-01T00:00:00Z"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "type path oid size lfs lastCommit date securityFileStatus status avScan pickleImportScan pickleImports module".split()
            ),
            inner,
        )
    ),
    max_leaves=20,
)


@given(st.lists(JSON, max_size=5), st.booleans())
def test_any_answer_is_a_list_of_files_or_refused(rows, scanned):
    """What else is raised, `Hub` turns into an answer that makes no sense."""
    answer = httpx2.Response(200, json=rows, request=httpx2.Request("GET", "http://hub/"))
    try:
        found = tree.Tree("org/m", "http://hub/api/models/org/m", "c" * 40, lambda *_: answer).files(scanned=scanned)
    except (UntrueListingError, LookupError, TypeError, AttributeError):
        return
    for file in found:
        assert file.path
        assert scanned or all(one.status != "safe" for one in file.said[:1])
