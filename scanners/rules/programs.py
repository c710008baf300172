"""Programs among models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanners.findings import Rule
from scanners.rules.case import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.facts import AnomalyCode
    from scanners.findings import Finding
    from scanners.rules.case import Case

NATIVE: Final = Rule(
    "native-code",
    "high",
    "The file is a program",
    "It is machine code, or code for a virtual machine, which nobody can examine by reading a format. Under the name of"
    " a model, or inside of one, it has no honest purpose but to be loaded by something else.",
    "Do not run or load it unless you trust its publisher as you would trust a program of theirs.",
    ("https://cwe.mitre.org/data/definitions/506.html", "https://atlas.mitre.org/techniques/AML.T0074"),
)

RULES: Final[tuple[Rule, ...]] = (NATIVE,)
ANOMALIES: Final[dict[AnomalyCode, Rule]] = {"file.native-code": NATIVE}

_PROGRAMS: Final = frozenset(
    ".a .apk .appimage .class .com .cubin .deb .dex .dll .dylib .exe .jar .ko .lib .llamafile .lnk .msi .node .o .obj"
    " .pyd .rpm .scr .so .sys .wasm .whl".split()
)
"""Suffixes under which a program is what one expects."""


def judge(case: Case) -> Iterator[Finding]:
    """Findings about programs: worst where the name, or the file around it, promises something else."""
    parts = case.path.replace("\\", "/").rpartition("/")[2].lower().split(".")[1:]
    expected = any(f".{part}" in _PROGRAMS for part in parts)
    for fact in case.anomalies:
        if fact.code in ANOMALIES:
            yield NATIVE.at(
                told(NATIVE, fact),
                member=fact.member,
                offset=fact.offset,
                severity=None if expected else "critical",
            )
