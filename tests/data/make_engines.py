"""Makes engines/*: what OpenVINO, nyoka, matplotlib, coremltools, PaddlePaddle and MXNet write.

No environment holds them all:

    python -m venv /tmp/v && /tmp/v/bin/pip install openvino==2026.4.1 openvino-tokenizers==2026.4.1.0 matplotlib==3.11.2
    python -m venv /tmp/w && /tmp/w/bin/pip install coremltools==9.0 nyoka==5.5.0 'scikit-learn<1.6'
    python -m venv /tmp/p && /tmp/p/bin/pip install paddlepaddle==3.3.1
    python -m venv /tmp/m && /tmp/m/bin/pip install mxnet==1.9.1 'numpy<2' requests graphviz
    cd tests/data && for each in v w p m; do /tmp/$each/bin/python make_engines.py; done
"""

import builtins
import importlib.util
from pathlib import Path

import numpy as np

OUT = Path(__file__).parent / "engines"
RANDOM = np.random.RandomState(0)


def openvino():
    """A model with weights of several types and a body of its own, and one that takes texts apart."""
    import openvino as ov
    from openvino import opset13 as op

    x = op.parameter([1, 4], np.float32, name="x")
    w = op.constant(RANDOM.rand(4, 8).astype(np.float32), name="w")
    small = op.convert(op.constant(RANDOM.randint(0, 7, (8,)).astype(np.int8)), np.float32)
    dense = op.add(op.matmul(x, w, False, False), small)
    loop = op.loop(op.constant(np.int64(3)), op.constant(np.bool_(True)))
    inner = op.parameter([1, 8], np.float32)
    body = ov.Model([op.relu(inner), op.constant(np.bool_(True))], [inner], "body")
    loop.set_function(body)
    loop.set_special_body_ports([-1, 1])
    loop.set_merged_input(inner, dense.output(0), body.results[0].output(0))
    made = ov.Model([loop.get_iter_value(body.results[0].output(0), -1)], [x], "dense")
    made.set_rt_info("make_engines", "framework")
    ov.save_model(made, OUT / "openvino_model.xml", compress_to_fp16=True)

    from openvino_tokenizers import _get_factory  # noqa: PLC2701 - there is no other way to an operator alone

    text = op.parameter([2], ov.Type.string, name="text")
    parts = _get_factory().create("StringTensorUnpack", text.outputs())
    ov.save_model(ov.Model(list(parts.outputs()), [text], "tokenizer"), OUT / "openvino_tokenizer.xml")
    (OUT / "openvino_tokenizer.bin").unlink()  # empty


def matplotlib():
    """A drawing."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "make_engines"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(2, 2))
    axes.plot([0, 1], [1, 0])
    figure.savefig(OUT / "loss.svg", metadata={"Date": None})


def nyoka():
    """A forest and a pipeline."""
    from nyoka import skl_to_pmml
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = RANDOM.rand(30, 3), RANDOM.randint(0, 2, 30)
    names = ["a", "b", "c"]
    forest = Pipeline([("forest", RandomForestClassifier(2, max_depth=2, random_state=0))]).fit(x, y)
    skl_to_pmml(forest, names, "y", str(OUT / "forest.pmml"))
    scaled = Pipeline([("scale", StandardScaler()), ("model", LogisticRegression())]).fit(x, y)
    skl_to_pmml(scaled, names, "y", str(OUT / "scaled.pmml"))


def coremltools():
    """A network, a pipeline, and a package with its weights beside."""
    import coremltools as ct
    from coremltools.converters.mil import Builder as mb
    from coremltools.models import datatypes
    from coremltools.models.neural_network import NeuralNetworkBuilder

    built = NeuralNetworkBuilder([("x", datatypes.Array(40))], [("y", datatypes.Array(64))])
    built.add_inner_product("dense", RANDOM.rand(64, 40), RANDOM.rand(64), 40, 64, True, "x", "h")
    built.add_activation("relu", "RELU", "h", "y")
    built.spec.description.metadata.author = "acme"
    built.spec.description.metadata.userDefined["note"] = "made by make_engines"
    ct.models.utils.save_spec(built.spec, str(OUT / "network.mlmodel"))

    line = ct.models.pipeline.Pipeline([("x", datatypes.Array(40))], [("y", datatypes.Array(64))])
    line.add_model(built.spec)
    ct.models.utils.save_spec(line.spec, str(OUT / "pipeline.mlmodel"))

    @mb.program(input_specs=[mb.TensorSpec(shape=(1, 4))])
    def program(x):
        h = mb.relu(x=mb.linear(x=x, weight=RANDOM.rand(64, 4).astype(np.float32)))
        return mb.cond(
            pred=mb.greater(x=mb.reduce_sum(x=h), y=np.float32(1)),
            _true_fn=lambda: mb.add(x=h, y=RANDOM.rand(64).astype(np.float32)),
            _false_fn=lambda: h,
        )

    target = ct.target.iOS15
    made = ct.convert(program, convert_to="mlprogram", skip_model_load=True, minimum_deployment_target=target)
    made.save(str(OUT / "program.mlpackage"))


def paddle():
    """One network by both kinds of programs."""
    import paddle
    from paddle import nn

    paddle.seed(0)
    net = nn.Sequential(nn.Conv2D(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 4))
    net.eval()
    spec = [paddle.static.InputSpec([None, 1, 4, 4], "float32", "x")]
    paddle.jit.save(net, str(OUT / "inference"), input_spec=spec)
    with paddle.pir_utils.OldIrGuard():
        paddle.jit.save(net, str(OUT / "program"), input_spec=spec)


def mxnet():
    """A network with its arrays, and arrays of other types."""
    for name in ("bool", "int", "float", "object", "complex", "str"):
        # numpy 1.24 took away the names that MXNet still uses.
        if name not in np.__dict__:
            setattr(np, name, getattr(builtins, name))
    import mxnet as mx

    mx.random.seed(0)
    net = mx.gluon.nn.HybridSequential()
    net.add(mx.gluon.nn.Dense(8, activation="relu"), mx.gluon.nn.BatchNorm(), mx.gluon.nn.Dense(2))
    net.initialize()
    net.hybridize()
    net(mx.nd.ones((1, 4)))
    net.export(str(OUT / "gluon"))
    arrays = {
        "numbers": mx.nd.array([1, 2, 3], dtype="int64"),
        "halves": mx.nd.ones((2, 2), dtype="float16"),
        "rows": mx.nd.array([[0, 0], [1, 2]]).tostype("row_sparse"),
        "compressed": mx.nd.array([[0, 0], [1, 2]]).tostype("csr"),
    }
    mx.nd.save(str(OUT / "arrays.params"), arrays)


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for make in (openvino, matplotlib, nyoka, coremltools, paddle, mxnet):
        if importlib.util.find_spec(make.__name__):
            make()
