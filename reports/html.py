"""The history as one page: no script, style, font or picture comes from elsewhere.

Whatever came from outside is data three times over: each value that the template writes goes through `visible` and is
escaped, and the policy in the head of the page lets run nothing but the one script whose hash it names.
"""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from datetime import date, datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec

from reports import chart
from reports.escape import visible
from reports.reach import reached
from reports.text import human
from scanners.findings import SEVERITIES, VERDICTS, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reports.overview import Rows
    from scanners.findings import Rule

_POLICY = (
    "default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; base-uri 'none'; "
    "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


def as_html(said: Mapping[str, Rows], rules: Iterable[Rule], version: str, only: str = "") -> str:
    """The page of an `overview`, of `only` what is named; the rules explain what is found."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - only pages need it
    from markupsafe import Markup  # noqa: PLC0415 - the same

    environment = Environment(
        autoescape=True,
        finalize=_shown,
        loader=PackageLoader("reports", "page"),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {"human": human, "day": _day}
    style, script = (files("reports").joinpath("page", f"page.{kind}").read_text("utf-8") for kind in ("css", "js"))
    _reach(said["repo_findings"], _by_rank(said["repo_weights"]))
    weeks = [row["week"] for row in said["all_weeks"]]
    return environment.get_template(
        "page.html"
    ).render(
        said,
        about=said["history"][0],
        chart=chart,
        only=only,
        findings_of=_by_rank(said["repo_findings"]),
        audits_of=_by_rank(said["repo_audits"]),
        policy=_POLICY.format(script=_digest(script), style=_digest(style)),
        rules_by_id={rule.id: rule for rule in rules},
        # Ours, from the package.
        style=Markup(style),  # noqa: S704
        script=Markup(script),  # noqa: S704
        severities=SEVERITIES[::-1],
        verdicts=VERDICTS[::-1],
        charts={
            "verdicts": chart.columns(weeks, said["weekly_verdicts"], VERDICTS[:0:-1]),
            "severities": chart.columns(weeks, said["weekly_severities"], SEVERITIES[::-1]),
        },
        version=version,
    )


def _reach(findings: Rows, weights: Mapping[int, Rows]) -> None:
    """Add to each finding when it comes into effect, by which call, and what loaders take instead of its file."""
    clean = {rank: {row["path"] for row in rows} for rank, rows in weights.items()}
    for row in findings:
        evidence = msgspec.json.decode(row["evidence"])
        finding = Finding(row["rule"], row["severity"], row["message"], evidence=evidence)
        row.update(reached(finding, row["format"], row["path"], clean.get(row["rank"], ())))


def _shown(value: Any) -> Any:
    """What the template writes for a value: a text with everything visible, a number in groups of three."""
    match value:
        case str() if not hasattr(value, "__html__"):
            return visible(value)
        case bool():
            return value
        case int():
            return f"{value:,}"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case date():
            return value.isoformat()
        case None:
            return ""
        case _:
            return value


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"


def _by_rank(rows: Rows) -> dict[int, Rows]:
    found: defaultdict[int, Rows] = defaultdict(list)
    for row in rows:
        found[row["rank"]].append(row)
    return found


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
