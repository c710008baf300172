"""Texts for people and for agents: where they lead, what they have somebody run, and what they hide.

A model card is the first thing that a victim reads: repositories with clean weights have told people to run a loader,
to paste a line into a terminal, or to unpack an archive with a password. An agent obeys what nobody sees.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from scanners.binary.shell_text import SHELLS, program
from scanners.findings import Rule
from scanners.rules.case import is_prose, leads_away, told
from scanners.rules.places import Place, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scanners.anomalies import AnomalyCode
    from scanners.facts import Anomaly, Call, Opens
    from scanners.findings import Finding, Severity
    from scanners.rules.case import Case

_DO_NOT: Final = "Do not do what it says. Report the repository."
_LOOK: Final = "Look at where it leads before you follow it."
_FAKES: Final = "https://attack.mitre.org/techniques/T1204/"

LINK: Final = Rule(
    "readme-link",
    "medium",
    "The text leads to a program or an archive elsewhere, or to a place that hides where it leads",
    "Nothing of what lies there was examined, and it can be exchanged at any time.",
    _LOOK,
    ("https://attack.mitre.org/techniques/T1204/001/",),
)
RUNS: Final = Rule(
    "readme-runs-script",
    "low",
    "The text asks to run a script or a program",
    "Where the weights are harmless, the program beside them need not be.",
    "Read what it asks you to run; the findings about that file say what it does.",
    ("https://attack.mitre.org/techniques/T1204/002/",),
)
ORDERS: Final = Rule(
    "agent-orders",
    "medium",
    "Instructions have an agent do what its user would not want",
    "Agents that work in the folder read such files as their user's own words: to override what they were told, to read"
    " and send what is secret, to run commands, and not to say so.",
    "Delete the instructions before an agent works in the folder.",
    ("https://genai.owasp.org/llmrisk/llm01-prompt-injection/", "https://cwe.mitre.org/data/definitions/1427.html"),
)

ANOMALIES: Final[dict[AnomalyCode, Rule]] = {
    "text.order": ORDERS,
    "text.hidden": Rule(
        "text-hidden",
        "medium",
        "The text holds letters that cannot be seen",
        "Models read them and people do not: they carry instructions, or turn around the order of what is seen.",
        "Do not hand the text to an agent.",
        ("https://trojansource.codes/", "https://genai.owasp.org/llmrisk/llm01-prompt-injection/"),
    ),
    "text.script": Rule(
        "text-script",
        "low",
        "The text has a script that a page would run",
        "The Hub takes scripts out of model cards; other viewers show them as they are.",
        _LOOK,
        ("https://cwe.mitre.org/data/definitions/79.html",),
    ),
    "text.password": Rule(
        "text-archive-password",
        "medium",
        "The text gives the password of an archive",
        "A password keeps scanners out of an archive, and nobody else.",
        "Do not unpack it.",
        ("https://attack.mitre.org/techniques/T1027/013/",),
    ),
    "text.verify": Rule(
        "text-asks-to-paste",
        "high",
        "The text asks to paste something into a terminal, as a proof or a repair",
        "No site needs that. What is pasted is a program.",
        _DO_NOT,
        ("https://attack.mitre.org/techniques/T1204/004/",),
    ),
    "text.antivirus": Rule(
        "text-against-antivirus",
        "medium",
        "The text asks to turn the virus scanner off",
        "What would be found is meant not to be.",
        _DO_NOT,
        ("https://attack.mitre.org/techniques/T1562/001/",),
    ),
}
"""The rule that speaks of each thing that a text does to its readers."""

RULES: Final[tuple[Rule, ...]] = (LINK, RUNS, *ANOMALIES.values())

_AGENTS: Final = re.compile(
    r"(?:.*/)?(?:(?:claude|agents?|gemini|qwen|skill|codex|conventions)(?:\.local)?\.md|copilot-instructions\.md"
    r"|\.(?:cursor|windsurf|cline|goose)(?:rules|hints)\b.*|\.(?:cursor|windsurf|claude|gemini|github/instructions"
    r"|github/prompts)/.*"
    r"|[^/]*\.(?:instructions|prompt|agent)\.md|[^/]*\.mdc)",
    re.IGNORECASE,
)
"""Files that agents read as instructions."""
_GRAVE: Final = ("send", "read")
_PROGRAMS: Final = re.compile(
    r"\.(?:exe|scr|msi|apk|bat|cmd|ps1|vbs|jar|dmg|pkg|lnk|hta|appimage|deb|rpm|com|pif)(?:[?#]|\Z)", re.IGNORECASE
)
_ARCHIVES: Final = re.compile(r"\.(?:zip|rar|7z|tar|tgz|gz|xz|iso|cab)(?:[?#]|\Z)", re.IGNORECASE)
_ACTIVE: Final = re.compile(r"(?:javascript:|vbscript:|data:text)", re.IGNORECASE)
_SITE: Final = re.compile(r"https?://[^/]+\.com(?:/|\Z)", re.IGNORECASE)
_OPAQUE: Final = (".exe", ".bat", ".cmd", ".ps1", ".vbs", ".msi", ".jar", ".scr", ".com", ".hta")
_SCRIPT: Final = re.compile(
    r"(?:\.{1,2}[/\\])?[\w-][\w./\\-]*\.(?:py|sh|bash|bat|cmd|ps1|vbs|exe|msi|jar|scr|command|com|hta)", re.IGNORECASE
)
_INTERPRETERS: Final = frozenset(
    (*SHELLS, *"python python3 source . cmd powershell pwsh start java wscript cscript".split())
)
_ELSEWHERE: Final = re.compile(r"git clone\b(?!.*(?:huggingface\.co|hf\.co))|\bcd\s+\S")


def _link(opened: Opens) -> Severity | None:
    address = opened.path
    if opened.by == "file":
        return None
    if address.lower().startswith("file:") or "://" not in address:
        return "low" if leads_away(address) else None
    # Unencrypted alone says little of a link: scholars' pages are old.
    place = place_of(re.sub(r"(?i)\A(?:http|ftp):", "https:", address))
    if _PROGRAMS.search(address) and not (address.lower().endswith(".com") and _SITE.match(address)):
        return "high" if place is Place.BAD else "medium" if place is Place.ORDINARY else None
    if place is not Place.BAD:
        return None
    return "medium" if _ARCHIVES.search(address) else "low"


def _scripts(commands: Iterable[Call]) -> Iterator[tuple[str, Call]]:
    """The scripts and programs that commands run from the folder that they are run in."""
    for call in commands:
        for written in call.arguments:
            try:
                words = program(shlex.split(written, posix="\\" not in written))
            except ValueError:
                continue
            if not words:
                continue
            first = next((word for word in words[1:] if not word.startswith(("-", "/"))), "")
            named = (
                first if words[0].lower() in _INTERPRETERS else written.split()[0] if written[:1] == "." else words[0]
            )
            if _SCRIPT.fullmatch(named) and not (
                named == words[0] and "." not in written[:1] and named.endswith((".py", ".sh"))
            ):
                yield named.replace("\\", "/").removeprefix("./"), call


def judge(case: Case) -> Iterator[Finding]:
    """Findings about a text for people or for agents."""
    for opened in case.opens:
        if opened.kind == "text.link" and (severity := _link(opened)) is not None:
            yield LINK.at(
                f"{LINK.title}: {opened.path}",
                member=opened.member,
                severity=severity,
                trigger="manual run",
                path=opened.path,
            )
    # What follows a `git clone` or a `cd` lies in another folder.
    if is_prose(case.path) and not any(
        _ELSEWHERE.search(written) for call in case.commands for written in call.arguments
    ):
        for script, call in dict(_scripts(case.commands)).items():
            severity = "medium" if script.lower().endswith(_OPAQUE) else None
            yield RUNS.at(
                f"{RUNS.title}: {call.text}", member=call.member, severity=severity, trigger="manual run", script=script
            )
    agent = _AGENTS.fullmatch(case.path) is not None
    for fact in case.anomalies:
        if (rule := ANOMALIES.get(fact.code)) and (severity := _odd(fact, rule, agent=agent)) is not None:
            yield rule.at(
                told(rule, fact),
                member=fact.member,
                offset=fact.offset,
                severity=severity,
                trigger="editor" if agent else "manual run",
            )


def _odd(fact: Anomaly, rule: Rule, *, agent: bool) -> Severity | None:
    if fact.code == "text.order":
        commented = " in a comment: " in fact.detail
        if not agent:
            # Cards of data sets of attacks quote them: only what is hidden counts.
            return "medium" if commented else None
        return "high" if commented or fact.detail.startswith(_GRAVE) else "medium"
    if fact.code == "text.hidden":
        return "high" if agent and ": " in fact.detail else None if "U+202" in fact.detail and not agent else "medium"
    if fact.code == "text.script" and _ACTIVE.search(fact.detail):
        return "medium"
    return rule.severity
