import httpx2
import pytest

from audit.demo.faults import Shape
from audit.demo.world import Commit, Repo, World
from tests.hub import get, one, repo, serve

CONFIG = b'{"model_type": "bert"}' * 20
FILES = {"config.json": CONFIG, "sub/model.bin": bytes(1000), "sub/deep/notes.txt": b"hi", "empty.txt": b""}


@pytest.fixture(scope="module")
def hub():
    with serve(repo("org/m0", FILES)) as running:
        yield running


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
def test_what_cannot_be_answered_is_refused_by_its_code(hub, path, status, code):
    response = get(hub, path)
    assert (response.status_code, response.headers.get("x-error-code")) == (status, code)
    assert response.json()["error"]


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


def test_paths_info_takes_forms_and_json_and_leaves_unknown_paths_out(hub):
    url, paths = "/api/models/org/m0/paths-info/main", ["config.json", "sub", "nope"]
    answers = [
        httpx2.post(hub.endpoint + url, data={"paths": paths, "expand": "true"}),
        httpx2.post(hub.endpoint + url, json={"paths": paths, "expand": True}),
    ]
    assert answers[0].json() == answers[1].json()
    assert [(row["type"], row["path"]) for row in answers[0].json()] == [("file", "config.json"), ("directory", "sub")]
    assert answers[0].json()[0]["lastCommit"]["title"] == "Add files"


def test_a_tree_lists_a_folder_or_all_below_it(hub):
    assert [row["path"] for row in get(hub, "/api/models/org/m0/tree/main").json()] == [
        "config.json",
        "empty.txt",
        "sub",
    ]
    below = ["sub/deep", "sub/deep/notes.txt", "sub/model.bin"]
    for path in ("/tree/main/sub?recursive=True", "/tree/refs%2Fheads%2Fmain/sub%2F?recursive=true"):
        assert [row["path"] for row in get(hub, "/api/models/org/m0" + path).json()] == below


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
        assert get(hub, "/datasets/org/d/resolve/main/config.json", follow=True).text == CONFIG.decode()


def test_an_id_of_one_part_is_found():
    with serve(repo("gpt2", FILES)) as hub:
        assert get(hub, "/api/models/gpt2").json()["id"] == "gpt2"
        assert len(get(hub, "/api/models/gpt2/tree/main").json()) == 3
        assert get(hub, "/gpt2/resolve/main/config.json", follow=True).text == CONFIG.decode()


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
