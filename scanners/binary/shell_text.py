"""Text of a shell as its commands: pipes, quotes, continuations, here-documents and substitutions resolved.

Nothing is expanded but variables that the text itself sets to a constant. Source: POSIX.1-2024, Shell Command Language
(2.2 Quoting, 2.3 Token Recognition, 2.7 Redirection), and what bash adds: `<<<`, `<(…)`, `|&`, `&>`, `$'…'`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST: Final = 2 << 20
"""Bytes of a text; honest scripts have some tens of thousands."""
SHELLS: Final = frozenset("sh bash zsh dash ksh ash fish".split())
READERS: Final = SHELLS | frozenset(
    "python python2 python3 perl ruby node php lua tclsh pwsh powershell cmd iex invoke-expression source ."
    " eval".split()
)
"""Programs that run what they are given to read."""
_NESTED: Final = 8
_WORD_MOST: Final = 4_096
_VALUE_MOST: Final = 1_024
_COMMANDS_MOST: Final = 64
"""Of one pipeline."""
_WORDS_MOST: Final = 1_000
_BLANK: Final = re.compile(r"(?:[ \t\r]|\\\r?\n)+")
_REDIRECTION: Final = re.compile(r"(?:\d{0,2}|\{\w+\})(?:<<<|<<-?|<>|<&|>>|>&|>\||<(?!\()|>(?!\())|&>>?")
_PLAIN: Final = re.compile(r"[^\s'\"\\$`;&|()<>]+")
_VARIABLE: Final = re.compile(r"\$(?:(\w+)|\{(\w+)\}|\{!?(\w+)[^}\n]*\}|[@*#?$!-])")
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_]\w*)\+?=(.*)", re.DOTALL)
_OPERATOR: Final = re.compile(r"&&|\|\||;;&?|;&|\|&|[;&|()\n]")
_QUOTED: Final = re.compile(r"[^\"\\$`]+")
_ESCAPED: Final = re.compile(r"\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
_SPAN: Final = re.compile(r"[^'\"\\`()]+")
_SEPARATOR: Final = re.compile(r"\$(?:IFS\b|\{IFS[^}]*\})(?:\$\d)?")
_KEYWORDS: Final = frozenset("if then else elif while until do ! { time coproc".split())
_ENDS: Final = frozenset("} done fi esac".split())
_LETTERS: Final = {"n": "\n", "t": "\t", "r": "\r", "e": "\x1b", "a": "\a", "b": "\b"}


class Command(NamedTuple):
    """One program with its arguments."""

    words: tuple[str, ...]
    """Without quotes; a substitution stands in a word as it is written."""
    redirected: tuple[str, ...]
    """Where its input and output go: ">> file", "< file"."""
    document: str
    """What a here-document or a here-string gives it to read."""


class Pipeline(NamedTuple):
    """Commands of which each reads what the one before it writes."""

    commands: tuple[Command, ...]
    line: int


class TooNested(ValueError):  # noqa: N818 - a state of the text, not a mistake
    """The text takes more steps to read than any that people write."""


def read(text: str, line: int = 1) -> list[Pipeline]:
    """All pipelines of a text, those in substitutions and in texts that a shell is handed among them.

    Raises `TooNested`.
    """
    return _Reader(text, line, _Shared(8 * len(text) + 65_536), 0).pipelines()


class _Shared:
    """What all levels of one text share: its variables, and how many letters may still be looked at."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.values: dict[str, str] = {}

    def spend(self, amount: int) -> None:
        self.left -= amount
        if self.left < 0:
            raise TooNested("substitutions in substitutions without end")


class _Reader:
    def __init__(self, text: str, line: int, shared: _Shared, depth: int) -> None:
        if depth > _NESTED:
            raise TooNested(f"commands in commands, over {_NESTED} deep")
        shared.spend(len(text))
        self._text, self._line, self._shared, self._depth = text, line, shared, depth
        self._counted = 0
        self._found: list[Pipeline] = []
        self._open: list[Command] = []
        self._words: list[str] = []
        self._redirected: list[str] = []
        self._document = ""
        self._pending: list[tuple[str, bool]] = []
        """Here-documents that begin with the next line: their ends, and whether tabs are cut off."""
        self._groups: list[int] = []

    def pipelines(self) -> list[Pipeline]:
        text, at = self._text, 0
        while at < len(text):
            if match := _BLANK.match(text, at):
                at = match.end()
            elif text[at] == "#" and (at == 0 or text[at - 1] in " \t\n;&|()"):
                at = _until(text, "\n", at)
            elif match := _REDIRECTION.match(text, at):
                at = self._redirect(match[0], match.end())
            elif match := _OPERATOR.match(text, at):
                at = self._operate(match[0], match.end())
            else:
                word, at, bare = self._word(at)
                self._take(word, at, bare=bare)
        self._end(at)
        return self._found

    def _take(self, word: str, at: int, *, bare: bool) -> None:
        if bare and not self._words:
            if word in _ENDS:
                self._close(at)
                return
            if word in _KEYWORDS:
                if word == "{":
                    self._groups.append(len(self._found))
                return
        if len(self._words) < _WORDS_MOST:
            self._words += _SEPARATOR.split(word) if "IFS" in word else [word]

    def _operate(self, operator: str, at: int) -> int:
        if operator == "\n":
            # A line that ends with a pipe goes on in the next.
            if self._words or not self._open:
                self._end(at)
            return self._documents(at)
        if operator in {"|", "|&"}:
            self._command()
        elif operator == "(":
            self._groups.append(len(self._found))
        elif operator == ")":
            self._close(at)
        else:
            self._end(at)
        return at

    def _close(self, at: int) -> None:
        """The end of a group: if a pipe follows, all of the group writes into it."""
        self._end(at)
        begin = self._groups.pop() if self._groups else max(0, len(self._found) - 4)
        blank = _BLANK.match(self._text, at)
        if self._text[blank.end() if blank else at :][:1] == "|":
            inner = [command for each in self._found[begin:] for command in each.commands]
            self._open = inner[-_COMMANDS_MOST // 2 :]

    def _command(self) -> None:
        if self._words or self._redirected or self._document:
            words = self._words
            while words and (match := _ASSIGNMENT.fullmatch(words[0])):
                self._shared.values[match[1]] = match[2][:_VALUE_MOST]
                words = words[1:]
            if words[:1] in (["export"], ["declare"], ["local"], ["readonly"]):
                for match in filter(None, map(_ASSIGNMENT.fullmatch, words)):
                    self._shared.values[match[1]] = match[2][:_VALUE_MOST]
            if words or self._redirected:
                command = Command(tuple(words or self._words), tuple(self._redirected), self._document)
                if len(self._open) < _COMMANDS_MOST:
                    self._open.append(command)
        self._words, self._redirected, self._document = [], [], ""

    def _end(self, at: int) -> None:
        self._command()
        if self._open:
            pipeline = Pipeline(tuple(self._open), self._at_line(at))
            self._found.append(pipeline)
            for inner in _handed(pipeline):
                self._found += self._deeper(inner)
        self._open = []

    def _at_line(self, at: int) -> int:
        # The letter before: what ended the command may be the end of its line.
        at = max(0, at - 1)
        if at > self._counted:
            self._line += self._text.count("\n", self._counted, at)
            self._counted = at
        return self._line

    def _deeper(self, text: str) -> list[Pipeline]:
        return _Reader(text, self._line, self._shared, self._depth + 1).pipelines()

    def _redirect(self, operator: str, at: int) -> int:
        if match := _BLANK.match(self._text, at):
            at = match.end()
        word, at, _ = self._word(at)
        if operator.endswith(("<<", "<<-")) and not operator.endswith("<<<"):
            self._pending.append((word, operator.endswith("-")))
        elif operator.endswith("<<<"):
            self._document += word
        else:
            self._redirected.append(f"{operator} {word}")
        return at

    def _documents(self, at: int) -> int:
        """Read the here-documents that begin here; the last of a pipeline counts as all of its input."""
        for end, tabs in self._pending:
            lines: list[str] = []
            while at < len(self._text):
                stop = _until(self._text, "\n", at)
                line = self._text[at:stop].removesuffix("\r")
                at = stop + 1
                if (line.lstrip("\t") if tabs else line) == end:
                    break
                lines.append(line)
            if self._found:
                self._receive("\n".join(lines))
        self._pending = []
        return min(at, len(self._text))

    def _receive(self, document: str) -> None:
        """Give a here-document to the pipeline that was read last."""
        last = self._found[-1]
        command = last.commands[0]
        given = last._replace(commands=(command._replace(document=document), *last.commands[1:]))
        self._found[-1] = given
        for inner in _handed(given):
            self._found += self._deeper(inner)

    def _word(self, at: int) -> tuple[str, int, bool]:
        """A word, where it ends, and whether it was written without quotes."""
        text, parts, bare, length = self._text, list[str](), True, 0
        while at < len(text):
            if match := _PLAIN.match(text, at):
                part, at = match[0], match.end()
            elif text.startswith(("$'", '$"'), at) and text[at + 1] == "'":
                stop = _closing_quote(text, at + 2)
                part, at, bare = _ESCAPED.sub(_unescaped, text[at + 2 : stop]), stop + 1, False
            elif text[at] == "'":
                stop = _until(text, "'", at + 1)
                part, at, bare = text[at + 1 : stop], stop + 1, False
            elif text[at] == '"' or text.startswith('$"', at):
                part, at = self._quoted(at + 1 + (text[at] == "$"))
                bare = False
            elif text[at] == "\\":
                part, at, bare = text[at + 1 : at + 2].strip("\r\n"), at + 2, False
            elif text[at] in "$`" or text.startswith(("<(", ">("), at):
                part, at = self._substituted(at)
            else:
                break
            length += len(part)
            if length <= _WORD_MOST:
                parts.append(part)
        else:
            return "".join(parts), at, bare
        if not parts and length == 0 and bare:
            # Something that no word begins with, as a lone ")" in a redirection.
            return text[at], at + 1, False
        return "".join(parts), at, bare

    def _quoted(self, at: int) -> tuple[str, int]:
        """What stands in double quotes that are open, and where they are closed."""
        text, parts, length = self._text, list[str](), 0
        while at < len(text) and text[at] != '"':
            if match := _QUOTED.match(text, at):
                part, at = match[0], match.end()
            elif text[at] == "\\":
                part = text[at + 1 : at + 2]
                part, at = ("" if part == "\n" else part if part in '"\\$`' else "\\" + part), at + 2
            else:
                part, at = self._substituted(at)
            length += len(part)
            if length <= _WORD_MOST:
                parts.append(part)
        return "".join(parts), at + 1

    def _substituted(self, at: int) -> tuple[str, int]:
        """A variable's value if it is known, or a substitution as it is written, whose commands are found as well."""
        text = self._text
        if text[at] == "`":
            stop = _until(text, "`", at + 1)
            inner = text[at + 1 : stop]
        elif text.startswith(("$(", "<(", ">("), at):
            stop = self._closing(at + 2)
            inner = text[at + 2 : stop]
        elif match := _VARIABLE.match(text, at):
            known = self._shared.values.get(match[1] or match[2] or match[3] or "")
            return match[0] if known is None else known, match.end()
        else:
            return text[at], at + 1
        self._found += self._deeper(inner)
        return text[at : stop + 1], stop + 1

    def _closing(self, at: int) -> int:
        """Where the parenthesis that is open is closed; the end, if nowhere."""
        text, begin, depth = self._text, at, 1
        while at < len(text):
            if match := _SPAN.match(text, at):
                at = match.end()
                continue
            letter = text[at]
            if letter == "'":
                at = _until(text, "'", at + 1)
            elif letter == '"':
                at = _closing_quote(text, at + 1, '"')
            elif letter == "\\":
                at += 1
            elif letter != "`":
                depth += 1 if letter == "(" else -1
                if depth == 0:
                    break
            at += 1
        self._shared.spend(at - begin)
        return min(at, len(text))


def _until(text: str, mark: str, at: int) -> int:
    found = text.find(mark, at)
    return len(text) if found < 0 else found


def _closing_quote(text: str, at: int, quote: str = "'") -> int:
    """The place of the next quote that no backslash stands before."""
    match = re.compile(rf"(?:[^{quote}\\]|\\.)*", re.DOTALL).match(text, at)
    return match.end() if match else at


def _unescaped(match: re.Match[str]) -> str:
    if match[1]:
        return chr(int(match[1], 16))
    if match[2]:
        return chr(int(match[2], 8) & 0xFF)
    return _LETTERS.get(match[3], match[3])


_PREFIXES: Final = frozenset(
    "sudo doas env nohup exec command builtin time nice ionice setsid stdbuf timeout busybox unbuffer chroot xargs then"
    " else do if while RUN".split()
)
_TAKES: Final = {"-u", "-g", "-n", "-i", "-I", "-P", "-L", "--user", "-k", "-s", "-o", "-e", "-C"}
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?[smhd]?")


def program(words: tuple[str, ...] | list[str]) -> list[str]:
    """The words from the program on that is run in the end, past `sudo` and its like; its name without a path."""
    left = list(words)
    while left:
        name = left[0].replace("\\", "/").rpartition("/")[2] or left[0]
        if name not in _PREFIXES or len(left) == 1:
            return [name.lower().removesuffix(".exe"), *left[1:]]
        rest = left[1:]
        while rest and (rest[0].startswith("-") or _ASSIGNMENT.fullmatch(rest[0]) or _NUMBER.fullmatch(rest[0])):
            rest = rest[2:] if rest[0] in _TAKES and name != "time" else rest[1:]
        if not rest:
            return [name, *left[1:]]
        left = rest
    return []


def python_of(command: Command) -> str:
    """The program that a Python on the command line is handed, "" where it is none or lies in a file."""
    words = program(command.words)
    if not words or not re.fullmatch(r"(?:python|pypy)[\d.]*|ipython3?", words[0]):
        return ""
    for at, word in enumerate(words[1:], 1):
        if re.fullmatch(r"-[A-Za-ln-z]*c", word):
            return words[at + 1] if at + 1 < len(words) else ""
        if word == "-":
            break
        if not word.startswith("-"):
            return ""
    return command.document


def reads_its_input(words: list[str]) -> bool:
    """Whether this command, past its prefixes, runs as a program what it is given to read."""
    if not words or words[0] not in READERS:
        return False
    taken = {"-c", "-m", "-e", "-C", "-File", "-f", "-F"}
    for word in words[1:]:
        if word == "-" or (word == "-s" and words[0] in SHELLS) or word in {"/dev/stdin", "--"}:
            return True
        if word in taken or not word.startswith(("-", "+")):
            return False
    return True


def _handed(pipeline: Pipeline) -> Iterator[str]:
    """The texts that a pipeline hands to a shell to run."""
    before = ""
    for command in pipeline.commands:
        words = program(command.words)
        if words and words[0] in {*SHELLS, "su", "eval", "ssh", "script", "trap"}:
            if words[0] in {"eval", "trap"}:
                yield " ".join(words[1:])
            for at, word in enumerate(words[:-1]):
                if at and re.fullmatch(r"-[a-z]*c", word) and words[0] != "ssh":
                    yield words[at + 1]
            if reads_its_input(words):
                yield from filter(None, (command.document, before))
        before = " ".join(words[1:]) if words and words[0] in {"echo", "printf"} else command.document
