"""HDF5 files: what they open outside of themselves, and what is bent in them (threats.md 6.1)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from scanners.findings import Rule
from scanners.rules.case import leads_away

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.facts import Opens, OpensKind
    from scanners.findings import Finding, Severity
    from scanners.rules.case import Case

_SPECIFICATION: Final = "https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html"
_FILES: Final = (
    "The HDF5 library opens it as soon as the object is read, wherever the path leads, with the rights of whoever loads"
    " the file: what is in it becomes weights, which the model can give away. Keras never writes such a thing; in data"
    " sets it is an honest way to put files together."
)
_REMEDY: Final = "Do not load it; ask the publisher for a file that holds its data itself."


def _opens(name: str, title: str, *references: str) -> Rule:
    return Rule(f"hdf5-{name}", "high", title, _FILES, _REMEDY, (*references, _SPECIFICATION))


OPENS: Final[dict[OpensKind, Rule]] = {
    "hdf5.external-storage": _opens(
        "external-storage",
        "A dataset takes its bytes from another file",
        "https://nvd.nist.gov/vuln/detail/CVE-2026-1669",
    ),
    "hdf5.virtual-source": _opens(
        "virtual-dataset",
        "A dataset is put together from other files",
        "https://nvd.nist.gov/vuln/detail/CVE-2026-12480",
    ),
    "hdf5.external-link": _opens("external-link", "A name stands for an object in another file"),
}
"""The rule that speaks of each way to open a file."""

RULES: Final[tuple[Rule, ...]] = tuple(OPENS.values())

_SHOWN: Final = 4
"""Paths named in one message."""


def _is_model(case: Case, member: str) -> bool:
    """Whether it is weights that are loaded: Keras wrote it, or it lies in another file or is named as Keras asks."""
    path = case.path.lower()
    return bool(member) or case.format == "hdf5.keras" or path.endswith((".keras", ".weights.h5"))


def judge(case: Case) -> Iterator[Finding]:
    """Findings about HDF5 files: one for each file, way and weight."""
    found: dict[tuple[str, OpensKind, Severity], list[Opens]] = defaultdict(list)
    for fact in case.opens:
        if fact.kind in OPENS:
            model = _is_model(case, fact.member)
            severity: Severity = "low" if not model else "high" if leads_away(fact.path) else "medium"
            found[fact.member, fact.kind, severity].append(fact)
    for (member, kind, severity), facts in found.items():
        paths = sorted({fact.path for fact in facts})
        more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
        yield OPENS[kind].at(
            f"{OPENS[kind].title}: {', '.join(map(repr, paths[:_SHOWN]))}{more}",
            member=member,
            offset=facts[0].offset,
            severity=severity,
            path=paths[0],
            by=facts[0].by,
            files=len(paths),
        )
