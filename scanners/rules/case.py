"""What rules look at: the facts of one file, sorted by kind, with its name, its format and the policy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.facts import TEXT_LIMIT
from scanners.findings import SEVERITIES

if TYPE_CHECKING:
    from scanners.facts import Anomaly, Call, Code, Embedded, Mutation, Opens, Reference, Sampled, Storage, Unread
    from scanners.findings import Rule, Severity
    from scanners.rules.policy import Policy


_AWAY: Final = re.compile(r"[\\/~]|[A-Za-z]:|[A-Za-z][\w+.-]*:/|(?:.*[\\/])?\.\.(?:[\\/]|\Z)", re.DOTALL)
"""Absolute, a home, a drive, an address, or upwards anywhere."""
KEYS: Final = re.compile(
    r"\.ssh[/\\]|\bid_(?:rsa|ed25519|ecdsa)\b|\.aws[/\\]?(?:credentials)?\Z|\.aws[/\\]credentials|\.netrc\b|huggingface[/\\](?:token|stored_tokens)"
    r"|\.git-credentials|\.docker[/\\]config\.json|\.kube[/\\]config|/etc/shadow|Login Data\b|Local State\Z|wallet\.dat"
    r"|\.config[/\\]gcloud|\.pypirc|\.npmrc|Cookies\Z|key4\.db"
)
"""Files that keep keys and passwords, by their paths."""
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

    def knows(self, part: str) -> bool:
        """Whether something is known of a part, or of what is in it."""
        return any(member == part or member.startswith(f"{part}!/") for member in self.members)


def inside(member: str, part: str) -> str:
    """The member path of a part of a member, as `Scan.path` writes it."""
    return f"{member}!/{part}" if member else part


def told(rule: Rule, fact: Anomaly) -> str:
    """The message of a finding that says of an anomaly what its rule says, and the detail."""
    return f"{rule.title}: {fact.detail}" if fact.detail else rule.title


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
