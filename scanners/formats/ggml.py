"""GGML, GGMF, GGJT and their adapters: what was there before GGUF (threats.md 8.1).

    magic | version, not of GGML | numbers of the model | words: {u32 length, bytes, score} | tensors until the end:
    {u32 dimensions, u32 length of the name, u32 type, dimensions, name, padding, data}

GGML itself does not say which model it is, and each had numbers of its own: a kind is taken where its tensors end
with the file (convert and load functions of llama.cpp before August 2023, of whisper.cpp and of ggml/examples).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from scanners.binary.ggml_types import EARLY, TYPES
from scanners.binary.layout import Bent
from scanners.binary.read_ahead import Ahead
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import Span, Truncated

if TYPE_CHECKING:
    from scanners.binary.ggml_types import Block
    from scanners.source import Source


class _Kind(NamedTuple):
    format: str
    numbers: int
    versions: tuple[int, ...] = ()
    filters: bool = False
    """A matrix of sound filters stands before the words."""
    counted: bool = False
    """So does the count of the words; else it is the first of the numbers."""
    words: bool = True
    scores: bool = False
    padded: bool = False


_KINDS: Final = {
    b"lmgg": (
        _Kind("ggml", 7),
        _Kind("ggml", 11, filters=True, counted=True),
        _Kind("ggml", 6, counted=True),
        _Kind("ggml", 7, counted=True),
        _Kind("ggml", 8),
    ),
    b"fmgg": (_Kind("ggmf", 7, (1,), scores=True),),
    b"tjgg": (_Kind("ggjt", 7, (1, 2, 3), scores=True, padded=True),),
    b"algg": (_Kind("ggla", 2, (1,), words=False, padded=True),),
}
"""By the magic. Of GGML: LLaMA; Whisper; GPT-2, StarCoder; GPT-J; GPT-NeoX."""
_NEW: Final = 3
"""The version of GGJT from which on all scales have two bytes."""
_ALIGNMENT: Final = 32
_WORD_MOST: Final = 4096
_NAME_MOST: Final = 1024
_DIMS_MOST: Final = 4


def recognise(sample: Sample) -> bool:
    """Whether one of the magics stands at the beginning, and no text."""
    return sample.head[:4] in _KINDS and b"\0" in sample.head[4:16]


def scan(source: Source, scan: Scan) -> None:
    """Account for the words and the tensors, by the kind that fits."""
    head = source.read(0, min(16, source.size))
    kinds = _KINDS.get(head[:4])
    if kinds is None or b"\0" not in head[4:]:
        raise NotThisFormat
    version = int.from_bytes(head[4:8], "little")
    tables = (TYPES, EARLY) if version < _NEW else (TYPES,)
    unfit = None
    for kind in kinds:
        for table in tables:
            reading = _Reading(source, scan, kind, table)
            try:
                reading.read()
            except Bent as reason:
                unfit = unfit or reason
                continue
            except Truncated as cut:
                unfit = unfit or Bent(str(cut), cut.start)
                continue
            reading.state()
            return
    if unfit is None or len(kinds) > 1:
        # Of one more model nobody knows the numbers.
        raise NotThisFormat
    scan.format = kinds[0].format
    scan.anomaly("gguf.bounds", unfit.detail, offset=unfit.at)
    scan.unread("broken", unfit.detail, offset=unfit.at)


class _Reading:
    """One attempt to read the file as one kind, with one table of types."""

    def __init__(self, source: Source, scan: Scan, kind: _Kind, table: dict[int, Block]) -> None:
        self._source, self._scan, self._kind, self._table = source, scan, kind, table
        self._ahead = Ahead(source)
        self._data: list[Span] = []
        self._names: set[bytes] = set()
        self._twice: list[bytes] = []
        self._held = 0

    def read(self) -> None:
        """Go through to the end of the file; raises `Bent`, or `Truncated`."""
        kind, ahead = self._kind, self._ahead
        ahead.take(4)
        if kind.versions and (version := self._number()) not in kind.versions:
            raise Bent(f"version {version}", 4)
        numbers = [self._number() for _ in range(kind.numbers)]
        if kind.filters:
            self._step(4 * self._number() * self._number(), "filters")
        for _ in range(self._number() if kind.counted else numbers[0] if kind.words else 0):
            self._bytes(self._number(), _WORD_MOST, "a word")
            if kind.scores:
                ahead.take(4)
        while ahead.at < self._source.size:
            self._tensor()
        if not self._names:
            raise Bent("no tensors", ahead.at)

    def state(self) -> None:
        """Account for what was read."""
        scan, at = self._scan, 0
        scan.format = self._kind.format
        for name in self._twice[:1]:
            scan.anomaly("gguf.duplicate", name.decode("utf-8", "backslashreplace"))
            scan.unread("broken", f"{len(self._twice)} tensors have the name of another")
        for span in self._data:
            scan.account.examined(at, span.start)
            scan.account.inert(*span)
            at = span.stop
        scan.account.examined(at, self._source.size)

    def _number(self) -> int:
        return int.from_bytes(self._ahead.take(4), "little")

    def _bytes(self, length: int, most: int, what: str) -> bytes:
        if length > most:
            raise Bent(f"{what} of {length} bytes", self._ahead.at)
        return self._ahead.take(length)

    def _step(self, length: int, what: str) -> None:
        ahead = self._ahead
        if length > self._source.size - ahead.at:
            raise Bent(f"{what}: {length} bytes where {self._source.size - ahead.at} are left", ahead.at)
        self._data.append(Span(ahead.at, ahead.at + length))
        ahead.step_over(length)

    def _tensor(self) -> None:
        begin = self._ahead.at
        count, length, kind = (self._number() for _ in range(3))
        block = self._table.get(kind)
        if not 0 < count <= _DIMS_MOST or block is None:
            raise Bent(f"a tensor of {count} dimensions and of type {kind}", begin)
        dims = [self._number() for _ in range(count)]
        name = self._bytes(length, _NAME_MOST, "a tensor's name")
        if dims[0] % block.elements or 0 in dims:
            raise Bent(f"a shape of {dims} in blocks of {block.elements}", begin)
        self._held += length
        self._scan.budget.hold(self._held, "names of tensors")
        if name in self._names:
            self._twice.append(name)
        self._names.add(name)
        if self._kind.padded:
            self._ahead.take(-self._ahead.at % _ALIGNMENT)
        size = block.length
        for each in (dims[0] // block.elements, *dims[1:]):
            size *= each
        self._step(size, name.decode("utf-8", "backslashreplace"))


SCANNER = Scanner("ggml", 1, frozenset({".ggml"}), recognise, scan)
