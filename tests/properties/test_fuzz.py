"""What `make fuzz` does for long, for a moment: a few mutants of what each reader takes keep the laws."""

import io
import random
import zipfile
import zlib

import pytest

from scanners.registry import SCANNERS
from tests.craft import tars
from tests.craft.archives import Part, archive
from tests.properties import bends, fuzz

MUTANTS = 8


@pytest.fixture(scope="module")
def samples():
    return fuzz.taken(fuzz.everything([], 20_000))


@pytest.mark.parametrize("scanner", SCANNERS, ids=lambda scanner: scanner.name)
def test_mutants_of_what_a_reader_takes_keep_the_laws(samples, scanner):
    own = samples[scanner.name]
    assert own, "fuzz.SEEDS is the place for a sample"
    chance = random.Random(scanner.name)
    for _ in range(MUTANTS):
        for _ in fuzz.check(chance, chance.choice(own), [sample.data for sample in own]):
            pass


def mutants(data):
    return [bends.bend(random.Random(seed), data, [data]) for seed in range(40)]


def test_bent_members_lie_in_archives_that_open():
    made = archive(Part("a.txt", b"words " * 50, 8), Part("b.bin", b"\x80\x04N."))
    assert sum(content("a.txt", data) not in {b"words " * 50, None} for data in mutants(made)) > 5


def content(name, data):
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as opened:
            return opened.read(name)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, NotImplementedError, RuntimeError, EOFError, zlib.error):
        return None


def test_bent_headers_of_tar_keep_their_checksums():
    made = tars.tar(tars.member("a.txt", b"words"))
    headers = [data[:512] for data in mutants(made) if data[:512] != made[:512] and len(data) == len(made)]
    assert sum(bends._tar_sum(data) == data[148:154] for data in headers) > 5
