"""A FlatBuffer writer that writes whatever it is told: tables of fields by their slots, vectors, texts, numbers.

`buffer(Table(u4(3), [Table(None, "custom")]), b"TFL3")`: a field is None, a number, a text, bytes, a table or a list.
"""

import struct


class Table:
    """Fields in the order of their slots; each a number as bytes of `u1`, `u4` or `u8`, or what an offset leads to."""

    def __init__(self, *fields):
        self.fields = fields


class Number(bytes):
    """Bytes that stand in the table itself."""


def u1(value):
    return Number(struct.pack("<B", value))


def u4(value):
    return Number(struct.pack("<I", value))


def u8(value):
    return Number(struct.pack("<Q", value))


def slots(**at):
    """A table by slot: `slots(s1="name", s9=u8(3))`."""
    numbered = {int(slot[1:]): value for slot, value in at.items()}
    return Table(*(numbered.get(slot) for slot in range(max(numbered) + 1)))


def buffer(root, mark, *, header=b""):
    """Root offset, mark, what else stands in front, and all that the root leads to, each thing behind what names it."""
    out = bytearray(4) + mark + header
    todo = [(root, 0)]
    while todo:
        value, place = todo.pop(0)
        out += bytes(-len(out) % 8)
        at, further = _put(out, value)
        struct.pack_into("<I", out, place, at - place)
        todo += further
    return bytes(out)


def _put(out, value):
    """Append a thing; where it is, and what its offsets are to lead to."""
    if isinstance(value, Table):
        return _table(out, value)
    at = len(out)
    if isinstance(value, str):
        value = value.encode() + b"\0"
        out += struct.pack("<I", len(value) - 1) + value
        return at, []
    out += struct.pack("<I", len(value))
    if isinstance(value, bytes):
        out += value
        return at, []
    out += bytes(4 * len(value))
    return at, [(each, at + 4 + 4 * index) for index, each in enumerate(value)]


def _table(out, table):
    body, places, further = bytearray(4), [], []
    for field in table.fields:
        if field is None:
            places.append(0)
            continue
        data = field if isinstance(field, Number) else bytes(4)
        body += bytes(-len(body) % len(data))
        places.append(len(body))
        if not isinstance(field, Number):
            further.append((field, len(body)))
        body += data
    vtable = struct.pack(f"<HH{len(places)}H", 4 + 2 * len(places), len(body), *places)
    out += vtable + bytes(-len(vtable) % 8)
    at = len(out)
    struct.pack_into("<i", body, 0, len(vtable) + -len(vtable) % 8)
    out += body
    return at, [(value, at + place) for value, place in further]


# -- TFLite


def code(name=None, builtin=32):
    """An operator code; 32 says that it is a custom one."""
    return Table(u1(min(builtin, 127)), name, u4(1), u4(builtin))


def model(*codes, options=(), buffers=(b"",), mark=b"TFL3", **more):
    """A model that has these operator codes, and an operator for each of `options`."""
    operators = [slots(s0=u4(index), s5=data) for index, data in enumerate(options)]
    graph = Table([], b"", b"", operators, "main")
    kept = [each if isinstance(each, Table) else Table(each) for each in buffers]
    root = slots(s0=u4(3), s1=list(codes), s2=[graph], s3="made by hand", s4=kept, **more)
    return buffer(root, mark)


def node(op, name=b"node"):
    """The options of a Flex operator: a FlexBuffer of a name and a NodeDef."""
    definition = b"\x0a" + bytes([len(name)]) + name + b"\x12" + bytes([len(op)]) + op.encode()
    return flex_vector(op.encode(), definition)


def flex_vector(*texts):
    """A FlexBuffer whose root is a vector of texts of up to 255 bytes each, in widths of one byte."""
    out, places = bytearray(), []
    for text in texts:
        out += bytes([len(text)])
        places.append(len(out))
        out += text + b"\0"
    out.append(len(texts))
    start = len(out)
    out += bytes(start + index - place for index, place in enumerate(places))
    out += bytes([5 << 2]) * len(texts)
    return bytes(out) + bytes([len(out) - start, 10 << 2, 1])


# -- ExecuTorch


def program(*operators, delegates=(), segments=(), constant=None, inline=(), tail=b"", base=None, **more):
    """A program of one plan; delegates are (id, location, index), segments (offset, size)."""
    named = [Table(name, "") for name in operators]
    handed = [Table(name, Table(u1(where), u4(index))) for name, where, index in delegates]
    plan = Table("forward", None, [], b"", b"", [], named, handed)
    root = slots(
        s0=u4(0), s1=[plan], s3=[Table(data) for data in inline], s4=[Table(u8(at), u8(size)) for at, size in segments],
        **({} if constant is None else {"s5": Table(u4(constant), b"")}), **more,
    )  # fmt: skip
    head = b"eh00" + struct.pack("<IQQ", 24, 0, 0)
    made = buffer(root, b"ET12", header=head)
    made += bytes(-len(made) % 16)
    start = len(made) if base is None else base
    return made[:16] + struct.pack("<QQ", len(made), start) + made[32:] + tail


def mobile(*operators, sources=(), classes=()):
    """A torch mobile module."""
    functions = [Table(u1(16), Table("forward", b"", [Table(name, "")])) for name in operators]
    return buffer(
        slots(
            s0=u4(9), s4=functions, s7=[Table(name, u1(0)) for name in classes],
            s8=[Table(name, text) for name, text in sources],
        ),
        b"PTMF",
    )  # fmt: skip
