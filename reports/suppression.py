"""Findings that the user accepts: by an entry of the configuration, until a day, or because a baseline has them.

A finding is stored, and makes the verdict, whether it is suppressed or not: suppressing is judged anew in each report,
shown there with its reason, and decides the exit code only.
"""

from __future__ import annotations

from collections import Counter
from datetime import date  # noqa: TC003 - msgspec reads the annotation at run time
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import msgspec
from msgspec import Meta

from reports.fingerprint import fingerprint
from scanners.findings import SEVERITIES, Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reports.record import Audit, File

Text = Annotated[str, Meta(min_length=1, max_length=4096)]
BLOB = r"^(sha256:[0-9a-f]{64}|git:[0-9a-f]{40}|git:[0-9a-f]{64}|url:\S+)$"
FINGERPRINT = "^[0-9a-f]{32}$"


class Suppression(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry of the configuration: which findings are accepted, why, and until when. All that it names must fit."""

    rule: str | None = None
    repo: Text | None = None
    """A pattern of repo names; what is no repo does not fit."""
    path: Text | None = None
    """A pattern of the file's path, or of its name."""
    blob: Annotated[str, Meta(pattern=BLOB)] | None = None
    fingerprint: Annotated[str, Meta(pattern=FINGERPRINT)] | None = None
    reason: Text
    expires: date
    """The last day on which it holds."""

    @property
    def exact(self) -> bool:
        """Whether it names one place, and no pattern of places."""
        places = f"{self.repo or ''}{self.path or ''}"
        return bool(places or self.blob) and not set(places) & set("*?[")

    def reaches(self, place: Place) -> bool:
        """Whether it speaks of this place."""
        name = place.path.rsplit("/", 1)[-1]
        return (
            (self.repo is None or (place.repo is not None and fnmatchcase(place.repo, self.repo)))
            and (self.path is None or fnmatchcase(place.path, self.path) or fnmatchcase(name, self.path))
            and (self.blob is None or self.blob == place.blob)
        )

    def covers(self, place: Place, finding: Finding) -> bool:
        """Whether it accepts this finding."""
        return (
            (self.rule is None or self.rule == finding.rule)
            and self.reaches(place)
            and (self.fingerprint is None or self.fingerprint == fingerprint(place.path, finding))
        )


class Place(NamedTuple):
    """Where a finding is."""

    repo: str | None
    path: str
    blob: str


class Suppressed(NamedTuple):
    """Why a finding does not count."""

    by: Literal["config", "baseline"]
    reason: str
    expires: date | None = None


class Reported(NamedTuple):
    """A finding as a report tells it."""

    file: File
    finding: Finding
    suppressed: Suppressed | None = None


Known = tuple[str, Severity]
"""A finding of a baseline: its fingerprint, and its weight, since one that weighs more is another one."""
_KNOWN = Suppressed("baseline", "it is in the baseline")


class Suppressions:
    """What is accepted in one run. `entries` are those that hold today, by their place in the configuration."""

    def __init__(self, entries: Mapping[int, Suppression] | None = None, baseline: Iterable[Known] = ()) -> None:
        self.entries = dict(entries or {})
        self._baseline = Counter(baseline)
        self._used: set[int] = set()
        self._met: set[int] = set()

    def report(self, audit: Audit) -> list[Reported]:
        """Every finding of an audit, worst first, then by path and place, with why it does not count if so."""
        repo = audit.target.id if audit.target.kind == "repo" else None
        left, said = self._baseline.copy(), []
        for file, finding in sorted(((each, one) for each in audit.files for one in each.findings), key=_weight):
            why = self.why(Place(repo, file.path, file.blob), finding)
            known = (fingerprint(file.path, finding), finding.severity)
            if why is None and left[known] > 0:
                left[known] -= 1
                why = _KNOWN
            said.append(Reported(file, finding, why))
        if audit.complete and audit.selection is None:
            places = [Place(repo, file.path, file.blob) for file in audit.files]
            self._met |= {at for at, one in self.entries.items() if one.exact and any(map(one.reaches, places))}
        return said

    def why(self, place: Place, finding: Finding) -> Suppressed | None:
        """Why an entry accepts this finding; None where none does."""
        for at, entry in self.entries.items():
            if entry.covers(place, finding):
                self._used.add(at)
                return Suppressed("config", entry.reason, entry.expires)
        return None

    def unused(self, *, everywhere: bool = False) -> list[int]:
        """The entries that accepted nothing: those whose one place was looked at, or all if it was `everywhere`."""
        return [at for at in self.entries if at not in self._used and (everywhere or at in self._met)]


def worst(said: Iterable[Reported]) -> Severity | None:
    """The worst severity that counts."""
    return max((one.finding.severity for one in said if not one.suppressed), key=SEVERITIES.index, default=None)


def suppressed(said: Sequence[Reported]) -> list[Reported]:
    """Those that do not count."""
    return [one for one in said if one.suppressed]


def _weight(pair: tuple[File, Finding]) -> tuple[int, str, str, int, str]:
    file, finding = pair
    offset = -1 if finding.offset is None else finding.offset
    return -SEVERITIES.index(finding.severity), file.path, finding.member, offset, finding.rule
