"""HDF5: groups, datasets and attributes, as Keras, MATLAB, pandas and many others write them (threats.md 6.1).

Everything that leads to something is read: object headers, names, attributes, indexes of chunks. Raw data is inert: no
program that reads HDF5 makes more of it than numbers. Texts are handed on where a program may act on them, and data
that may be one is looked at. Source: HDF5 File Format Specification 3.0, and 4.0 for what HDF5 2.0 added.
"""

from __future__ import annotations

from typing import Final

from scanners.binary import hdf5_headers as headers
from scanners.binary.hdf5_file import Broken, File, Unsupported
from scanners.binary.hdf5_gaps import explain
from scanners.binary.hdf5_walk import Walk
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import Source, Span, Truncated

_MARK: Final = b"\x89HDF\r\n\x1a\n"
_FIRST: Final = 512
"""The superblock is at 0, or at this times a power of two."""
_SUPERBLOCK: Final = 256
"""Bytes that hold any superblock."""
_SIZES: Final = frozenset((2, 4, 8, 16, 32))
_DEFAULT_K: Final = (4, 16, 32)


def recognise(sample: Sample) -> bool:
    """Whether the signature stands at one of its places in what is there of the beginning and the end."""
    tail = sample.size - len(sample.tail)
    return any(
        sample.head.startswith(_MARK, at) or (at >= tail and sample.tail.startswith(_MARK, at - tail))
        for at in _places(sample.size)
    )


def _places(size: int) -> list[int]:
    places, at = [0], _FIRST
    while at + len(_MARK) <= size:
        places.append(at)
        at *= 2
    return places


def scan(source: Source, scan: Scan) -> None:
    """State what the file leads to and what it says; account for all of it."""
    base = _base(source)
    scan.format = "hdf5"
    file = File(source, scan.account, scan.budget, base)
    walk = Walk(source, scan, file)
    try:
        root, end = _superblock(file, walk)
    except Broken as broken:
        scan.unread("broken", f"the superblock: {broken}", offset=base)
        return
    walk.run(root)
    if walk.keras:
        scan.format = "hdf5.keras"
    if end > source.size:
        walk.trouble("", Truncated(0, end, source.size))
    explain(source, scan, Span(base, min(max(base, end), source.size)), whole=not walk.troubled)


def _base(source: Source) -> int:
    """Where the superblock is: at the first of its places that has the signature."""
    first, *others = _places(source.size)
    if source.size < len(_MARK):
        raise NotThisFormat
    if source.read(first, len(_MARK)) == _MARK:
        return first
    source.want(*(Span(at, at + len(_MARK)) for at in others))
    for at in others:
        if source.read(at, len(_MARK)) == _MARK:
            return at
    raise NotThisFormat


def _superblock(file: File, walk: Walk) -> tuple[int, int]:
    """Read the superblock (II.A) and its extension; the address of the root group, and where the source should end.

    A file that was moved, as behind a user block, still says where it was: libhdf5 counts from where it is.
    """
    file.want((0, _SUPERBLOCK))
    start = file.read(0, 16)
    version = start[8]
    if version > 3:
        raise Broken(f"version {version}")
    file.offset_size, file.length_size = start[13:15] if version < 2 else start[9:11]
    if not {file.offset_size, file.length_size} <= _SIZES:
        raise Broken(f"addresses of {file.offset_size} bytes, lengths of {file.length_size}")
    file.group_leaf, file.group_internal, file.chunk_internal = _DEFAULT_K
    if version < 2:
        fields = file.get(0, 48 + (4 if version else 0) + 6 * file.offset_size)
        fields.take(16)
        file.group_leaf, file.group_internal = fields.number(2), fields.number(2)
        fields.take(4)
        if version:
            file.chunk_internal = fields.number(2)
            fields.take(2)
        stored, _, end, driver = fields.place(), fields.address(), fields.place(), fields.address()
        fields.take(file.offset_size)
        if driver is not None:
            walk.trouble("", Unsupported("a file that is one part of several, by its driver information"))
        return fields.place(), end + file.base - stored
    fields = file.get(0, 16 + 4 * file.offset_size)
    fields.take(12)
    stored, extension, end, root = fields.place(), fields.address(), fields.place(), fields.place()
    if extension is not None:
        _extension(file, walk, extension)
    return root, end + file.base - stored


def _extension(file: File, walk: Walk, address: int) -> None:
    """Read what the superblock has no room for (II.C)."""
    for message in headers.read_header(file, address):
        fields = file.fields(message.data)
        match message.kind:
            case headers.BTREE_K:
                fields.take(1)
                file.chunk_internal, file.group_internal, file.group_leaf = (fields.number(2) for _ in range(3))
            case headers.SHARED_TABLE:
                headers.shared_table(file, message.data)
            case headers.DRIVER_INFO:
                walk.trouble("", Unsupported("a file that is one part of several, by its driver information"))
            case headers.CACHE_IMAGE:
                fields.take(1)
                # The library takes structures from there instead of from their places.
                if fields.address() is not None and fields.length():
                    walk.trouble("", Unsupported("an image of the metadata cache"))


SCANNER = Scanner("hdf5", 5, frozenset({".h5", ".hdf5", ".hdf", ".h5ad", ".keras"}), recognise, scan)
