"""`audit path`: what is already on this machine, with no network at all."""

import os
import pickle
import random
import socket
import stat
from pathlib import Path

import pytest

from tests.command import audit, clean_failure
from tests.craft.pickles import system

TORCH = Path(__file__).parents[1] / "data" / "torch"


def test_files_and_folders_are_audited_under_the_paths_as_given(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "evil.pkl").write_bytes(system())
    (tmp_path / "fine.pkl").write_bytes(pickle.dumps([1, 2]))
    result = audit("path", "sub", "fine.pkl", "--format", "json", cwd=tmp_path)
    assert result.code == 1, result
    assert {f["path"]: f["verdict"] for f in result.json["files"]} == {"sub/evil.pkl": "malicious", "fine.pkl": "clean"}


@pytest.mark.parametrize("name", ["state_dict.pt", "optimizer.pt", "checkpoint.ckpt", "protocol4.pt", "whole_module.pt", "model.safetensors", "empty.safetensors"])  # fmt: skip
def test_what_the_real_libraries_wrote_is_clean_and_complete(name):
    result = audit("path", TORCH / name, "--format", "json")
    (file,) = result.json["files"]
    assert (result.code, file["verdict"], file["complete"]) == (0, "clean", True), result.json


def test_the_network_is_not_touched(tmp_path):
    """A proxy that counts: nothing may ask it for anything."""
    (tmp_path / "a.pkl").write_bytes(system())
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        audit("path", tmp_path, HTTP_PROXY=address, HTTPS_PROXY=address, ALL_PROXY=address, HF_ENDPOINT=address)
        server.settimeout(0.1)
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_snapshot_of_the_cache_is_followed_into_its_blobs_and_no_further(tmp_path):
    repo = tmp_path / "hub" / "models--org--m"
    snapshot = repo / "snapshots" / ("a" * 40)
    snapshot.mkdir(parents=True)
    (repo / "blobs").mkdir()
    (repo / "blobs" / "x").write_bytes(system())
    (snapshot / "model.pkl").symlink_to("../../blobs/x")
    secret = tmp_path / "secret.pkl"
    secret.write_bytes(system())
    (snapshot / "other.pkl").symlink_to(secret)
    files = {f["path"].rsplit("/", 1)[-1]: f for f in audit("path", snapshot, "--format", "json").json["files"]}
    assert files["model.pkl"]["verdict"] == "malicious"
    assert files["other.pkl"]["verdict"] == "incomplete"
    assert files["other.pkl"]["error"]["code"] == "link"


def test_links_that_leave_the_folder_or_lead_nowhere_are_said(tmp_path):
    folder = tmp_path / "m"
    (folder / "sub").mkdir(parents=True)
    links = {
        "away.json": "../../etc/passwd",
        "absolute.json": "/etc/passwd",
        "zeros.bin": "/dev/zero",
        "loop.json": "loop.json",
        "a.json": "b.json",
        "b.json": "a.json",
        "gone.json": "missing.json",
        "folder": "sub",
        "up": "..",
        "sub/root": "/",
    }
    for name, target in links.items():
        (folder / name).symlink_to(target)
    (folder / "sub" / "config.json").write_text("{}")
    (folder / "inside.json").symlink_to("sub/config.json")
    result = audit("path", folder, "--format", "json", "--no-store")
    files = {file["path"].removeprefix(f"{folder}/"): file for file in result.json["files"]}
    assert files.keys() == {*links, "sub/config.json", "inside.json"}
    assert {name for name, file in files.items() if file["complete"]} == {"sub/config.json", "inside.json"}
    assert {files[name]["error"]["code"] for name in links} == {"link", "unreadable"}


def test_pipes_and_sockets_are_named_and_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.pkl")
    result = audit("path", tmp_path, "--format", "json")
    assert result.code == 3
    assert result.json["files"][0]["error"]["code"] == "unreadable"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_folder_is_said(tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0)
    try:
        result = audit("path", folder, "--format", "json")
    finally:
        folder.chmod(stat.S_IRWXU)
    assert result.code == 3
    assert result.json["files"][0]["error"]["code"] == "unreadable"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc")
def test_a_file_that_hides_its_size_is_not_clean():
    result = audit("path", "/proc/self/status", "--format", "json", "--no-store")
    assert (result.code, result.json["verdict"]) == (3, "incomplete")


def test_a_path_that_is_not_there_is_one_clear_line(tmp_path):
    clean_failure(audit("path", tmp_path / "none"), 2, "no such file")


def test_a_configuration_in_the_audited_folder_is_never_read(tmp_path):
    (tmp_path / "config.yaml").write_text("policy: {allow: [{name: posix.system, reason: mine}]}\n")
    (tmp_path / "a.pkl").write_bytes(system())
    assert audit("path", tmp_path, cwd=tmp_path).code == 1


def test_a_hostile_name_stays_text(tmp_path):
    (tmp_path / "evil\x1b[31m\u202e.pkl").write_bytes(system())
    result = audit("path", tmp_path)
    assert "\x1b" not in result.out + result.err
    assert "\u202e" not in result.out + result.err
    assert "\\x1b[31m" in result.out


def mutated(data, chance):
    """A few bytes changed, a piece lost or doubled, or the end cut off."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(out) or 1)
        match chance.randrange(4):
            case 0 if out:
                out[at] ^= 1 << chance.randrange(8)
            case 1:
                del out[at : at + chance.randint(1, 40)]
            case 2:
                out[at:at] = out[at : at + chance.randint(1, 40)]
            case _:
                del out[max(1, at) :]
    return bytes(out)


def test_random_and_mutated_files_all_get_a_verdict_and_none_is_clean_unread(tmp_path):
    """1,000 files of random bytes, 1,000 mutated valid ones: no traceback, no hang."""
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    suffixes = [".bin", ".pkl", ".pt", ".safetensors", ".json", ".txt", ".h5", ""]
    valid = [path.read_bytes() for path in sorted(TORCH.iterdir()) if path.is_file()]
    valid += [
        system(),
        pickle.dumps({"a": [1.5] * 50}),
        b'{"model_type": "bert", "layers": [1, 2, 3]}',
        b"# words\n" * 20,
    ]
    for number in range(1000):
        suffix = suffixes[number % len(suffixes)]
        (tmp_path / f"random{number}{suffix}").write_bytes(chance.randbytes(chance.randint(0, 3000)))
        (tmp_path / f"mutated{number}{suffix}").write_bytes(mutated(chance.choice(valid), chance))
    result = audit("path", tmp_path, "--format", "json", "--no-store")
    assert "Traceback" not in result.err
    assert result.code in {1, 3}
    files = result.json["files"]
    assert len(files) == 2000
    for file in files:
        assert file["verdict"] in {"clean", "suspicious", "malicious", "incomplete"}
        if file["verdict"] == "clean":
            assert file["complete"]
            assert file["bytes_examined"] + file["bytes_inert"] == file["size"]
            assert file["format"] not in {"unknown", ""}
        assert (file["error"] or {}).get("code") != "crash", file
