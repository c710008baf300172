"""The parts of a torch.package that are neither pickles nor storages (torch/package/package_importer.py).

    <prefix>/<package>/<module>.py    source, which PackageImporter executes once something asks for the module
    <prefix>/.data/extern_modules     names, one in a line, of modules that are imported from where it is loaded

Which modules are asked for is said by the pickles and by the caller, so all of them count as run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanners.binary import python_source
from scanners.binary.carried_code import facts_of_source
from scanners.binary.torch_records import packaged
from scanners.budget import LimitReached
from scanners.facts import Reference, Unread, clip_name

if TYPE_CHECKING:
    from scanners.scanner import Scan
    from scanners.source import Source

_EXTERN = ".data/extern_modules"
_EXTERN_MOST = 1 << 20


def read_packaged(scan: Scan, part: Source, name: str) -> bool:
    """Scan a record of a torch.package as that and as whatever else it may be; True when nothing is unexplained."""
    stated, path = len(scan.facts), scan.path(name)
    explained = scan.inside(part, name)
    if name.partition("/")[2] == _EXTERN:
        _state_extern(scan, part, path)
    elif module := packaged(name):
        scan.state(Reference("torch.package", clip_name(module), "", "imported", member=path))
        if _state_source(scan, part, module, name):
            said = scan.facts[stated:]
            scan.facts[stated:] = [fact for fact in said if not _says_nobody_reads(fact, path)]
    return explained


def _says_nobody_reads(fact: object, path: str) -> bool:
    return isinstance(fact, Unread) and fact.reason == "no-reader" and fact.member == path


def _state_source(scan: Scan, part: Source, module: str, name: str) -> bool:
    """State what a source names, and whether it could be told."""
    if part.size > python_source.MOST:
        scan.unread("limit", f"{part.size} bytes of source", member=name)
        return False
    try:
        facts = facts_of_source(part.read(0, part.size), "torch.package", module, scan.path(name))
    except ValueError as problem:
        scan.unread("broken", str(problem), member=name)
        return False
    for fact in facts:
        scan.state(fact)
    return True


def _state_extern(scan: Scan, part: Source, path: str) -> None:
    if part.size > _EXTERN_MOST:
        raise LimitReached("whole", f"{part.size} bytes of names of external modules")
    for line in dict.fromkeys(part.read(0, part.size).decode("utf-8", "replace").splitlines()):
        scan.state(Reference("torch.package.extern", clip_name(line), "", "possible", member=path))
