"""HDF5 files as h5py writes them, by each format that it can write: `python make_hdf5.py`, with h5py 3.14 (HDF5 1.14).

The files are read by the suite, which has no h5py; this script is not.
"""

import json
from pathlib import Path

import h5py
import numpy as np

HERE = Path(__file__).parent / "hdf5"
CONFIG = json.dumps({"class_name": "Sequential", "config": {"name": "s", "layers": []}})
LONG = json.dumps({"class_name": "Sequential", "config": {"name": "s" * 70_000, "layers": []}})
VERSIONS = ("earliest", "v108", "v110", "v114")


def several(file):
    """Something of everything: groups, links, types, layouts, filters, attributes."""
    numbers = np.arange(24, dtype="<f4").reshape(4, 6)
    file.attrs["text"] = "short"
    file.attrs["bytes"] = np.bytes_(b"short")
    file.attrs["texts"] = ["a", "bc", "déf"]
    file.attrs["fixed"] = np.array([b"a", b"bc"])
    file.attrs["empty"] = h5py.Empty("f4")
    file.attrs["numbers"] = numbers
    file.attrs["truth"] = True
    file.attrs["complex"] = 1 + 2j
    file["contiguous"] = numbers
    file["scalar"] = 3
    file["text"] = "a text in a dataset"
    file["texts"] = ["a", "bc", "déf"]
    file["empty"] = h5py.Empty("f4")
    file["opaque"] = np.void(b"\x00\x01\x02\x03")
    file["truths"] = [True, False]
    file["record"] = np.array([(1, b"ab", (2.0, 3.0))], dtype=[("a", "<i4"), ("b", "S4"), ("c", "<f4", (2,))])
    file["enum"] = np.array([0, 1], dtype=h5py.enum_dtype({"OFF": 0, "ON": 1}))
    file["named type"] = np.dtype("<f8")
    file.create_dataset("of a named type", shape=(2,), dtype=file["named type"])
    ragged = file.create_dataset("ragged", (2,), dtype=h5py.vlen_dtype(np.dtype("<i4")))
    ragged[0], ragged[1] = [1, 2, 3], [4]
    file.create_dataset("unwritten", (10, 10), dtype="<f4")
    for name, more in {
        "chunked": {}, "gzip": {"compression": "gzip"}, "lzf": {"compression": "lzf"},
        "shuffle": {"compression": "gzip", "shuffle": True, "fletcher32": True},
        "growing": {"maxshape": (None, 6)}, "growing both": {"maxshape": (None, None)},
        "growing gzip": {"maxshape": (None, 6), "compression": "gzip"},
        "growing both gzip": {"maxshape": (None, None), "compression": "gzip"},
    }.items():
        file.create_dataset(name, data=numbers, chunks=(3, 4), **more)
    file.create_dataset("one chunk", data=numbers, chunks=(4, 6))
    file.create_dataset("one chunk gzip", data=numbers, chunks=(4, 6), compression="gzip")
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_layout(h5py.h5d.COMPACT)
    space = h5py.h5s.create_simple((4, 6))
    h5py.h5d.create(file.id, b"compact", h5py.h5t.NATIVE_FLOAT, space, plist)
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((3, 4))
    plist.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    h5py.h5d.create(file.id, b"implicit", h5py.h5t.NATIVE_FLOAT, space, plist)
    inner = file.create_group("group/inner")
    inner["again"] = file["contiguous"]
    inner["round"] = file["group"]
    inner.attrs["reference"] = file["contiguous"].ref
    inner.attrs["region"] = file["contiguous"].regionref[1:3]
    file["soft"] = h5py.SoftLink("/group/inner")
    file["contiguous"].dims[0].label = "rows"
    file["scale"] = np.arange(4)
    file["scale"].make_scale("rows")
    file["contiguous"].dims[0].attach_scale(file["scale"])


def many(file):
    """Groups and attributes of which there are so many that they are kept in heaps and trees."""
    ordered = file.create_group("ordered", track_order=True)
    for number in range(40):
        ordered.create_group(f"group {number}")
        ordered.attrs[f"attribute {number}"] = f"text {number}"
    plain = file.create_group("plain")
    for number in range(600):
        plain[f"soft {number}"] = h5py.SoftLink(f"/ordered/group {number}")
    file.attrs["model_config"] = CONFIG
    if file.libver[0] != "earliest":
        file.attrs["long"] = LONG


def arrays(file):
    """Datasets of so many chunks that each index needs more than one level."""
    for name, more in {
        "fixed": {}, "fixed gzip": {"compression": "gzip"},
        "growing": {"maxshape": (None, 1)}, "growing gzip": {"maxshape": (None, 1), "compression": "gzip"},
        "growing both": {"maxshape": (None, None)},
    }.items():
        numbers = np.arange(1100 if file.libver[0] == "v114" else 200).astype("u1").reshape(-1, 1)
        file.create_dataset(name, data=numbers, chunks=(1, 1), **more)


def keras_old(file):
    """What Keras 2 wrote for two layers, by the calls that it made."""
    file.attrs["model_config"] = CONFIG.encode()
    file.attrs["training_config"] = json.dumps({"loss": "mse"}).encode()
    file.attrs["keras_version"] = b"2.15.0"
    file.attrs["backend"] = b"tensorflow"
    weights = file.create_group("model_weights")
    weights.attrs["layer_names"] = np.array([b"dense", b"dense_1"])
    for layer in ("dense", "dense_1"):
        group = weights.create_group(layer)
        group.attrs["weight_names"] = np.array([f"{layer}/kernel:0".encode(), f"{layer}/bias:0".encode()])
        group[f"{layer}/kernel:0"] = np.zeros((4, 2), "<f4")
        group[f"{layer}/bias:0"] = np.zeros(2, "<f4")


def main():
    """Write them all."""
    HERE.mkdir(exist_ok=True)
    for made in (several, many, arrays):
        for version in VERSIONS if made is several else ("earliest", "v114"):
            with h5py.File(HERE / f"{made.__name__}-{version}.h5", "w", libver=(version, "v108" if version == "earliest" else version)) as file:
                made(file)
    with h5py.File(HERE / "keras-old.h5", "w") as file:
        keras_old(file)
    for version in ("earliest", "v110"):
        with h5py.File(HERE / f"userblock-{version}.h5", "w", userblock_size=1024, libver=(version, "v110")) as file:
            keras_old(file)
    with h5py.File(HERE / "paged.h5", "w", fs_strategy="page", fs_persist=True, libver="latest") as file:
        several(file)
    with h5py.File(HERE / "deleted.h5", "w", libver="v110") as file:
        several(file)
        file["more"] = np.random.default_rng(1).random(400)
        del file["more"], file["gzip"], file["group"]


if __name__ == "__main__":
    main()
