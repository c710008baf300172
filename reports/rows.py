"""Audits and sweeps as rows of the database's tables, and the statements that merge them.

Rows travel into DuckDB as one list of JSON texts for each table, which it parses itself: 100,000 rows of seven
columns take 0.15 s that way, 0.7 s as lists of values, and 50 s through `executemany`.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

import msgspec

from reports.record import Blob, Problem
from scanners.account import Totals
from scanners.facts import Code, Fact, Opens, Reference
from scanners.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    import duckdb

    from reports.record import Audit, Sweep, Target

Row = dict[str, Any]

_FACTS = msgspec.json.Decoder(tuple[Fact, ...])

_TEXT, _NUMBER, _FLAG, _TIME = "VARCHAR", "BIGINT", "BOOLEAN", "TIMESTAMP"


def _columns(type_: str, names: str) -> dict[str, Any]:
    return dict.fromkeys(names.split(), type_)


TABLES: dict[str, dict[str, Any]] = {
    "audits": {
        **_columns(_TEXT, "audit_id sweep_id repo_id repo_type org commit revision verdict ruleset error kind version"),
        "selection": _TEXT,
        **_columns(_NUMBER, "files bytes_total bytes_fetched downloads likes requests"),
        **_columns(_TIME, "audited_at last_modified"),
        "complete": _FLAG,
        "seconds": "DOUBLE",
    },
    "files": {
        **_columns(_TEXT, "audit_id repo_id commit path blob format verdict hint error"),
        **_columns(_NUMBER, "size bytes_examined bytes_inert bytes_fetched"),
        **_columns(_FLAG, "complete reused"),
    },
    "findings": {
        **_columns(_TEXT, "sweep_id audit_id repo_id repo_type org commit path member blob format"),
        **_columns(_TEXT, "rule severity message"),
        "found_at": _TIME,
        "evidence": "JSON",
        "offset": _NUMBER,
    },
    "blob_facts": {
        **_columns(_TEXT, "blob hint scanners format facts stopped_code stopped_message"),
        **_columns(_NUMBER, "size examined inert unexplained"),
        "sealed": [_TEXT],
        "scanned_at": _TIME,
    },
    "references": _columns(_TEXT, "blob kind module name used_as member scanners"),
    "hub_verdicts": {
        **_columns(_TEXT, "repo_id repo_type path blob scanner status message version"),
        "seen_at": _TIME,
    },
    "sweeps": {
        **_columns(_TEXT, "sweep_id ruleset status"),
        **_columns(_NUMBER, "repos_listed repos_audited repos_unchanged files_scanned bytes_fetched requests"),
        **_columns(_TIME, "started_at finished_at"),
        "targets": [_TEXT],
    },
}
"""The columns of each table that rows are made for, with their DuckDB types as `from_json` takes them."""

# The file has one writer at a time, so what a statement saw before it inserts still holds when it commits.
_MERGE = {
    "audits": (
        """INSERT INTO audits BY NAME
        SELECT DISTINCT ON (audit_id) * FROM incoming ANTI JOIN audits USING (audit_id)""",
    ),
    # Called after the audits that are known already have been left out.
    "files": ("INSERT INTO files BY NAME FROM incoming",),
    "findings": ("INSERT INTO findings BY NAME FROM incoming",),
    "blob_facts": (
        # A scan that came to its end is worth more than one that stopped; else the newer one stands.
        """CREATE OR REPLACE TEMP TABLE chosen AS
        SELECT DISTINCT ON (blob, hint, scanners) * FROM incoming
        ANTI JOIN (SELECT blob, hint, scanners FROM blob_facts WHERE stopped_code IS NULL) AS ended
            ON incoming.stopped_code IS NOT NULL AND incoming.blob = ended.blob
            AND incoming.hint = ended.hint AND incoming.scanners = ended.scanners
        ORDER BY stopped_code IS NULL DESC, scanned_at DESC""",
        """DELETE FROM blob_facts USING chosen
        WHERE blob_facts.blob = chosen.blob AND blob_facts.hint = chosen.hint
            AND blob_facts.scanners = chosen.scanners""",
        "INSERT INTO blob_facts BY NAME FROM chosen",
        # Of each name that a blob is read under, the newest scan speaks; each may have had other readers.
        """DELETE FROM blob_references
        WHERE blob IN (SELECT blob FROM chosen WHERE stopped_code IS NULL) AND (blob, scanners) NOT IN (
            SELECT (blob, scanners) FROM blob_facts WHERE blob IN (SELECT blob FROM chosen)
            QUALIFY row_number() OVER (PARTITION BY blob, hint ORDER BY scanned_at DESC, rowid DESC) = 1
        )""",
    ),
    "references": (
        """INSERT INTO names
        SELECT (SELECT coalesce(max(name_id), 0) FROM names) + row_number() OVER (), kind, module, name
        FROM (SELECT DISTINCT kind, module, name FROM incoming) ANTI JOIN names USING (kind, module, name)""",
        """CREATE OR REPLACE TEMP TABLE numbered AS
        SELECT DISTINCT blob, name_id, used_as, member, scanners
        FROM incoming JOIN names USING (kind, module, name)""",
        """INSERT INTO blob_references
        FROM numbered ANTI JOIN blob_references USING (blob, name_id, used_as, member, scanners)""",
    ),
    # Kept where it differs from what that scanner said of that content last.
    "hub_verdicts": (
        """INSERT INTO hub_verdicts BY NAME
        SELECT incoming.* FROM incoming ANTI JOIN (
            SELECT * FROM hub_verdicts SEMI JOIN incoming USING (repo_id, path)
            QUALIFY row_number() OVER (
                PARTITION BY repo_id, repo_type, path, blob, scanner ORDER BY seen_at DESC, rowid DESC
            ) = 1
        ) AS last ON (incoming.repo_id, incoming.repo_type, incoming.path, incoming.blob) IS NOT DISTINCT FROM
                (last.repo_id, last.repo_type, last.path, last.blob)
            AND (incoming.scanner, incoming.status, incoming.message, incoming.version) IS NOT DISTINCT FROM
                (last.scanner, last.status, last.message, last.version)""",
    ),
    # A sweep is recorded when it starts and again when it ends.
    "sweeps": (
        """CREATE OR REPLACE TEMP TABLE chosen AS
        SELECT DISTINCT ON (sweep_id) * FROM incoming
        ANTI JOIN (SELECT sweep_id FROM sweeps WHERE status <> 'running') AS ended
            ON incoming.status = 'running' AND incoming.sweep_id = ended.sweep_id
        ORDER BY status = 'running', finished_at DESC""",
        "DELETE FROM sweeps USING chosen WHERE sweeps.sweep_id = chosen.sweep_id",
        "INSERT INTO sweeps BY NAME FROM chosen",
    ),
}


def merge(connection: duckdb.DuckDBPyConnection, audits: Iterable[Audit], sweeps: Iterable[Sweep] = ()) -> int:
    """Add what the database does not have yet, in one transaction; how many audits that was."""
    distinct = {audit.audit_id: audit for audit in audits}
    connection.begin()
    try:
        there = connection.execute(
            "FROM audits SELECT audit_id WHERE audit_id IN (SELECT unnest($1::VARCHAR[]))", [list(distinct)]
        ).fetchall()
        for (audit_id,) in there:
            del distinct[audit_id]
        for table, rows in _rows(list(distinct.values()), list(sweeps)).items():
            _load(connection, table, rows)
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
    return len(distinct)


def _load(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Row]) -> None:
    lines = [msgspec.json.encode(row).decode() for row in rows]
    if not lines:
        return
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE incoming AS
        SELECT row.* FROM (SELECT from_json_strict(line, $1) AS row FROM (SELECT unnest($2::VARCHAR[]) AS line))""",
        [msgspec.json.encode(TABLES[table]).decode(), lines],
    )
    for statement in _MERGE[table]:
        connection.execute(statement)


def _rows(audits: list[Audit], sweeps: list[Sweep]) -> dict[str, Iterable[Row]]:
    return {
        "sweeps": map(_sweep, sweeps),
        "audits": map(_audit, audits),
        "files": (row for audit in audits for row in _files(audit)),
        "findings": (row for audit in audits for row in _findings(audit)),
        "hub_verdicts": (row for audit in audits for row in _hub_verdicts(audit)),
        "blob_facts": (_blob(blob, audit.started) for audit in audits for blob in audit.blobs),
        "references": (row for audit in audits for blob in audit.blobs for row in _references(blob)),
    }


def _time(moment: datetime | None) -> str | None:
    """The moment in UTC, as DuckDB reads a TIMESTAMP."""
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ")


def _problem(problem: Problem | None) -> str | None:
    return None if problem is None else f"{problem.code}: {problem.message}"


def _org(target: Target) -> str | None:
    """The owner of a repo; None for the Hub's few repos without one, and for what is no repo."""
    owner, slash, _ = target.id.partition("/")
    return owner if target.kind == "repo" and slash else None


def _sweep(sweep: Sweep) -> Row:
    row = msgspec.structs.asdict(sweep)
    row["started_at"] = _time(row.pop("started"))
    row["finished_at"] = _time(row.pop("finished"))
    return row


def _audit(audit: Audit) -> Row:
    target, stats = audit.target, audit.stats
    return {
        "audit_id": audit.audit_id,
        "sweep_id": audit.sweep_id,
        "repo_id": target.id,
        "repo_type": target.type,
        "org": _org(target),
        "commit": target.commit,
        "revision": target.revision,
        "audited_at": _time(audit.started),
        "verdict": audit.verdict,
        "complete": audit.complete,
        "ruleset": audit.ruleset,
        "files": len(audit.files),
        "bytes_total": stats.bytes_total,
        "bytes_fetched": stats.bytes_fetched,
        "downloads": audit.downloads,
        "likes": audit.likes,
        "last_modified": _time(audit.last_modified),
        "error": _problem(audit.error),
        "kind": target.kind,
        "version": audit.version,
        "requests": stats.requests,
        "seconds": stats.seconds,
        "selection": audit.selection,
    }


def _files(audit: Audit) -> Iterator[Row]:
    for file in audit.files:
        yield {
            "audit_id": audit.audit_id,
            "repo_id": audit.target.id,
            "commit": audit.target.commit,
            "path": file.path,
            "blob": file.blob,
            "size": file.size,
            "format": file.format,
            "verdict": file.verdict,
            "complete": file.complete,
            "reused": file.reused,
            "hint": file.hint,
            "bytes_examined": file.bytes_examined,
            "bytes_inert": file.bytes_inert,
            "bytes_fetched": file.bytes_fetched,
            "error": _problem(file.error),
        }


def _findings(audit: Audit) -> Iterator[Row]:
    target = audit.target
    for file in audit.files:
        for finding in file.findings:
            yield {
                "found_at": _time(audit.started),
                "sweep_id": audit.sweep_id,
                "audit_id": audit.audit_id,
                "repo_id": target.id,
                "repo_type": target.type,
                "org": _org(target),
                "commit": target.commit,
                "path": file.path,
                "member": finding.member,
                "blob": file.blob,
                "format": file.format,
                "rule": finding.rule,
                "severity": finding.severity,
                "message": finding.message,
                "evidence": finding.evidence,
                "offset": finding.offset,
            }


def _hub_verdicts(audit: Audit) -> Iterator[Row]:
    target = audit.target
    for file in audit.files:
        for said in file.hub:
            yield {
                "repo_id": target.id,
                "repo_type": target.type,
                "path": file.path,
                "blob": file.blob,
                **msgspec.structs.asdict(said),
                "seen_at": _time(audit.started),
            }


def _blob(blob: Blob, scanned_at: datetime) -> Row:
    return {
        "blob": blob.blob,
        "hint": blob.hint,
        "scanners": blob.scanners,
        "size": blob.size,
        "format": blob.format,
        "examined": blob.account.examined,
        "inert": blob.account.inert,
        "unexplained": blob.account.unexplained,
        "facts": msgspec.json.encode(blob.facts).decode(),
        "stopped_code": blob.stopped and blob.stopped.code,
        "stopped_message": blob.stopped and blob.stopped.message,
        "sealed": blob.sealed,
        "scanned_at": _time(scanned_at),
    }


def _references(blob: Blob) -> Iterator[Row]:
    for fact in blob.facts:
        match fact:
            case Reference():
                named: list[tuple[str, str, str, str]] = [(fact.kind, fact.module, fact.name, fact.used_as)]
            case Opens():
                named = [(fact.kind, "", fact.path, "written" if fact.writes else "opened")]
            case Code(kind="python" | "module"):
                named = [("code.name", *_split(name), "called") for name in fact.names]
            case Code():
                named = [("code.name", "", name, "called" if fact.called else "imported") for name in fact.names]
            case _:
                continue
        for kind, module, name, used_as in named:
            yield {
                "blob": blob.blob,
                "kind": kind,
                "module": module,
                "name": name,
                "used_as": used_as,
                "member": fact.member,
                "scanners": blob.scanners,
            }


def _split(path: str) -> tuple[str, str]:
    module, _, name = path.rpartition(".")
    return module, name


FINDING_COLUMNS = 'rule, severity::VARCHAR, message, member, "offset", evidence'
"""The columns of `findings` that `finding_of` reads, in its order."""


def finding_of(row: Iterable[Any]) -> Finding:
    """The finding that a row of `FINDING_COLUMNS` keeps."""
    rule, severity, message, member, offset, evidence = row
    return Finding(rule, severity, message, member, offset, msgspec.json.decode(evidence))


BLOB_COLUMNS = (
    "blob, hint, scanners, size, format, examined, inert, unexplained, facts, stopped_code, stopped_message, sealed"
)
"""The columns of `blob_facts` that `blob_of` reads, in its order."""


def blob_of(row: tuple[Any, ...]) -> Blob:
    """The blob that a row of `BLOB_COLUMNS` keeps; raises `msgspec.MsgspecError` for facts of an unknown kind."""
    *key, size, format_, examined, inert, unexplained, facts, code, message, sealed = row
    blob, hint, scanners = key
    return Blob(
        blob,
        hint,
        scanners,
        size,
        format_,
        Totals(examined, inert, unexplained),
        _FACTS.decode(facts),
        None if code is None else Problem(code, message),
        tuple(sealed),
    )
