"""Makes the files of joblib/ here, with joblib itself: one plain object in every codec that joblib writes.

    python -m venv v && v/bin/pip install joblib==1.6.0 lz4==4.4.5 && v/bin/python tests/data/make_joblib_codecs.py

Every file is small, honest and committed; the suite reads them and does not install joblib.
"""

import warnings
from collections import OrderedDict
from pathlib import Path

import joblib
from joblib.numpy_pickle_compat import write_zfile

OUT = Path(__file__).parent / "joblib"
OBJECT = {
    "classes": ["cat", "dog", "größe"],
    "weights": [0.25, -1.5, 1e300],
    "labels": OrderedDict(cat=0, dog=1),
    "trained": True,
    "words": " ".join(f"word{number}" for number in range(400)),
}


def main():
    OUT.mkdir(exist_ok=True)
    joblib.dump(OBJECT, OUT / "plain.joblib")
    for codec in ("zlib", "gzip", "bz2", "xz", "lzma", "lz4"):
        joblib.dump(OBJECT, OUT / f"{codec}.joblib", compress=(codec, 3))
        suffix = ".z" if codec == "zlib" else ".gz" if codec == "gzip" else f".{codec}"
        joblib.dump(OBJECT, OUT / f"by_name.pkl{suffix}")
    with warnings.catch_warnings(), (OUT / "zfile.joblib").open("wb") as file:
        warnings.simplefilter("ignore")
        write_zfile(file, (OUT / "plain.joblib").read_bytes(), compress=3)


if __name__ == "__main__":
    main()
