"""Writes tests/data/keras: small models by the real libraries, all of them honest.

    python tests/data/make_keras.py keras       with keras 3.15.1 and tensorflow 2.21.0
    python tests/data/make_keras.py tf_keras    with tf_keras 2.21.0 and tensorflow 2.21.0
    python tests/data/make_keras.py keras2      with tensorflow 2.15.1 and its keras 2.15.0
"""

import importlib
import os
import sys
from pathlib import Path

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
FOLDER = Path(__file__).parent / "keras"


def models(keras):
    """Models by name, each as small as it can be."""
    layers = keras.layers
    x = layers.Input((4,), name="x")
    both = layers.Concatenate()([layers.Dense(2, activation="relu")(x), layers.Dense(2, kernel_regularizer="l2")(x)])
    functional = keras.Model(x, layers.Dense(1)(layers.Dropout(0.1)(both)))
    functional.compile("adam", loss="mse", metrics=["mae", keras.metrics.AUC(num_thresholds=3)])
    yield "functional", functional
    inner = keras.Sequential([layers.Input((3,)), layers.Dense(2, kernel_initializer="he_normal")], name="inner")
    yield "sequential", keras.Sequential([layers.Input((3,)), inner, layers.BatchNormalization(), layers.Softmax()])
    sequence = layers.Input((3, 2))
    cells = layers.RNN([layers.LSTMCell(2), layers.GRUCell(2)])
    ends = layers.Add()([cells(sequence), layers.Bidirectional(layers.LSTM(1))(sequence)])
    yield "rnn", keras.Model(sequence, layers.Dense(1)(ends))
    yield "timedistributed", keras.Model(sequence, layers.TimeDistributed(layers.Dense(2))(sequence))
    attended = layers.MultiHeadAttention(1, 2)(sequence, sequence)
    yield "attention", keras.Model(sequence, layers.LayerNormalization()(attended))
    image = layers.Input((6, 6, 3))
    mixed = layers.RandomFlip()(layers.Rescaling(1 / 255)(image))
    yield "image", keras.Model(image, layers.GlobalAveragePooling2D()(layers.Conv2D(1, 3, padding="same")(mixed)))
    text = layers.Input((1,), dtype="string")
    yield "vocabulary", keras.Model(text, layers.StringLookup(vocabulary=["a", "b"])(text))
    words = layers.TextVectorization(4, output_sequence_length=2, vocabulary=["to", "be"])
    yield "textvectorization", keras.Model(text, layers.Embedding(4, 2)(words(text)))


def lambdas():
    """Lambda layers as people write them, with the libraries among their globals: closures are not written."""
    layers = keras.layers
    x = layers.Input((4,))
    shape = {"output_shape": (4,)}
    made = layers.Lambda(lambda t: t * 2)(x)
    made = layers.Lambda(lambda t: tf.nn.l2_normalize(t, axis=-1), name="normalize", **shape)(made)
    made = layers.Lambda(lambda t: tf.expand_dims(t, 1)[:, 0, :], **shape)(made)
    made = layers.Lambda(lambda t, scale: tf.cast(t, tf.float32) * scale, arguments={"scale": 3.0}, **shape)(made)
    if hasattr(K, "mean"):
        made = layers.Lambda(lambda t: t - K.mean(t, axis=1, keepdims=True), **shape)(made)
    made = layers.Lambda(lambda pair: tf.math.abs(pair[0] - pair[1]), **shape)([made, x])
    return keras.Model(x, made)


def operations():
    """Operations of TensorFlow between layers, which Keras 2 makes layers of."""
    x = keras.layers.Input((4,))
    made = tf.math.reduce_mean(tf.concat([tf.nn.relu(x) * 2.0, tf.reshape(x, (-1, 4))], 1), axis=1, keepdims=True)
    return keras.Model(x, keras.layers.Dense(1)(made[:, :1]))


def custom(keras):
    """A layer of the writer's own, registered under a package."""

    @keras.utils.register_keras_serializable("Mine")
    class Scale(keras.layers.Layer):
        def call(self, inputs):
            return inputs * 2

    x = keras.layers.Input((4,))
    return keras.Model(x, Scale()(x))


def main(library):
    FOLDER.mkdir(exist_ok=True)
    if library == "tf_keras":
        os.environ["TF_USE_LEGACY_KERAS"] = "1"
    global K, keras, tf
    tf = importlib.import_module("tensorflow")
    keras = importlib.import_module("tf_keras" if library == "tf_keras" else "keras")
    K = keras.backend
    made = {**dict(models(keras)), "lambdas": lambdas(), "custom": custom(keras)}
    prefix = {"keras": "keras3"}.get(library, library)
    if library == "keras":
        for name, model in made.items():
            model.save(FOLDER / f"{prefix}-{name}.keras")
        made["functional"].save_weights(FOLDER / f"{prefix}.weights.h5")
    else:
        made["operations"] = operations()
        for name in ("functional", "lambdas"):
            made[name].save(FOLDER / f"{prefix}-{name}.keras")
    for name in ("functional", "rnn", "lambdas", "custom", *(["operations"] if library != "keras" else [])):
        made[name].save(FOLDER / f"{prefix}-{name}.h5")
    for name, model in made.items():
        (FOLDER / f"{prefix}-{name}.json").write_text(model.to_json())


if __name__ == "__main__":
    main(sys.argv[1])
