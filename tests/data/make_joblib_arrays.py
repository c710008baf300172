"""Makes the files of joblib_arrays/VERSION/ here, with joblib itself.

    python -m venv v && v/bin/pip install joblib==1.6.0 numpy==2.4.6 && v/bin/python tests/data/make_joblib_arrays.py
    python -m venv w && w/bin/pip install joblib==0.14.1 numpy==1.26.4 && w/bin/python tests/data/make_joblib_arrays.py

Every file is small, honest and committed. manifest.json says how many bytes of each are elements of arrays, and how
many arrays are pickles of their own; the suite reads both and installs neither library.
"""

import json
import tempfile
from pathlib import Path

import joblib
import numpy as np

FOLDER = Path(__file__).parent / "joblib_arrays" / joblib.__version__.rpartition(".")[0]
FIELDS = [("id", "<i4"), ("score", "<f8", (2,)), (("the title", "name"), "S5")]
FLOATS = np.linspace(0.0, 1.0, 12)


def arrays():
    """Arrays by the name of the file that they are kept in."""
    yield "float", FLOATS
    yield "int", np.arange(40, dtype=np.int16).reshape(5, 8)
    yield "big_endian", np.arange(7, dtype=">u4")
    yield "bool", np.array([True, False, True])
    yield "complex", FLOATS.astype(np.complex64)
    yield "long_double", np.zeros(3, dtype=np.longdouble)
    yield "text", np.array(["some", "words"])
    yield "bytes", np.array([b"some", b"words"])
    yield "raw", np.array([b"abc", b"defghi"], dtype="V6")
    yield "datetime", np.array(["2020-01-01", "NaT"], dtype="M8[ns]")
    yield "timedelta", np.arange(3).astype("m8[10s]")
    yield "structured", np.zeros(3, dtype=FIELDS)
    yield "aligned_structured", np.zeros(2, dtype=np.dtype([("a", "i1"), ("b", "f8")], align=True))
    yield "record", np.rec.array([(1, 2.0), (3, 4.0)], dtype=[("x", "<i4"), ("y", "<f8")]).view(np.ndarray)
    yield "object", np.array([1, "two", None, {"three": 3.0}], dtype=object)
    yield "structured_object", np.array([(1, [2])], dtype=[("n", "<i8"), ("o", "O")])
    yield "zero_dimensional", np.array(3.5)
    yield "empty", np.zeros((0, 4))
    yield "empty_object", np.array([], dtype=object)
    yield "fortran", np.asfortranarray(FLOATS.reshape(3, 4))
    yield "strided", FLOATS[::2]
    yield "matrix", np.asmatrix(FLOATS.reshape(2, 6))
    with tempfile.TemporaryDirectory() as folder:
        yield "memmap", np.memmap(Path(folder) / "x", dtype="f4", mode="w+", shape=(3, 3))


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    manifest = {}

    def keep(name, value, kept, **options):
        joblib.dump(value, FOLDER / f"{name}.joblib", **options)
        raw = [array for array in kept if not array.dtype.hasobject]
        manifest[name] = {"elements": sum(array.nbytes for array in raw), "pickled": len(kept) - len(raw)}

    for name, array in arrays():
        keep(name, array, [array])
    objects = np.array([FLOATS, "text", [FLOATS]], dtype=object)
    keep("arrays_in_objects", objects, [objects])
    some = [FLOATS, objects, np.arange(3), FLOATS, np.array(["a"]), objects[:2]]
    keep("several", {"list": some, "text": "between", "last": (FLOATS,)}, [*some, FLOATS])
    many = [np.arange(n % 7, dtype=np.uint8) for n in range(1000)]
    keep("many", many, many)
    for protocol in range(6):
        keep(f"protocol_{protocol}", [FLOATS, objects, "behind"], [FLOATS, objects], protocol=protocol)
    large = np.arange(1000, dtype=np.float64)
    keep("frames", [bytes(range(256)) * 260, large, ["text"] * 10], [large])
    (FOLDER / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
