"""TensorFlow's checkpoints: a table of tensors, files of their bytes, and the list of a folder's checkpoints.

The table (`.index`) is a sorted string table as LevelDB writes it:

    blocks | block of their keys | footer of 48 bytes: two handles (varint offset, varint size), zeros, magic
    block = entries, each varint shared, added, value length, then key and value; restarts; compression; checksum

whose values say which bytes of the other files (`.data-00000-of-00001`) each tensor is (tensorflow/core/lib/io/table.cc
and tensorflow/core/util/tensor_bundle/tensor_bundle.cc). Those bytes are copied into tensors and never interpreted, so
they are inert. The list (`checkpoint`) is a message as text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.binary.messages import message_class, parse
from scanners.facts import Opens, clip
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner, by_name
from scanners.source import BytesSource

if TYPE_CHECKING:
    from scanners.source import Source

_MAGIC: Final = bytes.fromhex("57fb808b247547db")
_FOOTER: Final = 48
_TRAILER: Final = 5
"""Bytes behind a block: how it is compressed, and its checksum."""
_VARINT_MOST: Final = 10
_LIST: Final = re.compile(rb"\s*(?:model_checkpoint_path|all_model_checkpoint_paths)\s*:\s*[\"']")
_LIST_MOST: Final = 1 << 20


class _Handle(NamedTuple):
    start: int
    size: int


class _Broken(Exception):  # noqa: N818 - a state of the table, not a mistake
    """The table does not hold together."""


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(data[at : at + _VARINT_MOST]):
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, at + index + 1
    raise _Broken(f"a number without end at {at}")


def _handle(data: bytes, at: int = 0) -> tuple[_Handle, int]:
    start, at = _varint(data, at)
    size, at = _varint(data, at)
    return _Handle(start, size), at


def _entries(data: bytes) -> list[tuple[bytes, bytes]]:
    """Keys and values of a block."""
    stop = len(data) - 4
    stop -= 4 * int.from_bytes(data[max(0, stop) :], "little")
    if stop < 0:
        raise _Broken("a block shorter than its restarts")
    found: list[tuple[bytes, bytes]] = []
    key, at = b"", 0
    while at < stop:
        shared, at = _varint(data, at)
        added, at = _varint(data, at)
        length, at = _varint(data, at)
        if shared > len(key) or at + added + length > stop:
            raise _Broken(f"an entry that leaves its block at {at}")
        key = key[:shared] + data[at : at + added]
        found.append((key, data[at + added : at + added + length]))
        at += added + length
    return found


def scan_index(source: Source, scan: Scan) -> None:
    """Read the table, and prove that it says nothing but where tensors lie."""
    if source.size < _FOOTER or source.read(source.size - len(_MAGIC), len(_MAGIC)) != _MAGIC:
        raise NotThisFormat
    scan.budget.hold(source.size, "a table of tensors")
    data = source.read(0, source.size)
    scan.format = "tf.checkpoint.index"
    try:
        _table(data, scan)
    except _Broken as broken:
        scan.unread("broken", f"no table of tensors: {broken}")


def _block(data: bytes, handle: _Handle, scan: Scan) -> list[tuple[bytes, bytes]]:
    stop = handle.start + handle.size
    if stop + _TRAILER > len(data) - _FOOTER:
        raise _Broken("a block behind the end")
    if data[stop]:
        scan.unread("codec", f"a block in compression {data[stop]}", offset=handle.start)
        return []
    found = _entries(data[handle.start : stop])
    scan.account.examined(handle.start, stop + _TRAILER)
    return found


def _table(data: bytes, scan: Scan) -> None:
    footer = data[-_FOOTER:]
    other, at = _handle(footer)
    index, at = _handle(footer, at)
    if at > _FOOTER - len(_MAGIC) or footer[at : -len(_MAGIC)].strip(b"\0"):
        raise _Broken("something else in its footer")
    scan.account.examined(len(data) - _FOOTER, len(data))
    _block(data, other, scan)
    strange = 0
    keys = 0
    for _, value in _block(data, index, scan):
        handle, at = _handle(value)
        if at < len(value):
            raise _Broken("something behind a handle")
        for key, entry in _block(data, handle, scan):
            if not keys and key:
                # Another program's table: TensorFlow's begin with a header, whose key is empty.
                raise NotThisFormat
            name = "BundleEntryProto" if keys else "BundleHeaderProto"
            keys += 1
            parsed = parse(BytesSource(entry), name, scan.budget)
            if parsed.broken:
                raise _Broken(f"{name}: {parsed.broken}")
            strange += parsed.strange + sum(span.length for span in parsed.unknown)
    if strange:
        scan.unread("unknown", f"{strange} bytes of fields that no table of tensors has")


def recognise_index(sample: Sample) -> bool:
    """Whether the file ends as such a table does."""
    return sample.size >= _FOOTER and sample.tail.endswith(_MAGIC)


def scan_list(source: Source, scan: Scan) -> None:
    """State the checkpoints that a folder's list names."""
    from google.protobuf import text_format  # noqa: PLC0415 - late, because it is heavy

    if source.size > _LIST_MOST or not _LIST.match(source.read(0, min(256, source.size))):
        raise NotThisFormat
    message = message_class("CheckpointState")()
    try:
        text_format.Parse(source.read(0, source.size).decode("utf-8", "backslashreplace"), message)
    except (text_format.ParseError, ValueError, RecursionError) as error:
        scan.unread("broken", f"no list of checkpoints: {clip(str(error))}")
    else:
        scan.account.examined(0, source.size)
    scan.format = "tf.checkpoint.list"
    for path in dict.fromkeys((message.model_checkpoint_path, *message.all_model_checkpoint_paths)):
        if path:
            scan.state(Opens("tf.checkpoint", clip(path.decode("utf-8", "backslashreplace")), member=scan.member))


def scan_data(source: Source, scan: Scan) -> None:
    """Say that these are bytes of tensors: nothing but a table tells where they begin, and nothing interprets them."""
    if not any(_named(scan.name, suffix) for suffix in _SHARDS):
        raise NotThisFormat
    scan.account.inert(0, source.size)


def _named(name: str, suffix: str) -> bool:
    return suffix in re.sub(r"\d+", "#", name.rpartition("/")[2].lower())


_SHARDS: Final = (".data-#-of-#", "group#-shard#of#")
"""Names of files of tensors, of TensorFlow and of TensorFlow.js; every number is a `#`."""

SCANNERS: Final = (
    Scanner("tf.checkpoint.index", 1, frozenset((".index",)), recognise_index, scan_index),
    Scanner(
        "tf.checkpoint.list", 1, frozenset(("checkpoint",)), lambda sample: bool(_LIST.match(sample.head)), scan_list
    ),
    Scanner("tf.checkpoint.data", 1, frozenset(_SHARDS), by_name, scan_data),
)
