"""Keys and passwords in texts: found by their form, and shortened before anything keeps them.

Rule 1: no fact and no finding holds more of a secret than its first four and last two letters. Rule 2: forms are those
that nothing else has: a prefix, an alphabet and a length; what needs a guess is not looked for. Rule 3: examples are
none: few different letters, letters in their order, or a word that says so. Sources: the issuers' own documents, and
https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.facts import Fact


class _Kind(NamedTuple):
    name: str
    marks: tuple[bytes, ...]
    """Texts of which one is in every secret of this kind: a quick look before the slow one."""
    pattern: str
    """Its only group, or all of it, is the secret; no letter, digit or underscore stands before it."""


class Secret(NamedTuple):
    """One secret, shortened."""

    kind: str
    shown: str
    offset: int
    """In bytes."""


PRIVATE_KEY: Final = "private key"
_KINDS: Final = (
    _Kind(
        PRIVATE_KEY,
        (b" KEY-----", b" KEY BLOCK-----"),
        r"-----BEGIN (?:RSA |EC |DSA |OPENSSH |PGP )?PRIVATE KEY(?: BLOCK)?-----(?:[\s\"',+]|\\[rnt])*"
        r"(?:[\w-]+: [^\\\n]*(?:\s|\\[rn])*)*[A-Za-z0-9+/=]{40,}(?:[A-Za-z0-9+/=\s\"',]|\\[rn])*",
    ),
    _Kind("AWS access key", (b"AKIA", b"ASIA"), r"(?:AKIA|ASIA)[A-Z2-7]{16}\b"),
    _Kind(
        "AWS secret key",
        (b"ecret", b"ECRET"),
        r"(?i:aws.{0,20}secret.{0,20}key)[\"']?\s*[:=]\s*[\"']?([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+=])",
    ),
    _Kind(
        "Azure account key",
        (b"AccountKey=", b"SharedAccessKey="),
        r"(?:Account|SharedAccess)Key=([A-Za-z0-9+/]{43,86}={1,2})",
    ),
    _Kind("Google API key", (b"AIza",), r"AIza[0-9A-Za-z_-]{35}(?![\w-])"),
    _Kind("Hugging Face token", (b"hf_",), r"hf_[A-Za-z0-9]{34,40}\b"),
    _Kind("Hugging Face token", (b"api_org_",), r"api_org_[A-Za-z0-9]{34,40}\b"),
    _Kind("OpenAI key", (b"T3BlbkFJ",), r"sk-[\w-]{20,100}T3BlbkFJ[\w-]{20,100}"),
    _Kind("Anthropic key", (b"sk-ant-",), r"sk-ant-[a-z]+\d\d-[\w-]{80,120}"),
    _Kind("GitHub token", (b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_"), r"gh[pousr]_[A-Za-z0-9]{36}\b"),
    _Kind("GitHub token", (b"github_pat_",), r"github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\b"),
    _Kind("GitLab token", (b"glpat-",), r"glpat-[\w-]{20,}"),
    _Kind("Slack token", (b"xox",), r"xox[abprs]-\d{9,}-[A-Za-z0-9-]{20,}"),
    _Kind("Slack webhook", (b"hooks.slack.com",), r"hooks\.slack\.com/services/(T\w{8,}/B\w{8,}/\w{20,})"),
    _Kind("Discord webhook", (b"/api/webhooks/",), r"discord(?:app)?\.com/api/webhooks/(\d{17,20}/[\w-]{60,})"),
    _Kind("Telegram bot token", (b":AA",), r"\d{8,10}:AA[\w-]{33}(?![\w-])"),
    _Kind("Stripe key", (b"k_live_",), r"[sr]k_live_[A-Za-z0-9]{24,}"),
    _Kind("SendGrid key", (b"SG.",), r"SG\.[\w-]{22}\.[\w-]{43}(?![\w-])"),
    _Kind("npm token", (b"npm_",), r"npm_[A-Za-z0-9]{36}\b"),
    _Kind("Groq key", (b"gsk_",), r"gsk_[A-Za-z0-9]{52}\b"),
    _Kind("Replicate token", (b"r8_",), r"r8_[A-Za-z0-9]{37}\b"),
    _Kind("DigitalOcean token", (b"dop_v1_",), r"dop_v1_[a-f0-9]{64}\b"),
    _Kind("Databricks token", (b"dapi",), r"dapi[a-f0-9]{32}\b"),
    _Kind("package index token", (b"pypi-AgE",), r"pypi-AgE[\w-]{60,}"),
    _Kind(
        "Weights & Biases key",
        (b"andb", b"ANDB"),
        r"(?i:wandb.{0,12}(?:key|login)|api\.wandb\.ai\s+login\s+user\s+password)[\"'\s:=(]{1,12}([0-9a-f]{40})\b",
    ),
    _Kind("Kaggle key", (b'"key"',), r"\"username\"\s*:\s*\"[\w-]+\"\s*,\s*\"key\"\s*:\s*\"([0-9a-f]{32})\""),
    _Kind("JSON web token", (b"eyJ",), r"eyJ[\w-]{15,}\.eyJ[\w-]{15,}\.[\w-]{20,}"),
    _Kind(
        "password of a database",
        tuple(each + b"://" for each in b"postgres postgresql mysql mariadb mongodb mongodb+srv redis amqp".split()),
        r"(?:postgres(?:ql)?|mysql|mariadb|mongodb|redis|rediss|amqps?)(?:\+\w+)?://[\w.%-]{1,64}:([^\s:/@$<{*\"'`]{6,64})@"
        r"(?!localhost|127\.|db\b|postgres\b|redis\b|mongo\b|mysql\b|example|host\b)[\w-]+\.[\w.-]+",
    ),
    _Kind("password of a machine", (b"machine",), r"machine\s+[\w.-]+\s+login\s+\S+\s+password\s+(\S{8,80})"),
)
_PATTERNS: Final = tuple((kind, re.compile(kind.pattern)) for kind in _KINDS)
_MARKS: Final = tuple(dict.fromkeys(mark.decode() for kind in _KINDS for mark in kind.marks))
_LONG: Final = re.compile(r"[\w/+-]{20}|://|machine ")
"""What is in every text that has a secret."""
_EXAMPLE: Final = re.compile(
    r"x{4}|\.{3}|\*{3}|<|EXAMPLE|example|your|placeholder|dummy|sample|changeme|password|secret|redacted|abcdefgh"
    r"|bcdefghi"
    r"|12345678|23456789|00000000|foobar|eyJzdWIiOiIxMjM0NTY3ODkw",
    re.IGNORECASE,
)
_DIFFERENT: Final = 8
"""Letters that a secret has different at least; those of 32 hexadecimal digits have 14 of the 16, mostly."""
_MOST: Final = 200


def find(data: bytes) -> Iterator[Secret]:
    """The secrets in a text in UTF-8, each once and in the order of the kinds."""
    text: str | None = None
    told: set[str] = set()
    for kind, pattern in _PATTERNS:
        if not any(mark in data for mark in kind.marks):
            continue
        if text is None:
            # One letter for each byte: places stay places.
            text = data.decode("latin-1")
        for match in pattern.finditer(text):
            secret = match[match.lastindex or 0]
            if secret not in told and _real(kind, match):
                told.add(secret)
                yield Secret(kind.name, shortened(kind.name, secret), match.start(match.lastindex or 0))
                if len(told) == _MOST:
                    return


def _real(kind: _Kind, match: re.Match[str]) -> bool:
    secret, before = match[match.lastindex or 0], match.string[max(0, match.start() - 1) : match.start()]
    if before.isalnum() or before == "_":
        return False
    if kind.name == PRIVATE_KEY:
        return len(set(secret[40:])) > 20
    return len(set(secret)) >= _DIFFERENT and _EXAMPLE.search(secret) is None


def shortened(kind: str, secret: str) -> str:
    """What is kept of a secret."""
    return f"{secret.partition('KEY')[0]}KEY…" if kind == PRIVATE_KEY else f"{secret[:4]}…{secret[-2:]}"


def without(fact: Fact) -> Fact:
    """The fact with every secret in its texts shortened."""
    values = {name: getattr(fact, name) for name in fact.__struct_fields__}
    # One text, and plain searches of it: every fact comes by here.
    whole = "\0".join(
        value if isinstance(value, str) else "\0".join(value)
        for value in values.values()
        if isinstance(value, str | tuple)
    )
    if _LONG.search(whole) is None or not any(mark in whole for mark in _MARKS):
        return fact
    changed = {
        name: _clean(value) if isinstance(value, str) else tuple(map(_clean, value))
        for name, value in values.items()
        if isinstance(value, str | tuple)
    }
    return msgspec.structs.replace(fact, **changed)


def _clean(text: str) -> str:
    for kind, pattern in _PATTERNS:

        def shorten(match: re.Match[str], kind: _Kind = kind) -> str:
            secret = match[match.lastindex or 0]
            return match[0].replace(secret, shortened(kind.name, secret)) if _real(kind, match) else match[0]

        text = pattern.sub(shorten, text)
    return text
