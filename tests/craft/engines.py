"""Models of Core ML, PaddlePaddle and MXNet, byte by byte: no library decides what can be written."""

import json
import struct

from tests.craft.tensorflow import field, number

# --- Core ML ---------------------------------------------------------------------------------------------------------


def coreml(kind, model, metadata=b""):
    """A Model of a kind, by its field."""
    description = field(1, field(1, "x")) + field(10, field(1, "y")) + (field(100, metadata) if metadata else b"")
    return number(1, 4) + field(2, description) + field(kind, model)


def layer(kind, value):
    """A network of one layer."""
    return field(1, field(1, "n") + field(kind, value))


def custom(name, extra=b""):
    return field(10, name) + extra


def linked(name, search):
    return field(1, field(1, field(1, name)) + field(2, field(1, search)))


def mil(name, class_name="", path="", nested=False):
    """A program of one operation, whose class stands in an attribute, and whose value lies in a file."""
    made = field(1, name)
    if class_name:
        made += field(5, field(1, "class_name") + field(2, field(3, field(1, field(4, field(1, class_name))))))
    if path:
        value = field(5, field(1, path) + number(2, 64))
        made += field(5, field(1, "val") + field(2, field(3, field(3, field(1, value))) if nested else value))
    block = field(3, made)
    return number(1, 1) + field(
        2, field(1, "main") + field(2, field(2, "CoreML5") + field(3, field(1, "a") + field(2, block)))
    )


def mil_text(path="@model_path/weights/weight.bin", kind="string", op="custom_layer"):
    """A model.mil of two operations."""
    name, value = f'{kind}("w")', f'tensor<fp16, [2, 2]>(BLOBFILE(path = {kind}("{path}"), offset = uint64(64)))'
    extra = ', class_name = string("Exec")' if op == "custom_layer" else ""
    return f"""program(1.3)
[buildInfo = dict<string, string>({{{{"coremlc-version", "3404.16.1"}}}})]
{{
    func main<ios18>(tensor<fp16, [1, 2]> x) {{
            tensor<fp16, [2, 2]> w = const()[name = {name}, val = {value}];
            tensor<fp16, [1, 2]> y = {op}(x = x, y = w{extra})[name = {kind}("y")];
        }} -> (y);
}}""".encode()


def package(*paths):
    """A Manifest.json."""
    items = {f"id-{n}": {"author": "com.apple.CoreML", "path": path} for n, path in enumerate(paths)}
    return json.dumps({"fileFormatVersion": "1.0.0", "itemInfoEntries": items, "rootModelIdentifier": "id-0"}).encode()


def blobs(*sizes, count=None):
    """A weight.bin."""
    made = struct.pack("<II56x", len(sizes) if count is None else count, 2)
    for size in sizes:
        made += struct.pack("<IIQQ40x", 0xDEADBEEF, 1, size, len(made) + 64) + bytes(size)
        made += bytes(-len(made) % 64)
    return made


# --- PaddlePaddle ----------------------------------------------------------------------------------------------------


def attr(name, s="", strings=(), i=None):
    kind = 0 if i is not None else 5 if strings else 2
    made = field(1, name) + number(2, kind) + (field(5, s) if s else b"") + field(8, *strings)
    return made + (number(3, i) if i is not None else b"")


def op(name, *attributes):
    """An OpDesc in its place."""
    return field(4, field(1, field(1, "X") + field(2, "x")) + field(3, name) + field(4, *attributes))


def program(*ops, more=b""):
    parent = b"\x08\0\x10" + b"\xff" * 9 + b"\1"
    return field(1, parent + field(3, field(1, "x")) + b"".join(ops)) + more + field(4, number(1, 0))


def pir_op(name, regions=(), **attributes):
    held = [{"N": key, "AT": {"#": "0.a_str", "D": value}} for key, value in attributes.items()]
    return {"#": name, "A": held, "I": [], "O": [], "regions": list(regions)}


def pir(*ops):
    region = {"#": "region_0", "blocks": [{"#": "block_0", "args": [], "ops": [{"#": "p", "A": [0, 1, 1, "w"]}, *ops]}]}
    base = {"magic": "pir", "trainable": True, "version": 4}
    return json.dumps({"base_code": base, "program": {"regions": [region]}}).encode()


def dense(*dims, kind=5, size=None, data=None):
    """One tensor of a .pdiparams."""
    described = number(1, kind) + b"".join(number(2, dim) for dim in dims)
    length = 4
    for dim in dims:
        length *= dim
    content = bytes(length if size is None else size) if data is None else data
    return bytes(16) + struct.pack("<I", len(described)) + described + content


# --- MXNet -----------------------------------------------------------------------------------------------------------


def symbol(*nodes):
    """A graph as JSON."""
    made = [
        {"op": "null", "name": "x", "inputs": []},
        *({"name": "n", "inputs": [[0, 0, 0]], **node} for node in nodes),
    ]
    return json.dumps({"nodes": made, "arg_nodes": [0], "heads": [[len(made) - 1, 0, 0]]}).encode()


def array(*dims, kind=0, width=4, mark=0xF993FAC9, data=None):
    """One dense array of a .params, in any of its layouts."""
    length = width
    for dim in dims:
        length *= dim
    if mark in {0xF993FAC9, 0xF993FACA}:
        shape = struct.pack(f"<Iii{len(dims)}q", mark, 0, len(dims), *dims)
    elif mark == 0xF993FAC8:
        shape = struct.pack(f"<Ii{len(dims)}q", mark, len(dims), *dims)
    else:
        shape = struct.pack(f"<I{len(dims)}I", len(dims), *dims)
    return shape + struct.pack("<iii", 1, 0, kind) + (bytes(length) if data is None else data)


def arrays(*made, names=()):
    """A .params."""
    told = b"".join(struct.pack("<Q", len(name)) + name.encode() for name in names)
    return struct.pack("<QQQ", 0x112, 0, len(made)) + b"".join(made) + struct.pack("<Q", len(names)) + told


# --- Caffe and CNTK ------------------------------------------------------------------------------------------------------


def caffe(*layers, name="net"):
    """A NetParameter of layers, each with weights."""
    return field(1, name) + b"".join(field(100, each) for each in layers)


def caffe_layer(kind="Convolution", floats=4, **parameters):
    """A layer of a type; `python` and `hdf5_output` are what its parameters say."""
    blob = field(5, struct.pack(f"<{floats}f", *range(floats))) + field(7, field(1, b"\x04"))
    made = field(1, "conv1") + field(2, kind) + field(3, "data") + field(4, "conv1") + field(7, blob) + number(10, 1)
    numbers = {"python": 130, "hdf5_output": 113}
    return made + b"".join(
        field(numbers[key], b"".join(field(at, text) for at, text in enumerate(texts, 1)))
        for key, texts in parameters.items()
    )


def prototxt(parameters="", kind="Python", field="layer"):
    """A network as text."""
    return f"""name: "net"
input: "data"  # a picture
input_shape {{ dim: 1 dim: 3 dim: 8 dim: 8 }}
{field} {{
  name: "l" type: "{kind}" bottom: "data" top: "l"
  {parameters}
}}
""".encode()


def cntk(**entries):
    """A Dictionary of texts, numbers, arrays (as bytes) and lists of dictionaries."""
    made = number(1, 1)
    for key, value in entries.items():
        match value:
            case str():
                held = number(2, 6) + field(8, value)
            case int():
                held = number(2, 3) + number(5, value)
            case bytes():
                held = number(2, 11) + field(13, number(1, 1) + field(3, field(1, b"\x02")) + field(4, field(1, value)))
            case list():
                inner = b"".join(field(1, number(1, 1) + number(2, 10) + field(12, each)) for each in value)
                held = number(2, 9) + field(11, inner)
        made += field(2, field(1, key) + field(2, number(1, 1) + held))
    return made


def cntk_model(**function):
    """A model of one function, which is of the user where it says so."""
    body = cntk(type="PrimitiveFunction", uid="Times1", op=31, **function)
    weights = cntk(uid="W", value=struct.pack("<2f", 1, 2))
    return cntk(
        version=1, type="CompositeFunction", root_uid="Times1", uid="C", primitive_functions=[body], inputs=[weights]
    )
