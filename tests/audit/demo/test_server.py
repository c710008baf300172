import hashlib
import threading
import time
import zlib

import httpx2
import pytest
from huggingface_hub.utils import parse_ratelimit_headers

from audit.demo.faults import Shape
from audit.demo.world import World
from tests.hub import one, repo, serve

CONFIG = b'{"model_type": "bert"}' * 20
WEIGHTS = bytes(range(256)) * 4000
FILES = {"config.json": CONFIG, "sub/model.bin": WEIGHTS, "sub/deep/notes.txt": b"hi", "empty.txt": b""}
PLAIN = {"Accept-Encoding": "identity"}


@pytest.fixture(scope="module")
def hub():
    with serve(repo("org/m0", FILES)) as running:
        yield running


@pytest.fixture
def client(hub):
    with httpx2.Client(base_url=hub.endpoint, headers=PLAIN) as session:
        hub.log.clear()
        yield session


def get(hub, path, **headers):
    with httpx2.Client(base_url=hub.endpoint, headers=PLAIN) as session:
        return session.get(path, headers=headers)


def fetched(session, path, **headers):
    return session.get(path, headers=headers, follow_redirects=True)


def test_a_small_file_is_two_steps_away_on_the_same_origin(hub, client):
    first = client.head("/org/m0/resolve/main/config.json")
    assert first.status_code == 307
    assert first.headers["location"].startswith("/api/resolve-cache/models/org/m0/")
    oid = hashlib.sha1(b"blob %d\0" % len(CONFIG) + CONFIG).hexdigest()
    assert first.headers["etag"] == f'"{oid}"'
    assert first.headers["x-linked-size"] == str(len(CONFIG))
    last = client.get(first.headers["location"])
    assert (last.status_code, last.content, last.headers["etag"]) == (200, CONFIG, f'"{oid}"')


def test_a_large_file_is_on_the_cdn_under_another_hash(hub, client):
    first = client.head("/org/m0/resolve/main/sub/model.bin")
    sha256 = hashlib.sha256(WEIGHTS).hexdigest()
    assert (first.status_code, first.headers["x-linked-etag"]) == (302, f'"{sha256}"')
    assert first.headers["location"].startswith(hub.cdn)
    last = client.get(first.headers["location"])
    assert last.content == WEIGHTS
    assert last.headers["etag"].strip('"') not in {sha256, ""}
    assert "x-repo-commit" not in last.headers


RANGES = [
    ("bytes=0-9", slice(0, 10), "bytes 0-9/{size}"),
    ("bytes=5-", slice(5, None), "bytes 5-{last}/{size}"),
    ("bytes=-7", slice(-7, None), "bytes {tail}-{last}/{size}"),
    ("bytes=10-99999999", slice(10, None), "bytes 10-{last}/{size}"),
]


@pytest.mark.parametrize(("asked", "part", "expected"), RANGES)
@pytest.mark.parametrize(("path", "content"), [("config.json", CONFIG), ("sub/model.bin", WEIGHTS)])
def test_a_range_is_answered_exactly(client, path, content, asked, part, expected):
    response = fetched(client, f"/org/m0/resolve/main/{path}", Range=asked)
    size = len(content)
    assert (response.status_code, response.content) == (206, content[part])
    assert response.headers["content-range"] == expected.format(size=size, last=size - 1, tail=size - 7)


@pytest.mark.parametrize(
    ("path", "size"), [("config.json", len(CONFIG)), ("sub/model.bin", len(WEIGHTS)), ("empty.txt", 0)]
)
def test_a_range_past_the_end_is_416_and_says_the_size(client, path, size):
    response = fetched(client, f"/org/m0/resolve/main/{path}", Range=f"bytes={size}-")
    assert (response.status_code, response.content) == (416, b"")
    assert response.headers["content-range"] == f"bytes */{size}"


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "bytes=9-3", "lines=1-2", "bytes=-"])
def test_a_range_that_cannot_be_served_is_ignored(client, asked):
    response = fetched(client, "/org/m0/resolve/main/sub/model.bin", Range=asked)
    assert (response.status_code, len(response.content)) == (200, len(WEIGHTS))


def test_a_small_file_comes_packed_without_length_to_those_who_take_gzip(client):
    with client.stream(
        "GET", "/org/m0/resolve/main/config.json", headers={"Accept-Encoding": "gzip"}, follow_redirects=True
    ) as response:
        packed = b"".join(response.iter_raw())
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["etag"].startswith('W/"')
    assert "content-length" not in response.headers
    assert zlib.decompress(packed, 31) == CONFIG


def test_a_file_that_is_not_there_still_names_the_commit(client):
    response = client.get("/org/m0/resolve/main/nope.bin")
    assert (response.status_code, response.text, response.headers["x-error-code"]) == (
        404,
        "Entry not found",
        "EntryNotFound",
    )
    assert len(response.headers["x-repo-commit"]) == 40


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/org/m0/resolve/nope/config.json", 404, "RevisionNotFound"),
        ("/api/models/org/m0/revision/nope", 404, "RevisionNotFound"),
        ("/api/models/org/m0/tree/main/nope", 404, "EntryNotFound"),
        ("/api/models/org/none", 401, "RepoNotFound"),
        ("/api/datasets/org/m0", 401, "RepoNotFound"),
        ("/api/models/org%2Fm0", 400, None),
        ("/api/models?expand=nonsense", 400, None),
        ("/api/models?sort=nonsense", 400, None),
        ("/api/models?cursor=nonsense", 400, None),
        ("/api/nothing", 404, None),
        ("/nothing", 404, None),
    ],
)
def test_what_cannot_be_answered_is_refused_by_its_code(client, path, status, code):
    response = client.get(path)
    assert (response.status_code, response.headers.get("x-error-code")) == (status, code)
    assert response.json()["error"]


def test_every_answer_of_the_hub_carries_its_quota_and_a_number_of_its_own(hub, client):
    answers = [
        client.get(path)
        for path in ("/api/models", "/api/models/org/none", "/org/m0/resolve/main/config.json", "/nothing")
    ]
    assert [answer.headers["ratelimit"].split(";")[0] for answer in answers] == [
        '"api"',
        '"api"',
        '"resolvers"',
        '"pages"',
    ]
    assert answers[0].headers["ratelimit-policy"] == '"fixed window";"api";q=100000;w=300'
    assert len({answer.headers["x-request-id"] for answer in answers}) == 4
    remaining = [int(answer.headers["ratelimit"].split(";")[1][2:]) for answer in answers[:2]]
    assert remaining[0] == remaining[1] + 1


def test_a_quota_ends_in_429_and_comes_back_with_the_next_window():
    quotas = (("api", 2), ("resolvers", 9), ("pages", 9))
    with serve(repo("org/m0", FILES), shape=Shape(quotas=quotas, window=600)) as hub:
        assert [get(hub, "/api/models").status_code for _ in range(3)] == [200, 200, 429]
        told = parse_ratelimit_headers(get(hub, "/api/models").headers)
        assert (told.resource_type, told.remaining, told.limit, told.window_seconds) == ("api", 0, 2, 600)
        assert 0 < told.reset_in_seconds <= 600
        assert get(hub, "/org/m0/resolve/main/config.json").status_code == 307
        hub.shape = Shape(quotas=quotas, window=0)
        assert get(hub, "/api/models").status_code == 200


def test_the_log_says_what_was_asked_and_what_was_sent(hub, client):
    fetched(client, "/org/m0/resolve/main/sub/model.bin", Range="bytes=0-99", Authorization="Bearer nobody")
    [refused] = hub.log.requests()
    assert (refused.status, refused.had_authorization) == (401, True)
    hub.log.clear()
    fetched(client, "/org/m0/resolve/main/sub/model.bin", Range="bytes=0-99")
    first, second = hub.log.requests()
    assert (first.origin, first.status, second.origin, second.status) == ("hub", 302, "cdn", 206)
    assert (second.method, second.range, second.bytes_sent, second.had_authorization) == (
        "GET",
        "bytes=0-99",
        100,
        False,
    )
    assert second.file == first.path == "/org/m0/resolve/main/sub/model.bin"
    assert (hub.log.count("cdn"), hub.log.bytes_sent("cdn")) == (1, 100)


def test_the_cdn_never_asks_for_a_token_and_a_client_never_takes_one_there():
    world = World((one("org/m0", FILES, private=True, access=frozenset({"hf_in"})),))
    with (
        serve(world) as hub,
        httpx2.Client(base_url=hub.endpoint, headers={**PLAIN, "Authorization": "Bearer hf_in"}) as session,
    ):
        assert fetched(session, "/org/m0/resolve/main/sub/model.bin").content == WEIGHTS
        assert [request.had_authorization for request in hub.log.requests()] == [True, False]


@pytest.mark.parametrize(
    "change", [("Signature=", "Signature=0"), ("Policy=", "Policy=e30"), ("/xet-bridge-us/", "/xet-bridge-eu/")]
)
def test_the_cdn_refuses_a_url_that_was_tampered_with(client, change):
    location = client.head("/org/m0/resolve/main/sub/model.bin").headers["location"]
    assert client.get(location.replace(*change)).status_code == 403
    assert client.get(location.partition("?")[0]).status_code == 403


def test_a_revoked_url_serves_no_more_and_a_new_one_does(hub, client):
    location = client.head("/org/m0/resolve/main/sub/model.bin").headers["location"]
    hub.revoke_urls()
    assert client.get(location).status_code == 403
    assert fetched(client, "/org/m0/resolve/main/sub/model.bin").status_code == 200


def test_a_known_etag_is_not_sent_again(client):
    etag = client.head("/org/m0/resolve/main/sub/model.bin").headers["x-linked-etag"]
    assert client.get("/org/m0/resolve/main/sub/model.bin", headers={"If-None-Match": etag}).status_code == 304


GATES = [
    ({"gated": "manual"}, None, {"info": 200, "tree": 200, "commits": 401, "file": 401}, "GatedRepo"),
    ({"gated": "auto"}, "hf_out", {"info": 200, "tree": 200, "commits": 403, "file": 403}, "GatedRepo"),
    ({"gated": "auto"}, "hf_in", {"info": 200, "tree": 200, "commits": 200, "file": 302}, None),
    ({"private": True}, None, {"info": 401, "tree": 401, "commits": 401, "file": 401}, "RepoNotFound"),
    ({"private": True}, "hf_out", {"info": 404, "tree": 404, "commits": 404, "file": 404}, "RepoNotFound"),
    ({"private": True}, "hf_in", {"info": 200, "tree": 200, "commits": 200, "file": 302}, None),
    ({"disabled": True}, None, {"info": 200, "tree": 200, "commits": 401, "file": 401}, None),
    ({"disabled": True}, "hf_out", {"info": 200, "tree": 200, "commits": 403, "file": 403}, None),
    ({}, "hf_unknown", {"info": 401, "tree": 401, "commits": 401, "file": 401}, None),
]
PATHS = {
    "info": "/api/models/org/m0",
    "tree": "/api/models/org/m0/tree/main",
    "commits": "/api/models/org/m0/commits/main",
    "file": "/org/m0/resolve/main/sub/model.bin",
}


@pytest.mark.parametrize(("fields", "token", "expected", "code"), GATES)
def test_gates_keep_back_what_the_hub_keeps_back(fields, token, expected, code):
    world = World((one("org/m0", FILES, access=frozenset({"hf_in"}), **fields),), tokens={"hf_out": "eve"})
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    with serve(world) as hub:
        answers = {name: get(hub, path, **headers) for name, path in PATHS.items()}
    assert {name: answer.status_code for name, answer in answers.items()} == expected
    assert answers["file"].headers.get("x-error-code") == code


def test_a_private_repo_is_listed_only_for_those_who_may_see_it():
    world = World((one("org/m0", FILES, private=True, access=frozenset({"hf_in"})), one("org/m1", FILES)))
    with serve(world) as hub:
        assert [row["id"] for row in get(hub, "/api/models").json()] == ["org/m1"]
        assert len(get(hub, "/api/models", Authorization="Bearer hf_in").json()) == 2


@pytest.mark.parametrize(
    "path", ["/api/models/old/name?blobs=true", "/old/name/resolve/main/config.json", "/api/models/ORG/M0/tree/main"]
)
def test_another_id_is_sent_on_by_a_relative_307_that_keeps_the_query(path):
    with serve(World((one("org/m0", FILES),), renames={"old/name": "org/m0"})) as hub:
        response = get(hub, path)
        assert response.status_code == 307
        assert response.headers["location"] == path.replace("old/name", "org/m0").replace("ORG/M0", "org/m0")


def test_a_post_to_a_renamed_repo_stays_a_post():
    with serve(World((one("org/m0", FILES),), renames={"old/name": "org/m0"})) as hub:
        response = httpx2.post(
            f"{hub.endpoint}/api/models/old/name/paths-info/main",
            json={"paths": ["config.json"]},
            follow_redirects=True,
        )
        assert [row["path"] for row in response.json()] == ["config.json"]


def test_paths_info_takes_forms_and_json_and_leaves_unknown_paths_out(client):
    url, paths = "/api/models/org/m0/paths-info/main", ["config.json", "sub", "nope"]
    answers = [
        client.post(url, data={"paths": paths, "expand": "true"}),
        client.post(url, json={"paths": paths, "expand": True}),
    ]
    assert answers[0].json() == answers[1].json()
    assert [(row["type"], row["path"]) for row in answers[0].json()] == [("file", "config.json"), ("directory", "sub")]
    assert answers[0].json()[0]["lastCommit"]["title"] == "Add files"


def test_a_tree_lists_a_folder_or_all_below_it(client):
    assert [row["path"] for row in client.get("/api/models/org/m0/tree/main").json()] == [
        "config.json",
        "empty.txt",
        "sub",
    ]
    below = ["sub/deep", "sub/deep/notes.txt", "sub/model.bin"]
    for path in ("/tree/main/sub?recursive=True", "/tree/refs%2Fheads%2Fmain/sub%2F?recursive=true"):
        assert [row["path"] for row in client.get("/api/models/org/m0" + path).json()] == below


def test_pages_follow_each_other_by_absolute_links_until_all_is_listed():
    world = World(tuple(one(f"org/m{at}", FILES, downloads=at) for at in range(5)))
    with serve(world, shape=Shape(page_size=2)) as hub, httpx2.Client() as session:
        url, seen = f"{hub.endpoint}/api/models?sort=downloads&direction=1&author=org", []
        while url:
            response = session.get(url)
            seen.append([row["id"] for row in response.json()])
            url = response.links.get("next", {}).get("url")
            assert url is None or url.startswith(hub.endpoint)
        assert seen == [["org/m0", "org/m1"], ["org/m2", "org/m3"], ["org/m4"]]


def test_a_listing_is_filtered_and_shows_what_was_asked_for():
    world = World(
        (
            one("org/alpha", FILES, labels=("pytorch", "mit"), pipeline="text-generation"),
            one("lab/beta", FILES, labels=("pytorch",)),
            one("org/d", FILES, type="dataset"),
        )
    )
    with serve(world) as hub:

        def ids(query):
            return [row["id"] for row in get(hub, f"/api/models?sort=createdAt&{query}").json()]

        assert (
            ids("author=org")
            == ids("filter=pytorch&filter=mit")
            == ids("search=ALPHA")
            == ids("pipeline_tag=text-generation")
            == ["org/alpha"]
        )
        assert set(ids("filter=pytorch")) == {"org/alpha", "lab/beta"}
        [row] = get(hub, "/api/models?author=org&expand[]=sha&expand=downloads").json()
        assert set(row) == {"_id", "id", "sha", "downloads"}
        assert [row["id"] for row in get(hub, "/api/datasets?full=true").json()] == ["org/d"]
        assert fetched_text(hub, "/datasets/org/d/resolve/main/config.json") == CONFIG.decode()


def fetched_text(hub, path):
    with httpx2.Client(base_url=hub.endpoint, headers=PLAIN, follow_redirects=True) as session:
        return session.get(path).text


def test_an_id_of_one_part_is_found():
    with serve(repo("gpt2", FILES)) as hub:
        assert get(hub, "/api/models/gpt2").json()["id"] == "gpt2"
        assert len(get(hub, "/api/models/gpt2/tree/main").json()) == 3
        assert fetched_text(hub, "/gpt2/resolve/main/config.json") == CONFIG.decode()


def test_history_and_names_point_at_the_same_commits():
    world = repo(
        "org/m0",
        {"a": b"1"},
        {"a": b"2"},
        {"a": b"3"},
        branches={"main": 1, "dev": 2},
        tags={"v1": 0},
        refs={"refs/pr/1": 2, "refs/convert/parquet": 0},
    )
    ids = world.repos[0].commit_ids
    with serve(world) as hub:
        commits = get(hub, "/api/models/org/m0/commits/main?expand[]=formatted")
        assert [row["id"] for row in commits.json()] == [ids[1], ids[0]]
        assert commits.headers["x-total-count"] == "2"
        refs = get(hub, "/api/models/org/m0/refs?include_prs=1").json()
        assert {kind: [(row["ref"], row["targetCommit"]) for row in rows] for kind, rows in refs.items()} == {
            "branches": [("refs/heads/main", ids[1]), ("refs/heads/dev", ids[2])],
            "tags": [("refs/tags/v1", ids[0])],
            "converts": [("refs/convert/parquet", ids[0])],
            "pullRequests": [("refs/pr/1", ids[2])],
        }
        for revision, at in (("dev", 2), ("v1", 0), ("refs%2Fpr%2F1", 2), (ids[0], 0), ("refs%2Ftags%2Fv1", 0)):
            assert get(hub, f"/api/models/org/m0/revision/{revision}").json()["sha"] == ids[at]
        hub.push("org/m0")
        assert get(hub, "/api/models/org/m0").json()["sha"] == ids[2]


def test_the_hubs_own_verdict_is_told_where_it_exists():
    from audit.demo.world import Commit, Repo

    said = {"status": "unsafe", "avScan": {"status": "safe"}, "pickleImportScan": {"status": "unsafe"}}
    world = World((Repo("org/m0", (Commit(FILES, security={"sub/model.bin": said}, scans_done=False),)),))
    with serve(world) as hub:
        repo_status = {"scansDone": False, "filesWithIssues": [{"path": "sub/model.bin", "level": "unsafe"}]}
        assert get(hub, "/api/models/org/m0/scan").json() == repo_status
        assert get(hub, "/api/models/org/m0?securityStatus=true").json()["securityRepoStatus"] == repo_status
        rows = {row["path"]: row for row in get(hub, "/api/models/org/m0/tree/main?recursive=true&expand=true").json()}
        assert rows["sub/model.bin"]["securityFileStatus"] == said
        assert "securityFileStatus" not in rows["config.json"]


def test_who_asks_is_told_who_they_are():
    with serve(World(tokens={"hf_x": "alice"})) as hub:
        assert get(hub, "/api/whoami-v2", Authorization="Bearer hf_x").json()["name"] == "alice"
        assert get(hub, "/api/whoami-v2").status_code == 401
        assert get(hub, "/api/agent-harnesses").status_code == 200


def test_latency_and_bandwidth_are_felt():
    with serve(repo("org/m0", {"a.bin": bytes(20_000)}), shape=Shape(latency=0.05)) as hub:
        start = time.monotonic()
        get(hub, "/api/models")
        assert time.monotonic() - start >= 0.05
        hub.shape = Shape(bandwidth=100_000, shared=True)
        start = time.monotonic()
        threads = [threading.Thread(target=fetched_text, args=(hub, "/org/m0/resolve/main/a.bin")) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.monotonic() - start >= 0.39


def test_a_hub_that_is_closed_frees_its_ports_at_once_and_leaves_no_thread():
    before = threading.active_count()
    start = time.monotonic()
    with serve(repo("org/m0", FILES)) as hub, httpx2.Client() as session:
        session.get(hub.endpoint + "/api/models")
    assert time.monotonic() - start < 5
    assert threading.active_count() == before
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(hub.endpoint + "/api/models")
