import dataclasses
import json

import anyio
import pytest

from audit.demo.faults import Fault
from audit.demo.server import Shape
from audit.demo.world import World
from crawler.client import Client
from crawler.errors import (
    BadTokenError,
    DisabledError,
    NetworkError,
    NotARepoIdError,
    OfflineError,
    RepoNotFoundError,
    RevisionNotFoundError,
    ServerError,
    ThrottledError,
    UntrueListingError,
)
from crawler.hub import Hub
from crawler.repos import Query
from tests.crawler.conftest import IMPATIENT
from tests.crawler.plain_server import plain_server
from tests.hub import broken, one, repo, serve

pytestmark = pytest.mark.anyio

FILES = {"config.json": b"{}", "sub/model.safetensors": b"x" * 5000, "sub/deep/ünï cödé #?%.txt": b"hello"}
MODEL = repo("org/m0", FILES, downloads=7, likes=3)


def paths(listed):
    return {file.path for file in listed.files}


async def test_a_repo_is_listed_at_the_commit_that_its_revision_stands_for(client):
    with serve(MODEL) as hub:
        got = await Hub(client, endpoint=hub.endpoint).repo("org/m0")
        world = hub.world.repo("org/m0")
        seen = hub.log.requests()
    assert got.commit == world.commit_ids[-1]
    assert (got.id, got.requested, got.revision, got.downloads, got.likes) == ("org/m0", "org/m0", "main", 7, 3)
    assert got.gated == ""
    assert got.private is False
    assert got.last_modified == world.modified
    assert paths(got) == set(FILES)
    sizes = {file.path: file.size for file in got.files}
    assert sizes == {path: len(data) for path, data in FILES.items()}
    blobs = {file.path: (file.blob, file.lfs) for file in got.files}
    for path, entry in world.commits[-1].entries.items():
        right = (f"sha256:{entry.sha256}", True) if entry.sha256 else (f"git:{entry.oid}", False)
        assert blobs[path] == right
    assert [request.path for request in seen] == ["/api/models/org/m0", f"/api/models/org/m0/tree/{got.commit}"]
    assert client.requests == 2


async def test_a_push_between_the_two_requests_changes_nothing(client):
    world = repo("org/m0", {"old.bin": b"1"}, {"new.bin": b"2"}, branches={"main": 0})
    with serve(world, Fault("push", times=1)) as hub:
        got = await Hub(client, endpoint=hub.endpoint).repo("org/m0")
        assert got.commit == hub.world.repo("org/m0").commit_ids[0]
    assert paths(got) == {"old.bin"}


async def test_tags_branches_pull_requests_and_commits_are_revisions(client):
    world = repo(
        "org/m0", {"a": b"1"}, {"b": b"2"}, {"c": b"3"}, tags={"v1": 0}, branches={"dev": 1}, refs={"refs/pr/1": 1}
    )
    with serve(world) as hub:
        api = Hub(client, endpoint=hub.endpoint)
        commit = hub.world.repo("org/m0").commit_ids[0]
        for revision, path in {"v1": "a", "dev": "b", "refs/pr/1": "b", commit: "a", "main": "c"}.items():
            got = await api.repo("org/m0", revision=revision)
            assert paths(got) == {path}
            assert got.revision == revision


@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
async def test_a_long_tree_is_read_page_by_page_for_every_type_of_repo(client, kind):
    files = {f"folder {number % 7}/{number}.txt": b"%d" % number for number in range(57)}
    with serve(repo("org/long", files, type=kind), shape=Shape(page_size=10)) as hub:
        got = await Hub(client, endpoint=hub.endpoint).repo("org/long", type=kind)
        assert hub.log.count() > 6
    assert paths(got) == set(files)
    assert got.type == kind


async def test_a_renamed_repo_answers_under_its_new_name(client):
    world = dataclasses.replace(MODEL, renames={"old/name": "org/m0"})
    with serve(world) as hub:
        api = Hub(client, endpoint=hub.endpoint)
        got = await api.repo("old/name")
        assert (got.requested, got.id) == ("old/name", "org/m0")
        assert "/org/m0/resolve/" in api.file(got, "config.json").url


async def test_a_legacy_name_without_an_organisation_is_a_repo_id(client):
    with serve(repo("gpt2", {"config.json": b"{}"})) as hub:
        assert (await Hub(client, endpoint=hub.endpoint).repo("gpt2")).id == "gpt2"


@pytest.mark.parametrize(
    "bad",
    ["", "a/b/c", "org/", "/m0", "org/..", "../etc", "org/m--0", "org/m 0", "org/m0?x=1", "org/\uff4d0", "o" * 97],
)
async def test_what_is_not_a_repo_id_is_refused_without_a_request(client, bad):
    with pytest.raises(NotARepoIdError, match="write it as ORG/NAME"):
        await Hub(client, endpoint="http://127.0.0.1:9").repo(bad)
    assert client.requests == 0


async def test_addresses_of_files_are_at_the_commit_and_quoted(client):
    with serve(repo("org/m0", FILES, type="dataset")) as hub:
        api = Hub(client, endpoint=hub.endpoint + "/")
        got = await api.repo("org/m0", type="dataset")
        remote = api.file(got, "sub/deep/ünï cödé #?%.txt")
        assert remote.url == (
            f"{hub.endpoint}/datasets/org/m0/resolve/{got.commit}/sub/deep/%C3%BCn%C3%AF%20c%C3%B6d%C3%A9%20%23%3F%25.txt"
        )
        assert remote.size == 5
        with pytest.raises(UntrueListingError, match="no file"):
            api.file(got, "nothing.bin")


async def repos(api, author="org", **options):
    return [item async for page in api.pages(Query(author), **options) for item in page]


async def test_the_repos_of_an_organisation_are_streamed(client):
    world = World(tuple(one(f"org/m{number}", {"a": b"1"}, downloads=number) for number in range(25)))
    with serve(world, shape=Shape(page_size=10)) as hub:
        listed = await repos(Hub(client, endpoint=hub.endpoint))
        assert {item.id for item in listed} == {f"org/m{number}" for number in range(25)}
        assert {item.downloads for item in listed} == set(range(25))
        assert all(item.commit == hub.world.repo(item.id).commit_ids[-1] for item in listed)
        assert all(item.last_modified for item in listed)
        assert hub.log.count() == 3
        assert await repos(Hub(client, endpoint=hub.endpoint), "nobody") == []


@pytest.mark.parametrize("kind", ["dataset", "space"])
async def test_datasets_and_spaces_are_listed_as_well(client, kind):
    with serve(repo("org/thing", {"a": b"1"}, type=kind)) as hub:
        listed = await repos(Hub(client, endpoint=hub.endpoint), type=kind)
    assert [(item.id, item.type) for item in listed] == [("org/thing", kind)]
    assert listed[0].commit


async def test_a_listing_that_is_left_early_asks_no_further(client):
    world = World(tuple(one(f"org/m{number}", {"a": b"1"}) for number in range(900)))
    with serve(world, shape=Shape(page_size=100)) as hub:
        listing = Hub(client, endpoint=hub.endpoint).pages(Query("org"))
        await anext(listing)
        await listing.aclose()
        assert hub.log.count() <= 2


async def test_a_cursor_that_leads_back_is_an_error(client):
    files = {f"{number}.txt": b"x" for number in range(30)}
    world = World((one("org/m0", files), one("org/m1", files), one("org/m2", files)))
    with serve(world, Fault("loop"), shape=Shape(page_size=2)) as hub:
        api = Hub(client, endpoint=hub.endpoint)
        with pytest.raises(UntrueListingError):
            await api.repo("org/m0")
        with pytest.raises(UntrueListingError):
            await repos(api)
        assert hub.log.count() < 20


@pytest.mark.parametrize(
    ("fields", "token", "kind", "said"),
    [
        ({"private": True}, None, RepoNotFoundError, "missing or private"),
        ({"private": True}, "hf_other", RepoNotFoundError, "missing or private"),
        ({"disabled": True}, None, DisabledError, "disabled by the Hub"),
        ({}, "hf_unknown", BadTokenError, "hf auth login"),
    ],
)
async def test_refusals_have_their_own_errors(client, fields, token, kind, said):
    world = dataclasses.replace(repo("org/m0", FILES, **fields), tokens={"hf_other": "other"})
    with serve(world) as hub, pytest.raises(kind, match=said) as caught:
        await Hub(client, endpoint=hub.endpoint, token=token or False).repo("org/m0")
    assert "\n" not in str(caught.value)
    assert client.requests == 1


async def test_a_private_repo_is_listed_for_those_who_may_see_it(client, monkeypatch):
    with serve(repo("org/m0", FILES, private=True, access=frozenset({"hf_mine"}))) as hub:
        assert (await Hub(client, endpoint=hub.endpoint, token="hf_mine").repo("org/m0")).private
        monkeypatch.setenv("HF_TOKEN", "hf_mine")
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        assert (await Hub(client).repo("org/m0")).private
        with pytest.raises(RepoNotFoundError):
            await Hub(client, token=False).repo("org/m0")


async def test_a_gated_repo_is_listed_and_says_so(client):
    with serve(repo("org/m0", FILES, gated="manual")) as hub:
        assert (await Hub(client, endpoint=hub.endpoint, token=False).repo("org/m0")).gated == "manual"


async def test_missing_repos_and_revisions_are_told_apart(client):
    with serve(MODEL) as hub:
        api = Hub(client, endpoint=hub.endpoint, token=False)
        with pytest.raises(RepoNotFoundError, match="org/none is missing or private"):
            await api.repo("org/none")
        with pytest.raises(RevisionNotFoundError, match="org/m0@none: no such revision"):
            await api.repo("org/m0", revision="none")


async def test_offline_nothing_is_sent(client, monkeypatch):
    with serve(MODEL) as hub:
        api = Hub(client, endpoint=hub.endpoint)
        got = await api.repo("org/m0")
        hub.log.clear()
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        with pytest.raises(OfflineError, match="HF_HUB_OFFLINE"):
            await api.repo("org/m0")
        with pytest.raises(OfflineError, match="HF_HUB_OFFLINE"):
            await repos(api)
        with pytest.raises(OfflineError, match=r"config\.json"):
            async with client.open(api.file(got, "config.json").url, home=api.home):
                pass
        assert hub.log.count() == 0


async def test_trouble_that_passes_is_waited_out(client):
    faults = [Fault("error", times=2, status=503), Fault("reset", times=1, at=10), Fault("truncate", times=1, at=10)]
    with serve(MODEL, *faults) as hub:
        assert paths(await Hub(client, endpoint=hub.endpoint).repo("org/m0")) == set(FILES)


async def test_trouble_that_lasts_is_told_after_a_few_attempts(client):
    with serve(MODEL, Fault("error", status=502)) as hub:
        with pytest.raises(ServerError, match="HTTP 502"):
            await Hub(client, endpoint=hub.endpoint).repo("org/m0")
        assert hub.log.count() == IMPATIENT.retry.attempts


async def test_the_quotas_reset_is_waited_for(client):
    with serve(MODEL, Fault("throttle", times=1, seconds=1)) as hub:
        with anyio.fail_after(8):
            started = anyio.current_time()
            await Hub(client, endpoint=hub.endpoint).repo("org/m0")
        assert anyio.current_time() - started >= 1.0
        assert hub.log.count() == 3


async def test_a_reset_too_far_away_is_told_at_once(client):
    with serve(MODEL, Fault("throttle", seconds=300)) as hub:
        with anyio.fail_after(5), pytest.raises(ThrottledError, match="300 s"):
            await Hub(client, endpoint=hub.endpoint).repo("org/m0")
        assert hub.log.count() == 1


async def test_cancelling_ends_a_request_that_gets_no_answer(client):
    with serve(MODEL, Fault("stall", at=0)) as hub:
        with anyio.move_on_after(0.3) as scope:
            await Hub(client, endpoint=hub.endpoint).repo("org/m0")
        assert scope.cancelled_caught


async def test_nobody_at_home_is_a_network_error():
    async with Client(IMPATIENT) as client:
        with pytest.raises(NetworkError, match="cannot be reached"):
            await Hub(client, endpoint="http://127.0.0.1:9").repo("org/m0")


async def test_the_token_does_not_follow_a_page_to_another_server(client):
    with plain_server(lambda _: (200, {}, b"[]")) as other:

        def hub(handler):
            if "/tree/" in handler.path:
                return 200, {"Link": f'<{other.url}/next>; rel="next"'}, b"[]"
            return 200, {}, b'{"id": "org/m0", "sha": "%s"}' % (b"a" * 40)

        with plain_server(hub) as own:
            await Hub(client, endpoint=own.url, token="hf_secret").repo("org/m0")
            assert own.headers_seen("authorization") == ["Bearer hf_secret"] * 3
        assert other.headers_seen("authorization") == [None]


OID = "b" * 40


def told(**fields):
    return json.dumps({"id": "org/m0", "sha": "a" * 40} | fields)


def tree(*files):
    return json.dumps([{"type": "file", "path": "x", "oid": OID, "size": 1} | fields for fields in files])


@pytest.mark.parametrize(
    ("info", "files"),
    [
        ("[]", "[]"),
        ("{", "[]"),
        ("null", "[]"),
        ("", "[]"),
        ("<html>", "[]"),
        ('{"id": "org/m0"}', "[]"),
        (told(sha="main"), "[]"),
        (told(id="../x"), "[]"),
        (told(), "{}"),
        (told(), "[1]"),
        (told(), "[{}]"),
        (told(), tree({"oid": "zz"})),
        (told(), tree({"size": -1})),
        (told(), tree({"size": "1"})),
        (told(), tree({"size": 2**70})),
        (told(), tree({"path": "../../x"})),
        (told(), tree({"path": "/x"})),
        (told(), tree({"path": "x\0"})),
        (told(), tree({"path": 7})),
        (told(), tree({"lfs": {"oid": "1", "size": 1, "pointerSize": 1}})),
        (told(), tree({"lfs": 1})),
        (told(), tree({}, {})),
    ],
)
async def test_a_hub_that_talks_nonsense_is_an_error_of_ours(client, info, files):
    def answer(handler):
        return 200, {"Content-Type": "application/json"}, (files if "/tree/" in handler.path else info).encode()

    with plain_server(answer) as server, pytest.raises((UntrueListingError, NotARepoIdError)) as caught:
        await Hub(client, endpoint=server.url).repo("org/m0")
    assert "\n" not in str(caught.value)


async def test_counts_that_are_no_counts_are_left_out(client):
    def answer(handler):
        body = "[]" if "/tree/" in handler.path else told(downloads="many", likes=-1, gated=None)
        return 200, {}, body.encode()

    with plain_server(answer) as server:
        got = await Hub(client, endpoint=server.url).repo("org/m0")
    assert (got.downloads, got.likes, got.gated) == (None, None, "")


async def test_faults_at_random_do_not_change_what_is_listed(client):
    files = {f"{number}.txt": b"x" * number for number in range(40)}
    with serve(repo("org/m0", files), shape=Shape(page_size=10)) as hub:
        api = Hub(client, endpoint=hub.endpoint)
        right = await api.repo("org/m0")
        for seed in range(5):
            hub.faults = broken(seed=seed, error=0.15, reset=0.1, truncate=0.1)
            assert await api.repo("org/m0") == right
