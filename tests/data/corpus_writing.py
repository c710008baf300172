"""Where the scripts that make the corpus put what they make: corpus/LIBRARY-RELEASE/NAME.SUFFIX.

Each script is run once with each release that it knows, in an environment of its own:

    python -m venv /tmp/v && /tmp/v/bin/pip install scikit-learn==1.9.1 pandas
    cd tests/data && /tmp/v/bin/python make_corpus_sklearn.py

The suite reads the files and installs none of the libraries.
"""

import pickle
from pathlib import Path

ROOT = Path(__file__).resolve().parent / "corpus"
LIMIT = 40_000
"""Bytes of a file that is still worth a place in a repository."""


class Folder:
    """The files of one library at one release."""

    def __init__(self, library, version):
        self.path = ROOT / f"{library}-{'.'.join(version.split('.')[:2])}"
        self.path.mkdir(parents=True, exist_ok=True)

    def __call__(self, name):
        """The path of a new file, for writers that open it themselves."""
        return self.path / name

    def bytes(self, name, data):
        assert len(data) <= LIMIT, f"{name}: {len(data)} bytes"
        self(name).write_bytes(data)

    def pickle(self, name, value, protocols=(4,), suffix="pkl"):
        """One file for each protocol."""
        for protocol in protocols:
            self.bytes(f"{name}.p{protocol}.{suffix}", pickle.dumps(value, protocol))

    def pickles(self, values, protocols=(4,)):
        """Each of these named values in a file of its own, for each protocol."""
        for name, value in values.items():
            self.pickle(name, value, protocols)

    def check(self):
        """Fail for a file that a writer made too large."""
        large = {path.name: path.stat().st_size for path in self.path.iterdir() if path.stat().st_size > LIMIT}
        assert not large, large
