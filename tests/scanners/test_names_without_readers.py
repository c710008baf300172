"""What looks like a model and cannot be read is incomplete, never clean, whatever its name."""

import pytest

from tests.craft.table import said

NAMES = """
model.pkl model.pickle model.pt model.pth model.bin model.ckpt model.joblib model.dill model.npy model.npz model.h5
model.hdf5 model.keras saved_model.pb model.pb model.meta variables.index model.onnx model.ort model.gguf model.ggml
model.safetensors model.tflite model.mlmodel model.pmml model.xml model.pdmodel model.pdiparams model.pdparams
model-symbol.json model.params model.json model.ubj model.bst model.model model.cbm model.rds model.rda model.RData
model.msgpack model.skops model.nemo model.llamafile model.zip model.tar model.tar.gz model.tgz model.7z model.rar
chat_template.jinja model.py model.ipynb model.sh Dockerfile requirements.txt model.yaml model.parquet model.arrow
model.feather model.t7 model.engine model.plan model.trt model.pte model.ptl model.pt2 model.mar model.dat model.dnn
model.rknn model.om model.hef model.bmodel model.mnn model.ncnn model.uff model.caffemodel model.weights model.wts
model.torchscript model.distcp .metadata model.spm model.tiktoken model.sav model.p model.pk model.mdl model.lance
model.duckdb model.db model.sqlite model.faiss model.index model.annoy model.usearch model.tfrecord model.tfrecords
model.exe model.so model.dll model.dylib model.jar model.class model.wasm model.pyc model.png model.jpg model.mp4
model.wav model.ttf model.pdf model.docx model.xlsm model.gz model.bz2 model.xz model.zst model.lz4 model.z LICENSE
README.md vocab.txt merges.txt model MODEL.PKL Model.PT model.pkl.txt model.safetensors.bak
""".split()
CONTENTS = {
    "bytes of nothing": b"\xfe\x00\x91\x07" * 300,
    "zeros": bytes(1200),
    "letters and a zero byte": b"words\n" * 30 + b"\0",
    "high letters": bytes(range(128, 256)) * 9,
    "one byte": b"\x01",
}
"""None is of any format, and none is text."""
TEXTS = {"chat_template.jinja", "model.sh", "Dockerfile", "requirements.txt"}
"""Whoever runs these takes any bytes for words, and so do their readers."""
EMPTY = {"model.tar", "model.tar.gz", "model.nemo"}
"""An archive of no members is zeros and nothing else."""


@pytest.mark.parametrize("about", CONTENTS)
def test_what_no_reader_explains_is_never_clean(about):
    clean = {name for name in NAMES if said(CONTENTS[about], name)[0] == "clean"}
    assert clean - TEXTS == (EMPTY if about == "zeros" else set())


@pytest.mark.parametrize("cut", [0.3, 0.7, 0.99])
def test_half_a_model_is_never_clean(cut, honest_models):
    clean = [name for name, data in honest_models.items() if said(data[: int(len(data) * cut)], name)[0] == "clean"]
    assert clean == []


@pytest.fixture(scope="module")
def honest_models():
    from tests.craft.table import DATA

    names = "gguf/template.gguf onnx/dense.onnx tflite/dense.tflite hdf5/several-v110.h5 plain/packed/lzma2.7z plain/tables/plain.parquet"
    return {name.rpartition("/")[2]: (DATA / name).read_bytes() for name in names.split()}
