"""Protocol buffers of TensorFlow, byte by byte: no library decides what can be written."""

# --- the wire --------------------------------------------------------------------------------------------------------


def varint(value, length=1):
    """A number, in at least `length` bytes."""
    made = bytearray()
    while value > 0x7F or len(made) + 1 < length:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(made) + bytes([value])


def number(field, value):
    return varint(field << 3) + varint(value)


def field(field, *values):
    """Fields of bytes; texts are written as UTF-8."""
    data = [value.encode() if isinstance(value, str) else value for value in values]
    return b"".join(varint(field << 3 | 2) + varint(len(each)) + each for each in data)


# --- graphs ----------------------------------------------------------------------------------------------------------


def attr(key, value):
    """One attribute; `value` is an AttrValue."""
    return field(5, field(1, key) + field(2, value))


def text_attr(key, *texts):
    return attr(key, field(2, texts[0]) if len(texts) == 1 else field(1, field(2, *texts)))


def function_attr(key, name):
    return attr(key, field(10, field(1, name)))


def node(op, name=None, *inputs, extra=b""):
    """A NodeDef; `extra` are attributes."""
    return field(1, name or op.lower()) + field(2, op) + field(3, *inputs) + extra


def tensor(*texts, packed=False, shape=None):
    """A TensorProto of texts."""
    data = [each.encode() if isinstance(each, str) else each for each in texts]
    dims = field(2, field(2, number(1, len(data) if shape is None else shape)))
    if not packed:
        return number(1, 7) + dims + field(8, *data)
    return number(1, 7) + dims + field(4, b"".join([varint(len(each)) for each in data] + data))


def floats(count, value=b"\x00\x00\x80\x3f"):
    """A TensorProto of as many equal numbers."""
    return number(1, 1) + field(2, field(2, number(1, count))) + field(4, value * count)


def const(name, value):
    """A Const; `value` is a TensorProto, or a text."""
    data = value if isinstance(value, bytes) else tensor(value)
    return node("Const", name, extra=attr("dtype", number(6, 7)) + attr("value", field(8, data)))


def function(name, *nodes, arguments=(), returned=()):
    """A FunctionDef; `returned` are references of its nodes."""
    signature = field(1, name) + b"".join(field(2, field(1, each)) for each in arguments)
    rets = b"".join(field(4, field(1, f"out{i}") + field(2, each)) for i, each in enumerate(returned))
    return field(1, signature) + field(3, *nodes) + rets


def library(*functions):
    return field(1, *functions)


def graph(*nodes, functions=()):
    return field(1, *nodes) + (field(2, library(*functions)) if functions else b"")


# --- models ----------------------------------------------------------------------------------------------------------

INFO = field(4, "serve") + field(5, "2.21.0")


def asset(tensor_name, filename):
    return field(6, field(1, field(1, tensor_name)) + field(2, filename))


def collection(key, *names):
    return field(4, field(1, key) + field(2, field(1, field(1, *names))))


def signature(key, output, *inputs):
    ins = b"".join(field(1, field(1, each) + field(2, field(1, each))) for each in inputs)
    return field(5, field(1, key) + field(2, ins + field(2, field(1, "out") + field(2, field(1, output)))))


def objects(*nodes, bound=None):
    """A SavedObjectGraph; `bound` are, by function, the objects that are handed to it last."""
    functions = b"".join(
        field(2, field(1, name) + field(2, b"".join(number(2, each) for each in ids)))
        for name, ids in (bound or {}).items()
    )
    return field(7, field(1, *nodes) + functions)


def meta(*nodes, functions=(), extra=b"", info=INFO):
    """A MetaGraphDef; `extra` are assets, collections, signatures and objects."""
    return field(1, info) + field(2, graph(*nodes, functions=functions)) + extra


def saved_model(*nodes, functions=(), extra=b"", info=INFO):
    return number(1, 1) + field(2, meta(*nodes, functions=functions, extra=extra, info=info))
