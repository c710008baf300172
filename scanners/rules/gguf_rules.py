"""GGUF and the formats before it: what bends their layout, and what their metadata leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanners.findings import Rule
from scanners.rules.case import bent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.facts import AnomalyCode
    from scanners.findings import Finding
    from scanners.rules.case import Case

_FORMAT: Final = "https://github.com/ggml-org/ggml/blob/master/docs/gguf.md"
_REWRITE: Final = "Do not load it; ask the publisher for a file that llama.cpp's own converter wrote."
_PARSERS: Final = (
    "The parsers are C and C++, and a dozen advisories on them begin with a number that nobody checked; older releases"
    " live on inside of other programs."
)

ANOMALIES: Final[dict[AnomalyCode, Rule]] = {
    "gguf.bounds": Rule(
        "gguf-bounds",
        "medium",
        "A number in the header is not what any writer writes",
        f"A count, a length, a type or a shape does not fit the file. {_PARSERS}",
        _REWRITE,
        (_FORMAT, "https://nvd.nist.gov/vuln/detail/CVE-2024-23496", "https://nvd.nist.gov/vuln/detail/CVE-2024-21825"),
    ),
    "gguf.overflow": Rule(
        "gguf-overflow",
        "high",
        "A number in the header is as large as an integer gets",
        f"It is chosen so that what a parser computes with it wraps around. {_PARSERS}",
        _REWRITE,
        (_FORMAT, "https://nvd.nist.gov/vuln/detail/CVE-2025-53630", "https://nvd.nist.gov/vuln/detail/CVE-2024-21836"),
    ),
    "gguf.offsets": Rule(
        "gguf-offsets",
        "medium",
        "Tensors overlap, leave holes or do not stand where they should",
        "The data is not laid out as the format asks. llama.cpp refuses such a file; other readers go on.",
        _REWRITE,
        (_FORMAT,),
    ),
    "gguf.duplicate": Rule(
        "gguf-duplicate",
        "medium",
        "The header names a key or a tensor twice",
        "Readers disagree about which of the two counts, so what was examined need not be what is used.",
        _REWRITE,
        (_FORMAT, "https://cwe.mitre.org/data/definitions/436.html"),
    ),
    "gguf.trailing": Rule(
        "gguf-trailing",
        "low",
        "There are bytes behind the last tensor",
        "No reader of the format looks at them. It is a place to keep something that a second step picks up.",
        "Ask the publisher what they are.",
        (_FORMAT,),
    ),
    "gguf.link": Rule(
        "gguf-link",
        "low",
        "The metadata names an address that is none of the usual ones",
        "Nothing opens it by itself, but programs show it as the home of the model.",
        "Look where it leads before you follow it.",
        (_FORMAT,),
    ),
}
"""The rule that speaks of each way to bend a file."""

RULES: Final[tuple[Rule, ...]] = tuple(ANOMALIES.values())


def judge(case: Case) -> Iterator[Finding]:
    """Findings about layout and metadata."""
    return bent(case, ANOMALIES)
