"""Makes corpus/python-*: values of the standard library as scripts keep them beside their models."""

import argparse
import array
import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import functools
import http
import io
import ipaddress
import itertools
import logging
import math
import numbers
import operator
import pathlib
import platform
import random
import re
import statistics
import string
import time
import types
import typing
import uuid
import zoneinfo

from corpus_writing import Folder

ALL = range(6)


@dataclasses.dataclass
class Settings:
    rate: float = 0.1
    layers: list = dataclasses.field(default_factory=lambda: [64, 64])
    folder: pathlib.Path = pathlib.Path("runs")


class Mode(enum.Enum):
    TRAIN = "train"
    TEST = "test"


class Slots:
    __slots__ = ("a", "b")


class Text(str):
    pass


class Counted(dict):
    def __init__(self, *args, **named):
        super().__init__(*args, **named)
        self.seen = len(self)


Point = collections.namedtuple("Point", "x y")


class Vocabulary:
    def __init__(self):
        self.index = collections.defaultdict(functools.partial(int, base=10), {"the": 0, "a": 1})
        self.pattern = re.compile(r"\w+", re.IGNORECASE)
        self.split = self.pattern.findall
        self.lower = str.lower

    def lookup(self, word):
        return self.index[word]


def plain():
    yield "containers", [{"a": [1, 2.5, None, True]}, (1, (2, (3,))), {1, 2}, frozenset("ab"), b"bytes", "text", 1 << 90]
    yield "builtins", [range(3), slice(1, 2), complex(1, 2), bytearray(b"x"), Ellipsis, NotImplemented, object()]
    yield "types", [int, str, dict, type(None), type(...), type(NotImplemented), Exception, object, type]
    yield "collections", [
        collections.OrderedDict(a=1),
        collections.Counter("hello"),
        collections.defaultdict(list, a=[1]),
        collections.defaultdict(int),
        collections.deque([1, 2], maxlen=3),
        collections.ChainMap({"a": 1}),
        collections.UserDict(a=1),
    ]
    yield "dates", [
        dt.datetime(2024, 5, 6, 7, 8),
        dt.date(2024, 5, 6),
        dt.time(7, 8),
        dt.timedelta(days=1),
        dt.datetime(2024, 1, 1, tzinfo=dt.UTC),
        dt.timezone(dt.timedelta(hours=2), "somewhere"),
    ]
    yield "numbers", [decimal.Decimal("1.50"), fractions.Fraction(1, 3), decimal.Context(prec=5), float("nan")]
    yield "exceptions", [ValueError("bad"), KeyError("k"), OSError(2, "none"), StopIteration(), UnicodeDecodeError("utf-8", b"x", 0, 1, "r")]
    yield "uuid", [uuid.UUID(int=5), uuid.UUID(int=6).is_safe]
    yield "paths", [pathlib.Path("a/b.txt"), pathlib.PurePosixPath("/a"), pathlib.PureWindowsPath("c:/a")]
    yield "namespaces", [argparse.Namespace(lr=0.1, out=pathlib.Path("x")), types.SimpleNamespace(a=1)]
    yield "regex", [re.compile("a+", re.I | re.M), re.compile(b"x"), re.I]
    yield "own_class", Settings()
    yield "own_tuple", [Point(1, 2)]
    yield "own_subclasses", [Text("t"), Counted(a=1)]
    yield "vocabulary", Vocabulary()
    yield "random", random.Random(0)


def newer():
    slots = Slots()
    slots.a, slots.b = 1, [2]
    yield "own_slots", slots
    yield "own_enum", [Mode.TRAIN, {Mode.TEST: 1}]
    yield "addresses", [ipaddress.ip_address("10.0.0.1"), ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_address("::1")]
    yield "arrays", [array.array("d", [1, 2]), array.array("u", "ab")]
    yield "logging", [logging.getLogger("train"), logging.getLogger(), logging.Formatter("%(message)s")]
    yield "partials", [functools.partial(int, base=2), functools.partial(dict, a=1), functools.partial(functools.partial(round, ndigits=2), 3.14159)]
    yield "functions", [len, sum, abs, round, any, math.sqrt, math.exp, math.log, str]
    yield "methods", [re.compile("a").findall, str.lower, str.split, dict.fromkeys, dt.datetime.now]
    yield "getters", [operator.itemgetter(1), operator.itemgetter("a", "b"), operator.attrgetter("value")]
    yield "zones", [zoneinfo.ZoneInfo("Europe/Paris"), dt.datetime(2024, 1, 1, tzinfo=zoneinfo.ZoneInfo("UTC"))]
    yield "iterators", [iter([1, 2]), itertools.count(3), zip([1], [2]), enumerate("ab"), reversed([1])]
    yield "typing", [typing.Any, typing.List[int], typing.Optional[str], typing.Dict[str, int], list[int], typing.Callable]  # noqa: UP006, UP007, UP045
    yield "unions", [int | None]
    yield "statistics", [statistics.NormalDist(0, 1)]
    yield "enums", [http.HTTPStatus.OK, enum.auto]
    yield "strings", [string.Template("$a"), io.StringIO("text"), io.BytesIO(b"bytes")]
    yield "abstract", [numbers.Number, collections.abc.Mapping]
    yield "times", [time.gmtime(0)]
    yield "own_functions", [main, Vocabulary.lookup, Vocabulary().lookup, Settings, Mode]


def main():
    out = Folder("python", platform.python_version())
    for name, value in plain():
        out.pickle(name, value, ALL)
    for name, value in newer():
        out.pickle(name, value, (2, 4))


if __name__ == "__main__":
    main()
