"""tokenizer.json of the tokenizers library: no code, but what is made of a text before and after a model sees it.

Honest tokenizers replace blanks and quotes; one that puts words or addresses into texts changes what a model is told,
or what it says (threats.md 8.6).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeGuard

from scanners.binary.tree import texts, walk
from scanners.facts import Code, clip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.scanner import Scan

_STEPS: Final = ("normalizer", "pre_tokenizer", "post_processor", "decoder")
_WORDS: Final = re.compile(r"[^\W\d_]{4,}|://")
"""More than a ligature or a quote that is written out."""
_ODD: Final = re.compile(
    r"://|\bwww\.|[\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]|(?:\S*[^\W\d_]{2,}\S*\s+){4}\S*[^\W\d_]{2}"
)
"""An address, letters that run backwards or are not seen, or a sentence."""
_STATED_MOST: Final = 16
_NUMBER: Final = re.compile(r"[0-9]{1,9}")
_TOKENS_MOST: Final = 2_048
"""Special tokens that are stated, those of the lowest numbers: they are only compared."""


def is_tokenizer(document: object) -> TypeGuard[dict[str, object]]:
    """Whether a document is a tokenizer of that library."""
    if not isinstance(document, dict) or "added_tokens" not in document:
        return False
    model = document.get("model")
    return isinstance(model, dict) and "vocab" in model


def state_tokenizer(document: dict[str, object], scan: Scan) -> None:
    """State what it writes into texts, and which of its words share a number."""
    for detail in list(dict.fromkeys(_rewrites(document)))[:_STATED_MOST]:
        scan.anomaly("tokenizer.rewrites", detail)
    added = document["added_tokens"]
    tokens = [each for each in added if isinstance(each, dict)] if isinstance(added, list) else []
    for detail in list(dict.fromkeys(_odd(tokens)))[:_STATED_MOST]:
        scan.anomaly("tokenizer.added-text", detail)
    model = document["model"]
    vocabulary = model["vocab"] if isinstance(model, dict) else None
    if isinstance(vocabulary, dict):
        for detail in list(_shared(vocabulary, tokens))[:_STATED_MOST]:
            scan.anomaly("tokenizer.ids", detail)


def state_tokens(document: dict[str, object], scan: Scan) -> None:
    """State the special tokens of a tokenizer or of its configuration (`added_tokens_decoder`), by their numbers."""
    added, decoder = document.get("added_tokens"), document.get("added_tokens_decoder")
    rows: list[tuple[object, object]] = list(decoder.items()) if isinstance(decoder, dict) else []
    rows += [(each.get("id"), each) for each in added if isinstance(each, dict)] if isinstance(added, list) else []
    tokens: dict[int, str] = {}
    for number, each in rows:
        if isinstance(each, dict) and each.get("special") is True and _NUMBER.fullmatch(str(number)):
            tokens |= {int(str(number)): text for text in texts(each.get("content"))[-1:]}
    if said := tuple(f"{number} {clip(tokens[number])}" for number in sorted(tokens)[:_TOKENS_MOST]):
        scan.state_code(Code("tokens", "", strings=said, member=scan.member))


def _rewrites(document: dict[str, object]) -> Iterator[str]:
    for step in _STEPS:
        branch = document.get(step)
        for value, _ in walk(branch) if isinstance(branch, dict | list) else ():
            if not isinstance(value, dict):
                continue
            for key in ("content", "prepend"):
                text = value.get(key)
                if isinstance(text, str) and _WORDS.search(text):
                    yield f"{step}: {value.get('type')} {value.get('pattern', '')} by {text!r}"
            tokens = value.get("tokens")
            for text in tokens if isinstance(tokens, list) else ():
                if isinstance(text, str) and _ODD.search(text):
                    yield f"{step}: adds {text!r}"


def _odd(tokens: list[dict[str, object]]) -> Iterator[str]:
    for token in tokens:
        text = token.get("content")
        if isinstance(text, str) and _ODD.search(text):
            yield f"{text!r}"


def _shared(vocabulary: dict[str, object], tokens: list[dict[str, object]]) -> Iterator[str]:
    """Numbers that stand for two different words."""
    words: dict[int, str] = {}
    for word, number in vocabulary.items():
        if isinstance(number, int) and words.setdefault(number, word) != word:
            yield f"{number}: {words[number]!r} and {word!r}"
    for token in tokens:
        number, text = token.get("id"), token.get("content")
        if isinstance(number, int) and isinstance(text, str) and words.get(number, text) != text:
            yield f"{number}: {words[number]!r} and {text!r}"
