"""What one model names and opens, each thing stated once. The budget of the scan ends a flood of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanners.facts import Opens, Reference, clip, clip_name

if TYPE_CHECKING:
    from scanners.facts import OpensKind, ReferenceKind, UsedAs
    from scanners.scanner import Scan


class Stated:
    """The statements about one model."""

    def __init__(self, scan: Scan) -> None:
        self.scan = scan
        self._told: set[tuple[str, ...]] = set()

    def name(self, kind: ReferenceKind, module: str, name: str, used: UsedAs = "called") -> bool:
        """State a name; whether that is new."""
        module, name = clip_name(module), clip_name(name)
        new = self.new(kind, module, name, used)
        if new:
            self.scan.state(Reference(kind, module, name, used, member=self.scan.member))
        return new

    def opens(self, kind: OpensKind, path: str, by: str, *, writes: bool = False) -> None:
        """State a file or an address."""
        path, by = clip(path), clip(by)
        if self.new(kind, path, by):
            self.scan.state(Opens(kind, path, by, writes, member=self.scan.member))

    def new(self, *what: str) -> bool:
        """Whether this was not stated before."""
        known = what in self._told
        self._told.add(what)
        return not known
