"""Indices of faiss: numbers and vectors of numbers, with indices in each other (threats.md 7.12).

    index  = four letters, i32 dimensions, i64 count, i64 twice, u8 trained, i32 metric, f32 where that is above 1, …
    vector = u64 length, elements      lists = "ilar", or "ilod": then they lie in another file, which is mapped

Source: faiss/impl/index_read.cpp of faiss 1.15, and faiss/invlists/OnDiskInvertedLists.cpp. Kinds of indices that are
seldom met are named and not read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanners.binary.layout import Bent, Layout, laid_out
from scanners.facts import Opens, clip
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner

if TYPE_CHECKING:
    from collections.abc import Callable

    from scanners.source import Source

_FLAT: Final = frozenset((b"IxFI", b"IxF2", b"IxFl"))
_MARKS: Final = (b"Ix", b"Iw", b"IHN", b"Iv", b"Im", b"IB")
_DEPTH_MOST: Final = 8
_PATH_MOST: Final = 65_536
_HASHED: Final = 2
_ON_DISK_LIST, _ON_DISK_SLOT = 24, 16


class _Unknown(Exception):  # noqa: N818 - an answer, not a mistake
    """A kind of index that is not read here."""


def recognise(sample: Sample) -> bool:
    """Whether four letters of an index stand before a number of dimensions."""
    return _begins(sample.head)


def _begins(head: bytes) -> bool:
    return head.startswith(_MARKS) and len(head) > 36 and head[7:8] == b"\0" and head[2:4].isalnum()


def scan(source: Source, scan: Scan) -> None:
    """Account for the index, and state the file that it keeps its lists in."""
    if not _begins(source.read(0, min(64, source.size))):
        raise NotThisFormat
    layout = Layout(source, scan)
    try:
        laid_out(layout, _index)
    except _Unknown as kind:
        scan.unread("no-reader", f"faiss index: {kind}", offset=layout.at)


def _index(layout: Layout, depth: int = 0) -> None:
    kind = layout.take(4)
    if depth > _DEPTH_MOST:
        raise Bent(f"indices {depth} deep", layout.at)
    if kind == b"null":
        return
    if kind not in _KINDS:
        raise _Unknown(kind.decode("ascii", "backslashreplace"))
    _header(layout)
    for part in _KINDS[kind]:
        if part == "index":
            _index(layout, depth + 1)
        elif part == "ivf":
            layout.take(16)
            _index(layout, depth + 1)
            hashed = layout.number(1) == _HASHED
            _vector(layout, 8)
            if hashed:
                _vector(layout, 16)
        elif part in _PARTS:
            _PARTS[part](layout)
        elif part.startswith("v"):
            _vector(layout, int(part[1:]))
        else:
            layout.take(int(part))


def _header(layout: Layout) -> None:
    layout.take(4 + 3 * 8 + 1)
    if layout.number(4, signed=True) > 1:
        layout.take(4)


def _vector(layout: Layout, width: int) -> None:
    layout.data(layout.count(8, width, "elements") * width, "a vector")


def _lists(layout: Layout) -> None:
    kind = layout.take(4)
    if kind == b"il00":
        return
    if kind not in (b"ilar", b"ilod"):
        raise _Unknown(kind.decode("ascii", "backslashreplace"))
    count, size = layout.numbers(8, 2)
    if kind == b"ilod":
        _on_disk(layout)
        return
    shape = layout.take(4)
    if shape not in (b"full", b"sprs"):
        raise Bent(f"lists of kind {shape!r}", layout.at)
    total = layout.several(8, 8, "sizes")
    if shape == b"full" and total != count:
        raise Bent(f"{total} sizes of {count} lists", layout.at)
    sizes = layout.numbers(8, total)[shape == b"sprs" :: 1 + (shape == b"sprs")]
    for each in sizes:
        layout.data(each * (size + 8), "a list")


def _on_disk(layout: Layout) -> None:
    _vector(layout, _ON_DISK_LIST)
    _vector(layout, _ON_DISK_SLOT)
    path = layout.text(layout.count(8, 1, "characters"), _PATH_MOST, "a path")
    layout.take(8)
    layout.scan.state(Opens("faiss.lists", clip(path), "lists", member=layout.scan.member))


def _transforms(layout: Layout) -> None:
    for _ in range(layout.count(4, 13, "transforms")):
        kind = layout.take(4)
        if kind not in _TRANSFORMS:
            raise _Unknown(kind.decode("ascii", "backslashreplace"))
        for part in _TRANSFORMS[kind]:
            if part.startswith("v"):
                _vector(layout, int(part[1:]))
            else:
                layout.take(int(part))
        layout.take(9)


_LINEAR: Final = ("1", "v4", "v4")
_TRANSFORMS: Final[dict[bytes, tuple[str, ...]]] = {
    b"rrot": _LINEAR,
    b"LTra": _LINEAR,
    b"PCAm": ("4", "1", "v4", "v4", "v4", *_LINEAR),
    b"PcAm": ("4", "1", "4", "v4", "v4", "v4", *_LINEAR),
    b"Pcam": ("4", "4", "1", "4", "v4", "v4", "v4", *_LINEAR),
    b"VNrm": ("4",),
    b"VCnt": ("v4",),
}
_PRODUCT: Final = ("24", "v4")
_SCALAR: Final = ("4", "4", "4", "8", "8", "v4")
_HNSW: Final = ("v8", "v4", "v4", "v8", "v4", "20", "index")
_KINDS: Final[dict[bytes, tuple[str, ...]]] = {
    **dict.fromkeys(_FLAT, ("v4",)),
    b"IxPQ": (*_PRODUCT, "v1"),
    b"IxPq": (*_PRODUCT, "v1", "9"),
    b"IxSQ": (*_SCALAR, "v1"),
    b"IxMp": ("index", "v8"),
    b"IxM2": ("index", "v8"),
    b"IxPT": ("transforms", "index"),
    b"IwFl": ("ivf", "lists"),
    b"IwPQ": ("ivf", "1", "8", *_PRODUCT, "lists"),
    b"IwSq": ("ivf", *_SCALAR, "8", "1", "lists"),
    **dict.fromkeys((b"IHNf", b"IHNp", b"IHNs"), _HNSW),
}
"""What follows the header of an index: `v` and the width of the elements of a vector, a part of its own, or bytes."""
_PARTS: Final[dict[str, Callable[[Layout], None]]] = {"lists": _lists, "transforms": _transforms}

SCANNER: Final = Scanner("faiss", 1, frozenset({".faiss"}), recognise, scan)
