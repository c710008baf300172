"""ONNX models, byte by byte: no library decides what can be written."""

import struct

from tests.craft.tensorflow import field, number

FLOAT, INT64, STRING, INT4 = 1, 7, 8, 22


def entry(key, value):
    return field(1, key) + field(2, value)


def attribute(name, value, at=4):
    """An attribute whose value, bytes or a text, is field `at`: 4 a text, 5 a tensor, 6 a graph."""
    return field(5, field(1, name) + field(at, value))


def node(op, *inputs, domain="", outputs=("y",), name="n", extra=b""):
    """A NodeProto; `extra` are attributes."""
    made = field(1, *inputs) + field(2, *outputs) + field(3, name) + field(4, op) + extra
    return made + (field(7, domain) if domain else b"")


def tensor(name, data=b"", dims=(8,), kind=FLOAT, extra=b""):
    shape = b"".join(number(1, each % (1 << 64)) for each in dims)
    return shape + number(2, kind) + field(8, name) + (field(9, data) if data else b"") + extra


def numbers(name, *values):
    """A tensor of 64-bit numbers."""
    return tensor(name, struct.pack(f"<{len(values)}q", *values), (len(values),), INT64)


def external(name, location, *more, dims=(8,), where=1):
    """A tensor in another file; `more` are further entries."""
    entries = [entry("location", location)] if location is not None else []
    return tensor(name, dims=dims, extra=field(13, *entries, *more) + number(14, where))


def sparse(values, indices):
    return field(1, values) + field(2, indices)


def graph(*nodes, tensors=(), extra=b""):
    return field(1, *nodes) + field(2, "g") + field(5, *tensors) + extra


def function(name, *nodes, domain="acme"):
    return field(1, name) + field(7, *nodes) + field(10, domain)


def model(*nodes, tensors=(), functions=(), extra=b"", producer="craft", inside=b""):
    """A ModelProto; `extra` are fields of it, `inside` of its graph."""
    made = number(1, 8) + field(2, producer) + field(7, graph(*nodes, tensors=tensors, extra=inside))
    return made + field(8, field(1, "") + number(2, 17)) + field(25, *functions) + extra


ADD = node("Add", "x", "w")
WEIGHT = tensor("w", bytes(32))
