"""Compressed files that hold more than their content, or whose content is not what was compressed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanners.findings import Rule
from scanners.rules.case import bent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.facts import AnomalyCode
    from scanners.findings import Finding, Severity
    from scanners.rules.case import Case

_REMEDY: Final = "Do not load it; ask the publisher for a file that an ordinary compressor wrote, or for safetensors."


def _compressed(name: str, severity: Severity, title: str, why: str, *references: str) -> Rule:
    return Rule(f"compressed-{name}", severity, title, why, _REMEDY, references)


ANOMALIES: Final[dict[AnomalyCode, Rule]] = {
    "compressed.trailing": _compressed(
        "trailing",
        "medium",
        "There are bytes behind the compressed content",
        "Readers ignore them, or complain only once they have loaded the content. Compressors write none: it is a place"
        " to keep something that a second step picks up.",
        "https://docs.python.org/3/library/bz2.html#bz2.BZ2Decompressor.unused_data",
    ),
    "compressed.checksum": _compressed(
        "checksum",
        "medium",
        "A checksum does not fit the decompressed content",
        "The content was changed after it was compressed. Readers find out at its end, when what was loaded has acted;"
        " some never look.",
        "https://www.rfc-editor.org/rfc/rfc1952#section-2.3.1",
    ),
    "compressed.name": _compressed(
        "name",
        "low",
        "The compressed file says that its content has a name of another kind",
        "Programs that restore the name (`gunzip --name`) make a file of it that is not what was downloaded.",
        "https://www.rfc-editor.org/rfc/rfc1952#section-2.3.1",
    ),
    "compressed.skipped": _compressed(
        "skipped",
        "low",
        "The compressed file holds a part that readers skip",
        "Header fields and skippable frames carry what the decompressed content does not show.",
        "https://www.rfc-editor.org/rfc/rfc8878#section-3.1.2",
    ),
}
"""The rule that speaks of each way to bend a compressed file."""

RULES: Final[tuple[Rule, ...]] = tuple(ANOMALIES.values())


def judge(case: Case) -> Iterator[Finding]:
    """Findings about compressed files."""
    return bent(case, ANOMALIES)
