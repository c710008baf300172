"""Makes corpus/numpy-*: arrays of all kinds, scalars, random states, npy and npz. Releases: 1.23.5, 2.4.6."""

import numpy as np
import numpy.ma.mrecords
from corpus_writing import Folder

ALL = range(6)
TYPES = "? b B h H i I q Q e f d g F D G S3 U3 V4 M8[ns] M8[D] m8[us] >f4 >i8".split()


def arrays():
    record = np.dtype([("id", "i4"), ("name", "U8"), ("place", "f8", (2, 3))])
    aligned = np.dtype({"names": ["a", "b"], "formats": ["u1", "f8"]}, align=True)
    masked = np.ma.masked_array([1.0, 2.0, 3.0], mask=[False, True, False], fill_value=-1)
    yield "empty", np.empty((0, 3))
    yield "zero_dimensional", np.array(4.0)
    yield "fortran", np.asfortranarray(np.arange(12.0).reshape(3, 4))
    yield "view", np.arange(20)[::3]
    yield "object", np.array([None, "text", 1.5, [1, 2], {"a": np.arange(3)}], dtype=object)
    yield "structured", np.zeros(2, record)
    yield "aligned", np.zeros(2, aligned)
    yield "records", np.rec.fromrecords([(1, "a", 2.0), (2, "b", 3.0)], names="n,s,f")
    yield "masked", masked
    yield "masked_records", np.ma.mrecords.fromarrays([np.arange(3), np.ones(3)], names="a,b")
    yield "masked_constant", np.ma.masked
    yield "matrix", np.matrix([[1, 2], [3, 4]])
    yield "chararray", np.char.array(["one", "two"])
    yield "large", np.arange(1000, dtype="f4")
    yield "dict", {"weights": np.ones((2, 2)), "bias": np.zeros(2), "step": np.int64(3)}
    if np.__version__ > "2":
        yield "strings", np.array(["a", "long text of a string"], dtype=np.dtypes.StringDType())
        yield "strings_with_na", np.array(["a", None], dtype=np.dtypes.StringDType(na_object=None))


def others():
    yield "dtype_structured", np.dtype([("a", "f4"), ("b", [("c", "i2")])])
    yield "dtype_metadata", np.dtype("f4", metadata={"unit": "m"})
    yield "types", [np.float32, np.int64, np.bool_, np.str_, np.ndarray, np.dtype, np.generic]
    yield "scalars", [np.float32(1), np.float64(2), np.int8(3), np.bool_(True), np.str_("s"), np.bytes_(b"b")]
    yield "dates", [np.datetime64("2024-05-06"), np.timedelta64(3, "D"), np.complex64(1j), np.void(b"abcd")]
    yield "random_state", np.random.RandomState(0)
    yield "random_state_tuple", np.random.RandomState(0).get_state()
    yield "random_state_pcg", np.random.RandomState(np.random.PCG64(1))
    for bits in ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"):
        yield f"generator_{bits}", np.random.Generator(getattr(np.random, bits)(1))
        yield f"bits_{bits}", getattr(np.random, bits)(1)
    yield "seed_sequence", np.random.SeedSequence(5)
    yield "ufuncs", [np.log1p, np.exp, np.add, np.square, np.isnan]
    yield "functions", [np.mean, np.sum, np.max, np.argmax, np.zeros, np.linalg.norm, np.random.rand]
    yield "polynomials", [np.poly1d([1, 2]), np.polynomial.Polynomial([1, 2]), np.polynomial.Legendre([1, 2])]
    yield "bound_methods", [np.arange(3).sum, np.random.RandomState(0).uniform, np.dtype("f4").newbyteorder]
    yield "finfo", [np.iinfo("i4").max, np.nan, np.inf, np.pi, np.newaxis]


def main():
    out = Folder("numpy", np.__version__)
    for kind in TYPES:
        dtype = np.dtype(kind)
        name = dtype.name.replace("[", "_").strip("]") + "_big" * (dtype.byteorder == ">")
        value = np.zeros(2, dtype) if dtype.kind == "V" else np.arange(4).astype("i8").astype(dtype)
        out.pickle(f"array_{name}", value, ALL if kind in "b d M8[ns] U3".split() else (2, 5))
    for name, value in arrays():
        out.pickle(name, value, ALL if name in {"object", "structured", "masked", "dict"} else (2, 5))
        if name not in {"masked_constant", "dict", "strings_with_na"}:
            np.save(out(f"{name}.npy"), np.asarray(value), allow_pickle=True)
    for name, value in others():
        out.pickle(name, value, ALL if name in {"random_state", "scalars", "dates"} else (4,))
    np.savez(out("two.npz"), a=np.arange(3), b=np.ones((2, 2)))
    np.savez(out("object.npz"), a=np.arange(3), names=np.array(["x", None], dtype=object))
    np.savez_compressed(out("compressed.npz"), weights=np.zeros((50, 50)), bias=np.ones(50))
    np.save(out("dict_in_array.npy"), {"a": np.arange(3), "b": "text"})
    out.check()


if __name__ == "__main__":
    main()
