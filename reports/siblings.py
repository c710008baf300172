"""Weights that loaders take instead of others, where both are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanners.rules.triggers import siblings

if TYPE_CHECKING:
    from collections.abc import Collection

    from reports.record import Audit, File


def clean_weights(audit: Audit) -> frozenset[str]:
    """The paths of safetensors, and of their indexes, that were audited clean."""
    return frozenset(file.path for file in audit.files if file.verdict == "clean" and ".safetensors" in file.path)


def safe_sibling(file: File, clean: Collection[str]) -> str | None:
    """Which of the `clean` weights loaders prefer to this file unless they are told otherwise."""
    return next((path for path in siblings(file.path) if path in clean), None)
