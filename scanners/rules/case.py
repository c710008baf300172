"""What rules look at: the facts of one file, sorted by kind, with its name, its format and the policy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.facts import TEXT_LIMIT
from scanners.findings import SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from scanners.facts import (
        Anomaly,
        AnomalyCode,
        Call,
        Code,
        Embedded,
        Mutation,
        Opens,
        OpensKind,
        Reference,
        Sampled,
        Storage,
        Unread,
    )
    from scanners.findings import Finding, Rule, Severity
    from scanners.rules.policy import Policy


_AWAY: Final = re.compile(r"[\\/~]|[A-Za-z]:|[A-Za-z][\w+.-]*:/|(?:.*[\\/])?\.\.(?:[\\/]|\Z)", re.DOTALL)
"""Absolute, a home, a drive, an address, or upwards anywhere."""
KEYS: Final = re.compile(
    r"\.ssh[/\\]|\bid_(?:rsa|ed25519|ecdsa)\b|\.aws[/\\]?(?:credentials)?\Z|\.aws[/\\]credentials|\.netrc\b|huggingface[/\\](?:token|stored_tokens)"
    r"|\.git-credentials|\.docker[/\\]config\.json|\.kube[/\\]config|/etc/shadow|Login Data\b|Local State\Z|wallet\.dat"
    r"|\.config[/\\]gcloud|\.pypirc|\.npmrc|Cookies\Z|key4\.db"
)
"""Files that keep keys and passwords, by their paths."""
_BEHIND: Final = frozenset(("gguf.trailing", "model.trailing", "safetensors.tail"))
_PROSE: Final = (".md", ".mdx", ".markdown", ".rst", ".txt")
_MOMENTS: Final = (
    (re.compile(r"(?:.*/)?\.(?:vscode|idea|cursor|claude|devcontainer|envrc|gemini|windsurf|zed)\b.*"), "editor"),
    (re.compile(r"(?:.*/)?(?:devcontainer|\.?mcp|claude_desktop_config)\.json"), "editor"),
    (
        re.compile(
            r"(?:.*/)?(?:[^/]*dockerfile[^/]*|[^/]*makefile[^/]*|[^/]*\.(?:mk|dockerfile)|setup\.(?:py|cfg)|pyproject\.toml"
            r"|[^/]*requirements[^/]*\.(?:txt|in)|package\.json|\.github/.*|\.gitlab-ci\.yml|[^/]*compose[^/]*\.ya?ml|pipfile)"
        ),
        "build",
    ),
)


class Case:
    """One file before its judges. Filled once, then only read."""

    __slots__ = (
        "anomalies",
        "calls",
        "codes",
        "commands",
        "embedded",
        "format",
        "lambdas",
        "members",
        "mutations",
        "opens",
        "path",
        "policy",
        "references",
        "sampled",
        "scripts",
        "storages",
        "unread",
    )

    def __init__(self, path: str, fmt: str, policy: Policy) -> None:
        self.path, self.format, self.policy = path, fmt, policy
        self.references: list[Reference] = []
        self.calls: list[Call] = []
        self.lambdas: list[Call] = []
        """Calls that layers of a Keras model make; `calls` are those of pickles."""
        self.scripts: list[Call] = []
        """Calls that Python source makes; their opcode is when."""
        self.commands: list[Call] = []
        """Pipelines of shells."""
        self.sampled: list[Sampled] = []
        self.mutations: list[Mutation] = []
        self.anomalies: list[Anomaly] = []
        self.unread: list[Unread] = []
        self.embedded: list[Embedded] = []
        self.codes: list[Code] = []
        self.storages: list[Storage] = []
        self.opens: list[Opens] = []
        self.members: set[str] = set()
        """Members of which something is known."""

    def knows_behind(self, fact: Anomaly) -> bool:
        """Whether one of the other formats knew the bytes that begin at the place of an anomaly.

        They were handed to all formats: if one knew them, there is something known of them, or of what is in them.
        """
        tail = inside(fact.member, f"tail@{fact.offset}")
        return any(member == tail or member.startswith(f"{tail}!/") for member in self.members)


def inside(member: str, part: str) -> str:
    """The member path of a part of a member, as `Scan.path` writes it."""
    return f"{member}!/{part}" if member else part


def told(rule: Rule, fact: Anomaly) -> str:
    """The message of a finding that says of an anomaly what its rule says, and the detail."""
    return f"{rule.title}: {fact.detail}" if fact.detail else rule.title


def worse_known(case: Case, fact: Anomaly) -> Severity | None:
    """High, of bytes behind the end of a file that one of the other formats knew."""
    return "high" if fact.code in _BEHIND and case.knows_behind(fact) else None


def bent(
    case: Case,
    rules: Mapping[AnomalyCode, Rule],
    weigh: Callable[[Case, Anomaly], Severity | None] = worse_known,
) -> Iterator[Finding]:
    """A finding of each anomaly that one of the rules speaks of, as heavy as its rule where `weigh` says nothing."""
    for fact in case.anomalies:
        if rule := rules.get(fact.code):
            yield rule.at(told(rule, fact), member=fact.member, offset=fact.offset, severity=weigh(case, fact))


def only_away(rule: Rule, fact: Opens) -> Severity | None:
    """What its rule weighs, of a path that leads away; nothing of all others."""
    return rule.severity if leads_away(fact.path) else None


def worse_away(rule: Rule, fact: Opens) -> Severity | None:
    """High, of a path that leads away; what its rule weighs, of all others."""
    return "high" if leads_away(fact.path) else rule.severity


def opening(
    case: Case,
    rules: Mapping[OpensKind, Rule],
    weigh: Callable[[Rule, Opens], Severity | None] = only_away,
) -> Iterator[Finding]:
    """A finding of each path that a loader opens, that one of the rules speaks of, and that weighs something."""
    for fact in case.opens:
        if (rule := rules.get(fact.kind)) and (severity := weigh(rule, fact)):
            message = f"{rule.title}: {fact.path!r}"
            yield rule.at(message, member=fact.member, severity=severity, path=fact.path, by=fact.by or None)


def together(named: Iterable[tuple[Rule, Severity | None, str, str]]) -> Iterator[Finding]:
    """One finding for each rule, weight and member, of all names that come with them."""
    found: dict[tuple[Rule, Severity | None, str], dict[str, None]] = {}
    for rule, severity, member, name in named:
        found.setdefault((rule, severity, member), {})[name] = None
    for (rule, severity, member), names in found.items():
        message = f"{rule.title}: {listed(names)}"
        yield rule.at(message, member=member, severity=severity, callee=next(iter(names)), names=len(names))


def listed(names: Iterable[str], most: int = 8) -> str:
    """The first of the names, and how many more there are."""
    every = list(names)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return f"{', '.join(every[:most])}{more}"


def leads_away(path: str) -> bool:
    """Whether a path that is opened leads elsewhere than to what lies beside the file that names it.

    Of a path that is cut, nobody knows.
    """
    return len(path) >= TEXT_LIMIT or _AWAY.match(path) is not None


def lowered(severity: Severity) -> Severity:
    """The next lighter weight."""
    return SEVERITIES[max(0, SEVERITIES.index(severity) - 1)]


def is_prose(path: str) -> bool:
    """Whether a file is read by people: what it says to run, somebody has to copy."""
    return path.lower().endswith(_PROSE) and "requirements" not in path.lower()


def moment(path: str) -> str:
    """What makes the commands of a file run: a build, an editor or an agent, or somebody who runs them."""
    return next((when for pattern, when in _MOMENTS if pattern.fullmatch(path.lower())), "manual run")
