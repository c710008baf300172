"""Commands of shells: what they fetch and run, decode, keep, send away and destroy.

A script does nothing until somebody runs it: a user, a build, an editor. What is downloaded and run in one breath is
read by nobody before it runs. Installers that everybody knows are told and weigh little. Techniques by their names in
MITRE ATT&CK.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.binary.shell_text import SHELLS, program, reads_its_input
from scanners.findings import SEVERITIES, Rule
from scanners.rules.case import KEYS, is_prose, lowered, moment
from scanners.rules.places import Place, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from scanners.facts import Call
    from scanners.findings import Finding, Severity
    from scanners.rules.case import Case

_READ: Final = (
    "Read the script and whatever it fetches before you run it, or take what it installs from where you trust."
)
_NEVER: Final = "Do not run it. Report the repository."


def _rule(name: str, severity: Severity, title: str, why: str, *references: str, remedy: str = _READ) -> Rule:
    return Rule(f"shell-{name}", severity, title, why, remedy, references)


FETCHED: Final = _rule(
    "runs-fetched",
    "high",
    "A command runs what it has just fetched",
    "What comes over the network goes straight to an interpreter. It can be something else for every reader, and"
    " what was audited today need not be what runs tomorrow.",
    "https://attack.mitre.org/techniques/T1105/",
    "https://cwe.mitre.org/data/definitions/494.html",
)
DECODED: Final = _rule(
    "runs-decoded",
    "critical",
    "A command decodes what it runs",
    "Honest installers are text that can be read. Encoding has no use here but to keep people and scanners from"
    " reading.",
    "https://attack.mitre.org/techniques/T1027/010/",
    "https://attack.mitre.org/techniques/T1059/001/",
    remedy=_NEVER,
)
REVERSE: Final = _rule(
    "gives-a-shell-away",
    "critical",
    "A command connects a shell to another machine",
    "Whoever listens there runs what they like.",
    "https://attack.mitre.org/techniques/T1059/004/",
    remedy=_NEVER,
)
SENDS: Final = _rule(
    "sends-secrets",
    "high",
    "A command sends keys, the environment or files of the user away",
    "Nothing that installs or runs a model needs that.",
    "https://attack.mitre.org/techniques/T1552/001/",
    "https://attack.mitre.org/techniques/T1567/",
    remedy=_NEVER,
)
STAYS: Final = _rule(
    "stays",
    "medium",
    "A command makes something run again later",
    "Files that shells, schedulers and logins read run what stands in them from then on.",
    "https://attack.mitre.org/techniques/T1053/",
    "https://attack.mitre.org/techniques/T1546/004/",
)
DISARMS: Final = _rule(
    "disarms",
    "medium",
    "A command turns a protection off",
    "Virus scanners, quarantine, execution policies and histories are in the way of those who want not to be seen.",
    "https://attack.mitre.org/techniques/T1562/001/",
)
DESTROYS: Final = _rule(
    "destroys",
    "high",
    "A command destroys what is not its own",
    "It deletes the root, a home, or a disk.",
    "https://attack.mitre.org/techniques/T1485/",
    remedy=_NEVER,
)
PRIVILEGED: Final = _rule(
    "leaves-its-container",
    "medium",
    "A container gets the rights of the machine",
    "A privileged container, or one that has the root or the engine's socket, is no wall around what runs in it.",
    "https://attack.mitre.org/techniques/T1611/",
)

RULES: Final[tuple[Rule, ...]] = (FETCHED, DECODED, REVERSE, SENDS, STAYS, DISARMS, DESTROYS, PRIVILEGED)

_NEVER_HONEST: Final = (DECODED, REVERSE, SENDS, DESTROYS)
_SHOWN: Final = 3
_FETCHERS: Final = frozenset(
    "curl wget fetch aria2c axel lynx http https iwr irm invoke-webrequest invoke-restmethod start-bitstransfer"
    " bitsadmin"
    " certutil gdown".split()
)
_URL: Final = re.compile(r"\b(?:https?|ftp)://[^\s\"'<>)|;]+", re.IGNORECASE)
_INNER: Final = re.compile(r"(?:\$\(|`|<\()\s*(?:sudo\s+)?(?:curl|wget|fetch)\b")
_INNER_DECODES: Final = re.compile(
    r"(?:\$\(|`|<\()[^)`]*(?:base64\s+-{1,2}[dD]|openssl\s+(?:enc|base64)\b[^)`]*-d|xxd\s+-r)"
)
_DECODES: Final = re.compile(
    r"base64\s+(?:-\w*[dD]|--decode)|base32\s+-{1,2}d|openssl\s+(?:enc|base64|aes\S*)\b.*\s-d|xxd\s+-\w*r|uudecode"
    r"|rev\Z|tr\s.*A-Za-z.*N-ZA-M",
)
_POWERSHELL: Final = re.compile(
    r"(?i)(?:powershell|pwsh)(?:\.exe)?\b.*\s[-/]e(?:nc?|nco\w*|c)?\s+['\"]?[A-Za-z0-9+/=]{16,}"
)
_POWER_RUNS: Final = re.compile(r"(?i)\b(?:iex|invoke-expression)\b|\.invoke\(|start-process|\bsaps\b|&\s*\(")
_POWER_FETCHES: Final = re.compile(
    r"(?i)\b(?:iwr|irm|invoke-webrequest|invoke-restmethod|curl|wget)\b|downloadstring|downloadfile|downloaddata"
    r"|net\.webclient"
)
_POWER_DECODES: Final = re.compile(r"(?i)frombase64string|\[char\]\d|-bxor|gzipstream|deflatestream")
_PROXIES: Final = re.compile(
    r"(?i)\bmshta(?:\.exe)?\s+['\"]?(?:https?:|javascript:|vbscript:)|regsvr32\b.*/i:http|rundll32\b.*(?:javascript:|url\.dll.*http)"
    r"|\bmsiexec\b.*\s/i\s*['\"]?http|wscript\b.*http"
)
_SOCKET: Final = re.compile(r"/dev/(?:tcp|udp)/(?!(?:localhost|127\.|\$|\{))")
_SHELL_OUT: Final = re.compile(r"\b(?:ba|z|k|da)?sh\s+-\w*i\b|0[<>]&|exec\s+\d*<>|\d+<> /dev")
_NETCAT: Final = re.compile(
    r"\b(?:nc|ncat|netcat)\b.*\s-\w*[ec]\w*\s+\S*(?:sh|bash|cmd|powershell)\b|\bsocat\b.*exec:|mkfifo\b.*\bnc\b"
    r"|\btelnet\b.*\|.*sh\b"
    r"|TCPClient\(.*GetStream",
    re.IGNORECASE,
)
_PROFILES: Final = re.compile(r">>? ?\S*(?:\.bashrc|\.zshrc|\.profile|\.bash_profile|\.zprofile|/etc/profile)")
_ORDINARY: Final = re.compile(
    r"echo\s+['\"]?\s*(?:#|export\s|alias\s|source\s|eval\s|\.\s|conda\s|if\s|fi\b|PATH|\Z|>)"
)
_STAYS_HIGH: Final = re.compile(
    r"authorized_keys|/etc/ld\.so\.preload|>> ?/etc/(?:sudoers|crontab|rc\.local)|/etc/cron\.|LaunchAgents/"
    r"|LaunchDaemons/"
    r"|\\CurrentVersion\\Run\b|Start Menu\\Programs\\Startup",
    re.IGNORECASE,
)
_STAYS: Final = re.compile(
    r"\bcrontab\b(?!\s+-[lr])|\bschtasks\b.*/create|register-scheduledtask|launchctl\s+(?:load|bootstrap)",
    re.IGNORECASE,
)
_DISARMS: Final = re.compile(
    r"(?i)(?:set|add)-mppreference\b|\bhistory\s+-c|set\s+\+o\s+history|HISTFILE=/dev/null|setenforce\s+0|ufw\s+disable"
    r"|netsh\b.*firewall.*off|csrutil\s+disable|spctl\s+--master-disable|sc\s+(?:stop|delete)\s+windefend|amsiutils"
)
_QUARANTINE: Final = re.compile(r"(?i)xattr\s+.*quarantine|-executionpolicy\s+(?:bypass|unrestricted)|-ep\s+bypass")
_DESTROYS: Final = re.compile(
    r"\brm\s+(?:-\w+\s+|--\S+\s+)*-\w*(?:r\w*f|f\w*r)\w*\s+(?:-\S+\s+)*(?:/\*?|~/?\*?|\$\{?HOME\}?/?\*?|/(?:home|etc"
    r"|usr|boot))(?:\s|\Z)"
    r"|\bdd\b.*\bof=/dev/(?:sd|nvme|hd|disk)|\bmkfs(?:\.\w+)?\s+.*/dev/|:\(\)\s*\{|\bformat\s+[a-z]:\s"
    r"|vssadmin\s+delete",
    re.IGNORECASE,
)
_PRIVILEGED: Final = re.compile(
    r"\b(?:docker|podman|nerdctl)\b.*(?:\s--privileged\b|docker\.sock|\s(?:-v|--volume)[ =]/:|--pid[= ]host)"
)
_ENVIRONMENT: Final = re.compile(r"^(?:env|printenv|set|export)\b")
_UPLOADS: Final = re.compile(
    r"\s(?:-d|--data\S*|-F|--form\S*|-T|--upload-file|--post-\w+)(?:[ =]|@)|\bscp\b|\brsync\b.*:|-method\s+post",
    re.IGNORECASE,
)
_CHANNELS: Final = re.compile(
    r"discord(?:app)?\.com/api/webhooks|api\.telegram\.org/bot|webhook\.site|requestbin|pipedream\.net|oast\."
    r"|interact\.sh"
)
_TARGET: Final = re.compile(r"(?:\s(?:-\w*[oO]|--output(?:-document)?|-OutFile)[ =]?|\s>{1,2} ?)['\"]?([^\s'\"|]+)")

_INTERPRETERS: Final = frozenset(
    (*SHELLS, *"source . python python3 perl node cmd powershell msiexec rundll32".split())
)
_PROGRAM: Final = re.compile(r"(?:sudo\s+)?(?:\S*[/\\]\S*|\S+\.(?:exe|bat|cmd|run|sh|msi))(?:\s|\Z)", re.IGNORECASE)


class _Line(NamedTuple):
    """One pipeline, with its commands past prefixes such as `sudo`."""

    call: Call
    text: str
    commands: tuple[list[str], ...]


def _line(call: Call) -> _Line:
    return _Line(call, " | ".join(call.arguments), tuple(program(_split(each)) for each in call.arguments))


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()


def _worst(text: str, ordinary: Severity = "high") -> Severity:
    """What a download that is run weighs, by where it comes from; a place in a variable is an ordinary one."""
    places = {place_of(url) for url in _URL.findall(text)}
    if Place.BAD in places:
        return "critical"
    return "low" if places and places <= {Place.INSTALLER, Place.INDEX, Place.OWN} else ordinary


def _fetched(line: _Line) -> Severity | None:
    if _PROXIES.search(line.text) or (_POWER_RUNS.search(line.text) and _POWER_FETCHES.search(line.text)):
        return _worst(line.text)
    fetches = False
    for words, written in zip(line.commands, line.call.arguments, strict=True):
        name = words[0] if words else ""
        if (fetches and reads_its_input(words)) or (_runs(words) and _INNER.search(written)):
            return _worst(line.text)
        fetches = fetches or name in _FETCHERS
    return None


def _runs(words: list[str]) -> bool:
    return bool(words) and (
        words[0] in {*SHELLS, "eval", "source", ".", "python", "python3", "perl"} or words[0][:1] in "$`"
    )


def _decoded(line: _Line) -> Severity | None:
    if _POWERSHELL.search(line.text) or (_POWER_RUNS.search(line.text) and _POWER_DECODES.search(line.text)):
        return "critical"
    decodes = False
    for words, written in zip(line.commands, line.call.arguments, strict=True):
        if (decodes and reads_its_input(words)) or (_runs(words) and _INNER_DECODES.search(written)):
            return "critical"
        decodes = decodes or _DECODES.search(" ".join(words)) is not None
    return None


def _reverse(line: _Line) -> Severity | None:
    names = {words[0] for words in line.commands if words}
    if _NETCAT.search(line.text) or (names & SHELLS and names & {"nc", "ncat", "netcat", "telnet", "socat"}):
        return "critical"
    if _SOCKET.search(line.text):
        return "critical" if _SHELL_OUT.search(line.text) else "medium"
    return None


def _sends(line: _Line) -> Severity | None:
    names = {words[0] for words in line.commands if words}
    leaves = bool(names & {*_FETCHERS, "nc", "ncat", "scp", "rsync", "sftp", "mail"})
    if not leaves:
        return None
    if _CHANNELS.search(line.text) or (
        KEYS.search(line.text) and (_UPLOADS.search(line.text) or len(line.commands) > 1)
    ):
        return "high"
    if any(_ENVIRONMENT.match(" ".join(words)) for words in line.commands[:-1]):
        return "high"
    return "high" if re.search(r"\$\((?:env|printenv|cat ~|cat /etc/passwd)", line.text) else None


def _stays(line: _Line) -> Severity | None:
    if _STAYS_HIGH.search(line.text) and not line.text.startswith(("cat ", "ls ", "grep ")):
        return "high"
    if _STAYS.search(line.text):
        return "medium"
    return "medium" if _PROFILES.search(line.text) and not _ORDINARY.match(line.text) else None


def _disarms(line: _Line) -> Severity | None:
    if _DISARMS.search(line.text):
        return "high" if re.search(r"(?i)mppreference|amsiutils|windefend", line.text) else "medium"
    return "low" if _QUARANTINE.search(line.text) else None


_WATCHED: Final[tuple[tuple[Rule, Callable[[_Line], Severity | None]], ...]] = (
    (FETCHED, _fetched),
    (DECODED, _decoded),
    (REVERSE, _reverse),
    (SENDS, _sends),
    (STAYS, _stays),
    (DISARMS, _disarms),
    (DESTROYS, lambda line: "high" if _DESTROYS.search(line.text) else None),
    (PRIVILEGED, lambda line: "medium" if _PRIVILEGED.search(line.text) else None),
)


def _later(lines: Iterable[_Line]) -> Iterator[tuple[Severity, _Line]]:
    """Downloads to a file that a later command runs, or makes a program."""
    waiting: dict[str, str] = {}
    for line in lines:
        for words, written in zip(line.commands, line.call.arguments, strict=True):
            named = {word.replace("\\", "/").rpartition("/")[2].lower() for word in _split(written)}
            reached = named & waiting.keys()
            if words and reached and (_starts(words, written) or words[0] in {"chmod", "start", "start-process", "&"}):
                if words[0] == "chmod" and not re.search(r"\s[0-7]*[1357][0-7]*\s|\+\w*x", written):
                    continue
                yield _worst(waiting[min(reached)], "medium"), line
            elif words and words[0] in _FETCHERS:
                for target in _targets(written):
                    waiting[target] = written


def _starts(words: list[str], written: str) -> bool:
    """Whether a command runs a file that it names: as itself, or with an interpreter."""
    return words[0] in _INTERPRETERS or _PROGRAM.match(written) is not None


def _targets(written: str) -> Iterator[str]:
    """The files that a command downloads to: those it names, and the last part of an address."""
    for name in [*_TARGET.findall(written), *(url.split("?")[0] for url in _URL.findall(written))]:
        if last := name.replace("\\", "/").rpartition("/")[2].lower():
            yield last
    if written.startswith("certutil"):
        yield written.rsplit(maxsplit=1)[-1].lower()


def judge(case: Case) -> Iterator[Finding]:
    """Findings about commands: one for each rule and part, at the worst of what is there."""
    parts: dict[str, list[_Line]] = {}
    for call in case.commands:
        parts.setdefault(call.member, []).append(_line(call))
    found: dict[tuple[Rule, str], list[tuple[Severity, _Line]]] = {}
    for line in (line for lines in parts.values() for line in lines):
        for rule, weigh in _WATCHED:
            if (severity := weigh(line)) is not None:
                found.setdefault((rule, line.call.member), []).append((severity, line))
    # What one instruction of a Dockerfile downloads, the next may run.
    for severity, line in _later(line for lines in parts.values() for line in lines):
        found.setdefault((FETCHED, line.call.member), []).append((severity, line))
    for (rule, member), seen in found.items():
        yield _finding(case, rule, member, seen)


def _finding(case: Case, rule: Rule, member: str, seen: list[tuple[Severity, _Line]]) -> Finding:
    worst = max((severity for severity, _ in seen), key=SEVERITIES.index)
    calls = [line.call for severity, line in seen if severity == worst]
    shown = "; ".join(call.text for call in calls[:_SHOWN])
    more = f"; and {len(calls) - _SHOWN} more" if len(calls) > _SHOWN else ""
    when = moment(case.path)
    # Prose is a proposal: somebody has to copy it. What has no honest use keeps its weight.
    severity = worst if rule in _NEVER_HONEST or not is_prose(case.path) else lowered(worst)
    return rule.at(f"{rule.title}: {shown}{more}", member=member, severity=severity, trigger=when, callee=calls[0].name)
