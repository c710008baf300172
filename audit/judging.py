"""`audit judge`: everything that is stored, judged by the rules as they are now; no download, no scan."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from audit import __version__
from audit.pipeline import collided, found_more, in_place, judged, skipped
from reports.escape import visible
from reports.record import Audit, Stats
from reports.suppression import Place
from scanners import routing
from scanners.findings import SEVERITIES, VERDICTS
from scanners.rules import siblings
from scanners.rules.others import KEPT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from audit.met import Key
    from reports.record import File
    from reports.recorded import Recorded, RecordedFile, Said
    from reports.store import Store
    from reports.suppression import Suppressions
    from scanners.facts import Fact
    from scanners.findings import Verdict
    from scanners.rules.policy import Policy

_AUDITS, _BLOBS = 1000, 4000
"""Audits that are recorded at a time, and contents whose facts are in memory at a time."""

_Named = tuple[str, str, str]
"""A content, the hint that it is read under, and its path."""


class Judgement(NamedTuple):
    """What the rules of today say of a recorded audit."""

    target: str
    before: Verdict
    after: Verdict
    gained: frozenset[Said]
    lost: frozenset[Said]
    unread: int
    """Files that newer scanners have to read before anybody can say what they are: the verdict is as of older facts."""
    suppressed: int = 0
    """Findings among those gained that do not count."""

    @property
    def changed(self) -> bool:
        """Whether anything is said that was not, or not said that was."""
        return bool(self.gained or self.lost or self.before != self.after)

    @property
    def line(self) -> str:
        """The change in a line."""
        parts = [f"{self.before} -> {self.after}" if self.before != self.after else self.after, visible(self.target)]
        for sign, findings in (("+", self.gained), ("-", self.lost)):
            worst_first = sorted(findings, key=lambda said: (-SEVERITIES.index(said[3]), said))
            parts += [f"{sign}{severity} {rule} {visible(path)}" for path, _, rule, severity in worst_first[:3]]
            parts += [f"{sign}{len(findings) - 3} more"] if len(findings) > 3 else []
        parts += [f"{self.suppressed} suppressed"] if self.suppressed else []
        return "  ".join(parts)


def judge_all(store: Store, policy: Policy, ruleset: str, accepted: Suppressions) -> Iterator[Judgement]:
    """Judge every audit that speaks for a target and was judged by other rules.

    The judgement is recorded as an audit that read nothing, where all that it rests on is still what the scanners
    would say; the next sweep then passes over the repo.
    """
    ids = store.outdated(ruleset)
    for start in range(0, len(ids), _AUDITS):
        audits = store.recorded(ids[start : start + _AUDITS])
        wanted = {(file.blob, file.hint, file.path) for one in audits for file in one.files}
        found, telling, older = _files(store, wanted, policy)
        again, said = [], []
        kept = store.findings([one.audit_id for one in audits if any(rule in KEPT for _, _, rule, _ in one.findings)])
        for audit in audits:
            named = {
                file.path: in_place(found.get((file.blob, file.hint, file.path)) or _unread(file), audit.target)
                for file in audit.files
            }
            beside = {file.path: telling.get((file.blob, file.hint), ()) for file in audit.files}
            named |= collided(named, beside, named if _whole(audit) else None)
            for path, _, finding in kept.get(audit.audit_id, ()):
                if finding.rule in KEPT and path in named:
                    named[path] = found_more(named[path], finding)
            files = tuple(named.values())
            made = _again(audit, files, ruleset)
            unread = sum((file.blob, file.hint) in older for file in audit.files)
            if not unread and audit.error is None:
                again.append(made)
            says, counting = _said(made, accepted)
            gained, lost = says - audit.findings, audit.findings - says
            quiet = len(gained - counting)
            said.append(Judgement(audit.target.id, audit.verdict, made.verdict, gained, lost, unread, quiet))
        store.record_remade(again)
        yield from said


def _whole(audit: Recorded) -> bool:
    """Whether an audit has every file of its target: an address, and a path that was given, may lead to one of many."""
    given = f" {audit.target.id} "
    named = audit.target.kind == "url" or any(f" {file.path} " in given for file in audit.files)
    return audit.error is None and not named


def _files(
    store: Store, wanted: Collection[_Named], policy: Policy
) -> tuple[dict[_Named, File], dict[Key, tuple[Fact, ...]], set[Key]]:
    """These contents under these paths, judged once however many audits carry them.

    Beside them what other files have to know of their facts, and those that have older facts only.
    """
    paths: dict[Key, list[str]] = {}
    for name in wanted:
        paths.setdefault(name[:2], []).append(name[2])
    keys = list(paths)
    files: dict[_Named, File] = {}
    telling: dict[Key, tuple[Fact, ...]] = {}
    older: set[Key] = set()
    for start in range(0, len(keys), _BLOBS):
        asked = keys[start : start + _BLOBS]
        known = store.known(asked, routing.MARKS.hold)
        aged = store.known([key for key in asked if key not in known], lambda _mark: True)
        older |= aged.keys()
        for key, blob in (known | aged).items():
            telling[key] = siblings.telling(blob.facts)
            for path in paths[key]:
                files[*key, path] = judged(path, blob, policy, reused=True)
    return files, telling, older


def _said(audit: Audit, accepted: Suppressions) -> tuple[frozenset[Said], frozenset[Said]]:
    """All findings of an audit, and those that count."""
    repo = audit.target.id if audit.target.kind == "repo" else None
    found = [
        (file, one, (file.path, one.member, one.rule, one.severity)) for file in audit.files for one in file.findings
    ]
    says = frozenset(said for _, _, said in found)
    if not accepted.entries:
        return says, says
    return says, frozenset(
        said for file, one, said in found if not accepted.why(Place(repo, file.path, file.blob), one)
    )


def _unread(file: RecordedFile) -> File:
    code, _, message = (file.error or "unread: it was never read").partition(": ")
    return skipped(file.path, code, message, size=file.size, blob=file.blob)


def _again(audit: Recorded, files: tuple[File, ...], ruleset: str) -> Audit:
    whole = audit.error is None and all(file.complete for file in files)
    worst: Verdict = max((file.verdict for file in files), key=VERDICTS.index, default="clean")
    return Audit(
        audit_id=uuid.uuid4().hex,
        target=audit.target,
        started=datetime.now(UTC),
        ruleset=ruleset,
        version=__version__,
        verdict="incomplete" if worst == "clean" and not whole else worst,
        complete=whole,
        files=files,
        blobs=(),
        stats=Stats(files=len(files), bytes_total=sum(file.size for file in files)),
        downloads=audit.downloads,
        likes=audit.likes,
        last_modified=audit.last_modified,
    )
