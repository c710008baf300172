"""Pointers of Git LFS: a text of a few lines that stands in git for the content.

    version URL | extensions: ext-DIGIT-NAME sha256:HEX | oid sha256:HEX | size BYTES

Keys behind the first are sorted, each line ends in a line feed, and all are fewer than 1,024 bytes
(https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md). The client takes more than it writes: other line ends,
blanks around, the versions of its forerunners (lfs/pointer.go). No interpreter does anything with such lines, so a file
of them is a pointer whatever its name is; what it stands for was not examined.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.scanner import NotThisFormat, Sample, Scan, Scanner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.source import Source

_LESS_THAN: Final = 1024
_LINES: Final = re.compile(
    rb"\s*version https?://(?:git-lfs|hawser|git-media)\.[\w./-]*"
    rb"(?:\s*\n(?:ext-\d-\w+|oid|size) [\w:.+-]*)*\s*"
)
_VERSION: Final = re.compile(rb"\s*version https://git-lfs\.github\.com/spec/v1\r?\n")
_OID: Final = re.compile(rb"^oid sha256:[0-9a-f]{64}\r?$", re.MULTILINE)
_SIZE: Final = re.compile(rb"^size [0-9]{1,19}\r?$", re.MULTILINE)
_EXTENSION: Final = re.compile(rb"^ext-\d-\w+", re.MULTILINE)
_WRITTEN: Final = re.compile(rb"version \S+\n(?:ext-\d-\w+ \S+\n)*oid \S+\nsize \S+\n")


def recognise(sample: Sample) -> bool:
    """Whether all of a small file is a pointer, written well or not."""
    return sample.size < _LESS_THAN and _LINES.fullmatch(sample.head) is not None


def scan(source: Source, scan: Scan) -> None:
    """State the pointer, what is odd about it, and that the content is elsewhere."""
    data = source.read(0, min(_LESS_THAN, source.size))
    if not recognise(Sample(source.size, data, b"")):
        raise NotThisFormat
    scan.anomaly("file.lfs-pointer", "; ".join((" ".join(data.decode().split()), *_odd(data))))
    scan.unread("broken", "a Git LFS pointer stands in place of the content")
    scan.account.examined(0, source.size)


def _odd(data: bytes) -> Iterator[str]:
    if _VERSION.match(data) is None:
        yield "its version is not that of the specification"
    if len(_OID.findall(data)) != 1:
        yield "its oid is no SHA-256"
    if len(_SIZE.findall(data)) != 1:
        yield "its size is no number"
    if found := _EXTENSION.search(data):
        yield f"a program of the machine that clones it is asked for, {found[0].decode()}"
    if _WRITTEN.fullmatch(data) is None:
        yield "Git LFS writes it in another way"


SCANNER = Scanner("git.lfs-pointer", 1, frozenset(), recognise, scan, alone=True)
