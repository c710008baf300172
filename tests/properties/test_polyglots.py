"""Two files in one: no pair of honest files of any two formats, one behind the other, passes for an honest file.

A pair is found, or it is incomplete. Where a reader takes both for one file, as its loaders do, that is said here.
"""

from functools import cache

import pytest

from scanners.registry import SCANNERS
from tests.craft.archives import Part, archive
from tests.craft.arrays import npy
from tests.craft.ggml import one
from tests.craft.pickles import asm, system
from tests.craft.reading import scan
from tests.craft.table import honest, said
from tests.craft.tars import member, tar

LARGEST = 5_000
SMALL = {
    "words.txt": b"Some words in a text.\n" * 10,
    "a.py": b"import math\nx = math.pi\n",
    "a.sh": b"#!/bin/sh\necho hello\n",
    "a.yaml": b"a: 1\nb: [2, 3]\n",
    "a.zip": archive(Part("a.txt", b"words")),
    "a.tar": tar(member("a.txt", b"words")),
    "a.npy": npy(),
    "a.gguf": one().made(bytes(32)),
}
PICKLE = asm(system(), "STOP")
TORCH = archive(Part("archive/data.pkl", PICKLE), Part("archive/version", b"3"))

ANYTHING_BEHIND = {
    "onnx.data": "what a model beside it asks for by place, whatever it is",
    "openvino.weights": "the same",
    "tf.checkpoint.data": "the same",
    "torch.dcp": "files that an index beside it tells apart",
}
"""Formats that a name makes of whatever no other reader has a say about."""
TEXTS = frozenset(
    "jinja json json.model json.tfjs lightgbm modelfile openvino pmml python requirements shell spacy.config svg text"
    " tf.checkpoint.list tf.graph.text yaml".split()
)
"""Words behind words are words; a structure that they bend is for its reader to tell."""
ONE = {
    ("lzma", "xz"): "decompressors go on with the next stream",
    ("xz", "lzma"): "the same",
    ("tiff", "yaml"): "as few bytes as writers of TIFF leave at their end",
    ("tiff", "safetensors"): "the same",
    ("text", "torch.legacy"): "pickles are looked for behind words, and all of it is read",
    ("jinja", "tar"): "a template may have any letters, and its loader reads no other format",
    ("jinja", "safetensors"): "the same",
    ("lightgbm", "msgpack"): "letters that are words too",
    ("lightgbm", "pdf"): "readers of PDF look for it in the first 1,024 bytes",
    ("requirements", "msgpack"): "letters that are words too",
    ("shell", "msgpack"): "the same",
}
"""Pairs that are one file to a loader, or of which the second is nothing that a loader would look for there."""


@cache
def samples():
    """The smallest honest file of each format: its name and its bytes."""
    found = {}
    for name, content in [*SMALL.items(), *((path.name, path.read_bytes()) for path in honest().values())]:
        if 8 <= len(content) <= LARGEST and said(content, name) == ("clean", ()):
            kind = scan(content, name, scanners=SCANNERS).format
            if kind not in found or len(content) < len(found[kind][1]):
                found[kind] = (name, content)
    return found


def passes(first, second):
    """Whether the second behind the first passes for an honest file, under the name of one of them or under none."""
    (name, content), (other, behind) = samples()[first], samples()[second]
    names = (name, other, "x")
    return said(content + behind, names[(len(content) + len(behind)) % 3]) == ("clean", ())


def test_there_are_many_formats():
    assert len(samples()) > 60
    assert {"zip", "pickle", "gguf", "safetensors", "png", "pdf", "tar", "npy", "mp3", "flac"} <= set(samples())


@pytest.mark.parametrize("first", sorted(samples()))
def test_no_file_behind_another_passes(first):
    allowed = {first, *(second for one, second in ONE if one == first)}
    if first in ANYTHING_BEHIND:
        return
    allowed |= ANYTHING_BEHIND.keys() | (TEXTS if first in TEXTS else set())
    assert {second for second in samples().keys() - allowed if passes(first, second)} == set()


def test_each_pair_that_is_let_pass_is_of_formats_that_there_are():
    assert {kind for pair in ONE for kind in pair} <= set(samples())


@pytest.mark.parametrize("first", sorted(samples()))
def test_what_loaders_find_before_or_behind_any_file_is_found(first):
    name, content = samples()[first]
    assert said(content + TORCH, name)[0] == "malicious"
    assert said(PICKLE + content, "x")[0] == "malicious"
