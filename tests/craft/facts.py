"""Facts in short, as rules are tested with them."""

from scanners.facts import Call, Code, Opens, Reference


def ref(module, name, used_as="imported", member="", offset=1):
    return Reference("pickle.global", module, name, used_as, member, offset)


def call(module, name, *arguments, opcode="REDUCE", strings=(), count=1, offset=2, member=""):
    shown = f"{module}.{name}" if module else name
    text = f"{shown}({', '.join(arguments)})"
    return Call(module, name, opcode, text, tuple(arguments), tuple(strings), count, member, offset)


def auto_map(module, name):
    return Reference("transformers.auto_map", module, name, "imported")


def asked(module, name, kind="torch.script", used_as="called"):
    return Reference(kind, module, name, used_as, "a/code/m.py", 1)


def layer(module, name, kind="keras.layer", used_as="instantiated"):
    return Reference(kind, module, name, used_as)


def function(module, name):
    return layer(module, name, "keras.function", "called")


def in_lambda(*names, texts=(), digest="1", inert=False):
    return Code("keras", "<lambda>", names, texts, digest, inert, called=True, member="config/layers/0")


def operation(name, kind="tf.op"):
    return Reference(kind, "tf.raw_ops", name, "called")


def onnx_op(module, name):
    return Reference("onnx.op", module, name, "called")


def opens(kind, path, by="ReadFile r", writes=False):
    return Opens(kind, path, by, writes)


def rendered(*names, texts=()):
    return Code("jinja", "", names, texts, "1")


def script(module, name, *arguments, when="import", strings=()):
    text = f"line 1: {module}.{name}({', '.join(arguments)})"
    return Call(module, name, when, text, tuple(arguments), tuple(strings), 1, "", 0)


def module(*texts):
    return Code("module", "", (), texts, "1")


def in_r(moment, *calls):
    return Code("r", moment, calls, (), "1", called=moment != "call", calls=calls)


def asks(kind, module, name, used_as="called"):
    return Reference(kind, module, name, used_as)
