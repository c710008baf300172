"""What tools of developers run, fetch and permit by themselves: git, editors, agents, installers, Python's start."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.findings import Rule
from scanners.rules.case import bent, leads_away
from scanners.rules.places import Place, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.anomalies import AnomalyCode
    from scanners.facts import Opens
    from scanners.findings import Finding, Severity
    from scanners.rules.case import Case

GIT: Final = Rule(
    "git-place",
    "medium",
    "Git is told to fetch from, or to run, something of its own",
    "A clone with submodules fetches from the addresses that the repository names; `ext::` and `update = !`"
    " are commands.",
    "Clone without submodules, and read what they name first.",
    (
        "https://nvd.nist.gov/vuln/detail/CVE-2018-11235",
        "https://nvd.nist.gov/vuln/detail/CVE-2018-17456",
        "https://nvd.nist.gov/vuln/detail/CVE-2025-48384",
        "https://git-scm.com/docs/gitmodules",
    ),
)
COMMAND: Final = Rule(
    "tool-command",
    "medium",
    "A tool of developers runs a command of the repository by itself",
    "Editors, agents, containers and installers run what their files in a repository say: when a folder is opened, when"
    " an agent begins, when a package is installed. Nobody has to run anything.",
    "Read the command before you open the folder with that tool; open it in restricted mode.",
    (
        "https://code.visualstudio.com/docs/editing/workspaces/workspace-trust",
        "https://nvd.nist.gov/vuln/detail/CVE-2025-54136",
        "https://containers.dev/implementors/json_reference/",
    ),
)
SERVER: Final = Rule(
    "tool-mcp-server",
    "medium",
    "The repository brings a server for agents",
    "An agent that works in the folder starts the server with the rights of the user and does what its tools say. A"
    " package without a version is another one whenever its publisher likes.",
    "Leave the server out, or read it and pin its version.",
    ("https://modelcontextprotocol.io/specification/latest/basic/security_best_practices",),
)
SETTING: Final = Rule(
    "tool-setting",
    "medium",
    "A setting gives something away to whoever wrote the repository",
    "It names programs that the editor starts, variables of its terminals, or permissions that an agent need not ask"
    " for.",
    "Take the setting out before you open the folder.",
    (
        "https://code.visualstudio.com/docs/editing/workspaces/workspace-trust",
        "https://cwe.mitre.org/data/definitions/426.html",
    ),
)

ANOMALIES: Final[dict[AnomalyCode, Rule]] = {
    "python.path-file": Rule(
        "python-path-file",
        "medium",
        "A path file has every Python run something as it starts",
        "Where a `.pth` file lies in a folder of packages, each of its lines that begins with `import` runs whenever"
        " any Python starts there.",
        "Do not copy it into an environment.",
        ("https://docs.python.org/3/library/site.html", "https://attack.mitre.org/techniques/T1546/018/"),
    ),
}
"""The rule that speaks of each thing that runs by itself."""

RULES: Final[tuple[Rule, ...]] = (GIT, COMMAND, SERVER, SETTING, *ANOMALIES.values())

_MOMENTS: Final[dict[str, tuple[str, Severity | None]]] = {
    "folder-open": ("when the folder is opened", "high"),
    "host": ("on the machine itself, before the container is made", "medium"),
    "container": ("in the development container", "low"),
    "agent-hook": ("when an agent works in the folder", "medium"),
    "install": ("when the package is installed", "medium"),
    "hook": ("when something is committed", "low"),
    "file-save": ("when a file is changed", "low"),
}
"""What makes a command run, and what it weighs whatever it is; what it does, the rules about shells say."""
_UNPINNED: Final = re.compile(
    r"(?:npx|bunx|pnpm dlx|yarn dlx)\s+(?:-\S+\s+)*(?!-|\S+@\d)\S+|uvx\s+(?:-\S+\s+)*(?!-|\S+(?:==|@)\d)\S+"
    r"|pipx run\s+(?!\S+==)\S+"
)
_FREE: Final = re.compile(
    r"\b(?:ba|z|da)?sh\s+-\w*c\b|\bcmd(?:\.exe)?\s+/c\b|powershell|https?://|\bcurl\b|\bmcp-remote\b|node\s+-e"
    r"|python3?\s+-c"
)
_OWN_ENVIRONMENT: Final = re.compile(
    r"(?:\$\{workspaceFolder\}[/\\]|\./)?\.?(?:venv|env|conda)\b|/usr/(?:local/)?bin/|python3?\Z|\$\{env:"
)
_PERMITS: Final = re.compile(
    r"task\.allowAutomaticTasks|security\.workspace\.trust|autoApprove|alwaysAllow|enableAllProjectMcpServers"
    r"|dangerously|yolo",
    re.IGNORECASE,
)
_ANYTHING: Final = re.compile(r"\*|Bash(?:\((?:\*|curl|wget|sh|bash|sudo|rm|python|eval)\b.*\)?)?\Z|Bash\(\*|Shell\(\*")
_HARMLESS_VARIABLES: Final = re.compile(r"\{?['\"]?(?:PYTHONPATH|TOKENIZERS|CUDA|HF_HUB|WANDB_MODE|LANG|LC_)")
_BUILDS: Final = frozenset(("privileged", "volumes", "runs-on"))
_OWN_FOLDER: Final = re.compile(r"(?:\A|[/\\])\.git(?:[/\\]|\Z)", re.IGNORECASE)
_COMMAND: Final = re.compile(r"ext::|-|!|fd::")


def _git(opened: Opens) -> Severity | None:
    if _COMMAND.match(opened.path):
        return "high"
    if opened.by == "filter":
        return "low"
    if opened.by not in {"url", "update", "path"}:
        return "high" if opened.by == "name" else "medium"
    if opened.by == "path":
        if "\r" in opened.path or _OWN_FOLDER.search(opened.path):
            return "high"
        return "medium" if leads_away(opened.path) else None
    place = place_of(opened.path)
    if place is Place.BAD:
        return "medium"
    return "medium" if opened.path.startswith(("/", "file:")) else "low"


def _server(command: str) -> Severity:
    return "high" if _UNPINNED.search(command) or _FREE.search(command) else "medium"


def _setting(opened: Opens) -> Severity | None:
    key, value = opened.by, opened.path
    if _PERMITS.search(key):
        return None if value in {"off", "False", "prompt", "never", "{}", "[]"} else "high"
    if key == "defaultMode":
        return "high" if value == "bypassPermissions" else None
    if key == "permissions.allow":
        return "high" if _ANYTHING.match(value) else None
    if key.startswith("mcp "):
        return "high" if place_of(value) is Place.BAD else "low" if place_of(value) is Place.OWN else "medium"
    if key.startswith("terminal."):
        telling = "env" in key or "path" in f"{key}{value}".lower()
        return "medium" if telling and not _HARMLESS_VARIABLES.match(value) else None
    if key in {*_BUILDS, "enabledMcpjsonServers"}:
        return "medium"
    if _OWN_ENVIRONMENT.match(value):
        return None
    return "medium" if value.startswith((".", "$", "/", "~")) or "\\" in value else None


def _commands(case: Case) -> Iterator[Finding]:
    for reference in case.references:
        if reference.kind != "tool.command":
            continue
        moment, command = reference.module, reference.name
        if moment == "mcp":
            yield SERVER.at(
                f"{SERVER.title}: {command}",
                member=reference.member,
                severity=_server(command),
                trigger="editor",
                callee=command,
            )
            continue
        when, severity = _MOMENTS.get(moment, ("", None))
        if severity is not None:
            yield COMMAND.at(
                f"{COMMAND.title}, {when}: {command}",
                member=reference.member,
                severity=severity,
                trigger="build" if moment == "install" else "editor",
                callee=command,
            )


def judge(case: Case) -> Iterator[Finding]:
    """Findings about what runs by itself."""
    yield from _commands(case)
    for opened in case.opens:
        if opened.kind == "tool.setting" and (severity := _setting(opened)) is not None:
            yield SETTING.at(
                f"{SETTING.title}: {opened.by} is {opened.path}",
                member=opened.member,
                severity=severity,
                trigger="build" if opened.by in _BUILDS else "editor",
                path=opened.path,
            )
        if opened.kind == "git.place" and (severity := _git(opened)) is not None:
            yield GIT.at(
                f"{GIT.title}: {opened.by} is {opened.path}", member=opened.member, severity=severity, path=opened.path
            )
    yield from bent(case, ANOMALIES)
