"""Files that are not what their names say, or several things at once."""

from __future__ import annotations

import re
from posixpath import normpath
from typing import TYPE_CHECKING, Final

from scanners.findings import Rule
from scanners.rules.case import KEYS, told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scanners.facts import AnomalyCode
    from scanners.findings import Finding, Severity
    from scanners.rules.case import Case

MISMATCH: Final = Rule(
    "file-type-mismatch",
    "low",
    "The file is not what its name says",
    "People and programs decide by the name whether a file is safe to open, and many scanners whether to look at it."
    " A pickle that is called .safetensors, or a program that is called .bin, gets past both.",
    "Do not load it; ask the publisher why it is named so.",
    (
        "https://nvd.nist.gov/vuln/detail/CVE-2025-10155",
        "https://nvd.nist.gov/vuln/detail/CVE-2025-1889",
        "https://atlas.mitre.org/techniques/AML.T0074",
    ),
)
POLYGLOT: Final = Rule(
    "file-polyglot",
    "medium",
    "The file is valid in several formats at once",
    "What it is depends on the program that opens it, so what was examined by one need not be what another loads.",
    "Do not load it; ask the publisher for a file of one format.",
    ("https://cwe.mitre.org/data/definitions/436.html",),
)
LFS_POINTER: Final = Rule(
    "file-lfs-pointer",
    "low",
    "The file is a pointer to the content, not the content",
    "It was committed or copied without Git LFS. Loaders fail on it, and nobody has examined what it stands for.",
    "Fetch the file with Git LFS or from the Hub.",
    ("https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md",),
)
FLOOD: Final = Rule(
    "file-flood",
    "high",
    "The file names more things than any honest file does",
    "It refers to so many different names that the scan was ended. Nothing needs that but hiding the one that matters.",
    "Do not load it.",
    ("https://cwe.mitre.org/data/definitions/400.html",),
)
BESIDE: Final = Rule(
    "file-beside",
    "low",
    "There are bytes that nothing in the file leads to",
    "No program shows, plays or reads them. It is a place to keep something that a second step picks up: archives are"
    " hidden behind pictures.",
    "Ask the publisher what they are.",
    ("https://attack.mitre.org/techniques/T1027/009/",),
)
WRONG_HASH: Final = Rule(
    "file-wrong-hash",
    "high",
    "The file's bytes are not those that the Hub's hash names",
    "Somebody between the Hub's database and you changed them: its storage, a mirror or a proxy.",
    "Do not load it; fetch it from the Hub itself and compare again.",
    ("https://cwe.mitre.org/data/definitions/354.html",),
)

OTHER_POINTER: Final = Rule(
    "file-other-lfs-pointer",
    "low",
    "Git has another pointer for the file than the one that the Hub lists",
    "Whoever clones the repository gets what the pointer names, whoever downloads the file from the Hub gets what is"
    " listed, and was examined. A pointer that is only written otherwise may name the same.",
    "Download the file, do not clone it; ask the publisher to commit it again.",
    ("https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md", "https://cwe.mitre.org/data/definitions/436.html"),
)

NO_FILE: Final = Rule(
    "file-submodule",
    "medium",
    "The Hub lists something that is neither a file nor a folder",
    "It is a submodule: a clone fetches it from the address in .gitmodules, and nothing of it was examined.",
    "Clone without submodules, or look at the repository that .gitmodules names.",
    ("https://git-scm.com/docs/gitsubmodules",),
)
LINK: Final = Rule(
    "file-link",
    "medium",
    "The file is nothing but a path that leads out of the repository",
    "The Hub shows a symbolic link as a text that holds its target. A clone makes the link: whoever opens the file"
    " reads what lies there on the machine, and whoever saves a model over it writes there.",
    "Do not clone the repository; ask the publisher for the file.",
    ("https://cwe.mitre.org/data/definitions/59.html", "https://git-scm.com/docs/git-config#_coresymlinks"),
)

RULES: Final[tuple[Rule, ...]] = (
    MISMATCH,
    POLYGLOT,
    LFS_POINTER,
    FLOOD,
    BESIDE,
    WRONG_HASH,
    OTHER_POINTER,
    NO_FILE,
    LINK,
)

ANOMALIES: Final[dict[AnomalyCode, Rule]] = {
    "file.polyglot": POLYGLOT,
    "file.lfs-pointer": LFS_POINTER,
    "file.flood": FLOOD,
    "file.beside": BESIDE,
}
"""The rule that speaks of each thing that is odd about a file as a whole."""

_MACHINE: Final = re.compile(
    r"/(?:etc|proc|sys|dev|root|home/[^/]+/\.|var/run)(?:/|\Z)|~|.*/\.(?:git|ssh|aws|config)(?:/|\Z)"
)
"""Places that no file of a model leads to."""
_NATIVE: Final = frozenset("cab chm class deb dex eicar elf lnk mach-o msi pe rpm".split())
_PICKLED: Final = frozenset(("pickle", "torch", "joblib"))
_ARCHIVED: Final = frozenset(("zip", "keras", "7z", "rar", "tar"))
_MEDIA: Final = frozenset(
    "aiff avi bmp flac font gif ico jpeg jpeg2000 matroska mp3 mp4 ogg ole parquet pdf png tiff wav webp".split()
)
_UNTOLD: Final = frozenset(("", "unknown", "empty", "git"))
"""Families that say nothing about what the content is."""

_WEIGHTS: Final = frozenset(
    ".bin .cbm .ckpt .dill .faiss .ftz .gguf .h5 .hdf5 .joblib .keras .mdl .model .msgpack .npy .npz .onnx .pdparams"
    " .pickle .pkl .pt .pth .rda .rds .safetensors .t7 .tflite .ubj".split()
)
_WORDS: Final = frozenset("text json lightgbm yaml requirements packages markdown".split())
_EXPECTED: Final[dict[str, frozenset[str]]] = {
    ".safetensors": frozenset(("safetensors",)),
    ".gguf": frozenset(("gguf",)),
    ".json": frozenset(("json", "text")),
    ".npy": frozenset(("npy",)),
    ".npz": frozenset(("zip", "npz")),
    ".skops": frozenset(("zip",)),
    ".h5": frozenset(("hdf5",)),
    ".hdf5": frozenset(("hdf5",)),
    ".keras": frozenset(("keras", "zip", "hdf5")),
    ".onnx": frozenset(("onnx", "protobuf")),
    **dict.fromkeys((".txt", ".md", ".yaml", ".yml", ".csv"), _WORDS),
    ".jinja": frozenset(("jinja", "text", "json")),
    **dict.fromkeys(
        ".png .jpg .jpeg .gif .webp .bmp .tif .tiff .ico .pdf .wav .mp3 .flac .ogg .mp4 .webm .ttf .woff2".split(),
        _MEDIA,
    ),
    ".parquet": frozenset(("parquet",)),
    **dict.fromkeys((".arrow", ".feather"), frozenset(("arrow",))),
}
"""The families of formats that a file of this name may be."""


def submodule() -> Finding:
    """A finding about what the Hub lists and cannot give."""
    return NO_FILE.at(NO_FILE.title)


def pointed(how: str) -> Finding:
    """A finding about an LFS file whose pointer in git is `written otherwise`, or names `another` content."""
    severity: Severity = "medium" if how == "another" else "low"
    return OTHER_POINTER.at(f"{OTHER_POINTER.title}: {how}", severity=severity)


def _suffix(path: str) -> str:
    name = path.replace("\\", "/").rpartition("/")[2].lower()
    _, dot, last = name.rpartition(".")
    return f".{last}" if dot else ""


def _mismatch(suffix: str, family: str, *, script: bool) -> Severity | None:
    """How much it weighs that a file of this suffix is of that family of formats; None where all is well."""
    expected = _EXPECTED.get(suffix)
    if family in _UNTOLD or (expected is None and suffix not in _WEIGHTS):
        return None
    if suffix in _WEIGHTS and (family in _NATIVE or (script and family == "text")):
        return "high"
    if expected is None:
        # Checkpoints come in many formats: only what no loader of models reads is worth a word.
        if family in {"7z", "rar"}:
            return "medium"
        return "low" if family in _MEDIA else None
    if family in expected:
        return None
    if family in _PICKLED:
        return "high" if suffix == ".safetensors" else "medium"
    return "medium" if family in _NATIVE or family in _ARCHIVED else "low"


def _leads(path: str, target: str) -> Severity | None:
    """How much a link weighs; None where it stays inside, or where a text may name a path."""
    away = target.startswith("/") or normpath(f"{path.rpartition('/')[0] or '.'}/{target}").startswith("..")
    if _MACHINE.match(target) or KEYS.search(target):
        return "high"
    return "medium" if away and _suffix(path) in _WEIGHTS | _EXPECTED.keys() - {".txt", ".md", ".csv"} else None


def judge(case: Case, others: Sequence[Finding]) -> Iterator[Finding]:
    """Findings about the file as a whole; `others` are those about what is in it."""
    suffix, family = _suffix(case.path), case.format.partition(".")[0]
    script = any(fact.reason == "no-reader" and not fact.member for fact in case.unread)
    severity = _mismatch(suffix, family, script=script)
    if severity is not None:
        found = "a script" if script and family == "text" else case.format
        yield MISMATCH.at(f"a file named {suffix} is {found}", severity=severity, suffix=suffix, format=case.format)
    for link in case.opens:
        if link.kind == "file.link" and (weight := _leads(case.path, link.path)) is not None:
            yield LINK.at(f"{LINK.title}: {link.path}", member=link.member, severity=weight, path=link.path)
    bad = any(finding.severity in {"critical", "high"} for finding in others)
    for fact in case.anomalies:
        rule = ANOMALIES.get(fact.code)
        if rule is not None:
            yield rule.at(
                told(rule, fact),
                member=fact.member,
                offset=fact.offset,
                severity="high" if rule is POLYGLOT and bad else None,
            )
