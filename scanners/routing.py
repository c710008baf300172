"""Which scanners have a say about some bytes, and what they say together.

Rule 1: content decides, and a name can only add. Every scanner that recognises the content runs, and so does every
scanner whose loaders would go by the name; where several accept the same bytes, each has to explain all of them.
Rule 2: of a blob's name only its `hint` is known here, because results are kept by (blob, hint, mark of the readers).
Rule 3: nothing ends silently. A scanner that breaks off leaves an `Unread` fact and its bytes unexplained.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from scanners import secrets
from scanners.account import total
from scanners.binary import commands
from scanners.budget import Budget, Flood, LimitReached, Limits
from scanners.facts import Anomaly, Unread, clip
from scanners.registry import SCANNERS
from scanners.scanner import HEAD, TAIL, Needs, NotThisFormat, Read, Sample, Scan
from scanners.source import Missing, Span, Truncated, merge, subtract

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scanners.account import Account
    from scanners.facts import Fact
    from scanners.scanner import Outcome, Scanner
    from scanners.source import Source

_CORE: Final = 3
"""Raised when routing, recognition, or what the scanners share makes other facts of an unchanged blob; and when a
flaw of a reader could have let a blob speak for it, since the list of readers came from there too."""

_TEXT: Final = re.compile(rb"[^\x00-\x06\x0e-\x1a\x1c-\x1f]*")
"""The head of a text, in any encoding that keeps the letters of ASCII."""
_NUMBER: Final = re.compile(r"[0-9]+")

_FIRST: Final = 65_536
"""Bytes fetched at the start of a file before the first run, `HEAD` among them in whole blocks."""
_LAST: Final = TAIL + 4096
"""Bytes fetched at its end: the reader of zip archives looks for their end a little beyond `TAIL`."""
_SMALL: Final = 256 * 1024
"""Bytes up to which a file costs less than the round trip that a second look would cost."""
_MODERATE: Final = 16 << 20
"""Bytes up to which a file is fetched whole at once if its reader will read it from end to end anyway."""

_TOGETHER: Final = ({"tflite", "zip"}, {"llamafile", "zip"})
"""Formats that are one file by design: the labels of a TFLite model lie in an archive, and what a llamafile runs."""


def version(scanners: Iterable[Scanner]) -> str:
    """One short name for what these scanners, each at its version, together say of a blob."""
    return _digest([f"{s.name} {s.version} {' '.join(sorted(s.suffixes))}" for s in scanners])


def _digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join([f"core {_CORE}", *lines]).encode()).hexdigest()[:12]


VERSION: Final = version(SCANNERS)
"""The version of all scanners together, which every ruleset carries."""


class Versions:
    """Which stored results still hold: those of which every reader is still of the same version.

    A result is marked with the set of scanners that there were, by names and suffixes, and with the readers among
    them: `1f0c…:pickle.3,torch.zip.2`. A new version of one scanner makes only what it was asked about be read again.
    """

    def __init__(self, scanners: Iterable[Scanner]) -> None:
        self._versions = {scanner.name: scanner.version for scanner in scanners}
        self._set = _digest([f"{s.name} {' '.join(sorted(s.suffixes))}" for s in scanners])

    def mark(self, readers: Iterable[str]) -> str:
        """The mark of a result that these readers made; one that names none, or no scanner, depends on all."""
        known = sorted({name for name in readers if name in self._versions}) or sorted(self._versions)
        return f"{self._set}:{','.join(f'{name}.{self._versions[name]}' for name in known)}"

    def hold(self, mark: str) -> bool:
        """Whether a result with this mark would be the same today."""
        kept, _, readers = mark.partition(":")
        return kept == self._set and readers == mark_of(self._versions, readers)


def mark_of(versions: dict[str, int], readers: str) -> str:
    """The readers of a mark, each at its present version."""
    names = [reader.rpartition(".")[0] for reader in readers.split(",")]
    return ",".join(f"{name}.{versions.get(name)}" for name in names)


MARKS: Final = Versions(SCANNERS)
"""The scanners as they are."""


def suffixes(name: str) -> frozenset[str]:
    """What a file name, in any letter case, may match of the suffixes of scanners.

    A part with its dot (".pkl") counts wherever it stands: loaders strip ".gz" and users add ".txt". An entry without
    one ("dockerfile", "config.json") is the part before the first dot, or the whole name. Of names that differ in their
    numbers (".data-00000-of-00001") an entry may have `#` for each number.
    """
    last = name.rpartition("/")[2].lower()
    first_part, *parts = last.split(".")
    found = (last, first_part, *(f".{part}" for part in parts))
    return frozenset({*found, *(_NUMBER.sub("#", each) for each in found)})


def hint(path: str, scanners: Iterable[Scanner] = SCANNERS) -> str:
    """All that a file's name tells the scanners: the suffixes in it that any of them knows, sorted, by commas."""
    carried = suffixes(path)
    return ",".join(sorted({suffix for scanner in scanners for suffix in scanner.suffixes & carried}))


def name_of(hinted: str) -> str:
    """The name that stands for every file with this hint; its own hint is the same."""
    entries = hinted.split(",") if hinted else []
    whole = max((entry for entry in entries if not entry.startswith(".")), key=len, default="file")
    return whole + "".join(entry for entry in entries if entry.startswith(".") and f"{entry}." not in f"{whole}.")


def first(size: int, path: str, scanners: Iterable[Scanner] = SCANNERS) -> tuple[Span, ...]:
    """What to fetch of a file before anything is known of its content."""
    if size == 0:
        return ()
    carried = suffixes(path)
    # A checkpoint and a list of paths may both be called .pth: what one reader can skip is not fetched for the other.
    readers = [scanner for scanner in scanners if scanner.suffixes & carried and not scanner.fallback]
    whole = bool(readers) and all(scanner.whole for scanner in readers)
    if size <= (_MODERATE if whole else _SMALL):
        return (Span(0, size),)
    return (Span(0, _FIRST), Span(size - _LAST, size))


def scan_blob(source: Source, name: str, limits: Limits, facts: list[Fact] | None = None) -> Outcome:
    """What all scanners together say of a blob; they state their facts into `facts`, if it is given."""
    return Router(SCANNERS).scan_blob(source, name, limits, facts)


class Router:
    """The scanners that are asked, and how."""

    def __init__(self, scanners: Iterable[Scanner]) -> None:
        self._scanners = tuple(scanners)
        self._readers: set[str] = set()

    def scan_blob(self, source: Source, name: str, limits: Limits, facts: list[Fact] | None = None) -> Outcome:
        """What the scanners together say of a blob."""
        scan = Scan(source.size, Budget(limits), facts=facts, route=self.route, name=name)
        try:
            found = self.route(source, scan)
        except Missing as missing:
            return Needs(tuple(merge(missing.spans)))
        except Flood as flood:
            scan.facts += [Anomaly("file.flood", clip(str(flood))), Unread("limit", clip(str(flood)))]
            found = scan.format
        return Read(found, tuple(scan.facts), total(source.size, [scan.account]), tuple(sorted(self._readers)))

    def route(self, source: Source, scan: Scan) -> str:
        """Scan a source by every format that its content or its name calls for.

        The scan's account then explains what every scanner that had a say explains. The answer, kept as
        `scan.format` too, is the format found: "unknown" where no scanner had a say.
        """
        if source.size == 0:
            scan.format = "empty"
            return scan.format
        stated = len(scan.facts)
        sample = _sample(source)
        carried = suffixes(scan.name)
        asked = [s for s in self._scanners if s.suffixes & carried or s.recognise(sample)]
        accepted = self._ask([s for s in asked if s.alone], source, scan)
        accepted = accepted or self._ask([s for s in asked if not s.fallback and not s.alone], source, scan)
        if not accepted:
            fallbacks = ([s] for s in asked if s.fallback)
            accepted = next((some for one in fallbacks if (some := self._ask(one, source, scan))), [])
        scan.format = accepted[0].format if accepted else "unknown"
        if len(accepted) > 1 and {each.format for each in accepted} not in _TOGETHER:
            scan.anomaly("file.polyglot", ", ".join(each.format for each in accepted))
        _settle(scan.account, [each.account for each in accepted])
        if _TEXT.fullmatch(sample.head) and scan.account.examined_spans() == [Span(0, source.size)]:
            _state_secrets(source, scan)
        if scan.format in commands.MODELS:
            commands.state(source, scan)
        _explain(scan, stated)
        return scan.format

    def _ask(self, scanners: list[Scanner], source: Source, scan: Scan) -> list[Scan]:
        """The scans of those scanners that had a say; one `Missing` for all that any of them lacked."""
        accepted: list[Scan] = []
        missing: list[Span] = []
        for scanner in scanners:
            self._readers.add(scanner.name)
            stated = len(scan.facts)
            own = Scan(
                source.size,
                scan.budget,
                member=scan.member,
                depth=scan.depth,
                facts=scan.facts,
                route=self.route,
                name=scan.name,
            )
            try:
                scanner.scan(source, own)
            except NotThisFormat:
                del scan.facts[stated:]
                continue
            except Missing as more:
                missing.extend(more.spans)
                continue
            except Truncated as cut:
                own.unread("broken", str(cut))
            except Flood:
                scan.format = own.format or scanner.name
                raise
            except LimitReached as reached:
                own.unread("limit", str(reached))
            own.format = own.format or scanner.name
            accepted.append(own)
        if missing:
            raise Missing(merge(missing))
        return accepted


def _sample(source: Source) -> Sample:
    size = source.size
    head, tail = Span(0, min(HEAD, size)), Span(max(0, size - TAIL), size)
    source.want(head, tail)
    return Sample(size, source.read(head.start, head.length), source.read(tail.start, tail.length))


def _settle(account: Account, accounts: list[Account]) -> None:
    """Make `account` explain what all of `accounts` explain; nothing, where there are none."""
    if not accounts:
        return
    gaps = merge(span for each in accounts for span in each.unexplained_spans())
    examined = merge(
        part
        for span in merge(span for each in accounts for span in each.examined_spans())
        for part in subtract(span, gaps)
    )
    for span in examined:
        account.examined(*span)
    for span in subtract(Span(0, account.size), merge([*gaps, *examined])):
        account.inert(*span)


def _state_secrets(source: Source, scan: Scan) -> None:
    """State the keys and passwords in a text that was read from end to end."""
    if source.size <= scan.budget.limits.whole:
        for secret in secrets.find(source.read(0, source.size)):
            scan.anomaly("text.secret", f"{secret.kind}: {secret.shown}", offset=secret.offset)


def _explain(scan: Scan, stated: int) -> None:
    """State why bytes are unexplained, if no scanner did."""
    gaps = scan.account.unexplained_spans()
    if gaps and not any(isinstance(fact, Unread) for fact in scan.facts[stated:]):
        count = sum(span.length for span in gaps)
        scan.unread("unknown", f"{count} bytes that no reader explains", offset=gaps[0].start)
