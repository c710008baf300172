"""Makes tflite/*.tflite: what TensorFlow's converter writes, with builtin operators, with Flex ones, and quantised.

TensorFlow 2.21:

    python -m venv /tmp/v && /tmp/v/bin/pip install tensorflow-cpu==2.21.0
    cd tests/data && /tmp/v/bin/python make_tflite.py
"""

import io
import zipfile
from pathlib import Path

import numpy as np
import tensorflow as tf

OUT = Path(__file__).parent / "tflite"


class Net(tf.Module):
    """A convolution, a branch, a loop, a table and a variable."""

    def __init__(self):
        super().__init__()
        self.w = tf.Variable(np.random.RandomState(0).rand(3, 3, 1, 2).astype("float32"))
        self.steps = tf.Variable(0.0)

    @tf.function(input_signature=[tf.TensorSpec((1, 8, 8, 1), tf.float32)])
    def dense(self, x):
        y = tf.nn.relu(tf.nn.conv2d(x, self.w, 1, "SAME"))
        return tf.nn.softmax(tf.reshape(tf.squeeze(tf.image.resize(y, (4, 4)), 0), (1, -1)))

    @tf.function(input_signature=[tf.TensorSpec((4,), tf.float32)])
    def control(self, x):
        y = tf.cond(tf.reduce_sum(x) > 0, lambda: x * 2, lambda: x - 1)
        return tf.while_loop(lambda i, _: i < 3, lambda i, z: (i + 1, z + y), (0, x))[1]

    @tf.function(input_signature=[tf.TensorSpec((4,), tf.float32)])
    def flex(self, x):
        return tf.linalg.inv(tf.reshape(x, (2, 2))) + tf.raw_ops.Lgamma(x=1.5)

    @tf.function(input_signature=[tf.TensorSpec((), tf.string)])
    def reads(self, path):
        return tf.raw_ops.ReadFile(filename=path)

    @tf.function(input_signature=[tf.TensorSpec((4,), tf.float32)])
    def counts(self, x):
        self.steps.assign_add(1.0)
        return x * self.steps


def convert(function, *, flex=False, quantised=False):
    net = Net()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([getattr(net, function).get_concrete_function()], net)
    if flex:
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    if function == "counts":
        converter.experimental_enable_resource_variables = True
    if quantised:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([np.random.rand(1, 8, 8, 1).astype("float32")] for _ in range(4))
    return converter.convert()


def labelled(model):
    """The model with a zip behind it, as the metadata writer of TFLite Support appends its files."""
    out = io.BytesIO(model)
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(zipfile.ZipInfo("labels.txt"), "cat\ndog\n")
    return out.getvalue()


def main():
    OUT.mkdir(exist_ok=True)
    dense = convert("dense")
    made = {
        "dense": dense,
        "quantised": convert("dense", quantised=True),
        "control": convert("control"),
        "counts": convert("counts"),
        "flex": convert("flex", flex=True),
        "flex_reads": convert("reads", flex=True),
        "labelled": labelled(dense),
    }
    for name, data in made.items():
        (OUT / f"{name}.tflite").write_bytes(data)


if __name__ == "__main__":
    main()
