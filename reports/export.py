"""The history as Parquet for a lake: one folder for each table, partitioned, replaced as a whole or not at all."""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
from typing import TYPE_CHECKING

from reports.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

MARK = "_hub-audit"
"""The empty file by which a folder is known as one of ours, that may be replaced."""

_TABLES = {
    "audits": ("SELECT *, date_trunc('week', audited_at)::DATE AS week FROM audits", "week"),
    "files": (
        "SELECT f.*, date_trunc('week', a.audited_at)::DATE AS week FROM files AS f JOIN audits AS a USING (audit_id)",
        "week",
    ),
    "findings": ("SELECT *, date_trunc('week', found_at)::DATE AS week FROM findings", "week"),
    "references": ('FROM "references"', "kind"),
    "blobs": ("FROM blobs", None),
    "sweeps": ("FROM sweeps", None),
}
"""Each table's rows, and the column by whose values they are laid into folders (`week=2026-01-05`)."""

_EXCHANGE = 2
"""RENAME_EXCHANGE of renameat2(2)."""
_HERE = -100
"""AT_FDCWD."""


def draft_of(folder: Path) -> Path:
    """Where the next version of the folder is written; raises `StoreError` where it is not ours to replace."""
    try:
        if folder.exists() and not (folder / MARK).exists() and any(folder.iterdir()):
            raise StoreError(f"{folder} holds what is no export; name a new folder")
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.tmp")
        draft.mkdir()
    except OSError as error:
        raise StoreError(f"{folder} cannot be made: {error.strerror or error}") from error
    return draft


def write(connection: duckdb.DuckDBPyConnection, draft: Path) -> None:
    """All tables into the folder `draft`, which the connection may write, as they are at one moment."""
    connection.begin()
    for name, (query, column) in _TABLES.items():
        (draft / name).mkdir()
        target = draft / name if column else draft / name / "data.parquet"
        options = f", PARTITION_BY ({column})" if column else ""
        quoted = str(target).replace("'", "''")
        connection.execute(f"COPY ({query}) TO '{quoted}' (FORMAT parquet, COMPRESSION zstd{options})")
    (draft / MARK).touch()


def replace(draft: Path, folder: Path) -> None:
    """Put the draft in the place of the folder; nobody who looks sees a mixture of both."""
    try:
        if not folder.exists():
            draft.rename(folder)
            return
        if not _exchanged(draft, folder):
            # Elsewhere than on Linux there is a moment without the folder.
            old = draft.with_name(f"{draft.name}.old")
            folder.rename(old)
            draft.rename(folder)
            draft = old
    except OSError as error:
        raise StoreError(f"{folder} cannot be replaced: {error.strerror or error}") from error
    shutil.rmtree(draft, ignore_errors=True)


def _exchanged(one: Path, other: Path) -> bool:
    """Whether the system could exchange the two names in one step."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    return rename is not None and rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0
