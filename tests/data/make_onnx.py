"""Makes onnx/*: what the onnx library and ONNX Runtime write.

onnx 1.23, onnxruntime 1.32:

    python -m venv /tmp/v && /tmp/v/bin/pip install onnx==1.23.2 onnxruntime==1.32.0
    cd tests/data && /tmp/v/bin/python make_onnx.py
"""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto as T
from onnx import helper, numpy_helper

OUT = Path(__file__).parent / "onnx"
RANDOM = np.random.RandomState(0)
OPSETS = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]


def info(name, *shape, kind=T.FLOAT):
    return helper.make_tensor_value_info(name, kind, list(shape))


def weights(name, *shape):
    return numpy_helper.from_array(RANDOM.rand(*shape).astype(np.float32), name)


def model(graph, **more):
    made = helper.make_model(graph, opset_imports=OPSETS, ir_version=8, producer_name="make_onnx", **more)
    onnx.checker.check_model(made)
    return made


def dense():
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["y"], name="multiply", doc_string="rows by columns"),
        helper.make_node("Add", ["y", "b"], ["z"]),
        helper.make_node("Constant", [], ["shape"], value=numpy_helper.from_array(np.array([1, -1], np.int64))),
        helper.make_node("Reshape", ["z", "shape"], ["out"]),
    ]
    graph = helper.make_graph(
        nodes, "dense", [info("x", "batch", 64)], [info("out", 1, None)], [weights("w", 64, 32), weights("b", 32)]
    )
    made = model(graph)
    helper.set_model_props(made, {"author": "acme", "docs": "https://example.org"})
    return made


def control():
    """Branches, loops, a sparse tensor, texts, and tensors of other types."""
    then = helper.make_graph([helper.make_node("Mul", ["x", "two"], ["a"])], "then", [], [info("a", 4)])
    other = helper.make_graph(
        [helper.make_node("Sub", ["x", "one"], ["b"])], "else", [], [info("b", 4)], [weights("one", 4)]
    )
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["c2"]), helper.make_node("Add", ["s", "s"], ["s2"])],
        "body",
        [info("i", kind=T.INT64), info("c", kind=T.BOOL), info("s", 4)],
        [info("c2", kind=T.BOOL), info("s2", 4)],
    )
    sparse = helper.make_sparse_tensor(
        helper.make_tensor("sparse", T.FLOAT, [2], [1.0, 2.0]), helper.make_tensor("at", T.INT64, [2], [0, 3]), [4]
    )
    nodes = [
        helper.make_node("If", ["p"], ["y"], then_branch=then, else_branch=other),
        helper.make_node("Loop", ["n", "p", "y"], ["z"], body=body),
        helper.make_node("Constant", [], ["few"], sparse_value=sparse),
        helper.make_node("Constant", [], ["texts"], value_strings=["a", "b"]),
        helper.make_node("Add", ["z", "few"], ["out"]),
    ]
    inner = [
        helper.make_tensor("two", T.FLOAT, [1], [2.0]),
        helper.make_tensor("n", T.INT64, [], [3]),
        helper.make_tensor("four_bits", T.INT4, [3], [1, 2, 3]),
        numpy_helper.from_array(np.array(["x", "yz"], object), "words"),
        numpy_helper.from_array(np.arange(5, dtype=np.complex128), "complex"),
    ]
    return model(helper.make_graph(nodes, "control", [info("x", 4), info("p", kind=T.BOOL)], [info("out", 4)], inner))


def functions():
    twice = helper.make_function(
        "acme.functions", "Twice", ["x"], ["y"], [helper.make_node("Add", ["x", "x"], ["y"])], OPSETS[:1]
    )
    four = helper.make_function(
        "acme.functions",
        "Four",
        ["x"],
        ["z"],
        [
            helper.make_node("Twice", ["x"], ["y"], domain="acme.functions"),
            helper.make_node("Twice", ["y"], ["z"], domain="acme.functions"),
        ],
        [*OPSETS[:1], helper.make_opsetid("acme.functions", 1)],
    )
    graph = helper.make_graph(
        [helper.make_node("Four", ["x"], ["y"], domain="acme.functions")], "functions", [info("x", 4)], [info("y", 4)]
    )
    made = helper.make_model(
        graph, opset_imports=[*OPSETS, helper.make_opsetid("acme.functions", 1)], functions=[twice, four], ir_version=8
    )
    onnx.checker.check_model(made)
    return made


def optimised(source, name, kind):
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(OUT / name)
    options.add_session_config_entry("session.save_model_format", kind)
    onnxruntime.InferenceSession(OUT / source, options, providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    onnx.save(dense(), OUT / "dense.onnx")
    onnx.save(control(), OUT / "control.onnx")
    onnx.save(functions(), OUT / "functions.onnx")
    onnx.save(
        dense(), OUT / "external.onnx", save_as_external_data=True, location="external.onnx_data", size_threshold=0
    )
    optimised("dense.onnx", "optimised.onnx", "ONNX")
    for source in ("dense", "control"):
        optimised(f"{source}.onnx", f"{source}.ort", "ORT")
