"""HDF5 files from their structures, as their maker wants them: superblock and object headers of version 2.

Checksums are left out: the reader steps over them.
"""

import struct

DATASPACE, DATATYPE, LINK, EXTERNAL, LAYOUT, FILTERS, ATTRIBUTE = 1, 3, 6, 7, 8, 11, 12
MARK = b"\x89HDF\r\n\x1a\n"
UNDEFINED = b"\xff" * 8


def number(value, width=8):
    return value.to_bytes(width, "little")


def message(kind, data, flags=0):
    return struct.pack("<BHB", kind, len(data), flags) + data


# --- types and shapes ------------------------------------------------------------------------------------------------

FLOAT = b"\x11\x20\x1f\x00" + number(4, 4) + bytes.fromhex("000020001708001 77f000000".replace(" ", ""))
BYTE = b"\x10\x00\x00\x00" + number(1, 4) + struct.pack("<HH", 0, 8)
OBJECT = b"\x17\x00\x00\x00" + number(8, 4)


def text(length):
    """Texts of a fixed length."""
    return b"\x13\x00\x00\x00" + number(length, 4)


def variable(base=BYTE, *, string=True):
    """Elements of any number, or texts of any length."""
    return b"\x19" + bytes([1 if string else 0, 0, 0]) + number(16, 4) + base


def opaque(length):
    return b"\x15\x08\x00\x00" + number(length, 4) + bytes(8)


def shape(*dimensions):
    return bytes((2, len(dimensions), 0, 1 if dimensions else 0)) + b"".join(map(number, dimensions))


# --- messages --------------------------------------------------------------------------------------------------------


def link(name, address):
    return message(LINK, b"\x01\x00" + bytes([len(name)]) + name.encode() + number(address))


def soft(name, path):
    value = path.encode()
    return message(LINK, b"\x01\x08\x01" + bytes([len(name)]) + name.encode() + number(len(value), 2) + value)


def elsewhere(name, file, path="/x", kind=64):
    """An external link, or one of another class."""
    value = b"\x00" + file.encode() + b"\0" + path.encode() + b"\0"
    return message(LINK, b"\x01\x08" + bytes([kind, len(name)]) + name.encode() + number(len(value), 2) + value)


def attribute(name, data, kind=None, space=None):
    """An attribute: one text of its own length, unless a type and a shape are given."""
    kind, space, raw = kind or text(len(data)), space or shape(), name.encode() + b"\0"
    head = struct.pack("<BBHHHB", 3, 0, len(raw), len(kind), len(space), 0)
    return message(ATTRIBUTE, head + raw + kind + space + data)


def dataset(layout, kind=FLOAT, space=None, *more):
    """The messages of a dataset."""
    return (message(DATASPACE, space or shape(4)), message(DATATYPE, kind), message(LAYOUT, layout), *more)


def compact(data):
    return b"\x03\x00" + number(len(data), 2) + data


def contiguous(address, length):
    return b"\x03\x01" + (UNDEFINED if address is None else number(address)) + number(length)


def chunked(address, *dimensions):
    """Chunks below a B-tree of version 1; the last dimension is the size of an element."""
    place = UNDEFINED if address is None else number(address)
    return b"\x03\x02" + bytes([len(dimensions)]) + place + b"".join(number(each, 4) for each in dimensions)


def single(address, *dimensions, length=None, mask=0):
    """One chunk, filtered if it has a length."""
    filtered = b"" if length is None else number(length) + number(mask, 4)
    sizes = b"".join(number(each, 4) for each in dimensions)
    return (
        b"\x04\x02" + bytes([2 if filtered else 0, len(dimensions), 4]) + sizes + b"\x01" + filtered + number(address)
    )


def filters(*ids):
    """A pipeline of filters without values."""
    return message(FILTERS, b"\x02" + bytes([len(ids)]) + b"".join(_filter(each) for each in ids))


def _filter(each):
    return number(each, 2) + (number(0, 2) if each >= 256 else b"") + number(0, 2) + number(0, 2)


# --- files -----------------------------------------------------------------------------------------------------------


class Maker:
    """A file in the making: what is put into it is at an address from then on."""

    def __init__(self):
        self.data = bytearray(48)

    def put(self, data):
        self.data += bytes(-len(self.data) % 8)
        self.data += data
        return len(self.data) - len(data)

    def object(self, *messages):
        body = b"".join(messages)
        return self.put(b"OHDR\x02\x02" + number(len(body), 4) + body + bytes(4))

    def local_heap(self, data):
        place = self.put(data)
        return self.put(b"HEAP" + bytes(4) + number(len(data)) + number(len(data)) + number(place))

    def global_heap(self, *objects):
        """Where the collection is; its objects are numbered from one."""
        body = b"".join(
            number(index, 2) + bytes(6) + number(len(each)) + each + bytes(-len(each) % 8)
            for index, each in enumerate(objects, 1)
        )
        return self.put(b"GCOL\x01\0\0\0" + number(16 + len(body)) + body)

    def long_text(self, data):
        """The attribute value of a text of any length."""
        return number(len(data), 4) + number(self.global_heap(data)) + number(1, 4)

    def outside(self, *names):
        """The message of a dataset that takes its bytes from these files."""
        heap = self.local_heap(b"".join(name.encode() + b"\0" for name in names))
        slots, at = b"", 0
        for name in names:
            slots += number(at) + number(0) + number(16)
            at += len(name) + 1
        return message(EXTERNAL, b"\x01\0\0\0" + number(len(names), 2) * 2 + number(heap) + slots)

    def virtual(self, *names, version=0):
        """The layout of a dataset that is put together from these files."""
        everything = number(3, 4) + number(1, 4) + bytes(8)
        entries = b"".join((b"\0" if version else b"") + each.encode() + b"\0/x\0" + everything * 2 for each in names)
        block = bytes([version]) + number(len(names)) + entries + bytes(4)
        return b"\x04\x03" + number(self.global_heap(block)) + number(1, 4)

    def file(self, *messages, before=b"", behind=b""):
        """The file whose root has these messages."""
        root = self.object(*messages)
        end = len(before) + len(self.data)
        head = MARK + b"\x02\x08\x08\0" + number(len(before)) + UNDEFINED + number(end) + number(root) + bytes(4)
        return before + head + bytes(self.data[48:]) + behind
