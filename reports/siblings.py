"""Weights that loaders take instead of others, where both are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanners.rules.triggers import siblings

if TYPE_CHECKING:
    from reports.record import Audit, File


def safe_sibling(file: File, audit: Audit) -> str | None:
    """The path of safetensors that were audited clean, and that loaders prefer to this file unless told otherwise."""
    wanted = siblings(file.path)
    fitting = (each.path for each in audit.files if each.path in wanted and each.verdict == "clean") if wanted else ()
    return next(iter(fitting), None)
