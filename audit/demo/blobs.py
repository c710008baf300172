r"""Contents of files, and the three hashes by which the Hub knows them.

A content is bytes, or a `SparseContent`: many gigabytes of which only some are written down. The Hub keeps small
text in git and everything else in LFS; both are told apart here by the same kind of rule as its own default
`.gitattributes`. Formats: a git object is `b"blob <size>\0" + data`, hashed by SHA-1; an LFS pointer is the text of
https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md, and lies in git in place of the content.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

GIT_MOST = 100_000
"""Bytes up to which a file without a suffix of weights is a git blob."""

_CHUNK = 1 << 20
_LFS_PATTERNS = (
    *(
        "*.7z",
        "*.arrow",
        "*.bin",
        "*.bz2",
        "*.ckpt",
        "*.ftz",
        "*.gguf",
        "*.gz",
        "*.h5",
        "*.hdf5",
        "*.joblib",
        "*.keras",
    ),
    *(
        "*.lfs.*",
        "*.mlmodel",
        "*.model",
        "*.msgpack",
        "*.nemo",
        "*.npy",
        "*.npz",
        "*.onnx",
        "*.ot",
        "*.parquet",
        "*.pb",
    ),
    *("*.pickle", "*.pkl", "*.pt", "*.pt2", "*.pth", "*.rar", "*.safetensors", "*.tar", "*.tar.*", "*.tflite", "*.tgz"),
    *("*.wasm", "*.xz", "*.zip", "*.zst", "*tfevents*"),
)


@dataclass(frozen=True, slots=True)
class SparseContent:
    """`size` bytes that are zero but for the pieces; reading any part of them costs that part.

    `pieces` are (offset, bytes), sorted and disjoint. `sha256` is made up where it is not given: stable, different
    for different contents, and not the hash of the bytes. `hashed()` has the true one.
    """

    size: int
    pieces: tuple[tuple[int, bytes], ...] = ()
    sha256: str = ""

    def __post_init__(self) -> None:
        at = 0
        for offset, data in self.pieces:
            if offset < at or offset + len(data) > self.size:
                raise ValueError(f"the piece at {offset} overlaps another or the end")
            at = offset + len(data)
        if not self.sha256:
            made_up = hashlib.sha256(b"made up for a sparse content %d" % self.size)
            for offset, data in self.pieces:
                made_up.update(b"%d %d " % (offset, len(data)) + data)
            object.__setattr__(self, "sha256", made_up.hexdigest())

    def __len__(self) -> int:
        return self.size

    def read(self, start: int, stop: int) -> bytes:
        """The bytes [start, stop), cut off at the end."""
        start, stop = max(0, start), min(stop, self.size)
        if start >= stop:
            return b""
        window = bytearray(stop - start)
        for offset, data in self.pieces:
            first, last = max(offset, start), min(offset + len(data), stop)
            if first < last:
                window[first - start : last - start] = data[first - offset : last - offset]
        return bytes(window)

    def chunks(self, length: int = _CHUNK) -> Iterator[bytes]:
        """The whole content in pieces of `length` bytes."""
        for start in range(0, self.size, length):
            yield self.read(start, start + length)

    def hashed(self) -> SparseContent:
        """The same content under its true SHA-256, which costs a pass over every byte."""
        digest = hashlib.sha256()
        for chunk in self.chunks():
            digest.update(chunk)
        return replace(self, sha256=digest.hexdigest())


Content = bytes | SparseContent


def read(content: Content, start: int, stop: int) -> bytes:
    """The bytes [start, stop) of any content, cut off at its end."""
    return content.read(start, stop) if isinstance(content, SparseContent) else content[start:stop]


def git_oid(kind: Literal["blob", "tree", "commit"], data: bytes) -> str:
    """The object id that git gives these bytes."""
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(data)) + data, usedforsecurity=False).hexdigest()


def lfs_pointer(sha256: str, size: int) -> bytes:
    """The text that stands in git for an LFS object."""
    return b"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n" % (sha256.encode(), size)


def belongs_in_lfs(path: str, content: Content) -> bool:
    """Whether the file is an LFS object rather than a git blob."""
    if isinstance(content, SparseContent) or len(content) > GIT_MOST:
        return True
    name = path.rpartition("/")[2].lower()
    return path.startswith("saved_model/") or any(fnmatchcase(name, pattern) for pattern in _LFS_PATTERNS)


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """A file of a commit: its content and its names."""

    path: str
    content: Content
    size: int
    oid: str
    """Git's id of the content, or of the pointer of an LFS object."""
    sha256: str | None
    """Of the content of an LFS object; None for a git blob."""
    pointer_size: int

    @property
    def etag(self) -> str:
        """What the Hub says of the file: SHA-256 for an LFS object, else git's id."""
        return self.sha256 or self.oid

    @property
    def xet(self) -> str:
        """What the CDN says of it: a hash of another kind, which no one can check against the other two."""
        return hashlib.sha256(b"xet " + self.etag.encode()).hexdigest()


def entry(path: str, content: Content) -> Entry:
    """The file that `content` makes at `path`."""
    if not belongs_in_lfs(path, content):
        assert isinstance(content, bytes)
        return Entry(path, content, len(content), git_oid("blob", content), None, 0)
    sha256 = content.sha256 if isinstance(content, SparseContent) else _sha256(content)
    pointer = lfs_pointer(sha256, len(content))
    return Entry(path, content, len(content), git_oid("blob", pointer), sha256, len(pointer))


@lru_cache(maxsize=4096)
def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


_POLYNOMIAL = 0xEDB88320
"""CRC-32 of zip, bits reversed: the highest bit stands for x to the power of 0."""


def crc32(content: Content) -> int:
    """The CRC-32 of a content, in time that does not grow with its zeros."""
    if isinstance(content, bytes):
        return zlib.crc32(content)
    crc, at = 0, 0
    for offset, data in content.pieces:
        crc = zlib.crc32(data, _over_zeros(crc, offset - at))
        at = offset + len(data)
    return _over_zeros(crc, content.size - at)


def _over_zeros(crc: int, count: int) -> int:
    # A zero byte multiplies the inverted state by x^8, so `count` of them by x^(8*count): square and multiply.
    state, power = crc ^ 0xFFFFFFFF, 1 << 23
    while count:
        if count & 1:
            state = _product(state, power)
        power = _product(power, power)
        count >>= 1
    return state ^ 0xFFFFFFFF


def _product(a: int, b: int) -> int:
    product = 0
    while a:
        if a & 0x80000000:
            product ^= b
        a = (a << 1) & 0xFFFFFFFF
        b = (b >> 1) ^ (_POLYNOMIAL if b & 1 else 0)
    return product
