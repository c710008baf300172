"""Files that lie beside others, or should: sources of bytecode, code that a file names, programs that a text runs.

No file's content alone tells it, so these are found over all files of a repository. Where the code is looked for:
transformers' `get_class_from_dynamic_module` (one file `NAME.py` of the repository), mlx-lm's utils.py, diffusers'
pipeline_loading_utils.py, sentence-transformers' `import_module_class`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.facts import Reference
from scanners.findings import SEVERITIES, Rule
from scanners.rules import drift, readme
from scanners.rules.case import leads_away
from scanners.rules.configurations import OWN_PARTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scanners.facts import Fact
    from scanners.findings import Finding, Severity, Verdict

BYTECODE: Final = Rule(
    "bytecode-without-source",
    "high",
    "Compiled Python is here and its source is not",
    "Python imports it all the same. Nobody compiles a module of a model and leaves the source out but to keep it from"
    " being read.",
    "Do not load the repository; ask the publisher for the source.",
    ("https://docs.python.org/3/reference/import.html", "https://attack.mitre.org/techniques/T1027/"),
)

ABSENT: Final = Rule(
    "config-code-missing",
    "medium",
    "The configuration names code that is not there",
    "Loaders look for a Python file of the repository. Whoever may write to it can add the file at any time, and those"
    " who have looked at the repository before run what nobody has seen.",
    "Take the entry out, or pin the commit.",
    ("https://huggingface.co/docs/transformers/custom_models", "https://attack.mitre.org/techniques/T1195/001/"),
)

RULES: Final[tuple[Rule, ...]] = (BYTECODE, ABSENT, *drift.RULES)

_CACHED: Final = re.compile(r"(.*?)(?:__pycache__/)?([^/.]+)(?:\.[\w-]+)?\.py[co]", re.DOTALL)
_NAMING: Final = frozenset(
    ("transformers.auto_map", "mlx.model_file", "diffusers.pipeline", "sentence_transformers.module")
)


class Sibling(NamedTuple):
    """A file as those beside it see it."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    facts: tuple[Fact, ...] = ()
    """Those of `telling`."""


def telling(facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """The facts of a file that are judged together with other files."""
    named = [fact for fact in facts if isinstance(fact, Reference) and fact.kind in _NAMING and not fact.member]
    return (*named, *drift.telling(facts))


def judge(files: Mapping[str, Sibling], listed: frozenset[str] | None = None) -> Iterator[tuple[str, Finding]]:
    """Findings about files, by path, that others of the repository make.

    `listed` are all paths that there are, looked at or not; without it none is missing because it is not here.
    """
    yield from drift.judge({path: file.facts for path, file in files.items() if file.facts})
    for path, file in files.items():
        if listed is not None:
            yield from ((path, finding) for finding in _missing(path, file, listed))
        folder = path.rpartition("/")[0]
        for finding in file.findings:
            script = finding.evidence.get("script") if finding.rule == readme.RUNS.id else None
            place = f"{folder}/{script}" if folder else str(script)
            if script is None or place not in files or files[place].verdict in {"clean", "incomplete"}:
                continue
            verdict, found, _ = files[place]
            worst: Severity = max((each.severity for each in found), key=SEVERITIES.index, default="medium")
            yield (
                path,
                readme.RUNS.at(
                    f"{readme.RUNS.title}: {script}, which lies beside it and is {verdict}",
                    severity=worst,
                    trigger="manual run",
                    path=place,
                ),
            )


def _missing(path: str, file: Sibling, listed: frozenset[str]) -> Iterator[Finding]:
    if (match := _CACHED.fullmatch(path)) and f"{match[1]}{match[2]}.py" not in listed:
        yield BYTECODE.at(f"{BYTECODE.title}: {match[1]}{match[2]}.py", trigger="load")
    for name in dict.fromkeys(_code(fact) for fact in file.facts if isinstance(fact, Reference)):
        if name and listed.isdisjoint(_places(path, name)):
            yield ABSENT.at(f"{ABSENT.title}: {name}", path=name)


def _code(named: Reference) -> str:
    """The file of the repository's own that a reference leads to, as far as one can be told from it."""
    match named:
        case Reference("mlx.model_file", _, name):
            return "" if leads_away(name) else name.removeprefix("./")
        case Reference("diffusers.pipeline", module, _):
            return f"{module.removesuffix('.py')}.py"
        case Reference("transformers.auto_map", module, name) if module and "--" not in f"{module}{name}":
            return f"{module.replace('.', '/')}.py"
        case Reference("sentence_transformers.module", module, _) if module.partition(".")[0] not in OWN_PARTS:
            # A longer path is never looked for in the repository.
            return "" if "." in module else f"{module}.py"
        case _:
            return ""


def _places(path: str, name: str) -> Iterator[str]:
    """Where a loader may look for a file: beside the one that names it, and above, where the repository begins."""
    folder = path
    while folder:
        folder = folder.rpartition("/")[0]
        yield f"{folder}/{name}" if folder else name
