"""Every sample of an attack, in the order in which docs/pickle.md shows them."""

from tests.craft.attacks_advisories import ADVISORIES
from tests.craft.attacks_differentials import DIFFERENTIALS
from tests.craft.attacks_paths import PATHS
from tests.craft.attacks_techniques import TECHNIQUES

ATTACKS = {
    "Where unpicklers disagree": DIFFERENTIALS,
    "How attacks do it": TECHNIQUES,
    "What advisories told of": ADVISORIES,
    "How a pickle comes to be loaded": PATHS,
}

_ARRAYS = "joblib's arrays between the opcodes are not read"
_CODECS = "compressed streams are not read"
_NUMPY = "numpy's files are not read"
MISSING = {
    "tar: a checkpoint in a compressed .nemo": _CODECS,
    "numpy.load: an array of objects": _NUMPY,
    "numpy.load: an array of objects, version 3": _NUMPY,
    "numpy.load: objects as one field of a record": _NUMPY,
    "numpy.load, npz: an array of objects in an npz": _NUMPY,
    "numpy.load, npz: a member without a suffix": _NUMPY,
    "joblib.load: behind an array": _ARRAYS,
    "joblib.load: behind an array of joblib before 1.1, without padding": _ARRAYS,
    "joblib.load: behind an array of nothing": _ARRAYS,
    "joblib.load: behind an array, compressed": _CODECS,
    **{
        f"joblib.load: {codec}": _CODECS
        for codec in ("zlib", "gzip", "bz2", "xz", "lzma", "lz4", "ZF of joblib before 0.10", "gzip in gzip")
    },
    "joblib.load: gzip under the name of weights": _CODECS,
    **{f"pandas.read_pickle: {codec}": _CODECS for codec in ("gzip", "bz2", "xz", "zstd")},
    "stable-baselines3: a policy's schedule in base64": "pickles in base64 in a JSON text are not read",
    "other loaders: skops names an operator": "the schema of skops is not read",
    "polyglot: junk and zeros before a second stream": "what lies behind junk is told as trailing, and not searched",
    "polyglot: a byte before a second stream": "what lies behind junk is told as trailing, and not searched",
}
"""Label of a sample that is not found yet: why."""
