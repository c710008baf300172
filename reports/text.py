"""An audit as text for people: the verdict in words, then what was found, worst first, then what it cost."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from reports import beside
from reports.escape import visible
from reports.fingerprint import fingerprint
from reports.lines import Piece, draw, line
from reports.reach import clean_weights, safe_sibling
from reports.suppression import suppressed
from scanners.rules.triggers import of_finding, siblings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reports.lines import Line
    from reports.record import Audit, File
    from reports.suppression import Reported
    from scanners.findings import Finding, Rule, Severity, Verdict

_WORDS: dict[Verdict, str] = {
    "malicious": "loading this can run code, or reach files or the network. Do not load it.",
    "suspicious": "something here is unusual. Look at it before you load this.",
    "incomplete": "nothing bad was found, but not everything could be examined.",
    "clean": "every byte that a loader interprets was examined, and nothing that runs was found.",
}

STYLES: dict[str, str] = {
    "malicious": "bold red",
    "suspicious": "bold yellow",
    "incomplete": "bold magenta",
    "clean": "bold green",
    "critical": "bold red",
    "high": "red",
    "medium": "yellow",
    "low": "cyan",
}

MEASURES = (
    "no-new-privileges",
    "capabilities",
    "undumpable",
    "death-signal",
    "descriptors",
    "environment",
    "limits",
    "landlock",
    "seccomp",
)
"""What seals a scanning process where the system has all of it (scanners.jail), without versions."""

_MESSAGES = 5
"""Different messages shown of one rule."""
_PLACES = 3
"""Places shown of one message."""
_FILES = 20
"""Unexamined files shown."""
_ACCEPTED = 20
"""Suppressed findings shown."""


def as_text(
    audit: Audit,
    said: Sequence[Reported],
    rules: Mapping[str, Rule],
    *,
    width: int | None = None,
    colour: bool,
    verbose: bool = False,
) -> str:
    """The report of an audit whose findings are `said`.

    `rules` explain the findings, by id; `width` in columns; `colour` only for a terminal; `verbose` with fingerprints.
    """
    return draw(list(_report(audit, said, rules, verbose=verbose)), width=width, colour=colour)


def human(size: int) -> str:
    """A number of bytes as people say it, in decimal units."""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 999.95 or unit == "TB":
            return f"{size} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    raise AssertionError("the last unit takes everything")


def _report(audit: Audit, said: Sequence[Reported], rules: Mapping[str, Rule], *, verbose: bool) -> Iterator[Line]:
    yield from _headline(audit)
    accepted = suppressed(said)
    if accepted and len(accepted) == len(said):
        yield line("All that was found is suppressed, and does not count for the exit code.")
    groups: defaultdict[tuple[str, Severity], list[tuple[File, Finding]]] = defaultdict(list)
    for file, finding, _ in (one for one in said if not one.suppressed):
        groups[finding.rule, finding.severity].append((file, finding))
    explained: set[str] = set()
    for (rule_id, severity), found in groups.items():
        yield line()
        yield from _group(
            severity, rules.get(rule_id), rule_id, found, explain=rule_id not in explained, verbose=verbose
        )
        yield from _reached(audit, found)
        explained.add(rule_id)
    yield from _accepted(accepted)
    yield from _unexamined(audit)
    yield from beside.as_lines(audit)
    advice = list(_advice(audit))
    if advice:
        yield line()
        yield from advice
    yield line()
    yield from _totals(audit)


def _headline(audit: Audit) -> Iterator[Line]:
    target = audit.target
    name = Piece(visible(target.id), "bold")
    commit = f" @ {visible(target.commit)}" if target.commit else ""
    revision = visible(target.revision) if target.revision and target.revision != target.commit else ""
    details = ", ".join(part for part in (target.type or "", revision) if part)
    yield line(name, commit, f" ({details})" if details else "")
    if audit.selection is not None and not audit.files:
        yield line(f"No file was examined: {visible(audit.selection)} leaves none.")
        return
    yield line(Piece(audit.verdict.upper(), STYLES[audit.verdict]), f": {_WORDS[audit.verdict]}")
    if audit.selection is not None:
        yield line(f"Only the files of {visible(audit.selection)} were examined. The others may hold anything.")
    if audit.verdict != "incomplete" and not audit.complete:
        yield line("Not everything could be examined; there may be more.")
    if audit.error is not None:
        yield line(Piece("The audit did not reach its end", "bold magenta"), f": {visible(audit.error.message)}")


def _group(
    severity: Severity,
    rule: Rule | None,
    rule_id: str,
    found: list[tuple[File, Finding]],
    *,
    explain: bool,
    verbose: bool,
) -> Iterator[Line]:
    """All findings of one rule at one severity: each message once, with the places where it holds."""
    yield line(
        Piece(severity.upper(), STYLES[severity]),
        "  ",
        Piece(visible(rule.title if rule else rule_id), "bold"),
        f"  [{visible(rule_id)}]",
    )
    places: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for file, finding in found:
        mark = f"  {fingerprint(file.path, finding)}" if verbose else ""
        places[finding.message][_place(file, finding) + mark] = None
    for message, where in list(places.items())[:_MESSAGES]:
        for place in list(where)[:_PLACES]:
            yield line(Piece(place, "cyan"), indent=2)
        if len(where) > _PLACES:
            yield line(f"and {_count(len(where) - _PLACES, 'more place')}", indent=2)
        yield line(visible(message), indent=6)
    if len(places) > _MESSAGES:
        rest = sum(len(where) for where in list(places.values())[_MESSAGES:])
        yield line(f"and {rest} more", indent=2)
    if rule is not None and explain:
        yield line(Piece("What it means: ", "dim"), visible(rule.why), indent=2)
        yield line(Piece("What to do: ", "dim"), visible(rule.remedy), indent=2)


def _reached(audit: Audit, found: list[tuple[File, Finding]]) -> Iterator[Line]:
    """When findings come into effect, by which calls, and which files loaders take instead."""
    reaches = list(dict.fromkeys(of_finding(finding, file.format) for file, finding in found))
    told = [f"{reach.trigger}, by {reach.call}" if reach.call else reach.trigger for reach in reaches]
    more = f"; and {len(told) - _PLACES} more" if len(told) > _PLACES else ""
    yield line(Piece("When: ", "dim"), f"{'; '.join(told[:_PLACES])}{more}", indent=2)
    clean = clean_weights(audit)
    instead = dict.fromkeys(path for file, _ in found if (path := safe_sibling(file.path, clean)))
    if instead:
        shown = ", ".join(visible(path) for path in list(instead)[:_PLACES])
        yield line("Loaders take ", Piece(shown, "bold"), " instead, unless they are told not to.", indent=2)


def _place(file: File, finding: Finding) -> str:
    member = f" > {visible(finding.member)}" if finding.member else ""
    offset = "" if finding.offset is None else f", byte {finding.offset}"
    return f"{visible(file.path)}{member}{offset}"


def _accepted(accepted: Sequence[Reported]) -> Iterator[Line]:
    if not accepted:
        return
    yield line()
    yield line(Piece("SUPPRESSED", "dim"), f"  {_count(len(accepted), 'finding')}")
    for file, finding, why in accepted[:_ACCEPTED]:
        assert why is not None
        until = f", until {why.expires}" if why.expires else ""
        yield line(Piece(_place(file, finding), "cyan"), f"  {finding.severity} {visible(finding.rule)}", indent=2)
        yield line(visible(f"{why.reason}{until}"), indent=6)
    if len(accepted) > _ACCEPTED:
        yield line(f"and {len(accepted) - _ACCEPTED} more", indent=2)


def _unexamined(audit: Audit) -> Iterator[Line]:
    files = [file for file in audit.files if not file.complete]
    if not files:
        return
    yield line()
    yield line(Piece("NOT EXAMINED TO THE END", STYLES["incomplete"]), f"  {_count(len(files), 'file')}")
    for file in files[:_FILES]:
        why = f"{file.error.code}: {file.error.message}" if file.error else "some of its bytes are unexplained"
        yield line(Piece(visible(file.path), "cyan"), f"  {visible(why)}", indent=2)
    if len(files) > _FILES:
        yield line(f"and {len(files) - _FILES} more", indent=2)


def _advice(audit: Audit) -> Iterator[Line]:
    target = audit.target
    if target.kind == "repo" and audit.verdict == "clean" and audit.complete and target.commit and not audit.selection:
        yield line("Pin what was audited: ", Piece(f'revision="{visible(target.commit)}"', "bold"), ". Branches move.")
    if audit.verdict in {"malicious", "suspicious"} and audit.safe_revision:
        yield line("An earlier commit was audited clean: ", Piece(f'revision="{visible(audit.safe_revision)}"', "bold"))
    if safe := _safetensors(audit):
        yield line(
            "The same folder has weights that were audited clean: ",
            Piece(visible(safe), "bold"),
            ". Load those (use_safetensors=True).",
        )


def _safetensors(audit: Audit) -> str | None:
    """A clean safetensors file beside weights that are not clean, which no loader takes by itself."""

    def folder(path: str) -> str:
        return path.rpartition("/")[0]

    clean = clean_weights(audit)
    bad = {
        folder(file.path)
        for file in audit.files
        if file.verdict in {"malicious", "suspicious"} and siblings(file.path) and not safe_sibling(file.path, clean)
    }
    return next(
        (
            file.path
            for file in audit.files
            if file.path.endswith(".safetensors") and file.verdict == "clean" and folder(file.path) in bad
        ),
        None,
    )


def _totals(audit: Audit) -> Iterator[Line]:
    stats = audit.stats
    reused = sum(file.reused for file in audit.files)
    parts = [_count(stats.files, "file")]
    if audit.target.kind == "path":
        parts.append(human(stats.bytes_total))
    else:
        share = f" ({_percent(stats.bytes_fetched / stats.bytes_total)} %)" if stats.bytes_total else ""
        parts.append(f"{human(stats.bytes_fetched)} fetched of {human(stats.bytes_total)}{share}")
        parts.append(_count(stats.requests, "request"))
    parts.append(f"{stats.seconds:.1f} s")
    if audit.target.kind == "repo" and audit.files and not any(file.hub for file in audit.files):
        parts.append("not scanned by the Hub itself")
    if reused:
        parts.append(f"{reused} known from before")
    yield line(Piece(", ".join(parts), "dim"))
    missing = missing_measures(audit)
    if missing:
        yield line(Piece("This system could not seal the scanners fully; missing: ", "yellow"), ", ".join(missing))


def missing_measures(audit: Audit) -> list[str]:
    """The sealing measures that did not hold for some blob that this audit scanned.

    A blob that names none never met a scanner: some measures hold on every system.
    """
    held = [{measure.partition(":")[0] for measure in blob.sealed} for blob in audit.blobs if blob.sealed]
    return [measure for measure in MEASURES if any(measure not in one for one in held)]


def _percent(share: float) -> str:
    """Two digits of a small share, whole numbers from ten on."""
    return f"{100 * share:.2g}" if share < 0.095 else f"{100 * share:.0f}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
