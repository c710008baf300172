"""Twenty repositories in the shape of popular ones: texts of `tests/data/lookalikes`, weights of the real libraries."""

import struct
import zlib
from pathlib import Path

from tests.craft.pickles import built, instance, named, stream, text

DATA = Path(__file__).parents[1] / "data"
ATTRIBUTES = "".join(
    f"*.{suffix} filter=lfs diff=lfs merge=lfs -text\n"
    for suffix in "7z arrow bin ckpt gguf h5 joblib model msgpack npz onnx ot pkl pt pth safetensors tflite zip".split()
).encode()
OWN_CODE = {"qwen-own-code", "phi"}
"""Those that cannot be loaded but by the code that they bring."""


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def picture(width=4, height=4):
    """A PNG of one colour."""
    lines = zlib.compress((b"\0" + b"\x80\x40\x20" * width) * height)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", lines) + _chunk(b"IEND", b"")


def _yolo():
    """A checkpoint of ultralytics, its model a whole object."""
    model = built(
        instance(named("ultralytics.nn.tasks", "DetectionModel")),
        text("training"), b"\x89", text("yaml_file"), text("yolov8n.yaml"),
        text("model"), built(instance(named("torch.nn.modules.container", "Sequential")), text("training"), b"\x89"),
    )  # fmt: skip
    return stream(
        b"}(", text("epoch"), b"J\xff\xff\xff\xff", text("model"), model, text("version"), text("8.0.0"), b"u"
    )


def _voice():
    """A voice of RVC: weights, and what they were made with."""
    keys = (text("weight"), b"}", text("sr"), text("40k"), text("f0"), b"K\x01", text("version"), text("v2"))
    return stream(b"}(", *keys, text("info"), text("300epoch"), b"u")


WEIGHTS = {
    "bert": {
        "model.safetensors": "torch/model.safetensors",
        "pytorch_model.bin": "torch/state_dict.pt",
        "tf_model.h5": "keras/keras3.weights.h5",
        "tokenizer.json": "tokenizers/byte-level.json",
        "vocab.txt": "tokenizers/words-vocab.txt",
    },
    "diffusers": {
        "text_encoder/model.safetensors": "torch/model.safetensors",
        "tokenizer/merges.txt": "tokenizers/byte-level-merges.txt",
        "tokenizer/vocab.json": "tokenizers/byte-level-vocab.json",
        "unet/diffusion_pytorch_model.fp16.safetensors": "torch/model.safetensors",
        "vae/diffusion_pytorch_model.safetensors": "torch/model.safetensors",
        "vae_encoder/model.onnx": "onnx/dense.onnx",
    },
    "gguf": {"template.gguf": "gguf/template.gguf", "vocabulary.gguf": "gguf/vocabulary.gguf"},
    "keras": {"model.weights.h5": "keras/keras3.weights.h5", "config.json": "keras/keras3-functional.json"},
    "llama": {
        "model-00001-of-00001.safetensors": "torch/model.safetensors",
        "original/consolidated.00.pth": "torch/state_dict.pt",
        "original/tokenizer.model": "tokenizers/ranks.tiktoken",
        "tokenizer.json": "tokenizers/byte-level.json",
    },
    "lora": {
        "adapter_model.safetensors": "torch/model.safetensors",
        "checkpoint-500/optimizer.pt": "torch/optimizer.pt",
        "tokenizer.json": "tokenizers/byte-level.json",
    },
    "mlx": {"model.safetensors": "torch/model.safetensors", "tokenizer.json": "tokenizers/byte-level.json"},
    "phi": {"model.safetensors": "torch/model.safetensors", "tokenizer.model": "tokenizers/bpe.model"},
    "qwen": {
        "merges.txt": "tokenizers/byte-level-merges.txt",
        "model.safetensors": "torch/model.safetensors",
        "tokenizer.json": "tokenizers/byte-level.json",
        "vocab.json": "tokenizers/byte-level-vocab.json",
    },
    "qwen-own-code": {"goose.tiktoken": "tokenizers/ranks.tiktoken", "model.safetensors": "torch/model.safetensors"},
    "rvc": {},
    "sb3": {
        "ppo.zip": "corpus/sb3-2.9/ppo.zip",
        "ppo/policy.optimizer.pth": "corpus/sb3-2.9/ppo.policy.optimizer.pth",
        "ppo/policy.pth": "corpus/sb3-2.9/ppo.policy.pth",
        "ppo/pytorch_variables.pth": "corpus/sb3-2.9/ppo.pytorch_variables.pth",
    },
    "sentence-transformers": {
        "model.safetensors": "torch/model.safetensors",
        "onnx/model.onnx": "onnx/dense.onnx",
        "pytorch_model.bin": "torch/state_dict.pt",
        "tokenizer.json": "tokenizers/byte-level.json",
        "vocab.txt": "tokenizers/words-vocab.txt",
    },
    "sklearn": {
        "model.pkl": "corpus/sklearn-1.9/HistGradientBoostingClassifier.p2.pkl",
        "sklearn_model.joblib": "corpus/sklearn-1.9/HistGradientBoostingClassifier.joblib",
    },
    "spacy": {},
    "speechbrain": {"embedding_model.ckpt": "torch/state_dict.pt"},
    "timm": {"model.safetensors": "torch/model.safetensors", "pytorch_model.bin": "torch/state_dict.pt"},
    "transformers-js": {
        "onnx/model.onnx": "onnx/external.onnx",
        "onnx/external.onnx_data": "onnx/external.onnx_data",
        "onnx/model_quantized.onnx": "onnx/optimised.onnx",
        "tokenizer.json": "tokenizers/byte-level.json",
    },
    "whisper": {
        "merges.txt": "tokenizers/byte-level-merges.txt",
        "model.safetensors": "torch/model.safetensors",
        "vocab.json": "tokenizers/byte-level-vocab.json",
    },
    "yolo": {"yolov8n.onnx": "onnx/dense.onnx", "yolov8n.tflite": "tflite/dense.tflite"},
}
"""Where the weights of each repository come from."""
MADE = {
    "diffusers": {"01.png": picture()},
    "rvc": {"nobody.pth": _voice()},
    "yolo": {"results.png": picture(8, 8), "yolov8n.pt": _yolo()},
}


def lookalike(name):
    """All files of one repository, path to content."""
    folder = DATA / "lookalikes" / name
    written = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    weights = {path: (DATA / source).read_bytes() for path, source in WEIGHTS[name].items()}
    return {".gitattributes": ATTRIBUTES, **written, **weights, **MADE.get(name, {})}
