"""How tests read files of HDF5: by its scanner and those of what is in them, and what it hands on."""

from scanners.budget import Limits
from scanners.facts import Opens
from scanners.formats import hdf5, pickle_stream, text
from scanners.judge import complete
from scanners.routing import Router
from scanners.scanner import Scanner
from scanners.source import BytesSource
from tests.craft.reading import scan


def read(data, name="model.h5", **more):
    return scan(data, name, scanners=(hdf5.SCANNER, pickle_stream.SCANNER, text.SCANNER), **more)


def parts(data, name="model.h5"):
    """What is handed on: the content of each part, by its name."""
    found = {}

    def keep(source, scan):
        found[scan.name] = source.read(0, source.size)
        scan.account.examined(0, source.size)

    every = Scanner("any", 1, frozenset(), lambda sample: not hdf5.SCANNER.recognise(sample), keep, fallback=True)
    Router((hdf5.SCANNER, every)).scan_blob(BytesSource(data), name, Limits())
    return found


def is_whole(outcome):
    return complete(outcome.facts, outcome.account)


def opened(outcome):
    return {(fact.kind, fact.path, fact.by) for fact in outcome.facts if isinstance(fact, Opens)}
