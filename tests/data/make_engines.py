"""Makes engines/*: what OpenVINO, nyoka and matplotlib write.

Two environments, since nyoka asks for an old scikit-learn:

    python -m venv /tmp/v && /tmp/v/bin/pip install openvino==2026.4.1 openvino-tokenizers==2026.4.1.0 matplotlib==3.11.2
    python -m venv /tmp/w && /tmp/w/bin/pip install nyoka==5.5.0 'scikit-learn<1.6'
    cd tests/data && /tmp/v/bin/python make_engines.py && /tmp/w/bin/python make_engines.py
"""

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


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for name, make in {"openvino": openvino, "matplotlib": matplotlib, "nyoka": nyoka}.items():
        if importlib.util.find_spec(name):
            make()
