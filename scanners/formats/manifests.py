"""Lists of what an installation needs: requirements of pip, packages of Debian, settings of installers and of git; gin.

They are lines of text; which of them say what is fetched, the name tells, or that every line is a requirement. Source:
pip's requirements file format; "pip config"; setuptools' setup.cfg; tox; gitmodules(5); gitattributes(5);
git-config(1); Python's `site`; gin-config (docs/index.md, `import`, `include` and dynamic registration).
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final

from scanners.binary.requirements_text import state_requirement
from scanners.binary.stated import Stated
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
_CARRIED: Final = re.compile(r'"[^"\n]*\r[^"\n]*"|(?<=\[submodule ")[^"\n]*\.\.[/\\][^"\n]*')
"""A value with a carriage return, which git reads and does not write, and a submodule's name out of .git/modules."""
_URLS: Final = re.compile(r"(url|update|path)[ \t]*=[ \t]*(.+)")
_RUN_BY_GIT: Final = re.compile(
    r"(fsmonitor|hookspath|sshcommand|askpass|smudge|clean|process|textconv|uploadpack)[ \t]*=[ \t]*+"
    r"(?!true\b|false\b|\"?git-lfs )(.+)",
    re.IGNORECASE,
)
_REPOSITORY: Final = re.compile(rb"\s*\[core\]\s")
"""How the configuration of a repository of git begins, which may lie in any folder (git's `safe.bareRepository`)."""
_FILTER: Final = re.compile(r"(?:filter|diff|merge|textconv)=(?!lfs\b|text\b)(\S+)")
_SETTING: Final = re.compile(
    r"(index-url|extra-index-url|find-links|trusted-host|registry|\S+:registry)[ \t]*=[ \t]*(.+)"
)
_SETTINGS: Final = frozenset(("setup.cfg", "tox.ini", "pip.conf", "pip.ini"))
_COMMANDS: Final = frozenset(("commands", "commands_pre", "commands_post"))
"""Of tox, each line one."""
_IMPORTS: Final = re.compile(r"(?:import[ \t]+([\w.]+)|from[ \t]+([\w.]+)[ \t]+import[ \t]+(\w+))")
_INCLUDES: Final = re.compile(r"include[ \t]+['\"]([^'\"]+)['\"]")
_CONFIGURES: Final = re.compile(r"@(?:[\w/]*/)?([A-Za-z_][\w.]*\.\w+)|\A(?:[\w/]*/)?([A-Za-z_][\w.]*\.\w+)\.\w+[ \t]*=")
_LISTS: Final = frozenset(("install_requires", "setup_requires", "tests_require", "requires", "dependency_links"))


def recognise(sample: Sample) -> bool:
    """Whether every line of the head is a requirement, and one of them says so."""
    if sample.size > _RECOGNISED_MOST or _BINARY.search(sample.head):
        return False
    if _REPOSITORY.match(sample.head):
        return True
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
    if kind == "git":
        for match in _CARRIED.finditer(text):
            by = "path" if "\r" in match[0] else "name"
            scan.state(Opens("git.place", clip(match[0]), by, member=scan.member))
    lines = _CONTINUED.sub(" ", text).splitlines()
    if len(lines) > _LINES_MOST:
        scan.unread("limit", f"{len(lines)} lines, {_LINES_MOST} are read")
        return
    scan.format = kind or ("git" if _REPOSITORY.match(head) else "requirements")
    read = {"setup.cfg": _setup, "git": _git, "python.paths": _paths, "packages": _packages, "gin": _gin}.get(
        scan.format, _requirements
    )
    read(lines, scan)
    scan.account.examined(0, source.size)


def _kind(last: str) -> str:
    if last.partition(".")[0] in _REQUIREMENTS:
        return "requirements"
    if last == "packages.txt":
        return "packages"
    if last.endswith((".gitmodules", ".gitattributes", ".gitconfig")):
        return "git"
    if last.endswith((".pth", ".gin")):
        return "gin" if last.endswith(".gin") else "python.paths"
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
    for number, line in enumerate(lines, 1):
        indented, stripped = line[:1] in " \t", line.strip()
        if setting := _SETTING.match(stripped):
            option = setting[1].rpartition(":")[2]
            for place in setting[2].split():
                state_requirement(f"--{option} {place}", "pip", scan)
        if not indented and "=" in stripped:
            key, _, stripped = (part.strip() for part in stripped.partition("="))
        elif not indented:
            key = ""
        if key in _COMMANDS and stripped:
            scan.inside(BytesSource(stripped.encode("utf-8", "replace")), f"{key} {number}.sh")
        if key in _LISTS and stripped:
            state_requirement(stripped, "pip", scan)


def _git(lines: list[str], scan: Scan) -> None:
    for line in lines:
        stripped = line.strip()
        if match := _URLS.match(stripped) or _RUN_BY_GIT.match(stripped):
            key, value = match[1].lower(), match[2].strip().strip('"')
            scan.state(Opens("git.place", clip(value), key, member=scan.member))
            if match.re is _RUN_BY_GIT:
                scan.inside(BytesSource(value.encode("utf-8", "replace")), f"{key}.sh")
        elif not stripped.startswith("#") and (match := _FILTER.search(stripped)):
            scan.state(Opens("git.place", clip(match[1]), "filter", member=scan.member))


def _paths(lines: list[str], scan: Scan) -> None:
    """A path file: every line that begins with `import` is run by each Python that starts (site.py, `addpackage`)."""
    for number, line in enumerate(lines, 1):
        if line.startswith(("import ", "import\t")):
            scan.anomaly("python.path-file", f"line {number}: {line[:160]}")
            scan.inside(BytesSource(line.encode("utf-8", "replace")), f"line {number}.py")


def _gin(lines: list[str], scan: Scan) -> None:
    """What a configuration of gin imports; what it configures by its path is imported too, where it asks for that."""
    dynamic = any(line.startswith("from __gin__ import dynamic_registration") for line in lines)
    stated = Stated(scan)
    for line in lines:
        if match := _INCLUDES.match(line):
            stated.opens("config.path", match[1], "include")
        elif match := _IMPORTS.match(line):
            owner, _, name = (match[1] or f"{match[2]}.{match[3]}").rpartition(".")
            # Python's own modules do nothing by being imported.
            if (owner or name).partition(".")[0] not in {"__gin__", *sys.stdlib_module_names}:
                stated.name("config.target", owner, name, "imported")
        elif dynamic and not line.startswith("#"):
            for used, set_ in _CONFIGURES.findall(line):
                owner, _, name = (used or set_).rpartition(".")
                stated.name("config.target", owner, name)


SCANNER = Scanner(
    "manifest",
    3,
    _REQUIREMENTS
    | frozenset(
        "packages.txt setup.cfg tox.ini pip.conf pip.ini .gitmodules .gitattributes .gitconfig .npmrc .pth .gin".split()
    ),
    recognise,
    scan,
    whole=True,
)
