"""Makes corpus/cloudpickle-* and dill-*: plain functions and classes by value, as they travel beside models.

Releases: cloudpickle 3.1.2 and 2.2.1, dill 0.4.1 and 0.3.6.
"""

import collections
import dataclasses
import enum
import functools
import sys
from pathlib import Path

import cloudpickle
import dill
import numpy as np
from corpus_writing import Folder

if __file__ != Path(__file__).name:
    # Functions carry the file that they are from, and the folder that it is in is nobody's business.
    path, __file__ = Path(__file__), Path(__file__).name
    exec(compile(path.read_text(), __file__, "exec"))
    raise SystemExit


class Scaler:
    """A class of a script: its code travels in the file."""

    factor: float = 2.0

    def __init__(self, offset):
        self.offset = offset

    def __call__(self, x):
        return x * self.factor + self.offset

    @property
    def doubled(self):
        return 2 * self.offset

    @classmethod
    def plain(cls):
        return cls(0)


class Child(Scaler):
    def __call__(self, x):
        return super().__call__(x) + 1


@dataclasses.dataclass
class Settings:
    rate: float = 0.1
    layers: list = dataclasses.field(default_factory=list)


class Mode(enum.Enum):
    TRAIN = 1
    TEST = 2


Point = collections.namedtuple("Point", "x y")


def normalise(values, scale=1.0):
    total = sum(values)
    return [scale * value / total for value in values]


def closure(rate):
    def schedule(progress):
        return progress * rate

    return schedule


def values():
    yield "lambda", lambda x: x + 1
    yield "function", normalise
    yield "closure", closure(0.1)
    yield "with_numpy", lambda x: np.log1p(np.asarray(x)).mean()
    yield "partial", functools.partial(normalise, scale=2.0)
    yield "class", Scaler
    yield "instance", Scaler(1)
    yield "child", Child(1)
    yield "dataclass", Settings()
    yield "enum", Mode.TRAIN
    yield "namedtuple", Point(1, 2)
    yield "plain_data", {"a": np.arange(3), "b": [1, "text"]}
    yield "pipeline", {"steps": [normalise, closure(2)], "weights": np.ones(2)}


def main():
    for library in (cloudpickle, dill):
        out = Folder(library.__name__, library.__version__)
        old = library.__version__ in {"2.2.1", "0.3.6"}
        for name, value in values():
            if (library, name) == (dill, "dataclass"):
                continue  # It takes the modules dataclasses, inspect and sys with it.
            if old and name not in {"lambda", "function", "closure", "instance", "plain_data"}:
                continue
            for protocol in (2, 4, 5) if name == "function" and not old else (4,):
                data = library.dumps(value, protocol)
                # Code of the standard library says where that is; as long a path keeps the pickle whole.
                place = sys.base_prefix.encode()
                out.bytes(f"{name}.p{protocol}.pkl", data.replace(place, b"/usr/lib".ljust(len(place), b"_")))


if __name__ == "__main__":
    main()
