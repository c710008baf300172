"""The parts of a torch archive that mean more than their own content says.

Code is read as TorchScript, documents of torch.export say which payloads are raw numbers, pickles say it of storages,
sources belong to a torch.package, and what AOTInductor compiled is machine code by design.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanners.binary import torch_records as torch
from scanners.binary.torch_export import Export
from scanners.binary.torch_package import read_packaged
from scanners.binary.torchscript import Script
from scanners.budget import LimitReached
from scanners.facts import Storage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scanners.scanner import Scan
    from scanners.source import Source

_SHOWN = 8
"""Names listed in one fact."""


class TorchParts:
    """The parts of one archive, whose shape is `kind`."""

    def __init__(self, scan: Scan, kind: str, names: Iterable[str]) -> None:
        self._scan, self._kind = scan, kind
        self._script, self._export = Script(scan), Export(scan)
        self._lengths: dict[tuple[str, str], set[int | None]] = {}
        self._native = [name for name in names if torch.is_native(name)]

    def holds_numbers(self, name: str) -> bool:
        """Whether a record of this name may be raw numbers, which is for `lengths` to prove."""
        # Beside compiled code, weights are files of torch.save (pt2_archive/_package.py, load_weights_from_disk).
        return not self._native and torch.storage_of(name, self._kind) is not None

    def lengths(self, name: str) -> set[int | None]:
        """Bytes that a record should have by all that names it; None and `PICKLED` where one says no number."""
        key = torch.storage_of(name, self._kind) or ("", "")
        return self._lengths.get(key, set()) | self._export.lengths.get(key, set())

    def read(self, part: Source, name: str) -> bool:
        """Scan a part; True when nothing of it is unexplained."""
        stated = len(self._scan.facts)
        try:
            if self._export.reads(name):
                self._export.read(part, name)
            explained = self._content(part, name)
        except LimitReached as reached:
            self._scan.unread("limit", str(reached), member=name)
            return False
        if torch.is_pickle(name):
            self._note(name, stated)
        return explained

    def _content(self, part: Source, name: str) -> bool:
        if self._kind == "torch.package":
            # To PackageImporter a folder named `code` is one like any other.
            explained = read_packaged(self._scan, part, name)
            return (not self._script.runs(name) or self._script.read(part, name)) and explained
        return self._script.read(part, name) if self._script.runs(name) else self._scan.inside(part, name)

    def _note(self, name: str, stated: int) -> None:
        """Keep what the facts stated since then say of storages of this very pickle."""
        path = self._scan.path(name)
        for fact in self._scan.facts[stated:]:
            if isinstance(fact, Storage) and fact.member == path:
                for home in torch.homes(name):
                    lengths = self._lengths.setdefault((home, fact.key), set())
                    lengths.add(torch.storage_size(fact.type, fact.numel))

    def state(self) -> None:
        """State what only all parts together say."""
        self._script.state()
        if self._native:
            shown = ", ".join(self._native[:_SHOWN])
            self._scan.anomaly("torch.native", shown)
