"""HDF5 files: what they open outside of themselves, and what is bent in them (threats.md 6.1)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from scanners.findings import Rule
from scanners.rules.case import bent, leads_away, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.facts import Anomaly, AnomalyCode, Opens, OpensKind
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

_HIDES: Final = "No program that reads HDF5 gets there. It is a place to keep something that a second step picks up."
_ASK: Final = "Ask the publisher for a file that the library wrote at once."

ANOMALIES: Final[dict[AnomalyCode, Rule]] = {
    "hdf5.shape": Rule(
        "hdf5-shape",
        "medium",
        "A dataset is many times as large as its file",
        "Whoever reads it makes room for all of it: a file of a few kilobytes takes all the memory of a machine. In a"
        " data set of which most is not yet written it is honest.",
        "Do not load it.",
        ("https://nvd.nist.gov/vuln/detail/CVE-2026-0897", _SPECIFICATION),
    ),
    "hdf5.filter": Rule(
        "hdf5-filter",
        "low",
        "A dataset asks for a filter that nobody has registered",
        "The library loads a plugin of that number from the folder of its plugins, if there is one.",
        _ASK,
        ("https://github.com/HDFGroup/hdf5_plugins/blob/master/docs/RegisteredFilterPlugins.md", _SPECIFICATION),
    ),
    "hdf5.soft-link": Rule(
        "hdf5-soft-link",
        "low",
        "In a model a name stands for a path",
        "Keras writes none: what is loaded under one name is what lies under another, or in another file by way of an"
        " external link.",
        _ASK,
        (_SPECIFICATION,),
    ),
    "hdf5.user-block": Rule(
        "hdf5-user-block",
        "low",
        "There is something before the HDF5 file",
        "The library steps over it, and another program may take the file for what stands there. MATLAB writes a line"
        " of text.",
        _ASK,
        (_SPECIFICATION,),
    ),
    "hdf5.trailing": Rule(
        "hdf5-trailing", "low", "There is something behind the end of the HDF5 file", _HIDES, _ASK, (_SPECIFICATION,)
    ),
    "hdf5.gap": Rule(
        "hdf5-gap", "medium", "In a part of the file that is not in use another file lies", _HIDES, _ASK,
        (_SPECIFICATION,),
    ),
}  # fmt: skip
"""The rule that speaks of each oddity."""

RULES: Final[tuple[Rule, ...]] = (*OPENS.values(), *ANOMALIES.values())

_SHOWN: Final = 4
"""Paths named in one message."""


def _is_model(case: Case, member: str) -> bool:
    """Whether it is weights that are loaded: Keras wrote it, or it lies in another file or is named as Keras asks."""
    path = case.path.lower()
    return bool(member) or case.format == "hdf5.keras" or path.endswith((".keras", ".weights.h5"))


def _honest(case: Case, fact: Anomaly) -> Severity | None:
    return "low" if fact.code == "hdf5.shape" and not _is_model(case, fact.member) else None


def judge(case: Case) -> Iterator[Finding]:
    """Findings about HDF5 files: of what they open, one for each file, way and weight."""
    yield from bent(case, ANOMALIES, _honest)
    found: dict[tuple[str, OpensKind, Severity], list[Opens]] = defaultdict(list)
    for opens in case.opens:
        if opens.kind in OPENS:
            model = _is_model(case, opens.member)
            severity: Severity = "low" if not model else "high" if leads_away(opens.path) else "medium"
            found[opens.member, opens.kind, severity].append(opens)
    for (member, kind, severity), facts in found.items():
        paths = sorted({opens.path for opens in facts})
        yield OPENS[kind].at(
            f"{OPENS[kind].title}: {listed(map(repr, paths), _SHOWN)}",
            member=member,
            offset=facts[0].offset,
            severity=severity,
            path=paths[0],
            by=facts[0].by,
            files=len(paths),
        )
