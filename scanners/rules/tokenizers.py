"""Tokenizers: what they put into texts, and words that share a number (threats.md 8.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanners.findings import Rule
from scanners.rules.case import bent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.facts import AnomalyCode
    from scanners.findings import Finding
    from scanners.rules.case import Case

_FORMAT: Final = "https://huggingface.co/docs/tokenizers/components"
_ATLAS: Final = "https://atlas.mitre.org/techniques/AML.T0018"
_COMPARE: Final = "Compare it with the tokenizer of the model that this one was made from, and use that."

ANOMALIES: Final[dict[AnomalyCode, Rule]] = {
    "tokenizer.rewrites": Rule(
        "tokenizer-rewrites-text",
        "medium",
        "The tokenizer puts words or addresses into texts",
        "A step before or behind the model replaces a part of the text by words. The model is told something that"
        " nobody wrote, or seems to say something that it did not.",
        _COMPARE,
        (_FORMAT, _ATLAS),
    ),
    "tokenizer.added-text": Rule(
        "tokenizer-added-text",
        "medium",
        "The tokenizer has a token that is a sentence or an address",
        "Added tokens mark where something begins or ends. One that holds a sentence, an address or letters that nobody"
        " sees comes out whole as soon as the model says its number.",
        _COMPARE,
        (_FORMAT, _ATLAS),
    ),
    "tokenizer.ids": Rule(
        "tokenizer-shared-id",
        "low",
        "Two words of the tokenizer have one number",
        "Which of them a text is made of depends on the reader: what the model says may look like something else.",
        _COMPARE,
        (_FORMAT,),
    ),
}
"""The rule that speaks of each oddity."""

RULES: Final[tuple[Rule, ...]] = tuple(ANOMALIES.values())


def judge(case: Case) -> Iterator[Finding]:
    """Findings about tokenizers."""
    return bent(case, ANOMALIES)
