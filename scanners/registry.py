"""All formats and all rules, in the order in which they are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scanners.findings import Rule
    from scanners.scanner import Scanner

SCANNERS: tuple[Scanner, ...] = ()

RULES: tuple[Rule, ...] = ()
