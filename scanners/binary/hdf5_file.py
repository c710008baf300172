"""An HDF5 file, read by address.

Rule 1: a structure that leads to several others asks for all of them at once. Rule 2: what is read through `File` is
examined. Addresses count from the superblock (HDF5 File Format Specification 3.0, II.A), numbers are little-endian, and
what does not fit the grammar is `Broken`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanners.source import Span, Truncated

if TYPE_CHECKING:
    from scanners.account import Account
    from scanners.budget import Budget
    from scanners.source import Source


class Broken(Exception):  # noqa: N818 - a state of the file, not a mistake
    """A structure is not as the specification has it."""


class Unsupported(Broken):
    """A structure that the specification has, and that nobody here reads."""


class Fields:
    """The fields of a structure, one after another; raises `Broken` past its end."""

    def __init__(self, file: File, data: bytes) -> None:
        self._file, self.data, self.at = file, data, 0

    @property
    def left(self) -> int:
        """Bytes behind the present place."""
        return len(self.data) - self.at

    def take(self, length: int) -> bytes:
        """The next `length` bytes."""
        if not 0 <= length <= self.left:
            raise Broken(f"{length} bytes where {self.left} are left")
        self.at += length
        return self.data[self.at - length : self.at]

    def number(self, width: int) -> int:
        """An unsigned number of `width` bytes."""
        return int.from_bytes(self.take(width), "little")

    def length(self) -> int:
        """A number as wide as the file's lengths."""
        return self.number(self._file.length_size)

    def address(self) -> int | None:
        """An address, None where it is undefined: all bits set."""
        raw = self.take(self._file.offset_size)
        return None if raw.count(0xFF) == len(raw) else int.from_bytes(raw, "little")

    def place(self) -> int:
        """An address that has to be defined."""
        address = self.address()
        if address is None:
            raise Broken("an address is undefined")
        return address

    def text(self) -> bytes:
        """A text up to its zero byte, which is stepped over."""
        end = self.data.find(b"\0", self.at)
        if end < 0:
            raise Broken("a text without an end")
        text = self.data[self.at : end]
        self.at = end + 1
        return text

    def expect(self, mark: bytes) -> None:
        """Step over the signature of a structure."""
        if self.take(len(mark)) != mark:
            raise Broken(f"no {mark.decode('ascii', 'backslashreplace')} where one should be")


class File:
    """The bytes from the superblock on, read by address."""

    def __init__(self, source: Source, account: Account, budget: Budget, base: int) -> None:
        self._source, self._account, self.budget, self.base = source, account, budget, base
        self.offset_size = self.length_size = 8
        """Bytes of an address, and of a length."""
        self.group_leaf = self.group_internal = self.chunk_internal = 0
        """Half the entries of a symbol table node, of a B-tree node over groups, and over chunks."""
        self.size = source.size - base
        self.shared_heaps: dict[int, int] = {}
        """Where messages are that several objects share, by kind."""
        self.collections: dict[int, dict[int, tuple[int, int]]] = {}
        """Place and length of the objects in the collections of the global heap that were read."""

    def read(self, address: int, length: int) -> bytes:
        """The bytes of a structure that was asked for."""
        self.budget.hold(length, "an HDF5 structure")
        data = self._source.read(self.base + address, length)
        self._account.examined(self.base + address, self.base + address + length)
        return data

    def raw(self, address: int, length: int) -> None:
        """Account for raw data; raises `Truncated` where it reaches past the end."""
        if address + length > self.size:
            raise Truncated(address, length, self.size)
        self._account.inert(self.base + address, self.base + address + length)

    def fields(self, data: bytes) -> Fields:
        """The fields of a structure in `data`."""
        return Fields(self, data)

    def want(self, *places: tuple[int, int]) -> None:
        """Ask for several places at once, each an address and a length."""
        spans = (Span(self.base + min(at, self.size), self.base + min(at + length, self.size)) for at, length in places)
        self._source.want(*spans)

    def get(self, address: int, length: int) -> Fields:
        """The structure of `length` bytes at `address`."""
        return self.fields(self.read(address, length))

    def get_all(self, places: list[tuple[int, int]]) -> list[Fields]:
        """The structures at several addresses, of a length each, asked for at once."""
        self.budget.hold(sum(length for _, length in places), "a level of HDF5 structures")
        self.want(*places)
        return [self.get(*place) for place in places]
