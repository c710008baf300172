"""A tar writer that lies on request: every field of a header follows from its data unless it is set.

`tar(member("a", b"…"), link("b", "a"))` is honest, and ends in two zero blocks unless `end` says otherwise.
"""

import struct

from tests.craft.pickles import asm, named, op, text

BLOCK = 512
END = bytes(2 * BLOCK)


def encoded(value):
    return value if isinstance(value, bytes) else value.encode()


def octal(value, width=12):
    return value if isinstance(value, bytes) else b"%0*o\0" % (width - 1, value)


def header(name, size=0, kind="0", *, target="", mode=0o644, magic=b"ustar\x0000", prefix="", checksum=None, rest=b""):
    """One header block; `rest` is what stands at 345 instead of the prefix, `checksum` the field's own bytes."""
    block = struct.pack(
        "<100s8s8s8s12s12s8s1s100s8s32s32s8s8s155s12s",
        encoded(name), octal(mode, 8), octal(0, 8), octal(0, 8), octal(size), octal(0), b" " * 8, encoded(kind),
        encoded(target), magic, b"", b"", b"", b"", (encoded(prefix) + rest)[:155], (encoded(prefix) + rest)[155:167],
    )  # fmt: skip
    field = b"%06o\0 " % sum(block) if checksum is None else checksum
    return block[:148] + field.ljust(8, b"\0") + block[156:]


def padded(data, fill=b"\0"):
    return data + fill * (-len(data) % BLOCK)


def member(name, data=b"", kind="0", *, fill=b"\0", **fields):
    """A header and its data."""
    return header(name, fields.pop("size", len(data)), kind, **fields) + padded(data, fill)


def link(name, target, kind="2", **fields):
    return member(name, b"", kind, target=target, **fields)


def pax(kind="x", **records):
    """An extended header; `__` in a key stands for a dot."""
    return member("pax", b"".join(record(key.replace("__", "."), value) for key, value in records.items()), kind)


def record(key, value):
    body = b" " + key.encode() + b"=" + encoded(str(value)) + b"\n"
    length = len(body)
    while len(str(length)) + len(body) != length:
        length = len(str(length)) + len(body)
    return str(length).encode() + body


def long_name(name, kind="L"):
    return member("././@LongLink", encoded(name) + b"\0", kind, magic=b"ustar  \0")


def old_sparse(name, parts, size, stored):
    """A member that is sparse in GNU's old way; the map goes on in further blocks where the header is full."""
    entries = [octal(offset) + octal(length) for offset, length in parts]
    more = [entries[at : at + 21] for at in range(4, len(entries), 21)]
    rest = bytes(41) + b"".join(entries[:4]).ljust(96, b"\0") + bytes([bool(more)]) + octal(size)
    blocks = [b"".join(each).ljust(504, b"\0") + bytes([n < len(more)]) for n, each in enumerate(more, 1)]
    start = header(name, len(stored), "S", magic=b"ustar  \0", rest=rest)
    return start + b"".join(map(padded, blocks)) + padded(stored)


def tar(*parts, end=END):
    return b"".join(parts) + end


# -- torch 0.1.1


def number(value):
    return asm(op("PROTO", 2), op("BININT", value), "STOP")


def triple(*values):
    return asm(op("PROTO", 2), *values, "TUPLE3", "STOP")


def storages(*made, count=None, views=None):
    """The member `storages` of (key, class, number of elements, bytes)."""
    data = number(len(made) if count is None else count)
    for key, kind, numel, raw in made:
        data += triple(op("BININT", key), text("cpu"), named("torch", kind)) + struct.pack("<q", numel) + raw
    return data + (asm(op("PROTO", 2), "EMPTY_LIST", "STOP") if views is None else views)


def tensors(*made):
    """The member `tensors` of (key, storage, class, sizes)."""
    data = number(len(made))
    for key, storage, kind, sizes in made:
        data += triple(op("BININT", key), op("BININT", storage), named("torch", kind))
        data += struct.pack("<ii", len(sizes), 0) + struct.pack(f"<{2 * len(sizes) + 1}q", *sizes, *[1] * len(sizes), 0)
    return data


OBJECT = asm(op("PROTO", 2), "EMPTY_DICT", text("weight"), text("9"), "BINPERSID", "SETITEM", "STOP")
FLOATS = (7, "FloatStorage", 6, bytes(range(24)))


def torch_tar(**members):
    """A torch archive of old; a member that is given replaces the honest one."""
    made = {
        "sys_info": asm(op("PROTO", 2), "EMPTY_DICT", text("little_endian"), "NEWTRUE", "SETITEM", "STOP"),
        "pickle": OBJECT,
        "tensors": tensors((9, 7, "FloatTensor", (2, 3))),
        "storages": storages(FLOATS),
    } | members
    return tar(*(member(name, data) for name, data in made.items()))
