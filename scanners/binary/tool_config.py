"""What configurations have tools of developers run, fetch and permit: editors, agents, containers, builds, installers.

Every object of a document is looked at, at any depth, whatever the file is called. Sources, by shape: VS Code tasks
(`runOptions.runOn`) and settings; Dev Containers (lifecycle scripts); MCP clients (`mcpServers`, `servers`); Claude
Code (`hooks`, `permissions`); npm (`scripts`); GitHub workflows (`steps`, `runs-on`); Compose (`services`); pre-commit
(`repos`); conda (`dependencies` beside `channels`); Cog (`python_packages`); PEP 621, Poetry, Pipenv, uv; scripts of
other services and runners of tasks (`_SCRIPT`).
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from scanners.binary.requirements_text import state_all, state_requirement
from scanners.binary.tree import dicts, readings, shown, texts
from scanners.facts import Opens, Reference, clip, clip_name
from scanners.source import BytesSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.binary.tree import Place
    from scanners.scanner import Scan

_MOST: Final = 500
_CONTAINER: Final = {
    "initializeCommand": "host",
    **dict.fromkeys(
        "onCreateCommand updateContentCommand postCreateCommand postStartCommand postAttachCommand".split(), "container"
    ),
}
_SERVERS: Final = ("mcpServers", "servers", "context_servers", "mcp")
_NPM: Final = {**dict.fromkeys(("preinstall", "install", "postinstall"), "install"), "prepare": "task"}
"""Scripts that npm runs by itself; the last in a clone only, where it sets up hooks of git."""
_SETTINGS: Final = re.compile(
    r"task\.allowAutomaticTasks|security\.workspace\.trust\.\w+|chat\.(?:tools|agent)\.[\w.]*[aA]utoApprove\w*"
    r"|python\.(?:defaultInterpreterPath|pythonPath|condaPath|envFile)|(?:git|go|rust|node|npm|ruby|php|java|deno|eslint)\.path|[\w.-]+\.(?:executablePath|serverPath)"
    r"|terminal\.integrated\.(?:shell|automationShell|automationProfile|profiles|env)\.\w+|terminal\.integrated\.env"
    r"|enableAllProjectMcpServers|enabledMcpjsonServers|defaultMode|dangerously\w+|autoApprove|alwaysAllow|yolo\w*"
)
_OF_EDITORS: Final = re.compile(
    r"(?:\A|/)(?:tasks|settings(?:\.local)?|devcontainer)\.json\Z|\.code-workspace\Z", re.IGNORECASE
)
"""Files of these names alone do editors look for tasks and settings in."""
_LISTS: Final = {"python_packages": "pip", "system_packages": "apt"}
_SCRIPT: Final = re.compile(
    r"(?:.+/)?(?:(?:before_|after_)?script|cmds(?:/\d+/cmd)?|stages/[^/]+/cmd|entry_points/[^/]+/command"
    r"|tasks/[^/]+/(?:init|before|command|prebuild|run)|hooks/(?:enter|leave|cd|preinstall|postinstall)"
    r"|commands/[^/]+/run|steps/\d+/(?:bash|pwsh|powershell|run/command))"
)
"""Where commands stand: GitLab, Travis, Bitbucket; go-task; DVC; MLflow; Gitpod, mise; lefthook; Azure, CircleCI."""
_TASKS: Final = re.compile(
    r"tool/(?:poe/tasks|pdm/scripts|taskipy/tasks|rye/scripts|pixi/tasks|hatch/envs/[^/]+/scripts)(?:/[^/]+)?|tasks"
)
"""Tables of a manifest in which every text is a command."""
_TOLD_BY: Final = frozenset(
    (
        *_CONTAINER,
        *_SERVERS,
        *_LISTS,
        *"command run scripts runs-on services hooks entry dependencies pip permissions statusLine apiKeyHelper"
        " awsAuthRefresh otelHeadersHelper python_version script before_script after_script cmds cmd init before"
        " prebuild enter leave cd preinstall postinstall bash pwsh powershell".split(),
    )
)
"""Keys of which an object has one at least that says something here."""


class ToolConfig:
    """States what the objects of one document have tools do."""

    def __init__(self, scan: Scan) -> None:
        self._scan = scan
        self._told = 0

    def look(self, value: dict[str, object], place: Place) -> None:
        """Look at one object."""
        if not _TOLD_BY.isdisjoint(value):
            self._editors(value, place)
            self._agents(value, place)
            self._builds(value, place)
            self._scripts(value, place)
            self._packages(value)
        if _OF_EDITORS.search(self._scan.name) and (place is None or place[0] is None):
            for key, each in value.items():
                if _SETTINGS.fullmatch(key) and each not in (False, None, "", [], {}):
                    self._set(key, each)

    def manifest(self, value: dict[str, object], place: Place) -> None:
        """Look at one table of a manifest in TOML, whose packages are told by where the table is."""
        at = shown(place)
        if at in {"project", "build-system"}:
            state_all([*_words(value.get("requires")), *_words(value.get("dependencies"))], "pip", self._scan)
        if at in {"project/optional-dependencies", "dependency-groups"}:
            for each in value.values():
                state_all(_words(each), "pip", self._scan)
        if re.fullmatch(r"(?:dev-)?packages|tool/poetry/(?:.*/)?(?:dev-)?dependencies|tool/uv/sources", at):
            self._named(value)
        if _TASKS.fullmatch(at):
            for name, each in value.items():
                self._run("task", "\n".join([*texts(each), *_words(each)]), (place, name))
        if re.fullmatch(r"(?:source|tool/poetry/source|tool/uv/index|index)/\d+", at):
            for url in texts(value.get("url")):
                state_requirement(f"--index-url {url}", "pip", self._scan)

    def _editors(self, value: dict[str, object], place: Place) -> None:
        if "command" in value and _OF_EDITORS.search(self._scan.name) and "tasks" in shown(place):
            opened = any("folderOpen" in texts(each.get("runOn")) for each in dicts(value.get("runOptions")))
            words = [*texts(value["command"]), *_words(value.get("args"))]
            self._run("folder-open" if opened else "task", " ".join(words), place)
        for key, moment in _CONTAINER.items():
            for command in _commands(value.get(key)):
                self._run(moment, command, (place, key))

    def _agents(self, value: dict[str, object], place: Place) -> None:
        for key in _SERVERS:
            for servers in dicts(value.get(key)):
                for name, server in servers.items():
                    for each in dicts(server):
                        self._server(each, ((place, key), name))
        if "command" in texts(value.get("type")) and "command" in value and "hooks" in shown(place):
            for command in texts(value["command"]):
                self._run("agent-hook", command, place)
        for key in ("apiKeyHelper", "awsAuthRefresh", "otelHeadersHelper"):
            for command in texts(value.get(key)):
                self._run("agent-hook", command, (place, key))
        for line in dicts(value.get("statusLine")):
            for command in texts(line.get("command")):
                self._run("agent-hook", command, (place, "statusLine"))
        for permissions in dicts(value.get("permissions")):
            for rule in _words(permissions.get("allow")):
                self._set("permissions.allow", rule)

    def _server(self, server: dict[str, object], place: Place) -> None:
        for command in texts(server.get("command")):
            self._run("mcp", shlex.join([command, *_words(server.get("args"))]), place)
        for key in ("url", "httpUrl", "serverUrl"):
            for url in texts(server.get(key)):
                self._set(f"mcp {key}", url)

    def _builds(self, value: dict[str, object], place: Place) -> None:
        for scripts in dicts(value.get("scripts")):
            told = "name" in value or "version" in value or "dependencies" in value
            for key, moment in _NPM.items() if told else ():
                for command in texts(scripts.get(key)):
                    self._run(moment, command, ((place, "scripts"), key))
        if place and "/steps/" in f"/{shown(place)}":
            for command in texts(value.get("run")):
                self._run("workflow", command, place)
        if "python_packages" in value or "python_version" in value:
            for command in _words(value.get("run")):
                self._run("build", command, (place, "run"))
        if "self-hosted" in _words(value.get("runs-on")) + texts(value.get("runs-on")):
            self._set("runs-on", "self-hosted")
        for services in dicts(value.get("services")):
            for name, service in services.items():
                for each in dicts(service):
                    self._service(each, ((place, "services"), name))
        if "hooks" in value:
            for repo in texts(value.get("repo")):
                if repo not in {"local", "meta"}:
                    self._scan.state(Opens("package.source", clip(repo), "pre-commit", member=self._scan.member))
        elif "entry" in value and {"id", "language"} <= value.keys():
            for command in texts(value["entry"]):
                self._run("hook", command, place)

    def _service(self, service: dict[str, object], place: Place) -> None:
        privileged = any(each is True or each == "true" for each in readings(service.get("privileged")))
        if privileged or "host" in texts(service.get("pid")):
            self._set("privileged", "true")
        for volume in _words(service.get("volumes")):
            if "docker.sock" in volume or volume.startswith("/:"):
                self._set("volumes", volume)
        for key in ("command", "entrypoint"):
            for command in _commands(service.get(key)):
                self._run("service", command, (place, key))

    def _packages(self, value: dict[str, object]) -> None:
        listed = value.get("dependencies")
        if isinstance(listed, list) and ("channels" in value or "name" in value):
            state_all(listed, "conda" if "channels" in value else "pip", self._scan)
            for channel in _words(value.get("channels")):
                state_requirement(f"--channel {channel}", "conda", self._scan)
        if len(value) == 1:
            state_all(_words(value.get("pip")), "pip", self._scan)
        for key, manager in _LISTS.items():
            state_all(_words(value.get(key)), manager, self._scan)

    def _scripts(self, value: dict[str, object], place: Place) -> None:
        for key in () if self._scan.format.startswith("json") else _TOLD_BY & value.keys():
            if _SCRIPT.fullmatch(shown((place, key))):
                self._run("task", "\n".join([*texts(value[key]), *_words(value[key])]), (place, key))

    def _named(self, value: dict[str, object]) -> None:
        for name, wanted in value.items():
            state_requirement(name, "pip", self._scan)
            for each in dicts(wanted):
                for key in ("git", "url"):
                    for text in texts(each.get(key)):
                        rev = "".join(texts(each.get("rev"))[:1])
                        state_requirement(f"{name} @ {text}{'@' if rev else ''}{rev}", "pip", self._scan)

    def _run(self, moment: str, command: str, place: Place) -> None:
        """State a command with what makes it run, and hand it on."""
        self._told += 1
        if not command or self._told > _MOST:
            if self._told == _MOST + 1:
                self._scan.unread("limit", f"more than {_MOST} commands in a configuration")
            return
        self._scan.state(Reference("tool.command", moment, clip_name(command), "called", member=self._scan.member))
        self._scan.inside(BytesSource(command.encode("utf-8", "replace")), f"{clip_name(shown(place))}.sh")

    def _set(self, key: str, value: object) -> None:
        said = value if isinstance(value, str) else repr(value)
        self._scan.state(Opens("tool.setting", clip(said), clip_name(key), member=self._scan.member))


def _words(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _commands(value: object) -> Iterator[str]:
    """The commands of a value: a text, the words of one, or several by name."""
    yield from texts(value)
    if words := _words(value):
        yield shlex.join(words)
    for each in dicts(value):
        for inner in each.values():
            if not isinstance(inner, dict):
                yield from _commands(inner)
