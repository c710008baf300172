"""Makes tokenizers/*: what the tokenizers library, SentencePiece and tiktoken's format hold.

tokenizers 0.23, sentencepiece 0.2:

    python -m venv /tmp/v && /tmp/v/bin/pip install tokenizers==0.23.3 sentencepiece==0.2.3
    cd tests/data && /tmp/v/bin/python make_tokenizers.py
"""

import base64
import io
from pathlib import Path

import sentencepiece
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

OUT = Path(__file__).parent / "tokenizers"
LINES = [
    f"{who} {what} the {thing} {number} times, and says so."
    for number in range(7)
    for who in ("Anna", "somebody", "the reader")
    for what in ("opens", "sees", "drops")
    for thing in ("door", "letter", "ball")
]
SPECIAL = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|fim_prefix|>", "\n\n\n", "        ", "[MASK]"]


def trained(model, trainer, **parts):
    tokenizer = Tokenizer(model)
    for name, part in parts.items():
        setattr(tokenizer, name, part)
    tokenizer.train_from_iterator(LINES, trainer)
    return tokenizer


def byte_level():
    tokenizer = trained(
        models.BPE(byte_fallback=True),
        trainers.BpeTrainer(vocab_size=400, special_tokens=SPECIAL, show_progress=False),
        pre_tokenizer=pre_tokenizers.ByteLevel(),
        decoder=decoders.ByteLevel(),
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        "<s> $A </s>", "<s> $A </s> $B </s>", [("<s>", 1), ("</s>", 2)]
    )
    return tokenizer


def unigram():
    return trained(
        models.Unigram(),
        trainers.UnigramTrainer(vocab_size=120, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False),
        normalizer=normalizers.Sequence(
            [
                normalizers.Replace("``", '"'),
                normalizers.Replace(Regex(" {2,}"), "▁"),
                normalizers.Prepend("▁"),
                normalizers.NFKC(),
            ]
        ),
        pre_tokenizer=pre_tokenizers.Metaspace(),
        decoder=decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]),
    )


def pieces(kind):
    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES), model_writer=made, vocab_size=30 if kind == "bpe" else 60, model_type=kind, hard_vocab_limit=kind == "bpe",
        user_defined_symbols=["<sep>"], normalization_rule_name="identity", minloglevel=2,
    )  # fmt: skip
    return made.getvalue()


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    byte_level().save(str(OUT / "byte-level.json"))
    unigram().save(str(OUT / "unigram.json"))
    for path in byte_level().model.save(str(OUT), "byte-level"):
        print(path)
    words = trained(models.WordPiece(unk_token="[UNK]"), trainers.WordPieceTrainer(special_tokens=["[UNK]"]))
    words.model.save(str(OUT), "words")
    for kind in ("unigram", "bpe"):
        (OUT / f"{kind}.model").write_bytes(pieces(kind))
    ranks = [bytes([each]) for each in range(256)] + [b"in", b" the", b" and"]
    (OUT / "ranks.tiktoken").write_bytes(b"".join(b"%s %d\n" % (base64.b64encode(each), n) for n, each in enumerate(ranks)))
