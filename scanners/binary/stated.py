"""What one model names and opens, each thing stated once, up to a bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scanners.facts import Opens, Reference, clip, clip_name

if TYPE_CHECKING:
    from scanners.facts import OpensKind, ReferenceKind, UsedAs
    from scanners.scanner import Scan

_MOST: Final = 1024


class Stated:
    """The statements about one model; `close` says if there were more."""

    def __init__(self, scan: Scan) -> None:
        self.scan = scan
        self._told: set[tuple[str, ...]] = set()

    def name(self, kind: ReferenceKind, module: str, name: str, used: UsedAs = "called") -> bool:
        """State a name; whether that is new."""
        new = self.new(kind, module, name)
        if new:
            self.scan.state(Reference(kind, clip_name(module), clip_name(name), used, member=self.scan.member))
        return new

    def opens(self, kind: OpensKind, path: str, by: str, *, writes: bool = False) -> None:
        """State a file or an address."""
        if self.new(kind, path, by):
            self.scan.state(Opens(kind, clip(path), clip(by), writes, member=self.scan.member))

    def close(self) -> None:
        """State what only the whole model says."""
        if len(self._told) > _MOST:
            self.scan.unread("limit", f"{len(self._told)} names and files, {_MOST} are stated")

    def new(self, *what: str) -> bool:
        """Whether this was not stated before, and there is room for it."""
        known = what in self._told
        self._told.add(what)
        return not known and len(self._told) <= _MOST
