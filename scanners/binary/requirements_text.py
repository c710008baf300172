"""What installers of packages are told to fetch: requirement lines, and the words of a command line.

Source: PEP 508; pip's requirements file format; uv, conda, npm and apt take the same shapes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.facts import Opens, Reference, clip, clip_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scanners.scanner import Scan

_NAME: Final = re.compile(r"([A-Za-z0-9][\w.-]*)[ \t]*(?:\[[^\]]*\])?[ \t]*(?:@[ \t]*(\S+))?")
_PLACE: Final = re.compile(r"(?:(?:git|hg|svn|bzr)\+\S+|[a-z][a-z+.-]*://\S+|git@\S+)", re.IGNORECASE)
_LOCAL: Final = re.compile(
    r"\.{1,2}(?:[/\\]|\Z)|[/\\~]|[A-Za-z]:[/\\]|[^@\s]*\.(?:whl|tar\.gz|zip|egg)\Z|file:", re.IGNORECASE
)
_SOURCES: Final = {
    "-i": "--index-url", "--index-url": "", "--extra-index-url": "", "-f": "--find-links", "--find-links": "",
    "--trusted-host": "", "--index": "", "--default-index": "", "-e": "--editable", "--editable": "",
    "-c": "--channel", "--channel": "", "--registry": "", "--pypi-url": "--index-url", "--repository": "--index-url",
}  # fmt: skip
"""Options that say where packages come from, and how they are told."""
_WITH_VALUE: Final = frozenset(
    "-r --requirement --constraint -t --target --prefix --root --python --platform --python-version --abi -n --name -p"
    " --implementation --only-binary --no-binary --proxy --cert --timeout --retries --cache-dir --log -d --dest --src"
    " --progress-bar --config-settings --build-option --global-option --file".split()
)
_INSTALLERS: Final = {
    "pip": "pip", "pip3": "pip", "pipx": "pip", "uv": "pip", "uvx": "pip", "easy_install": "pip", "poetry": "pip",
    "conda": "conda", "mamba": "conda", "micromamba": "conda", "npm": "npm", "npx": "npm", "pnpm": "npm", "yarn": "npm",
    "apt": "apt", "apt-get": "apt", "apk": "apt", "yum": "apt", "dnf": "apt",
}  # fmt: skip
_VERBS: Final = frozenset("install add i tool run".split())


def state_requirement(line: str, manager: str, scan: Scan) -> None:
    """State what one requirement asks for: a package by its name, or a place that it comes from."""
    line = re.split(r"\s#|\s--(?:hash|config-settings|global-option)\b", f" {line}", maxsplit=1)[0].strip().strip("\"'")
    if not line or line.startswith("#"):
        return
    if line.startswith("-"):
        option, _, value = line.replace("=", " ", 1).partition(" ") if line.startswith("--") else _short(line)
        if option in _SOURCES:
            _source(value.strip().strip("\"'"), _SOURCES[option] or option, scan)
        return
    if _PLACE.match(line):
        _source(line, "", scan)
    elif _LOCAL.match(line):
        _source(line, "local", scan)
    elif match := _NAME.match(line):
        scan.state(Reference("package", manager, clip_name(match[1]), "imported", member=scan.member))
        if match[2] and (_PLACE.match(match[2]) or (_LOCAL.match(match[2]) and manager == "pip")):
            _source(match[2], match[1], scan)


def state_command(words: list[str], scan: Scan) -> None:
    """State what a command line has installed, if its program installs; `words` begin with the program."""
    if len(words) > 3 and re.fullmatch(r"(?:python|pypy)[\d.]*", words[0]) and words[1:3] == ["-m", "pip"]:
        words = words[2:]
    if not words or (manager := _INSTALLERS.get(re.sub(r"(?<=pip)[\d.]+$", "", words[0]))) is None:
        return
    at = next((at for at, word in enumerate(words) if at and word in _VERBS), None)
    if at is None:
        if words[0] not in {"npx", "uvx"}:
            return
        at = 0
    rest = iter(words[at + 1 :])
    for word in rest:
        option, equals, value = word.partition("=")
        if option in _SOURCES and (option != "-c" or manager == "conda") and (option != "-i" or manager == "pip"):
            _source(value if equals else next(rest, ""), _SOURCES[option] or option, scan)
        elif word in _WITH_VALUE or word == "-c":
            next(rest, None)
        elif not word.startswith("-"):
            state_requirement(word, manager, scan)
            if words[0] in {"npx", "uvx"}:
                return


def state_all(lines: Iterable[object], manager: str, scan: Scan) -> None:
    """State every requirement of a list; what is no text is none."""
    for line in lines:
        if isinstance(line, str):
            state_requirement(line, manager, scan)


def _short(line: str) -> tuple[str, str, str]:
    """A short option and its value, whether or not a blank is between them."""
    return line[:2], "", line[2:].lstrip(" =")


def _source(place: str, by: str, scan: Scan) -> None:
    if place:
        scan.state(Opens("package.source", clip(place), clip_name(by), member=scan.member))
