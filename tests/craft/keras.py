"""Keras models that do harm when they are loaded, as readable JSON; the code in them is never run, and says HARMLESS.

`lambda_code(...)` writes the marshal data of a code object field by field, so the samples are the same whatever Python
makes them.
"""

import base64
import json
import struct

from tests.craft.archives import Part, archive
from tests.craft.pickles import HARMLESS

SEE = "https://example.invalid/"


# --- marshal ---------------------------------------------------------------------------------------------------------


def _bytes(data, mark=b"s"):
    return mark + struct.pack("<i", len(data)) + data


def _value(value):
    return b"N" if value is None else _bytes(value.encode(), b"u")


def _tuple(values):
    return b"(" + struct.pack("<i", len(values)) + b"".join(map(_value, values))


def lambda_code(*names, texts=(), name="<lambda>", python="3.8", instructions=b"|\x00S\x00"):
    """Marshal data of a function of one argument that names these names, as one version lays it out."""
    counts = {"2.7": (1, 1, 2, 67), "3.8": (1, 0, 0, 1, 2, 67), "3.11": (1, 0, 0, 2, 3)}[python]
    body = _bytes(instructions) + _tuple((None, *texts)) + _tuple(names)
    if python == "3.11":
        places = _tuple(("x",)) + _bytes(b"\x26") + _value("m.py") + _value(name) + _value(name)
        tail = struct.pack("<i", 1) + _bytes(b"") + _bytes(b"")
    else:
        places = _tuple(("x",)) + _tuple(()) + _tuple(()) + _value("m.py") + _value(name)
        tail = struct.pack("<i", 1) + _bytes(b"")
    return b"c" + struct.pack(f"<{len(counts)}i", *counts) + body + places + tail


def encoded(data):
    """Bytes as Keras writes them: base64 in lines."""
    return base64.encodebytes(data).decode()


# LOAD_GLOBAL 0, LOAD_CONST 1, CALL_FUNCTION 1, LOAD_METHOD 1, LOAD_CONST 2, CALL_METHOD 1, RETURN_VALUE
CALLS = bytes((116, 0, 100, 1, 131, 1, 160, 1, 100, 2, 161, 1, 83, 0))
EVIL = encoded(lambda_code("__import__", "system", texts=("os", HARMLESS), instructions=CALLS))
KIND = encoded(lambda_code("K", "mean"))


# --- objects ---------------------------------------------------------------------------------------------------------


def thing(name, module="keras.layers", registered=None, /, **config):
    """An object of Keras 3."""
    return {"module": module, "class_name": name, "config": config, "registered_name": registered}


def old(name, /, **config):
    """An object of Keras 2."""
    return {"class_name": name, "config": config}


def python_tuple(*items):
    """A tuple as the JSON of Keras 2 spells it."""
    return {"class_name": "__tuple__", "items": items}


def function(name, module):
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def code(text=EVIL):
    """A lambda of Keras 3."""
    return {"class_name": "__lambda__", "config": {"code": text, "defaults": None, "closure": None}}


def old_lambda(text=EVIL, kind="lambda", module="__main__", **more):
    """A Lambda layer of Keras 2."""
    value = [text, None, None] if kind == "lambda" else text
    return old("Lambda", name="l", function=value, function_type=kind, module=module, **more)


def model(*layers, **more):
    """A model of Keras 3 with these layers."""
    return {**thing("Sequential", "keras", name="sequential", layers=list(layers)), **more}


def wrapped(layer, depth):
    """A layer in as many wrappers."""
    for _ in range(depth):
        layer = thing("TimeDistributed", layer=layer)
    return layer


def as_json(document):
    return document if isinstance(document, bytes) else json.dumps(document, indent=1).encode()


def keras_zip(document, version="3.8.0"):
    """A `.keras` file without weights."""
    metadata = json.dumps({"keras_version": version, "date_saved": "2025-01-01@00:00:00"}).encode()
    return archive(Part("metadata.json", metadata), Part("config.json", as_json(document)))
