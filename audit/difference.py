"""`audit diff`: what changed in risk between two revisions of a repo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

import anyio.to_thread
import msgspec

from audit.hub import audit_listed, open_hub
from audit.suppress import suppressions
from reports.escape import as_document, visible
from scanners.findings import SEVERITIES

if TYPE_CHECKING:
    from audit.session import Session
    from crawler.repos import RepoType
    from reports.record import Audit
    from reports.suppression import Suppressed, Suppressions
    from scanners.findings import Severity

Change = Literal["added", "removed", "changed"]


class Mark(NamedTuple):
    """A finding as two commits can be compared by it: not its offset, which any change moves."""

    severity: Severity
    rule: str
    path: str
    member: str
    message: str


class Named(NamedTuple):
    """Something that a file references."""

    path: str
    kind: str
    name: str
    used_as: str


class Difference(NamedTuple):
    """All that differs between two audits of one repo."""

    before: Audit
    after: Audit
    files: list[tuple[Change, str]]
    gained: list[Mark]
    lost: list[Mark]
    referenced: list[Named]
    """What only the later one references."""
    dropped: list[Named]
    suppressed: dict[Mark, Suppressed]
    """Which of the findings do not count, and why."""

    @property
    def worst(self) -> Severity | None:
        """The worst of what came and counts."""
        counting = (mark.severity for mark in self.gained if mark not in self.suppressed)
        return max(counting, key=SEVERITIES.index, default=None)

    @property
    def complete(self) -> bool:
        """Whether both commits could be examined in full."""
        return self.before.complete and self.after.complete

    def json(self) -> str:
        """The difference as one document."""
        document: dict[str, Any] = {
            "schema": "hub-audit/1",
            "target": {"kind": "repo", "id": self.after.target.id, "type": self.after.target.type},
            "before": _side(self.before),
            "after": _side(self.after),
            "files": [{"change": change, "path": path} for change, path in self.files],
            "gained": [self._told(mark) for mark in self.gained],
            "lost": [self._told(mark) for mark in self.lost],
            "references_gained": [one._asdict() for one in self.referenced],
            "references_lost": [one._asdict() for one in self.dropped],
        }
        return as_document(document)

    def _told(self, mark: Mark) -> dict[str, Any]:
        why = self.suppressed.get(mark)
        return mark._asdict() | ({"suppressed": why._asdict()} if why else {})

    def _line(self, mark: Mark) -> str:
        why = self.suppressed.get(mark)
        accepted = f"  suppressed: {visible(why.reason)}" if why else ""
        return f"{mark.severity:<8}  {mark.rule}  {visible(mark.path)}  {visible(mark.message)}{accepted}"

    def text(self) -> str:
        """The difference for people, the worst first."""
        before, after = self.before, self.after
        lines = [
            f"{visible(after.target.id)}  {(before.target.commit or '')[:12]} -> {(after.target.commit or '')[:12]}",
            f"{before.verdict} -> {after.verdict}" if before.verdict != after.verdict else f"{after.verdict} as before",
        ]
        for title, sign, marks in (("Findings gained", "+", self.gained), ("Findings lost", "-", self.lost)):
            lines += [f"\n{title}:"] if marks else []
            lines += [f"  {sign} {self._line(mark)}" for mark in marks]
        for title, sign, names in (
            ("References gained", "+", self.referenced),
            ("References lost", "-", self.dropped),
        ):
            lines += [f"\n{title}:"] if names else []
            lines += [f"  {sign} {visible(n.name)}  {n.kind}, {n.used_as}  {visible(n.path)}" for n in names]
        lines += ["\nFiles:"] if self.files else ["\nThe files are the same."]
        lines += [f"  {change:<8}  {visible(path)}" for change, path in self.files]
        return "\n".join(lines) + "\n"


async def audit_difference(session: Session, repo_id: str, kind: str, revisions: tuple[str, str]) -> Difference:
    """Audit a repo at two revisions, fetching only what is not stored, and compare; raises `CrawlError`."""
    accepted = suppressions(session.config)
    hub, store = open_hub(session), session.tools.store
    assert store is not None, "the references of what was known come from the history"

    async def side(revision: str) -> tuple[Audit, set[Named]]:
        requests = session.client.requests
        repo = await hub.repo(repo_id, type=cast("RepoType", kind), revision=revision)
        audit = await audit_listed(session, hub, repo, requests_before=requests)
        names = await anyio.to_thread.run_sync(store.references, audit.audit_id)
        return audit, {Named(*name) for name in names}

    (before, names_before), (after, names_after) = [await side(revision) for revision in revisions]
    return compare(before, after, names_before, names_after, accepted)


def compare(
    before: Audit, after: Audit, names_before: set[Named], names_after: set[Named], accepted: Suppressions
) -> Difference:
    """The difference of two audits, and of what their files reference."""
    old, new = ({file.path: file.blob for file in audit.files} for audit in (before, after))
    changes: list[tuple[Change, str]] = [("added", path) for path in new.keys() - old.keys()]
    changes += [("removed", path) for path in old.keys() - new.keys()]
    changes += [("changed", path) for path in old.keys() & new.keys() if old[path] != new[path]]
    said_before, said_after = _marks(before, accepted), _marks(after, accepted)
    return Difference(
        before,
        after,
        sorted(changes, key=lambda change: change[1]),
        _worst_first(said_after.keys() - said_before.keys()),
        _worst_first(said_before.keys() - said_after.keys()),
        sorted(names_after - names_before),
        sorted(names_before - names_after),
        {mark: why for mark, why in (said_before | said_after).items() if why},
    )


def _marks(audit: Audit, accepted: Suppressions) -> dict[Mark, Suppressed | None]:
    """What was found, with why it does not count, if none of it does."""
    marks: dict[Mark, Suppressed | None] = {}
    for file, finding, why in accepted.report(audit):
        mark = Mark(finding.severity, finding.rule, file.path, finding.member, finding.message)
        marks[mark] = marks.get(mark, why) and why
    return marks


def _worst_first(marks: set[Mark]) -> list[Mark]:
    return sorted(marks, key=lambda mark: (-SEVERITIES.index(mark.severity), mark[1:]))


def _side(audit: Audit) -> dict[str, Any]:
    target = msgspec.structs.asdict(audit.target)
    return {key: target[key] for key in ("revision", "commit")} | {
        "verdict": audit.verdict,
        "complete": audit.complete,
    }
