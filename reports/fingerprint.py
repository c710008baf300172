"""What makes two findings the same one, in whatever run and wherever in its file."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from reports.escape import as_line

if TYPE_CHECKING:
    from scanners.findings import Finding

_NUMBER = re.compile(r"\b\d+\b")


def fingerprint(path: str, finding: Finding) -> str:
    """32 hexadecimal digits that stand for a finding in the file at `path`.

    Offsets do not count: any change to a file moves them. A message without evidence tells of the file's structure,
    and its numbers are places and sizes. What is called, with which arguments, does count.
    """
    message = finding.message if finding.evidence else _NUMBER.sub("#", finding.message)
    return hashlib.sha256(as_line([finding.rule, path, finding.member, message])).hexdigest()[:32]
