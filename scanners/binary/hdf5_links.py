"""The names in a group of HDF5, and what they stand for (specification 3.0, III.B, III.C, IV.A.2.c to IV.A.2.g).

Older groups keep names in a local heap and entries in symbol table nodes below a B-tree. Newer ones keep link messages:
in the object header while they are few, then in a fractal heap below a B-tree of version 2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.binary import hdf5_headers as headers
from scanners.binary.hdf5_file import Broken
from scanners.binary.hdf5_heaps import local_heap, local_heap_length, open_heap
from scanners.binary.hdf5_trees import leaves, node_length, records

if TYPE_CHECKING:
    from scanners.binary.hdf5_file import File

_GROUPS: Final = 0
"""The kind of a B-tree over symbol table nodes."""
_IDS: Final = {5: 4, 6: 8}
"""Where the heap id stands in a record, by the kind of B-tree: by name, and by order of creation."""
_SOFT_ENTRY: Final = 2
_HARD, _SOFT, _EXTERNAL = 0, 1, 64


class Link(NamedTuple):
    """A name in a group: of an object here, of one in another file, or of a path."""

    name: str
    address: int | None = None
    """Of the object that it stands for."""
    path: str = ""
    """Of what a soft link stands for, or an external one in its file."""
    file: str | None = None
    """The file of an external link."""
    kind: int = _HARD


def shown(raw: bytes) -> str:
    """A name as people read it: up to a zero byte, as C has it."""
    return raw.partition(b"\0")[0].decode("utf-8", "backslashreplace")


def links(file: File, messages: list[headers.Message]) -> list[Link]:
    """The links of the group that has these messages; none of what is no group."""
    found: list[Link] = []
    for message in messages:
        if message.kind == headers.SYMBOL_TABLE:
            fields = file.fields(message.data)
            found += _old(file, fields.place(), fields.place())
        elif message.kind == headers.LINK:
            found.append(_link(file, headers.resolved(file, message)))
        elif message.kind == headers.LINK_INFO:
            found += _dense(file, message.data)
    return found


def _old(file: File, tree: int, heap: int) -> list[Link]:
    key, half = file.length_size, file.group_internal
    file.want((tree, node_length(file, key, half)), (heap, local_heap_length(file)))
    length = 8 + 2 * file.group_leaf * (2 * file.offset_size + 24)
    nodes = [(node.address, length) for node in leaves(file, tree, _GROUPS, key, half)]
    data = local_heap(file, heap)
    file.want(data, *nodes)
    text = file.get(*data).data
    found: list[Link] = []
    for node in file.get_all(nodes):
        node.expect(b"SNOD\1")
        node.take(1)
        for _ in range(node.number(2)):
            name = _at(file, text, node.number(file.offset_size))
            address, cached = node.address(), node.number(4)
            node.take(4)
            scratch = node.take(16)
            if cached == _SOFT_ENTRY:
                found.append(Link(name, path=_at(file, text, int.from_bytes(scratch[:4], "little")), kind=_SOFT))
            else:
                found.append(Link(name, address))
    return found


def _at(file: File, text: bytes, offset: int) -> str:
    fields = file.fields(text)
    fields.take(offset)
    return shown(fields.text())


def _dense(file: File, info: bytes) -> list[Link]:
    fields = file.fields(info)
    fields.take(1)
    flags = fields.number(1)
    fields.take(8 if flags & 1 else 0)
    # Whoever lists a group by order of creation goes by the second tree, which need not say the same.
    heap, trees = fields.address(), [fields.address() for _ in range(2 if flags & 2 else 1)]
    ids: dict[bytes, None] = {}
    for tree in trees:
        if heap is None or tree is None:
            continue
        index = records(file, tree)
        if index.kind not in _IDS:
            raise Broken("an index of links that is none")
        ids.update(dict.fromkeys(record[_IDS[index.kind] :] for record in index.records))
    if heap is None or not ids:
        return []
    return [_link(file, text) for text in open_heap(file, heap).objects(list(ids))]


def _link(file: File, message: bytes) -> Link:
    fields = file.fields(message)
    version, flags = fields.number(1), fields.number(1)
    if version != 1:
        raise Broken(f"a link message of version {version}")
    kind = fields.number(1) if flags & 0x08 else _HARD
    fields.take((8 if flags & 0x04 else 0) + (1 if flags & 0x10 else 0))
    name = shown(fields.take(fields.number(1 << (flags & 3))))
    if kind == _HARD:
        return Link(name, fields.place())
    value = file.fields(fields.take(fields.number(2)))
    if kind == _EXTERNAL:
        value.take(1)
        target = shown(value.text())
        return Link(name, path=shown(value.text()), file=target, kind=kind)
    return Link(name, path=shown(value.data), kind=kind)
