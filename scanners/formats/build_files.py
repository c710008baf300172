"""Dockerfiles and makefiles: the commands of each instruction and recipe, handed on as scripts, and what is added.

Source: Dockerfile reference (continuations, here-documents, exec form, ONBUILD, SHELL); GNU make manual (recipes,
`$(shell …)`, simple variables).
"""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Final

from scanners.facts import Opens, Reference, clip, clip_name
from scanners.scanner import NotThisFormat, Scan, Scanner, by_name
from scanners.source import BytesSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.source import Source

_MOST: Final = 1 << 20
_PARTS_MOST: Final = 1_000
_DOCKER: Final = frozenset("dockerfile containerfile .dockerfile .containerfile".split())
_MAKE: Final = frozenset("makefile gnumakefile .mk .make justfile procfile".split())
_BINARY: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_INSTRUCTION: Final = re.compile(r"[ \t]*(?:ONBUILD[ \t]+)?([A-Za-z]+)[ \t]+(.*)", re.DOTALL | re.IGNORECASE)
_FLAGS: Final = re.compile(r"(?:--[a-z-]+(?:=\S*)?[ \t]+)*")
_DOCUMENT: Final = re.compile(r"<<-?[ \t]*(['\"]?)(\w+)\1")
_RUNS: Final = frozenset("RUN CMD ENTRYPOINT HEALTHCHECK".split())
_URL: Final = re.compile(r"(?:https?|git|ftp)(?:\+\w+)?://\S+|git@\S+", re.IGNORECASE)
_VARIABLE: Final = re.compile(r"([\w.-]+)[ \t]*(?:[:?+]{0,3}=|::=)[ \t]*(.*)")
_USED: Final = re.compile(r"\$(?:\(([\w.-]+)\)|\{([\w.-]+)\})")
_SHELL: Final = re.compile(r"\$\(shell[ \t]+((?:[^()]|\([^()]*\))*)\)")
_VALUE_MOST: Final = 1_024


def scan(source: Source, scan: Scan) -> None:
    """Hand on what is run, and state what is fetched."""
    if source.size > _MOST:
        scan.unread("limit", f"{source.size} bytes of a build file")
        return
    data = source.read(0, source.size)
    if _BINARY.search(data):
        raise NotThisFormat
    text = data.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n")
    first, *parts = scan.name.lower().rpartition("/")[2].split(".")
    named = {first, *(f".{part}" for part in parts)}
    if parts[-1:] in (["py"], ["json"], ["yaml"], ["yml"], ["md"], ["txt"]) and not named & {".dockerfile", ".mk"}:
        raise NotThisFormat
    scan.format = "dockerfile" if named & _DOCKER else "makefile"
    scripts = list(_docker(text, scan) if named & _DOCKER else _make(text))
    for where, script in scripts[:_PARTS_MOST]:
        scan.inside(BytesSource(script.encode("utf-8", "replace")), where)
    if len(scripts) > _PARTS_MOST:
        scan.unread("limit", f"{len(scripts)} commands, {_PARTS_MOST} are read")
        return
    scan.account.examined(0, source.size)


def _docker(text: str, scan: Scan) -> Iterator[tuple[str, str]]:
    """The commands of a Dockerfile, each with the name that it gets as a part."""
    suffix = ".sh"
    for number, instruction in _instructions(text):
        match = _INSTRUCTION.fullmatch(instruction)
        if match is None:
            continue
        keyword, rest = match[1].upper(), match[2]
        rest = rest[flags.end() :] if (flags := _FLAGS.match(rest)) else rest
        if keyword in _RUNS:
            command = rest.removeprefix("CMD ") if keyword == "HEALTHCHECK" else rest
            if script := _script(command):
                yield f"line {number} {keyword}{suffix}", script
        elif keyword == "SHELL":
            suffix = ".ps1" if "powershell" in rest.lower() or "cmd" in rest.lower() else ".sh"
        elif keyword == "ADD":
            for url in _URL.findall(rest):
                scan.state(Opens("package.source", clip(url), "ADD", member=scan.member))
        elif keyword == "FROM" and rest.split():
            scan.state(Reference("package", "docker", clip_name(rest.split()[0]), "imported", member=scan.member))


def _instructions(text: str) -> Iterator[tuple[int, str]]:
    """Each instruction with its line: continued lines joined, comments left out, here-documents kept."""
    escape = "`" if re.match(r"#[ \t]*escape[ \t]*=[ \t]*`", text) else "\\"
    lines = iter(enumerate(text.split("\n"), 1))
    for number, line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        whole = line
        while whole.rstrip().endswith(escape):
            whole = whole.rstrip()[:-1]
            more = next(lines, None)
            if more is None:
                break
            if not more[1].lstrip().startswith("#"):
                whole += " " + more[1]
            else:
                whole += escape
        if re.match(r"[ \t]*(?:ONBUILD[ \t]+)?(?:RUN|COPY|ADD)\b", whole, re.IGNORECASE):
            for _, end in _DOCUMENT.findall(whole):
                body: list[str] = []
                for _, each in lines:
                    body.append(each)
                    if each.strip() == end:
                        break
                whole += "\n" + "\n".join(body)
        yield number, whole


def _script(command: str) -> str:
    """What a shell gets to read of an instruction in either of its forms."""
    if command.lstrip().startswith("["):
        try:
            words = json.loads(command)
        except (ValueError, RecursionError):
            return command
        return shlex.join(map(str, words)) if isinstance(words, list) else command
    begin = _DOCUMENT.match(command.lstrip())
    if begin is None:
        return command
    body = command.partition("\n")[2].rstrip("\n")
    return body.removesuffix(begin[2])


def _make(text: str) -> Iterator[tuple[str, str]]:
    """The recipes of a makefile, each as one script, and what it has a shell do while it is read."""
    values: dict[str, str] = {}
    target, recipe = "all", list[str]()
    for line in [*re.sub(r"\\\n[ \t]*", " ", text).split("\n"), "end:"]:
        for command in _SHELL.findall(line):
            yield "shell.sh", _filled(command, values)
        if line[:1] in "\t " and line.strip() and target:
            recipe.append(_filled(line.strip().lstrip("@+-"), values))
            continue
        if not line.strip() or line.startswith("#"):
            continue
        if match := _VARIABLE.fullmatch(line.removeprefix("export ")):
            values[match[1]] = match[2][:_VALUE_MOST]
            continue
        if recipe:
            yield f"{clip_name(target)}.sh", "\n".join(recipe)
        head, _, inline = line.partition(";") if ":" in line else (line, "", line)
        target, recipe = head.partition(":")[0].strip().replace("/", "_")[:80] or "all", []
        if "Procfile" in text or re.match(r"(?:web|worker|release):[ \t]", line):
            recipe.append(line.partition(":")[2])
        elif inline and ":" in head:
            recipe.append(_filled(inline, values))


def _filled(command: str, values: dict[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        known = values.get(match[1] or match[2])
        return f"${match[1] or match[2]}" if known is None else known

    return _USED.sub(value, command).replace("$$", "$")


SCANNER = Scanner("build", 1, _DOCKER | _MAKE, by_name, scan, whole=True)
