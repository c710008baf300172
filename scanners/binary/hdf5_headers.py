"""Object headers of HDF5: the messages that say what an object is (specification 3.0, IV.A).

Version 1 has no signature; version 2 begins `OHDR`, and its continuation blocks `OCHK`. A message may stand for one
that several objects share: in the header of a named datatype, or in a heap that the superblock extension names (III.I).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.binary.hdf5_file import Broken
from scanners.binary.hdf5_heaps import open_heap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.binary.hdf5_file import Fields, File

DATASPACE: Final = 0x01
LINK_INFO: Final = 0x02
DATATYPE: Final = 0x03
LINK: Final = 0x06
EXTERNAL: Final = 0x07
LAYOUT: Final = 0x08
FILTERS: Final = 0x0B
ATTRIBUTE: Final = 0x0C
SHARED_TABLE: Final = 0x0F
CONTINUATION: Final = 0x10
SYMBOL_TABLE: Final = 0x11
BTREE_K: Final = 0x13
DRIVER_INFO: Final = 0x14
ATTRIBUTE_INFO: Final = 0x15
CACHE_IMAGE: Final = 0x18
"""Kinds of messages (IV.A.2)."""

SHARED: Final = 2
"""The flag of a message that stands for another one."""
_NEAR: Final = 512
"""Bytes asked for where an object header begins: most are shorter, and what it leads to often lies behind it."""
_IN_HEAP: Final = 1
_BLOCKS_MOST: Final = 4096


class Message(NamedTuple):
    """One message of an object header."""

    kind: int
    flags: int
    data: bytes


def read_header(file: File, address: int) -> list[Message]:
    """The messages of the object at `address`, those of its continuation blocks among them."""
    file.want((address, _NEAR))
    first = file.read(address, 8)
    ordered, second = False, first.startswith(b"OHDR")
    if second:
        flags = first[5]
        ordered = bool(flags & 0x04)
        at = address + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        width = 1 << (flags & 3)
        length = int.from_bytes(file.read(at, width), "little")
        file.read(address, at + width - address)
        # Checksums are stepped over: to read what libhdf5 would refuse takes nothing away.
        todo = [(at + width, length + 4)]
    elif first[0] == 1:
        todo = [(address + 16, int.from_bytes(file.read(address, 16)[8:12], "little"))]
    else:
        raise Broken("no object header")
    messages: list[Message] = []
    seen = set(todo)
    while todo:
        blocks = file.get_all(todo)
        todo = []
        for block in blocks:
            if second:
                block.data = block.data[:-4]
            for message in _messages(block, second=second, ordered=ordered):
                if message.kind != CONTINUATION:
                    messages.append(message)
                    continue
                fields = file.fields(message.data)
                place = (fields.place(), fields.length())
                if place not in seen:
                    seen.add(place)
                    todo.append(place)
        if len(seen) > _BLOCKS_MOST:
            raise Broken(f"more than {_BLOCKS_MOST} blocks in one object header")
    return messages


def _messages(block: Fields, *, second: bool, ordered: bool) -> Iterator[Message]:
    if second and block.data.startswith(b"OCHK"):
        block.at = 4
    prefix = 8 if not second else 6 if ordered else 4
    while block.left >= prefix:
        kind = block.number(1 if second else 2)
        length, flags = block.number(2), block.number(1)
        block.take(prefix - (4 if second else 5))
        # What is left at the end of a block is its gap.
        yield Message(kind, flags, block.take(length))


def shared(file: File, kind: int, data: bytes) -> bytes:
    """The message of a kind that a shared message stands for."""
    fields = file.fields(data)
    version, where = fields.number(1), fields.number(1)
    if version == 1:
        fields.take(6 + file.length_size)
    elif version not in {2, 3}:
        raise Broken(f"a shared message of version {version}")
    if version == 3 and where == _IN_HEAP:
        return _from_heap(file, kind, fields.take(8))
    for message in read_header(file, fields.place()):
        if message.kind == kind and not message.flags & SHARED:
            return message.data
    raise Broken("a shared message that is not there")


def _from_heap(file: File, kind: int, heap_id: bytes) -> bytes:
    if kind not in file.shared_heaps:
        raise Broken("a shared message, and no heap for it")
    return open_heap(file, file.shared_heaps[kind]).objects([heap_id])[0]


def shared_table(file: File, data: bytes) -> None:
    """Note in which heaps the messages are that several objects share (III.I)."""
    fields = file.fields(data)
    fields.take(1)
    address, count = fields.place(), fields.number(1)
    table = file.get(address, 4 + count * (16 + 2 * file.offset_size) + 4)
    table.expect(b"SMTB")
    for _ in range(count):
        table.take(2)
        kinds = table.number(2)
        table.take(10)
        table.address()
        heap = table.address()
        if heap is not None:
            file.shared_heaps.update({kind: heap for kind in range(16) if kinds >> kind & 1})


def resolved(file: File, message: Message) -> bytes:
    """The content of a message, that of the shared one where it stands for one."""
    if message.flags & SHARED:
        return shared(file, message.kind, message.data)
    return message.data
