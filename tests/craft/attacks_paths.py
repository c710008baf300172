"""The ways by which a pickle comes to be loaded: containers, codecs and names, each with the same call in it.

Of 22 such paths in five frameworks, scanners looked into three (arXiv 2508.19774).
"""

import base64
import bz2
import gzip
import io
import json
import lzma
import pickle
import struct
import tarfile
import zlib

from tests.craft.archives import DEFLATED, Part, archive
from tests.craft.attack import several
from tests.craft.attacks_advisories import legacy
from tests.craft.packed import sevenzip
from tests.craft.pickles import HARMLESS, asm, built, call, instance, named, named_late, op, stream, system, text
from tests.craft.tensors import torch_archive

RUN = call(named("posix", "system"), text(HARMLESS))
PICKLE = system()
PLAIN = pickle.dumps({"a": 1}, 2)


def npy(data, descr="|O", shape="(1,)", version=1):
    """A `.npy` file: magic, version, length of its header, header, data."""
    head = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    width = "<H" if version == 1 else "<I"
    head += b" " * (-(len(head) + 1 + 8 + struct.calcsize(width)) % 64) + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack(width, len(head)) + head + data


def tar(**members):
    """A tar archive; `__` in a name stands for a slash, and a dot for itself."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as writer:
        for name, data in members.items():
            entry = tarfile.TarInfo(name.replace("__", "/"))
            entry.size = len(data)
            writer.addfile(entry, io.BytesIO(data))
    return made.getvalue()


def joblib_array(*, kind="f8", shape=2, raw=bytes(16), padded=True):
    """What joblib writes of an array: its wrapper with the state that says how many raw bytes follow, and those."""
    dtype = asm(call(named("numpy", "dtype"), text(kind), "NEWFALSE", "NEWTRUE"))
    wrapper = built(
        instance(named("joblib.numpy_pickle", "NumpyArrayWrapper")),
        *(text("subclass"), named("numpy", "ndarray")),
        *(text("shape"), asm(op("BININT1", shape), "TUPLE1")),
        *(text("order"), text("C")),
        *(text("dtype"), dtype),
        *(text("allow_mmap"), "NEWTRUE"),
        *(text("numpy_array_alignment_bytes"), op("BININT1", 16) if padded else "NONE"),
    )
    return asm(wrapper, (b"\x00" if padded else b"") + raw)


def lz4_frame(data):
    """One stored block (lz4's frame format: magic, two flags and their checksum, sizes with the highest bit set)."""
    return b"\x04\x22\x4d\x18\x60\x40\x82" + struct.pack("<I", len(data) | 1 << 31) + data + bytes(4)


def zstd_frame(data):
    """One raw block (RFC 8878: single segment, one byte of content size)."""
    return b"\x28\xb5\x2f\xfd\x20" + bytes([len(data)]) + (len(data) << 3 | 1).to_bytes(3, "little") + data


def zfile(data):
    """What joblib before 0.10 wrote: "ZF", the length in 19 places, zlib (numpy_pickle_compat.py)."""
    return b"ZF" + hex(len(data)).encode().ljust(19) + zlib.compress(data)


def torch_zip(name="archive/data.pkl", data=PICKLE, **more):
    return archive(Part("archive/data.pkl", PLAIN), Part(name, data, **more), Part("archive/version", b"3\n"))


FUNCTION = call(named("cloudpickle.cloudpickle", "_make_function"), *["NONE"] * 5)
NEW = asm("EMPTY_DICT", text("__new__"), FUNCTION, "SETITEM")
PATHS = [
    *several(
        "pickle.load",
        {
            f"a pickle named {name}": (PICKLE, {"name": name})
            for name in (
                "model.pkl model.pickle model.p model.dat model.sav model.joblib model.dill model.h5 model.json weights.gguf"
                " model.npy config.yaml model.onnx README.md model.pt.bak x"
            ).split()
        },
    ),
    *several(
        "torch.load",
        {
            "data.pkl of a torch archive": torch_archive(pickle=PICKLE),
            "data.pkl in capitals": torch_zip("archive/DATA.PKL"),
            "data.pkl twice, first": archive(Part("archive/data.pkl", PICKLE), Part("archive/data.pkl", PLAIN), Part("archive/version", b"3")),
            "data.pkl twice, last": torch_zip(),
            "data.pkl deflated": torch_zip("archive/x/data.pkl", method=DEFLATED),
            "another pickle beside it": torch_zip("archive/extra.pkl"),
            "a storage that is a pickle, as .pt2 may load it": torch_zip("archive/data/weights/weight_0"),
            "the samples of a .pt2": torch_zip("archive/data/sample_inputs/model.pt"),
            "the metadata of a distributed checkpoint": (PICKLE, {"name": ".metadata"}),
            "a member that the directory does not list": archive(Part("archive/data.pkl", PLAIN), Part("archive/version", b"3"), Part("archive/data.pkl", PICKLE, listed=False)),
        },
        name="model.pt",
    ),
    *several(
        "torch.load, before 1.6",
        {f"stream {index + 1} of a legacy file": legacy(index, asm(RUN)) for index in range(6)},
        name="model.pth",
    ),
    *several(
        "torch.load, tar",
        {
            "pickle of a tar from torch 0.1": tar(sys_info=PLAIN, storages=pickle.dumps(0, 2), tensors=pickle.dumps(0, 2), pickle=PICKLE),
            "storages of a tar from torch 0.1": tar(sys_info=PLAIN, storages=PICKLE, tensors=pickle.dumps(0, 2), pickle=PLAIN),
        },
        name="model.pth.tar",
    ),
    *several(
        "torch.hub",
        {
            "an archive that holds one legacy file": archive(Part("model.pth", legacy(3, asm(RUN)))),
            "an archive in an archive": archive(Part("a.zip", archive(Part("b.zip", torch_archive(pickle=PICKLE))))),
        },
        name="model.zip",
    ),
    *several(
        "torch.package",
        {"a resource of a package": archive(Part("p/.data/extern_modules", b"os\n"), Part("p/model/model.pkl", PICKLE), Part("p/model/__init__.py", b""))},
        name="package.pt",
    ),
    *several(
        "torch.fx",
        {"the code of a traced module": stream(call(named("torch.fx.graph_module", "reduce_graph_module"), "EMPTY_DICT", text("import os")))},
    ),
    *several(
        "numpy.load",
        {
            "an array of objects": npy(PICKLE),
            "an array of objects, version 3": npy(PICKLE, version=3),
            "objects as one field of a record": npy(PICKLE, descr="[('a', '<f4'), ('b', '|O')]"),
            "a pickle instead of an array": PICKLE,
        },
        name="array.npy",
    ),
    *several(
        "numpy.load, npz",
        {
            "an array of objects in an npz": archive(Part("a.npy", npy(PICKLE))),
            "a member without a suffix": archive(Part("a", npy(PICKLE))),
            "a pickle as a member": archive(Part("a.npy", b"cposix\nsystem\n(S'x'\ntR.")),
        },
        name="arrays.npz",
    ),
    *several(
        "joblib.load",
        {
            "a plain pickle": PICKLE,
            "behind an array": stream(joblib_array(), "POP", RUN),
            "behind an array of joblib before 1.1, without padding": stream(joblib_array(padded=False), "POP", RUN),
            "behind an array of nothing": stream(joblib_array(shape=0, raw=b""), "POP", RUN),
            "in an array of objects": stream(joblib_array(kind="O8", raw=PICKLE, padded=False)),
            "zlib": zlib.compress(PICKLE),
            "gzip": gzip.compress(PICKLE, mtime=0),
            "bz2": bz2.compress(PICKLE),
            "xz": lzma.compress(PICKLE),
            "lzma": lzma.compress(PICKLE, format=lzma.FORMAT_ALONE),
            "lz4": lz4_frame(PICKLE),
            "ZF of joblib before 0.10": zfile(PICKLE),
            "gzip under the name of weights": (gzip.compress(PICKLE, mtime=0), {"name": "pytorch_model.bin"}),
            "gzip in gzip": gzip.compress(gzip.compress(PICKLE, mtime=0), mtime=0),
            "behind an array, compressed": zlib.compress(stream(joblib_array(), "POP", RUN)),
            "a wrapper that loads another file": (
                stream(built(instance(named("joblib.numpy_pickle", "NDArrayWrapper")), text("filename"), text("../../x.npy"))),
                {"rule": "joblib-external-file", "severity": "high"},
            ),
        },
        name="model.joblib",
    ),
    *several(
        "pandas.read_pickle",
        {
            "gzip": (gzip.compress(PICKLE, mtime=0), {"name": "frame.pkl.gz"}),
            "bz2": (bz2.compress(PICKLE), {"name": "frame.pkl.bz2"}),
            "xz": (lzma.compress(PICKLE), {"name": "frame.pkl.xz"}),
            "zip": (archive(Part("frame.pkl", PICKLE)), {"name": "frame.pkl.zip"}),
            "tar": (tar(**{"frame.pkl": PICKLE}), {"name": "frame.pkl.tar"}),
            "zstd": (zstd_frame(PICKLE), {"name": "frame.pkl.zst"}),
        },
    ),
    *several(
        "dill, cloudpickle",
        {
            "dill._dill._import_module": stream(call(named("dill._dill", "_import_module"), text("os.system"))),
            "dill._dill._eval_repr": (stream(call(named("dill._dill", "_eval_repr"), text("x"))), {"rule": "pickle-resolves-names"}),
            "cloudpickle.cloudpickle.subimport": stream(call(named("cloudpickle.cloudpickle", "subimport"), text("os"))),
            "a function that is rebuilt, and called": (stream(call(FUNCTION)), {"rule": "pickle-runs-own-code"}),
            "a class that is rebuilt, and made": (
                stream(call(call(named("dill._dill", "_create_type"), named("builtins", "type"), text("X"), "EMPTY_TUPLE", NEW))),
                {"rule": "pickle-runs-own-code"},
            ),
        },
    ),
    *several(
        "tar",
        {
            "a checkpoint in a .nemo": (tar(**{"model_config.yaml": b"a: 1\n", "model_weights.ckpt": torch_archive(pickle=PICKLE)}), {"name": "model.nemo"}),
            "a checkpoint in a compressed .nemo": (
                gzip.compress(tar(**{"model_weights.ckpt": torch_archive(pickle=PICKLE)}), mtime=0),
                {"name": "model.nemo"},
            ),
            "a shard of a web dataset": (tar(**{"0001.pickle": PICKLE}), {"name": "shard-000.tar"}),
        },
    ),
    *several(
        "stable-baselines3",
        {
            "a policy's schedule in base64": archive(
                Part("data", json.dumps({"lr_schedule": {":type:": "<class 'function'>", ":serialized:": base64.b64encode(PICKLE).decode()}}).encode()),
                Part("policy.pth", torch_archive(pickle=PLAIN)),
            ),
            "the policy": archive(Part("data", b"{}"), Part("policy.pth", torch_archive(pickle=PICKLE))),
        },
        name="ppo.zip",
    ),
    *several(
        "other loaders",
        {
            "PaddlePaddle": (PICKLE, {"name": "model.pdparams"}),
            "PaddlePaddle, where tensors are evaluated": (
                stream(
                    "EMPTY_DICT", "MARK",
                    text("weight"), call(named("builtins", "eval"), text("data"), asm("EMPTY_DICT", text("data"), "NONE", "SETITEM")),
                    text("bias"), call(named("builtins", "eval"), text(f"__import__('os').system('{HARMLESS}')"), asm("EMPTY_DICT", text("data"), "NONE", "SETITEM")),
                    text("StructuredToParameterName@@"), asm("EMPTY_DICT", text("weight"), text("linear_0.w_0"), "SETITEM"),
                    "SETITEMS",
                ),
                {"name": "model.pdparams"},
            ),
            "a .skops that is none, which falls back to joblib": (PICKLE, {"name": "model.skops"}),
            "a wheel": (archive(Part("pkg/model.pkl", PICKLE), Part("pkg-1.dist-info/RECORD", b"")), {"name": "pkg-1-py3-none-any.whl"}),
            "a torch model archive": (archive(Part("MAR-INF/MANIFEST.json", b"{}"), Part("model.pt", torch_archive(pickle=PICKLE))), {"name": "model.mar"}),
        },
    ),
    *several(
        "polyglot",
        {
            "an archive whose member is stored as a pickle's first bytes": asm(op("PROTO", 2), RUN, "STOP") + torch_archive(pickle=PLAIN),
            "junk and zeros before a second stream": PLAIN + bytes(4096) + PICKLE,
            "a byte before a second stream": PLAIN + b"\xff" + PICKLE,
            "text before a stream of protocol 0": PLAIN + b"\xffabc" + PICKLE[2:],
            "a stream without its protocol behind junk": PLAIN + b"\xff" + stream(call(named_late("posix", "system"), text(HARMLESS)))[2:],
        },
    ),
    *several(
        "nullifAI, 7z",
        {"a 7z archive under the name of weights": sevenzip(("data.pkl", PICKLE))},
        name="pytorch_model.bin",
    ),
]  # fmt: skip
