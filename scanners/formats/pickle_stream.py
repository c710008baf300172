"""Pickle streams: one or several, under any file name.

A file of pickles has no index and no length of its own: streams follow one another, each to its STOP, and loaders
decide how many they read. So all of them are walked. What follows the last one is handed on to the other formats;
if none knows it, it stays unexplained.
"""

from __future__ import annotations

import re
from contextlib import suppress

from scanners.binary.pickle_behind import search
from scanners.binary.pickle_constants import Constants
from scanners.binary.pickle_lexer import Broken, Lexer, Payload
from scanners.binary.pickle_machine import Machine, Stream, ignore
from scanners.binary.pickle_notes import Notes
from scanners.binary.pickle_opcodes import SHAPES
from scanners.binary.pickle_readings import Possible
from scanners.binary.torch_records import storage_size
from scanners.facts import Storage
from scanners.scanner import NotThisFormat, Sample, Scan, Scanner
from scanners.source import BytesSource, Slice, Source

SUFFIXES = frozenset(
    ".bin .ckpt .data .dat .db .dill .dump .joblib .mdl .metadata .model .npy .npz .obj .p .pdopt .pdparams .pickle "
    ".pk .pkl .pt .pth .sav .tar .th .z".split()
)
_PROTOCOL = 0x80
_NAMED = re.compile(rb"[ci][A-Za-z_][\w.]*\n[A-Za-z_][\w.]*\n")
_LOOK = 4096
_ARCHIVE = b"PK\x03\x04"
"""As a pickle, a persistent id that plain unpicklers refuse; torch takes these four bytes for an archive."""
_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
"""What torch.save before 1.6 writes first, as a pickle of its own (torch/serialization.py, MAGIC_NUMBER)."""
_LEGACY_STREAMS = 5
"""Then come a version, the system, the object and the list of storage keys; and behind them each storage, its
number of elements in 8 bytes and then the elements, which no loader interprets (threats.md 3.8)."""


def _starts(data: bytes) -> bool:
    """Whether these first bytes of a stream look like a pickle.

    Protocols 2 and up say so. Protocols 0 and 1 have no magic: they count when they begin with an opcode and name
    something in the way of GLOBAL or INST near the start.
    """
    if len(data) >= 2 and data[0] == _PROTOCOL:
        return data[1] <= 5
    return bool(data) and SHAPES[data[0]] is not None and _NAMED.search(data) is not None


def _may_start(data: bytes) -> bool:
    """Whether these first bytes are opcodes to their end: the name that tells may stand behind a long constant."""
    lexer = Lexer(BytesSource(data))
    try:
        while True:
            lexer.next()
    except Broken:
        return lexer.ended() or SHAPES[data[lexer.at]] is not None


def recognise(sample: Sample) -> bool:
    """Whether the head looks like a pickle of any protocol."""
    return _starts(sample.head) or (sample.size > len(sample.head) and _may_start(sample.head))


class _Walk:
    """The streams of one source, with the account of their bytes."""

    def __init__(self, source: Source, scan: Scan) -> None:
        self.source, self.scan = source, scan
        self.notes = Notes(scan, source)
        self.constants = Constants(source, scan, self.notes)
        self.lexer = Lexer(self.constants.watched)
        self.machine = Machine(self.notes, self._payload, self._array)
        self.broken = False
        self._explained = 0
        self._opcodes_until = 0
        """Up to here one opcode follows another: short streams are not looked at one by one."""
        self._stated = len(scan.facts)

    def streams(self) -> list[Stream]:
        """Walk stream after stream; the last one may break off, which is stated. The first few of them are given."""
        done: list[Stream] = []
        while True:
            said, start = self.notes.said, self.lexer.at
            try:
                stream = self.machine.run(self.lexer)
            except Broken as broken:
                if done and self.notes.said == said and self._peek(start)[0] != _PROTOCOL:
                    # It was no stream after all.
                    self.lexer.at = start
                    return done
                self.broken = True
                self._explain(broken.offset)
                if not done and not self.is_pickle():
                    raise NotThisFormat from broken
                self.notes.anomaly("pickle.broken", broken.why, broken.offset)
                self.scan.unread("broken", f"the pickle breaks off: {broken.why}", offset=broken.offset)
                return done
            if len(done) <= _LEGACY_STREAMS:
                done.append(stream)
            self._explain(stream.stop)
            if self.lexer.ended():
                return done
            if self.lexer.at >= self._opcodes_until and not _starts(head := self._peek(stream.stop)):
                # Loaders that read several streams try whatever follows, a few opcodes as well as many.
                if self.stores(done):
                    return done
                if not _may_start(head):
                    self.machine.guess(self.lexer.at)
                    return done
                self._opcodes_until = self.lexer.at + len(head)

    def read_with_one_memo(self) -> None:
        """Say what an unpickler does that reads all streams, numbers its memo on and keeps what it has of a frame."""
        if self.machine.renumbers or self.machine.parted:
            # Where another breaks off for want of an entry, it is the one that was meant.
            notes = self.notes if self.machine.lost else Possible(self.notes)
            machine, lexer = Machine(notes, ignore, lambda *_: None, shared=True), Lexer(self.source)
            with suppress(Broken):
                while not lexer.ended():
                    machine.run(lexer)

    def stores(self, streams: list[Stream]) -> bool:
        """Whether what is left of the source are the storages of a torch file from before 1.6, as long as named."""
        if len(streams) != _LEGACY_STREAMS or streams[0].value != _MAGIC_NUMBER:
            return False
        storages = {fact.key: fact for fact in self.scan.facts[self._stated :] if isinstance(fact, Storage)}
        sizes = [storage_size(fact.type, fact.numel) for fact in storages.values()]
        left = self.source.size - self.lexer.at
        return all(size is not None for size in sizes) and sum(8 + (size or 0) for size in sizes) == left

    def _peek(self, at: int) -> bytes:
        return self.lexer.take(at, min(_LOOK, self.source.size - at))

    def is_pickle(self) -> bool:
        """Whether what broke was a pickle: it said so, or it would have acted before it broke."""
        head = self.lexer.take(0, min(2, self.source.size))
        if len(head) == 2 and head[0] == _PROTOCOL and head[1] <= 5:
            return True
        named = any(part in SUFFIXES for part in _suffixes(self.scan.name))
        return self.notes.calls > 0 or (named and self.notes.said > 0)

    def _explain(self, stop: int) -> None:
        self.scan.account.examined(self._explained, stop)
        self._explained = max(self._explained, stop)

    def _array(self, start: int, stop: int) -> None:
        """Account for what joblib reads as the elements of an array: no loader interprets them."""
        self._explain(start)
        self.scan.account.inert(start, stop)
        self._explained = max(self._explained, stop)

    def _payload(self, value: Payload | bytes, place: int, computed: bool) -> None:
        """Look whether bytes are a file of their own, and account for those that stand in the stream.

        `place` is where the argument ends, or the opcode that computes the bytes.
        """
        if computed:
            self.constants.look(value, place, computed=True)
            return
        offset = place - (value.length if isinstance(value, Payload) else len(value))
        explained = self.constants.look(value, offset, computed=False)
        if explained is None and isinstance(value, bytes):
            return
        self._explain(offset)
        self._explained = place
        if explained:
            self.scan.account.examined(offset, place)
        elif explained is None:
            # A constant: the unpickler copies it and interprets none of it.
            self.scan.account.inert(offset, place)


def _suffixes(name: str) -> list[str]:
    base = name.rsplit("/", 1)[-1].lower()
    return [f".{part}" for part in base.split(".")[1:]]


def scan(source: Source, scan: Scan) -> None:
    """State what loading the streams would do."""
    if source.read(0, min(len(_ARCHIVE), source.size)) == _ARCHIVE:
        raise NotThisFormat
    walk = _Walk(source, scan)
    try:
        streams = walk.streams()
        walk.read_with_one_memo()
        if streams and streams[0].value == _MAGIC_NUMBER:
            scan.format = "torch.legacy"
        _look_behind(walk, streams)
    finally:
        walk.notes.finish()


def _look_behind(walk: _Walk, streams: list[Stream]) -> None:
    """State what follows the last stream."""
    source, scan, at = walk.source, walk.scan, walk.lexer.at
    left = source.size - at
    trailed = left > 0 and not walk.broken
    if trailed and not (walk.notes.said or walk.is_pickle()):
        # A few constants before other bytes: loading them does nothing, and the whole is something else.
        raise NotThisFormat
    walk.constants.finish(at)
    if not trailed:
        return
    if walk.stores(streams):
        scan.account.inert(at, source.size)
        return
    scan.anomaly("pickle.trailing", f"{left} bytes behind the last stream", offset=at)
    if search(source, at, walk.notes):
        scan.account.inert(at, source.size)
    elif scan.inside(Slice(source, at, left), f"tail@{at}"):
        scan.account.examined(at, source.size)


SCANNER = Scanner("pickle", 15, SUFFIXES, recognise, scan)
