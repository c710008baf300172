"""Files of many libraries, number by number: no library decides what can be written."""

import struct

import zstandard


class R:
    """A stream of R; `kind` is X, A or B. Methods give items, `made` a file of one."""

    def __init__(self, kind="X", version=3, line=b""):
        self.kind, self.version, self.line = kind, version, line

    def whole(self, value):
        if self.kind == "A":
            return b"NA\n" if value == -(1 << 31) else b"%d\n" % value
        return struct.pack(">i" if self.kind == "X" else "<i", value)

    def chars(self, text):
        data = text.encode() if isinstance(text, str) else text
        if self.kind == "A":
            return self.whole(9) + self.whole(len(data)) + data.replace(b"\\", b"\\\\").replace(b"\n", b"\\n") + b"\n"
        return self.whole(9) + self.whole(len(data)) + data

    def symbol(self, name):
        return self.whole(1) + self.chars(name)

    def nil(self):
        return self.whole(254)

    def unbound(self):
        return self.whole(252)

    def empty(self):
        return self.whole(242)

    def texts(self, *texts):
        return self.whole(16) + self.whole(len(texts)) + b"".join(map(self.chars, texts))

    def reals(self, *values):
        body = b"".join(b"%r\n" % each for each in values) if self.kind == "A" else struct.pack(
            f"{'>' if self.kind == 'X' else '<'}{len(values)}d", *values
        )  # fmt: skip
        return self.whole(14) + self.whole(len(values)) + body

    def list(self, *items, attributes=b""):
        return self.whole(19 | (512 if attributes else 0)) + self.whole(len(items)) + b"".join(items) + attributes

    def pair(self, value, rest=None, *, kind=2, tag=b"", attributes=b"", levels=0):
        flags = kind | (1024 if tag else 0) | (512 if attributes else 0) | levels << 12
        return self.whole(flags) + attributes + tag + value + (self.nil() if rest is None else rest)

    def call(self, name, *arguments):
        rest = self.nil()
        for each in reversed(arguments):
            rest = self.pair(each, rest)
        return self.pair(self.symbol(name) if isinstance(name, str) else name, rest, kind=6)

    def promise(self, expression, value=None, environment=b""):
        return self.pair(self.unbound() if value is None else value, expression, kind=5, tag=environment)

    def closure(self, body, formals=None, environment=None):
        return self.pair(formals or self.nil(), body, kind=3, tag=environment or self.whole(253))

    def environment(self, frame=None):
        return self.whole(4) + self.whole(0) + self.empty() + (frame or self.nil()) + self.nil() + self.nil()

    def bytecode(self, *constants):
        code = self.whole(13) + self.whole(2) + self.whole(10) + self.whole(1)
        return self.whole(21) + self.whole(1) + code + self.whole(len(constants)) + b"".join(constants)

    def constant(self, name):
        return self.whole(1) + self.symbol(name)

    def vector_of(self, name, state):
        info = self.pair(self.symbol(name), self.pair(self.symbol("base"), self.pair(self.reals(1.0))))
        return self.whole(238) + info + state + self.nil()

    def made(self, item):
        head = (
            self.line
            + self.kind.encode()
            + b"\n"
            + self.whole(self.version)
            + self.whole(0x40403)
            + self.whole(0x20300)
        )
        if self.version == 3:
            head += self.whole(5) + (b"UTF-8\n" if self.kind == "A" else b"UTF-8")
        return head + item


class T7:
    """Objects of Torch7, in binary or in lines; each new one has the next index."""

    def __init__(self, *, lines=False):
        self.index, self.lines = 0, lines

    def write(self, form, *values):
        """Numbers that are written at once."""
        if self.lines:
            return " ".join(f"{value:.17g}" for value in values).encode() + b"\n" if values else b""
        return struct.pack(f"<{len(values)}{form}", *values)

    def letters(self, text):
        data = text.encode() if isinstance(text, str) else text
        return self.write("i", len(data)) + data + (b"\n" if self.lines else b"")

    def new(self, kind):
        self.index += 1
        return self.write("i", kind) + self.write("i", self.index)

    def number(self, value):
        return self.write("i", 1) + self.write("d", value)

    def text(self, text):
        return self.write("i", 2) + self.letters(text)

    def truth(self, value):
        return self.write("i", 5) + self.write("i", value)

    def table(self, make):
        head = self.new(3)
        entries = make()
        return head + self.write("i", len(entries)) + b"".join(key + value for key, value in entries)

    def object(self, name, make, version="V 1"):
        head = self.new(4) + (self.letters(version) if version else b"") + self.letters(name)
        return head + make()

    def tensor(self, count=6, kind="Float", form="f"):
        def storage():
            return self.write("q", count) + self.write(form, *[0] * count)

        def body():
            head = self.write("i", 1) + self.write("q", count) + self.write("q", 1) + self.write("q", 1)
            return head + self.object(f"torch.{kind}Storage", storage)

        return self.object(f"torch.{kind}Tensor", body)

    def function(self, code=b"\x1bLJ\x02\x00", kind=8):
        head = self.write("i", kind) if kind == 6 else self.new(kind)
        return head + self.letters(code) + self.table(list)

    def again(self, index):
        return self.write("i", 3) + self.write("i", index)


def model_t7(*extra, lines=False):
    """A table with a module, which has weights and what `extra` makes of the writer."""
    t = T7(lines=lines)

    def module():
        return t.table(lambda: [
            (t.text("weight"), t.tensor()), (t.text("train"), t.truth(1)), (t.text("parent"), t.again(1)),
            (t.text("old"), t.write("i", 0)), *((t.text(f"x{n}"), make(t)) for n, make in enumerate(extra)),
        ])  # fmt: skip

    return t.table(lambda: [(t.text("model"), t.object("nn.Linear", module)), (t.text("epoch"), t.number(3))])


def fasttext(words=("a", "b"), *, version=12, matrix=None, count=None):
    """A model of the words, whose first matrix says that it has another shape than it has, where told."""
    head = struct.pack("<ii12id", 793712314, version, 2, *[1] * 11, 0.1)
    head += struct.pack("<iiiqq", len(words) if count is None else count, len(words), 0, 9, -1)
    head += b"".join(word.encode() + struct.pack("<xqb", 3, 0) for word in words)
    rows = len(words)
    one = bytes([0]) + struct.pack("<qq", *(matrix or (rows, 2))) + bytes(rows * 8)
    return head + one + bytes([0]) + struct.pack("<qq", rows, 2) + bytes(rows * 8)


def word2vec(words=("one", "two"), dimensions=3, *, count=None, end=b"\n"):
    vectors = b"".join(word.encode() + b" " + b"\x01\x02\x80\x3f" * dimensions + end for word in words)
    return b"%d %d\n" % (len(words) if count is None else count, dimensions) + vectors


def ctranslate2(version=6, *, length=16, aliases=(("b", "a"),)):
    def text(value):
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    head = struct.pack("<I", version) + text("TransformerSpec") + struct.pack("<II", 7, 1)
    one = text("encoder/a") + struct.pack("<BII", 2, 2, 2)
    one += struct.pack("<BI", 0, length) if version > 3 else struct.pack("<BI", 4, length // 4)
    tail = struct.pack("<I", len(aliases)) + b"".join(text(name) + text(of) for name, of in aliases)
    return head + one + bytes(16) + (tail if version > 2 else b"")


def faiss_flat(dimensions=4, count=5, *, length=None, kind=b"IxF2", metric=1):
    head = kind + struct.pack("<iqqqBi", dimensions, count, 1 << 20, 1 << 20, 1, metric)
    head += struct.pack("<f", 2.0) if metric > 1 else b""
    return head + struct.pack("<Q", dimensions * count if length is None else length) + bytes(4 * dimensions * count)


def faiss_ivf(lists):
    """An IVF index whose lists are the given bytes."""
    head = b"IwFl" + struct.pack("<iqqqBi", 4, 5, 1, 1, 1, 1) + struct.pack("<QQ", 2, 1)
    return head + faiss_flat(4, 2) + b"\0" + struct.pack("<Q", 0) + lists


def on_disk(path):
    text = path.encode()
    return (
        b"ilod" + struct.pack("<QQ", 2, 16) + struct.pack("<QQ", 0, 0) + struct.pack("<Q", len(text)) + text + bytes(8)
    )


def sparse_lists(*sizes):
    body = b"ilar" + struct.pack("<QQ", 2, 16) + b"sprs" + struct.pack("<Q", len(sizes) * 2)
    body += b"".join(struct.pack("<QQ", at, size) for at, size in enumerate(sizes))
    return body + b"".join(bytes(size * 24) for size in sizes)


def ubj(body=b"", key="version"):
    """An object of one key, and what is behind it."""
    return b"{L" + struct.pack(">q", len(key)) + key.encode() + (body or b"[l\0\0\0\x03i\x01]") + b"}"


def pack(value):
    """MessagePack of dicts, lists, texts, bytes, truth values and small numbers; `Ext` is an extension."""
    match value:
        case None:
            return b"\xc0"
        case bool():
            return b"\xc3" if value else b"\xc2"
        case int():
            return struct.pack(">Bi", 0xD2, value)
        case float():
            return struct.pack(">Bd", 0xCB, value)
        case str():
            return struct.pack(">BB", 0xD9, len(value.encode())) + value.encode()
        case bytes():
            return struct.pack(">BI", 0xC6, len(value)) + value
        case list():
            return struct.pack(">BH", 0xDC, len(value)) + b"".join(map(pack, value))
        case dict():
            return struct.pack(">BH", 0xDE, len(value)) + b"".join(pack(k) + pack(v) for k, v in value.items())
        case (int(kind), bytes(data)):
            return struct.pack(">BIb", 0xC9, len(data), kind) + data


def flax_array(shape, data, *, name="float32"):
    return (1, pack([shape, name, data]))


def ocdbt(*bodies, compression=1):
    """Frames of a database, the first of which is a manifest."""
    made = b""
    for number, body in enumerate(bodies):
        kept = zstandard.compress(body) if compression else body
        magic = b"\x0c\xdb\x20\xde" if number else b"\x0c\xdb\x3a\x2a"
        made += magic + struct.pack("<QBB", len(kept) + 18, 0, compression) + kept + bytes(4)
    return made


def varint(value):
    """As MLIR writes numbers, of one byte or nine."""
    return bytes([value << 1 | 1]) if value < 128 else b"\0" + struct.pack("<Q", value)


def mlir(*operations, strings=(), version=6, aligned=False, more=b""):
    """A program of these operations, each a dialect and a name, with more strings."""
    names = list(dict.fromkeys([part for operation in operations for part in operation] + list(strings)))
    dialects = list(dict.fromkeys(dialect for dialect, _ in operations))

    def section(kind, data):
        head = bytes([kind | 128 * aligned]) + varint(len(data))
        return head + (varint(1) if aligned else b"") + data

    table = varint(len(dialects)) + b"".join(varint(names.index(dialect) << 1) for dialect in dialects)
    table += varint(len(operations))
    for dialect, name in operations:
        table += varint(dialects.index(dialect)) + varint(1) + varint(names.index(name) << 1 | 1)
    texts = [name.encode() + b"\0" for name in names]
    strings = varint(len(texts)) + b"".join(varint(len(text)) for text in reversed(texts)) + b"".join(texts)
    head = b"ML\xefR" + varint(version) + b"StableHLO_v1.0.0\0"
    return head + section(1, table) + section(4, b"\x01" * 9) + section(0, strings) + more


LIGHTGBM = "tree\nversion=v4\nnum_class=1\n\nTree=0\nnum_leaves=2\n\nend of trees\n\nparameters:\n[boosting: gbdt]\n[data: {}]\nend of parameters\n"
