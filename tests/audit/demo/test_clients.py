"""Clients that know nothing of this project take the loopback Hub for a Hub."""

import contextlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from huggingface_hub import HfApi, HfFileSystem, close_session, hf_hub_download, snapshot_download
from huggingface_hub.errors import (
    DisabledRepoError,
    GatedRepoError,
    HfHubHTTPError,
    RemoteEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from audit.demo.archive import make_big_torch, safetensors
from audit.demo.faults import Fault, Shape
from audit.demo.world import World
from tests.hub import broken, one, repo, serve

TENSORS = safetensors({"weight": (40_000,), "bias": (2,)})
FILES = {
    "config.json": b'{"model_type": "bert"}',
    "sub/notes.txt": b"hello",
    "model.safetensors": TENSORS,
    "sub/pytorch_model.bin": bytes(300_000),
}


@pytest.fixture(scope="module")
def hub():
    world = World(
        (
            one("org/m0", FILES, {**FILES, "config.json": b"{}"}, tags={"v1": 0}),
            one("org/m1", FILES),
            one("org/d0", FILES, type="dataset"),
            one("org/s0", FILES, type="space"),
            one("org/gated", FILES, gated="manual"),
            one("org/off", FILES, disabled=True),
        ),
        renames={"old/m0": "org/m0"},
        tokens={"hf_x": "alice"},
    )
    with serve(world) as running:
        yield running


@pytest.fixture(autouse=True)
def only_this_hub(monkeypatch):
    # The client reads its environment when it is imported, which was before any test could set it.
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_TELEMETRY", True)
    yield
    close_session()


@pytest.fixture
def api(hub):
    hub.log.clear()
    return HfApi(endpoint=hub.endpoint, token=False)


def test_listings_of_every_type_are_read(api):
    assert {info.id for info in api.list_models(author="org")} == {"org/m0", "org/m1", "org/gated", "org/off"}
    assert [info.id for info in api.list_datasets(search="d0")] == ["org/d0"]
    assert [info.id for info in api.list_spaces()] == ["org/s0"]
    [row] = api.list_models(search="m1", expand=["sha", "gated", "downloads", "lastModified"])
    assert (row.sha, row.gated) == (api.model_info("org/m1").sha, False)


def test_pages_are_followed(hub, api):
    hub.shape = Shape(page_size=1)
    try:
        assert len(list(api.list_models(sort="created_at"))) == 4
        assert len(list(api.list_repo_tree("org/m0", recursive=True))) == 5
        assert len(api.list_repo_commits("org/m0")) == 2
    finally:
        hub.shape = Shape()


def test_a_repo_is_told_with_its_files_and_its_verdict(api):
    info = api.model_info("org/m0", files_metadata=True, securityStatus=True)
    sizes = {sibling.rfilename: sibling.size for sibling in info.siblings}
    assert sizes == {path: len(content) for path, content in {**FILES, "config.json": b"{}"}.items()}
    assert info.security_repo_status == {"scansDone": True, "filesWithIssues": []}
    assert api.model_info("org/m0", revision="v1").sha == api.list_repo_commits("org/m0")[1].commit_id
    assert api.model_info("old/m0").id == "org/m0"
    assert api.dataset_info("org/d0").id == "org/d0"


def test_trees_paths_refs_and_commits_are_read(api):
    tree = {entry.path: entry for entry in api.list_repo_tree("org/m0", recursive=True, expand=True)}
    assert set(tree) == {*FILES, "sub"}
    assert tree["model.safetensors"].lfs.size == len(TENSORS)
    assert tree["config.json"].last_commit.oid == api.model_info("org/m0").sha
    [info] = api.get_paths_info("org/m0", ["sub/notes.txt", "nope"])
    assert info.size == 5
    refs = api.list_repo_refs("org/m0", include_pull_requests=True)
    assert ([ref.name for ref in refs.branches], [ref.name for ref in refs.tags]) == (["main"], ["v1"])
    assert [commit.title for commit in api.list_repo_commits("org/m0", formatted=True)] == ["Add files", "Add files"]
    assert api.list_repo_files("org/d0", repo_type="dataset") == sorted(FILES)


def test_files_of_both_kinds_are_downloaded(hub, api, tmp_path):
    for path, content in FILES.items():
        place = hf_hub_download("org/m1", path, endpoint=hub.endpoint, cache_dir=tmp_path, token=False)
        assert Path(place).read_bytes() == content
    assert hub.log.count("cdn") == 2
    assert not any(request.had_authorization for request in hub.log.requests())


def test_a_snapshot_is_downloaded_with_a_token_that_never_reaches_the_cdn(hub, api, tmp_path):
    snapshot_download("org/m1", endpoint=hub.endpoint, local_dir=tmp_path, token="hf_x")
    found = {str(place.relative_to(tmp_path)) for place in tmp_path.rglob("*") if place.is_file()}
    assert {path for path in found if not path.startswith(".cache")} == set(FILES)
    assert {(request.origin, request.had_authorization) for request in hub.log.requests()} == {
        ("hub", True),
        ("cdn", False),
    }


def test_the_header_of_a_safetensors_file_is_read_by_ranges(hub, api):
    metadata = api.parse_safetensors_file_metadata("org/m0", "model.safetensors")
    assert set(metadata.tensors) == {"weight", "bias"}
    assert [request.range for request in hub.log.requests("cdn")] == ["bytes=0-100000"]


def test_the_file_system_reads_a_part(hub):
    files = HfFileSystem(endpoint=hub.endpoint, token=False, skip_instance_cache=True)
    assert sorted(files.ls("org/m0", detail=False)) == ["org/m0/config.json", "org/m0/model.safetensors", "org/m0/sub"]
    with files.open("org/m0/model.safetensors", "rb", block_size=1024) as file:
        file.seek(len(TENSORS) - 8)
        assert file.read() == TENSORS[-8:]


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda api: api.model_info("org/none"), RepositoryNotFoundError),
        (lambda api: api.model_info("org/m0", revision="none"), RevisionNotFoundError),
        (lambda api: list(api.list_repo_tree("org/m0", "none")), RemoteEntryNotFoundError),
        (lambda api: api.hf_hub_download("org/m0", "none"), RemoteEntryNotFoundError),
        (lambda api: api.hf_hub_download("org/gated", "config.json"), GatedRepoError),
        (lambda api: api.list_repo_commits("org/gated"), GatedRepoError),
        (lambda api: api.hf_hub_download("org/off", "config.json"), DisabledRepoError),
        (lambda api: api.model_info("org/m0", token="hf_bad"), HfHubHTTPError),
    ],
)
def test_refusals_are_understood(api, ask, error):
    with pytest.raises(error):
        ask(api)


def test_who_is_known_by_their_token(hub):
    assert HfApi(endpoint=hub.endpoint, token="hf_x").whoami()["name"] == "alice"


def test_the_client_tries_again_after_trouble(hub, api, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    hub.faults = broken(Fault("error", path="*/tree/*", times=2), Fault("throttle", path="/api/models", times=1))
    with contextlib.ExitStack() as stack:
        stack.callback(setattr, hub, "faults", broken())
        assert len(list(api.list_models())) == 4
        assert len(list(api.list_repo_tree("org/m0", recursive=True))) == 5
    assert [request.status for request in hub.log.requests()] == [429, 200, 503, 503, 200]


def test_a_process_that_knows_only_hf_endpoint_downloads(hub, tmp_path):
    script = """
        from huggingface_hub import hf_hub_download, list_models
        print(open(hf_hub_download("org/m1", "sub/notes.txt")).read(), len(list(list_models(author="org"))))
    """
    environment = {**os.environ, "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path), "HF_HUB_DISABLE_XET": "1"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout == "hello 4\n", done.stderr


def test_remotezip_reads_a_member_out_of_gigabytes():
    from remotezip import RemoteZip

    with serve(repo("org/big", {"model.pt": make_big_torch(5 << 30, call=True)})) as hub:
        with RemoteZip(f"{hub.endpoint}/org/big/resolve/main/model.pt") as archive:
            assert archive.read("archive/version") == b"3\n"
            assert b"posix\nsystem" in archive.read("archive/data.pkl")
        assert hub.log.bytes_sent("cdn") < 200_000


def test_obstore_reads_ranges_through_the_redirect(hub):
    import obstore
    from obstore.store import HTTPStore

    store = HTTPStore.from_url(hub.endpoint, client_options={"allow_http": True})
    for path in ("config.json", "model.safetensors"):
        content = {**FILES, "config.json": b"{}"}[path]
        got = obstore.get_range(store, f"org/m0/resolve/main/{path}", start=1, end=2)
        assert bytes(got) == content[1:2]
    parts = obstore.get_ranges(store, "org/m0/resolve/main/model.safetensors", starts=[0, 100_000], ends=[8, 100_010])
    assert [bytes(part) for part in parts] == [TENSORS[:8], TENSORS[100_000:100_010]]
