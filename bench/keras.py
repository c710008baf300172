"""Large models of Keras and TensorFlow over a shaped link; writes its part of docs/bench.md.

    .venv/bin/python bench/keras.py PYTHON [FOLDER]

PYTHON is an interpreter with tensorflow, keras, tf_keras and h5py, which writes the files; FOLDER keeps them for the
next time, 7.4 GB.
"""

import mmap
import subprocess
import sys
import tempfile
from pathlib import Path

import page
from run import audit

from audit.demo.blobs import SparseContent
from audit.demo.faults import Shape
from crawler.ranges import BLOCK, align
from scanners import routing
from scanners.registry import SCANNERS
from tests.craft.reading import scan_in_rounds
from tests.hub import repo, serve

FILES = {
    "old": ("model.h5", "Keras 2 model, 300 layers", "model.h5"),
    "new": ("new.h5", "the same by Keras 3, newest HDF5 structures", "new.h5"),
    "weights": ("model.weights.h5", "weights alone, Keras 3", "model.weights.h5"),
    "archive": ("model.keras", "`.keras` archive, 300 layers", "model.keras"),
    "constants": ("graph", "SavedModel, 20 constants", "graph/saved_model.pb"),
}
"""What is measured: the script's word for it, what it writes, how it is called, and the file in it."""
_PAGE = 4096


def content(path):
    """A file as the loopback Hub serves it, its zeros not held."""
    pieces, at = [], 0
    with path.open("rb") as file:
        while data := file.read(_PAGE):
            if data.strip(b"\0"):
                if pieces and pieces[-1][0] + len(pieces[-1][1]) == at:
                    pieces[-1][1].extend(data)
                else:
                    pieces.append((at, bytearray(data)))
            at += len(data)
    return SparseContent(at, tuple((start, bytes(data)) for start, data in pieces))


def trips(path):
    """How often the scanner had to wait for bytes, those that are fetched before it begins counted in."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        begin = [align(span, len(data)) for span in routing.first(len(data), path.name)]
        return 1 + scan_in_rounds(data, path.name, scanners=SCANNERS, held=begin, block=BLOCK)[2]


def models(python, folder):
    """A row for each file."""
    yield "| model | GB | bytes fetched | requests | round trips | seconds, whole command | verdict |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    script = Path(__file__).with_name("keras_files.py")
    for kind, (written, name, file) in FILES.items():
        if not (folder / file).exists():
            subprocess.run([python, "-P", script, kind, folder / written], stderr=subprocess.DEVNULL, check=True)
        data = content(folder / file)
        world = repo("org/m", {file.rpartition("/")[2]: data})
        with serve(world, shape=Shape(latency=0.03, bandwidth=100_000_000)) as hub:
            seconds, document = audit(hub)
        stats = document["stats"]
        size, fetched, rounds = len(data) / 1e9, stats["bytes_fetched"], trips(folder / file)
        figures = f"{size:.2f} | {fetched:,} | {stats['requests']} | {rounds} | {seconds:.2f}"
        yield f"| {name} | {figures} | {document['verdict']} |"


def main(python, folder=""):
    """Write the section."""
    with tempfile.TemporaryDirectory() as temporary:
        rows = list(models(python, Path(folder or temporary)))
    about = f"By `bench/keras.py` on {page.machine()}; other work ran on the machine."
    page.put({"Keras and TensorFlow over a link of 30 ms and 100 MB/s": [about, "", *rows]})


if __name__ == "__main__":
    main(*sys.argv[1:])
