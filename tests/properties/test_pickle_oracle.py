"""The oracle's law: whatever a real unpickler would import, the machine has stated.

The real C and pure-Python unpicklers run in a process of their own, with `find_class` and `persistent_load` replaced
by inert recorders: nothing named in a stream is ever imported or called.
"""

import json
import subprocess
import sys
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanners.budget import Budget, LimitReached, Limits
from scanners.facts import Reference
from scanners.formats import pickle_stream
from scanners.scanner import NotThisFormat, Scan
from scanners.source import BytesSource
from tests.craft.pickles import asm, named, op, text

EXAMPLES = 5_000
_names = st.sampled_from(["os", "system", "posix", "builtins", "getattr", "acme.models", "a.b", "commands", "urllib2"])
_small = st.integers(0, 3)
_piece = st.one_of(
    st.sampled_from(
        "MARK POP POP_MARK DUP NONE NEWTRUE EMPTY_LIST EMPTY_DICT EMPTY_TUPLE EMPTY_SET TUPLE TUPLE1 TUPLE2 TUPLE3 LIST "
        "DICT APPEND APPENDS SETITEM SETITEMS ADDITEMS FROZENSET REDUCE BUILD NEWOBJ NEWOBJ_EX OBJ STACK_GLOBAL MEMOIZE "
        "BINPERSID STOP".split()
    ).map(op),
    st.sampled_from(["STACK_GLOBAL", "REDUCE", "TUPLE1", "OBJ"]).map(op),
    _names.map(text),
    st.tuples(_names, _names).map(lambda pair: named(*pair)),
    st.tuples(_names, _names).map(lambda pair: op("INST", pair)),
    _small.map(lambda n: op("PROTO", n + 2)),
    _small.map(lambda n: op("BINPUT", n)),
    _small.map(lambda n: op("BINGET", n)),
    _small.map(lambda n: op("BININT1", n)),
    _names.map(lambda name: op("STRING", f"'{name}'")),
    _names.map(lambda name: op("UNICODE", name)),
    _names.map(lambda name: op("SHORT_BINSTRING", name)),
    st.sampled_from(["0x10", "010", "7", "00", "x"]).map(lambda n: op("INT", n)),
    st.binary(max_size=3),
)
streams = st.lists(_piece, max_size=16).map(lambda parts: asm(*parts) + b".")


def stated(data):
    scan = Scan(len(data), Budget(Limits()), name="model.pkl")
    try:
        pickle_stream.scan(BytesSource(data), scan)
    except (NotThisFormat, LimitReached):
        return None
    return {(f.module, f.name) for f in scan.facts if isinstance(f, Reference)}


class Oracle:
    """The recording unpicklers, asked one stream a line."""

    def __init__(self):
        script = Path(__file__).with_name("unpicklers.py")
        self.process = subprocess.Popen(
            [sys.executable, "-I", str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def asked(self, data):
        self.process.stdin.write(data.hex() + "\n")
        self.process.stdin.flush()
        return {tuple(name) for name in json.loads(self.process.stdout.readline())}

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def test_the_oracle_hears_what_it_should():
    oracle = Oracle()
    try:
        assert oracle.asked(asm(named("os", "system"), text("x"), "TUPLE1", "REDUCE", "STOP")) == {("os", "system")}
        assert oracle.asked(asm("NONE", "STOP")) == set()
    finally:
        oracle.close()


def test_every_name_that_an_unpickler_asks_for_is_stated():
    oracle = Oracle()

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
    @given(streams)
    def law(data):
        asked = oracle.asked(data)
        if asked:
            said = stated(data)
            assert said is not None
            assert asked <= said

    try:
        law()
    finally:
        oracle.close()
