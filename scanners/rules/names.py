"""Names of files: what people and file systems take them for.

What can be seen in a name is not judged, whatever script it is in. Sources: Unicode TR 36 and 39; the names that
Windows reserves (learn.microsoft.com, "Naming Files, Paths, and Namespaces"); those that git refuses
since CVE-2014-9390.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from scanners.findings import Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scanners.findings import Finding, Severity
    from scanners.rules.case import Case

_RENAME: Final = "Do not open it by its name; ask the publisher why it is named so."

HIDES: Final = Rule(
    "name-hides",
    "medium",
    "The file's name is not what it looks like",
    "It holds characters that cannot be seen, that turn the order of the others around, that a terminal obeys, or"
    " letters of another script that look like Latin ones.",
    _RENAME,
    (
        "https://www.unicode.org/reports/tr36/",
        "https://trojansource.codes/",
        "https://cwe.mitre.org/data/definitions/451.html",
    ),
)
DISGUISED: Final = Rule(
    "name-disguises-program",
    "high",
    "A program is named like weights or a document",
    "Systems that do not show the last extension show the one before it, and open the file as what it is.",
    "Do not open it. Report the repository.",
    ("https://attack.mitre.org/techniques/T1036/007/",),
)
LEAVES: Final = Rule(
    "name-leads-away",
    "high",
    "The file's name leads out of its folder, or into git's own",
    "On systems where a backslash parts folders, or where names are told apart less strictly, the file is written where"
    " it was not meant to be: above the folder, or among the files that git runs.",
    "Do not clone or download the repository.",
    ("https://nvd.nist.gov/vuln/detail/CVE-2014-9390", "https://cwe.mitre.org/data/definitions/22.html"),
)
STARTS: Final = Rule(
    "name-python-runs",
    "high",
    "Python runs this file whenever it starts",
    "`sitecustomize` and `usercustomize` are imported by every Python that finds them on its path, which the folder"
    " that a program is started from may be on.",
    "Delete it before you start any program in this folder.",
    ("https://docs.python.org/3/library/site.html", "https://attack.mitre.org/techniques/T1546/018/"),
)
UNFIT: Final = Rule(
    "name-unfit",
    "low",
    "Some systems or tools cannot handle the file's name",
    "Windows refuses it or makes another name of it, or a command takes it for an option.",
    "Ask the publisher to rename it.",
    (
        "https://learn.microsoft.com/windows/win32/fileio/naming-a-file",
        "https://cwe.mitre.org/data/definitions/88.html",
    ),
)
COLLIDES: Final = Rule(
    "name-collides",
    "low",
    "Two files have one name on some systems",
    "Where letter case, or the way in which accents are written, makes no difference, one of the two takes the place of"
    " the other: what is loaded there need not be what was examined.",
    "Ask the publisher to rename one of them.",
    ("https://cwe.mitre.org/data/definitions/178.html", "https://nvd.nist.gov/vuln/detail/CVE-2021-21300"),
)

RULES: Final[tuple[Rule, ...]] = (HIDES, DISGUISED, LEAVES, STARTS, UNFIT, COLLIDES)

_TURNS: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_UNSEEN: Final = re.compile(
    "[\xad\u180e\u200b\u2060-\u2064\ufeff\U000e0000-\U000e007f]"
    # What joins and parts letters of other scripts has no place between Latin ones.
    "|(?<=[!-~])[\u200c-\u200f](?=[!-~])"
)
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_WORD: Final = re.compile(r"[^\W\d_]+")
_LATIN: Final = re.compile("[A-Za-z]")
_ALIKE: Final = frozenset("аеорсухіјѕԛԝһАВЕКМНОРСТУХІЈЅԌοΑΒΕΖΗΙΚΜΝΟΡΤΥΧν")  # noqa: RUF001 - these are the point
"""Cyrillic and Greek letters that are drawn like Latin ones."""
_PROGRAMS: Final = frozenset(
    ".exe .scr .com .pif .cpl .msi .msix .bat .cmd .lnk .ps1 .vbs .vbe .js .jse .wsf .wsh .hta .jar .app .command"
    " .desktop .url .appref-ms .reg .chm .dll .iso .img .dmg .pkg .deb .rpm .apk .xll .scf .msc .gadget".split()
)
_SHOWN_AS: Final = frozenset(
    ".safetensors .bin .pt .pth .ckpt .gguf .onnx .h5 .hdf5 .pkl .pickle .npz .npy .keras .tflite .joblib .model .json"
    " .txt .md .pdf .doc .docx .xls .xlsx .csv .parquet .png .jpg .jpeg .gif .webp .mp3 .wav .mp4 .zip .tar .gz .rar"
    " .7z .yaml .yml .html".split()
)
_OPENED: Final = frozenset(".js .app .img .pkg".split())
"""Endings of programs that other files have too: of these the one before must be of weights."""
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:[.:].*)?", re.IGNORECASE)
_GIT: Final = re.compile(r"\.git[. ]*|git~\d+", re.IGNORECASE)
_UPWARDS: Final = re.compile(r"(?:.*\\)?\.\.\\|\\|[A-Za-z]:\\", re.DOTALL)
_LONGEST: Final = 255
"""Bytes of one name that file systems take."""
_LOADED: Final = re.compile(r".*\.(?:py|json|jinja|safetensors|bin|pt|pth|ckpt|pkl|gguf|onnx|h5|keras)", re.DOTALL)


def _ends(name: str) -> tuple[str, str]:
    """The last two endings of a name as they are drawn, in small letters."""
    rest, dot, last = _seen(name).lower().rstrip(". ").rpartition(".")
    before = rest.rstrip("_ ").rpartition(".")
    return (f".{before[2].strip()}" if before[1] else "", f".{last}") if dot else ("", "")


def _seen(name: str) -> str:
    return _CONTROL.sub("", _UNSEEN.sub("", _TURNS.sub("", name)))


def _hides(name: str) -> Iterator[str]:
    for pattern, what in ((_TURNS, "turns the order around"), (_UNSEEN, "cannot be seen"), (_CONTROL, "is a control")):
        if found := pattern.search(name):
            yield f"U+{ord(found[0]):04X} {what}"
    for word in _WORD.findall(unicodedata.normalize("NFC", name)):
        if _LATIN.search(word) and (strange := next((letter for letter in word if letter in _ALIKE), None)):
            yield f"{word!r} has a {unicodedata.name(strange).lower()}"
    if re.search(r":\$DATA\b|::\$", name, re.IGNORECASE):
        yield "it names a hidden stream of NTFS"


def _unfit(name: str) -> Iterator[str]:
    if _RESERVED.fullmatch(name):
        yield "a device of Windows"
    if name.endswith((".", " ")) and name.strip(". "):
        yield "it ends in a dot or a space"
    if name.startswith("-"):
        yield "it starts like an option"
    if "\\" in name:
        yield "a backslash"
    if len(name.encode("utf-8", "surrogateescape")) > _LONGEST:
        yield f"longer than {_LONGEST} bytes"


def judge(case: Case) -> Iterator[Finding]:
    """Findings about the names in a path, the last of which is the file's."""
    parts = [part for part in case.path.split("/") if part not in {"", ".", ".."}]
    last = parts[-1] if parts else ""
    before, end = _ends(last)
    program = end in _PROGRAMS
    hidden = [why for part in parts for why in _hides(part)]
    if hidden:
        severity: Severity = "high" if program else "medium"
        yield HIDES.at(f"{HIDES.title}: {'; '.join(hidden[:3])}", severity=severity)
    if program and before in _SHOWN_AS and (end not in _OPENED or before in {".safetensors", ".gguf", ".bin", ".pdf"}):
        yield DISGUISED.at(f"{DISGUISED.title}: {before} before {end}")
    if any(_UPWARDS.match(part) for part in parts):
        yield LEAVES.at(f"{LEAVES.title}: a backslash parts folders on Windows")
    elif any(part != ".git" and _GIT.fullmatch(_seen(part)) for part in parts):
        yield LEAVES.at(f"{LEAVES.title}: it is another spelling of .git")
    if last.partition(".")[0] in {"sitecustomize", "usercustomize"} and end in {".py", ".pyc", ".pth"}:
        yield STARTS.at(f"{STARTS.title}: {last}")
    unfit = [why for part in parts for why in _unfit(part)]
    if unfit:
        # `tar *` and the like take such a name for an instruction.
        option = last.startswith("--") and "=" in last
        yield UNFIT.at(f"{UNFIT.title}: {'; '.join(unfit[:3])}", severity="medium" if option else None)


def collisions(paths: Iterable[str]) -> dict[str, Finding]:
    """A finding for each path that is one with an earlier one on some systems."""
    groups: dict[str, list[str]] = {}
    for path in sorted(paths):
        groups.setdefault(unicodedata.normalize("NFC", path).casefold(), []).append(path)
    found: dict[str, Finding] = {}
    for first, *others in groups.values():
        for path in others:
            severity: Severity | None = "medium" if _LOADED.fullmatch(path.casefold()) else None
            found[path] = COLLIDES.at(f"{COLLIDES.title}: {first!r} is another", severity=severity, other=first)
    return found
