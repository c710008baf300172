"""Large files as Keras and TensorFlow write them, for bench/keras.py.

    python bench/keras_files.py KIND PATH

Runs in an environment with tensorflow, keras, tf_keras and h5py. What is in the weights is cheap, what is around them
is the libraries' own.
"""

import os
import sys
from pathlib import Path

os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}

import h5py
import keras
import numpy as np
import tensorflow as tf
import tf_keras
from keras.src.legacy.saving import legacy_h5_format

GB = 1 << 30


def model(library, size, count):
    """Dense layers one behind the other, `count` of them, of `size` bytes together."""
    layers, width = library.layers, round((size / count / 4) ** 0.5)
    dense = [layers.Dense(width, kernel_initializer="zeros") for _ in range(count)]
    return library.Sequential([layers.Input((width,)), *dense])


def old(path):
    """A whole model, as Keras 2 writes it."""
    model(tf_keras, 2 * GB, 300).save(path, save_format="h5")


def new(path):
    """The same by Keras 3, with the newest structures that HDF5 has."""
    with h5py.File(path, "w", libver="latest") as file:
        legacy_h5_format.save_model_to_hdf5(model(keras, 2 * GB, 300), file)


def weights(path):
    """Weights alone, as Keras 3 writes them."""
    model(keras, 2 * GB, 300).save_weights(path)


def archive(path):
    """A `.keras` archive, the weights stored in it."""
    model(keras, GB, 300).save(path)


def constants(path):
    """A SavedModel whose weights are 20 constants."""
    each = np.arange(500_000_000 // 20 // 4, dtype=np.float32)

    class Module(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
        def __call__(self, scale):
            return tf.add_n([tf.reduce_sum(tf.constant(each + number) * scale) for number in range(20)])

    module = Module()
    tf.saved_model.save(module, path, signatures=module.__call__)


if __name__ == "__main__":
    {made.__name__: made for made in (old, new, weights, archive, constants)}[sys.argv[1]](sys.argv[2])
    print(Path(sys.argv[2]).stat().st_size)
