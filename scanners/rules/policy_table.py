"""The shape of the policy's tables: what a capability is, how heavy it is, and how an entry is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from scanners.findings import Severity

Capability = Literal[
    "exec_code",  # runs Python code that it is given
    "process",  # starts a program
    "native",  # loads machine code
    "tamper",  # reaches into a scanner
    "deserialize",  # loads another pickle, or what is as good as one
    "import_or_resolve",  # finds something by a name that is data
    "attribute_primitive",  # a small tool that chains are built of
    "code_object",  # rebuilds a function or a class that travels in the pickle itself
    "file_write_delete",  # opens, writes or deletes files
    "network",  # talks to other machines
    "env_info",  # tells about this machine
    "custom",  # what the user's own configuration denies
]

WEIGHT: Final[dict[Capability, Severity]] = {
    "exec_code": "critical",
    "process": "critical",
    "native": "critical",
    "tamper": "critical",
    "deserialize": "critical",
    "import_or_resolve": "critical",
    "attribute_primitive": "high",
    "code_object": "medium",
    "file_write_delete": "high",
    "network": "high",
    "env_info": "medium",
    "custom": "high",
}
"""The severity of a name that has this capability, unless its group says otherwise."""


class Group(NamedTuple):
    """Denied names that share a capability and a reason."""

    capability: Capability
    source: str
    """Where the group comes from: advisories, a review, a version."""
    names: str
    """Dotted paths divided by blanks; `a.b.*` stands for `a.b` and everything below it, all else for itself."""
    severity: Severity | None = None

    def entries(self) -> tuple[str, ...]:
        """The paths as written."""
        return tuple(self.names.split())


class Allowed(NamedTuple):
    """Names that were reviewed and do nothing but make a value."""

    source: str
    names: dict[str, str]
    """The names of each module, divided by blanks: exact, canonical, and without dots."""
