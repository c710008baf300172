"""Makes gguf/*.gguf: what gguf-py writes, of all value types, in both byte orders, and of quantised tensors.

gguf 0.19, numpy 2.4:

    python -m venv /tmp/v && /tmp/v/bin/pip install gguf==0.19.0
    cd tests/data && /tmp/v/bin/python make_gguf.py
"""

from pathlib import Path

import gguf
import numpy as np

OUT = Path(__file__).parent / "gguf"
TEMPLATE = "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}{% endfor %}"


def metadata(writer, *, template):
    writer.add_name("Tiny")
    writer.add_url("https://huggingface.co/acme/tiny")
    writer.add_source_url("https://github.com/acme/tiny")
    writer.add_languages(["en", "de"])
    writer.add_context_length(64)
    writer.add_embedding_length(256)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_tokenizer_model("gpt2")
    words = [f"word{number}" for number in range(300)]
    writer.add_token_list(words)
    writer.add_token_types([1] * len(words))
    writer.add_token_scores([-float(number) for number in range(len(words))])
    writer.add_token_merges([f"{a} {b}" for a, b in zip(words, words[1:])])
    writer.add_add_bos_token(True)
    if template:
        writer.add_chat_template(TEMPLATE)
        writer.add_chat_template([{"name": "tool_use", "template": TEMPLATE}])


def write(name, *, order=gguf.GGUFEndian.LITTLE, template=False, alignment=None):
    writer = gguf.GGUFWriter(OUT / name, "llama", endianess=order)
    if alignment:
        writer.add_custom_alignment(alignment)
    metadata(writer, template=template)
    random = np.random.RandomState(0)
    kinds = [
        kind
        for kind in gguf.GGMLQuantizationType
        if order == gguf.GGUFEndian.LITTLE and kind not in {gguf.GGMLQuantizationType.Q8_1}
    ]
    for kind in kinds:
        elements, length = gguf.GGML_QUANT_SIZES[kind]
        data = random.randint(0, 256, (3, 256 // elements * length)).astype(np.uint8)
        writer.add_tensor(f"blk.0.{kind.name.lower()}.weight", data, raw_dtype=kind)
    writer.add_tensor("output_norm.weight", random.rand(7).astype(np.float32))
    writer.add_tensor("output.weight", random.rand(2, 3, 4, 5).astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def vocabulary(name):
    writer = gguf.GGUFWriter(OUT / name, "llama")
    metadata(writer, template=False)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    write("types.gguf")
    write("big-endian.gguf", order=gguf.GGUFEndian.BIG)
    write("aligned.gguf", alignment=512)
    write("template.gguf", template=True)
    vocabulary("vocabulary.gguf")
