"""Keys and passwords that a publisher has left in a file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.findings import Rule
from scanners.secrets import PRIVATE_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.anomalies import AnomalyCode
    from scanners.findings import Finding
    from scanners.rules.case import Case

SECRET: Final = Rule(
    "secret-in-file",
    "medium",
    "A key or a password is in the file",
    "Everybody who can read the repository has it, in every commit from then on. Whoever uses it acts in the name of"
    " the publisher, and may change what the publisher publishes.",
    "Revoke it; taking it out of the file is not enough. As a user, be wary of what was published since.",
    ("https://cwe.mitre.org/data/definitions/798.html", "https://huggingface.co/docs/hub/security-secrets"),
)

ANOMALIES: Final[dict[AnomalyCode, Rule]] = {"text.secret": SECRET}
RULES: Final[tuple[Rule, ...]] = (SECRET,)

_HIGH: Final = frozenset((PRIVATE_KEY, "AWS access key", "AWS secret key", "Azure account key"))
_WORDS: Final = re.compile(
    r"(?:.*/)?(?:[^/]*vocab[^/]*|merges\.txt|tokenizer(?:_config)?\.json|[^/]*\.(?:bpe|tiktoken))", re.IGNORECASE
)
"""Lists of words and of pieces of words, in which anything stands."""
_MOST: Final = 20


def judge(case: Case) -> Iterator[Finding]:
    """Findings about secrets, each once, however many parts of the file show it."""
    if _WORDS.fullmatch(case.path):
        return
    told: set[str] = set()
    for fact in case.anomalies:
        if fact.code == "text.secret" and fact.detail not in told and len(told) < _MOST:
            told.add(fact.detail)
            kind = fact.detail.partition(": ")[0]
            yield SECRET.at(
                f"{SECRET.title}: {fact.detail}",
                member=fact.member,
                offset=fact.offset,
                severity="high" if kind in _HIGH else None,
                kind=kind,
            )
