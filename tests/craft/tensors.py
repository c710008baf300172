"""Torch archives and safetensors files, piece by piece."""

import json
import struct

from tests.craft.archives import Part, archive, described, padding
from tests.craft.pickles import asm, op


def storage_pickle(*storages):
    """A data.pkl that asks for these storages: (key, class name, number of elements)."""
    ids = []
    for key, kind, numel in storages:
        names = [op("SHORT_BINUNICODE", each) for each in (key, "cpu")]
        number = op("LONG1", numel.to_bytes(9, "little"))
        ids.append(
            asm("MARK", op("SHORT_BINUNICODE", "storage"), op("GLOBAL", ("torch", kind)), *names, number, "TUPLE")
            + asm("BINPERSID", "POP")
        )
    return asm(op("PROTO", 4), *ids, "NONE", "STOP")


def torch_parts(*storages, prefix="archive", pickle=None):
    """The members of a torch archive: (key, class name, number of elements, bytes) for each storage."""
    data = storage_pickle(*(storage[:3] for storage in storages)) if pickle is None else pickle
    parts = [
        Part(f"{prefix}/data.pkl", data, local_extra=padding(11)),
        Part(f"{prefix}/byteorder", b"little", local_extra=padding(5)),
        *(Part(f"{prefix}/data/{key}", raw, local_extra=padding(20)) for key, _, _, raw in storages),
        Part(f"{prefix}/version", b"3\n", local_extra=padding(30)),
        Part(f"{prefix}/.data/serialization_id", b"0123456789" * 4),
    ]
    return [described(part) for part in parts]


def torch_archive(*storages, **more):
    return archive(*torch_parts(*storages, **more), zip64=True)


def header(*tensors, **more):
    """The tensors, (name, dtype, shape, begin, end), as a safetensors header."""
    return {name: {"dtype": d, "shape": s, "data_offsets": [b, e]} for name, d, s, b, e in tensors} | more


def safetensors(head, data=b"", length=None):
    """A safetensors file; `head` is an object, or the header's own bytes."""
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data
