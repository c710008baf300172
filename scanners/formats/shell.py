"""Scripts of shells, of Unix and of Windows: the commands that they run, in their pipelines.

Nothing is run. What a script has a Python do is handed on as Python source.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from scanners.binary import shell_text, windows_text
from scanners.binary.python_source import INLINE
from scanners.binary.requirements_text import state_command
from scanners.facts import Call, clip, clip_name
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import BytesSource

if TYPE_CHECKING:
    from scanners.binary.shell_text import Command, Pipeline
    from scanners.source import Source

_SHEBANG: Final = re.compile(rb"(?:\xef\xbb\xbf)?#![^\n]{0,80}\b(?:ba|z|da|k|a|fi)?sh\b")
_UNIX: Final = frozenset(
    ".sh .bash .zsh .fish .command .csh .ksh .envrc .bashrc .zshrc .profile .bash_profile .bash_login .zprofile .zshenv"
    " .xprofile .run".split()
)
_WINDOWS: Final = frozenset((".bat", ".cmd", ".ps1", ".psm1"))
_OTHERS: Final = frozenset(
    ".py .pyi .pyw .json .ipynb .yaml .yml .md .mdx .mdc .toml .jinja .jinja2 .j2 .dockerfile .mk".split()
)
"""Last suffixes of texts that have a reader of their own."""
_BINARY: Final = re.compile(r"[\x00-\x06\x0e-\x1a]")
_FILLED: Final = re.compile(r"\$(?:\w+|\{[^}\n]*\}|\([^()\n]*\))")
"""What the shell fills into a program for Python before that sees it."""
_CALLS_MOST: Final = 2_000
_ARGUMENTS: Final = 12
_WORD: Final = 160
_HEAD, _TAIL = 300, 160


def recognise(sample: Sample) -> bool:
    """Whether the first line hands the text to a shell."""
    return _SHEBANG.match(sample.head) is not None


def scan(source: Source, scan: Scan) -> None:
    """State every pipeline of the script."""
    started = _SHEBANG.match(source.read(0, min(200, source.size))) is not None
    name = scan.name.lower()
    if not started and any(name.endswith(suffix) for suffix in _OTHERS):
        raise NotThisFormat
    if source.size > shell_text.MOST:
        scan.unread("limit", f"{source.size} bytes of a script")
        return
    text = _decoded(source.read(0, source.size))
    windows = not started and any(suffix in f"{name}." for suffix in (f"{each}." for each in _WINDOWS))
    scan.format = "windows.script" if windows else "shell"
    try:
        pipelines = windows_text.read(text) if windows else shell_text.read(text)
    except shell_text.TooNested as problem:
        scan.unread("limit", str(problem))
        return
    for pipeline in pipelines[:_CALLS_MOST]:
        _state(pipeline, scan)
    if len(pipelines) > _CALLS_MOST:
        scan.unread("limit", f"{len(pipelines)} commands, {_CALLS_MOST} are stated")
        return
    scan.account.examined(0, source.size)


def _decoded(data: bytes) -> str:
    try:
        text = data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError:
        # What command.com and old editors wrote.
        text = data.decode("latin-1")
    if _BINARY.search(text):
        raise NotThisFormat
    return text


def _state(pipeline: Pipeline, scan: Scan) -> None:
    arguments = tuple(_written(command) for command in pipeline.commands[:_ARGUMENTS])
    first = shell_text.program(pipeline.commands[0].words)
    name = first[0] if first else ""
    text = clip(f"line {pipeline.line}: {' | '.join(arguments)}", 400)
    documents = tuple(clip(command.document) for command in pipeline.commands[:_ARGUMENTS] if command.document)
    scan.state(Call("shell", clip_name(name), "shell", text, arguments, documents, 1, scan.member))
    for command in pipeline.commands:
        if inline := shell_text.python_of(command):
            filled = _FILLED.sub("_", inline)
            scan.inside(BytesSource(filled.encode("utf-8", "replace")), f"line {pipeline.line}{INLINE}")
        state_command(shell_text.program(command.words), scan)


def _written(command: Command) -> str:
    """A command as a shell reads it, bounded: of a long one its beginning and its end."""
    words = [word if len(word) <= _WORD else f"{word[: _WORD // 2]}…{word[-_WORD // 2 :]}" for word in command.words]
    whole = " ".join([*(shlex.quote(word) if _quoted(word) else word for word in words), *command.redirected])
    return clip(whole if len(whole) <= _HEAD + _TAIL else f"{whole[:_HEAD]}…{whole[-_TAIL:]}")


def _quoted(word: str) -> bool:
    return not word or any(letter in " \t\n'\"|" for letter in word)


SCANNER = Scanner("shell", 1, _UNIX | _WINDOWS, recognise, scan, whole=True)
