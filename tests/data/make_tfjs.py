"""Writes tests/data/tensorflow/tfjs/: what the converter of TensorFlow.js 4.22 writes, small.

    python make_tfjs.py

Run with TensorFlow 2.15, its Keras, and tensorflowjs; of the other libraries that the converter imports, only the
names have to be there.
"""

import importlib
import os
import shutil
import sys
import tempfile
import types
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf

sys.modules["tf_keras"] = tf.keras
for name in ("tensorflow_decision_forests", "jax", "flax", "jax.experimental", "jax.experimental.jax2tf"):
    try:
        importlib.import_module(name)
    except ImportError:
        sys.modules[name] = types.ModuleType(name)
from tensorflowjs.converters import keras_h5_conversion, tf_saved_model_conversion_v2

OUT = Path(__file__).parent / "tensorflow" / "tfjs"


class Model(tf.Module):
    def __init__(self):
        super().__init__()
        self.kernel = tf.Variable(tf.random.stateless_normal([3, 3, 1, 2], seed=(1, 2)))

    @tf.function(input_signature=[tf.TensorSpec([1, 8, 8, 1], tf.float32)])
    def __call__(self, images):
        total = tf.nn.relu(tf.nn.conv2d(images, self.kernel, 1, "SAME") + [0.5, 0.25])
        while tf.reduce_sum(total) > 100.0:
            total = total / 2
        return tf.reduce_mean(total, [1, 2])


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    with tempfile.TemporaryDirectory() as saved:
        model = Model()
        tf.saved_model.save(model, saved, signatures=model.__call__)
        tf_saved_model_conversion_v2.convert_tf_saved_model(saved, str(OUT / "graph"), control_flow_v2=True)
    layers = tf.keras.Sequential([tf.keras.layers.Input((4,)), tf.keras.layers.Dense(3), tf.keras.layers.Dense(1)])
    keras_h5_conversion.save_keras_model(layers, str(OUT / "layers"))


if __name__ == "__main__":
    main()
