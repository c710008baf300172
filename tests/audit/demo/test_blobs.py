import hashlib
import shutil
import subprocess
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.demo.blobs import SparseContent, belongs_in_lfs, crc32, entry
from tests.hub import one

PIECES = st.lists(st.tuples(st.integers(0, 40), st.binary(min_size=1, max_size=9)), max_size=5)


def sparse(gaps_and_data, tail):
    pieces, at = [], 0
    for gap, data in gaps_and_data:
        pieces.append((at + gap, data))
        at += gap + len(data)
    content = SparseContent(at + tail, tuple(pieces))
    whole = bytearray(at + tail)
    for offset, data in pieces:
        whole[offset : offset + len(data)] = data
    return content, bytes(whole)


@given(PIECES, st.integers(0, 300), st.integers(0, 400), st.integers(0, 400))
def test_any_part_of_a_sparse_content_is_what_the_whole_would_hold(pieces, tail, start, stop):
    content, whole = sparse(pieces, tail)
    assert content.read(start, stop) == whole[start:stop]
    assert b"".join(content.chunks(7)) == whole


@given(PIECES, st.integers(0, 100_000))
def test_the_checksum_of_a_sparse_content_is_that_of_its_bytes(pieces, tail):
    content, whole = sparse(pieces, tail)
    assert crc32(content) == zlib.crc32(whole)


def test_a_made_up_hash_is_stable_and_tells_contents_apart_and_the_true_one_is_to_be_had():
    contents = [SparseContent(9), SparseContent(10), SparseContent(10, ((3, b"x"),)), SparseContent(10, ((4, b"x"),))]
    assert len({content.sha256 for content in contents}) == 4
    assert contents[2].sha256 == SparseContent(10, ((3, b"x"),)).sha256
    assert contents[2].hashed().sha256 == hashlib.sha256(b"\0\0\0x\0\0\0\0\0\0").hexdigest()


def test_pieces_that_overlap_or_reach_past_the_end_are_refused():
    for pieces in (((0, b"ab"), (1, b"c")), ((3, b"ab"),)):
        with pytest.raises(ValueError, match="overlaps"):
            SparseContent(4, pieces)


@pytest.mark.parametrize(
    ("path", "content", "expected"),
    [
        ("config.json", b"{}", False),
        ("notes.txt", bytes(100_001), True),
        ("Model.SAFETENSORS", b"", True),
        ("sub/saved_model.pb", b"", True),
        ("saved_model/variables/index", b"", True),
        ("empty.txt", SparseContent(1), True),
    ],
)
def test_weights_and_large_files_lie_in_lfs(path, content, expected):
    assert belongs_in_lfs(path, content) is expected


def test_a_blob_has_the_id_that_git_gives_it():
    assert entry("a.txt", b"hello\n").oid == "ce013625030ba8dba906f756967f9e9ca394464a"


@pytest.mark.skipif(shutil.which("git") is None, reason="git itself is the judge")
def test_commits_have_the_ids_that_git_gives_the_same_history(tmp_path):
    files = {"a.txt": b"one", "dir/b.txt": b"two", "dir.txt": b"three", "dir/deep/c.txt": b"four", "w.bin": b"weights"}
    repo = one("org/m0", files, {**files, "a.txt": b"more"})

    def git(*arguments, data=b"", **env):
        return (
            subprocess.run(
                ["git", *arguments],
                cwd=tmp_path,
                input=data,
                capture_output=True,
                check=True,
                env={"PATH": "/usr/bin:/bin:/usr/local/bin", **env},
            )
            .stdout.decode()
            .strip()
        )

    git("init", "-q")
    parent = []
    for commit, expected in zip(repo.commits, repo.commit_ids, strict=True):
        for path, file in commit.entries.items():
            text = (
                file.content
                if file.sha256 is None
                else b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n"
                % (file.sha256.encode(), file.size)
            )
            oid = git("hash-object", "-w", "--stdin", data=text)
            assert oid == file.oid
            git("update-index", "--add", "--cacheinfo", f"100644,{oid},{path}")
        tree = git("write-tree")
        assert tree == commit.folders[""]
        when = f"{int(commit.date.timestamp())} +0000"
        who = {
            f"GIT_{role}_{part}": value
            for role in ("AUTHOR", "COMMITTER")
            for part, value in (("NAME", "org"), ("EMAIL", "org/m0"), ("DATE", when))
        }
        assert git("commit-tree", tree, *parent, data=commit.title.encode() + b"\n", **who) == expected
        parent = ["-p", expected]
