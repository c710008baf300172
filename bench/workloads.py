"""Honest pickles of the sizes that bench/pickles.py measures, written by the libraries themselves.

    python bench/workloads.py FOLDER

Runs in the bench's environment. The seeds are fixed, and the last line printed is the list of what was written.
"""

import json
import pickle
import pickletools
import random
import sys
from collections import namedtuple
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import joblib
import numpy as np
import torch
from joblib.numpy_pickle import NumpyArrayWrapper, NumpyPickler
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier

MILLION = 1_000_000
MB = 1_000_000


class Ordinary:
    def __init__(self, number):
        self.number, self.name, self.pair = number, f"object {number}", (number, number / 3)


class Slotted:
    __slots__ = ("number", "share")

    def __init__(self, number):
        self.number, self.share = number, number / 7


Named = namedtuple("Named", "number share name")  # noqa: PYI024 - the kind that is meant


@dataclass
class Data:
    number: int
    share: float
    name: str


def row(number):
    """Plain data of every kind."""
    draw = random.Random(number)
    return {
        "id": number,
        "name": f"user {number}",
        "score": draw.random(),
        "tags": ["a", "b", str(number % 97)],
        "active": number % 2 == 0,
        "parent": None,
        "pair": (number, draw.randrange(1 << 40)),
    }


def moment(number):
    """What a pickler can only write as a call."""
    return datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=number * 7919)


def small(number):
    """Nine small objects of four kinds, and then one that a call makes."""
    if number % 10 == 9:
        return moment(number).replace(tzinfo=None) if number % 20 == 9 else Decimal(number)
    return (Ordinary(number), Slotted(number), Named(number, 0.5, "n"), Data(number, 1.5, "d"))[number % 4]


def opcodes(data):
    """Number of opcodes in a stream."""
    return sum(1 for _ in pickletools.genops(data))


def pickled(make, protocol, count):
    """A pickle of a list of about so many opcodes."""
    each = opcodes(pickle.dumps([make(i) for i in range(2_000)], protocol)) / 2_000
    return pickle.dumps([make(i) for i in range(round(count / each))], protocol)


def arrays():
    """200 MB in a list of arrays of 1 MB."""
    draw = np.random.default_rng(0)
    return pickle.dumps([draw.random(MB // 8) for _ in range(200)], 4)


def legacy_torch(path):
    """A checkpoint of 300 MB, as torch wrote them before 1.6."""
    torch.manual_seed(0)
    state = {f"layers.{i}.weight": torch.randn(1_250, 1_000) for i in range(60)}
    torch.save(state, path, _use_new_zipfile_serialization=False)


def forest():
    """A forest of 500 trees."""
    return RandomForestClassifier(500, random_state=0).fit(*make_classification(20_000, 20, random_state=0))


def without_arrays(model):
    """The opcodes that joblib writes, without the arrays between them, which only joblib can read over."""
    stream, write = BytesIO(), NumpyArrayWrapper.write_array
    NumpyArrayWrapper.write_array = lambda *_: None
    NumpyPickler(stream).dump(model)
    NumpyArrayWrapper.write_array = write
    return stream.getvalue()


def make(folder):
    """Write all; for each its name, its file, how many streams it has, and the file that genops can read of it."""
    written = []

    def keep(name, file, data=None, *, streams=1, plain=None):
        path = folder / file
        if data is not None:
            path.write_bytes(data)
        written.append({"name": name, "path": str(path), "genops": str(plain or path), "streams": streams})

    keep("plain data, protocol 2", "plain2.pkl", pickled(row, 2, 1.5 * MILLION))
    keep("plain data, protocol 4", "plain4.pkl", pickled(row, 4, 1.5 * MILLION))
    keep("plain data, protocol 0", "plain0.pkl", pickled(row, 0, 1.5 * MILLION))
    keep("small objects, protocol 4", "objects4.pkl", pickled(small, 4, 8 * MILLION))
    keep("nothing but datetimes, protocol 5", "moments5.pkl", pickled(moment, 5, 2 * MILLION))
    keep("200 MB of numpy arrays", "arrays.pkl", arrays())
    legacy_torch(folder / "legacy.pt")
    keep("300 MB of legacy torch", "legacy.pt", streams=5)
    model, opcodes_only = forest(), folder / "forest.opcodes"
    opcodes_only.write_bytes(without_arrays(model))
    joblib.dump(model, folder / "forest.joblib")
    keep("forest, joblib", "forest.joblib", plain=opcodes_only)
    keep("forest, pickle", "forest.pkl", pickle.dumps(model))
    return written


if __name__ == "__main__":
    import workloads  # its classes are to have the name of a module

    print(json.dumps(workloads.make(Path(sys.argv[1]))))
