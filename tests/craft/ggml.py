"""GGUF files and their forerunners, number by number: no library decides what can be written."""

import struct

U8, I8, U16, I16, U32, I32, F32, BOOL, TEXT, ARRAY, U64, I64, F64 = range(13)
_FORMS = {U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f", BOOL: "B", U64: "Q", I64: "q", F64: "d"}
TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}"


class Raw(bytes):
    """Bytes that stand as they are."""


class Gguf:
    """A writer; `order` is "<" or ">"."""

    def __init__(self, *, version=3, order="<", alignment=32):
        self.version, self.order, self.alignment = version, order, alignment
        self.keys, self.tensors = [], []

    def pack(self, form, *values):
        return struct.pack(self.order + form, *values)

    def count(self, value):
        return self.pack("I" if self.version == 1 else "Q", value)

    def text(self, text, length=None):
        data = text.encode() if isinstance(text, str) else text
        return self.count(len(data) if length is None else length) + data

    def value(self, kind, value):
        if isinstance(value, Raw):
            return value
        if kind == TEXT:
            return self.text(value)
        if kind == ARRAY:
            inner, values = value
            return (
                self.pack("I", inner) + self.count(len(values)) + b"".join(self.value(inner, each) for each in values)
            )
        return self.pack(_FORMS[kind], value)

    def key(self, name, kind, value):
        """Add a key; the file itself is the answer."""
        self.keys.append(self.text(name) + self.pack("I", kind) + self.value(kind, value))
        return self

    def tensor(self, name, dims=(8,), kind=0, offset=0, count=None):
        """Add a description."""
        head = self.text(name) + self.pack("I", len(dims) if count is None else count)
        shape = b"".join(self.count(each) for each in dims)
        self.tensors.append(head + shape + self.pack("IQ", kind, offset))
        return self

    def made(self, data=b"", *, tensors=None, keys=None):
        """The file; `tensors` and `keys` are counts that it states instead of the true ones."""
        header = b"GGUF" + self.pack("I", self.version)
        header += self.count(len(self.tensors) if tensors is None else tensors)
        header += self.count(len(self.keys) if keys is None else keys)
        header += b"".join(self.keys + self.tensors)
        return header + bytes(-len(header) % self.alignment) + data


def one(**more):
    """A file of one tensor of 32 bytes."""
    return Gguf(**more).key("general.architecture", TEXT, "llama").tensor("a")


WORDS = ("<unk>", "words", " of", "")


def _vocabulary(words, *, scores):
    texts = (each.encode() for each in words)
    return b"".join(struct.pack("<I", len(each)) + each + (struct.pack("<f", -1) if scores else b"") for each in texts)


def tensor(at, name, dims, kind, data, *, padded):
    """A tensor of a file before GGUF that begins `at` this place."""
    head = struct.pack(f"<{3 + len(dims)}I", len(dims), len(name), kind, *dims) + name.encode()
    return head + (bytes(-(at + len(head)) % 32) if padded else b"") + data


def before_gguf(magic, *tensors, version=None, numbers=(4, 32, 1, 1, 1, 1, 1), words=WORDS, scores=False, padded=False,
                filters=None, counted=False):  # fmt: skip
    """A file of a format before GGUF; tensors are (name, dims, kind, data)."""
    made = magic + (struct.pack("<I", version) if version is not None else b"")
    made += struct.pack(f"<{len(numbers)}I", *numbers)
    if filters:
        made += struct.pack("<II", *filters) + bytes(4 * filters[0] * filters[1])
    if counted:
        made += struct.pack("<I", len(words))
    made += _vocabulary(words, scores=scores)
    for each in tensors:
        made += tensor(len(made), *each, padded=padded)
    return made
