"""Configurations of Keras that call, name or open what they should not, and near misses."""

import json

from tests.craft.archives import Part, archive
from tests.craft.attack import several
from tests.craft.keras import (
    EVIL,
    KIND,
    SEE,
    as_json,
    code,
    encoded,
    function,
    keras_zip,
    lambda_code,
    model,
    old,
    old_lambda,
    python_tuple,
    thing,
    wrapped,
)
from tests.craft.pickles import HARMLESS, system

DENSE = thing("Dense", units=2, activation="relu")
TORCH = thing("TorchModuleWrapper", module=encoded(system()))


def _twice(first, second):
    """A layer with two class names, of which Python takes the second."""
    layer = json.dumps(thing("Dense", function=code())).replace("Dense", first)
    return as_json(model("LAYER")).replace(
        b'"LAYER"', layer.replace('"config"', f'"class_name": "{second}", "config"', 1).encode()
    )


def _samples(rule, samples, severity="high", **common):
    made = {
        about: (as_json(document), {}) if not isinstance(document, tuple) else document
        for about, document in samples.items()
    }
    return several(rule, made, rule=rule, severity=severity, name="config.json", **common)


LAMBDAS = _samples(
    "keras-lambda",
    {
        "Keras 3, a lambda": model(thing("Lambda", function=code())),
        "Keras 3, only as the output shape": model(
            thing("Lambda", function=function("relu", "builtins"), output_shape=code())
        ),
        "Keras 2, a list": old("Sequential", layers=[old_lambda()]),
        "Keras 2, a model that is a list": {"class_name": "Sequential", "config": [old_lambda()]},
        "Keras 2, only the mask": old(
            "Sequential", layers=[old_lambda(KIND, mask=[EVIL, None, None], mask_type="lambda")]
        ),
        "a class of its own with a Lambda's configuration": old(
            "Mine>Layer", function=[EVIL, None, None], function_type="lambda"
        ),
        "said to be a plain function": old("Sequential", layers=[old_lambda(EVIL, "function")]),
        "six wrappers deep": model(wrapped(thing("Lambda", function=code()), 6)),
        "in a model in a model": model(model(model(thing("Lambda", function=code())))),
        "in Bidirectional": model(thing("Bidirectional", layer=DENSE, backward_layer=thing("Lambda", function=code()))),
        "only in the loss of the compile configuration": model(
            DENSE, compile_config={"optimizer": "adam", "loss": code()}
        ),
        "only in a metric": model(DENSE, compile_config={"metrics": [[code()]]}),
        "only in the build configuration": model(DENSE, build_config={"input_shape": code()}),
        "only in an initializer": model(thing("Dense", kernel_initializer=code())),
        "only in the keyword arguments of a node": thing(
            "Functional",
            "keras.src.models.functional",
            layers=[{**DENSE, "name": "d", "inbound_nodes": [{"args": [], "kwargs": {"mask": code()}}]}],
        ),
        "the older spelling of serialize_keras_object": model(
            {"class_name": "__lambda__", "config": {"value": [EVIL, None, None]}}
        ),
        "escaped keys": as_json(model(thing("Lambda", function=code())))
        .replace(b"class_name", rb"\u0063lass_\u006eame")
        .replace(b"__lambda__", rb"\u005f_lambda__"),
        "Keras 2, a tuple as its JSON spells it": old(
            "Sequential", layers=[old("Lambda", function=python_tuple(EVIL, None, None), function_type="lambda")]
        ),
        "the same, of a tuple in YAML and Keras 3": model(
            thing("Lambda", function=code(python_tuple(EVIL, None, None)))
        ),
        "the same key twice, a harmless function last": as_json(model(thing("Lambda", function=code()))).replace(
            b'"function": {', b'"function": {"class_name": "function", "config": "relu"}, "function": {'
        ),
        "a text of JSON in JSON": {
            "modelTopology": {"model_config": json.dumps(model(thing("Lambda", function=code())))}
        },
        "UTF-16": json.dumps(model(thing("Lambda", function=code()))).encode("utf-16"),
        "base64 with letters in it that are none": model(thing("Lambda", function=code("!".join(EVIL)))),
        "bytes as characters": model(thing("Lambda", function=code(lambda_code("posix", "system").decode("latin-1")))),
        "Python 2.7": old("Sequential", layers=[old_lambda(encoded(lambda_code("eval", python="2.7")))]),
        "Python 3.11": model(thing("Lambda", function=code(encoded(lambda_code("exec", python="3.11"))))),
        "through the attributes of a value": model(
            thing("Lambda", function=code(encoded(lambda_code("__class__", "__base__", "__subclasses__"))))
        ),
        "a name of its module": old("Sequential", layers=[old_lambda(encoded(lambda_code("rmtree")), module="shutil")]),
        "TensorFlow writes a file": old(
            "Sequential", layers=[old_lambda(encoded(lambda_code("tf", "io", "write_file", texts=("/tmp/x",))))]
        ),
    },
    "critical",
) + _samples(
    "keras-lambda",
    {
        "a name that nobody knows": model(thing("Lambda", function=code(encoded(lambda_code("helper", "go"))))),
        "code of no Python": model(thing("Lambda", function=code(encoded(b"\xe3\0\0\0\0broken" * 4)))),
    },
)

NAMES = [
    *_samples(
        "keras-module",
        {
            "CVE-2025-1550: a function of os": model(thing("Lambda", function=function("system", "os"))),
            "CVE-2025-1550: subprocess as a class": model(thing("Popen", "subprocess", args=HARMLESS)),
            "CVE-2025-1550: builtins as an activation": model(thing("Dense", activation=function("exec", "builtins"))),
            "in the compile configuration": model(compile_config={"loss": function("import_module", "importlib")}),
            "the module twice": as_json(model(thing("run", "keras.layers"))).replace(
                b'"module": "keras.layers"', b'"module": "runpy", "module": "keras.layers"'
            ),
            "a function without a name": model({**function("system", "os"), "config": {}}),
            "__typespec__": model({**thing("__typespec__", "pickle"), "spec_name": "loads"}),
        },
        "critical",
    ),
    *_samples(
        "keras-gadget",
        {
            "CVE-2025-8747: get_file": model(
                thing(
                    "Lambda",
                    function=function("get_file", "keras.utils"),
                    arguments={"origin": f"{SEE}x.tgz", "cache_dir": "/tmp", "extract": True},
                )
            ),
            "CVE-2025-9906: safe mode is switched off": model(
                thing("Lambda", function=function("enable_unsafe_deserialization", "keras.config"))
            ),
            "load_model by its inner name": model(function("load_model", "keras.src.saving.saving_api")),
            "a path in the place of a name": model(
                thing("Lambda", function=function("utils.get_file", "keras"), arguments={"origin": f"{SEE}x"})
            ),
            "a path in the place of a class": model(thing("saving.load_model", "keras")),
            "tf_keras has it too": model(function("get_file", "tf_keras.src.utils.data_utils")),
            "Keras of TensorFlow": model(function("get_file", "tensorflow.keras.utils")),
        },
        "critical",
    ),
    *_samples(
        "keras-gadget",
        {
            "load_img": model(function("load_img", "keras.preprocessing.image")),
            "an iterator over a folder": model(function("DirectoryIterator", "keras.src.legacy.preprocessing.image")),
            "a callback": model(thing("CSVLogger", "keras.callbacks", filename="x.csv")),
        },
    ),
    *_samples(
        "keras-lambda-function",
        {
            "a function of the writer's own": model(thing("Lambda", function=function("scale", "builtins"))),
            "Keras 2": old("Sequential", layers=[old_lambda("scale", "function")]),
            "in a package that nobody knows": model(thing("Lambda", function=function("go", "somewhere.deep"))),
        },
        "medium",
        verdict="suspicious",
    ),
    *_samples(
        "keras-tensorflow-function",
        {
            "TFOpLambda writes a file": old("Functional", layers=[old("TFOpLambda", function="io.write_file")]),
            "TFOpLambda calls Python": old("Functional", layers=[old("TFOpLambda", function="compat.v1.py_func")]),
            "a module that TensorFlow generates": model(
                thing("Lambda", function=function("write_file", "tensorflow.python.ops.gen_io_ops"))
            ),
            "TFOpLambda takes Keras' own": old("Functional", layers=[old("TFOpLambda", function="saved_model.load")]),
            "a node of a graph": old(
                "Functional", layers=[old("TensorFlowOpLayer", node_def={"name": "w", "op": "WriteFile"})]
            ),
            "a node of a graph, serialized": old(
                "Functional", layers=[old("TensorFlowOpLayer", node_def="\n\x01w\x12\x09WriteFile\x1a\x01a\x1a\x01b")]
            ),
        },
    ),
]

FILES = [
    *_samples(
        "keras-path",
        {
            "CVE-2025-12058: a file of the machine": model(thing("StringLookup", vocabulary="/etc/passwd")),
            "CVE-2025-12058: an address": model(thing("TextVectorization", vocabulary="http://169.254.169.254/latest")),
            "CVE-2025-12058: weights of a lookup": model(
                thing("TextVectorization", vocabulary=["a"], idf_weights="gs://bucket/x")
            ),
            "upwards": model(thing("IntegerLookup", vocabulary="assets/../../../x")),
            "a list and a path under one key": as_json(model(thing("StringLookup", vocabulary=["a"]))).replace(
                b'"vocabulary"', b'"vocabulary": "/etc/passwd", "vocabulary"'
            ),
            "a vocabulary of keras_hub": model(
                thing("SentencePieceTokenizer", "keras_hub.tokenizers", proto="/etc/passwd")
            ),
            "languages of keras_hub": model(
                thing("WhisperTokenizer", "keras_hub.tokenizers", language_tokens="/etc/passwd")
            ),
            "merges of keras_hub": model(thing("BytePairTokenizer", "keras_hub.tokenizers", merges="/etc/passwd")),
        },
    ),
    *_samples(
        "keras-path",
        {"a file beside it": model(thing("StringLookup", vocabulary="words.txt"))},
        "medium",
        verdict="suspicious",
    ),
    *_samples(
        "keras-torch-module",
        {
            "CVE-2025-49655: a pickle": model(TORCH),
            "by its inner name": model(thing("TorchModuleWrapper", "keras.src.utils.torch_utils", module="AAAA")),
            "by a path": model(thing("layers.TorchModuleWrapper", "keras", module="AAAA")),
        },
    ),
    *_samples("pickle-runs-code", {"CVE-2025-49655: what the pickle does": model(TORCH)}, "critical"),
    *_samples(
        "keras-saved-model",
        {
            "CVE-2026-1462: a SavedModel elsewhere": model(thing("TFSMLayer", filepath="/srv/share/model")),
            "beside it": model(thing("TFSMLayer", filepath="payload")),
            "by a path": model(thing("layers.TFSMLayer", "keras", filepath="payload")),
        },
    ),
    *_samples(
        "keras-saved-model",
        {"tensorflow_hub": old("Sequential", layers=[old("KerasLayer", handle=f"{SEE}1")])},
        "medium",
        verdict="suspicious",
    ),
]

_TAGS = {
    "CVE-2021-37678: a call": '!!python/object/apply:os.system ["HARMLESS"]',
    "CVE-2021-37678: a name": "!!python/name:os.system",
    "CVE-2021-37678: an instance": "!!python/object/new:subprocess.Popen [[x]]",
    "CVE-2021-37678: escaped": "!!python/object/apply:o%73.system [x]",
    "CVE-2021-37678: the tag in full": "!<tag:yaml.org,2002:python/object/apply:os.system> [x]",
}
OTHERS = [
    *_samples(
        "keras-duplicate", {"a Lambda behind a Dense": _twice("Dense", "Lambda"), "in front": _twice("Lambda", "Dense")}
    ),
    *_samples(
        "keras-foreign-function",
        {"JaxLayer": model(thing("JaxLayer", call_fn=function("go", "mine"))), "FlaxLayer": model(thing("FlaxLayer"))},
        "medium",
        verdict="suspicious",
    ),
    *_samples(
        "keras-custom", {"a registered class": model(thing("Scale", None, "Mine>Scale"))}, "low", verdict="clean"
    ),
    *several(
        "keras-yaml",
        {
            about: f"backend: tensorflow\nclass_name: Sequential\nconfig:\n- {tag}\n".encode()
            for about, tag in _TAGS.items()
        },
        rule="keras-yaml",
        name="model.yaml",
    ),
    *several(
        "keras-lambda",
        {
            "YAML": f"class_name: Sequential\nconfig:\n- class_name: Lambda\n  config: {json.dumps(old_lambda()['config'])}\n".encode(),
        },
        rule="keras-lambda",
        name="model.yaml",
    ),
]
ARCHIVES = several(
    "keras-lambda",
    {
        "a .keras file": keras_zip(model(thing("Lambda", function=code()))),
        "a .keras file, the configuration twice": archive(
            Part("config.json", as_json(model(thing("Lambda", function=code())))), Part("config.json", as_json(model()))
        ),
    },
    rule="keras-lambda",
    name="model.keras",
)

KERAS_ATTACKS = {
    "Lambda layers": [*LAMBDAS, *ARCHIVES],
    "Names": NAMES,
    "Files and models": FILES,
    "Others": OTHERS,
}

# What comes near and is honest: the rule that stays silent, and the document.
NEAR_MISSES = {
    "a layer that is called Lambda only in its name": ("keras-lambda", model(thing("Dense", name="Lambda"))),
    "code under a key that is none of Keras'": ("keras-lambda", {"notes": code()["config"]}),
    "a function of Keras": (
        "keras-lambda-function",
        model(thing("Lambda", function=function("relu", "keras.activations"))),
    ),
    "a function by its bare name": (
        "keras-lambda-function",
        model(thing("Lambda", function=function("relu", "builtins"))),
    ),
    "a loss of Keras": ("keras-module", model(compile_config={"loss": function("mean_squared_error", "builtins")})),
    "a module that TensorFlow generates": (
        "keras-tensorflow-function",
        model(thing("Lambda", function=function("add_v2", "tensorflow.python.ops.gen_math_ops"))),
    ),
    "an inner name of Keras": ("keras-module", model(thing("Functional", "keras.src.models.functional"))),
    "keras_hub": ("keras-module", model(thing("TokenAndPositionEmbedding", "keras_hub.layers"))),
    "an initializer of TensorFlow": ("keras-module", model(thing("Constant", "tensorflow.python.ops.init_ops_v2"))),
    "a layer of an application": ("keras-gadget", model(thing("LayerScale", "keras.src.applications.convnext"))),
    "a node of a graph that computes": (
        "keras-tensorflow-function",
        old("Functional", layers=[old("TensorFlowOpLayer", node_def="\n\x01m\x12\x03Mul\x1a\x01a")]),
    ),
    "a type of TensorFlow": (
        "keras-module",
        model({**thing("__typespec__", "tensorflow.python.framework.tensor"), "spec_name": "TensorSpec"}),
    ),
    "preprocess_input": (
        "keras-gadget",
        model(thing("Lambda", function=function("preprocess_input", "keras.applications.resnet50"))),
    ),
    "FeatureSpace": ("keras-gadget", model(thing("FeatureSpace", "keras.utils"))),
    "a layer called get_file": ("keras-gadget", model(thing("Dense", name="get_file"))),
    "operations that compute": (
        "keras-tensorflow-function",
        old(
            "Functional",
            layers=[old("TFOpLambda", function=f) for f in ("nn.relu", "__operators__.add", "io.decode_png")],
        ),
    ),
    "a list of words": ("keras-path", model(thing("StringLookup", vocabulary=["/etc/passwd", "http://x"]))),
    "a vocabulary that is the text itself": (
        "keras-path",
        model(thing("SentencePieceTokenizer", "keras_hub.tokenizers", proto="QUJDREVGR0hJSktM")),
    ),
    "a layer called TorchModuleWrapper": ("keras-torch-module", model(thing("Dense", name="TorchModuleWrapper"))),
    "a layer with a filepath of nothing": ("keras-saved-model", model(thing("TFSMLayer", filepath=None))),
    "a layer that loads a SavedModel": ("keras-module", model(thing("TFSMLayer", filepath="/srv/share/model"))),
    "a layer by a path": ("keras-module", model(thing("layers.Dense", "keras", units=2))),
    "an optimizer of its older kind": ("keras-module", model(thing("Adam", "keras.src.optimizers.legacy.adam"))),
    "a layer called JaxLayer": ("keras-foreign-function", model(thing("Dense", name="JaxLayer"))),
    "a class of keras_cv": ("keras-custom", model(thing("RandAugment", None, "keras_cv>RandAugment"))),
    "the same class twice in a list": ("keras-duplicate", model(DENSE, DENSE)),
    "a tuple": ("keras-yaml", b"class_name: Sequential\nconfig:\n- !!python/tuple [1, 2]\n"),
}
