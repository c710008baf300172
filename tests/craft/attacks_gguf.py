"""Samples of what a GGUF file, or one of the formats before it, can do to whoever parses it."""

from tests.craft.archives import Part, archive
from tests.craft.attack import several
from tests.craft.ggml import ARRAY, BOOL, F32, TEXT, U32, Gguf, Raw, before_gguf, one
from tests.craft.pickles import asm, system

ARCHIVE = archive(Part("x.pkl", asm(system(), "STOP")))
DATA = bytes(32)
HUGE = (1 << 63) - 1
WRONG = {"rule": "gguf-bounds", "severity": "medium", "verdict": "suspicious", "name": "model.gguf"}
OVERFLOW = {**WRONG, "rule": "gguf-overflow", "severity": "high", "verdict": "malicious"}
OFFSETS = {**WRONG, "rule": "gguf-offsets"}


def bad(**more):
    return Gguf().tensor("t", **more).made(DATA)


def key(kind, value):
    return Gguf().key("k", kind, value).tensor("t").made(DATA)


GGUF_ATTACKS = {
    "Counts, lengths and types that no writer writes": [
        *several(
            "8.1",
            {
                "a version that does not exist": one(version=4).made(DATA),
                "more keys than the file has room for": one().made(DATA, keys=1000),
                "more tensors than the file has room for": one().made(DATA, tensors=1000),
                "a text that is longer than the file": key(TEXT, Raw(Gguf().text("x", 5000))),
                "an array that is longer than the file": key(ARRAY, Raw(Gguf().pack("IQ", U32, 5000))),
                "an array of arrays": key(ARRAY, (ARRAY, [(U32, [1]), (U32, [2])])),
                "arrays too deep to follow": key(ARRAY, Raw(Gguf().pack("IQ", ARRAY, 1) * 40)),
                "a value of a type that does not exist": key(13, Raw(bytes(8))),
                "an array of a type that does not exist": key(ARRAY, Raw(Gguf().pack("IQ", 200, 1) + bytes(8))),
                "a truth value of 2": key(BOOL, 2),
                "a key of 70,000 bytes": Gguf().key("k" * 70_000, BOOL, 1).tensor("t").made(DATA),
                "an alignment of zero": Gguf().key("general.alignment", U32, 0).tensor("t").made(DATA),
                "an alignment of 48": Gguf().key("general.alignment", U32, 48).tensor("t").made(DATA),
                "an alignment of 2 MiB": Gguf().key("general.alignment", U32, 2 << 20).tensor("t").made(DATA),
                "an alignment that is no whole number": Gguf().key("general.alignment", F32, 32).tensor("t").made(DATA),
                "five dimensions": bad(count=5, dims=(1,) * 5),
                "a dimension of zero": bad(dims=(0, 8)),
                "a dimension that is no multiple of its blocks": bad(dims=(31,), kind=2),
                "a single number in blocks of 32": bad(dims=(), kind=2),
                "a tensor of a type that nobody will define": bad(kind=70_000),
                "GGJT: a tensor that is longer than the file": before_gguf(
                    b"tjgg", ("t", (1 << 20,), 0, DATA), version=3, scores=True, padded=True
                ),
                "GGMF: a version that does not exist": before_gguf(b"fmgg", ("t", (8,), 0, DATA), version=9, scores=True),
                "a LoRA of five dimensions": before_gguf(
                    b"algg", ("t", (1,) * 5, 0, DATA), version=1, numbers=(8, 16), words=(), padded=True
                ),
            },
            **WRONG,
        )
    ],
    "Numbers that are to wrap around": several(
        "8.1",
        {
            "2^63 - 1 keys": one().made(DATA, keys=HUGE),
            "2^64 - 1 tensors": one().made(DATA, tensors=(1 << 64) - 1),
            "a key of 2^64 - 1 bytes": Gguf(alignment=1).made(b"\xff" * 64, keys=1),
            "a text of 2^64 - 1 bytes, which grows by its zero to none": key(TEXT, Raw(Gguf().text("x", (1 << 64) - 1))),
            "an array of 2^62 numbers": key(ARRAY, Raw(Gguf().pack("IQ", U32, 1 << 62))),
            "dimensions whose product is 2^64": bad(dims=(1 << 32, 1 << 32)),
            "a dimension that is negative": bad(dims=((1 << 64) - 8,)),
            "an offset that wraps (CVE-2025-53630)": bad(offset=(1 << 64) - 64),
            "two tensors whose sizes add up to nothing (CVE-2026-27940)": Gguf()
            .tensor("a", (HUGE - 63,), 24)
            .tensor("b", (HUGE - 63,), 24, HUGE - 63)
            .made(DATA),
            "2^32 - 1 dimensions": bad(count=(1 << 32) - 1),
            "an alignment of 2^31": Gguf().key("general.alignment", U32, 1 << 31).tensor("t").made(DATA),
        },
        **OVERFLOW,
    ),
    "Layouts that readers see differently": [
        *several(
            "8.1",
            {
                "two tensors at one place": Gguf().tensor("a").tensor("b").made(DATA),
                "a tensor that begins inside of another": Gguf().tensor("a", (32,)).tensor("b", offset=64).made(bytes(128)),
                "a hole before a tensor": Gguf().tensor("a").tensor("b", offset=320).made(bytes(352)),
                "a tensor that is not aligned": Gguf().tensor("a").tensor("b", offset=33).made(bytes(65)),
                "a tensor behind the end": bad(dims=(1000,)),
            },
            **OFFSETS,
        ),
        *several(
            "8.1",
            {
                "a key twice": one().key("general.architecture", TEXT, "mamba").made(DATA),
                "a tensor twice": Gguf().tensor("a").tensor("a", offset=32).made(bytes(64)),
            },
            **{**WRONG, "rule": "gguf-duplicate"},
        ),
        *several(
            "8.1",
            {"a zip archive behind the tensors": one().made(DATA + ARCHIVE)},
            **{**WRONG, "rule": "gguf-trailing", "severity": "high", "verdict": "malicious"},
        ),
        *several(
            "8.1",
            {"a pickle in a hole": Gguf().tensor("a").tensor("b", offset=320).made(DATA + asm(system(), "STOP").ljust(288) + DATA)},
            verdict="malicious", name="model.gguf",
        ),
    ],
    "Addresses": [
        *several(
            "8.1",
            {"a home page that is elsewhere": one().key("general.repo_url", TEXT, "http://198.51.100.7/model").made(DATA)},
            **{**WRONG, "rule": "gguf-link", "severity": "low", "verdict": "clean"},
        ),
    ],
}  # fmt: skip
