"""What texts for people and for agents say to run, where they lead, and what they hide; nothing of it is rendered.

Source: https://spec.commonmark.org/0.31.2/ (fences, code spans, links, HTML), as far as commands and addresses go.
"""

from __future__ import annotations

import re
from textwrap import dedent
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_FENCE: Final = re.compile(r"[ \t>]*(?:[-*+] +|\d+[.)] +)?(`{3,}|~{3,})[ \t]*\{?\.?([\w+#-]*)[^\n]*")
_SHELLS: Final = dict.fromkeys(
    "sh bash shell zsh console terminal shellscript shell-session sh-session fish commandline".split(), ".sh"
)
_LANGUAGES: Final = {
    **_SHELLS,
    **dict.fromkeys("py python python3 pycon ipython ipython3 jupyter".split(), ".py"),
    **dict.fromkeys("powershell ps1 pwsh ps bat batch cmd dos winbatch".split(), ".ps1"),
    **dict.fromkeys("dockerfile docker".split(), ".dockerfile"),
}
_PROGRAMS: Final = re.compile(
    r"[ \t]*(?:[$>%#][ \t]+)?(?:sudo[ \t]+)?(?:pip3?|python[\d.]*|curl|wget|git|bash|sh|npm|npx|uvx?|conda|docker|chmod"
    r"|powershell|pwsh|iwr|irm|iex|apt(?:-get)?|brew|mshta|certutil|\./[\w./-]+)[ \t]"
)
_WINDOWS: Final = re.compile(
    r"(?i)\b(?:powershell|pwsh|iwr|irm|iex|mshta|certutil|bitsadmin|invoke-\w+|start-process|cmd(?:\.exe)?[ \t]+/c)\b"
)
_INLINE: Final = re.compile(
    r"(?i)(?:(?:curl|wget)\b[^`\n]{0,400}\|[^`\n]{0,200}"
    r"|(?:bash|sh)\s+(?:-c\s+)?[\"']?(?:<|\$)\((?:curl|wget)[^`\n]{0,300}"
    r"|\b(?:powershell|pwsh)(?:\.exe)?[ \t]+-[^`\n]{0,400}"
    r"|\b(?:iex|irm|iwr|mshta|certutil)[ \t]+[(\"'$h-][^`\n]{0,400})"
)
_PROMPT: Final = re.compile(r"[ \t]*(?:\([\w.-]+\)[ \t]*)?[$%\u276f][ \t]+|PS [^>\n]*>[ \t]*|C:\\[^>\n]*>[ \t]*")
_PYTHON_PROMPT: Final = re.compile(r"\A(?:>>>|\.\.\.) ?")
_MAGIC: Final = re.compile(r"[ \t]*[!%]{1,2}[ \t]*(.*)")
_LINK: Final = re.compile(
    r"\b(?:https?|ftp|file)://[^\s\"'<>`\]\[{}|\\^]+|\]\(\s*<?(?!https?:|#)([^\s)>]+)", re.IGNORECASE
)
_ACTIVE: Final = re.compile(
    r"<script\b[^>]*>|(?:href|src|action|\]\()\s*=?\s*[\"'(<]?\s*(?:javascript:|vbscript:|data:text/html)"
    r"|<[a-z][^<>]{0,300}\son[a-z]+\s*=\s*[\"']|<(?:iframe|object|embed)\b[^>]*\bsrc",
    re.IGNORECASE,
)
_CODE: Final = re.compile(r"(`{3,}|~{3,}).*?(?:\1|\Z)|`[^`\n]*`", re.DOTALL)
_PASSWORD: Final = re.compile(
    r"\b(?:archive|zip|rar|7z|extract\w*|unpack\w*|unzip|installer|download)\b[^\n]{0,80}?\b(?:password|passwort|pwd|passcode)\b"
    r"(?:\W{0,8}(?:is|of))?\W{1,6}[\w!@#$%-]{2,}"
    r"|\b(?:password|pwd|passcode)\b\W{0,8}(?:for|of|to)\b[^\n]{0,40}\b(?:archive|zip|rar|7z)\b",
    re.IGNORECASE,
)
_VERIFY: Final = re.compile(
    r"(?:\bwin(?:dows)?(?: key)?\s*\+\s*R\b|windows[ -]key[^\n]{0,20}\bR\b)[^\0]{0,120}?(?:ctrl\s*\+\s*v|paste"
    r"|powershell|cmd\b|enter)"
    r"|(?:verify|confirm|prove)[^\n]{0,30}(?:human|not a robot)[^\0]{0,120}?(?:paste|terminal|powershell|run (?:this"
    r"|the)|ctrl)",
    re.IGNORECASE,
)
_ANTIVIRUS: Final = re.compile(
    r"(?:disable|turn off|switch off|deactivate|pause)[^\n.]{0,40}(?:anti-?virus|defender|real-?time protection"
    r"|smartscreen|firewall)"
    r"|(?:add|create)[^\n.]{0,30}exclusion[^\n.]{0,40}(?:defender|anti-?virus)",
    re.IGNORECASE,
)
_UNSEEN: Final = re.compile(
    "(?<!\U0001f3f4)[\U000e0001-\U000e007f]+|[\u202d\u202e]|[\u200b-\u200d\u2060-\u2064\ufeff]{4,}"
)
_TAGGED: Final = re.compile("\U0001f3f4[\U000e0061-\U000e007a]{2,6}\U000e007f")
"""Flags of England, Scotland and Wales."""
_COMMENT: Final = re.compile(r"<!--(.*?)(?:-->|\Z)|\[//\]: # [\"(](.*?)[\")]$", re.DOTALL | re.MULTILINE)
_NOT: Final = re.compile(
    r"\b(?:never|not|don't|avoid|without|refuse|forbidden|prohibited)\b[^.\n]{0,60}\Z", re.IGNORECASE
)
_ORDERS: Final = {
    "override": re.compile(
        r"\b(?:ignore|disregard|forget|override|bypass)\s+(?:(?:all|any|the|your|my|of|these"
        r"|every)\s+){0,4}(?:previous|prior|above|earlier|preceding|system|safety|other)\s+"
        r"(?:instructions?|prompts?|rules|context|directives?|guidelines|messages)",
        re.IGNORECASE,
    ),
    "conceal": re.compile(
        r"\b(?:do\s+not|don't|never|without)\s+(?:ever\s+)?(?:tell|mention|reveal|inform|show|disclos|notify|alert"
        r"|report|ask)\w*\b[^.\n]{0,30}\b(?:the\s+user|users|the\s+human|the\s+developer|anyone)",
        re.IGNORECASE,
    ),
    "send": re.compile(
        r"\b(?:send|post|upload|exfiltrat\w*|transmit|forward|leak|submit|append)\b[^.\n]{0,60}(?:\.env\b"
        r"|api[ _-]?keys?|(?:access|auth|hf|github)[ _-]tokens?|secrets?\b|credentials|passwords?|ssh key|~/\.ssh"
        r"|environment variables|conversation history|source code)"
        r"[^.\n]{0,60}(?:\bto\b|https?://|webhook|@)",
        re.IGNORECASE,
    ),
    "read": re.compile(
        r"\b(?:read|open|cat|print|list|collect|gather|find)\b[^.\n]{0,40}(?:~/\.ssh|\bid_rsa\b|~/\.aws|~/\.netrc"
        r"|/etc/passwd|\.git-credentials|huggingface/token|browser cookies|keychain)",
        re.IGNORECASE,
    ),
    "run": re.compile(
        r"\b(?:run|execute|eval)\b(?:(?!\bnot\b|n't|\bnever\b)[^\n]){0,60}(?:silently|in the background without"
        r"|without (?:asking|confirmation|approval|telling|permission)|before (?:doing )?anything else)",
        re.IGNORECASE,
    ),
}
_SHOWN: Final = 160


class Part(NamedTuple):
    """Something that the text says to run."""

    suffix: str
    """What reads it: `.sh`, `.ps1`, `.py`, `.dockerfile`."""
    text: str
    line: int


class Links(NamedTuple):
    """Where the text leads."""

    addresses: tuple[str, ...]
    files: tuple[str, ...]
    """Relative links, to what lies beside it."""


def parts(text: str) -> Iterator[Part]:
    """Code blocks in languages that are run, and commands in the lines between them."""
    fence, language, begin, block = "", "", 0, list[str]()
    for number, line in enumerate(text.split("\n"), 1):
        match = _FENCE.fullmatch(line)
        if fence:
            if match and match[1][0] == fence[0] and len(match[1]) >= len(fence) and not match[2]:
                yield from _block(language, "\n".join(block), begin)
                fence, block = "", []
            else:
                block.append(line)
        elif match:
            fence, language, begin = match[1], match[2].lower(), number
        else:
            yield from (Part(_shell_of(found[0]), found[0], number) for found in _INLINE.finditer(line))
    if block:
        yield from _block(language, "\n".join(block), begin)


def _block(language: str, block: str, line: int) -> Iterator[Part]:
    suffix = _LANGUAGES.get(language)
    lines = dedent(block).split("\n")
    if suffix is None and language in {"", "text", "txt", "plaintext", "code"} and any(map(_PROGRAMS.match, lines)):
        suffix = ".sh"
    if suffix == ".py":
        lines = [_PYTHON_PROMPT.sub("", each, count=1) for each in lines]
        commands = [match[1] for match in map(_MAGIC.fullmatch, lines) if match]
        lines = ["" if _MAGIC.fullmatch(each) else each for each in lines]
        yield Part(".py", "\n".join(lines) + "\n", line)
        if commands:
            yield Part(".sh", "\n".join(commands), line)
    elif suffix == ".sh":
        if any(map(_PROMPT.match, lines)):
            lines = [_PROMPT.sub("", each, count=1) for each in lines if _PROMPT.match(each)]
        whole = "\n".join(lines)
        yield Part(_shell_of(whole), whole, line)
    elif suffix:
        yield Part(suffix, "\n".join(lines), line)


def _shell_of(text: str) -> str:
    return ".ps1" if _WINDOWS.search(text) else ".sh"


def links(text: str) -> Links:
    """All addresses and all relative links, each once."""
    addresses: dict[str, None] = {}
    files: dict[str, None] = {}
    for match in _LINK.finditer(text):
        if match[1]:
            files[match[1]] = None
        else:
            addresses[match[0].rstrip(".,;:!?)*_'")] = None
    return Links(tuple(addresses), tuple(files))


def active(text: str) -> Iterator[str]:
    """What a browser would run, where a page shows the text as it is."""
    shown = _CODE.sub("", text)
    yield from (_around(shown, match) for match in _ACTIVE.finditer(shown))


def lures(text: str) -> Iterator[tuple[str, str]]:
    """What a text says that leads people into harm, each with its kind."""
    for kind, pattern in (("password", _PASSWORD), ("verify", _VERIFY), ("antivirus", _ANTIVIRUS)):
        yield from ((kind, _around(text, match)) for match in pattern.finditer(text))


def hidden(text: str) -> Iterator[str]:
    """Letters that nobody sees and a model reads."""
    for match in _UNSEEN.finditer(_TAGGED.sub("", text)):
        said = "".join(chr(ord(each) - 0xE0000) for each in match[0] if 0xE0020 <= ord(each) < 0xE007F)
        yield f"U+{ord(match[0][0]):04X}, {len(match[0])} letters" + (f": {said[:_SHOWN]!r}" if said else "")


def orders(text: str) -> Iterator[tuple[str, str, bool]]:
    """What a text tells whoever obeys it to do: the kind, the words, and whether a comment hides them."""
    comments = [match.span() for match in _COMMENT.finditer(text)]
    for kind, pattern in _ORDERS.items():
        for match in pattern.finditer(text):
            if kind != "conceal" and _NOT.search(text[max(0, match.start() - 80) : match.start()]):
                continue
            yield kind, _around(text, match), any(start <= match.start() < stop for start, stop in comments)


def _around(text: str, match: re.Match[str]) -> str:
    return " ".join(text[match.start() : min(match.end() + 40, match.start() + _SHOWN)].split())
