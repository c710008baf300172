"""Large models of other formats over a shaped link; writes its part of docs/bench.md.

.venv/bin/python bench/models.py
"""

import json

import page
from run import GB, audit

from audit.demo.blobs import SparseContent
from audit.demo.faults import Shape
from tests.craft import onnx
from tests.craft.ggml import ARRAY, I32, TEMPLATE, TEXT, Gguf
from tests.craft.tensorflow import field, number, varint
from tests.hub import repo, serve

LINK = "Large models over a link of 30 ms and 100 MB/s"
VOCABULARY = 128_000
WIDTH = 2048
LAYER = {
    "attention.q": WIDTH * WIDTH, "attention.k": WIDTH * WIDTH // 4, "attention.v": WIDTH * WIDTH // 4,
    "attention.o": WIDTH * WIDTH, "norm": WIDTH, "gate": 4 * WIDTH * WIDTH, "up": 4 * WIDTH * WIDTH,
    "down": 4 * WIDTH * WIDTH, "norm2": WIDTH,
}  # fmt: skip
"""Elements of the tensors of one layer, each of two bytes."""


def tensors(layers):
    """Names and elements: words, then layers."""
    yield "embedding", VOCABULARY * WIDTH
    for layer in range(layers):
        yield from ((f"layers.{layer}.{name}.weight", count) for name, count in LAYER.items())


def gguf():
    words = [f"Ġ{number:x}" for number in range(VOCABULARY)]
    file = Gguf().key("tokenizer.ggml.tokens", ARRAY, (TEXT, words))
    file.key("tokenizer.ggml.token_type", ARRAY, (I32, [1] * VOCABULARY))
    file.key("tokenizer.ggml.merges", ARRAY, (TEXT, [f"{word} {word}" for word in words * 2]))
    file.key("tokenizer.chat_template", TEXT, TEMPLATE)
    at = 0
    for name, count in tensors(18):
        file.tensor(name, (count,), 1, at)
        at += 2 * count
    header = file.made()
    return SparseContent(len(header) + at, ((0, header),))


def safetensors():
    """A mixture of experts: a thousand tensors."""
    header, at = {}, 0
    for index in range(1000):
        header[f"experts.{index}.weight"] = {
            "dtype": "BF16",
            "shape": [1024, 1200],
            "data_offsets": [at, at + 2_457_600],
        }
        at += 2_457_600
    text = json.dumps(header).encode()
    return SparseContent(8 + len(text) + at, ((0, len(text).to_bytes(8, "little") + text),))


def onnx_model():
    parts = []
    for name, count in tensors(18):
        head = number(1, count) + number(2, 10) + field(8, name) + varint(9 << 3 | 2) + varint(2 * count)
        parts.append((varint(5 << 3 | 2) + varint(len(head) + 2 * count) + head, 2 * count))
    nodes = b"".join(field(1, onnx.node("MatMul", "x", name, name=f"/{name}/MatMul")) for name, _ in tensors(18))
    length = len(nodes) + sum(len(head) + size for head, size in parts)
    start = number(1, 8) + field(2, "pytorch") + varint(7 << 3 | 2) + varint(length) + nodes
    pieces, at = [(0, start)], len(start)
    for head, size in parts:
        pieces.append((at, head))
        at += len(head) + size
    end = field(8, field(1, "") + number(2, 17))
    return SparseContent(at + len(end), (*pieces, (at, end)))


def rows():
    yield "| model | size, GiB | bytes fetched | share | requests | seconds, whole command | verdict |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for title, name, make in (
        (f"GGUF, {VOCABULARY:,} words", "model.gguf", gguf),
        ("safetensors, 1,000 tensors", "model.safetensors", safetensors),
        ("ONNX, 163 tensors", "model.onnx", onnx_model),
    ):
        content = make()
        with serve(repo("org/m", {name: content}), shape=Shape(latency=0.03, bandwidth=100_000_000)) as hub:
            seconds, document = audit(hub)
        stats = document["stats"]
        fetched = stats["bytes_fetched"]
        share = f"{fetched / len(content):.2%}"
        cells = (title, f"{len(content) / GB:.1f}", f"{fetched:,}", share, stats["requests"], f"{seconds:.2f}")
        yield f"| {' | '.join(map(str, cells))} | {document['verdict']} |"


if __name__ == "__main__":
    page.put({LINK: [f"By `bench/models.py` on {page.machine()}.", "", *rows()]})
