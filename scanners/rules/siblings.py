"""Files that lie beside others: bytecode without its source, and programs that a text beside them asks to run.

No file's content alone tells it, so these are found over all files of a repository.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from scanners.findings import SEVERITIES, Rule
from scanners.rules import readme

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

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

RULES: Final[tuple[Rule, ...]] = (BYTECODE,)

_CACHED: Final = re.compile(r"(.*?)(?:__pycache__/)?([^/.]+)(?:\.[\w-]+)?\.py[co]", re.DOTALL)


def judge(
    files: Mapping[str, tuple[Verdict, Iterable[Finding]]], *, selected: bool = False
) -> Iterator[tuple[str, Finding]]:
    """Findings about files, by path, that others of the repository make; each comes with its verdict and findings.

    `selected` says that there are more files: then none is missing because it is not here.
    """
    for path, (_, findings) in files.items():
        if (
            len(files) > 1
            and not selected
            and (match := _CACHED.fullmatch(path))
            and f"{match[1]}{match[2]}.py" not in files
        ):
            yield path, BYTECODE.at(f"{BYTECODE.title}: {match[1]}{match[2]}.py", trigger="load")
        folder = path.rpartition("/")[0]
        for finding in findings:
            script = finding.evidence.get("script") if finding.rule == readme.RUNS.id else None
            place = f"{folder}/{script}" if folder else str(script)
            if script is None or place not in files or files[place][0] in {"clean", "incomplete"}:
                continue
            verdict, found = files[place]
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
