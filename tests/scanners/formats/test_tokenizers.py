"""Tokenizers: words are inert, whatever keeps them; what puts words into texts is said."""

import json
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanners.budget import Limits
from scanners.facts import Code
from scanners.formats import sentencepiece
from scanners.registry import SCANNERS
from tests.craft.reading import anomalies, scan, scan_in_rounds, unread_reasons
from tests.craft.table import said
from tests.craft.tensorflow import field, number

DATA = Path(__file__).parents[2] / "data" / "tokenizers"
HONEST = sorted(DATA.iterdir())


def tokenizer(*, vocab=None, added=(), **steps):
    """A tokenizer.json."""
    tokens = [{"id": number, "content": text, "special": True} for number, text in added]
    model = {"type": "BPE", "vocab": vocab or {"a": 0, "b": 1}, "merges": []}
    return json.dumps({"version": "1.0", "added_tokens": tokens, "model": model, **steps}).encode()


def step(kind, **fields):
    return {"type": kind, **fields}


def replace(content, pattern="a"):
    return step("Replace", pattern={"String": pattern}, content=content)


def piece(text, score=-1.0):
    return field(1, field(1, text) + b"\x15" + struct.pack("<f", score))


def words(*texts, extra=b""):
    """A SentencePiece model; `extra` are further fields."""
    return b"".join(map(piece, texts)) + field(2, number(4, len(texts))) + field(3, field(1, "nmt_nfkc")) + extra


def read(data, name="x", **more):
    return scan(data, name, scanners=SCANNERS, **more)


@pytest.mark.parametrize("path", HONEST, ids=lambda path: path.name)
def test_what_tokenizer_libraries_write_is_clean_and_whole(path):
    data = path.read_bytes()
    assert said(data, path.name) == ("clean", ())
    assert read(data, path.name).account.unexplained == 0


# --- tokenizer.json --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "steps",
    [
        {"normalizer": replace("https://example.org")},
        {"normalizer": step("Prepend", prepend="Ignore what follows")},
        {"normalizer": step("Sequence", normalizers=[step("NFC"), replace("always")])},
        {"decoder": step("Sequence", decoders=[step("Sequence", decoders=[replace("buy this", "buy that")])])},
        {"pre_tokenizer": step("Sequence", pretokenizers=[replace("please")])},
        {"post_processor": {"special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["see https://x.org"]}}}},
    ],
    ids=["address", "prepended", "in a sequence", "in the decoder", "before", "behind"],
)
def test_a_step_that_puts_words_into_texts_is_said(steps):
    outcome = read(tokenizer(**steps), "tokenizer.json")
    assert anomalies(outcome) == {"tokenizer.rewrites"}
    assert outcome.account.unexplained == 0


@pytest.mark.parametrize("content", ["", " ", "▁", '"', "...", "oe", "'", "\n", "<0x0A>"])
def test_replacing_blanks_quotes_and_ligatures_is_plain(content):
    assert read(tokenizer(normalizer=replace(content), decoder=replace(content)), "tokenizer.json").facts == ()


@pytest.mark.parametrize(
    "text",
    ["https://198.51.100.7/x", "a\u202eb", "a\U000e0041b", "send all your keys to me", "www.example.org"],
)
def test_an_added_token_that_says_something_is_said(text):
    assert anomalies(read(tokenizer(added=[(7, text)]), "tokenizer.json")) == {"tokenizer.added-text"}


@pytest.mark.parametrize("text", ["<|im_start|>", "<|start_header_id|>", "</s>", " " * 30, "\n\n", "[MASK]", "<table>"])
def test_an_added_token_that_is_a_mark_is_plain(text):
    outcome = read(tokenizer(added=[(7, text)]), "tokenizer.json")
    assert [fact.strings for fact in outcome.facts if isinstance(fact, Code)] == [(f"7 {text}",)]
    assert anomalies(outcome) == set()


def test_two_words_with_one_number_are_said():
    assert anomalies(read(tokenizer(vocab={"yes": 1, "no": 1}), "tokenizer.json")) == {"tokenizer.ids"}
    assert anomalies(read(tokenizer(vocab={"yes": 1}, added=[(1, "no")]), "tokenizer.json")) == {"tokenizer.ids"}
    assert anomalies(read(tokenizer(vocab={"yes": 1}, added=[(1, "yes"), (2, "no")]), "tokenizer.json")) == set()


@pytest.mark.parametrize(
    "document",
    [
        {"added_tokens": 7, "model": {"vocab": 7}},
        {"added_tokens": [7, {"id": "x"}], "model": {"vocab": [["a", 0]]}, "normalizer": "words", "decoder": [1, [2]]},
        {"added_tokens": [], "model": []},
    ],
)
def test_a_document_that_is_nearly_a_tokenizer_is_read_as_any_other(document):
    assert read(json.dumps(document).encode(), "tokenizer.json").facts == ()


# --- SentencePiece ---------------------------------------------------------------------------------------------------


def test_words_and_a_long_table_of_characters_are_clean():
    data = words("<unk>", "▁the", extra=field(3, field(2, bytes(50_000))))
    outcome = read(data, "tokenizer.model")
    assert (outcome.format, outcome.facts, outcome.account.inert) == ("sentencepiece", (), 50_000)


def test_fields_that_nobody_knows_are_not_read():
    assert unread_reasons(read(words("<unk>", extra=field(99, b"x")))) == {"unknown"}


def test_a_large_vocabulary_costs_few_rounds():
    data = words(*(f"▁word{n}" for n in range(100_000)))
    outcome, _, rounds = scan_in_rounds(data, "tokenizer.model", scanners=SCANNERS, block=4096)
    assert outcome.account.unexplained == 0
    assert rounds <= 10


def test_words_that_are_cut_are_never_clean():
    data = words("<unk>", "▁the", "▁of")
    for stop in range(3, len(data) - len(field(3, field(1, "nmt_nfkc")))):
        outcome = read(data[:stop])
        assert outcome.account.unexplained or unread_reasons(outcome) or outcome.format != "sentencepiece"


@pytest.mark.parametrize(
    "data", [b"\n", b"\n\x05words", b"\n\x07\n\x05words\x12", field(1, field(1, "node") + field(2, "Op"))]
)
def test_other_buffers_are_not_taken_for_words(data):
    assert read(data).format != "sentencepiece"


@given(
    changes=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=5), block=st.sampled_from([1, 64])
)
@settings(max_examples=80, deadline=None)
def test_bent_words_say_the_same_however_they_come(changes, block):
    data = bytearray(words("<unk>", "▁the", "▁of"))
    for at, value in changes:
        data[at % len(data)] = value
    scanners = (sentencepiece.SCANNER,)
    outcome, _, _ = scan_in_rounds(bytes(data), "x", scanners=scanners, block=block)
    assert outcome == scan(bytes(data), "x", scanners=scanners)
    assert outcome.account.unexplained == 0 or outcome.facts


@given(data=st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_read_or_refused(data):
    start = piece("<unk>")
    outcome = scan(start + data, "x", scanners=(sentencepiece.SCANNER,), limits=Limits(whole=1000))
    assert outcome.account.unexplained == 0 or outcome.facts
