"""Tables whose columns are more than numbers and texts, or lie elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanners.findings import Rule
from scanners.rules.case import leads_away

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.findings import Finding
    from scanners.rules.case import Case

PYTHON_TYPE: Final = Rule(
    "arrow-python-type",
    "medium",
    "The schema of a table holds a type as a pickle",
    "pyarrow from 0.14 to 14.0.0 unpickles it as soon as the table is opened, whoever opens it. What the pickle calls"
    " is told beside this.",
    "Open it with pyarrow 14.0.1 or newer, or ask the publisher to write it again with one.",
    ("https://nvd.nist.gov/vuln/detail/CVE-2023-47248", "https://cwe.mitre.org/data/definitions/502.html"),
)
OBJECTS: Final = Rule(
    "arrow-pickled-column",
    "high",
    "A column of the table holds pickles",
    "Ray unpickles each value of such a column when it is used, and nobody has read them.",
    "Do not load it with Ray; ask the publisher for a column of plain values.",
    ("https://docs.ray.io/en/latest/data/api/doc/ray.data.read_parquet.html",),
)
ELSEWHERE: Final = Rule(
    "parquet-path",
    "high",
    "A table names a file elsewhere for its columns",
    "Readers join the name to the folder of the table and open what is there. Writers name files beside it.",
    "Do not load it; ask the publisher for a table in one file.",
    ("https://github.com/apache/parquet-format#metadata", "https://cwe.mitre.org/data/definitions/22.html"),
)

RULES: Final[tuple[Rule, ...]] = (PYTHON_TYPE, OBJECTS, ELSEWHERE)
_TYPES: Final = {"arrow.py_extension_type": PYTHON_TYPE, "ray.data.arrow_pickled_object": OBJECTS}


def judge(case: Case) -> Iterator[Finding]:
    """Findings about tables."""
    for reference in case.references:
        rule = _TYPES.get(reference.name) if reference.kind == "arrow.extension" else None
        if rule is not None:
            yield rule.at(rule.title, member=reference.member, offset=reference.offset, type=reference.name)
    for path in dict.fromkeys((each.path, each.member) for each in case.opens if each.kind == "parquet.file"):
        if leads_away(path[0]):
            yield ELSEWHERE.at(f"{ELSEWHERE.title}: {path[0]!r}", member=path[1], path=path[0])
