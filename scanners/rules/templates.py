"""Templates: what they reach, what they say that nobody asked for, and what they cost.

What a template says counts only where no honest one says it: addresses, secrecy, letters that cannot be seen. Reports
of templates that were made to do harm: https://www.pillar.security/blog/llm-backdoors-at-the-inference-level.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.findings import Rule
from scanners.rules.case import bent, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.facts import AnomalyCode, Code
    from scanners.findings import Finding
    from scanners.rules.case import Case

_COMPARE: Final = "Compare the template with that of the model it was made from, and replace it."
_REPORTS: Final = "https://www.pillar.security/blog/llm-backdoors-at-the-inference-level"

CODE: Final = Rule(
    "template-reaches-python",
    "critical",
    "The template reaches Python's own machinery",
    "From attributes such as `__class__` or `__globals__` a template gets to every function of the program that renders"
    " it. Programs that do not render it in a sandbox run what it calls, and sandboxes have been left before.",
    "Do not load it. Report the repository.",
    (
        "https://nvd.nist.gov/vuln/detail/CVE-2024-34359",
        "https://nvd.nist.gov/vuln/detail/CVE-2025-27516",
        "https://cwe.mitre.org/data/definitions/1336.html",
    ),
)
HIDDEN: Final = Rule(
    "template-hidden-instructions",
    "medium",
    "The template holds instructions that are kept from the user",
    "A template puts texts around every message. This one holds letters that cannot be seen, or asks the model to"
    " conceal something.",
    _COMPARE,
    (_REPORTS,),
)
ADDRESS: Final = Rule(
    "template-address",
    "medium",
    "The template names an address",
    "What the template says, the model may repeat as its own advice. Those that come with models name no addresses.",
    _COMPARE,
    (_REPORTS,),
)

ANOMALIES: Final[dict[AnomalyCode, Rule]] = {
    "template.dynamic": Rule(
        "template-computed-attribute",
        "high",
        "The template gets attributes by a name that it computes",
        "The only use of a name that is put together in a template is to hide it from those who read it.",
        "Do not load it before you know which names it computes.",
        ("https://nvd.nist.gov/vuln/detail/CVE-2024-56326",),
    ),
    "template.include": Rule(
        "template-include",
        "high",
        "The template takes in other templates",
        "Which ones decides the program that renders it: files that lie beside it, or anywhere.",
        _COMPARE,
        ("https://jinja.palletsprojects.com/en/stable/templates/#include",),
    ),
    "template.bomb": Rule(
        "template-bomb",
        "medium",
        "The template takes time or memory without end",
        "Whoever renders it waits, or runs out of memory.",
        _COMPARE,
        ("https://nvd.nist.gov/vuln/detail/CVE-2025-61620",),
    ),
    "template.trigger": Rule(
        "template-trigger",
        "medium",
        "The template says something of its own when a message contains certain words",
        "The model is told, or answers, something else to those who ask about certain things.",
        _COMPARE,
        (_REPORTS,),
    ),
}
"""The rule that speaks of each oddity of a template."""

RULES: Final[tuple[Rule, ...]] = (CODE, HIDDEN, ADDRESS, *ANOMALIES.values())

_MACHINERY: Final = re.compile(r"__\w+__|[fgt]b?_(?:globals|locals|builtins|code|frame)")
_REACHED: Final = frozenset(
    "popen subprocess import_module builtins func_globals func_code gi_frame gi_code cr_frame ag_frame tb_frame"
    " f_globals f_locals f_builtins co_code _TemplateReference__context mro() environ getattr()".split()
)
_UNSEEN: Final = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\U000e0000-\U000e007f]")
_SECRET: Final = re.compile(
    r"(?:not|don't|never|without) (?:mention|reveal|tell|disclos|inform|show)\w* (?:to )?(?:the user|this|these|that)"
    r"|(?:ignore|disregard|forget) (?:all |any |the |your )*(?:previous|prior|above|earlier|preceding)"
    r"|keep (?:this|these|it) (?:secret|hidden|confidential)|always recommend|hidden instruction|<!--",
    re.IGNORECASE,
)
_ENCODED: Final = re.compile(r"(?<![\w+/])(?=[\w+/]*[a-z])(?=[\w+/]*[A-Z])(?=[\w+/]*\d)[A-Za-z0-9+/]{60,}={0,2}")
_ADDRESS: Final = re.compile(r"\b(?:https?|ftp)://([^\s/\"'<>)\\]+)[^\s\"'<>)]*", re.IGNORECASE)
_ORDINARY: Final = ("huggingface.co", "hf.co", "json-schema.org", "w3.org", "example.com", "example.org")
_SHOWN: Final = 5


def _reaches(code: Code) -> Iterator[str]:
    yield from (name for name in code.names if any(map(_beyond, name.split("."))))


def _beyond(step: str) -> bool:
    return _MACHINERY.search(step) is not None or step in _REACHED or step.removesuffix("()") in _REACHED


def _addresses(code: Code) -> Iterator[str]:
    for text in code.strings:
        for match in _ADDRESS.finditer(text):
            host = match[1].rpartition("@")[2].partition(":")[0].lower()
            if not any(host == known or host.endswith(f".{known}") for known in _ORDINARY):
                yield match[0]


def _concealed(code: Code) -> Iterator[str]:
    for text in code.strings:
        if unseen := _UNSEEN.search(text):
            yield f"U+{ord(unseen[0]):04X} in {_UNSEEN.sub('', text)[:80]!r}"
        for pattern in (_SECRET, _ENCODED):
            if found := pattern.search(text):
                yield text[max(0, found.start() - 20) : found.end() + 60]


def judge(case: Case) -> Iterator[Finding]:
    """Findings about templates, one of each rule for each template, and one for each oddity."""
    groups: dict[tuple[Rule, str], tuple[Code, dict[str, None]]] = {}
    for code in case.codes:
        if code.kind != "jinja":
            continue
        for rule, look in ((CODE, _reaches), (ADDRESS, _addresses), (HIDDEN, _concealed)):
            for each in look(code):
                groups.setdefault((rule, code.member), (code, {}))[1][each] = None
    for (rule, member), (code, found) in groups.items():
        yield rule.at(
            f"{rule.title}: {listed(found, _SHOWN)}", member=member, offset=code.offset, digest=code.digest or None
        )
    yield from bent(case, ANOMALIES)
