"""Lists of what an installation needs: requirements of pip, packages of Debian, settings of installers and of git.

They are lines of text; which of them say what is fetched, the name tells, or that every line is a requirement. Source:
pip's requirements file format; "pip config"; setuptools' setup.cfg; gitmodules(5); gitattributes(5); Python's `site`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.binary.requirements_text import state_requirement
from scanners.facts import Opens, clip
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import BytesSource

if TYPE_CHECKING:
    from scanners.source import Source

_MOST: Final = 4 << 20
_LINES_MOST: Final = 20_000
_RECOGNISED_MOST: Final = 256 * 1024
_REQUIREMENTS: Final = frozenset(
    "requirements requirements-dev requirements_dev requirements-test requirements_test requirements-gpu"
    " requirements-cpu requirements-train dev-requirements test-requirements pre-requirements constraints".split()
)
_BINARY: Final = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_LINE: Final = re.compile(
    r"[A-Za-z0-9][\w.-]*[ \t]*(?:\[[\w ,.-]*\])?[ \t]*(?:(?:[=~<>!]=|[<>])[ \t]*[\w.*+!-]+[ \t,]*)*(?:;.*)?"
    r"|-{1,2}[a-z][\w-]*[= \t].*|(?:git|hg)\+\S+|[\w.-]+ @ \S+"
)
_TELLING: Final = re.compile(r"[=~<>!]=[ \t]*\d|\A(?:-r|--[a-z-]*(?:index|links)|(?:git|hg)\+)")
_CONTINUED: Final = re.compile(r"\\\r?\n")
_URLS: Final = re.compile(r"(?:url|update|path)[ \t]*=[ \t]*(.+)")
_FILTER: Final = re.compile(r"(?:filter|diff|merge|textconv)=(?!lfs\b|text\b)(\S+)")
_SETTING: Final = re.compile(
    r"(index-url|extra-index-url|find-links|trusted-host|registry|\S+:registry)[ \t]*=[ \t]*(.+)"
)
_SETTINGS: Final = frozenset(("setup.cfg", "tox.ini", "pip.conf", "pip.ini"))
_LISTS: Final = frozenset(("install_requires", "setup_requires", "tests_require", "requires", "dependency_links"))


def recognise(sample: Sample) -> bool:
    """Whether every line of the head is a requirement, and one of them says so."""
    if sample.size > _RECOGNISED_MOST or _BINARY.search(sample.head):
        return False
    lines = [line.partition(" #")[0].strip() for line in sample.head.decode("utf-8", "replace").splitlines()]
    said = [line for line in (lines if sample.size == len(sample.head) else lines[:-1]) if line and line[0] != "#"]
    return any(map(_TELLING.search, said)) and all(map(_LINE.fullmatch, said))


def scan(source: Source, scan: Scan) -> None:
    """State what the lines ask for."""
    last = scan.name.lower().rpartition("/")[2]
    kind = _kind(last)
    head = source.read(0, min(4096, source.size))
    # A checkpoint is called .pth far more often than a list is.
    if _BINARY.search(head) or not (kind or recognise(Sample(source.size, head, b""))):
        raise NotThisFormat
    if source.size > _MOST:
        scan.unread("limit", f"{source.size} bytes of a list")
        return
    data = source.read(0, source.size)
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    # What is left of a checkpoint that was cut off is no list of paths.
    if _BINARY.search(data) or (kind == "python.paths" and "\ufffd" in text):
        raise NotThisFormat
    lines = _CONTINUED.sub(" ", text).splitlines()
    if len(lines) > _LINES_MOST:
        scan.unread("limit", f"{len(lines)} lines, {_LINES_MOST} are read")
        return
    scan.format = kind or "requirements"
    read = {"setup.cfg": _setup, "git": _git, "python.paths": _paths, "packages": _packages}.get(kind, _requirements)
    read(lines, scan)
    scan.account.examined(0, source.size)


def _kind(last: str) -> str:
    if last.partition(".")[0] in _REQUIREMENTS:
        return "requirements"
    if last == "packages.txt":
        return "packages"
    if last.endswith((".gitmodules", ".gitattributes", ".gitconfig")):
        return "git"
    if last.endswith(".pth"):
        return "python.paths"
    return "setup.cfg" if last in _SETTINGS or last.endswith(".npmrc") else ""


def _requirements(lines: list[str], scan: Scan) -> None:
    for line in lines:
        state_requirement(line, "pip", scan)


def _packages(lines: list[str], scan: Scan) -> None:
    for line in lines:
        for name in line.partition("#")[0].split():
            state_requirement(name, "apt", scan)


def _setup(lines: list[str], scan: Scan) -> None:
    """Settings as configparser reads them: a value goes on in the lines that are indented."""
    key = ""
    for line in lines:
        indented, stripped = line[:1] in " \t", line.strip()
        if setting := _SETTING.match(stripped):
            option = setting[1].rpartition(":")[2]
            for place in setting[2].split():
                state_requirement(f"--{option} {place}", "pip", scan)
        if not indented and "=" in stripped:
            key, _, stripped = (part.strip() for part in stripped.partition("="))
        elif not indented:
            key = ""
        if key in _LISTS and stripped:
            state_requirement(stripped, "pip", scan)


def _git(lines: list[str], scan: Scan) -> None:
    for line in lines:
        stripped = line.strip()
        if match := _URLS.match(stripped):
            scan.state(Opens("git.place", clip(match[1]), stripped.split("=")[0].strip(), member=scan.member))
        elif not stripped.startswith("#") and (match := _FILTER.search(stripped)):
            scan.state(Opens("git.place", clip(match[1]), "filter", member=scan.member))


def _paths(lines: list[str], scan: Scan) -> None:
    """A path file: every line that begins with `import` is run by each Python that starts (site.py, `addpackage`)."""
    for number, line in enumerate(lines, 1):
        if line.startswith(("import ", "import\t")):
            scan.anomaly("python.path-file", f"line {number}: {line[:160]}")
            scan.inside(BytesSource(line.encode("utf-8", "replace")), f"line {number}.py")


SCANNER = Scanner(
    "manifest",
    1,
    _REQUIREMENTS
    | frozenset(
        "packages.txt setup.cfg tox.ini pip.conf pip.ini .gitmodules .gitattributes .gitconfig .npmrc .pth".split()
    ),
    recognise,
    scan,
    whole=True,
)
