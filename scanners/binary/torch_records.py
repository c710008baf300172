"""What the records of a torch archive are, by their names (threats.md 3.1 to 3.6).

    <prefix>/data.pkl                  the pickle
    <prefix>/data/<key>                the storages that its persistent ids name, raw
    <prefix>/.data/<key>.storage       in a torch.package, those that any pickle's ids name
    <prefix>/data/weights/weight_<n>   in a torch.export archive, those that a config beside them describes
    <prefix>/version, byteorder, …     a few bytes of text each

A storage is proven inert where a persistent id of its pickle, or the config, names it with just its length, and it
is stored uncompressed: then every loader takes it for raw numbers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

_ITEM_SIZES = {
    "DoubleStorage": 8, "FloatStorage": 4, "HalfStorage": 2, "BFloat16Storage": 2,
    "LongStorage": 8, "IntStorage": 4, "ShortStorage": 2, "CharStorage": 1, "ByteStorage": 1, "BoolStorage": 1,
    "ComplexDoubleStorage": 16, "ComplexFloatStorage": 8, "UntypedStorage": 1,
    "QInt8Storage": 1, "QUInt8Storage": 1, "QInt32Storage": 4, "QUInt4x2Storage": 1, "QUInt2x4Storage": 1,
}  # fmt: skip

_STORAGE = re.compile(r"([^/]+/(?:data|constants|bytecode))/(\d+)", re.IGNORECASE)
_PACKED = re.compile(r"([^/]+/\.data)/(\d+)\.storage", re.IGNORECASE)
_PAYLOAD = re.compile(r"([^/]+/data/(?:weights|constants))/((?:weight|tensor)_\d+)", re.IGNORECASE)
_NUMBERS = {"torch.package": _PACKED, "torch.pt2": _PAYLOAD}
"""Which records are raw numbers in archives that are not loaded as torch.save's are."""
_NATIVE = re.compile(r"[^/]+/data/aotinductor/.+", re.IGNORECASE)
_NATIVE_NOT = (".json", ".txt", ".pt")
_SOURCE = re.compile(r"[^/]+/(.+)\.py", re.IGNORECASE)
_NOTES = {
    "version": re.compile(rb"\d{1,4}\n?"),
    "byteorder": re.compile(rb"(little|big)\n?"),
    ".format_version": re.compile(rb"\d{1,4}\n?"),
    ".storage_alignment": re.compile(rb"\d{1,8}\n?"),
    ".data/version": re.compile(rb"\d{1,4}\n?"),
    ".data/serialization_id": re.compile(rb"\d{1,64}\n?"),
    "archive_format": re.compile(rb"pt2"),
    "archive_version": re.compile(rb"\d{1,4}"),
    ".data/python_version": re.compile(rb"\d\.\d{1,3}\.\d{1,3}"),
}
PICKLED = -1
"""In place of a length: a record is no raw numbers, or nobody can say how many."""
NOTE_MOST = 80
"""Bytes of the longest of the small text records."""
GRAPH = "serialized_exported_program.json"
"""What torch.export.save before torch 2.6 writes, without a folder around it."""
_FOLDED = frozenset({"data.pkl", "constants.pkl", *_NOTES})


class Shape(NamedTuple):
    """What kind of torch archive it is, and what is odd about its names."""

    format: str
    """`torch.zip`, `torch.script`, `torch.package`, `torch.pt2`, or "" for an archive that torch would not load."""
    prefixes: tuple[str, ...]
    """The top-level folders."""
    odd_case: tuple[str, ...]
    """Records that torch finds although their letter case is not the usual one."""


def shape(names: Iterable[str]) -> Shape:
    """The shape of an archive with these member names."""
    records: set[str] = set()
    prefixes: dict[str, None] = {}
    odd: list[str] = []
    graph = False
    for name in names:
        prefix, slash, record = name.partition("/")
        graph = graph or name == GRAPH
        prefixes[prefix if slash else ""] = None
        folded = record.casefold()
        records.add(folded)
        if folded in _FOLDED and folded != record:
            odd.append(name)
    kind = ""
    if ".data/extern_modules" in records:
        kind = "torch.package"
    elif "archive_format" in records or graph:
        kind = "torch.pt2"
    elif "data.pkl" in records and ("version" in records or ".data/version" in records):
        kind = "torch.script" if "constants.pkl" in records else "torch.zip"
    return Shape(kind, tuple(prefixes), tuple(odd))


def storage_of(name: str, kind: str = "torch.zip") -> tuple[str, str] | None:
    """Where a record would be named as a storage, and by which key: `a/data/7` is 7 of `a/data.pkl`."""
    found = _NUMBERS.get(kind, _STORAGE).fullmatch(name)
    if found is None:
        return None
    return (f"{found[1]}.pkl" if found.re is _STORAGE else found[1]).casefold(), found[2].casefold()


def homes(name: str) -> tuple[str, str]:
    """Where the storages are that a pickle of this name names: in an archive of its own, and in a package."""
    return name.casefold(), f"{name.partition('/')[0]}/.data".casefold()


def packaged(name: str) -> str:
    """The module that a record of a torch.package is the source of, "" where it is none."""
    found = _SOURCE.fullmatch(name)
    return found[1].removesuffix("/__init__").replace("/", ".") if found else ""


def is_native(name: str) -> bool:
    """Whether the record is code that AOTInductor loads, or source that it compiles."""
    return _NATIVE.fullmatch(name) is not None and not name.casefold().endswith(_NATIVE_NOT)


def is_pickle(name: str) -> bool:
    """Whether the record is one that torch unpickles, or other tools of its family do."""
    return name.casefold().endswith(".pkl")


def is_note(name: str, content: bytes) -> bool:
    """Whether a record is one of the small texts, and says nothing but what it should."""
    pattern = _NOTES.get(name.partition("/")[2])
    return pattern is not None and pattern.fullmatch(content) is not None


def storage_size(type_name: str, numel: int) -> int | None:
    """Bytes of a storage of `numel` elements, None for a class that is not known."""
    item = _ITEM_SIZES.get(type_name.rpartition(".")[2])
    return None if item is None or numel < 0 else item * numel
