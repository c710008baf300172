"""Programs among models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanners.findings import Rule
from scanners.rules.case import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.facts import Anomaly, AnomalyCode
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

MACROS: Final = Rule(
    "file-macros",
    "high",
    "A document runs macros, or opens what it carries",
    "Office asks once, or not at all where the folder is trusted, and then runs them with the rights of whoever opened"
    " the document. No model needs one.",
    "Do not open it; ask the publisher for a document without macros.",
    ("https://attack.mitre.org/techniques/T1204/002/", "https://attack.mitre.org/techniques/T1059/005/"),
)
ARGUMENT: Final = Rule(
    "llamafile-argument",
    "medium",
    "A llamafile reaches out by itself",
    "The arguments that it starts with are in its archive: they open it to the network, fetch something, or lead to"
    " files of the machine.",
    "Start it with arguments of your own: an argument `--host 127.0.0.1` wins over these.",
    ("https://github.com/mozilla-ai/llamafile/blob/main/docs/creating_llamafiles.md",),
)

SCRIPT: Final = Rule(
    "file-script",
    "medium",
    "Opening the file runs it",
    "It is a script or a link that systems run or follow when somebody opens it, without a word. Programs for models"
    " sometimes bring one; models don't.",
    "Do not open it; read it in an editor.",
    ("https://attack.mitre.org/techniques/T1204/002/", "https://attack.mitre.org/techniques/T1059/"),
)
PDF_SCRIPT: Final = Rule(
    "pdf-script",
    "medium",
    "A PDF document runs scripts",
    "Viewers run them when it is opened or clicked; flaws of theirs have let them out. Papers and cards have none.",
    "Open it in a browser, which runs them in a sandbox, or not at all.",
    ("https://attack.mitre.org/techniques/T1059/007/",),
)
PDF_LAUNCH: Final = Rule(
    "pdf-launch",
    "high",
    "A PDF document starts a program",
    "Viewers ask once, in words that the document chooses.",
    "Do not open it.",
    ("https://attack.mitre.org/techniques/T1204/002/",),
)

RULES: Final[tuple[Rule, ...]] = (NATIVE, SCRIPT, MACROS, ARGUMENT, PDF_SCRIPT, PDF_LAUNCH)
ANOMALIES: Final[dict[AnomalyCode, Rule]] = {
    "file.native-code": NATIVE,
    "file.script": SCRIPT,
    "file.macros": MACROS,
    "llamafile.argument": ARGUMENT,
    "pdf.script": PDF_SCRIPT,
    "pdf.launch": PDF_LAUNCH,
}

_PROGRAMS: Final = frozenset(
    ".a .apk .appimage .cab .chm .class .com .cubin .deb .dex .dll .dylib .exe .jar .ko .lib .llamafile .lnk .msi .node"
    " .o .obj .pyd .rpm .scr .so .sys .wasm .whl".split()
)
"""Suffixes under which a program is what one expects."""

_SCRIPTS: Final = frozenset(".vbs .vbe .wsf .wsh .hta .jse .reg .scf .sct .desktop .url .webloc".split())
"""Suffixes of what runs, or is followed, when somebody opens it, also where another reader takes it by its name."""


def judge(case: Case) -> Iterator[Finding]:
    """Findings about programs: worst where the name, or the file around it, promises something else."""
    parts = case.path.replace("\\", "/").rpartition("/")[2].lower().split(".")[1:]
    expected = any(f".{part}" in _PROGRAMS for part in parts)
    found: dict[tuple[AnomalyCode, str], list[Anomaly]] = {}
    for fact in case.anomalies:
        if fact.code in ANOMALIES:
            # A package of Java has thousands of classes: one is told, and how many there are.
            kind = fact.detail.partition(":")[0] if fact.code == "file.native-code" else fact.detail
            found.setdefault((fact.code, kind), []).append(fact)
    if parts and f".{parts[-1]}" in _SCRIPTS and ("file.script" not in {code for code, _ in found}):
        yield SCRIPT.at(SCRIPT.title)
    for (code, _), facts in found.items():
        rule, fact = ANOMALIES[code], facts[0]
        yield rule.at(
            told(rule, fact) + (f", and {len(facts) - 1} more" if len(facts) > 1 else ""),
            member=fact.member,
            offset=fact.offset,
            severity=None if expected or rule is not NATIVE else "critical",
        )
