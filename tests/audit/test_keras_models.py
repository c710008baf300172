"""Models of Keras and TensorFlow through `audit repo`: honest, evil, and whatever is installed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import audit
from tests.craft import hdf5
from tests.craft import keras as craft
from tests.craft.tensorflow import collection, const, node, saved_model
from tests.hub import repo, serve

DATA = Path(__file__).parents[1] / "data"
EVIL = craft.as_json(craft.model(craft.thing("Dense", units=2), craft.thing("Lambda", function=craft.code())))
WRITES = (const("path", "/tmp/HARMLESS"), const("text", "x"), node("WriteFile", "act", "path", "text"))
LIBRARIES = "tensorflow tf_keras keras h5py numpy torch jax onnx flatbuffers tflite dill joblib".split()
HONEST = {
    "model.h5": (DATA / "keras/keras3-functional.h5").read_bytes(),
    "model.keras": (DATA / "keras/keras3-functional.keras").read_bytes(),
    "model.weights.h5": (DATA / "keras/keras3.weights.h5").read_bytes(),
    **{
        path.relative_to(DATA / "tensorflow/tf2.21").as_posix(): path.read_bytes()
        for path in sorted((DATA / "tensorflow/tf2.21/module").rglob("*"))
        if path.is_file()
    },
}
HARM = {
    "model.h5": hdf5.Maker().file(hdf5.attribute("model_config", EVIL)),
    "model.keras": craft.keras_zip(EVIL),
    "saved/saved_model.pb": saved_model(
        *WRITES, node("NoOp", "init", "^act"), extra=collection("saved_model_main_op", "init")
    ),
}


def audited(files, **variables):
    """What is said of each file, and of the repo."""
    with serve(repo("org/m", files)) as hub:
        result = audit("repo", "org/m", "--format", "json", "--no-store", hub=hub, **variables)
    document = json.loads(result.out)
    for file in document["files"]:
        # The second audit finds the first one's bytes in the cache.
        del file["bytes_fetched"]
    return result.code, document["verdict"], document["files"], document["findings"]


@pytest.fixture
def broken_libraries(tmp_path):
    """A folder of libraries that end whatever imports them."""
    for name in LIBRARIES:
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported')\n")
    return str(tmp_path)


def test_honest_models_are_clean_and_complete():
    code, verdict, files, findings = audited(HONEST)
    assert (code, verdict, findings) == (0, "clean", [])
    assert all(file["complete"] and file["verdict"] == "clean" for file in files)


def test_evil_models_are_malicious_each_for_its_own_reason():
    code, verdict, files, findings = audited(HARM)
    assert (code, verdict) == (1, "malicious")
    assert {file["path"]: file["verdict"] for file in files} == dict.fromkeys(HARM, "malicious")
    worst = {(found["path"], found["rule"]) for found in findings if found["severity"] in {"high", "critical"}}
    assert worst == {
        ("model.h5", "keras-lambda"),
        ("model.keras", "keras-lambda"),
        ("saved/saved_model.pb", "tensorflow-file"),
    }


def test_a_broken_library_ends_what_imports_it(broken_libraries):
    command = [sys.executable, "-c", "import h5py"]
    done = subprocess.run(command, env={"PYTHONPATH": broken_libraries}, capture_output=True, check=False)
    assert b"imported" in done.stderr


@pytest.mark.parametrize("files", [HONEST, HARM], ids=["honest", "evil"])
def test_verdicts_are_the_same_whatever_is_installed(broken_libraries, files):
    assert audited(files, PYTHONPATH=broken_libraries) == audited(files)
