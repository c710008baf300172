"""Tar archives that unpack to elsewhere, or that their readers would read differently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanners.findings import Rule

if TYPE_CHECKING:
    from scanners.facts import AnomalyCode
    from scanners.findings import Severity

_DIFFERENT: Final = "Programs that read this archive differently see different content, and a scanner sees only one."
_REMEDY: Final = "Do not unpack or load it; ask the publisher for an archive that tar wrote, or for safetensors."
_FORMAT: Final = "https://www.gnu.org/software/tar/manual/html_node/Standard.html"
_FOLLOWED: Final = "https://cwe.mitre.org/data/definitions/59.html"


def _tar(name: str, severity: Severity, title: str, why: str, *references: str) -> Rule:
    return Rule(f"tar-{name}", severity, title, why, _REMEDY, references or (_FORMAT,))


ANOMALIES: Final[dict[AnomalyCode, Rule]] = {
    "tar.escape": _tar(
        "escape",
        "high",
        "A link of the archive leads out of it",
        "Unpacking makes a link to somewhere else on the machine, or writes through one: what is read from it, or"
        " written to it, is not the archive's.",
        "https://nvd.nist.gov/vuln/detail/CVE-2007-4559",
        "https://nvd.nist.gov/vuln/detail/CVE-2025-4517",
        _FOLLOWED,
    ),
    "tar.through": _tar(
        "through",
        "medium",
        "A member of the archive is written through a link",
        "tar follows no links when it packs, so no archive of its own has a member below one. Where it lands depends"
        " on what the link leads to by then.",
        _FOLLOWED,
    ),
    "tar.device": _tar(
        "device",
        "high",
        "A member of the archive is a device or a named pipe",
        "A device leads to the machine's disks and memory, and a pipe makes who reads it wait. No model needs either.",
        "https://docs.python.org/3/library/tarfile.html#tarfile-extraction-filter",
    ),
    "tar.setuid": _tar(
        "setuid",
        "medium",
        "A file of the archive would run with the rights of its owner",
        "Unpacked by root, it lets whoever runs it act as somebody else.",
        "https://cwe.mitre.org/data/definitions/250.html",
    ),
    "tar.duplicate": _tar(
        "duplicate",
        "medium",
        "Two members of the archive have one name",
        f"Unpacking leaves the last one, while readers that look a name up may take the first. {_DIFFERENT}",
    ),
    "tar.case": _tar(
        "case",
        "low",
        "Two members' names differ only in letter case",
        "On macOS and Windows one of them replaces the other.",
        "https://cwe.mitre.org/data/definitions/178.html",
    ),
    "tar.sizes": _tar(
        "sizes",
        "medium",
        "The archive says in two ways how long a member is",
        f"A reader that goes by the other one finds other members. {_DIFFERENT}",
        "https://nvd.nist.gov/vuln/detail/CVE-2025-62518",
    ),
    "tar.checksum": _tar(
        "checksum",
        "medium",
        "The archive is broken between two members",
        f"There is no header where one should be. Some readers stop here, others look for the next one. {_DIFFERENT}",
    ),
    "tar.hidden": _tar(
        "hidden",
        "medium",
        "The archive holds a member that most readers do not find",
        f"It stands behind the archive's end, or behind something that is no header. {_DIFFERENT}",
    ),
    "tar.trailing": _tar(
        "trailing",
        "low",
        "There are bytes behind the archive's end",
        "tar fills up with zeros only. It is a place to keep something that a second step picks up.",
    ),
    "tar.padding": _tar(
        "padding",
        "low",
        "There is something where a member is filled up to a full block",
        "tar fills up with zeros. It is a place to keep something that a second step picks up.",
    ),
    "tar.sparse": _tar(
        "sparse",
        "medium",
        "A small member unpacks to an enormous file",
        "Its map says that it is nearly all holes, which some programs fill with zeros as they unpack.",
        "https://cwe.mitre.org/data/definitions/409.html",
    ),
}
"""The rule that speaks of each way to bend a tar archive, but for names: they have one for all archives."""
