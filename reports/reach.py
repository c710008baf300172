"""How one gets to what was found, and around it: by which call, and past which weights that loaders take instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanners.rules.triggers import of_finding, siblings

if TYPE_CHECKING:
    from collections.abc import Collection

    from reports.record import Audit
    from scanners.findings import Finding


def clean_weights(audit: Audit) -> frozenset[str]:
    """The paths of safetensors, and of their indexes, that were audited clean."""
    return frozenset(file.path for file in audit.files if file.verdict == "clean" and ".safetensors" in file.path)


def safe_sibling(path: str, clean: Collection[str]) -> str | None:
    """Which of the `clean` weights loaders prefer to this file unless they are told otherwise."""
    return next((other for other in siblings(path) if other in clean), None)


def reached(finding: Finding, file_format: str, path: str, clean: Collection[str]) -> dict[str, str | None]:
    """What every report says of it, by the names that the contract gives."""
    reach = of_finding(finding, file_format)
    return {"trigger": reach.trigger, "reach": reach.call, "safe_sibling": safe_sibling(path, clean)}
