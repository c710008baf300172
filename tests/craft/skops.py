"""Files of skops as readable code: a node of its schema for each way to make an object."""

import json

from tests.craft.archives import Part, archive


def node(loader, path, **fields):
    """One node that names `path`, "module:Class"."""
    module, _, name = path.partition(":")
    return {"__class__": name, "__module__": module, "__loader__": f"{loader}Node", **fields}


def constant(value):
    return node("Json", "builtins:str", content=json.dumps(value), is_json=True)


def function(path):
    return node("Function", path)


def sequence(*nodes, kind="tuple"):
    return node(kind.capitalize(), f"builtins:{kind}", content=list(nodes))


def mapping(**nodes):
    keys = sequence(*[node("Type", "builtins:str") for _ in nodes], kind="list")
    return node("Dict", "builtins:dict", content=nodes, key_types=keys)


def instance(path, **state):
    return node("Object", path, content=mapping(**state))


def method(owner, name, path=""):
    path = path or f"{owner['__module__']}:{owner['__class__']}"
    return node("Method", path, content={"func": name, "obj": owner})


def operator(path, *arguments):
    return node("OperatorFunc", path, attrs=sequence(*arguments))


def partial(callee, *arguments):
    parts = {"func": callee, "args": sequence(*arguments), "kwds": mapping(), "namespace": constant(None)}
    return node("Partial", "functools:partial", content=parts)


def schema(root):
    """The document that the tree is in."""
    return json.dumps({**root, "protocol": 2, "_skops_version": "0.16.0"}).encode()


def skops(root, *parts):
    """The file: the members that nodes name, and the schema."""
    return archive(*parts, Part("schema.json", root if isinstance(root, bytes) else schema(root)))
