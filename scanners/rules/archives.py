"""Archives that their readers would read differently, and torch archives that torch would not have written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanners.findings import Rule
from scanners.rules import tar_rules
from scanners.rules.case import bent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scanners.facts import Anomaly, AnomalyCode
    from scanners.findings import Finding, Severity
    from scanners.rules.case import Case

_APPNOTE: Final = "https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT"
_TORCH: Final = "https://github.com/pytorch/pytorch/blob/main/caffe2/serialize/inline_container.cc"
_DIFFERENT: Final = "Programs that read this archive differently see different content, and a scanner sees only one."
_REMEDY: Final = "Do not load it; ask the publisher for a file that torch.save, zip or tar wrote, or for safetensors."


def _zip(name: str, severity: Severity, title: str, why: str, *references: str) -> Rule:
    return Rule(f"zip-{name}", severity, title, why, _REMEDY, (*references, _APPNOTE))


def _torch(name: str, severity: Severity, title: str, why: str) -> Rule:
    return Rule(f"torch-{name}", severity, title, why, _REMEDY, (_TORCH,))


NAME: Final = Rule(
    "archive-name",
    "medium",
    "A member's name is not a plain path inside the archive",
    "Backslashes, zero bytes, absolute paths and `..` are read differently by each program; unpacking may write outside"
    " of the folder that was meant.",
    _REMEDY,
    ("https://cwe.mitre.org/data/definitions/22.html",),
)

ANOMALIES: Final[dict[AnomalyCode, Rule]] = {
    "zip.duplicate": _zip(
        "duplicate",
        "high",
        "Two members of the archive have one name",
        f"Which of them is read depends on the reader: torch searches, Python takes the last. {_DIFFERENT}",
    ),
    "zip.local-mismatch": _zip(
        "local-mismatch",
        "high",
        "A member has one name in the directory and another at its data",
        f"torch goes by the directory, while Python's zipfile refuses and scanners built on it give up. {_DIFFERENT}",
        "https://nvd.nist.gov/vuln/detail/CVE-2025-1944",
    ),
    "zip.hidden": _zip(
        "hidden",
        "medium",
        "The archive holds a member that its directory does not list",
        f"Readers that stream an archive find it, readers that use the directory do not. {_DIFFERENT}",
    ),
    "zip.gap": _zip(
        "gap",
        "medium",
        "The archive holds bytes that belong to no member",
        "Archive writers leave no gaps. It is a place to keep something that a second step picks up.",
    ),
    "zip.trailing": _zip(
        "trailing",
        "low",
        "There are bytes behind the archive's end",
        "torch tolerates up to 64 KiB of them. It is a place to keep something that a second step picks up.",
    ),
    "zip.leading": _zip(
        "leading",
        "medium",
        "There are bytes before the archive's beginning",
        f"torch takes a file that does not begin as an archive for a plain pickle and loads that instead. {_DIFFERENT}",
    ),
    "zip.encrypted": _zip(
        "encrypted",
        "medium",
        "A member of the archive is encrypted",
        "Nobody can examine it without the key, and no loader of models asks for one.",
    ),
    "zip.encrypted-local": _zip(
        "encrypted-local",
        "medium",
        "A member claims to be encrypted where it lies, and plain in the directory",
        f"torch ignores the claim and loads it, while some scanners give up. {_DIFFERENT}",
        "https://nvd.nist.gov/vuln/detail/CVE-2025-1945",
    ),
    "zip.sizes": _zip(
        "sizes",
        "medium",
        "Sizes or offsets in the archive disagree",
        f"The archive says the same thing twice, and differently. {_DIFFERENT}",
    ),
    "zip.overlap": _zip(
        "overlap",
        "medium",
        "Two members of the archive share bytes",
        "Writers never do that: it makes small archives that unpack to enormous ones, and members in two readings.",
        "https://www.bamsoftware.com/hacks/zipbomb/",
    ),
    "zip.several-ends": _zip(
        "several-ends",
        "medium",
        "The archive has more than one end record",
        f"Each end record leads to a directory of its own. {_DIFFERENT}",
    ),
    "zip.name": NAME,
    "tar.name": NAME,
    "archive.name": NAME,
    "archive.encrypted": Rule(
        "archive-encrypted",
        "medium",
        "The archive, or a member of it, is encrypted",
        "Nobody can examine it without the key, and no loader of models asks for one. Malware is passed on so, with the"
        " password beside it.",
        _REMEDY,
        ("https://attack.mitre.org/techniques/T1027/013/",),
    ),
    **tar_rules.ANOMALIES,
    "zip.crc": _zip(
        "crc",
        "medium",
        "A member's checksum does not fit its data",
        "torch does not check it and loads the member; Python's zipfile refuses, and scanners built on it give up.",
        "https://nvd.nist.gov/vuln/detail/CVE-2025-10156",
    ),
    "zip.symlink": _zip(
        "symlink",
        "medium",
        "A member of the archive is a symbolic link",
        "Unpacking it makes a link to wherever the archive says, and a later member may be written through it.",
        "https://cwe.mitre.org/data/definitions/59.html",
    ),
    "zip.escape": _zip(
        "escape",
        "high",
        "A symbolic link of the archive leads out of it",
        "Unpacking makes a link to somewhere else on the machine: what is read or written through it is not the"
        " archive's.",
        "https://cwe.mitre.org/data/definitions/59.html",
    ),
    "torch.case": _torch(
        "case",
        "high",
        "The archive's pickle is spelled in other letters than torch spells it",
        "torch looks members up without regard to letter case, so it loads `DATA.PKL`. Scanners that look for"
        " `data.pkl` do not find it.",
    ),
    "torch.prefixes": _torch(
        "prefixes",
        "high",
        "The archive has more than one top-level folder",
        f"torch.save writes one, and torch.load takes what it finds first. {_DIFFERENT}",
    ),
    "torch.storage-size": _torch(
        "storage-size",
        "medium",
        "A tensor's data is not as long as its pickle says",
        "Older versions of torch read past its end (CVE-2026-24747); what is too long has room for something else.",
    ),
    "torch.storage-orphan": _torch(
        "storage-orphan",
        "medium",
        "The archive holds tensor data that no tensor names",
        "torch.save writes none. It is a place to keep something that a second step picks up.",
    ),
    "torch.storage-compressed": _torch(
        "storage-compressed",
        "low",
        "The archive's tensor data is compressed",
        "torch.save stores tensors as they are; something else wrote this archive.",
    ),
}
"""The rule that speaks of each way to bend an archive."""

RULES: Final[tuple[Rule, ...]] = tuple(dict.fromkeys(ANOMALIES.values()))


def _leaves(name: str) -> bool:
    """Whether a member name leads out of the folder that it is unpacked to."""
    plain = name.replace("\\", "/")
    return ".." in plain.split("/") or plain.startswith("/") or plain[1:3] == ":/"


def judge(case: Case) -> Iterator[Finding]:
    """Findings about archives."""
    return bent(case, ANOMALIES, _weight)


def _weight(_: Case, fact: Anomaly) -> Severity | None:
    """More than its rule weighs, of a name that leads out."""
    names = (fact.member.rpartition("!/")[2], *fact.detail.split("'")[1::2])
    return "high" if ANOMALIES[fact.code] is NAME and any(map(_leaves, names)) else None
