"""The tar archives of torch 0.1.1, which torch.load still tries first (torch/serialization.py, `legacy_load`).

    storages    pickle: count; for each pickle: (key, location, storage class), i64 elements, the elements;
                pickle: views of storages
    tensors     pickle: count; for each pickle: (key, storage, tensor class), i32 dimensions, 4 bytes,
                i64 for each size and each stride, i64 offset
    pickle      pickle: the object, whose persistent ids are the keys

Every pickle is walked whatever its member holds besides. Raw parts are inert by the lengths that the reader goes by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scanners.binary.pickle_lexer import Broken, Lexer, Payload
from scanners.binary.pickle_machine import Machine
from scanners.binary.pickle_notes import Notes
from scanners.binary.pickle_values import Global
from scanners.binary.torch_records import storage_size
from scanners.source import BytesSource, Slice, Truncated

if TYPE_CHECKING:
    from scanners.binary.pickle_values import Value
    from scanners.scanner import Scan
    from scanners.source import Source

MEMBERS = frozenset(("storages", "tensors", "pickle"))
"""The members that torch unpickles. Another, `sys_info`, it only writes."""
_DIMENSIONS_MOST = 64
_HEADS = {b"PK\x03\x04": "zip", **{bytes((0x80, protocol)): "pickle" for protocol in range(2, 6)}}
_EMBEDDED_LEAST = 16


class _Unreadable(Exception):  # noqa: N818 - a state of the member, not a mistake
    """What the pickles give does not say where the next one is."""


def scan(source: Source, scan: Scan, member: str) -> None:
    """State what torch would do with this member's pickles; what it would not read is handed on."""
    walk = _Walk(source, scan)
    try:
        {"storages": walk.storages, "tensors": walk.tensors, "pickle": walk.pickle}[member]()
    except Broken as broken:
        scan.account.examined(walk.at, broken.offset)
        walk.at = broken.offset
        walk.notes.anomaly("pickle.broken", broken.why, broken.offset)
        scan.unread("broken", f"the pickle breaks off: {broken.why}", offset=broken.offset)
    except _Unreadable as why:
        scan.unread("broken", str(why), offset=walk.at)
    except Truncated:
        scan.unread("broken", "a tensor reaches past the end", offset=walk.at)
    finally:
        walk.notes.finish()
    if left := source.size - walk.at:
        scan.anomaly("pickle.trailing", f"{left} bytes that torch does not read", offset=walk.at)
        if scan.inside(Slice(source, walk.at, left), f"tail@{walk.at}"):
            scan.account.examined(walk.at, source.size)


class _Walk:
    """A member on its way from its first pickle to its last."""

    def __init__(self, source: Source, scan: Scan) -> None:
        self.source, self.scan = source, scan
        self.notes = Notes(scan, source)
        self.at = 0
        """What stands before is explained."""
        self._lexer = Lexer(source)
        self._machine = Machine(self.notes, self._payload)

    def pickle(self) -> Value:
        """Walk one pickle, and give what it makes."""
        stream = self._machine.run(self._lexer)
        self.scan.account.examined(self.at, stream.stop)
        self.at = stream.stop
        return stream.value

    def storages(self) -> None:
        """Walk the storages, each a record and its raw elements."""
        for _ in range(self._count()):
            kind = self._record()
            numel = int.from_bytes(self._lexer.take(self.at, 8), "little", signed=True)
            size = storage_size(kind.dotted, numel) if isinstance(kind, Global) else None
            if size is None:
                raise _Unreadable(f"a storage of {numel} elements of a class that is not known")
            self._skip(8 + size)
        self.pickle()

    def tensors(self) -> None:
        """Walk the tensors, each a record and its shape."""
        for _ in range(self._count()):
            self._record()
            dimensions = int.from_bytes(self._lexer.take(self.at, 4), "little", signed=True)
            if not 0 <= dimensions <= _DIMENSIONS_MOST:
                raise _Unreadable(f"a tensor of {dimensions} dimensions")
            self._skip(8 + 16 * dimensions + 8)

    def _count(self) -> int:
        count = self.pickle()
        if not isinstance(count, int):
            raise _Unreadable("the number of records is no constant")
        return count

    def _record(self) -> Value:
        """The last of the three values of a record: a class."""
        record = self.pickle()
        if not isinstance(record, tuple) or len(record) != 3:
            raise _Unreadable("a record that is not three values")
        return record[2]

    def _skip(self, length: int) -> None:
        """Account for raw bytes, which torch copies into a tensor."""
        if self.at + length > self.source.size:
            raise Truncated(self.at, length, self.source.size)
        self.scan.account.inert(self.at, self.at + length)
        self.at = self._lexer.at = self.at + length

    def _payload(self, value: Payload | bytes, place: int, computed: bool) -> None:
        """Hand on a constant that is a format of its own; `place` is where it ends, or what computes it."""
        length = value.length if isinstance(value, Payload) else len(value)
        if length < _EMBEDDED_LEAST:
            return
        content: Source
        if isinstance(value, Payload):
            if computed:
                self.scan.unread("no-reader", "a long text that encodes bytes", offset=value.offset)
            content = Slice(self.source, value.offset, length)
        else:
            content = BytesSource(value)
        start = content.read(0, 4)
        kind = _HEADS.get(start) or _HEADS.get(start[:2])
        if kind:
            offset = place if computed else place - length
            self.notes.embedded(value, kind, offset)
            self.scan.inside(content, f"constant@{offset}")
