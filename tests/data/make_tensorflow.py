"""Writes tests/data/tensorflow/: what TensorFlow and Keras write, small.

    python make_tensorflow.py DIRECTORY

Run with TensorFlow 2.21 and Keras 3 (directory `tf2.21`) and with TensorFlow 2.15 and Keras 2 (`tf2.15`).
"""

import os
import shutil
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

OUT = Path()
V1 = tf.compat.v1
KEEP_VARIABLES = {"module"}


class Module(tf.Module):
    """A lookup table from an asset, one from memory, a variable, and a loop."""

    def __init__(self, words):
        super().__init__()
        self.scale = tf.Variable([1.0, 2.0, 3.0])
        text = tf.lookup.TextFileInitializer(
            words, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER
        )
        self.table = tf.lookup.StaticHashTable(text, -1)
        pairs = tf.lookup.KeyValueTensorInitializer(["a", "b"], [1, 2], tf.string, tf.int32)
        self.pairs = tf.lookup.StaticHashTable(pairs, 0)
        self.words = tf.saved_model.Asset(words)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string), tf.TensorSpec([3], tf.float32)])
    def __call__(self, names, values):
        total = tf.constant(0.0)
        for value in values:
            if value > 0:
                total += value
        return {
            "rows": self.table.lookup(names),
            "numbers": self.pairs.lookup(names),
            "scaled": self.scale * values + total,
        }


class Images(tf.Module):
    """Takes encoded images, as image servers do; and prints."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def serve(self, images):
        def one(image):
            return tf.image.resize(tf.io.decode_jpeg(image, channels=3), [4, 4])

        tf.debugging.assert_rank(images, 1)
        return {"pixels": tf.map_fn(one, images, fn_output_signature=tf.float32)}


def slim(folder):
    """Only the graph of a SavedModel is of interest; one keeps its variables."""
    if folder.name not in KEEP_VARIABLES:
        shutil.rmtree(folder / "variables", ignore_errors=True)
    shutil.rmtree(folder / "assets", ignore_errors=True)


def saved_models():
    words = Path("words.txt")
    words.write_text("one\ntwo\nthree\n")
    module = Module(str(words))
    tf.saved_model.save(module, str(OUT / "module"), signatures=module.__call__)
    words.unlink()
    images = Images()
    tf.saved_model.save(images, str(OUT / "images"), signatures={"serving_default": images.serve})
    for name in ("module", "images"):
        slim(OUT / name)


def keras_models():
    keras = tf.keras
    model = keras.Sequential(
        [keras.layers.Input((4,)), keras.layers.Dense(3, activation="relu"), keras.layers.Dense(1)]
    )
    model.compile("adam", "mse")
    folder = OUT / "keras"
    if hasattr(model, "export"):
        model.export(str(OUT / "exported"))
        slim(OUT / "exported")
    if tf.__version__ < "2.16":
        model.save(str(folder), save_format="tf")
        slim(folder)


def graphs():
    """A frozen graph, binary and as text, a MetaGraph with its checkpoint, and a SavedModel as TensorFlow 1 wrote it."""
    graph = tf.Graph()
    with graph.as_default(), V1.Session(graph=graph) as session:
        inputs = V1.placeholder(tf.float32, [None, 4], name="x")
        weights = V1.get_variable("w", initializer=np.arange(4096, dtype=np.float32).reshape(4, 1024))
        output = tf.identity(tf.nn.relu(tf.matmul(inputs, weights)), name="y")
        table = V1.placeholder_with_default(tf.constant("default"), [], name="text")
        tf.strings.join([table, tf.constant("!")], name="joined")
        session.run(V1.global_variables_initializer())
        frozen = V1.graph_util.convert_variables_to_constants(session, graph.as_graph_def(), ["y", "joined"])
        (OUT / "frozen.pb").write_bytes(frozen.SerializeToString())
        tf.io.write_graph(graph.as_graph_def(), str(OUT), "graph.pbtxt", as_text=True)
        saver = V1.train.Saver()
        saver.save(session, str(OUT / "v1" / "model.ckpt"), global_step=7)
        saved = OUT / "simple"
        V1.saved_model.simple_save(session, str(saved), {"x": inputs}, {"y": output})
        slim(saved)
        sharded = V1.train.Saver(sharded=True)
        sharded.export_meta_graph(str(OUT / "sharded.meta"))
        sharded.export_meta_graph(str(OUT / "sharded.pbtxt"), as_text=True)


def checkpoints():
    checkpoint = tf.train.Checkpoint(step=tf.Variable(3), name=tf.Variable("text"))
    checkpoint.save(str(OUT / "v2" / "ckpt"))


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    os.chdir(sys.argv[1])
    saved_models()
    keras_models()
    graphs()
    checkpoints()
