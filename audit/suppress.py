"""What this run accepts: the entries of the configuration that hold today, and a baseline."""

from __future__ import annotations

import difflib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from audit.config import ConfigError
from audit.output import complain
from reports.document import SCHEMA
from reports.fingerprint import fingerprint
from reports.suppression import Known, Suppressions
from scanners.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from audit.config import Config
    from reports.suppression import Suppression


class BaselineError(Exception):
    """The file of `--baseline` is not what it should be: one line says what is wrong with it."""


class _Suppressed(msgspec.Struct):
    by: Literal["config", "baseline"]


class _Finding(Finding, frozen=True, kw_only=True):
    path: str
    suppressed: _Suppressed | None = None


class _Target(msgspec.Struct):
    kind: str
    id: str


class _Baseline(msgspec.Struct):
    schema: str
    target: _Target
    findings: list[_Finding]


def suppressions(config: Config, baseline: Sequence[Known] = ()) -> Suppressions:
    """What is accepted; one line names the entries that have expired. Raises `ConfigError`."""
    today = datetime.now(UTC).date()
    for at, entry in enumerate(config.suppress):
        _check(at, entry)
    expired = [f"suppress[{at}] ({one.expires})" for at, one in enumerate(config.suppress) if one.expires < today]
    if expired:
        complain(f"{', '.join(expired)} in the configuration has expired: what it suppressed counts again")
    return Suppressions({at: one for at, one in enumerate(config.suppress) if one.expires >= today}, baseline)


def _check(at: int, entry: Suppression) -> None:
    if entry.rule is entry.blob is entry.fingerprint is None:
        # Whoever may write there would be trusted with whatever they come to write.
        raise ConfigError(
            f"suppress[{at}]: name what is accepted by rule, blob or fingerprint; repo and path only say where"
        )
    if entry.rule is not None and (unknown := unknown_rule(entry.rule)):
        raise ConfigError(f"suppress[{at}].rule: {unknown}")


def unknown_rule(rule: str) -> str | None:
    """What to tell a user who names a rule that there is not."""
    from scanners.registry import RULES  # noqa: PLC0415 - heavy, and mostly nothing is suppressed

    known = [one.id for one in RULES]
    if rule in known:
        return None
    near = difflib.get_close_matches(rule, known, 1)
    return f"there is no rule {rule!r}" + (f"; did you mean {near[0]}?" if near else "; `audit rules` lists them")


def read_baseline(path: Path, kind: str, repo_id: str | None = None) -> list[Known]:
    """The findings of a former `--format json` of the same kind of target; raises `BaselineError` for anything else."""
    try:
        document = msgspec.json.decode(path.read_bytes(), type=_Baseline)
    except OSError as error:
        raise BaselineError(f"--baseline {path}: {error.strerror or error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BaselineError(f"--baseline {path} is no result of `audit {kind} --format json`: {error}") from error
    target = document.target
    if document.schema != SCHEMA:
        raise BaselineError(f"--baseline {path} is of the schema {document.schema!r}, not {SCHEMA}")
    if target.kind != kind or (repo_id is not None and target.id.casefold() != repo_id.casefold()):
        raise BaselineError(f"--baseline {path} is a result of {target.kind} {target.id}; it says nothing of this one")
    # What an entry accepted then counts again when the entry has expired.
    return [
        (fingerprint(one.path, one), one.severity)
        for one in document.findings
        if one.suppressed is None or one.suppressed.by == "baseline"
    ]


def warn_unused(accepted: Suppressions, *, everywhere: bool = False) -> None:
    """Say once which entries nothing needs any more."""
    if unused := accepted.unused(everywhere=everywhere):
        names = ", ".join(f"suppress[{at}]" for at in unused)
        complain(f"{names} in the configuration suppressed nothing here; remove what is no longer needed")
